//! How much of everything there may be.

/// Files of one revision. A plant of 10,000 devices in files of their own is far from it.
pub(crate) const FILES_MAX: usize = 50_000;

/// The largest file that is kept, as the plant folder's reader has it.
pub(crate) const FILE_BYTES_MAX: u64 = 256 << 20;

/// The longest path, in bytes: four times what a folder and a name need.
pub(crate) const PATH_BYTES_MAX: usize = 1_024;

/// The longest path that may be written.
pub(crate) const PATH_WRITTEN_BYTES_MAX: usize = 200;

/// The longest line of the log: [`FILES_MAX`] files with long names fit.
pub(crate) const LINE_BYTES_MAX: usize = 64 << 20;

/// Proposals that may wait at a time. Whoever finds a hundred waiting decides some first.
pub(crate) const PROPOSALS_OPEN_MAX: usize = 100;

/// Lines around a difference.
pub(crate) const CONTEXT_LINES: usize = 3;

/// Texts longer than this are compared by size only.
pub(crate) const DIFF_BYTES_MAX: usize = 4 << 20;

/// A difference of more lines than this is shown by size only: nobody reads it, and a browser would stall.
pub(crate) const DIFF_LINES_MAX: usize = 20_000;

/// How many edits one call takes.
pub(crate) const EDITS_MAX: usize = 10_000;

/// How deep a key lies at most: `[a.b.c]` with `d` is 4.
pub(crate) const KEY_DEPTH_MAX: usize = 16;

/// The longest text that is edited key by key.
pub(crate) const EDIT_BYTES_MAX: usize = 16 << 20;
