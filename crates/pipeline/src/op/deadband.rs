//! `deadband`: only what says something new.

use std::time::Duration;

use lineshaft_model::{Sample, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Flow, StepError, finite};
use crate::config::{Band, Period};

/// How long a tag with a deadband may be silent when nothing else is written.
///
/// A tag that does not move must still be told from a tag that is dead; six samples an hour cost nothing.
pub const SILENCE_MAX_DEFAULT: Duration = Duration::from_secs(600);

/// Forwards a sample only when it says something new. It is lossy on purpose: what lies within the band is not kept.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadbandConfig {
    /// A move of **more than** this, in the unit of the tag, is news; 0 forwards every change. One of `absolute` and
    /// `percent` is needed.
    #[serde(default)]
    pub absolute: Option<f64>,

    /// A move of **more than** this many percent is news: of the range `low` to `high` where both are given, otherwise of
    /// the value that was forwarded last (then a move away from 0 always is news).
    #[serde(default)]
    pub percent: Option<f64>,

    /// The lower end of the tag's range, for `percent`.
    #[serde(default)]
    pub low: Option<f64>,

    /// The upper end of the tag's range, for `percent`; above `low`.
    #[serde(default)]
    pub high: Option<f64>,

    /// A sample that comes this long or longer after the one that was forwarded last is news in any case. By the time in the
    /// samples, not by their arrival. Default 10 minutes.
    #[serde(default)]
    pub silence_max: Option<Period>,
}

/// Forwards a sample only when it says something new.
///
/// News is: the first sample; a change of quality; a move of **more than** the band; silence for `silence_max` or
/// longer; a change of anything that is not a number; and any sample older than the one forwarded last (the device's
/// clock was set back, and hiding that would hide it for as long as the step was).
///
/// Source: OPC 10000-4, `DataChangeFilter` with an absolute or percent deadband.
#[derive(Debug)]
pub struct Deadband {
    band: Band,
    silence_max: Duration,
    last: Option<Sample>,
}

impl Deadband {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`StepError::Setting`] when there is not exactly one band, when it is negative or not finite, when only one end of the
    /// range is given or the range is empty, and for a silence of nothing.
    pub fn new(config: &DeadbandConfig) -> Result<Deadband, StepError> {
        let range = match (config.low, config.high) {
            (None, None) => None,
            (Some(low), Some(high)) => {
                let length = finite("high", finite("high", high)? - finite("low", low)?)?;
                if length <= 0.0 {
                    let what = format!("`high` ({high}) must be above `low` ({low})");
                    return Err(StepError::setting("high", what));
                }
                Some(length)
            }
            _ => return Err(StepError::setting("low", "a range needs both `low` and `high`")),
        };
        let band = match (config.absolute, config.percent, range) {
            (Some(absolute), None, None) => Band::Absolute(absolute),
            (Some(_), None, Some(_)) => {
                return Err(StepError::setting(
                    "low",
                    "a range is for `percent`, not for `absolute`",
                ));
            }
            (None, Some(percent), Some(range)) => Band::PercentOfRange(percent, range),
            (None, Some(percent), None) => Band::PercentOfLast(percent),
            _ => return Err(StepError::setting("", "one of `absolute` and `percent` is needed")),
        };
        Deadband::of(band, config.silence_max.map_or(SILENCE_MAX_DEFAULT, |period| period.0))
    }

    /// The deadband of a tag table's cell.
    ///
    /// # Errors
    /// [`StepError::Setting`] for a band that is negative or not finite, and for a silence of nothing.
    pub fn of(band: Band, silence_max: Duration) -> Result<Deadband, StepError> {
        let (key, number) = match band {
            Band::Absolute(number) => ("absolute", number),
            Band::PercentOfLast(number) | Band::PercentOfRange(number, _) => ("percent", number),
        };
        if finite(key, number)? < 0.0 {
            return Err(StepError::setting(key, format!("`{key}` must not be negative")));
        }
        if silence_max.is_zero() {
            return Err(StepError::setting("silence_max", "`silence_max` must be longer than 0"));
        }
        Ok(Deadband { band, silence_max, last: None })
    }

    /// Whether the sample is news; it is then what the next ones are compared with.
    pub fn apply(&mut self, sample: &Sample) -> Flow {
        let news = self
            .last
            .as_ref()
            .is_none_or(|last| is_news(last, sample, self.band, self.silence_max));
        if !news {
            return Flow::Hold;
        }
        self.last = Some(sample.clone());
        Flow::Forward
    }

    pub(super) fn same_settings(&self, other: &Deadband) -> bool {
        self.band == other.band && self.silence_max == other.silence_max
    }
}

