//! People, roles, sessions, tokens, second factors, signatures; and the one check every road passes.
//!
//! - Source: DESIGN §7; IEC 62443-4-2 FR 1 and FR 2; 21 CFR 11.50 to 11.300; NIST SP 800-63B; RFC 9106, RFC 6238.
//! - What is on disk: `docs/formats/identity.md`.
//! - Not here: the trail itself (`audit`), certificates (`tls`), how a road carries a credential (each road).

mod access;
mod account;
mod accounts;
mod background;
mod certificates;
mod change;
mod error;
pub mod factor;
mod identity;
mod live;
pub mod lockout;
mod login;
mod metrics;
mod own;
mod parts;
mod pass;
pub mod password;
mod permission;
mod policy;
mod recover;
mod role;
mod roles;
mod rules;
pub mod secret;
mod session;
mod sessions;
mod setup;
mod sign;
pub mod signature;
mod signing;
mod snapshot;
mod state;
mod store;
mod token;
mod tokens;

pub use account::{
    Account, AccountChange, AccountKind, CertificateMapping, Enrolment, Grant, NewAccount,
    NewPerson, ReviewLine,
};
pub use error::{
    ChangeError, LoginError, OpenError, Refusal, StoreError, StoreFault, TrailFault, Unknown,
};
pub use identity::Identity;
pub use parts::Parts;
pub use pass::{About, Denied, Kind, Pass, Standing};
pub use permission::{Permission, Prefix, Reach, Scope};
pub use policy::{IdleMeans, LockoutPolicy, PasswordPolicy, Policy, SessionPolicy, UnknownRole};
pub use role::{Role, RoleChange, Rule};
pub use secret::Secret;
pub use session::{Activity, LoggedIn, Login, SessionLine};
pub use signing::{Challenge, Meaning, RecordNow, SignError, Signature, Signing, ToSign};
pub use token::{NewToken, TokenLine};
