//! The tags of a log: numbers on disk, interned paths in memory.
//!
//! Entries stand in the order of their numbers; each is the count of bytes it shares with the path
//! before it, the count of its own, and those. The whole dictionary starts at number 0 and says how
//! many there are and their checksum (it may come in parts, and a part may be damaged); a dictionary
//! record says its first number. Growing only adds bytes at the end, so the whole is kept encoded and a
//! new segment costs one copy.
//!
//! When part of the dictionary is damaged and a process cannot know all numbers that were given, it
//! gives them anew, under another *numbering*: the number of the first record that can use it, which no
//! other numbering of the log has. Every record says which one it means, so a sample is never read
//! under another tag's name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lineshaft_model::{TagId, TagPath, Tags};
use lineshaft_shaft::{Offset, Preamble, Record};
use parking_lot::RwLock;

use crate::column::{Cursor, put_varint};
use crate::limits::{HOLE_MAX, TAGS_MAX, VERSION};
use crate::{DICTIONARY, PREAMBLE, RecordError};

/// No number, no tag.
const NONE: u32 = u32::MAX;

/// Gives each tag its number in the log. Shared by the writer and the shaft, which puts it at the head
/// of each segment.
#[derive(Debug)]
pub struct Dictionary {
    tags: Arc<Tags>,
    entries: RwLock<Entries>,
    /// All numbers below this are in the log.
    logged: AtomicU32,
}

/// Whether everything in the newest segment could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soundness {
    /// Everything.
    Sound,
    /// Something is damaged, or was cut off.
    Damaged,
}

#[derive(Debug, Default)]
struct Entries {
    /// Under which numbering.
    numbering: u64,
    /// By number.
    paths: Vec<TagPath>,
    /// By the index of the tag; [`NONE`] for a tag that has none.
    numbers: Vec<u32>,
    /// All entries as bytes.
    encoded: Vec<u8>,
}

impl Dictionary {
    /// An empty one.
    #[must_use]
    pub fn new(tags: Arc<Tags>) -> Arc<Dictionary> {
        let entries = RwLock::default();
        Arc::new(Dictionary { tags, entries, logged: AtomicU32::new(0) })
    }

    /// Takes over what the newest segment says, and goes on with its numbering if it `is_sound` and
    /// nothing is missing. Otherwise numbers are given anew, from the record `next` on, and the answer
    /// is false: a new segment must begin with it.
    ///
    /// # Errors
    /// [`RecordError`] for context of a later version, or that makes no sense.
    pub fn recover(
        &self,
        context: &[Record],
        soundness: Soundness,
        next: Offset,
    ) -> Result<bool, RecordError> {
        let mut numbers = Numbers::default();
        for record in context {
            numbers.read(record, &self.tags)?;
        }
        let mut whole = soundness == Soundness::Sound && numbers.numbering.is_some();
        let mut entries = self.entries.write();
        for tag in &numbers.tags {
            match tag.and_then(|tag| self.tags.path(tag).map(|path| (tag, path))) {
                Some((tag, path)) => {
                    // A path that is there twice would shift the numbers after it.
                    whole &= entries.number(tag).is_none();
                    entries.add(tag, path);
                }
                None => whole = false,
            }
        }
        entries.numbering = if whole { numbers.numbering.unwrap_or(next) } else { next };
        self.logged.store(if whole { entries.count() } else { 0 }, Ordering::Release);
        Ok(whole)
    }

    /// The number of a tag, given now if it is new; `None` for a tag that is not in the table, or when
    /// [`TAGS_MAX`] are given.
    pub(crate) fn number(&self, tag: TagId) -> Option<u32> {
        if let Some(number) = self.entries.read().number(tag) {
            return Some(number);
        }
        let path = self.tags.path(tag)?;
        let mut entries = self.entries.write();
        (entries.count() < TAGS_MAX).then(|| entries.add(tag, path))
    }

    /// Numbers from here on are not yet in the log.
    pub(crate) fn logged(&self) -> u32 {
        self.logged.load(Ordering::Acquire)
    }

    pub(crate) fn set_logged(&self, next: u32) {
        self.logged.fetch_max(next, Ordering::AcqRel);
    }

