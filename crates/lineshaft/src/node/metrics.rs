//! The node's own metrics.

use metrics::counter;

/// Samples that could not be stored because the shaft refused them.
const SAMPLES_LOST: &str = "lineshaft_node_samples_lost_total";

pub(super) fn samples_lost(count: usize) {
    counter!(SAMPLES_LOST).increment(count as u64);
}
