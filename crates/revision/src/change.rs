//! Writes a change into the folder: whole or not at all, whenever the power fails.
//!
//! 1. The new contents are kept as objects.
//! 2. `pending` says what is going to happen.
//! 3. Each new file is written and synced under a hidden name beside its place.
//! 4. The revision is appended to the log: from here on the change *is*.
//! 5. The files are renamed into their places, those that go are removed.
//! 6. `pending` goes.
//!
//! Found at the next opening, `pending` is carried on when its revision is in the log, and taken back when it is not.
//! What can fail for want of rights or room fails before step 4, and then nothing has changed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use lineshaft_runtime::disk::{read_all, replace};
use serde::{Deserialize, Serialize};

use crate::error::on_disk;
use crate::folder::{digest_at, place_of};
use crate::limits::LINE_BYTES_MAX;
use crate::path::is_outside;
use crate::{FileRef, Files, Layout, Note, PathError, Revision, Sha256, Store, StoreError};

/// The file that says what is going to happen.
const PENDING: &str = "pending";

/// A change of the folder that is recorded.
#[derive(Debug)]
pub struct Changed {
    /// The revision it is.
    pub revision: Revision,
    /// Why the folder does not have all of its files yet; [`Store::settle`] or the next opening goes on.
    pub unfinished: Option<StoreError>,
}

/// What became of a change that was interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The revision it is, or would have been.
    pub revision: u64,
    /// Whether it was carried on (its revision is in the log) or taken back.
    pub carried_on: bool,
    /// Files that somebody changed since; they were left as they are.
    pub kept: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pending {
    folder: PathBuf,
    revision: u64,
    digest: Sha256,
    files: Vec<Step>,
}

/// What happens to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    path: String,
    /// Before; `None` when it comes.
    old: Option<Sha256>,
    /// After; `None` when it goes.
    new: Option<Sha256>,
}

impl Store {
    /// Makes the folder have these files, and records them as the next revision.
    ///
    /// Only files that differ from the newest revision are written; those must be on disk as that revision has them.
    /// Files outside the folder are recorded and not written. Content that is the newest revision's already is that
    /// revision, unless an approval has to be kept.
    ///
    /// # Errors
    /// [`StoreError::Path`] and [`StoreError::Moved`] before anything is touched; with any other nothing has changed
    /// either, once the store was opened again.
    pub fn change(
        &self,
        folder: &Path,
        layout: &Layout,
        files: &Files,
        note: &Note,
    ) -> Result<Changed, StoreError> {
        self.settle()?;
        let root = fs::canonicalize(folder).map_err(on_disk("open", folder))?;
        let before = self.newest().map(|newest| newest.files).unwrap_or_default();
        let steps = steps(&before, files, |path| layout.check(path))?;
        let steps = not_done_yet(&root, steps)?;

        let refs = self.keep(files)?;
        let revision = self.state.lock().next(refs, note);
        let newest = self.newest().filter(|newest| newest.digest == revision.digest);
        if let (Some(newest), None, []) = (newest, &note.approval, steps.as_slice()) {
            return Ok(Changed { revision: newest, unfinished: None });
        }
        if steps.is_empty() {
            let revision = self.state.lock().append(revision)?;
            return Ok(Changed { revision, unfinished: None });
        }
        let pending =
            Pending { folder: root, revision: revision.id, digest: revision.digest, files: steps };
        self.write_pending(&pending)?;
        let prepared = self.prepare(&pending).and_then(|()| self.state.lock().append(revision));
        let revision = match prepared {
            Ok(revision) => revision,
            Err(error) => {
                // Whether a log that failed to sync has the revision is for the next opening to see.
                if !self.is_stopped() {
                    self.take_back(&pending);
                }
                return Err(error);
            }
        };
        let unfinished = self.put_in_place(&pending).and_then(|()| self.remove_pending()).err();
        Ok(Changed { revision, unfinished })
    }

    /// Goes on with a change whose files could not all be put in their places; `None` when there is none.
    ///
    /// # Errors
    /// What still stands in the way.
    pub fn settle(&self) -> Result<Option<Finished>, StoreError> {
        self.finish()
    }

