//! Re-reads every byte and says where it is not what was written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use lineshaft_model::Timestamp;
use lineshaft_runtime::Disk;

use crate::cursor::{CursorFile, Parked, check_name};
use crate::examine::examine;
use crate::format::{Head, parse_segment_name};
use crate::open::CURSORS;
use crate::{Offset, ShaftError, VERSION};

/// A place in a segment that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// The byte in the file where it begins.
    pub at: u64,
    /// The first record that cannot be read.
    pub from: Offset,
    /// The first one after it that can; equal to `from` when no record was hit, but its surroundings.
    pub to: Offset,
    /// What is wrong.
    pub what: &'static str,
}

/// One segment, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its first record.
    pub first: Offset,
    /// The number after its last record.
    pub next: Offset,
    /// Records that can be read.
    pub records: u64,
    /// When its first record arrived.
    pub arrived: Option<Timestamp>,
    /// Where it is not what was written, at most 1,024 places.
    pub damages: Vec<Damage>,
    /// Bytes at the end of the newest segment that were never reported as on disk; the next start cuts
    /// them off. While the shaft is open elsewhere, that may be what is being written right now.
    pub tail_bytes: u64,
}

/// One durable cursor, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorReport {
    /// Whose it is.
    pub reader: String,
    /// The record that is read next; `None` when neither of its slots can be read.
    pub offset: Option<Offset>,
    /// Whether the reader has had records that are gone from the end of the log.
    pub is_past_end: bool,
}

/// Every segment and every cursor, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// The segments, oldest first.
    pub segments: Vec<SegmentReport>,
    /// The cursors of all readers.
    pub cursors: Vec<CursorReport>,
}

impl Verification {
    /// Whether everything that was reported as on disk is what was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let cursors =
            self.cursors.iter().all(|cursor| cursor.offset.is_some() && !cursor.is_past_end);
        cursors && self.segments.iter().all(|segment| segment.damages.is_empty())
    }

    /// Bytes at the end that are no whole group commit: cut off by the next start.
    #[must_use]
    pub fn tail_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.tail_bytes).sum()
    }

    /// Records that can be read.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.segments.iter().map(|segment| segment.records).sum()
    }
}

/// Re-reads every segment and every cursor and checks every checksum. Changes nothing and takes no lock: it may run
/// beside an open shaft, whose newest records may then show up as a tail.
///
/// # Errors
/// [`ShaftError::Io`] when a file cannot be read, [`ShaftError::Newer`] for a later format.
pub fn verify(disk: &dyn Disk, dir: &Path) -> Result<Verification, ShaftError> {
    // Before the segments: a cursor only goes to what is committed, and segments only grow.
    let cursors = parked(disk, &dir.join(CURSORS))?;
    let entries = disk.list(dir).map_err(ShaftError::io("list", dir))?;
    let firsts: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| parse_segment_name(&entry.name).map(|first| (first, entry)))
        .collect();
    let mut report = Verification::default();
    for (index, (first, entry)) in firsts.iter().enumerate() {
        let path = dir.join(&entry.name);
        let file = disk.open(&path).map_err(ShaftError::io("open", &path))?;
        let following = firsts.get(index + 1).map(|(first, _)| *first);
        let seen =
            examine(&file, entry.len, *first, following).map_err(ShaftError::io("read", &path))?;
        let arrived = match seen.head {
            Head::Segment(header) => Some(header.arrived),
            Head::Newer(found) => return Err(ShaftError::Newer { path, found, known: VERSION }),
            Head::Damaged => None,
        };
        report.segments.push(SegmentReport {
            path,
            bytes: entry.len,
            first: *first,
            next: seen.next,
            records: seen.records,
            arrived,
            damages: seen.damages,
            tail_bytes: entry.len - seen.end,
        });
    }
    let next = report.segments.last().map(|segment| segment.next);
    let past = |offset: Offset| next.is_some_and(|next| offset > next);
    let checked = cursors.into_iter().map(|(reader, offset)| {
        let is_past_end = offset.is_some_and(past);
        CursorReport { reader, offset, is_past_end }
    });
    report.cursors = checked.collect();
    Ok(report)
}

/// All cursors that were ever written.
fn parked(disk: &dyn Disk, dir: &Path) -> Result<Vec<(String, Option<Offset>)>, ShaftError> {
    let entries = match disk.list(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        listed => listed.map_err(ShaftError::io("list", dir))?,
    };
    let mut cursors = Vec::new();
    for entry in entries {
        if check_name(&entry.name).is_err() {
            continue;
        }
        match CursorFile::open(disk, &dir.join(&entry.name))?.1 {
            Parked::At(offset) => cursors.push((entry.name, Some(offset))),
            Parked::Damaged => cursors.push((entry.name, None)),
            Parked::Blank => {}
        }
    }
    Ok(cursors)
}
