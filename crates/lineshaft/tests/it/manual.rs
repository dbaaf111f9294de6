//! The manual and the lists in `schemas/` say what the program does.
//!
//! `UPDATE=1 cargo test -p lineshaft --test it manual` writes `schemas/metrics.md` anew: look at it before you keep it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use lineshaft::cli::explain;
use lineshaft::plant;
use lineshaft_drivers::DRIVERS;
use lineshaft_pipeline::op;
use serde_json::Value as Json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn manual(name: &str) -> String {
    fs::read_to_string(root().join("docs/manual/src").join(name)).unwrap()
}

#[test]
fn the_page_of_the_operators_has_them_all() {
    let page = manual("operators.md");
    for (name, text) in op::PAGES {
        assert!(page.contains(&format!("/{name}.md}}}}")), "{name}");
        assert!(text.starts_with(&format!("# {name}\n")), "{name}");
    }
    assert_eq!(page.matches("{{#include").count(), op::PAGES.len());
}

/// The keys of a table of the schema; a definition stands for itself.
fn properties<'a>(schema: &'a Json, table: &'a Json) -> &'a serde_json::Map<String, Json> {
    let name = table["$ref"].as_str().map(|name| name.trim_start_matches("#/$defs/"));
    let table = name.map_or(table, |name| &schema["$defs"][name]);
    table["properties"].as_object().unwrap()
}

#[test]
fn the_page_of_the_plant_folder_names_every_key_with_its_limits_and_default() {
    let schema = plant::config_schema(DRIVERS);
    let files = &schema["properties"];
    let mut tables: Vec<(&str, &Json)> =
        ["node", "http", "security", "audit", "shaft", "historian"]
            .map(|name| (name, &files["lineshaft.toml"]["properties"][name]))
            .to_vec();
    tables.push(("devices", &files["devices/*.toml"]["additionalProperties"]["allOf"][0]));
    tables.push(("pipelines", &files["pipelines/*.toml"]["additionalProperties"]));
    for (name, table) in tables {
        check_keys(explain::page(name).unwrap(), &schema, &[(name, table)]);
    }
    let assets = ["TypeTable", "LimitsTable", "AssetTable"]
        .map(|name| (name, &schema["$defs"][format!("assets.{name}")]));
    check_keys(explain::page("assets").unwrap(), &schema, &assets);
}

/// Holds the rows of a page and the keys of its tables together.
#[track_caller]
fn check_keys(page: &str, schema: &Json, tables: &[(&str, &Json)]) {
    let mut count = 0;
    for (name, table) in tables {
        let keys = properties(schema, table);
        count += keys.len();
        for (key, about) in keys {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
            let row = row.unwrap_or_else(|| panic!("no row for `{key}` of {name}"));
            for fact in ["default", "x-minimum", "x-maximum", "maxLength"] {
                let fact = match &about[fact] {
                    Json::String(text) => text.clone(),
                    Json::Null => continue,
                    Json::Array(_) | Json::Object(_) => continue,
                    other => other.to_string(),
                };
                assert!(row.contains(&fact), "`{key}` of {name} has {fact}: {row}");
            }
        }
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, count, "rows of {}", tables[0].0);
}

/// One metric as its crate has it.
#[derive(Debug, Default)]
struct Metric {
    about: String,
    kinds: BTreeSet<&'static str>,
    labels: BTreeSet<String>,
}

/// The Rust files below `dir`, with their texts.
fn sources(dir: &Path, files: &mut Vec<(PathBuf, String)>) {
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
}

/// The constants of a `metrics.rs`: name of the constant, name of the metric, and what the comment says.
fn constants(text: &str) -> Vec<(String, String, String)> {
    let (mut all, mut about) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("/// ") {
            about.push(comment);
            continue;
        }
        if let Some((_, rest)) = line.split_once("const ")
            && let Some((constant, metric)) = rest.split_once(": &str = \"")
        {
            let metric = metric.trim_end_matches("\";");
            all.push((constant.to_owned(), metric.to_owned(), about.join(" ")));
        }
        about.clear();
    }
    all
}

