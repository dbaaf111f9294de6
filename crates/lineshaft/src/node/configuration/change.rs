//! A change through the interface: from what is asked for to the files as they would be, and on to the one road.

use std::collections::BTreeSet;

use lineshaft_contract::{
    Applied, Approval as Eyes, By, Change, ChangeMode, Changed, Checked, ConfigurationError,
    FileEdit, Guards, NewFile, Reason,
};
use lineshaft_revision::{
    Approval, Edit, EditError, Files, Note, Proposal, Rejection, Revision, Sha256, StoreError,
    diff_files, digest_of, edit_toml, refs_of, toml_of_json,
};

use super::shape::{self, failed, mistakes_of, undecided};
use super::{Inner, load};
use crate::plant::{
    AuditSettings, Gatekeeping, HttpSettings, LAYOUT, NODE_FILE, Outside, Plant, SecuritySettings,
    gatekeeping_of,
};

/// What a change wants, besides the files.
struct Wish {
    note: Note,
    /// Whether whoever applies it may change who may come in.
    guards: Guards,
    mode: ChangeMode,
    /// Whether it waits for a second person: an approval is that person's.
    eyes: Eyes,
    /// Tables outside the folder that may be read although nothing refers to them now.
    also: BTreeSet<String>,
    /// The files of the old revision, to say which tables stay as they are.
    back: Option<Files>,
}

impl Inner {
    pub(super) fn change(&self, change: &Change, by: By) -> Result<Changed, ConfigurationError> {
        let _turn = self.turn.lock();
        // Whoever only asks what would happen has nothing to explain yet.
        if change.mode == ChangeMode::Apply {
            self.check_reason(&change.why)?;
        }
        let (newest, current) = self.running_files()?;
        let mut wanted = current.clone();
        for file in &change.files {
            replace_file(&mut wanted, &current, file)?;
        }
        for edit in &change.edits {
            edit_file(&mut wanted, &current, edit)?;
        }
        let wish = Wish {
            guards: by.guards,
            note: self.note_of(by, &change.why),
            mode: change.mode,
            eyes: self.policy.lock().approval,
            also: BTreeSet::new(),
            back: None,
        };
        self.go(&newest, &current, wanted, wish)
    }

    pub(super) fn roll_back(
        &self,
        id: u64,
        why: &str,
        by: By,
    ) -> Result<Changed, ConfigurationError> {
        let _turn = self.turn.lock();
        self.check_reason(why)?;
        let (newest, current) = self.running_files()?;
        let old = self.store.files(id).map_err(failed)?;
        // Tables outside the folder are not ours to write: they stay as they are now.
        let mut wanted: Files = own(&old);
        wanted.extend(others(&current));
        let guards = by.guards;
        let mut note = self.note_of(by, why);
        note.rolled_back_to = Some(id);
        let wish = Wish {
            guards,
            note,
            mode: ChangeMode::Apply,
            eyes: self.policy.lock().approval,
            also: others(&old).into_keys().collect(),
            back: Some(old),
        };
        self.go(&newest, &current, wanted, wish)
    }

    /// Applies a proposal to what runs now: of each file it changes, what runs has to be what it was made for.
    pub(super) fn approve(
        &self,
        id: u64,
        why: &str,
        by: By,
    ) -> Result<Changed, ConfigurationError> {
        let _turn = self.turn.lock();
        self.check_reason(why)?;
        let guards = by.guards;
        let by = shape::by_to(by);
        let proposal = self.store.approvable(id, &by).map_err(undecided)?;
        let (newest, current) = self.running_files()?;
        let base = self.store.get(proposal.base).map_err(failed)?;
        let wanted_then = self.store.proposal_files(&proposal).map_err(failed)?;
        let wanted = merged(&base, &newest, &current, &proposal, wanted_then)?;
        let wish = Wish {
            guards,
            note: Note {
                by: proposal.by.clone(),
                why: proposal.why.clone(),
                time: self.clock.now(),
                rolled_back_to: proposal.rolled_back_to,
                approval: Some(Approval { proposal: id, by, why: why.to_owned() }),
            },
            mode: ChangeMode::Apply,
            eyes: Eyes::None,
            also: proposal.files.iter().map(|file| file.path.clone()).collect(),
            back: None,
        };
        self.go(&newest, &current, wanted, wish)
    }

