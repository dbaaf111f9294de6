//! Other authorities whose client certificates are taken, and their revocation lists: files in a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_model::Timestamp;
use rustls::RootCertStore;
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::error::{Flaw, TlsError};
use crate::examine::Facts;
use crate::files::{Readers, list, read, read_pem, replace};
use crate::limits::{LIST_BYTES_MAX, TRUSTED_MAX};
use crate::line::hex;
use crate::pair::parse_chain;
use crate::served::provider;

/// What a folder of trusted authorities holds.
#[derive(Debug, Default)]
pub(crate) struct Trusted {
    pub(crate) authorities: Vec<Facts>,
    /// Files that are not used, and why. What is not understood is not trusted.
    pub(crate) flaws: Vec<(PathBuf, Flaw)>,
    /// Revocation lists of these authorities.
    pub(crate) lists: Vec<List>,
    /// Lists that cannot be used.
    pub(crate) list_flaws: Vec<(PathBuf, Flaw)>,
    /// Files beyond the limit.
    pub(crate) left_out: usize,
}

/// A revocation list of another authority.
#[derive(Debug, Clone)]
pub(crate) struct List {
    path: PathBuf,
    pub(crate) der: CertificateRevocationListDer<'static>,
    pub(crate) issuer: String,
    /// When a newer one should have come.
    pub(crate) next: Option<Timestamp>,
}

impl Trusted {
    /// Reads the folder. Ends of life do not matter here: every handshake looks at them.
    ///
    /// A list that cannot be read any more stays in use as it was `before`: else whoever it names would come in.
    pub(crate) fn read(dir: &Path, before: &Trusted) -> Result<Trusted, TlsError> {
        let (paths, count) = list(dir, "pem", TRUSTED_MAX)?;
        let mut trusted = Trusted { left_out: count - paths.len(), ..Trusted::default() };
        for path in paths {
            let read = read_pem(&path).and_then(|bytes| parse_authorities(&bytes));
            match read {
                Ok(authorities) => {
                    for facts in authorities {
                        let known = |other: &Facts| other.fingerprint == facts.fingerprint;
                        if !trusted.authorities.iter().any(known) {
                            trusted.authorities.push(facts);
                        }
                    }
                }
                Err(flaw) => trusted.flaws.push((path, flaw)),
            }
        }
        trusted.read_lists(dir, before)?;
        Ok(trusted)
    }

    fn read_lists(&mut self, dir: &Path, before: &Trusted) -> Result<(), TlsError> {
        let (paths, count) = list(dir, "crl", TRUSTED_MAX)?;
        self.left_out += count - paths.len();
        for path in paths {
            match read_list(&path) {
                Ok(list) => self.lists.push(list),
                Err(flaw) => {
                    self.lists.extend(before.lists.iter().find(|list| list.path == path).cloned());
                    self.list_flaws.push((path, flaw));
                }
            }
        }
        Ok(())
    }
}

/// Reads a revocation list, PEM or DER; what the verifier could not use is told here.
fn read_list(path: &Path) -> Result<List, Flaw> {
    let bytes =
        read(path, LIST_BYTES_MAX).map_err(|error| Flaw::Unreadable { why: error.to_string() })?;
    let unusable = |why: String| Flaw::List { why };
    let der = if bytes.starts_with(b"\x30") {
        CertificateRevocationListDer::from(bytes)
    } else {
        CertificateRevocationListDer::from_pem_slice(&bytes)
            .map_err(|error| unusable(error.to_string()))?
    };
    let (_, parsed) =
        CertificateRevocationList::from_der(&der).map_err(|error| unusable(error.to_string()))?;
    let issuer = parsed.issuer().to_string();
    let next = parsed.next_update().map(|next| Timestamp::from_secs(next.timestamp()));
    webpki_reads(&der).map_err(unusable)?;
    Ok(List { path: path.to_owned(), der: der.clone(), issuer, next })
}

/// Whether the verifier takes a list: it refuses indirect ones, those for some reasons only, and unknown extensions.
fn webpki_reads(der: &CertificateRevocationListDer<'static>) -> Result<(), String> {
    let built =
        WebPkiServerVerifier::builder_with_provider(Arc::new(RootCertStore::empty()), provider())
            .with_crls([der.clone()])
            .build();
    match built {
        Err(VerifierBuilderError::InvalidCrl(error)) => Err(format!("{error:?}")),
        _ => Ok(()), // that it has no roots is known
    }
}

/// Puts authorities into the folder, one file each; what is there already stays.
pub(crate) fn trust(dir: &Path, pem: &str, now: Timestamp) -> Result<Vec<Facts>, TlsError> {
    let authorities = parse_authorities(pem.as_bytes()).map_err(TlsError::Trust)?;
    for facts in &authorities {
        facts.holds_at(now).map_err(TlsError::Trust)?;
    }
    for facts in &authorities {
        let path = dir.join(format!("{}.pem", hex(&facts.fingerprint)));
        replace(&path, to_pem(&facts.der).as_bytes(), Readers::All)?;
    }
    Ok(authorities)
}

fn parse_authorities(bytes: &[u8]) -> Result<Vec<Facts>, Flaw> {
    let authorities = parse_chain(bytes)?;
    for facts in &authorities {
        facts.is_sound_authority()?;
    }
    Ok(authorities)
}

/// Writes a certificate as PEM (RFC 7468).
pub(crate) fn to_pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}
