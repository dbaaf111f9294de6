//! What the namespace counts.

use metrics::{Counter, Gauge, counter, gauge};

/// Tags in the tree.
const TAGS: &str = "lineshaft_namespace_tags";
/// Samples that became the last value of their tag.
const SAMPLES: &str = "lineshaft_namespace_samples_total";
/// Samples that were older than the last value of their tag and did not replace it.
const SAMPLES_LATE: &str = "lineshaft_namespace_samples_late_total";
/// Samples of tags that are not, or no longer, configured.
const SAMPLES_UNCONFIGURED: &str = "lineshaft_namespace_samples_unconfigured_total";
/// Subscriptions that are open.
const SUBSCRIPTIONS: &str = "lineshaft_namespace_subscriptions";

/// Handles, so that the hot path looks no name up.
pub(crate) struct Metrics {
    pub(crate) tags: Gauge,
    pub(crate) samples: Counter,
    pub(crate) samples_late: Counter,
    pub(crate) samples_unconfigured: Counter,
    pub(crate) subscriptions: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        Metrics {
            tags: gauge!(TAGS),
            samples: counter!(SAMPLES),
            samples_late: counter!(SAMPLES_LATE),
            samples_unconfigured: counter!(SAMPLES_UNCONFIGURED),
            subscriptions: gauge!(SUBSCRIPTIONS),
        }
    }
}