    pub(super) fn reject(
        &self,
        id: u64,
        why: &str,
        by: By,
    ) -> Result<Proposal, ConfigurationError> {
        let _turn = self.turn.lock();
        self.check_reason(why)?;
        let rejection = Rejection {
            proposal: id,
            time: self.clock.now(),
            by: shape::by_to(by),
            why: why.to_owned(),
        };
        self.store.reject(rejection).map_err(undecided)
    }

    fn check_reason(&self, why: &str) -> Result<(), ConfigurationError> {
        match self.policy.lock().reason {
            Reason::Required if why.trim().is_empty() => Err(ConfigurationError::ReasonRequired),
            _ => Ok(()),
        }
    }

    fn note_of(&self, by: By, why: &str) -> Note {
        Note {
            by: shape::by_to(by),
            why: why.to_owned(),
            time: self.clock.now(),
            rolled_back_to: None,
            approval: None,
        }
    }

    fn running_files(&self) -> Result<(Revision, Files), ConfigurationError> {
        match self.current().map_err(failed)? {
            (Some(newest), files) => Ok((newest, files)),
            (None, _) => Err(ConfigurationError::Unknown { what: "revision 1".into() }),
        }
    }

    /// The one road: read as a plant, refused whole, or proposed, or written, recorded and applied.
    fn go(
        &self,
        newest: &Revision,
        current: &Files,
        wanted: Files,
        wish: Wish,
    ) -> Result<Changed, ConfigurationError> {
        let mut known: BTreeSet<String> = others(current).into_keys().collect();
        known.extend(wish.also);
        let (plant, files) = load(&self.dir, wanted, Outside::Only(known))
            .map_err(|mistakes| ConfigurationError::Mistakes(mistakes_of(&mistakes)))?;
        let built = self
            .running
            .build(&plant)
            .map_err(|why| ConfigurationError::Mistakes(vec![shape::mistake_of_plant(why)]))?;
        if wish.guards == Guards::MayNot && guarding(current) != guarding(&files) {
            return Err(ConfigurationError::Guarded);
        }
        let checked = Checked {
            difference: shape::difference(diff_files(current, &files)),
            warnings: mistakes_of(&plant.warnings),
            left: wish.back.map_or_else(Vec::new, |back| left_as_they_are(&back, &files)),
            waits_for_start: self.running.waits_for_start(&plant),
        };
        if wish.mode == ChangeMode::CheckOnly {
            return Ok(Changed::Checked(checked));
        }
        let same = newest.digest == digest_of(&refs_of(&files));
        if same && wish.note.approval.is_none() {
            return Ok(applied(newest, newest, checked));
        }
        if wish.eyes == Eyes::FourEyes {
            let proposal = self.store.propose(&files, newest.id, &wish.note).map_err(failed)?;
            return Ok(Changed::Proposed { proposal: proposal.id, checked });
        }
        let revision = self.write(&plant, &files, &wish.note)?;
        self.put_in_force(&plant, built, &revision);
        Ok(applied(newest, &revision, checked))
    }

    /// Writes the files into the plant folder and records them.
    fn write(
        &self,
        plant: &Plant,
        files: &Files,
        note: &Note,
    ) -> Result<Revision, ConfigurationError> {
        let changed = match self.store.change(&plant.dir, &LAYOUT, files, note) {
            Ok(changed) => changed,
            Err(StoreError::Moved { path }) => return Err(self.in_the_way(path)),
            Err(error) => return Err(failed(error)),
        };
        if let Some(error) = changed.unfinished {
            // It is recorded, so it is: the files follow with the next change, the next look or the next start.
            tracing::error!(error = %lineshaft_contract::Chain(&error), revision = changed.revision.id,
                "the plant folder does not have all files of the change yet");
        }
        Ok(changed.revision)
    }
}

fn applied(before: &Revision, revision: &Revision, checked: Checked) -> Changed {
    Changed::Applied(Applied {
        revision: revision.id,
        digest: revision.digest.to_string(),
        before: Some(before.id),
        digest_before: Some(before.digest.to_string()),
        checked,
    })
}

