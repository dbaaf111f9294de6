//! How a tag looks to people: type, unit, access, description.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{TagPath, Unit};

/// What a device stores, as written in the `type` column of a tag table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// One bit.
    Bool,
    /// Whole number, 8 bits, signed.
    I8,
    /// Whole number, 8 bits.
    U8,
    /// Whole number, 16 bits, signed.
    I16,
    /// Whole number, 16 bits.
    U16,
    /// Whole number, 32 bits, signed.
    I32,
    /// Whole number, 32 bits.
    U32,
    /// Whole number, 64 bits, signed.
    I64,
    /// Whole number, 64 bits.
    U64,
    /// IEEE 754 single.
    F32,
    /// IEEE 754 double.
    F64,
    /// Text of at most this many bytes.
    Text(u16),
    /// Raw bytes, exactly this many.
    Bytes(u16),
}

impl DataType {
    /// Bytes it takes in a device; a bool takes one.
    #[must_use]
    pub const fn bytes(self) -> u16 {
        match self {
            DataType::Bool | DataType::I8 | DataType::U8 => 1,
            DataType::I16 | DataType::U16 => 2,
            DataType::I32 | DataType::U32 | DataType::F32 => 4,
            DataType::I64 | DataType::U64 | DataType::F64 => 8,
            DataType::Text(n) | DataType::Bytes(n) => n,
        }
    }

    /// Whether a trend between two samples is a straight line (numbers) or a step (the rest).
    #[must_use]
    pub const fn is_numeric(self) -> bool {
        !matches!(self, DataType::Bool | DataType::Text(_) | DataType::Bytes(_))
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DataType::Bool => "bool",
            DataType::I8 => "i8",
            DataType::U8 => "u8",
            DataType::I16 => "i16",
            DataType::U16 => "u16",
            DataType::I32 => "i32",
            DataType::U32 => "u32",
            DataType::I64 => "i64",
            DataType::U64 => "u64",
            DataType::F32 => "f32",
            DataType::F64 => "f64",
            DataType::Text(n) => return write!(f, "text({n})"),
            DataType::Bytes(n) => return write!(f, "bytes({n})"),
        })
    }
}

/// The order of the bytes A (most significant) to D in a device's registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WordOrder {
    /// Most significant register and byte first; the protocol's own order.
    #[default]
    Abcd,
    /// Least significant register first, bytes in order.
    Cdab,
    /// Most significant register first, bytes swapped.
    Badc,
    /// Everything reversed.
    Dcba,
}

/// Why a `type` or `access` cell cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    /// Not one of the types.
    #[error(
        "`{0}` is not a tag type; the types are bool i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 text(n) bytes(n)"
    )]
    Type(String),
    /// Not one of the orders.
    #[error(
        "`{0}` is not a word order; the orders are ABCD CDAB BADC DCBA (with 8 letters for 64 bits)"
    )]
    Order(String),
    /// An order where there is nothing to order.
    #[error("`{0}` has no word order: only 32 and 64-bit numbers and text have one")]
    NoOrder(String),
    /// Not one of the accesses.
    #[error("`{0}` is not an access; it is `read` (the default), `write` or `read-write`")]
    Access(String),
}

/// Reads `i16`, `text(20)`, … without a word order.
impl FromStr for DataType {
    type Err = TypeError;
    fn from_str(text: &str) -> Result<DataType, TypeError> {
        let wrong = || TypeError::Type(text.into());
        Ok(match text {
            "bool" => DataType::Bool,
            "i8" => DataType::I8,
            "u8" => DataType::U8,
            "i16" => DataType::I16,
            "u16" => DataType::U16,
            "i32" => DataType::I32,
            "u32" => DataType::U32,
            "i64" => DataType::I64,
            "u64" => DataType::U64,
            "f32" => DataType::F32,
            "f64" => DataType::F64,
            _ => {
                let (name, rest) = text.split_once('(').ok_or_else(wrong)?;
                let length = rest.strip_suffix(')').and_then(|n| n.parse::<u16>().ok());
                let length = length.filter(|n| *n > 0).ok_or_else(wrong)?;
                match name {
                    "text" => DataType::Text(length),
                    "bytes" => DataType::Bytes(length),
                    _ => return Err(wrong()),
                }
            }
        })
    }
}

