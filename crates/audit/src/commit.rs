//! Writing: one step takes what waits, writes it behind the newest segment with one checkpoint, syncs, and answers.
//!
//! What is on disk when the power fails:
//!
//! | where | then |
//! |---|---|
//! | in the write of the segment, or before its sync came back | any sectors of the group: a torn tail, cut at the next start |
//! | after the sync, before the answers | the whole group: it stays, and nobody was told otherwise; its hashes may be missing |
//! | a new segment, before the folder was synced | the file may be missing or torn: it holds this group only |
//!
//! Hashes are written after the sync, and not before: so no crash leaves more hashes than there are entries, and where
//! there are more, entries that were answered for are gone.
//!
//! A group that finds no room is refused to everybody in it, and nothing of it is left.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use lineshaft_runtime::DiskFile;
use parking_lot::MutexGuard;

use crate::core::{Core, Queue, Waiting, refuse};
use crate::entry::write_line;
use crate::format::{HEAD_BYTES, Kind, RECORD_HEAD_BYTES, segment_name, write_head, write_record};
use crate::limits::{FULL_RETRY, FULL_SAID, LOW_FACTOR};
use crate::merkle::Edge;
use crate::reserve::{Reserve, is_no_room};
use crate::segment::{Extent, Mark, Segment};
use crate::tiles::Growth;
use crate::{Checkpoint, Hash, Recorded, TrailError, leaf_hash, metrics};

/// What only the one who writes has.
#[derive(Debug)]
pub(crate) struct Pen {
    pub(crate) edge: Edge,
    /// The segment that is written to; `None` when the next group begins a new one.
    pub(crate) active: Option<Active>,
    pub(crate) reserve: Reserve,
    /// Hashes that a full disk had no room for. Nothing follows before they are written.
    pub(crate) owed: Option<Growth>,
    /// Buffers that were written and can be filled again.
    spare: Group,
}

#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Arc<dyn DiskFile>,
}

/// Entries and their checkpoint, ready to be written.
#[derive(Debug, Default)]
struct Group {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
    growth: Growth,
    first: u64,
}

/// Why a group was not written.
#[derive(Debug)]
enum Stop {
    /// No room; everything is as it was before.
    Full(String),
    /// Nobody knows what the disk holds.
    Stopped(String),
}

impl Stop {
    fn of(what: &str, path: &Path, error: &io::Error) -> Stop {
        let text = format!("cannot {what} {}: {error}", path.display());
        if is_no_room(error) { Stop::Full(text) } else { Stop::Stopped(text) }
    }

    fn stopped(what: &str, path: &Path, error: &io::Error) -> Stop {
        Stop::Stopped(format!("cannot {what} {}: {error}", path.display()))
    }
}

impl Pen {
    pub(crate) fn new(edge: Edge, active: Option<Active>, reserve: Reserve) -> Pen {
        Pen { edge, active, reserve, owed: None, spare: Group::default() }
    }
}

impl Core {
    /// Writes what waits as one group, and answers.
    pub(crate) fn step(&self) {
        let mut pen = self.pen.lock();
        let waiting = {
            let mut queue = self.queue.lock();
            if queue.stopped.is_some() || queue.closed {
                return;
            }
            std::mem::take(&mut queue.waiting)
        };
        if let Err(error) = self.look_after(&mut pen) {
            return refuse(waiting, &error);
        }
        if waiting.is_empty() {
            return;
        }
        let started = self.clock.steady();
        let (group, edge, checkpoint) = self.build(&mut pen, &waiting);
        match self.write_with_reserve(&mut pen, &group, &checkpoint) {
            Ok(()) => {
                let took = self.clock.steady().saturating_sub(started);
                ::metrics::histogram!(metrics::COMMIT_SECONDS).record(took.as_secs_f64());
                pen.edge = edge;
                let hashes = self.write_hashes(&mut pen, &group);
                match &hashes {
                    Err(Stop::Full(reason)) => drop(self.note_full(reason)),
                    _ => self.clear_full(),
                }
                self.publish(waiting, &group, checkpoint);
                if let Err(Stop::Stopped(reason)) = hashes {
                    self.stop(&reason);
                }
                let Group { bytes, .. } = &group;
                // One large burst must not hold its memory for ever.
                if bytes.capacity() <= SPARE_BYTES_MAX {
                    pen.spare = group;
                }
            }
            Err(Stop::Full(reason)) => self.refuse_full(waiting, &reason),
            Err(Stop::Stopped(reason)) => {
                let error = TrailError::Stopped { reason: reason.as_str().into() };
                self.stop(&reason);
                refuse(waiting, &error);
            }
        }
    }

