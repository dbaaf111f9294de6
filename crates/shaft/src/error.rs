//! Why the shaft did not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the shaft did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShaftError {
    /// The disk refused.
    #[error("cannot {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process has this folder open.
    #[error("{path} is in use by another process")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A later version of this program wrote it.
    #[error("{path} is of version {found}, this program reads up to version {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u16,
        /// The latest version known.
        known: u16,
    },
    /// A write or a sync failed: nothing is taken any more until a restart.
    #[error("the shaft stopped writing: {reason}")]
    Poisoned {
        /// What failed.
        reason: Arc<str>,
    },
    /// There is no room; it heals when there is.
    #[error("no room for the shaft: {reason}")]
    Full {
        /// What is short of what.
        reason: Arc<str>,
    },
    /// As much waits for the disk as may wait; only told to those who would not wait.
    #[error("{waiting} bytes wait for the disk, at most {max} may")]
    Busy {
        /// Bytes that wait.
        waiting: usize,
        /// Bytes that may wait.
        max: usize,
    },
    /// One record cannot be this large.
    #[error("a record has at most {max} bytes, this one has {bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// This reader cannot be opened.
    #[error("reader `{name}` {why}")]
    Reader {
        /// Its name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// The shaft was closed.
    #[error("the shaft is closed")]
    Closed,
}

impl ShaftError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ShaftError::Io { .. } => "LS-SHF-001",
            ShaftError::Locked { .. } => "LS-SHF-002",
            ShaftError::Newer { .. } => "LS-SHF-003",
            ShaftError::Poisoned { .. } => "LS-SHF-004",
            ShaftError::Full { .. } => "LS-SHF-005",
            ShaftError::Busy { .. } => "LS-SHF-006",
            ShaftError::TooLarge { .. } => "LS-SHF-007",
            ShaftError::Reader { .. } => "LS-SHF-008",
            ShaftError::Closed => "LS-SHF-009",
        }
    }

    pub(crate) fn io<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> ShaftError + 'a {
        move |source| ShaftError::Io { what, path: path.into(), source }
    }
}
