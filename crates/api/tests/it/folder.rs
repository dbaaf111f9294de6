//! A plant folder in memory with all its revisions, behind the trait of `contract`.

use std::collections::BTreeMap;
use std::sync::Arc;

use lineshaft_contract::{
    Answered, Applied, Approval, By, Change, ChangeMode, ChangePolicy, Changed, Checked,
    Configuration, ConfigurationError, CurrentFiles, Difference, FileChange, FileContent,
    FileDifference, FileEdit, Guards, Hunk, HunkLine, NewFile, PlantMistake, Proposal,
    ProposalState, Revision, RevisionFile, RevisionPage,
};
use lineshaft_runtime::Clock;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

type Files = BTreeMap<String, Vec<u8>>;

/// The file every plant begins with.
pub(crate) const FIRST: &str = "lineshaft.toml";
/// What is in it.
pub(crate) const FIRST_TEXT: &str = "[node]\nname = \"edge-1\"\n";

pub(crate) struct Folder {
    clock: Clock,
    kept: Mutex<Kept>,
}

struct Kept {
    policy: ChangePolicy,
    revisions: Vec<(Revision, Files)>,
    proposals: Vec<(Proposal, Files)>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn digest(files: &Files) -> String {
    let lines: Vec<String> =
        files.iter().map(|(path, bytes)| format!("{} {path}\n", sha256(bytes))).collect();
    sha256(lines.concat().as_bytes())
}

fn refs(files: &Files) -> Vec<RevisionFile> {
    let one = |(path, bytes): (&String, &Vec<u8>)| RevisionFile {
        path: path.clone(),
        sha256: sha256(bytes),
        bytes: bytes.len() as u64,
    };
    files.iter().map(one).collect()
}

fn difference(old: &Files, new: &Files) -> Difference {
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    let lines = |bytes: Option<&Vec<u8>>, kind| -> Vec<HunkLine> {
        let text = String::from_utf8_lossy(bytes.map_or(b"", Vec::as_slice)).into_owned();
        text.lines().map(|text| HunkLine { kind, text: text.into() }).collect()
    };
    let one = |path: &String| {
        let (was, is) = (old.get(path), new.get(path));
        let change = match (was, is) {
            (None, _) => FileChange::Added,
            (_, None) => FileChange::Removed,
            _ => FileChange::Changed,
        };
        let lines = [lines(was, '-'), lines(is, '+')].concat();
        FileDifference {
            path: path.clone(),
            change,
            old_bytes: was.map(|bytes| bytes.len() as u64),
            new_bytes: is.map(|bytes| bytes.len() as u64),
            hunks: vec![Hunk { old_start: 1, new_start: 1, lines }],
            is_text: true,
        }
    };
    let differ = |path: &&String| old.get(*path) != new.get(*path);
    Difference { files: paths.into_iter().filter(differ).map(one).collect() }
}

fn unknown(what: impl Into<String>) -> ConfigurationError {
    ConfigurationError::Unknown { what: what.into() }
}

fn check_path(path: &str) -> Result<(), ConfigurationError> {
    if path.starts_with('/') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        let what = format!("`{path}` leads out of the plant folder");
        return Err(ConfigurationError::Refused { code: "LS-REV-005", what });
    }
    Ok(())
}

