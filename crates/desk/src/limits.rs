//! How much of everything.

/// The most annotations, withdrawn ones included: nothing that somebody wrote about the plant is thrown away.
pub const ANNOTATIONS_MAX: u64 = 100_000;
/// The longest text of an annotation, in bytes. With its tags it stays below 64 KiB.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The most tags of one annotation; one that is about more is about a path.
pub const ANNOTATION_TAGS_MAX: usize = 64;
/// The longest reason of a withdrawal, in bytes.
pub const WHY_BYTES_MAX: usize = 1_000;
/// The most saved trends of all people together.
pub const TRENDS_MAX: u64 = 1_000;
/// The most saved trends of one person, so that nobody takes the places of all others.
pub const TRENDS_OF_ONE_MAX: u64 = 200;
/// The longest saved trend, in bytes of JSON.
pub const TREND_BYTES_MAX: usize = 64 * 1024;
/// The longest name of a trend, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// The longest address of a first page, in bytes.
pub const HOME_BYTES_MAX: usize = 1_000;
/// A page of annotations ends early when their texts have this many bytes.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest the file gets. An annotation of everyday length takes some 300 bytes, so the count is what is met first.
pub const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The same in pages of 4,096 bytes, as SQLite counts.
pub(crate) const FILE_PAGES_MAX: u32 = 131_072;
/// Questions that are answered at a time; more wait. They share one connection.
pub(crate) const READS_MAX: usize = 2;

const _: () = assert!(FILE_BYTES_MAX == FILE_PAGES_MAX as u64 * 4_096);
const _: () = assert!(TRENDS_OF_ONE_MAX <= TRENDS_MAX);
