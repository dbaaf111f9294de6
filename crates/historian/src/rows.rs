//! Samples of one tag as columns in memory, oldest first.

use std::cmp::Ordering;

use lineshaft_model::{ClockSource, Quality, Sample, Timestamp, Value};

use crate::bytes::{In, Malformed, put_bytes, put_varint, put_zigzag};

/// Quality, clock and absence of a value in one number: the quality's code, 0x8000 for no value, the clock from bit 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark(pub(crate) u32);

impl Mark {
    const NULL: u32 = 0x8000;

    pub(crate) fn of(sample: &Sample) -> Mark {
        let null = if sample.value == Value::Null { Mark::NULL } else { 0 };
        Mark(u32::from(sample.quality.to_code()) | null | (sample.clock as u32) << 16)
    }

    pub(crate) const fn is_null(self) -> bool {
        self.0 & Mark::NULL != 0
    }

    pub(crate) const fn is_good(self) -> bool {
        self.0 & 0xffff == 0
    }

    pub(crate) fn quality(self) -> Quality {
        Quality::from_code((self.0 & 0x7fff) as u16)
    }

    pub(crate) const fn clock_code(self) -> u8 {
        (self.0 >> 16) as u8
    }

    pub(crate) const fn clock(self) -> ClockSource {
        clock_of(self.clock_code())
    }
}

pub(crate) const fn clock_of(code: u8) -> ClockSource {
    match code {
        0 => ClockSource::Source,
        1 => ClockSource::SourceUnsynchronised,
        _ => ClockSource::Arrival,
    }
}

/// Samples of one tag. All columns have the same length.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) ts: Vec<i64>,
    pub(crate) marks: Vec<Mark>,
    /// [`Value::Null`] where the mark says so.
    pub(crate) values: Vec<Value>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.ts.len()
    }

    #[cfg(test)]
    pub(crate) fn push(&mut self, sample: &Sample) {
        self.ts.push(sample.ts.nanos());
        self.marks.push(Mark::of(sample));
        self.values.push(sample.value.clone());
    }

    pub(crate) fn sample(&self, index: usize) -> Sample {
        let mark = self.marks[index];
        Sample {
            ts: Timestamp::from_nanos(self.ts[index]),
            value: self.values[index].clone(),
            quality: mark.quality(),
            clock: mark.clock(),
        }
    }
}

/// Orders two values: numbers exactly, whatever their kinds; `None` when one of them is no number.
pub(crate) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Float(a), b) => Some(compare_float(whole(b)?, *a)?.reverse()),
        (a, Value::Float(b)) => compare_float(whole(a)?, *b),
        (a, b) => Some(whole(a)?.cmp(&whole(b)?)),
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(on) => Some(i128::from(*on)),
        Value::Int(int) => Some(i128::from(*int)),
        Value::Uint(uint) => Some(i128::from(*uint)),
        _ => None,
    }
}

/// Exact, so that the lowest of many does not depend on the order in which they are compared.
fn compare_float(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    let floor = float.floor(); // beyond i128 the cast saturates, which orders rightly
    let fraction = if float > floor { Ordering::Less } else { Ordering::Equal };
    Some(int.cmp(&(floor as i128)).then(fraction))
}

/// Adds one value of any kind.
pub(crate) fn put_scalar(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(on) => out.push(1 + u8::from(*on)),
        Value::Int(int) => {
            out.push(3);
            put_zigzag(out, *int);
        }
        Value::Uint(uint) => {
            out.push(4);
            put_varint(out, *uint);
        }
        Value::Float(float) => {
            out.push(5);
            out.extend_from_slice(&float.to_le_bytes());
        }
        Value::Text(text) => {
            out.push(6);
            put_bytes(out, text.as_bytes());
        }
        Value::Bytes(bytes) => {
            out.push(7);
            put_bytes(out, bytes);
        }
    }
}

/// Reads [`put_scalar`].
pub(crate) fn scalar(input: &mut In<'_>) -> Result<Value, Malformed> {
    Ok(match input.u8()? {
        0 => Value::Null,
        1 => Value::Bool(false),
        2 => Value::Bool(true),
        3 => Value::Int(input.zigzag()?),
        4 => Value::Uint(input.varint()?),
        5 => Value::Float(f64::from_bits(input.u64()?)),
        6 => Value::Text(text(input.bytes()?)?.into()),
        7 => Value::Bytes(input.bytes()?.into()),
        _ => return Err(Malformed("unknown kind of value")),
    })
}

pub(crate) fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).ok().ok_or(Malformed("text is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_exactly_across_kinds() {
        let past = 9_007_199_254_740_993_i64; // 2^53 + 1 is no double
        for (a, b, order) in [
            (Value::Int(past), Value::Float(9_007_199_254_740_992.0), Ordering::Greater),
            (Value::Uint(u64::MAX), Value::Int(-1), Ordering::Greater),
            (Value::Float(-0.5), Value::Int(0), Ordering::Less),
            (Value::Int(-1), Value::Float(-0.5), Ordering::Less),
            (Value::Bool(true), Value::Float(1.0), Ordering::Equal),
            (Value::Float(1e300), Value::Uint(u64::MAX), Ordering::Greater),
        ] {
            assert_eq!(compare(&a, &b), Some(order), "{a} {b}");
            assert_eq!(compare(&b, &a), Some(order.reverse()), "{b} {a}");
        }
        assert_eq!(compare(&Value::from("x"), &Value::Int(1)), None);
    }
}
