//! Samples as records of the shaft.
//!
//! A batch becomes one record of columns (tag numbers, times, qualities, clocks, types, values), each in
//! the form that is small for what plants send. Tags are numbers of the log, given in the order they
//! first appear; the dictionary that names them stands at the head of every segment, and each new tag
//! comes right before the first batch that uses it. So a segment can be read alone, and a record that
//! was once written means the same for ever.
//!
//! - Source of truth for the bytes: `docs/formats/shaft.md`, section Records.
//! - Not here: files, sync and cursors (`lineshaft-shaft`), compression of history (`historian`).

mod batch;
pub mod bench;
mod column;
mod decoder;
mod dictionary;
mod error;
mod limits;
mod metrics;
mod writer;

pub use decoder::{Decoded, DecodedBatch, Decoder};
pub use dictionary::{Dictionary, Soundness};
pub use error::RecordError;
pub use limits::{ROWS_MAX, TAGS_MAX};
pub use writer::{OpenError, Writer, open, open_stepped};

use lineshaft_shaft::RecordKind;

/// The whole dictionary: head of a segment.
pub const PREAMBLE: RecordKind = RecordKind::PREAMBLE;
/// Tags that are new since the segment began.
pub const DICTIONARY: RecordKind = RecordKind(1);
/// Samples.
pub const BATCH: RecordKind = RecordKind(16);
