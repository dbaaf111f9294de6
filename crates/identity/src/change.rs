//! How anything changes: rules, transaction, trail, commit, and only then is it so.

use std::sync::Arc;

use lineshaft_audit::{Act, Action, Actor, Outcome, Recorded, TrailError};
use serde_json::Value;

use crate::identity::{Identity, Shared};
use crate::live::Session;
use crate::snapshot::Snapshot;
use crate::state::{Change, SessionRecord, State};
use crate::store::Store;
use crate::{ChangeError, Pass, Refusal, StoreError};

/// The longest reason in bytes.
pub(crate) const WHY_BYTES_MAX: usize = 1_000;

/// What somebody is about to do.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) actor: Actor,
    pub(crate) action: Action,
    pub(crate) object: String,
    pub(crate) why: String,
}

impl Intent {
    /// Of somebody, without a reason.
    pub(crate) fn of(actor: &Actor, action: Action, object: impl Into<String>) -> Intent {
        Intent { actor: actor.clone(), action, object: object.into(), why: String::new() }
    }

    /// The same, as it came out.
    pub(crate) fn act(&self) -> Act {
        Act::done(&self.actor, self.action, self.object.clone()).why(&self.why)
    }
}

/// What comes of it, once the rules are satisfied.
#[derive(Debug)]
pub(crate) struct Plan<T> {
    pub(crate) changes: Vec<Change>,
    pub(crate) value: T,
    pub(crate) old: Option<Value>,
    pub(crate) new: Option<Value>,
    pub(crate) detail: Option<String>,
    /// Another action than the one intended, where that turns out only now.
    pub(crate) action: Option<Action>,
}

impl<T> Plan<T> {
    pub(crate) fn new(changes: Vec<Change>, value: T) -> Plan<T> {
        Plan { changes, value, old: None, new: None, detail: None, action: None }
    }

    pub(crate) fn old(mut self, old: Value) -> Plan<T> {
        self.old = Some(old);
        self
    }

    pub(crate) fn new_is(mut self, new: Value) -> Plan<T> {
        self.new = Some(new);
        self
    }

    pub(crate) fn detail(mut self, detail: Option<String>) -> Plan<T> {
        self.detail = detail;
        self
    }

    pub(crate) fn action(mut self, action: Action) -> Plan<T> {
        self.action = Some(action);
        self
    }
}

/// The one place where records are written; whoever holds it makes a change.
pub(crate) struct Core {
    pub(crate) store: Box<dyn Store>,
    /// Entries of the trail when the store was last told that nothing is open.
    pub(crate) settled: u64,
    /// The trail tells of a change that was not committed and does not take that back: for the next start.
    pub(crate) is_in_doubt: bool,
}

impl Shared {
    /// Makes a change. Blocks on the database and the trail; nobody else changes anything meanwhile.
    ///
    /// `plan` sees what is so now, and refuses or says what shall be. The trail's entry is on disk before the change
    /// is; a crash between the two is found by the next start.
    pub(crate) fn carry_out<T>(
        &self,
        intent: &Intent,
        plan: impl FnOnce(&Snapshot, &mut dyn Store) -> Result<Plan<T>, ChangeError>,
    ) -> Result<(T, Recorded), ChangeError> {
        let mut core = self.core.lock();
        let snapshot = self.snapshot.load_full();
        let plan = match plan(&snapshot, core.store.as_mut()) {
            Ok(plan) => plan,
            Err(error) => {
                self.note_refusal(intent, &error);
                return Err(error);
            }
        };
        let mut act = intent.act();
        act.action = plan.action.unwrap_or(act.action);
        (act.old, act.new, act.detail) = (plan.old, plan.new, plan.detail);
        core.store.prepare(&plan.changes)?;
        let recorded = match self.trail.record_blocking(act.clone()) {
            Ok(recorded) => recorded,
            Err(error) => {
                core.store.roll_back();
                return Err(ChangeError::Trail(error));
            }
        };
        if let Err(error) = core.store.commit(recorded.seq()) {
            core.is_in_doubt |= !self.took_back_entry(act, recorded, &error);
            return Err(error.into());
        }
        self.publish(&snapshot, plan.changes);
        Ok((plan.value, recorded))
    }

