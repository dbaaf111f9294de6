//! Checks everything again: every line, every content, and what nobody refers to.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{Store, StoreError};

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Revisions.
    pub revisions: u64,
    /// Proposals.
    pub proposals: u64,
    /// Lines of the log.
    pub lines: u64,
    /// Contents that a revision or a proposal has.
    pub contents: u64,
    /// Contents that none has: left by a change that failed. They do no harm.
    pub unused: u64,
    /// The newest revision and its digest, to compare with the trail; empty before the first.
    pub newest: String,
}

/// Checks every line of the log of a store that is not open, and every content it names.
///
/// Nothing is written. That the newest lines are still there, the log alone cannot say: the trail has the digest of
/// every applied revision.
///
/// # Errors
/// The first thing that is wrong: [`StoreError::Damaged`] with the line, [`StoreError::Content`] with the digest.
pub fn verify(dir: &Path) -> Result<Report, StoreError> {
    Store::open_to_look(dir)?.verify()
}

impl Store {
    /// The same for a store that is open.
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(&self) -> Result<Report, StoreError> {
        let newest = self.newest();
        let (revisions, proposals, lines) = {
            let state = self.state.lock();
            (state.index.newest_id(), state.proposals.len() as u64, state.log.lines())
        };
        let mut checked = BTreeSet::new();
        let mut check = |files: Vec<crate::FileRef>| {
            for file in files {
                if checked.insert(file.sha256) {
                    self.content(file.sha256)?;
                }
            }
            Ok::<(), StoreError>(())
        };
        for id in 1..=revisions {
            check(self.get(id)?.files)?;
        }
        for id in 1..=proposals {
            check(self.proposal(id)?.files)?;
        }
        let names = self.objects.names()?;
        let is_used = |name: &&String| name.parse().is_ok_and(|name| checked.contains(&name));
        Ok(Report {
            revisions,
            proposals,
            lines,
            contents: checked.len() as u64,
            unused: (names.len() - names.iter().filter(is_used).count()) as u64,
            newest: newest.map_or_else(String::new, |newest| {
                format!("revision {} {}", newest.id, newest.digest)
            }),
        })
    }
}
