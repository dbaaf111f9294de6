//! `range`: values that cannot be are said to be so.

use lineshaft_model::{Quality, Reason, Sample};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{StepError, limits, number};

/// Marks a value beyond a limit; the value stays as it is.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeConfig {
    /// The lowest value that can be, in the unit of the tag. One of the two limits is needed.
    #[serde(default)]
    pub low: Option<f64>,

    /// The highest; not below `low`.
    #[serde(default)]
    pub high: Option<f64>,

    /// What quality a value outside has: `bad` (the default) or `uncertain`.
    #[serde(default)]
    pub outside: Outside,
}

/// The quality of a value outside a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// Not a measurement: a broken wire reads -200 degrees.
    #[default]
    Bad,
    /// Usable with care: beyond the calibrated span.
    Uncertain,
}

/// A number **below** `low` or **above** `high` becomes bad or uncertain (range) and keeps its value; a number that equals a
/// limit is inside. A quality that is as bad already keeps its reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
    outside: Quality,
}

impl Range {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`StepError::Setting`] without a limit, for limits in the wrong order, and for limits that are not finite.
    pub fn new(config: &RangeConfig) -> Result<Range, StepError> {
        let (low, high) = limits(config.low, config.high)?;
        let outside = match config.outside {
            Outside::Bad => Quality::bad(Reason::Range),
            Outside::Uncertain => Quality::uncertain(Reason::Range),
        };
        Ok(Range { low, high, outside })
    }

    /// Changes one sample.
    pub fn apply(&self, sample: &mut Sample) {
        if number(sample).is_some_and(|number| number < self.low || number > self.high) {
            sample.lower(self.outside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{OpConfig, testing::check};
    use super::*;

    fn range(outside: Outside) -> OpConfig {
        OpConfig::Range(RangeConfig { low: Some(-50.0), high: Some(150.0), outside })
    }

    #[test]
    fn a_value_outside_keeps_its_value_and_is_marked() {
        check(
            &range(Outside::Bad),
            "0s -50, 1s 150, 2s 150.5, 3s -200 uncertain(stale), 4s 999 bad(comm), 5s RUN",
            "0s -50, 1s 150, 2s 150.5 bad(range), 3s -200 bad(range), 4s 999 bad(comm), 5s RUN",
        );
        check(
            &range(Outside::Uncertain),
            "0s 151, 1s 151 uncertain(stale)",
            "0s 151 uncertain(range), 1s 151 uncertain(stale)",
        );
    }
}
