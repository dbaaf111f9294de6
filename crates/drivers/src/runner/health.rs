//! How a device is doing: the board the link writes and everybody reads, and round trips in a histogram.

use std::time::Duration;

use lineshaft_contract::{DeviceCounters, DeviceState, DeviceStatus, LastError};
use lineshaft_model::{OriginId, TagPath, Timestamp};
use parking_lot::Mutex;

use super::DevicePlan;

/// One device's board. The link locks it a few times per request, readers when they look; never across an await.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) device: String,
    pub(super) driver: &'static str,
    pub(super) endpoint: String,
    pub(super) path: TagPath,
    pub(super) origin: OriginId,
    pub(super) tags: u32,
    face: Mutex<Face>,
}

/// What is on the board.
#[derive(Debug, Clone)]
pub(super) struct Face {
    pub(super) state: DeviceState,
    pub(super) since: Timestamp,
    pub(super) tags_bad: u32,
    pub(super) isolated: u32,
    pub(super) demoted: bool,
    pub(super) last_error: Option<LastError>,
    pub(super) next_attempt: Option<Timestamp>,
    pub(super) counters: DeviceCounters,
    pub(super) trips: Trips,
}

impl Board {
    /// The board of a device that has not been tried yet.
    pub(super) fn new(plan: &DevicePlan, origin: OriginId, now: Timestamp) -> Board {
        let spec = plan.device.spec();
        let read = spec.points.iter().filter(|point| point.access.can_read()).count();
        let state = if plan.enabled { DeviceState::Connecting } else { DeviceState::Disabled };
        let face = Face {
            state,
            since: now,
            tags_bad: u32::try_from(read).unwrap_or(u32::MAX),
            isolated: 0,
            demoted: false,
            last_error: None,
            next_attempt: None,
            counters: DeviceCounters::default(),
            trips: Trips::default(),
        };
        Board {
            device: spec.name.clone(),
            driver: plan.driver,
            endpoint: spec.endpoint.to_string(),
            path: plan.path.clone(),
            origin,
            tags: u32::try_from(spec.points.len()).unwrap_or(u32::MAX),
            face: Mutex::new(face),
        }
    }

    /// Changes what is on the board.
    pub(super) fn note<T>(&self, change: impl FnOnce(&mut Face) -> T) -> T {
        change(&mut self.face.lock())
    }

    /// Whether a write may be sent to the device.
    pub(super) fn is_reachable(&self) -> bool {
        matches!(self.face.lock().state, DeviceState::Online | DeviceState::Degraded)
    }

    /// As `GET /api/v1/devices` shows it.
    pub(super) fn status(&self) -> DeviceStatus {
        let face = self.face.lock();
        DeviceStatus {
            device: self.device.clone(),
            driver: self.driver,
            endpoint: self.endpoint.clone(),
            path: self.path.clone(),
            state: face.state,
            since: face.since,
            tags: self.tags,
            tags_bad: face.tags_bad,
            last_error: face.last_error.clone(),
            next_attempt: face.next_attempt,
            counters: face.counters(),
        }
    }
}

impl Face {
    /// The counters with the percentiles of the last one to two minutes.
    pub(super) fn counters(&self) -> DeviceCounters {
        DeviceCounters {
            round_trip_ms_p50: self.trips.percentile_ms(0.50),
            round_trip_ms_p99: self.trips.percentile_ms(0.99),
            ..self.counters
        }
    }
}

/// Round trips of the last one to two minutes, in buckets a quarter of an octave wide from 1 µs to 134 s.
///
/// Two windows of a minute: the older one is forgotten as a whole. Nothing is allocated. A percentile is exact to
/// its bucket (at most 25 %), which is what a person or an alarm can use.
#[derive(Debug, Clone)]
pub(super) struct Trips {
    windows: [[u32; BUCKETS]; 2],
    started: Duration,
}

const BUCKETS: usize = 28 * 4;
const WINDOW: Duration = Duration::from_secs(60);

impl Default for Trips {
    fn default() -> Trips {
        Trips { windows: [[0; BUCKETS]; 2], started: Duration::ZERO }
    }
}

impl Trips {
    /// Adds a round trip that ended at `now`.
    pub(super) fn add(&mut self, took: Duration, now: Duration) {
        if now.saturating_sub(self.started) >= WINDOW {
            self.windows.swap(0, 1);
            self.windows[0] = [0; BUCKETS];
            self.started = now;
        }
        let bucket = bucket_of(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        self.windows[0][bucket] = self.windows[0][bucket].saturating_add(1);
    }

    /// The middle of the bucket in which this fraction of the round trips ends, ms; 0 when there are none.
    pub(super) fn percentile_ms(&self, fraction: f64) -> f64 {
        let count =
            |bucket: usize| u64::from(self.windows[0][bucket]) + u64::from(self.windows[1][bucket]);
        let total: u64 = (0..BUCKETS).map(count).sum();
        #[expect(clippy::cast_precision_loss, reason = "a count of two minutes")]
        let wanted = (total as f64 * fraction).ceil();
        let mut passed = 0;
        for bucket in 0..BUCKETS {
            passed += count(bucket);
            #[expect(clippy::cast_precision_loss, reason = "a count of two minutes")]
            if passed > 0 && passed as f64 >= wanted {
                return middle_of(bucket) / 1000.0;
            }
        }
        0.0
    }
}

/// Two bits below the highest set bit choose the quarter of its octave.
fn bucket_of(micros: u64) -> usize {
    let micros = micros.max(1);
    let octave = micros.ilog2();
    let quarter =
        if octave >= 2 { (micros >> (octave - 2)) & 3 } else { (micros << (2 - octave)) & 3 };
    (octave as usize * 4 + usize::try_from(quarter).unwrap_or(0)).min(BUCKETS - 1)
}

/// The middle of a bucket in microseconds.
#[expect(clippy::cast_precision_loss, reason = "28 octaves and 4 quarters")]
fn middle_of(bucket: usize) -> f64 {
    let (octave, quarter) = (bucket / 4, bucket % 4);
    2_f64.powf(octave as f64) * (1.0 + (quarter as f64 + 0.5) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_an_eighth() {
        let mut trips = Trips::default();
        for ms in 1..=1000 {
            trips.add(Duration::from_millis(ms), Duration::ZERO);
        }
        for (fraction, ms) in [(0.5, 500.0), (0.99, 990.0)] {
            let got = trips.percentile_ms(fraction);
            assert!((got / ms - 1.0).abs() < 0.125, "{fraction}: {got}");
        }
    }

    #[test]
    fn round_trips_are_forgotten_after_two_minutes() {
        let (mut trips, second) = (Trips::default(), Duration::from_secs(1));
        assert_eq!(trips.percentile_ms(0.5), 0.0);
        trips.add(30 * second, second);
        trips.add(second / 100, 61 * second);
        assert!(trips.percentile_ms(0.99) > 25_000.0, "the last minute still counts");
        trips.add(second / 100, 122 * second);
        assert!(trips.percentile_ms(0.99) < 12.0);
    }

    #[test]
    fn every_duration_has_a_bucket() {
        for (micros, bucket) in [(0, 0), (1, 0), (2, 4), (3, 6), (4, 8), (5, 9), (7, 11), (8, 12)] {
            assert_eq!(bucket_of(micros), bucket, "{micros}");
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }
}
