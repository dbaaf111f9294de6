//! Logging in: one way for all roads that come with a password.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use lineshaft_audit::{Act, Action, Actor, Outcome, Road};
use lineshaft_model::Timestamp;
use serde_json::json;

use crate::background::Note;
use crate::change::{Intent, Plan};
use crate::factor::{Factor, take_recovery_code};
use crate::identity::{Identity, Shared};
use crate::lockout::{Attempt, Pause, Target, Verdict};
use crate::pass::Subject;
use crate::password;
use crate::snapshot::Snapshot;
use crate::state::{AccountRecord, Change, FactorRecord, SessionRecord};
use crate::store::Use;
use crate::{
    AccountKind, ChangeError, LoggedIn, Login, LoginError, Pass, Secret, metrics as names, secret,
};

/// The longest name of a browser that is kept, in characters.
const AGENT_CHARS_MAX: usize = 200;

/// A password that was right. Whoever has it says how the rest came out.
pub(crate) struct Proof {
    pub(crate) account: u64,
    /// When the password was set: another one since then makes this worth nothing.
    pub(crate) password_set: Timestamp,
    pub(crate) has_factor: bool,
    /// The same password, hashed at today's cost, where the kept hash is of another.
    pub(crate) rehashed: Option<String>,
    trying: Trying,
}

/// An attempt under way. Whoever hangs up before it is decided has failed: else he would take the place of a failure
/// for the whole window, keep the account's owner out with it, and leave no entry.
struct Trying {
    shared: Arc<Shared>,
    attempt: Option<Attempt>,
    actor: Actor,
    action: Action,
    account: Option<u64>,
}

impl Trying {
    /// It is decided, one way or another.
    fn decided(&mut self) -> Option<Attempt> {
        self.attempt.take()
    }
}

impl Drop for Trying {
    fn drop(&mut self) {
        let Some(attempt) = self.decided() else { return };
        let Trying { shared, actor, action, account, .. } = self;
        let why = "whoever asked hung up before it was decided";
        let (action, account, attempt) = (*action, *account, Some(attempt));
        let miss = Miss { actor, action, account, attempt, why };
        drop(Unwritten { shared, acts: shared.count_miss(miss).into() });
    }
}

/// Entries that are still to be written; also when nobody waits for it any more.
struct Unwritten<'a> {
    shared: &'a Shared,
    acts: VecDeque<Act>,
}

impl Drop for Unwritten<'_> {
    fn drop(&mut self) {
        // Counted one by one by the lockout, so not coalesced.
        self.acts.drain(..).for_each(|act| self.shared.notes.send(Note::Act(Box::new(act))));
    }
}

/// Something wrong that is to be counted and recorded.
struct Miss<'a> {
    actor: &'a Actor,
    action: Action,
    account: Option<u64>,
    attempt: Option<Attempt>,
    why: &'a str,
}

impl Identity {
    /// Begins a session.
    ///
    /// # Errors
    /// [`LoginError::Wrong`] whatever is wrong, in the same words and after the same time; [`LoginError::CodeNeeded`]
    /// when the password is right and a second factor is missing; the others when nobody can log in now.
    pub async fn login(
        &self,
        login: Login,
        from: Option<SocketAddr>,
        agent: &str,
    ) -> Result<LoggedIn, LoginError> {
        let actor = stranger(from, Road::Http);
        let proof = self.prove(&login.account, &login.password, &actor, Action::Login).await?;
        if proof.has_factor && login.code.is_none() {
            self.shared.took_back(proof);
            return Err(LoginError::CodeNeeded);
        }
        let begin = Begin::new(&self.shared, from, agent)?;
        let (secret, ends) = (begin.secret.clone(), begin.record.ends);
        let (account, password_set, rehashed) =
            (proof.account, proof.password_set, proof.rehashed.clone());
        let shared = self.shared.clone();
        let begun = tokio::task::spawn_blocking(move || {
            let name = shared.name_of(account);
            let mut actor = stranger(from, Road::Http);
            (actor.name, actor.account) = (name.clone(), Some(account));
            actor.session = Some(begin.record.id.as_str().into());
            let intent = Intent::of(&actor, Action::Login, &*name);
            shared.carry_out(&intent, |now, _| {
                let mut record = usable(now, account, password_set, &shared)?;
                let with = spend_code(&mut record, login.code.as_deref(), shared.clock.now())?;
                if let Some(rehashed) = rehashed {
                    record.password = Some(rehashed);
                }
                begin.plan(now, &shared, record, with)
            })
        });
        let begun = match begun.await {
            Ok(begun) => begun,
            Err(cut) if cut.is_panic() => std::panic::resume_unwind(cut.into_panic()),
            Err(_stopping) => Err(stopping()),
        };
        match begun {
            Ok((session, _recorded)) => {
                self.shared.passed(proof);
                self.shared.forget_failures(account);
                let pass = self.pass_of(&session, from)?;
                Ok(LoggedIn { secret, pass, ends })
            }
            Err(ChangeError::Wrong) => {
                self.failed(proof, &actor, Action::Login, "wrong code").await;
                Err(LoginError::Wrong)
            }
            Err(other) => {
                self.shared.took_back(proof);
                Err(other.into())
            }
        }
    }

