//! Walks the records of one segment file, in large chunks, believing nothing it has not checked.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use lineshaft_runtime::DiskFile;

use crate::Offset;
use crate::format::{FLAG_MORE, RECORD_HEADER_BYTES, Record, RecordHeader, is_sound};
use crate::limits::{CHUNK_BYTES, RESYNC_WORK_FACTOR};

/// A place in a segment file.
#[derive(Debug)]
pub(crate) struct Scan {
    file: Arc<dyn DiskFile>,
    chunk: Bytes,
    chunk_at: u64,
    /// Where the next record begins.
    pub(crate) at: u64,
    /// The number the next record must have.
    pub(crate) next: Offset,
}

/// A record that was found where it should be.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) header: RecordHeader,
    pub(crate) at: u64,
    record: Bytes,
}

impl Found {
    /// The whole record, header included.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.record
    }

    pub(crate) fn into_record(self) -> Record {
        Record {
            offset: self.header.offset,
            kind: self.header.kind,
            arrived: self.header.arrived,
            more: self.header.flags & FLAG_MORE != 0,
            payload: self.record.slice(RECORD_HEADER_BYTES..),
        }
    }
}

/// What comes next in the file.
#[derive(Debug)]
pub(crate) enum Step {
    Record(Found),
    /// Exactly at the end.
    End,
    /// What stands here is not the record that should.
    Bad(&'static str),
}

impl Scan {
    pub(crate) fn new(file: Arc<dyn DiskFile>, at: u64, next: Offset) -> Scan {
        Scan { file, chunk: Bytes::new(), chunk_at: 0, at, next }
    }

    /// Goes over one record. After [`Step::Bad`] it stands where it stood.
    pub(crate) fn step(&mut self, end: u64) -> io::Result<Step> {
        if self.at == end {
            return Ok(Step::End);
        }
        let Some(head) = self.peek(self.at, RECORD_HEADER_BYTES, end)? else {
            return Ok(Step::Bad("the file ends within a record's header"));
        };
        let Some(header) = RecordHeader::parse(head) else {
            return Ok(Step::Bad("a record's header makes no sense"));
        };
        if header.offset != self.next {
            return Ok(Step::Bad("a record has the wrong number"));
        }
        let (at, len) = (self.at, header.record_bytes());
        let Some(bytes) = self.peek(at, len, end)? else {
            return Ok(Step::Bad("the file ends within a record"));
        };
        if !is_sound(bytes) {
            return Ok(Step::Bad("a record's checksum is wrong"));
        }
        let record = self.slice(at, len);
        self.at = at + len as u64;
        self.next += header.numbers();
        Ok(Step::Record(Found { header, at, record }))
    }

    /// Forgets what was read, so that the next step asks the disk again.
    pub(crate) fn forget(&mut self) {
        self.chunk = Bytes::new();
    }

    /// After [`Step::Bad`], goes to the next sound record numbered below `limit`; false when there is
    /// none, and then stands at `end`.
    pub(crate) fn resync(&mut self, end: u64, limit: Offset) -> io::Result<bool> {
        let (start, floor) = (self.at, self.next);
        let mut work = (end - start).saturating_mul(RESYNC_WORK_FACTOR);
        // The length is often right even when the payload is not, and then the very next record is there.
        let hop = match self.peek(start, RECORD_HEADER_BYTES, end)?.and_then(RecordHeader::parse) {
            Some(header) if header.offset == floor => start + header.record_bytes() as u64,
            _ => end,
        };
        let last = end.saturating_sub(RECORD_HEADER_BYTES as u64);
        let everywhere = (start + 1..=last).map(|at| (at, limit));
        let hop_limit = limit.min(floor.saturating_add(2));
        for (at, limit) in std::iter::once((hop, hop_limit)).chain(everywhere) {
            let Some(head) = self.peek(at, RECORD_HEADER_BYTES, end)? else { continue };
            let Some(header) = RecordHeader::parse(head) else { continue };
            if header.offset < floor || header.offset >= limit {
                continue;
            }
            let len = header.record_bytes();
            if at + len as u64 > end {
                continue;
            }
            work = work.saturating_sub(len as u64);
            if work == 0 {
                break;
            }
            if self.peek(at, len, end)?.is_some_and(is_sound) {
                (self.at, self.next) = (at, header.offset);
                return Ok(true);
            }
        }
        self.at = end;
        Ok(false)
    }

    /// Bytes at a place, or `None` when the file has not so many below `end`.
    fn peek(&mut self, at: u64, len: usize, end: u64) -> io::Result<Option<&[u8]>> {
        let stop = at + len as u64;
        if stop > end {
            return Ok(None);
        }
        let chunk_end = self.chunk_at + self.chunk.len() as u64;
        if at < self.chunk_at || stop > chunk_end {
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(CHUNK_BYTES).max(len);
            let mut chunk = BytesMut::zeroed(wanted);
            let read = self.file.read_at(&mut chunk, at)?;
            chunk.truncate(read);
            (self.chunk, self.chunk_at) = (chunk.freeze(), at);
        }
        let from = usize::try_from(at - self.chunk_at).unwrap_or(usize::MAX);
        Ok(self.chunk.get(from..from.saturating_add(len)))
    }

    /// What `peek` has just shown, to keep.
    fn slice(&self, at: u64, len: usize) -> Bytes {
        let from = usize::try_from(at - self.chunk_at).unwrap_or(usize::MAX);
        self.chunk.slice(from..from + len)
    }
}
