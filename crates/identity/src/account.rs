//! Accounts as others see them and as others ask for them.

use lineshaft_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Prefix, Rule, Secret};

/// A role on a part of the plant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role's name.
    pub role: String,
    /// On which paths, each with everything below it. Not said, or the empty path: the whole plant. Read from text, an
    /// empty list is refused: whoever has taken the last path out did not mean everything.
    #[serde(default, deserialize_with = "crate::permission::paths")]
    pub under: Vec<Prefix>,
}

impl Grant {
    /// A role on the whole plant.
    #[must_use]
    pub fn everywhere(role: &str) -> Grant {
        Grant { role: role.to_owned(), under: vec![Prefix::ALL] }
    }

    /// A role on one path and everything below it.
    #[must_use]
    pub fn under(role: &str, path: &str) -> Grant {
        Grant { role: role.to_owned(), under: vec![Prefix::new(path)] }
    }
}

/// Who an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// One person; never a group.
    Person,
    /// A device or program; has certificates, never a password.
    Machine,
}

/// An account. Holds no secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its number, from 1, never given twice.
    pub id: u64,
    /// Its name, by which it is known for ever.
    pub account: String,
    /// The person's printed name, as signatures show it.
    pub full_name: String,
    /// Who it is for.
    pub kind: AccountKind,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Whether it can be used; a disabled one stays for ever.
    pub enabled: bool,
    /// Until when it has to wait because somebody failed too often.
    pub locked_until: Option<Timestamp>,
    /// Whether it has a second factor.
    pub factor: bool,
    /// Whether its password must be changed before anything else.
    pub password_due: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When somebody last logged in with it.
    pub last_login: Option<Timestamp>,
    /// After when it cannot be used; `None` is never.
    pub expires: Option<Timestamp>,
    /// The most sessions at a time, where it is not what the policy says.
    pub sessions_max: Option<u32>,
    /// SHA-256 fingerprints of its certificates, in lower case hexadecimal.
    pub certificates: Vec<String>,
}

/// What a new account is made of.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its name: 1 to 64 of `a-z A-Z 0-9 . _ - @`; two names that differ only in case are one.
    pub account: String,
    /// The person's printed name, 1 to 200 bytes.
    pub full_name: String,
    /// Who it is for.
    pub kind: AccountKind,
    /// A person's first password, to be changed at the first login; a machine has none.
    pub password: Option<Secret>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// After when it cannot be used; not in the past.
    pub expires: Option<Timestamp>,
}

/// The first administrator, made with the setup link.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// As in [`NewAccount::account`].
    pub account: String,
    /// As in [`NewAccount::full_name`].
    pub full_name: String,
    /// His password; he chose it himself, so it need not be changed.
    pub password: Secret,
}

/// What shall be different about an account; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccountChange {
    /// Another printed name.
    pub full_name: Option<String>,
    /// Other grants, all of them.
    pub grants: Option<Vec<Grant>>,
    /// Enable or disable it.
    pub enabled: Option<bool>,
    /// Another expiry; `Some(None)` is never.
    pub expires: Option<Option<Timestamp>>,
    /// Another limit of sessions; `Some(None)` is what the policy says.
    pub sessions_max: Option<Option<u32>>,
}

/// A client certificate that stands for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateMapping {
    /// SHA-256 of the certificate's DER.
    pub fingerprint: [u8; 32],
    /// Its subject, for people to read.
    pub subject: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// A second factor that waits for its first code.
#[derive(Clone)]
pub struct Enrolment {
    /// The shared secret in base32, for typing it in.
    pub secret: Secret,
    /// `otpauth://…`, what the QR code says. Holds the secret.
    pub uri: Secret,
    /// The QR code, row by row, `1` for dark. Holds the secret.
    pub qr: Vec<String>,
}

/// One line of the access review: who has what, and whether he uses it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewLine {
    /// The account.
    pub account: Account,
    /// What its grants come to.
    pub permissions: Vec<Rule>,
    /// Nobody has logged in with it for 90 days or longer.
    pub unused: bool,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment").finish_non_exhaustive()
    }
}
