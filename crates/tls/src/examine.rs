//! Reads a certificate once and keeps what the rest of the crate asks of it.
//!
//! Path building and signatures are `rustls-webpki`'s; here is what it leaves to others: key usage, strength
//! of keys, the reasons in words.

use std::net::{Ipv4Addr, Ipv6Addr};

use lineshaft_model::Timestamp;
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::error::Flaw;
use crate::limits::RSA_BITS_MIN;
use crate::line::{CertificateLine, Fingerprint, Purpose, Source, hex};

/// What was read in one certificate.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) subject_raw: Vec<u8>,
    pub(crate) issuer_raw: Vec<u8>,
    pub(crate) names: Vec<String>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) fingerprint: Fingerprint,
    /// SHA-256 of the signed part. A holder can write an ECDSA signature in a second valid form, which changes
    /// the fingerprint; it cannot change this.
    pub(crate) signed_part: Fingerprint,
    pub(crate) serial: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) key_kind: String,
    pub(crate) key_flaw: Option<Flaw>,
    pub(crate) signature_flaw: Option<Flaw>,
    pub(crate) is_authority: bool,
    /// How many authorities may stand between this one and a leaf.
    pub(crate) path_len: Option<u32>,
    pub(crate) may_sign_certificates: bool,
    pub(crate) may_sign_handshakes: bool,
    pub(crate) for_servers: bool,
    pub(crate) critical_unknown: Option<String>,
}

/// Critical extensions that path validation understands (RFC 5280): key usage, alternative names, basic
/// constraints, name constraints, distribution points, extended key usage.
const KNOWN: [&str; 6] =
    ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.37"];

impl Facts {
    /// Reads a certificate; `None` when it is none.
    pub(crate) fn read(der: &[u8]) -> Option<Facts> {
        let (rest, x509) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let (is_authority, path_len) = match x509.basic_constraints().ok()? {
            Some(basic) => (basic.value.ca, basic.value.path_len_constraint),
            None => (false, None),
        };
        let usage = x509.key_usage().ok()?.map(|usage| usage.value);
        let extended = x509.extended_key_usage().ok()?.map(|usage| usage.value);
        let (key_kind, key_flaw) = key_strength(x509.public_key());
        let unknown = x509.iter_extensions().find(|extension| {
            extension.critical && !KNOWN.contains(&extension.oid.to_id_string().as_str())
        });
        Some(Facts {
            der: CertificateDer::from(der.to_vec()),
            subject: x509.subject().to_string(),
            issuer: x509.issuer().to_string(),
            subject_raw: x509.subject().as_raw().to_vec(),
            issuer_raw: x509.issuer().as_raw().to_vec(),
            names: names(&x509),
            not_before: Timestamp::from_secs(x509.validity().not_before.timestamp()),
            not_after: Timestamp::from_secs(x509.validity().not_after.timestamp()),
            fingerprint: sha256(der),
            signed_part: sha256(x509.tbs_certificate.as_ref()),
            serial: x509.raw_serial().to_vec(),
            spki: x509.public_key().raw.to_vec(),
            key_kind,
            key_flaw,
            signature_flaw: signature_flaw(&x509),
            is_authority,
            path_len,
            may_sign_certificates: usage.is_none_or(|usage| usage.key_cert_sign()),
            may_sign_handshakes: usage.is_none_or(|usage| usage.digital_signature()),
            for_servers: extended.is_none_or(|usage| usage.any || usage.server_auth),
            critical_unknown: unknown.map(|extension| extension.oid.to_id_string()),
        })
    }

