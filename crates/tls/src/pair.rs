//! A certificate and its key that somebody brings, in PEM files: read, and every mistake told apart.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use rustls::RootCertStore;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::pem::{SectionKind, from_buf};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
    ServerName, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use crate::certificates::PairFiles;
use crate::error::{Flaw, TlsError};
use crate::examine::Facts;
use crate::files::read_pem;
use crate::limits::CHAIN_MAX;
use crate::line::{CertificateLine, Purpose, Source};
use crate::served::provider;

/// A pair that can be served.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) leaf: Facts,
    /// When the first certificate of the chain ends; an intermediate can end before the leaf.
    pub(crate) ends: Timestamp,
}

/// What a check of a pair found out about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairReport {
    /// The server's own certificate.
    pub line: CertificateLine,
    /// Names people use for this node that the certificate is not for: a warning.
    pub uncovered: Vec<String>,
}

/// Reads a pair as the node would and says what is wrong with it, without using it: for `lineshaft check`.
///
/// # Errors
/// [`TlsError::Brought`] names the file, what it should be, and what is wrong.
pub fn check_pair(
    files: &PairFiles,
    names: &[String],
    clock: &Clock,
) -> Result<PairReport, TlsError> {
    let pair = Pair::read(files, clock.now())?;
    Ok(PairReport {
        line: pair.leaf.line(Purpose::Server, Source::File),
        uncovered: uncovered(&pair.leaf, names),
    })
}

impl Pair {
    /// Reads and checks both files.
    pub(crate) fn read(files: &PairFiles, now: Timestamp) -> Result<Pair, TlsError> {
        let about_certificate = |source| TlsError::Brought {
            meant: "the certificate",
            path: files.certificate.clone(),
            source,
        };
        let about_key =
            |source| TlsError::Brought { meant: "the key", path: files.key.clone(), source };
        let chain = read_chain(&files.certificate).map_err(about_certificate)?;
        let leaf = chain.first().ok_or_else(|| about_certificate(Flaw::Empty))?;
        if let Some(flaw) = &leaf.key_flaw {
            return Err(about_certificate(flaw.clone()));
        }
        let key = read_key(&files.key).map_err(about_key)?;
        let provider = provider();
        let signing = provider.key_provider.load_private_key(key);
        let signing =
            signing.map_err(|error| about_key(Flaw::KeyKind { kind: error.to_string() }))?;
        let spki = signing.public_key().map(|spki| spki.as_ref().to_vec()).unwrap_or_default();
        match chain.iter().position(|facts| facts.spki == spki) {
            Some(0) => {}
            Some(at) => return Err(about_certificate(Flaw::Order { index: at + 1 })),
            None => return Err(about_key(Flaw::KeyMismatch)),
        }
        check_chain(&chain, now).map_err(about_certificate)?;
        let ends = chain.iter().map(|facts| facts.not_after).min().unwrap_or(leaf.not_after);
        let leaf = leaf.clone();
        let chain = chain.into_iter().map(|facts| facts.der).collect();
        Ok(Pair { key: Arc::new(CertifiedKey::new(chain, signing)), leaf, ends })
    }
}

/// Names that the certificate is not for.
pub(crate) fn uncovered(leaf: &Facts, names: &[String]) -> Vec<String> {
    let Ok(parsed) = ParsedCertificate::try_from(&leaf.der) else { return names.to_vec() };
    let covers = |name: &str| {
        // A wildcard is wanted as such: it has to stand in the certificate.
        if name.starts_with("*.") {
            return leaf.names.iter().any(|has| has == name);
        }
        ServerName::try_from(name).is_ok_and(|name| verify_server_name(&parsed, &name).is_ok())
    };
    names.iter().filter(|name| !covers(name)).cloned().collect()
}

/// The certificates of a PEM file.
pub(crate) fn read_chain(path: &Path) -> Result<Vec<Facts>, Flaw> {
    parse_chain(&read_pem(path)?)
}

/// The certificates in a PEM text, at least one.
pub(crate) fn parse_chain(bytes: &[u8]) -> Result<Vec<Facts>, Flaw> {
    let sections = sections(bytes, "a certificate")?;
    let found = |wanted: SectionKind| sections.iter().any(|(kind, _)| *kind == wanted);
    let certificates: Vec<&Vec<u8>> = sections
        .iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| der)
        .collect();
    if certificates.is_empty() {
        let found = if found(SectionKind::Csr) {
            "a signing request"
        } else if found(SectionKind::Crl) {
            "a revocation list"
        } else {
            "a key"
        };
        return Err(Flaw::Other { found, meant: "a certificate" });
    }
    if certificates.len() > CHAIN_MAX {
        return Err(Flaw::TooMany { count: certificates.len(), max: CHAIN_MAX });
    }
    let read = |(index, der): (usize, &&Vec<u8>)| Facts::read(der).ok_or(Flaw::NotX509 { index });
    (1..).zip(certificates.iter()).map(read).collect()
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Flaw> {
    parse_key(&read_pem(path)?)
}

