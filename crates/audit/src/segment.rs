//! What is known of a segment without reading it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use lineshaft_runtime::Disk;
use parking_lot::Mutex;

use crate::entry::split_seq;
use crate::format::{HEAD_BYTES, Kind, segment_name};
use crate::limits::MARK_EVERY_BYTES;
use crate::scan::{Scan, Step};

/// A segment file.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) first: u64,
    pub(crate) path: PathBuf,
    extent: Mutex<Extent>,
    /// A sparse index, made when it is first asked for.
    marks: Mutex<Option<Vec<Mark>>>,
}

/// How far the committed part of a segment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) bytes: u64,
    /// The number after its last entry.
    pub(crate) next: u64,
}

/// Where the record of an entry begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) seq: u64,
    pub(crate) at: u64,
}

/// A part of a segment between two marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) at: u64,
    pub(crate) end: u64,
    /// Its first entry.
    pub(crate) first: u64,
    /// The first entry of the next one.
    pub(crate) next: u64,
}

impl Segment {
    pub(crate) fn new(first: u64, path: PathBuf, extent: Extent) -> Segment {
        Segment { first, path, extent: Mutex::new(extent), marks: Mutex::new(None) }
    }

    /// One that is being written, whose marks are known.
    pub(crate) fn fresh(first: u64, path: PathBuf, extent: Extent, marks: &[Mark]) -> Segment {
        let segment = Segment::new(first, path, extent);
        *segment.marks.lock() = Some(Vec::new());
        segment.note(marks);
        segment
    }

    pub(crate) fn extent(&self) -> Extent {
        *self.extent.lock()
    }

    /// The name of its file.
    pub(crate) fn name(&self) -> String {
        segment_name(self.first)
    }

    /// Takes a committed group in, whose entries begin at these marks.
    pub(crate) fn extend(&self, extent: Extent, marks: &[Mark]) {
        self.note(marks);
        *self.extent.lock() = extent;
    }

    fn note(&self, new: &[Mark]) {
        if let Some(marks) = &mut *self.marks.lock() {
            new.iter().for_each(|mark| note(marks, *mark));
        }
    }

    /// The block that an entry is in, or the one before it.
    pub(crate) fn block_of(&self, disk: &dyn Disk, seq: u64) -> io::Result<Option<Block>> {
        let extent = self.extent();
        let mut marks = self.marks.lock();
        let marks = match &mut *marks {
            Some(marks) => marks,
            none => none.insert(self.index(disk, extent)?),
        };
        let after = marks.partition_point(|mark| mark.seq <= seq);
        let Some(mark) = after.checked_sub(1).and_then(|index| marks.get(index)) else {
            return Ok(None);
        };
        // A mark can be ahead of the extent while a group is being told.
        let following = marks.get(after).filter(|mark| mark.at < extent.bytes);
        let (end, next) = following.map_or((extent.bytes, extent.next), |mark| (mark.at, mark.seq));
        Ok(Some(Block { at: mark.at, end, first: mark.seq, next }))
    }

    /// Reads the whole segment for its marks; what is damaged is passed over.
    fn index(&self, disk: &dyn Disk, extent: Extent) -> io::Result<Vec<Mark>> {
        let file = disk.open(&self.path)?;
        let mut scan = Scan::new(Arc::clone(&file), HEAD_BYTES as u64, extent.bytes);
        let mut marks = Vec::new();
        loop {
            match scan.step()? {
                Step::End => return Ok(marks),
                Step::Record(found) if found.kind == Kind::Entry => {
                    if let Some((seq, _)) = split_seq(found.bytes) {
                        note(&mut marks, Mark { seq, at: found.at });
                    }
                }
                Step::Record(_) => {}
                Step::Bad(_) => {
                    scan.resync()?;
                }
            }
        }
    }
}

fn note(marks: &mut Vec<Mark>, mark: Mark) {
    if marks.last().is_none_or(|last| mark.at >= last.at + MARK_EVERY_BYTES && mark.seq > last.seq)
    {
        marks.push(mark);
    }
}
