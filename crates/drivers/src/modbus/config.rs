//! The `settings` of a Modbus device. The comments are the manual page.

use std::time::Duration;

use lineshaft_contract::{ConfigErrors, Place};
use lineshaft_model::parse_duration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::wire;

/// Longest pause between requests. It counts towards the device's timeout, so it has to stay well below.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Longest pause after connecting.
const PAUSE_AFTER_CONNECT_MAX: Duration = Duration::from_secs(5);

/// How one unit on a Modbus link is asked (`settings` of a device with `driver = "modbus"`).
///
/// Several devices with the same endpoint share one link; each has its own settings, usually only `unit`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Unit identifier (slave address), 0 to 255.
    ///
    /// Default 1: most devices with one unit answer to it. Some devices on TCP want 255 or 0. On a serial
    /// line, and on TCP that stands in for one, 1 to 247 are devices and 0 is a broadcast: it can be
    /// written and never answers.
    #[schemars(title = "Unit", range(min = 0, max = 255), extend("default" = 1))]
    pub unit: u8,

    /// What the first register of `hr:`, `ir:` and the first bit of `co:`, `di:` is called: `from-zero`
    /// (default, as on the wire) or `from-one`, as many vendors' manuals count. Classic numbers such as
    /// 40001 always count from one.
    #[schemars(title = "Addresses count", extend("default" = "from-zero"))]
    pub addresses: Counting,

    /// Unused registers that one request may fetch along to save a second one, 0 to 124 in a row.
    ///
    /// Default 0, which never bridges a gap: some devices refuse a whole request for one unmapped
    /// register. Raise it for devices that answer gaps with zeros; 10 to 20 pay off on slow lines.
    #[schemars(title = "Bridged registers", range(min = 0, max = 124), extend("default" = 0))]
    pub gap_registers_max: u16,

    /// The same for coils and discrete inputs, 0 to 1999 in a row. Default 0.
    #[schemars(title = "Bridged bits", range(min = 0, max = 1999), extend("default" = 0))]
    pub gap_bits_max: u16,

    /// Registers in one read, 1 to 125 (default, the protocol's own limit). Some devices take fewer.
    #[schemars(title = "Registers in one read", range(min = 1, max = 125), extend("default" = 125))]
    pub registers_max: u16,

    /// Coils or discrete inputs in one read, 1 to 2000 (default, the protocol's own limit).
    #[schemars(title = "Bits in one read", range(min = 1, max = 2000), extend("default" = 2000))]
    pub bits_max: u16,

    /// Registers in one write, 1 to 123 (default, the protocol's own limit). A longer value is refused
    /// when the plant folder is read: writing it in two halves could leave half a value in the device.
    #[schemars(title = "Registers in one write", range(min = 1, max = 123), extend("default" = 123))]
    pub write_registers_max: u16,

    /// Which functions write coils and whole registers.
    ///
    /// `auto` (default): one cell with function 5 or 6, several with 16. `multiple`: always 15 and 16, for
    /// devices that lack 5 and 6. `single`: always 5 and 6, for devices that lack 16; a value of several
    /// registers is then written register by register, and a reader may see half of it for a moment.
    #[schemars(title = "Write function", extend("default" = "auto"))]
    pub write_function: WriteFunction,

    /// How a part of a register is written: one bit (`hr:10.3`) or a low byte (`u8`, `i8`).
    ///
    /// `auto` (default): mask write, function 22, and when the device answers that it has no such function,
    /// `read-modify-write` from then on. `mask`: function 22 only. `read-modify-write`: the register is
    /// read and written back; what the device changed in between is overwritten.
    #[schemars(title = "Writing a part of a register", extend("default" = "auto"))]
    pub part_write: PartWrite,

    /// How text is stored: `utf-8` (default, includes ASCII) or `latin-1` (ISO 8859-1, one byte a
    /// character, as older panels do). Swapped bytes or registers are said per tag: `text(20):BADC`.
    #[schemars(title = "Text encoding", extend("default" = "utf-8"))]
    pub text: TextEncoding,

    /// Silence between an answer and the next request on this link, `"0ms"` (default) to `"1s"`.
    ///
    /// For devices and gateways that lose requests which follow too closely. It counts towards the device's
    /// `timeout`. On serial lines the silence of 3.5 characters that the standard asks for is always kept.
    #[serde(deserialize_with = "pause")]
    #[schemars(
        title = "Pause between requests",
        with = "String",
        extend("format" = "duration", "x-maximum" = "1s", "default" = "0ms")
    )]
    pub pause: Duration,

    /// Silence between opening the link and the first request, `"0ms"` (default) to `"5s"`; what arrives
    /// in it is thrown away. For devices that greet, or that need a moment.
    #[serde(deserialize_with = "pause_after_connect")]
    #[schemars(
        title = "Pause after connecting",
        with = "String",
        extend("format" = "duration", "x-maximum" = "5s", "default" = "0ms")
    )]
    pub pause_after_connect: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            unit: 1,
            addresses: Counting::default(),
            gap_registers_max: 0,
            gap_bits_max: 0,
            registers_max: wire::READ_REGISTERS_MAX,
            bits_max: wire::READ_BITS_MAX,
            write_registers_max: wire::WRITE_REGISTERS_MAX,
            write_function: WriteFunction::default(),
            part_write: PartWrite::default(),
            text: TextEncoding::default(),
            pause: Duration::ZERO,
            pause_after_connect: Duration::ZERO,
        }
    }
}

