//! Why a certificate was not made, read, taken or taken back.

use std::io;
use std::path::PathBuf;

use lineshaft_model::Timestamp;

/// Why the certificates did not do what they were asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The disk refused.
    #[error("cannot {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The own authority is not whole: its certificate and its key are one thing.
    #[error("the own authority in {path} cannot be used")]
    Authority {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        source: Flaw,
    },
    /// A file somebody brought cannot be used.
    #[error("{meant} {path} cannot be used")]
    Brought {
        /// What the file should be: `the certificate`, `the key`, `the trusted authority`.
        meant: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Flaw,
    },
    /// A name that a server certificate cannot carry.
    #[error("`{name}` is neither a DNS name nor an address")]
    Name {
        /// The name.
        name: String,
    },
    /// Nothing was issued.
    #[error("no certificate was issued")]
    Issue(#[from] IssueError),
    /// Nothing was taken back.
    #[error("nothing was revoked: {why}")]
    Revoke {
        /// Why not.
        why: &'static str,
    },
    /// The text is not an authority that client certificates can be trusted by.
    #[error("this authority is not trusted")]
    Trust(#[source] Flaw),
    /// The library of the transport refused its configuration.
    #[error("the configuration of the transport is refused")]
    Transport(#[from] rustls::Error),
}

impl TlsError {
    /// The page that explains it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            TlsError::Io { .. } => "LS-TLS-001",
            TlsError::Authority { .. } => "LS-TLS-002",
            TlsError::Brought { source, .. } => source.code(),
            TlsError::Name { .. } => "LS-TLS-010",
            TlsError::Issue(issue) => issue.code(),
            TlsError::Revoke { .. } => "LS-TLS-014",
            TlsError::Trust(_) => "LS-TLS-015",
            TlsError::Transport(_) => "LS-TLS-020",
        }
    }
}

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The signing request cannot be read, or its signature is not by its key.
    #[error("the signing request cannot be used: {why}")]
    Request {
        /// Why not.
        why: String,
    },
    /// The key of the request is too weak.
    #[error("the key of the signing request cannot be used")]
    Key(#[source] Flaw),
    /// The account's name does not fit into a certificate.
    #[error("`{name}` is not the name of an account: 1 to 64 letters, digits and `.-_@+`")]
    Account {
        /// The name.
        name: String,
    },
    /// A life that is too short or too long.
    #[error("a client certificate lives from a minute to 1825 days, not {seconds} s")]
    Lifetime {
        /// What was asked for.
        seconds: u64,
    },
    /// The own authority does not hold now.
    #[error("the own authority holds from {from} to {until} only")]
    AuthorityOver {
        /// Its begin.
        from: Timestamp,
        /// Its end.
        until: Timestamp,
    },
    /// The list is full.
    #[error("{count} client certificates are kept, at most {max} can be")]
    Full {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The library refused.
    #[error("it cannot be signed")]
    Sign(#[from] rcgen::Error),
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers")]
    Random,
}

impl IssueError {
    /// The page that explains it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            IssueError::Request { .. } | IssueError::Key(_) => "LS-TLS-011",
            IssueError::Account { .. } | IssueError::Lifetime { .. } => "LS-TLS-012",
            IssueError::AuthorityOver { .. } | IssueError::Full { .. } => "LS-TLS-013",
            IssueError::Sign(_) | IssueError::Random => "LS-TLS-020",
        }
    }
}

/// What is wrong with a certificate, a chain or a key. One variant is one sentence a person can act on,
/// so there are more than eight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// Cannot be read at all.
    #[error("the file cannot be read: {why}")]
    Unreadable {
        /// What the operating system says.
        why: String,
    },
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Something else than what was meant.
    #[error("the file holds {found} where {meant} was expected")]
    Other {
        /// What it holds.
        found: &'static str,
        /// What was expected.
        meant: &'static str,
    },
    /// A PEM section without its end, or not base64.
    #[error("the file is cut off or damaged: {why}")]
    Damaged {
        /// What the reader says.
        why: String,
    },
    /// The bytes are not X.509.
    #[error("certificate {index} in the file is not an X.509 certificate")]
    NotX509 {
        /// Which one, from 1.
        index: usize,
    },
    /// The bytes are not a revocation list that can be used.
    #[error("it is not a revocation list that can be used: {why}")]
    List {
        /// Why not.
        why: String,
    },
    /// More certificates than a chain has.
    #[error("the file holds {count} certificates, a chain has at most {max}")]
    TooMany {
        /// How many.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// Protected by a password nobody can type.
    #[error("the key is encrypted; a node that starts on its own cannot ask for the password")]
    Encrypted,
    /// A kind of key that this program does not have.
    #[error("the kind of key is not supported: {kind}")]
    KeyKind {
        /// What it is.
        kind: String,
    },
    /// Too weak.
    #[error("{what} is too weak: {why}")]
    Weak {
        /// `the key` or `the signature`.
        what: &'static str,
        /// What it is and what is the least.
        why: String,
    },
    /// The key belongs to nothing in the file.
    #[error("the key belongs to another certificate")]
    KeyMismatch,
    /// The certificate of the key is there, but not first.
    #[error("the key fits certificate {index} of the file; the server's own must stand first")]
    Order {
        /// Which one, from 1.
        index: usize,
    },
    /// Over.
    #[error("`{subject}` ended on {at}")]
    Expired {
        /// Which certificate.
        subject: String,
        /// When.
        at: Timestamp,
    },
    /// Not yet.
    #[error("`{subject}` begins on {at}; is the clock right?")]
    NotYet {
        /// Which certificate.
        subject: String,
        /// When.
        at: Timestamp,
    },
    /// Not made for this.
    #[error("`{subject}` is not made for this: {why}")]
    Purpose {
        /// Which certificate.
        subject: String,
        /// What it says about itself.
        why: &'static str,
    },
    /// The chain does not hold together.
    #[error("the chain does not hold: {why}")]
    Chain {
        /// Where.
        why: String,
    },
    /// An extension that must be understood and is not.
    #[error("`{subject}` has a critical extension that is not known: {oid}")]
    Critical {
        /// Which certificate.
        subject: String,
        /// The extension.
        oid: String,
    },
}

impl Flaw {
    /// The page that explains it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Flaw::Unreadable { .. } => "LS-TLS-001",
            Flaw::Empty
            | Flaw::Other { .. }
            | Flaw::Damaged { .. }
            | Flaw::NotX509 { .. }
            | Flaw::TooMany { .. } => "LS-TLS-003",
            Flaw::KeyMismatch | Flaw::Order { .. } => "LS-TLS-004",
            Flaw::Expired { .. } | Flaw::NotYet { .. } => "LS-TLS-005",
            Flaw::Purpose { .. } => "LS-TLS-006",
            Flaw::KeyKind { .. } | Flaw::Weak { .. } => "LS-TLS-007",
            Flaw::Chain { .. } | Flaw::Critical { .. } => "LS-TLS-008",
            Flaw::Encrypted => "LS-TLS-009",
            Flaw::List { .. } => "LS-TLS-021",
        }
    }
}
