//! The Merkle tree of RFC 6962 §2.1: hashes, the growing edge, proofs and their check.
//!
//! No IO here: whoever has the hashes lends them through [`Nodes`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// SHA-256 of bytes, without any prefix.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Hash {
        finish(&digest(&SHA256, bytes))
    }

    /// In base64, as checkpoints and proofs have it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// From base64; `None` when it is not exactly one hash in its one form.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Hash> {
        Some(Hash(STANDARD.decode(text).ok()?.try_into().ok()?))
    }

    /// From 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Hash> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let bytes: &[u8; 64] = text.as_bytes().try_into().ok()?;
        let mut hash = [0; 32];
        for (out, pair) in hash.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *out = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Hash(hash))
    }
}

/// In hexadecimal.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn finish(digest: &ring::digest::Digest) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    Hash(hash)
}

/// The hash of a leaf: SHA-256 of a zero byte and the leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(leaf);
    finish(&context.finish())
}

/// The hash of two subtrees: SHA-256 of a one byte and both.
pub(crate) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash::of(&bytes)
}

/// The root of the tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// The right edge of a growing tree: the roots of its complete subtrees, largest first. At most 64 hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    size: u64,
    /// One per bit of `size` that is set, highest first.
    roots: Vec<Hash>,
}

impl Edge {
    /// The edge at `size`, from the hashes below it.
    pub(crate) fn at<N: Nodes>(nodes: &N, size: u64) -> Result<Edge, N::Error> {
        let roots = complete(0, size).map(|(height, index)| nodes.node(height, index));
        Ok(Edge { size, roots: roots.collect::<Result<_, _>>()? })
    }

    /// One that counts right and has no hashes, for going on behind what is gone.
    pub(crate) fn blank(size: u64) -> Edge {
        Edge { size, roots: vec![Hash([0; 32]); size.count_ones() as usize] }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; tells `complete` of every subtree that this completes, lowest first, the leaf included.
    pub(crate) fn push(&mut self, leaf: Hash, mut complete: impl FnMut(u32, u64, Hash)) {
        let (mut node, mut height) = (leaf, 0);
        complete(0, self.size, node);
        while self.size >> height & 1 == 1 {
            let Some(left) = self.roots.pop() else { break };
            node = node_hash(&left, &node);
            height += 1;
            complete(height, self.size >> height, node);
        }
        self.roots.push(node);
        self.size += 1;
    }

    pub(crate) fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(first) = roots.next() else { return empty_root() };
        roots.fold(*first, |right, left| node_hash(left, &right))
    }
}

/// The complete subtrees that `start..end` falls into, as (height, index), from left to right.
pub(crate) fn complete(start: u64, end: u64) -> impl Iterator<Item = (u32, u64)> {
    let mut at = start;
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let fits = 63 - (end - at).leading_zeros();
        let height = if at == 0 { fits } else { fits.min(at.trailing_zeros()) };
        let index = at >> height;
        at += 1 << height;
        Some((height, index))
    })
}

/// Whoever has the roots of the complete subtrees.
pub(crate) trait Nodes {
    /// Why a hash cannot be had.
    type Error;

    /// The root of the subtree over the leaves `index << height` to `(index + 1) << height`.
    fn node(&self, height: u32, index: u64) -> Result<Hash, Self::Error>;

    /// The root over `start..end`, where `start` is a multiple of the next power of two at or above the length.
    fn root_of(&self, start: u64, end: u64) -> Result<Hash, Self::Error> {
        let mut roots = Vec::new();
        for (height, index) in complete(start, end) {
            roots.push(self.node(height, index)?);
        }
        let mut roots = roots.into_iter().rev();
        let Some(first) = roots.next() else { return Ok(empty_root()) };
        Ok(roots.fold(first, |right, left| node_hash(&left, &right)))
    }

    /// `PATH(seq, D[size])` of RFC 6962 §2.1.1; needs `seq < size`.
    fn inclusion(&self, seq: u64, size: u64) -> Result<Vec<Hash>, Self::Error> {
        let mut hashes = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + split(end - start);
            if seq < middle {
                hashes.push(self.root_of(middle, end)?);
                end = middle;
            } else {
                hashes.push(self.root_of(start, middle)?);
                start = middle;
            }
        }
        hashes.reverse();
        Ok(hashes)
    }

    /// `PROOF(from, D[to])` of RFC 6962 §2.1.2; needs `from <= to`. Empty for 0 and for `to` itself.
    fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, Self::Error> {
        let mut hashes = Vec::new();
        if from == 0 || from == to {
            return Ok(hashes);
        }
        let (mut start, mut end) = (0, to);
        while from != end {
            let middle = start + split(end - start);
            if from <= middle {
                hashes.push(self.root_of(middle, end)?);
                end = middle;
            } else {
                hashes.push(self.root_of(start, middle)?);
                start = middle;
            }
        }
        // The old tree itself is known to whoever asks; a right part of it is not.
        if start != 0 {
            hashes.push(self.root_of(start, end)?);
        }
        hashes.reverse();
        Ok(hashes)
    }
}

