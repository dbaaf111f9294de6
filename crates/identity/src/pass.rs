//! Who somebody is, and the one check.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_audit::Actor;
use lineshaft_model::Timestamp;

use crate::access::Access;
use crate::identity::Shared;
use crate::live::Session;
use crate::snapshot::Snapshot;
use crate::{IdleMeans, Permission, Prefix, Reach, Rule, Scope};

/// What kind of somebody it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nobody said who he is.
    Nobody,
    /// Whoever looks at the demo.
    Visitor,
    /// A person with a password.
    Person,
    /// A program with a token.
    Token,
    /// A machine with a client certificate.
    Certificate,
    /// Whoever can open the control socket.
    Local,
    /// The node itself.
    Node,
}

impl Kind {
    /// The word of the HTTP interface.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Nobody => "nobody",
            Kind::Visitor => "visitor",
            Kind::Person => "person",
            Kind::Token => "token",
            Kind::Certificate => "certificate",
            Kind::Local => "local",
            Kind::Node => "node",
        }
    }
}

/// What can be done with a pass right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// What nobody in particular may.
    Anonymous,
    /// Everything it is allowed.
    Live,
    /// Looking at the plant, until its owner unlocks it.
    Locked,
    /// Changing the password, and nothing else before that.
    PasswordDue,
    /// Adding a second factor, and nothing else before that.
    FactorDue,
    /// Nothing ever again.
    Ended,
}

impl Standing {
    /// The word of the HTTP interface.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Standing::Anonymous => "anonymous",
            Standing::Live => "live",
            Standing::Locked => "locked",
            Standing::PasswordDue => "password-due",
            Standing::FactorDue => "factor-due",
            Standing::Ended => "ended",
        }
    }
}

/// Why something is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody knows who is asking, or his session has ended.
    #[error("this needs somebody who is known")]
    NotKnown,
    /// The session is locked.
    #[error("the session is locked")]
    Locked,
    /// The password must be changed first.
    #[error("the password must be changed first")]
    PasswordDue,
    /// A second factor must be added first.
    #[error("a second factor must be added first")]
    FactorDue,
    /// Known, and not allowed.
    #[error("this needs `{}` on {scope}", permission.word())]
    Forbidden {
        /// What was needed.
        permission: Permission,
        /// On what.
        scope: String,
    },
}

/// By what a pass is known.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// By nothing.
    Nobody,
    /// By looking at the demo.
    Visitor,
    /// By a session.
    Session(Arc<Session>),
    /// By a password that was checked once; good until the password changes.
    Password { account: u64, password_set: Timestamp },
    /// By a token.
    Token { id: u64 },
    /// By a client certificate.
    Certificate { fingerprint: [u8; 32], account: u64 },
    /// By having opened the control socket.
    Local,
    /// By being the node.
    Node,
}

/// Somebody, for as long as his connection lasts. Cheap to clone.
///
/// Every question is answered from the newest state: an ended session, a disabled account, a revoked token, a
/// changed role act on the very next one.
#[derive(Clone)]
pub struct Pass(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    actor: Actor,
    subject: Subject,
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("actor", &self.0.actor).finish_non_exhaustive()
    }
}

impl Pass {
    pub(crate) fn new(shared: &Arc<Shared>, actor: Actor, subject: Subject) -> Pass {
        Pass(Arc::new(Inner { shared: shared.clone(), actor, subject }))
    }

    /// Whether this is allowed, on all of the scope. The one check of every road.
    ///
    /// Allocates nothing and waits for nothing when it is.
    ///
    /// # Errors
    /// [`Denied`] says what is missing; show it to whoever asked, and [`crate::Identity::denied`] to the trail.
    pub fn may(&self, permission: Permission, scope: &Scope<'_>) -> Result<(), Denied> {
        if permission.reach() == Reach::Everybody {
            return Ok(());
        }
        let snapshot = self.0.shared.snapshot.load();
        let (standing, access) = self.look(&snapshot);
        gate(standing, permission)?;
        if permission.reach() == Reach::Known || access.covers(permission, scope) {
            return Ok(());
        }
        Err(match standing {
            Standing::Anonymous => Denied::NotKnown,
            // What is about the node as a whole is had on the whole plant or not at all.
            _ if permission.reach() == Reach::Node => {
                Denied::Forbidden { permission, scope: Scope::Under("").to_string() }
            }
            _ => Denied::Forbidden { permission, scope: scope.to_string() },
        })
    }

    /// The parts of `under` on which this is allowed: disjoint, in the order of the tree; none is nothing.
    #[must_use]
    pub fn parts(&self, permission: Permission, under: &str) -> Vec<Prefix> {
        let snapshot = self.0.shared.snapshot.load();
        let (standing, access) = self.look(&snapshot);
        match gate(standing, permission) {
            Ok(()) => access.parts_under(permission, under),
            Err(_) => Vec::new(),
        }
    }

    /// Whether the plant may be read at this path. Allocates nothing.
    #[must_use]
    pub fn sees(&self, path: &str) -> bool {
        let snapshot = self.0.shared.snapshot.load();
        let (standing, access) = self.look(&snapshot);
        gate(standing, Permission::ReadPlant).is_ok()
            && access.covers(Permission::ReadPlant, &Scope::Under(path))
    }

