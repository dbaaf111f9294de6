//! Ending, locking and unlocking sessions, and the list of them.

use lineshaft_audit::{Action, Recorded};

use crate::change::{Intent, Plan};
use crate::identity::Identity;
use crate::state::Change;
use crate::{ChangeError, Denied, Pass, Secret, SessionLine, Standing, rules};

impl Identity {
    /// All sessions that are not over, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionLine> {
        let shared = &self.shared;
        let snapshot = shared.snapshot.load();
        let sessions = shared.sessions.read().all();
        let line = |session: &std::sync::Arc<crate::live::Session>| {
            let holder = snapshot.live_holder(session.account, &shared.clock)?;
            let state = match session.standing(&shared.clock, &snapshot.policy.session) {
                Standing::Ended => return None,
                Standing::Live => holder.due(&shared.clock),
                other => other,
            };
            Some(SessionLine {
                id: session.id.to_string(),
                account: holder.name.to_string(),
                from: session.from,
                agent: session.agent.clone(),
                began: session.began,
                active: session.active(&shared.clock),
                ends: session.ends,
                state,
            })
        };
        sessions.iter().filter_map(line).collect()
    }

    /// Ends one's own session.
    ///
    /// # Errors
    /// [`ChangeError::NoSuch`] for a pass without a session; the trail or the database cannot be written.
    pub async fn logout(&self, by: &Pass) -> Result<((), Recorded), ChangeError> {
        let (id, _) = own_session(by)?;
        let intent = Intent::of(by.actor(), Action::Logout, &*by.actor().name);
        self.change(intent, move |_, _| Ok(Plan::new(vec![Change::SessionGone(id)], ()))).await
    }

    /// Locks one's own session: what it may then is to look at the plant.
    ///
    /// # Errors
    /// As [`Identity::logout`].
    pub async fn lock_session(&self, by: &Pass) -> Result<((), Recorded), ChangeError> {
        self.set_lock(by, Action::SessionLock).await
    }

    /// Unlocks one's own session.
    ///
    /// # Errors
    /// [`ChangeError::Wrong`] when the password is, counted like a failed login.
    pub async fn unlock_session(
        &self,
        by: &Pass,
        password: &Secret,
    ) -> Result<((), Recorded), ChangeError> {
        let (_, account) = own_session(by)?;
        let name = self.shared.name_of(account);
        let proof = self.prove(&name, password, by.actor(), Action::SessionUnlock).await?;
        self.shared.passed(proof);
        self.set_lock(by, Action::SessionUnlock).await
    }

    /// Ends somebody's session, by its public name.
    ///
    /// # Errors
    /// [`ChangeError`]: there is no such session, `by` may not change accounts.
    pub async fn end_session(
        &self,
        by: &Pass,
        id: &str,
        why: &str,
    ) -> Result<((), Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        let none = || ChangeError::NoSuch { what: "session", name: id.to_owned() };
        let session = self.shared.sessions.read().by_id(id).ok_or_else(none)?;
        let object = self.shared.session_object(&session);
        let intent = self.intend(by, Action::SessionEnd, object, why)?;
        let id = id.to_owned();
        self.change(intent, move |_, _| Ok(Plan::new(vec![Change::SessionGone(id)], ()))).await
    }

    async fn set_lock(&self, by: &Pass, action: Action) -> Result<((), Recorded), ChangeError> {
        let (id, _) = own_session(by)?;
        let object = by.session().map(|session| self.shared.session_object(session));
        let intent = Intent::of(by.actor(), action, object.unwrap_or_default());
        let shared = self.shared.clone();
        let (done, recorded) = self
            .change(intent, move |_, _| {
                let none = || ChangeError::NoSuch { what: "session", name: id.clone() };
                let session = shared.sessions.read().by_id(&id).ok_or_else(none)?;
                let mut record = session.record(&shared.clock);
                record.locked = action == Action::SessionLock;
                if !record.locked {
                    record.active = shared.clock.now();
                }
                Ok(Plan::new(vec![Change::Session(Box::new(record))], ()))
            })
            .await?;
        if let Some(session) = by.session() {
            self.shared.challenges.lock().end(&session.id);
        }
        Ok((done, recorded))
    }
}

fn own_session(by: &Pass) -> Result<(String, u64), ChangeError> {
    match by.session() {
        Some(_) if !by.is_live() => Err(Denied::NotKnown.into()),
        Some(session) => Ok((session.id.to_string(), session.account)),
        None => Err(ChangeError::NoSuch { what: "session of", name: by.actor().name.to_string() }),
    }
}
