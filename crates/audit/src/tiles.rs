//! The hashes of the tree on disk: one flat file for every eighth level, as C2SP `tlog-tiles` cuts them.
//!
//! File `tree/0` has the hashes of all entries, `tree/1` the roots of every 256 of them, and so on. They follow from
//! the entries and are written once these are synced, without a sync of their own: what a crash took is computed again
//! from the newest segment, and more hashes than entries is nothing that a crash leaves. They are synced before a
//! segment is begun, so nothing before the newest segment is ever computed again.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_runtime::{Disk, DiskFile};
use parking_lot::RwLock;

use crate::Hash;
use crate::merkle::{Nodes, node_hash};

/// The folder, within that of the trail.
pub(crate) const TREE: &str = "tree";

/// Levels of the tree from one file to the next.
pub(crate) const LEVELS_PER_FILE: u32 = 8;

/// Files: 64 levels are all that a `u64` can count.
pub(crate) const FILES: usize = 8;

pub(crate) const HASH_BYTES: u64 = 32;

/// The files of hashes.
#[derive(Debug)]
pub(crate) struct Tiles {
    dir: PathBuf,
    files: RwLock<[Option<Arc<dyn DiskFile>>; FILES]>,
}

/// Hashes that go behind those in the files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Growth {
    levels: [Level; FILES],
}

#[derive(Debug, Clone, Default)]
struct Level {
    first: u64,
    bytes: Vec<u8>,
}

impl Growth {
    /// Takes a complete subtree in, if its level is kept.
    pub(crate) fn note(&mut self, height: u32, index: u64, hash: Hash) {
        if let Some(file) = file_of(height) {
            let level = &mut self.levels[file];
            if level.bytes.is_empty() {
                level.first = index;
            }
            level.bytes.extend_from_slice(&hash.0);
        }
    }

    /// Empties it and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.levels.iter_mut().for_each(|level| level.bytes.clear());
    }
}

/// The file that keeps a level; `None` when it is not kept.
pub(crate) const fn file_of(height: u32) -> Option<usize> {
    if height.is_multiple_of(LEVELS_PER_FILE) {
        Some((height / LEVELS_PER_FILE) as usize)
    } else {
        None
    }
}

/// How long a file is for a tree of this size.
pub(crate) const fn file_bytes(file: usize, size: u64) -> u64 {
    (size >> (LEVELS_PER_FILE as usize * file)) * HASH_BYTES
}

impl Tiles {
    /// Opens the files that are there; a file is made when its first hash is written.
    pub(crate) fn open(disk: &dyn Disk, dir: &Path) -> io::Result<Tiles> {
        let mut files: [Option<Arc<dyn DiskFile>>; FILES] = Default::default();
        for (number, file) in files.iter_mut().enumerate() {
            match disk.open(&dir.join(number.to_string())) {
                Ok(found) => *file = Some(found),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Tiles { dir: dir.into(), files: RwLock::new(files) })
    }

    fn file(&self, number: usize) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.files.read()[number].clone();
        file.ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("tree/{number} is missing")))
    }

    /// Writes hashes in their places. Not synced.
    pub(crate) fn write(&self, disk: &dyn Disk, growth: &Growth) -> io::Result<()> {
        for (number, level) in growth.levels.iter().enumerate() {
            if level.bytes.is_empty() {
                continue;
            }
            let file = match self.file(number) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let file = disk.create(&self.dir.join(number.to_string()))?;
                    self.files.write()[number] = Some(Arc::clone(&file));
                    file
                }
                file => file?,
            };
            file.write_at(&level.bytes, level.first * HASH_BYTES)?;
        }
        Ok(())
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self, disk: &dyn Disk) -> io::Result<()> {
        let files = self.files.read().clone();
        files.iter().flatten().try_for_each(|file| file.sync())?;
        disk.sync_dir(&self.dir)
    }

    /// Cuts off what is beyond a size.
    pub(crate) fn cut(&self, size: u64) -> io::Result<()> {
        for (number, file) in self.files.read().clone().iter().enumerate() {
            if let Some(file) = file {
                let bytes = file_bytes(number, size);
                if file.size()? > bytes {
                    file.set_len(bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Reads `count` hashes of a file.
    fn read(&self, number: usize, first: u64, count: usize) -> io::Result<Vec<Hash>> {
        let mut bytes = vec![0; count * 32];
        let read = self.file(number)?.read_at(&mut bytes, first * HASH_BYTES)?;
        if read < bytes.len() {
            let what = format!("tree/{number} ends before hash {}", first + read as u64 / 32);
            return Err(io::Error::new(ErrorKind::UnexpectedEof, what));
        }
        Ok(bytes.as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect())
    }
}

impl Nodes for Tiles {
    type Error = io::Error;

    fn node(&self, height: u32, index: u64) -> io::Result<Hash> {
        let over = height % LEVELS_PER_FILE;
        let number = (height / LEVELS_PER_FILE) as usize;
        let mut hashes = self.read(number, index << over, 1 << over)?;
        while hashes.len() > 1 {
            hashes = hashes.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        hashes.first().copied().ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }
}

/// Reads the files from front to back beside the entries, for comparing.
#[derive(Debug)]
pub(crate) struct TileReader {
    tiles: Tiles,
    windows: [Window; FILES],
}

#[derive(Debug, Default)]
struct Window {
    first: u64,
    hashes: Vec<Hash>,
}

/// Hashes that are read at a time.
const WINDOW: usize = 8192;

impl TileReader {
    pub(crate) fn new(tiles: Tiles) -> TileReader {
        TileReader { tiles, windows: Default::default() }
    }

    /// A hash of a file; `None` when the file is missing or ends before it.
    pub(crate) fn get(&mut self, number: usize, index: u64) -> io::Result<Option<Hash>> {
        let window = &mut self.windows[number];
        let inside = |window: &Window| {
            let at = usize::try_from(index.checked_sub(window.first)?).ok()?;
            window.hashes.get(at).copied()
        };
        if let Some(hash) = inside(window) {
            return Ok(Some(hash));
        }
        let Ok(file) = self.tiles.file(number) else { return Ok(None) };
        let mut bytes = vec![0; WINDOW * 32];
        let read = file.read_at(&mut bytes, index * HASH_BYTES)?;
        let hashes = bytes[..read].as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect();
        *window = Window { first: index, hashes };
        Ok(inside(window))
    }

    /// How long a file is; `None` when it is missing.
    pub(crate) fn len(&self, number: usize) -> io::Result<Option<u64>> {
        match self.tiles.file(number) {
            Ok(file) => file.size().map(Some),
            Err(_missing) => Ok(None),
        }
    }
}
