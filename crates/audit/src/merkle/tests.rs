//! Known answers of certificate-transparency's own tests, and properties against the definition.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

/// The leaves that certificate-transparency-go and its C++ forerunner test with (`testonly/reference`, `merkle_tree_test.cc`).
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// The roots over the first 1 to 8 of them, as published there.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// The definition of RFC 6962 §2.1, word for word.
mod definition {
    use super::{Hash, empty_root, node_hash};

    fn split(len: usize) -> usize {
        let mut k = 1;
        while k * 2 < len {
            k *= 2;
        }
        k
    }

    pub(super) fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(split(many.len()));
                node_hash(&root(left), &root(right))
            }
        }
    }

    pub(super) fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let k = split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut path, other) =
            if m < k { (path(m, left), root(right)) } else { (path(m - k, right), root(left)) };
        path.push(other);
        path
    }

    /// `SUBPROOF`; whoever asks has the roots in `known` already.
    pub(super) fn proof(m: usize, leaves: &[Hash], known: &[Hash]) -> Vec<Hash> {
        if m == leaves.len() {
            let root = root(leaves);
            return if known.contains(&root) { Vec::new() } else { vec![root] };
        }
        let k = split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut hashes, other) = if m <= k {
            (proof(m, left, known), root(right))
        } else {
            (proof(m - k, right, &[]), root(left))
        };
        hashes.push(other);
        hashes
    }
}

struct Leaves(Vec<Hash>);

impl Nodes for Leaves {
    type Error = Infallible;

    fn node(&self, height: u32, index: u64) -> Result<Hash, Infallible> {
        let start = usize::try_from(index << height).unwrap();
        Ok(definition::root(&self.0[start..start + (1 << height)]))
    }
}

fn numbered(count: u64) -> Leaves {
    Leaves((0..count).map(|n| leaf_hash(&n.to_le_bytes())).collect())
}

#[test]
fn the_empty_tree_has_the_hash_of_nothing() {
    let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(empty_root().to_string(), expected);
    assert_eq!(Edge::default().root(), empty_root());
}

/// Proves: CR 4.3.
#[test]
fn roots_are_those_certificate_transparency_publishes() {
    let mut edge = Edge::default();
    for (leaf, root) in LEAVES.iter().zip(ROOTS) {
        edge.push(leaf_hash(leaf), |_, _, _| {});
        assert_eq!(edge.root().to_string(), root, "{} leaves", edge.size());
    }
}

#[test]
fn proofs_are_those_certificate_transparency_publishes() {
    let leaves = Leaves(LEAVES.iter().map(|leaf| leaf_hash(leaf)).collect());
    let hex = |hashes: Vec<Hash>| hashes.iter().map(Hash::to_string).collect::<Vec<_>>();
    // Inclusion of leaf 5 in 8, and consistency of 6 and 8.
    assert_eq!(
        hex(leaves.inclusion(5, 8).unwrap()),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        hex(leaves.consistency(6, 8).unwrap()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
}

#[test]
fn every_proof_of_every_small_tree_is_that_of_the_definition_and_holds() {
    for size in 1..40_u64 {
        let leaves = numbered(size);
        let root = definition::root(&leaves.0);
        for seq in 0..size {
            let at = usize::try_from(seq).unwrap();
            let hashes = leaves.inclusion(seq, size).unwrap();
            assert_eq!(hashes, definition::path(at, &leaves.0), "{seq} of {size}");
            let proof = Proof { hashes };
            assert_eq!(verify_inclusion(&leaves.0[at], seq, size, &proof, &root), Ok(()));
        }
        for from in 0..=size {
            let first = usize::try_from(from).unwrap();
            let old = definition::root(&leaves.0[..first]);
            let hashes = leaves.consistency(from, size).unwrap();
            if from > 0 {
                assert_eq!(hashes, definition::proof(first, &leaves.0, &[old]), "{from} of {size}");
            }
            let proof = Proof { hashes };
            assert_eq!(verify_consistency(from, size, &proof, &old, &root), Ok(()));
        }
    }
}

#[test]
fn a_range_falls_into_the_fewest_complete_subtrees() {
    assert_eq!(complete(0, 6).collect::<Vec<_>>(), [(2, 0), (1, 2)]);
    assert_eq!(complete(5, 16).collect::<Vec<_>>(), [(0, 5), (1, 3), (3, 1)]);
    assert_eq!(complete(7, 7).count(), 0);
}

#[test]
fn hashes_read_back_from_what_they_are_written_as() {
    let hash = leaf_hash(b"x");
    assert_eq!(Hash::from_hex(&hash.to_string()), Some(hash));
    assert_eq!(Hash::from_base64(&hash.to_base64()), Some(hash));
    assert_eq!(Hash::from_hex(&hash.to_string().to_uppercase()), None);
    assert_eq!(Hash::from_base64("AAAA"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is not the proof proves nothing: any flipped bit, any hash more or less, any other place.
    #[test]
    fn a_proof_that_was_changed_does_not_hold(size in 2..600_u64, pick: u64, bit: usize) {
        let leaves = numbered(size);
        let root = definition::root(&leaves.0);
        let seq = pick % size;
        let leaf = leaves.0[usize::try_from(seq).unwrap()];
        let good = Proof { hashes: leaves.inclusion(seq, size).unwrap() };
        prop_assert_eq!(verify_inclusion(&leaf, seq, size, &good, &root), Ok(()));
        let mut bad = good.clone();
        let at = bit % (bad.hashes.len() * 256);
        bad.hashes[at / 256].0[at % 256 / 8] ^= 1 << (at % 8);
        prop_assert!(verify_inclusion(&leaf, seq, size, &bad, &root).is_err());
        let mut long = good.clone();
        long.hashes.push(root);
        prop_assert!(verify_inclusion(&leaf, seq, size, &long, &root).is_err());
        let mut short = good.clone();
        short.hashes.pop();
        prop_assert!(verify_inclusion(&leaf, seq, size, &short, &root).is_err());
        prop_assert!(verify_inclusion(&leaf, (seq + 1) % size, size, &good, &root).is_err());
    }

    /// The edge that is taken up in the middle grows into the same tree.
    #[test]
    fn an_edge_taken_up_again_grows_into_the_same_tree(size in 0..600_u64, at: u64) {
        let leaves = numbered(size);
        let at = at % (size + 1);
        let mut edge = Edge::at(&leaves, at).unwrap();
        for leaf in &leaves.0[usize::try_from(at).unwrap()..] {
            edge.push(*leaf, |_, _, _| {});
        }
        prop_assert_eq!(edge.root(), definition::root(&leaves.0));
        prop_assert_eq!(leaves.root_of(0, size).unwrap(), definition::root(&leaves.0));
    }

    /// A consistency proof says nothing of another old tree.
    #[test]
    fn a_consistency_proof_holds_for_its_two_trees_only(to in 2..300_u64, pick: u64) {
        let leaves = numbered(to);
        let from = 1 + pick % (to - 1);
        let old = definition::root(&leaves.0[..usize::try_from(from).unwrap()]);
        let new = definition::root(&leaves.0);
        let proof = Proof { hashes: leaves.consistency(from, to).unwrap() };
        prop_assert_eq!(verify_consistency(from, to, &proof, &old, &new), Ok(()));
        let other = leaf_hash(b"other");
        prop_assert!(verify_consistency(from, to, &proof, &other, &new).is_err());
        prop_assert!(verify_consistency(from, to, &proof, &old, &other).is_err());
    }
}
