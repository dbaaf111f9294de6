//! The handle: opening, and who somebody is.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use lineshaft_audit::{Actor, Road, Trail};
use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::background::{self, Note, Notes};
use crate::change::Core;
use crate::live::{Session, Sessions};
use crate::lockout::Lockout;
use crate::own::Pending;
use crate::pass::Subject;
use crate::password::Hasher;
use crate::secret::{self, Token};
use crate::sign::Challenges;
use crate::snapshot::Snapshot;
use crate::store::{Sqlite, Store as _, Use};
use crate::{Activity, OpenError, Pass, Policy, Secret, Standing, Unknown, UnknownRole};

/// How often it is written down that a token is used.
const TOKEN_USE_INTERVAL: Duration = Duration::from_secs(60);

/// Everybody the node knows. Clones share it.
#[derive(Clone)]
pub struct Identity {
    pub(crate) shared: Arc<Shared>,
}

/// What every handle and every pass shares.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) trail: Trail,
    /// Everything a check needs; replaced as a whole.
    pub(crate) snapshot: ArcSwap<Snapshot>,
    /// Locked only on threads that may wait for a disk, and before every other lock here.
    pub(crate) core: Mutex<Core>,
    pub(crate) sessions: RwLock<Sessions>,
    pub(crate) generation: watch::Sender<u64>,
    pub(crate) hasher: ArcSwap<Hasher>,
    pub(crate) lockout: Mutex<Lockout>,
    /// Failed logins of an account since the last one that succeeded.
    pub(crate) failures: Mutex<HashMap<u64, u32>>,
    pub(crate) token_uses: Mutex<HashMap<u64, Timestamp>>,
    pub(crate) pending: Mutex<HashMap<u64, Pending>>,
    pub(crate) challenges: Mutex<Challenges>,
    pub(crate) notes: Notes,
    setup: Secret,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.shared.snapshot.load();
        f.debug_struct("Identity")
            .field("accounts", &snapshot.state.accounts.len())
            .field("sessions", &self.shared.sessions.read().len())
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Opens the database, or makes it, and compares it with the trail. Blocks.
    ///
    /// # Errors
    /// [`OpenError`]: the file is damaged, from a newer program, or cannot be used; the trail cannot be read, or a
    /// change that a crash cut short cannot be entered in it.
    pub fn open(
        path: &Path,
        clock: Clock,
        trail: Trail,
        policy: Policy,
    ) -> Result<Identity, OpenError> {
        let mut store = Sqlite::open(path)?;
        crate::recover::compare(&mut store, &trail)?;
        let loaded = store.load()?;
        let random = |_none| OpenError::System {
            what: "random numbers",
            source: std::io::Error::other(secret::NoRandomness),
        };
        let setup = secret::random_secret().map_err(random)?;
        let hasher = Hasher::new(policy.password.cost()).map_err(OpenError::Password)?;
        let mut sessions = Sessions::default();
        for record in loaded.sessions {
            sessions.insert(Arc::new(Session::of(record, &clock)));
        }
        let accounts = loaded.state.accounts.values();
        let (notes, queue) = Notes::new();
        let shared = Arc::new(Shared {
            failures: Mutex::new(accounts.map(|account| (account.id, account.failures)).collect()),
            lockout: Mutex::new(Lockout::new(policy.lockout.limits())),
            snapshot: ArcSwap::from_pointee(Snapshot::of(Arc::new(loaded.state), Arc::new(policy))),
            core: Mutex::new(Core { store: Box::new(store), settled: 0, is_in_doubt: false }),
            sessions: RwLock::new(sessions),
            generation: watch::Sender::new(0),
            hasher: ArcSwap::from_pointee(hasher),
            token_uses: Mutex::default(),
            pending: Mutex::default(),
            challenges: Mutex::default(),
            clock,
            trail,
            notes,
            setup,
        });
        background::start(&shared, queue)
            .map_err(|source| OpenError::System { what: "a thread", source })?;
        let identity = Identity { shared };
        identity.warn_of_unknown_roles();
        Ok(identity)
    }

    /// Writes what waits. To be called before the trail is closed; blocks. The handle can still be asked.
    pub fn close(&self) {
        self.shared.wind_up();
    }

    /// Another policy, from now on.
    ///
    /// A cost of passwords that Argon2 does not allow is logged, and the cost stays as it is.
    pub fn set_policy(&self, policy: Policy) {
        let cost = policy.password.cost();
        if self.shared.hasher.load().cost() != cost {
            match Hasher::new(cost) {
                Ok(hasher) => self.shared.hasher.store(Arc::new(hasher)),
                Err(error) => tracing::error!(%error, "the cost of passwords stays as it is"),
            }
        }
        self.shared.lockout.lock().set_limits(policy.lockout.limits());
        let policy = Arc::new(policy);
        self.shared.snapshot.rcu(|old| Snapshot::of(old.state.clone(), policy.clone()));
        self.shared.generation.send_modify(|generation| *generation += 1);
        self.warn_of_unknown_roles();
    }

    /// The roles that the policy names and that are not there: nobody is let in by them, and nobody has to have a
    /// second factor for them.
    #[must_use]
    pub fn unknown_roles(&self) -> Vec<UnknownRole> {
        self.shared.snapshot.load().unknown_roles()
    }

    fn warn_of_unknown_roles(&self) {
        let unknown = self.unknown_roles();
        if !unknown.is_empty() {
            let what = unknown.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            tracing::warn!(what, "the policy names roles that are not there");
        }
    }

    /// The policy now.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.shared.snapshot.load().policy.clone()
    }

    /// A new number after each change: whoever serves a connection for long looks then whether it may go on.
    ///
    /// What time alone does (a session that ends) has no change at once: look at [`Pass::is_live`] now and then too.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.generation.subscribe()
    }

    /// Whose session it is. From memory.
    ///
    /// A locked session is known too: what it may is little.
    ///
    /// # Errors
    /// [`Unknown`] when there is no such session, or not any more.
    pub fn by_session(
        &self,
        secret: &str,
        from: Option<SocketAddr>,
        activity: Activity,
    ) -> Result<Pass, Unknown> {
        let shared = &self.shared;
        let session = shared.sessions.read().by_hash(&secret::digest(secret)).ok_or(Unknown)?;
        let snapshot = shared.snapshot.load();
        let holder = snapshot.live_holder(session.account, &shared.clock).ok_or(Unknown)?;
        if session.used(&shared.clock, &snapshot.policy.session, activity) == Standing::Ended {
            return Err(Unknown);
        }
        if session.take_unwritten() {
            let active = session.active(&shared.clock);
            shared.notes.send(Note::Use(Use::Session { id: session.id.to_string(), active }));
        }
        let actor = Actor {
            name: holder.name.clone(),
            account: Some(session.account),
            road: Road::Http,
            from,
            session: Some(session.id.clone()),
        };
        Ok(Pass::new(shared, actor, Subject::Session(session)))
    }

    /// Whose token it is. From memory.
    ///
    /// # Errors
    /// [`Unknown`] when there is no such token, or it is revoked or over.
    pub fn by_token(
        &self,
        secret: &str,
        from: Option<SocketAddr>,
        road: Road,
    ) -> Result<Pass, Unknown> {
        let shared = &self.shared;
        let Ok(token) = Token::parse(secret) else { return Err(Unknown) };
        let snapshot = shared.snapshot.load();
        let (id, holder) = snapshot.token_of(&token.digest(), &shared.clock).ok_or(Unknown)?;
        shared.note_token_use(id);
        let actor = Actor { name: holder.name.clone(), account: None, road, from, session: None };
        Ok(Pass::new(shared, actor, Subject::Token { id }))
    }

    /// For whom a client certificate stands, by the SHA-256 of its DER. From memory.
    ///
    /// Whoever calls this has seen the certificate verified, and that its peer has the key.
    ///
    /// # Errors
    /// [`Unknown`] when it stands for nobody, or its account is disabled or over.
    pub fn by_certificate(
        &self,
        fingerprint: &[u8; 32],
        from: Option<SocketAddr>,
        road: Road,
    ) -> Result<Pass, Unknown> {
        let shared = &self.shared;
        let snapshot = shared.snapshot.load();
        let account = snapshot.certificate(fingerprint, &shared.clock).ok_or(Unknown)?;
        let holder = snapshot.live_holder(account, &shared.clock).ok_or(Unknown)?;
        let name = format!("certificate:{}", holder.name).into();
        let actor = Actor { name, account: Some(account), road, from, session: None };
        let subject = Subject::Certificate { fingerprint: *fingerprint, account };
        Ok(Pass::new(shared, actor, subject))
    }

    /// Somebody who does not say who he is: what the policy gives him, usually nothing. Where the policy lets visitors
    /// in and he comes over loopback, he is one.
    #[must_use]
    pub fn nobody(&self, from: Option<SocketAddr>, road: Road) -> Pass {
        let is_near = from.is_some_and(|from| from.ip().to_canonical().is_loopback());
        let is_visitor = is_near && self.shared.snapshot.load().policy.visitor.is_some();
        let (name, subject) = match is_visitor {
            true => ("visitor", Subject::Visitor),
            false => ("anonymous", Subject::Nobody),
        };
        let actor = Actor { name: name.into(), account: None, road, from, session: None };
        Pass::new(&self.shared, actor, subject)
    }

    /// Whoever could open the control socket: may everything. `user` is the operating system's name for him.
    #[must_use]
    pub fn local(&self, user: &str) -> Pass {
        let user: String = user.chars().filter(|c| !c.is_control()).take(64).collect();
        let name = format!("local:{user}").into();
        let actor = Actor { name, account: None, road: Road::Local, from: None, session: None };
        Pass::new(&self.shared, actor, Subject::Local)
    }

    /// The node itself: may everything.
    #[must_use]
    pub fn node(&self) -> Pass {
        Pass::new(&self.shared, Actor::node(), Subject::Node)
    }

    /// Whether there is an account that can make others.
    #[must_use]
    pub fn has_admin(&self) -> bool {
        self.shared.snapshot.load().state.has_admin()
    }

    /// The secret of the setup link, as long as there is no administrator. Another one after each start.
    #[must_use]
    pub fn setup_secret(&self) -> Option<String> {
        (!self.has_admin()).then(|| self.shared.setup.reveal().to_owned())
    }

    pub(crate) fn is_setup_secret(&self, secret: &str) -> bool {
        secret::same_digest(&secret::digest(secret), &secret::digest(self.shared.setup.reveal()))
    }
}

impl Shared {
    fn note_token_use(&self, id: u64) {
        let used = self.clock.now();
        let mut uses = self.token_uses.lock();
        let is_fresh = |last: &Timestamp| {
            used.checked_since(*last).is_some_and(|since| since < TOKEN_USE_INTERVAL)
        };
        if !uses.get(&id).is_some_and(is_fresh) {
            uses.insert(id, used);
            self.notes.send(Note::Use(Use::Token { id, used }));
        }
    }

    /// A session as it is called in the trail.
    pub(crate) fn session_object(&self, session: &Session) -> String {
        let snapshot = self.snapshot.load();
        let account = snapshot.holder(session.account).map_or("?", |holder| &holder.name);
        format!("session {} of {account}", session.id)
    }
}
