//! Readers: a name, a durable cursor, a pace of its own.

use std::sync::Arc;

use tokio::sync::watch;

use crate::core::Core;
use crate::cursor::{Cursor, CursorFile, Parked, check_name};
use crate::format::Record;
use crate::open::CURSORS;
use crate::scan::{Scan, Step};
use crate::segment::{Map, Segment};
use crate::verify::Damage;
use crate::{Committed, From, Offset, ShaftError};

/// Reads committed records in order, from a durable cursor.
///
/// What it reads it may see again after a crash: everything after the last [`Reader::park`]. So
/// consumers must bear repeats, told apart by their offset.
#[derive(Debug)]
pub struct Reader {
    core: Arc<Core>,
    cursor: Arc<Cursor>,
    file: CursorFile,
    committed: watch::Receiver<Committed>,
    position: Offset,
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    segment: Arc<Segment>,
    scan: Scan,
    /// The disk was asked a second time for what looked damaged.
    asked_again: bool,
}

/// What a read came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOutcome {
    /// Some records were read.
    Records,
    /// There are no more yet; wait with [`Reader::changed`].
    End,
    /// Records are missing here. Told once; the next read goes on behind it.
    Gap(Gap),
}

/// Records that cannot be read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first.
    pub from: Offset,
    /// The first after them that may be read again.
    pub to: Offset,
    /// Why.
    pub reason: GapReason,
}

/// Why records cannot be read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// Deleted to make room before this reader came to them.
    Quota,
    /// Damaged on disk.
    Corrupt,
}

impl GapReason {
    /// The word in messages and on the page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            GapReason::Quota => "quota",
            GapReason::Corrupt => "corrupt",
        }
    }
}

/// Where a record is to be found.
enum Whereabouts {
    In(Arc<Segment>),
    Gap(Gap),
    End,
}

impl Reader {
    pub(crate) fn open(core: &Arc<Core>, name: &str, from: From) -> Result<Reader, ShaftError> {
        check_name(name)?;
        let known = core.cursors.lock().get(name).cloned();
        let is_new = known.is_none();
        let cursor = known.unwrap_or_default();
        if !cursor.take() {
            return Err(ShaftError::Reader { name: name.into(), why: "is open already" });
        }
        // While the pen is held nothing is deleted: what is the oldest now is so when the cursor holds it.
        let pen = core.pen.lock();
        let dir = core.dir.join(CURSORS);
        let opened = CursorFile::open(&*core.disk, &dir.join(name));
        let (mut file, parked) = opened.inspect_err(|_| cursor.give_back())?;
        let first = core.status().first_offset;
        let next = core.committed.borrow().next;
        let position = match parked {
            Parked::At(offset) => offset,
            Parked::Blank if from == From::Newest => next,
            Parked::Blank | Parked::Damaged => first,
        };
        if !matches!(parked, Parked::At(_)) {
            let made = file
                .park(position)
                .and_then(|()| core.disk.sync_dir(&dir).map_err(ShaftError::io("sync", &dir)));
            made.inspect_err(|_| cursor.give_back())?;
        }
        cursor.set_parked(position);
        if is_new {
            core.cursors.lock().insert(name.into(), Arc::clone(&cursor));
        }
        drop(pen);
        let committed = core.committed.subscribe();
        Ok(Reader { core: Arc::clone(core), cursor, file, committed, position, place: None })
    }

    /// Reads the records that come next into `out`, whose former content goes: at least one, and no
    /// more once they have `bytes_max` bytes. Only [`ReadOutcome::Records`] leaves something in `out`.
    /// Context before them comes first (see [`crate::RecordKind`]), with numbers below
    /// [`Reader::position`] or, for a preamble, equal to that of the next record.
    ///
    /// Blocks on the disk, so it belongs on a thread that may.
    ///
    /// # Errors
    /// [`ShaftError::Io`] when the disk cannot be read; trying again goes on at the same place.
    pub fn next(
        &mut self,
        bytes_max: usize,
        out: &mut Vec<Record>,
    ) -> Result<ReadOutcome, ShaftError> {
        out.clear();
        let start = self.position;
        let (mut bytes, mut error) = (0, None);
        let end = loop {
            match self.step(bytes_max, &mut bytes, out) {
                Ok(None) => {}
                Ok(Some(outcome)) => break outcome,
                Err(failed) => {
                    error = Some(failed);
                    break ReadOutcome::End;
                }
            }
        };
        if self.position > start && !out.is_empty() {
            // A gap, the end or an error behind what was read shows up again at the next read.
            return Ok(ReadOutcome::Records);
        }
        out.clear();
        if error.is_some() {
            self.place = None;
        }
        if let ReadOutcome::Gap(gap) = end {
            // Entered anew, the segment gives its context again.
            (self.position, self.place) = (gap.to, None);
        }
        error.map_or(Ok(end), Err)
    }

