//! What may be said of a span of history in a few numbers.

use std::time::Duration;

use lineshaft_model::{Sample, TagId, Timestamp};

use crate::history::Deadline;

/// One question about a span of one tag.
#[derive(Debug, Clone, PartialEq)]
pub struct StatisticsRequest {
    /// Which tag.
    pub tag: TagId,
    /// From this instant on.
    pub start: Timestamp,
    /// Up to, not including, this instant.
    pub end: Timestamp,
    /// Whether values hold until the next (a state) or move on a line (a measurement).
    pub step: bool,
    /// When to give up.
    pub deadline: Option<Deadline>,
}

/// A span of one tag in a few numbers, exact.
///
/// Each sample says what holds until the next one: good, uncertain or bad time. Before the first sample of all, and after
/// now, nothing is known. The four lengths together are the whole span. Only good time counts for what is weighted by
/// time; a gap is counted, never averaged over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    /// Samples within the span, of whatever quality.
    pub count: u64,
    /// Those of them that are good.
    pub good_count: u64,
    /// How long it was good.
    pub good: Duration,
    /// How long it was uncertain.
    pub uncertain: Duration,
    /// How long it was bad.
    pub bad: Duration,
    /// How long nothing is known.
    pub unknown: Duration,
    /// The first of the lowest good samples within the span; `None` without a good number.
    pub minimum: Option<Sample>,
    /// The first of the highest.
    pub maximum: Option<Sample>,
    /// The first good sample within the span.
    pub first: Option<Sample>,
    /// The last good sample within the span.
    pub last: Option<Sample>,
    /// The mean of the good time, weighted by how long each value held; a line between the good samples of a measurement.
    pub average: Option<f64>,
    /// The standard deviation of the good time around [`Statistics::average`], weighted the same.
    pub stddev: Option<f64>,
    /// How often a state changed: good samples that differ from the good one before them, that before the span included.
    /// `None` for a measurement.
    pub transitions: Option<u64>,
}
