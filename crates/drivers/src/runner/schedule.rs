//! When a request is due: a fixed grid, skipped cycles, spread phases. Pure; time is an argument.

use std::time::Duration;

use lineshaft_runtime::Seed;

/// A request that repeats every `period`, on the grid `phase`, `phase + period`, …
///
/// The first reading does not wait for the grid: a request is due at once when it is made and when its
/// device is back, and falls onto its grid from then on. A cycle that comes late merges with those it
/// missed; they are counted, never caught up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timing {
    period: Duration,
    phase: Duration,
    due: Duration,
}

impl Timing {
    /// Due at `now`, then on its grid. A period of zero counts as 1 ms.
    pub(super) fn new(period: Duration, phase: Duration, now: Duration) -> Timing {
        Timing { period: period.max(Duration::from_millis(1)), phase, due: now }
    }

    pub(super) const fn due(&self) -> Duration {
        self.due
    }

    /// Due at `now` unless it is due already.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.due = self.due.min(now);
    }

    /// Due at `now`, forgetting what it missed: it could not be asked for.
    pub(super) fn resume(&mut self, now: Duration) {
        self.due = now;
    }

    /// Starts the cycle that is due and moves to the next; says how many were skipped.
    pub(super) fn start(&mut self, now: Duration) -> u64 {
        let skipped = self.passed(now).saturating_sub(self.passed(self.due));
        let next = u128::from(self.passed(now)) * self.period.as_nanos() + self.phase.as_nanos();
        self.due = Duration::from_nanos(u64::try_from(next).unwrap_or(u64::MAX));
        skipped
    }

    /// How many instants of the grid lie at or before `at`.
    fn passed(&self, at: Duration) -> u64 {
        match at.checked_sub(self.phase) {
            None => 0,
            Some(since) => {
                let whole = since.as_nanos() / self.period.as_nanos();
                u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1)
            }
        }
    }
}

/// The phase of request `index` of `count` with the same period: equal steps over the period, the first
/// at a place of its own for each device (`spread`, see [`spread_of`]), so that neither the requests of
/// one device nor those of a hundred devices with the same table fire together.
#[expect(clippy::cast_precision_loss, reason = "a phase needs no more than 53 bits")]
pub(super) fn phase(period: Duration, spread: u64, index: usize, count: usize) -> Duration {
    let place = spread as f64 / (u64::MAX as f64 + 1.0) + index as f64 / count.max(1) as f64;
    period.mul_f64(place.fract())
}

/// A number that is the same for the same text in every run, and far apart for texts that are close.
pub(super) fn spread_of(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Seed::new(fnv).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_request_is_due_at_once_and_then_on_its_grid() {
        let mut timing = Timing::new(ms(1000), ms(300), ms(0));
        assert_eq!((timing.due(), timing.start(ms(0)), timing.due()), (ms(0), 0, ms(300)));
        assert_eq!((timing.start(ms(310)), timing.due()), (0, ms(1300)));
    }

    #[test]
    fn a_late_cycle_counts_what_it_skips_and_does_not_catch_up() {
        for (late, skipped, next) in
            [(0, 0, 2300), (999, 0, 2300), (1000, 1, 3300), (2500, 2, 4300)]
        {
            let mut timing = Timing::new(ms(1000), ms(300), ms(0));
            timing.start(ms(300));
            assert_eq!(timing.due(), ms(1300));
            assert_eq!((timing.start(ms(1300 + late)), timing.due()), (skipped, ms(next)));
        }
    }

    #[test]
    fn a_device_that_was_away_has_not_skipped_cycles() {
        let mut timing = Timing::new(ms(100), ms(0), ms(0));
        timing.start(ms(0));
        timing.resume(ms(5_030));
        assert_eq!((timing.start(ms(5_030)), timing.due()), (0, ms(5_100)));
    }

    #[test]
    fn ten_requests_of_one_second_are_a_tenth_apart() {
        let mut phases: Vec<u128> =
            (0..10).map(|i| phase(ms(1000), spread_of("press-1"), i, 10).as_millis()).collect();
        phases.sort_unstable();
        for pair in phases.windows(2) {
            assert!((99..=101).contains(&(pair[1] - pair[0])), "{phases:?}");
        }
    }

    #[test]
    fn devices_with_the_same_table_do_not_fire_together() {
        let mut phases: Vec<u128> = (0..30)
            .map(|n| phase(ms(1000), spread_of(&format!("meter-{n}")), 0, 1).as_millis())
            .collect();
        phases.sort_unstable();
        phases.dedup();
        assert!(phases.len() > 25 && phases[0] < 200 && phases[phases.len() - 1] > 800);
    }

    proptest! {
        #[test]
        fn every_instant_of_the_grid_is_started_or_counted(
            period in 1_u64..5_000, phase in 0_u64..5_000, steps in proptest::collection::vec(0_u64..20_000, 1..50),
        ) {
            let mut timing = Timing::new(ms(period), ms(phase % period), ms(0));
            let (mut now, mut cycles) = (0, timing.start(ms(0)) + 1);
            let first = timing.due();
            for step in steps {
                now += step;
                if timing.due() <= ms(now) {
                    cycles += timing.start(ms(now)) + 1;
                    prop_assert!(timing.due() > ms(now) && timing.due() <= ms(now + period));
                }
            }
            let on_grid = if ms(now) < first { 0 } else { (now - first.as_millis() as u64) / period + 1 };
            prop_assert_eq!(cycles, on_grid + 1);
        }
    }
}
