//! The audit trail: who did what, when, to what, from which value to which, why, and what came of it.
//!
//! Callers hand in acts; one writer thread gives each its number and time, writes all that wait as one group with
//! one signed checkpoint behind it, syncs once, and only then answers. Entries are the leaves of a Merkle tree, so
//! a checkpoint of a few lines that somebody else keeps finds every later change of anything before it, and a proof
//! of less than one kilobyte shows that an entry is in the trail.
//!
//! - Source: RFC 6962 §2.1 (the Merkle tree), C2SP `tlog-checkpoint`, `signed-note` and `tlog-proof` (the texts).
//! - What is on disk: `docs/formats/audit.md`.
//! - Not here: who may do what (`identity`), and which acts leave an entry (whoever does them).
//!
//! A full disk refuses and heals. A failed write or sync *stops* the trail until a restart, because after a failed
//! sync nobody knows what the disk holds (Rebello et al., *Can Applications Recover from fsync Failures?*, USENIX
//! ATC 2020). Reading goes on in both cases.

mod act;
mod archive;
pub mod bench;
mod checkpoint;
mod commit;
mod core;
mod entry;
mod error;
mod examine;
mod export;
mod format;
mod key;
mod limits;
mod merkle;
mod metrics;
mod open;
mod options;
mod proof;
mod read;
mod reserve;
mod scan;
mod segment;
mod status;
mod tiles;
mod trail;
mod verify;

pub use act::{Act, Action, Actor, Outcome, Road};
pub use checkpoint::{Checkpoint, VerifierKey};
pub use entry::Entry;
pub use error::{CheckpointError, EntryError, OpenError, ReadError, TrailError, VerifyError};
pub use export::ExportSummary;
pub use limits::{ENTRY_BYTES_MAX, PAGE_ENTRIES_MAX, VERSION};
pub use merkle::{
    Hash, Proof, ProofError, empty_root, leaf_hash, verify_consistency, verify_inclusion,
};
pub use options::Options;
pub use read::{Page, Query};
pub use status::{Recorded, TrailState, TrailStatus};
pub use trail::Trail;
pub use verify::{Broken, KnownCheckpoint, KnownOutcome, Report, verify};
