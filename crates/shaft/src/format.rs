//! Bytes of a segment: its header, and the header and checksum of each record. No IO.
//!
//! Source of truth: `docs/formats/shaft.md`. All numbers are little endian.

use bytes::Bytes;
use lineshaft_model::Timestamp;

use crate::Offset;
use crate::limits::{PREAMBLE_CHUNK_BYTES, RECORD_BYTES_MAX, VERSION};

/// What a record means. Belongs to the codec, but for two rules of the shaft.
///
/// - 0 is the preamble: written by the shaft at the head of each segment, never appended.
/// - Kinds below 16 are *context*: needed to understand what follows in the same segment. A reader that
///   starts in the middle of a segment gets the context before its position first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKind(pub u8);

impl RecordKind {
    /// The bytes a [`crate::Preamble`] wrote, or a part of them.
    pub const PREAMBLE: RecordKind = RecordKind(0);
    /// The first kind that is not context.
    pub const CONTENT: RecordKind = RecordKind(16);

    /// Whether it is needed to understand what follows in its segment.
    #[must_use]
    pub const fn is_context(self) -> bool {
        self.0 < Self::CONTENT.0
    }
}

/// A committed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number. A preamble has none of its own: it carries that of the segment's first record.
    pub offset: Offset,
    /// What it means.
    pub kind: RecordKind,
    /// When it was appended.
    pub arrived: Timestamp,
    /// Whether the next record continues this one (a long preamble).
    pub more: bool,
    /// Its bytes: a part of a chunk that was read as one.
    pub payload: Bytes,
}

/// Bytes of a segment's header.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 40;
/// Bytes of a record's header.
pub(crate) const RECORD_HEADER_BYTES: usize = 28;

const MAGIC: [u8; 8] = *b"LSshaft\n";

/// The first record of a group commit: everything before it was synced before it was written.
pub(crate) const FLAG_GROUP: u8 = 1;
/// The next record continues this one.
pub(crate) const FLAG_MORE: u8 = 2;

/// Head of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) first: Offset,
    pub(crate) arrived: Timestamp,
}

/// What the first bytes of a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    Segment(SegmentHeader),
    Newer(u16),
    Damaged,
}

impl SegmentHeader {
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.arrived.nanos().to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        let crc = crc32c::crc32c(&out[start..]);
        out.extend_from_slice(&crc.to_le_bytes());
    }

    pub(crate) fn parse(bytes: &[u8]) -> Head {
        let Some(bytes) = bytes.first_chunk::<SEGMENT_HEADER_BYTES>() else {
            return Head::Damaged;
        };
        // Magic, version and checksum stay where they are in every later version: so a flipped bit
        // in the version is damage and not a file from the future.
        if bytes[..8] != MAGIC || crc32c::crc32c(&bytes[..36]) != u32_at(bytes, 36) {
            return Head::Damaged;
        }
        match u16::from_le_bytes([bytes[8], bytes[9]]) {
            VERSION => Head::Segment(SegmentHeader {
                first: u64_at(bytes, 16),
                arrived: Timestamp::from_nanos(u64_at(bytes, 24).cast_signed()),
            }),
            version => Head::Newer(version),
        }
    }
}

/// Head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) len: u32,
    pub(crate) kind: RecordKind,
    pub(crate) flags: u8,
    pub(crate) offset: Offset,
    pub(crate) arrived: Timestamp,
    pub(crate) crc: u32,
}

impl RecordHeader {
    /// Reads a header; `None` when it cannot be one. Its checksum is not checked: that needs the payload.
    pub(crate) fn parse(bytes: &[u8]) -> Option<RecordHeader> {
        let bytes = bytes.first_chunk::<RECORD_HEADER_BYTES>()?;
        let len = u32_at(bytes, 0);
        let known = len as usize <= RECORD_BYTES_MAX && bytes[6] == 0 && bytes[7] == 0;
        known.then(|| RecordHeader {
            len,
            kind: RecordKind(bytes[4]),
            flags: bytes[5],
            offset: u64_at(bytes, 8),
            arrived: Timestamp::from_nanos(u64_at(bytes, 16).cast_signed()),
            crc: u32_at(bytes, 24),
        })
    }

    /// Bytes of the whole record.
    pub(crate) const fn record_bytes(&self) -> usize {
        RECORD_HEADER_BYTES + self.len as usize
    }

    /// How many numbers the record takes: a preamble has none of its own.
    pub(crate) const fn numbers(&self) -> u64 {
        if self.kind.0 == RecordKind::PREAMBLE.0 { 0 } else { 1 }
    }
}