    /// Carries on or takes back what `pending` says.
    pub(crate) fn finish(&self) -> Result<Option<Finished>, StoreError> {
        let Some(pending) = self.read_pending()? else { return Ok(None) };
        let newest = self.newest();
        let is_recorded =
            |newest: &Revision| (newest.id, newest.digest) == (pending.revision, pending.digest);
        let carried_on = newest.as_ref().is_some_and(is_recorded);
        let mut kept = Vec::new();
        if pending.folder.is_dir() {
            let mut folders = BTreeSet::new();
            for step in &pending.files {
                let place = place_of(&pending.folder, &step.path)?;
                if carried_on && !self.carry_on(step, &place)? {
                    kept.push(step.path.clone());
                }
                let fresh = fresh_of(&place);
                if place.parent().is_some_and(Path::is_dir) {
                    self.remove_if_there(&fresh)?;
                    folders.extend(place.parent().map(Path::to_owned));
                }
            }
            self.sync_all(&folders)?;
        } else {
            tracing::warn!(folder = %pending.folder.display(),
                "a change of this folder was interrupted, and the folder is gone");
        }
        self.remove_pending()?;
        tracing::warn!(
            code = "LS-REV-009",
            revision = pending.revision,
            carried_on,
            ?kept,
            "a change of the folder was interrupted; it was carried on or taken back"
        );
        Ok(Some(Finished { revision: pending.revision, carried_on, kept }))
    }

    /// Brings one file to what it has to be; `false` when somebody has changed it since.
    fn carry_on(&self, step: &Step, place: &Path) -> Result<bool, StoreError> {
        let now = digest_at(place)?;
        if now == step.new {
            return Ok(true);
        }
        if now != step.old {
            return Ok(false);
        }
        match step.new {
            Some(sha256) => {
                self.write_fresh(place, sha256)?;
                let fresh = fresh_of(place);
                self.disk.rename(&fresh, place).map_err(on_disk("rename", &fresh))?;
            }
            None => self.remove_if_there(place)?,
        }
        Ok(true)
    }

    /// Writes each new file beside its place.
    fn prepare(&self, pending: &Pending) -> Result<(), StoreError> {
        let mut folders = BTreeSet::new();
        for step in &pending.files {
            let place = pending.folder.join(&step.path);
            if let Some(sha256) = step.new {
                self.write_fresh(&place, sha256)?;
            }
            folders.extend(place.parent().map(Path::to_owned));
        }
        self.sync_all(&folders)
    }

    fn write_fresh(&self, place: &Path, sha256: Sha256) -> Result<(), StoreError> {
        let bytes = self.content(sha256)?;
        let folder = place.parent().unwrap_or(Path::new("."));
        self.disk.create_dir(folder).map_err(on_disk("make", folder))?;
        let fresh = fresh_of(place);
        self.remove_if_there(&fresh)?;
        let file = self.disk.create(&fresh).map_err(on_disk("write", &fresh))?;
        file.write_at(&bytes, 0).and_then(|()| file.sync()).map_err(on_disk("write", &fresh))?;
        look_like(&fresh, place, folder);
        Ok(())
    }

    fn put_in_place(&self, pending: &Pending) -> Result<(), StoreError> {
        let mut folders = BTreeSet::new();
        for step in &pending.files {
            let place = pending.folder.join(&step.path);
            let fresh = fresh_of(&place);
            match step.new {
                Some(_) => {
                    self.disk.rename(&fresh, &place).map_err(on_disk("rename", &fresh))?;
                }
                None => self.remove_if_there(&place)?,
            }
            folders.extend(place.parent().map(Path::to_owned));
        }
        self.sync_all(&folders)
    }

    /// Removes what was prepared. What cannot be removed now is removed at the next opening.
    fn take_back(&self, pending: &Pending) {
        let removed = pending.files.iter().try_for_each(|step| {
            let place = pending.folder.join(&step.path);
            self.remove_if_there(&fresh_of(&place))
        });
        if let Err(error) = removed.and_then(|()| self.remove_pending()) {
            tracing::warn!(%error, "a change that failed is taken back at the next start only");
        }
    }

