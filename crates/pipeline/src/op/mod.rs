//! The steps: what is done with each sample of a tag, one file per verb.
//!
//! A step is synchronous, has no clock and cannot fail: what cannot be computed becomes a bad sample. It never
//! raises a quality, and a change of quality always passes. Steps of arithmetic leave bad samples, bools, text
//! and bytes as they are: a bad value is a trace of what went wrong, and computing with it would hide that.

mod clamp;
mod config;
mod convert;
mod deadband;
mod error;
mod limit_rate;
mod moving_average;
mod range;
mod scale;
mod step;

use lineshaft_model::{Sample, Value};

pub use clamp::{Clamp, ClampConfig, Clamped};
pub use config::OpConfig;
pub use convert::{Convert, ConvertConfig};
pub use deadband::{Deadband, DeadbandConfig, SILENCE_MAX_DEFAULT};
pub use error::StepError;
pub use limit_rate::{LimitRate, LimitRateConfig};
pub use moving_average::{MovingAverage, MovingAverageConfig, SAMPLES_MAX};
pub use range::{Outside, Range, RangeConfig};
pub use scale::{Scale, ScaleConfig};
pub(crate) use step::Step;

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

/// Whether a sample goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Forward,
    /// It says nothing new, or not yet.
    Hold,
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