    /// Goes over one thing: a record, the end of a segment, damage. What comes of it, if reading is to
    /// stop here; the position moves only over records.
    fn step(
        &mut self,
        bytes_max: usize,
        bytes: &mut usize,
        out: &mut Vec<Record>,
    ) -> Result<Option<ReadOutcome>, ShaftError> {
        if self.place.as_ref().is_some_and(|place| place.segment.is_removed()) {
            self.place = None;
        }
        let Some(place) = &mut self.place else {
            match self.core.whereabouts(self.position) {
                Whereabouts::In(segment) => self.enter(segment, out)?,
                Whereabouts::Gap(gap) => return Ok(Some(ReadOutcome::Gap(gap))),
                Whereabouts::End => return Ok(Some(ReadOutcome::End)),
            }
            return Ok(None);
        };
        let extent = place.segment.extent();
        let io = |error| ShaftError::io("read", &place.segment.path)(error);
        match place.scan.step(extent.bytes).map_err(io)? {
            Step::Record(found) => {
                place.asked_again = false;
                let record = found.into_record();
                if record.offset == self.position {
                    *bytes += record.payload.len();
                    self.position += u64::from(record.kind != crate::RecordKind::PREAMBLE);
                    out.push(record);
                }
                let is_content = out.last().is_some_and(|last| last.offset < self.position);
                Ok((is_content && *bytes >= bytes_max).then_some(ReadOutcome::Records))
            }
            Step::End if self.position >= extent.next => {
                // The newest segment grows: its scan is kept. Records can be gone behind any segment.
                if self.position < self.core.committed.borrow().next {
                    if extent == place.segment.extent() {
                        self.place = None;
                    }
                    return Ok(None);
                }
                Ok(Some(ReadOutcome::End))
            }
            Step::Bad(_) if !place.asked_again => {
                place.asked_again = true;
                place.scan.forget();
                Ok(None)
            }
            Step::End => {
                let what = "records are missing at the end";
                let (at, from, to) = (extent.bytes, place.scan.next, extent.next);
                self.core.note_damage(&place.segment, Damage { at, from, to, what });
                self.place = None;
                Ok(Some(self.corrupt(to)))
            }
            Step::Bad(what) => {
                let (at, from) = (place.scan.at, place.scan.next);
                let found = place.scan.resync(extent.bytes, extent.next).map_err(io)?;
                let to = if found { place.scan.next } else { extent.next };
                self.core.note_damage(&place.segment, Damage { at, from, to, what });
                if to <= self.position {
                    return Ok(None); // before the position, or in a preamble
                }
                // Found again at the next read, when something was read before it.
                (place.scan.at, place.scan.next) = (at, from);
                Ok(Some(self.corrupt(to)))
            }
        }
    }

    fn corrupt(&self, to: Offset) -> ReadOutcome {
        ReadOutcome::Gap(Gap { from: self.position, to, reason: GapReason::Corrupt })
    }

    /// Goes to the position in a segment, with the context before it.
    fn enter(&mut self, segment: Arc<Segment>, out: &mut Vec<Record>) -> Result<(), ShaftError> {
        let file = self.core.disk.open(&segment.path);
        let file = match file {
            // Deleted since it was looked up: the next look says so.
            Err(_) if segment.is_removed() => return Ok(()),
            file => file.map_err(ShaftError::io("open", &segment.path))?,
        };
        let mut scan = Scan::new(file, 0, 0);
        (scan.at, scan.next) = {
            let mut map = segment.map.lock();
            if self.position == segment.first {
                (Map::new(segment.first).at, segment.first)
            } else {
                let read_error = || ShaftError::io("read", &segment.path);
                survey(&mut scan, &mut map, &segment, self.position).map_err(read_error())?;
                let context = map.context_before(self.position);
                let mark = map.mark_before(self.position);
                drop(map);
                for mark in context {
                    (scan.at, scan.next) = (mark.at, mark.offset);
                    let step = scan.step(segment.extent().bytes).map_err(read_error())?;
                    if let Step::Record(found) = step {
                        out.push(found.into_record());
                    }
                }
                (mark.at, mark.offset)
            }
        };
        self.place = Some(Place { segment, scan, asked_again: false });
        Ok(())
    }

    /// The record that the next read begins with.
    #[must_use]
    pub const fn position(&self) -> Offset {
        self.position
    }

