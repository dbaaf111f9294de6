//! Challenges: one chance to sign one thing, for five minutes.

use std::collections::HashMap;
use std::time::Duration;

use super::{Intent, Record, Signer};
use crate::secret::{NoRandomness, Secret, digest, random_secret};
use crate::signing::Meaning;

/// A challenge that was given out.
#[derive(Debug)]
pub struct Issued {
    /// Its text, for the page that will sign.
    pub challenge: Secret,
    /// What the signer is to be shown.
    pub intent: Intent,
}

/// Challenges that were given out and not used. In memory only: a restart of the node ends all of them.
///
/// One is good for one attempt, right or wrong, within [`Challenges::LIFETIME`], in the session it was given to, for
/// the record with the content it had, for one meaning and one account.
#[derive(Debug, Default)]
pub struct Challenges {
    open: HashMap<[u8; 32], Open>,
    /// The order in which they were given out.
    next: u64,
}

#[derive(Debug)]
struct Open {
    session: String,
    intent: Intent,
    issued: Duration,
    order: u64,
}

impl Challenges {
    /// A challenge this old or older is expired.
    pub const LIFETIME: Duration = Duration::from_secs(5 * 60);
    /// The most of one account; one more, and its oldest goes.
    pub const PER_ACCOUNT_MAX: usize = 8;
    /// The most of all; beyond, nobody gets one until one is used or expires. Takes 500 accounts that each keep eight.
    pub const OPEN_MAX: usize = 4_000;

    /// None yet.
    #[must_use]
    pub fn new() -> Challenges {
        Challenges::default()
    }

    /// Gives one out. `session` is the public name of the session, `now` steady time.
    ///
    /// # Errors
    /// [`ChallengeError::Full`], [`ChallengeError::NoRandomness`].
    pub fn issue(
        &mut self,
        session: &str,
        record: Record,
        signer: Signer,
        meaning: Meaning,
        now: Duration,
    ) -> Result<Issued, ChallengeError> {
        self.open.retain(|_, open| now.saturating_sub(open.issued) < Challenges::LIFETIME);
        let of_account = |open: &Open| open.intent.signer.account == signer.account;
        let mut own: Vec<(u64, [u8; 32])> = self
            .open
            .iter()
            .filter(|(_, open)| of_account(open))
            .map(|(key, open)| (open.order, *key))
            .collect();
        if own.len() >= Challenges::PER_ACCOUNT_MAX {
            own.sort_unstable();
            for (_, key) in own.iter().take(own.len() + 1 - Challenges::PER_ACCOUNT_MAX) {
                self.open.remove(key);
            }
        }
        if self.open.len() >= Challenges::OPEN_MAX {
            return Err(ChallengeError::Full);
        }
        let challenge = random_secret()?;
        let intent = Intent { record, signer, meaning, challenge: challenge.reveal().to_owned() };
        let open = Open {
            session: session.to_owned(),
            intent: intent.clone(),
            issued: now,
            order: self.next,
        };
        self.next += 1;
        self.open.insert(digest(challenge.reveal()), open);
        Ok(Issued { challenge, intent })
    }

    /// For which record a challenge is, so that its content can be looked at; `None` when the session has no such.
    #[must_use]
    pub fn record(&self, challenge: &str, session: &str) -> Option<&Record> {
        let open = self.open.get(&digest(challenge))?;
        (open.session == session).then_some(&open.intent.record)
    }

    /// Uses one up: call this before the password is looked at, so that each attempt needs its own.
    ///
    /// `digest_now` is the digest of what is in the record now. Only an attempt from another session leaves the
    /// challenge to the session it belongs to.
    ///
    /// # Errors
    /// Each [`ChallengeError`] but `Full` and `NoRandomness`.
    pub fn redeem(
        &mut self,
        challenge: &str,
        session: &str,
        account: u64,
        digest_now: &str,
        now: Duration,
    ) -> Result<Intent, ChallengeError> {
        let key = digest(challenge);
        let open = self.open.get(&key).ok_or(ChallengeError::Unknown)?;
        if open.session != session {
            return Err(ChallengeError::OtherSession);
        }
        let Some(open) = self.open.remove(&key) else { return Err(ChallengeError::Unknown) };
        if now.saturating_sub(open.issued) >= Challenges::LIFETIME {
            return Err(ChallengeError::Expired);
        }
        if open.intent.signer.account != account {
            return Err(ChallengeError::OtherAccount);
        }
        if open.intent.record.digest != digest_now {
            return Err(ChallengeError::RecordChanged);
        }
        Ok(open.intent)
    }

    /// Takes back all of a session that was locked or has ended.
    pub fn end(&mut self, session: &str) {
        self.open.retain(|_, open| open.session != session);
    }

    /// How many are out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

/// Why a challenge was not given, or does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Never given out, or used, or its session has ended.
    #[error("this signing has been used or was never begun; begin it again")]
    Unknown,
    /// Given to another session.
    #[error("this signing was begun in another session; begin it in this one")]
    OtherSession,
    /// For another account.
    #[error("this signing was begun by another account")]
    OtherAccount,
    /// Five minutes have gone by.
    #[error("this signing was begun more than five minutes ago; begin it again")]
    Expired,
    /// The record is not what was shown.
    #[error("the record has changed since it was shown; look at it and begin again")]
    RecordChanged,
    /// Too many are out.
    #[error("too many people are signing; try again in five minutes")]
    Full,
    /// There is no challenge without random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl ChallengeError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            ChallengeError::NoRandomness(cause) => cause.code(),
            ChallengeError::Full => "LS-AUT-071",
            _ => "LS-AUT-070",
        }
    }
}
