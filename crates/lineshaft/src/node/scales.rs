//! What the data takes on disk, how fast it grows, and how far its readers are.
//!
//! Rates come from marks: every quarter of a minute the counters are noted, and a rate is the way between the newest mark
//! and one some minutes before. Older marks are thinned out, and say when a record arrived that a reader still needs.

mod folder;
mod marks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{
    DiskStorage, HistorianStorage, NodeStatus, ReaderStatus, ReaderStorage, ShaftStorage, Storage,
    StorageDay, StoragePart, StorageStatus,
};
use lineshaft_runtime::{Clock, TaskKind, TaskTree};
use parking_lot::Mutex;

use super::status::NodeView;
use crate::plant::{HistorianSettings, ShaftSettings};
pub(crate) use folder::{days, parts};
use marks::{Mark, Marks};

/// Between two marks.
const LOOK: Duration = Duration::from_secs(15);

/// A rate over less than this says nothing.
const WINDOW_MIN: Duration = Duration::from_secs(25);

/// So long the folder is not walked through again.
const WEIGHED_FOR: Duration = Duration::from_secs(5);

const DAY_SECONDS: f64 = 86_400.0;

/// Further ahead nobody plans.
const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Weighs the data folder of a running node.
#[derive(Debug)]
pub(crate) struct Scales {
    view: Arc<NodeView>,
    clock: Clock,
    folder: PathBuf,
    shaft: ShaftSettings,
    historian: HistorianSettings,
    marks: Mutex<Marks>,
    /// When the folder was weighed last, and what it was.
    weighed: Mutex<Option<(Duration, Weighed)>>,
}

/// What walking through the data folder gives.
#[derive(Debug, Clone)]
struct Weighed {
    parts: Vec<StoragePart>,
    days: Vec<StorageDay>,
}

impl Scales {
    pub(super) fn new(
        view: Arc<NodeView>,
        clock: Clock,
        folder: PathBuf,
        shaft: ShaftSettings,
        historian: HistorianSettings,
    ) -> Scales {
        Scales {
            view,
            clock,
            folder,
            shaft,
            historian,
            marks: Mutex::default(),
            weighed: Mutex::default(),
        }
    }