/// Whether the checksum of a whole record is right.
pub(crate) fn is_sound(record: &[u8]) -> bool {
    let Some((head, payload)) = record.split_first_chunk::<RECORD_HEADER_BYTES>() else {
        return false;
    };
    checksum(payload, &head[..24]) == u32_at(head, 24)
}

/// The payload first, so that a header of zeros over a payload of zeros is never sound.
fn checksum(payload: &[u8], head: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(payload), head)
}

/// Writes a record.
pub(crate) fn write_record(
    out: &mut Vec<u8>,
    kind: RecordKind,
    flags: u8,
    offset: Offset,
    arrived: Timestamp,
    payload: &[u8],
) {
    assert!(payload.len() <= RECORD_BYTES_MAX, "a record of {} bytes", payload.len());
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut head = [0; RECORD_HEADER_BYTES];
    head[..4].copy_from_slice(&len.to_le_bytes());
    head[4] = kind.0;
    head[5] = flags;
    head[8..16].copy_from_slice(&offset.to_le_bytes());
    head[16..24].copy_from_slice(&arrived.nanos().to_le_bytes());
    let crc = checksum(payload, &head[..24]);
    head[24..].copy_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(payload);
}

/// Writes a preamble as the records it takes; none when it is empty.
pub(crate) fn write_preamble(out: &mut Vec<u8>, first: Offset, now: Timestamp, preamble: &[u8]) {
    let mut chunks = preamble.chunks(PREAMBLE_CHUNK_BYTES).peekable();
    while let Some(chunk) = chunks.next() {
        let flags = if chunks.peek().is_some() { FLAG_MORE } else { 0 };
        write_record(out, RecordKind::PREAMBLE, flags, first, now, chunk);
    }
}

/// The file name of a segment: its first offset in twenty digits, so that names sort as offsets do.
pub(crate) fn segment_name(first: Offset) -> String {
    format!("{first:020}.shaft")
}

/// Reads [`segment_name`]; `None` for any other file.
pub(crate) fn parse_segment_name(name: &str) -> Option<Offset> {
    let digits = name.strip_suffix(".shaft")?;
    let whole = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| digits.parse().ok())?
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_header_is_these_bytes() {
        let header = SegmentHeader { first: 7, arrived: Timestamp::from_nanos(-2) };
        let mut bytes = Vec::new();
        header.write(&mut bytes);
        assert_eq!(bytes.len(), SEGMENT_HEADER_BYTES);
        assert_eq!(&bytes[..16], b"LSshaft\n\x01\0\0\0\0\0\0\0");
        assert_eq!(&bytes[16..24], &[7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&bytes[24..32], &[0xfe, 255, 255, 255, 255, 255, 255, 255]);
        assert_eq!(SegmentHeader::parse(&bytes), Head::Segment(header));
    }

    #[test]
    fn a_flipped_version_is_damage_and_a_signed_one_is_the_future() {
        let mut bytes = Vec::new();
        SegmentHeader { first: 0, arrived: Timestamp::default() }.write(&mut bytes);
        bytes[8] = 2;
        assert_eq!(SegmentHeader::parse(&bytes), Head::Damaged);
        let crc = crc32c::crc32c(&bytes[..36]).to_le_bytes();
        bytes[36..].copy_from_slice(&crc);
        assert_eq!(SegmentHeader::parse(&bytes), Head::Newer(2));
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_noticed() {
        let mut bytes = Vec::new();
        write_record(&mut bytes, RecordKind(16), FLAG_GROUP, 3, Timestamp::from_secs(1), b"abc");
        assert!(is_sound(&bytes));
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let header = RecordHeader::parse(&bytes);
            let seen = header.is_some_and(|h| h.record_bytes() == bytes.len()) && is_sound(&bytes);
            assert!(!seen, "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn zeros_are_never_a_record() {
        for len in 0..100 {
            assert!(!is_sound(&vec![0; RECORD_HEADER_BYTES + len]));
        }
    }

    #[test]
    fn names_sort_as_offsets_do() {
        assert_eq!(segment_name(42), "00000000000000000042.shaft");
        assert_eq!(parse_segment_name(&segment_name(u64::MAX)), Some(u64::MAX));
        for other in
            ["42.shaft", "lock", "0000000000000000004x.shaft", "99999999999999999999.shaft"]
        {
            assert_eq!(parse_segment_name(other), None, "{other}");
        }
    }
}
