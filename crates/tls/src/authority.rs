//! The own authority: made once, kept in two files, and everything it signs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lineshaft_model::Timestamp;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PublicKeyData, RevokedCertParams, SanType, SerialNumber, SubjectPublicKeyInfo,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::PrivateKeyDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::error::{Flaw, IssueError, TlsError};
use crate::examine::{Facts, key_strength};
use crate::files::{finish_pair, read_own, replace_pair};
use crate::limits::{
    AUTHORITY_LIFETIME, BACKDATE, CLIENT_LIFETIME_MAX, CLIENT_LIFETIME_MIN, CLOCK_FLOOR_SECS,
    COMMON_NAME_MAX, CRL_LIFETIME, DAY, PEM_BYTES_MAX, SERVER_LIFETIME,
};
use crate::line::{ACCOUNT_URI, hex};
use crate::pair::{parse_chain, parse_key};
use crate::revoked::Revoked;
use crate::served::provider;

/// A certificate and its key as they go into files.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

/// The own authority.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) facts: Facts,
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Opens the authority of a folder, or makes one when there is none.
    pub(crate) fn open(dir: &Path, now: Timestamp, node: &str) -> Result<Authority, TlsError> {
        let (certificate, key) = paths(dir);
        finish_pair(&certificate, &key, |certificate, key| {
            Authority::load(certificate, key).is_ok()
        })?;
        let wrong = |source| TlsError::Authority { path: dir.to_owned(), source };
        match (read_own(&certificate, PEM_BYTES_MAX)?, read_own(&key, PEM_BYTES_MAX)?) {
            (Some(certificate), Some(key)) => Authority::load(&certificate, &key).map_err(wrong),
            (None, None) => Authority::make(dir, now, node),
            (None, Some(_)) => {
                Err(wrong(Flaw::Unreadable { why: "ca.key is there, ca.pem is not".into() }))
            }
            (Some(_), None) => {
                Err(wrong(Flaw::Unreadable { why: "ca.pem is there, ca.key is not".into() }))
            }
        }
    }

    /// Makes a new authority in the place of what is there.
    pub(crate) fn make(dir: &Path, now: Timestamp, node: &str) -> Result<Authority, TlsError> {
        let made = new_authority(now, node)?;
        let (certificate, key) = paths(dir);
        replace_pair((&certificate, &made.certificate_pem), (&key, &made.key_pem))?;
        let loaded = Authority::load(made.certificate_pem.as_bytes(), made.key_pem.as_bytes());
        loaded.map_err(|source| TlsError::Authority { path: dir.to_owned(), source })
    }

    fn load(certificate: &[u8], key: &[u8]) -> Result<Authority, Flaw> {
        let facts = parse_chain(certificate)?.into_iter().next().ok_or(Flaw::Empty)?;
        facts.is_sound_authority()?;
        let key = key_pair(&parse_key(key)?)?;
        if key.subject_public_key_info() != facts.spki {
            return Err(Flaw::KeyMismatch);
        }
        let issuer = Issuer::from_ca_cert_der(&facts.der, key)
            .map_err(|error| Flaw::KeyKind { kind: error.to_string() })?;
        let pem = String::from_utf8_lossy(certificate).into_owned();
        Ok(Authority { facts, pem, issuer })
    }

    /// Whether this authority signed a certificate.
    pub(crate) fn signed(&self, facts: &Facts) -> bool {
        let (Ok((_, own)), Ok((_, leaf))) =
            (X509Certificate::from_der(&self.facts.der), X509Certificate::from_der(&facts.der))
        else {
            return false;
        };
        leaf.verify_signature(Some(own.public_key())).is_ok()
    }

    /// Makes a server certificate for names that were checked before.
    pub(crate) fn server(&self, names: &[SanType], now: Timestamp) -> Result<Made, IssueError> {
        let common = names.iter().find_map(|name| match name {
            SanType::DnsName(name) if name.as_str().len() <= COMMON_NAME_MAX => Some(name.as_str()),
            _ => None,
        });
        let mut params = leaf(common.unwrap_or("localhost"))?;
        params.subject_alt_names = names.to_vec();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let until = floor(now).saturating_add(SERVER_LIFETIME - BACKDATE);
        // An authority that is over can do no more harm by signing past its end, and the node must start.
        let capped =
            if self.facts.not_after > now { until.min(self.facts.not_after) } else { until };
        set_life(&mut params, now.saturating_sub(BACKDATE), capped)?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Made { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }

    /// Makes a client certificate with a new key for an account.
    pub(crate) fn client(
        &self,
        account: &str,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<(Certificate, String), IssueError> {
        let key = KeyPair::generate()?;
        Ok((self.sign_client(account, lifetime, now, &key)?, key.serialize_pem()))
    }

    /// Signs a request: its key is taken, and nothing else it says but, without `account`, its common name.
    pub(crate) fn request(
        &self,
        request_pem: &str,
        account: Option<&str>,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<Certificate, IssueError> {
        let wrong = |why: &str| IssueError::Request { why: why.to_owned() };
        let (_, pem) = x509_parser::pem::parse_x509_pem(request_pem.as_bytes())
            .map_err(|error| IssueError::Request { why: error.to_string() })?;
        let (rest, request) = X509CertificationRequest::from_der(&pem.contents)
            .map_err(|error| IssueError::Request { why: error.to_string() })?;
        if !rest.is_empty() {
            return Err(wrong("bytes follow it"));
        }
        let key = &request.certification_request_info.subject_pki;
        if let (_, Some(flaw)) = key_strength(key) {
            return Err(IssueError::Key(flaw));
        }
        let signed = request.verify_signature();
        signed.map_err(|error| IssueError::Request { why: format!("its signature: {error}") })?;
        let mut common = request.certification_request_info.subject.iter_common_name();
        let common = common.next().and_then(|name| name.as_str().ok());
        let account = account.or(common).ok_or_else(|| wrong("it has no common name"))?;
        let public = SubjectPublicKeyInfo::from_der(key.raw)?;
        let certificate = self.sign_client(account, lifetime, now, &public)?;
        // What was signed is the key that was asked for, byte for byte.
        match Facts::read(certificate.der()) {
            Some(facts) if facts.spki == key.raw => Ok(certificate),
            _ => Err(wrong("its key is written in an unusual form")),
        }
    }

    fn sign_client(
        &self,
        account: &str,
        lifetime: Duration,
        now: Timestamp,
        key: &impl PublicKeyData,
    ) -> Result<Certificate, IssueError> {
        check_account(account)?;
        if !(CLIENT_LIFETIME_MIN..=CLIENT_LIFETIME_MAX).contains(&lifetime) {
            return Err(IssueError::Lifetime { seconds: lifetime.as_secs() });
        }
        if self.facts.holds_at(now).is_err() {
            let (from, until) = (self.facts.not_before, self.facts.not_after);
            return Err(IssueError::AuthorityOver { from, until });
        }
        let mut params = leaf(account)?;
        let uri = format!("{ACCOUNT_URI}{account}");
        params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let until = floor(now).saturating_add(lifetime).min(self.facts.not_after);
        set_life(&mut params, now.saturating_sub(BACKDATE), until)?;
        Ok(params.signed_by(key, &self.issuer)?)
    }

    /// The revocation list for others (RFC 5280, section 5): what this authority signed and took back.
    pub(crate) fn revocation_list(
        &self,
        revoked: &Revoked,
        now: Timestamp,
    ) -> Result<String, IssueError> {
        let mut revoked_certs = Vec::new();
        for (serial, at) in revoked.serials(&self.facts.fingerprint) {
            revoked_certs.push(RevokedCertParams {
                serial_number: SerialNumber::from_slice(serial),
                revocation_time: date(at)?.to_datetime(),
                reason_code: None,
                invalidity_date: None,
            });
        }
        let list = CertificateRevocationListParams {
            this_update: date(now)?.to_datetime(),
            next_update: date(now.saturating_add(CRL_LIFETIME))?.to_datetime(),
            crl_number: SerialNumber::from(revoked.number()),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.pem()?)
    }
}

fn paths(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("ca.pem"), dir.join("ca.key"))
}

fn new_authority(now: Timestamp, node: &str) -> Result<Made, IssueError> {
    // Two nodes with one name, or one node twice, must not have authorities that a browser mixes up.
    let own = hex(&random::<4>()?);
    let node: String = node.chars().take(COMMON_NAME_MAX - 30).collect();
    let mut params = leaf(&format!("Lineshaft authority {node} {own}"))?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let until = floor(now).saturating_add(AUTHORITY_LIFETIME);
    set_life(&mut params, now.saturating_sub(BACKDATE), until)?;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Made { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
}

/// What all of ours have: a random serial, key identifiers, the use of a leaf.
fn leaf(common: &str) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    params.distinguished_name = name;
    let mut serial = random::<16>()?;
    serial[0] = (serial[0] & 0x7f) | 0x40; // positive and always 16 bytes long; 126 bits are random
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn set_life(
    params: &mut CertificateParams,
    from: Timestamp,
    until: Timestamp,
) -> Result<(), IssueError> {
    params.not_before = date(from)?.to_datetime();
    params.not_after = date(until)?.to_datetime();
    Ok(())
}

/// What is issued under a clock that was never set ends as if it were the first day such a clock is believed.
fn floor(now: Timestamp) -> Timestamp {
    now.max(Timestamp::from_secs(CLOCK_FLOOR_SECS))
}

/// An instant as certificates write it, in whole seconds, not before 1970.
fn date(at: Timestamp) -> Result<ASN1Time, rcgen::Error> {
    let secs = at.nanos().div_euclid(1_000_000_000).max(0);
    ASN1Time::from_timestamp(secs).map_err(|error| rcgen::Error::X509(error.to_string()))
}

fn random<const N: usize>() -> Result<[u8; N], IssueError> {
    let mut bytes = [0; N];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(ring::error::Unspecified) => Err(IssueError::Random),
    }
}

fn key_pair(key: &PrivateKeyDer<'static>) -> Result<KeyPair, Flaw> {
    let unusable = |error: rcgen::Error| Flaw::KeyKind { kind: error.to_string() };
    KeyPair::try_from(key).map_err(unusable)
}

/// 1 to 64 letters, digits and `.-_@+`: what a common name, a URI and a file's name carry without quoting.
fn check_account(name: &str) -> Result<(), IssueError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@+".contains(&byte);
    if name.is_empty() || name.len() > COMMON_NAME_MAX || !name.bytes().all(fits) {
        return Err(IssueError::Account { name: name.to_owned() });
    }
    Ok(())
}

/// Whether a server certificate of ours is due: a third of its life is left, or it was made under a clock that
/// was never set and lives longer than any should.
pub(crate) fn is_due(facts: &Facts, now: Timestamp) -> bool {
    let left = facts.not_after.checked_since(now).unwrap_or_default();
    let life = facts.not_after.checked_since(facts.not_before).unwrap_or_default();
    let believed = now >= Timestamp::from_secs(CLOCK_FLOOR_SECS);
    left <= crate::limits::RENEW_LEFT || (believed && life > SERVER_LIFETIME + DAY)
}

/// Whether a certificate and a key, both in PEM, belong together.
pub(crate) fn fits(certificate: &[u8], key: &[u8]) -> bool {
    let (Ok(chain), Ok(key)) = (parse_chain(certificate), parse_key(key)) else { return false };
    let Ok(signing) = provider().key_provider.load_private_key(key) else { return false };
    let spki = signing.public_key().map(|spki| spki.as_ref().to_vec());
    chain.first().is_some_and(|facts| Some(&facts.spki) == spki.as_ref())
}