fn is_news(last: &Sample, sample: &Sample, band: Band, silence_max: Duration) -> bool {
    if sample.quality != last.quality {
        return true;
    }
    let Some(silence) = sample.ts.checked_since(last.ts) else {
        return true;
    };
    if silence >= silence_max {
        return true;
    }
    // A switch has no width: any change of it is a change.
    let number = |value: &Value| match value {
        Value::Bool(_) => None,
        other => other.as_f64(),
    };
    match (number(&last.value), number(&sample.value)) {
        // A bad sample may hold a NaN: it equals itself, so that it is not news for ever.
        (Some(before), Some(after)) if before.is_nan() || after.is_nan() => {
            before.is_nan() != after.is_nan()
        }
        (Some(before), Some(after)) => {
            let band = match band {
                Band::Absolute(band) => band,
                Band::PercentOfLast(percent) => percent / 100.0 * before.abs(),
                Band::PercentOfRange(percent, range) => percent / 100.0 * range,
            };
            (after - before).abs() > band
        }
        _ => sample.value != last.value,
    }
}

#[cfg(test)]
mod tests {
    use super::super::OpConfig;
    use super::super::testing;
    use super::*;

    fn config() -> DeadbandConfig {
        let silence_max = Some(Period(Duration::from_secs(10)));
        DeadbandConfig { absolute: None, percent: None, low: None, high: None, silence_max }
    }

    /// Feeds `input` through a deadband of 0.5 and 10 s and compares what comes out.
    #[track_caller]
    fn check(input: &str, expected: &str) {
        testing::check(&absolute(0.5), input, expected);
    }

    fn absolute(band: f64) -> OpConfig {
        OpConfig::Deadband(DeadbandConfig { absolute: Some(band), ..config() })
    }

    #[test]
    fn a_move_of_exactly_the_band_is_not_news() {
        check("0s 20.0, 1s 20.5, 2s 20.51", "0s 20.0, 2s 20.51");
    }

    #[test]
    fn a_slow_drift_is_compared_with_what_was_forwarded() {
        check("0s 20.0, 1s 20.3, 2s 20.6, 3s 20.9, 4s 21.2", "0s 20.0, 2s 20.6, 4s 21.2");
    }

    #[test]
    fn a_change_of_quality_is_always_news() {
        let input = "0s 20.0, 1s 20.0 bad(comm), 2s 20.0 bad(device), 3s 20.0";
        check(input, input);
        check("0s -  bad(comm), 1s - bad(comm), 2s 1.0", "0s - bad(comm), 2s 1.0");
    }

    #[test]
    fn silence_as_long_as_allowed_is_news() {
        check("0s 20.0, 9.999s 20.0, 10s 20.0, 19s 20.0", "0s 20.0, 10s 20.0");
    }

    #[test]
    fn a_clock_set_back_is_news() {
        check("5s 20.0, 4s 20.0, 5s 20.0", "5s 20.0, 4s 20.0");
    }

    #[test]
    fn what_is_no_number_is_news_when_it_changes() {
        check("0s RUN, 1s RUN, 2s STOP, 3s 1, 4s on", "0s RUN, 2s STOP, 3s 1, 4s on");
        testing::check(&absolute(5.0), "0s off, 1s off, 2s on", "0s off, 2s on");
    }

    #[test]
    fn a_band_of_zero_forwards_every_change() {
        testing::check(&absolute(0.0), "0s 1, 1s 1, 2s 2", "0s 1, 2s 2");
    }

    #[test]
    fn percent_is_of_the_last_value_or_of_the_range() {
        let of_last = OpConfig::Deadband(DeadbandConfig { percent: Some(10.0), ..config() });
        testing::check(
            &of_last,
            "0s 100.0, 1s 110.0, 2s 110.1, 3s 0.0, 4s 0.001",
            "0s 100.0, 2s 110.1, 3s 0.0, 4s 0.001",
        );
        let range =
            DeadbandConfig { percent: Some(1.0), low: Some(-50.0), high: Some(150.0), ..config() };
        testing::check(&OpConfig::Deadband(range), "0s 0.0, 1s 2.0, 2s 2.1", "0s 0.0, 2s 2.1");
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let with = |absolute, percent, low, high| DeadbandConfig {
            absolute,
            percent,
            low,
            high,
            ..config()
        };
        for wrong in [
            config(),
            with(Some(1.0), Some(1.0), None, None),
            with(Some(-1.0), None, None, None),
            with(None, Some(f64::NAN), None, None),
            with(None, Some(1.0), Some(0.0), None),
            with(None, Some(1.0), Some(5.0), Some(5.0)),
            with(Some(1.0), None, Some(0.0), Some(5.0)),
            DeadbandConfig {
                absolute: Some(1.0),
                silence_max: Some(Period(Duration::ZERO)),
                ..config()
            },
        ] {
            assert!(Deadband::new(&wrong).is_err(), "{wrong:?}");
        }
    }
}
