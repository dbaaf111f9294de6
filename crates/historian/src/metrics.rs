//! The historian's metrics.

/// Samples taken in from the shaft.
pub(crate) const SAMPLES: &str = "lineshaft_historian_samples_total";
/// Samples more than an hour ahead of the clock; kept.
pub(crate) const FUTURE_SAMPLES: &str = "lineshaft_historian_future_samples_total";
/// Bytes of samples in memory.
pub(crate) const HOT_BYTES: &str = "lineshaft_historian_hot_bytes";
/// Samples in memory.
pub(crate) const HOT_SAMPLES: &str = "lineshaft_historian_hot_samples";
/// Segment files.
pub(crate) const SEGMENTS: &str = "lineshaft_historian_segments";
/// Bytes of segment files.
pub(crate) const SEGMENT_BYTES: &str = "lineshaft_historian_segment_bytes";
/// Samples sealed.
pub(crate) const SEALED_SAMPLES: &str = "lineshaft_historian_sealed_samples_total";
/// How long seals took.
pub(crate) const SEAL_SECONDS: &str = "lineshaft_historian_seal_seconds";
/// Seals that failed and will be tried again.
pub(crate) const SEAL_ERRORS: &str = "lineshaft_historian_seal_errors_total";
/// Files of unfinished seals removed at the start.
pub(crate) const LEFTOVERS: &str = "lineshaft_historian_leftover_files_total";
/// Segments dropped because of their age.
pub(crate) const EXPIRED: &str = "lineshaft_historian_expired_segments_total";
/// Records of the shaft that could not be read or were gone.
pub(crate) const LOST_RECORDS: &str = "lineshaft_historian_lost_records_total";
