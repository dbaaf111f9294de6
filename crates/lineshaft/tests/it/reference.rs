//! The reference pages of the manual are made from the program.
//!
//! `UPDATE=1 cargo test -p lineshaft --test it reference` writes `docs/manual/src/reference` anew: look at it before you
//! keep it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lineshaft::plant;
use lineshaft_drivers::DRIVERS;
use lineshaft_identity::{Permission, Reach, Role};
use serde_json::Value as Json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares with the committed page, or writes it when `UPDATE` is set.
#[track_caller]
fn golden(page: &str, text: &str) {
    let path = root().join("docs/manual/src/reference").join(format!("{page}.md"));
    let text = &format!("{}\n", text.trim_end());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let hint = "run UPDATE=1 cargo test -p lineshaft --test it reference";
    assert!(committed == *text, "{} is not of this version, {hint}", path.display());
}

/// A text in one line, as a cell of a table takes it.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// What a schema takes, in a few words.
fn kind(schema: &Json, whole: &Json) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/$defs/");
        return kind(&whole["$defs"][name], whole);
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(|word| format!("`{}`", text(word))).collect();
        return words.join(" · ");
    }
    if let Some(one) = schema["const"].as_str() {
        return format!("`{one}`");
    }
    for ways in ["anyOf", "oneOf"] {
        if let Some(ways) = schema[ways].as_array() {
            let ways = ways.iter().filter(|way| way["type"] != "null");
            let mut words: Vec<String> = ways.map(|way| kind(way, whole)).collect();
            words.dedup();
            return words.join(" · ");
        }
    }
    if schema["type"] == "array" {
        return format!("list of {}", kind(&schema["items"], whole));
    }
    let word = match &schema["type"] {
        Json::Array(types) => types.iter().find(|word| *word != "null").map(text),
        one => one.as_str().map(str::to_owned),
    };
    let word = match schema["format"].as_str() {
        Some(format) if !format.starts_with("uint") && !format.starts_with("int") => {
            format.to_owned()
        }
        _ => word.unwrap_or_else(|| "any".into()),
    };
    match word.as_str() {
        "string" => "text".into(),
        "integer" => "whole number".into(),
        "boolean" => "`true` · `false`".into(),
        "object" => "table".into(),
        word => word.into(),
    }
}

/// From where to where.
fn range(schema: &Json) -> String {
    let shown = |json: &Json| match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let first =
        |keys: [&str; 2]| keys.iter().map(|key| shown(&schema[*key])).find(|one| !one.is_empty());
    match (first(["x-minimum", "minimum"]), first(["x-maximum", "maximum"])) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("{low} or more"),
        (None, Some(high)) => format!("up to {high}"),
        (None, None) => String::new(),
    }
}

/// The table itself, where a schema only names it or says that it may be left out.
fn meant<'a>(table: &'a Json, whole: &'a Json) -> &'a Json {
    if let Some(name) = table["$ref"].as_str() {
        return meant(&whole["$defs"][name.trim_start_matches("#/$defs/")], whole);
    }
    match table["anyOf"].as_array().and_then(|ways| ways.iter().find(|way| way["type"] != "null")) {
        Some(way) => meant(way, whole),
        None => table,
    }
}

/// The table of all keys of one table of the plant folder.
fn keys(out: &mut String, table: &Json, whole: &Json) {
    let table = meant(table, whole);
    if let Some(about) = table["description"].as_str() {
        writeln!(out, "{about}\n").unwrap();
    }
    let Some(all) = table["properties"].as_object() else { return };
    let needed: Vec<String> =
        table["required"].as_array().into_iter().flatten().map(text).collect();
    out.push_str("| key | takes | default | range | what |\n|---|---|---|---|---|\n");
    for (key, about) in all {
        let default = match &about["default"] {
            _ if needed.contains(key) => "needed".into(),
            Json::Null => String::new(),
            value => format!("`{value}`"),
        };
        let (takes, range) = (kind(about, whole), range(about));
        let what = cell(&text(&about["description"]));
        writeln!(out, "| `{key}` | {takes} | {default} | {range} | {what} |").unwrap();
    }
    out.push('\n');
}

/// The tables of a file: each with a name of its own, below a word of the file's or at its top.
fn named_tables(out: &mut String, file: &Json, whole: &Json) {
    let file = meant(file, whole);
    if file["additionalProperties"].is_object() {
        return keys(out, &file["additionalProperties"], whole);
    }
    for (word, table) in file["properties"].as_object().into_iter().flatten() {
        let table = meant(table, whole);
        writeln!(out, "### `[{word}.NAME]`\n").unwrap();
        keys(out, &table["additionalProperties"], whole);
    }
}

#[test]
fn the_reference_of_the_plant_folder_is_of_this_version() {
    let schema = plant::config_schema(DRIVERS);
    let files = &schema["properties"];
    let mut out = String::from(
        "# Keys of the plant folder\n\n\
         Every key with what it takes, made from the JSON schema (`schemas/config.schema.json`, for editors). [The plant folder](../plant-folder.md) explains\n\
         them. Quantities are text with a unit: `\"250ms\"`, `\"64MiB\"`.\n\n",
    );
    for (name, table) in files["lineshaft.toml"]["properties"].as_object().unwrap() {
        writeln!(out, "## `[{name}]`\n").unwrap();
        keys(&mut out, table, &schema);
    }
    let device = &files["devices/*.toml"]["additionalProperties"]["allOf"];
    out.push_str("## `devices/*.toml`\n\n");
    keys(&mut out, &device[0], &schema);
    for rule in device.as_array().unwrap() {
        if let Some(driver) = rule["if"]["properties"]["driver"]["const"].as_str() {
            writeln!(out, "## Settings of `{driver}`\n").unwrap();
            keys(&mut out, &rule["then"]["properties"]["settings"], &schema);
        }
    }
    for (file, table) in files.as_object().unwrap() {
        if !matches!(file.as_str(), "lineshaft.toml" | "devices/*.toml") {
            writeln!(out, "## `{file}`\n").unwrap();
            named_tables(&mut out, table, &schema);
        }
    }
    golden("plant-folder", &out);
}

