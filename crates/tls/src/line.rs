//! What is said about one certificate, and what leaves this crate when one is issued.

use std::fmt;

use lineshaft_model::Timestamp;

/// SHA-256 over the whole certificate (DER).
pub type Fingerprint = [u8; 32];

/// What a certificate is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signs other certificates: the own authority, or a trusted one.
    Authority,
    /// Shows who this node is.
    Server,
    /// Shows who a client is.
    Client,
}

impl Purpose {
    /// The word in JSON and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Purpose::Authority => "authority",
            Purpose::Server => "server",
            Purpose::Client => "client",
        }
    }
}

/// Where a certificate is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Made by this node.
    Own,
    /// Brought by somebody in a file.
    File,
}

impl Source {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Source::Own => "own",
            Source::File => "file",
        }
    }
}

/// What a list shows of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateLine {
    /// What it is there for.
    pub purpose: Purpose,
    /// Whom it names, as RFC 4514 writes it: `CN=press-07`.
    pub subject: String,
    /// DNS names, addresses and URIs it is for.
    pub names: Vec<String>,
    /// Begins to hold.
    pub not_before: Timestamp,
    /// Ends to hold.
    pub not_after: Timestamp,
    /// SHA-256 over it.
    pub fingerprint: Fingerprint,
    /// Who signed it.
    pub issuer: String,
    /// Its number with the issuer, hexadecimal.
    pub serial: String,
    /// `ECDSA P-256`, `ECDSA P-384`, `RSA 2048` and so on, `Ed25519`.
    pub key_kind: String,
    /// Taken back: it is refused.
    pub revoked: bool,
    /// Where it is from.
    pub source: Source,
}

impl CertificateLine {
    /// The account a client certificate of the own authority is for.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        let own = self.purpose == Purpose::Client && self.source == Source::Own;
        let mut names = self.names.iter();
        names.find_map(|name| name.strip_prefix(ACCOUNT_URI)).filter(|_| own)
    }
}

/// Begins the URI that says which account a client certificate is for.
pub(crate) const ACCOUNT_URI: &str = "lineshaft:account:";

/// A certificate that was just issued. The key leaves here and is kept nowhere.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate_pem: String,
    /// Its key, PKCS #8; `None` when a request was signed: the key stays where it was made.
    pub key_pem: Option<String>,
    /// The certificate and its authority, for programs that want both in one file.
    pub chain_pem: String,
    /// What the list shows of it.
    pub line: CertificateLine,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("line", &self.line).finish_non_exhaustive()
    }
}

/// Writes a fingerprint as 64 hexadecimal digits.
#[must_use]
pub fn fingerprint_hex(fingerprint: &Fingerprint) -> String {
    hex(fingerprint)
}

/// Reads a fingerprint: 64 hexadecimal digits, colons between them as `openssl` writes them are fine.
#[must_use]
pub fn parse_fingerprint(text: &str) -> Option<Fingerprint> {
    let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
    unhex(&digits)?.try_into().ok()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_openssl_writes_it() {
        let own = "00".repeat(31) + "ff";
        let print = parse_fingerprint(&own).unwrap();
        assert_eq!(fingerprint_hex(&print), own);
        let colons = vec!["00"; 31].join(":") + ":FF";
        assert_eq!(parse_fingerprint(&colons), Some(print));
        for bad in ["", "ff", &own[1..], &(own.clone() + "00"), &own.replace("ff", "fg"), "ü"] {
            assert_eq!(parse_fingerprint(bad), None, "{bad}");
        }
    }
}
