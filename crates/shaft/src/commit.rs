//! Writing: one step takes what waits, writes it behind the newest segment, syncs it, and tells.
//!
//! What is on disk when the power fails:
//!
//! | where | then |
//! |---|---|
//! | before the write | nothing of the group; nobody was told |
//! | in the write, or before the sync came back | any sectors of the group: a torn tail, cut at the next start |
//! | after the sync, before it is told | the whole group: it stays, the source may send it again |
//! | a new segment, before the folder was synced | the file may be missing or torn: it holds this group only |
//!
//! A group that finds no room is kept and tried again; its bytes and its place stay the same, so
//! whatever of it an earlier try left on disk is overwritten by itself.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use lineshaft_runtime::DiskFile;
use parking_lot::MutexGuard;

use crate::core::{Core, Pending};
use crate::format::{
    RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader, segment_name, write_preamble,
};
use crate::limits::{FULL_RETRY, SEGMENTS_IN_QUOTA_MIN};
use crate::segment::{Extent, Map, Segment};
use crate::{Offset, metrics};

/// What only the one who writes has.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    /// The segment that is written to; `None` when the next group begins a new one.
    pub(crate) active: Option<Active>,
    /// Taken from the buffer and not yet committed.
    group: Option<Group>,
    /// A buffer that was written and can be filled again.
    spare: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Arc<dyn DiskFile>,
    /// Header and preamble: they do not count towards the size of a segment.
    pub(crate) head_bytes: u64,
}

#[derive(Debug)]
struct Group {
    bytes: Vec<u8>,
    first: Offset,
    next: Offset,
}

/// Why a group was not committed.
#[derive(Debug)]
pub(crate) enum Stop {
    /// No room; the file is as it was before.
    Full(String),
    /// Nobody knows what the disk holds.
    Poison(String),
}

impl Stop {
    fn poison(what: &str, segment: &std::path::Path, error: &io::Error) -> Stop {
        Stop::Poison(format!("cannot {what} {}: {error}", segment.display()))
    }
}

pub(crate) fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

impl Core {
    /// Commits what waits, and deletes what nobody needs.
    pub(crate) fn step(&self) {
        let mut pen = self.pen.lock();
        self.take_group(&mut pen);
        if let Some(group) = pen.group.take() {
            let started = self.clock.steady();
            match self.write_group(&mut pen, &group) {
                Ok(()) => {
                    let took = self.clock.steady().saturating_sub(started);
                    ::metrics::histogram!(metrics::COMMIT_SECONDS).record(took.as_secs_f64());
                    self.publish(&mut pen, group);
                }
                Err(Stop::Full(reason)) => {
                    pen.group = Some(group);
                    self.mark_full(&reason);
                }
                Err(Stop::Poison(reason)) => self.poison(&reason),
            }
        }
        self.sweep();
    }

    /// The next record begins a new segment, with the preamble as it then is.
    pub(crate) fn end_segment(&self) {
        self.pen.lock().active = None;
    }

    pub(crate) fn goes_on(&self) -> bool {
        self.pen.lock().active.is_some()
    }

    fn take_group(&self, pen: &mut Pen) {
        let mut pending = self.pending.lock();
        pending.nudged = false;
        if pending.poisoned.is_some() || pending.closed {
            pen.group = None;
            return;
        }
        if pen.group.is_some() || pending.bytes.is_empty() {
            return;
        }
        let spare = std::mem::take(&mut pen.spare);
        let bytes = std::mem::replace(&mut pending.bytes, spare);
        pending.in_flight = bytes.len();
        pen.group = Some(Group { bytes, first: pending.first, next: pending.next });
    }

    fn publish(&self, pen: &mut Pen, mut group: Group) {
        ::metrics::counter!(metrics::COMMITS).increment(1);
        ::metrics::counter!(metrics::WRITTEN).increment(group.bytes.len() as u64);
        let mut pending = self.pending.lock();
        pending.in_flight = 0;
        if pending.full.take().is_some() {
            tracing::info!("the shaft has room again");
            ::metrics::gauge!(metrics::FULL).set(0.0);
        }
        drop(pending);
        self.room.notify_all();
        self.committed.send_modify(|committed| committed.next = group.next);
        group.bytes.clear();
        // One large burst must not hold its memory for ever.
        group.bytes.shrink_to(self.options.commit_bytes.saturating_mul(2));
        pen.spare = group.bytes;
    }

    fn mark_full(&self, reason: &str) {
        let mut pending = self.pending.lock();
        pending.retry_at = self.clock.steady() + FULL_RETRY;
        if pending.full.is_none() {
            tracing::error!(reason, "the shaft has no room");
            ::metrics::gauge!(metrics::FULL).set(1.0);
        }
        pending.full = Some(reason.into());
        drop(pending);
        self.room.notify_all();
    }

