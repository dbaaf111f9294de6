//! Who may sign what, and with what he must prove that it is he.

use std::collections::HashSet;

use super::{Record, Signature, word};
use crate::pass::Kind;
use crate::signing::Meaning;

/// What somebody proves himself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// He types the name of his account.
    Account,
    /// His password.
    Password,
    /// A code of his second factor.
    Code,
}

impl Component {
    /// The word of the HTTP interface.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Component::Account => "account",
            Component::Password => "password",
            Component::Code => "code",
        }
    }
}

/// Whether a signing is the first of its continuous period of access (21 CFR 11.200 (a) (1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// The first one: all components.
    First,
    /// A further one: one component that only its owner can use.
    Further,
}

/// Whether an account has a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// It has none.
    None,
    /// It has one.
    Enrolled,
}

/// What a signing takes.
#[must_use]
pub const fn needed(series: Series, factor: SecondFactor) -> &'static [Component] {
    match (series, factor) {
        (Series::First, SecondFactor::None) => &[Component::Account, Component::Password],
        (Series::First, SecondFactor::Enrolled) => {
            &[Component::Account, Component::Password, Component::Code]
        }
        (Series::Further, _) => &[Component::Password],
    }
}

/// Whether everything needed was given and found right. `right` are the components that were; those that were wrong
/// are not in it, and what is right and not needed does no harm.
///
/// # Errors
/// [`RuleError::Missing`]: the first that is missing.
pub fn complete(needed: &[Component], right: &[Component]) -> Result<(), RuleError> {
    match needed.iter().find(|component| !right.contains(component)) {
        Some(component) => Err(RuleError::Missing { component: *component }),
        None => Ok(()),
    }
}

/// Which sessions have signed in their present continuous period of access.
///
/// A period ends when the session is locked or ends; a new session and a restart of the node begin a new one.
#[derive(Debug, Default)]
pub struct Periods(HashSet<String>);

impl Periods {
    /// The most sessions remembered. Those beyond it give all components each time.
    pub const SESSIONS_MAX: usize = 10_000;

    /// Nobody has signed.
    #[must_use]
    pub fn new() -> Periods {
        Periods::default()
    }

    /// Which signing of its period the next one of a session is.
    #[must_use]
    pub fn series(&self, session: &str) -> Series {
        if self.0.contains(session) { Series::Further } else { Series::First }
    }

    /// The session has signed.
    pub fn signed(&mut self, session: &str) {
        if self.0.len() < Periods::SESSIONS_MAX {
            self.0.insert(session.to_owned());
        }
    }

    /// The session was locked or has ended.
    pub fn end(&mut self, session: &str) {
        self.0.remove(session);
    }
}

/// Whether somebody may put this meaning under a record. To be asked when the challenge is given and again when it is
/// redeemed: two people may sign at the same time.
///
/// `authors` are the numbers of the accounts that made the record, as far as that is known without a signature;
/// `former` are all signatures under the record, also under what was in it before.
///
/// # Errors
/// [`RuleError`]: the first rule that stands against it.
pub fn may_sign(
    kind: Kind,
    account: u64,
    record: &Record,
    meaning: Meaning,
    authors: &[u64],
    former: &[Signature],
) -> Result<(), RuleError> {
    if kind != Kind::Person {
        return Err(RuleError::NotAPerson { kind: kind.word() });
    }
    let own = former
        .iter()
        .map(|signature| &signature.statement.intent)
        .filter(|intent| intent.record.is_same(record) && intent.signer.account == account);
    // Who wrote an earlier text is an author of this one; who approved an earlier text may write the next.
    let is_author =
        authors.contains(&account) || own.clone().any(|intent| intent.meaning == Meaning::Authored);
    let mut of_this = own.filter(|intent| intent.record.digest == record.digest);
    if of_this.clone().any(|intent| intent.meaning == meaning) {
        return Err(RuleError::Twice { meaning: word(meaning) });
    }
    if meaning == Meaning::Approved && is_author {
        return Err(RuleError::OwnWork);
    }
    if meaning == Meaning::Authored && of_this.any(|intent| intent.meaning == Meaning::Approved) {
        return Err(RuleError::ApprovedBefore);
    }
    Ok(())
}

/// The rule that stands against a signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Only a person signs.
    #[error("only a person who is logged in can sign; this is {kind}")]
    NotAPerson {
        /// What it is.
        kind: &'static str,
    },
    /// He has said so before.
    #[error("you have signed this record as {meaning} before")]
    Twice {
        /// The meaning.
        meaning: &'static str,
    },
    /// Four eyes.
    #[error("you are an author of this record; another person must approve it")]
    OwnWork,
    /// Four eyes, the other way round.
    #[error("you have approved this record; its author must be another person")]
    ApprovedBefore,
    /// Something is missing, or was wrong.
    #[error("the {} is missing or wrong", component.word())]
    Missing {
        /// What.
        component: Component,
    },
}

impl RuleError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            RuleError::NotAPerson { .. } => "LS-AUT-072",
            RuleError::Twice { .. } => "LS-AUT-073",
            RuleError::OwnWork | RuleError::ApprovedBefore => "LS-AUT-074",
            RuleError::Missing { .. } => "LS-AUT-075",
        }
    }
}
