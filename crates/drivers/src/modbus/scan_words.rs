//! What scanned cells look like: a value, a plausible type, and what a person should know.

use lineshaft_model::{DataType, Value};

use super::wire::Table;

/// So many zeros in a row are more likely no cells at all than values.
const ZEROS_MIN: usize = 16;
/// So many registers of printable characters in a row are a text.
const TEXT_REGISTERS_MIN: usize = 3;
/// The longest text that is guessed, in registers.
const TEXT_REGISTERS_MAX: usize = 32;
/// Registers from this on are taken for small negative numbers.
const NEGATIVE_FROM: u16 = 0xf000;
/// A measured value is between these, or it is no float.
const PLAUSIBLE: (f32, f32) = (1e-3, 1e7);

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub(super) data_type: DataType,
    pub(super) value: Value,
    pub(super) description: String,
    /// What else it could be, with the cells behind it.
    pub(super) guesses: Vec<(String, Value)>,
}

/// The cells of one answer; `shift` is what the first cell of a table is called.
pub(super) fn describe(
    table: Table,
    start: u16,
    count: u16,
    shift: u32,
    cells: &[u8],
) -> Vec<Cell> {
    if table.is_bits() {
        let bits: Vec<bool> = (0..usize::from(count))
            .map(|n| cells.get(n / 8).is_some_and(|byte| byte >> (n % 8) & 1 == 1))
            .collect();
        let runs = zero_runs(&bits, |bit| !bit);
        let cell = |(bit, in_run): (&bool, bool)| Cell {
            data_type: DataType::Bool,
            value: Value::Bool(*bit),
            description: if in_run { "all off, probably unmapped".into() } else { String::new() },
            guesses: Vec::new(),
        };
        return bits.iter().zip(runs).map(cell).collect();
    }
    let word = |pair: &[u8]| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    };
    let words: Vec<u16> = cells.chunks(2).map(word).collect();
    let runs = zero_runs(&words, |word| *word == 0);
    let texts = texts(&words);
    let mut told = Vec::with_capacity(words.len());
    for (at, (word, in_run)) in words.iter().zip(runs).enumerate() {
        let name =
            |at: usize| format!("{}:{}", table.letters(), u32::from(start) + shift + at as u32);
        let mut cell = plain(*word);
        if in_run {
            cell.description = "all zero, probably unmapped".into();
        } else if let Some(text) = texts.iter().find(|text| text.at == at) {
            cell.description = format!("looks like a text: {}", text.text);
            let kind = format!("text({})", 2 * text.registers);
            cell.guesses.push((kind, Value::from(text.text.as_str())));
        } else if let Some(next) = words.get(at + 1)
            && !texts.iter().any(|text| (text.at..text.at + text.registers).contains(&at))
        {
            cell.guesses = floats(*word, *next);
            if let Some((kind, value)) = cell.guesses.first() {
                cell.description = format!("with {} it would be {value} as {kind}", name(at + 1));
            }
        }
        told.push(cell);
    }
    told
}

fn plain(word: u16) -> Cell {
    let (data_type, value) = match word >= NEGATIVE_FROM {
        true => (DataType::I16, i64::from(word.cast_signed())),
        false => (DataType::U16, i64::from(word)),
    };
    Cell { data_type, value: Value::Int(value), description: String::new(), guesses: Vec::new() }
}

/// For each cell whether it stands in a long run of zeros.
fn zero_runs<T>(cells: &[T], is_zero: impl Fn(&T) -> bool) -> Vec<bool> {
    let mut runs = vec![false; cells.len()];
    let mut from = 0;
    for at in 0..=cells.len() {
        if cells.get(at).is_some_and(&is_zero) {
            continue;
        }
        if at - from >= ZEROS_MIN {
            runs[from..at].fill(true);
        }
        from = at + 1;
    }
    runs
}

/// Some registers that look like a text.
struct Text {
    at: usize,
    registers: usize,
    text: String,
}

fn texts(words: &[u16]) -> Vec<Text> {
    let is_printed = |word: &u16| word.to_be_bytes().iter().all(|byte| (0x20..0x7f).contains(byte));
    let mut texts = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let run = words[at..].iter().take(TEXT_REGISTERS_MAX).take_while(|word| is_printed(word));
        let registers = run.count();
        let has_letters = words[at..at + registers]
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .filter(u8::is_ascii_alphanumeric)
            .count();
        if registers >= TEXT_REGISTERS_MIN && has_letters > registers {
            let bytes: Vec<u8> =
                words[at..at + registers].iter().flat_map(|word| word.to_be_bytes()).collect();
            let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            texts.push(Text { at, registers, text });
        }
        at += registers.max(1);
    }
    texts
}

/// Both orders in which two registers could be a measured value.
fn floats(first: u16, second: u16) -> Vec<(String, Value)> {
    [("f32", first, second), ("f32:CDAB", second, first)]
        .into_iter()
        .filter_map(|(kind, high, low)| {
            let float = f32::from_bits(u32::from(high) << 16 | u32::from(low));
            let plausible = (PLAUSIBLE.0..=PLAUSIBLE.1).contains(&float.abs());
            // The shortest text of the single-precision number, not the digits of a double.
            let value = float.to_string().parse::<f64>().ok()?;
            plausible.then(|| (kind.to_owned(), Value::Float(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u16]) -> Vec<Cell> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let count = u16::try_from(words.len()).unwrap();
        describe(Table::Holding, 100, count, 0, &bytes)
    }

    #[test]
    fn a_register_is_a_number_and_may_be_half_a_float() {
        let cells = words(&[17, 0xfffe, 0x41ac, 0, 3]);
        let types: Vec<String> = cells.iter().map(|cell| cell.data_type.to_string()).collect();
        assert_eq!(types, ["u16", "i16", "u16", "u16", "u16"]);
        assert_eq!(cells[1].value, Value::Int(-2));
        assert_eq!(cells[2].description, "with hr:103 it would be 21.5 as f32");
        assert_eq!(cells[2].guesses, [("f32".to_owned(), Value::Float(21.5))]);
        assert!(cells[0].description.is_empty() && cells[4].description.is_empty());
    }

    #[test]
    fn a_long_run_of_zeros_is_said_to_be_nothing() {
        let mut all = vec![0; 40];
        all[20] = 5;
        let said: Vec<bool> =
            words(&all).iter().map(|cell| cell.description.contains("unmapped")).collect();
        assert!(said[..20].iter().all(|said| *said) && said[21..].iter().all(|said| *said));
        assert!(!said[20]);
        assert!(words(&[0; 15]).iter().all(|cell| cell.description.is_empty()));
        let bits = describe(Table::Coil, 0, 20, 0, &[0, 0, 0]);
        assert!(bits.iter().all(|cell| cell.description == "all off, probably unmapped"));
    }

    #[test]
    fn registers_of_letters_are_a_text() {
        let cells = words(&[0x4c69, 0x6e65, 0x7368, 0x6166, 0x7420, 1]);
        assert_eq!(cells[0].description, "looks like a text: Lineshaft");
        assert_eq!(cells[0].guesses, [("text(10)".to_owned(), Value::from("Lineshaft"))]);
        assert!(cells[1..].iter().all(|cell| cell.guesses.is_empty()));
    }
}
