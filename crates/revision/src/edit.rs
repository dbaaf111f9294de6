//! Changes keys of a TOML file and leaves everything else as it is, byte by byte: comments, order, spaces.
//!
//! - Source: TOML 1.0; `toml_edit` keeps what surrounds a value.
//! - A file that would not come back the same when nothing is changed in it is not edited at all.

use std::str::FromStr as _;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::limits::{EDIT_BYTES_MAX, EDITS_MAX, KEY_DEPTH_MAX};

/// One edit. A path is the keys from the outermost table on; of an array of tables, the index from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Gives a key a value; tables on the way that are not there are made.
    Set {
        /// Which key.
        path: Vec<String>,
        /// The value as TOML: `"500ms"` with its quotes, `3`, `[1, 2]`.
        value: String,
    },
    /// Takes a key or a whole table away; one that is not there is a mistake.
    Remove {
        /// Which key.
        path: Vec<String>,
    },
    /// Makes an empty table; one that is there stays.
    AddTable {
        /// Which.
        path: Vec<String>,
    },
}

/// Why a file is not edited. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// It cannot be edited key by key.
    #[error("LS-REV-013: this file cannot be edited key by key: {why}")]
    File {
        /// Why not.
        why: String,
    },
    /// An edit does not fit.
    #[error("LS-REV-014: `{}` {why}", path.join("."))]
    Key {
        /// Of which key.
        path: Vec<String>,
        /// What is wrong with it.
        why: String,
    },
}

impl EditError {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            EditError::File { .. } => "LS-REV-013",
            EditError::Key { .. } => "LS-REV-014",
        }
    }
}

/// Applies edits, one after the other.
///
/// Lines that no edit touches stay the same byte by byte, with their comments, their order and their line ends.
///
/// # Errors
/// [`EditError`]: all edits are applied or none.
pub fn edit_toml(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    if edits.len() > EDITS_MAX {
        return Err(file(format!("more than {EDITS_MAX} edits at a time")));
    }
    let form = Form::of(text)?;
    let plain = form.plain(text);
    let mut document = DocumentMut::from_str(&plain)
        .map_err(|error| file(format!("it is not TOML: {}", error.message())))?;
    if document.to_string() != plain {
        return Err(file("its spaces or line ends would not stay as they are".into()));
    }
    for edit in edits {
        apply(document.as_table_mut(), edit)?;
    }
    Ok(form.dress(document.to_string()))
}

/// The form of a value in JSON as TOML.
///
/// # Errors
/// [`EditError::Key`] for `null`, and for a number that TOML does not have.
pub fn toml_of_json(path: &[String], json: &serde_json::Value) -> Result<String, EditError> {
    value_of(json).map(|value| value.to_string()).map_err(|why| key(path, why))
}

fn value_of(json: &serde_json::Value) -> Result<Value, &'static str> {
    Ok(match json {
        serde_json::Value::Null => return Err("cannot be null: remove the key instead"),
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(float)) if !number.is_u64() => float.into(),
            _ => return Err("is a number that TOML does not have"),
        },
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(values) => {
            let values: Result<Vec<Value>, _> = values.iter().map(value_of).collect();
            Array::from_iter(values?).into()
        }
        serde_json::Value::Object(members) => {
            let mut table = InlineTable::new();
            for (name, member) in members {
                table.insert(name, value_of(member)?);
            }
            table.into()
        }
    })
}

/// What surrounds the text and is put back behind the edits.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// A byte order mark, as some editors write it.
    mark: bool,
    /// Line ends as Windows has them.
    carriage: bool,
    /// No line feed behind the last line.
    open_end: bool,
}

const MARK: char = '\u{feff}';

impl Form {
    fn of(text: &str) -> Result<Form, EditError> {
        if text.len() > EDIT_BYTES_MAX {
            return Err(file(format!("it is larger than {} MiB", EDIT_BYTES_MAX >> 20)));
        }
        let ends = text.matches('\n').count();
        let carriages = text.matches("\r\n").count();
        if carriages != 0 && carriages != ends {
            return Err(file("some of its lines end as on Windows and some do not".into()));
        }
        Ok(Form {
            mark: text.starts_with(MARK),
            carriage: carriages > 0,
            open_end: !text.is_empty() && !text.ends_with('\n'),
        })
    }

