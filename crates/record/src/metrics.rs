//! The metrics of the codec.

/// Samples appended to the shaft.
pub(crate) const SAMPLES: &str = "lineshaft_record_samples_total";
/// Bytes they took, before record headers.
pub(crate) const ENCODED: &str = "lineshaft_record_encoded_bytes_total";
/// Rows that could not be read because their tag's name was damaged.
pub(crate) const UNKNOWN: &str = "lineshaft_record_unknown_tag_rows_total";
