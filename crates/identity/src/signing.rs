//! Signatures as others see them and as others ask for them.

use lineshaft_audit::TrailError;
use lineshaft_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::password::HashError;
use crate::signature::{ChallengeError, RuleError};
use crate::{ChangeError, Denied, LoginError, Secret, StoreError};

/// What a signature says about its record (21 CFR 11.50).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// He made it.
    Authored,
    /// He has read it and found it in order.
    Reviewed,
    /// He lets it be used. Never its author.
    Approved,
    /// He answers for it.
    Responsible,
}

/// A record that shall be signed, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToSign {
    /// What it is: `revision`.
    pub kind: String,
    /// Which one: `12`.
    pub record: String,
    /// What is in it.
    pub now: RecordNow,
    /// What the signature shall say.
    pub meaning: Meaning,
}

/// What is in a record now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordNow {
    /// SHA-256 of its content, in lower case hexadecimal.
    pub digest: String,
    /// Names of the accounts that made it, as far as that is known: none of them approves it.
    pub authors: Vec<String>,
}

/// One chance to sign, for five minutes.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// Its secret name.
    pub challenge: Secret,
    /// The record's digest.
    pub digest: String,
    /// What the signer is shown and what he signs.
    pub statement: String,
    /// What he must enter: `account`, `password`, `code`.
    pub needs: Vec<&'static str>,
}

/// A person signs.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The challenge's secret name.
    pub challenge: Secret,
    /// His account name, at the first signing of a session.
    pub account: Option<String>,
    /// His password.
    pub password: Secret,
    /// A code of his second factor, at the first signing of a session, if he has one.
    pub code: Option<String>,
}

/// A signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// Its number, from 1.
    pub id: u64,
    /// What was signed.
    pub kind: String,
    /// Which one.
    pub record: String,
    /// SHA-256 of its content when it was signed.
    pub digest: String,
    /// The signer's account.
    pub account: String,
    /// His printed name when he signed.
    pub full_name: String,
    /// What the signature says.
    pub meaning: Meaning,
    /// When.
    pub time: Timestamp,
    /// Why, in his words.
    pub why: String,
    /// Why it does not hold for the record as it is now; `None` when it holds.
    pub invalid: Option<String>,
    /// Its entry in the trail.
    pub seq: u64,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// Whoever asked may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not known, used, older than five minutes, or of another session; or the record has changed since.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// The rules of signing stand against it.
    #[error(transparent)]
    Refused(#[from] RuleError),
    /// The rules of changes stand against it: no reason is given where one is needed.
    #[error(transparent)]
    Change(Box<ChangeError>),
    /// The account, the password or the code is wrong.
    #[error("the account, the password or the code is wrong")]
    Wrong,
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked at a time")]
    Busy,
    /// No password can be checked or secret made: no memory, no random numbers.
    #[error("no password can be checked and no secret be made")]
    Hash(#[source] HashError),
    /// The trail cannot be written.
    #[error("the audit trail cannot be written")]
    Trail(#[source] TrailError),
    /// The database.
    #[error("the signatures cannot be read or written")]
    Store(#[from] StoreError),
}

impl SignError {
    /// The code of its page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            SignError::Denied(_) => "LS-AUT-011",
            SignError::Challenge(challenge) => challenge.code(),
            SignError::Refused(rule) => rule.code(),
            SignError::Change(change) => change.code(),
            SignError::Wrong => "LS-AUT-006",
            SignError::Busy => "LS-AUT-008",
            SignError::Hash(hash) => hash.code(),
            SignError::Trail(_) => "LS-AUT-010",
            SignError::Store(store) => store.code(),
        }
    }
}

impl From<ChangeError> for SignError {
    fn from(error: ChangeError) -> SignError {
        match error {
            ChangeError::Denied(denied) => SignError::Denied(denied),
            ChangeError::Signature(rule) => SignError::Refused(rule),
            ChangeError::Wrong => SignError::Wrong,
            ChangeError::Busy => SignError::Busy,
            ChangeError::Hash(hash) => SignError::Hash(hash),
            ChangeError::Trail(trail) => SignError::Trail(trail),
            ChangeError::Store(store) => SignError::Store(store),
            other => SignError::Change(Box::new(other)),
        }
    }
}

impl From<LoginError> for SignError {
    fn from(error: LoginError) -> SignError {
        ChangeError::from(error).into()
    }
}
