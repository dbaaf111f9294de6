//! The list of segments, as a log of changes that are each done wholly or not at all.
//!
//! A seal is done when its change is in the manifest: which files came, and up to which offset of the shaft
//! their samples reach. After a crash the rest is read from the shaft again, and files that no change names
//! are remains of an unfinished seal.
//!
//! Each change stands twice in a row: a bit that rots in the newest would otherwise look like a torn write, and
//! what it names would be removed though the shaft has let go of it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_runtime::disk::{read_all, replace};
use lineshaft_runtime::{Disk, DiskFile};

use crate::bytes::{In, Malformed, put_bytes, put_varint, put_zigzag};
use crate::error::HistorianError;
use crate::limits::{MANIFEST_BYTES_MAX, MANIFEST_RECORDS_MAX};
use crate::segment::{SegmentId, SegmentMeta};

/// The version of this layout.
pub(crate) const VERSION: u16 = 1;
/// Its name in the folder.
pub(crate) const NAME: &str = "manifest";
const MAGIC: &[u8; 8] = b"LSHMAN\r\n";
const HEADER_LEN: usize = 16;
/// How often it is read before damage is believed.
const READS: u32 = 3;

/// One change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Samples of records below this offset are in segments.
    pub(crate) covered: u64,
    pub(crate) add: Vec<SegmentMeta>,
    pub(crate) remove: Vec<SegmentId>,
}

/// The manifest of one folder.
#[derive(Debug)]
pub(crate) struct Manifest {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Option<Arc<dyn DiskFile>>,
    len: u64,
    crc: u32,
    pub(crate) state: ManifestState,
    /// Whether its end was torn off by a crash and has been cut away, or a copy of a change was damaged.
    pub(crate) torn: bool,
}

/// What all changes together say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ManifestState {
    pub(crate) segments: BTreeMap<SegmentId, SegmentMeta>,
    pub(crate) covered: u64,
    /// The number of the next seal.
    pub(crate) sequence: u64,
}

impl ManifestState {
    fn apply(&mut self, change: &Change) {
        self.covered = change.covered;
        for id in &change.remove {
            self.segments.remove(id);
        }
        for meta in &change.add {
            self.segments.insert(meta.id, *meta);
            self.sequence = self.sequence.max(meta.id.sequence + 1);
        }
    }
}

fn put_id(out: &mut Vec<u8>, id: SegmentId) {
    put_zigzag(out, i64::from(id.day));
    out.push(id.level);
    put_varint(out, id.sequence);
}

fn read_id(input: &mut In<'_>) -> Result<SegmentId, Malformed> {
    let day = i32::try_from(input.zigzag()?).ok().ok_or(Malformed("a day out of range"))?;
    Ok(SegmentId { day, level: input.u8()?, sequence: input.varint()? })
}

/// The body of a record: the change, the number of the next seal, and room for what later versions add.
fn put_change(change: &Change, sequence: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, change.covered);
    put_varint(&mut out, sequence);
    put_varint(&mut out, change.add.len() as u64);
    for meta in &change.add {
        put_id(&mut out, meta.id);
        put_varint(&mut out, meta.bytes);
        put_varint(&mut out, meta.samples);
        put_varint(&mut out, u64::from(meta.tags));
        put_zigzag(&mut out, meta.oldest);
        put_zigzag(&mut out, meta.newest);
    }
    put_varint(&mut out, change.remove.len() as u64);
    change.remove.iter().for_each(|id| put_id(&mut out, *id));
    put_bytes(&mut out, &[]);
    out
}

fn read_change(body: &[u8]) -> Result<(Change, u64), Malformed> {
    let mut input = In::new(body);
    let (covered, sequence) = (input.varint()?, input.varint()?);
    let mut change = Change { covered, ..Change::default() };
    for _ in 0..input.count(body.len())? {
        change.add.push(SegmentMeta {
            id: read_id(&mut input)?,
            bytes: input.varint()?,
            samples: input.varint()?,
            tags: input.count(u32::MAX as usize)? as u32,
            oldest: input.zigzag()?,
            newest: input.zigzag()?,
        });
    }
    for _ in 0..input.count(body.len())? {
        change.remove.push(read_id(&mut input)?);
    }
    input.bytes()?;
    Ok((change, sequence))
}

/// Length, checksum over the checksum before and the body, body; and the same again.
fn put_record(out: &mut Vec<u8>, crc: u32, body: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&crc.to_le_bytes()), body);
    for _copy in 0..2 {
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(body);
    }
    crc
}

