//! From the engineer's value to the device's and back: the exact inverse of the pipeline's scaling.

use lineshaft_contract::PointSpec;
use lineshaft_model::{Conversion, DataType, Value};

use super::PointPlan;

/// Whether a computed raw value means a whole number: within 1e-9 of one, or within what binary arithmetic loses on
/// the way (123456789.1 / 0.1 is not exact, and an offset far larger than the value costs digits), but never
/// more than a hundredth.
fn is_whole(raw: f64, point: &PointPlan) -> bool {
    let lost = 4.0 * f64::EPSILON * (raw.abs() + 2.0 * (point.offset / point.scale).abs());
    (raw - raw.round()).abs() <= lost.clamp(1e-9, 0.01)
}

/// The value to write for `value` in the tag's own unit, or why there is none.
///
/// Nothing is coerced: a number is no bool (but 0 and 1 are), a text is no number, a whole-number type takes no
/// fraction, and what does not fit the type's range is refused.
pub(super) fn to_raw(spec: &PointSpec, point: &PointPlan, value: &Value) -> Result<Value, String> {
    match spec.data_type {
        DataType::Bool => match value {
            Value::Bool(on) => Ok(Value::Bool(*on)),
            Value::Int(0 | 1) | Value::Uint(0 | 1) => Ok(Value::Bool(value.as_f64() == Some(1.0))),
            Value::Float(float) if *float == 0.0 || *float == 1.0 => Ok(Value::Bool(*float == 1.0)),
            _ => Err(format!("a bool takes true, false, 1 or 0; this is {}", value.kind())),
        },
        DataType::F32 | DataType::F64 => real(spec.data_type, point, value),
        DataType::Text(length) => match value {
            Value::Text(text) if text.len() <= usize::from(length) => Ok(value.clone()),
            Value::Text(text) => Err(format!("it has {} bytes, the tag {length}", text.len())),
            _ => Err(format!("a text is needed, not a {}", value.kind())),
        },
        DataType::Bytes(length) => match value {
            Value::Bytes(bytes) if bytes.len() == usize::from(length) => Ok(value.clone()),
            Value::Bytes(bytes) => Err(format!("it has {} bytes, the tag {length}", bytes.len())),
            _ => Err(format!("bytes are needed, not a {}", value.kind())),
        },
        _ => whole(spec.data_type, point, value),
    }
}

fn number(point: &PointPlan, value: &Value) -> Result<f64, String> {
    let number = match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => value.as_f64(),
        _ => None,
    };
    let engineering =
        number.ok_or_else(|| format!("a number is needed, not a {}", value.kind()))?;
    let raw = (engineering - point.offset) / point.scale;
    if raw.is_finite() { Ok(raw) } else { Err("it is not a finite number".into()) }
}

fn real(data_type: DataType, point: &PointPlan, value: &Value) -> Result<Value, String> {
    let raw = number(point, value)?;
    if data_type == DataType::F32 && raw.abs() > f64::from(f32::MAX) {
        return Err(format!("the raw value {raw} is beyond the range of {data_type}"));
    }
    Ok(Value::Float(raw))
}

fn whole(data_type: DataType, point: &PointPlan, value: &Value) -> Result<Value, String> {
    let raw: i128 = match value {
        Value::Int(int) if is_plain(point) => (*int).into(),
        Value::Uint(uint) if is_plain(point) => (*uint).into(),
        _ => {
            let raw = number(point, value)?;
            if !is_whole(raw, point) {
                return Err(format!(
                    "the raw value would be {raw}, and {data_type} is a whole number"
                ));
            }
            #[expect(
                clippy::cast_possible_truncation,
                reason = "whole, and saturates at the range of i128"
            )]
            let raw = raw.round() as i128;
            raw
        }
    };
    let (low, high) = range_of(data_type);
    if !(low..=high).contains(&raw) {
        return Err(format!("the raw value {raw} is not between {low} and {high}"));
    }
    match (low < 0, i64::try_from(raw), u64::try_from(raw)) {
        (true, Ok(int), _) => Ok(Value::Int(int)),
        (_, _, Ok(uint)) => Ok(Value::Uint(uint)),
        _ => Err(format!("the raw value {raw} fits no whole number")),
    }
}

fn range_of(data_type: DataType) -> (i128, i128) {
    match data_type {
        DataType::I8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::U8 => (0, u8::MAX.into()),
        DataType::I16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::U16 => (0, u16::MAX.into()),
        DataType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::U32 => (0, u32::MAX.into()),
        DataType::I64 => (i64::MIN.into(), i64::MAX.into()),
        _ => (0, u64::MAX.into()),
    }
}

fn is_plain(point: &PointPlan) -> bool {
    point.scale == 1.0 && point.offset == 0.0
}

/// What was read back, in the tag's own unit.
pub(super) fn to_engineering(point: &PointPlan, raw: Value) -> Value {
    match raw {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) if !is_plain(point) => {
            match raw.as_f64() {
                Some(number) => Value::Float(
                    Conversion { factor: point.scale, offset: point.offset }.apply(number),
                ),
                None => raw,
            }
        }
        _ => raw,
    }
}

