//! The runner's metrics, labelled by driver kind; never by device or tag.

use metrics::Counter;

/// Requests sent, reads and writes.
pub const REQUESTS: &str = "lineshaft_drivers_requests_total";
/// Requests that failed or were refused.
pub const ERRORS: &str = "lineshaft_drivers_errors_total";
/// Samples delivered, good or bad.
pub const SAMPLES: &str = "lineshaft_drivers_samples_total";
/// Samples that could not be delivered because the pipeline was gone or did not drain at shutdown.
pub const SAMPLES_DROPPED: &str = "lineshaft_drivers_samples_dropped_total";
/// Readings for a point the device does not have: a driver's bug.
pub const READINGS_UNKNOWN: &str = "lineshaft_drivers_readings_unknown_total";
/// Cycles that could not start because the one before had not ended.
pub const SKIPPED_CYCLES: &str = "lineshaft_drivers_skipped_cycles_total";
/// Links opened after the first time.
pub const RECONNECTS: &str = "lineshaft_drivers_reconnects_total";
/// Values written.
pub const WRITES: &str = "lineshaft_drivers_writes_total";
/// Panics caught in a driver or a link.
pub const PANICS: &str = "lineshaft_drivers_panics_total";

/// The counters of one link, resolved once so that counting costs one addition.
#[derive(Clone)]
pub(super) struct Counters {
    pub(super) requests: Counter,
    pub(super) errors: Counter,
    pub(super) samples: Counter,
    pub(super) samples_dropped: Counter,
    pub(super) readings_unknown: Counter,
    pub(super) skipped_cycles: Counter,
    pub(super) reconnects: Counter,
    pub(super) writes: Counter,
    pub(super) panics: Counter,
}

impl Counters {
    pub(super) fn of(driver: &'static str) -> Counters {
        let counter = |name: &'static str| metrics::counter!(name, "driver" => driver);
        Counters {
            requests: counter(REQUESTS),
            errors: counter(ERRORS),
            samples: counter(SAMPLES),
            samples_dropped: counter(SAMPLES_DROPPED),
            readings_unknown: counter(READINGS_UNKNOWN),
            skipped_cycles: counter(SKIPPED_CYCLES),
            reconnects: counter(RECONNECTS),
            writes: counter(WRITES),
            panics: counter(PANICS),
        }
    }
}
