//! Re-reads every byte and says where it is not what was written.

use std::path::{Path, PathBuf};

use lineshaft_model::Timestamp;
use lineshaft_runtime::Disk;

use crate::examine::examine;
use crate::format::{Head, parse_segment_name};
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

/// Every segment, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// The segments, oldest first.
    pub segments: Vec<SegmentReport>,
}

impl Verification {
    /// Whether everything that was reported as on disk is what was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.segments.iter().all(|segment| segment.damages.is_empty())
    }

    /// Records that can be read.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.segments.iter().map(|segment| segment.records).sum()
    }
}

/// Re-reads every segment and checks every checksum. Changes nothing and takes no lock: it may run
/// beside an open shaft, whose newest records may then show up as a tail.
///
/// # Errors
/// [`ShaftError::Io`] when a file cannot be read, [`ShaftError::Newer`] for a later format.
pub fn verify(disk: &dyn Disk, dir: &Path) -> Result<Verification, ShaftError> {
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
    Ok(report)
}
