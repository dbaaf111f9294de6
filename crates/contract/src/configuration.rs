//! The plant's configuration as others may read and change it: revisions, files, changes, proposals.
//!
//! - Who may do it is not known here: whoever calls has asked `identity`, and writes the trail's entries.
//! - Whoever implements it serialises changes: two at once are one after the other, and the second finds its base moved.
//! - Not here: how files, logs and differences look on disk or in JSON.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use lineshaft_model::Timestamp;

/// What is answered later.
pub type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<T, ConfigurationError>> + Send + 'a>>;

/// The plant's files: every state they have had, and the one road to the next.
pub trait Configuration: Send + Sync {
    /// What a change needs besides the permission.
    fn policy(&self) -> ChangePolicy;

    /// Revisions, newest first; only those below `before`, at most `limit`.
    fn revisions(&self, before: Option<u64>, limit: usize) -> Answered<'_, RevisionPage>;

    /// One revision.
    fn revision(&self, id: u64) -> Answered<'_, Revision>;

    /// What revision `id` has that revision `to` has not, and the other way round; `to` is its parent when nothing is said.
    ///
    /// The lines of `to` are the old ones. The first revision is compared with an empty folder.
    fn difference(&self, id: u64, to: Option<u64>) -> Answered<'_, Difference>;

    /// The files that run now.
    fn files(&self) -> Answered<'_, CurrentFiles>;

    /// The content of a file, as it runs now or as revision `at` had it.
    fn file(&self, path: String, at: Option<u64>) -> Answered<'_, FileContent>;

    /// Changes the plant, or asks a second person to let it be changed, or only says what would happen.
    fn change(&self, change: Change, by: By) -> Answered<'_, Changed>;

    /// Changes the plant's files to those of an old revision.
    fn roll_back(&self, id: u64, why: String, by: By) -> Answered<'_, Changed>;

    /// Changes that wait for a second person and those that were decided, newest first, at most `limit`.
    fn proposals(&self, limit: usize) -> Answered<'_, Vec<Proposal>>;

    /// Applies a change that waits. The author cannot.
    fn approve(&self, proposal: u64, why: String, by: By) -> Answered<'_, Changed>;

    /// Turns a change that waits down, or takes one's own back.
    fn reject(&self, proposal: u64, why: String, by: By) -> Answered<'_, Proposal>;
}

/// What a change needs besides the permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangePolicy {
    /// Whether a change waits for a second person.
    pub approval: Approval,
    /// Whether a change says why.
    pub reason: Reason,
}

/// Whether a change waits for a second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approval {
    /// It does not.
    #[default]
    None,
    /// It does: `four_eyes = true`.
    FourEyes,
}

/// Whether a change says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reason {
    /// As one likes.
    #[default]
    Optional,
    /// It has to: `require_reason = true`.
    Required,
}

/// Who changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The name as the trail has it: `maria`, `token:deploy`, `local:root`, `disk`.
    pub who: String,
    /// The account behind it. Of a token: the account that made it, so that nobody approves his own change with one.
    pub account: Option<u64>,
    /// The road's word: `http`, `local`, `disk`, `node`.
    pub road: String,
    /// Whether he may also change who may come in.
    pub guards: Guards,
}

/// Whether somebody may change `[http]`, `[security]` and `[audit]`: whoever changes machines must not open doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guards {
    /// He may: he may change accounts too.
    MayChange,
    /// He may not.
    #[default]
    MayNot,
}

impl By {
    /// Whoever edited the plant folder on disk: the file system does not say who.
    #[must_use]
    pub fn disk() -> By {
        By { who: "disk".into(), account: None, road: "disk".into(), guards: Guards::MayChange }
    }

    /// Whether both are the same person: the same account, or the same name.
    #[must_use]
    pub fn is_same(&self, other: &By) -> bool {
        self.who == other.who || (self.account.is_some() && self.account == other.account)
    }
}

/// One applied state of the plant's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Counts from 1.
    pub id: u64,
    /// The one before it; `None` of the first.
    pub parent: Option<u64>,
    /// SHA-256 over the paths and contents of all files, in hexadecimal.
    pub digest: String,
    /// When it was applied.
    pub time: Timestamp,
    /// Who changed it.
    pub by: By,
    /// Why, in his words; may be empty.
    pub why: String,
    /// Its files in the order of their paths.
    pub files: Vec<RevisionFile>,
    /// The revision whose files it took up again.
    pub rolled_back_to: Option<u64>,
    /// The proposal it comes from.
    pub proposal: Option<u64>,
    /// Who approved that proposal.
    pub approved_by: Option<String>,
}