/// Whether the device holds what was sent, as far as its type can hold it.
pub(super) fn holds(data_type: DataType, sent: &Value, got: &Value) -> bool {
    match (sent, got) {
        (Value::Int(a), Value::Uint(b)) | (Value::Uint(b), Value::Int(a)) => {
            u64::try_from(*a).is_ok_and(|a| a == *b)
        }
        #[expect(clippy::cast_possible_truncation, reason = "an f32 is what the device holds")]
        (Value::Float(a), Value::Float(b)) if data_type == DataType::F32 => *a as f32 == *b as f32,
        (Value::Text(a), Value::Text(b)) => {
            // A register file pads a text to its length.
            let filled = |c: char| c == '\0' || c == ' ';
            a.trim_end_matches(filled) == b.trim_end_matches(filled)
        }
        _ => sent == got,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineshaft_model::{Access, TagId, TagPath, WordOrder};
    use proptest::prelude::*;
    use std::time::Duration;

    fn spec(data_type: &str) -> PointSpec {
        PointSpec {
            name: "t".into(),
            address: "hr:0".into(),
            data_type: data_type.parse().unwrap(),
            order: WordOrder::Abcd,
            access: Access::ReadWrite,
            period: Duration::from_secs(1),
        }
    }

    fn scaled(scale: f64, offset: f64) -> PointPlan {
        PointPlan { tag: TagId::from_index(0), path: TagPath::new("t").unwrap(), scale, offset }
    }

    #[track_caller]
    fn check(
        data_type: &str,
        scale: f64,
        offset: f64,
        value: impl Into<Value>,
        raw: Result<Value, &str>,
    ) {
        let got = to_raw(&spec(data_type), &scaled(scale, offset), &value.into());
        assert_eq!(got, raw.map_err(str::to_owned));
    }

    /// Proves: P11-32.
    #[test]
    fn a_value_is_unscaled_to_a_whole_number_or_refused() {
        check("i16", 0.1, 0.0, 21.7, Ok(Value::Int(217)));
        check("i16", 0.1, -40.0, -40.0, Ok(Value::Int(0)));
        check("u32", 0.1, 0.0, 123_456_789.1, Ok(Value::Uint(1_234_567_891)));
        check(
            "i16",
            0.1,
            0.0,
            21.75,
            Err("the raw value would be 217.5, and i16 is a whole number"),
        );
        check("i16", 0.1, 0.0, 4000.0, Err("the raw value 40000 is not between -32768 and 32767"));
        check("u16", 1.0, 0.0, -1_i64, Err("the raw value -1 is not between 0 and 65535"));
        check("u64", 1.0, 0.0, u64::MAX, Ok(Value::Uint(u64::MAX)));
        check("i64", 1.0, 0.0, i64::MAX, Ok(Value::Int(i64::MAX)));
        check("i16", 1.0, 0.0, f64::NAN, Err("it is not a finite number"));
        check("i16", 1.0, 0.0, "12", Err("a number is needed, not a text"));
    }

    #[test]
    fn other_types_take_what_they_are_and_nothing_else() {
        check("bool", 1.0, 0.0, 1_i64, Ok(Value::Bool(true)));
        check("bool", 1.0, 0.0, 2_i64, Err("a bool takes true, false, 1 or 0; this is int"));
        check("i16", 1.0, 0.0, true, Err("a number is needed, not a bool"));
        check(
            "f32",
            1.0,
            0.0,
            1e39,
            Err(
                "the raw value 1000000000000000000000000000000000000000 is beyond the range of f32",
            ),
        );
        check("f32", 2.0, 1.0, 21.0, Ok(Value::Float(10.0)));
        check("text(3)", 1.0, 0.0, "abcd", Err("it has 4 bytes, the tag 3"));
        check("text(4)", 1.0, 0.0, "abc", Ok(Value::from("abc")));
    }

    #[test]
    fn what_is_read_back_is_compared_as_the_device_holds_it() {
        assert!(holds(DataType::F32, &Value::Float(0.1), &Value::Float(f64::from(0.1_f32))));
        assert!(!holds(DataType::F64, &Value::Float(0.1), &Value::Float(f64::from(0.1_f32))));
        assert!(holds(DataType::U16, &Value::Uint(7), &Value::Int(7)));
        assert!(holds(DataType::Text(8), &Value::from("on"), &Value::from("on\0\0  ")));
        assert!(!holds(DataType::Bool, &Value::Bool(true), &Value::Bool(false)));
    }

    proptest! {
        #[test]
        fn what_a_scaled_register_shows_can_be_written_back(
            raw in any::<i32>(), digits in 0_i32..6, offset in -1000_i32..1000,
        ) {
            let point = scaled(10_f64.powi(-digits), offset.into());
            let shown = to_engineering(&point, Value::Int(raw.into()));
            prop_assert_eq!(to_raw(&spec("i32"), &point, &shown), Ok(Value::Int(raw.into())));
        }
    }
}
