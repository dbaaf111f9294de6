//! Durable cursors: one small file per reader with two slots that are written in turn.
//!
//! A torn write hits one slot only, so the other one, a little older, is always there; the reader then
//! sees some records again, which every consumer must bear anyway.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lineshaft_runtime::{Disk, DiskFile};

use crate::limits::READER_NAME_BYTES_MAX;
use crate::{Offset, ShaftError};

const MAGIC: [u8; 8] = *b"LScursr\n";
const SLOT_BYTES: usize = 36;
/// Slots lie a sector apart: disks write sectors whole, or tear between them.
const SLOT_EVERY: u64 = 512;

/// A reader's cursor, shared by the reader and the writer.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    parked: AtomicU64,
    open: AtomicBool,
}

impl Cursor {
    pub(crate) fn at(parked: Offset) -> Cursor {
        Cursor { parked: AtomicU64::new(parked), open: AtomicBool::new(false) }
    }

    /// Where it stands on disk.
    pub(crate) fn parked(&self) -> Offset {
        self.parked.load(Ordering::Acquire)
    }

    pub(crate) fn set_parked(&self, offset: Offset) {
        self.parked.store(offset, Ordering::Release);
    }

    /// Takes the cursor for one reader; false when another one has it.
    pub(crate) fn take(&self) -> bool {
        !self.open.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn give_back(&self) {
        self.open.store(false, Ordering::Release);
    }
}

/// A cursor's file.
#[derive(Debug)]
pub(crate) struct CursorFile {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    sequence: u64,
}

/// What a cursor's file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parked {
    At(Offset),
    /// Made, and never written: a crash came in between.
    Blank,
    /// Neither slot can be read.
    Damaged,
}

impl CursorFile {
    /// Opens the file, or makes it.
    pub(crate) fn open(disk: &dyn Disk, path: &Path) -> Result<(CursorFile, Parked), ShaftError> {
        let file = match disk.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(path),
            opened => opened,
        };
        let file = file.map_err(ShaftError::io("open", path))?;
        let mut bytes = [0; SLOT_EVERY as usize + SLOT_BYTES];
        let read = file.read_at(&mut bytes, 0).map_err(ShaftError::io("read", path))?;
        let slots = [&bytes[..SLOT_BYTES], &bytes[SLOT_EVERY as usize..]].map(parse);
        let newest = slots.iter().flatten().max_by_key(|slot| slot.sequence);
        let parked = match newest {
            Some(slot) => Parked::At(slot.offset),
            None if bytes[..read].iter().all(|byte| *byte == 0) => Parked::Blank,
            None => Parked::Damaged,
        };
        let sequence = newest.map_or(0, |slot| slot.sequence);
        Ok((CursorFile { file, path: path.into(), sequence }, parked))
    }

    /// Writes the older slot and syncs it. After an error the newer slot still holds.
    pub(crate) fn park(&mut self, offset: Offset) -> Result<(), ShaftError> {
        let sequence = self.sequence + 1;
        let at = sequence % 2 * SLOT_EVERY;
        let write = self.file.write_at(&Slot { sequence, offset }.bytes(), at);
        write.map_err(ShaftError::io("write", &self.path))?;
        self.file.sync().map_err(ShaftError::io("sync", &self.path))?;
        self.sequence = sequence;
        Ok(())
    }
}

struct Slot {
    sequence: u64,
    offset: Offset,
}

impl Slot {
    fn bytes(&self) -> [u8; SLOT_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&1_u32.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.offset.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..32]);
        bytes[32..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

fn parse(bytes: &[u8]) -> Option<Slot> {
    let bytes = bytes.first_chunk::<SLOT_BYTES>()?;
    let number = |at: usize| bytes[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
    let slot = Slot { sequence: number(16), offset: number(24) };
    (slot.bytes() == *bytes).then_some(slot)
}

/// A reader's name is a file name: lower case letters, digits, `-`, `_` and `.`, not first.
pub(crate) fn check_name(name: &str) -> Result<(), ShaftError> {
    let refuse = |why| Err(ShaftError::Reader { name: name.into(), why });
    if name.is_empty() || name.len() > READER_NAME_BYTES_MAX {
        return refuse("must have a name of 1 to 64 bytes");
    }
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    if !name.bytes().all(allowed) || name.starts_with('.') {
        return refuse("may only have a to z, 0 to 9, `-`, `_` and `.` in its name, no `.` first");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineshaft_runtime::disk::RealDisk;

    #[test]
    fn a_damaged_slot_leaves_the_older_one_and_two_leave_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("historian");
        let (mut file, parked) = CursorFile::open(&RealDisk, &path).unwrap();
        assert_eq!(parked, Parked::Blank);
        file.park(10).unwrap();
        file.park(20).unwrap();
        let parked = || CursorFile::open(&RealDisk, &path).unwrap().1;
        assert_eq!(parked(), Parked::At(20));
        file.file.write_at(&[0xff], 30).unwrap();
        assert_eq!(parked(), Parked::At(10));
        file.file.write_at(&[0xff], SLOT_EVERY + 30).unwrap();
        assert_eq!(parked(), Parked::Damaged);
    }

    #[test]
    fn a_reader_cannot_be_named_like_a_path() {
        for name in ["", "../x", "a/b", ".hidden", "Historian", "sink kafka", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        check_name("sink-kafka_1.a").unwrap();
    }
}