    fn write_group(&self, pen: &mut Pen, group: &Group) -> Result<(), Stop> {
        let bytes = group.bytes.len() as u64;
        if pen.active.as_ref().is_some_and(|active| self.is_complete(active, bytes)) {
            pen.active = None;
        }
        let mut fresh = None;
        if pen.active.is_none() {
            fresh = Some(self.head_of_segment(group));
        }
        let head_bytes = fresh.as_ref().map_or(0, |(head, _)| head.len() as u64);
        self.make_room(head_bytes + bytes)?;
        loop {
            let written = match (&fresh, &pen.active) {
                (Some((head, arrived)), _) => self.begin_segment(group, head, *arrived).map(Some),
                (None, Some(active)) => self.continue_segment(active, group).map(|()| None),
                (None, None) => return Err(Stop::Poison("no segment to write to".into())),
            };
            match written {
                Ok(Some(active)) => {
                    self.log.write().segments.push(Arc::clone(&active.segment));
                    pen.active = Some(active);
                    return Ok(());
                }
                Ok(None) => return Ok(()),
                // The file system knows of a limit that free space does not show.
                Err(Stop::Full(_)) if self.remove_oldest() => {}
                Err(stop) => return Err(stop),
            }
        }
    }

    fn is_complete(&self, active: &Active, more: u64) -> bool {
        let options = &self.options;
        let limit = options.segment_bytes.min(options.quota_bytes / SEGMENTS_IN_QUOTA_MIN);
        let records = active.segment.extent().bytes.saturating_sub(active.head_bytes);
        records > 0 && records + more > limit
    }

    fn head_of_segment(&self, group: &Group) -> (Vec<u8>, lineshaft_model::Timestamp) {
        let now = self.clock.now();
        let arrived = RecordHeader::parse(&group.bytes).map_or(now, |header| header.arrived);
        let mut head = Vec::new();
        SegmentHeader { first: group.first, arrived }.write(&mut head);
        let mut preamble = Vec::new();
        self.preamble.write(&mut preamble);
        write_preamble(&mut head, group.first, now, &preamble);
        (head, arrived)
    }

    /// Makes a segment with its head and the group, durable in its folder.
    fn begin_segment(
        &self,
        group: &Group,
        head: &[u8],
        arrived: lineshaft_model::Timestamp,
    ) -> Result<Active, Stop> {
        let path = self.dir.join(segment_name(group.first));
        let file = match self.disk.create(&path) {
            // Left by a try that found no room: nothing in it was ever told.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.disk.remove(&path).and_then(|()| self.disk.create(&path))
            }
            created => created,
        };
        let written = file.and_then(|file| {
            file.write_at(head, 0)?;
            file.write_at(&group.bytes, head.len() as u64)?;
            Ok(file)
        });
        let file = match written {
            Ok(file) => file,
            Err(error) if is_no_room(&error) => {
                // Best effort: the next try makes the same name anew.
                let _ = self.disk.remove(&path);
                return Err(Stop::Full(format!("cannot write {}: {error}", path.display())));
            }
            Err(error) => return Err(Stop::poison("write", &path, &error)),
        };
        file.sync().map_err(|error| Stop::poison("sync", &path, &error))?;
        self.disk.sync_dir(&self.dir).map_err(|error| Stop::poison("sync", &self.dir, &error))?;
        let mut map = Map::new(group.first);
        map.note_all(&head[SEGMENT_HEADER_BYTES..], SEGMENT_HEADER_BYTES as u64);
        let head_bytes = head.len() as u64;
        map.note_all(&group.bytes, head_bytes);
        let extent = Extent { bytes: head_bytes + group.bytes.len() as u64, next: group.next };
        let segment = Arc::new(Segment::new(group.first, path, Some(arrived), extent, map));
        Ok(Active { segment, file, head_bytes })
    }

    fn continue_segment(&self, active: &Active, group: &Group) -> Result<(), Stop> {
        let (segment, file) = (&active.segment, &active.file);
        let end = segment.extent().bytes;
        if let Err(error) = file.write_at(&group.bytes, end) {
            if !is_no_room(&error) {
                return Err(Stop::poison("write", &segment.path, &error));
            }
            // Part of the group may stand there. It was not synced, so cutting it off is safe; if
            // even that fails, the end of the file is not known any more.
            file.set_len(end).map_err(|error| Stop::poison("cut", &segment.path, &error))?;
            return Err(Stop::Full(format!("cannot write {}: {error}", segment.path.display())));
        }
        file.sync().map_err(|error| Stop::poison("sync", &segment.path, &error))?;
        segment.map.lock().note_all(&group.bytes, end);
        let bytes = end + group.bytes.len() as u64;
        segment.extend(Extent { bytes, next: group.next });
        Ok(())
    }

    /// The writer thread: waits until a step is due, takes it, until it shall stop.
    pub(crate) fn run(&self) {
        let _guard = PoisonOnPanic(self);
        loop {
            let mut pending = self.pending.lock();
            let stop = loop {
                if pending.stop {
                    break true;
                }
                if !self.wait_until_due(&mut pending) {
                    break false;
                }
            };
            drop(pending);
            self.step();
            if stop {
                return;
            }
        }
    }

    /// Waits once; false when a step is due now.
    fn wait_until_due(&self, pending: &mut MutexGuard<'_, Pending>) -> bool {
        let now = self.clock.steady();
        let due = if pending.nudged {
            return false;
        } else if pending.full.is_some() {
            pending.retry_at
        } else if pending.bytes.is_empty() {
            self.wake.wait(pending);
            return true;
        } else if pending.bytes.len() >= self.options.commit_bytes {
            return false;
        } else {
            pending.since + self.options.commit_interval
        };
        if due <= now {
            return false;
        }
        self.wake.wait_for(pending, due - now);
        true
    }
}

/// A panic in the writer is our bug, and nobody knows how far it came.
struct PoisonOnPanic<'a>(&'a Core);

impl Drop for PoisonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.poison("the writer panicked");
        }
    }
}
