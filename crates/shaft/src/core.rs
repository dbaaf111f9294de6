//! What appenders, the writer and readers share.
//!
//! Locks are taken in this order and never held across another's IO: `pen` (one commit at a time, held
//! during IO), `cursors`, `log`, a segment's own, `pending` (short, memory only).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lineshaft_model::Timestamp;
use lineshaft_runtime::{Clock, Disk};
use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
use tokio::sync::watch;

use crate::commit::Pen;
use crate::cursor::Cursor;
use crate::format::{FLAG_GROUP, RECORD_HEADER_BYTES, RecordKind, write_record};
use crate::limits::{DAMAGES_MAX, RECORD_BYTES_MAX};
use crate::segment::Segment;
use crate::verify::Damage;
use crate::{Committed, Offset, Options, Preamble, ReaderStatus, ShaftError, Status, metrics};

/// The shaft without its thread: every step can be taken by hand.
pub(crate) struct Core {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Clock,
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) preamble: Arc<dyn Preamble>,
    pub(crate) pending: Mutex<Pending>,
    /// Something for the writer to do.
    pub(crate) wake: Condvar,
    /// Room for appenders that wait.
    pub(crate) room: Condvar,
    pub(crate) pen: Mutex<Pen>,
    pub(crate) log: RwLock<Log>,
    pub(crate) cursors: Mutex<BTreeMap<String, Arc<Cursor>>>,
    pub(crate) committed: watch::Sender<Committed>,
    pub(crate) tally: Tally,
    pub(crate) damages: Mutex<BTreeSet<(Offset, Offset)>>,
    /// Held while the folder is open; other processes see it.
    pub(crate) lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

/// Records that wait for the writer.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// Encoded, ready to be written.
    pub(crate) bytes: Vec<u8>,
    /// The number of the first of them.
    pub(crate) first: Offset,
    /// The number the next one gets.
    pub(crate) next: Offset,
    /// When the first of them came, by the steady clock.
    pub(crate) since: Duration,
    /// Bytes the writer has taken and not yet committed.
    pub(crate) in_flight: usize,
    /// Why there is no room on the disk.
    pub(crate) full: Option<Arc<str>>,
    /// When the writer tries again.
    pub(crate) retry_at: Duration,
    pub(crate) poisoned: Option<Arc<str>>,
    pub(crate) closed: bool,
    /// There is a writer thread; otherwise steps are taken by hand.
    pub(crate) has_writer: bool,
    /// The writer shall commit what there is and end.
    pub(crate) stop: bool,
    /// The writer shall take a step now.
    pub(crate) nudged: bool,
}

/// The segments, oldest first. The newest is never removed.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) segments: Vec<Arc<Segment>>,
}

impl Log {
    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.extent().bytes).sum()
    }
}

/// What happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) gaps: AtomicU64,
    pub(crate) lost_records: AtomicU64,
    pub(crate) damaged_records: AtomicU64,
    pub(crate) torn_bytes: AtomicU64,
    /// When the last record before this start arrived.
    pub(crate) stopped: Option<Timestamp>,
}

/// What an appender does when too much waits already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenBusy {
    Wait,
    Refuse,
}

impl Core {
    /// Puts records behind one another into the buffer; the number of the last one.
    pub(crate) fn append(
        &self,
        records: &[(RecordKind, &[u8])],
        when_busy: WhenBusy,
    ) -> Result<Offset, ShaftError> {
        let mut bytes = 0;
        for (kind, payload) in records {
            assert!(*kind != RecordKind::PREAMBLE, "a preamble is written, never appended");
            if payload.len() > RECORD_BYTES_MAX {
                let (bytes, max) = (payload.len(), RECORD_BYTES_MAX);
                return Err(ShaftError::TooLarge { bytes, max });
            }
            bytes += RECORD_HEADER_BYTES + payload.len();
        }
        let arrived = self.clock.now();
        let mut pending = self.pending.lock();
        loop {
            pending.check_open()?;
            let waiting = pending.bytes.len() + pending.in_flight;
            // What is larger than the whole buffer goes in alone, or it could never go in.
            if waiting == 0 || waiting + bytes <= self.options.buffer_bytes_max {
                break;
            }
            if when_busy == WhenBusy::Refuse {
                return Err(ShaftError::Busy { waiting, max: self.options.buffer_bytes_max });
            }
            if pending.has_writer {
                self.room.wait(&mut pending);
            } else {
                // Nobody else would make room.
                MutexGuard::unlocked(&mut pending, || self.step());
            }
        }
        if pending.bytes.is_empty() {
            pending.first = pending.next;
            pending.since = self.clock.steady();
            self.wake.notify_one();
        }
        let before = pending.bytes.len();
        for (kind, payload) in records {
            let flags = if pending.bytes.is_empty() { FLAG_GROUP } else { 0 };
            let offset = pending.next;
            write_record(&mut pending.bytes, *kind, flags, offset, arrived, payload);
            pending.next += 1;
        }
        let commit_bytes = self.options.commit_bytes;
        if before < commit_bytes && pending.bytes.len() >= commit_bytes {
            self.wake.notify_one();
        }
        let last = pending.next.saturating_sub(1);
        drop(pending);
        ::metrics::counter!(metrics::RECORDS).increment(records.len() as u64);
        Ok(last)
    }

