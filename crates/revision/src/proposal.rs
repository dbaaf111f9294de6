//! Changes that wait for a second person.

use lineshaft_model::Timestamp;

use crate::entry::{Entry, Proposed};
use crate::limits::PROPOSALS_OPEN_MAX;
use crate::log::Place;
use crate::{Approval, By, FileRef, Files, Note, Rejection, Revision, Sha256, Store, StoreError};

/// A change that waits, or waited, for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Counts from 1.
    pub id: u64,
    /// The revision it was made for.
    pub base: u64,
    /// Of all files it would make.
    pub digest: Sha256,
    /// When it was made.
    pub time: Timestamp,
    /// By whom.
    pub by: By,
    /// Why.
    pub why: String,
    /// The revision whose files it would take up again.
    pub rolled_back_to: Option<u64>,
    /// The files it would make, those it leaves as they are among them.
    pub files: Vec<FileRef>,
    /// What became of it; `None` while it waits.
    pub decision: Option<Decision>,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It was applied as this revision, with this approval.
    Approved {
        /// As which revision.
        revision: u64,
        /// When.
        time: Timestamp,
        /// By whom, and why.
        approval: Approval,
    },
    /// It was turned down or taken back.
    Rejected(Rejection),
}

/// Why a proposal is not decided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalError {
    /// Four eyes are those of two people.
    #[error("LS-REV-011: {who} made proposal {proposal}; another person has to approve it")]
    Own {
        /// Which.
        proposal: u64,
        /// Who.
        who: String,
    },
    /// It was decided before.
    #[error("LS-REV-012: proposal {proposal} was decided before")]
    Decided {
        /// Which.
        proposal: u64,
    },
    /// The store does not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProposalError {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ProposalError::Own { .. } => "LS-REV-011",
            ProposalError::Decided { .. } => "LS-REV-012",
            ProposalError::Store(error) => error.code(),
        }
    }
}

/// Where the lines of a proposal are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filed {
    pub(crate) made: Place,
    pub(crate) decided: Option<Place>,
}

impl Store {
    /// Keeps a change that waits for a second person. `note.approval` is not looked at.
    ///
    /// # Errors
    /// [`StoreError::TooMuch`] when a hundred wait already; what [`Store::record`] answers.
    pub fn propose(&self, files: &Files, base: u64, note: &Note) -> Result<Proposal, StoreError> {
        let refs = self.keep(files)?;
        let mut state = self.state.lock();
        let open = state.proposals.iter().filter(|filed| filed.decided.is_none()).count();
        if open >= PROPOSALS_OPEN_MAX {
            let what = format!("{open} proposals wait already; decide some of them first");
            return Err(StoreError::TooMuch { what });
        }
        let made = Proposed {
            id: state.proposals.len() as u64 + 1,
            base,
            digest: crate::digest_of(&refs),
            time: note.time,
            by: note.by.clone(),
            why: note.why.clone(),
            rolled_back_to: note.rolled_back_to,
            files: refs,
        };
        let place = state.log.append(&Entry::Proposal(made.clone()))?;
        state.proposals.push(Filed { made: place, decided: None });
        Ok(proposal_of(made, None))
    }

    /// Proposals, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Disk`], [`StoreError::Damaged`].
    pub fn proposals(&self, limit: usize) -> Result<Vec<Proposal>, StoreError> {
        let count = self.state.lock().proposals.len() as u64;
        (1..=count).rev().take(limit).map(|id| self.proposal(id)).collect()
    }

    /// The proposals that wait, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Disk`], [`StoreError::Damaged`].
    pub fn open_proposals(&self) -> Result<Vec<Proposal>, StoreError> {
        let filed: Vec<Option<Place>> =
            self.state.lock().proposals.iter().map(|filed| filed.decided).collect();
        let open = (1..).zip(filed).filter(|(_, decided)| decided.is_none());
        open.map(|(id, _)| self.proposal(id)).collect()
    }

    /// One proposal.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], [`StoreError::Disk`], [`StoreError::Damaged`].
    pub fn proposal(&self, id: u64) -> Result<Proposal, StoreError> {
        let unknown = StoreError::Unknown { what: "proposal", id };
        let state = self.state.lock();
        let index = id.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let Some(filed) = index.and_then(|index| state.proposals.get(index)) else {
            return Err(unknown);
        };
        let Entry::Proposal(made) = state.log.read(filed.made)? else { return Err(unknown) };
        let decision = match filed.decided.map(|place| state.log.read(place)).transpose()? {
            Some(Entry::Rejection(rejection)) => Some(Decision::Rejected(rejection)),
            Some(Entry::Revision(revision)) => approved(revision),
            _ => None,
        };
        Ok(proposal_of(made, decision))
    }

    /// A proposal that `by` may approve now: it waits, and he did not make it.
    ///
    /// # Errors
    /// [`ProposalError`] says why he may not.
    pub fn approvable(&self, id: u64, by: &By) -> Result<Proposal, ProposalError> {
        let proposal = self.waiting(id)?;
        if proposal.by.is_same(by) {
            return Err(ProposalError::Own { proposal: id, who: by.who.clone() });
        }
        Ok(proposal)
    }

    /// Turns a proposal down; its author may too, which takes it back.
    ///
    /// # Errors
    /// [`ProposalError::Decided`], and what the store answers.
    pub fn reject(&self, rejection: Rejection) -> Result<Proposal, ProposalError> {
        let id = rejection.proposal;
        let mut proposal = self.waiting(id)?;
        let mut state = self.state.lock();
        let place = state.log.append(&Entry::Rejection(rejection.clone()))?;
        state.decide(id, place);
        proposal.decision = Some(Decision::Rejected(rejection));
        Ok(proposal)
    }

    fn waiting(&self, id: u64) -> Result<Proposal, ProposalError> {
        let proposal = self.proposal(id)?;
        match proposal.decision {
            None => Ok(proposal),
            Some(_) => Err(ProposalError::Decided { proposal: id }),
        }
    }

    /// The contents of the files of a proposal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn proposal_files(&self, proposal: &Proposal) -> Result<Files, StoreError> {
        self.contents(&proposal.files)
    }
}

fn approved(revision: Revision) -> Option<Decision> {
    let Revision { id, time, approval, .. } = revision;
    approval.map(|approval| Decision::Approved { revision: id, time, approval })
}

fn proposal_of(made: Proposed, decision: Option<Decision>) -> Proposal {
    let Proposed { id, base, digest, time, by, why, rolled_back_to, files } = made;
    Proposal { id, base, digest, time, by, why, rolled_back_to, files, decision }
}
