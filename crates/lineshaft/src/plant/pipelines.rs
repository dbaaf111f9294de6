//! `pipelines/*.toml`: steps for tags by pattern, and derived tags, checked against the tags of the plant.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use lineshaft_model::{TagPath, Tags};
use lineshaft_pipeline::{Pipeline, PipelineMistake, Plan, Rule, TagSteps, Where};
use serde_json::Value as Json;

use super::device::TagPlaces;
use super::files::Files;
use super::mistake::{Location, Mistake};
use super::node::{self, NodeParts};
use super::schema::{At, Checker, KeyValue, below, enclosing};
use super::source::Source;
use super::{PlantDevice, nearest};

/// What follows from a device that could not be read: it says nothing new.
const FOLLOWS_FROM_MISSING_TAGS: [&str; 4] =
    ["LS-CFG-202", "LS-CFG-206", "LS-CFG-207", "LS-CFG-210"];

/// An expression names a tag that does not exist.
const INPUT: &str = "LS-CFG-206";

/// Reads all rules.
pub(crate) struct RuleReader {
    schema: Json,
    sources: Vec<Source>,
    rules: Vec<(String, Rule)>,
    places: HashMap<String, Place>,
}

/// Where a rule stands.
struct Place {
    source: usize,
    head: Range<usize>,
    spans: Vec<(String, KeyValue)>,
}

impl RuleReader {
    pub(crate) fn new() -> RuleReader {
        let schema = schemars::schema_for!(Rule).to_value();
        RuleReader { schema, sources: Vec::new(), rules: Vec::new(), places: HashMap::new() }
    }

    /// Reads one file.
    pub(crate) fn read(&mut self, files: &mut Files, path: &Path) {
        let Some(source) = files.toml(path) else { return };
        let Some(document) = node::parse(&source, files) else { return };
        let number = self.sources.len();
        for (name, item) in document.as_table() {
            let key = document.as_table().key(name).and_then(toml_edit::Key::span).unwrap_or(0..0);
            let Some(table) = item.as_table_like() else {
                let what = format!("`{name}` stands outside of a rule");
                let mistake = source.error("LS-CFG-004", &key, what);
                files.found.push(mistake.help("a rule starts with its name: `[smooth]`"));
                continue;
            };
            let head = item.span().filter(|span| !span.is_empty()).unwrap_or_else(|| key.clone());
            if let Some(first) = self.places.get(name) {
                let what = format!("there are two rules with the name `{name}`");
                let first_source = self.sources.get(first.source).unwrap_or(&source);
                let other = first_source.locate(&first.head);
                let mistake = source.error("LS-CFG-013", &key, what);
                files.found.push(mistake.other("first here", other));
                continue;
            }
            let mut checker = Checker::new(&source, &self.schema);
            let at = At { path: name, key: name, head: &head, depth: 0 };
            let good = Json::Object(checker.table(&self.schema, table, at));
            let is_right = checker.found.error_count() == 0;
            files.found.extend(checker.found);
            let spans = checker.spans.into_iter().collect();
            let place = Place { source: number, head, spans };
            if is_right {
                match serde_path_to_error::deserialize::<_, Rule>(&good) {
                    Ok(rule) => self.rules.push((name.to_owned(), rule)),
                    Err(error) => {
                        let span = place.span(name, &error.path().to_string());
                        let what = error.inner().to_string();
                        let mistake = source.error("LS-CFG-005", &span, what);
                        files.found.push(mistake.note(format!("in {name}")));
                    }
                }
            }
            self.places.insert(name.to_owned(), place);
        }
        self.sources.push(source);
    }

    /// Tries the rules on the tags of the plant; what does not fit is said.
    pub(crate) fn finish(
        self,
        files: &mut Files,
        parts: &NodeParts,
        devices: &[PlantDevice],
        tags: &TagPlaces,
    ) -> Vec<(String, Rule)> {
        let is_whole = files.found.error_count() == 0;
        let ids = Tags::new();
        let (mut metas, mut steps) = (Vec::new(), Vec::new());
        for (meta, said) in devices.iter().flat_map(|d| d.metas.iter().zip(&d.steps)) {
            steps.push(TagSteps {
                tag: ids.intern(&meta.path),
                scale: said.scale,
                offset: said.offset,
                deadband: said.deadband,
            });
            metas.push(meta.clone());
        }
        let node = &parts.node.path;
        let plan = Plan { node, tags: &ids, metas, steps: &steps, rules: &self.rules };
        let wrong = Pipeline::build(plan).err().unwrap_or_default();
        for wrong in wrong {
            if is_whole || !FOLLOWS_FROM_MISSING_TAGS.contains(&wrong.code) {
                self.say(files, &wrong, tags);
            }
        }
        self.rules
    }

