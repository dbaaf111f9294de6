//! The metrics of the certificates.

/// Seconds until a certificate ends, negative after its end; by purpose, the soonest of each.
pub(crate) const EXPIRES: &str = "lineshaft_tls_expires_seconds";
/// Client certificates refused in a handshake, by reason.
pub(crate) const REFUSED: &str = "lineshaft_tls_refused_certificates_total";
/// Server certificates taken into use while running.
pub(crate) const SWAPS: &str = "lineshaft_tls_swaps_total";
/// Renewals or re-reads that failed; what was there before stays in use.
pub(crate) const FAILURES: &str = "lineshaft_tls_renewal_failures_total";

/// Sets the seconds until the end of the soonest certificate of a purpose.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; seconds of centuries fit")]
pub(crate) fn expires(purpose: &'static str, seconds: i64) {
    ::metrics::gauge!(EXPIRES, "purpose" => purpose).set(seconds as f64);
}
