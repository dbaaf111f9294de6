//! How the trail is doing.

use std::sync::Arc;

use crate::Checkpoint;

/// Proof that an entry is on disk: only the trail can make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recorded(u64);

impl Recorded {
    pub(crate) const fn new(seq: u64) -> Recorded {
        Recorded(seq)
    }

    /// The entry's number.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.0
    }
}

/// Whether the trail takes entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailState {
    /// It does.
    Writing,
    /// The disk is full, the reserve included: it refuses, and goes on when there is room.
    Full,
    /// A write or a sync failed: it refuses until a restart.
    Stopped,
    /// It was closed.
    Closed,
}

impl TrailState {
    /// The word for it: `writing`, `full`, `stopped`, `closed`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            TrailState::Writing => "writing",
            TrailState::Full => "full",
            TrailState::Stopped => "stopped",
            TrailState::Closed => "closed",
        }
    }
}

/// Everything at once.
#[derive(Debug, Clone)]
pub struct TrailStatus {
    /// Entries on disk, archived ones included: the number the next one gets.
    pub entries: u64,
    /// Bytes of the segments that are here.
    pub bytes: u64,
    /// Segment files that are here.
    pub segments: u32,
    /// The newest checkpoint.
    pub checkpoint: Checkpoint,
    /// The oldest entry whose text is still here; those before it were archived and can still be proved.
    pub oldest_kept: u64,
    /// Whether it takes entries.
    pub state: TrailState,
    /// Why it does not; `None` while it does.
    pub error: Option<Arc<str>>,
    /// Bytes free for it as it was last seen, the reserve not counted; `None` when the file system cannot tell.
    pub free_bytes: Option<u64>,
    /// Free space is short, or part of the reserve is used up: somebody should make room.
    pub low: bool,
    /// What the last start found that is not as it should be; also in the trail as `audit.recovered`.
    pub recovered: Option<Arc<str>>,
}
