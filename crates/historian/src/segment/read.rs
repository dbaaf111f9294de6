//! Reads segments: by tag, by page, with a bounded memory of what was read before.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lineshaft_model::{TagId, TagPath};
use lineshaft_runtime::{Disk, DiskFile};
use parking_lot::Mutex;

use super::index::{BlockEntry, ChunkEntry, TagEntry, block_of, blocks, walk_block};
use super::write::day_start;
use super::{FOOTER_LEN, Footer, HEADER_LEN, SegmentMeta, damaged, read_header};
use crate::bytes::Malformed;
use crate::chunk::ChunkReader;
use crate::limits::{BLOCK_BYTES_MAX, CHUNK_BYTES_MAX, OPEN_FILES_MAX};
use crate::lru::Lru;
use crate::rows::Rows;
use crate::statistics::{Pictures, Sums, pictures, sums};

/// A segment of the manifest. The file is opened when it is first asked.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) meta: SegmentMeta,
    pub(crate) name: String,
    path: PathBuf,
    store: Arc<Store>,
    /// Taken out of the manifest: the file goes when the last question about it is answered.
    retired: AtomicBool,
}

impl Segment {
    pub(crate) fn new(store: &Arc<Store>, meta: SegmentMeta) -> Segment {
        let name = meta.id.file_name();
        let path = store.dir.join(&name);
        Segment { meta, name, path, store: store.clone(), retired: AtomicBool::new(false) }
    }

    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Acquire) {
            self.store.files.lock().remove(&self.meta.id);
            if let Err(error) = self.store.disk.remove(&self.path) {
                // It is in no manifest: the next start removes it.
                tracing::warn!(file = %self.name, error = %error, "an expired segment stays on disk");
            }
        }
    }
}

/// Where segments are, and what is remembered of them.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    files: Mutex<Lru<super::SegmentId, Arc<dyn DiskFile>>>,
    known: Mutex<Lru<Key, Known>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Blocks(super::SegmentId),
    Tag(super::SegmentId, TagId),
    Pictures(super::SegmentId, TagId),
    Sums(super::SegmentId, TagId),
}

#[derive(Debug, Clone)]
enum Known {
    Blocks(Arc<Vec<BlockEntry>>),
    Tag(Option<Arc<TagEntry>>),
    Pictures(Arc<Pictures>),
    Sums(Arc<Vec<Sums>>),
}

/// Reads again what looks damaged before it is believed: a bit can flip on the way, too.
fn twice<T>(mut read: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    match read() {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => read(),
        result => result,
    }
}

/// Reads exactly so many bytes.
fn read_exact(file: &dyn DiskFile, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let read = file.read_at(&mut bytes, offset)?;
    if read < len {
        return Err(damaged(offset)(Malformed("the file ends too early")));
    }
    Ok(bytes)
}

fn checked(file: &dyn DiskFile, offset: u64, len: u32, crc: u32) -> io::Result<Vec<u8>> {
    twice(|| {
        let bytes = read_exact(file, offset, len as usize)?;
        if crc32c::crc32c(&bytes) != crc {
            return Err(damaged(offset)(Malformed("the checksum of a block does not match")));
        }
        Ok(bytes)
    })
}

/// Reads header, footer and the list of blocks of a file.
fn read_frame(file: &dyn DiskFile) -> io::Result<(super::SegmentId, Footer, Vec<BlockEntry>)> {
    let id = twice(|| read_header(&read_exact(file, 0, HEADER_LEN as usize)?))?;
    let size = file.size()?;
    let footer_at = size
        .checked_sub(FOOTER_LEN)
        .ok_or_else(|| damaged(size)(Malformed("the file ends too early")))?;
    let footer = twice(|| {
        let bytes = read_exact(file, footer_at, FOOTER_LEN as usize)?;
        Footer::read(&bytes).map_err(damaged(footer_at))
    })?;
    let index_end = footer.index_offset.checked_add(u64::from(footer.index_len));
    if footer.file_len != size || index_end != Some(footer_at) {
        return Err(damaged(footer_at)(Malformed("the footer does not fit the file")));
    }
    let list = checked(file, footer.index_offset, footer.index_len, footer.index_crc)?;
    Ok((id, footer, blocks(&list).map_err(damaged(footer.index_offset))?))
}

