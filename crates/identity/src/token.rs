//! API tokens as others see them and as others ask for them.

use lineshaft_model::Timestamp;

use crate::Grant;

/// A token. Its secret was shown once and is not kept.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenLine {
    /// Its number, from 1, never given twice.
    pub id: u64,
    /// Its name: in the trail it is `token:NAME`.
    pub name: String,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// What a new token is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its name: as an account's; taken by a token that still works, it is refused.
    pub name: String,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// When it ends; not in the past; 365 days from now where it is not said.
    pub expires: Option<Timestamp>,
}
