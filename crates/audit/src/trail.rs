//! The handle that everybody holds.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};

use lineshaft_runtime::{Clock, Disk};
use parking_lot::Mutex;

use crate::core::Core;
use crate::{
    Act, Actor, Checkpoint, Entry, ExportSummary, OpenError, Options, Page, Proof, Query,
    ReadError, Recorded, Report, TrailError, TrailStatus, VerifyError,
};

/// The audit trail. Clones are the same trail; the last one to go closes it.
#[derive(Debug, Clone)]
pub struct Trail {
    core: Arc<Core>,
    keeper: Arc<Keeper>,
}

/// Ends the writer thread when nobody holds the trail any more.
#[derive(Debug)]
struct Keeper {
    core: Arc<Core>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Trail {
    /// Opens the trail in a folder, or makes it: cuts what was never answered for, counts on from the last entry, and
    /// starts the writer thread. Reads the newest segment only.
    ///
    /// # Errors
    /// [`OpenError::Locked`] while another process has it, [`OpenError::Newer`] for the folder of a later version,
    /// [`OpenError::Key`] when the key is missing or another one, [`OpenError::Damaged`] when nothing can follow,
    /// [`OpenError::Io`] when the disk refuses.
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Clock,
        dir: &Path,
        options: Options,
    ) -> Result<Trail, OpenError> {
        let trail = Trail::open_stepped(disk, clock, dir, options)?;
        let core = Arc::clone(&trail.core);
        core.queue.lock().has_writer = true;
        let thread = std::thread::Builder::new().name("audit-writer".into());
        let spawned = thread.spawn(move || core.run());
        let handle = spawned.map_err(OpenError::io("start the writer thread of", dir))?;
        *trail.keeper.writer.lock() = Some(handle);
        Ok(trail)
    }

    /// As [`Trail::open`] but without a thread: nothing is written until [`Trail::commit`], and
    /// [`Trail::record_blocking`] commits by itself. For simulation, where the order of all steps comes from a seed.
    ///
    /// # Errors
    /// As [`Trail::open`].
    pub fn open_stepped(
        disk: Arc<dyn Disk>,
        clock: Clock,
        dir: &Path,
        options: Options,
    ) -> Result<Trail, OpenError> {
        let core = Arc::new(Core::open(disk, clock, dir, options)?);
        let keeper = Keeper { core: Arc::clone(&core), writer: Mutex::new(None) };
        Ok(Trail { core, keeper: Arc::new(keeper) })
    }

    /// Records an act; on disk when it returns. Waits while too much waits for the disk already.
    ///
    /// Dropped before it returns, the act may be recorded or not.
    ///
    /// # Errors
    /// [`TrailError::Full`] while there is no room (try again later), [`TrailError::Stopped`] and
    /// [`TrailError::Closed`] for good, [`TrailError::TooLarge`]. After [`TrailError::Stopped`] nobody knows whether
    /// the entry is on disk; after the others it is not.
    pub async fn record(&self, act: Act) -> Result<Recorded, TrailError> {
        self.core.record(act).await
    }

    /// As [`Trail::record`], for a thread that may wait. Not on an executor.
    ///
    /// # Errors
    /// As [`Trail::record`].
    pub fn record_blocking(&self, act: Act) -> Result<Recorded, TrailError> {
        let by_hand = !self.core.queue.lock().has_writer;
        wait_for(self.core.record(act), || {
            if by_hand {
                self.core.step();
            }
        })
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> TrailStatus {
        self.core.status()
    }

    /// The newest checkpoint: that of no entries in a new trail.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.core.log.read().checkpoint.clone()
    }

