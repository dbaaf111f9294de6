//! What callers, the writer and readers share.
//!
//! Locks are taken in this order: `pen` (one group at a time, held during IO), `log`, a segment's own, `queue` and
//! `health` (short, memory only).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::Timestamp;
use lineshaft_runtime::{Clock, Disk};
use parking_lot::{Condvar, Mutex, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::commit::Pen;
use crate::entry::{LINE_FRAME_BYTES_MAX, members};
use crate::key::SigningKey;
use crate::limits::{ENTRY_BYTES_MAX, QUEUE_UNIT_BYTES, QUEUE_UNITS};
use crate::segment::Segment;
use crate::tiles::Tiles;
use crate::{
    Act, Checkpoint, Options, ReadError, Recorded, TrailError, TrailState, TrailStatus, metrics,
};

/// The trail without its thread: every step can be taken by hand.
pub(crate) struct Core {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Clock,
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) key: SigningKey,
    pub(crate) tiles: Tiles,
    pub(crate) queue: Mutex<Queue>,
    /// Something for the writer to do.
    pub(crate) wake: Condvar,
    /// Room in the queue.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) pen: Mutex<Pen>,
    pub(crate) log: RwLock<Log>,
    pub(crate) health: Mutex<Health>,
    /// Only one moves segments away at a time. Taken before all others.
    pub(crate) moving: Mutex<()>,
    /// Held while the folder is open; other processes see it.
    pub(crate) lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

/// What waits for the writer.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) waiting: Vec<Waiting>,
    /// When the first of them came, by the steady clock.
    pub(crate) since: Duration,
    /// There is a writer thread; otherwise steps are taken by hand.
    pub(crate) has_writer: bool,
    /// The writer shall write what there is and end.
    pub(crate) stop: bool,
    pub(crate) closed: bool,
    /// Why nothing is written any more.
    pub(crate) stopped: Option<Arc<str>>,
}

/// An act that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) time: Timestamp,
    pub(crate) members: Vec<u8>,
    /// Nobody waits for what the trail says of itself.
    pub(crate) caller: Option<Caller>,
}

#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) answer: oneshot::Sender<Result<Recorded, TrailError>>,
    /// Its place in the queue, free again when it is answered.
    pub(crate) _place: OwnedSemaphorePermit,
}

/// What is on disk. Segments oldest first; the newest is never moved.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) checkpoint: Checkpoint,
}

impl Log {
    pub(crate) const fn size(&self) -> u64 {
        self.checkpoint.size()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.extent().bytes).sum()
    }

    pub(crate) fn oldest(&self) -> u64 {
        self.segments.first().map_or(self.size(), |segment| segment.first)
    }
}

/// How it is doing, for people.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Why there is no room on the disk.
    pub(crate) full: Option<Arc<str>>,
    /// When the log last said so, by the steady clock.
    pub(crate) full_said: Option<Duration>,
    pub(crate) free_bytes: Option<u64>,
    pub(crate) low: bool,
    pub(crate) recovered: Option<Arc<str>>,
}

impl Core {
    /// Hands an act to the writer and waits for the answer.
    pub(crate) async fn record(&self, act: Act) -> Result<Recorded, TrailError> {
        let members = members(&act);
        let (bytes, max) = (members.len() + LINE_FRAME_BYTES_MAX, ENTRY_BYTES_MAX);
        if bytes > max {
            ::metrics::counter!(metrics::REFUSED).increment(1);
            return Err(TrailError::TooLarge { bytes, max });
        }
        let units = u32::try_from(bytes.div_ceil(QUEUE_UNIT_BYTES)).unwrap_or(QUEUE_UNITS);
        let room = Arc::clone(&self.room);
        let place = room.acquire_many_owned(units).await.map_err(|_closed| self.why_closed())?;
        let (answer, answered) = oneshot::channel();
        self.enqueue(members, Some(Caller { answer, _place: place }))?;
        // The writer answers everybody it has taken; it can only be gone by a panic.
        answered.await.unwrap_or_else(|_gone| Err(self.why_closed()))
    }

