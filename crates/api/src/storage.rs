//! What the data takes on disk, how fast it grows, and how far its readers are.

use lineshaft_contract::{
    DiskStorage, HistorianStorage, ReaderStorage, ShaftStorage, StorageDay, StoragePart,
    StorageStatus,
};
use lineshaft_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, ReadNode, Scope};
use crate::problem::{ApiError, Code, Problem};
use crate::query::Params;
use crate::shape::{Written, millis};

/// What the data takes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Storage)]
struct StoragePage {
    /// When it was measured, Unix milliseconds.
    measured_ms: i64,
    /// How far back the rates look; 0 while they are not known yet.
    window_ms: u64,
    /// The durable log.
    shaft: ShaftPart,
    /// Its readers.
    readers: Vec<ReaderPart>,
    /// The store of history.
    historian: HistorianPart,
    /// The file system of the data folder.
    disk: DiskPart,
    /// What the data folder is made of, largest first.
    parts: Vec<FolderPart>,
}

/// The durable log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShaftStorage)]
struct ShaftPart {
    /// Bytes on disk.
    bytes: u64,
    /// Bytes it may take.
    quota_bytes: u64,
    /// Segment files.
    segments: u32,
    /// When the oldest record arrived that is still there.
    #[schema(required)]
    oldest_ms: Option<i64>,
    /// What is appended in a day at the rate of the last minutes; null before a rate is known.
    #[schema(required)]
    bytes_per_day: Option<f64>,
    /// For how long it keeps what a reader does not take, at that rate.
    #[schema(required)]
    outage_ms: Option<u64>,
}

/// A durable reader of the shaft.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReaderStorage)]
struct ReaderPart {
    /// Its name.
    name: String,
    /// The record it reads next.
    offset: u64,
    /// How many records it still needs.
    lag_records: u64,
    /// How many bytes.
    lag_bytes: u64,
    /// About when the oldest of them arrived; null when it needs none.
    #[schema(required)]
    oldest_ms: Option<i64>,
    /// How fast it went in the last minutes; null before that is known.
    #[schema(required)]
    records_per_second: Option<f64>,
    /// How long it needs to catch up; null when there is nothing to catch up, or it does not get nearer.
    #[schema(required)]
    drain_ms: Option<u64>,
}

/// The store of history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistorianStorage)]
struct HistorianPart {
    /// Segment files.
    segments: u32,
    /// Bytes on disk.
    bytes: u64,
    /// Samples in segment files.
    samples_sealed: u64,
    /// Samples still in memory; they are on the shaft too.
    samples_hot: u64,
    /// The oldest sample.
    #[schema(required)]
    oldest_ms: Option<i64>,
    /// Bytes on disk for one sample; null while nothing is sealed.
    #[schema(required)]
    bytes_per_sample: Option<f64>,
    /// What a day adds at the rate of the last minutes.
    #[schema(required)]
    bytes_per_day: Option<f64>,
    /// How long history is kept; null keeps it for ever.
    #[schema(required)]
    retention_ms: Option<u64>,
    /// The last days that have files, at most 31, oldest first.
    days: Vec<DayPart>,
}

/// The segment files of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageDay)]
struct DayPart {
    /// `2026-11-20`, UTC.
    day: String,
    /// Segment files.
    segments: u32,
    /// Their bytes.
    bytes: u64,
}

/// The file system of the data folder.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DiskStorage)]
struct DiskPart {
    /// The data folder.
    folder: String,
    /// What kind of file system it is on; empty when that is not known.
    kind: String,
    /// Its size; 0 when that is not known.
    total_bytes: u64,
    /// What can still be written.
    free_bytes: u64,
    /// What the shaft leaves free.
    reserved_bytes: u64,
    /// When nothing can be written any more at the rate of the last minutes; null when it does not come to that.
    #[schema(required)]
    full_in_ms: Option<u64>,
}

/// One part of the data folder.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoragePart)]
struct FolderPart {
    /// `shaft`, `historian`, `audit`, `identity`, `desk`, `revisions`, `certificates` or `other`.
    part: &'static str,
    /// Files.
    files: u64,
    /// Their bytes.
    bytes: u64,
}

impl From<StorageStatus> for StoragePage {
    fn from(status: StorageStatus) -> StoragePage {
        let StorageStatus { measured, window, shaft, readers, historian, disk, parts } = status;
        StoragePage {
            measured_ms: measured.millis(),
            window_ms: millis(window),
            shaft: shaft.into(),
            readers: readers.into_iter().map(ReaderPart::from).collect(),
            historian: historian.into(),
            disk: disk.into(),
            parts: parts.into_iter().map(FolderPart::from).collect(),
        }
    }
}

impl From<ShaftStorage> for ShaftPart {
    fn from(shaft: ShaftStorage) -> ShaftPart {
        let ShaftStorage { bytes, quota_bytes, segments, oldest, bytes_per_day, outage } = shaft;
        let (oldest_ms, outage_ms) = (oldest.map(Timestamp::millis), outage.map(millis));
        ShaftPart { bytes, quota_bytes, segments, oldest_ms, bytes_per_day, outage_ms }
    }
}

impl From<ReaderStorage> for ReaderPart {
    fn from(reader: ReaderStorage) -> ReaderPart {
        let ReaderStorage { name, offset, lag_records, lag_bytes, oldest, drain, .. } = reader;
        ReaderPart {
            name,
            offset,
            lag_records,
            lag_bytes,
            oldest_ms: oldest.map(Timestamp::millis),
            records_per_second: reader.records_per_second,
            drain_ms: drain.map(millis),
        }
    }
}

impl From<HistorianStorage> for HistorianPart {
    fn from(historian: HistorianStorage) -> HistorianPart {
        let HistorianStorage { segments, bytes, samples_sealed, samples_hot, oldest, .. } =
            historian;
        let day = |day: StorageDay| {
            let StorageDay { day, segments, bytes } = day;
            DayPart { day, segments, bytes }
        };
        HistorianPart {
            segments,
            bytes,
            samples_sealed,
            samples_hot,
            oldest_ms: oldest.map(Timestamp::millis),
            bytes_per_sample: historian.bytes_per_sample,
            bytes_per_day: historian.bytes_per_day,
            retention_ms: historian.retention.map(millis),
            days: historian.days.into_iter().map(day).collect(),
        }
    }
}

impl From<DiskStorage> for DiskPart {
    fn from(disk: DiskStorage) -> DiskPart {
        let DiskStorage { folder, kind, total_bytes, free_bytes, reserved_bytes, full_in } = disk;
        let full_in_ms = full_in.map(millis);
        DiskPart { folder, kind, total_bytes, free_bytes, reserved_bytes, full_in_ms }
    }
}

impl From<StoragePart> for FolderPart {
    fn from(part: StoragePart) -> FolderPart {
        let StoragePart { part, files, bytes } = part;
        FolderPart { part, files, bytes }
    }
}

/// Shows what the data takes on disk, how fast it grows, and how far the shaft's readers are.
#[utoipa::path(
    get,
    path = "/api/v1/storage",
    responses((status = 200, description = "The storage", body = StoragePage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_storage(
    caller: Caller<ReadNode>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let storage = caller.may(Scope::Under(""))?.api.storage.clone();
    match tokio::task::spawn_blocking(move || storage.measure()).await {
        Ok(status) => Ok(Written::new(&StoragePage::from(status), 4_096)),
        Err(error) => {
            tracing::error!(%error, "the data folder could not be measured");
            Err(ApiError::new(Code::Storing, "the data folder could not be measured"))
        }
    }
}