    /// The public key, `name+hash+base64`: whoever has it and a checkpoint can check everything without us.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.core.key.verifier().to_string()
    }

    /// A page of entries. Looks at 200,000 entries at most and then answers with a `next`.
    ///
    /// Entries that cannot be read any more are passed over; [`Trail::verify`] names them.
    ///
    /// # Errors
    /// [`ReadError::Io`], [`ReadError::Archived`] when a segment was moved away right now.
    pub fn read(&self, query: &Query) -> Result<Page, ReadError> {
        self.core.read(query)
    }

    /// One entry; `None` when there is none of this number yet.
    ///
    /// # Errors
    /// [`ReadError::Archived`], [`ReadError::Damaged`], [`ReadError::Io`].
    pub fn entry(&self, seq: u64) -> Result<Option<Entry>, ReadError> {
        self.core.entry(seq)
    }

    /// The proof that entry `seq` is in the tree of `size` entries: 27 hashes for 80 million.
    ///
    /// # Errors
    /// [`ReadError::Outside`], [`ReadError::Io`].
    pub fn inclusion(&self, seq: u64, size: u64) -> Result<Proof, ReadError> {
        self.core.inclusion(seq, size)
    }

    /// The proof that an entry is in the trail as it is now, with its checkpoint, as one text (C2SP `tlog-proof`).
    ///
    /// # Errors
    /// As [`Trail::inclusion`].
    pub fn proof_text(&self, seq: u64) -> Result<String, ReadError> {
        let checkpoint = self.checkpoint();
        Ok(self.inclusion(seq, checkpoint.size())?.to_text(seq, &checkpoint))
    }

    /// The proof that the tree of `to` entries begins with the tree of `from` entries.
    ///
    /// # Errors
    /// As [`Trail::inclusion`].
    pub fn consistency(&self, from: u64, to: u64) -> Result<Proof, ReadError> {
        self.core.consistency(from, to)
    }

    /// Writes entries as one text that proves itself. An end beyond the trail means its end.
    ///
    /// # Errors
    /// [`ReadError::Outside`], [`ReadError::Archived`], [`ReadError::Damaged`] (what was written by then is of no
    /// use), [`ReadError::Export`] when `out` takes no more, [`ReadError::Io`].
    pub fn export(
        &self,
        range: Range<u64>,
        out: &mut dyn io::Write,
    ) -> Result<ExportSummary, ReadError> {
        self.core.export(range, out)
    }

    /// Verifies the running trail up to its newest checkpoint: see [`crate::verify`].
    ///
    /// # Errors
    /// As [`crate::verify`].
    pub fn verify(&self, known: &[Checkpoint]) -> Result<Report, VerifyError> {
        self.core.verify(known)
    }

    /// Moves closed segments whose entries are all before `up_to` to a folder on the same file system, and records
    /// it first; where they are now. Their hashes stay: every entry can still be proved.
    ///
    /// # Errors
    /// [`ReadError::Record`] when it could not be recorded, and then nothing was moved; [`ReadError::Io`].
    pub fn archive(
        &self,
        up_to: u64,
        to: &Path,
        by: &Actor,
        why: &str,
    ) -> Result<Vec<PathBuf>, ReadError> {
        let _moving = self.core.moving.lock();
        let count = self.core.archivable(up_to);
        if count == 0 {
            return Ok(Vec::new());
        }
        let act = self.core.archive_act(by, count, to, why);
        self.record_blocking(act).map_err(|source| ReadError::Record { source })?;
        self.core.move_oldest(count, to)
    }

    /// Writes what waits, on the calling thread.
    pub fn commit(&self) {
        self.core.step();
    }

    /// Writes what waits, ends the writer thread, and gives the folder free. Reading goes on.
    pub fn close(&self) {
        self.keeper.close();
    }
}

impl Keeper {
    fn close(&self) {
        let writer = self.writer.lock().take();
        let mut queue = self.core.queue.lock();
        if queue.closed {
            return;
        }
        queue.stop = true;
        drop(queue);
        self.core.wake.notify_one();
        match writer {
            // A panic of the writer has stopped the trail and told so.
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

/// Runs a future to its end on this thread, `help`ing before each wait.
///
/// Not an executor's `block_on`: that refuses on a thread that belongs to one, and what is awaited here needs none.
fn wait_for<T>(future: impl Future<Output = T>, help: impl Fn()) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    // Unconstrained: an executor's budget for a task would make it give way for ever.
    let mut future = pin!(tokio::task::unconstrained(future));
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
        help();
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
        std::thread::park();
    }
}
