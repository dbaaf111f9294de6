//! What the plant file says about identity.

use std::fmt;
use std::time::Duration;

use crate::lockout::Limits;
use crate::password::{Cost, Rules};

/// What the plant file says about identity. May change while the node runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The role of whoever does not say who he is; `None` (the default) is nothing. What it allows about accounts,
    /// certificates, the trail and signatures he does not get.
    pub anonymous: Option<String>,
    /// The role of whoever comes over loopback and does not say who he is, as `visitor`: the demo. Default: none.
    pub visitor: Option<String>,
    /// Every change needs a `why`. Default: no.
    pub require_reason: bool,
    /// Roles whose holders must have a second factor. Default: none.
    pub second_factor: Vec<String>,
    /// The name that authenticator apps show, with the account: the node's.
    pub issuer: String,
    /// Sessions.
    pub session: SessionPolicy,
    /// Passwords.
    pub password: PasswordPolicy,
    /// Failed logins.
    pub lockout: LockoutPolicy,
}

/// A role that the plant file names and that is not there. What it asks for does not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRole {
    /// The field of `[security]` that names it.
    pub field: &'static str,
    /// The role's name.
    pub role: String,
}

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownRole { field, role } = self;
        write!(f, "there is no role `{role}`; `[security] {field}` asks for it")
    }
}

impl Policy {
    /// The roles it names that are not there.
    pub(crate) fn unknown_roles(&self, is_known: impl Fn(&str) -> bool) -> Vec<UnknownRole> {
        let one = |field, role: &Option<String>| role.clone().map(|role| (field, role));
        let factor = self.second_factor.iter().map(|role| ("second_factor", role.clone()));
        let named = one("anonymous", &self.anonymous)
            .into_iter()
            .chain(one("visitor", &self.visitor))
            .chain(factor);
        named
            .filter(|(_, role)| !is_known(role))
            .map(|(field, role)| UnknownRole { field, role })
            .collect()
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            anonymous: None,
            visitor: None,
            require_reason: false,
            second_factor: Vec::new(),
            issuer: "Lineshaft".to_owned(),
            session: SessionPolicy::default(),
            password: PasswordPolicy::default(),
            lockout: LockoutPolicy::default(),
        }
    }
}

/// What happens to a session that nobody uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleMeans {
    /// It is locked: it may still look at the plant, and its owner's password opens it again.
    Lock,
    /// It ends.
    End,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// A session nobody used for this long or longer is idle. Default 30 min.
    pub idle: Duration,
    /// What happens then. Default: it is locked.
    pub idle_means: IdleMeans,
    /// A session ends this long after its login, used or not. Default 12 h.
    pub max: Duration,
    /// The most sessions of one account; one more ends the oldest. Default 10.
    pub per_account: u32,
}

impl Default for SessionPolicy {
    fn default() -> SessionPolicy {
        SessionPolicy {
            idle: Duration::from_secs(30 * 60),
            idle_means: IdleMeans::Lock,
            max: Duration::from_secs(12 * 3600),
            per_account: 10,
        }
    }
}

/// What a password must be, and what it costs to check one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The fewest characters. Default 12.
    pub length_min: u32,
    /// The most characters. Default 128; more would only cost time.
    pub length_max: u32,
    /// The least score of zxcvbn, 0 to 4. Default 3.
    pub score_min: u8,
    /// So many earlier passwords cannot be taken again. Default 5.
    pub history: u32,
    /// A password older than this must be changed. Default: never.
    pub lifetime: Option<Duration>,
    /// Memory of one check in KiB. Default 46 MiB, as OWASP has it; less only in tests.
    pub memory_kib: u32,
}

impl Default for PasswordPolicy {
    fn default() -> PasswordPolicy {
        PasswordPolicy {
            length_min: 12,
            length_max: 128,
            score_min: 3,
            history: 5,
            lifetime: None,
            memory_kib: 46 * 1024,
        }
    }
}

/// When somebody who fails has to wait. Never on the road `local`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutPolicy {
    /// So many failures of an account within `window` lock it. Default 5.
    pub attempts: u32,
    /// In which time failures count. Default 15 min.
    pub window: Duration,
    /// How long it then waits; doubled each time it happens again. Default 15 min.
    pub pause: Duration,
    /// The longest wait. Default 4 h.
    pub pause_max: Duration,
    /// So many failures from one address within `window` lock the address for `pause`. Default 20.
    pub source_attempts: u32,
}

impl Default for LockoutPolicy {
    fn default() -> LockoutPolicy {
        LockoutPolicy {
            attempts: 5,
            window: Duration::from_secs(15 * 60),
            pause: Duration::from_secs(15 * 60),
            pause_max: Duration::from_secs(4 * 3600),
            source_attempts: 20,
        }
    }
}

impl PasswordPolicy {
    pub(crate) fn cost(&self) -> Cost {
        Cost { memory_kib: self.memory_kib, ..Cost::STANDARD }
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            length_min: self.length_min as usize,
            length_max: self.length_max as usize,
            score_min: self.score_min,
            history: self.history as usize,
            lifetime: self.lifetime,
        }
    }
}

impl LockoutPolicy {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            attempts: self.attempts,
            source_attempts: self.source_attempts,
            window: self.window,
            pause: self.pause,
            pause_max: self.pause_max,
        }
    }
}
