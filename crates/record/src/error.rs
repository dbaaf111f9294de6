//! Why a record cannot be understood.

/// Why a record cannot be understood. Its checksum was right, so another version or a bug wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A later version of this program wrote it.
    #[error("the record is of version {found}, this program reads up to version {known}")]
    Newer {
        /// The version found.
        found: u8,
        /// The latest version known.
        known: u8,
    },
    /// It ends too early, or says what cannot be.
    #[error(
        "the record's {what} cannot be read: another version of lineshaft wrote it; use that one, or another data folder"
    )]
    Malformed {
        /// Which part.
        what: &'static str,
    },
    /// It claims more than a record may have.
    #[error("the record claims {claimed} {what}, at most {max} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many it claims.
        claimed: u64,
        /// The limit.
        max: u64,
    },
}

impl RecordError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            RecordError::Newer { .. } => "LS-SHF-003",
            RecordError::Malformed { .. } | RecordError::TooMany { .. } => "LS-SHF-010",
        }
    }

    pub(crate) const fn malformed(what: &'static str) -> RecordError {
        RecordError::Malformed { what }
    }
}
