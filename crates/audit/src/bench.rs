//! The figures of the trail: what it appends, verifies and proves, on this machine.
//!
//! - [`append`] and [`verify_all`] work on a real folder.
//! - [`proof`] measures a proof in a tree of 80 million entries through the very code that reads the files of hashes,
//!   without 2.6 GB of them: all entries are taken to be the same, so every subtree of one height has the same root,
//!   and a [`Disk`] answers every read of `tree/N` with the one hash of that level. The proof is checked against the
//!   true root of that tree, so it is no shortcut in what is measured but in what is stored.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_runtime::disk::{DirEntry, RealDisk};
use lineshaft_runtime::{Clock, Disk, DiskFile};
use tokio::task::JoinSet;

use crate::limits::SCAN_ENTRIES_MAX;
use crate::merkle::{Nodes as _, node_hash};
use crate::tiles::{LEVELS_PER_FILE, Tiles};
use crate::{Act, Action, Actor, Hash, Options, Proof, Query, Road, Trail};
use crate::{OpenError, ProofError, ReadError, TrailError, VerifyError};
use crate::{leaf_hash, verify_inclusion};

/// What a measurement gives: a few lines for a person.
pub type Figures = Result<String, BenchError>;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The trail does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It takes no entry.
    #[error(transparent)]
    Record(#[from] TrailError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be verified.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It is not what was written, so a figure of it says nothing.
    #[error("not sound: {0}")]
    NotSound(String),
    /// A proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The operating system refused.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// Callers that wait for their entry at any time in [`append`].
pub const CALLERS: u64 = 4096;

/// Entries of the tree in [`proof`].
pub const PROOF_SIZE: u64 = 80_000_000;

/// An entry as a plant has them: some 330 bytes.
fn act(number: u64) -> Act {
    let who = Actor {
        name: "maria.silva".into(),
        account: Some(7),
        road: Road::Http,
        from: Some(([192, 168, 0, 9], 50_123).into()),
        session: Some("5f0c9a1b22e47d03".into()),
    };
    let object = format!("acme/rotterdam/packaging/line-1/press-{}/speed", number % 100);
    Act::done(&who, Action::TagWrite, object).old(number).new(number + 1).why("order 4711")
}

#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
fn rate(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9)
}

