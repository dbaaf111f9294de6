//! What a scan shall look at, as people write it: tables, a range of addresses, units.

use std::fmt;

use lineshaft_contract::BrowseError;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::config::{Config, Counting};
use super::wire::Table;

/// The last unit that is a device on a serial line.
const UNIT_LAST: u8 = 247;

/// The options of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) tables: Vec<Table>,
    /// First cell on the wire.
    pub(super) first: u32,
    /// One past the last cell on the wire.
    pub(super) end: u32,
    pub(super) units: Vec<u8>,
    /// Whether it is only asked which units there are.
    pub(super) finds_units: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    tables: Option<Vec<Word>>,
    from: Option<u32>,
    to: Option<u32>,
    units: Option<Units>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    #[serde(alias = "hr")]
    Holding,
    #[serde(alias = "ir")]
    Input,
    #[serde(alias = "co")]
    Coil,
    #[serde(alias = "di")]
    Discrete,
}

/// `[1, 2]`: these are scanned; `"1-247"`: which of these answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Units {
    Scan(Vec<u8>),
    Find(Vec<u8>),
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Units, D::Error> {
        from.deserialize_any(AnyUnits)
    }
}

struct AnyUnits;

impl<'de> Visitor<'de> for AnyUnits {
    type Value = Units;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of units such as [1, 2], or a range to search such as \"1-247\"")
    }

    fn visit_u64<E: Error>(self, unit: u64) -> Result<Units, E> {
        let wrong = |_| E::custom(format!("{unit} is no unit, a number from 0 to 255"));
        u8::try_from(unit).map(|unit| Units::Scan(vec![unit])).map_err(wrong)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Units, E> {
        let wrong =
            || E::custom(format!("`{text}` is no range of units; write for example \"1-247\""));
        let mut units = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<u8>().ok();
            let (Some(first), Some(last)) = (number(first), number(last)) else {
                return Err(wrong());
            };
            units.extend(first..=last);
        }
        units.sort_unstable();
        units.dedup();
        if units.is_empty() { Err(wrong()) } else { Ok(Units::Find(units)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Units, A::Error> {
        let mut units = Vec::new();
        while let Some(unit) = list.next_element::<u8>()? {
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
        if units.is_empty() {
            Err(A::Error::custom("no unit in the list"))
        } else {
            Ok(Units::Scan(units))
        }
    }
}

impl Options {
    /// Reads the options; without any, holding and input registers, coils and discrete inputs 0 to 999 of the
    /// device's own unit. `from` and `to` count as the device's addresses do.
    pub(super) fn read(
        config: &Config,
        options: &serde_json::Value,
    ) -> Result<Options, BrowseError> {
        let wrong = |key: &str, what: String| Err(BrowseError::Option { key: key.into(), what });
        let written = if options.is_null() {
            Written::default()
        } else {
            match Written::deserialize(options) {
                Ok(written) => written,
                Err(error) => return wrong("options", error.to_string()),
            }
        };
        let shift = match config.addresses {
            Counting::FromZero => 0,
            Counting::FromOne => 1,
        };
        let (from, to) = (written.from.unwrap_or(shift), written.to.unwrap_or(shift + 999));
        let last = 65_535 + shift;
        if from < shift || from > last {
            return wrong("from", format!("{from} is not a number from {shift} to {last}"));
        }
        if to < from || to > last {
            return wrong("to", format!("{to} is not a number from {from} to {last}"));
        }
        let words = written
            .tables
            .unwrap_or_else(|| vec![Word::Holding, Word::Input, Word::Coil, Word::Discrete]);
        let mut tables = Vec::new();
        for word in words {
            let table = match word {
                Word::Holding => Table::Holding,
                Word::Input => Table::Input,
                Word::Coil => Table::Coil,
                Word::Discrete => Table::Discrete,
            };
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
        if tables.is_empty() {
            return wrong("tables", "no table in the list".into());
        }
        let (units, finds_units) = match written.units {
            None => (vec![config.unit], false),
            Some(Units::Scan(units)) => (units, false),
            Some(Units::Find(units)) => (units, true),
        };
        if finds_units && units.iter().any(|unit| *unit == 0 || *unit > UNIT_LAST) {
            return wrong("units", format!("devices have the units 1 to {UNIT_LAST}"));
        }
        Ok(Options { tables, first: from - shift, end: to - shift + 1, units, finds_units })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_said_is_the_first_thousand_of_everything() {
        let options = Options::read(&Config::default(), &json!(null)).unwrap();
        assert_eq!((options.first, options.end, options.tables.len()), (0, 1_000, 4));
        assert_eq!((options.units, options.finds_units), (vec![1], false));
    }

    #[test]
    fn units_are_a_list_to_scan_or_a_range_to_search() {
        for (written, units, finds) in [
            (json!([3, 1, 3]), vec![3, 1], false),
            (json!(7), vec![7], false),
            (json!("1-3,9"), vec![1, 2, 3, 9], true),
        ] {
            let options = Options::read(&Config::default(), &json!({ "units": written })).unwrap();
            assert_eq!((options.units, options.finds_units), (units, finds));
        }
    }

    #[test]
    fn a_wrong_option_says_which_and_what() {
        for (options, key, what) in [
            (json!({"from": 70_000}), "from", "from 0 to 65535"),
            (json!({"from": 9, "to": 3}), "to", "from 9 to 65535"),
            (json!({"tables": []}), "tables", "no table"),
            (json!({"tables": ["registers"]}), "options", "unknown variant `registers`"),
            (json!({"units": "a-b"}), "options", "is no range of units"),
            (json!({"units": "0-300"}), "options", "is no range of units"),
            (json!({"units": "0-3"}), "units", "1 to 247"),
            (json!({"unit": 3}), "options", "unknown field `unit`"),
        ] {
            match Options::read(&Config::default(), &options) {
                Err(BrowseError::Option { key: got, what: said }) => {
                    assert_eq!(got, key, "{options}");
                    assert!(said.contains(what), "{options}: {said}");
                }
                other => panic!("{options}: {other:?}"),
            }
        }
    }
}
