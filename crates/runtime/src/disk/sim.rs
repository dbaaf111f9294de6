//! A disk that can tear, lose, fill and corrupt, from one seed.
//!
//! Each file has two contents: what was *written*, which every reader sees, and what is *durable*. A
//! sync makes the one the other. [`SimDisk::crash`] takes the power away: each sector of 512 bytes that
//! was not synced is kept or lost on its own, the length ends up anywhere between the two, and so does
//! each name that was made, moved or removed in a folder that was not synced. A failed sync loses its
//! sectors for good even though they still read back, which is what Linux does.
//!
//! - Source: Rebello et al., *Can Applications Recover from fsync Failures?*, USENIX ATC 2020; the idea
//!   of written and durable contents is that of `turmoil-fs`.
//! - Not here: permissions, links, several disks, time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{DirEntry, Disk, DiskFile};
use crate::Seed;

/// Sectors are written whole or not at all; nothing larger is.
pub const SECTOR_BYTES: usize = 512;

/// What goes wrong, and how often. Rates are from 0 (never) to 1 (always).
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// A sync of a file or a folder fails with an input/output error.
    pub sync_fails: f64,
    /// A write fails with an input/output error, part of it done.
    pub write_fails: f64,
    /// A read fails with an input/output error.
    pub read_fails: f64,
    /// One bit of what is read is flipped; reading again gives the right one.
    pub read_flips: f64,
    /// Bytes all files together may have.
    pub capacity_bytes: u64,
    /// Bytes that are reported as free and that no write gets: a reserve, or somebody's quota.
    pub reserved_bytes: u64,
}

impl Faults {
    /// A good disk with more room than any test needs. It still loses what was not synced.
    #[must_use]
    pub const fn none() -> Faults {
        Faults {
            sync_fails: 0.0,
            write_fails: 0.0,
            read_fails: 0.0,
            read_flips: 0.0,
            capacity_bytes: 1 << 40,
            reserved_bytes: 0,
        }
    }

    /// A disk on its last legs.
    #[must_use]
    pub const fn harsh() -> Faults {
        Faults { sync_fails: 0.01, write_fails: 0.01, read_flips: 0.02, ..Faults::none() }
    }
}

/// A simulated disk. Clones are the same disk.
///
/// After a crash, files and clones from before it only give errors, as they would in a process that is
/// gone: go on with the disk that [`SimDisk::crash`] returns.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    power: u64,
}

struct State {
    seed: Seed,
    faults: Faults,
    /// How often the power came; what was opened before is dead.
    power: u64,
    syncs_until_failure: Option<u64>,
    files: BTreeMap<u64, Contents>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    /// Changes of names that were not synced, in order.
    changes: Vec<Change>,
    dirs: BTreeSet<PathBuf>,
    locks: BTreeSet<PathBuf>,
    files_made: u64,
}

#[derive(Default)]
struct Contents {
    written: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that were written since the last sync and may survive a crash.
    dirty: BTreeSet<usize>,
}

#[derive(Clone)]
enum Change {
    Make(PathBuf, u64),
    Move(PathBuf, PathBuf, u64),
    Remove(PathBuf),
}

impl Change {
    fn is_in(&self, dir: &Path) -> bool {
        let (Change::Make(path, _) | Change::Move(_, path, _) | Change::Remove(path)) = self;
        path.parent() == Some(dir)
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Change::Make(path, file) => drop(names.insert(path.clone(), *file)),
            Change::Remove(path) => drop(names.remove(path)),
            Change::Move(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
        }
    }
}

