//! `clamp`: values that cannot be are held at the limit.

use lineshaft_model::{Quality, Reason, Sample};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{StepError, limits, number, set};

/// Puts the limit in place of a value beyond it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClampConfig {
    /// The lowest value, in the unit of the tag. One of the two limits is needed.
    #[serde(default)]
    pub low: Option<f64>,

    /// The highest value; not below `low`.
    #[serde(default)]
    pub high: Option<f64>,

    /// What quality a clamped value has. Default `uncertain`: it is not what the device said.
    #[serde(default)]
    pub quality: Clamped,
}

/// The quality of a value that was put at a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clamped {
    /// As it was: for noise around zero that means zero.
    Good,
    /// Uncertain, because of the range.
    #[default]
    Uncertain,
}

/// A number **below** `low` becomes `low`, **above** `high` becomes `high`; a number that equals a limit is inside. Bad
/// samples, bools and text pass as they are. Numbers are real behind it, also those inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Clamp {
    low: f64,
    high: f64,
    clamped: Clamped,
}

impl Clamp {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`StepError::Setting`] without a limit, for limits in the wrong order, and for limits that are not finite.
    pub fn new(config: &ClampConfig) -> Result<Clamp, StepError> {
        let (low, high) = limits(config.low, config.high)?;
        Ok(Clamp { low, high, clamped: config.quality })
    }

    /// Changes one sample.
    pub fn apply(&self, sample: &mut Sample) {
        let Some(number) = number(sample) else { return };
        set(sample, number.clamp(self.low, self.high));
        if (number < self.low || number > self.high) && self.clamped == Clamped::Uncertain {
            sample.lower(Quality::uncertain(Reason::Range));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{OpConfig, testing::check};
    use super::*;

    fn clamp(low: Option<f64>, high: Option<f64>, quality: Clamped) -> OpConfig {
        OpConfig::Clamp(ClampConfig { low, high, quality })
    }

    #[test]
    fn a_value_at_the_limit_is_inside() {
        let both = clamp(Some(0.0), Some(10.0), Clamped::Uncertain);
        check(&both, "0s 0, 1s 10.0, 2s 10.1", "0s 0.0, 1s 10.0, 2s 10.0 uncertain(range)");
        let low = clamp(Some(0.0), None, Clamped::Good);
        check(&low, "0s -0.1, 1s 1e9", "0s 0.0, 1s 1000000000.0");
    }

    #[test]
    fn what_is_bad_stays_what_it_is() {
        let both = clamp(Some(0.0), Some(10.0), Clamped::Uncertain);
        check(&both, "0s 99 bad(device), 1s on", "0s 99 bad(device), 1s on");
    }

    #[test]
    fn limits_in_the_wrong_order_are_refused() {
        for (low, high) in [(None, None), (Some(2.0), Some(1.0)), (Some(f64::NAN), None)] {
            assert!(Clamp::new(&ClampConfig { low, high, quality: Clamped::Good }).is_err());
        }
    }
}
