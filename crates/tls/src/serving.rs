//! The server certificate: the own one, made when it is missing or not what is wanted, or a brought pair.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_model::Timestamp;
use rustls::sign::CertifiedKey;
use tracing::info;

use crate::authority::{Authority, Made, fits, is_due};
use crate::certificates::Names;
use crate::error::{Flaw, IssueError, TlsError};
use crate::examine::Facts;
use crate::files::{finish_pair, read_own, replace_pair};
use crate::limits::PEM_BYTES_MAX;
use crate::line::Source;
use crate::pair::{Pair, parse_chain, parse_key};
use crate::served::provider;

/// The certificate that is served.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) leaf: Facts,
    /// When the first certificate of the chain ends.
    pub(crate) ends: Timestamp,
    pub(crate) source: Source,
}

impl Serving {
    /// A brought pair that was checked.
    pub(crate) fn brought(pair: Pair) -> Serving {
        Serving { key: pair.key, leaf: pair.leaf, ends: pair.ends, source: Source::File }
    }

    /// The own one of the folder when it is sound, by this authority, for these names and not due; else a new one.
    pub(crate) fn own(
        dir: &Path,
        authority: &Authority,
        names: &Names,
        now: Timestamp,
    ) -> Result<Serving, TlsError> {
        let (certificate, key) = paths(dir);
        finish_pair(&certificate, &key, fits)?;
        let held = (read_own(&certificate, PEM_BYTES_MAX)?, read_own(&key, PEM_BYTES_MAX)?);
        if let (Some(certificate), Some(key)) = held {
            match load(&certificate, &key) {
                Ok(serving) if serving.is_wanted(authority, names, now) => return Ok(serving),
                Ok(_) => {
                    info!("the server certificate is due or for other names; a new one is made")
                }
                Err(flaw) => {
                    info!(%flaw, "the server certificate cannot be used; a new one is made")
                }
            }
        }
        Serving::make(dir, authority, names, now)
    }

    /// Makes a new own one.
    pub(crate) fn make(
        dir: &Path,
        authority: &Authority,
        names: &Names,
        now: Timestamp,
    ) -> Result<Serving, TlsError> {
        let Made { certificate_pem, key_pem } = authority.server(&names.entries, now)?;
        let (certificate, key) = paths(dir);
        replace_pair((&certificate, &certificate_pem), (&key, &key_pem))?;
        load(certificate_pem.as_bytes(), key_pem.as_bytes())
            .map_err(|flaw| IssueError::Sign(rcgen::Error::X509(flaw.to_string())).into())
    }

    fn is_wanted(&self, authority: &Authority, names: &Names, now: Timestamp) -> bool {
        authority.signed(&self.leaf) && names.are_those_of(&self.leaf) && !is_due(&self.leaf, now)
    }
}

fn paths(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("server.pem"), dir.join("server.key"))
}

fn load(certificate: &[u8], key: &[u8]) -> Result<Serving, Flaw> {
    if !fits(certificate, key) {
        return Err(Flaw::KeyMismatch);
    }
    let leaf = parse_chain(certificate)?.into_iter().next().ok_or(Flaw::Empty)?;
    let signing = provider().key_provider.load_private_key(parse_key(key)?);
    let signing = signing.map_err(|error| Flaw::KeyKind { kind: error.to_string() })?;
    let key = Arc::new(CertifiedKey::new(vec![leaf.der.clone()], signing));
    Ok(Serving { key, ends: leaf.not_after, leaf, source: Source::Own })
}
