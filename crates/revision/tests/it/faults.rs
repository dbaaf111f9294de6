//! The process ends after each step of a change in turn; what is found then is the old state or the new one, whole.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lineshaft_revision::{Approval, Store, read_folder, verify};
use lineshaft_runtime::disk::{DirEntry, RealDisk};
use lineshaft_runtime::{Disk, DiskFile};

use crate::{LAYOUT, by, everything_in, files, note, write};

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    /// In the one step only, as a full disk may.
    Once,
    /// And in everything behind it: the process is gone.
    ForEver,
}

/// The real disk, which stops doing anything after so many steps. The step it stops in is half done where it can be.
#[derive(Debug)]
struct Dying {
    steps: Arc<AtomicU64>,
    fails: Fails,
}

#[derive(Debug)]
struct DyingFile {
    file: Arc<dyn DiskFile>,
    steps: Arc<AtomicU64>,
    fails: Fails,
}

/// Counts a step; an error when it is the last.
fn step(steps: &AtomicU64, fails: Fails) -> io::Result<()> {
    let left = steps.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
        0 if fails == Fails::ForEver => None,
        left => Some(left.wrapping_sub(1)),
    });
    match left {
        Ok(0) | Err(_) => Err(io::Error::other("the process ends here")),
        Ok(_) => Ok(()),
    }
}

impl Disk for Dying {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        step(&self.steps, self.fails)?;
        let file = RealDisk.create(path)?;
        Ok(Arc::new(DyingFile { file, steps: self.steps.clone(), fails: self.fails }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = RealDisk.open(path)?;
        Ok(Arc::new(DyingFile { file, steps: self.steps.clone(), fails: self.fails }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        step(&self.steps, self.fails)?;
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        step(&self.steps, self.fails)?;
        RealDisk.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        RealDisk.list(dir)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        step(&self.steps, self.fails)?;
        RealDisk.create_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        step(&self.steps, self.fails)?;
        RealDisk.sync_dir(dir)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        RealDisk.lock(path)
    }
}

impl DiskFile for DyingFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match step(&self.steps, self.fails) {
            Ok(()) => self.file.write_at(bytes, offset),
            Err(error) => {
                let _ = self.file.write_at(&bytes[..bytes.len() / 2], offset);
                Err(error)
            }
        }
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        step(&self.steps, self.fails)?;
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        step(&self.steps, self.fails)?;
        self.file.sync()
    }
}

const OLD: [&str; 4] =
    ["lineshaft.toml=old", "devices/x.toml=x", "devices/gone.toml=g", "tags/t.csv=t"];
const NEW: [&str; 4] =
    ["lineshaft.toml=new", "devices/x.toml=xx", "pipelines/p.toml=p", "tags/t.csv=t"];

/// Makes the change with the disk failing in step `steps`; answers whether it failed.
fn fails_in(steps: u64, fails: Fails) -> bool {
    let parent = tempfile::tempdir().unwrap();
    let (folder, dir) = (parent.path().join("plant"), parent.path().join("revisions"));
    let (old, new) = (files(&OLD), files(&NEW));
    write(&folder, &old);
    let store = Store::open(&dir).unwrap();
    store.record(&old, &note("disk", "")).unwrap();
    store.propose(&new, 1, &note("maria", "new")).unwrap();
    drop(store);

    let counter = Arc::new(AtomicU64::new(u64::MAX));
    let disk = Dying { steps: counter.clone(), fails };
    let once = fails == Fails::Once;
    let store = Store::open_on(Arc::new(disk), &dir).unwrap();
    counter.store(steps, Ordering::SeqCst);
    let approval = Some(Approval { proposal: 1, by: by("ben"), why: "yes".into() });
    let wanted = lineshaft_revision::Note { approval, ..note("maria", "new") };
    let answered = store.change(&folder, &LAYOUT, &new, &wanted);
    let failed =
        counter.load(Ordering::SeqCst) == 0 || (once && counter.load(Ordering::SeqCst) > steps);
    let said_done = answered.is_ok();
    if once && let Err(error) = &answered {
        // One failed step and the disk is well again: nothing has changed, and the folder shows it at once.
        if !store.is_stopped() {
            assert_eq!(read_folder(&folder, &LAYOUT).unwrap(), old, "step {steps}: {error}");
            assert_eq!(store.newest().unwrap().id, 1);
        }
    }
    drop(store);

    let store = Store::open(&dir).unwrap();
    let newest = store.newest().unwrap();
    let now = read_folder(&folder, &LAYOUT).unwrap();
    let is_new = newest.id == 2;
    assert_eq!(now, if is_new { new.clone() } else { old.clone() }, "step {steps}");
    assert_eq!(store.files(newest.id).unwrap(), now, "step {steps}");
    assert_eq!(everything_in(&folder), now, "step {steps}: something is left over");
    assert!(!said_done || is_new, "step {steps}: what was done is gone");
    assert_eq!(store.open_proposals().unwrap().is_empty(), is_new, "step {steps}");
    assert!(!dir.join("pending").exists());
    verify(&dir).unwrap();

    // And it goes on.
    store.change(&folder, &LAYOUT, &files(&["lineshaft.toml=more"]), &note("ben", "")).unwrap();
    drop(store);
    verify(&dir).unwrap();
    failed
}

#[test]
fn a_process_that_ends_anywhere_leaves_one_state_or_the_other() {
    let count = (0..).take_while(|steps| fails_in(*steps, Fails::ForEver)).count();
    assert!(count > 30, "{count} steps");
}

#[test]
fn a_disk_that_fails_once_anywhere_leaves_one_state_or_the_other() {
    let count = (0..).take_while(|steps| fails_in(*steps, Fails::Once)).count();
    assert!(count > 30, "{count} steps");
}

/// What a person edits between the crash and the restart is his.
#[test]
fn an_edit_behind_the_crash_is_kept() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, dir) = (parent.path().join("plant"), parent.path().join("revisions"));
    let (old, new) = (files(&OLD), files(&NEW));
    write(&folder, &old);
    // The first rename into place fails, and everything behind it.
    let mut kept = Vec::new();
    for steps in 0.. {
        let _ = std::fs::remove_dir_all(&folder);
        let _ = std::fs::remove_dir_all(&dir);
        write(&folder, &old);
        let store = Store::open(&dir).unwrap();
        store.record(&old, &note("disk", "")).unwrap();
        drop(store);
        let counter = Arc::new(AtomicU64::new(u64::MAX));
        let store =
            Store::open_on(Arc::new(Dying { steps: counter.clone(), fails: Fails::ForEver }), &dir)
                .unwrap();
        counter.store(steps, Ordering::SeqCst);
        let answered = store.change(&folder, &LAYOUT, &new, &note("maria", ""));
        drop(store);
        let Ok(changed) = answered else { continue };
        if changed.unfinished.is_none() {
            break;
        }
        std::fs::write(folder.join("devices/x.toml"), "mine").unwrap();
        let store = Store::open(&dir).unwrap();
        // In the very last step `pending` is gone, and only that it stays so is not sure.
        let Some(finished) = store.finished().cloned() else { continue };
        assert!(finished.carried_on);
        assert_eq!(std::fs::read(folder.join("devices/x.toml")).unwrap(), b"mine");
        assert_eq!(std::fs::read(folder.join("lineshaft.toml")).unwrap(), b"new");
        kept.push(finished.kept);
    }
    assert!(!kept.is_empty() && kept.iter().all(|kept| kept == &["devices/x.toml"]), "{kept:?}");
}