    /// Whether half of the buffer is free, or appending fails for another reason anyway.
    pub(crate) fn has_room(&self) -> bool {
        let pending = self.pending.lock();
        let stopped = pending.full.is_some() || pending.poisoned.is_some() || pending.closed;
        stopped || pending.bytes.len() + pending.in_flight <= self.options.buffer_bytes_max / 2
    }

    /// Wakes the writer for a step.
    pub(crate) fn nudge(&self) {
        self.pending.lock().nudged = true;
        self.wake.notify_one();
    }

    /// Takes nothing more until a restart, and tells everyone why.
    pub(crate) fn poison(&self, reason: &str) {
        let reason: Arc<str> = reason.into();
        let mut pending = self.pending.lock();
        if pending.poisoned.is_some() {
            return;
        }
        pending.poisoned = Some(Arc::clone(&reason));
        pending.bytes = Vec::new();
        pending.in_flight = 0;
        drop(pending);
        self.room.notify_all();
        tracing::error!(reason = &*reason, "the shaft stopped writing until a restart");
        ::metrics::gauge!(metrics::POISONED).set(1.0);
        self.committed.send_modify(|committed| committed.poisoned = Some(reason));
    }

    /// Ends it: what waits and could not be committed is gone, and nobody was told otherwise.
    pub(crate) fn close(&self) {
        let mut pending = self.pending.lock();
        pending.closed = true;
        drop(pending);
        self.room.notify_all();
        self.committed.send_modify(|committed| committed.closed = true);
        self.lock.lock().take();
    }

    /// Counts and logs a damaged place, once.
    pub(crate) fn note_damage(&self, segment: &Segment, damage: Damage) {
        let mut known = self.damages.lock();
        if known.len() >= DAMAGES_MAX || !known.insert((damage.from, damage.to)) {
            return;
        }
        drop(known);
        let records = damage.to - damage.from;
        self.tally.damaged_records.fetch_add(records, Ordering::Relaxed);
        ::metrics::counter!(metrics::DAMAGED).increment(records);
        tracing::error!(
            path = %segment.path.display(),
            at = damage.at,
            from = damage.from,
            to = damage.to,
            what = damage.what,
            "the shaft is damaged"
        );
    }

    /// The oldest record that any reader's durable cursor still needs; `None` without readers.
    pub(crate) fn slowest(&self) -> Option<Offset> {
        self.cursors.lock().values().map(|cursor| cursor.parked()).min()
    }

    pub(crate) fn status(&self) -> Status {
        let cursors: Vec<_> =
            self.cursors.lock().iter().map(|(name, c)| (name.clone(), c.parked())).collect();
        let committed = self.committed.borrow().clone();
        // A copy: a reader can have a segment's map for as long as it reads the segment, and the writer wants the log.
        let log = Log { segments: self.log.read().segments.clone() };
        let lag = |offset: Offset| log.segments.iter().map(|s| s.bytes_from(offset)).sum();
        let readers = cursors
            .into_iter()
            .map(|(name, offset)| ReaderStatus { name, offset, lag_bytes: lag(offset) })
            .collect();
        let pending = self.pending.lock();
        Status {
            bytes: log.bytes(),
            quota_bytes: self.options.quota_bytes,
            segments: u32::try_from(log.segments.len()).unwrap_or(u32::MAX),
            first_offset: log.segments.first().map_or(committed.next, |s| s.first),
            next_offset: pending.next,
            committed_offset: committed.next,
            oldest: log.segments.first().and_then(|s| s.arrived),
            poisoned: committed.poisoned,
            full: pending.full.clone(),
            gaps: self.tally.gaps.load(Ordering::Relaxed),
            lost_records: self.tally.lost_records.load(Ordering::Relaxed),
            damaged_records: self.tally.damaged_records.load(Ordering::Relaxed),
            torn_bytes: self.tally.torn_bytes.load(Ordering::Relaxed),
            stopped: self.tally.stopped,
            readers,
        }
    }
}

impl Pending {
    fn check_open(&self) -> Result<(), ShaftError> {
        if let Some(reason) = &self.poisoned {
            return Err(ShaftError::Poisoned { reason: Arc::clone(reason) });
        }
        if self.closed || self.stop {
            return Err(ShaftError::Closed);
        }
        if let Some(reason) = &self.full {
            return Err(ShaftError::Full { reason: Arc::clone(reason) });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shaft").field("dir", &self.dir).field("status", &self.status()).finish()
    }
}
