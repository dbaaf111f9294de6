//! What can go wrong, each with its code.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the trail cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The disk refused.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process has it.
    #[error("another process has the audit trail open ({} is locked)", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A later version wrote it.
    #[error("{} has format {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
        /// The newest known.
        known: u16,
    },
    /// The key that signs is missing or not what it was.
    #[error("the key of the audit trail, {}, {what}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// Nothing can be appended without hiding that something is gone.
    #[error("the audit trail is damaged: {what} ({})", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// Why an act was not recorded.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TrailError {
    /// No room: try again when there is.
    #[error("the audit trail has no room: {reason}")]
    Full {
        /// What the disk said.
        reason: Arc<str>,
    },
    /// A write or sync failed: nothing is recorded until a restart.
    #[error("the audit trail stopped writing: {reason}")]
    Stopped {
        /// What failed.
        reason: Arc<str>,
    },
    /// It was closed.
    #[error("the audit trail is closed")]
    Closed,
    /// One entry cannot be this long.
    #[error("an audit entry has at most {max} bytes, this one has {bytes}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}

/// Why the trail cannot be read or proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The disk refused.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no such entry, or no such size.
    #[error("{what} {asked} is not in the trail, which has {size} entries")]
    Outside {
        /// What was asked for.
        what: &'static str,
        /// Its number.
        asked: u64,
        /// Entries there are.
        size: u64,
    },
    /// The entries were moved away; proofs of them can still be had.
    #[error("entries before {oldest} were archived")]
    Archived {
        /// The oldest entry that is here.
        oldest: u64,
    },
    /// What stands there is not what was written.
    #[error("the audit trail is damaged at {what} {at}")]
    Damaged {
        /// At what: `entry`, `hash of entry`.
        what: &'static str,
        /// Its number.
        at: u64,
    },
    /// What was read could not be handed on.
    #[error("cannot write the export")]
    Export {
        /// Why not.
        source: io::Error,
    },
    /// The act that has to be recorded first was not.
    #[error("the archiving cannot be recorded")]
    Record {
        /// Why not.
        source: TrailError,
    },
}

/// Why the trail cannot even be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The disk refused.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A later version wrote it.
    #[error("{} has format {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
        /// The newest known.
        known: u16,
    },
}

/// Why a text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no checkpoint of an audit trail: {what}")]
pub struct CheckpointError {
    /// What is wrong.
    pub what: &'static str,
}

/// Why a line is no entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It is not the JSON of an entry.
    #[error("the line is not an audit entry")]
    Json {
        /// Where and why.
        source: serde_json::Error,
    },
    /// It is JSON, and not in the one form that entries have.
    #[error("the line is not an audit entry: {what}")]
    Form {
        /// What is wrong.
        what: &'static str,
    },
}

impl OpenError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            OpenError::Io { .. } => "LS-AUD-001",
            OpenError::Locked { .. } => "LS-AUD-002",
            OpenError::Newer { .. } => "LS-AUD-003",
            OpenError::Key { .. } => "LS-AUD-004",
            OpenError::Damaged { .. } => "LS-AUD-005",
        }
    }

    pub(crate) fn io<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> OpenError + 'a {
        move |source| OpenError::Io { what, path: path.into(), source }
    }
}

impl TrailError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            TrailError::Full { .. } => "LS-AUD-006",
            TrailError::Stopped { .. } => "LS-AUD-007",
            TrailError::Closed => "LS-AUD-008",
            TrailError::TooLarge { .. } => "LS-AUD-009",
        }
    }
}

impl ReadError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ReadError::Io { .. } => "LS-AUD-001",
            ReadError::Outside { .. } => "LS-AUD-010",
            ReadError::Archived { .. } => "LS-AUD-011",
            ReadError::Damaged { .. } => "LS-AUD-005",
            ReadError::Export { .. } => "LS-AUD-013",
            ReadError::Record { source } => source.code(),
        }
    }

    pub(crate) fn io<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> ReadError + 'a {
        move |source| ReadError::Io { what, path: path.into(), source }
    }
}

impl VerifyError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            VerifyError::Io { .. } => "LS-AUD-001",
            VerifyError::Newer { .. } => "LS-AUD-003",
        }
    }

    pub(crate) fn io<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> VerifyError + 'a {
        move |source| VerifyError::Io { what, path: path.into(), source }
    }
}

impl CheckpointError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "LS-AUD-012"
    }
}
