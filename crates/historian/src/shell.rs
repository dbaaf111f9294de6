//! The thread that takes samples from the shaft: a thin shell around the historian.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use lineshaft_contract::Chain;
use lineshaft_record::{Decoded, DecodedBatch, Decoder};
use lineshaft_runtime::{Backoff, Seed};
use lineshaft_shaft::{Gap, ReadOutcome, Reader, Record};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::error::HistorianError;
use crate::historian::Historian;
use crate::metrics;
use crate::seal::Sealed;

/// Bytes of records that are read at once.
const READ_BYTES_MAX: usize = 1 << 20;
/// How often ages are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How often segments past their age are dropped.
const EXPIRE: Duration = Duration::from_secs(600);

impl Historian {
    /// Reads the shaft until `stop`, or until the shaft is closed and read to its end. Blocks: it wants a thread of
    /// its own. `reader` is moved to [`Historian::covered`], `decoder` must be new.
    ///
    /// # Errors
    /// [`HistorianError::Disk`] when the thread cannot be set up; nothing else ends it: a shaft that cannot be
    /// read and a disk that cannot be written are tried again and told in [`Historian::error`].
    pub fn run(
        self: &Arc<Self>,
        reader: Reader,
        decoder: Decoder,
        stop: &CancellationToken,
    ) -> Result<(), HistorianError> {
        let timer = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let timer = timer.map_err(HistorianError::disk("wait for", &self.store.dir))?;
        let first = Duration::from_secs(1);
        let mut shell = Shell {
            historian: self.clone(),
            reader,
            is_placed: false,
            decoder,
            batch: DecodedBatch::default(),
            records: Vec::new(),
            sealing: None,
            sealed: Arc::new(Notify::new()),
            backoff: Backoff::new(first, Duration::from_secs(60), Seed::new(self.covered())),
            retry_at: None,
            expired_at: None,
        };
        while !stop.is_cancelled() {
            shell.look_after_seals();
            shell.expire();
            let wait = match shell.start() {
                None if shell.has_room() => shell.read(),
                None => Some(Wait::Seal),
                later => later,
            };
            if let Some(wait) = wait
                && timer.block_on(shell.wait(wait, stop)).is_closed()
            {
                break;
            }
        }
        shell.finish();
        Ok(())
    }

    /// Whether what is in memory should be sealed now.
    fn is_seal_due(&self) -> bool {
        let state = self.state.read();
        let age = state.hot_since.map(|since| self.clock.steady().saturating_sub(since));
        state.frozen.is_some()
            || state.hot.bytes() >= self.options.seal_bytes()
            || age.is_some_and(|age| age >= self.options.seal_age)
    }
}

/// What to wait for, beside the end and the next look at ages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Records,
    Seal,
    /// After an error.
    Time(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    Ready,
    Closed,
}

impl Woken {
    const fn is_closed(self) -> bool {
        matches!(self, Woken::Closed)
    }
}

struct Shell {
    historian: Arc<Historian>,
    reader: Reader,
    /// Whether the reader stands where segments end, or behind it.
    is_placed: bool,
    decoder: Decoder,
    batch: DecodedBatch,
    records: Vec<Record>,
    sealing: Option<JoinHandle<Result<Sealed, HistorianError>>>,
    sealed: Arc<Notify>,
    backoff: Backoff,
    retry_at: Option<Duration>,
    expired_at: Option<Duration>,
}

impl Shell {
    /// Goes to where segments end; what to wait for when the disk does not let it.
    fn start(&mut self) -> Option<Wait> {
        if !self.is_placed {
            if let Err(error) = self.historian.seek(&mut self.reader) {
                tracing::error!(error = %Chain(&error), "the historian cannot go on from the shaft's end");
                return Some(Wait::Time(self.backoff.next_delay()));
            }
            self.is_placed = true;
        }
        None
    }

    fn has_room(&self) -> bool {
        let state = self.historian.state.read();
        let frozen = state.frozen.as_ref().map(|frozen| frozen.bytes());
        // Without a seal under way there is room: one is begun before more is read.
        frozen
            .is_none_or(|frozen| frozen + state.hot.bytes() < self.historian.options.hot_bytes_max)
    }