/// The largest power of two below `len`, which is at least 2.
const fn split(len: u64) -> u64 {
    1 << (63 - (len - 1).leading_zeros())
}

/// The hashes of an inclusion or consistency proof, in the order of RFC 6962.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// At most 64; 27 for one of 80 million entries.
    pub hashes: Vec<Hash>,
}

impl Proof {
    /// The hashes as bytes behind one another.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }

    /// One hash in base64 per line.
    #[must_use]
    pub fn to_lines(&self) -> String {
        self.hashes.iter().map(|hash| hash.to_base64() + "\n").collect()
    }
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not hold: {what}")]
pub struct ProofError {
    /// What is wrong.
    pub what: &'static str,
}

const fn wrong(what: &'static str) -> ProofError {
    ProofError { what }
}

/// Checks that the leaf with this hash is number `seq` of the tree of `size` leaves with this root.
///
/// # Errors
/// [`ProofError`] when it is not, or the proof is none.
///
/// # Source
/// RFC 9162 §2.1.3.2.
pub fn verify_inclusion(
    leaf: &Hash,
    seq: u64,
    size: u64,
    proof: &Proof,
    root: &Hash,
) -> Result<(), ProofError> {
    if seq >= size {
        return Err(wrong("the tree has no such leaf"));
    }
    let (mut first, mut second, mut node) = (seq, size - 1, *leaf);
    for hash in &proof.hashes {
        if second == 0 {
            return Err(wrong("there are too many hashes"));
        }
        if first & 1 == 1 || first == second {
            node = node_hash(hash, &node);
            while first & 1 == 0 && first != 0 {
                (first, second) = (first >> 1, second >> 1);
            }
        } else {
            node = node_hash(&node, hash);
        }
        (first, second) = (first >> 1, second >> 1);
    }
    if second != 0 {
        return Err(wrong("there are too few hashes"));
    }
    if node == *root { Ok(()) } else { Err(wrong("it leads to another root")) }
}

/// Checks that the tree of `to` leaves begins with the tree of `from` leaves.
///
/// # Errors
/// [`ProofError`] when it does not, or the proof is none.
///
/// # Source
/// RFC 9162 §2.1.4.2; the empty tree begins every tree, with an empty proof.
pub fn verify_consistency(
    from: u64,
    to: u64,
    proof: &Proof,
    from_root: &Hash,
    to_root: &Hash,
) -> Result<(), ProofError> {
    if from > to {
        return Err(wrong("the first tree is the larger one"));
    }
    if from == 0 || from == to {
        let expected = if from == 0 { empty_root() } else { *to_root };
        return match (proof.hashes.is_empty(), *from_root == expected) {
            (true, true) => Ok(()),
            (false, _) => Err(wrong("there are too many hashes")),
            (_, false) => Err(wrong("it leads to another root")),
        };
    }
    let mut hashes = proof.hashes.iter();
    let (mut first, mut second) = (from - 1, to - 1);
    let shift = first.trailing_ones();
    (first, second) = (first >> shift, second >> shift);
    let start = if from.is_power_of_two() { Some(from_root) } else { hashes.next() };
    let Some(start) = start else { return Err(wrong("there are too few hashes")) };
    let (mut old, mut new) = (*start, *start);
    for hash in hashes {
        if second == 0 {
            return Err(wrong("there are too many hashes"));
        }
        if first & 1 == 1 || first == second {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            while first & 1 == 0 && first != 0 {
                (first, second) = (first >> 1, second >> 1);
            }
        } else {
            new = node_hash(&new, hash);
        }
        (first, second) = (first >> 1, second >> 1);
    }
    if second != 0 {
        return Err(wrong("there are too few hashes"));
    }
    if old == *from_root && new == *to_root {
        Ok(())
    } else {
        Err(wrong("it leads to another root"))
    }
}

#[cfg(test)]
mod tests;
