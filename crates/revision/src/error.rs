//! Why the store does not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

use crate::{PathError, Sha256};

/// Why the store does not do what it was asked. Unless it says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk does not.
    #[error("LS-REV-001: cannot {what} {}", path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The log was damaged or edited.
    #[error("LS-REV-002: line {line} of {} {why}", path.display())]
    Damaged {
        /// The log.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The content of a file is gone or another.
    #[error("LS-REV-003: the content {sha256} {why}")]
    Content {
        /// Which.
        sha256: Sha256,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The disk failed in a way that leaves what is on it unknown; reading goes on, writing waits for a restart.
    #[error(
        "LS-REV-004: revisions are not written any more since the disk failed; restart to go on"
    )]
    Stopped,
    /// A path that no file of the folder can have.
    #[error(transparent)]
    Path(#[from] PathError),
    /// There is no such thing.
    #[error("LS-REV-006: there is no {what} {id}")]
    Unknown {
        /// `revision` or `proposal`.
        what: &'static str,
        /// Its number.
        id: u64,
    },
    /// The folder has something else on disk than what the change was made for.
    #[error("LS-REV-007: `{path}` on disk is not what runs; somebody has changed it there")]
    Moved {
        /// Which file.
        path: String,
    },
    /// More than the store takes.
    #[error("LS-REV-008: {what}")]
    TooMuch {
        /// Of what, and how much may be.
        what: String,
    },
}

impl StoreError {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            StoreError::Disk { .. } => "LS-REV-001",
            StoreError::Damaged { .. } => "LS-REV-002",
            StoreError::Content { .. } => "LS-REV-003",
            StoreError::Stopped => "LS-REV-004",
            StoreError::Path(_) => "LS-REV-005",
            StoreError::Unknown { .. } => "LS-REV-006",
            StoreError::Moved { .. } => "LS-REV-007",
            StoreError::TooMuch { .. } => "LS-REV-008",
        }
    }
}

/// For `map_err`: what was tried, on what.
pub(crate) fn on_disk(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Disk { what, path: path.to_owned(), source }
}