    /// Goes to another record, back or forth; the durable cursor stays until [`Reader::park`]. Where it
    /// went: beyond the end there is only the end.
    pub fn seek(&mut self, offset: Offset) -> Offset {
        self.position = offset.min(self.core.committed.borrow().next);
        self.place = None;
        self.position
    }

    /// Makes the cursor durable: after a crash the reader starts at `offset`, and what lies before it may
    /// be deleted. Costs one small write and sync.
    ///
    /// # Errors
    /// [`ShaftError::Io`]: then the cursor before this one still holds.
    /// [`ShaftError::Closed`] when the shaft was closed: its folder may belong to another by now.
    pub fn park(&mut self, offset: Offset) -> Result<(), ShaftError> {
        if self.core.committed.borrow().closed {
            return Err(ShaftError::Closed);
        }
        let offset = offset.min(self.core.committed.borrow().next);
        if offset == self.cursor.parked() {
            return Ok(());
        }
        // Backwards first in memory, forwards first on disk: the writer deletes by the one in memory.
        self.cursor.set_parked(offset.min(self.cursor.parked()));
        self.file.park(offset)?;
        self.cursor.set_parked(offset);
        if self.core.has_passed_segment() {
            self.core.nudge();
        }
        Ok(())
    }

    /// Where the durable cursor stands.
    #[must_use]
    pub fn parked(&self) -> Offset {
        self.cursor.parked()
    }

    /// Waits until there is something to read at the position. Cancel-safe.
    ///
    /// A poisoned shaft stays readable, so that ends no wait.
    ///
    /// # Errors
    /// [`ShaftError::Closed`] when the shaft was closed and everything was read.
    pub async fn changed(&mut self) -> Result<(), ShaftError> {
        let position = self.position;
        let ready = |committed: &Committed| committed.next > position || committed.closed;
        let now = self.committed.wait_for(ready).await.map_err(|_gone| ShaftError::Closed)?;
        if now.next > position { Ok(()) } else { Err(ShaftError::Closed) }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.cursor.give_back();
    }
}

impl Core {
    fn whereabouts(&self, position: Offset) -> Whereabouts {
        let next = self.committed.borrow().next;
        let log = self.log.read();
        let gap = |to, reason| Whereabouts::Gap(Gap { from: position, to, reason });
        let after = log.segments.partition_point(|segment| segment.first <= position);
        let Some(segment) = after.checked_sub(1).map(|index| &log.segments[index]) else {
            let to = log.segments.first().map_or(next, |segment| segment.first);
            return if to > position { gap(to, GapReason::Quota) } else { Whereabouts::End };
        };
        if position < segment.extent().next {
            return Whereabouts::In(Arc::clone(segment));
        }
        let to = log.segments.get(after).map_or(next, |segment| segment.first);
        if to > position { gap(to, GapReason::Corrupt) } else { Whereabouts::End }
    }

    fn has_passed_segment(&self) -> bool {
        let slowest = self.slowest();
        let log = self.log.read();
        log.segments.len() > 1
            && slowest.is_some_and(|slowest| log.segments[0].extent().next <= slowest)
    }

    /// The context of the newest segment: what a codec needs to go on where the last process ended.
    pub(crate) fn context(&self) -> Result<Vec<Record>, ShaftError> {
        let Some(segment) = self.log.read().segments.last().cloned() else {
            return Ok(Vec::new());
        };
        let read_error = || ShaftError::io("read", &segment.path);
        let file = self.disk.open(&segment.path).map_err(ShaftError::io("open", &segment.path))?;
        let mut scan = Scan::new(file, 0, 0);
        let mut map = segment.map.lock();
        let extent = segment.extent();
        survey(&mut scan, &mut map, &segment, extent.next).map_err(read_error())?;
        let context = map.context_before(Offset::MAX);
        drop(map);
        let mut records = Vec::new();
        for mark in context {
            (scan.at, scan.next) = (mark.at, mark.offset);
            if let Step::Record(found) = scan.step(extent.bytes).map_err(read_error())? {
                records.push(found.into_record());
            }
        }
        Ok(records)
    }
}

/// Completes a segment's map up to a record.
fn survey(scan: &mut Scan, map: &mut Map, segment: &Segment, until: Offset) -> std::io::Result<()> {
    let extent = segment.extent();
    (scan.at, scan.next) = (map.at, map.next);
    while map.next < until {
        match scan.step(extent.bytes)? {
            Step::Record(found) => map.note(&found.header, found.at),
            Step::End => break,
            Step::Bad(_) => {
                if !scan.resync(extent.bytes, extent.next)? {
                    (map.at, map.next) = (extent.bytes, extent.next);
                }
            }
        }
    }
    Ok(())
}