/// Kind, first argument and labels of each use of a metric's macro.
fn uses(text: &str) -> Vec<(&'static str, String, Vec<String>)> {
    let mut all = Vec::new();
    for kind in ["counter", "gauge", "histogram"] {
        for inside in text.split(&format!("{kind}!(")).skip(1) {
            let mut depth = 1;
            let end = inside.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            let arguments = &inside[..end.unwrap()];
            let first = arguments.split(',').next().unwrap().trim();
            let first = first.rsplit("::").next().unwrap().to_owned();
            // A label stands in quotes before its arrow.
            let arrows = arguments.match_indices(" =>").map(|(at, _)| &arguments[..at]);
            let labels = arrows.filter_map(|before| before.rsplit('"').nth(1));
            all.push((kind, first, labels.map(str::to_owned).collect()));
        }
    }
    all
}

/// All metrics of a crate. A macro whose name comes as a parameter is for all that no other macro names.
fn metrics_of(member: &Path) -> BTreeMap<String, Metric> {
    let mut files = Vec::new();
    sources(&member.join("src"), &mut files);
    let mut metrics = BTreeMap::new();
    let is_list = |path: &Path| path.file_name().is_some_and(|name| name == "metrics.rs");
    for (_, list) in files.iter().filter(|(path, _)| is_list(path)) {
        let constants = constants(list);
        let all: Vec<_> = files.iter().flat_map(|(_, text)| uses(text)).collect();
        for (constant, name, about) in &constants {
            let own = |first: &str| first == constant;
            let open = |first: &str| first.starts_with(|c: char| c.is_lowercase());
            let named: Vec<_> = all.iter().filter(|(_, first, _)| own(first)).collect();
            let used = if named.is_empty() {
                all.iter().filter(|(_, first, _)| open(first)).collect()
            } else {
                named
            };
            let mut metric = Metric { about: about.clone(), ..Metric::default() };
            for (kind, _, labels) in used {
                metric.kinds.insert(*kind);
                metric.labels.extend(labels.iter().cloned());
            }
            assert!(metrics.insert(name.clone(), metric).is_none(), "{name} is there twice");
        }
    }
    for (path, text) in &files {
        let literal = uses(text).into_iter().find(|(_, first, _)| first.starts_with('"'));
        assert!(literal.is_none(), "{}: {literal:?} belongs into metrics.rs", path.display());
    }
    metrics
}

#[test]
fn the_committed_list_of_metrics_is_that_of_this_version() {
    let mut text = String::from(
        "# Metrics\n\n\
         What `GET /metrics` answers, in the text format of Prometheus. Made from the constants in each crate's `metrics.rs` by\n\
         `UPDATE=1 cargo test -p lineshaft --test it manual`. No label ever holds a tag, a device or anything else a plant has many\n\
         of. A metric appears when it is counted for the first time; a histogram is shown as a summary with quantiles.\n\n\
         | metric | kind | labels | what |\n|---|---|---|---|\n",
    );
    let mut members: Vec<PathBuf> =
        fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    members.sort();
    for member in members {
        for (name, metric) in metrics_of(&member) {
            let kinds: Vec<&str> = metric.kinds.into_iter().collect();
            assert_eq!(kinds.len(), 1, "{name} is recorded as {kinds:?}");
            assert_eq!(name.ends_with("_total"), kinds[0] == "counter", "{name}: {kinds:?}");
            assert!(name.starts_with("lineshaft_") && !metric.about.is_empty(), "{name}");
            let labels: Vec<String> = metric.labels.iter().map(|l| format!("`{l}`")).collect();
            let (labels, about) = (labels.join(" "), metric.about);
            writeln!(text, "| `{name}` | {} | {labels} | {about} |", kinds[0]).unwrap();
        }
    }
    let path = root().join("schemas/metrics.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, text, "run UPDATE=1 cargo test -p lineshaft --test it manual");
}