fn read_block(file: &dyn DiskFile, block: &BlockEntry) -> io::Result<Vec<u8>> {
    if u64::from(block.len) > BLOCK_BYTES_MAX {
        return Err(damaged(block.offset)(Malformed("an index block is too long")));
    }
    checked(file, block.offset, block.len, block.crc)
}

fn read_pictures(file: &dyn DiskFile, entry: &TagEntry) -> io::Result<Pictures> {
    let bytes = checked(file, entry.statistics, entry.pictures_len, entry.pictures_crc)?;
    let pages_max = entry.chunks.iter().map(|chunk| chunk.samples as usize).sum();
    pictures(&bytes, pages_max).map_err(damaged(entry.statistics))
}

fn read_sums(file: &dyn DiskFile, entry: &TagEntry, known: &Pictures) -> io::Result<Vec<Sums>> {
    let offset = entry.statistics + u64::from(entry.pictures_len);
    let bytes = checked(file, offset, entry.sums_len, entry.sums_crc)?;
    sums(&bytes, known).map_err(damaged(offset))
}

/// Reads the header of one chunk.
fn read_chunk(file: &dyn DiskFile, entry: &ChunkEntry) -> io::Result<ChunkReader> {
    let reader = twice(|| {
        let bytes = read_exact(file, entry.offset, entry.header_len as usize)?;
        ChunkReader::new(&bytes).map_err(damaged(entry.offset))
    })?;
    if reader.pages_len() as u64 + u64::from(entry.header_len) != u64::from(entry.len)
        || reader.kind != entry.kind
    {
        return Err(damaged(entry.offset)(Malformed("chunk and index do not fit")));
    }
    Ok(reader)
}

/// Reads one page of one chunk.
fn read_page(
    file: &dyn DiskFile,
    entry: &ChunkEntry,
    reader: &mut ChunkReader,
    page: usize,
) -> io::Result<Rows> {
    let Some(bytes) = reader.pages.get(page).map(|page| page.bytes.clone()) else {
        return Err(damaged(entry.offset)(Malformed("no such page")));
    };
    let offset = entry.offset + u64::from(entry.header_len) + bytes.start as u64;
    twice(|| {
        let bytes = read_exact(file, offset, bytes.len())?;
        reader.page(page, &bytes).map_err(damaged(offset))
    })
}

