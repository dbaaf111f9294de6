//! A session in memory.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;

use crate::state::SessionRecord;
use crate::{Activity, IdleMeans, SessionPolicy, Standing};

const LIVE: u8 = 0;
const LOCKED: u8 = 1;
const ENDED: u8 = 2;

/// One session. Its times run on the steady clock, so that setting the time of day neither ends nor prolongs it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: Arc<str>,
    pub(crate) hash: [u8; 32],
    pub(crate) account: u64,
    pub(crate) from: Option<SocketAddr>,
    pub(crate) agent: String,
    pub(crate) began: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) notices: Vec<String>,
    pub(crate) last_login: Option<Timestamp>,
    /// Steady ns at which it ends.
    deadline: i64,
    /// Steady ns at which a person last used it.
    active: AtomicI64,
    /// What `active` was when it was last written down.
    written: AtomicI64,
    state: AtomicU8,
    signed: AtomicBool,
}

impl Session {
    /// How often it is written down that a session is used.
    pub(crate) const WRITE_INTERVAL: Duration = Duration::from_secs(60);

    /// Of a record: a new one, or one from before a restart.
    pub(crate) fn of(record: SessionRecord, clock: &Clock) -> Session {
        let (now, steady) = (clock.now(), nanos(clock.steady()));
        // Never longer than it was given at its login, even if the clock was set back meanwhile.
        let whole = record.ends.checked_since(record.began).unwrap_or_default();
        let left = record.ends.checked_since(now).unwrap_or_default().min(whole);
        let idle = now.checked_since(record.active).unwrap_or_default();
        let active = steady.saturating_sub(nanos(idle));
        Session {
            id: record.id.into(),
            hash: record.hash,
            account: record.account,
            from: record.from,
            agent: record.agent,
            began: record.began,
            ends: record.ends,
            notices: record.notices,
            last_login: record.last_login,
            deadline: steady.saturating_add(nanos(left)),
            active: AtomicI64::new(active),
            written: AtomicI64::new(active),
            state: AtomicU8::new(if record.locked { LOCKED } else { LIVE }),
            signed: AtomicBool::new(false),
        }
    }

    /// As it is to be written down.
    pub(crate) fn record(&self, clock: &Clock) -> SessionRecord {
        SessionRecord {
            id: self.id.to_string(),
            hash: self.hash,
            account: self.account,
            from: self.from,
            agent: self.agent.clone(),
            began: self.began,
            active: self.active(clock),
            ends: self.ends,
            locked: self.state.load(Ordering::SeqCst) == LOCKED,
            notices: self.notices.clone(),
            last_login: self.last_login,
        }
    }

    /// Live, locked or ended, right now.
    pub(crate) fn standing(&self, clock: &Clock, policy: &SessionPolicy) -> Standing {
        let steady = nanos(clock.steady());
        let state = self.state.load(Ordering::SeqCst);
        if state == ENDED || steady >= self.deadline {
            return Standing::Ended;
        }
        let idle = steady.saturating_sub(self.active.load(Ordering::SeqCst)) >= nanos(policy.idle);
        match (state, idle, policy.idle_means) {
            (_, true, IdleMeans::End) => Standing::Ended,
            (LOCKED, ..) | (_, true, IdleMeans::Lock) => Standing::Locked,
            _ => Standing::Live,
        }
    }

    /// A request came with its secret. An idle session is not woken by it: only its owner's password does that.
    pub(crate) fn used(
        &self,
        clock: &Clock,
        policy: &SessionPolicy,
        activity: Activity,
    ) -> Standing {
        let standing = self.standing(clock, policy);
        if standing == Standing::Live && activity == Activity::Person {
            self.active.fetch_max(nanos(clock.steady()), Ordering::SeqCst);
        }
        standing
    }

    /// Whether what is written down about its use is older than a minute; from then on it is not.
    pub(crate) fn take_unwritten(&self) -> bool {
        let (active, written) =
            (self.active.load(Ordering::SeqCst), self.written.load(Ordering::SeqCst));
        let due = active.saturating_sub(written) >= nanos(Session::WRITE_INTERVAL);
        if due {
            self.written.store(active, Ordering::SeqCst);
        }
        due
    }

    /// When a person last used it, in time of day.
    pub(crate) fn active(&self, clock: &Clock) -> Timestamp {
        let ago = nanos(clock.steady()).saturating_sub(self.active.load(Ordering::SeqCst));
        clock.now().saturating_sub(Duration::from_nanos(u64::try_from(ago).unwrap_or(0)))
    }

    pub(crate) fn lock(&self) {
        let _ = self.state.compare_exchange(LIVE, LOCKED, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(crate) fn unlock(&self, clock: &Clock) {
        // Locking ended the continuous period in which one component is enough to sign (21 CFR 11.200).
        self.signed.store(false, Ordering::SeqCst);
        self.active.fetch_max(nanos(clock.steady()), Ordering::SeqCst);
        let _ = self.state.compare_exchange(LOCKED, LIVE, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Whether it lived as long as it may at the most.
    pub(crate) fn is_over(&self, clock: &Clock) -> bool {
        nanos(clock.steady()) >= self.deadline
    }

    pub(crate) fn end(&self) {
        self.state.store(ENDED, Ordering::SeqCst);
    }

    /// Whether its lock is written down, and not only a matter of time.
    pub(crate) fn is_marked_locked(&self) -> bool {
        self.state.load(Ordering::SeqCst) == LOCKED
    }

    pub(crate) fn has_signed(&self) -> bool {
        self.signed.load(Ordering::SeqCst)
    }

    pub(crate) fn set_signed(&self) {
        self.signed.store(true, Ordering::SeqCst);
    }
}

/// All sessions there are.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_hash: HashMap<[u8; 32], Arc<Session>>,
    by_id: HashMap<Arc<str>, Arc<Session>>,
}

impl Sessions {
    pub(crate) fn insert(&mut self, session: Arc<Session>) {
        self.by_hash.insert(session.hash, session.clone());
        self.by_id.insert(session.id.clone(), session);
    }

    /// Ends it, for every pass that has it.
    pub(crate) fn remove(&mut self, id: &str) {
        if let Some(session) = self.by_id.remove(id) {
            self.by_hash.remove(&session.hash);
            session.end();
        }
    }

    pub(crate) fn by_hash(&self, hash: &[u8; 32]) -> Option<Arc<Session>> {
        self.by_hash.get(hash).cloned()
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<Arc<Session>> {
        self.by_id.get(id).cloned()
    }

    /// Those of an account, oldest first.
    pub(crate) fn of(&self, account: u64) -> Vec<Arc<Session>> {
        self.sorted(|session| session.account == account)
    }

    /// All of them, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.sorted(|_| true)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn sorted(&self, wanted: impl Fn(&Session) -> bool) -> Vec<Arc<Session>> {
        let of = self.by_id.values().filter(|session| wanted(session));
        let mut found: Vec<Arc<Session>> = of.cloned().collect();
        found.sort_by(|a, b| (a.began, &a.id).cmp(&(b.began, &b.id)));
        found
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
