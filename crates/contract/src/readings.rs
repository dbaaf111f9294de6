//! What a driver hands over: values by the number of their point.

use lineshaft_model::{ClockSource, Quality, Reason, Sample, Timestamp, Value};

/// One value of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Index of the point in [`crate::DeviceSpec::points`].
    pub point: u32,
    /// What the device said; null when it said nothing.
    pub value: Value,
    /// How far it may be trusted.
    pub quality: Quality,
    /// The device's own time, where it has one.
    pub source_time: Option<(Timestamp, ClockSource)>,
}

impl Reading {
    /// The sample of this reading, stamped `arrived` when the device gave no time of its own.
    #[must_use]
    pub fn into_sample(self, arrived: Timestamp) -> Sample {
        let (ts, clock) = self.source_time.unwrap_or((arrived, ClockSource::Arrival));
        Sample::new(ts, self.value, self.quality, clock)
    }
}

/// The readings of one request. Reused from request to request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Readings(pub Vec<Reading>);

impl Readings {
    /// Adds a good value without a time of its own.
    pub fn good(&mut self, point: u32, value: impl Into<Value>) {
        self.push(point, value.into(), Quality::GOOD);
    }

    /// Adds a point that has no value, because of `reason`.
    pub fn bad(&mut self, point: u32, reason: Reason) {
        self.push(point, Value::Null, Quality::bad(reason));
    }

    /// Adds a value with its quality, without a time of its own.
    pub fn push(&mut self, point: u32, value: Value, quality: Quality) {
        self.0.push(Reading { point, value, quality, source_time: None });
    }
}
