//! How the shaft is doing.

use std::sync::Arc;

use lineshaft_model::Timestamp;

use crate::Offset;

/// How far the shaft is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Committed {
    /// Every record below this is on disk.
    pub next: Offset,
    /// Why it does not write any more; `None` while it does.
    pub poisoned: Option<Arc<str>>,
    /// Whether it was closed: `next` stands.
    pub closed: bool,
}

/// A durable reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderStatus {
    /// Its name.
    pub name: String,
    /// The record its durable cursor stands at: what it reads first after a crash.
    pub offset: Offset,
    /// Bytes from there to the end, to within 64 KiB.
    pub lag_bytes: u64,
}

/// Everything at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes it may take.
    pub quota_bytes: u64,
    /// Segment files.
    pub segments: u32,
    /// The oldest record that is still there.
    pub first_offset: Offset,
    /// The record that will be appended next.
    pub next_offset: Offset,
    /// Everything below this is on disk.
    pub committed_offset: Offset,
    /// When the oldest record arrived; `None` while there is none, or its segment's head is damaged.
    pub oldest: Option<Timestamp>,
    /// Why it does not write any more; `None` while it does.
    pub poisoned: Option<Arc<str>>,
    /// Why it has no room; `None` while it has.
    pub full: Option<Arc<str>>,
    /// How often a segment was deleted that a reader had not passed, since the start.
    pub gaps: u64,
    /// Records in them that at least one reader's cursor had not passed.
    pub lost_records: u64,
    /// Records found damaged since the start, each place counted once.
    pub damaged_records: u64,
    /// Bytes of a torn tail that the last start cut off; they were never reported as on disk.
    pub torn_bytes: u64,
    /// When the last record before this start arrived: from then on until the start nothing was recorded. `None`
    /// when there was none.
    pub stopped: Option<Timestamp>,
    /// The durable readers in the order of their names, open or not.
    pub readers: Vec<ReaderStatus>,
}
