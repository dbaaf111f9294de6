//! What is kept: one record per account, role, token, certificate, session, signature; and a change of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lineshaft_model::Timestamp;

use crate::access::unlimited;
use crate::role::ADMIN;
use crate::{AccountKind, Grant, Rule, Secret};

/// An account as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct AccountRecord {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) kind: AccountKind,
    pub(crate) grants: Vec<Grant>,
    pub(crate) enabled: bool,
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) sessions_max: Option<u32>,
    pub(crate) last_login: Option<Timestamp>,
    /// Failed logins since the last one that succeeded.
    pub(crate) failures: u32,
    /// Argon2 in PHC form; a machine has none.
    pub(crate) password: Option<String>,
    pub(crate) password_set: Timestamp,
    /// Somebody else set it.
    pub(crate) password_due: bool,
    /// Earlier passwords, newest first.
    pub(crate) password_history: Vec<String>,
    pub(crate) factor: Option<FactorRecord>,
}

/// A second factor as it is kept. The secret must be readable: every code is computed from it.
#[derive(Debug, Clone)]
pub(crate) struct FactorRecord {
    /// Base32.
    pub(crate) secret: Secret,
    /// The newest step of which a code was taken; none of it or before is taken again.
    pub(crate) last_step: Option<u64>,
    /// SHA-256 of the recovery codes that are left.
    pub(crate) recovery: Vec<[u8; 32]>,
}

/// A role of the plant's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleRecord {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) rules: Vec<Rule>,
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TokenRecord {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// SHA-256 of its secret.
    pub(crate) hash: [u8; 32],
    pub(crate) grants: Vec<Grant>,
    pub(crate) created_by: String,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) last_used: Option<Timestamp>,
    pub(crate) revoked: bool,
}

/// A client certificate that stands for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateRecord {
    pub(crate) fingerprint: [u8; 32],
    pub(crate) account: u64,
    pub(crate) subject: String,
    pub(crate) expires: Timestamp,
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SessionRecord {
    pub(crate) id: String,
    /// SHA-256 of its secret.
    pub(crate) hash: [u8; 32],
    pub(crate) account: u64,
    pub(crate) from: Option<SocketAddr>,
    pub(crate) agent: String,
    pub(crate) began: Timestamp,
    pub(crate) active: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) locked: bool,
    pub(crate) notices: Vec<String>,
    pub(crate) last_login: Option<Timestamp>,
}

/// A signature as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignatureRecord {
    /// Its entry in the trail, and its own number; of a new one not known yet.
    pub(crate) seq: u64,
    /// Under what it stands.
    pub(crate) kind: String,
    pub(crate) record: String,
    pub(crate) account: u64,
    /// What was signed, and its SHA-256, which the trail's entry has too.
    pub(crate) statement: String,
    pub(crate) digest: String,
}

/// Everything but sessions and signatures, in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<u64, AccountRecord>,
    pub(crate) roles: BTreeMap<String, RoleRecord>,
    pub(crate) tokens: BTreeMap<u64, TokenRecord>,
    pub(crate) certificates: BTreeMap<[u8; 32], CertificateRecord>,
}

/// One whole record that is different.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A new account or all of a known one.
    Account(Box<AccountRecord>),
    /// A new role or all of a known one.
    Role(RoleRecord),
    /// A role that goes.
    RoleGone(String),
    /// A new token or all of a known one.
    Token(TokenRecord),
    /// A new certificate or all of a known one.
    Certificate(CertificateRecord),
    /// A certificate that goes.
    CertificateGone([u8; 32]),
    /// A new session or all of a known one.
    Session(Box<SessionRecord>),
    /// A session that goes, by its public name.
    SessionGone(String),
    /// A new signature. `seq` is that of the entry which records the change.
    Signature(Box<SignatureRecord>),
}

impl State {
    /// Takes a change over; sessions and signatures are kept elsewhere.
    pub(crate) fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::Account(account) => {
                self.accounts.insert(account.id, *account);
            }
            Change::Role(role) => {
                self.roles.insert(role.name.clone(), role);
            }
            Change::RoleGone(name) => {
                self.roles.remove(&name);
            }
            Change::Token(token) => {
                self.tokens.insert(token.id, token);
            }
            Change::Certificate(certificate) => {
                self.certificates.insert(certificate.fingerprint, certificate);
            }
            Change::CertificateGone(fingerprint) => {
                self.certificates.remove(&fingerprint);
            }
            Change::Session(_) | Change::SessionGone(_) | Change::Signature(_) => {}
        }
    }

    /// The account of a name; upper and lower case are one.
    pub(crate) fn account(&self, name: &str) -> Option<&AccountRecord> {
        self.accounts.values().find(|account| account.name.eq_ignore_ascii_case(name))
    }

    /// Whether an enabled account of a person has the role admin on everything.
    pub(crate) fn has_admin(&self) -> bool {
        self.accounts.values().any(AccountRecord::is_admin)
    }

    /// Whether one of those never expires.
    pub(crate) fn has_lasting_admin(&self) -> bool {
        self.accounts.values().any(|account| account.is_admin() && account.expires.is_none())
    }

    /// The number of the next account. Accounts stay for ever, so it was never given.
    pub(crate) fn next_account(&self) -> u64 {
        self.accounts.keys().next_back().map_or(1, |last| last + 1)
    }

    /// The number of the next token. Tokens stay for ever too.
    pub(crate) fn next_token(&self) -> u64 {
        self.tokens.keys().next_back().map_or(1, |last| last + 1)
    }
}

impl AccountRecord {
    /// Whether it is a person's, enabled, and has the role admin on everything.
    pub(crate) fn is_admin(&self) -> bool {
        let is_admin = |grant: &Grant| grant.role == ADMIN && unlimited(&grant.under);
        self.enabled && self.kind == AccountKind::Person && self.grants.iter().any(is_admin)
    }
}

impl Change {
    /// Whether it is about what may be done, and not only about sessions or signatures.
    pub(crate) fn is_about_access(&self) -> bool {
        !matches!(self, Change::Session(_) | Change::SessionGone(_) | Change::Signature(_))
    }
}
