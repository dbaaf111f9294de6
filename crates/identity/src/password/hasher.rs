//! Hashing beside the executor, two at a time, with a bounded queue before it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Cost, HashError, dummy, hash, is_outdated, verify};
use crate::secret::Secret;

/// What came of comparing a password with what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is the password, and its hash was made at another cost: make a new one now that it is known.
    RightButOutdated,
    /// It is not the password, or there is none.
    Wrong,
}

impl Verdict {
    /// Whether it is the password.
    #[must_use]
    pub const fn is_right(self) -> bool {
        matches!(self, Verdict::Right | Verdict::RightButOutdated)
    }
}

/// Hashes and compares passwords on blocking threads. Clones share its limits.
///
/// At most [`Hasher::RUNNING_MAX`] run, so a flood of logins costs two cores' time and twice the memory of [`Cost`] and
/// no more; at most [`Hasher::WAITING_MAX`] wait, first come first served; one more is told [`HashError::Busy`] at once.
/// A caller that goes away while it waits gives up its place; a hash that runs is finished and its place is taken
/// until then, so that hanging up early does not buy more of them.
#[derive(Clone)]
pub struct Hasher(pub(super) Arc<Inner>);

pub(super) struct Inner {
    cost: Cost,
    dummy: String,
    /// Running and waiting together.
    places: Arc<Semaphore>,
    pub(super) running: Arc<Semaphore>,
}

impl Hasher {
    /// How many are hashed at a time.
    pub const RUNNING_MAX: usize = 2;
    /// How many may wait.
    pub const WAITING_MAX: usize = 32;

    /// A hasher; nothing is hashed yet.
    ///
    /// # Errors
    /// [`HashError::Cost`] when Argon2 does not allow the cost, [`HashError::NoRandomness`].
    pub fn new(cost: Cost) -> Result<Hasher, HashError> {
        Ok(Hasher(Arc::new(Inner {
            cost,
            dummy: dummy(cost)?,
            places: Arc::new(Semaphore::new(Hasher::RUNNING_MAX + Hasher::WAITING_MAX)),
            running: Arc::new(Semaphore::new(Hasher::RUNNING_MAX)),
        })))
    }

    /// What one hash costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.0.cost
    }

    /// How many are running or waiting.
    #[must_use]
    pub fn load(&self) -> usize {
        Hasher::RUNNING_MAX + Hasher::WAITING_MAX - self.0.places.available_permits()
    }

    /// Hashes a new password: a PHC string.
    ///
    /// # Errors
    /// [`HashError`]; nothing is kept of the password.
    pub async fn hash(&self, password: Secret) -> Result<String, HashError> {
        let cost = self.0.cost;
        self.run(move || hash(&password, cost)).await
    }

    /// Compares a password with the hash of an account, or with nothing when there is no such account.
    ///
    /// Both cost the same: without an account a hash of which nobody knows the password is compared with. So does a
    /// damaged one. What does show is a hash of another cost, until its owner's next login has it replaced: see
    /// [`Verdict::RightButOutdated`].
    ///
    /// # Errors
    /// [`HashError::Busy`] at once; [`HashError::Damaged`] after as long as a comparison takes.
    pub async fn verify(
        &self,
        kept: Option<String>,
        password: Secret,
    ) -> Result<Verdict, HashError> {
        let inner = self.0.clone();
        self.run(move || {
            let against = kept.as_deref().unwrap_or(&inner.dummy);
            match verify(&password, against) {
                Ok(true) if is_outdated(against, inner.cost) => Ok(Verdict::RightButOutdated),
                Ok(true) => Ok(Verdict::Right),
                Ok(false) => Ok(Verdict::Wrong),
                Err(HashError::Damaged) => {
                    verify(&password, &inner.dummy)?;
                    Err(HashError::Damaged)
                }
                Err(other) => Err(other),
            }
        })
        .await
    }

    /// Whether the password is one of the former ones. One place in the queue, as many hashes as there are `former`
    /// ones: the history of the password rules, at most a handful. Damaged ones are passed over.
    ///
    /// # Errors
    /// [`HashError::Busy`], [`HashError::Memory`], [`HashError::Stopping`].
    pub async fn is_among(&self, former: Vec<String>, password: Secret) -> Result<bool, HashError> {
        self.run(move || {
            for kept in &former {
                match verify(&password, kept) {
                    Ok(true) => return Ok(true),
                    Ok(false) | Err(HashError::Damaged) => {}
                    Err(other) => return Err(other),
                }
            }
            Ok(false)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let Ok(place) = self.0.places.clone().try_acquire_owned() else {
            return Err(HashError::Busy);
        };
        // Nobody closes these semaphores, so an error cannot be; if it could, the node would be stopping.
        let turn = self.0.running.clone().acquire_owned().await;
        let held: [OwnedSemaphorePermit; 2] = [place, turn.map_err(|_closed| HashError::Stopping)?];
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(held);
            result
        });
        match done.await {
            Ok(result) => result,
            Err(cut) if cut.is_panic() => std::panic::resume_unwind(cut.into_panic()),
            Err(_cancelled) => Err(HashError::Stopping),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("cost", &self.0.cost).field("load", &self.load()).finish()
    }
}
