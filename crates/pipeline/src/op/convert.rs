//! `convert`: the same in another unit.

use lineshaft_model::{Conversion, Sample, Unit, UnitError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{StepError, number, set};

/// Converts to another unit. The tag has the new unit from here on, everywhere.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertConfig {
    /// The new unit, a UCUM code: `bar`, `Cel`, `kW.h`.
    pub to: String,

    /// The unit it is in. Default: the unit of the tag.
    #[serde(default)]
    pub from: Option<String>,
}

/// Good and uncertain numbers in another unit; the rest passes as it is. Factors are exact, see [`Unit::conversion_to`].
#[derive(Debug, Clone, PartialEq)]
pub struct Convert {
    conversion: Conversion,
    to: Unit,
}

impl Convert {
    /// Checks the settings, for a tag whose values are in `unit`.
    ///
    /// # Errors
    /// [`StepError::Unit`] when a unit is unknown or missing, or when they measure different things.
    pub fn new(config: &ConvertConfig, unit: Option<&Unit>) -> Result<Convert, StepError> {
        let to = Unit::new(&config.to).map_err(|error| wrong("to", &error))?;
        let written = config.from.as_deref().map(Unit::new).transpose();
        let written = written.map_err(|error| wrong("from", &error))?;
        let Some(from) = written.as_ref().or(unit) else {
            return Err(StepError::Unit {
                key: "from",
                what: "the tag has no unit to convert from".into(),
                remedy: "give it one in the tag table, or write `from`".into(),
            });
        };
        let conversion = from.conversion_to(&to).map_err(|error| wrong("to", &error))?;
        Ok(Convert { conversion, to })
    }

    /// The unit behind the step.
    #[must_use]
    pub fn unit(&self) -> &Unit {
        &self.to
    }

    /// Changes one sample.
    pub fn apply(&self, sample: &mut Sample) {
        if let Some(number) = number(sample) {
            set(sample, self.conversion.apply(number));
        }
    }
}

fn wrong(key: &'static str, error: &UnitError) -> StepError {
    let remedy = match error {
        UnitError::Unknown { meant: Some(meant), .. } => format!("did you mean `{meant}`?"),
        _ => String::new(),
    };
    StepError::Unit { key, what: error.to_string(), remedy }
}

#[cfg(test)]
mod tests {
    use super::super::{OpConfig, testing::check};
    use super::*;

    fn config(from: Option<&str>, to: &str) -> ConvertConfig {
        ConvertConfig { to: to.into(), from: from.map(String::from) }
    }

    #[test]
    fn a_temperature_has_a_factor_and_an_offset() {
        let convert = OpConfig::Convert(config(Some("Cel"), "[degF]"));
        check(&convert, "0s 100, 1s -  bad(comm)", "0s 212.0, 1s - bad(comm)");
    }

    #[test]
    fn a_unit_that_cannot_be_is_refused_with_a_remedy() {
        let bar = Unit::new("bar").unwrap();
        for (config, unit, what, remedy) in [
            (config(None, "°C"), None, "`°C` is not a UCUM unit code", "did you mean `Cel`?"),
            (
                config(None, "kPa"),
                None,
                "the tag has no unit to convert from",
                "give it one in the tag table, or write `from`",
            ),
            (
                config(None, "Cel"),
                Some(&bar),
                "`bar` cannot be converted to `Cel`: they measure different things",
                "",
            ),
        ] {
            let Err(StepError::Unit { what: found, remedy: offered, .. }) =
                Convert::new(&config, unit)
            else {
                panic!("{what}")
            };
            assert_eq!((found.as_str(), offered.as_str()), (what, remedy));
        }
        assert!(Convert::new(&config(None, "kPa"), Some(&bar)).is_ok());
    }
}
