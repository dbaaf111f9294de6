//! What is known of a segment without reading it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use lineshaft_model::Timestamp;
use parking_lot::Mutex;

use crate::Offset;
use crate::format::{RecordHeader, SEGMENT_HEADER_BYTES};
use crate::limits::MARK_EVERY_BYTES;

/// A segment file.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) first: Offset,
    pub(crate) path: PathBuf,
    /// When its first record arrived; `None` when its header is damaged.
    pub(crate) arrived: Option<Timestamp>,
    extent: Mutex<Extent>,
    pub(crate) map: Mutex<Map>,
    removed: AtomicBool,
}

/// How far the committed part of a segment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) bytes: u64,
    /// The number after its last record.
    pub(crate) next: Offset,
}

impl Segment {
    pub(crate) fn new(
        first: Offset,
        path: PathBuf,
        arrived: Option<Timestamp>,
        extent: Extent,
        map: Map,
    ) -> Segment {
        let (extent, map) = (Mutex::new(extent), Mutex::new(map));
        Segment { first, path, arrived, extent, map, removed: AtomicBool::new(false) }
    }

    pub(crate) fn extent(&self) -> Extent {
        *self.extent.lock()
    }

    pub(crate) fn extend(&self, extent: Extent) {
        *self.extent.lock() = extent;
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    pub(crate) fn set_removed(&self) {
        self.removed.store(true, Ordering::Release);
    }

    /// Bytes from a record to the end, to within the distance of two marks.
    pub(crate) fn bytes_from(&self, offset: Offset) -> u64 {
        let extent = self.extent();
        if offset >= extent.next {
            return 0;
        }
        extent.bytes.saturating_sub(self.map.lock().mark_before(offset).at)
    }
}

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) offset: Offset,
    pub(crate) at: u64,
}

/// A sparse index of a segment, and where its context is. Complete up to `at`.
#[derive(Debug, Clone)]
pub(crate) struct Map {
    pub(crate) at: u64,
    pub(crate) next: Offset,
    marks: Vec<Mark>,
    context: Vec<Mark>,
    head_bytes: u64,
}

impl Map {
    pub(crate) fn new(first: Offset) -> Map {
        let at = SEGMENT_HEADER_BYTES as u64;
        let marks = vec![Mark { offset: first, at }];
        Map { at, next: first, marks, context: Vec::new(), head_bytes: at }
    }

    /// Takes the next record in.
    pub(crate) fn note(&mut self, header: &RecordHeader, at: u64) {
        let mark = Mark { offset: header.offset, at };
        if header.kind.is_context() {
            self.context.push(mark);
        }
        if self.marks.last().is_none_or(|last| at >= last.at + MARK_EVERY_BYTES) {
            self.marks.push(mark);
        }
        self.at = at + header.record_bytes() as u64;
        if header.numbers() == 0 {
            self.head_bytes = self.at;
        }
        self.next = header.offset + header.numbers();
    }

    /// Takes the records of a buffer in that was written at `at`.
    pub(crate) fn note_all(&mut self, mut records: &[u8], mut at: u64) {
        while let Some(header) = RecordHeader::parse(records) {
            self.note(&header, at);
            let len = header.record_bytes();
            at += len as u64;
            records = records.get(len..).unwrap_or_default();
        }
    }

    /// The last mark at or before a record that is not the segment's first.
    pub(crate) fn mark_before(&self, offset: Offset) -> Mark {
        let after = self.marks.partition_point(|mark| mark.offset <= offset);
        self.marks[after.saturating_sub(1)]
    }

    /// Bytes before the first record that is not a preamble.
    pub(crate) fn head_bytes(&self) -> u64 {
        self.head_bytes
    }

    /// The context before a record.
    pub(crate) fn context_before(&self, offset: Offset) -> Vec<Mark> {
        self.context.iter().copied().filter(|mark| mark.offset < offset).collect()
    }
}
