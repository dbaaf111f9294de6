//! The metrics of the trail.

/// Entries recorded.
pub(crate) const ENTRIES: &str = "lineshaft_audit_entries_total";
/// Acts that could not be recorded.
pub(crate) const REFUSED: &str = "lineshaft_audit_refused_total";
/// Bytes written to segments.
pub(crate) const WRITTEN: &str = "lineshaft_audit_written_bytes_total";
/// Group commits.
pub(crate) const COMMITS: &str = "lineshaft_audit_commits_total";
/// How long a group commit took, write and sync.
pub(crate) const COMMIT_SECONDS: &str = "lineshaft_audit_commit_seconds";
/// Bytes of all segments that are here.
pub(crate) const BYTES: &str = "lineshaft_audit_size_bytes";
/// 1 while there is no room.
pub(crate) const FULL: &str = "lineshaft_audit_full_state";
/// 1 after a failed write or sync.
pub(crate) const STOPPED: &str = "lineshaft_audit_stopped_state";
/// 1 while free space is short or part of the reserve is used up.
pub(crate) const LOW: &str = "lineshaft_audit_low_state";
/// Bytes of damage met while reading.
pub(crate) const DAMAGED: &str = "lineshaft_audit_damaged_bytes_total";
