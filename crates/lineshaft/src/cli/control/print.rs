//! Tables on standard output, and passwords from a person.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use lineshaft_model::Timestamp;
use serde_json::Value;

/// Rows under headings, in columns as wide as their widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Table {
        Table { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        // What somebody wrote into a name must not become a second line or move the cursor.
        let plain =
            |cell: String| cell.chars().map(|c| if c.is_control() { '·' } else { c }).collect();
        self.rows.push(cells.into_iter().map(plain).collect());
    }

    pub(crate) fn print(&self) {
        say_text!("{self}");
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A member of an answer as text; `-` where there is nothing.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) if text.is_empty() => "-".into(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        other => other.to_string(),
    }
}

/// A time in milliseconds as RFC 3339 to the second; `-` where there is none.
pub(crate) fn millis(value: &Value) -> String {
    let time = value.as_i64().and_then(|ms| ms.checked_mul(1_000_000)).map(Timestamp::from_nanos);
    let Some(time) = time else { return "-".into() };
    let shown = time.to_string();
    shown.split_once('.').map_or(shown.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// Where a password comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PasswordFrom {
    /// Reads the password from the first line of a file.
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    pub password_file: Option<std::path::PathBuf>,
    /// Reads the password from the first line of standard input.
    #[arg(long)]
    pub password_stdin: bool,
}

/// A password: from a file, from standard input, or from a person, twice.
///
/// # Errors
/// As the operating system says, or that the two were not the same.
pub(crate) fn ask_password(from: &PasswordFrom, of: &str) -> io::Result<String> {
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    if let Some(file) = &from.password_file {
        return read(file).map(first_line);
    }
    if from.password_stdin {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        return Ok(first_line(text));
    }
    if !io::stdin().is_terminal() {
        return Err(io::Error::other(
            "there is no terminal to ask for the password; use --password-file or --password-stdin",
        ));
    }
    let first = rpassword::prompt_password(format!("password of {of}: "))?;
    if first != rpassword::prompt_password("the same again: ")? {
        return Err(io::Error::other("the two passwords are not the same"));
    }
    Ok(first)
}

fn read(file: &Path) -> io::Result<String> {
    std::fs::read_to_string(file)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_line_up_and_a_name_cannot_draw_its_own_rows() {
        let mut table = Table::new(&["NAME", "ROLE"]);
        table.row(["anna".into(), "engineer".into()]);
        table.row(["x\nroot  admin\u{1b}[2J".into(), "-".into()]);
        let expect = "NAME               ROLE\nanna               engineer\nx·root  admin·[2J  -\n";
        assert_eq!(table.to_string(), expect);
    }

    #[test]
    fn a_time_is_shown_to_the_second() {
        assert_eq!(millis(&json!(1_763_618_400_123_i64)), "2025-11-20T06:00:00Z");
        assert_eq!(millis(&json!(null)), "-");
        assert_eq!(text(&json!("")), "-");
    }
}