    /// Puts an act into the queue.
    pub(crate) fn enqueue(
        &self,
        members: Vec<u8>,
        caller: Option<Caller>,
    ) -> Result<(), TrailError> {
        let mut queue = self.queue.lock();
        queue.check_open()?;
        if queue.waiting.last().is_none_or(|last| last.caller.is_none()) {
            queue.since = self.clock.steady();
            self.wake.notify_one();
        }
        // Within the lock, so that times rise with the numbers unless the clock is set back.
        let time = self.clock.now();
        queue.waiting.push(Waiting { time, members, caller });
        Ok(())
    }

    fn why_closed(&self) -> TrailError {
        self.queue.lock().check_open().err().unwrap_or(TrailError::Closed)
    }

    /// Writes nothing more until a restart, and tells everyone why.
    pub(crate) fn stop(&self, reason: &str) {
        let mut queue = self.queue.lock();
        if queue.stopped.is_some() {
            return;
        }
        let reason: Arc<str> = reason.into();
        queue.stopped = Some(Arc::clone(&reason));
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        tracing::error!(reason = &*reason, "the audit trail stopped writing until a restart");
        ::metrics::gauge!(metrics::STOPPED).set(1.0);
        refuse(waiting, &TrailError::Stopped { reason });
        self.room.close();
    }

    /// Ends it: what waits and could not be written is refused.
    pub(crate) fn close(&self) {
        let mut queue = self.queue.lock();
        queue.closed = true;
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        refuse(waiting, &TrailError::Closed);
        self.room.close();
        self.lock.lock().take();
    }

    pub(crate) fn status(&self) -> TrailStatus {
        let (stopped, closed) = {
            let queue = self.queue.lock();
            (queue.stopped.clone(), queue.closed)
        };
        let (checkpoint, bytes, segments, oldest) = {
            let log = self.log.read();
            (log.checkpoint.clone(), log.bytes(), log.segments.len(), log.oldest())
        };
        let health = self.health.lock();
        let state = match (&stopped, closed, &health.full) {
            (Some(_), ..) => TrailState::Stopped,
            (None, true, _) => TrailState::Closed,
            (None, false, Some(_)) => TrailState::Full,
            (None, false, None) => TrailState::Writing,
        };
        TrailStatus {
            entries: checkpoint.size(),
            bytes,
            segments: u32::try_from(segments).unwrap_or(u32::MAX),
            checkpoint,
            oldest_kept: oldest,
            state,
            error: stopped.or_else(|| health.full.clone()),
            free_bytes: health.free_bytes,
            low: health.low,
            recovered: health.recovered.clone(),
        }
    }

    /// The number of entries, and the segments that are here.
    pub(crate) fn snapshot(&self) -> (Checkpoint, Vec<Arc<Segment>>) {
        let log = self.log.read();
        (log.checkpoint.clone(), log.segments.clone())
    }

    /// Turns a refusal of the disk into one of reading: a file may just have been archived.
    pub(crate) fn read_error(&self, segment: &Segment, source: std::io::Error) -> ReadError {
        let oldest = self.log.read().oldest();
        if segment.first < oldest {
            return ReadError::Archived { oldest };
        }
        ReadError::io("read", &segment.path)(source)
    }
}

/// Tells everybody that his act was not recorded.
pub(crate) fn refuse(waiting: Vec<Waiting>, error: &TrailError) {
    ::metrics::counter!(metrics::REFUSED).increment(waiting.len() as u64);
    for caller in waiting.into_iter().filter_map(|waiting| waiting.caller) {
        // A caller that has gone away does not wait for it.
        let _ = caller.answer.send(Err(error.clone()));
    }
}

impl Queue {
    fn check_open(&self) -> Result<(), TrailError> {
        if let Some(reason) = &self.stopped {
            return Err(TrailError::Stopped { reason: Arc::clone(reason) });
        }
        if self.closed || self.stop { Err(TrailError::Closed) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trail").field("dir", &self.dir).field("status", &self.status()).finish()
    }
}