/// The key in a PEM text: PKCS #8, or the older forms of RSA and ECDSA keys.
pub(crate) fn parse_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, Flaw> {
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    if has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
        return Err(Flaw::Encrypted);
    }
    for (kind, der) in sections(bytes, "a private key")? {
        match kind {
            SectionKind::PrivateKey => return Ok(PrivatePkcs8KeyDer::from(der).into()),
            SectionKind::RsaPrivateKey => return Ok(PrivatePkcs1KeyDer::from(der).into()),
            SectionKind::EcPrivateKey => return Ok(PrivateSec1KeyDer::from(der).into()),
            _ => {}
        }
    }
    let found = if has("PUBLIC KEY") { "a public key" } else { "a certificate" };
    Err(Flaw::Other { found, meant: "a private key" })
}

/// The sections of a PEM text, at least one.
fn sections(bytes: &[u8], meant: &'static str) -> Result<Vec<(SectionKind, Vec<u8>)>, Flaw> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Flaw::Empty);
    }
    let mut rest = bytes;
    let mut sections = Vec::new();
    loop {
        match from_buf(&mut rest) {
            Ok(Some(section)) => sections.push(section),
            Ok(None) => break,
            Err(error) => return Err(Flaw::Damaged { why: format!("{error:?}") }),
        }
    }
    if sections.is_empty() {
        let is_der = matches!(bytes, [0x30, 0x81..=0x84, ..]);
        let found = if is_der { "DER, not PEM" } else { "nothing in PEM" };
        return Err(Flaw::Other { found, meant });
    }
    Ok(sections)
}

/// Everything a client would look at, and key usage and strength, which some do not.
fn check_chain(chain: &[Facts], now: Timestamp) -> Result<(), Flaw> {
    let [leaf, above @ ..] = chain else { return Err(Flaw::Empty) };
    for facts in chain {
        facts.holds_at(now)?;
        facts.is_understood()?;
        if let Some(flaw) = facts.signature_flaw.as_ref().filter(|_| !facts.is_self_issued()) {
            return Err(flaw.clone());
        }
    }
    if leaf.is_authority {
        return Err(leaf.purpose("it is an authority, not the certificate of a server"));
    }
    if !leaf.for_servers {
        return Err(leaf.purpose("it is not for servers (extended key usage)"));
    }
    if !leaf.may_sign_handshakes {
        return Err(leaf.purpose("it may not sign handshakes (key usage)"));
    }
    for (below, facts) in above.iter().enumerate() {
        let signed = &chain[below];
        if signed.issuer_raw != facts.subject_raw {
            let (own, next) = (below + 1, below + 2);
            let why = format!(
                "certificate {own} is signed by `{}`, certificate {next} is `{}`",
                signed.issuer, facts.subject
            );
            return Err(Flaw::Chain { why });
        }
        facts.is_sound_authority()?;
        let between = u32::try_from(below).unwrap_or(u32::MAX);
        if facts.path_len.is_some_and(|max| between > max) {
            let why = format!("`{}` allows fewer authorities below it", facts.subject);
            return Err(Flaw::Chain { why });
        }
    }
    check_signatures(chain, now)
}

/// Signatures and name constraints, with the last certificate as the one that is trusted.
fn check_signatures(chain: &[Facts], now: Timestamp) -> Result<(), Flaw> {
    let [leaf, between @ .., root] = chain else { return Ok(()) };
    let broken = |error: rustls::Error| Flaw::Chain { why: error.to_string() };
    let mut roots = RootCertStore::empty();
    roots.add(root.der.clone()).map_err(broken)?;
    let between: Vec<CertificateDer<'_>> = between.iter().map(|facts| facts.der.clone()).collect();
    let parsed = ParsedCertificate::try_from(&leaf.der).map_err(broken)?;
    let algorithms = provider().signature_verification_algorithms.all;
    let now = unix_time(now);
    verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &between, now, algorithms)
        .map_err(broken)
}

pub(crate) fn unix_time(now: Timestamp) -> UnixTime {
    let secs = u64::try_from(now.nanos().div_euclid(1_000_000_000)).unwrap_or(0);
    UnixTime::since_unix_epoch(Duration::from_secs(secs))
}
