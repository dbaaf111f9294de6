//! What nobody waits for: entries about refusals, notes that something was used, sessions that time ends.
//!
//! One thread, one bounded queue. What does not fit is dropped and counted: a flood of refusals cannot fill memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use lineshaft_audit::{Act, Action, Actor, Outcome};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::change::{Intent, Plan};
use crate::identity::{Identity, Shared};
use crate::live::Session;
use crate::lockout::{Record, Source, Whose};
use crate::state::Change;
use crate::store::Use;
use crate::{ChangeError, Denied, IdleMeans, Pass, Standing, metrics as names};

/// How many notes wait at most.
const QUEUE_MAX: usize = 1_024;
/// How many are taken at a time.
const BATCH_MAX: usize = 256;
/// How often time is looked at when nothing happens.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// How many entries of the trail a start looks through at most, and those of five seconds more.
const SETTLE_EVERY: u64 = 10_000;
/// Refusals of the same to the same are one entry in this time.
const COALESCE: Duration = Duration::from_secs(60);
/// How many different refusals are kept apart.
const KEYS_MAX: usize = 1_024;
/// The longest object of a refusal in characters: it is made of what a stranger sent.
const OBJECT_CHARS_MAX: usize = 200;

/// Something to be done later.
#[derive(Debug)]
pub(crate) enum Note {
    /// Goes into the trail.
    Act(Box<Act>),
    /// Goes into the database.
    Use(Use),
    /// Time is looked at now; the answer says that everything before is done.
    Upkeep(oneshot::Sender<()>),
}

/// The way to the thread.
#[derive(Debug)]
pub(crate) struct Notes {
    queue: SyncSender<Note>,
    refusals: Mutex<Refusals>,
}

impl Notes {
    /// The way, and its end.
    pub(crate) fn new() -> (Notes, Receiver<Note>) {
        let (queue, end) = sync_channel(QUEUE_MAX);
        (Notes { queue, refusals: Mutex::default() }, end)
    }

    pub(crate) fn send(&self, note: Note) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.queue.try_send(note)
        {
            metrics::counter!(names::NOTES_DROPPED).increment(1);
        }
    }
}

/// Starts the thread. It ends when the last handle and pass are gone.
pub(crate) fn start(shared: &Arc<Shared>, queue: Receiver<Note>) -> std::io::Result<()> {
    let shared = Arc::downgrade(shared);
    std::thread::Builder::new().name("identity".into()).spawn(move || run(&shared, &queue))?;
    Ok(())
}

