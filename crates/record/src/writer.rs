//! Samples onto the shaft.

use std::path::Path;
use std::sync::Arc;

use lineshaft_model::{Batch, OriginId, Row, TagId, Tags, Timestamp};
use lineshaft_runtime::{Clock, Disk};
use lineshaft_shaft::{Offset, Options, Shaft, ShaftError};

use crate::batch::BatchHead;
use crate::batch::{Scratch, encode};
use crate::dictionary::{Dictionary, Soundness};
use crate::limits::PAYLOAD_BYTES_SOFT_MAX;
use crate::{BATCH, DICTIONARY, ROWS_MAX, RecordError, metrics};

/// Why the shaft of samples did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The log itself did not.
    #[error(transparent)]
    Shaft(#[from] ShaftError),
    /// What stands in it cannot be gone on with.
    #[error("the tag dictionary in {dir} cannot be read")]
    Dictionary {
        /// The folder of the shaft.
        dir: std::path::PathBuf,
        /// Why not.
        source: RecordError,
    },
}

impl OpenError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            OpenError::Shaft(error) => error.code(),
            OpenError::Dictionary { source, .. } => source.code(),
        }
    }
}

/// Opens a shaft of samples: the log, the dictionary it holds, and a writer that goes on with it.
///
/// # Errors
/// [`OpenError`]: as [`Shaft::open`], or when the dictionary is that of a later version.
pub fn open(
    disk: Arc<dyn Disk>,
    clock: Clock,
    dir: &Path,
    options: Options,
    tags: Arc<Tags>,
) -> Result<(Shaft, Writer), OpenError> {
    open_with(dir, tags, |dictionary| Shaft::open(disk, clock, dir, options, dictionary))
}

/// As [`open`], but without a thread: nothing is committed until [`Shaft::commit`].
///
/// # Errors
/// As [`open`].
pub fn open_stepped(
    disk: Arc<dyn Disk>,
    clock: Clock,
    dir: &Path,
    options: Options,
    tags: Arc<Tags>,
) -> Result<(Shaft, Writer), OpenError> {
    open_with(dir, tags, |dictionary| Shaft::open_stepped(disk, clock, dir, options, dictionary))
}

/// The shaft wants its preamble and the dictionary wants what is in the shaft. Nothing is appended
/// before both are there, so the empty dictionary that the shaft first gets is never written.
fn open_with(
    dir: &Path,
    tags: Arc<Tags>,
    open: impl FnOnce(Arc<Dictionary>) -> Result<Shaft, ShaftError>,
) -> Result<(Shaft, Writer), OpenError> {
    let dictionary = Dictionary::new(tags);
    let shaft = open(Arc::clone(&dictionary))?;
    let context = shaft.context()?;
    let goes_on = shaft.goes_on();
    let soundness = if goes_on { Soundness::Sound } else { Soundness::Damaged };
    let recovered = dictionary.recover(&context, soundness, shaft.status().next_offset);
    let whole = recovered.map_err(|source| OpenError::Dictionary { dir: dir.into(), source })?;
    if !whole {
        shaft.end_segment();
    }
    let writer = Writer::new(shaft.clone(), dictionary);
    Ok((shaft, writer))
}

/// Appends batches to a shaft. Clones share the dictionary; each has its own buffers.
#[derive(Debug)]
pub struct Writer {
    shaft: Shaft,
    dictionary: Arc<Dictionary>,
    numbering: u64,
    /// The number of each tag by its index, as far as this writer has met it.
    known: Vec<u32>,
    numbers: Vec<u32>,
    payload: Vec<u8>,
    names: Vec<u8>,
    scratch: Scratch,
}

const UNKNOWN: u32 = u32::MAX;

impl Clone for Writer {
    fn clone(&self) -> Writer {
        Writer::new(self.shaft.clone(), Arc::clone(&self.dictionary))
    }
}

/// What to do when too much waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhenBusy {
    Wait,
    Refuse,
}