    fn plain(self, text: &str) -> String {
        let text = text.strip_prefix(MARK).unwrap_or(text);
        let mut plain = if self.carriage { text.replace("\r\n", "\n") } else { text.to_owned() };
        if self.open_end {
            plain.push('\n');
        }
        plain
    }

    fn dress(self, mut text: String) -> String {
        if self.open_end && text.ends_with('\n') {
            text.pop();
        }
        if self.carriage {
            text = text.replace('\n', "\r\n");
        }
        if self.mark {
            text.insert(0, MARK);
        }
        text
    }
}

fn apply(root: &mut Table, edit: &Edit) -> Result<(), EditError> {
    let (Edit::Set { path, .. } | Edit::Remove { path } | Edit::AddTable { path }) = edit;
    let Some((last, way)) = path.split_last() else {
        return Err(key(path, "is no key"));
    };
    if path.len() > KEY_DEPTH_MAX {
        return Err(key(path, "is too deep"));
    }
    let missing = match edit {
        Edit::Remove { .. } => Missing::IsAMistake,
        Edit::Set { .. } | Edit::AddTable { .. } => Missing::IsMade,
    };
    let mut at: &mut dyn TableLike = root;
    let mut way = way.iter();
    while let Some(part) = way.next() {
        at = step(at, part, &mut way, missing).map_err(|why| key(path, why))?;
    }
    match edit {
        Edit::Set { value, .. } => {
            let value = Value::from_str(value).map_err(|error| {
                key(path, format!("has a value that is not TOML: {}", error.message()))
            })?;
            set(at, last, value).map_err(|why| key(path, why))
        }
        Edit::Remove { .. } => match at.remove(last) {
            Some(_) => Ok(()),
            None => Err(key(path, "is not there")),
        },
        Edit::AddTable { .. } => match at.get(last) {
            Some(item) if item.is_table_like() => Ok(()),
            Some(_) => Err(key(path, "is a value and not a table")),
            None => {
                at.insert(last, Item::Table(Table::new()));
                Ok(())
            }
        },
    }
}

/// What a table on the way is that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsMade,
    IsAMistake,
}

/// One table further; of an array of tables, the one whose index comes next on the way.
fn step<'a>(
    at: &'a mut dyn TableLike,
    part: &str,
    way: &mut std::slice::Iter<'_, String>,
    missing: Missing,
) -> Result<&'a mut dyn TableLike, &'static str> {
    if at.get(part).is_none() {
        if missing == Missing::IsAMistake {
            return Err("is not there");
        }
        let mut table = Table::new();
        // `[press-1.settings]` needs no `[press-1]` above it, unless something stands in that.
        table.set_implicit(way.len() > 0);
        at.insert(part, Item::Table(table));
    }
    match at.get_mut(part) {
        Some(Item::ArrayOfTables(tables)) => {
            let index = way.next().and_then(|index| index.parse().ok());
            let table = index.and_then(|index: usize| tables.get_mut(index));
            table.map(|table| table as &mut dyn TableLike).ok_or("has no table of this number")
        }
        Some(item) => item.as_table_like_mut().ok_or("lies in a value that is not a table"),
        None => Err("is not there"),
    }
}

/// Puts a value in the place of another, with what surrounds it, or behind the last of its table.
fn set(at: &mut dyn TableLike, name: &str, mut value: Value) -> Result<(), &'static str> {
    match at.get_mut(name) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
            Ok(())
        }
        Some(Item::None) | None => {
            at.insert(name, Item::Value(value));
            Ok(())
        }
        Some(_) => Err("is a table: set its keys, or remove it first"),
    }
}

fn file(why: String) -> EditError {
    EditError::File { why }
}

fn key(path: &[String], why: impl Into<String>) -> EditError {
    EditError::Key { path: path.to_vec(), why: why.into() }
}

#[cfg(test)]
mod tests;
