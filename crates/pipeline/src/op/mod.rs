//! The steps: what is done with each sample of a tag, one file per verb.
//!
//! A step is synchronous, has no clock and cannot fail: what cannot be computed becomes a bad sample. It never
//! raises a quality, and a change of quality always passes. Steps of arithmetic leave bad samples, bools, text
//! and bytes as they are: a bad value is a trace of what went wrong, and computing with it would hide that.

mod clamp;
mod convert;
mod deadband;
mod limit_rate;
mod moving_average;
mod range;
mod scale;

use std::fmt;

use lineshaft_model::{DataType, Sample, Timestamp, Unit, Value};
use schemars::JsonSchema;
use serde::Deserialize;

pub use clamp::{Clamp, ClampConfig, Clamped};
pub use convert::{Convert, ConvertConfig};
pub use deadband::{Deadband, DeadbandConfig, SILENCE_MAX_DEFAULT};
pub use limit_rate::{LimitRate, LimitRateConfig};
pub use moving_average::{MovingAverage, MovingAverageConfig, SAMPLES_MAX};
pub use range::{Outside, Range, RangeConfig};
pub use scale::{Scale, ScaleConfig};

/// The manual pages of the steps, and of `expr`, by their word in the file.
pub const PAGES: [(&str, &str); 8] = [
    ("scale", include_str!("scale.md")),
    ("convert", include_str!("convert.md")),
    ("clamp", include_str!("clamp.md")),
    ("range", include_str!("range.md")),
    ("deadband", include_str!("deadband.md")),
    ("limit_rate", include_str!("limit_rate.md")),
    ("moving_average", include_str!("moving_average.md")),
    ("expr", include_str!("../expr/expr.md")),
];

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

/// Why a step cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// A number outside its range, or two that exclude each other.
    #[error("{what}")]
    Setting {
        /// The key within the step.
        key: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A unit that is unknown, missing, or measures something else.
    #[error("{what}")]
    Unit {
        /// The key within the step.
        key: &'static str,
        /// What is wrong.
        what: String,
        /// What was probably meant; may be empty.
        remedy: String,
    },
}

impl StepError {
    fn setting(key: &'static str, what: impl Into<String>) -> StepError {
        StepError::Setting { key, what: what.into() }
    }
}

/// Whether a sample goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Forward,
    /// It says nothing new, or not yet.
    Hold,
}

/// One step of one tag, with its state.
#[derive(Debug)]
pub(crate) enum Step {
    Scale(Scale),
    Convert(Convert),
    Clamp(Clamp),
    Range(Range),
    Deadband(Deadband),
    LimitRate(LimitRate),
    MovingAverage(MovingAverage),
}

impl Step {
    /// The step of `config` for a tag whose values are in `unit`.
    pub(crate) fn new(config: &OpConfig, unit: Option<&Unit>) -> Result<Step, StepError> {
        Ok(match config {
            OpConfig::Scale(config) => Step::Scale(Scale::new(config)?),
            OpConfig::Convert(config) => Step::Convert(Convert::new(config, unit)?),
            OpConfig::Clamp(config) => Step::Clamp(Clamp::new(config)?),
            OpConfig::Range(config) => Step::Range(Range::new(config)?),
            OpConfig::Deadband(config) => Step::Deadband(Deadband::new(config)?),
            OpConfig::LimitRate(config) => Step::LimitRate(LimitRate::new(config)?),
            OpConfig::MovingAverage(config) => Step::MovingAverage(MovingAverage::new(config)?),
        })
    }

    pub(crate) fn apply(&mut self, sample: &mut Sample) -> Flow {
        match self {
            Step::Scale(step) => step.apply(sample),
            Step::Convert(step) => step.apply(sample),
            Step::Clamp(step) => step.apply(sample),
            Step::Range(step) => step.apply(sample),
            Step::Deadband(step) => return step.apply(sample),
            Step::LimitRate(step) => return step.apply(sample),
            Step::MovingAverage(step) => step.apply(sample),
        }
        Flow::Forward
    }

    /// What a step held back and lets go now.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Option<Sample> {
        match self {
            Step::LimitRate(step) => step.tick(now),
            _ => None,
        }
    }

    pub(crate) fn ticks(&self) -> bool {
        matches!(self, Step::LimitRate(_))
    }

    /// Whether the other does the same, whatever its state.
    pub(crate) fn same_settings(&self, other: &Step) -> bool {
        match (self, other) {
            (Step::Scale(one), Step::Scale(other)) => one == other,
            (Step::Convert(one), Step::Convert(other)) => one == other,
            (Step::Clamp(one), Step::Clamp(other)) => one == other,
            (Step::Range(one), Step::Range(other)) => one == other,
            (Step::Deadband(one), Step::Deadband(other)) => one.same_settings(other),
            (Step::LimitRate(one), Step::LimitRate(other)) => one.same_settings(other),
            (Step::MovingAverage(one), Step::MovingAverage(other)) => one.same_settings(other),
            _ => false,
        }
    }
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

/// The number of a sample that may be computed with: not of a bad one, and not of a bool.
fn number(sample: &Sample) -> Option<f64> {
    if sample.quality.is_bad() || matches!(sample.value, Value::Bool(_)) {
        return None;
    }
    sample.value.as_f64()
}

/// Puts another number in place; one that is not finite makes the sample bad.
fn set(sample: &mut Sample, number: f64) {
    *sample = Sample::new(sample.ts, Value::Float(number), sample.quality, sample.clock);
}

fn finite(key: &'static str, number: f64) -> Result<f64, StepError> {
    if number.is_finite() {
        return Ok(number);
    }
    Err(StepError::setting(key, format!("`{key}` must be a finite number, not {number}")))
}

/// Two limits of which one may be left out.
fn limits(low: Option<f64>, high: Option<f64>) -> Result<(f64, f64), StepError> {
    if low.is_none() && high.is_none() {
        return Err(StepError::setting("", "`low`, `high` or both are needed"));
    }
    let low = low.map_or(Ok(f64::NEG_INFINITY), |low| finite("low", low))?;
    let high = high.map_or(Ok(f64::INFINITY), |high| finite("high", high))?;
    if low > high {
        let what = format!("`low` ({low}) must not be above `high` ({high})");
        return Err(StepError::setting("low", what));
    }
    Ok((low, high))
}

#[cfg(test)]
mod testing;
