//! Recomputes everything from the entries and says where it is not what was signed.
//!
//! What somebody can do who may write every file: change, remove, add or swap entries, and make every checksum right
//! again. Then the roots in the checkpoints do not agree. Sign new checkpoints with the key beside them: then the
//! trail sounds right in itself, and only a checkpoint that somebody else kept shows it. That is why they are handed
//! in here: with one of them nothing before it can be changed, cut off or rolled back unnoticed.

mod keys;
mod tree;
mod walk;

use std::path::Path;

use lineshaft_runtime::Disk;

use crate::core::Core;
use crate::open::{FoundSegment, find_segments, whole_hashes};
use crate::tiles::{TREE, Tiles};
use crate::{Checkpoint, VerifyError};

/// A place that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The first entry concerned; `None` when it is none (a key).
    pub seq: Option<u64>,
    /// The file, within the folder of the trail.
    pub file: String,
    /// The byte in it.
    pub at: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl Broken {
    /// The code with a page in `docs/errors`.
    pub const CODE: &'static str = "LS-AUD-014";
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(seq) = self.seq {
            write!(f, "entry {seq}: ")?;
        }
        f.write_str(&self.file)?;
        if let Some(at) = self.at {
            write!(f, " at byte {at}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// What became of a checkpoint that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownOutcome {
    /// The trail goes on from it: nothing that it covers was changed or removed.
    Holds,
    /// The trail has fewer entries than it says: the end was cut off, or an older copy was put back.
    Truncated,
    /// The entries that it covers are not those that were signed.
    Changed,
    /// It is of a trail of another name.
    OtherTrail,
    /// The key beside the trail did not sign it: the trail was made anew, or the checkpoint is of another one.
    OtherKey,
    /// Its signature does not hold: it is no evidence.
    BadSignature,
}

impl KnownOutcome {
    /// What a person reads.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            KnownOutcome::Holds => "the trail goes on from it",
            KnownOutcome::Truncated => "the trail has fewer entries than it says",
            KnownOutcome::Changed => "the entries it covers are not those that were signed",
            KnownOutcome::OtherTrail => "it is of a trail of another name",
            KnownOutcome::OtherKey => "it was signed by another key than the one beside the trail",
            KnownOutcome::BadSignature => "its signature does not hold",
        }
    }
}

/// A checkpoint that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCheckpoint {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// What became of it.
    pub outcome: KnownOutcome,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Entries that the newest checkpoint covers.
    pub entries: u64,
    /// The oldest entry whose text is here; those before were archived, and only their hashes were checked.
    pub oldest: u64,
    /// Checkpoints in the segments.
    pub checkpoints: u64,
    /// Segment files.
    pub segments: u32,
    /// Bytes of segments read.
    pub bytes: u64,
    /// The newest checkpoint that holds.
    pub checkpoint: Option<Checkpoint>,
    /// Bytes behind it that no caller was ever answered for; the next start cuts them off. Only a crash, or somebody's
    /// hand, leaves them.
    pub tail_bytes: u64,
    /// Hashes of entries of the newest segment that are not on disk as they should be, although the entries are what
    /// was signed: the next start computes them again. Only a crash, or somebody's hand, leaves them.
    pub stale_hashes: u64,
    /// Where it is not what was written, as it was found: the first one is the first in the files. At most 64 places.
    pub broken: Vec<Broken>,
    /// The checkpoints that were handed in.
    pub known: Vec<KnownCheckpoint>,
}

impl Report {
    /// Whether everything is what was written, and every checkpoint handed in holds.
    ///
    /// Says nothing of [`Report::tail_bytes`] and [`Report::stale_hashes`]: after a crash they are to be expected, after
    /// an orderly stop they are not.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let known = self.known.iter().all(|known| known.outcome == KnownOutcome::Holds);
        known && self.broken.is_empty()
    }

    /// The first entry that is not what was written.
    #[must_use]
    pub fn first_broken(&self) -> Option<&Broken> {
        self.broken.iter().min_by_key(|broken| broken.seq.unwrap_or(u64::MAX))
    }
}

/// Verifies a trail that is not open: every entry, checkpoint, hash and key, and that it goes on from every checkpoint
/// in `known`. Changes nothing and takes no lock.
///
/// # Errors
/// [`VerifyError::Io`] when a file cannot be read, [`VerifyError::Newer`] for a later format.
pub fn verify(disk: &dyn Disk, dir: &Path, known: &[Checkpoint]) -> Result<Report, VerifyError> {
    // Before the segments are listed: a node that writes meanwhile has an entry on disk before its hash.
    let hashes = whole_hashes(disk, dir).map_err(VerifyError::io("read", &dir.join(TREE)))?;
    let found = find_segments(disk, dir).map_err(VerifyError::io("list", dir))?;
    run(disk, dir, &found, known, UpTo::End { hashes })
}

/// How far is verified.
#[derive(Debug, Clone, Copy)]
enum UpTo {
    /// The newest checkpoint of a trail that is being written; what follows it is not looked at.
    Checkpoint(u64),
    /// All that is there, with whole hashes of so many entries beside it.
    End { hashes: u64 },
}

fn run(
    disk: &dyn Disk,
    dir: &Path,
    found: &[FoundSegment],
    known: &[Checkpoint],
    up_to: UpTo,
) -> Result<Report, VerifyError> {
    let tree = dir.join(TREE);
    let tiles = Tiles::open(disk, &tree).map_err(VerifyError::io("open", &tree))?;
    let mut report = Report::default();
    let key = keys::check(disk, dir, found.len(), &mut report.broken)?;
    walk::Walk::new(disk, dir, key, tiles, known, report, up_to).walk(found)
}

impl Core {
    /// Verifies what is on disk up to the newest checkpoint, while more is written behind it.
    pub(crate) fn verify(&self, known: &[Checkpoint]) -> Result<Report, VerifyError> {
        let (checkpoint, segments) = self.snapshot();
        let found: Vec<_> = segments
            .iter()
            .map(|segment| FoundSegment {
                first: segment.first,
                path: segment.path.clone(),
                len: segment.extent().bytes,
            })
            .collect();
        run(&*self.disk, &self.dir, &found, known, UpTo::Checkpoint(checkpoint.size()))
    }
}