    /// Checks a password for a road that has no sessions of ours. The same lockout, the same entries as a login.
    ///
    /// The pass is good until the password changes. An account with a second factor cannot be used this way: such
    /// a road has no place for a code; give the program a token.
    ///
    /// # Errors
    /// As [`Identity::login`].
    pub async fn verify_password(
        &self,
        name: &str,
        password: &Secret,
        from: Option<SocketAddr>,
        road: Road,
    ) -> Result<Pass, LoginError> {
        let mut actor = stranger(from, road);
        let proof = self.prove(name, password, &actor, Action::Login).await?;
        if proof.has_factor {
            self.shared.took_back(proof);
            return Err(LoginError::CodeNeeded);
        }
        let (account, password_set) = (proof.account, proof.password_set);
        (actor.name, actor.account) = (self.shared.name_of(account), Some(account));
        // No session: the start of the node must not look for one in the database.
        let act = Act::done(&actor, Action::Login, &*actor.name).new(json!({ "road": road }));
        match self.shared.trail.record(act).await {
            Ok(_recorded) => self.shared.passed(proof),
            Err(error) => {
                self.shared.took_back(proof);
                return Err(LoginError::Trail(error));
            }
        }
        self.shared.forget_failures(account);
        Ok(Pass::new(&self.shared, actor, Subject::Password { account, password_set }))
    }

    /// Whether a password is right, by the rules of the lockout; what is wrong is counted and recorded.
    ///
    /// The right password, a wrong one, and one for an account that is not there or may not be used cost the same.
    pub(crate) async fn prove(
        &self,
        name: &str,
        password: &Secret,
        actor: &Actor,
        action: Action,
    ) -> Result<Proof, LoginError> {
        let shared = &self.shared;
        let snapshot = shared.snapshot.load_full();
        let record = snapshot.state.account(name);
        let lower = name.to_ascii_lowercase();
        let target = record.map_or(Target::Unknown(&lower), |record| Target::Known(record.id));
        let attempt = match actor.road {
            Road::Local => None, // nobody is locked out of his own machine
            _ => {
                let address = actor.from.map(|from| from.ip());
                let now = shared.clock.steady();
                let verdict = shared.lockout.lock().begin(target, address, now);
                match verdict {
                    Verdict::Try(attempt) => Some(attempt),
                    Verdict::Wait => return Err(LoginError::Busy),
                    Verdict::Refuse(refused) => {
                        refused.record.into_iter().for_each(|r| shared.leave_refused(r));
                        return self.refuse(record, password).await;
                    }
                }
            }
        };
        let (actor, account) = (actor.clone(), record.map(|record| record.id));
        let mut trying = Trying { shared: shared.clone(), attempt, actor, action, account };
        let hasher = shared.hasher.load_full();
        let kept = record.and_then(|record| record.password.clone());
        let verdict = match hasher.verify(kept, password.clone()).await {
            Ok(verdict) => verdict,
            Err(password::HashError::Damaged) => {
                tracing::error!(account = name_kept(record), "the kept password hash is damaged");
                password::Verdict::Wrong
            }
            Err(error) => {
                shared.take_back(trying.decided());
                return Err(error.into());
            }
        };
        let may = record.filter(|record| snapshot.live_holder(record.id, &shared.clock).is_some());
        if let Some(record) = may.filter(|_| verdict.is_right()) {
            let rehashed = match verdict {
                password::Verdict::RightButOutdated => hasher.hash(password.clone()).await.ok(),
                _ => None,
            };
            return Ok(Proof {
                account: record.id,
                password_set: record.password_set,
                has_factor: record.factor.is_some(),
                rehashed,
                trying,
            });
        }
        let why = match (record, may) {
            (None, _) => "no such account",
            (Some(_), Some(_)) => "wrong password",
            (Some(_), None) if verdict.is_right() => "the account cannot be used",
            (Some(_), None) => "wrong password, and the account cannot be used",
        };
        let (attempt, actor) = (trying.decided(), &trying.actor);
        self.missed(Miss { actor, action, account, attempt, why }).await;
        Err(LoginError::Wrong)
    }