impl SimDisk {
    /// An empty disk. Everything random on it comes from `seed`: print it when a test fails.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> SimDisk {
        let state = State {
            seed: Seed::new(seed),
            faults,
            power: 0,
            syncs_until_failure: None,
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            dirs: BTreeSet::new(),
            locks: BTreeSet::new(),
            files_made: 0,
        };
        SimDisk { state: Arc::new(Mutex::new(state)), power: 0 }
    }

    /// The power fails and comes back: what was not synced is kept or lost sector by sector, locks are
    /// free, and everything opened before is dead.
    #[must_use = "the disk from before the crash only gives errors"]
    pub fn crash(&self) -> SimDisk {
        let mut state = self.state.lock();
        let state = &mut *state;
        let seed = &mut state.seed;
        for contents in state.files.values_mut() {
            contents.crash(seed);
        }
        for change in std::mem::take(&mut state.changes) {
            if seed.chance(0.5) {
                change.apply(&mut state.durable_names);
            }
        }
        state.names.clone_from(&state.durable_names);
        state.locks.clear();
        state.power += 1;
        SimDisk { state: Arc::clone(&self.state), power: state.power }
    }

    /// The process is killed and the machine goes on: nothing is lost, and nothing becomes durable by it.
    /// Locks are free, and everything opened before is dead.
    #[must_use = "the disk from before only gives errors"]
    pub fn kill(&self) -> SimDisk {
        let mut state = self.state.lock();
        state.locks.clear();
        state.power += 1;
        SimDisk { state: Arc::clone(&self.state), power: state.power }
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// Bytes all files together may have from now on; more than that may be there already.
    pub fn set_capacity(&self, bytes: u64) {
        self.state.lock().faults.capacity_bytes = bytes;
    }

    /// Lets one sync of a file fail: the next one for 1, the one after it for 2, and so on.
    pub fn fail_sync(&self, nth: u64) {
        self.state.lock().syncs_until_failure = Some(nth.max(1));
    }

    /// Flips a bit at rest.
    ///
    /// # Panics
    /// When the file is not there or not so long.
    pub fn flip(&self, path: &Path, byte: u64, bit: u8) {
        let mut state = self.state.lock();
        let file = state.names.get(path).copied();
        let contents = file.and_then(|file| state.files.get_mut(&file));
        let Some(contents) = contents else { panic!("no file {}", path.display()) };
        let at = usize::try_from(byte).unwrap_or(usize::MAX);
        for side in [&mut contents.written, &mut contents.durable] {
            if let Some(byte) = side.get_mut(at) {
                *byte ^= 1 << (bit % 8);
            }
        }
        assert!(at < contents.written.len(), "{} has no byte {byte}", path.display());
    }

    /// Every file's path and length, for tests that damage one at random.
    #[must_use]
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        let state = self.state.lock();
        let len = |file| state.files.get(file).map_or(0, |contents| contents.written.len() as u64);
        state.names.iter().map(|(path, file)| (path.clone(), len(file))).collect()
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock();
        if state.power == self.power { act(&mut state) } else { Err(dead()) }
    }

    fn file(&self, file: u64) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.clone(), file })
    }
}

fn dead() -> io::Error {
    io::Error::other("the power failed")
}

fn eio(what: &str) -> io::Error {
    io::Error::other(format!("simulated input/output error in {what}"))
}

impl Contents {
    fn crash(&mut self, seed: &mut Seed) {
        let (short, long) = sorted(self.durable.len(), self.written.len());
        let len = match seed.below(4) {
            0 => self.durable.len(),
            1 => short + usize::try_from(seed.below((long - short) as u64 + 1)).unwrap_or(0),
            _ => self.written.len(),
        };
        let mut after = self.durable.clone();
        after.resize(len, 0);
        for sector in &self.dirty {
            if seed.chance(0.5) {
                copy_sector(*sector, &self.written, &mut after);
            }
        }
        (self.written, self.durable) = (after.clone(), after);
        self.dirty.clear();
    }

    fn write(&mut self, bytes: &[u8], at: usize) {
        let end = at + bytes.len();
        if self.written.len() < end {
            self.resize(end);
        }
        self.written[at..end].copy_from_slice(bytes);
        self.dirty.extend(at / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES));
    }

    fn resize(&mut self, len: usize) {
        let (short, long) = sorted(self.written.len(), len);
        self.written.resize(len, 0);
        self.dirty.extend(short / SECTOR_BYTES..long.div_ceil(SECTOR_BYTES));
    }

    fn sync(&mut self) {
        self.durable.resize(self.written.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            copy_sector(sector, &self.written, &mut self.durable);
        }
    }
}

const fn sorted(a: usize, b: usize) -> (usize, usize) {
    if a < b { (a, b) } else { (b, a) }
}

fn copy_sector(sector: usize, from: &[u8], to: &mut [u8]) {
    let start = sector * SECTOR_BYTES;
    let end = (start + SECTOR_BYTES).min(from.len()).min(to.len());
    if start < end {
        to[start..end].copy_from_slice(&from[start..end]);
    }
}