    /// Whether it names itself as its issuer.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject_raw == self.issuer_raw
    }

    pub(crate) fn holds_at(&self, now: Timestamp) -> Result<(), Flaw> {
        if now > self.not_after {
            return Err(Flaw::Expired { subject: self.subject.clone(), at: self.not_after });
        }
        if now < self.not_before {
            return Err(Flaw::NotYet { subject: self.subject.clone(), at: self.not_before });
        }
        Ok(())
    }

    /// That it can sign certificates: an authority, strong, with nothing unknown in it.
    pub(crate) fn is_sound_authority(&self) -> Result<(), Flaw> {
        if !self.is_authority {
            return Err(self.purpose("it is not an authority (basic constraints)"));
        }
        if !self.may_sign_certificates {
            return Err(self.purpose("it may not sign certificates (key usage)"));
        }
        if let Some(flaw) = &self.key_flaw {
            return Err(flaw.clone());
        }
        self.is_understood()
    }

    pub(crate) fn is_understood(&self) -> Result<(), Flaw> {
        match &self.critical_unknown {
            Some(oid) => Err(Flaw::Critical { subject: self.subject.clone(), oid: oid.clone() }),
            None => Ok(()),
        }
    }

    pub(crate) fn purpose(&self, why: &'static str) -> Flaw {
        Flaw::Purpose { subject: self.subject.clone(), why }
    }

    pub(crate) fn line(&self, purpose: Purpose, source: Source) -> CertificateLine {
        CertificateLine {
            purpose,
            subject: self.subject.clone(),
            names: self.names.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            fingerprint: self.fingerprint,
            issuer: self.issuer.clone(),
            serial: hex(&self.serial),
            key_kind: self.key_kind.clone(),
            revoked: false,
            source,
        }
    }
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Fingerprint {
    let mut print = [0; 32];
    print.copy_from_slice(digest(&SHA256, bytes).as_ref());
    print
}

/// The kind of a public key, and why it is too weak or not supported.
pub(crate) fn key_strength(key: &SubjectPublicKeyInfo<'_>) -> (String, Option<Flaw>) {
    let unsupported = |kind: String| (kind.clone(), Some(Flaw::KeyKind { kind }));
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let modulus = rsa.modulus;
            let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
            let top = modulus.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
            let bits = ((modulus.len() - zeros) * 8).saturating_sub(top);
            let kind = format!("RSA {bits}");
            let flaw = (bits < RSA_BITS_MIN).then(|| Flaw::Weak {
                what: "the key",
                why: format!("{kind}, at least {RSA_BITS_MIN} bits are asked for"),
            });
            (kind, flaw)
        }
        Ok(PublicKey::EC(_)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => ("ECDSA P-256".into(), None),
                Some("1.3.132.0.34") => ("ECDSA P-384".into(), None),
                Some("1.3.132.0.35") => unsupported("ECDSA P-521".into()),
                other => unsupported(format!("ECDSA {}", other.unwrap_or("without a curve"))),
            }
        }
        _ => match key.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => ("Ed25519".into(), None),
            other => unsupported(other.to_owned()),
        },
    }
}

/// Why the signature on a certificate counts for nothing: SHA-1, MD5 or something unknown.
fn signature_flaw(x509: &X509Certificate<'_>) -> Option<Flaw> {
    const SHA2: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    let weak = |kind: &str| Flaw::Weak {
        what: "the signature",
        why: format!("{kind}, at least SHA-256 is asked for"),
    };
    let algorithm = &x509.signature_algorithm;
    match algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.11"
        | "1.2.840.113549.1.1.12"
        | "1.2.840.113549.1.1.13"
        | "1.2.840.10045.4.3.2"
        | "1.2.840.10045.4.3.3"
        | "1.3.101.112" => None,
        "1.2.840.113549.1.1.10" => {
            let parameters = algorithm.parameters.as_ref().map(|any| any.data).unwrap_or_default();
            let has_sha2 = parameters.windows(SHA2.len()).any(|window| window == SHA2);
            (!has_sha2).then(|| weak("RSA-PSS with SHA-1"))
        }
        "1.2.840.113549.1.1.5" => Some(weak("RSA with SHA-1")),
        "1.2.840.10045.4.1" => Some(weak("ECDSA with SHA-1")),
        "1.2.840.113549.1.1.4" => Some(weak("RSA with MD5")),
        other => Some(Flaw::Weak {
            what: "the signature",
            why: format!("{other} is not one of those that are accepted"),
        }),
    }
}

fn names(x509: &X509Certificate<'_>) -> Vec<String> {
    let extensions = x509.iter_extensions();
    let found = extensions.filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    found.flatten().filter_map(name).collect()
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_ascii_lowercase()),
        GeneralName::URI(name) | GeneralName::RFC822Name(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(|octets| Ipv4Addr::from(octets).to_string());
            four.or_else(|_| {
                <[u8; 16]>::try_from(*bytes).map(|octets| Ipv6Addr::from(octets).to_string())
            })
            .ok()
        }
        _ => None,
    }
}