/// A file of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionFile {
    /// Relative to the plant folder with `/`; a tag table outside of it begins with `/` or `../`.
    pub path: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// Some revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionPage {
    /// Newest first.
    pub revisions: Vec<Revision>,
    /// What to ask for as `before` to get older ones; `None` when there are none.
    pub next: Option<u64>,
}

/// The files that run now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentFiles {
    /// In the order of their paths.
    pub files: Vec<RevisionFile>,
    /// The revision they are.
    pub revision: u64,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// Which.
    pub path: String,
    /// SHA-256 of its content, in hexadecimal: the `base` of a change.
    pub sha256: String,
    /// Its bytes; a tag table need not be UTF-8.
    pub bytes: Vec<u8>,
    /// Whether a change may write it: tag tables outside the plant folder are only read.
    pub writable: bool,
}

/// What a change does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// Whole files.
    pub files: Vec<NewFile>,
    /// Keys in TOML files; comments, order and spaces around them stay. Applied behind `files`.
    pub edits: Vec<FileEdit>,
    /// Whether it is done, or only looked at.
    pub mode: ChangeMode,
    /// Why.
    pub why: String,
}

/// Whether a change is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChangeMode {
    /// It is.
    #[default]
    Apply,
    /// It is checked and its difference is answered; nothing changes.
    CheckOnly,
}

/// A file that is written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Relative to the plant folder, with `/`.
    pub path: String,
    /// Its new content; `None` removes it.
    pub content: Option<Vec<u8>>,
    /// SHA-256 of the content it replaces, in hexadecimal; `None` when it is new.
    pub base: Option<String>,
}

/// Keys of a TOML file that are set or removed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileEdit {
    /// Relative to the plant folder, with `/`.
    pub path: String,
    /// SHA-256 of the content it was made for, in hexadecimal; `None` takes the file as it is.
    pub base: Option<String>,
    /// Keys with their new values; tables on the way are made.
    pub set: Vec<(Vec<String>, serde_json::Value)>,
    /// Keys and tables that go.
    pub remove: Vec<Vec<String>>,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It runs. Without a difference nothing was to be done, and the revision is the one that ran before.
    Applied(Applied),
    /// It was only checked, and is right.
    Checked(Checked),
    /// It waits for a second person.
    Proposed {
        /// Its number.
        proposal: u64,
        /// What was checked.
        checked: Checked,
    },
}

/// A change that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The revision that runs now.
    pub revision: u64,
    /// Its digest.
    pub digest: String,
    /// The revision that ran before.
    pub before: Option<u64>,
    /// The digest of that.
    pub digest_before: Option<String>,
    /// What was changed, and what is probably not meant.
    pub checked: Checked,
}

/// What a change does, without doing it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Old: what runs; new: the change.
    pub difference: Difference,
    /// What is probably not meant; it runs nevertheless.
    pub warnings: Vec<PlantMistake>,
    /// Tag tables outside the plant folder that stay as they are, although the old revision had others.
    pub left: Vec<String>,
    /// Whether a part of it waits for the next start: listeners, the shaft's and the historian's sizes, the node's name.
    pub waits_for_start: bool,
}

/// A change that waits, or waited, for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Counts from 1.
    pub id: u64,
    /// Who wants it.
    pub by: By,
    /// Why.
    pub why: String,
    /// When it was made.
    pub time: Timestamp,
    /// The revision it was made for.
    pub base: u64,
    /// The digest of what it would make.
    pub digest: String,
    /// What it changes in that revision.
    pub difference: Difference,
    /// What became of it.
    pub state: ProposalState,
    /// The revision whose files it would take up again.
    pub rolls_back_to: Option<u64>,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProposalState {
    /// It waits.
    Open,
    /// It was applied as a revision.
    Approved {
        /// By whom.
        by: By,
        /// Why.
        why: String,
        /// When.
        time: Timestamp,
        /// As which revision.
        revision: u64,
    },
    /// It was turned down or taken back.
    Rejected {
        /// By whom.
        by: By,
        /// Why.
        why: String,
        /// When.
        time: Timestamp,
    },
}

impl ProposalState {
    /// The word in JSON and on the page.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            ProposalState::Open => "open",
            ProposalState::Approved { .. } => "approved",
            ProposalState::Rejected { .. } => "rejected",
        }
    }
}

