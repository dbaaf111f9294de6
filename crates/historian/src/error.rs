//! What can go wrong, for those who start and stop the historian.

use std::io;
use std::path::PathBuf;

/// Why the historian cannot open, seal or check its files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistorianError {
    /// The disk refused.
    #[error("cannot {what} {}", path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file is not what was written.
    #[error("{} is damaged at byte {at}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// In what way.
        what: &'static str,
    },
    /// A file of a newer version.
    #[error(
        "{} has format version {found}, and this program reads up to {known}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u16,
        /// The newest this program reads.
        known: u16,
    },
}

impl HistorianError {
    /// The code with a page.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            HistorianError::Disk { .. } => "LS-HIS-001",
            HistorianError::Damaged { .. } => "LS-HIS-002",
            HistorianError::Newer { .. } => "LS-HIS-003",
        }
    }

    pub(crate) fn disk(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> HistorianError {
        let path = path.into();
        move |source| HistorianError::Disk { what, path, source }
    }
}
