//! The reserve: a file that keeps room on the disk for the trail alone.
//!
//! When the disk is full, the reserve is cut and the trail grows into what that frees; when there is room again it is
//! filled up. Not preallocated in the segments themselves: then every segment would have a tail of bytes that were
//! never written by the trail, and a tail is what an attacker would use.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_runtime::{Disk, DiskFile};

use crate::limits::RESERVE_STEP_BYTES;

const FILE: &str = "reserve";

/// Not zeros: a file system that compresses would keep no room for zeros. A simple generator is enough, and the
/// bytes are the same every time.
fn filling() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let words = usize::try_from(RESERVE_STEP_BYTES / 8).unwrap_or(0);
    std::iter::repeat_with(next).take(words).flatten().collect()
}

/// The file, and how much of it is there.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    file: Option<Arc<dyn DiskFile>>,
    bytes: u64,
    wanted: u64,
}

impl Reserve {
    pub(crate) fn new(dir: &Path, wanted: u64) -> Reserve {
        Reserve { path: dir.join(FILE), file: None, bytes: 0, wanted }
    }

    /// Opens the file, makes it if need be, and fills it as far as there is room.
    pub(crate) fn open(&mut self, disk: &dyn Disk) -> io::Result<()> {
        let file = match disk.open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if self.wanted == 0 {
                    return Ok(());
                }
                disk.create(&self.path)?
            }
            file => file?,
        };
        self.bytes = file.size()?;
        if self.bytes > self.wanted {
            file.set_len(self.wanted)?;
            self.bytes = self.wanted;
        }
        self.file = Some(file);
        self.fill()
    }

    pub(crate) const fn is_whole(&self) -> bool {
        self.bytes >= self.wanted
    }

    pub(crate) const fn missing(&self) -> u64 {
        self.wanted.saturating_sub(self.bytes)
    }

    /// Gives room up; false when there is none left to give.
    pub(crate) fn give(&mut self) -> bool {
        let Some(file) = &self.file else { return false };
        if self.bytes == 0 {
            return false;
        }
        let rest = self.bytes.saturating_sub(RESERVE_STEP_BYTES);
        if let Err(error) = file.set_len(rest).and_then(|()| file.sync()) {
            tracing::warn!(%error, "the reserve of the audit trail cannot be used");
            return false;
        }
        self.bytes = rest;
        true
    }

    /// Fills it up as far as there is room. A full disk is no error here.
    pub(crate) fn fill(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        if self.is_whole() {
            return Ok(());
        }
        let filling = filling();
        while self.bytes < self.wanted {
            let step = RESERVE_STEP_BYTES.min(self.wanted - self.bytes);
            let bytes = filling.get(..usize::try_from(step).unwrap_or(0)).unwrap_or(&filling);
            match file.write_at(bytes, self.bytes) {
                Ok(()) => self.bytes += step,
                Err(error) if is_no_room(&error) => {
                    // What was written of the step is given back: it may be all there was.
                    file.set_len(self.bytes)?;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        file.sync()
    }
}

pub(crate) fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}
