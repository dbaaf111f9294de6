//! Contents by their SHA-256: written once, never changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_runtime::Disk;
use lineshaft_runtime::disk::read_all;

use crate::error::on_disk;
use crate::limits::FILE_BYTES_MAX;
use crate::store::Opened;
use crate::{Sha256, StoreError};

/// The ending of what is not written whole yet.
const UNFINISHED: &str = ".tmp";

#[derive(Debug)]
pub(crate) struct Objects {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
}

impl Objects {
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        opened: Opened,
    ) -> Result<Objects, StoreError> {
        let objects = Objects { disk, dir };
        if opened == Opened::ToLook {
            return Ok(objects);
        }
        let dir = &objects.dir;
        objects.disk.create_dir(dir).map_err(on_disk("make", dir))?;
        for entry in objects.disk.list(&objects.dir).map_err(on_disk("list", &objects.dir))? {
            if entry.name.ends_with(UNFINISHED) {
                objects.discard(&objects.dir.join(entry.name))?;
            }
        }
        Ok(objects)
    }

    fn path(&self, sha256: Sha256) -> PathBuf {
        self.dir.join(sha256.to_string())
    }

    fn discard(&self, path: &Path) -> Result<(), StoreError> {
        match self.disk.remove(path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(on_disk("remove", path)(source))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a content; durable only after [`Objects::sync`]. One that is there and whole is left alone.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Put, StoreError> {
        if bytes.len() as u64 > FILE_BYTES_MAX {
            let what = format!("a file is larger than {} MiB", FILE_BYTES_MAX >> 20);
            return Err(StoreError::TooMuch { what });
        }
        let sha256 = Sha256::of(bytes);
        if self.get(sha256).is_ok() {
            return Ok(Put { sha256, is_new: false });
        }
        let path = self.path(sha256);
        let fresh = self.dir.join(format!("{sha256}{UNFINISHED}"));
        self.discard(&fresh)?;
        let file = self.disk.create(&fresh).map_err(on_disk("make", &fresh))?;
        let written = file.write_at(bytes, 0).and_then(|()| file.sync());
        if let Err(source) = written {
            let _ = self.disk.remove(&fresh);
            return Err(on_disk("write", &fresh)(source));
        }
        self.disk.rename(&fresh, &path).map_err(on_disk("rename", &fresh))?;
        Ok(Put { sha256, is_new: true })
    }

    /// Makes what was put durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.disk.sync_dir(&self.dir).map_err(on_disk("sync", &self.dir))
    }

    /// A content, checked against its name.
    pub(crate) fn get(&self, sha256: Sha256) -> Result<Vec<u8>, StoreError> {
        let path = self.path(sha256);
        let file = match self.disk.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Content { sha256, why: "is missing" });
            }
            Err(source) => return Err(on_disk("open", &path)(source)),
        };
        let bytes = read_all(file.as_ref(), FILE_BYTES_MAX).map_err(on_disk("read", &path))?;
        if Sha256::of(&bytes) != sha256 {
            return Err(StoreError::Content { sha256, why: "was damaged or edited" });
        }
        Ok(bytes)
    }

    /// The names of all contents.
    pub(crate) fn names(&self) -> Result<Vec<String>, StoreError> {
        let entries = self.disk.list(&self.dir).map_err(on_disk("list", &self.dir))?;
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }
}

/// What was put.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Put {
    pub(crate) sha256: Sha256,
    /// Whether it was not there before.
    pub(crate) is_new: bool,
}