impl Store {
    /// A store of the files in `dir` that remembers up to `known_bytes` of what it read.
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path, known_bytes: usize) -> Arc<Store> {
        let files = Mutex::new(Lru::new(OPEN_FILES_MAX));
        Arc::new(Store { disk, dir: dir.into(), files, known: Mutex::new(Lru::new(known_bytes)) })
    }

    fn file(&self, segment: &Segment) -> io::Result<Arc<dyn DiskFile>> {
        let id = segment.meta.id;
        if let Some(file) = self.files.lock().get(&id) {
            return Ok(file);
        }
        let file = self.disk.open(&segment.path)?;
        self.files.lock().put(id, file.clone(), 1);
        Ok(file)
    }

    fn blocks(&self, segment: &Segment) -> io::Result<Arc<Vec<BlockEntry>>> {
        let key = Key::Blocks(segment.meta.id);
        if let Some(Known::Blocks(blocks)) = self.known.lock().get(&key) {
            return Ok(blocks);
        }
        let (id, _, blocks) = read_frame(&*self.file(segment)?)?;
        if id != segment.meta.id {
            return Err(damaged(0)(Malformed("the file is another segment than its name says")));
        }
        let blocks = Arc::new(blocks);
        let cost = blocks.iter().map(|block| block.first.len() + 64).sum();
        self.known.lock().put(key, Known::Blocks(blocks.clone()), cost);
        Ok(blocks)
    }

    /// What a segment has of a tag; `None` when it has nothing.
    pub(crate) fn tag(
        &self,
        segment: &Segment,
        tag: TagId,
        path: &TagPath,
    ) -> io::Result<Option<Arc<TagEntry>>> {
        let key = Key::Tag(segment.meta.id, tag);
        if let Some(Known::Tag(entry)) = self.known.lock().get(&key) {
            return Ok(entry);
        }
        let blocks = self.blocks(segment)?;
        let mut found = None;
        if let Some(block) = block_of(&blocks, path.as_str()) {
            let bytes = read_block(&*self.file(segment)?, block)?;
            walk_block(&bytes, day_start(segment.meta.id.day), |name, entry| {
                if name == path.as_str() {
                    found = Some(Arc::new(entry));
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })
            .map_err(damaged(block.offset))?;
        }
        let cost = found.as_ref().map_or(64, |entry| entry.cost());
        self.known.lock().put(key, Known::Tag(found.clone()), cost);
        Ok(found)
    }

    /// The pictures of a tag; `None` when it has too few samples to have any.
    pub(crate) fn pictures(
        &self,
        segment: &Segment,
        tag: TagId,
        entry: &TagEntry,
    ) -> io::Result<Option<Arc<Pictures>>> {
        if entry.pictures_len == 0 {
            return Ok(None);
        }
        let key = Key::Pictures(segment.meta.id, tag);
        if let Some(Known::Pictures(known)) = self.known.lock().get(&key) {
            return Ok(Some(known));
        }
        let read = Arc::new(read_pictures(&*self.file(segment)?, entry)?);
        self.known.lock().put(key, Known::Pictures(read.clone()), read.cost());
        Ok(Some(read))
    }

    /// The sums that belong to the pictures of a tag.
    pub(crate) fn sums(
        &self,
        segment: &Segment,
        tag: TagId,
        entry: &TagEntry,
        pictures: &Pictures,
    ) -> io::Result<Arc<Vec<Sums>>> {
        let key = Key::Sums(segment.meta.id, tag);
        if let Some(Known::Sums(known)) = self.known.lock().get(&key) {
            return Ok(known);
        }
        let read = Arc::new(read_sums(&*self.file(segment)?, entry, pictures)?);
        let cost = read.len() * size_of::<Sums>() + 64;
        self.known.lock().put(key, Known::Sums(read.clone()), cost);
        Ok(read)
    }

    pub(crate) fn chunk(&self, segment: &Segment, entry: &ChunkEntry) -> io::Result<ChunkReader> {
        read_chunk(&*self.file(segment)?, entry)
    }

    pub(crate) fn page(
        &self,
        segment: &Segment,
        entry: &ChunkEntry,
        reader: &mut ChunkReader,
        page: usize,
    ) -> io::Result<Rows> {
        read_page(&*self.file(segment)?, entry, reader, page)
    }
}

/// Reads every byte of a segment and checks that it means something; the answer is its number of samples.
pub(crate) fn examine(file: &dyn DiskFile) -> io::Result<u64> {
    let (id, footer, blocks) = read_frame(file)?;
    let (mut samples, mut tags) = (0, 0_u64);
    for block in &blocks {
        let bytes = read_block(file, block)?;
        let mut entries = Vec::new();
        walk_block(&bytes, day_start(id.day), |_, entry| {
            entries.push(entry);
            ControlFlow::Continue(())
        })
        .map_err(damaged(block.offset))?;
        for entry in entries {
            tags += 1;
            samples += examine_tag(file, &entry)?;
        }
    }
    if samples != footer.samples || tags != u64::from(footer.tags) {
        return Err(damaged(footer.index_offset)(Malformed("footer and content do not fit")));
    }
    Ok(samples)
}

fn examine_tag(file: &dyn DiskFile, entry: &TagEntry) -> io::Result<u64> {
    let mut samples = 0;
    let mut pages = 0;
    for chunk in &entry.chunks {
        if u64::from(chunk.len) > CHUNK_BYTES_MAX {
            return Err(damaged(chunk.offset)(Malformed("a chunk is too long")));
        }
        let mut reader = read_chunk(file, chunk)?;
        for page in 0..reader.pages.len() {
            let rows = read_page(file, chunk, &mut reader, page)?;
            if !rows.ts.is_sorted() {
                return Err(damaged(chunk.offset)(Malformed("samples are not in order")));
            }
            samples += rows.len() as u64;
            pages += 1;
        }
    }
    if entry.pictures_len > 0 {
        let pictures = read_pictures(file, entry)?;
        let sums = read_sums(file, entry, &pictures)?;
        if sums.len() != pages {
            return Err(damaged(entry.statistics)(Malformed("statistics and pages do not fit")));
        }
    }
    Ok(samples)
}
