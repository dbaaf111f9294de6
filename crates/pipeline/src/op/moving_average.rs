//! `moving_average`: the mean over a window of time.

use std::collections::VecDeque;
use std::time::Duration;

use lineshaft_model::{Quality, Sample, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{StepError, number, set};
use crate::config::Period;

/// The most samples of one window. With more, the window is as long as the last 1,000 are; at 100 samples a second
/// that is ten seconds, and memory stays within 32 KiB a tag.
pub const SAMPLES_MAX: usize = 1_000;

/// Replaces each value by the mean of the last ones.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MovingAverageConfig {
    /// How far back it reaches, by the time in the samples; longer than 0. At most the last 1,000 samples are taken.
    pub window: Period,
}

/// The mean of the numbers whose time is **after** `ts - window`, the sample's own included; one that is exactly `window` old
/// is out.
///
/// - Bad samples are left out, and pass as they are; so do bools and text.
/// - The quality is the worst of the samples in the window: one uncertain value makes the mean uncertain as long as it
///   counts.
/// - A sample older than the newest one in the window starts a new window (the device's clock was set back).
///
/// Each mean is summed anew, so that an outlier leaves no rounding behind and the result depends on the window alone.
#[derive(Debug)]
pub struct MovingAverage {
    window: Duration,
    samples: VecDeque<(Timestamp, f64, Quality)>,
}

impl MovingAverage {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`StepError::Setting`] for a window of nothing.
    pub fn new(config: &MovingAverageConfig) -> Result<MovingAverage, StepError> {
        let window = config.window.0;
        if window.is_zero() {
            return Err(StepError::setting("window", "`window` must be longer than 0"));
        }
        Ok(MovingAverage { window, samples: VecDeque::new() })
    }

    /// Changes one sample.
    pub fn apply(&mut self, sample: &mut Sample) {
        let Some(number) = number(sample) else { return };
        if self.samples.back().is_some_and(|(newest, ..)| sample.ts < *newest) {
            self.samples.clear();
        }
        let age = |ts: Timestamp| sample.ts.checked_since(ts).unwrap_or_default();
        while self.samples.front().is_some_and(|(oldest, ..)| age(*oldest) >= self.window)
            || self.samples.len() == SAMPLES_MAX
        {
            self.samples.pop_front();
        }
        self.samples.push_back((sample.ts, number, sample.quality));
        #[expect(clippy::cast_precision_loss, reason = "at most 1,000")]
        let count = self.samples.len() as f64;
        let sum: f64 = self.samples.iter().map(|(_, number, _)| number).sum();
        let mean = if sum.is_finite() {
            sum / count
        } else {
            // The sum of large values may overflow where their mean does not.
            self.samples.iter().map(|(_, number, _)| number / count).sum()
        };
        for (_, _, quality) in &self.samples {
            sample.lower(*quality);
        }
        set(sample, mean);
    }

    pub(super) fn same_settings(&self, other: &MovingAverage) -> bool {
        self.window == other.window
    }
}

#[cfg(test)]
mod tests {
    use super::super::OpConfig;
    use super::super::testing;
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let config = MovingAverageConfig { window: Period(Duration::from_secs(10)) };
        testing::check(&OpConfig::MovingAverage(config), input, expected);
    }

    #[test]
    fn a_sample_exactly_as_old_as_the_window_is_out() {
        check("0s 10, 5s 20, 9.999s 30, 10s 40", "0s 10.0, 5s 15.0, 9.999s 20.0, 10s 30.0");
    }

    #[test]
    fn bad_samples_are_left_out_and_pass() {
        check("0s 10, 1s 999 bad(range), 2s 20", "0s 10.0, 1s 999 bad(range), 2s 15.0");
    }

    #[test]
    fn an_uncertain_value_makes_the_mean_uncertain_as_long_as_it_counts() {
        check(
            "0s 10 uncertain(range), 5s 20, 10s 30",
            "0s 10.0 uncertain(range), 5s 15.0 uncertain(range), 10s 25.0",
        );
    }

    #[test]
    fn a_clock_set_back_starts_a_new_window() {
        check("5s 10, 4s 20, 5s 40", "5s 10.0, 4s 20.0, 5s 30.0");
    }

    #[test]
    fn the_window_is_bounded() {
        let config = MovingAverageConfig { window: Period(Duration::from_secs(1)) };
        let mut average = MovingAverage::new(&config).unwrap();
        for n in 0..5_000 {
            let mut sample = Sample::good(Timestamp::from_nanos(n), 1.0);
            average.apply(&mut sample);
        }
        assert_eq!(average.samples.len(), SAMPLES_MAX);
    }
}