    /// Somebody has to wait: the right password is refused too, in the same words and after the same time.
    async fn refuse<T>(
        &self,
        record: Option<&AccountRecord>,
        password: &Secret,
    ) -> Result<T, LoginError> {
        metrics::counter!(names::FAILURES).increment(1);
        let kept = record.and_then(|record| record.password.clone());
        let account = record.map(|record| record.id);
        account.into_iter().for_each(|account| self.shared.count_failure(account));
        let hasher = self.shared.hasher.load_full();
        match hasher.verify(kept, password.clone()).await {
            Ok(_) | Err(password::HashError::Damaged) => Err(LoginError::Wrong),
            Err(other) => Err(other.into()),
        }
    }

    /// What was presented beside the right password is wrong.
    pub(crate) async fn failed(&self, mut proof: Proof, actor: &Actor, action: Action, why: &str) {
        let (account, attempt) = (Some(proof.account), proof.trying.decided());
        self.missed(Miss { actor, action, account, attempt, why }).await;
    }

    /// Counted, and on disk in the trail before anybody is told.
    async fn missed(&self, miss: Miss<'_>) {
        let shared = &self.shared;
        let mut acts = Unwritten { shared, acts: shared.count_miss(miss).into() };
        while let Some(act) = acts.acts.pop_front() {
            if let Err(error) = shared.trail.record(act).await {
                // It is refused either way, and the trail's own state says that it does not write.
                metrics::counter!(names::NOTES_DROPPED).increment(1);
                tracing::debug!(%error, "a failed login is not in the trail");
            }
        }
    }

    /// The pass of a session that has just begun.
    pub(crate) fn pass_of(&self, id: &str, from: Option<SocketAddr>) -> Result<Pass, LoginError> {
        metrics::counter!(names::LOGINS).increment(1);
        // Only missing when somebody disabled the account within the last microseconds.
        let session = self.shared.sessions.read().by_id(id).ok_or(LoginError::Wrong)?;
        let actor = Actor {
            name: self.shared.name_of(session.account),
            account: Some(session.account),
            road: Road::Http,
            from,
            session: Some(session.id.clone()),
        };
        Ok(Pass::new(&self.shared, actor, Subject::Session(session)))
    }
}

impl Shared {
    /// Counts what was wrong: its entry, and one for each pause that begins with it.
    fn count_miss(&self, miss: Miss<'_>) -> Vec<Act> {
        metrics::counter!(names::FAILURES).increment(1);
        // What was typed as a name is not kept: people type passwords there.
        let object = miss.account.map_or("a name that no account has".into(), |a| self.name_of(a));
        miss.account.into_iter().for_each(|account| self.count_failure(account));
        let now = self.clock.steady();
        let begun = miss.attempt.map(|attempt| self.lockout.lock().failed(attempt, now));
        let failure = Act::done(miss.actor, miss.action, &*object);
        let pause = |pause: Pause| {
            let wait = pause.until.saturating_sub(now).as_secs();
            let node = Actor { from: miss.actor.from, ..Actor::node() };
            Act::done(&node, Action::Lockout, self.whose(&pause.whose))
                .detail(format!("too many failures: has to wait for {wait} s"))
        };
        std::iter::once(failure.result(Outcome::Refused).detail(miss.why))
            .chain(begun.into_iter().flatten().map(pause))
            .collect()
    }

    pub(crate) fn passed(&self, mut proof: Proof) {
        let attempt = proof.trying.decided();
        let record = attempt.and_then(|attempt| self.lockout.lock().succeeded(attempt));
        record.into_iter().for_each(|record| self.leave_refused(record));
    }

    /// It was not decided after all.
    pub(crate) fn took_back(&self, mut proof: Proof) {
        self.take_back(proof.trying.decided());
    }

    fn take_back(&self, attempt: Option<Attempt>) {
        attempt.into_iter().for_each(|attempt| self.lockout.lock().taken_back(attempt));
    }

    pub(crate) fn leave_refused(&self, record: crate::lockout::Record) {
        // Counted by the lockout already, so not coalesced again.
        let act = self.refused_attempts(record);
        self.notes.send(Note::Act(Box::new(act)));
    }

    fn count_failure(&self, account: u64) {
        let mut failures = self.failures.lock();
        let count = failures.entry(account).or_default();
        *count = count.saturating_add(1);
        self.notes.send(Note::Use(Use::Failures { account, count: *count }));
    }

