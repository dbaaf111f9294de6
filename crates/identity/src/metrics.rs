//! The metrics of identity.

/// Sessions there are.
pub(crate) const SESSIONS: &str = "lineshaft_identity_sessions_count";
/// Logins that succeeded.
pub(crate) const LOGINS: &str = "lineshaft_identity_logins_total";
/// Passwords and codes that were wrong, refused ones while somebody had to wait included.
pub(crate) const FAILURES: &str = "lineshaft_identity_failures_total";
/// Things that were not allowed.
pub(crate) const DENIED: &str = "lineshaft_identity_denied_total";
/// Notes for the trail that were dropped because its queue was full. Their acts were refused all the same.
pub(crate) const NOTES_DROPPED: &str = "lineshaft_identity_notes_dropped_total";
