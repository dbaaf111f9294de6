//! One step of one tag as the pipeline runs it: a list of all steps, no table of functions.

use lineshaft_model::{Sample, Timestamp, Unit};

use super::{
    Clamp, Convert, Deadband, Flow, LimitRate, MovingAverage, OpConfig, Range, Scale, StepError,
};

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
