//! Every limit of this crate, each with its reason.

use std::time::Duration;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Life of the own authority: a plant does not want to hand out a new one more often.
pub(crate) const AUTHORITY_LIFETIME: Duration = Duration::from_secs(3_650 * 86_400);
/// Life of the server certificate: Mozilla's guideline has at most 366 days (`sslyze --mozilla_config=intermediate`);
/// browsers accept 398.
pub(crate) const SERVER_LIFETIME: Duration = Duration::from_secs(365 * 86_400);
/// Begins this much earlier than it is made: a peer's clock may be a little behind.
pub(crate) const BACKDATE: Duration = Duration::from_secs(3_600);
/// The own server certificate is renewed when this is left of it: a third.
pub(crate) const RENEW_LEFT: Duration = Duration::from_secs(365 * 86_400 / 3);
/// Shortest and longest life of a client certificate that can be asked for.
pub(crate) const CLIENT_LIFETIME_MIN: Duration = Duration::from_secs(60);
pub(crate) const CLIENT_LIFETIME_MAX: Duration = Duration::from_secs(1_825 * 86_400);
/// A clock before this (2026-11-01) was never set: a board without a battery says 1970. What is issued
/// then ends as if it were this day, so that it is still good when the time comes right.
pub(crate) const CLOCK_FLOOR_SECS: i64 = 1_793_491_200;
/// Thresholds of the warnings, in days; IEC 62443 CR 1.8 as the plant lives it.
pub(crate) const WARN_DAYS: [u32; 3] = [30, 7, 1];
/// Others may keep our revocation list this long; it is written anew every day.
pub(crate) const CRL_LIFETIME: Duration = Duration::from_secs(30 * 86_400);
pub(crate) const CRL_RENEW: Duration = Duration::from_secs(86_400);

/// A PEM file is read up to this size: a chain of ten certificates has 20 KiB.
pub(crate) const PEM_BYTES_MAX: u64 = 256 * 1024;
/// Certificates in a chain that is presented or brought.
pub(crate) const CHAIN_MAX: usize = 10;
/// Names of the server certificate.
pub(crate) const NAMES_MAX: usize = 100;
/// Client certificates that are kept in the list.
pub(crate) const ISSUED_MAX: usize = 10_000;
/// Files in the folder of trusted authorities.
pub(crate) const TRUSTED_MAX: usize = 100;
/// A revocation list of another authority: some 200,000 entries.
pub(crate) const LIST_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Entries of the revocation list: 20 MB of file.
pub(crate) const REVOKED_MAX: usize = 100_000;
pub(crate) const REVOKED_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Smallest RSA modulus in bits (BSI TR-02102 wants 3000, NIST SP 800-57 2048; installed plants have 2048).
pub(crate) const RSA_BITS_MIN: usize = 2_048;
/// Longest common name (X.520 ub-common-name).
pub(crate) const COMMON_NAME_MAX: usize = 64;

const _: () = assert!(RENEW_LEFT.as_secs() < SERVER_LIFETIME.as_secs());
const _: () = assert!(WARN_DAYS[0] as u64 * DAY.as_secs() < RENEW_LEFT.as_secs());
