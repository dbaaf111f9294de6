//! The limits of the trail, each with its reason.

use std::time::Duration;

/// The version of the format this program writes, and the newest it reads.
pub const VERSION: u16 = 1;

/// The longest line of an entry. A length that says more is damage, not a reason to allocate.
pub const ENTRY_BYTES_MAX: usize = 1024 * 1024;

/// The most entries of one page.
pub const PAGE_ENTRIES_MAX: u32 = 10_000;

/// A page ends early when its lines have this many bytes, so that many long entries are no large answer.
pub(crate) const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// One call of `read` looks at this many entries at most, then it answers with `next`.
pub(crate) const SCAN_ENTRIES_MAX: u64 = 200_000;

/// And at this many bytes at most.
pub(crate) const SCAN_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What may wait for the writer: this many units of [`QUEUE_UNIT_BYTES`], so at most as many entries.
pub(crate) const QUEUE_UNITS: u32 = 8192;

/// Every entry takes at least one unit of the queue.
pub(crate) const QUEUE_UNIT_BYTES: usize = 1024;

/// How much is asked of the disk at a time: large enough for a hard disk, small for a gateway.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// A mark of the sparse index every so many bytes: 16 bytes of memory for 64 KiB of trail.
pub(crate) const MARK_EVERY_BYTES: u64 = 64 * 1024;

/// While the disk is full or the reserve is not whole, the writer looks again this often.
pub(crate) const FULL_RETRY: Duration = Duration::from_secs(1);

/// The log says at most this often that there is no room: where room comes and goes, it would say it each second.
pub(crate) const FULL_SAID: Duration = Duration::from_secs(60);

/// Looking for the next good record after a bad one may hash this many times the bytes it looks at.
pub(crate) const RESYNC_WORK_FACTOR: u64 = 8;

/// The reserve is given up in steps of this.
pub(crate) const RESERVE_STEP_BYTES: u64 = 1024 * 1024;

/// Free space counts as low below this many times the reserve.
pub(crate) const LOW_FACTOR: u64 = 4;

/// The most broken places a report lists; the first is what matters.
pub(crate) const BROKEN_MAX: usize = 64;

/// The longest text of a checkpoint: three lines and the signatures of a few dozen witnesses.
pub(crate) const CHECKPOINT_BYTES_MAX: usize = 16 * 1024;

const _: () = assert!(ENTRY_BYTES_MAX.div_ceil(QUEUE_UNIT_BYTES) <= QUEUE_UNITS as usize);
const _: () = assert!(CHUNK_BYTES as u64 >= MARK_EVERY_BYTES);
