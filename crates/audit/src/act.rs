//! One act, as the trail keeps it.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// By which road somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Road {
    /// HTTP or WebSocket.
    Http,
    /// The control socket in the data folder, or a command while the node is stopped.
    Local,
    /// The plant folder was edited on disk.
    Disk,
    /// The node itself.
    Node,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Account name; `token:NAME` and `certificate:NAME` for machines; `local:USER` for the operating system's
    /// account behind the control socket; `node`, `disk`, `visitor` (of the demo) and `anonymous`.
    pub name: Arc<str>,
    /// The account's number, never reused; `None` where there is no account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// By which road.
    pub road: Road,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<SocketAddr>,
    /// The session's public name: tells two sessions apart and opens neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Arc<str>>,
}

impl Actor {
    /// The node itself.
    #[must_use]
    pub fn node() -> Actor {
        Actor { name: "node".into(), account: None, road: Road::Node, from: None, session: None }
    }

    /// Whoever edited the plant folder on disk: the file system does not say who.
    #[must_use]
    pub fn disk() -> Actor {
        Actor { name: "disk".into(), account: None, road: Road::Disk, from: None, session: None }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What was done. The word is `what.how`; the part before the dot is the category.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Action {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Action {
            /// Every action there is.
            pub const ALL: &[Action] = &[$(Action::$name),*];

            /// The word in the entry.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Action::$name => $word),* }
            }

            /// The action of a word.
            #[must_use]
            pub fn of(word: &str) -> Option<Action> {
                match word { $($word => Some(Action::$name),)* _ => None }
            }
        }
    };
}

actions! {
    /// The node started.
    NodeStart = "node.start";
    /// The node stopped in order.
    NodeStop = "node.stop";
    /// Somebody set the system clock.
    ClockStep = "clock.step";
    /// The trail was opened and its torn tail cut, or something about it is wrong.
    TrailRecovered = "audit.recovered";
    /// Somebody read the trail.
    AuditRead = "audit.read";
    /// Somebody took a copy of the trail.
    AuditExport = "audit.export";
    /// Old segments of the trail were moved away.
    AuditArchive = "audit.archive";
    /// Somebody had the trail verified.
    AuditVerify = "audit.verify";
    /// Somebody says that he has reviewed the trail up to an entry.
    AuditReview = "audit.review";
    /// A session began, or somebody failed to begin one.
    Login = "session.login";
    /// A session ended at its owner's wish.
    Logout = "session.logout";
    /// A session was locked.
    SessionLock = "session.lock";
    /// A locked session was unlocked, or somebody failed to.
    SessionUnlock = "session.unlock";
    /// A session was ended by somebody else or by time.
    SessionEnd = "session.end";
    /// An account or a source has failed too often and has to wait.
    Lockout = "account.lockout";
    /// A lockout was lifted by hand.
    Unlock = "account.unlock";
    /// Something was asked for that the asker may not do.
    Denied = "access.denied";
    /// The first account was made with the setup link.
    Setup = "account.setup";
    /// An account was made.
    AccountCreate = "account.create";
    /// An account was changed: its name, its grants, its expiry.
    AccountChange = "account.change";
    /// An account was disabled.
    AccountDisable = "account.disable";
    /// An account was enabled again.
    AccountEnable = "account.enable";
    /// Somebody changed his own password.
    PasswordChange = "account.password-change";
    /// Somebody set a first password for another.
    PasswordReset = "account.password-reset";
    /// A second factor was added.
    FactorAdd = "account.factor-add";
    /// A second factor was removed.
    FactorRemove = "account.factor-remove";
    /// A role was made.
    RoleCreate = "role.create";
    /// A role was changed.
    RoleChange = "role.change";
    /// A role was deleted.
    RoleDelete = "role.delete";
    /// A token was made.
    TokenCreate = "token.create";
    /// A token was revoked.
    TokenRevoke = "token.revoke";
    /// A certificate was issued, imported or mapped to an account.
    CertificateAdd = "certificate.add";
    /// The node's own certificate was renewed.
    CertificateRenew = "certificate.renew";
    /// A certificate was revoked.
    CertificateRevoke = "certificate.revoke";
    /// A value was written to a device.
    TagWrite = "tag.write";
    /// A change of the plant was applied.
    PlantChange = "plant.change";
    /// A change of the plant was refused.
    PlantRefuse = "plant.refuse";
    /// The plant went back to an earlier revision.
    PlantRollBack = "plant.roll-back";
    /// A change of the plant waits for a second person.
    PlantPropose = "plant.propose";
    /// A second person approved a change.
    PlantApprove = "plant.approve";
    /// A second person turned a change down, or its author took it back.
    PlantReject = "plant.reject";
    /// A record was signed.
    Sign = "signature.sign";
    /// An annotation was written.
    AnnotationMake = "annotation.make";
    /// An annotation got another text.
    AnnotationChange = "annotation.change";
    /// An annotation was withdrawn.
    AnnotationWithdraw = "annotation.withdraw";
    /// A trend was kept.
    TrendKeep = "trend.keep";
    /// A kept trend was made another.
    TrendChange = "trend.change";
    /// A kept trend was deleted.
    TrendDelete = "trend.delete";
    /// Somebody changed how the page is for him.
    AccountSettings = "account.settings";
    /// Somebody tried a device out.
    DeviceTest = "device.test";
    /// Somebody looked at what a device offers.
    DeviceBrowse = "device.browse";
    /// The frames of a device are kept for a while, or no more.
    DeviceTrace = "device.trace";
    /// Somebody changed how much the log says, for a while.
    LogLevels = "log.levels";
    /// Somebody exported something other than the trail.
    Export = "export.take";
}

/// What came of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is about to be done: written before an act whose effect cannot be taken back.
    Requested,
    /// It was done.
    Done,
    /// It was refused; nothing changed.
    Refused,
    /// It failed; nothing changed.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// An act before it has its time and its place in the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// Who.
    pub who: Actor,
    /// What.
    pub action: Action,
    /// On what: a tag path, an account name, `revision 12`, …
    pub object: String,
    /// What it was before. Never a secret.
    pub old: Option<Value>,
    /// What it is now. Never a secret.
    pub new: Option<Value>,
    /// Why, in the actor's words.
    pub why: Option<String>,
    /// What came of it.
    pub result: Outcome,
    /// Why it was refused or failed; which entry it belongs to.
    pub detail: Option<String>,
}

impl Act {
    /// An act that was done; the other members are added where there are any.
    #[must_use]
    pub fn done(who: &Actor, action: Action, object: impl Into<String>) -> Act {
        Act {
            who: who.clone(),
            action,
            object: object.into(),
            old: None,
            new: None,
            why: None,
            result: Outcome::Done,
            detail: None,
        }
    }

    /// What it was before.
    #[must_use]
    pub fn old(mut self, old: impl Into<Value>) -> Act {
        self.old = Some(old.into());
        self
    }

    /// What it is now.
    #[must_use]
    pub fn new(mut self, new: impl Into<Value>) -> Act {
        self.new = Some(new.into());
        self
    }

    /// Why; an empty reason is none.
    #[must_use]
    pub fn why(mut self, why: &str) -> Act {
        self.why = (!why.is_empty()).then(|| why.to_owned());
        self
    }

    /// Another outcome than done.
    #[must_use]
    pub fn result(mut self, result: Outcome) -> Act {
        self.result = result;
        self
    }

    /// Why it was refused or failed; which entry it belongs to.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Act {
        self.detail = Some(detail.into());
        self
    }
}
