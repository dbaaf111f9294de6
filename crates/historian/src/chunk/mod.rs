//! A chunk: up to 32,767 samples of one tag, compressed, in pages that are read alone.
//!
//! The bytes are described in `docs/formats/historian.md`. A chunk is a header (what all pages share and where
//! each page is) and the pages; both carry checksums, so that one page can be read and trusted without the rest.
//!
//! Not here: where chunks lie in a file, which is the segment's; statistics, which are their own block.

mod decode;
mod encode;
#[cfg(test)]
pub(crate) mod tests;

use lineshaft_model::Value;

use crate::bytes::Malformed;

pub(crate) use decode::ChunkReader;
pub(crate) use encode::{cut, encode};

/// The version of this layout.
pub(crate) const VERSION: u8 = 1;

/// What the values of a chunk are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// No sample has a value.
    Null = 0,
    Bool = 1,
    Int = 2,
    Uint = 3,
    Float = 4,
    Text = 5,
    Bytes = 6,
    /// Several of them.
    Mixed = 7,
}

impl Kind {
    pub(crate) fn from_code(code: u8) -> Result<Kind, Malformed> {
        const ALL: [Kind; 8] = [
            Kind::Null,
            Kind::Bool,
            Kind::Int,
            Kind::Uint,
            Kind::Float,
            Kind::Text,
            Kind::Bytes,
            Kind::Mixed,
        ];
        ALL.get(usize::from(code)).copied().ok_or(Malformed("unknown kind of chunk"))
    }

    pub(crate) const fn of(value: &Value) -> Kind {
        match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Uint(_) => Kind::Uint,
            Value::Float(_) => Kind::Float,
            Value::Text(_) => Kind::Text,
            Value::Bytes(_) => Kind::Bytes,
        }
    }

    /// Whether page statistics can hold its values.
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Kind::Bool | Kind::Int | Kind::Uint | Kind::Float | Kind::Null)
    }

    /// The value of this kind with these bits; the kinds that are no numbers have none.
    pub(crate) fn value(self, bits: u64) -> Value {
        match self {
            Kind::Bool => Value::Bool(bits != 0),
            Kind::Int => Value::Int(bits as i64),
            Kind::Uint => Value::Uint(bits),
            Kind::Float => Value::Float(f64::from_bits(bits)),
            Kind::Null | Kind::Text | Kind::Bytes | Kind::Mixed => Value::Null,
        }
    }
}

/// The bits of a number; 0 for what is none.
pub(crate) fn bits_of(value: &Value) -> u64 {
    match value {
        Value::Bool(on) => u64::from(*on),
        Value::Int(int) => *int as u64,
        Value::Uint(uint) => *uint,
        Value::Float(float) => float.to_bits(),
        Value::Null | Value::Text(_) | Value::Bytes(_) => 0,
    }
}

/// How the values of a chunk are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Coding {
    Null = 0,
    Constant = 1,
    Ints = 2,
    Decimals = 3,
    Floats = 4,
    Bits = 5,
    Dictionary = 6,
    Scalars = 7,
}

impl Coding {
    fn from_code(code: u8) -> Result<Coding, Malformed> {
        const ALL: [Coding; 8] = [
            Coding::Null,
            Coding::Constant,
            Coding::Ints,
            Coding::Decimals,
            Coding::Floats,
            Coding::Bits,
            Coding::Dictionary,
            Coding::Scalars,
        ];
        ALL.get(usize::from(code)).copied().ok_or(Malformed("unknown coding of values"))
    }
}

const MARKS_CONSTANT: u8 = 0;
const MARKS_PAGED: u8 = 1;
const BITS_RUNS: u8 = 0;
const BITS_MAP: u8 = 1;
