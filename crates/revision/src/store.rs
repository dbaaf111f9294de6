//! The store: contents by digest, and the log of what they were together.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_runtime::Disk;
use lineshaft_runtime::disk::RealDisk;
use parking_lot::Mutex;

use crate::diff::diff_files;
use crate::entry::Entry;
use crate::error::on_disk;
use crate::limits::FILES_MAX;
use crate::log::{Log, Place};
use crate::objects::Objects;
use crate::path::check_noted;
use crate::proposal::Filed;
use crate::{FileDiff, FileRef, Files, Finished, Note, Revision, Sha256, StoreError, digest_of};

/// Every state a folder has had. All calls block: they belong on threads that may.
///
/// Changes have to come one after the other; whoever owns the folder sees to that.
#[derive(Debug)]
pub struct Store {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) objects: Objects,
    pub(crate) state: Mutex<State>,
    finished: Option<Finished>,
}

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened {
    /// To go on with it.
    ToWrite,
    /// To check it: nothing on disk is touched.
    ToLook,
}

/// What is known of the log without reading it again.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) log: Log,
    pub(crate) index: Index,
    pub(crate) proposals: Vec<Filed>,
}

/// The revisions.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Of revision 1, 2, ….
    places: Vec<Place>,
    newest: Option<Revision>,
}

impl Store {
    /// Opens the store in a folder, which is made if it is not there. A change of the folder of files that was
    /// interrupted is finished or taken back first; [`Store::finished`] says which.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the line of the log that was damaged or edited; [`StoreError::Disk`].
    pub fn open(dir: &Path) -> Result<Store, StoreError> {
        Store::open_on(Arc::new(RealDisk), dir)
    }

    /// The same on another disk.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path) -> Result<Store, StoreError> {
        disk.create_dir(dir).map_err(on_disk("make", dir))?;
        let mut store = Store::open_as(disk, dir, Opened::ToWrite)?;
        store.finished = store.finish()?;
        Ok(store)
    }

    /// Opens a store that is there without changing anything on disk; whatever writes is refused.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::Disk`] when there is none.
    pub fn open_to_look(dir: &Path) -> Result<Store, StoreError> {
        Store::open_as(Arc::new(RealDisk), dir, Opened::ToLook)
    }

    /// Opens without finishing what was interrupted; to look only, nothing on disk is touched.
    pub(crate) fn open_as(
        disk: Arc<dyn Disk>,
        dir: &Path,
        opened: Opened,
    ) -> Result<Store, StoreError> {
        let objects = Objects::open(disk.clone(), dir.join("objects"), opened)?;
        let (mut index, mut proposals) = (Index::default(), Vec::new());
        let log = Log::open(disk.as_ref(), dir, opened, |place, entry| {
            replay(&mut index, &mut proposals, place, entry)
        })?;
        let state = Mutex::new(State { log, index, proposals });
        Ok(Store { disk, dir: dir.to_owned(), objects, state, finished: None })
    }

    /// What became of a change that a crash had interrupted, when the store was opened.
    #[must_use]
    pub fn finished(&self) -> Option<&Finished> {
        self.finished.as_ref()
    }

    /// Keeps a state of the folder. The content of the newest revision is that revision, unless an approval has to be kept.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is recorded then.
    pub fn record(&self, files: &Files, note: &Note) -> Result<Revision, StoreError> {
        let refs = self.keep(files)?;
        let mut state = self.state.lock();
        let revision = state.next(refs, note);
        match &state.index.newest {
            Some(newest) if newest.digest == revision.digest && note.approval.is_none() => {
                Ok(newest.clone())
            }
            _ => state.append(revision),
        }
    }

    /// Keeps the contents of files; answers their digests.
    /// The caller does not hold the state.
    pub(crate) fn keep(&self, files: &Files) -> Result<Vec<FileRef>, StoreError> {
        if self.is_stopped() {
            return Err(StoreError::Stopped);
        }
        if files.len() > FILES_MAX {
            return Err(StoreError::TooMuch { what: format!("more than {FILES_MAX} files") });
        }
        let mut any_new = false;
        let mut refs = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            check_noted(path)?;
            let put = self.objects.put(bytes)?;
            any_new |= put.is_new;
            refs.push(FileRef {
                path: path.clone(),
                sha256: put.sha256,
                bytes: bytes.len() as u64,
            });
        }
        if any_new {
            self.objects.sync()?;
        }
        Ok(refs)
    }

    /// The newest revision; `None` before the first.
    #[must_use]
    pub fn newest(&self) -> Option<Revision> {
        self.state.lock().index.newest.clone()
    }

    /// Revisions, newest first; only those below `before`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Disk`], [`StoreError::Damaged`].
    pub fn list(&self, before: Option<u64>, limit: usize) -> Result<Vec<Revision>, StoreError> {
        let count = self.state.lock().index.places.len() as u64;
        let last = before.map_or(count, |before| before.saturating_sub(1).min(count));
        (1..=last).rev().take(limit).map(|id| self.get(id)).collect()
    }

    /// One revision.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], [`StoreError::Disk`], [`StoreError::Damaged`].
    pub fn get(&self, id: u64) -> Result<Revision, StoreError> {
        let unknown = StoreError::Unknown { what: "revision", id };
        let state = self.state.lock();
        let index = id.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let Some(place) = index.and_then(|index| state.index.places.get(index)) else {
            return Err(unknown);
        };
        match state.log.read(*place)? {
            Entry::Revision(revision) => Ok(revision),
            _ => Err(unknown),
        }
    }

    /// The files of a revision.
    ///
    /// # Errors
    /// [`StoreError::Unknown`]; [`StoreError::Content`] when a content is gone or another.
    pub fn files(&self, id: u64) -> Result<Files, StoreError> {
        self.contents(&self.get(id)?.files)
    }

    /// One content, checked against its digest.
    ///
    /// # Errors
    /// [`StoreError::Content`] when it is gone or another.
    pub fn content(&self, sha256: Sha256) -> Result<Vec<u8>, StoreError> {
        self.objects.get(sha256)
    }

    pub(crate) fn contents(&self, refs: &[FileRef]) -> Result<Files, StoreError> {
        refs.iter().map(|file| Ok((file.path.clone(), self.objects.get(file.sha256)?))).collect()
    }

    /// What revision `to` has that revision `from` has not; 0 is the empty folder before the first.
    ///
    /// # Errors
    /// As [`Store::files`].
    pub fn diff(&self, from: u64, to: u64) -> Result<Vec<FileDiff>, StoreError> {
        let files_of = |id| match id {
            0 => Ok(Vec::new()),
            id => self.get(id).map(|revision| revision.files),
        };
        self.diff_refs(&files_of(from)?, &files_of(to)?)
    }

    /// The difference of two lists of files whose contents are kept. Only those that differ are read.
    ///
    /// # Errors
    /// [`StoreError::Content`] when a content is gone or another.
    pub fn diff_refs(&self, old: &[FileRef], new: &[FileRef]) -> Result<Vec<FileDiff>, StoreError> {
        let differing = |these: &[FileRef], others: &[FileRef]| {
            let is_other = |file: &&FileRef| {
                let same = others.binary_search_by(|other| other.path.cmp(&file.path));
                !same.is_ok_and(|at| others[at].sha256 == file.sha256)
            };
            these.iter().filter(is_other).cloned().collect::<Vec<_>>()
        };
        let (old_files, new_files) = (differing(old, new), differing(new, old));
        Ok(diff_files(&self.contents(&old_files)?, &self.contents(&new_files)?))
    }

    /// Whether nothing is written any more, because the disk failed.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.state.lock().log.is_stopped()
    }

    pub(crate) fn remove_if_there(&self, path: &Path) -> Result<(), StoreError> {
        match self.disk.remove(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(on_disk("remove", path)),
        }
    }
}

