//! Checks a TOML table against a JSON schema: every mistake, each at its key or value.
//!
//! - Source: JSON Schema 2020-12, the keywords that `schemars` writes for plain structs and enums: `type`,
//!   `properties`, `required`, `additionalProperties`, `items`, `enum`, `const`, `oneOf`, `anyOf`, `allOf`, `$ref`,
//!   the limits of numbers, lengths and lists; formats `duration`, `bytes`, `endpoint`, `tag-path`, `listen`;
//!   and our own `x-minimum` and `x-maximum` for durations and sizes.
//! - Not here: `pattern`, `not`, `if`, remote references. A keyword that is not known allows everything; what a
//!   driver checks beyond its schema it says through `ConfigErrors`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value as Json};
use toml_edit::{Item, TableLike, Value as Toml};

use super::mistake::{Mistake, Mistakes};
use super::source::Source;

mod expect;
mod scalar;

use expect::expected;
pub(crate) use scalar::duration_help;

/// Where keys and their values are, by path: `press-1.settings.unit`.
pub(crate) type Spans = BTreeMap<String, KeyValue>;

/// The bytes of a key and of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyValue {
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
}

/// How deep tables and references go before the checker stops believing them.
const DEPTH_MAX: usize = 32;

/// The schema of whatever nobody described.
static ANYTHING: Json = Json::Bool(true);

/// Checks tables of one file.
pub(crate) struct Checker<'a> {
    pub(crate) source: &'a Source,
    /// The schema with its `$defs`.
    pub(crate) root: &'a Json,
    pub(crate) found: Mistakes,
    pub(crate) spans: Spans,
}

/// Where the checker is.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    /// The path so far, dotted; empty for the file itself.
    pub(crate) path: &'a str,
    /// The last key of it.
    pub(crate) key: &'a str,
    /// What to point at when something is missing.
    pub(crate) head: &'a Range<usize>,
    pub(crate) depth: usize,
}

impl At<'_> {
    /// Beside the caret; says where the key stands when it does not stand alone.
    fn note(&self) -> String {
        match self.path {
            "" => String::new(),
            path => format!("in {path}"),
        }
    }
}

/// The path of `key` below `path`.
pub(crate) fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What `find` has for the path, or else for what is around it: `a.b[1].c`, `a.b[1]`, `a.b`, `a`.
pub(crate) fn enclosing<T>(path: &str, find: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut path = path;
    loop {
        if let Some(found) = find(path) {
            return Some(found);
        }
        path = &path[..path.rfind(['.', '['])?];
    }
}

