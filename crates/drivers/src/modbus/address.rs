//! Addresses as the tag table writes them: `hr:100`, `co:3`, `hr:10.3`, `40001`.
//!
//! The letters count from 0, as the protocol does; the classic numbers count from 1, as Modicon's manuals
//! do. Only text here: which type fits which table is [`super::point`]'s business.

use super::config::Counting;
use super::wire::Table;

/// Where a point begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) table: Table,
    /// The cell's number on the wire, from 0.
    pub(super) start: u16,
    /// One bit of a register, 0 the least significant.
    pub(super) bit: Option<u8>,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressError {
    #[error("`{text}` is not a Modbus address")]
    Form { text: String, meant: Option<String> },
    #[error("`{word}` is not one of the tables co, di, ir, hr")]
    Table { word: String, meant: Option<String> },
    #[error("`{number}` is not a number from {first} to {last}")]
    Number { number: String, first: u32, last: u32 },
    #[error("bit `{0}` is not one of 0 to 15")]
    Bit(String),
    #[error("{0} has no bits to choose from: it is one bit already")]
    BitOfBit(&'static str),
}

impl AddressError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            AddressError::Form { .. } | AddressError::Table { .. } => "LS-CFG-101",
            AddressError::Number { .. } | AddressError::Bit(_) => "LS-CFG-102",
            AddressError::BitOfBit(_) => "LS-CFG-103",
        }
    }

    /// What was probably meant.
    pub(super) fn remedy(&self) -> String {
        match self {
            AddressError::Form { meant: Some(meant), .. }
            | AddressError::Table { meant: Some(meant), .. } => format!("did you mean `{meant}`?"),
            AddressError::Form { .. } | AddressError::Table { .. } => {
                "write `co:` `di:` `ir:` or `hr:` and a number from 0, as in `hr:100`, a bit of a register as \
                 `hr:100.3`, or a classic number such as 40101"
                    .into()
            }
            AddressError::Number { first: 1, .. } => {
                "numbers count from 1 here; 0 does not exist".into()
            }
            AddressError::Number { .. } => String::new(),
            AddressError::Bit(_) => "bit 0 is the least significant".into(),
            AddressError::BitOfBit(_) => "leave out the point and what follows it".into(),
        }
    }
}

/// Reads an address; `counting` says what the first cell of `hr:` and the other letters is called.
pub(super) fn parse(text: &str, counting: Counting) -> Result<Address, AddressError> {
    let text = text.trim();
    let (cell, bit) = match text.split_once('.') {
        Some((cell, bit)) => (cell, Some(bit)),
        None => (text, None),
    };
    let (table, start) = match cell.split_once(':') {
        Some((word, number)) => (table_of(word, number)?, number_of(number, counting)?),
        None => classic(cell)?,
    };
    let bit = bit.map(|bit| bit_of(table, bit)).transpose()?;
    Ok(Address { table, start, bit })
}

fn table_of(word: &str, number: &str) -> Result<Table, AddressError> {
    let meant = match word.to_ascii_lowercase().as_str() {
        "co" => return Ok(Table::Coil),
        "di" => return Ok(Table::Discrete),
        "ir" => return Ok(Table::Input),
        "hr" => return Ok(Table::Holding),
        "c" | "coil" | "coils" | "0x" | "do" => Some("co"),
        "d" | "discrete" | "input-status" | "1x" | "dis" => Some("di"),
        "i" | "input" | "inputs" | "3x" | "ai" => Some("ir"),
        "h" | "r" | "hold" | "holding" | "register" | "reg" | "4x" | "mw" | "ao" => Some("hr"),
        _ => None,
    };
    let meant = meant.map(|letters| format!("{letters}:{number}"));
    Err(AddressError::Table { word: word.into(), meant })
}

