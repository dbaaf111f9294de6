//! Every number that bounds something here, with its reason.

/// A chunk has at least this many samples where a tag has them: pco's bins pay from here on.
pub(crate) const CHUNK_SAMPLES_MIN: usize = 16_384;
/// No chunk has more; a decoder may trust no header beyond it.
pub(crate) const CHUNK_SAMPLES_MAX: usize = 2 * CHUNK_SAMPLES_MIN;
/// Samples of one page at most: small enough to decode for one pixel, and two percent larger than no pages at all.
pub(crate) const PAGE_SAMPLES_MAX: usize = 1_024;
/// A chunk is cut once its text and bytes have grown to this many bytes, so that one chunk is never a gigabyte.
pub(crate) const CHUNK_TEXT_BYTES_MAX: usize = 1 << 20;
/// Bytes of a whole chunk at most: text of 64 KiB may come on top of [`CHUNK_TEXT_BYTES_MAX`], numbers take 26 each.
pub(crate) const CHUNK_BYTES_MAX: u64 = 8 << 20;
/// Fewer numbers than this are packed as differences: pco's own header would be longer than what it saves.
pub(crate) const PCO_SAMPLES_MIN: usize = 48;
/// Type runs shorter than this on average are kept in one chunk of mixed kind instead of a chunk each.
pub(crate) const TYPE_RUN_MIN: usize = 256;
/// A tag with fewer samples in a segment has no page statistics: decoding is as fast as reading them.
pub(crate) const STATISTICS_SAMPLES_MIN: usize = 128;
/// The most decimal places that are looked for; 9 still fits 2^53 for values up to nine million.
pub(crate) const DECIMALS_MAX: u32 = 9;

/// Tags of one index block: a lookup reads and walks one block.
pub(crate) const BLOCK_TAGS_MAX: usize = 128;
/// Bytes of one index block at most, for a reader that trusts nothing.
pub(crate) const BLOCK_BYTES_MAX: u64 = 64 << 20;
/// Bytes the segment writer gathers before it writes.
pub(crate) const WRITE_BUFFER_BYTES: usize = 1 << 20;
/// Segment files kept open at once; a year in day files is walked with few reopenings.
pub(crate) const OPEN_FILES_MAX: usize = 128;
/// The longest manifest that is read: some million commits.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 1 << 30;
/// A manifest with more records than this, most of them history, is written anew at the next start.
pub(crate) const MANIFEST_RECORDS_MAX: usize = 4_096;

/// Most samples of one raw page.
pub(crate) const RAW_LIMIT_MAX: u32 = 100_000;
/// Most intervals, or pixel columns, of one question.
pub(crate) const INTERVALS_MAX: i128 = 100_000;

/// Nanoseconds of a UTC day, the partition.
pub(crate) const DAY_NANOS: i64 = 86_400_000_000_000;

const _: () =
    assert!(PAGE_SAMPLES_MAX >= 512 && CHUNK_SAMPLES_MIN.is_multiple_of(PAGE_SAMPLES_MAX));
const _: () = assert!(CHUNK_SAMPLES_MAX < 1 << 24, "pco's own limit of one chunk");
