//! The metrics of this crate.

use metrics::{Counter, Gauge, counter, gauge, histogram};

/// Requests answered, by route (the pattern, never the path asked for) and status.
pub(crate) const REQUESTS: &str = "lineshaft_api_requests_total";
/// Time from the head of a request to the head of its answer.
pub(crate) const REQUEST_SECONDS: &str = "lineshaft_api_request_duration_seconds";
/// Open connections, live ones not counted.
pub(crate) const CONNECTIONS: &str = "lineshaft_api_connections_count";
/// Connections turned away because there were too many.
pub(crate) const CONNECTIONS_REFUSED: &str = "lineshaft_api_connections_refused_total";
/// TLS handshakes that failed or took too long.
pub(crate) const HANDSHAKES_FAILED: &str = "lineshaft_api_handshakes_failed_total";
/// Open live connections.
pub(crate) const LIVE: &str = "lineshaft_api_live_connections_count";
/// Samples written into exports of history.
pub(crate) const EXPORTED_SAMPLES: &str = "lineshaft_api_exported_samples_total";
/// Exports of history that ended before their end: the client went away, or history could not be read.
pub(crate) const EXPORTS_CUT: &str = "lineshaft_api_exports_cut_total";
/// Values sent on live connections.
pub(crate) const LIVE_VALUES: &str = "lineshaft_api_live_values_total";
/// Live connections closed because the client did not take what was sent, or fell silent.
pub(crate) const LIVE_STALLED: &str = "lineshaft_api_live_stalled_total";

pub(crate) fn connections() -> Gauge {
    gauge!(CONNECTIONS)
}

pub(crate) fn connections_refused() -> Counter {
    counter!(CONNECTIONS_REFUSED)
}

pub(crate) fn handshakes_failed() -> Counter {
    counter!(HANDSHAKES_FAILED)
}

pub(crate) fn live() -> Gauge {
    gauge!(LIVE)
}

pub(crate) fn exported_samples() -> Counter {
    counter!(EXPORTED_SAMPLES)
}

pub(crate) fn exports_cut() -> Counter {
    counter!(EXPORTS_CUT)
}

pub(crate) fn live_values() -> Counter {
    counter!(LIVE_VALUES)
}

pub(crate) fn live_stalled() -> Counter {
    counter!(LIVE_STALLED)
}

pub(crate) fn answered(route: String, status: u16, seconds: f64) {
    counter!(REQUESTS, "route" => route.clone(), "status" => status.to_string()).increment(1);
    histogram!(REQUEST_SECONDS, "route" => route).record(seconds);
}
