//! The last news of each point of a device: what turns bad, what is stale, how many are bad.

use std::time::Duration;

use lineshaft_contract::Reading;
use lineshaft_model::{
    Batch, ClockSource, OriginId, Quality, Reason, Row, Sample, TagId, Timestamp, Value,
};

use super::{Fitted, limits};

/// All points of one device, found by their index: no map is asked on the way of a sample.
pub(super) struct Points {
    origin: OriginId,
    list: Vec<Point>,
    bad: u32,
    refused: u32,
}

/// The last news of a point; 64 bytes.
struct Point {
    tag: TagId,
    value: Value,
    quality: Quality,
    at: Duration,
    stale_after: Duration,
    polled: bool,
}

const REFUSED: Quality = Quality::bad(Reason::NotConfigured);

/// Whether the device answered, and said no: to the address, or that it failed.
fn is_no(quality: Quality) -> bool {
    quality == REFUSED || quality == Quality::bad(Reason::Device)
}

impl Points {
    /// No news yet, from `now` on.
    pub(super) fn new(fitted: &Fitted, now: Duration) -> Points {
        let floor = fitted.plan.stale_after.unwrap_or(limits::STALE_MIN);
        let specs = &fitted.plan.device.spec().points;
        let point = |(spec, plan): (&lineshaft_contract::PointSpec, &super::PointPlan)| Point {
            tag: plan.tag,
            value: Value::Null,
            quality: Quality::bad(Reason::NotYet),
            at: now,
            stale_after: floor.max(spec.period.saturating_mul(limits::STALE_PERIODS)),
            polled: spec.access.can_read() && fitted.plan.enabled,
        };
        let list: Vec<Point> = specs.iter().zip(&fitted.plan.points).map(point).collect();
        let polled = list.iter().filter(|point| point.polled).count();
        let bad = u32::try_from(polled).unwrap_or(u32::MAX);
        Points { origin: fitted.board.origin, list, bad, refused: 0 }
    }

    pub(super) fn is_polled(&self, point: u32) -> bool {
        self.list.get(point as usize).is_some_and(|point| point.polled)
    }

    /// How many polled points are bad.
    pub(super) const fn bad(&self) -> u32 {
        self.bad
    }

    /// Whether the device answers but refuses some addresses, or says that it failed.
    pub(super) const fn some_refused(&self) -> bool {
        self.refused > 0
    }

    /// Takes readings into a batch; says how many were for a point the device does not have.
    pub(super) fn absorb(
        &mut self,
        readings: &mut Vec<Reading>,
        now: Duration,
        arrived: Timestamp,
    ) -> (Batch, u64) {
        let mut batch = self.batch(arrived, readings.len());
        let mut unknown = 0;
        for reading in readings.drain(..) {
            let point = reading.point as usize;
            if !self.turn(point, reading.into_sample(arrived), now, &mut batch) {
                unknown += 1;
            }
        }
        (batch, unknown)
    }

    /// All polled points turn bad, without a value, but those that are bad for `reason` already and those whose
    /// address is refused: that is still the better reason.
    pub(super) fn blank(&mut self, reason: Reason, now: Duration, arrived: Timestamp) -> Batch {
        let quality = Quality::bad(reason);
        self.turn_all(
            arrived,
            now,
            |point| point.polled && point.quality != quality && point.quality != REFUSED,
            |_| Sample::missing(arrived, reason),
        )
    }

    /// Points without news for too long turn bad and keep their value.
    pub(super) fn stale(&mut self, now: Duration, arrived: Timestamp) -> Batch {
        self.turn_all(
            arrived,
            now,
            |point| {
                let age = now.saturating_sub(point.at);
                point.polled && !point.quality.is_bad() && age > point.stale_after
            },
            |point| {
                let quality = Quality::bad(Reason::Stale);
                Sample::new(arrived, point.value.clone(), quality, ClockSource::Arrival)
            },
        )
    }

    /// All points are out of service: the device is disabled.
    pub(super) fn out_of_service(&mut self, now: Duration, arrived: Timestamp) -> Batch {
        let sample = |_: &Point| Sample::missing(arrived, Reason::OutOfService);
        self.turn_all(arrived, now, |_| true, sample)
    }

    /// These points have no address that the driver could ask for.
    pub(super) fn not_configured(
        &mut self,
        points: &[u32],
        now: Duration,
        arrived: Timestamp,
    ) -> Batch {
        let mut batch = self.batch(arrived, points.len());
        for point in points {
            let sample = Sample::missing(arrived, Reason::NotConfigured);
            self.turn(*point as usize, sample, now, &mut batch);
        }
        batch
    }

    fn turn_all(
        &mut self,
        arrived: Timestamp,
        now: Duration,
        which: impl Fn(&Point) -> bool,
        sample: impl Fn(&Point) -> Sample,
    ) -> Batch {
        let count = self.list.iter().filter(|point| which(point)).count();
        let mut batch = self.batch(arrived, count);
        if count > 0 {
            for index in 0..self.list.len() {
                if which(&self.list[index]) {
                    let sample = sample(&self.list[index]);
                    self.turn(index, sample, now, &mut batch);
                }
            }
        }
        batch
    }

    fn batch(&self, arrived: Timestamp, rows: usize) -> Batch {
        let mut batch = Batch::new(self.origin, arrived);
        batch.rows.reserve_exact(rows);
        batch
    }

    /// Remembers the news of a point and puts it into the batch; `false` when there is no such point.
    fn turn(&mut self, index: usize, sample: Sample, now: Duration, batch: &mut Batch) -> bool {
        let Some(point) = self.list.get_mut(index) else { return false };
        if point.polled && point.quality != sample.quality {
            self.bad -= u32::from(point.quality.is_bad());
            self.bad += u32::from(sample.quality.is_bad());
            self.refused -= u32::from(is_no(point.quality));
            self.refused += u32::from(is_no(sample.quality));
        }
        point.value.clone_from(&sample.value);
        point.quality = sample.quality;
        point.at = now;
        batch.rows.push(Row { tag: point.tag, sample });
        true
    }
}