/// The difference of two states of the files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// The files that are not the same, in the order of their paths.
    pub files: Vec<FileDifference>,
}

/// A file that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDifference {
    /// Which.
    pub path: String,
    /// What happened to it.
    pub change: FileChange,
    /// How long it was; `None` when it was not there.
    pub old_bytes: Option<u64>,
    /// How long it is; `None` when it is gone.
    pub new_bytes: Option<u64>,
    /// The lines that differ with three lines around them; none of a file that is not text or too large to compare.
    pub hunks: Vec<Hunk>,
    /// Whether lines are compared; otherwise the sizes are all there is.
    pub is_text: bool,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It came.
    Added,
    /// It went.
    Removed,
    /// Its content is another.
    Changed,
}

impl FileChange {
    /// The word in JSON and on the page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            FileChange::Added => "added",
            FileChange::Removed => "removed",
            FileChange::Changed => "changed",
        }
    }
}

/// Lines that differ, with those around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The line of the old file it begins at, from 1; 0 when the old file has no line of it.
    pub old_start: u32,
    /// The line of the new file it begins at, from 1; 0 when the new file has no line of it.
    pub new_start: u32,
    /// Its lines.
    pub lines: Vec<HunkLine>,
}

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HunkLine {
    /// ` ` in both, `-` in the old file only, `+` in the new one only.
    pub kind: char,
    /// The line without its end.
    pub text: String,
}

/// A mistake in the plant's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantMistake {
    /// The file, relative to the plant folder.
    pub file: String,
    /// The line, from 1; 0 when the whole file is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 when the whole file is meant.
    pub column: u32,
    /// A code with a page.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What was meant or what to do; may be empty, one sentence a line.
    pub help: String,
}

impl fmt::Display for PlantMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {} {}", self.file, self.code, self.what),
            _ => write!(
                f,
                "{}:{}:{}: {} {}",
                self.file, self.line, self.column, self.code, self.what
            ),
        }
    }
}

/// Why the configuration does not answer or change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// There is no such revision, proposal or file.
    #[error("there is no {what}")]
    Unknown {
        /// `revision 12`, `proposal 3`, `file devices/a.toml`.
        what: String,
    },
    /// The change says nothing of why, and the plant wants it said.
    #[error("a change of this plant needs a reason")]
    ReasonRequired,
    /// The change is about who may come in, and its author may not change that.
    #[error(
        "a change of `[http]`, `[security]` or `[audit]` needs the permission `change-accounts`"
    )]
    Guarded,
    /// The plant would not run like this; nothing was changed.
    #[error("the change is refused: {}", first_of(.0))]
    Mistakes(Vec<PlantMistake>),
    /// Somebody else has changed it meanwhile.
    #[error("{what} was changed meanwhile; look at it again")]
    Moved {
        /// `devices/a.toml`, `the plant`.
        what: String,
    },
    /// A path or a content no file of the plant can have, or an edit that does not fit the file.
    #[error("{code}: {what}")]
    Refused {
        /// A code with a page.
        code: &'static str,
        /// What is refused, and why.
        what: String,
    },
    /// A proposal cannot be decided like this: by its own author, or a second time.
    #[error("{code}: {what}")]
    Undecided {
        /// A code with a page.
        code: &'static str,
        /// Why not.
        what: String,
    },
    /// The disk, the store or the trail does not do its part. What it says is true of the plant: unchanged, if nothing else is said.
    #[error("{code}: {what}")]
    Failed {
        /// A code with a page.
        code: &'static str,
        /// What failed.
        what: String,
    },
}

fn first_of(mistakes: &[PlantMistake]) -> String {
    match mistakes {
        [] => "no mistake is named".into(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_the_same_by_account_or_by_name() {
        let by = |who: &str, account| By {
            who: who.into(),
            account,
            road: "http".into(),
            guards: Guards::MayNot,
        };
        for (one, other, same) in [
            (by("maria", Some(1)), by("maria", Some(1)), true),
            (by("maria", Some(1)), by("token:deploy", Some(1)), true),
            (by("maria", Some(1)), by("ben", Some(2)), false),
            (by("local:root", None), by("local:root", None), true),
            (by("local:root", None), by("local:eve", None), false),
            (by("maria", Some(1)), By::disk(), false),
        ] {
            assert_eq!(one.is_same(&other), same, "{one:?} {other:?}");
        }
    }
}
