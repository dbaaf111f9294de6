//! One file's text, and the way from bytes in it to a line a person can find.

use std::ops::Range;

use super::mistake::{Location, Mistake, Severity};

/// The text of one file, decoded.
#[derive(Debug)]
pub(crate) struct Source {
    /// The file, relative to the plant folder.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    line_starts: Vec<usize>,
}

impl Source {
    pub(crate) fn new(name: String, text: String) -> Source {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Source { name, text, line_starts }
    }

    /// Where `span` is; of a span over several lines the part on the first.
    pub(crate) fn locate(&self, span: &Range<usize>) -> Location {
        let start = self.boundary(span.start);
        let line = self.line_starts.partition_point(|line| *line <= start).max(1) - 1;
        let line_start = self.line_starts[line];
        let line_end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let text = self.text[line_start..line_end].trim_end_matches('\r');
        let start = start.min(line_start + text.len());
        let end = self.boundary(span.end).clamp(start, line_start + text.len());
        let count = |part: &str| u32::try_from(part.chars().count()).unwrap_or(u32::MAX);
        let shown = shown(text);
        let hidden = text.len() - shown.len();
        let (start, end) = (start.min(line_start + shown.len()), end.min(line_start + shown.len()));
        Location {
            file: self.name.clone(),
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: count(&self.text[line_start..start]).saturating_add(1),
            width: count(&self.text[start..end]).max(1),
            text: if hidden == 0 { shown.to_owned() } else { format!("{shown}•••") },
        }
    }

    fn boundary(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        (0..=at).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    /// A mistake that stops the plant.
    pub(crate) fn error(
        &self,
        code: &'static str,
        span: &Range<usize>,
        what: impl Into<String>,
    ) -> Mistake {
        Mistake::at(Severity::Error, code, self.locate(span), what)
    }

    /// A mistake that does not.
    pub(crate) fn warning(
        &self,
        code: &'static str,
        span: &Range<usize>,
        what: impl Into<String>,
    ) -> Mistake {
        Mistake::at(Severity::Warning, code, self.locate(span), what)
    }
}

/// Keys whose values are references to secrets; whoever wrote the secret itself made a mistake, and messages
/// that quote it would spread it.
const SECRET_KEYS: [&str; 6] = ["key", "password", "passphrase", "secret", "token", "credentials"];

/// The part of a line that may be shown: all of it, or up to the `=` of a secret.
fn shown(line: &str) -> &str {
    let Some((key, value)) = line.split_once('=') else { return line };
    let key = key.trim().rsplit(['.', '_']).next().unwrap_or_default();
    let is_reference = ["\"file:", "\"env:", "'file:", "'env:"]
        .iter()
        .any(|reference| value.trim_start().starts_with(reference));
    if !SECRET_KEYS.contains(&key.trim_matches('"')) || is_reference {
        return line;
    }
    &line[..line.len() - value.trim_start().len()]
}

impl Mistake {
    pub(crate) fn at(
        severity: Severity,
        code: &'static str,
        at: Location,
        what: impl Into<String>,
    ) -> Mistake {
        let what = what.into();
        Mistake { severity, code, what, at, note: String::new(), other: None, help: Vec::new() }
    }

    /// A mistake of a file or folder as a whole.
    pub(crate) fn of_file(
        severity: Severity,
        code: &'static str,
        file: impl Into<String>,
        what: impl Into<String>,
    ) -> Mistake {
        let file = file.into();
        let at = Location { file, line: 0, column: 0, width: 0, text: String::new() };
        Mistake::at(severity, code, at, what)
    }

    /// Adds what stands beside the caret.
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Mistake {
        self.note = note.into();
        self
    }

    /// Adds a line of help; an empty one adds nothing.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Mistake {
        let help = help.into();
        if !help.is_empty() {
            self.help.push(help);
        }
        self
    }

    /// Adds the other place.
    #[must_use]
    pub(crate) fn other(mut self, word: impl Into<String>, at: Location) -> Mistake {
        self.other = Some((word.into(), at));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters_from_one() {
        let source = Source::new("x".into(), "eins\r\nzwölf = 1\r\n".into());
        let at = source.locate(&(6..12));
        assert_eq!((at.line, at.column, at.width, at.text.as_str()), (2, 1, 5, "zwölf = 1"));
        let at = source.locate(&(15..16));
        assert_eq!((at.line, at.column, at.width), (2, 9, 1));
    }

    #[test]
    fn a_line_with_a_secret_is_shown_without_it() {
        for (line, expect) in [
            ("key = \"-----BEGIN PRIVATE KEY-----\"", "key = "),
            ("db.password=hunter2", "db.password="),
            ("api_token = 12", "api_token = "),
            ("key = \"file:/etc/key.pem\"", "key = \"file:/etc/key.pem\""),
            ("keyboard = \"de\"", "keyboard = \"de\""),
            ("no secret", "no secret"),
        ] {
            assert_eq!(shown(line), expect);
        }
    }

    #[test]
    fn a_span_over_the_end_or_inside_a_character_does_no_harm() {
        let source = Source::new("x".into(), "ü".into());
        for span in [0..99, 1..1, 2..2, 50..60] {
            assert_eq!(source.locate(&span).line, 1);
        }
        assert_eq!(Source::new("x".into(), String::new()).locate(&(0..0)).line, 1);
    }
}
