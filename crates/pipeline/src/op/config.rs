//! What a rule says about its steps, and what can be told from that alone.

use std::fmt;

use lineshaft_model::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    ClampConfig, ConvertConfig, DeadbandConfig, LimitRateConfig, MovingAverageConfig, RangeConfig,
    ScaleConfig,
};

/// One step of a rule: `{ verb = { … } }`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OpConfig {
    /// Multiplies and adds.
    Scale(ScaleConfig),
    /// Changes the unit.
    Convert(ConvertConfig),
    /// Holds values at a limit.
    Clamp(ClampConfig),
    /// Marks values outside a range.
    Range(RangeConfig),
    /// Forwards only what moved.
    Deadband(DeadbandConfig),
    /// Forwards at most one sample per interval.
    LimitRate(LimitRateConfig),
    /// Averages over a window of time.
    MovingAverage(MovingAverageConfig),
}

impl OpConfig {
    /// The word in the file.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            OpConfig::Scale(_) => "scale",
            OpConfig::Convert(_) => "convert",
            OpConfig::Clamp(_) => "clamp",
            OpConfig::Range(_) => "range",
            OpConfig::Deadband(_) => "deadband",
            OpConfig::LimitRate(_) => "limit_rate",
            OpConfig::MovingAverage(_) => "moving_average",
        }
    }

    /// Whether it computes, and so is only for tags that are numbers.
    #[must_use]
    pub const fn needs_numbers(&self) -> bool {
        !matches!(self, OpConfig::Deadband(_) | OpConfig::LimitRate(_))
    }

    /// What the tag's type is behind the step.
    #[must_use]
    pub const fn data_type(&self, before: DataType) -> DataType {
        match self {
            OpConfig::Scale(_)
            | OpConfig::Convert(_)
            | OpConfig::Clamp(_)
            | OpConfig::MovingAverage(_) => DataType::F64,
            OpConfig::Range(_) | OpConfig::Deadband(_) | OpConfig::LimitRate(_) => before,
        }
    }
}

impl fmt::Display for OpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb())
    }
}
