//! The index of a segment: blocks of tags in tree order, and a list of the blocks.

use std::cmp::Ordering;

use crate::bytes::{In, Malformed, put_bytes, put_varint, put_zigzag};
use crate::chunk::Kind;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_SAMPLES_MAX};
use crate::rows::text;

/// One chunk of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkEntry {
    pub(crate) offset: u64,
    pub(crate) header_len: u32,
    /// Header and pages.
    pub(crate) len: u32,
    pub(crate) samples: u32,
    pub(crate) kind: Kind,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// Where everything of one tag is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TagEntry {
    pub(crate) chunks: Vec<ChunkEntry>,
    /// Where the statistics are; right behind the chunks.
    pub(crate) statistics: u64,
    /// 0 when there are none.
    pub(crate) pictures_len: u32,
    pub(crate) pictures_crc: u32,
    pub(crate) sums_len: u32,
    pub(crate) sums_crc: u32,
}

impl TagEntry {
    /// Bytes in memory.
    pub(crate) fn cost(&self) -> usize {
        self.chunks.len() * size_of::<ChunkEntry>() + 96
    }

    fn put(&self, out: &mut Vec<u8>, day_start: i64) {
        put_varint(out, self.chunks.len() as u64);
        put_varint(out, self.chunks.first().map_or(0, |chunk| chunk.offset));
        let mut ts = day_start;
        for chunk in &self.chunks {
            out.push(chunk.kind as u8);
            put_varint(out, u64::from(chunk.header_len));
            put_varint(out, u64::from(chunk.len));
            put_varint(out, u64::from(chunk.samples));
            put_zigzag(out, chunk.first.wrapping_sub(ts));
            put_zigzag(out, chunk.last.wrapping_sub(chunk.first));
            ts = chunk.last;
        }
        for (len, crc) in [(self.pictures_len, self.pictures_crc), (self.sums_len, self.sums_crc)] {
            put_varint(out, u64::from(len));
            if len > 0 {
                out.extend_from_slice(&crc.to_le_bytes());
            }
        }
    }

    fn read(input: &mut In<'_>, day_start: i64) -> Result<TagEntry, Malformed> {
        let count = input.count(input.len())?; // a chunk takes more than a byte
        let mut offset = input.varint()?;
        let mut ts = day_start;
        let mut chunks = Vec::with_capacity(count);
        for _ in 0..count {
            let kind = Kind::from_code(input.u8()?)?;
            let header_len = input.count(CHUNK_BYTES_MAX as usize)? as u32;
            let len = input.count(CHUNK_BYTES_MAX as usize)? as u32;
            let samples = input.count(CHUNK_SAMPLES_MAX)? as u32;
            let first = ts.wrapping_add(input.zigzag()?);
            let last = first.wrapping_add(input.zigzag()?);
            if header_len > len || first > last {
                return Err(Malformed("a chunk entry contradicts itself"));
            }
            chunks.push(ChunkEntry { offset, header_len, len, samples, kind, first, last });
            offset = offset.checked_add(u64::from(len)).ok_or(Malformed("a chunk past the end"))?;
            ts = last;
        }
        let mut part = || -> Result<(u32, u32), Malformed> {
            let len = input.count(CHUNK_BYTES_MAX as usize)? as u32;
            Ok((len, if len > 0 { input.u32()? } else { 0 }))
        };
        let (pictures_len, pictures_crc) = part()?;
        let (sums_len, sums_crc) = part()?;
        Ok(TagEntry { chunks, statistics: offset, pictures_len, pictures_crc, sums_len, sums_crc })
    }
}

/// Writes one block.
#[derive(Debug, Default)]
pub(crate) struct BlockWriter {
    bytes: Vec<u8>,
    last: String,
    pub(crate) first: String,
    pub(crate) tags: usize,
}

impl BlockWriter {
    pub(crate) fn add(&mut self, path: &str, entry: &TagEntry, day_start: i64) {
        if self.tags == 0 {
            path.clone_into(&mut self.first);
        }
        let shared = self.last.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
        put_varint(&mut self.bytes, shared as u64);
        put_bytes(&mut self.bytes, &path.as_bytes()[shared..]);
        entry.put(&mut self.bytes, day_start);
        path.clone_into(&mut self.last);
        self.tags += 1;
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Goes through the tags of one block in order; stops when `each` says so.
pub(crate) fn walk_block(
    block: &[u8],
    day_start: i64,
    mut each: impl FnMut(&str, TagEntry) -> std::ops::ControlFlow<()>,
) -> Result<(), Malformed> {
    let mut input = In::new(block);
    let mut path = Vec::new();
    while !input.is_empty() {
        let shared = input.count(path.len())?;
        path.truncate(shared);
        path.extend_from_slice(input.bytes()?);
        let entry = TagEntry::read(&mut input, day_start)?;
        if each(text(&path)?, entry).is_break() {
            break;
        }
    }
    Ok(())
}

/// Where one block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockEntry {
    pub(crate) first: String,
    pub(crate) offset: u64,
    pub(crate) len: u32,
    pub(crate) crc: u32,
}

pub(crate) fn put_blocks(out: &mut Vec<u8>, blocks: &[BlockEntry]) {
    put_varint(out, blocks.len() as u64);
    for block in blocks {
        put_bytes(out, block.first.as_bytes());
        put_varint(out, block.offset);
        put_varint(out, u64::from(block.len));
        out.extend_from_slice(&block.crc.to_le_bytes());
    }
}

pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<BlockEntry>, Malformed> {
    let mut input = In::new(bytes);
    let count = input.count(bytes.len())?;
    let mut blocks = Vec::with_capacity(count);
    for _ in 0..count {
        let first = text(input.bytes()?)?.to_owned();
        let offset = input.varint()?;
        let len = input.count(u32::MAX as usize)? as u32;
        blocks.push(BlockEntry { first, offset, len, crc: input.u32()? });
    }
    Ok(blocks)
}

/// The order of paths in a segment: that of the tree, as `TagPath` has it.
pub(crate) fn tree_order(a: &str, b: &str) -> Ordering {
    a.split('/').cmp(b.split('/'))
}

/// The block that has a path if any has.
pub(crate) fn block_of<'a>(blocks: &'a [BlockEntry], path: &str) -> Option<&'a BlockEntry> {
    let after = blocks.partition_point(|block| tree_order(&block.first, path).is_le());
    blocks.get(after.checked_sub(1)?)
}
