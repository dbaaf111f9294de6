//! The limits of the codec, each with its reason.

/// The version of the payloads this program writes, and the only one it reads. Version 1 had no
/// numbering and was never released; its bytes must not be taken for those of this one.
pub(crate) const VERSION: u8 = 2;

/// The most rows of one record. Columns that are all alike take a few bytes whatever their length, so
/// the count is what bounds the memory that a record can ask for. Longer batches take several records.
pub const ROWS_MAX: usize = 65_536;

/// The most tags of one log: four bytes each in the decoder, and a hundred plants.
pub const TAGS_MAX: u32 = 1 << 24;

/// A batch with more bytes than this is cut in two, so that a reader's chunk stays small.
pub(crate) const PAYLOAD_BYTES_SOFT_MAX: usize = 4 * 1024 * 1024;

/// The longest preamble that is put together from its parts; the dictionary of a million tags is
/// about 20 MB.
pub(crate) const PREAMBLE_BYTES_MAX: usize = 512 * 1024 * 1024;

/// After damage the numbers in a dictionary record may start beyond those known, by at most this.
pub(crate) const HOLE_MAX: u32 = 1 << 20;
