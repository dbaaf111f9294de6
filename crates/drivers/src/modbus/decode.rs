//! Registers and bits to values and back. Exact: what cannot be said exactly is refused, never rounded away.

use lineshaft_model::{DataType, Quality, Reason, Value, WordOrder};

use super::config::TextEncoding;
use super::point::Point;

/// Longest text or byte string in one request.
const BYTES_MAX: usize = 250;

/// The value of a point that begins `offset` cells into `cells`.
///
/// Whole numbers come as `Int`, except `u64`, which alone needs `Uint`.
/// An answer of the right length holds every point of its span; a shorter one cannot come here, and would
/// be a bad value, not a panic.
pub(super) fn value(
    point: &Point,
    offset: u16,
    cells: &[u8],
    text: TextEncoding,
) -> (Value, Quality) {
    let missing = (Value::Null, Quality::bad(Reason::Device));
    let offset = usize::from(offset);
    if point.table.is_bits() {
        let byte = cells.get(offset / 8);
        let bit = byte.map(|byte| Value::Bool(byte >> (offset % 8) & 1 == 1));
        return bit.map_or(missing, |bit| (bit, Quality::GOOD));
    }
    match cells.get(2 * offset..2 * (offset + usize::from(point.count))) {
        Some(registers) => of_registers(point, registers, text),
        None => missing,
    }
}

fn of_registers(point: &Point, registers: &[u8], text: TextEncoding) -> (Value, Quality) {
    let mut bytes = [0; BYTES_MAX];
    let Some(bytes) = bytes.get_mut(..registers.len()) else {
        return (Value::Null, Quality::bad(Reason::Device));
    };
    bytes.copy_from_slice(registers);
    reorder(bytes, point.order);
    let value = match (point.data_type, &*bytes) {
        (DataType::Bool, &[high, low]) => {
            let register = u16::from_be_bytes([high, low]);
            Value::Bool(register >> point.bit.unwrap_or(0) & 1 == 1)
        }
        (DataType::I8, &[_, low]) => Value::Int(low.cast_signed().into()),
        (DataType::U8, &[_, low]) => Value::Int(low.into()),
        (DataType::I16, &[a, b]) => Value::Int(i16::from_be_bytes([a, b]).into()),
        (DataType::U16, &[a, b]) => Value::Int(u16::from_be_bytes([a, b]).into()),
        (DataType::I32, &[a, b, c, d]) => Value::Int(i32::from_be_bytes([a, b, c, d]).into()),
        (DataType::U32, &[a, b, c, d]) => Value::Int(u32::from_be_bytes([a, b, c, d]).into()),
        (DataType::F32, &[a, b, c, d]) => Value::Float(f32::from_be_bytes([a, b, c, d]).into()),
        (DataType::I64, &[a, b, c, d, e, f, g, h]) => {
            Value::Int(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
        }
        (DataType::U64, &[a, b, c, d, e, f, g, h]) => {
            Value::Uint(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
        }
        (DataType::F64, &[a, b, c, d, e, f, g, h]) => {
            Value::Float(f64::from_be_bytes([a, b, c, d, e, f, g, h]))
        }
        (DataType::Text(length), bytes) => return text_of(&bytes[..usize::from(length)], text),
        (DataType::Bytes(length), bytes) => Value::Bytes(bytes[..usize::from(length)].into()),
        _ => return (Value::Null, Quality::bad(Reason::Device)),
    };
    (value, Quality::GOOD)
}

/// Brings registers into the order ABCD, or from it: each order undoes itself.
fn reorder(bytes: &mut [u8], order: WordOrder) {
    let swap_in_registers = |bytes: &mut [u8]| bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    match order {
        WordOrder::Abcd => {}
        WordOrder::Badc => swap_in_registers(bytes),
        WordOrder::Dcba => bytes.reverse(),
        WordOrder::Cdab => {
            bytes.reverse();
            swap_in_registers(bytes);
        }
    }
}

/// Text ends at its first zero byte; blanks stay, the device wrote them.
fn text_of(bytes: &[u8], encoding: TextEncoding) -> (Value, Quality) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let bytes = &bytes[..end];
    match encoding {
        TextEncoding::Utf8 => match std::str::from_utf8(bytes) {
            Ok(text) => (Value::Text(text.into()), Quality::GOOD),
            Err(_not_utf8) => {
                let text = String::from_utf8_lossy(bytes);
                (Value::Text(text.as_ref().into()), Quality::uncertain(Reason::Device))
            }
        },
        TextEncoding::Latin1 => {
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            (Value::Text(text.into()), Quality::GOOD)
        }
    }
}

/// What to write so that a point has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A coil.
    Coil(bool),
    /// All registers of the point.
    Registers(Vec<u16>),
    /// Some bits of one register: it becomes `(old & and) | or`.
    Part { and: u16, or: u16 },
}

/// Why a value does not fit its point.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("{value} is not from {first} to {last}, the range of {data_type}")]
    Range { value: Value, data_type: DataType, first: i128, last: i128 },
    #[error("{value} is not a whole number, and {data_type} holds nothing else")]
    Fraction { value: Value, data_type: DataType },
    #[error("{data_type} cannot hold {value} exactly")]
    Inexact { value: Value, data_type: DataType },
    #[error("a value of kind {kind} cannot be written to {data_type}")]
    Kind { kind: &'static str, data_type: DataType },
    #[error("{got} bytes do not fit {data_type}")]
    Length { got: usize, data_type: DataType },
    #[error("{0:?} is not a character of latin-1")]
    Character(char),
    #[error("text with a zero byte would end there")]
    ZeroByte,
}

