//! The bytes of a segment: its head and its records. `docs/formats/audit.md` is the source of truth.

use std::str;

use crate::VERSION;
use crate::limits::{CHECKPOINT_BYTES_MAX, ENTRY_BYTES_MAX};

const MAGIC: &[u8; 8] = b"LSaudit\n";

/// The head of a segment file.
pub(crate) const HEAD_BYTES: usize = 32;

/// Length, checksum and kind before the bytes of a record.
pub(crate) const RECORD_HEAD_BYTES: usize = 9;

const NAME_END: &str = ".audit";
const NAME_DIGITS: usize = 20;

/// The name of the segment that begins with an entry.
pub(crate) fn segment_name(first: u64) -> String {
    format!("{first:020}{NAME_END}")
}

/// The first entry of a segment by its name; `None` when it is not the name of one.
pub(crate) fn parse_segment_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(NAME_END)?;
    let plain = digits.len() == NAME_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// What stands at the head of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    /// A segment that begins with this entry.
    Segment(u64),
    /// A sound head of a later version.
    Newer(u16),
    /// Not a head.
    Damaged,
}

pub(crate) fn write_head(out: &mut Vec<u8>, first: u64) {
    let start = out.len();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let crc = crc32c::crc32c(&out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
}

pub(crate) fn parse_head(bytes: &[u8]) -> Head {
    let Some(bytes) = bytes.first_chunk::<HEAD_BYTES>() else { return Head::Damaged };
    let crc = u32::from_le_bytes([bytes[28], bytes[29], bytes[30], bytes[31]]);
    if !bytes.starts_with(MAGIC) || crc32c::crc32c(&bytes[..28]) != crc {
        return Head::Damaged;
    }
    let version = u16::from_le_bytes([bytes[8], bytes[9]]);
    if version > VERSION {
        return Head::Newer(version);
    }
    let first = bytes[16..24].iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte));
    let mut expected = Vec::with_capacity(HEAD_BYTES);
    write_head(&mut expected, first);
    // Nothing may hide where zeros belong.
    if expected == bytes { Head::Segment(first) } else { Head::Damaged }
}

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Entry,
    /// The checkpoint behind a group of entries.
    Checkpoint,
    /// A copy of the checkpoint before the segment, right behind its head.
    Before,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Kind::Entry => 1,
            Kind::Checkpoint => 2,
            Kind::Before => 3,
        }
    }

    const fn of(byte: u8) -> Option<Kind> {
        match byte {
            1 => Some(Kind::Entry),
            2 => Some(Kind::Checkpoint),
            3 => Some(Kind::Before),
            _ => None,
        }
    }

    const fn bytes_max(self) -> usize {
        match self {
            Kind::Entry => ENTRY_BYTES_MAX,
            Kind::Checkpoint | Kind::Before => CHECKPOINT_BYTES_MAX,
        }
    }
}

/// The head of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordHead {
    pub(crate) kind: Kind,
    pub(crate) len: usize,
    crc: u32,
}

impl RecordHead {
    /// `None` when no record begins like this.
    pub(crate) fn parse(bytes: &[u8]) -> Option<RecordHead> {
        let [a, b, c, d, e, f, g, h, kind] = *bytes.first_chunk::<RECORD_HEAD_BYTES>()?;
        let kind = Kind::of(kind)?;
        let len = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
        let possible = (1..=kind.bytes_max()).contains(&len);
        possible.then_some(RecordHead { kind, len, crc: u32::from_le_bytes([e, f, g, h]) })
    }

    pub(crate) const fn record_bytes(&self) -> usize {
        RECORD_HEAD_BYTES + self.len
    }

    /// Whether the checksum of a whole record is right, and its bytes are text of one form.
    pub(crate) fn is_sound(&self, record: &[u8]) -> bool {
        let sound = checksum(record) == self.crc;
        sound && str::from_utf8(&record[RECORD_HEAD_BYTES..]).is_ok()
    }
}

/// CRC32C of the length, the kind and the bytes.
fn checksum(record: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&record[..4]), &record[8..])
}

/// Adds a record whose bytes `write` adds; how long they are.
pub(crate) fn write_record(
    out: &mut Vec<u8>,
    kind: Kind,
    write: impl FnOnce(&mut Vec<u8>),
) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; RECORD_HEAD_BYTES]);
    write(out);
    let len = out.len() - start - RECORD_HEAD_BYTES;
    assert!((1..=kind.bytes_max()).contains(&len), "a record of {len} bytes");
    // Within 32 bits: checked right above.
    let len32 = u32::try_from(len).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&len32.to_le_bytes());
    out[start + 8] = kind.byte();
    let crc = checksum(&out[start..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_and_any_flipped_bit_is_found() {
        let mut head = Vec::new();
        write_head(&mut head, 31_337);
        assert_eq!((head.len(), parse_head(&head)), (HEAD_BYTES, Head::Segment(31_337)));
        for bit in 0..HEAD_BYTES * 8 {
            let mut bad = head.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse_head(&bad), Head::Damaged, "bit {bit}");
        }
    }

    #[test]
    fn a_head_with_something_where_zeros_belong_is_damaged_even_with_a_right_checksum() {
        for at in [10, 15, 24, 27] {
            let mut head = Vec::new();
            write_head(&mut head, 7);
            head[at] = 1;
            let crc = crc32c::crc32c(&head[..28]);
            head[28..].copy_from_slice(&crc.to_le_bytes());
            assert_eq!(parse_head(&head), Head::Damaged, "byte {at}");
        }
    }

    #[test]
    fn names_of_segments_sort_as_their_numbers() {
        assert_eq!(segment_name(31_337), "00000000000000031337.audit");
        assert_eq!(parse_segment_name("00000000000000031337.audit"), Some(31_337));
        for name in ["31337.audit", "0000000000000003133x.audit", "00000000000000031337.shaft"] {
            assert_eq!(parse_segment_name(name), None, "{name}");
        }
    }
}
