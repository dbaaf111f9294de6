//! The runner's numbers, each with its reason.

use std::time::Duration;

/// Writes that may wait for one link. At 50 writes a second this is 20 s of them: more would be refused as too late anyway.
pub(super) const WRITES_WAITING_MAX: usize = 1_000;

/// People who may wait for one link with a question of their own; each gets an answer before the next asks.
pub(super) const ERRANDS_WAITING_MAX: usize = 4;

/// Frames kept of a device that is traced: at 10 requests a second those of nearly a minute, in at most 500 kB.
pub(super) const TRACE_FRAMES_MAX: usize = 1_000;

/// The longest a trace goes on by itself.
pub(super) const TRACE_MAX: Duration = Duration::from_secs(3_600);

/// The longest a write waits to be sent, whatever its deadline: a deadline of next year must not overflow a clock.
pub(super) const WRITE_WAIT_MAX: Duration = Duration::from_secs(3_600);

/// Writes sent in a row while a poll is due; then one poll goes, so that a flood of writes does not blind the plant.
pub(super) const WRITES_IN_A_ROW_MAX: u32 = 16;

/// What the runner adds to a driver's own limit before it takes the driver for stuck.
pub(super) const MARGIN: Duration = Duration::from_millis(250);

/// What a link may take to open, on top of the device's own timeout. The net gives up on a TCP connection after 5 s.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// First and longest wait before a lost link is opened again.
pub(super) const RECONNECT: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(60));

/// Failures in a row after which a device is demoted, if others on its link answer.
pub(super) const FAILURES_TO_DEMOTE: u32 = 3;

/// First and longest wait between two probes of a demoted device. The longest is that of a lost link; where many
/// are demoted [`PROBE_SHARE`] makes it longer.
pub(super) const DEMOTED: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// A failed probe of a demoted device keeps the next one away for this many times as long as it took: all dead
/// devices of a link together cost the living at most a tenth of its time.
pub(super) const PROBE_SHARE: u32 = 9;

/// Bounds of the wait between the first failures of a device, which otherwise is its shortest period.
pub(super) const RETRY: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(10));

/// First and longest wait between two probes of an address the device refuses.
pub(super) const ISOLATED: (Duration, Duration) =
    (Duration::from_secs(30), Duration::from_secs(600));

/// An address that was accepted for this long starts from the first wait when it is refused again.
pub(super) const FORGIVEN_AFTER: Duration = Duration::from_secs(3_600);

/// The least age at which a point is stale, when the device says nothing else.
pub(super) const STALE_MIN: Duration = Duration::from_secs(10);

/// A point is never stale before this many of its periods have passed.
pub(super) const STALE_PERIODS: u32 = 3;

/// How often points are looked through for stale ones; a point turns stale at most this much late.
pub(super) const STALE_LOOK: Duration = Duration::from_millis(500);

/// How often a device's diagnostics are emitted.
pub(super) const DIAGNOSTICS: Duration = Duration::from_secs(5);

/// How long a link may finish its request and hand over its samples after it was told to stop.
pub(super) const GRACE: Duration = Duration::from_millis(500);

const _: () = assert!(GRACE.as_millis() < 1_000, "a link stops within a second");
const _: () =
    assert!(STALE_PERIODS >= 2, "a point read every period must not turn stale in between");
