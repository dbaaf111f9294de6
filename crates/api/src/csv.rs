//! Tables as comma-separated values (RFC 4180), safe to open in a spreadsheet.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula and runs it; names of
//! accounts and reasons are what people typed. Such a cell gets an apostrophe in front, which makes it text.
//!
//! - Source: OWASP, *CSV Injection*.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// A table that grows line by line.
#[derive(Debug, Default)]
pub(crate) struct Table(String);

impl Table {
    /// A table with its head line.
    pub(crate) fn new(columns: &[&str]) -> Table {
        let mut table = Table::default();
        table.line(columns);
        table
    }

    /// Adds a line.
    pub(crate) fn line<T: AsRef<str>>(&mut self, cells: &[T]) {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            self.cell(cell.as_ref());
        }
        self.0.push_str("\r\n");
    }

    /// What has grown since the last time, for a table that is sent piece by piece.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.0)
    }

    fn cell(&mut self, text: &str) {
        self.0.push('"');
        if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
            self.0.push('\'');
        }
        for letter in text.chars() {
            if letter == '"' {
                self.0.push('"');
            }
            self.0.push(letter);
        }
        self.0.push('"');
    }

    /// The table as a download.
    pub(crate) fn download(self, name: &'static str) -> Response {
        let mut response = self.0.into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("text/csv; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let disposition = format!("attachment; filename=\"{name}\"");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: A27.
    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out_of_its_quotes() {
        let mut table = Table::new(&["account", "why"]);
        table.line(&["=HYPERLINK(\"http://evil\")", "-1+1"]);
        table.line(&["@SUM(A1)", "\tx"]);
        table.line(&["+49 30", "two\r\nlines, \"quoted\""]);
        assert_eq!(
            table.0,
            "\"account\",\"why\"\r\n\
             \"'=HYPERLINK(\"\"http://evil\"\")\",\"'-1+1\"\r\n\
             \"'@SUM(A1)\",\"'\tx\"\r\n\
             \"'+49 30\",\"two\r\nlines, \"\"quoted\"\"\"\r\n"
        );
    }
}