fn number_of(number: &str, counting: Counting) -> Result<u16, AddressError> {
    let first: u32 = match counting {
        Counting::FromZero => 0,
        Counting::FromOne => 1,
    };
    let last = 65_535 + first;
    let parsed = match number.strip_prefix("0x") {
        Some(hex) if is_plain(hex, |c| c.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok(),
        None if is_plain(number, |c| c.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    };
    parsed
        .and_then(|n| n.checked_sub(first))
        .and_then(|n| u16::try_from(n).ok())
        .ok_or_else(|| AddressError::Number { number: number.into(), first, last })
}

/// No sign, no blank, no underscore: `parse` alone would take `+5`.
fn is_plain(text: &str, digit: fn(char) -> bool) -> bool {
    !text.is_empty() && text.len() <= 8 && text.chars().all(digit)
}

/// Five digits reach cell 9,999 of a table, six digits all 65,536.
fn classic(text: &str) -> Result<(Table, u16), AddressError> {
    let form = |meant: Option<String>| AddressError::Form { text: text.into(), meant };
    if !is_plain(text, |c| c.is_ascii_digit()) {
        // `hr100`, `MW100`, `%MW100`: letters and a number.
        let letters = text.trim_start_matches('%').trim_end_matches(|c: char| c.is_ascii_digit());
        let number = &text.trim_start_matches('%')[letters.len()..];
        let meant = match table_of(letters, number) {
            Ok(_) => Some(format!("{letters}:{number}")),
            Err(AddressError::Table { meant, .. }) => meant,
            Err(_) => None,
        };
        return Err(form(meant.filter(|_| !number.is_empty())));
    }
    let table = match text.as_bytes().first() {
        Some(b'0') => Table::Coil,
        Some(b'1') => Table::Discrete,
        Some(b'3') => Table::Input,
        Some(b'4') => Table::Holding,
        _ => return Err(form(None)),
    };
    let last = match text.len() {
        5 => 9_999,
        6 => 65_536,
        _ => return Err(form(Some(format!("hr:{text}")).filter(|_| text.len() < 5))),
    };
    let number = &text[1..];
    let start = number.parse::<u32>().ok().filter(|n| (1..=last).contains(n));
    start
        .and_then(|n| u16::try_from(n - 1).ok())
        .map(|start| (table, start))
        .ok_or_else(|| AddressError::Number { number: number.into(), first: 1, last })
}

fn bit_of(table: Table, bit: &str) -> Result<u8, AddressError> {
    match table {
        Table::Coil => return Err(AddressError::BitOfBit("a coil")),
        Table::Discrete => return Err(AddressError::BitOfBit("a discrete input")),
        Table::Input | Table::Holding => {}
    }
    let number = Some(bit).filter(|bit| is_plain(bit, |c| c.is_ascii_digit()));
    let number = number.and_then(|bit| bit.parse().ok()).filter(|n| *n < 16);
    number.ok_or_else(|| AddressError::Bit(bit.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, table: Table, start: u16, bit: Option<u8>) {
        assert_eq!(parse(text, Counting::FromZero), Ok(Address { table, start, bit }), "{text}");
    }

    #[test]
    fn letters_count_from_zero() {
        check("co:3", Table::Coil, 3, None);
        check("di:0", Table::Discrete, 0, None);
        check("ir:10", Table::Input, 10, None);
        check("hr:65535", Table::Holding, 65_535, None);
        check("HR:10.3", Table::Holding, 10, Some(3));
        check("ir:0x1F.15", Table::Input, 31, Some(15));
    }

    #[test]
    fn letters_count_from_one_when_the_manual_of_the_device_does() {
        let first = parse("hr:1", Counting::FromOne).unwrap();
        assert_eq!(first.start, 0);
        assert_eq!(parse("hr:65536", Counting::FromOne).unwrap().start, 65_535);
        let zero = parse("hr:0", Counting::FromOne).unwrap_err();
        assert_eq!(zero.to_string(), "`0` is not a number from 1 to 65536");
        assert_eq!(parse("40001", Counting::FromOne), parse("40001", Counting::FromZero));
    }

    #[test]
    fn classic_numbers_count_from_one() {
        check("00001", Table::Coil, 0, None);
        check("10001", Table::Discrete, 0, None);
        check("30001", Table::Input, 0, None);
        check("40001", Table::Holding, 0, None);
        check("49999", Table::Holding, 9_998, None);
        check("400001", Table::Holding, 0, None);
        check("465536", Table::Holding, 65_535, None);
        check("000010", Table::Coil, 9, None);
        check("40011.3", Table::Holding, 10, Some(3));
    }

    #[test]
    fn a_wrong_address_says_what_was_meant() {
        for (text, code, what, remedy) in [
            ("holding:5", "LS-CFG-101", "`holding` is not one of", "did you mean `hr:5`?"),
            ("hr100", "LS-CFG-101", "`hr100` is not a Modbus address", "did you mean `hr:100`?"),
            ("%MW7", "LS-CFG-101", "`%MW7` is not a Modbus address", "did you mean `hr:7`?"),
            ("100", "LS-CFG-101", "`100` is not a Modbus address", "did you mean `hr:100`?"),
            ("xy:5", "LS-CFG-101", "`xy` is not one of", "write `co:`"),
            ("", "LS-CFG-101", "`` is not a Modbus address", "write `co:`"),
            ("20001", "LS-CFG-101", "`20001` is not a Modbus address", "write `co:`"),
            ("hr:65536", "LS-CFG-102", "`65536` is not a number from 0 to 65535", ""),
            ("hr:-1", "LS-CFG-102", "`-1` is not a number from 0 to 65535", ""),
            ("hr:+1", "LS-CFG-102", "`+1` is not a number", ""),
            ("hr:", "LS-CFG-102", "`` is not a number", ""),
            ("40000", "LS-CFG-102", "`0000` is not a number from 1 to 9999", "count from 1"),
            ("465537", "LS-CFG-102", "`65537` is not a number from 1 to 65536", "count from 1"),
            ("hr:1.16", "LS-CFG-102", "bit `16` is not one of 0 to 15", "least significant"),
            ("co:1.0", "LS-CFG-103", "a coil has no bits", "leave out"),
        ] {
            let error = parse(text, Counting::FromZero).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(error.to_string().contains(what), "{text}: {error}");
            assert!(error.remedy().contains(remedy), "{text}: {}", error.remedy());
        }
    }

    proptest! {
        #[test]
        fn every_cell_has_one_number_in_both_notations(start: u16, bit in proptest::option::of(0u8..16)) {
            let tail = bit.map(|bit| format!(".{bit}")).unwrap_or_default();
            let letters = parse(&format!("hr:{start}{tail}"), Counting::FromZero).unwrap();
            let classic = parse(&format!("4{:05}{tail}", u32::from(start) + 1), Counting::FromZero).unwrap();
            prop_assert_eq!(letters, Address { table: Table::Holding, start, bit });
            prop_assert_eq!(classic, letters);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,12}|[a-z]{0,3}[:%]?[0-9.]{0,9}") {
            let _ = parse(&text, Counting::FromZero);
            let _ = parse(&text, Counting::FromOne);
        }
    }
}