    /// Takes marks until the node stops.
    pub(super) fn watch(self: &Arc<Self>, tree: &TaskTree) {
        let (scales, stop) = (self.clone(), tree.stop_token(TaskKind::Watch));
        tree.spawn(TaskKind::Watch, "storage", async move {
            loop {
                scales.mark();
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        });
    }

    /// The folder as it was a moment ago: a walk through it costs, and whoever asks often learns no more.
    fn weighed(&self) -> Weighed {
        let now = self.clock.steady();
        let mut weighed = self.weighed.lock();
        match weighed.as_ref() {
            Some((at, known)) if now.saturating_sub(*at) < WEIGHED_FOR => known.clone(),
            _ => {
                let days = days(&self.folder.join("historian"));
                let fresh = Weighed { parts: parts(&self.folder), days };
                *weighed = Some((now, fresh.clone()));
                fresh
            }
        }
    }

    fn mark(&self) {
        let status = lineshaft_contract::Node::status(&*self.view);
        self.marks.lock().push(Mark::of(&status, self.clock.steady()));
    }
}

impl Storage for Scales {
    fn measure(&self) -> StorageStatus {
        let status = lineshaft_contract::Node::status(&*self.view);
        let mut disk =
            DiskStorage { reserved_bytes: self.shaft.free_min_bytes, ..folder::disk(&self.folder) };
        let Weighed { parts, days } = self.weighed();
        let marks = self.marks.lock();
        let now = Mark::of(&status, self.clock.steady());
        let rates = marks.rates(&now).filter(|rates| rates.window >= WINDOW_MIN);
        let shaft = shaft(&status, rates.as_ref().map(|rates| rates.records));
        let bytes_per_sample = ratio(status.historian.bytes, status.historian.samples_sealed);
        let historian = HistorianStorage {
            segments: status.historian.segments,
            bytes: status.historian.bytes,
            samples_sealed: status.historian.samples_sealed,
            samples_hot: status.historian.samples_hot,
            oldest: status.historian.oldest,
            bytes_per_sample,
            bytes_per_day: rates
                .as_ref()
                .zip(bytes_per_sample)
                .map(|(rates, bytes)| rates.samples * bytes * DAY_SECONDS),
            retention: self.historian.retention,
            days,
        };
        disk.full_in = full_in(&disk, &shaft, &historian);
        let readers = status.shaft.readers.iter();
        StorageStatus {
            measured: status.now,
            window: rates.as_ref().map_or(Duration::ZERO, |rates| rates.window),
            readers: readers.map(|one| reader(one, &status, &marks, &now)).collect(),
            shaft,
            historian,
            disk,
            parts,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge needs no more than 53 bits")]
fn float(count: u64) -> f64 {
    count as f64
}

fn ratio(bytes: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| float(bytes) / float(of))
}

fn after(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|far| *far < FAR)
}

fn shaft(status: &NodeStatus, records_per_second: Option<f64>) -> ShaftStorage {
    let shaft = &status.shaft;
    let records = shaft.next_offset.saturating_sub(shaft.first_offset);
    let per_record = ratio(shaft.bytes, records);
    let bytes_per_day =
        records_per_second.zip(per_record).map(|(records, bytes)| records * bytes * DAY_SECONDS);
    let outage = bytes_per_day.filter(|bytes| *bytes > 0.0);
    ShaftStorage {
        bytes: shaft.bytes,
        quota_bytes: shaft.quota_bytes,
        segments: shaft.segments,
        oldest: shaft.oldest,
        outage: outage.and_then(|bytes| after(float(shaft.quota_bytes) / bytes * DAY_SECONDS)),
        bytes_per_day,
    }
}

fn reader(reader: &ReaderStatus, status: &NodeStatus, marks: &Marks, now: &Mark) -> ReaderStorage {
    let lag_records = status.shaft.next_offset.saturating_sub(reader.offset);
    let rates = marks.rates(now).filter(|rates| rates.window >= WINDOW_MIN);
    let own = rates.as_ref().and_then(|rates| rates.reader(&reader.name));
    let gains = own.zip(rates.as_ref()).map(|(own, rates)| own - rates.records);
    let drain = gains.filter(|gains| *gains > 0.0 && lag_records > 0);
    ReaderStorage {
        name: reader.name.clone(),
        offset: reader.offset,
        lag_records,
        lag_bytes: reader.lag_bytes,
        oldest: (lag_records > 0)
            .then(|| marks.arrived(reader.offset).or(status.shaft.oldest))
            .flatten(),
        records_per_second: own,
        drain: drain.and_then(|gains| after(float(lag_records) / gains)),
    }
}

/// When nothing can be written any more: the shaft up to its quota, and history as it grows.
fn full_in(
    disk: &DiskStorage,
    shaft: &ShaftStorage,
    historian: &HistorianStorage,
) -> Option<Duration> {
    let per_day = historian.bytes_per_day.filter(|bytes| *bytes > 0.0)?;
    // The shaft takes what it may before history is in need.
    let shaft_takes = shaft.quota_bytes.saturating_sub(shaft.bytes);
    let room = disk.free_bytes.saturating_sub(disk.reserved_bytes).saturating_sub(shaft_takes);
    if let Some(retention) = historian.retention {
        let at_last = per_day * retention.as_secs_f64() / DAY_SECONDS;
        if at_last <= float(room.saturating_add(historian.bytes)) {
            return None;
        }
    }
    after(float(room) / per_day * DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;
    const DAY: Duration = Duration::from_secs(86_400);

    #[track_caller]
    fn check(free: u64, quota: u64, per_day: u64, retention: Option<Duration>, days: Option<u64>) {
        let disk = DiskStorage { free_bytes: free, ..DiskStorage::default() };
        let shaft = ShaftStorage { quota_bytes: quota, ..ShaftStorage::default() };
        let bytes_per_day = Some(float(per_day));
        let historian =
            HistorianStorage { bytes_per_day, retention, ..HistorianStorage::default() };
        let full = full_in(&disk, &shaft, &historian).map(|full| full.as_secs() / DAY.as_secs());
        assert_eq!(full, days);
    }

    #[test]
    fn a_disk_is_full_when_history_has_taken_what_the_shaft_leaves() {
        check(100 * GIB, 0, GIB, None, Some(100));
        check(100 * GIB, 40 * GIB, GIB, None, Some(60));
        check(10 * GIB, 40 * GIB, GIB, None, Some(0));
        check(100 * GIB, 0, GIB, Some(DAY * 100), None);
        check(100 * GIB, 0, GIB, Some(DAY * 101), Some(100));
        check(100 * GIB, 0, 0, None, None);
    }
}
