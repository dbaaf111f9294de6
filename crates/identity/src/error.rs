//! Why something did not happen.

use std::path::PathBuf;

use lineshaft_audit::TrailError;

use crate::factor::FactorError;
use crate::password::HashError;
use crate::secret::NoRandomness;
use crate::signature::RuleError;
use crate::{Denied, Permission, Prefix};

/// A credential that means nobody: wrong, revoked, expired, disabled. Which of these is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these credentials are not known, or not valid any more")]
pub struct Unknown;

/// What refused the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// The operating system.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// SQLite.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
}

/// Why the trail could not be compared with the accounts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrailFault {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] lineshaft_audit::ReadError),
    /// It takes no entry.
    #[error(transparent)]
    Write(#[from] TrailError),
}

/// Why the database could not be used.
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
    /// Whether there is no room for it: it can be tried again when there is.
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
            StoreError::Io { .. } => "LS-AUT-001",
            StoreError::Newer { .. } => "LS-AUT-002",
            StoreError::Damaged { .. } => "LS-AUT-003",
        }
    }
}

/// Why identity could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database.
    #[error("cannot open the accounts")]
    Store(#[from] StoreError),
    /// The trail, while a change that a crash had cut short was entered as failed.
    #[error("cannot compare the accounts with the audit trail")]
    Trail(#[source] TrailFault),
    /// The cost of a password in the policy is none that Argon2 allows.
    #[error("passwords cannot be hashed at this cost")]
    Password(#[source] HashError),
    /// The operating system gave no random bytes or no thread.
    #[error("the operating system refused {what}")]
    System {
        /// What.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

impl OpenError {
    /// The code of its page.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            OpenError::Store(store) => store.code(),
            OpenError::Trail(_) => "LS-AUT-004",
            OpenError::Password(hash) => hash.code(),
            OpenError::System { .. } => "LS-AUT-005",
        }
    }
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Unknown, wrong, disabled, expired or locked out: which of these is not said.
    #[error("the account, the password or the code is wrong")]
    Wrong,
    /// The password is right, and a code is needed too.
    #[error("a code of the second factor is needed")]
    CodeNeeded,
    /// Too many passwords are being checked.
    #[error("too many logins at a time")]
    Busy,
    /// No password can be checked at all: no memory, no random numbers.
    #[error("no password can be checked")]
    Hash(#[source] HashError),
    /// The password of the first account does not satisfy the policy, or its name is not one.
    #[error("the account cannot be made")]
    Change(#[source] Box<ChangeError>),
    /// There is an administrator already, or the setup secret is not the one.
    #[error("the setup is over, or its link is not the newest")]
    SetupOver,
    /// The trail cannot be written, so nobody is let in.
    #[error("the audit trail cannot be written")]
    Trail(#[source] TrailError),
    /// The database.
    #[error("the accounts cannot be written")]
    Store(#[source] StoreError),
}

impl LoginError {
    /// The code of its page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            LoginError::Wrong => "LS-AUT-006",
            LoginError::CodeNeeded => "LS-AUT-007",
            LoginError::Busy => "LS-AUT-008",
            LoginError::Hash(hash) => hash.code(),
            LoginError::Change(change) => change.code(),
            LoginError::SetupOver => "LS-AUT-009",
            LoginError::Trail(_) => "LS-AUT-010",
            LoginError::Store(store) => store.code(),
        }
    }
}

/// Why a change was not made. Nothing is different from before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Whoever asked may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// What shall be changed is not there.
    #[error("there is no {what} `{name}`")]
    NoSuch {
        /// `account`, `role`, `token`, `session`, `certificate`.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The name is taken.
    #[error("the {what} `{name}` exists already")]
    Taken {
        /// `account`, `token`, `certificate`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A rule stands against it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A rule of signing stands against it.
    #[error(transparent)]
    Signature(#[from] RuleError),
    /// The new password does not satisfy the policy.
    #[error("the password is refused: {}", reasons.join(" "))]
    Password {
        /// Everything that is wrong with it, for its owner.
        reasons: Vec<String>,
    },
    /// The password or code with which somebody confirms is wrong.
    #[error("the password or the code is wrong")]
    Wrong,
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked at a time")]
    Busy,
    /// No password can be checked or secret made: no memory, no random numbers.
    #[error("no password can be checked and no secret be made")]
    Hash(#[source] HashError),
    /// The second factor is damaged or cannot be made.
    #[error("the second factor cannot be used")]
    Factor(#[from] FactorError),
    /// The trail cannot be written.
    #[error("the audit trail cannot be written")]
    Trail(#[source] TrailError),
    /// The database.
    #[error("the accounts cannot be written")]
    Store(#[from] StoreError),
}

impl ChangeError {
    /// The code of its page.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ChangeError::Denied(_) => "LS-AUT-011",
            ChangeError::NoSuch { .. } => "LS-AUT-012",
            ChangeError::Taken { .. } => "LS-AUT-013",
            ChangeError::Refused(refusal) => refusal.code(),
            ChangeError::Signature(rule) => rule.code(),
            ChangeError::Password { .. } => "LS-AUT-014",
            ChangeError::Wrong => "LS-AUT-006",
            ChangeError::Busy => "LS-AUT-008",
            ChangeError::Hash(hash) => hash.code(),
            ChangeError::Factor(factor) => factor.code(),
            ChangeError::Trail(_) => "LS-AUT-010",
            ChangeError::Store(store) => store.code(),
        }
    }
}

/// The rule that stands against a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody hands out more than he has, or changes somebody who has more.
    #[error("`{}` on {under} is more than you have yourself", permission.word())]
    MoreThanOwn {
        /// What is missing.
        permission: Permission,
        /// Where it is missing.
        under: Prefix,
    },
    /// Somebody must be left who can change accounts.
    #[error("`{account}` is the last account with the role admin")]
    LastAdmin {
        /// Whose account.
        account: String,
    },
    /// The five built-in roles are the same everywhere.
    #[error("the role `{role}` is built in and cannot be changed")]
    BuiltIn {
        /// Which.
        role: String,
    },
    /// A grant names a role that is not there.
    #[error("there is no role `{role}` to grant")]
    UnknownRole {
        /// The name.
        role: String,
    },
    /// Accounts or tokens have the role.
    #[error("the role `{role}` is granted to {holders} accounts and tokens")]
    RoleInUse {
        /// Which.
        role: String,
        /// To how many.
        holders: usize,
    },
    /// It was done already, and cannot be done twice.
    #[error("the token `{token}` is revoked already")]
    Revoked {
        /// Its name.
        token: String,
    },
    /// An expiry that is over.
    #[error("the expiry is in the past")]
    Expired,
    /// Something that was given is not allowed, or something needed is missing.
    #[error("{member}: {what}")]
    Invalid {
        /// The member of the request.
        member: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// The plant wants a reason for every change.
    #[error("a reason is needed")]
    NoReason,
}

impl Refusal {
    /// The code of its page.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::MoreThanOwn { .. } => "LS-AUT-015",
            Refusal::LastAdmin { .. } => "LS-AUT-016",
            Refusal::BuiltIn { .. } => "LS-AUT-017",
            Refusal::UnknownRole { .. } => "LS-AUT-018",
            Refusal::RoleInUse { .. } => "LS-AUT-019",
            Refusal::Revoked { .. } => "LS-AUT-012",
            Refusal::Expired => "LS-AUT-020",
            Refusal::Invalid { .. } => "LS-AUT-021",
            Refusal::NoReason => "LS-AUT-022",
        }
    }
}

impl From<HashError> for ChangeError {
    fn from(error: HashError) -> ChangeError {
        match error {
            HashError::Busy => ChangeError::Busy,
            other => ChangeError::Hash(other),
        }
    }
}

impl From<HashError> for LoginError {
    fn from(error: HashError) -> LoginError {
        match error {
            HashError::Busy => LoginError::Busy,
            other => LoginError::Hash(other),
        }
    }
}

/// What goes wrong while a session begins is what goes wrong with a change.
impl From<ChangeError> for LoginError {
    fn from(error: ChangeError) -> LoginError {
        match error {
            ChangeError::Wrong => LoginError::Wrong,
            ChangeError::Busy => LoginError::Busy,
            ChangeError::Hash(hash) => LoginError::Hash(hash),
            ChangeError::Trail(trail) => LoginError::Trail(trail),
            ChangeError::Store(store) => LoginError::Store(store),
            other => LoginError::Change(Box::new(other)),
        }
    }
}

impl From<LoginError> for ChangeError {
    fn from(error: LoginError) -> ChangeError {
        match error {
            LoginError::Wrong | LoginError::CodeNeeded | LoginError::SetupOver => {
                ChangeError::Wrong
            }
            LoginError::Busy => ChangeError::Busy,
            LoginError::Hash(hash) => ChangeError::Hash(hash),
            LoginError::Trail(trail) => ChangeError::Trail(trail),
            LoginError::Store(store) => ChangeError::Store(store),
            LoginError::Change(change) => *change,
        }
    }
}

impl From<NoRandomness> for ChangeError {
    fn from(error: NoRandomness) -> ChangeError {
        ChangeError::Hash(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_is_told_from_one_that_fails() {
        let of = |source| StoreError::Io { path: "identity.db".into(), what: "commit", source };
        let sql = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert!(of(sql(rusqlite::ffi::SQLITE_FULL).into()).is_full());
        assert!(!of(sql(rusqlite::ffi::SQLITE_IOERR).into()).is_full());
        assert!(of(std::io::Error::from(std::io::ErrorKind::StorageFull).into()).is_full());
        assert!(!of(std::io::Error::from(std::io::ErrorKind::NotFound).into()).is_full());
    }
}
