//! What `pipelines/*.toml` holds. The comments are pages of the manual.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lineshaft_model::parse_duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::op::OpConfig;

/// One table of a pipeline file: **either** steps for the tags of a pattern (`tags`, `ops`), **or** one derived tag (`tag`,
/// `expr`, `unit`, `description`).
///
/// ```toml
/// [smooth]
/// tags = "packaging/**/temperature"
/// ops  = [ { moving_average = { window = "10s" } }, { deadband = { absolute = 0.2, silence_max = "1m" } } ]
///
/// [availability]
/// tag  = "packaging/line-1/availability"
/// expr = "run_time / planned_time * 100"
/// unit = "%"
/// ```
///
/// Rules work in the order of the file, after the scale, offset and deadband of the tag table. A tag that several rules
/// name goes through all their steps.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which tags: a path below the node's path. `*` stands for any letters within a segment, `**` for any number of
    /// segments, also none. Steps for numbers leave out the tags of the pattern that have none.
    #[serde(default)]
    pub tags: Option<String>,

    /// What to do with each sample, in this order.
    #[serde(default)]
    pub ops: Vec<OpConfig>,

    /// The path of a derived tag, below the node's path. It must not exist otherwise.
    #[serde(default)]
    pub tag: Option<String>,

    /// What the derived tag is: an SQL expression over other tags. A bare name is a tag in the same folder, a path in
    /// double quotes is one below the node's path. Computed once for each batch that brings an input.
    #[serde(default)]
    pub expr: Option<String>,

    /// The derived tag's unit, a UCUM code. Said, not computed.
    #[serde(default)]
    pub unit: Option<String>,

    /// What the derived tag is, in your words.
    #[serde(default)]
    pub description: Option<String>,
}

/// A length of time as text with its unit: `250ms`, `1.5s`, `10m`, `8h`, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Period(pub Duration);

impl TryFrom<String> for Period {
    type Error = String;
    fn try_from(text: String) -> Result<Period, String> {
        parse_duration(&text).map(Period).ok_or_else(|| {
            format!(
                "`{text}` is not a length of time; write a number and its unit: 250ms, 10s, 5m, 8h"
            )
        })
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "duration",
            "description": "A length of time with its unit: 250ms, 1.5s, 10m, 8h, 30d.",
            "pattern": "^\\s*[0-9.]+([eE][+-]?[0-9]+)?\\s*(ns|us|ms|s|m|min|h|d)$"
        })
    }
}

/// How far a value must move to be news: `0.2` in the tag's unit, or `1%` of the value that was forwarded last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Band {
    /// In the tag's own unit.
    Absolute(f64),
    /// Percent of the value that was forwarded last.
    PercentOfLast(f64),
    /// Percent of this length, which is the tag's range.
    PercentOfRange(f64, f64),
}

/// Why a `deadband` cell of a tag table cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a deadband; it is a number that is not negative, or one with %")]
pub struct BandError {
    text: String,
}

/// Reads a `deadband` cell: `0.2` or `1%`.
impl FromStr for Band {
    type Err = BandError;
    fn from_str(text: &str) -> Result<Band, BandError> {
        let trimmed = text.trim();
        let (number, percent) = match trimmed.strip_suffix('%') {
            Some(number) => (number.trim_end(), true),
            None => (trimmed, false),
        };
        match number.parse::<f64>() {
            Ok(band) if band.is_finite() && band >= 0.0 => {
                Ok(if percent { Band::PercentOfLast(band) } else { Band::Absolute(band) })
            }
            _ => Err(BandError { text: text.into() }),
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Band::Absolute(band) => write!(f, "{band}"),
            Band::PercentOfLast(percent) => write!(f, "{percent}%"),
            Band::PercentOfRange(percent, range) => write!(f, "{percent}% of {range}"),
        }
    }
}
