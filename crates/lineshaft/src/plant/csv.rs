//! Cells of a tag table as spreadsheets write them, each with its place.
//!
//! - Source: RFC 4180, and what is found beside it: `;` or a tab between cells (Excel where the comma is the
//!   decimal mark), a `sep=;` line, UTF-8 with or without a byte order mark, UTF-16, Windows-1252, empty lines,
//!   lines that start with `#`.
//! - Why not the `csv` crate: it does not say where in the line a cell is, and the caret needs that.
//! - Not here: what the cells mean, see [`super::row`].

use std::ops::Range;

use super::source::Source;

/// One cell: its text without quotes and outer spaces, and the bytes it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

/// One row with at least one cell that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    pub(crate) span: Range<usize>,
}

/// The rows of a table, the header first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) separator: char,
    pub(crate) rows: Vec<Row>,
    /// Where a quote was opened that is never closed.
    pub(crate) unclosed: Option<Range<usize>>,
}

/// Splits a table into rows and cells.
pub(crate) fn split(source: &Source) -> Rows {
    let text = source.text.as_str();
    let (start, said) = leading_separator(text);
    let separator = said.unwrap_or_else(|| guess_separator(&text[start..]));
    let mut rows = Rows { separator, rows: Vec::new(), unclosed: None };
    let mut at = start;
    while at < text.len() {
        let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        let line = text[at..line_end].trim();
        if line.is_empty() || line.starts_with('#') {
            at = line_end + 1;
            continue;
        }
        let (row, end) = one_row(text, at, separator, &mut rows.unclosed);
        // A spreadsheet puts quotes around a note that has a comma.
        let note = row.cells.first().is_some_and(|cell| cell.text.starts_with('#'));
        if !note && row.cells.iter().any(|cell| !cell.text.is_empty()) {
            rows.rows.push(row);
        }
        at = end;
    }
    rows
}

/// Excel's `sep=;` line.
fn leading_separator(text: &str) -> (usize, Option<char>) {
    let line = text.split('\n').next().unwrap_or("");
    let said = line.trim().strip_prefix("sep=").and_then(|rest| rest.chars().next());
    match said.filter(|separator| matches!(separator, ',' | ';' | '\t')) {
        Some(separator) => ((line.len() + 1).min(text.len()), Some(separator)),
        None => (0, None),
    }
}

/// What separates the words of the header.
fn guess_separator(text: &str) -> char {
    let mut lines = text.lines().map(str::trim);
    let header = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or("");
    let count = |separator: char| header.chars().filter(|c| *c == separator).count();
    let mut best = ',';
    for separator in [';', '\t'] {
        if count(separator) > count(best) {
            best = separator;
        }
    }
    best
}

/// One row from `at` on, and where the next begins.
fn one_row(
    text: &str,
    at: usize,
    separator: char,
    unclosed: &mut Option<Range<usize>>,
) -> (Row, usize) {
    let mut cells = Vec::new();
    let mut from = at;
    loop {
        let (cell, end) = one_cell(text, from, separator, unclosed);
        cells.push(cell);
        if text[end..].starts_with(separator) {
            from = end + separator.len_utf8();
            continue;
        }
        let span = at..text[..end].trim_end().len().max(at);
        let next = (end + 1).min(text.len()).max(end);
        return (Row { cells, span }, next);
    }
}

/// One cell from `from` on, and where it ends: at a separator, a line end, or the end of the text.
fn one_cell(
    text: &str,
    from: usize,
    separator: char,
    unclosed: &mut Option<Range<usize>>,
) -> (Cell, usize) {
    let rest = &text[from..];
    let plain_end = |rest: &str| rest.find([separator, '\n']).unwrap_or(rest.len());
    let lead = rest.len() - rest.trim_start_matches([' ', '\u{a0}']).len();
    if !rest[lead..].starts_with('"') {
        let end = from + plain_end(rest);
        return (trimmed(text, from..end), end);
    }
    let open = from + lead;
    let mut value = String::new();
    let mut at = open + 1;
    loop {
        let Some(quote) = text[at..].find('"') else {
            // Never closed: the rest of this line is the cell, so that the lines after it are still checked.
            unclosed.get_or_insert(open..open + 1);
            let end = from + plain_end(rest);
            return (trimmed(text, from..end), end);
        };
        value.push_str(&text[at..at + quote]);
        at += quote + 1;
        if !text[at..].starts_with('"') {
            break;
        }
        value.push('"');
        at += 1;
    }
    // Whatever stands between the closing quote and the separator belongs to the cell too.
    let end = at + plain_end(&text[at..]);
    value.push_str(text[at..end].trim());
    (Cell { text: value.trim().to_owned(), span: open..at }, end)
}

fn trimmed(text: &str, span: Range<usize>) -> Cell {
    let raw = &text[span.clone()];
    let start = span.start + (raw.len() - raw.trim_start().len());
    let value = raw.trim();
    let start = start.min(span.end - (raw.len() - raw.trim_end().len()).min(raw.len()));
    Cell { text: value.to_owned(), span: start..start + value.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&[&str]]) -> Rows {
        let rows = split(&Source::new("t.csv".into(), text.into()));
        let texts: Vec<Vec<&str>> = rows
            .rows
            .iter()
            .map(|row| row.cells.iter().map(|cell| cell.text.as_str()).collect())
            .collect();
        assert_eq!(texts, expected, "{text:?}");
        for cell in rows.rows.iter().flat_map(|row| &row.cells) {
            assert!(text.get(cell.span.clone()).is_some(), "{cell:?} of {text:?}");
        }
        rows
    }

    #[test]
    fn a_table_is_read_as_spreadsheets_write_it() {
        check("tag,address\na,hr:1\n", &[&["tag", "address"], &["a", "hr:1"]]);
        check("tag;address\r\na;\"0,5\"\r\n", &[&["tag", "address"], &["a", "0,5"]]);
        check("tag\taddress\na\thr:1", &[&["tag", "address"], &["a", "hr:1"]]);
        check("sep=;\ntag;a,b\n", &[&["tag", "a,b"]]);
        check(
            "# note, with, commas\n\ntag;b\n,;\n;\n;\nx;y",
            &[&["tag", "b"], &[",", ""], &["x", "y"]],
        );
        check(
            "tag,text\na,\"one, \"\"two\"\"\nthree\"\nb,c",
            &[&["tag", "text"], &["a", "one, \"two\"\nthree"], &["b", "c"]],
        );
        check(" tag , b \n \u{a0}x\u{a0} , \"y\" \n", &[&["tag", "b"], &["x", "y"]]);
        check("", &[]);
        check("a,", &[&["a", ""]]);
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_line() {
        let rows = check("tag,b\nx,\"open\ny,z\n", &[&["tag", "b"], &["x", "\"open"], &["y", "z"]]);
        assert_eq!(rows.unclosed, Some(8..9));
    }

    #[test]
    fn any_text_is_split_without_harm() {
        let parts = ["\"", ",", ";", "\n", "\r", "ü", "#", "\t", "a", " ", "sep=;", "\u{a0}"];
        for a in parts {
            for b in parts {
                for c in parts {
                    for d in parts {
                        let text = format!("{a}{b}{c}{d}");
                        let rows = split(&Source::new("t".into(), text.clone()));
                        for cell in rows.rows.iter().flat_map(|row| &row.cells) {
                            assert!(text.get(cell.span.clone()).is_some(), "{cell:?} of {text:?}");
                        }
                    }
                }
            }
        }
    }
}