impl<'a> Checker<'a> {
    pub(crate) fn new(source: &'a Source, root: &'a Json) -> Checker<'a> {
        Checker { source, root, found: Mistakes::default(), spans: Spans::new() }
    }

    /// Follows `$ref` within the document.
    fn resolve(&self, schema: &'a Json) -> &'a Json {
        let mut schema = schema;
        for _ in 0..DEPTH_MAX {
            let target = schema.get("$ref").and_then(Json::as_str);
            let Some(pointer) = target.and_then(|target| target.strip_prefix('#')) else { break };
            match self.root.pointer(pointer) {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    /// Checks a table; what is right of it comes back as JSON.
    pub(crate) fn table(
        &mut self,
        schema: &'a Json,
        table: &dyn TableLike,
        at: At<'_>,
    ) -> Map<String, Json> {
        let mut good = Map::new();
        let mut meant = Vec::new();
        if at.depth > DEPTH_MAX {
            return good;
        }
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&empty);
        let others = schema.get("additionalProperties");
        for (name, item) in table.iter() {
            let key = key_span(table, name, at.head);
            let path = below(at.path, name);
            let value = item.span().unwrap_or_else(|| key.clone());
            self.spans.insert(path.clone(), KeyValue { key: key.clone(), value });
            let property = match (schema.get("properties").and_then(|all| all.get(name)), others) {
                (Some(property), _) => property,
                (None, Some(Json::Bool(false))) => {
                    let known = properties.keys().map(String::as_str);
                    meant.extend(super::nearest(name, known.clone()));
                    self.found.push(unknown_key(self.source, &key, name, known).note(at.note()));
                    continue;
                }
                (None, Some(others)) => others,
                (None, None) => &ANYTHING,
            };
            // The head of what is inside: `[a.b]` itself, or the key of `b = { … }` and `b.c = 1`.
            let head = match item {
                Item::Table(inner) => inner.span().filter(|_| !inner.is_dotted()),
                _ => None,
            };
            let head = head.unwrap_or_else(|| key.clone());
            let inside = At { path: &path, key: name, head: &head, depth: at.depth + 1 };
            if let Some(json) = self.item(property, item, inside, at) {
                good.insert(name.to_owned(), json);
            }
        }
        self.missing(schema, table, at, &meant);
        good
    }

    /// Says which keys are missing; one that was only misspelt is not.
    fn missing(&mut self, schema: &'a Json, table: &dyn TableLike, at: At<'_>, misspelt: &[&str]) {
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        let there = |name: &str| table.contains_key(name) || misspelt.contains(&name);
        for name in required.filter_map(Json::as_str).filter(|name| !there(name)) {
            let what = match at.path {
                "" => format!("`[{name}]` is missing"),
                path => format!("`{path}` has no `{name}`"),
            };
            let property = schema.get("properties").and_then(|all| all.get(name));
            let help = property.map(|p| self.missing_help(name, p)).unwrap_or_default();
            self.found.push(self.source.error("LS-CFG-007", at.head, what).help(help));
        }
    }

    /// What a missing key is, from its schema's first sentence; what a missing table needs.
    fn missing_help(&self, name: &str, property: &'a Json) -> String {
        let needs = self.resolve(property).get("required").and_then(Json::as_array);
        if let Some(needs) = needs {
            let needs = expect::words(needs.iter().filter_map(Json::as_str), "and");
            return format!("`[{name}]` needs {needs}");
        }
        let says = property.get("description").and_then(Json::as_str).unwrap_or("");
        match says.lines().next().unwrap_or("") {
            "" => String::new(),
            first => format!("`{name}`: {}", first.trim_end_matches('.')),
        }
    }

    /// Checks one value; `None` when it is wrong.
    fn item(
        &mut self,
        schema: &'a Json,
        item: &Item,
        inside: At<'_>,
        around: At<'_>,
    ) -> Option<Json> {
        match item {
            Item::None => None,
            Item::Value(value) => self.value(schema, value, inside, around),
            Item::Table(table) => self.one_table(schema, table, inside, around),
            Item::ArrayOfTables(tables) => {
                let head = tables.iter().next().and_then(toml_edit::Table::span);
                let head = head.unwrap_or_else(|| inside.head.clone());
                let shapes =
                    self.shapes_for(schema, Kind::List, (inside, around), (&head, None))?;
                let each = shapes[0].get("items").unwrap_or(&ANYTHING);
                let mut good = Vec::new();
                for (number, table) in tables.iter().enumerate() {
                    let head = table.span().unwrap_or_else(|| head.clone());
                    let path = self.numbered(inside.path, number, &head);
                    let at = At { path: &path, head: &head, depth: inside.depth + 1, ..inside };
                    good.push(self.one_table(each, table, at, around)?);
                }
                Some(Json::Array(good))
            }
        }
    }

    fn value(
        &mut self,
        schema: &'a Json,
        value: &Toml,
        inside: At<'_>,
        around: At<'_>,
    ) -> Option<Json> {
        let span = value.span().unwrap_or_else(|| inside.head.clone());
        if inside.depth > DEPTH_MAX {
            return None;
        }
        if let Toml::InlineTable(table) = value {
            let at = At { head: &span, ..inside };
            return self.one_table(schema, table, at, around);
        }
        let kind = Kind::of(value);
        let shapes = self.shapes_for(schema, kind, (inside, around), (&span, Some(value)))?;
        if let Toml::Array(list) = value {
            self.list_size(shapes[0], list.len(), (inside, around), &span)?;
            let each = shapes[0].get("items").unwrap_or(&ANYTHING);
            let mut good = Vec::new();
            for (number, value) in list.iter().enumerate() {
                let here = value.span().unwrap_or_else(|| span.clone());
                let path = self.numbered(inside.path, number, &here);
                let at = At { path: &path, depth: inside.depth + 1, ..inside };
                good.push(self.value(each, value, at, around));
            }
            return good.into_iter().collect::<Option<Vec<Json>>>().map(Json::Array);
        }
        match scalar::check(&shapes, value, inside.key) {
            Ok(json) => Some(json),
            Err(wrong) => {
                let mistake = self.source.error(wrong.code, &span, wrong.what).note(around.note());
                self.found.push(wrong.help.into_iter().fold(mistake, Mistake::help));
                None
            }
        }
    }

    /// The path of an item of a list, and notes where it is.
    fn numbered(&mut self, path: &str, number: usize, span: &Range<usize>) -> String {
        let path = format!("{path}[{number}]");
        self.spans.insert(path.clone(), KeyValue { key: span.clone(), value: span.clone() });
        path
    }

    /// A table by the branch of the schema that fits it: an enum with data is told apart by its constant key.
    fn one_table(
        &mut self,
        schema: &'a Json,
        table: &dyn TableLike,
        at: At<'_>,
        around: At<'_>,
    ) -> Option<Json> {
        let branches = self.shapes_for(schema, Kind::Table, (at, around), (at.head, None))?;
        if let [schema] = branches.as_slice() {
            return Some(Json::Object(self.table(schema, table, at)));
        }
        if let Some(verbs) = verbs(&branches) {
            return self.one_verb(&branches, &verbs, table, at);
        }
        let tagged = branches.iter().copied().find(|branch| fits_tag(branch, table));
        if let Some(branch) = tagged {
            return Some(Json::Object(self.table(branch, table, at)));
        }
        // Several shapes and nothing to tell them apart: the one with the fewest mistakes was meant.
        let before = std::mem::take(&mut self.found);
        let mut best: Option<(Mistakes, Map<String, Json>)> = None;
        for branch in branches {
            self.found = Mistakes::default();
            let good = self.table(branch, table, at);
            let found = std::mem::take(&mut self.found);
            if best.as_ref().is_none_or(|(fewest, _)| found.all().len() < fewest.all().len()) {
                best = Some((found, good));
            }
        }
        self.found = before;
        let (found, good) = best.unwrap_or_default();
        self.found.extend(found);
        Some(Json::Object(good))
    }

    /// A table with exactly one key, which says what it is: `{ deadband = { … } }`.
    fn one_verb(
        &mut self,
        branches: &[&'a Json],
        verbs: &[&'a str],
        table: &dyn TableLike,
        at: At<'_>,
    ) -> Option<Json> {
        let keys: Vec<&str> = table.iter().map(|(key, _)| key).collect();
        let known = || verbs.iter().copied();
        match keys.as_slice() {
            [] => {
                let what =
                    format!("this is empty, it must be one of {}", expect::words(known(), "or"));
                self.found.push(self.source.error("LS-CFG-007", at.head, what).note(at.note()));
                None
            }
            [key] => match branches.iter().zip(verbs).find(|(_, verb)| *verb == key) {
                Some((branch, _)) => Some(Json::Object(self.table(branch, table, at))),
                None => {
                    let span = key_span(table, key, at.head);
                    let mistake = unknown_key(self.source, &span, key, known());
                    self.found.push(mistake.note(at.note()));
                    None
                }
            },
            [first, second, ..] => {
                let what = format!("`{first}` and `{second}` are two, here is room for one");
                let span = key_span(table, second, at.head);
                let mistake = self.source.error("LS-CFG-006", &span, what).note(at.note());
                self.found.push(mistake.help("each in braces of its own: `{ … }, { … }`"));
                None
            }
        }
    }

    /// The shapes a schema allows, references followed, `null` left out (TOML has none).
    fn branches(&self, schema: &'a Json) -> Vec<&'a Json> {
        let schema = self.resolve(schema);
        let Some(list) =
            schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Json::as_array)
        else {
            return vec![schema];
        };
        let is_null = |branch: &Json| branch.get("type").and_then(Json::as_str) == Some("null");
        list.iter().filter(|b| !is_null(b)).flat_map(|b| self.branches(b)).collect()
    }

    /// The shapes that allow `kind`; when there is none, the mistake is said.
    fn shapes_for(
        &mut self,
        schema: &'a Json,
        kind: Kind,
        (inside, around): (At<'_>, At<'_>),
        (span, value): (&Range<usize>, Option<&Toml>),
    ) -> Option<Vec<&'a Json>> {
        let fits: Vec<&'a Json> =
            self.branches(schema).into_iter().filter(|branch| kind.fits(branch)).collect();
        if !fits.is_empty() {
            return Some(fits);
        }
        let needed = expected(&self.branches(schema));
        let is = match value {
            Some(Toml::Boolean(on)) => format!("`{}`", on.value()),
            _ => kind.word().to_owned(),
        };
        let what = format!("`{}` is {is}, it must be {needed}", inside.key);
        let branches = self.branches(schema);
        let help = value.and_then(|value| {
            let each = branches.iter().map(|shape| scalar::type_help(shape, value, inside.key));
            each.into_iter().find(|help| !help.is_empty())
        });
        let mistake = self.source.error("LS-CFG-005", span, what).note(around.note());
        self.found.push(mistake.help(help.unwrap_or_default()));
        None
    }

    fn list_size(
        &mut self,
        schema: &Json,
        len: usize,
        (inside, around): (At<'_>, At<'_>),
        span: &Range<usize>,
    ) -> Option<()> {
        let limit = |name: &str| schema.get(name).and_then(Json::as_u64);
        let len = len as u64;
        let what = match (limit("minItems"), limit("maxItems")) {
            (Some(min), _) if len < min => {
                format!("`{}` has {len} items, {min} or more are needed", inside.key)
            }
            (_, Some(max)) if len > max => {
                format!("`{}` has {len} items, at most {max} are allowed", inside.key)
            }
            _ => return Some(()),
        };
        self.found.push(self.source.error("LS-CFG-006", span, what).note(around.note()));
        None
    }
}

/// A key nobody knows, with the one that was probably meant, or else with all there are.
pub(crate) fn unknown_key<'k>(
    source: &Source,
    key: &Range<usize>,
    name: &str,
    known: impl Iterator<Item = &'k str>,
) -> Mistake {
    let known: Vec<&str> = known.collect();
    let mistake = source.error("LS-CFG-004", key, format!("unknown key `{name}`"));
    match super::nearest(name, known.iter().copied()) {
        Some(word) => mistake.help(format!("did you mean `{word}`?")),
        None if known.is_empty() => mistake.help("there are no keys here"),
        None => mistake
            .help(format!("the keys here are {}", expect::words(known.iter().copied(), "and"))),
    }
}

fn key_span(table: &dyn TableLike, name: &str, head: &Range<usize>) -> Range<usize> {
    table.get_key_value(name).and_then(|(key, _)| key.span()).unwrap_or_else(|| head.clone())
}

/// The one key of each branch, when that is what tells them apart.
fn verbs<'a>(branches: &[&'a Json]) -> Option<Vec<&'a str>> {
    let verb = |branch: &&'a Json| {
        let properties = branch.get("properties")?.as_object()?;
        let required = branch.get("required")?.as_array()?;
        let only = required.first()?.as_str()?;
        (properties.len() == 1 && required.len() == 1 && properties.contains_key(only))
            .then_some(only)
    };
    branches.iter().map(verb).collect()
}