    fn forget_failures(&self, account: u64) {
        if self.failures.lock().remove(&account).is_some_and(|count| count > 0) {
            self.notes.send(Note::Use(Use::Failures { account, count: 0 }));
        }
    }

    pub(crate) fn name_of(&self, account: u64) -> Arc<str> {
        let snapshot = self.snapshot.load();
        snapshot.holder(account).map_or_else(|| "?".into(), |holder| holder.name.clone())
    }
}

/// A session that is about to begin.
pub(crate) struct Begin {
    pub(crate) secret: Secret,
    pub(crate) record: SessionRecord,
}

impl Begin {
    pub(crate) fn new(
        shared: &Shared,
        from: Option<SocketAddr>,
        agent: &str,
    ) -> Result<Begin, ChangeError> {
        let secret = secret::random_secret()?;
        let now = shared.clock.now();
        let record = SessionRecord {
            id: secret::hex(&secret::random_bytes::<8>()?),
            hash: secret::digest(secret.reveal()),
            account: 0,
            from,
            agent: agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect(),
            began: now,
            active: now,
            ends: now.saturating_add(shared.snapshot.load().policy.session.max),
            locked: false,
            notices: Vec::new(),
            last_login: None,
        };
        Ok(Begin { secret, record })
    }

    /// The account notes its login; sessions beyond the limit end, oldest first.
    pub(crate) fn plan(
        mut self,
        now: &Snapshot,
        shared: &Shared,
        mut account: AccountRecord,
        with: &str,
    ) -> Result<Plan<String>, ChangeError> {
        let failures = shared.failures.lock().get(&account.id).copied().unwrap_or(0);
        self.record.account = account.id;
        self.record.last_login = account.last_login;
        self.record.notices = notices(failures);
        account.last_login = Some(self.record.began);
        account.failures = 0;
        let most = account.sessions_max.unwrap_or(now.policy.session.per_account).max(1) as usize;
        let others = shared.sessions.read().of(account.id);
        let too_many = (others.len() + 1).saturating_sub(most);
        let gone: Vec<String> =
            others.iter().take(too_many).map(|session| session.id.to_string()).collect();
        let detail = (!gone.is_empty()).then(|| format!("ended for it: {}", gone.join(", ")));
        let new = json!({ "session": self.record.id, "agent": self.record.agent, "with": with });
        let mut changes = vec![
            Change::Account(Box::new(account)),
            Change::Session(Box::new(self.record.clone())),
        ];
        changes.extend(gone.into_iter().map(Change::SessionGone));
        Ok(Plan::new(changes, self.record.id).new_is(new).detail(detail))
    }
}

/// Somebody of whom nothing is known yet.
pub(crate) fn stranger(from: Option<SocketAddr>, road: Road) -> Actor {
    Actor { name: "anonymous".into(), account: None, road, from, session: None }
}

pub(crate) fn stopping() -> ChangeError {
    ChangeError::Trail(lineshaft_audit::TrailError::Closed)
}

/// The account as it is now, if it may still be used and its password is still the one that was checked.
pub(crate) fn usable(
    now: &Snapshot,
    account: u64,
    password_set: Timestamp,
    shared: &Shared,
) -> Result<AccountRecord, ChangeError> {
    now.live_holder(account, &shared.clock)
        .and_then(|_| now.state.accounts.get(&account))
        .filter(|record| record.password_set == password_set && record.kind == AccountKind::Person)
        .cloned()
        .ok_or(ChangeError::Wrong)
}

/// Takes a code of the second factor, or a recovery code; each once. Says what with.
pub(crate) fn spend_code(
    account: &mut AccountRecord,
    code: Option<&str>,
    now: Timestamp,
) -> Result<&'static str, ChangeError> {
    let Some(FactorRecord { secret, last_step, recovery }) = &mut account.factor else {
        return Ok("password");
    };
    let code = code.ok_or(ChangeError::Wrong)?;
    let factor = Factor::from_base32(secret.reveal())?;
    if let Some(step) = factor.check(code, now, *last_step) {
        *last_step = Some(step);
        return Ok("password and code");
    }
    if take_recovery_code(recovery, code) {
        return Ok("password and recovery code");
    }
    Err(ChangeError::Wrong)
}

fn notices(failures: u32) -> Vec<String> {
    match failures {
        0 => Vec::new(),
        1 => vec!["1 failed attempt since your last login".to_owned()],
        more => vec![format!("{more} failed attempts since your last login")],
    }
}

fn name_kept(record: Option<&AccountRecord>) -> &str {
    record.map_or("", |record| &record.name)
}