/// What the node's file says about who may come in.
fn guarding(files: &Files) -> (HttpSettings, SecuritySettings, AuditSettings) {
    let text = files.get(NODE_FILE).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let Gatekeeping { http, security, audit, .. } = gatekeeping_of(text);
    (http, security, audit)
}

/// The files of the plant folder itself.
fn own(files: &Files) -> Files {
    files.iter().filter(|(path, _)| LAYOUT.has(path)).map(|(p, b)| (p.clone(), b.clone())).collect()
}

/// The tables outside of it.
fn others(files: &Files) -> Files {
    files
        .iter()
        .filter(|(path, _)| !LAYOUT.has(path))
        .map(|(p, b)| (p.clone(), b.clone()))
        .collect()
}

fn left_as_they_are(back: &Files, files: &Files) -> Vec<String> {
    let is_left = |(path, bytes): &(String, Vec<u8>)| files.get(path) != Some(bytes);
    others(back).into_iter().filter(is_left).map(|(path, _)| path).collect()
}

fn check_path(path: &str) -> Result<(), ConfigurationError> {
    LAYOUT.check(path).map_err(|error| failed(StoreError::Path(error)))
}

/// Whether a file is what a change was made for.
fn check_base(
    path: &str,
    base: Option<&str>,
    current: Option<&Vec<u8>>,
) -> Result<(), ConfigurationError> {
    let is_same = match (base, current) {
        (None, None) => true,
        (Some(base), Some(bytes)) => Sha256::of(bytes).to_string() == base,
        _ => false,
    };
    if is_same { Ok(()) } else { Err(ConfigurationError::Moved { what: path.to_owned() }) }
}

fn replace_file(
    wanted: &mut Files,
    current: &Files,
    file: &NewFile,
) -> Result<(), ConfigurationError> {
    check_path(&file.path)?;
    check_base(&file.path, file.base.as_deref(), current.get(&file.path))?;
    match &file.content {
        Some(content) => drop(wanted.insert(file.path.clone(), content.clone())),
        None => drop(wanted.remove(&file.path)),
    }
    Ok(())
}

fn edit_file(
    wanted: &mut Files,
    current: &Files,
    edit: &FileEdit,
) -> Result<(), ConfigurationError> {
    check_path(&edit.path)?;
    if edit.base.is_some() {
        check_base(&edit.path, edit.base.as_deref(), current.get(&edit.path))?;
    }
    let refused = |error: EditError| ConfigurationError::Refused {
        code: error.code(),
        what: format!("{}: {error}", edit.path),
    };
    let Some(bytes) = wanted.get(&edit.path) else {
        return Err(ConfigurationError::Unknown { what: format!("file {}", edit.path) });
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(refused(EditError::File { why: "it is not UTF-8".into() }));
    };
    let mut edits = Vec::with_capacity(edit.set.len() + edit.remove.len());
    for path in &edit.remove {
        edits.push(Edit::Remove { path: path.clone() });
    }
    for (path, value) in &edit.set {
        let value = toml_of_json(path, value).map_err(refused)?;
        edits.push(Edit::Set { path: path.clone(), value });
    }
    let edited = edit_toml(text, &edits).map_err(refused)?;
    wanted.insert(edit.path.clone(), edited.into_bytes());
    Ok(())
}

/// What runs, with the files of a proposal that it changes.
fn merged(
    base: &Revision,
    newest: &Revision,
    current: &Files,
    proposal: &Proposal,
    wanted_then: Files,
) -> Result<Files, ConfigurationError> {
    let of = |files: &[lineshaft_revision::FileRef], path: &str| {
        files.iter().find(|file| file.path == path).map(|file| file.sha256)
    };
    let mut wanted = current.clone();
    for path in super::disk::changed_files_all(&base.files, &proposal.files) {
        if of(&base.files, &path) != of(&newest.files, &path) {
            return Err(ConfigurationError::Moved { what: path });
        }
        match wanted_then.get(&path) {
            Some(bytes) => drop(wanted.insert(path, bytes.clone())),
            None => drop(wanted.remove(&path)),
        }
    }
    Ok(wanted)
}
