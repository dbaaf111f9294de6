//! Certificates of the node: its own authority, its server certificate, client certificates, and the
//! `rustls` configuration every road that speaks TLS uses.
//!
//! - Source: RFC 5280 (certificates, revocation lists), RFC 8446 and RFC 5246 (TLS 1.3 and 1.2), RFC 2986
//!   (signing requests), Mozilla's *intermediate* configuration, IEC 62443-4-2 CR 1.8 and CR 3.1.
//! - Not here: which account a client certificate stands for (`identity` binds its fingerprint), entries in
//!   the trail (whoever calls leaves them), sockets (the roads), ACME.
//!
//! A plant often has no authority of its own and no way to the Internet, so the node brings one along, and
//! whoever trusts `ca.pem` once trusts every certificate the node makes later.

mod authority;
mod certificates;
mod error;
mod examine;
mod files;
mod issued;
mod limits;
mod line;
mod metrics;
mod pair;
mod posture;
mod revoked;
mod served;
mod serving;
mod state;
mod trusted;
mod verifier;
mod watch;

pub use certificates::{Certificates, Clients, PairFiles, Wanted};
pub use error::{Flaw, IssueError, TlsError};
pub use line::{
    CertificateLine, Fingerprint, Issued, Purpose, Source, fingerprint_hex, parse_fingerprint,
};
pub use pair::{PairReport, check_pair};
pub use posture::{Finding, Severity};
