//! Walks the records of one segment file, in large chunks, believing nothing it has not checked.

use std::io;
use std::sync::Arc;

use lineshaft_runtime::DiskFile;

use crate::format::{Kind, RECORD_HEAD_BYTES, RecordHead};
use crate::limits::{CHUNK_BYTES, RESYNC_WORK_FACTOR};

/// A place in a segment file.
#[derive(Debug)]
pub(crate) struct Scan {
    file: Arc<dyn DiskFile>,
    chunk: Vec<u8>,
    chunk_at: u64,
    /// Where the next record begins.
    pub(crate) at: u64,
    /// Nothing behind this is looked at.
    pub(crate) end: u64,
}

/// A sound record.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) kind: Kind,
    /// Where it begins.
    pub(crate) at: u64,
    /// Its text: whole UTF-8.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Found<'a> {
    /// Its text.
    pub(crate) fn text(&self) -> &'a str {
        // `Scan::step` has looked.
        std::str::from_utf8(self.bytes).unwrap_or_default()
    }
}

/// What comes next in the file.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    Record(Found<'a>),
    /// Exactly at the end.
    End,
    /// What stands here is no sound record.
    Bad(&'static str),
}

impl Scan {
    pub(crate) fn new(file: Arc<dyn DiskFile>, at: u64, end: u64) -> Scan {
        Scan { file, chunk: Vec::new(), chunk_at: 0, at, end }
    }

    /// Goes over one record. After [`Step::Bad`] it stands where it stood.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        let at = self.at;
        if at >= self.end {
            return Ok(Step::End);
        }
        let Some(head) = self.peek(at, RECORD_HEAD_BYTES)? else {
            return Ok(Step::Bad("the file ends within the head of a record"));
        };
        let Some(head) = RecordHead::parse(head) else {
            return Ok(Step::Bad("no record begins like this"));
        };
        let len = head.record_bytes();
        let Some(record) = self.peek(at, len)? else {
            return Ok(Step::Bad("the file ends within a record"));
        };
        if !head.is_sound(record) {
            return Ok(Step::Bad("the checksum of a record is wrong"));
        }
        self.at = at + len as u64;
        let from = self.index(at) + RECORD_HEAD_BYTES;
        Ok(Step::Record(Found { kind: head.kind, at, bytes: &self.chunk[from..from + head.len] }))
    }

    /// After [`Step::Bad`], goes to the next sound record; false when there is none, and then stands at the end.
    pub(crate) fn resync(&mut self) -> io::Result<bool> {
        let start = self.at;
        let mut work = self.end.saturating_sub(start).saturating_mul(RESYNC_WORK_FACTOR);
        // The length is often right even when the rest is not, and then the very next record is there.
        let head = self.peek(start, RECORD_HEAD_BYTES)?.and_then(RecordHead::parse);
        let hop = head.map_or(self.end, |head| start + head.record_bytes() as u64);
        let last = self.end.saturating_sub(RECORD_HEAD_BYTES as u64);
        for at in std::iter::once(hop).chain(start + 1..=last) {
            let Some(head) = self.peek(at, RECORD_HEAD_BYTES)?.and_then(RecordHead::parse) else {
                continue;
            };
            let len = head.record_bytes();
            if at + len as u64 > self.end {
                continue;
            }
            work = work.saturating_sub(len as u64);
            if work == 0 {
                break;
            }
            if self.peek(at, len)?.is_some_and(|record| head.is_sound(record)) {
                self.at = at;
                return Ok(true);
            }
        }
        self.at = self.end;
        Ok(false)
    }

    /// Bytes at a place, or `None` when there are not so many before the end.
    pub(crate) fn peek(&mut self, at: u64, len: usize) -> io::Result<Option<&[u8]>> {
        let stop = at + len as u64;
        if stop > self.end {
            return Ok(None);
        }
        let chunk_end = self.chunk_at + self.chunk.len() as u64;
        if at < self.chunk_at || stop > chunk_end {
            let rest = usize::try_from(self.end - at).unwrap_or(usize::MAX);
            self.chunk.resize(rest.min(CHUNK_BYTES).max(len), 0);
            let read = self.file.read_at(&mut self.chunk, at)?;
            self.chunk.truncate(read);
            self.chunk_at = at;
        }
        let from = self.index(at);
        Ok(self.chunk.get(from..from + len))
    }

    fn index(&self, at: u64) -> usize {
        usize::try_from(at - self.chunk_at).unwrap_or(usize::MAX)
    }
}