fn run(shared: &Weak<Shared>, queue: &Receiver<Note>) {
    let mut looked = Duration::ZERO;
    loop {
        let first = match queue.recv_timeout(UPKEEP_EVERY) {
            Ok(note) => Some(note),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let Some(shared) = shared.upgrade() else { return };
        let now = shared.clock.steady();
        let is_due = first.is_none() || now.saturating_sub(looked) >= UPKEEP_EVERY;
        let mut uses = Vec::new();
        let mut waiting = Vec::new();
        for note in first.into_iter().chain(queue.try_iter().take(BATCH_MAX)) {
            match note {
                Note::Act(act) => shared.record_later(*act),
                Note::Use(used) => uses.push(used),
                Note::Upkeep(done) => waiting.push(done),
            }
        }
        shared.write_uses(&uses);
        if is_due || !waiting.is_empty() {
            looked = now;
            shared.upkeep();
        }
        waiting.into_iter().for_each(|done| _ = done.send(()));
    }
}

impl Shared {
    /// Leaves an entry about a refusal; the same again within a minute is counted and comes as one.
    pub(crate) fn leave(&self, act: Act) {
        if let Some(act) = self.notes.refusals.lock().take(act, self.clock.steady()) {
            self.notes.send(Note::Act(Box::new(act)));
        }
    }

    fn record_later(&self, act: Act) {
        let action = act.action.word();
        if let Err(error) = self.trail.record_blocking(act) {
            metrics::counter!(names::NOTES_DROPPED).increment(1);
            tracing::debug!(action, %error, "an entry about a refusal was dropped");
        }
    }

    fn write_uses(&self, uses: &[Use]) {
        if !uses.is_empty()
            && let Err(error) = self.core.lock().store.note(uses)
        {
            tracing::warn!(%error, "cannot write down when sessions and tokens were used");
        }
    }

    /// Everything that time alone brings about.
    fn upkeep(&self) {
        let steady = self.clock.steady();
        let due = self.notes.refusals.lock().due(steady);
        due.into_iter().for_each(|act| self.record_later(act));
        let overdue = self.lockout.lock().overdue(steady);
        overdue.into_iter().for_each(|record| self.record_later(self.refused_attempts(record)));
        self.forget_stale(steady);
        self.settle(SETTLE_EVERY);
        let policy = self.snapshot.load().policy.session;
        let sessions = self.sessions.read().all();
        for session in &sessions {
            match session.standing(&self.clock, &policy) {
                Standing::Ended => self.end_by_time(session),
                Standing::Locked if !session.is_marked_locked() => self.lock_by_time(session),
                _ => {}
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a node has far fewer than 2^53 sessions")]
        metrics::gauge!(names::SESSIONS).set(self.sessions.read().len() as f64);
    }

    fn end_by_time(&self, session: &Session) {
        let policy = self.snapshot.load().policy.session;
        let detail = match policy.idle_means {
            IdleMeans::End if !session.is_over(&self.clock) => "nobody used it",
            _ => "its time was up",
        };
        self.by_time(Action::SessionEnd, session, detail, |session| {
            Change::SessionGone(session.id.to_string())
        });
    }

    fn lock_by_time(&self, session: &Session) {
        self.by_time(Action::SessionLock, session, "nobody used it", |session| {
            let mut record = session.record(&self.clock);
            record.locked = true;
            Change::Session(Box::new(record))
        });
    }

    fn by_time(
        &self,
        action: Action,
        session: &Session,
        detail: &str,
        change: impl FnOnce(&Session) -> Change,
    ) {
        let intent = Intent::of(&Actor::node(), action, self.session_object(session));
        let made = self.carry_out(&intent, |now, _| {
            // Its owner may have unlocked or left it a moment ago; that leaves no entry here.
            let is_there = self.sessions.read().by_id(&session.id).is_some();
            if !is_there || session.standing(&self.clock, &now.policy.session) == Standing::Live {
                return Err(ChangeError::Busy);
            }
            Ok(Plan::new(vec![change(session)], ()).detail(Some(detail.to_owned())))
        });
        if let Err(error) = made {
            // It is over or locked all the same; the entry is tried again.
            tracing::debug!(%error, "cannot record that time ended or locked a session");
        }
    }

    /// The entry about attempts that were refused while somebody had to wait.
    pub(crate) fn refused_attempts(&self, record: Record) -> Act {
        let actor =
            Actor { name: "anonymous".into(), road: lineshaft_audit::Road::Http, ..Actor::node() };
        let times = if record.count == 1 { "attempt" } else { "attempts" };
        Act::done(&actor, Action::Login, self.whose(&record.whose))
            .result(Outcome::Refused)
            .detail(format!("{} {times} while it had to wait", record.count))
    }

    /// Who has to wait, for people to read.
    pub(crate) fn whose(&self, whose: &Whose) -> String {
        match whose {
            Whose::Account(id) => self
                .snapshot
                .load()
                .holder(*id)
                .map_or_else(|| format!("account {id}"), |holder| holder.name.to_string()),
            Whose::Unknown(_) => "a name that no account has".to_owned(),
            Whose::Source(source) => source.to_string(),
            Whose::Forgotten => "several".to_owned(),
        }
    }

    /// Tells the store how far the trail is settled, so that the next start has little to look through. While the core
    /// is held no change is between its entry and its commit.
    fn settle(&self, every: u64) {
        let mut core = self.core.lock();
        let entries = self.trail.status().entries;
        if core.is_in_doubt || entries < core.settled.saturating_add(every) || entries == 0 {
            return;
        }
        match core.store.note(&[Use::Settled { seq: entries - 1 }]) {
            Ok(()) => core.settled = entries,
            Err(error) => tracing::warn!(%error, "cannot write down how far the trail is settled"),
        }
    }

    /// Writes what waits, before the trail closes. Blocks.
    pub(crate) fn wind_up(&self) {
        let all = self.notes.refusals.lock().due(Duration::MAX);
        all.into_iter().for_each(|act| self.record_later(act));
        let overdue = self.lockout.lock().overdue(Duration::MAX);
        overdue.into_iter().for_each(|record| self.record_later(self.refused_attempts(record)));
        let of = |session: &Arc<Session>| Use::Session {
            id: session.id.to_string(),
            active: session.active(&self.clock),
        };
        let uses: Vec<Use> = self.sessions.read().all().iter().map(of).collect();
        self.write_uses(&uses);
        self.settle(1);
    }
}

impl Identity {
    /// Leaves an entry in the trail that something was not allowed, without waiting for it.
    ///
    /// `action` is what was asked for: `GET /api/v1/accounts`. The same to the same actor is one entry a minute, with
    /// a count. What a full queue drops is counted in a metric.
    pub fn denied(&self, pass: &Pass, action: &str, denied: &Denied) {
        metrics::counter!(names::DENIED).increment(1);
        let object: String =
            action.chars().filter(|c| !c.is_control()).take(OBJECT_CHARS_MAX).collect();
        let act = Act::done(pass.actor(), Action::Denied, object)
            .result(Outcome::Refused)
            .detail(denied.to_string());
        self.shared.leave(act);
    }

    /// Looks at the time now: ends and locks sessions, writes counted refusals. Happens by itself every five seconds;
    /// when it returns, everything that was noted before is written too.
    pub async fn upkeep(&self) {
        let (done, waits) = oneshot::channel();
        let shared = self.shared.clone();
        // A full queue is waited for here, and nowhere else.
        let sent = tokio::task::spawn_blocking(move || {
            shared.notes.queue.send(Note::Upkeep(done)).is_ok()
        });
        if sent.await.unwrap_or(false) {
            let _ = waits.await; // the thread is gone only when the process is
        }
    }
}

/// A source and not an address: whoever has a network of IPv6 would have a key for each of its addresses, and every
/// refusal an entry of its own.
type Key = (Arc<str>, Option<Source>, Action, String);

/// Which refusals had an entry within the last minute, and what came since.
#[derive(Debug, Default)]
struct Refusals(HashMap<Key, Waiting>);

#[derive(Debug)]
struct Waiting {
    entered: Duration,
    newest: Option<Act>,
    count: u64,
}

impl Refusals {
    /// The act back, if it is to be entered now.
    fn take(&mut self, act: Act, now: Duration) -> Option<Act> {
        let from = act.who.from.map(|from| Source::from(from.ip()));
        let key = (act.who.name.clone(), from, act.action, act.object.clone());
        let is_full = self.0.len() >= KEYS_MAX;
        match self.0.entry(key) {
            Entry::Occupied(mut known) => {
                let waiting = known.get_mut();
                if now.saturating_sub(waiting.entered) < COALESCE {
                    waiting.count += 1;
                    waiting.newest = Some(act);
                    return None;
                }
                let before = std::mem::take(&mut waiting.count);
                (waiting.entered, waiting.newest) = (now, None);
                Some(if before == 0 { act } else { counted(act, before + 1) })
            }
            Entry::Vacant(_) if is_full => {
                metrics::counter!(names::NOTES_DROPPED).increment(1);
                None
            }
            Entry::Vacant(place) => {
                place.insert(Waiting { entered: now, newest: None, count: 0 });
                Some(act)
            }
        }
    }

    /// What came within the minute that is over.
    fn due(&mut self, now: Duration) -> Vec<Act> {
        let mut acts = Vec::new();
        self.0.retain(|_, waiting| {
            if now.saturating_sub(waiting.entered) < COALESCE {
                return true;
            }
            match waiting.newest.take() {
                Some(act) => {
                    acts.push(counted(act, std::mem::take(&mut waiting.count)));
                    waiting.entered = now;
                    true
                }
                None => false,
            }
        });
        acts
    }
}

fn counted(mut act: Act, count: u64) -> Act {
    let what = act.detail.take().unwrap_or_default();
    let times = if count == 1 { "once more" } else { "times more" };
    act.detail = Some(match count {
        1 => format!("{what} ({times})"),
        _ => format!("{what} ({count} {times})"),
    });
    act
}