/// Whether every constant key of `branch` has its constant in `table`, and there is one.
fn fits_tag(branch: &Json, table: &dyn TableLike) -> bool {
    let properties = branch.get("properties").and_then(Json::as_object);
    let mut tags = properties.into_iter().flatten().filter_map(|(name, property)| {
        property.get("const").and_then(Json::as_str).map(|tag| (name, tag))
    });
    let is = |name: &String, tag: &str| table.get(name).and_then(Item::as_str) == Some(tag);
    match tags.next() {
        None => false,
        Some((name, tag)) => is(name, tag) && tags.all(|(name, tag)| is(name, tag)),
    }
}

/// What a TOML value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Whole,
    Real,
    Switch,
    Date,
    List,
    Table,
}

impl Kind {
    pub(crate) fn of(value: &Toml) -> Kind {
        match value {
            Toml::String(_) => Kind::Text,
            Toml::Integer(_) => Kind::Whole,
            Toml::Float(_) => Kind::Real,
            Toml::Boolean(_) => Kind::Switch,
            Toml::Datetime(_) => Kind::Date,
            Toml::Array(_) => Kind::List,
            Toml::InlineTable(_) => Kind::Table,
        }
    }

    /// What it is called in messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Whole => "a whole number",
            Kind::Real => "a number with decimals",
            Kind::Switch => "`true` or `false`",
            Kind::Date => "a date",
            Kind::List => "a list",
            Kind::Table => "a table",
        }
    }

    /// Whether a schema without branches allows it.
    pub(crate) fn fits(self, schema: &Json) -> bool {
        let of_type = |name: &str| match self {
            Kind::Text => name == "string",
            Kind::Whole => matches!(name, "integer" | "number"),
            Kind::Real => name == "number",
            Kind::Switch => name == "boolean",
            Kind::Date => false,
            Kind::List => name == "array",
            Kind::Table => name == "object",
        };
        if let Json::Bool(anything) = schema {
            return *anything;
        }
        match schema.get("type") {
            Some(Json::String(name)) => of_type(name),
            Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).any(of_type),
            _ => match schema.get("const").or_else(|| schema.get("enum").and_then(|e| e.get(0))) {
                Some(Json::String(_)) => self == Kind::Text,
                Some(Json::Number(_)) => matches!(self, Kind::Whole | Kind::Real),
                Some(Json::Bool(_)) => self == Kind::Switch,
                _ => schema.get("properties").is_none() || self == Kind::Table,
            },
        }
    }
}
