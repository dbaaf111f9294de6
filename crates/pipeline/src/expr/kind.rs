//! The three types an expression knows.

use std::fmt;

use lineshaft_model::DataType;

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// Text.
    Text,
}

impl Kind {
    /// The kind of a tag's values; `None` for bytes, which cannot be computed with.
    #[must_use]
    pub const fn of(data_type: DataType) -> Option<Kind> {
        match data_type {
            DataType::Bool => Some(Kind::Bool),
            DataType::Text(_) => Some(Kind::Text),
            DataType::Bytes(_) => None,
            _ => Some(Kind::Number),
        }
    }

    /// The type of a tag that holds such values.
    #[must_use]
    pub const fn data_type(self) -> DataType {
        match self {
            Kind::Number => DataType::F64,
            Kind::Bool => DataType::Bool,
            Kind::Text => DataType::Text(u16::MAX),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Number => "number",
            Kind::Bool => "bool",
            Kind::Text => "text",
        })
    }
}
