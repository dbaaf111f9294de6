//! Quantities in the plant folder: text with a unit (`"250ms"`, `"10GiB"`), typed when read.

use std::time::Duration;

use lineshaft_model::parse_duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// What a duration looks like, for messages.
pub(crate) const DURATION_EXAMPLES: &str = "`250ms`, `1s`, `5m`, `8h` or `30d`";

/// What a size looks like, for messages.
pub(crate) const BYTES_EXAMPLES: &str = "`512KiB`, `64MiB` or `10GiB`";

/// A duration written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting(pub Duration);

/// A size in bytes written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// Reads `10GiB`, `64 MiB`, `1.5MB` or `4096B`; `None` without a unit. `kB` is 1,000, `KiB` is 1,024.
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.trim().parse().ok()?;
    let factor = match unit {
        "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let total = (number * factor).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked on the same line"
    )]
    (0.0..=9e15).contains(&total).then_some(total as u64)
}

/// `1s`, `250ms`: the largest unit that needs no fraction.
pub(crate) fn print_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0 => format!("{}ns", duration.as_nanos()),
        _ if millis.is_multiple_of(86_400_000) => format!("{}d", millis / 86_400_000),
        _ if millis.is_multiple_of(3_600_000) => format!("{}h", millis / 3_600_000),
        _ if millis.is_multiple_of(60_000) => format!("{}m", millis / 60_000),
        _ if millis.is_multiple_of(1000) => format!("{}s", millis / 1000),
        _ => format!("{millis}ms"),
    }
}

/// `10GiB`: the largest unit that needs no fraction.
pub(crate) fn print_bytes(bytes: u64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes > 0 && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

impl<'de> Deserialize<'de> for Lasting {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Lasting, D::Error> {
        let text = String::deserialize(from)?;
        let duration = parse_duration(&text);
        duration
            .map(Lasting)
            .ok_or_else(|| de::Error::custom(format!("`{text}` is not a duration")))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = parse_bytes(&text);
        bytes.map(Bytes).ok_or_else(|| de::Error::custom(format!("`{text}` is not a size")))
    }
}

impl serde::Serialize for Lasting {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&print_duration(self.0))
    }
}

impl serde::Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&print_bytes(self.0))
    }
}

impl JsonSchema for Lasting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Lasting".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration" })
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bytes".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "bytes" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_a_unit_and_print_as_they_are_read() {
        for (text, bytes) in [
            ("10GiB", 10 * 1024 * 1024 * 1024),
            ("64 MiB", 64 * 1024 * 1024),
            ("1.5MB", 1_500_000),
            ("7B", 7),
        ] {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
            assert_eq!(parse_bytes(&print_bytes(bytes)), Some(bytes));
        }
        for wrong in ["10", "", "GiB", "-1MiB", "1mb", "1e99TB", "10 apples"] {
            assert_eq!(parse_bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_print_as_they_are_read() {
        for text in ["250ms", "1s", "90s", "5m", "8h", "30d"] {
            assert_eq!(print_duration(parse_duration(text).unwrap()), text);
        }
    }
}
