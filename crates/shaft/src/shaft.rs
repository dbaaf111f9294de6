//! The handle that everybody holds.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use lineshaft_runtime::{Clock, Disk};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::core::{Core, WhenBusy};
use crate::format::{Record, RecordKind};
use crate::{Committed, From, Offset, Options, Reader, ShaftError, Status};

/// What each segment begins with, so that it can be read alone.
pub trait Preamble: Send + Sync {
    /// Adds the preamble as it is now. Called by the writer when it begins a segment; it must cover
    /// everything that records appended so far need. It must not wait for the shaft.
    fn write(&self, out: &mut Vec<u8>);
}

/// No preamble.
impl Preamble for () {
    fn write(&self, _out: &mut Vec<u8>) {}
}

/// The durable log. Clones are the same log; the last one to go closes it.
#[derive(Debug, Clone)]
pub struct Shaft {
    core: Arc<Core>,
    keeper: Arc<Keeper>,
}

/// Ends the writer thread when nobody holds the shaft any more.
#[derive(Debug)]
struct Keeper {
    core: Arc<Core>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Shaft {
    /// Opens the log in a folder, or makes it: cuts a torn tail off, counts on from the last record, and
    /// starts the writer thread.
    ///
    /// # Errors
    /// [`ShaftError::Locked`] while another process has it, [`ShaftError::Newer`] for the folder of a
    /// later version, [`ShaftError::Io`] when the disk refuses.
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Clock,
        dir: &Path,
        options: Options,
        preamble: Arc<dyn Preamble>,
    ) -> Result<Shaft, ShaftError> {
        let shaft = Shaft::open_stepped(disk, clock, dir, options, preamble)?;
        let core = Arc::clone(&shaft.core);
        core.pending.lock().has_writer = true;
        let thread = std::thread::Builder::new().name("shaft-writer".into());
        let spawned = thread.spawn(move || core.run());
        let handle = spawned.map_err(ShaftError::io("start the writer thread of", dir))?;
        *shaft.keeper.writer.lock() = Some(handle);
        Ok(shaft)
    }

    /// As [`Shaft::open`] but without a thread: nothing is committed until [`Shaft::commit`], or until an
    /// appender would have to wait for room. For simulation, where the order of all steps comes from a
    /// seed.
    ///
    /// # Errors
    /// As [`Shaft::open`].
    pub fn open_stepped(
        disk: Arc<dyn Disk>,
        clock: Clock,
        dir: &Path,
        options: Options,
        preamble: Arc<dyn Preamble>,
    ) -> Result<Shaft, ShaftError> {
        let core = Arc::new(Core::open(disk, clock, dir, options, preamble)?);
        let keeper = Keeper { core: Arc::clone(&core), writer: Mutex::new(None) };
        Ok(Shaft { core, keeper: Arc::new(keeper) })
    }

    /// Appends a record; its number. Waits while too much waits for the disk, so not on an executor.
    ///
    /// It is on disk once [`Shaft::durable`] says so.
    ///
    /// # Errors
    /// [`ShaftError::Full`] while there is no room (try again later), [`ShaftError::Poisoned`] and
    /// [`ShaftError::Closed`] for good, [`ShaftError::TooLarge`].
    ///
    /// # Panics
    /// For [`RecordKind::PREAMBLE`], which only [`Preamble`] writes.
    pub fn append(&self, kind: RecordKind, payload: &[u8]) -> Result<Offset, ShaftError> {
        self.core.append(&[(kind, payload)], WhenBusy::Wait)
    }

    /// As [`Shaft::append`], but never waits.
    ///
    /// # Errors
    /// [`ShaftError::Busy`] where [`Shaft::append`] would wait; wait with [`Shaft::room`].
    ///
    /// # Panics
    /// As [`Shaft::append`].
    pub fn try_append(&self, kind: RecordKind, payload: &[u8]) -> Result<Offset, ShaftError> {
        self.core.append(&[(kind, payload)], WhenBusy::Refuse)
    }

    /// Appends records right behind one another, in one group commit; the number of the last.
    ///
    /// # Errors
    /// As [`Shaft::append`]; then none of them was appended.
    ///
    /// # Panics
    /// As [`Shaft::append`].
    pub fn append_many(&self, records: &[(RecordKind, &[u8])]) -> Result<Offset, ShaftError> {
        self.core.append(records, WhenBusy::Wait)
    }