impl DataType {
    /// Reads a `type` cell with its optional order: `f32:CDAB`.
    ///
    /// # Errors
    /// [`TypeError`] lists what is allowed.
    pub fn parse_with_order(text: &str) -> Result<(DataType, WordOrder), TypeError> {
        let Some((name, order)) = text.split_once(':') else {
            return Ok((text.parse()?, WordOrder::default()));
        };
        let data_type: DataType = name.parse()?;
        if data_type.bytes() < 4 && !matches!(data_type, DataType::Text(_) | DataType::Bytes(_)) {
            return Err(TypeError::NoOrder(name.into()));
        }
        let order = match order {
            "ABCD" | "ABCDEFGH" => WordOrder::Abcd,
            "CDAB" | "GHEFCDAB" => WordOrder::Cdab,
            "BADC" | "BADCFEHG" => WordOrder::Badc,
            "DCBA" | "HGFEDCBA" => WordOrder::Dcba,
            _ => return Err(TypeError::Order(order.into())),
        };
        Ok((data_type, order))
    }
}

/// Who may do what to a tag in its device. Reading is the default; writing is asked for in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Access {
    /// Polled, never written.
    #[default]
    Read,
    /// Written, never polled (a command register).
    Write,
    /// Both.
    ReadWrite,
}

impl Access {
    /// Whether the tag is polled.
    #[must_use]
    pub const fn can_read(self) -> bool {
        matches!(self, Access::Read | Access::ReadWrite)
    }

    /// Whether the tag may be written.
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(self, Access::Write | Access::ReadWrite)
    }

    /// The word in the tag table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
            Access::ReadWrite => "read-write",
        }
    }
}

impl FromStr for Access {
    type Err = TypeError;
    fn from_str(text: &str) -> Result<Access, TypeError> {
        match text {
            "" | "read" => Ok(Access::Read),
            "write" => Ok(Access::Write),
            "read-write" => Ok(Access::ReadWrite),
            _ => Err(TypeError::Access(text.into())),
        }
    }
}

/// Everything about a tag that does not change with each sample.
#[derive(Debug, Clone, PartialEq)]
pub struct TagMeta {
    /// Its name.
    pub path: TagPath,
    /// What the value is after the pipeline; a scaled `i16` is an `f64`.
    pub data_type: DataType,
    /// The unit of the value; `None` when it has none or nobody said.
    pub unit: Option<Unit>,
    /// Who may write it.
    pub access: Access,
    /// Whether the value holds until the next sample (a state) or moves on a line (a measurement).
    pub step: bool,
    /// What it is, in the engineer's words.
    pub description: String,
    /// The device it comes from; empty for a derived tag.
    pub device: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for text in [
            "bool", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "text(20)",
            "bytes(4)",
        ] {
            assert_eq!(text.parse::<DataType>().unwrap().to_string(), text);
        }
        assert_eq!(DataType::parse_with_order("f32:CDAB"), Ok((DataType::F32, WordOrder::Cdab)));
        assert_eq!(
            DataType::parse_with_order("u64:HGFEDCBA"),
            Ok((DataType::U64, WordOrder::Dcba))
        );
        assert_eq!(DataType::parse_with_order("i16:CDAB"), Err(TypeError::NoOrder("i16".into())));
        assert_eq!(DataType::parse_with_order("f32:CDBA"), Err(TypeError::Order("CDBA".into())));
        for wrong in ["float", "text", "text(0)", "text(70000)", "blob(3)", ""] {
            assert!(wrong.parse::<DataType>().is_err(), "{wrong}");
        }
    }
}