    /// Writes a dictionary record of all numbers from `first` on; the number after the last.
    pub(crate) fn write_from(&self, first: u32, out: &mut Vec<u8>) -> u32 {
        let entries = self.entries.read();
        out.push(VERSION);
        put_varint(out, entries.numbering);
        put_varint(out, u64::from(first));
        let mut before = "";
        for path in entries.paths.iter().skip(first as usize) {
            put_entry(out, before, path.as_str());
            before = path.as_str();
        }
        entries.count()
    }

    /// What the numbers are to be understood under.
    pub(crate) fn numbering(&self) -> u64 {
        self.entries.read().numbering
    }

    /// How many tags have a number.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.entries.read().count()
    }
}

impl Preamble for Dictionary {
    fn write(&self, out: &mut Vec<u8>) {
        let entries = self.entries.read();
        out.push(VERSION);
        out.extend_from_slice(&entries.numbering.to_le_bytes());
        out.extend_from_slice(&entries.count().to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&entries.encoded).to_le_bytes());
        out.extend_from_slice(&entries.encoded);
    }
}

impl Entries {
    fn count(&self) -> u32 {
        u32::try_from(self.paths.len()).unwrap_or(NONE)
    }

    fn number(&self, tag: TagId) -> Option<u32> {
        self.numbers.get(tag.index()).copied().filter(|number| *number != NONE)
    }

    fn add(&mut self, tag: TagId, path: TagPath) -> u32 {
        if let Some(number) = self.number(tag) {
            return number;
        }
        let number = self.count();
        put_entry(&mut self.encoded, self.paths.last().map_or("", TagPath::as_str), path.as_str());
        self.paths.push(path);
        if self.numbers.len() <= tag.index() {
            self.numbers.resize(tag.index() + 1, NONE);
        }
        self.numbers[tag.index()] = number;
        number
    }
}

fn put_entry(out: &mut Vec<u8>, before: &str, path: &str) {
    let same = before.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
    put_varint(out, same as u64);
    put_varint(out, (path.len() - same) as u64);
    out.extend_from_slice(&path.as_bytes()[same..]);
}

/// What numbers mean, as read from the log.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// Under which numbering; `None` before the first dictionary.
    numbering: Option<u64>,
    /// By number; `None` where the log's entry was damaged.
    tags: Vec<Option<TagId>>,
    /// The parts of a preamble that is not yet whole.
    parts: Vec<u8>,
    /// Whose parts they are: the number of the record that the preamble stands before.
    parts_of: Offset,
}

impl Numbers {
    /// Whether these are the numbers that a record means.
    pub(crate) fn are(&self, numbering: u64) -> bool {
        self.numbering == Some(numbering)
    }

    /// A record that is no preamble came: parts that wait for their end wait in vain.
    pub(crate) fn end_preamble(&mut self) {
        if !self.parts.is_empty() {
            self.parts = Vec::new();
        }
    }

    pub(crate) fn tag(&self, number: u64) -> Option<TagId> {
        *self.tags.get(usize::try_from(number).ok()?)?
    }

    #[cfg(test)]
    pub(crate) fn of(tags: impl IntoIterator<Item = TagId>) -> Numbers {
        let tags = tags.into_iter().map(Some).collect();
        Numbers { numbering: Some(0), tags, ..Numbers::default() }
    }

    /// Takes a preamble or dictionary record in; others are none of its business.
    pub(crate) fn read(&mut self, record: &Record, tags: &Tags) -> Result<(), RecordError> {
        match record.kind {
            PREAMBLE => {
                if self.parts_of != record.offset {
                    // Those of another segment, whose last one could not be read.
                    (self.parts, self.parts_of) = (Vec::new(), record.offset);
                }
                let claimed = self.parts.len() + record.payload.len();
                let max = crate::limits::PREAMBLE_BYTES_MAX;
                if claimed > max {
                    self.parts = Vec::new();
                    let (claimed, max) = (claimed as u64, max as u64);
                    return Err(RecordError::TooMany { what: "bytes of tags", claimed, max });
                }
                if record.more || !self.parts.is_empty() {
                    self.parts.extend_from_slice(&record.payload);
                    if record.more {
                        return Ok(());
                    }
                    let whole = std::mem::take(&mut self.parts);
                    return self.read_whole(&whole, tags);
                }
                self.read_whole(&record.payload, tags)
            }
            DICTIONARY => {
                self.end_preamble();
                self.read_more(&record.payload, tags)
            }
            _ => Ok(()),
        }
    }