    /// The trail says that it was done, and it was not. Whether the trail has taken that down.
    fn took_back_entry(&self, act: Act, recorded: Recorded, error: &StoreError) -> bool {
        tracing::error!(seq = recorded.seq(), %error, "a change was entered in the trail and not committed");
        let failed = act.result(Outcome::Failed).detail(not_committed(recorded.seq()));
        let taken = self.trail.record_blocking(failed);
        if let Err(error) = &taken {
            tracing::error!(%error, "and the trail does not take that down; the next start will");
        }
        taken.is_ok()
    }

    /// From here on it is so, for every pass.
    fn publish(&self, before: &Snapshot, changes: Vec<Change>) {
        if changes.iter().any(Change::is_about_access) {
            let mut state = State::clone(&before.state);
            changes.iter().for_each(|change| state.apply(change));
            let state = Arc::new(state);
            // The policy may be replaced at the same time; state only here.
            self.snapshot.rcu(|old| Snapshot::of(state.clone(), old.policy.clone()));
        }
        for change in changes {
            match change {
                Change::Session(record) => self.put_session(*record),
                Change::SessionGone(id) => self.sessions.write().remove(&id),
                _ => {}
            }
        }
        self.generation.send_modify(|generation| *generation += 1);
    }

    fn put_session(&self, record: SessionRecord) {
        let mut sessions = self.sessions.write();
        match sessions.by_id(&record.id) {
            Some(session) if record.locked => session.lock(),
            Some(session) => session.unlock(&self.clock),
            None => sessions.insert(Arc::new(Session::of(record, &self.clock))),
        }
    }

    /// What was refused by a rule leaves an entry too, without anybody waiting for it.
    fn note_refusal(&self, intent: &Intent, error: &ChangeError) {
        let is_failure = matches!(
            error,
            ChangeError::Trail(_)
                | ChangeError::Store(_)
                | ChangeError::Busy
                | ChangeError::Hash(_)
        );
        // A wrong code is counted and recorded by whoever asked for it.
        if !is_failure && !matches!(error, ChangeError::Wrong) {
            self.leave(intent.act().result(Outcome::Refused).detail(error.to_string()));
        }
    }
}

/// The detail of the entry that takes another one back.
pub(crate) fn not_committed(seq: u64) -> String {
    format!("entry {seq} says that this was done; it was not, the accounts could not be written")
}

impl Identity {
    /// Makes a change on a thread that may wait. It is made to its end even if the caller goes away.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        intent: Intent,
        plan: impl FnOnce(&Snapshot, &mut dyn Store) -> Result<Plan<T>, ChangeError> + Send + 'static,
    ) -> Result<(T, Recorded), ChangeError> {
        let shared = self.shared.clone();
        match tokio::task::spawn_blocking(move || shared.carry_out(&intent, plan)).await {
            Ok(result) => result,
            Err(cut) if cut.is_panic() => std::panic::resume_unwind(cut.into_panic()),
            Err(_stopping) => Err(ChangeError::Trail(TrailError::Closed)),
        }
    }

    /// What somebody is about to do to others: with a reason, where the plant wants one.
    pub(crate) fn intend(
        &self,
        by: &Pass,
        action: Action,
        object: impl Into<String>,
        why: &str,
    ) -> Result<Intent, Refusal> {
        let why = why.trim();
        if why.len() > WHY_BYTES_MAX {
            let what = format!("has {} bytes, at most {WHY_BYTES_MAX} are kept", why.len());
            return Err(Refusal::Invalid { member: "why", what });
        }
        if why.is_empty() && self.policy().require_reason {
            return Err(Refusal::NoReason);
        }
        Ok(Intent { why: why.to_owned(), ..Intent::of(by.actor(), action, object) })
    }
}
