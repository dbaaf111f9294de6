//! Reading only: what the running node and a stopped one have in common.

use std::path::Path;
use std::sync::Arc;

use lineshaft_contract::{
    Answered, By, Change, ChangePolicy, Changed, Configuration, ConfigurationError, CurrentFiles,
    Difference, FileContent, Proposal, Revision, RevisionPage,
};
use lineshaft_revision::Store;

use super::faces::blocking;
use super::shape::{self, failed};
use super::{FOLDER, policy_of};
use crate::plant::{LAYOUT, gatekeeping_of};

/// Revisions that are answered at a time.
const PAGE_MAX: usize = 1_000;

/// A store that is read.
pub(super) struct Shelf<'a>(pub(super) &'a Store);

impl Shelf<'_> {
    pub(super) fn revisions(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<RevisionPage, ConfigurationError> {
        let revisions = self.0.list(before, limit.clamp(1, PAGE_MAX)).map_err(failed)?;
        let next = revisions.last().map(|last| last.id).filter(|last| *last > 1);
        Ok(RevisionPage { revisions: revisions.into_iter().map(shape::revision).collect(), next })
    }

    pub(super) fn revision(&self, id: u64) -> Result<Revision, ConfigurationError> {
        self.0.get(id).map(shape::revision).map_err(failed)
    }

    pub(super) fn difference(
        &self,
        id: u64,
        to: Option<u64>,
    ) -> Result<Difference, ConfigurationError> {
        let revision = self.0.get(id).map_err(failed)?;
        let from = to.or(revision.parent).unwrap_or(0);
        if to == Some(0) {
            return Err(ConfigurationError::Unknown { what: "revision 0".into() });
        }
        self.0.diff(from, id).map(shape::difference).map_err(failed)
    }

    pub(super) fn files(&self) -> Result<CurrentFiles, ConfigurationError> {
        let newest = self.0.newest();
        let newest = newest.ok_or(ConfigurationError::Unknown { what: "revision 1".into() })?;
        Ok(CurrentFiles { revision: newest.id, files: shape::files_of(newest.files) })
    }

    /// Looked up by name in the revision: no path is ever opened.
    pub(super) fn file(
        &self,
        path: String,
        at: Option<u64>,
    ) -> Result<FileContent, ConfigurationError> {
        let unknown = |path: &str| ConfigurationError::Unknown { what: format!("file {path}") };
        let revision = match at {
            Some(id) => Some(self.0.get(id).map_err(failed)?),
            None => self.0.newest(),
        };
        let files = revision.map(|revision| revision.files).unwrap_or_default();
        let file = files.into_iter().find(|file| file.path == path);
        let file = file.ok_or_else(|| unknown(&path))?;
        let bytes = self.0.content(file.sha256).map_err(failed)?;
        let writable = LAYOUT.check(&path).is_ok();
        Ok(FileContent { path, sha256: file.sha256.to_string(), bytes, writable })
    }

    pub(super) fn proposals(&self, limit: usize) -> Result<Vec<Proposal>, ConfigurationError> {
        let proposals = self.0.proposals(limit.clamp(1, PAGE_MAX)).map_err(failed)?;
        proposals.into_iter().map(|proposal| self.proposal(proposal)).collect()
    }

    pub(super) fn proposal(
        &self,
        proposal: lineshaft_revision::Proposal,
    ) -> Result<Proposal, ConfigurationError> {
        let base = match proposal.base {
            0 => Vec::new(),
            base => self.0.get(base).map_err(failed)?.files,
        };
        let difference = self.0.diff_refs(&base, &proposal.files).map_err(failed)?;
        Ok(Proposal {
            id: proposal.id,
            by: shape::by_of(proposal.by),
            why: proposal.why,
            time: proposal.time,
            base: proposal.base,
            digest: proposal.digest.to_string(),
            difference: shape::difference(difference),
            state: shape::state(proposal.decision),
            rolls_back_to: proposal.rolled_back_to,
        })
    }
}

/// A file of the newest revision in a data folder; `None` when there is none or it cannot be read.
pub(crate) fn newest_file(data: &Path, path: &str) -> Option<String> {
    let store = Store::open_to_look(&data.join(FOLDER)).ok()?;
    let content = Shelf(&store).file(path.to_owned(), None).ok()?;
    String::from_utf8(content.bytes).ok()
}

/// The revisions of a node that does not run: they are read, and nothing is changed.
pub(crate) fn of_stopped(data: &Path) -> Option<Arc<dyn Configuration>> {
    let store = match Store::open_to_look(&data.join(FOLDER)) {
        Ok(store) => store,
        Err(error) => {
            tracing::debug!(error = %lineshaft_contract::Chain(&error), "there are no revisions");
            return None;
        }
    };
    Some(Arc::new(Stopped(Arc::new(store))))
}

/// The revisions of a node that does not run.
struct Stopped(Arc<Store>);

impl Stopped {
    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(Shelf<'_>) -> Result<T, ConfigurationError> + Send + 'static,
    ) -> Answered<'static, T> {
        let store = self.0.clone();
        blocking(move || work(Shelf(&store)))
    }
}

fn refused<T: Send + 'static>() -> Answered<'static, T> {
    let what =
        "the node is stopped; its plant can be changed while it runs, or in the plant folder";
    Box::pin(
        async move { Err(ConfigurationError::Failed { code: "LS-REV-015", what: what.into() }) },
    )
}

impl Configuration for Stopped {
    fn policy(&self) -> ChangePolicy {
        let text = Shelf(&self.0).file("lineshaft.toml".into(), None).ok();
        let text = text.and_then(|file| String::from_utf8(file.bytes).ok());
        policy_of(&gatekeeping_of(text.as_deref()).security)
    }

    fn revisions(&self, before: Option<u64>, limit: usize) -> Answered<'_, RevisionPage> {
        self.with(move |shelf| shelf.revisions(before, limit))
    }

    fn revision(&self, id: u64) -> Answered<'_, Revision> {
        self.with(move |shelf| shelf.revision(id))
    }

    fn difference(&self, id: u64, to: Option<u64>) -> Answered<'_, Difference> {
        self.with(move |shelf| shelf.difference(id, to))
    }

    fn files(&self) -> Answered<'_, CurrentFiles> {
        self.with(|shelf| shelf.files())
    }

    fn file(&self, path: String, at: Option<u64>) -> Answered<'_, FileContent> {
        self.with(move |shelf| shelf.file(path, at))
    }

    fn change(&self, _change: Change, _by: By) -> Answered<'_, Changed> {
        refused()
    }

    fn roll_back(&self, _id: u64, _why: String, _by: By) -> Answered<'_, Changed> {
        refused()
    }

    fn proposals(&self, limit: usize) -> Answered<'_, Vec<Proposal>> {
        self.with(move |shelf| shelf.proposals(limit))
    }

    fn approve(&self, _proposal: u64, _why: String, _by: By) -> Answered<'_, Changed> {
        refused()
    }

    fn reject(&self, _proposal: u64, _why: String, _by: By) -> Answered<'_, Proposal> {
        refused()
    }
}