    fn read_whole(&mut self, payload: &[u8], tags: &Tags) -> Result<(), RecordError> {
        let mut cursor = Cursor::new(payload, "tag dictionary");
        check_version(cursor.byte()?)?;
        let numbering = u64::from_le_bytes(cursor.array()?);
        let (count, crc) = (cursor.u32()?, cursor.u32()?);
        if crc32c::crc32c(cursor.rest()) != crc {
            // A part is missing. What is known from the segment before stays known.
            tracing::warn!("the tag dictionary of a segment is damaged");
            return Ok(());
        }
        self.tags.clear();
        self.numbering = Some(numbering);
        self.read_entries(cursor, 0, tags)?;
        if self.tags.len() == count as usize { Ok(()) } else { Err(cursor.malformed()) }
    }

    fn read_more(&mut self, payload: &[u8], tags: &Tags) -> Result<(), RecordError> {
        let mut cursor = Cursor::new(payload, "tag dictionary");
        check_version(cursor.byte()?)?;
        let numbering = cursor.varint()?;
        if !self.are(numbering) {
            self.tags.clear();
            self.numbering = Some(numbering);
        }
        let first = cursor.varint()?;
        let max = (self.tags.len() as u64 + u64::from(HOLE_MAX)).min(u64::from(TAGS_MAX));
        if first > max {
            return Err(RecordError::TooMany { what: "tags", claimed: first, max });
        }
        self.read_entries(cursor, usize::try_from(first).unwrap_or(usize::MAX), tags)
    }

    fn read_entries(
        &mut self,
        mut cursor: Cursor<'_>,
        first: usize,
        tags: &Tags,
    ) -> Result<(), RecordError> {
        let mut path = Vec::new();
        let mut number = first;
        while !cursor.is_empty() {
            let (same, own) = (cursor.len()?, cursor.len()?);
            if same > path.len() || own > TagPath::BYTES_MAX || number >= TAGS_MAX as usize {
                return Err(cursor.malformed());
            }
            path.truncate(same);
            path.extend_from_slice(cursor.bytes(own)?);
            let text = std::str::from_utf8(&path).map_err(|_other| cursor.malformed())?;
            let tag = tags.intern(&TagPath::new(text).map_err(|_other| cursor.malformed())?);
            if self.tags.len() <= number {
                self.tags.resize(number + 1, None);
            }
            self.tags[number] = Some(tag);
            number += 1;
        }
        Ok(())
    }
}

pub(crate) fn check_version(found: u8) -> Result<(), RecordError> {
    match found {
        VERSION => Ok(()),
        0..VERSION => Err(RecordError::malformed("version")),
        _ => Err(RecordError::Newer { found, known: VERSION }),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use lineshaft_model::Timestamp;

    use super::*;

    fn last(offset: Offset, payload: &[u8]) -> Record {
        let (arrived, payload) = (Timestamp::default(), Bytes::copy_from_slice(payload));
        Record { offset, kind: PREAMBLE, arrived, more: false, payload }
    }

    fn part(offset: Offset, payload: &[u8]) -> Record {
        Record { more: true, ..last(offset, payload) }
    }

    #[test]
    fn a_preamble_is_whole_though_the_one_of_the_segment_before_lost_its_end() {
        let tags = Arc::new(Tags::new());
        let dictionary = Dictionary::new(Arc::clone(&tags));
        let tag = tags.intern(&TagPath::new("acme/line/a").unwrap());
        dictionary.number(tag).unwrap();
        let mut whole = Vec::new();
        dictionary.write(&mut whole);
        let (head, end) = whole.split_at(20);
        let mut numbers = Numbers::default();
        for record in [part(0, head), part(7, head), last(7, end)] {
            numbers.read(&record, &tags).unwrap();
        }
        assert_eq!(numbers.tag(0), Some(tag));
    }
}