    fn say(&self, files: &mut Files, wrong: &PipelineMistake, tags: &TagPlaces) {
        let at: Option<(&Source, Range<usize>, String)> = match &wrong.place {
            Where::Tag { tag, column } => {
                tags.cell(tag, column).map(|(source, span)| (source, span, String::new()))
            }
            Where::Rule { name, key, position } => self.places.get(name).and_then(|place| {
                let source = self.sources.get(place.source)?;
                let mut span = place.span(name, key);
                if let Some(position) = position {
                    let found =
                        in_string(&source.text[span.clone()], position.line, position.column);
                    span = found.map_or(span.clone(), |found| {
                        span.start + found.start..span.start + found.end
                    });
                }
                Some((source, span, format!("in {name}")))
            }),
        };
        let mistake = match at {
            Some((source, span, note)) => {
                source.error(wrong.code, &span, wrong.what.clone()).note(note)
            }
            None => {
                let (file, text) = ("pipelines".to_owned(), String::new());
                let at = Location { file, line: 0, column: 0, width: 0, text };
                Mistake::at(super::Severity::Error, wrong.code, at, wrong.what.clone())
            }
        };
        let meant = (wrong.code == INPUT).then(|| meant_beside(&wrong.what, tags)).flatten();
        let remedy = meant.unwrap_or_else(|| wrong.remedy.clone());
        files.found.push(mistake.help(remedy));
    }
}

/// The tag that was probably meant by one that is not there: the first thing in backticks is its whole path.
fn meant_beside(what: &str, tags: &TagPlaces) -> Option<String> {
    let path = TagPath::new(what.split('`').nth(1)?).ok()?;
    let meant = nearest(path.name(), tags.beside(&path))?;
    Some(format!("did you mean `{meant}`?"))
}

impl Place {
    /// Where a key of the rule is, or what is around it.
    fn span(&self, rule: &str, key: &str) -> Range<usize> {
        if key.is_empty() {
            return self.head.clone();
        }
        let find = |path: &str| self.spans.iter().find(|(known, _)| known == path);
        let found =
            enclosing(&below(rule, key), |path| find(path).map(|(_, span)| span.value.clone()));
        found.unwrap_or_else(|| self.head.clone())
    }
}

/// Where line and column of a text are in the way it is written as a TOML string; up to the end of the word.
///
/// Escapes make the two differ: `\"` is one character of the text and two of the file.
fn in_string(raw: &str, line: u32, column: u32) -> Option<Range<usize>> {
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| raw.starts_with(quote))?;
    let is_literal = quote.starts_with('\'');
    let mut rest = quote.len();
    if quote.len() == 3 {
        rest += usize::from(raw[rest..].starts_with('\r'));
        rest += usize::from(raw[rest..].starts_with('\n'));
    }
    let (mut at_line, mut at_column) = (1, 1);
    while (at_line, at_column) < (line, column) && rest < raw.len() {
        let next = raw[rest..].chars().next()?;
        let (taken, is_break) = match next {
            '\\' if !is_literal => escape(&raw[rest..]),
            other => (other.len_utf8(), other == '\n'),
        };
        rest += taken;
        (at_line, at_column) = if is_break { (at_line + 1, 1) } else { (at_line, at_column + 1) };
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let length = raw[rest..].find(|c| !word(c)).unwrap_or(0);
    Some(rest..rest + length.max(1))
}

/// How many bytes an escape takes, and whether it stands for a line break.
fn escape(text: &str) -> (usize, bool) {
    let second = text[1..].chars().next();
    let taken = match second {
        Some('u') => 6,
        Some('U') => 10,
        Some('x') => 4,
        Some(other) => 1 + other.len_utf8(),
        None => 1,
    };
    (taken.min(text.len()), second == Some('n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_an_expression_is_found_in_the_file() {
        for (raw, line, column, word) in [
            ("'speed / 0'", 1, 1, "speed"),
            ("'speed / total'", 1, 9, "total"),
            (r#""\"a/b\" + total""#, 1, 9, "total"),
            ("'''\nspeed +\n  total'''", 2, 3, "total"),
            ("\"\"\"a +\r\nb\"\"\"", 2, 1, "b"),
            ("\"\\u00fc + total\"", 1, 5, "total"),
        ] {
            let found = in_string(raw, line, column).map(|span| &raw[span]);
            assert_eq!(found, Some(word), "{raw}");
        }
    }

    #[test]
    fn a_place_beyond_the_expression_does_no_harm() {
        for raw in ["", "'a'", "\"\\\"", "'''\n", "x"] {
            for (line, column) in [(1, 1), (1, 99), (9, 1)] {
                let _ = in_string(raw, line, column);
            }
        }
    }
}
