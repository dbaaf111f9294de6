//! Frames in words, for whoever looks at a trace.

use std::fmt::{self, Write as _};

use super::wire::{Answer, Exception, Request, Table};

/// Values that are written out; the rest is counted.
const VALUES_SHOWN_MAX: usize = 8;

impl Table {
    /// What stands before the colon of an address.
    pub(super) const fn letters(self) -> &'static str {
        match self {
            Table::Coil => "co",
            Table::Discrete => "di",
            Table::Input => "ir",
            Table::Holding => "hr",
        }
    }

    /// What its cells are called, one or several.
    pub(super) const fn cells(self, count: usize) -> &'static str {
        match (self, count) {
            (Table::Coil, 1) => "coil",
            (Table::Coil, _) => "coils",
            (Table::Discrete, 1) => "discrete input",
            (Table::Discrete, _) => "discrete inputs",
            (Table::Input, 1) => "input register",
            (Table::Input, _) => "input registers",
            (Table::Holding, 1) => "holding register",
            (Table::Holding, _) => "holding registers",
        }
    }
}

/// Some cells of a table: `10 holding registers from 100`, `coil 3`.
struct Cells(Table, u16, usize);

impl fmt::Display for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cells(table, start, count) = *self;
        match count {
            1 => write!(f, "{} {start}", table.cells(1)),
            _ => write!(f, "{count} {} from {start}", table.cells(count)),
        }
    }
}

/// A few values, and how many more there are.
struct Few<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Few<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, value) in self.0.iter().take(VALUES_SHOWN_MAX).enumerate() {
            let before = if n == 0 { "" } else { " " };
            write!(f, "{before}{value}")?;
        }
        match self.0.len().saturating_sub(VALUES_SHOWN_MAX) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

const OFF_ON: [&str; 2] = ["off", "on"];

/// `read 10 holding registers from 100, unit 1`; numbers as on the wire, from 0.
pub(super) fn request(request: &Request<'_>, unit: u8) -> String {
    let mut text = String::new();
    let done = match *request {
        Request::Read { table, start, count } => {
            write!(text, "read {}", Cells(table, start, count.into()))
        }
        Request::WriteCoil { at, on } => {
            write!(text, "write coil {at}: {}", OFF_ON[usize::from(on)])
        }
        Request::WriteRegister { at, word } => write!(text, "write holding register {at}: {word}"),
        Request::WriteCoils { start, on } => {
            let values: Vec<&str> = on.iter().map(|on| OFF_ON[usize::from(*on)]).collect();
            write!(text, "write {}: {}", Cells(Table::Coil, start, on.len()), Few(&values))
        }
        Request::WriteRegisters { start, words } => {
            write!(text, "write {}: {}", Cells(Table::Holding, start, words.len()), Few(words))
        }
        Request::Mask { at, and, or } => {
            write!(text, "write bits of holding register {at}: and {and:#06x}, or {or:#06x}")
        }
    };
    // A text takes everything.
    let _ = done.and_then(|()| write!(text, ", unit {unit}"));
    text
}

/// What a whole answer says; `frame` is the frame it is in.
pub(super) fn answer(request: &Request<'_>, unit: u8, answer: &Answer, frame: &[u8]) -> String {
    match (answer, *request) {
        (Answer::Exception(why), _) => refusal(*why, unit),
        (Answer::Cells(cells), Request::Read { table, start, count }) => {
            let bytes = frame.get(cells.clone()).unwrap_or_default();
            let head = Cells(table, start, count.into());
            if table.is_bits() {
                let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte >> (n % 8) & 1 == 1);
                let bits: Vec<&str> =
                    (0..usize::from(count)).map(|n| OFF_ON[usize::from(bit(n))]).collect();
                return format!("{head}: {}, unit {unit}", Few(&bits));
            }
            let word = |pair: &[u8]| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            };
            let words: Vec<u16> = bytes.chunks(2).map(word).collect();
            format!("{head}: {}, unit {unit}", Few(&words))
        }
        _ => format!("the write is confirmed, unit {unit}"),
    }
}

/// `refused: illegal data address (exception 2), unit 1`.
pub(super) fn refusal(why: Exception, unit: u8) -> String {
    format!("refused: {why}, unit {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_in_words() {
        for (asked, text) in [
            (
                Request::Read { table: Table::Holding, start: 100, count: 10 },
                "read 10 holding registers from 100, unit 1",
            ),
            (
                Request::Read { table: Table::Discrete, start: 3, count: 1 },
                "read discrete input 3, unit 1",
            ),
            (Request::WriteCoil { at: 3, on: true }, "write coil 3: on, unit 1"),
            (
                Request::WriteRegisters { start: 5, words: &[1, 2, 3, 4, 5, 6, 7, 8, 9] },
                "write 9 holding registers from 5: 1 2 3 4 5 6 7 8 and 1 more, unit 1",
            ),
            (
                Request::Mask { at: 7, and: 0xfff7, or: 8 },
                "write bits of holding register 7: and 0xfff7, or 0x0008, unit 1",
            ),
        ] {
            assert_eq!(request(&asked, 1), text);
        }
    }

    #[test]
    fn answers_are_told_in_words() {
        let two = Request::Read { table: Table::Holding, start: 100, count: 2 };
        let frame = [9, 3, 4, 0, 17, 1, 0];
        assert_eq!(
            answer(&two, 9, &Answer::Cells(3..7), &frame),
            "2 holding registers from 100: 17 256, unit 9"
        );
        let coils = Request::Read { table: Table::Coil, start: 0, count: 3 };
        assert_eq!(
            answer(&coils, 9, &Answer::Cells(0..1), &[0b101]),
            "3 coils from 0: on off on, unit 9"
        );
        assert_eq!(
            answer(&two, 9, &Answer::Exception(Exception(2)), &[]),
            "refused: illegal data address (exception 2), unit 9"
        );
    }
}