/// Where `hr:` and the other letters begin to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Counting {
    /// The first cell is 0.
    #[default]
    FromZero,
    /// The first cell is 1.
    FromOne,
}

/// Which functions write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WriteFunction {
    /// One cell with 5 or 6, several with 16.
    #[default]
    Auto,
    /// Always 5 and 6.
    Single,
    /// Always 15 and 16.
    Multiple,
}

/// How a part of a register is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PartWrite {
    /// Mask write, else read-modify-write.
    #[default]
    Auto,
    /// Mask write.
    Mask,
    /// Read the register, write it back changed.
    ReadModifyWrite,
}

/// How text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum TextEncoding {
    /// UTF-8, which includes ASCII.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1.
    #[serde(rename = "latin-1")]
    Latin1,
}

fn pause<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    up_to(PAUSE_MAX, from)
}

fn pause_after_connect<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    up_to(PAUSE_AFTER_CONNECT_MAX, from)
}

fn up_to<'de, D: Deserializer<'de>>(max: Duration, from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse_duration(&text).filter(|pause| *pause <= max).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "`{text}` is not a pause from 0ms to {max:?}; write it with its unit, as in \"20ms\""
        ))
    })
}

impl Config {
    /// Adds every number that is out of its range to `mistakes`.
    pub(super) fn check(&self, mistakes: &mut ConfigErrors) {
        for (key, value, first, last) in [
            ("gap_registers_max", self.gap_registers_max, 0, wire::READ_REGISTERS_MAX - 1),
            ("gap_bits_max", self.gap_bits_max, 0, wire::READ_BITS_MAX - 1),
            ("registers_max", self.registers_max, 1, wire::READ_REGISTERS_MAX),
            ("bits_max", self.bits_max, 1, wire::READ_BITS_MAX),
            ("write_registers_max", self.write_registers_max, 1, wire::WRITE_REGISTERS_MAX),
        ] {
            if !(first..=last).contains(&value) {
                let place = Place::Key(format!("settings.{key}"));
                let what = format!("{value} is not a number from {first} to {last}");
                mistakes.add(place, "LS-CFG-105", what, "the limits are the protocol's own");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(json: &str) -> Result<Config, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_needs_to_be_said() {
        assert_eq!(read("{}"), Ok(Config::default()));
    }

    #[test]
    fn everything_can_be_said() {
        let config = read(
            r#"{"unit":255,"addresses":"from-one","gap_registers_max":10,"gap_bits_max":100,
                "registers_max":50,"bits_max":500,"write_registers_max":2,"write_function":"single",
                "part_write":"read-modify-write","text":"latin-1","pause":"20ms",
                "pause_after_connect":"1.5s"}"#,
        )
        .unwrap();
        assert_eq!(config.unit, 255);
        assert_eq!(config.pause, Duration::from_millis(20));
        assert_eq!(config.pause_after_connect, Duration::from_millis(1_500));
    }

    #[test]
    fn a_wrong_setting_says_what_is_allowed() {
        for (json, what) in [
            (r#"{"unit":256}"#, "256"),
            (r#"{"units":1}"#, "unknown field `units`, expected one of `unit`"),
            (r#"{"write_function":"both"}"#, "`auto`, `single`, `multiple`"),
            (r#"{"pause":20}"#, "expected a string"),
            (r#"{"pause":"20"}"#, "as in \"20ms\""),
            (r#"{"pause":"1.1s"}"#, "0ms to 1s"),
            (r#"{"pause_after_connect":"6s"}"#, "0ms to 5s"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(what), "{json}: {error}");
        }
    }

    #[test]
    fn numbers_past_the_protocol_are_found_all_at_once() {
        let config = read(r#"{"registers_max":126,"bits_max":0,"gap_registers_max":125}"#).unwrap();
        let mut mistakes = ConfigErrors::default();
        config.check(&mut mistakes);
        assert_eq!(mistakes.0.len(), 3);
        assert_eq!(mistakes.0[1].place, Place::Key("settings.registers_max".into()));
        assert_eq!(mistakes.0[1].what, "126 is not a number from 1 to 125");
    }
}
