//! Time as a seam.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use lineshaft_model::Timestamp;

/// Tells the time: the operating system's, or one that a test moves by hand.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    Real { started: Instant },
    Simulated { wall: Arc<AtomicI64>, steady: Arc<AtomicI64> },
}

impl Clock {
    /// The operating system's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the seam the ban points to")]
    pub fn real() -> Clock {
        Clock(Source::Real { started: Instant::now() })
    }

    /// A clock that stands at `start` until it is moved with [`Clock::advance`] or [`Clock::step`].
    #[must_use]
    pub fn simulated(start: Timestamp) -> Clock {
        Clock(Source::Simulated {
            wall: Arc::new(AtomicI64::new(start.nanos())),
            steady: Arc::new(AtomicI64::new(0)),
        })
    }

    /// The time of day, UTC. May step when someone sets the clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the seam the ban points to")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Real { .. } => {
                let nanos = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
                    Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
                    Err(before) => {
                        i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n)
                    }
                };
                Timestamp::from_nanos(nanos)
            }
            Source::Simulated { wall, .. } => Timestamp::from_nanos(wall.load(Ordering::SeqCst)),
        }
    }

    /// Time since this clock was made. Never steps; for intervals and deadlines.
    #[must_use]
    pub fn steady(&self) -> Duration {
        match &self.0 {
            Source::Real { started } => started.elapsed(),
            Source::Simulated { steady, .. } => {
                Duration::from_nanos(u64::try_from(steady.load(Ordering::SeqCst)).unwrap_or(0))
            }
        }
    }

    /// Lets time pass on a simulated clock; does nothing on a real one.
    pub fn advance(&self, by: Duration) {
        if let Source::Simulated { wall, steady } = &self.0 {
            let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
            wall.fetch_add(nanos, Ordering::SeqCst);
            steady.fetch_add(nanos, Ordering::SeqCst);
        }
    }

    /// Sets the time of day of a simulated clock, as a person or NTP would; steady time stays.
    pub fn step(&self, to: Timestamp) {
        if let Source::Simulated { wall, .. } = &self.0 {
            wall.store(to.nanos(), Ordering::SeqCst);
        }
    }
}

/// Notices when the time of day jumped against steady time.
#[derive(Debug)]
pub struct StepWatch {
    clock: Clock,
    wall: Timestamp,
    steady: Duration,
}

impl StepWatch {
    /// A jump of less than this is ordinary clock discipline, not a step.
    pub const TOLERANCE: Duration = Duration::from_millis(500);

    /// Starts watching.
    #[must_use]
    pub fn new(clock: Clock) -> StepWatch {
        let (wall, steady) = (clock.now(), clock.steady());
        StepWatch { clock, wall, steady }
    }

    /// The jump since the last look in nanoseconds, negative when the clock was set back; `None` if there was none.
    pub fn look(&mut self) -> Option<i64> {
        let (wall, steady) = (self.clock.now(), self.clock.steady());
        let expected = self.wall.saturating_add(steady.saturating_sub(self.steady));
        (self.wall, self.steady) = (wall, steady);
        let jump = wall.nanos().saturating_sub(expected.nanos());
        let tolerance = i64::try_from(Self::TOLERANCE.as_nanos()).unwrap_or(i64::MAX);
        (jump.saturating_abs() > tolerance).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_is_noticed_and_passing_time_is_not() {
        let clock = Clock::simulated(Timestamp::from_secs(1_000));
        let mut watch = StepWatch::new(clock.clone());
        clock.advance(Duration::from_secs(60));
        assert_eq!(watch.look(), None);
        clock.step(Timestamp::from_secs(1_000));
        assert_eq!(watch.look(), Some(-60_000_000_000));
        assert_eq!(watch.look(), None);
    }
}
