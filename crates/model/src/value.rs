//! Values as the plant means them; how wide they were on the wire is metadata.

use std::fmt;
use std::sync::Arc;

/// One value. 24 bytes; cloning never copies text or bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The source said nothing: only ever with a quality that is not good. An unknown is not a zero.
    Null,
    /// On or off.
    Bool(bool),
    /// A signed whole number.
    Int(i64),
    /// An unsigned whole number, for counters past `i64::MAX`.
    Uint(u64),
    /// A real number. A good sample never holds NaN or an infinity, see [`crate::Sample::new`].
    Float(f64),
    /// Text, at most 64 KiB.
    Text(Arc<str>),
    /// Raw bytes, at most 64 KiB.
    Bytes(Arc<[u8]>),
}

impl Value {
    /// The longest text or byte string, in bytes.
    pub const LENGTH_MAX: usize = 64 * 1024;

    /// Whether it is text or bytes of more than [`Value::LENGTH_MAX`].
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        match self {
            Value::Text(text) => text.len() > Self::LENGTH_MAX,
            Value::Bytes(bytes) => bytes.len() > Self::LENGTH_MAX,
            _ => false,
        }
    }

    /// The number this value stands for: whole numbers and reals as they are, on as 1 and off as 0.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a trend of counters past 2^53 may lose the last digit"
    )]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Bool(on) => Some(f64::from(u8::from(*on))),
            Value::Int(int) => Some(*int as f64),
            Value::Uint(uint) => Some(*uint as f64),
            Value::Float(float) => Some(*float),
            Value::Null | Value::Text(_) | Value::Bytes(_) => None,
        }
    }

    /// Equal to the bit: tells NaN payloads and the two zeros apart, as storage must.
    #[must_use]
    pub fn same_bits(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }

    /// The word for this kind of value in messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Float(_) => "float",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(on) => write!(f, "{on}"),
            Value::Int(int) => write!(f, "{int}"),
            Value::Uint(uint) => write!(f, "{uint}"),
            Value::Float(float) => write!(f, "{float}"),
            Value::Text(text) => f.write_str(text),
            Value::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl From<bool> for Value {
    fn from(on: bool) -> Value {
        Value::Bool(on)
    }
}
impl From<i64> for Value {
    fn from(int: i64) -> Value {
        Value::Int(int)
    }
}
impl From<u64> for Value {
    fn from(uint: u64) -> Value {
        Value::Uint(uint)
    }
}
impl From<f64> for Value {
    fn from(float: f64) -> Value {
        Value::Float(float)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}