/// What to write so that `point` has `value`.
pub(super) fn change(point: &Point, value: &Value, text: TextEncoding) -> Result<Change, Unfit> {
    let data_type = point.data_type;
    let bytes: Vec<u8> = match data_type {
        DataType::Bool => return on_or_off(value, point),
        DataType::I8 | DataType::U8 => {
            let [.., low] = whole(value, data_type)?.to_be_bytes();
            return Ok(part(point, 0x00ff, low.into()));
        }
        DataType::F32 => single(value)?.to_be_bytes().into(),
        DataType::F64 => double(value)?.to_be_bytes().into(),
        DataType::Text(length) => text_bytes(value, length, text)?,
        DataType::Bytes(length) => match value {
            Value::Bytes(bytes) if bytes.len() == usize::from(length) => bytes.to_vec(),
            Value::Bytes(bytes) => return Err(Unfit::Length { got: bytes.len(), data_type }),
            other => return Err(Unfit::Kind { kind: other.kind(), data_type }),
        },
        _ => {
            let number = whole(value, data_type)?.to_be_bytes();
            number[number.len() - usize::from(data_type.bytes())..].into()
        }
    };
    let mut bytes = bytes;
    bytes.resize(2 * usize::from(point.count), 0);
    reorder(&mut bytes, point.order);
    let registers = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    Ok(Change::Registers(registers.collect()))
}

fn on_or_off(value: &Value, point: &Point) -> Result<Change, Unfit> {
    let on = match value {
        Value::Bool(on) => *on,
        other => whole(other, DataType::Bool)? == 1,
    };
    Ok(match point.bit {
        None => Change::Coil(on),
        Some(bit) => {
            let mask = 1u16.checked_shl(bit.into()).unwrap_or(0);
            part(point, mask, if on { mask } else { 0 })
        }
    })
}

/// The bits of `mask` become `bits`, both as the register reads in the point's own order.
fn part(point: &Point, mask: u16, bits: u16) -> Change {
    let stored = |register: u16| {
        let mut bytes = register.to_be_bytes();
        reorder(&mut bytes, point.order);
        u16::from_be_bytes(bytes)
    };
    Change::Part { and: !stored(mask), or: stored(bits) }
}

/// The first and last number of a type of whole numbers.
fn range_of(data_type: DataType) -> (i128, i128) {
    match data_type {
        DataType::Bool => (0, 1),
        DataType::I8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::U8 => (0, u8::MAX.into()),
        DataType::I16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::U16 => (0, u16::MAX.into()),
        DataType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::U32 => (0, u32::MAX.into()),
        DataType::U64 => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// The whole number `value` is, within the range of `data_type`.
fn whole(value: &Value, data_type: DataType) -> Result<i128, Unfit> {
    let number = match value {
        Value::Int(int) => (*int).into(),
        Value::Uint(uint) => (*uint).into(),
        Value::Float(float) if !float.is_finite() || float.fract() != 0.0 => {
            return Err(Unfit::Fraction { value: value.clone(), data_type });
        }
        // Saturates far outside every range below, so a huge number is still found out of range.
        Value::Float(float) => *float as i128,
        other => return Err(Unfit::Kind { kind: other.kind(), data_type }),
    };
    let (first, last) = range_of(data_type);
    if (first..=last).contains(&number) {
        return Ok(number);
    }
    Err(Unfit::Range { value: value.clone(), data_type, first, last })
}

/// A fraction is rounded to the nearest single, as every such device stores it; a whole number is not.
fn single(value: &Value) -> Result<f32, Unfit> {
    let inexact = || Unfit::Inexact { value: value.clone(), data_type: DataType::F32 };
    if let Value::Float(double) = value {
        let single = *double as f32;
        return if single.is_finite() { Ok(single) } else { Err(inexact()) };
    }
    let number = whole(value, DataType::F32).or_else(|_| whole(value, DataType::U64))?;
    let single = number as f32;
    if single as i128 == number { Ok(single) } else { Err(inexact()) }
}

fn double(value: &Value) -> Result<f64, Unfit> {
    let inexact = || Unfit::Inexact { value: value.clone(), data_type: DataType::F64 };
    if let Value::Float(double) = value {
        return if double.is_finite() { Ok(*double) } else { Err(inexact()) };
    }
    let number = whole(value, DataType::F64).or_else(|_| whole(value, DataType::U64))?;
    let double = number as f64;
    if double as i128 == number { Ok(double) } else { Err(inexact()) }
}

fn text_bytes(value: &Value, length: u16, encoding: TextEncoding) -> Result<Vec<u8>, Unfit> {
    let data_type = DataType::Text(length);
    let Value::Text(text) = value else {
        return Err(Unfit::Kind { kind: value.kind(), data_type });
    };
    let bytes: Vec<u8> = match encoding {
        TextEncoding::Utf8 => text.bytes().collect(),
        TextEncoding::Latin1 => {
            let byte = |c: char| u8::try_from(u32::from(c)).ok().ok_or(c);
            text.chars().map(byte).collect::<Result<_, char>>().map_err(Unfit::Character)?
        }
    };
    if bytes.contains(&0) {
        return Err(Unfit::ZeroByte);
    }
    if bytes.len() > usize::from(length) {
        return Err(Unfit::Length { got: bytes.len(), data_type });
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
