//! Tag tables: read once, however many devices share them.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::csv::{self, Rows};
use super::files::{Files, tidy, why};
use super::mistake::{Mistake, Severity};
use super::row::{COLUMNS, RowReader, TagRow};
use super::source::Source;
use super::{mistake, nearest};

/// One tag table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) source: Source,
    /// The rows that are right.
    pub(crate) rows: Vec<TagRow>,
    /// Whether there is nothing below the header.
    pub(crate) is_empty: bool,
}

/// The tables that were read, those that could not be among them.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    known: HashMap<PathBuf, Option<Rc<Table>>>,
}

impl Tables {
    /// The table at `path`; its mistakes are said the first time. When the file itself cannot be read, `asked`
    /// makes the mistake at the place that named it.
    pub(crate) fn get(
        &mut self,
        files: &mut Files,
        path: &Path,
        asked: impl Fn(String) -> Mistake,
    ) -> Option<Rc<Table>> {
        let path = tidy(path);
        let bytes = match files.bytes(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let what = format!("cannot read `{}`: {}", files.name_of(&path), why(&error));
                // Names beside a file that may not be read are nobody's business either.
                let help = match error.kind() {
                    std::io::ErrorKind::Unsupported => String::new(),
                    _ => neighbour(&path, &files.dir.join("tags")),
                };
                files.found.push(asked(what).help(help));
                return None;
            }
        };
        if let Some(known) = self.known.get(&path) {
            return known.clone();
        }
        let name = files.name_of(&path);
        let table = decode(name, &bytes, files).and_then(|source| read(source, files));
        self.known.entry(path).or_insert(table.map(Rc::new)).clone()
    }
}

/// The file that was probably meant by one that is not there: beside it, or in the folder of tag tables.
fn neighbour(path: &Path, tables: &Path) -> String {
    let names = |dir: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let (Some(dir), Some(wanted)) = (path.parent(), wanted) else { return String::new() };
    for (folder, prefix) in [(dir, ""), (tables, "../tags/")] {
        let names = names(folder);
        if let Some(name) = nearest(&wanted, names.iter().map(String::as_str)) {
            return format!("did you mean `{prefix}{name}`?");
        }
    }
    "the path is relative to the file that names it".into()
}

/// The text of a table in whatever encoding a spreadsheet left it.
fn decode(name: String, bytes: &[u8], files: &mut Files) -> Option<Source> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return decode(name, rest, files);
    }
    let wide = |pair: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|two| pair([two[0], two[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => return Some(Source::new(name, wide(u16::from_le_bytes))),
        [0xfe, 0xff, ..] => return Some(Source::new(name, wide(u16::from_be_bytes))),
        _ => {}
    }
    if bytes.contains(&0) {
        let (what, help) = if bytes.starts_with(b"PK") {
            (
                "this is a spreadsheet, not a CSV file",
                "save it from the spreadsheet program as CSV UTF-8",
            )
        } else {
            ("this is not a text file", "a tag table is a CSV file")
        };
        let mistake = Mistake::of_file(Severity::Error, "LS-CFG-014", name, what);
        files.found.push(mistake.help(help));
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Source::new(name, text.to_owned())),
        Err(error) => {
            let text: String = bytes.iter().map(|byte| windows_1252(*byte)).collect();
            // One byte became one character, so the byte's number is the character's.
            let at = text.char_indices().nth(error.valid_up_to()).map_or(0, |(at, _)| at);
            let source = Source::new(name, text);
            let what = "this file is not UTF-8; it was read as Windows-1252 (Western European)";
            let mistake = source.warning("LS-CFG-022", &(at..at + 1), what);
            let help = "look whether the marked character is right, and save the file as CSV UTF-8";
            files.found.push(mistake.help(help));
            Some(source)
        }
    }
}

/// The character of a byte in Windows-1252, the code page of Western European spreadsheets.
fn windows_1252(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn read(source: Source, files: &mut Files) -> Option<Table> {
    let Rows { separator, rows, unclosed } = csv::split(&source);
    if let Some(span) = unclosed {
        let what = "this quote is never closed";
        let help = "a quote inside a quoted cell is written twice: \"3\"\" pipe\"";
        files.found.push(source.error("LS-CFG-016", &span, what).help(help));
    }
    let mut rows = rows.iter();
    let Some(header) = rows.next() else {
        let what = "this tag table is empty";
        let mistake = Mistake::of_file(Severity::Error, "LS-CFG-015", source.name.clone(), what);
        files.found.push(mistake.help(format!("its first line is `{}`", COLUMNS.join(","))));
        return None;
    };
    let columns = columns_of(header, &source, files)?;
    let is_empty = rows.len() == 0;
    let mut reader = RowReader {
        source: &source,
        found: mistake::Mistakes::default(),
        columns,
        width: header.cells.len(),
        decimal_comma: separator != ',',
    };
    let mut taken: HashMap<String, Range<usize>> = HashMap::new();
    let mut good = Vec::new();
    for row in rows {
        let Some(row) = reader.read(row) else { continue };
        let span = row.spans[0].clone();
        if let Some(first) = taken.get(&row.tag) {
            let what = format!("tag `{}` is in this table twice", row.tag);
            let mistake = source.error("LS-CFG-013", &span, what);
            reader.found.push(mistake.other("first here", source.locate(first)));
            continue;
        }
        taken.insert(row.tag.clone(), span);
        good.push(row);
    }
    let found = std::mem::take(&mut reader.found);
    files.found.extend(found);
    Some(Table { source, rows: good, is_empty })
}

/// Which cell of a row is which column; `None` when a column that is needed is not there.
fn columns_of(
    header: &csv::Row,
    source: &Source,
    files: &mut Files,
) -> Option<[Option<usize>; COLUMNS.len()]> {
    let mut columns = [None; COLUMNS.len()];
    for (index, cell) in header.cells.iter().enumerate() {
        if cell.text.is_empty() {
            continue; // a spreadsheet's empty column
        }
        let name = cell.text.to_lowercase();
        let Some(column) = COLUMNS.iter().position(|known| *known == name) else {
            let mistake =
                source.error("LS-CFG-015", &cell.span, format!("unknown column `{}`", cell.text));
            let Some(known) = nearest(&name, COLUMNS) else {
                let help = format!("the columns are `{}`", COLUMNS.join(","));
                files.found.push(mistake.help(help));
                continue;
            };
            files.found.push(mistake.help(format!("did you mean `{known}`?")));
            // The cells below are checked as what was meant.
            let column = super::row::index_of(known);
            columns[column] = columns[column].or(Some(index));
            continue;
        };
        if columns[column].is_some() {
            let what = format!("column `{name}` is there twice");
            files.found.push(source.error("LS-CFG-015", &cell.span, what));
            continue;
        }
        columns[column] = Some(index);
    }
    let mut complete = true;
    for (column, index) in COLUMNS.iter().zip(columns).take(3) {
        if index.is_none() {
            let what = format!("the header has no column `{column}`");
            let mistake = source.error("LS-CFG-015", &header.span, what);
            files.found.push(mistake.help(format!("the columns are `{}`", COLUMNS.join(","))));
            complete = false;
        }
    }
    complete.then_some(columns)
}
