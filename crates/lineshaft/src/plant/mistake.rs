//! Mistakes in the plant folder, and how they look to the person who has to mend them.
//!
//! One mistake is one small picture: code, what is wrong, file and line, the line itself with a caret
//! under the right characters, what was probably meant, and where to read on.

use std::fmt::{self, Write as _};

/// How many mistakes of one file are printed; the rest is counted.
///
/// One wrong separator makes a mistake of every row of a long table, and nobody reads the second hundred.
const SHOWN_PER_FILE_MAX: usize = 50;

/// How many mistakes are kept: a table of a million wrong rows must not fill the memory.
const KEPT_MAX: usize = 10_000;

/// How often the same is said of one file.
const SAME_SHOWN_MAX: usize = 3;

/// How many characters of a line are shown around the caret.
const LINE_CHARS_MAX: usize = 110;

/// Whether the plant runs like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The folder is refused.
    Error,
    /// The folder is taken, and probably somebody meant something else.
    Warning,
}

/// A place in a file, with the line as it is written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, relative to the plant folder.
    pub file: String,
    /// The line, counted from 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// The column in characters, counted from 1; 0 when the file as a whole is meant.
    pub column: u32,
    /// How many characters are meant; at least 1.
    pub width: u32,
    /// The line.
    pub text: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Whether it stops anything.
    pub severity: Severity,
    /// A code with a page: `LS-CFG-004`.
    pub code: &'static str,
    /// What is wrong, lowercase, without a full stop.
    pub what: String,
    /// Where.
    pub at: Location,
    /// Beside the caret: the table or tag it belongs to; may be empty.
    pub note: String,
    /// The other place, for two things that cannot both be: a word and where.
    pub other: Option<(String, Location)>,
    /// What was meant or what to do, one line each.
    pub help: Vec<String>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            _ => write!(f, "{}:{}:{}", self.file, self.line, self.column),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{word} {}: {}", self.code, self.what)?;
        let line_max = self.other.iter().map(|(_, at)| at.line).fold(self.at.line, u32::max);
        let gutter = match line_max {
            0 => 1,
            line => line.to_string().len(),
        };
        picture(f, gutter, '┌', &self.at, &self.note)?;
        if let Some((word, at)) = &self.other {
            picture(f, gutter, '├', at, word)?;
        }
        for help in &self.help {
            writeln!(f, "{:gutter$} = {help}", "")?;
        }
        writeln!(f, "{:gutter$} = more: lineshaft explain {}", "", self.code)
    }
}

fn picture(
    f: &mut fmt::Formatter<'_>,
    gutter: usize,
    corner: char,
    at: &Location,
    note: &str,
) -> fmt::Result {
    writeln!(f, "{:gutter$} {corner}─ {at}", "")?;
    if at.line == 0 {
        return Ok(());
    }
    let (text, before) = window(at);
    let shown = text.chars().count();
    let carets =
        "^".repeat((at.width as usize).clamp(1, (shown + 1).saturating_sub(before).max(1)));
    let between = if note.is_empty() { "" } else { " " };
    writeln!(f, "{:gutter$} │ {text}", at.line)?;
    writeln!(f, "{:gutter$} │ {:before$}{carets}{between}{note}", "", "")
}

/// The part of the line that is shown, and how many characters of it stand before the caret.
fn window(at: &Location) -> (String, usize) {
    let line: Vec<char> = at.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let caret = (at.column as usize).saturating_sub(1).min(line.len());
    if line.len() <= LINE_CHARS_MAX {
        return (line.iter().collect::<String>().trim_end().to_owned(), caret);
    }
    let start = caret.saturating_sub(LINE_CHARS_MAX / 3).min(line.len() - LINE_CHARS_MAX);
    let end = start + LINE_CHARS_MAX;
    let head = if start > 0 { "…" } else { "" };
    let tail = if end < line.len() { "…" } else { "" };
    let middle: String = line[start..end].iter().collect();
    (format!("{head}{middle}{tail}"), caret - start + head.chars().count())
}

/// All mistakes of a plant folder, in the order of its files and lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistakes {
    all: Vec<Mistake>,
    /// Errors past [`KEPT_MAX`].
    dropped: usize,
}

impl Mistakes {
    /// Adds one.
    ///
    /// Past ten thousand, errors are only counted and warnings forgotten.
    pub fn push(&mut self, mistake: Mistake) {
        if self.all.len() < KEPT_MAX {
            self.all.push(mistake);
        } else if mistake.severity == Severity::Error {
            self.dropped += 1;
        }
    }

    /// Adds all of another.
    pub fn extend(&mut self, other: Mistakes) {
        self.dropped += other.dropped;
        other.all.into_iter().for_each(|mistake| self.push(mistake));
    }

    /// Puts them into the order of files and lines; where two are at one place, errors first.
    pub(crate) fn sort(&mut self) {
        self.all.sort_by(|a, b| {
            let key = |m: &Mistake| (file_rank(&m.at.file), m.at.line, m.at.column, m.severity);
            let (a_key, b_key) = (key(a), key(b));
            (a_key.0, &a.at.file, a_key).cmp(&(b_key.0, &b.at.file, b_key))
        });
        // A table that two devices share is wrong once.
        self.all.dedup_by(|a, b| (a.code, &a.what, &a.at) == (b.code, &b.what, &b.at));
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Mistake] {
        &self.all
    }

