//! Making room: what every reader has passed goes first, then the oldest, counted.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::commit::Stop;
use crate::core::Core;
use crate::metrics;
use crate::segment::Segment;

impl Core {
    /// Deletes the segments that every reader has passed, unless they are kept for replay.
    pub(crate) fn sweep(&self) {
        let Some(slowest) = self.slowest() else { return };
        loop {
            let log = self.log.read();
            let passed = log.segments.len() > 1
                && log.segments[0].extent().next <= slowest
                && log.bytes() > self.options.replay_bytes;
            let bytes = log.bytes();
            drop(log);
            #[expect(clippy::cast_precision_loss, reason = "a gauge is for people")]
            ::metrics::gauge!(metrics::BYTES).set(bytes as f64);
            if !passed || !self.remove_oldest() {
                return;
            }
        }
    }

    /// Makes room for `need` bytes under the quota and above the free space that must stay.
    pub(crate) fn make_room(&self, need: u64) -> Result<(), Stop> {
        loop {
            let log = self.log.read();
            let bytes = log.bytes();
            let newest = log.segments.last().map_or(0, |segment| segment.extent().bytes);
            drop(log);
            if bytes + need > self.options.quota_bytes && self.remove_oldest() {
                continue;
            }
            // A file system that cannot tell has no limit but its ENOSPC.
            let free = match self.disk.free_bytes(&self.dir) {
                Ok(free) => free,
                // Moved or deleted under us: what is written now goes to a file that nobody will find again.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let dir = self.dir.display();
                    return Err(Stop::Poison(format!("{dir} is gone: it was moved or deleted")));
                }
                Err(_) => u64::MAX,
            };
            let wanted = self.options.free_bytes_min.saturating_add(need);
            if free >= wanted {
                return Ok(());
            }
            // Deleting is only worth it when it can help: someone else may have filled the disk.
            let can_help = free.saturating_add(bytes - newest) >= wanted;
            if !can_help || !self.remove_oldest() {
                let min = self.options.free_bytes_min;
                let dir = self.dir.display();
                return Err(Stop::Full(format!(
                    "{free} bytes are free for {dir}, {min} must stay free"
                )));
            }
        }
    }

    /// Deletes the oldest segment, counting what a reader had not passed; false when it is the newest
    /// too, or cannot be deleted.
    pub(crate) fn remove_oldest(&self) -> bool {
        let log = self.log.read();
        let oldest = match log.segments.as_slice() {
            [oldest, _, ..] => Arc::clone(oldest),
            _ => return false,
        };
        drop(log);
        match self.disk.remove(&oldest.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let path = oldest.path.display();
                tracing::warn!(%path, %error, "a segment of the shaft cannot be deleted");
                return false;
            }
            _ => {}
        }
        // In order on disk too: a crash must not bring an older one back between two that are there.
        if let Err(error) = self.disk.sync_dir(&self.dir) {
            tracing::warn!(%error, "the deletion of a segment of the shaft is not yet durable");
        }
        self.log.write().segments.remove(0);
        oldest.set_removed();
        self.count_loss(&oldest);
        true
    }

    fn count_loss(&self, segment: &Segment) {
        let next = segment.extent().next;
        let Some(slowest) = self.slowest().filter(|slowest| *slowest < next) else { return };
        let lost = next - slowest.max(segment.first);
        self.tally.gaps.fetch_add(1, Ordering::Relaxed);
        self.tally.lost_records.fetch_add(lost, Ordering::Relaxed);
        ::metrics::counter!(metrics::LOST).increment(lost);
        tracing::error!(
            records = lost,
            path = %segment.path.display(),
            "a segment of the shaft was deleted to make room before every reader had passed it"
        );
    }
}
