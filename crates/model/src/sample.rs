//! One value of one tag at one instant.

use crate::{Quality, Reason, Timestamp, Value};

/// Whose clock a sample's timestamp came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ClockSource {
    /// The device's own, synchronised.
    Source = 0,
    /// The device's own, known not to be synchronised.
    SourceUnsynchronised = 1,
    /// Ours, when the answer arrived.
    Arrival = 2,
}

/// A value with its time and quality. 40 bytes, no heap unless it is text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When the value was true, by the clock named in `clock`. Never rewritten on the way.
    pub ts: Timestamp,
    /// The value; [`Value::Null`] when the source said nothing, which is never good.
    pub value: Value,
    /// How far it may be trusted.
    pub quality: Quality,
    /// Whose time `ts` is.
    pub clock: ClockSource,
}

const _: () = assert!(size_of::<Sample>() == 40);
const _: () = assert!(size_of::<Value>() == 24);
const _: () = assert!(size_of::<Quality>() == 2);

impl Sample {
    /// A sample as it came. NaN, infinities and null are no measurement: a good or uncertain one becomes bad.
    /// Text and bytes beyond [`Value::LENGTH_MAX`] become null and bad: a part of them would be another value.
    #[must_use]
    pub fn new(ts: Timestamp, value: Value, quality: Quality, clock: ClockSource) -> Sample {
        let (value, quality) = match value.is_too_long() {
            true => (Value::Null, quality.worst(Quality::bad(Reason::Range))),
            false => (value, quality),
        };
        let quality = match value {
            Value::Float(float) if !float.is_finite() => {
                quality.worst(Quality::bad(Reason::NotANumber))
            }
            Value::Null => quality.worst(Quality::bad(Reason::Unknown)),
            _ => quality,
        };
        Sample { ts, value, quality, clock }
    }

    /// A good sample stamped on arrival.
    #[must_use]
    pub fn good(ts: Timestamp, value: impl Into<Value>) -> Sample {
        Sample::new(ts, value.into(), Quality::GOOD, ClockSource::Arrival)
    }

    /// Nothing was said, because of `reason`.
    #[must_use]
    pub fn missing(ts: Timestamp, reason: Reason) -> Sample {
        Sample::new(ts, Value::Null, Quality::bad(reason), ClockSource::Arrival)
    }

    /// The same value with another one in its place; NaN lowers the quality as in [`Sample::new`].
    #[must_use]
    pub fn with_value(self, value: Value) -> Sample {
        Sample::new(self.ts, value, self.quality, self.clock)
    }

    /// Lowers the quality to `quality` unless it is already as bad.
    pub fn lower(&mut self, quality: Quality) {
        self.quality = self.quality.worst(quality);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_sample_is_never_nan_or_infinite() {
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let sample = Sample::good(Timestamp::from_secs(1), float);
            assert_eq!(sample.quality, Quality::bad(Reason::NotANumber));
        }
        let kept = Sample::new(
            Timestamp::from_secs(1),
            Value::Float(f64::NAN),
            Quality::bad(Reason::Comm),
            ClockSource::Source,
        );
        assert_eq!(kept.quality, Quality::bad(Reason::Comm));
    }

    #[test]
    fn a_text_that_is_too_long_is_no_value() {
        for (length, is_kept) in [(Value::LENGTH_MAX, true), (Value::LENGTH_MAX + 1, false)] {
            let sample = Sample::good(Timestamp::from_secs(1), "x".repeat(length).as_str());
            assert_eq!(sample.value != Value::Null, is_kept);
            assert_eq!(sample.quality.is_good(), is_kept);
        }
    }
}
