//! What can be set.

use std::time::Duration;

/// How much the shaft keeps and how often it syncs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of records in a segment file before the next is begun; the preamble comes on top. Default 64 MiB.
    pub segment_bytes: u64,
    /// The longest a record waits for its sync to begin. Default 5 ms; seconds spare flash storage.
    pub commit_interval: Duration,
    /// A sync begins early when this much waits. Default 1 MiB.
    pub commit_bytes: usize,
    /// What all segments together may take. Default 10 GiB. Cuts `segment_bytes` down to a quarter of it.
    pub quota_bytes: u64,
    /// What the shaft leaves free on the file system. Default 512 MiB.
    pub free_bytes_min: u64,
    /// What may wait in memory, including what is being written. Default 16 MiB.
    pub buffer_bytes_max: usize,
    /// Segments that every reader has passed are kept while the shaft is smaller than this, so that a
    /// cursor can be moved back. Default 0: they go at once.
    pub replay_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: 64 << 20,
            commit_interval: Duration::from_millis(5),
            commit_bytes: 1 << 20,
            quota_bytes: 10 << 30,
            free_bytes_min: 512 << 20,
            buffer_bytes_max: 16 << 20,
            replay_bytes: 0,
        }
    }
}

/// Where a reader starts that has no cursor yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At the oldest record that is still there.
    Oldest,
    /// After the newest committed record.
    Newest,
}
