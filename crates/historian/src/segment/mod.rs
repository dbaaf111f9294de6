//! A segment: one file with the chunks of many tags of one UTC day, readable alone.
//!
//! The bytes are described in `docs/formats/historian.md`. Written once, never changed, opened by its last
//! 80 bytes; a question about one tag reads one block of the index, the tag's statistics, and single pages.

mod index;
mod read;
mod write;

use std::io;

use lineshaft_model::Timestamp;

use crate::bytes::{In, Malformed};

pub(crate) use index::TagEntry;
pub(crate) use read::{Segment, Store, examine};
pub(crate) use write::SegmentWriter;

/// The version of files this code writes; it reads 1 to this.
pub(crate) const VERSION: u16 = 1;
pub(crate) const MAGIC: &[u8; 8] = b"LSHSEG\r\n";
pub(crate) const END_MAGIC: &[u8; 8] = b"LSHEND\r\n";
pub(crate) const HEADER_LEN: u64 = 32;
pub(crate) const FOOTER_LEN: u64 = 80;

/// Which segment: its day, its level (0 as sealed, more when merged), and the number of the seal that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SegmentId {
    /// Days since 1970 UTC.
    pub(crate) day: i32,
    pub(crate) level: u8,
    /// Later seals have later samples in order of arrival.
    pub(crate) sequence: u64,
}

impl SegmentId {
    /// The name of its file.
    pub(crate) fn file_name(self) -> String {
        let date = Timestamp::from_secs(i64::from(self.day) * 86_400).to_string();
        let date = date.split('T').next().unwrap_or_default();
        format!("{date}.L{}.{:012}.seg", self.level, self.sequence)
    }
}

/// What the manifest knows of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentMeta {
    pub(crate) id: SegmentId,
    pub(crate) bytes: u64,
    pub(crate) samples: u64,
    pub(crate) tags: u32,
    /// The instants of the oldest and newest sample.
    pub(crate) oldest: i64,
    pub(crate) newest: i64,
}

/// The last bytes of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) index_offset: u64,
    pub(crate) index_len: u32,
    pub(crate) index_crc: u32,
    pub(crate) tags: u32,
    pub(crate) blocks: u32,
    pub(crate) chunks: u32,
    pub(crate) samples: u64,
    pub(crate) oldest: i64,
    pub(crate) newest: i64,
    pub(crate) file_len: u64,
}

impl Footer {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FOOTER_LEN as usize);
        out.extend_from_slice(&self.index_offset.to_le_bytes());
        for number in [self.index_len, self.index_crc, self.tags, self.blocks, self.chunks, 0] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.samples.to_le_bytes());
        out.extend_from_slice(&self.oldest.to_le_bytes());
        out.extend_from_slice(&self.newest.to_le_bytes());
        out.extend_from_slice(&self.file_len.to_le_bytes());
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(END_MAGIC);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Footer, Malformed> {
        let Some((body, crc)) = bytes.split_last_chunk::<4>() else {
            return Err(Malformed("the footer is too short"));
        };
        if !body.ends_with(END_MAGIC) {
            return Err(Malformed("the file does not end as a segment"));
        }
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return Err(Malformed("the checksum of the footer does not match"));
        }
        let mut input = In::new(body);
        let index_offset = input.u64()?;
        let (index_len, index_crc) = (input.u32()?, input.u32()?);
        let (tags, blocks, chunks, _) = (input.u32()?, input.u32()?, input.u32()?, input.u32()?);
        let (samples, oldest, newest) = (input.u64()?, input.i64()?, input.i64()?);
        let file_len = input.u64()?;
        Ok(Footer {
            index_offset,
            index_len,
            index_crc,
            tags,
            blocks,
            chunks,
            samples,
            oldest,
            newest,
            file_len,
        })
    }
}

pub(crate) fn header(id: SegmentId) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN as usize);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[id.level, 0]);
    out.extend_from_slice(&id.day.to_le_bytes());
    out.extend_from_slice(&id.sequence.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// A file of a version this code does not know.
#[derive(Debug, thiserror::Error)]
#[error("version {found} was written by a newer program; this one reads up to {}", VERSION)]
pub(crate) struct Newer {
    pub(crate) found: u16,
}

/// Checks the header; the answer is whose it is.
pub(crate) fn read_header(bytes: &[u8]) -> io::Result<SegmentId> {
    let mut input = In::new(bytes);
    if input.take(MAGIC.len())? != MAGIC {
        return Err(damaged(0)(Malformed("the file does not start as a segment")));
    }
    let version = input.u16()?;
    let level = input.u8()?;
    input.u8()?;
    let (day, sequence) = (input.i32()?, input.u64()?);
    input.u32()?;
    // Before the version: a flipped bit is damage, not a file from the future.
    if crc32c::crc32c(&bytes[..bytes.len().min(28)]) != input.u32()? {
        return Err(damaged(0)(Malformed("the checksum of the header does not match")));
    }
    if version > VERSION {
        return Err(io::Error::new(io::ErrorKind::Unsupported, Newer { found: version }));
    }
    Ok(SegmentId { day, level, sequence })
}

/// Damage with its place.
#[derive(Debug, thiserror::Error)]
#[error("damaged at byte {at}: {what}")]
pub(crate) struct Damaged {
    pub(crate) at: u64,
    pub(crate) what: Malformed,
}

pub(crate) fn damaged(at: u64) -> impl Fn(Malformed) -> io::Error {
    move |what| io::Error::new(io::ErrorKind::InvalidData, Damaged { at, what })
}