    /// How many stop the plant from running.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.all.iter().filter(|m| m.severity == Severity::Error).count() + self.dropped
    }

    /// How many do not.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        self.all.iter().filter(|m| m.severity == Severity::Warning).count()
    }

    /// `2 errors, 1 warning`; empty when there is nothing.
    #[must_use]
    pub fn summary(&self) -> String {
        let counts = [(self.error_count(), "error"), (self.warning_count(), "warning")];
        let parts = counts.iter().filter(|(count, _)| *count > 0);
        parts.map(|(count, word)| counted(*count, word)).collect::<Vec<_>>().join(", ")
    }

    /// Every mistake in full, then `2 errors, 1 warning; <consequence>`.
    #[must_use]
    pub fn report(&self, consequence: &str) -> String {
        format!("{self}{}; {consequence}\n", self.summary())
    }

    /// One line: the first error, and how many more there are.
    #[must_use]
    pub fn headline(&self) -> String {
        let Some(first) = self.all.iter().min_by_key(|m| m.severity) else {
            return String::new();
        };
        let mut line = format!("{}: {} {}", first.at, first.code, first.what);
        match self.error_count() {
            0 | 1 => {}
            count => {
                let _ = write!(line, " (and {})", counted(count - 1, "more error"));
            }
        }
        line
    }
}

/// `lineshaft.toml` first, then everything by name.
fn file_rank(file: &str) -> u8 {
    u8::from(file != "lineshaft.toml")
}

pub(crate) fn counted(count: usize, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for group in self.all.chunk_by(|a, b| a.at.file == b.at.file) {
            one_file(f, group)?;
        }
        Ok(())
    }
}

/// The mistakes of one file: those that are the same on many lines in full a few times, then counted.
fn one_file(f: &mut fmt::Formatter<'_>, group: &[Mistake]) -> fmt::Result {
    let file = &group[0].at.file;
    let mut seen: Vec<(&str, &str, usize, u32)> = Vec::new();
    let mut shown = 0;
    let mut hidden = 0;
    for mistake in group {
        let (code, what, line) = (mistake.code, mistake.what.as_str(), mistake.at.line);
        match seen.iter_mut().find(|same| (same.0, same.1) == (code, what)) {
            Some(same) if same.2 >= SAME_SHOWN_MAX => {
                (same.2, same.3) = (same.2 + 1, line);
                continue;
            }
            Some(same) => same.2 += 1,
            None if shown < SHOWN_PER_FILE_MAX => seen.push((code, what, 1, line)),
            None => {}
        }
        if shown < SHOWN_PER_FILE_MAX {
            writeln!(f, "{mistake}")?;
            shown += 1;
        } else {
            hidden += 1;
        }
    }
    for (code, what, times, line) in seen.iter().filter(|same| same.2 > SAME_SHOWN_MAX) {
        let more = times - SAME_SHOWN_MAX;
        writeln!(f, "… {code} {what}\n  {more} times more in {file}, the last on line {line}\n")?;
    }
    if hidden > 0 {
        writeln!(f, "… and {} in {file}\n", counted(hidden, "more mistake"))?;
    }
    Ok(())
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str, column: u32, width: u32) -> Mistake {
        Mistake {
            severity: Severity::Error,
            code: "LS-CFG-004",
            what: "unknown key `periode`".into(),
            at: Location { file: "plant.toml".into(), line: 14, column, width, text: text.into() },
            note: "in press-07".into(),
            other: None,
            help: vec!["did you mean `period`?".into()],
        }
    }

    #[test]
    fn a_mistake_is_a_picture() {
        let expected = "\
error LS-CFG-004: unknown key `periode`
   ┌─ plant.toml:14:1
14 │ periode = \"250ms\"
   │ ^^^^^^^ in press-07
   = did you mean `period`?
   = more: lineshaft explain LS-CFG-004
";
        assert_eq!(mistake("periode = \"250ms\"", 1, 7).to_string(), expected);
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let line = format!("{}wrong{}", "a".repeat(200), "b".repeat(200));
        let shown = mistake(&line, 201, 5).to_string();
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[3].chars().position(|c| c == '^').unwrap();
        let under: String = lines[2].chars().skip(caret).take(5).collect();
        assert_eq!(under, "wrong");
        assert!(lines[2].chars().count() < LINE_CHARS_MAX + 10);
    }

    #[test]
    fn a_caret_past_the_end_and_a_control_character_do_no_harm() {
        for (text, column, width) in [("", 1, 1), ("a\tb\u{1b}[31m", 40, 9), ("ü", 2, 0)] {
            assert!(mistake(text, column, width).to_string().contains('^'));
        }
    }

    #[test]
    fn what_is_wrong_on_a_hundred_lines_is_shown_three_times() {
        let mut mistakes = Mistakes::default();
        (1..=100).for_each(|column| mistakes.push(mistake("x", column, 1)));
        let report = mistakes.report("nothing was changed");
        assert_eq!(report.matches('┌').count(), SAME_SHOWN_MAX);
        let end =
            "97 times more in plant.toml, the last on line 14\n\n100 errors; nothing was changed\n";
        assert!(report.ends_with(end), "{report}");
        assert_eq!(
            mistakes.headline(),
            "plant.toml:14:1: LS-CFG-004 unknown key `periode` (and 99 more errors)"
        );
    }

    #[test]
    fn the_hundredth_mistake_of_a_file_is_only_counted() {
        let mut mistakes = Mistakes::default();
        for number in 0..100 {
            mistakes.push(Mistake { what: format!("{number}"), ..mistake("x", 1, 1) });
        }
        let report = mistakes.report("nothing was changed");
        assert_eq!(report.matches('┌').count(), SHOWN_PER_FILE_MAX);
        assert!(report.contains("… and 50 more mistakes in plant.toml\n"), "{report}");
    }
}
