//! What can be allowed, and on what.

use std::cmp::Ordering;
use std::fmt;

use lineshaft_model::TagPath;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $reach:ident;)*) => {
        /// Something a role can allow. The word is `verb-noun`, in roles, in OpenAPI's `x-access` and in messages.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Permission {
            /// Every permission there is.
            pub const ALL: &[Permission] = &[$(Permission::$name),*];

            /// Its word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Permission::$name => $word),* }
            }

            /// The permission of a word.
            #[must_use]
            pub fn of(word: &str) -> Option<Permission> {
                match word { $($word => Some(Permission::$name),)* _ => None }
            }

            /// How far it reaches.
            #[must_use]
            pub const fn reach(self) -> Reach {
                match self { $(Permission::$name => Reach::$reach),* }
            }
        }
    };
}

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everybody has it, known or not: liveness, the page's own files, logging in.
    Everybody,
    /// Everybody who is known has it: his own password, his own session.
    Known,
    /// It is given on tag paths; a grant that is limited to paths gives it there only.
    Tags,
    /// It is about the node as a whole; a grant that is limited to paths does not give it.
    Node,
}

permissions! {
    /// Nothing about the plant: liveness, the page's own files, the description of the API, logging in.
    Public = "public", Everybody;
    /// His own password, second factor and sessions.
    OwnAccount = "own-account", Known;
    /// See tags, values and history.
    ReadPlant = "read-plant", Tags;
    /// Change a value in a device.
    WritePlant = "write-plant", Tags;
    /// Write down what happened, beside the values: annotations, shared trends.
    Annotate = "annotate", Tags;
    /// See how the node and its devices do.
    ReadNode = "read-node", Tags;
    /// Look closer for a while: levels of the log, traces of what goes over the wire. Changes nothing of the plant.
    OperateNode = "operate-node", Node;
    /// See the plant folder and its revisions.
    ReadConfig = "read-config", Node;
    /// Change the plant folder, roll back, approve what another proposes.
    ChangeConfig = "change-config", Node;
    /// See accounts, roles, tokens, sessions and the security posture.
    ReadAccounts = "read-accounts", Node;
    /// Make and change accounts, roles and tokens; end sessions.
    ChangeAccounts = "change-accounts", Node;
    /// Issue, import and revoke certificates.
    ChangeCertificates = "change-certificates", Node;
    /// Read the audit trail, have it verified, review it.
    ReadAudit = "read-audit", Node;
    /// Take a copy of the audit trail.
    ExportAudit = "export-audit", Node;
    /// Sign records.
    Sign = "sign", Node;
}

/// A path of the tag tree and everything below it; the empty one is the whole tree.
///
/// Slashes at its ends do not count. The order of prefixes is the order of the tree, as that of tag paths: a path
/// comes right before what is below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Prefix(String);

impl Prefix {
    /// The whole tree.
    pub const ALL: Prefix = Prefix(String::new());

    /// A path and everything below it; slashes at its ends do not count.
    #[must_use]
    pub fn new(path: &str) -> Prefix {
        Prefix(path.trim_matches('/').to_owned())
    }

    /// The path, without slashes at its ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the whole tree.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `path` is this path or below it. `acme/line-1` does not cover `acme/line-10`.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        self.is_all()
            || path
                .strip_prefix(self.0.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Prefix {
    /// Its place against a path, in the order of the tree.
    pub(crate) fn cmp_path(&self, path: &str) -> Ordering {
        // A slash comes before every other character, and no path has a NUL.
        let in_tree = |byte: u8| if byte == b'/' { 0 } else { byte };
        self.0.bytes().map(in_tree).cmp(path.bytes().map(in_tree))
    }
}

impl Ord for Prefix {
    fn cmp(&self, other: &Prefix) -> Ordering {
        self.cmp_path(&other.0)
    }
}

impl PartialOrd for Prefix {
    fn partial_cmp(&self, other: &Prefix) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<String> for Prefix {
    fn from(path: String) -> Prefix {
        Prefix::new(&path)
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> String {
        prefix.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_all() { "everything" } else { &self.0 })
    }
}

/// Reads paths as people write them: an empty list is a mistake, not the whole plant.
pub(crate) fn paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Prefix>, D::Error> {
    let paths = Vec::deserialize(deserializer)?;
    match paths.is_empty() {
        true => Err(D::Error::custom("`under` names no path; `[\"\"]` is the whole plant")),
        false => Ok(paths),
    }
}

/// Reads the permission of a rule; a mistake is answered with those that a role can have.
pub(crate) fn in_role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Permission, D::Error> {
    let word = String::deserialize(deserializer)?;
    Permission::of(&word).ok_or_else(|| {
        let can =
            |permission: &&Permission| matches!(permission.reach(), Reach::Tags | Reach::Node);
        let all: Vec<String> = Permission::ALL
            .iter()
            .filter(can)
            .map(|permission| format!("`{}`", permission.word()))
            .collect();
        let all = all.join(", ");
        D::Error::custom(format!("there is no permission `{word}`; a role can have {all}"))
    })
}

/// On what somebody wants to do something.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The node as a whole.
    Node,
    /// Any part of the tag tree: the answer is then made of the parts that are allowed, and of nothing else.
    Somewhere,
    /// Everything below a path; the empty path is everything.
    Under(&'a str),
    /// These tags, all of them.
    Tags(&'a [TagPath]),
    /// Everything an MQTT topic filter (`+`, `#`, without `$share/…/`) can match.
    Filter(&'a str),
}

impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Node => f.write_str("the node"),
            Scope::Somewhere => f.write_str("any part of the plant"),
            Scope::Under("") => f.write_str("the whole plant"),
            Scope::Under(path) => write!(f, "`{path}` and below"),
            Scope::Tags([tag]) => write!(f, "`{tag}`"),
            Scope::Tags(tags) => write!(f, "{} tags", tags.len()),
            Scope::Filter(filter) => write!(f, "`{filter}`"),
        }
    }
}
