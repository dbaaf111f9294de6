//! The contract's face of the road: every call goes to a thread that may block.

use std::sync::Arc;

use lineshaft_contract::{
    Answered, By, Change, ChangePolicy, Changed, ConfigurationError, CurrentFiles, Difference,
    FileContent, Proposal, Revision, RevisionPage,
};

use super::look::Shelf;
use super::{Configuration, Inner};

/// Runs `work` on a thread that may block. Once begun it runs to its end, even when nobody waits for the answer any more.
pub(super) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConfigurationError> + Send + 'static,
) -> Answered<'static, T> {
    Box::pin(async move {
        match tokio::task::spawn_blocking(work).await {
            Ok(answer) => answer,
            Err(gone) if gone.is_panic() => std::panic::resume_unwind(gone.into_panic()),
            Err(_stopped) => Err(ConfigurationError::Failed {
                code: "LS-REV-015",
                what: "the node is stopping".into(),
            }),
        }
    })
}

impl Configuration {
    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ConfigurationError> + Send + 'static,
    ) -> Answered<'static, T> {
        let inner = Arc::clone(&self.inner);
        blocking(move || work(&inner))
    }
}

impl lineshaft_contract::Configuration for Configuration {
    fn policy(&self) -> ChangePolicy {
        *self.inner.policy.lock()
    }

    fn revisions(&self, before: Option<u64>, limit: usize) -> Answered<'_, RevisionPage> {
        self.with(move |inner| Shelf(&inner.store).revisions(before, limit))
    }

    fn revision(&self, id: u64) -> Answered<'_, Revision> {
        self.with(move |inner| Shelf(&inner.store).revision(id))
    }

    fn difference(&self, id: u64, to: Option<u64>) -> Answered<'_, Difference> {
        self.with(move |inner| Shelf(&inner.store).difference(id, to))
    }

    fn files(&self) -> Answered<'_, CurrentFiles> {
        self.with(|inner| Shelf(&inner.store).files())
    }

    fn file(&self, path: String, at: Option<u64>) -> Answered<'_, FileContent> {
        self.with(move |inner| Shelf(&inner.store).file(path, at))
    }

    fn change(&self, change: Change, by: By) -> Answered<'_, Changed> {
        self.with(move |inner| inner.change(&change, by))
    }

    fn roll_back(&self, id: u64, why: String, by: By) -> Answered<'_, Changed> {
        self.with(move |inner| inner.roll_back(id, &why, by))
    }

    fn proposals(&self, limit: usize) -> Answered<'_, Vec<Proposal>> {
        self.with(move |inner| Shelf(&inner.store).proposals(limit))
    }

    fn approve(&self, proposal: u64, why: String, by: By) -> Answered<'_, Changed> {
        self.with(move |inner| inner.approve(proposal, &why, by))
    }

    fn reject(&self, proposal: u64, why: String, by: By) -> Answered<'_, Proposal> {
        self.with(move |inner| {
            let rejected = inner.reject(proposal, &why, by)?;
            Shelf(&inner.store).proposal(rejected)
        })
    }
}