    /// As [`Shaft::append_many`], but never waits.
    ///
    /// # Errors
    /// As [`Shaft::try_append`]; then none of them was appended.
    ///
    /// # Panics
    /// As [`Shaft::append`].
    pub fn try_append_many(&self, records: &[(RecordKind, &[u8])]) -> Result<Offset, ShaftError> {
        self.core.append(records, WhenBusy::Refuse)
    }

    /// Waits until fewer than half of the bytes wait that may, or appending fails for another reason.
    pub async fn room(&self) {
        let mut committed = self.core.committed.subscribe();
        loop {
            // Seen before looking, so that a commit in between ends the wait.
            committed.borrow_and_update();
            if self.core.has_room() || committed.changed().await.is_err() {
                return;
            }
        }
    }

    /// How far the log is on disk, as it changes.
    #[must_use]
    pub fn committed(&self) -> watch::Receiver<Committed> {
        self.core.committed.subscribe()
    }

    /// Waits until a record is on disk. Cancel-safe.
    ///
    /// While there is no room on the disk this waits: the record is kept and tried again.
    ///
    /// # Errors
    /// [`ShaftError::Poisoned`] or [`ShaftError::Closed`]: nobody knows whether it is, or will be.
    pub async fn durable(&self, offset: Offset) -> Result<(), ShaftError> {
        let mut committed = self.core.committed.subscribe();
        let settled = |c: &Committed| c.next > offset || c.poisoned.is_some() || c.closed;
        let now = committed.wait_for(settled).await.map_err(|_gone| ShaftError::Closed)?;
        match &now.poisoned {
            _ if now.next > offset => Ok(()),
            Some(reason) => Err(ShaftError::Poisoned { reason: Arc::clone(reason) }),
            None => Err(ShaftError::Closed),
        }
    }

    /// Opens a reader at its durable cursor; one that is new starts at `from`.
    ///
    /// From then on nothing is deleted that it has not passed, except by quota. A damaged cursor
    /// starts at the oldest record.
    ///
    /// # Errors
    /// [`ShaftError::Reader`] for a name that cannot be a file's or is open already; [`ShaftError::Io`].
    pub fn reader(&self, name: &str, from: From) -> Result<Reader, ShaftError> {
        Reader::open(&self.core, name, from)
    }

    /// Forgets a reader that will not come back: its cursor holds nothing any more.
    ///
    /// # Errors
    /// [`ShaftError::Reader`] while it is open; [`ShaftError::Io`].
    pub fn forget_reader(&self, name: &str) -> Result<(), ShaftError> {
        let core = &self.core;
        let Some(cursor) = core.cursors.lock().get(name).cloned() else { return Ok(()) };
        if !cursor.take() {
            return Err(ShaftError::Reader { name: name.into(), why: "is open" });
        }
        let dir = core.dir.join(crate::open::CURSORS);
        let path = dir.join(name);
        let removed = core.disk.remove(&path).and_then(|()| core.disk.sync_dir(&dir));
        removed.map_err(ShaftError::io("remove", &path)).inspect_err(|_| cursor.give_back())?;
        core.cursors.lock().remove(name);
        core.nudge();
        Ok(())
    }

    /// The context of the newest segment, oldest first: what a codec needs to go on.
    ///
    /// # Errors
    /// [`ShaftError::Io`].
    pub fn context(&self) -> Result<Vec<Record>, ShaftError> {
        self.core.context()
    }

    /// Whether the next record goes into the newest segment, all of which could be read when the shaft was
    /// opened; otherwise it begins a new one.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.core.goes_on()
    }

    /// The next record begins a new segment, with the preamble as it then is.
    pub fn end_segment(&self) {
        self.core.end_segment();
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.core.status()
    }

    /// Commits what waits, on the calling thread, and deletes what every reader has passed.
    pub fn commit(&self) -> Committed {
        self.core.step();
        self.core.committed.borrow().clone()
    }

    /// Commits what waits, ends the writer thread, and gives the folder free. Readers that are still
    /// there can read on, but not park.
    pub fn close(&self) {
        self.keeper.close();
    }
}

impl Keeper {
    fn close(&self) {
        let writer = self.writer.lock().take();
        let mut pending = self.core.pending.lock();
        if pending.closed {
            return;
        }
        pending.stop = true;
        drop(pending);
        self.core.wake.notify_one();
        match writer {
            // A panic of the writer has poisoned the shaft and told so.
            Some(writer) => drop(writer.join()),
            None => self.core.step(),
        }
        self.core.close();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.close();
    }
}
