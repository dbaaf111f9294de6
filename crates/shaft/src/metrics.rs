//! The metrics of the shaft.

/// Records appended.
pub(crate) const RECORDS: &str = "lineshaft_shaft_records_total";
/// Bytes written, headers included.
pub(crate) const WRITTEN: &str = "lineshaft_shaft_written_bytes_total";
/// Group commits.
pub(crate) const COMMITS: &str = "lineshaft_shaft_commits_total";
/// How long a group commit took, write and sync.
pub(crate) const COMMIT_SECONDS: &str = "lineshaft_shaft_commit_seconds";
/// Bytes of all segments.
pub(crate) const BYTES: &str = "lineshaft_shaft_size_bytes";
/// 1 while there is no room.
pub(crate) const FULL: &str = "lineshaft_shaft_full_state";
/// 1 after a failed write or sync.
pub(crate) const POISONED: &str = "lineshaft_shaft_poisoned_state";
/// Records deleted before every reader had passed them.
pub(crate) const LOST: &str = "lineshaft_shaft_lost_records_total";
/// Records found damaged.
pub(crate) const DAMAGED: &str = "lineshaft_shaft_damaged_records_total";