struct Record<'a> {
    body: &'a [u8],
    crc: u32,
    len: usize,
}

/// The record at the start of these bytes, if it is whole and follows one with the checksum `before`.
fn sound_record(bytes: &[u8], before: u32) -> Option<Record<'_>> {
    let mut input = In::new(bytes);
    let (len, crc) = (input.u32().ok()?, input.u32().ok()?);
    let body = input.take(len as usize).ok()?;
    let right = crc32c::crc32c_append(crc32c::crc32c(&before.to_le_bytes()), body);
    (crc == right && len > 0).then_some(Record { body, crc, len: 8 + body.len() })
}

fn header() -> Vec<u8> {
    let mut out = Vec::from(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// What was read: the state, and where it ends.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) state: ManifestState,
    len: u64,
    crc: u32,
    records: usize,
    pub(crate) torn: bool,
}

/// Reads a manifest without changing anything.
pub(crate) fn load(path: &Path, bytes: &[u8]) -> Result<Loaded, HistorianError> {
    let damaged = |at: usize, what: &'static str| HistorianError::Damaged {
        path: path.into(),
        at: at as u64,
        what,
    };
    let mut input = In::new(bytes);
    if input.take(8).ok() != Some(MAGIC) {
        return Err(damaged(0, "it does not start as a manifest"));
    }
    let found = input.u16().unwrap_or(0);
    let sum = bytes.get(12..HEADER_LEN).and_then(|sum| sum.try_into().ok()).map(u32::from_le_bytes);
    // Before the version: a flipped bit is damage, not a file from the future.
    if sum != Some(crc32c::crc32c(&bytes[..bytes.len().min(12)])) {
        return Err(damaged(8, "the checksum of the header does not match"));
    }
    if found > VERSION {
        return Err(HistorianError::Newer { path: path.into(), found, known: VERSION });
    }
    let mut loaded = Loaded {
        state: ManifestState::default(),
        len: HEADER_LEN as u64,
        crc: 0,
        records: 0,
        torn: false,
    };
    let mut at = HEADER_LEN;
    while at < bytes.len() {
        // Behind a damaged record stands its copy, and behind a damaged copy the next record.
        let found = (at..bytes.len())
            .find_map(|start| Some((start, sound_record(&bytes[start..], loaded.crc)?)));
        let Some((start, record)) = found else {
            // Only the last write can be torn. A sound record behind this one means that it was sound once.
            if is_followed(&bytes[at..]) {
                return Err(damaged(at, "the checksum of a change does not match"));
            }
            loaded.torn = true;
            break;
        };
        let Ok((change, sequence)) = read_change(record.body) else {
            return Err(damaged(start, "a change cannot be read"));
        };
        loaded.state.apply(&change);
        loaded.state.sequence = loaded.state.sequence.max(sequence);
        loaded.crc = record.crc;
        loaded.records += 1;
        loaded.torn |= start != at;
        at = start + record.len;
        if bytes.get(at..at + record.len) == bytes.get(start..at) {
            at += record.len;
        }
        loaded.len = at as u64;
    }
    Ok(loaded)
}

/// Whether a sound record follows one that is not, by what that one says of its length and checksum.
fn is_followed(bytes: &[u8]) -> bool {
    let mut input = In::new(bytes);
    let (Ok(len), Ok(crc)) = (input.u32(), input.u32()) else { return false };
    let rest = |times: usize| (len as usize + 8).checked_mul(times).and_then(|at| bytes.get(at..));
    [1, 2].into_iter().filter_map(rest).any(|rest| sound_record(rest, crc).is_some())
}

/// Reads a manifest; what looks damaged is read again, because a torn end is cut off for good.
pub(crate) fn read(path: &Path, file: &dyn DiskFile) -> Result<Loaded, HistorianError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let bytes =
            read_all(file, MANIFEST_BYTES_MAX).map_err(HistorianError::disk("read", path))?;
        let loaded = load(path, &bytes);
        let is_sound = loaded.as_ref().is_ok_and(|loaded| !loaded.torn);
        if is_sound || attempts == READS {
            return loaded;
        }
    }
}

