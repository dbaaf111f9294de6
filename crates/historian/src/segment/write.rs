//! Writes a segment under a temporary name; it has its own name only when all of it is on disk.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_model::TagPath;
use lineshaft_runtime::{Disk, DiskFile};

use super::index::{BlockEntry, BlockWriter, ChunkEntry, TagEntry, put_blocks};
use super::{FOOTER_LEN, Footer, SegmentId, SegmentMeta, header};
use crate::chunk::{cut, encode};
use crate::limits::{BLOCK_TAGS_MAX, DAY_NANOS, STATISTICS_SAMPLES_MIN, WRITE_BUFFER_BYTES};
use crate::rows::Rows;
use crate::statistics::{Pictures, put_pictures, put_sums};

/// A segment being written.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    id: SegmentId,
    disk: Arc<dyn Disk>,
    draft: PathBuf,
    file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    written: u64,
    block: BlockWriter,
    blocks: Vec<BlockEntry>,
    meta: SegmentMeta,
    chunks: u32,
}

impl SegmentWriter {
    /// Starts a file in `dir`.
    pub(crate) fn create(disk: Arc<dyn Disk>, dir: &Path, id: SegmentId) -> io::Result<Self> {
        let draft = dir.join(id.file_name()).with_extension("tmp");
        match disk.remove(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = disk.create(&draft)?;
        let meta =
            SegmentMeta { id, bytes: 0, samples: 0, tags: 0, oldest: i64::MAX, newest: i64::MIN };
        Ok(SegmentWriter {
            id,
            disk,
            draft,
            file,
            buffer: header(id),
            written: 0,
            block: BlockWriter::default(),
            blocks: Vec::new(),
            meta,
            chunks: 0,
        })
    }

    fn offset(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(&self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Adds all rows of one tag, in order. Tags come in the order of their paths.
    pub(crate) fn add(&mut self, path: &TagPath, rows: &Rows) -> io::Result<()> {
        let mut entry = TagEntry::default();
        let mut pictures = Pictures::default();
        let mut sums = Vec::new();
        for range in cut(rows) {
            let encoded = encode(rows, range.clone()).map_err(io::Error::other)?;
            for page in &encoded.ranges {
                sums.push(pictures.add(rows, page.clone(), encoded.kind));
            }
            entry.chunks.push(ChunkEntry {
                offset: self.offset(),
                header_len: encoded.header.len() as u32,
                len: (encoded.header.len() + encoded.pages.len()) as u32,
                samples: range.len() as u32,
                kind: encoded.kind,
                first: rows.ts[range.start],
                last: rows.ts[range.end - 1],
            });
            self.buffer.extend_from_slice(&encoded.header);
            self.buffer.extend_from_slice(&encoded.pages);
            if self.buffer.len() >= WRITE_BUFFER_BYTES {
                self.flush()?;
            }
        }
        entry.statistics = self.offset();
        if rows.len() >= STATISTICS_SAMPLES_MIN {
            let mut bytes = Vec::new();
            put_pictures(&mut bytes, &pictures);
            (entry.pictures_len, entry.pictures_crc) = self.append(&bytes);
            bytes.clear();
            put_sums(&mut bytes, &sums, &pictures);
            (entry.sums_len, entry.sums_crc) = self.append(&bytes);
        }
        self.chunks += entry.chunks.len() as u32;
        self.meta.tags += 1;
        self.meta.samples += rows.len() as u64;
        self.meta.oldest = self.meta.oldest.min(rows.ts.first().copied().unwrap_or(i64::MAX));
        self.meta.newest = self.meta.newest.max(rows.ts.last().copied().unwrap_or(i64::MIN));
        self.block.add(path.as_str(), &entry, day_start(self.id.day));
        if self.block.tags >= BLOCK_TAGS_MAX {
            self.end_block();
        }
        if self.buffer.len() >= WRITE_BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn append(&mut self, bytes: &[u8]) -> (u32, u32) {
        self.buffer.extend_from_slice(bytes);
        (bytes.len() as u32, crc32c::crc32c(bytes))
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if block.tags == 0 {
            return;
        }
        let (first, offset) = (block.first.clone(), self.offset());
        let (len, crc) = self.append(&block.finish());
        self.blocks.push(BlockEntry { first, offset, len, crc });
    }

    /// Writes the index, syncs, and gives the file its name. The folder still has to be synced.
    pub(crate) fn finish(mut self) -> io::Result<SegmentMeta> {
        self.end_block();
        let mut list = Vec::new();
        put_blocks(&mut list, &self.blocks);
        let index_offset = self.offset();
        let (index_len, index_crc) = self.append(&list);
        self.meta.bytes = self.offset() + FOOTER_LEN;
        let footer = Footer {
            index_offset,
            index_len,
            index_crc,
            tags: self.meta.tags,
            blocks: self.blocks.len() as u32,
            chunks: self.chunks,
            samples: self.meta.samples,
            oldest: self.meta.oldest,
            newest: self.meta.newest,
            file_len: self.meta.bytes,
        };
        self.buffer.extend_from_slice(&footer.write());
        self.flush()?;
        self.file.sync()?;
        self.disk.rename(&self.draft, &self.draft.with_file_name(self.id.file_name()))?;
        Ok(self.meta)
    }
}

pub(crate) fn day_start(day: i32) -> i64 {
    i64::from(day).saturating_mul(DAY_NANOS)
}