    fn read(&mut self) -> Option<Wait> {
        match self.reader.next(READ_BYTES_MAX, &mut self.records) {
            Ok(ReadOutcome::Records) => {
                self.take_in();
                None
            }
            Ok(ReadOutcome::End) => Some(Wait::Records),
            Ok(ReadOutcome::Gap(gap)) => {
                self.note(gap);
                None
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "the historian cannot read the shaft");
                Some(Wait::Time(self.backoff.next_delay()))
            }
        }
    }

    fn take_in(&mut self) {
        for record in &self.records {
            match self.decoder.decode(record, &mut self.batch) {
                Ok(Decoded::Batch) => {
                    let lost = self.batch.unknown;
                    if lost > 0 {
                        tracing::error!(
                            record = record.offset,
                            samples = lost,
                            "samples of unknown tags are lost"
                        );
                    }
                    self.historian.ingest(record.offset, &self.batch.rows);
                }
                Ok(Decoded::Context | Decoded::Other) => {}
                Err(error) => {
                    ::metrics::counter!(metrics::LOST_RECORDS).increment(1);
                    tracing::error!(record = record.offset, error = %Chain(&error), "a record is lost to history");
                }
            }
        }
        self.historian.pass(self.reader.position());
        self.historian.measure();
    }

    fn note(&self, gap: Gap) {
        let records = gap.to.saturating_sub(gap.from);
        ::metrics::counter!(metrics::LOST_RECORDS).increment(records);
        let why = gap.reason.word();
        tracing::error!(
            from = gap.from,
            to = gap.to,
            why,
            "records of the shaft are lost to history"
        );
        self.historian.pass(gap.to);
    }

    fn look_after_seals(&mut self) {
        if self.sealing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.end_seal();
        }
        let now = self.historian.clock.steady();
        if self.sealing.is_some() || self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        if self.historian.is_seal_due() {
            self.historian.freeze();
            let (historian, sealed) = (self.historian.clone(), self.sealed.clone());
            let thread = std::thread::Builder::new().name("historian-seal".into());
            let spawned = thread.spawn(move || {
                let result = historian.finish_frozen();
                sealed.notify_one();
                result
            });
            match spawned {
                // Until it ends there is no time to wait for.
                Ok(handle) => (self.sealing, self.retry_at) = (Some(handle), None),
                Err(error) => {
                    tracing::warn!(%error, "no thread for a seal");
                    self.retry_at = Some(now + self.backoff.next_delay());
                }
            }
        }
    }

    fn end_seal(&mut self) {
        let Some(handle) = self.sealing.take() else { return };
        match handle.join() {
            Ok(Ok(sealed)) => {
                self.retry_at = None;
                self.backoff.succeed();
                tracing::debug!(samples = sealed.samples, segments = sealed.segments, "sealed");
                self.park();
            }
            Ok(Err(error)) => {
                let delay = self.backoff.next_delay();
                let retry_ms = delay.as_millis() as u64;
                tracing::error!(error = %Chain(&error), retry_ms, "cannot seal; the samples stay in memory and in the shaft");
                self.retry_at = Some(self.historian.clock.steady() + delay);
            }
            Err(_panic) => {
                *self.historian.failure.lock() =
                    Some("a seal stopped by a fault of its own".into());
                self.retry_at = Some(self.historian.clock.steady() + self.backoff.next_delay());
            }
        }
    }

    fn park(&mut self) {
        let covered = self.historian.covered();
        if let Err(error) = self.reader.park(covered) {
            // The cursor before this one holds: at worst some records are read again and recognised.
            tracing::warn!(error = %Chain(&error), "the historian's cursor stays behind");
        }
    }

    fn expire(&mut self) {
        let now = self.historian.clock.steady();
        if self.expired_at.is_some_and(|at| now.saturating_sub(at) < EXPIRE) {
            return;
        }
        self.expired_at = Some(now);
        match self.historian.expire() {
            Ok(0) => {}
            Ok(segments) => tracing::info!(segments, "dropped segments past their age"),
            Err(error) => tracing::warn!(error = %Chain(&error), "segments past their age stay"),
        }
    }

    async fn wait(&mut self, wait: Wait, stop: &CancellationToken) -> Woken {
        let longest = match wait {
            Wait::Time(time) => time.min(LOOK),
            Wait::Records | Wait::Seal => LOOK.min(self.historian.options.seal_age),
        };
        let now = self.historian.clock.steady();
        let retry = self.retry_at.map_or(longest, |at| at.saturating_sub(now));
        tokio::select! {
            biased;
            () = stop.cancelled() => Woken::Closed,
            () = self.sealed.notified() => Woken::Ready,
            changed = self.reader.changed(), if wait == Wait::Records => {
                if changed.is_ok() { Woken::Ready } else { Woken::Closed }
            }
            () = tokio::time::sleep(longest.min(retry)) => Woken::Ready,
        }
    }

    /// Waits for a seal under way. What is still in memory is in the shaft and is read again at the next start.
    fn finish(&mut self) {
        self.end_seal();
    }
}