/// A plant with a line `broken` does not run.
fn check_plant(files: &Files) -> Result<(), ConfigurationError> {
    let mut mistakes = Vec::new();
    for (path, bytes) in files {
        for (line, text) in String::from_utf8_lossy(bytes).lines().enumerate() {
            if text.trim() == "broken" {
                mistakes.push(PlantMistake {
                    file: path.clone(),
                    line: u32::try_from(line).unwrap() + 1,
                    column: 1,
                    code: "LS-CFG-001".into(),
                    what: "this is no TOML".into(),
                    help: "write `key = value`".into(),
                });
            }
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(ConfigurationError::Mistakes(mistakes)) }
}

fn replace(files: &mut Files, new: &NewFile) -> Result<(), ConfigurationError> {
    check_path(&new.path)?;
    let is = files.get(&new.path).map(|bytes| sha256(bytes));
    if is != new.base {
        return Err(ConfigurationError::Moved { what: new.path.clone() });
    }
    match &new.content {
        None => files.remove(&new.path),
        Some(content) => files.insert(new.path.clone(), content.clone()),
    };
    Ok(())
}

/// The last word of a key is looked for as a line; enough for files of one table.
fn edit(files: &mut Files, edit: &FileEdit) -> Result<(), ConfigurationError> {
    let bytes = files.get(&edit.path).ok_or_else(|| unknown(format!("file {}", edit.path)))?;
    if edit.base.as_ref().is_some_and(|base| *base != sha256(bytes)) {
        return Err(ConfigurationError::Moved { what: edit.path.clone() });
    }
    let mut lines: Vec<String> = String::from_utf8_lossy(bytes).lines().map(String::from).collect();
    for (key, value) in &edit.set {
        let line = format!("{} = {value}", key.last().unwrap());
        let begin = format!("{} =", key.last().unwrap());
        match lines.iter_mut().find(|line| line.starts_with(&begin)) {
            Some(old) => *old = line,
            None => lines.push(line),
        }
    }
    for key in &edit.remove {
        lines.retain(|line| !line.starts_with(&format!("{} =", key.last().unwrap())));
    }
    files.insert(edit.path.clone(), (lines.join("\n") + "\n").into_bytes());
    Ok(())
}

fn by_node() -> By {
    By { who: "node".into(), account: None, road: "node".into(), guards: Guards::MayChange }
}

impl Folder {
    pub(crate) fn new(clock: &Clock) -> Arc<Folder> {
        let files = Files::from([(FIRST.to_owned(), FIRST_TEXT.as_bytes().to_vec())]);
        let kept =
            Kept { policy: ChangePolicy::default(), revisions: Vec::new(), proposals: Vec::new() };
        let folder = Folder { clock: clock.clone(), kept: Mutex::new(kept) };
        folder.kept.lock().record(&folder.clock, files, &by_node(), "", None);
        Arc::new(folder)
    }

    pub(crate) fn four_eyes(self: Arc<Folder>) -> Arc<Folder> {
        self.kept.lock().policy.approval = Approval::FourEyes;
        self
    }

    /// A proposal of somebody at the disk.
    pub(crate) fn propose(&self) -> u64 {
        let mut kept = self.kept.lock();
        let mut files = kept.newest().1.clone();
        files.insert("tags/new.csv".into(), b"path\n".to_vec());
        let proposed = kept.propose(&self.clock, files, &By::disk(), "edited on disk", None);
        let Changed::Proposed { proposal, .. } = proposed else { panic!("not proposed") };
        proposal
    }

    /// The content of a file is another one although nobody changed the plant.
    pub(crate) fn tamper(&self, id: u64) {
        let mut kept = self.kept.lock();
        let (revision, files) = &mut kept.revisions[usize::try_from(id).unwrap() - 1];
        files.insert(FIRST.into(), b"[node]\nname = \"other\"\n".to_vec());
        revision.digest = digest(files);
    }

    pub(crate) fn newest(&self) -> u64 {
        self.kept.lock().newest().0.id
    }

    fn answer<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&mut Kept, &Clock) -> Result<T, ConfigurationError>,
    ) -> Answered<'_, T> {
        let answer = answer(&mut self.kept.lock(), &self.clock);
        Box::pin(async move { answer })
    }
}

impl Kept {
    fn newest(&self) -> &(Revision, Files) {
        self.revisions.last().unwrap()
    }

    fn find(&self, id: u64) -> Result<&(Revision, Files), ConfigurationError> {
        let found = self.revisions.iter().find(|(revision, _)| revision.id == id);
        found.ok_or_else(|| unknown(format!("revision {id}")))
    }

    fn record(
        &mut self,
        clock: &Clock,
        files: Files,
        by: &By,
        why: &str,
        back: Option<u64>,
    ) -> u64 {
        let parent = self.revisions.last().map(|(revision, _)| revision.id);
        let id = parent.unwrap_or(0) + 1;
        let revision = Revision {
            id,
            parent,
            digest: digest(&files),
            time: clock.now(),
            by: by.clone(),
            why: why.into(),
            files: refs(&files),
            rolled_back_to: back,
            proposal: None,
            approved_by: None,
        };
        self.revisions.push((revision, files));
        id
    }

    fn propose(
        &mut self,
        clock: &Clock,
        files: Files,
        by: &By,
        why: &str,
        back: Option<u64>,
    ) -> Changed {
        let (base, current) = self.newest();
        let difference = difference(current, &files);
        let id = self.proposals.len() as u64 + 1;
        let proposal = Proposal {
            id,
            by: by.clone(),
            why: why.into(),
            time: clock.now(),
            base: base.id,
            digest: digest(&files),
            difference: difference.clone(),
            state: ProposalState::Open,
            rolls_back_to: back,
        };
        self.proposals.push((proposal, files));
        Changed::Proposed { proposal: id, checked: Checked { difference, ..Checked::default() } }
    }

    fn go(
        &mut self,
        clock: &Clock,
        files: Files,
        mode: ChangeMode,
        (by, why, back): (&By, &str, Option<u64>),
    ) -> Result<Changed, ConfigurationError> {
        check_plant(&files)?;
        let (before, current) = self.newest().clone();
        let checked = Checked { difference: difference(&current, &files), ..Checked::default() };
        if mode == ChangeMode::CheckOnly {
            return Ok(Changed::Checked(checked));
        }
        if self.policy.approval == Approval::FourEyes {
            return Ok(self.propose(clock, files, by, why, back));
        }
        Ok(self.apply(clock, files, checked, &before, (by, why, back)))
    }