    /// Whether it is good for anything still. A connection whose pass is not is closed.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.standing() != Standing::Ended
    }

    /// What can be done with it right now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.look(&self.0.shared.snapshot.load()).0
    }

    /// Who, for the trail.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.0.actor
    }

    /// What kind of somebody.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.0.subject {
            Subject::Nobody => Kind::Nobody,
            Subject::Visitor => Kind::Visitor,
            Subject::Session(_) | Subject::Password { .. } => Kind::Person,
            Subject::Token { .. } => Kind::Token,
            Subject::Certificate { .. } => Kind::Certificate,
            Subject::Local => Kind::Local,
            Subject::Node => Kind::Node,
        }
    }

    /// Everything a page shows about whoever looks at it.
    #[must_use]
    pub fn about(&self) -> About {
        let snapshot = self.0.shared.snapshot.load();
        let (standing, access) = self.look(&snapshot);
        let holder = self.account().and_then(|id| snapshot.holder(id));
        let session = self.session();
        About {
            standing,
            kind: self.kind(),
            account: holder.map(|holder| holder.name.to_string()),
            full_name: holder.map(|holder| holder.full_name.to_string()),
            permissions: if standing == Standing::Ended { Vec::new() } else { access.rules() },
            session: session.map(|session| session.id.to_string()),
            idle: snapshot.policy.session.idle,
            idle_means: snapshot.policy.session.idle_means,
            ends: session.map(|session| session.ends),
            signed_before: session.is_some_and(|session| session.has_signed()),
            factor: holder.is_some_and(|holder| holder.factor),
            notices: session.map(|session| session.notices.clone()).unwrap_or_default(),
            last_login: session.and_then(|session| session.last_login),
        }
    }

    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match &self.0.subject {
            Subject::Session(session) => Some(session),
            _ => None,
        }
    }

    pub(crate) fn account(&self) -> Option<u64> {
        match &self.0.subject {
            Subject::Session(session) => Some(session.account),
            Subject::Password { account, .. } | Subject::Certificate { account, .. } => {
                Some(*account)
            }
            _ => None,
        }
    }

    /// Runs `with` what he may do right now; nothing when he is not in good standing.
    pub(crate) fn with_access<T>(&self, with: impl FnOnce(&Access) -> T) -> T {
        let snapshot = self.0.shared.snapshot.load();
        let (standing, access) = self.look(&snapshot);
        if standing == Standing::Live { with(access) } else { with(&snapshot.nothing) }
    }

    fn look<'s>(&self, snapshot: &'s Snapshot) -> (Standing, &'s Access) {
        let ended = (Standing::Ended, &snapshot.nothing);
        let clock = &self.0.shared.clock;
        match &self.0.subject {
            Subject::Nobody => (Standing::Anonymous, &snapshot.anonymous),
            Subject::Visitor if snapshot.policy.visitor.is_some() => {
                (Standing::Live, &snapshot.visitor)
            }
            Subject::Visitor => ended,
            Subject::Local | Subject::Node => (Standing::Live, &snapshot.everything),
            Subject::Session(session) => {
                let Some(holder) = snapshot.live_holder(session.account, clock) else {
                    return ended;
                };
                match (session.standing(clock, &snapshot.policy.session), holder.due(clock)) {
                    (Standing::Live, due) => (due, &holder.access),
                    (other, Standing::Live) => (other, &holder.access),
                    // Looking at the plant is for whoever has nothing due.
                    (other, _) => (other, &snapshot.nothing),
                }
            }
            Subject::Password { account, password_set } => {
                match snapshot.live_holder(*account, clock) {
                    Some(holder) if holder.password_set == *password_set => {
                        (holder.due(clock), &holder.access)
                    }
                    _ => ended,
                }
            }
            Subject::Token { id } => match snapshot.live_token(*id, clock) {
                Some(token) => (Standing::Live, &token.access),
                None => ended,
            },
            Subject::Certificate { fingerprint, account } => {
                match snapshot.live_holder(*account, clock) {
                    Some(holder) if snapshot.certificate(fingerprint, clock) == Some(*account) => {
                        (Standing::Live, &holder.access)
                    }
                    _ => ended,
                }
            }
        }
    }
}

/// What a standing lets through at all.
fn gate(standing: Standing, permission: Permission) -> Result<(), Denied> {
    let own = permission.reach() == Reach::Known;
    match standing {
        Standing::Live => Ok(()),
        Standing::Anonymous if own => Err(Denied::NotKnown),
        Standing::Anonymous => Ok(()),
        Standing::Ended => Err(Denied::NotKnown),
        _ if own => Ok(()),
        Standing::Locked => match permission {
            Permission::ReadPlant | Permission::ReadNode => Ok(()),
            _ => Err(Denied::Locked),
        },
        Standing::PasswordDue => Err(Denied::PasswordDue),
        Standing::FactorDue => Err(Denied::FactorDue),
    }
}

/// Everything a page shows about whoever looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// What he can do right now.
    pub standing: Standing,
    /// What kind of somebody.
    pub kind: Kind,
    /// Account name, where there is one.
    pub account: Option<String>,
    /// Printed name, where there is one.
    pub full_name: Option<String>,
    /// What he may do once nothing is locked or due.
    pub permissions: Vec<Rule>,
    /// The session's public name.
    pub session: Option<String>,
    /// After how long without a person a session is idle.
    pub idle: Duration,
    /// What happens then.
    pub idle_means: IdleMeans,
    /// When the session ends at the latest.
    pub ends: Option<Timestamp>,
    /// Whether he has signed in this session: the next signature then needs the password alone.
    pub signed_before: bool,
    /// Whether he has a second factor.
    pub factor: bool,
    /// What he should know since his last login.
    pub notices: Vec<String>,
    /// His login before this one.
    pub last_login: Option<Timestamp>,
}
