//! The limits of the shaft, each with its reason.

use std::time::Duration;

/// The version of the format this program writes, and the newest it reads.
pub const VERSION: u16 = 1;

/// The largest payload of one record. A length that says more is damage, not a reason to allocate.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The preamble is cut into records of this size: one record of it is never a large allocation.
pub(crate) const PREAMBLE_CHUNK_BYTES: usize = 1024 * 1024;

/// How much a reader asks of the disk at a time: large enough for a hard disk, small for a gateway.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// A mark of the sparse index every so many bytes: 16 bytes of memory for 64 KiB of log.
pub(crate) const MARK_EVERY_BYTES: u64 = 64 * 1024;

/// While the disk is full, the writer tries again this often.
pub(crate) const FULL_RETRY: Duration = Duration::from_secs(1);

/// Looking for the next good record after a bad one may hash this many times the bytes it looks at;
/// payloads that were made to look like records must not make it quadratic.
pub(crate) const RESYNC_WORK_FACTOR: u64 = 8;

/// The longest name of a reader: it is a file name.
pub(crate) const READER_NAME_BYTES_MAX: usize = 64;

/// The most damaged places that are remembered (to count and log each once) and listed per segment.
pub(crate) const DAMAGES_MAX: usize = 1024;

/// The quota has room for at least this many segments, or deleting the oldest would take most of it.
pub(crate) const SEGMENTS_IN_QUOTA_MIN: u64 = 4;

const _: () = assert!(PREAMBLE_CHUNK_BYTES <= RECORD_BYTES_MAX);
const _: () = assert!(CHUNK_BYTES as u64 >= MARK_EVERY_BYTES);
