//! `limit_rate`: at most one sample per interval.

use std::time::Duration;

use lineshaft_model::{Sample, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Flow, StepError};
use crate::config::Period;

/// Forwards at most one sample per interval; the last one of a burst is never lost.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitRateConfig {
    /// How far apart two samples are at least, by the time in the samples; longer than 0.
    pub interval: Period,
}

/// Forwards the first sample; then one that comes `interval` **or longer** after the one forwarded last; a change of
/// quality; and any sample older than the one forwarded last (the device's clock was set back).
///
/// Of the others the latest is kept, and forwarded with its own time when the pipeline's clock is `interval` or longer
/// after the sample forwarded last and nothing newer came: what a device said last before it fell silent is not lost.
#[derive(Debug)]
pub struct LimitRate {
    interval: Duration,
    last: Option<Sample>,
    held: Option<Sample>,
}

impl LimitRate {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`StepError::Setting`] for an interval of nothing.
    pub fn new(config: &LimitRateConfig) -> Result<LimitRate, StepError> {
        let interval = config.interval.0;
        if interval.is_zero() {
            return Err(StepError::setting("interval", "`interval` must be longer than 0"));
        }
        Ok(LimitRate { interval, last: None, held: None })
    }

    /// Whether the sample goes on now.
    pub fn apply(&mut self, sample: &Sample) -> Flow {
        let due = self.last.as_ref().is_none_or(|last| {
            sample.quality != last.quality
                || sample.ts.checked_since(last.ts).is_none_or(|since| since >= self.interval)
        });
        if due {
            self.held = None;
            self.last = Some(sample.clone());
            return Flow::Forward;
        }
        self.held = Some(sample.clone());
        Flow::Hold
    }

    /// What was held back, when its interval is over.
    pub fn tick(&mut self, now: Timestamp) -> Option<Sample> {
        let last = self.last.as_ref()?;
        if now.checked_since(last.ts)? < self.interval {
            return None;
        }
        let held = self.held.take()?;
        self.last = Some(held.clone());
        Some(held)
    }

    pub(super) fn same_settings(&self, other: &LimitRate) -> bool {
        self.interval == other.interval
    }
}

#[cfg(test)]
mod tests {
    use super::super::OpConfig;
    use super::super::testing;
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let config = LimitRateConfig { interval: Period(Duration::from_secs(10)) };
        testing::check(&OpConfig::LimitRate(config), input, expected);
    }

    #[test]
    fn the_next_sample_goes_on_after_exactly_the_interval() {
        check("0s 1, 5s 2, 9.999s 3, 10s 4, 15s 5, 20s 6", "0s 1, 10s 4, 20s 6");
    }

    #[test]
    fn a_change_of_quality_does_not_wait() {
        check("0s 1, 1s 1 bad(comm), 2s 1, 3s 2", "0s 1, 1s 1 bad(comm), 2s 1");
    }

    #[test]
    fn the_last_one_of_a_burst_is_not_lost() {
        check("0s 1, 1s 2, 2s 3, tick 9s, tick 10s, tick 30s", "0s 1, 2s 3");
        check("0s 1, 1s 2, 10s 3, tick 30s", "0s 1, 10s 3");
        check("0s 1, 1s 2, tick 11s, 11.5s 4, tick 11.9s, tick 12s", "0s 1, 1s 2, 11.5s 4");
    }

    #[test]
    fn a_clock_set_back_does_not_wait() {
        check("100s 1, 50s 2, 51s 3", "100s 1, 50s 2");
    }
}