    fn apply(
        &mut self,
        clock: &Clock,
        files: Files,
        checked: Checked,
        before: &Revision,
        (by, why, back): (&By, &str, Option<u64>),
    ) -> Changed {
        let digest = digest(&files);
        let revision = match digest == before.digest {
            true => before.id,
            false => self.record(clock, files, by, why, back),
        };
        let (before, digest_before) = (Some(before.id), Some(before.digest.clone()));
        Changed::Applied(Applied { revision, digest, before, digest_before, checked })
    }

    fn open_proposal(&mut self, id: u64) -> Result<&mut (Proposal, Files), ConfigurationError> {
        let found = self.proposals.iter_mut().find(|(proposal, _)| proposal.id == id);
        let found = found.ok_or_else(|| unknown(format!("proposal {id}")))?;
        if found.0.state != ProposalState::Open {
            let what = format!("proposal {id} was {} before", found.0.state.word());
            return Err(ConfigurationError::Undecided { code: "LS-REV-012", what });
        }
        Ok(found)
    }
}

impl Configuration for Folder {
    fn policy(&self) -> ChangePolicy {
        self.kept.lock().policy
    }

    fn revisions(&self, before: Option<u64>, limit: usize) -> Answered<'_, RevisionPage> {
        self.answer(|kept, _| {
            let older = kept.revisions.iter().rev().map(|(revision, _)| revision);
            let mut older =
                older.filter(|revision| before.is_none_or(|before| revision.id < before));
            let revisions: Vec<Revision> = older.by_ref().take(limit).cloned().collect();
            let next = older.next().and(revisions.last().map(|last| last.id));
            Ok(RevisionPage { revisions, next })
        })
    }

    fn revision(&self, id: u64) -> Answered<'_, Revision> {
        self.answer(|kept, _| kept.find(id).map(|(revision, _)| revision.clone()))
    }

    fn difference(&self, id: u64, to: Option<u64>) -> Answered<'_, Difference> {
        self.answer(|kept, _| {
            let (revision, new) = kept.find(id)?;
            let empty = Files::new();
            let old = match to.or(revision.parent) {
                None => &empty,
                Some(to) => &kept.find(to)?.1,
            };
            Ok(difference(old, new))
        })
    }

    fn files(&self) -> Answered<'_, CurrentFiles> {
        self.answer(|kept, _| {
            let (revision, files) = kept.newest();
            Ok(CurrentFiles { files: refs(files), revision: revision.id })
        })
    }

    fn file(&self, path: String, at: Option<u64>) -> Answered<'_, FileContent> {
        self.answer(|kept, _| {
            let (_, files) = match at {
                None => kept.newest(),
                Some(id) => kept.find(id)?,
            };
            let bytes = files.get(&path).ok_or_else(|| unknown(format!("file {path}")))?;
            let (bytes, sha256) = (bytes.clone(), sha256(bytes));
            Ok(FileContent { path, sha256, bytes, writable: true })
        })
    }

    fn change(&self, change: Change, by: By) -> Answered<'_, Changed> {
        self.answer(|kept, clock| {
            let mut files = kept.newest().1.clone();
            change.files.iter().try_for_each(|new| replace(&mut files, new))?;
            change.edits.iter().try_for_each(|one| edit(&mut files, one))?;
            kept.go(clock, files, change.mode, (&by, &change.why, None))
        })
    }

    fn roll_back(&self, id: u64, why: String, by: By) -> Answered<'_, Changed> {
        self.answer(|kept, clock| {
            let files = kept.find(id)?.1.clone();
            kept.go(clock, files, ChangeMode::Apply, (&by, &why, Some(id)))
        })
    }

    fn proposals(&self, limit: usize) -> Answered<'_, Vec<Proposal>> {
        self.answer(|kept, _| {
            let newest = kept.proposals.iter().rev().take(limit);
            Ok(newest.map(|(proposal, _)| proposal.clone()).collect())
        })
    }

    fn approve(&self, id: u64, why: String, by: By) -> Answered<'_, Changed> {
        self.answer(|kept, clock| {
            let (before, current) = kept.newest().clone();
            let (proposal, files) = kept.open_proposal(id)?.clone();
            if proposal.by.is_same(&by) {
                let what = format!("proposal {id} is your own");
                return Err(ConfigurationError::Undecided { code: "LS-REV-011", what });
            }
            let checked =
                Checked { difference: difference(&current, &files), ..Checked::default() };
            let note = (&proposal.by, proposal.why.as_str(), proposal.rolls_back_to);
            let changed = kept.apply(clock, files, checked, &before, note);
            let revision = kept.newest().0.id;
            let time = clock.now();
            kept.open_proposal(id)?.0.state = ProposalState::Approved { by, why, time, revision };
            Ok(changed)
        })
    }

    fn reject(&self, id: u64, why: String, by: By) -> Answered<'_, Proposal> {
        self.answer(|kept, clock| {
            let (proposal, _) = kept.open_proposal(id)?;
            proposal.state = ProposalState::Rejected { by, why, time: clock.now() };
            Ok(proposal.clone())
        })
    }
}
