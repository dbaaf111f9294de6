//! Values, qualities and times as JSON. The wire form of this boundary; the model has none of its own.

use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use lineshaft_model::{DataType, Quality, Reason, Sample, Value};
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// A value: a number, a text, `true` or `false`, or null where there is none.
///
/// A number of an `f32` tag is written with the digits that single precision has (`21.1`, not
/// `21.100000381469727`). Whole numbers past 2^53 are written exactly; a reader that knows only doubles rounds them.
/// Bytes are hexadecimal text. NaN and infinities, which are never good, are null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnyValue<'a> {
    pub(crate) value: &'a Value,
    pub(crate) single: bool,
}

impl<'a> AnyValue<'a> {
    pub(crate) fn new(value: &'a Value, data_type: DataType) -> AnyValue<'a> {
        AnyValue { value, single: data_type == DataType::F32 }
    }
}

impl Serialize for AnyValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Null => serializer.serialize_none(),
            Value::Bool(on) => serializer.serialize_bool(*on),
            Value::Int(int) => serializer.serialize_i64(*int),
            Value::Uint(uint) => serializer.serialize_u64(*uint),
            Value::Float(float) if !float.is_finite() => serializer.serialize_none(),
            Value::Float(float) => match exact_single(*float) {
                Some(single) if self.single => serializer.serialize_f32(single),
                _ => serializer.serialize_f64(*float),
            },
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(_) => serializer.collect_str(self.value),
        }
    }
}

/// The single-precision number that is exactly this one.
fn exact_single(float: f64) -> Option<f32> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the next line checks that nothing is lost"
    )]
    let single = float as f32;
    (f64::from(single).to_bits() == float.to_bits()).then_some(single)
}

impl PartialSchema for AnyValue<'_> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let types = [Type::Number, Type::String, Type::Boolean, Type::Null];
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter(types))
            .description(Some("A value; null where there is none. Bytes are hexadecimal text."))
            .into()
    }
}

impl ToSchema for AnyValue<'_> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }
}

/// Why a quality is not good; `None` when it is, or when nobody said.
pub(crate) fn reason(quality: Quality) -> Option<&'static str> {
    match quality.reason() {
        Reason::None => None,
        reason => Some(reason.word()),
    }
}

/// What a configured tag shows that has said nothing yet.
pub(crate) const NOT_YET: Quality = Quality::bad(Reason::NotYet);

/// One column of samples: written straight from the samples, never collected first.
pub(crate) struct Column<'a, F>(pub(crate) &'a [Sample], pub(crate) F);

impl<'a, F, T> Serialize for Column<'a, F>
where
    F: Fn(&'a Sample) -> T,
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut column = serializer.serialize_seq(Some(self.0.len()))?;
        for sample in self.0 {
            column.serialize_element(&(self.1)(sample))?;
        }
        column.end()
    }
}

/// An answer that says nothing but that it was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Empty {}

/// A length of time in milliseconds.
pub(crate) fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// Written JSON on its way to the client.
#[derive(Debug)]
pub(crate) struct Written(pub(crate) Vec<u8>);

impl Written {
    /// `answer` as JSON. `bytes` is a guess of its length, so that a long one is not copied while it grows.
    pub(crate) fn new(answer: &impl Serialize, bytes: usize) -> Written {
        let mut out = Vec::with_capacity(bytes);
        if let Err(error) = serde_json::to_writer(&mut out, answer) {
            // Our types have string keys and write to memory: only a bug can fail.
            tracing::error!(%error, "an answer cannot be written as JSON");
        }
        Written(out)
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: impl Into<Value>, data_type: DataType, json: &str) {
        let value = value.into();
        let written = serde_json::to_string(&AnyValue::new(&value, data_type)).unwrap();
        assert_eq!(written, json);
    }

    #[test]
    fn values_are_written_exactly() {
        check(f64::from(21.1_f32), DataType::F32, "21.1");
        check(21.1_f64, DataType::F32, "21.1");
        check(f64::from(21.1_f32), DataType::F64, "21.100000381469727");
        check(i64::MIN, DataType::I64, "-9223372036854775808");
        check(u64::MAX, DataType::U64, "18446744073709551615");
        check(f64::NAN, DataType::F64, "null");
        check("say \"ah\"", DataType::Text(9), r#""say \"ah\"""#);
        check(Value::Bytes([0, 0xab].into()), DataType::Bytes(2), r#""00ab""#);
        check(Value::Null, DataType::Bool, "null");
    }
}