impl Writer {
    fn new(shaft: Shaft, dictionary: Arc<Dictionary>) -> Writer {
        Writer {
            shaft,
            numbering: dictionary.numbering(),
            dictionary,
            known: Vec::new(),
            numbers: Vec::new(),
            payload: Vec::new(),
            names: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Appends a batch; the number of its last record: once that is durable, all of it is. The names of
    /// tags that are new in the log go right before. Waits while too much waits for the disk, so not
    /// on an executor. The receipt stays with the batch: resolve it after [`Shaft::durable`].
    ///
    /// # Errors
    /// As [`Shaft::append`]. Of a batch that takes several records the first may have been appended.
    ///
    /// # Panics
    /// For a tag of another table than the one given to [`open`]; after [`crate::TAGS_MAX`] tags.
    pub fn append(&mut self, batch: &Batch) -> Result<Offset, ShaftError> {
        self.append_all(batch, WhenBusy::Wait)
    }

    /// As [`Writer::append`], but never waits.
    ///
    /// # Errors
    /// As [`Shaft::try_append`]; wait with [`Shaft::room`] and append the batch again: a part of it may
    /// then be there twice, which consumers bear.
    ///
    /// # Panics
    /// As [`Writer::append`].
    pub fn try_append(&mut self, batch: &Batch) -> Result<Offset, ShaftError> {
        self.append_all(batch, WhenBusy::Refuse)
    }

    /// The log that this writer appends to.
    #[must_use]
    pub const fn shaft(&self) -> &Shaft {
        &self.shaft
    }

    fn append_all(&mut self, batch: &Batch, when_busy: WhenBusy) -> Result<Offset, ShaftError> {
        let mut last = 0;
        let mut rest = batch.rows.as_slice();
        loop {
            let (rows, after) = rest.split_at(rest.len().min(ROWS_MAX));
            last = self.append_rows(batch.origin, batch.arrived, rows, when_busy)?.max(last);
            rest = after;
            if rest.is_empty() {
                ::metrics::counter!(metrics::SAMPLES).increment(batch.rows.len() as u64);
                return Ok(last);
            }
        }
    }

    /// Appends rows as one record, or as two halves where one would be too long.
    fn append_rows(
        &mut self,
        origin: OriginId,
        arrived: Timestamp,
        rows: &[Row],
        when_busy: WhenBusy,
    ) -> Result<Offset, ShaftError> {
        self.numbers.clear();
        let mut next = 0;
        for row in rows {
            let number = self.number(row.tag);
            next = next.max(number + 1);
            self.numbers.push(number);
        }
        self.payload.clear();
        let (scratch, payload) = (&mut self.scratch, &mut self.payload);
        let head = BatchHead { numbering: self.numbering, origin, arrived };
        encode(head, rows, &self.numbers, scratch, payload);
        if self.payload.len() > PAYLOAD_BYTES_SOFT_MAX && rows.len() > 1 {
            let (first, second) = rows.split_at(rows.len() / 2);
            self.append_rows(origin, arrived, first, when_busy)?;
            return self.append_rows(origin, arrived, second, when_busy);
        }
        ::metrics::counter!(metrics::ENCODED).increment(self.payload.len() as u64);
        let batch = (BATCH, self.payload.as_slice());
        let logged = self.dictionary.logged();
        if next <= logged {
            return match when_busy {
                WhenBusy::Wait => self.shaft.append(batch.0, batch.1),
                WhenBusy::Refuse => self.shaft.try_append(batch.0, batch.1),
            };
        }
        // Another writer may be logging the same names just now: then they are there twice, and in
        // either order before the batches that need them.
        self.names.clear();
        let named = self.dictionary.write_from(logged, &mut self.names);
        let records = [(DICTIONARY, self.names.as_slice()), batch];
        let last = match when_busy {
            WhenBusy::Wait => self.shaft.append_many(&records)?,
            WhenBusy::Refuse => self.shaft.try_append_many(&records)?,
        };
        self.dictionary.set_logged(named);
        Ok(last)
    }

    fn number(&mut self, tag: TagId) -> u32 {
        if let Some(number) = self.known.get(tag.index()).filter(|number| **number != UNKNOWN) {
            return *number;
        }
        let number = self.dictionary.number(tag);
        let Some(number) = number else { panic!("tag {} has no path or no number", tag.number()) };
        if self.known.len() <= tag.index() {
            self.known.resize(tag.index() + 1, UNKNOWN);
        }
        self.known[tag.index()] = number;
        number
    }
}