    /// Numbers the entries, hashes them, and signs what the tree then is.
    fn build(&self, pen: &mut Pen, waiting: &[Waiting]) -> (Group, Edge, Checkpoint) {
        let mut edge = pen.edge.clone();
        let mut group = std::mem::take(&mut pen.spare);
        group.bytes.clear();
        group.marks.clear();
        group.growth.clear();
        group.first = edge.size();
        let before = self.log.read().checkpoint.clone();
        let mut after = (before.size() > 0).then(|| Hash::of(before.text().as_bytes()));
        for act in waiting {
            let (seq, start) = (edge.size(), group.bytes.len());
            group.marks.push(Mark { seq, at: start as u64 });
            let len = write_record(&mut group.bytes, Kind::Entry, |out| {
                write_line(out, seq, act.time, &act.members, after.take().as_ref());
            });
            let line = start + RECORD_HEAD_BYTES;
            let leaf = leaf_hash(&group.bytes[line..line + len]);
            let growth = &mut group.growth;
            edge.push(leaf, |height, index, hash| growth.note(height, index, hash));
        }
        let checkpoint = self.key.checkpoint(edge.size(), edge.root());
        write_record(&mut group.bytes, Kind::Checkpoint, |out| {
            out.extend_from_slice(checkpoint.text().as_bytes());
        });
        (group, edge, checkpoint)
    }

    /// Writes a group; gives the reserve up bit by bit when there is no other room.
    fn write_with_reserve(
        &self,
        pen: &mut Pen,
        group: &Group,
        checkpoint: &Checkpoint,
    ) -> Result<(), Stop> {
        loop {
            match self.write_group(pen, group, checkpoint) {
                Err(Stop::Full(_)) if pen.reserve.give() => {}
                written => return written,
            }
        }
    }

    /// Writes the hashes of a group that is on disk. Without room they wait, and the next group with them.
    fn write_hashes(&self, pen: &mut Pen, group: &Group) -> Result<(), Stop> {
        let tree = self.dir.join(crate::tiles::TREE);
        while let Err(error) = self.tiles.write(&*self.disk, &group.growth) {
            if !(is_no_room(&error) && pen.reserve.give()) {
                pen.owed = Some(group.growth.clone());
                return Err(Stop::of("write", &tree, &error));
            }
        }
        Ok(())
    }

    fn write_group(
        &self,
        pen: &mut Pen,
        group: &Group,
        checkpoint: &Checkpoint,
    ) -> Result<(), Stop> {
        let tree = self.dir.join(crate::tiles::TREE);
        if let Some(owed) = &pen.owed {
            self.tiles
                .write(&*self.disk, owed)
                .map_err(|error| Stop::of("write", &tree, &error))?;
            pen.owed = None;
        }
        let bytes = group.bytes.len() as u64;
        let complete = pen.active.as_ref().is_some_and(|active| {
            let extent = active.segment.extent();
            extent.next > active.segment.first && extent.bytes + bytes > self.options.segment_bytes
        });
        if complete {
            pen.active = None;
        }
        let next = checkpoint.size();
        if let Some(active) = &pen.active {
            return self.continue_segment(active, group, next);
        }
        // Nothing before the newest segment is computed again at a start.
        self.tiles.sync(&*self.disk).map_err(|error| Stop::stopped("sync", &tree, &error))?;
        let active = self.begin_segment(group, next)?;
        self.log.write().segments.push(Arc::clone(&active.segment));
        pen.active = Some(active);
        Ok(())
    }

