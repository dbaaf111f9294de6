//! `scale`: from the device's numbers to the plant's.

use lineshaft_model::{Conversion, Sample};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{StepError, finite, number, set};

/// Multiplies by `factor`, then adds `offset`. Whole numbers become real ones.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleConfig {
    /// What to multiply by; finite, not 0. Default 1.
    #[serde(default = "one")]
    pub factor: f64,

    /// What to add then, in the unit of the result; finite. Default 0.
    #[serde(default)]
    pub offset: f64,
}

fn one() -> f64 {
    1.0
}

/// `value * factor + offset`, of good and uncertain numbers; the rest passes as it is.
///
/// A result too large for a double makes the sample bad (not a number).
#[derive(Debug, Clone, PartialEq)]
pub struct Scale(Conversion);

impl Scale {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`StepError::Setting`] for a factor of 0, which would make every value the same, and for numbers that are not finite.
    pub fn new(config: &ScaleConfig) -> Result<Scale, StepError> {
        let factor = finite("factor", config.factor)?;
        if factor == 0.0 {
            let what = "`factor` must not be 0: every value would be the offset";
            return Err(StepError::setting("factor", what));
        }
        Ok(Scale(Conversion { factor, offset: finite("offset", config.offset)? }))
    }

    /// Changes one sample.
    pub fn apply(&self, sample: &mut Sample) {
        if let Some(number) = number(sample) {
            set(sample, self.0.apply(number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{OpConfig, testing::check};
    use super::*;

    fn scale(factor: f64, offset: f64) -> OpConfig {
        OpConfig::Scale(ScaleConfig { factor, offset })
    }

    #[test]
    fn whole_numbers_become_real_ones() {
        check(&scale(0.5, -40.0), "0s 100, 1s 7.0", "0s 10.0, 1s -36.5");
    }

    #[test]
    fn tenths_stay_tenths() {
        check(&scale(0.1, 0.0), "0s 4049, 1s 3", "0s 404.9, 1s 0.3");
    }

    #[test]
    fn what_is_bad_or_no_number_passes_as_it_is() {
        let input = "0s -  bad(comm), 1s 5 bad(device), 2s on, 3s RUN";
        check(&scale(2.0, 0.0), input, "0s - bad(comm), 1s 5 bad(device), 2s on, 3s RUN");
    }

    #[test]
    fn an_uncertain_number_is_computed_with_and_stays_uncertain() {
        check(&scale(2.0, 0.0), "0s 5 uncertain(stale)", "0s 10.0 uncertain(stale)");
    }

    #[test]
    fn a_result_too_large_is_bad() {
        check(&scale(1e300, 0.0), "0s 1e300", "0s inf bad(not-a-number)");
    }

    #[test]
    fn a_factor_of_nothing_is_refused() {
        for config in [(0.0, 0.0), (f64::NAN, 0.0), (1.0, f64::INFINITY)] {
            assert!(Scale::new(&ScaleConfig { factor: config.0, offset: config.1 }).is_err());
        }
    }
}