/// What the comments in the source say about each permission.
fn permissions() -> BTreeMap<String, String> {
    let source = fs::read_to_string(root().join("crates/identity/src/permission.rs")).unwrap();
    let (mut all, mut about) = (BTreeMap::new(), Vec::new());
    for line in source.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("/// ") {
            about.push(comment.to_owned());
        } else {
            let word = line.split_once(" = \"").and_then(|(_, rest)| rest.split_once("\", "));
            if let Some((word, _)) = word {
                all.insert(word.to_owned(), about.join(" "));
            }
            about.clear();
        }
    }
    all
}

#[test]
fn the_reference_of_permissions_is_of_this_version() {
    let about = permissions();
    let roles = Role::built_in();
    let mut out = String::from(
        "# Permissions and roles\n\n\
         Every permission, how far it reaches, and which of the built-in roles have it. [Who may come in](../security.md) explains them.\n\n\
         A permission on *tags* can be given on parts of the tag tree; one on the *node* is about the node as a whole, and a role that is\n\
         limited to paths does not give it.\n\n| permission | on |",
    );
    for role in &roles {
        write!(out, " {} |", role.role).unwrap();
    }
    out.push_str(" allows |\n|---|---|");
    out.push_str(&"---|".repeat(roles.len() + 1));
    out.push('\n');
    for permission in Permission::ALL {
        let on = match permission.reach() {
            Reach::Everybody => "everybody",
            Reach::Known => "everybody who is known",
            Reach::Tags => "tags",
            Reach::Node => "node",
        };
        write!(out, "| `{}` | {on} |", permission.word()).unwrap();
        for role in &roles {
            let has = role.rules.iter().any(|rule| rule.permission == *permission);
            let everybody = matches!(permission.reach(), Reach::Everybody | Reach::Known);
            out.push_str(if has || everybody { " yes |" } else { " |" });
        }
        let about = about.get(permission.word()).unwrap_or_else(|| panic!("{permission:?}"));
        writeln!(out, " {} |", cell(about)).unwrap();
    }
    golden("permissions", &out);
}

#[test]
fn the_reference_of_routes_is_of_this_version() {
    let contract: Json = serde_json::from_str(lineshaft_api::document()).unwrap();
    let mut chapters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for (method, route) in methods.as_object().unwrap() {
            let rule = &route["x-access"];
            let audit = match text(&rule["audit"]).as_str() {
                "always" => "entry",
                "minutely" => "entry, once a minute",
                _ => "",
            };
            let takes = route["parameters"].as_array().into_iter().flatten();
            let takes = takes.filter(|one| one["in"] == "query").map(|one| {
                let mark = if one["required"] == true { "" } else { "?" };
                format!("`{}`{mark}", text(&one["name"]))
            });
            let takes: Vec<String> = takes.collect();
            let what = text(&route["summary"]);
            let what = if what.is_empty() { text(&route["description"]) } else { what };
            chapters.entry(text(&route["tags"][0])).or_default().push(format!(
                "| `{} {path}` | `{}` | {} | {audit} | {} |",
                method.to_uppercase(),
                text(&rule["permission"]),
                takes.join(" "),
                cell(&what),
            ));
        }
    }
    let mut out = String::from(
        "# HTTP routes\n\n\
         Every route with what it needs, made from the OpenAPI document, which has the shapes too: `/api/openapi.json`. [HTTP and WebSocket](../http.md)\n\
         explains them. A parameter with `?` may be left out. An *entry* is one in the audit trail.\n\n",
    );
    for (chapter, rows) in chapters {
        let mut letters = chapter.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        writeln!(out, "## {first}{}\n", letters.as_str()).unwrap();
        out.push_str("| route | permission | parameters | audit | what |\n|---|---|---|---|---|\n");
        writeln!(out, "{}\n", rows.join("\n")).unwrap();
    }
    golden("routes", &out);
}

/// What the program prints for `ARGUMENTS --help`.
fn help(arguments: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lineshaft"));
    let answer = program.args(arguments).arg("--help").env("COLUMNS", "120").output().unwrap();
    assert!(answer.status.success(), "{arguments:?}");
    let text = String::from_utf8(answer.stdout).unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let lines = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let words = lines.filter_map(|line| line.split_whitespace().next());
    words.filter(|word| *word != "help").map(str::to_owned).collect()
}

fn describe(out: &mut String, path: &[&str]) {
    let help = help(path);
    if !path.is_empty() {
        let marks = "#".repeat(path.len() + 1);
        writeln!(out, "{marks} `lineshaft {}`\n", path.join(" ")).unwrap();
        writeln!(out, "```text\n{}\n```\n", help.trim()).unwrap();
    }
    for command in commands(&help) {
        let path: Vec<&str> = path.iter().copied().chain([command.as_str()]).collect();
        describe(out, &path);
    }
}

#[test]
fn the_reference_of_commands_is_of_this_version() {
    let mut out = String::from(
        "# Commands\n\n\
         What each command says with `--help`. [Command line](../command-line.md) explains them.\n\n",
    );
    describe(&mut out, &[]);
    golden("commands", &out);
}