impl State {
    fn used_bytes(&self) -> u64 {
        let len = |file| self.files.get(file).map_or(0, |contents| contents.written.len() as u64);
        self.names.values().map(len).sum()
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    fn contents(&mut self, file: u64) -> io::Result<&mut Contents> {
        self.files.get_mut(&file).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn write(&mut self, file: u64, bytes: &[u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let len = self.contents(file)?.written.len();
        let grows = (at + bytes.len()).saturating_sub(len) as u64;
        let room = self.faults.capacity_bytes.saturating_sub(self.used_bytes());
        if grows > room {
            // As much as there is room for is written, then it says so.
            let missing = usize::try_from(grows - room).unwrap_or(usize::MAX);
            let part = bytes.len().saturating_sub(missing);
            self.contents(file)?.write(&bytes[..part], at);
            return Err(ErrorKind::StorageFull.into());
        }
        if self.seed.chance(self.faults.write_fails) {
            let part = usize::try_from(self.seed.below(bytes.len() as u64)).unwrap_or(0);
            self.contents(file)?.write(&bytes[..part], at);
            return Err(eio("write"));
        }
        self.contents(file)?.write(bytes, at);
        Ok(())
    }

    fn read(&mut self, file: u64, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.seed.chance(self.faults.read_fails) {
            return Err(eio("read"));
        }
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let written = &self.contents(file)?.written;
        let from = written.get(at..).unwrap_or_default();
        let len = from.len().min(buffer.len());
        buffer[..len].copy_from_slice(&from[..len]);
        if len > 0 && self.seed.chance(self.faults.read_flips) {
            let bit = self.seed.below(len as u64 * 8);
            buffer[usize::try_from(bit / 8).unwrap_or(0)] ^= 1 << (bit % 8);
        }
        Ok(len)
    }

    fn sync(&mut self, file: u64) -> io::Result<()> {
        let counted = self.syncs_until_failure.as_mut().is_some_and(|left| {
            *left -= 1;
            *left == 0
        });
        if counted {
            self.syncs_until_failure = None;
        }
        if counted || self.seed.chance(self.faults.sync_fails) {
            // The pages are marked clean although they are not on the disk: the next sync says
            // nothing about them, and a crash loses them.
            let lost: Vec<_> = self.contents(file)?.dirty.iter().copied().collect();
            let kept = lost.into_iter().filter(|_| self.seed.chance(0.3)).collect();
            self.contents(file)?.dirty = kept;
            return Err(eio("sync"));
        }
        self.contents(file)?.sync();
        Ok(())
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.with(|state| {
            if state.names.contains_key(path) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            if path.parent().is_some_and(|dir| !state.dirs.contains(dir)) {
                return Err(ErrorKind::NotFound.into());
            }
            let file = state.files_made;
            state.files_made += 1;
            state.files.insert(file, Contents::default());
            state.change(Change::Make(path.into(), file));
            Ok(self.file(file))
        })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.with(|state| match state.names.get(path) {
            Some(file) => Ok(self.file(*file)),
            None => Err(ErrorKind::NotFound.into()),
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.with(|state| {
            let file = *state.names.get(from).ok_or(ErrorKind::NotFound)?;
            state.change(Change::Move(from.into(), to.into(), file));
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.with(|state| {
            if !state.names.contains_key(path) {
                return Err(ErrorKind::NotFound.into());
            }
            state.change(Change::Remove(path.into()));
            Ok(())
        })
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.with(|state| {
            let within = state.names.iter().filter(|(path, _)| path.parent() == Some(dir));
            let entries = within.filter_map(|(path, file)| {
                let name = path.file_name()?.to_string_lossy().into_owned();
                let len = state.files.get(file)?.written.len() as u64;
                Some(DirEntry { name, len })
            });
            Ok(entries.collect())
        })
    }

    /// Durable at once: nothing above depends on when a folder is.
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.with(|state| {
            state.dirs.extend(dir.ancestors().map(Path::to_path_buf));
            Ok(())
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.with(|state| {
            if state.seed.chance(state.faults.sync_fails) {
                return Err(eio("sync"));
            }
            let changes = std::mem::take(&mut state.changes);
            let (synced, rest) = changes.into_iter().partition(|change| change.is_in(dir));
            state.changes = rest;
            let synced: Vec<Change> = synced;
            synced.iter().for_each(|change| change.apply(&mut state.durable_names));
            Ok(())
        })
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        self.with(|state| {
            let free = state.faults.capacity_bytes.saturating_sub(state.used_bytes());
            Ok(free.saturating_add(state.faults.reserved_bytes))
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.with(|state| {
            if !state.locks.insert(path.into()) {
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(Box::new(SimLock { disk: self.clone(), path: path.into() }) as Box<_>)
        })
    }
}

struct SimLock {
    disk: SimDisk,
    path: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        // After a crash the lock may be another's: then this does nothing.
        let _ = self.disk.with(|state| Ok(state.locks.remove(&self.path)));
    }
}

struct SimFile {
    disk: SimDisk,
    file: u64,
}

impl DiskFile for SimFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.with(|state| state.write(self.file, bytes, offset))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk.with(|state| state.read(self.file, buffer, offset))
    }

    fn size(&self) -> io::Result<u64> {
        self.disk.with(|state| Ok(state.contents(self.file)?.written.len() as u64))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        self.disk.with(|state| {
            state.contents(self.file)?.resize(len);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.with(|state| state.sync(self.file))
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimDisk({} files)", self.state.lock().names.len())
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimFile({})", self.file)
    }
}

/// The seeds of a simulation: the one in the environment's `SEED` to replay a failure, or as many as its
/// `SEEDS` says (the nightly run wants more), or `count`.
pub fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SEED") {
        Some(seed) => seed..seed.saturating_add(1),
        None => 0..number("SEEDS").unwrap_or(count),
    }
}

#[cfg(test)]
mod tests;
