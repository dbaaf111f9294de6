//! Records back to samples.

use std::sync::Arc;

use lineshaft_model::{OriginId, Row, Tags, Timestamp};
use lineshaft_shaft::{Offset, Record};

use crate::batch::{Columns, decode};
use crate::dictionary::Numbers;
use crate::{BATCH, DICTIONARY, PREAMBLE, RecordError, metrics};

/// Reads the records of one reader in the order the shaft gives them, and keeps what their tag numbers
/// mean. Each reader has its own.
#[derive(Debug)]
pub struct Decoder {
    tags: Arc<Tags>,
    numbers: Numbers,
    columns: Columns,
}

/// A batch as it was appended.
#[derive(Debug, Default)]
pub struct DecodedBatch {
    /// The record it came in. With it, a consumer knows what it has seen before.
    pub offset: Offset,
    /// Where it came from: a number of the process that appended it.
    pub origin: OriginId,
    /// When it arrived.
    pub arrived: Timestamp,
    /// The samples. A batch of more than [`crate::ROWS_MAX`] comes in several records.
    pub rows: Vec<Row>,
    /// Rows that are missing because the dictionary entry of their tag was damaged. Also a metric.
    pub unknown: u32,
}

/// What a record was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded {
    /// Samples; they are in the batch.
    Batch,
    /// Names of tags; the decoder has them.
    Context,
    /// Something that is not this codec's.
    Other,
}

impl Decoder {
    /// A decoder that knows no tag yet; the shaft gives each reader the names it needs. New ones are
    /// interned in `tags`.
    #[must_use]
    pub fn new(tags: Arc<Tags>) -> Decoder {
        Decoder { tags, numbers: Numbers::default(), columns: Columns::default() }
    }

    /// Reads a record. Samples go into `out` in place of what was there; otherwise `out` stays.
    ///
    /// # Errors
    /// [`RecordError`]; `out` then holds part of the record and is not to be used. The decoder can go on
    /// with the next record.
    pub fn decode(
        &mut self,
        record: &Record,
        out: &mut DecodedBatch,
    ) -> Result<Decoded, RecordError> {
        match record.kind {
            PREAMBLE | DICTIONARY => {
                self.numbers.read(record, &self.tags)?;
                Ok(Decoded::Context)
            }
            BATCH => {
                self.numbers.end_preamble();
                out.rows.clear();
                out.offset = record.offset;
                let (numbers, columns) = (&self.numbers, &mut self.columns);
                let (head, unknown) = decode(&record.payload, numbers, columns, &mut out.rows)?;
                (out.origin, out.arrived, out.unknown) = (head.origin, head.arrived, unknown);
                if unknown > 0 {
                    ::metrics::counter!(metrics::UNKNOWN).increment(unknown.into());
                }
                Ok(Decoded::Batch)
            }
            _ => Ok(Decoded::Other),
        }
    }
}
