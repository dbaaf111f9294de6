//! The historian: seals what the shaft carries into compressed segments and answers questions about the past.
//!
//! Samples come from the shaft in order, are kept in memory columns, and are written from time to time into
//! immutable segment files. A question is answered from memory and files as one. The shaft is the write-ahead
//! log: what is in memory only is still there, and the shaft's cursor moves when a seal is on disk.
//!
//! - Source of truth for the bytes: `docs/formats/historian.md`.
//! - The order of events that makes a crash harmless: [`Historian::seal`].
//! - Not here yet: merging segments, rollups, corrections, hash chains, the cold tier, SQL. The manifest's
//!   levels and spare fields leave room for them.

pub mod bench;
mod bytes;
mod chunk;
mod error;
mod historian;
mod hot;
mod limits;
mod lru;
mod manifest;
mod metrics;
mod numbers;
mod options;
mod retrieve;
mod rows;
mod seal;
mod segment;
mod shell;
mod statistics;
mod verify;

pub use error::HistorianError;
pub use historian::Historian;
pub use options::Options;
pub use seal::Sealed;
pub use verify::{Damage, SegmentReport, Verification, verify};

/// The number of a record of the shaft.
pub type Offset = lineshaft_shaft::Offset;
