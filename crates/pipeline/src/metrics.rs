//! What the pipeline counts.

use metrics::{Counter, counter};

/// Samples that went in.
const SAMPLES: &str = "lineshaft_pipeline_samples_total";
/// Samples that a step kept back because they said nothing new.
const SAMPLES_HELD: &str = "lineshaft_pipeline_samples_held_total";
/// Samples of derived tags.
const SAMPLES_DERIVED: &str = "lineshaft_pipeline_samples_derived_total";

/// Handles, so that the hot path looks no name up.
pub(crate) struct Metrics {
    pub(crate) samples: Counter,
    pub(crate) held: Counter,
    pub(crate) derived: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        Metrics {
            samples: counter!(SAMPLES),
            held: counter!(SAMPLES_HELD),
            derived: counter!(SAMPLES_DERIVED),
        }
    }
}