impl Manifest {
    /// Opens the manifest of a folder, or makes one in a folder that has no segments.
    pub(crate) fn open(disk: Arc<dyn Disk>, dir: &Path) -> Result<Manifest, HistorianError> {
        let path = dir.join(NAME);
        let (file, loaded) = match disk.open(&path) {
            Ok(file) => {
                let loaded = read(&path, &*file)?;
                (Some(file), loaded)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let entries = disk.list(dir).map_err(HistorianError::disk("list", dir))?;
                if entries.iter().any(|entry| entry.name.ends_with(".seg")) {
                    let what = "it is missing, though there are segments";
                    return Err(HistorianError::Damaged { path, at: 0, what });
                }
                let state = ManifestState::default();
                (None, Loaded { state, len: 0, crc: 0, records: 0, torn: false })
            }
            Err(error) => return Err(HistorianError::disk("open", &path)(error)),
        };
        let Loaded { state, len, crc, records, torn } = loaded;
        let mostly_past = records > MANIFEST_RECORDS_MAX && records > 2 * state.segments.len();
        let mut manifest = Manifest { disk, path, file, len, crc, state, torn };
        if manifest.file.is_none() || torn || mostly_past {
            let path = manifest.path.clone();
            let state = manifest.state.clone();
            manifest.rewrite(&state).map_err(HistorianError::disk("write", path))?;
        }
        Ok(manifest)
    }

    /// Makes a change durable. After an error it may or may not be: the files it adds must stay, and the same
    /// change has to be tried again before any other.
    pub(crate) fn commit(&mut self, change: &Change) -> io::Result<()> {
        let mut next = self.state.clone();
        next.apply(change);
        let Some(file) = self.file.take() else {
            // Something failed before, so nothing is known about the end of the file: a new one takes its place.
            return self.rewrite(&next);
        };
        let mut bytes = Vec::new();
        let crc = put_record(&mut bytes, self.crc, &put_change(change, next.sequence));
        file.write_at(&bytes, self.len)?;
        file.sync()?;
        self.file = Some(file);
        self.len += bytes.len() as u64;
        self.crc = crc;
        self.state = next;
        Ok(())
    }

    fn rewrite(&mut self, state: &ManifestState) -> io::Result<()> {
        self.file = None;
        let add = state.segments.values().copied().collect();
        let change = Change { covered: state.covered, add, remove: Vec::new() };
        let mut bytes = header();
        let crc = put_record(&mut bytes, 0, &put_change(&change, state.sequence));
        replace(&*self.disk, &self.path, &bytes)?;
        self.file = Some(self.disk.open(&self.path)?);
        self.len = bytes.len() as u64;
        self.crc = crc;
        self.state = state.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn changes() -> Vec<Change> {
        let meta = |sequence: u64| SegmentMeta {
            id: SegmentId { day: 20_000 + sequence as i32, level: 0, sequence },
            bytes: 1_000 + sequence,
            samples: 10,
            tags: 3,
            oldest: -5,
            newest: i64::MAX,
        };
        let mut all: Vec<Change> = (0..6)
            .map(|n| Change { covered: 10 * n, add: vec![meta(n)], remove: Vec::new() })
            .collect();
        all[4].remove.push(meta(1).id);
        all
    }

    /// The bytes of a manifest with all changes, and where each change begins.
    fn written() -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut starts, mut crc) = (header(), Vec::new(), 0);
        for (change, sequence) in changes().iter().zip(1..) {
            starts.push(bytes.len());
            crc = put_record(&mut bytes, crc, &put_change(change, sequence));
        }
        (bytes, starts)
    }

    fn state_after(count: usize) -> ManifestState {
        let mut state = ManifestState::default();
        changes().iter().take(count).for_each(|change| state.apply(change));
        state
    }

    proptest! {
        #[test]
        fn a_manifest_cut_anywhere_ends_with_a_whole_change(cut in any::<prop::sample::Index>()) {
            let (bytes, starts) = written();
            let cut = HEADER_LEN + cut.index(bytes.len() - HEADER_LEN + 1);
            let loaded = load(Path::new("m"), &bytes[..cut]).unwrap();
            let whole = (0..=6).rev().find(|n| loaded.state == state_after(*n));
            let begun = starts.iter().filter(|start| **start < cut).count();
            prop_assert!(whole == Some(begun) || whole.map(|n| n + 1) == Some(begun));
        }

        #[test]
        fn one_flipped_bit_changes_nothing_or_is_an_error(
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let (mut bytes, _) = written();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            match load(Path::new("m"), &bytes) {
                Ok(loaded) => prop_assert_eq!(loaded.state, state_after(6)),
                Err(_) => prop_assert!(at < HEADER_LEN),
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_a_manifest(rest in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = load(Path::new("m"), &rest);
            let _ = load(Path::new("m"), &[header(), rest].concat());
        }
    }
}
