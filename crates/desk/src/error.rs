//! What can go wrong.

use std::path::PathBuf;

/// What the operating system or SQLite said.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The operating system.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// SQLite.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
}

/// Why the file was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system or SQLite refused.
    #[error("{}: cannot {what}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: StoreFault,
    },
    /// It was written by a newer program.
    #[error("{}: has format {found}, this program knows formats up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// It is damaged.
    #[error("{}: damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl StoreError {
    /// Whether there is no room for it, on the disk or in the file.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let StoreError::Io { source, .. } = self else { return false };
        match source {
            StoreFault::System(error) => {
                use std::io::ErrorKind::{QuotaExceeded, StorageFull};
                matches!(error.kind(), StorageFull | QuotaExceeded)
            }
            StoreFault::Sql(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
        }
    }

    /// The code of its page.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            StoreError::Io { .. } => "LS-DSK-001",
            StoreError::Newer { .. } => "LS-DSK-002",
            StoreError::Damaged { .. } => "LS-DSK-003",
        }
    }
}

/// Why a change was not made. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// There is none of this number.
    #[error("there is no {what} {id}")]
    NoSuch {
        /// `annotation` or `trend`.
        what: &'static str,
        /// The number.
        id: u64,
    },
    /// The annotation was withdrawn.
    #[error("annotation {id} was withdrawn by {by}")]
    Withdrawn {
        /// The annotation.
        id: u64,
        /// By whom.
        by: String,
    },
    /// There are as many as there may be.
    #[error("there are {max} {what}, and more are not kept")]
    Full {
        /// `annotations`, `trends`, `trends of one person`.
        what: &'static str,
        /// How many there may be.
        max: u64,
    },
    /// A member of it is not as it must be.
    #[error("{why}")]
    Invalid {
        /// Which.
        member: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that did it is gone.
    #[error("the work was cut off")]
    Lost,
}