    /// Makes a segment with its head and the group, durable in its folder.
    fn begin_segment(&self, group: &Group, next: u64) -> Result<Active, Stop> {
        let path = self.dir.join(segment_name(group.first));
        let mut head = Vec::with_capacity(1024);
        write_head(&mut head, group.first);
        if group.first > 0 {
            let before = self.log.read().checkpoint.clone();
            write_record(&mut head, Kind::Before, |out| {
                out.extend_from_slice(before.text().as_bytes());
            });
        }
        let file = match self.disk.create(&path) {
            // Left by a try that found no room: nothing in it was ever told.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.disk.remove(&path).and_then(|()| self.disk.create(&path))
            }
            created => created,
        };
        let written = file.and_then(|file| {
            file.write_at(&head, 0)?;
            file.write_at(&group.bytes, head.len() as u64)?;
            Ok(file)
        });
        let file = match written {
            Ok(file) => file,
            Err(error) => {
                if is_no_room(&error) {
                    // Best effort: the next try makes the same name anew.
                    let _ = self.disk.remove(&path);
                }
                return Err(Stop::of("write", &path, &error));
            }
        };
        file.sync().map_err(|error| Stop::stopped("sync", &path, &error))?;
        self.disk.sync_dir(&self.dir).map_err(|error| Stop::stopped("sync", &self.dir, &error))?;
        let at = head.len() as u64;
        let extent = Extent { bytes: at + group.bytes.len() as u64, next };
        let segment = Segment::fresh(group.first, path, extent, &shifted(&group.marks, at));
        Ok(Active { segment: Arc::new(segment), file })
    }

    fn continue_segment(&self, active: &Active, group: &Group, next: u64) -> Result<(), Stop> {
        let (segment, file) = (&active.segment, &active.file);
        let end = segment.extent().bytes;
        if let Err(error) = file.write_at(&group.bytes, end) {
            if is_no_room(&error) {
                // Part of the group may stand there. It was not synced, so cutting it off is safe; if even
                // that fails, the end of the file is not known any more.
                file.set_len(end).map_err(|error| Stop::stopped("cut", &segment.path, &error))?;
            }
            return Err(Stop::of("write", &segment.path, &error));
        }
        file.sync().map_err(|error| Stop::stopped("sync", &segment.path, &error))?;
        let extent = Extent { bytes: end + group.bytes.len() as u64, next };
        segment.extend(extent, &shifted(&group.marks, end));
        Ok(())
    }

    fn publish(&self, waiting: Vec<Waiting>, group: &Group, checkpoint: Checkpoint) {
        ::metrics::counter!(metrics::COMMITS).increment(1);
        ::metrics::counter!(metrics::ENTRIES).increment(waiting.len() as u64);
        ::metrics::counter!(metrics::WRITTEN).increment(group.bytes.len() as u64);
        let bytes = {
            let mut log = self.log.write();
            log.checkpoint = checkpoint;
            log.bytes()
        };
        #[expect(clippy::cast_precision_loss, reason = "a gauge is for people")]
        ::metrics::gauge!(metrics::BYTES).set(bytes as f64);
        for (seq, waiting) in (group.first..).zip(waiting) {
            if let Some(caller) = waiting.caller {
                // A caller that has gone away does not wait for it; the entry stays.
                let _ = caller.answer.send(Ok(Recorded::new(seq)));
            }
        }
    }

    /// Refuses a group for want of room; what the trail says of itself is kept and tried again.
    fn refuse_full(&self, waiting: Vec<Waiting>, reason: &str) {
        let reason = self.note_full(reason);
        let (own, callers): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|waiting| waiting.caller.is_none());
        self.queue.lock().waiting.splice(0..0, own);
        refuse(callers, &TrailError::Full { reason });
    }

    /// There is no room. Said once, and at most once a minute where room comes and goes.
    fn note_full(&self, reason: &str) -> Arc<str> {
        let (reason, now): (Arc<str>, _) = (reason.into(), self.clock.steady());
        let mut health = self.health.lock();
        let was = health.full.replace(Arc::clone(&reason));
        let is_said = health.full_said.is_some_and(|said| now.saturating_sub(said) < FULL_SAID);
        if was.is_none() {
            ::metrics::gauge!(metrics::FULL).set(1.0);
        }
        if was.is_none() && !is_said {
            health.full_said = Some(now);
            tracing::error!(reason = &*reason, "the audit trail has no room");
        }
        reason
    }

    /// Looks at the room on the disk, and fills the reserve up.
    fn look_after(&self, pen: &mut Pen) -> Result<(), TrailError> {
        let free = match self.disk.free_bytes(&self.dir) {
            Ok(free) => Some(free),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let dir = self.dir.display();
                // What is written now goes to files that nobody will find again.
                let reason = format!("{dir} is gone: it was moved or deleted");
                self.stop(&reason);
                return Err(TrailError::Stopped { reason: reason.into() });
            }
            // A file system that cannot tell has no limit but its ENOSPC.
            Err(_) => None,
        };
        // A disk that fails says so again when the next group is written, and then the trail stops.
        if let Some(owed) = &pen.owed
            && self.tiles.write(&*self.disk, owed).is_ok()
        {
            pen.owed = None;
            self.clear_full();
        }
        let reserve = &mut pen.reserve;
        if !reserve.is_whole() && free.is_none_or(|free| free > reserve.missing()) {
            match reserve.fill() {
                Err(error) => tracing::warn!(%error, "the reserve of the audit trail is not whole"),
                Ok(()) if reserve.is_whole() => self.clear_full(),
                Ok(()) => {}
            }
        }
        let wanted = self.options.reserve_bytes.saturating_mul(LOW_FACTOR);
        let low = !pen.reserve.is_whole() || free.is_some_and(|free| free < wanted);
        let mut health = self.health.lock();
        health.free_bytes = free;
        if low != health.low {
            health.low = low;
            ::metrics::gauge!(metrics::LOW).set(if low { 1.0 } else { 0.0 });
            if low {
                tracing::warn!(?free, "there is little room left for the audit trail");
            } else {
                tracing::info!("there is room enough for the audit trail");
            }
        }
        Ok(())
    }

    fn clear_full(&self) {
        if self.health.lock().full.take().is_some() {
            tracing::info!("the audit trail has room again");
            ::metrics::gauge!(metrics::FULL).set(0.0);
        }
    }

    /// The writer thread: waits until a step is due, takes it, until it shall stop.
    pub(crate) fn run(&self) {
        let _guard = StopOnPanic(self);
        loop {
            let mut queue = self.queue.lock();
            let stop = loop {
                if queue.stop {
                    break true;
                }
                if !self.wait_until_due(&mut queue) {
                    break false;
                }
            };
            drop(queue);
            self.step();
            if stop {
                return;
            }
        }
    }

    /// Waits once; false when a step is due now.
    fn wait_until_due(&self, queue: &mut MutexGuard<'_, Queue>) -> bool {
        let troubled = {
            let health = self.health.lock();
            health.full.is_some() || health.low
        };
        let own = queue.waiting.iter().all(|waiting| waiting.caller.is_none());
        if queue.waiting.is_empty() || (troubled && own) {
            if !troubled {
                self.wake.wait(queue);
                return true;
            }
            // Looks for room now and then, also when nobody records anything.
            let waited = self.wake.wait_for(queue, FULL_RETRY);
            return !waited.timed_out();
        }
        let now = self.clock.steady();
        let due = queue.since + self.options.commit_interval;
        if due <= now {
            return false;
        }
        self.wake.wait_for(queue, due - now);
        true
    }
}

/// Buffers larger than this are not kept for the next group.
const SPARE_BYTES_MAX: usize = 4 << 20;

const _: () = assert!(HEAD_BYTES < SPARE_BYTES_MAX);

/// Marks of a group that was written at `at`.
fn shifted(marks: &[Mark], at: u64) -> Vec<Mark> {
    marks.iter().map(|mark| Mark { seq: mark.seq, at: mark.at + at }).collect()
}

/// A panic in the writer is our bug, and nobody knows how far it came.
struct StopOnPanic<'a>(&'a Core);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop("the writer panicked");
        }
    }
}
