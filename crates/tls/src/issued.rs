//! Client certificates the own authority signed: kept without their keys, to be listed and taken back.

use std::path::{Path, PathBuf};

use lineshaft_model::Timestamp;
use tracing::warn;

use crate::error::{IssueError, TlsError};
use crate::examine::Facts;
use crate::files::{Readers, io_error, list, read_pem, replace};
use crate::limits::{DAY, ISSUED_MAX};
use crate::line::{Fingerprint, hex};
use crate::pair::parse_chain;

/// The folder of issued certificates.
#[derive(Debug)]
pub(crate) struct IssuedFolder {
    dir: PathBuf,
    certificates: Vec<Facts>,
}

impl IssuedFolder {
    pub(crate) fn read(dir: &Path) -> Result<IssuedFolder, TlsError> {
        let (paths, count) = list(dir, "pem", ISSUED_MAX)?;
        if count > paths.len() {
            warn!(
                count,
                read = paths.len(),
                "more client certificates than are kept; the rest is not listed"
            );
        }
        let mut certificates = Vec::with_capacity(paths.len());
        for path in paths {
            let read = read_pem(&path).and_then(|bytes| parse_chain(&bytes));
            match read {
                Ok(chain) => certificates.extend(chain.into_iter().next()),
                Err(error) => {
                    warn!(path = %path.display(), %error, "a client certificate is not listed")
                }
            }
        }
        certificates.sort_by_key(|facts: &Facts| facts.not_before);
        Ok(IssuedFolder { dir: dir.to_owned(), certificates })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Facts> {
        self.certificates.iter()
    }

    pub(crate) fn get(&self, fingerprint: &Fingerprint) -> Option<&Facts> {
        self.certificates.iter().find(|facts| facts.fingerprint == *fingerprint)
    }

    /// Whether one more can be kept; forgets what ended more than a year ago when there is no room.
    pub(crate) fn make_room(&mut self, now: Timestamp) -> Result<(), TlsError> {
        if self.certificates.len() < ISSUED_MAX {
            return Ok(());
        }
        let old = now.saturating_sub(365 * DAY);
        for facts in self.certificates.extract_if(.., |facts| facts.not_after < old) {
            let path = path(&self.dir, &facts);
            std::fs::remove_file(&path).map_err(|source| io_error("remove", &path, source))?;
        }
        let count = self.certificates.len();
        if count >= ISSUED_MAX {
            return Err(IssueError::Full { count, max: ISSUED_MAX }.into());
        }
        Ok(())
    }

    /// Keeps one; on disk when it returns.
    pub(crate) fn keep(&mut self, facts: Facts, pem: &str) -> Result<(), TlsError> {
        replace(&path(&self.dir, &facts), pem.as_bytes(), Readers::All)?;
        self.certificates.push(facts);
        Ok(())
    }
}

fn path(dir: &Path, facts: &Facts) -> PathBuf {
    dir.join(format!("{}.pem", hex(&facts.fingerprint)))
}