impl State {
    /// The revision that would come next.
    pub(crate) fn next(&self, files: Vec<FileRef>, note: &Note) -> Revision {
        let parent = self.index.newest.as_ref().map(|newest| newest.id);
        Revision {
            id: parent.unwrap_or(0) + 1,
            parent,
            digest: digest_of(&files),
            time: note.time,
            by: note.by.clone(),
            why: note.why.clone(),
            rolled_back_to: note.rolled_back_to,
            approval: note.approval.clone(),
            files,
        }
    }

    pub(crate) fn append(&mut self, revision: Revision) -> Result<Revision, StoreError> {
        let place = self.log.append(&Entry::Revision(revision.clone()))?;
        if let Some(approval) = &revision.approval {
            self.decide(approval.proposal, place);
        }
        self.index.places.push(place);
        self.index.newest = Some(revision.clone());
        Ok(revision)
    }

    pub(crate) fn decide(&mut self, proposal: u64, place: Place) {
        let index = usize::try_from(proposal.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(filed) = self.proposals.get_mut(index) {
            filed.decided = Some(place);
        }
    }
}

impl Index {
    pub(crate) fn newest_id(&self) -> u64 {
        self.places.len() as u64
    }
}

/// Takes an entry of the log in; what cannot be has been edited by somebody who knows how to make checksums.
fn replay(
    index: &mut Index,
    proposals: &mut Vec<Filed>,
    place: Place,
    entry: Entry,
) -> Result<(), &'static str> {
    let decide = |proposals: &mut Vec<Filed>, id: u64| {
        let at = usize::try_from(id.wrapping_sub(1)).unwrap_or(usize::MAX);
        match proposals.get_mut(at) {
            Some(filed) if filed.decided.is_none() => filed.decided = Some(place),
            _ => return Err("decides a proposal that does not wait"),
        }
        Ok(())
    };
    match entry {
        Entry::Begin(_) => return Err("is a second beginning"),
        Entry::Revision(revision) => {
            let parent = index.newest.as_ref().map(|newest| newest.id);
            if revision.parent != parent || revision.id != parent.unwrap_or(0) + 1 {
                return Err("is not the revision that comes next");
            }
            if !is_in_order(&revision.files) || digest_of(&revision.files) != revision.digest {
                return Err("does not have the digest of its files");
            }
            if let Some(approval) = &revision.approval {
                decide(proposals, approval.proposal)?;
            }
            index.places.push(place);
            index.newest = Some(revision);
        }
        Entry::Proposal(made) => {
            if made.id != proposals.len() as u64 + 1 {
                return Err("is not the proposal that comes next");
            }
            if !is_in_order(&made.files) || digest_of(&made.files) != made.digest {
                return Err("does not have the digest of its files");
            }
            proposals.push(Filed { made: place, decided: None });
        }
        Entry::Rejection(rejection) => decide(proposals, rejection.proposal)?,
    }
    Ok(())
}

fn is_in_order(files: &[FileRef]) -> bool {
    files.windows(2).all(|two| two[0].path < two[1].path)
}
