//! What the store says, in the words of the contract.

use lineshaft_contract::{
    By, Chain, ConfigurationError, Difference, FileChange, FileDifference, Guards, Hunk, HunkLine,
    PlantMistake, ProposalState, Revision, RevisionFile,
};
use lineshaft_revision as store;

use crate::plant::{Mistake, Mistakes};

/// Mistakes that are answered; nobody mends more at a time.
const MISTAKES_MAX: usize = 1_000;

pub(super) fn by_to(by: By) -> store::By {
    store::By { who: by.who, account: by.account, road: by.road }
}

pub(super) fn by_of(by: store::By) -> By {
    By { who: by.who, account: by.account, road: by.road, guards: Guards::MayNot }
}

pub(super) fn files_of(files: Vec<store::FileRef>) -> Vec<RevisionFile> {
    let one = |file: store::FileRef| RevisionFile {
        path: file.path,
        sha256: file.sha256.to_string(),
        bytes: file.bytes,
    };
    files.into_iter().map(one).collect()
}

pub(super) fn revision(revision: store::Revision) -> Revision {
    let approval = revision.approval;
    Revision {
        id: revision.id,
        parent: revision.parent,
        digest: revision.digest.to_string(),
        time: revision.time,
        by: by_of(revision.by),
        why: revision.why,
        files: files_of(revision.files),
        rolled_back_to: revision.rolled_back_to,
        proposal: approval.as_ref().map(|approval| approval.proposal),
        approved_by: approval.map(|approval| approval.by.who),
    }
}

pub(super) fn difference(files: Vec<store::FileDiff>) -> Difference {
    let line = |line: store::HunkLine| HunkLine { kind: line.kind, text: line.text };
    let hunk = |hunk: store::Hunk| Hunk {
        old_start: hunk.old_start,
        new_start: hunk.new_start,
        lines: hunk.lines.into_iter().map(line).collect(),
    };
    let file = |file: store::FileDiff| FileDifference {
        path: file.path,
        change: match file.change {
            store::FileChange::Added => FileChange::Added,
            store::FileChange::Removed => FileChange::Removed,
            store::FileChange::Changed => FileChange::Changed,
        },
        old_bytes: file.old_bytes,
        new_bytes: file.new_bytes,
        hunks: file.hunks.into_iter().map(hunk).collect(),
        is_text: file.is_text,
    };
    Difference { files: files.into_iter().map(file).collect() }
}

pub(super) fn state(decision: Option<store::Decision>) -> ProposalState {
    match decision {
        None => ProposalState::Open,
        Some(store::Decision::Approved { revision, time, approval }) => {
            ProposalState::Approved { by: by_of(approval.by), why: approval.why, time, revision }
        }
        Some(store::Decision::Rejected(rejection)) => ProposalState::Rejected {
            by: by_of(rejection.by),
            why: rejection.why,
            time: rejection.time,
        },
    }
}

pub(super) fn mistakes_of(mistakes: &Mistakes) -> Vec<PlantMistake> {
    let one = |mistake: &Mistake| PlantMistake {
        file: mistake.at.file.clone(),
        line: mistake.at.line,
        column: mistake.at.column,
        code: mistake.code.to_owned(),
        what: mistake.what.clone(),
        help: mistake.help.join("\n"),
    };
    mistakes.all().iter().take(MISTAKES_MAX).map(one).collect()
}

/// A plant whose pipelines do not fit; reading the folder finds that earlier, with its place.
pub(super) fn mistake_of_plant(why: String) -> PlantMistake {
    PlantMistake {
        file: "pipelines".into(),
        line: 0,
        column: 0,
        code: "LS-CFG-201".into(),
        what: why,
        help: String::new(),
    }
}

pub(super) fn failed(error: store::StoreError) -> ConfigurationError {
    let code = error.code();
    match error {
        store::StoreError::Unknown { what, id } => {
            ConfigurationError::Unknown { what: format!("{what} {id}") }
        }
        store::StoreError::Moved { path } => ConfigurationError::Moved { what: path },
        store::StoreError::Path(error) => {
            ConfigurationError::Refused { code, what: plain(code, &error.to_string()) }
        }
        store::StoreError::TooMuch { what } => ConfigurationError::Refused { code, what },
        error => {
            let what = plain(code, &Chain(&error).to_string());
            ConfigurationError::Failed { code, what }
        }
    }
}

pub(super) fn undecided(error: store::ProposalError) -> ConfigurationError {
    let code = error.code();
    match error {
        store::ProposalError::Store(error) => failed(error),
        error => ConfigurationError::Undecided { code, what: plain(code, &error.to_string()) },
    }
}

/// The text without the code it begins with: the code has a member of its own.
fn plain(code: &str, text: &str) -> String {
    let rest = text.strip_prefix(code).and_then(|rest| rest.strip_prefix(": "));
    rest.unwrap_or(text).to_owned()
}