/// Appends entries in a folder with many callers in flight, each waiting until its entry is on disk.
///
/// # Errors
/// As the trail says.
pub fn append(dir: &Path, entries: u64) -> Figures {
    let clock = Clock::real();
    let trail = Trail::open(Arc::new(RealDisk), clock.clone(), dir, Options::of_node("bench"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let each = entries.div_ceil(CALLERS);
    let started = clock.steady();
    runtime.block_on(async {
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let trail = trail.clone();
            callers.spawn(async move {
                for number in 0..each {
                    trail.record(act(caller * each + number)).await?;
                }
                Ok::<_, TrailError>(())
            });
        }
        callers.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()
    })?;
    let took = clock.steady().saturating_sub(started);
    let status = trail.status();
    let alone = clock.steady();
    for number in 0..100 {
        trail.record_blocking(act(number))?;
    }
    let alone = clock.steady().saturating_sub(alone) / 100;
    trail.close();
    Ok(format!(
        "append: {:.0} durable entries/s ({} entries, {} bytes each, {CALLERS} callers waiting, {took:.1?}); one caller \
         alone: {alone:.2?} an entry",
        rate(status.entries, took),
        status.entries,
        status.bytes / status.entries.max(1),
    ))
}

/// Verifies, opens and searches the trail in a folder.
///
/// # Errors
/// As the trail says; when it is not sound.
pub fn verify_all(dir: &Path) -> Figures {
    let clock = Clock::real();
    let started = clock.steady();
    let report = crate::verify(&RealDisk, dir, &[])?;
    let verified = clock.steady().saturating_sub(started);
    if !report.is_sound() {
        return Err(BenchError::NotSound(format!("{:?}", report.first_broken())));
    }
    let started = clock.steady();
    let trail = Trail::open(Arc::new(RealDisk), clock.clone(), dir, Options::of_node("bench"))?;
    let opened = clock.steady().saturating_sub(started);
    let query =
        Query { newest_first: true, limit: 100, who: Some("nobody".into()), ..Query::default() };
    let started = clock.steady();
    trail.read(&query)?;
    let searched = clock.steady().saturating_sub(started);
    let mut sink = io::sink();
    let started = clock.steady();
    let summary = trail.export(0..u64::MAX, &mut sink)?;
    let exported = clock.steady().saturating_sub(started);
    Ok(format!(
        "verify: {:.0} entries/s ({} entries, {} checkpoints, {verified:.1?})\nopen: {opened:.1?}\n\
         search without a hit: {:.0} entries/s\nexport: {:.0} entries/s",
        rate(report.entries, verified),
        report.entries,
        report.checkpoints,
        rate(report.entries.min(SCAN_ENTRIES_MAX), searched),
        rate(summary.size, exported),
    ))
}

/// Makes inclusion proofs in a tree of 80 million entries and checks them.
///
/// # Errors
/// When a proof does not hold, which would be a bug.
pub fn proof() -> Figures {
    let disk = EqualEntries::new();
    let tiles = Tiles::open(&disk, Path::new("tree"))?;
    let root = tiles.root_of(0, PROOF_SIZE)?;
    let clock = Clock::real();
    let (mut hashes_max, mut rounds) = (0, 0_u64);
    let mut took = Duration::ZERO;
    for round in 0..1000_u64 {
        let seq = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) % PROOF_SIZE;
        let started = clock.steady();
        let proof = Proof { hashes: tiles.inclusion(seq, PROOF_SIZE)? };
        took += clock.steady().saturating_sub(started);
        verify_inclusion(&disk.levels[0], seq, PROOF_SIZE, &proof, &root)?;
        hashes_max = hashes_max.max(proof.hashes.len());
        rounds += 1;
    }
    Ok(format!(
        "proof: {hashes_max} hashes, {} bytes at {PROOF_SIZE} entries; {:.0} proofs/s",
        hashes_max * 32,
        rate(rounds, took),
    ))
}

/// The files of hashes of a tree whose entries are all the same.
#[derive(Debug)]
struct EqualEntries {
    /// The root of a subtree, by its height.
    levels: Vec<Hash>,
}

#[derive(Debug)]
struct EqualHashes(Hash);

impl EqualEntries {
    fn new() -> EqualEntries {
        let mut levels = vec![leaf_hash(b"always the same")];
        for height in 1..64 {
            let below = levels[height - 1];
            levels.push(node_hash(&below, &below));
        }
        EqualEntries { levels }
    }
}

fn read_only<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for EqualEntries {
    fn create(&self, _path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        read_only()
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let number = path.file_name().and_then(|name| name.to_str()?.parse::<usize>().ok());
        let height = number.map(|number| number * LEVELS_PER_FILE as usize);
        let hash = height.and_then(|height| self.levels.get(height));
        let hash = hash.ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(EqualHashes(*hash)))
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        read_only()
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        read_only()
    }

    fn list(&self, _dir: &Path) -> io::Result<Vec<DirEntry>> {
        Ok(Vec::new())
    }

    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        read_only()
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        read_only()
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        Ok(0)
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        read_only()
    }
}

impl DiskFile for EqualHashes {
    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        read_only()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let skip = usize::try_from(offset % 32).unwrap_or(0);
        let endless = self.0.0.iter().cycle().skip(skip);
        buffer.iter_mut().zip(endless).for_each(|(to, from)| *to = *from);
        Ok(buffer.len())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn set_len(&self, _len: u64) -> io::Result<()> {
        read_only()
    }

    fn sync(&self) -> io::Result<()> {
        read_only()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_proof_in_a_tree_of_eighty_million_has_at_most_a_kilobyte_and_holds() {
        let said = super::proof().unwrap();
        assert!(said.starts_with("proof: 27 hashes, 864 bytes at 80000000 entries"), "{said}");
    }
}
