//! The shaft: one durable, append-only log that everything durable hangs on.
//!
//! Appenders fill a buffer; one writer thread writes it and syncs it, many records at a time (group
//! commit). A record is *committed* when the sync that covers it came back without an error, and only
//! then do readers see it, so whoever was told "on disk" is right after any crash. Each reader has a
//! name and a durable cursor and goes at its own pace. Segments are deleted when every reader has
//! passed them, or oldest first when the quota or the disk says so; what a reader had not seen by then
//! is counted and shown to it as a gap.
//!
//! - Source of truth for the bytes: `docs/formats/shaft.md`.
//! - The order of events that makes a crash harmless: `commit.rs` (writing), `examine.rs` (after it).
//! - Not here: samples and tags (`lineshaft-record` has them), replication, readers of records that
//!   are not yet on disk (the namespace serves those from memory).
//!
//! A failed write or sync *poisons* the shaft: it takes nothing more until the process is restarted,
//! because after a failed sync nobody knows what the disk holds (Rebello et al., *Can Applications
//! Recover from fsync Failures?*, USENIX ATC 2020). Reading goes on. A full disk is not a failure of
//! that kind: what was half written is cut off again, appends are refused, and it heals with room.

mod commit;
mod core;
mod cursor;
mod error;
mod examine;
mod format;
mod limits;
mod metrics;
mod open;
mod options;
mod reader;
mod room;
mod scan;
mod segment;
mod shaft;
mod status;
mod verify;

pub use error::ShaftError;
pub use format::{Record, RecordKind};
pub use limits::{RECORD_BYTES_MAX, VERSION};
pub use options::{From, Options};
pub use reader::{Gap, GapReason, ReadOutcome, Reader};
pub use shaft::{Preamble, Shaft};
pub use status::{Committed, ReaderStatus, Status};
pub use verify::{CursorReport, Damage, SegmentReport, Verification, verify};

/// The number of a record: counted from 0 over the life of the log, never given twice.
pub type Offset = u64;