    fn sync_all(&self, folders: &BTreeSet<PathBuf>) -> Result<(), StoreError> {
        let is_there = |folder: &&PathBuf| folder.is_dir();
        let sync = |folder: &PathBuf| self.disk.sync_dir(folder).map_err(on_disk("sync", folder));
        folders.iter().filter(is_there).try_for_each(sync)
    }

    fn write_pending(&self, pending: &Pending) -> Result<(), StoreError> {
        let path = self.dir.join(PENDING);
        let bytes = serde_json::to_vec(pending).map_err(io::Error::from);
        let written = bytes.and_then(|bytes| replace(self.disk.as_ref(), &path, &bytes));
        written.map_err(on_disk("write", &path))
    }

    fn read_pending(&self) -> Result<Option<Pending>, StoreError> {
        let path = self.dir.join(PENDING);
        let file = match self.disk.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(on_disk("open", &path)(source)),
        };
        let bytes =
            read_all(file.as_ref(), LINE_BYTES_MAX as u64).map_err(on_disk("read", &path))?;
        match serde_json::from_slice(&bytes) {
            Ok(pending) => Ok(Some(pending)),
            Err(error) => {
                tracing::debug!(%error, "pending");
                let why = "is not what this version writes";
                Err(StoreError::Damaged { path, line: 1, why })
            }
        }
    }

    fn remove_pending(&self) -> Result<(), StoreError> {
        self.remove_if_there(&self.dir.join(PENDING))?;
        self.disk.sync_dir(&self.dir).map_err(on_disk("sync", &self.dir))
    }
}

/// What has to happen to the files of the folder to get from one state to the other.
fn steps(
    before: &[FileRef],
    after: &Files,
    check: impl Fn(&str) -> Result<(), PathError>,
) -> Result<Vec<Step>, PathError> {
    let mut steps = Vec::new();
    let old_of = |path: &str| before.iter().find(|file| file.path == path).map(|file| file.sha256);
    for (path, bytes) in after.iter().filter(|(path, _)| !is_outside(path)) {
        let (old, new) = (old_of(path), Some(Sha256::of(bytes)));
        if old != new {
            steps.push(Step { path: path.clone(), old, new });
        }
    }
    for gone in before.iter().filter(|file| !is_outside(&file.path)) {
        if !after.contains_key(&gone.path) {
            steps.push(Step { path: gone.path.clone(), old: Some(gone.sha256), new: None });
        }
    }
    steps.iter().try_for_each(|step| check(&step.path))?;
    Ok(steps)
}

/// The steps that are still to be done; a file that is neither as before nor as after stops them all.
fn not_done_yet(root: &Path, steps: Vec<Step>) -> Result<Vec<Step>, StoreError> {
    let mut left = Vec::with_capacity(steps.len());
    for step in steps {
        let now = digest_at(&place_of(root, &step.path)?)?;
        if now == step.new {
            continue;
        }
        if now != step.old {
            return Err(StoreError::Moved { path: step.path });
        }
        left.push(step);
    }
    Ok(left)
}

/// The hidden name beside a file's place; readers of the folder leave it alone.
fn fresh_of(place: &Path) -> PathBuf {
    let name = place.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    place.with_file_name(format!(".{name}.lineshaft-new"))
}

/// Gives a new file the owner and the rights of the one it replaces, or the owner of its folder: whoever edited the
/// folder by hand before still can. As far as the system lets us.
fn look_like(fresh: &Path, place: &Path, folder: &Path) {
    let old = fs::metadata(place);
    if let Ok(meta) = old.as_ref().or(fs::metadata(folder).as_ref()) {
        let mine = fs::metadata(fresh).map(|mine| (mine.uid(), mine.gid()));
        if mine.is_ok_and(|mine| mine != (meta.uid(), meta.gid())) {
            let _ = chown(fresh, Some(meta.uid()), Some(meta.gid()));
        }
    }
    if let Ok(meta) = old {
        let _ = fs::set_permissions(fresh, meta.permissions());
    }
}
