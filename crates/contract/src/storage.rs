//! What the data takes on disk, how fast it grows, and how far its readers are.

use std::time::Duration;

use lineshaft_model::Timestamp;

/// The durable log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShaftStorage {
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes it may take.
    pub quota_bytes: u64,
    /// Segment files.
    pub segments: u32,
    /// When the oldest record arrived that is still there.
    pub oldest: Option<Timestamp>,
    /// What is appended in a day at the rate of the last minutes; `None` before a rate is known.
    pub bytes_per_day: Option<f64>,
    /// For how long it keeps what a reader does not take, at that rate.
    pub outage: Option<Duration>,
}

/// A durable reader of the shaft.
#[derive(Debug, Clone, PartialEq)]
pub struct ReaderStorage {
    /// Its name.
    pub name: String,
    /// The record it reads next.
    pub offset: u64,
    /// How many records it still needs.
    pub lag_records: u64,
    /// How many bytes.
    pub lag_bytes: u64,
    /// When the oldest of them arrived; `None` when it needs none.
    pub oldest: Option<Timestamp>,
    /// How fast it went in the last minutes; `None` before that is known.
    pub records_per_second: Option<f64>,
    /// How long it needs to catch up; `None` when it has nothing to catch up, or does not get nearer.
    pub drain: Option<Duration>,
}

/// The segment files of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageDay {
    /// `2026-11-20`, UTC.
    pub day: String,
    /// Segment files.
    pub segments: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// The store of history.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistorianStorage {
    /// Segment files.
    pub segments: u32,
    /// Bytes on disk.
    pub bytes: u64,
    /// Samples in segment files.
    pub samples_sealed: u64,
    /// Samples still in memory.
    pub samples_hot: u64,
    /// The oldest sample.
    pub oldest: Option<Timestamp>,
    /// Bytes on disk for one sample; `None` while nothing is sealed.
    pub bytes_per_sample: Option<f64>,
    /// What a day adds at the rate of the last minutes.
    pub bytes_per_day: Option<f64>,
    /// How long history is kept; `None` keeps it for ever.
    pub retention: Option<Duration>,
    /// The last days that have files, oldest first.
    pub days: Vec<StorageDay>,
}

/// The file system of the data folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DiskStorage {
    /// The data folder.
    pub folder: String,
    /// What kind of file system it is on: `ext4`; empty when that is not known.
    pub kind: String,
    /// Its size; 0 when that is not known.
    pub total_bytes: u64,
    /// What can still be written.
    pub free_bytes: u64,
    /// What the shaft leaves free.
    pub reserved_bytes: u64,
    /// When nothing can be written any more at the rate of the last minutes; `None` when it does not come to that.
    pub full_in: Option<Duration>,
}

/// One part of the data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoragePart {
    /// `shaft`, `historian`, `audit`, `identity`, `desk`, `revisions`, `certificates` or `other`.
    pub part: &'static str,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Everything at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StorageStatus {
    /// When it was measured.
    pub measured: Timestamp,
    /// How far back the rates look.
    pub window: Duration,
    /// The durable log.
    pub shaft: ShaftStorage,
    /// Its readers.
    pub readers: Vec<ReaderStorage>,
    /// The store of history.
    pub historian: HistorianStorage,
    /// The file system.
    pub disk: DiskStorage,
    /// What the data folder is made of, largest first.
    pub parts: Vec<StoragePart>,
}

/// Whoever knows what the data takes.
pub trait Storage: Send + Sync {
    /// Measures. Blocks on the disk: call it from a thread that may.
    fn measure(&self) -> StorageStatus;
}
