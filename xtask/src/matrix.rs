//! The tables of `docs/security`: what standards ask and what attackers try, with the tests that answer.
//!
//! A test says in its comment what it proves, as the line `Proves: CR 1.1, P11-09, A24.`; the items stand in
//! `docs/security/*.json`; the tables beside them are made from both, and tidy fails when they are stale.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use crate::tidy::{Finding, Source, sources};
use crate::{Failed, root};

const TABLES: [&str; 3] = ["attacks", "iec-62443-4-2", "part-11"];
// In two parts, so that this file proves nothing.
const MARK: &str = concat!("Proves", ": ");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    title: String,
    intro: String,
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    what: String,
    how: String,
    not_applicable: Option<String>,
    open: Option<String>,
}

/// A test that says what it proves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Proof {
    file: String,
    test: String,
}

/// Writes the tables anew.
///
/// # Errors
/// When an item file cannot be read or a table cannot be written.
pub fn write() -> Result<(), Failed> {
    let sources = sources(&root())?;
    for (path, text) in tables(&sources)? {
        fs::write(&path, text)
            .map_err(|error| Failed::Wrong(format!("{}: {error}", path.display())))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Tables that are not what their items and the tests make of them, and proofs of what is not an item.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let made = match tables(sources) {
        Ok(made) => made,
        Err(error) => {
            let file = "docs/security".into();
            return vec![Finding { file, line: 0, what: format!("{error:?}") }];
        }
    };
    let mut findings = Vec::new();
    for (path, text) in made {
        if fs::read_to_string(&path).unwrap_or_default() != text {
            let file = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
            findings.push(Finding {
                file,
                line: 0,
                what: "is stale: run `cargo xtask matrix`".into(),
            });
        }
    }
    let known: BTreeSet<String> =
        items().into_iter().flatten().flat_map(|table| table.items).map(|i| i.id).collect();
    for (id, proofs) in proofs(sources) {
        if !known.contains(&id) {
            for proof in proofs {
                let what =
                    format!("`{}` proves `{id}`, which no table of docs/security has", proof.test);
                findings.push(Finding { file: proof.file, line: 0, what });
            }
        }
    }
    findings
}

fn items() -> Vec<Result<Table, Failed>> {
    let read = |name: &&str| {
        let path = root().join(format!("docs/security/{name}.json"));
        let wrong =
            |error: &dyn std::fmt::Display| Failed::Wrong(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| wrong(&error))?;
        serde_json::from_str(&text).map_err(|error| wrong(&error))
    };
    TABLES.iter().map(read).collect()
}

fn tables(sources: &[Source]) -> Result<Vec<(PathBuf, String)>, Failed> {
    let proofs = proofs(sources);
    let mut made = Vec::new();
    for (name, table) in TABLES.iter().zip(items()) {
        made.push((root().join(format!("docs/security/{name}.md")), render(&table?, &proofs)));
    }
    Ok(made)
}

fn render(table: &Table, proofs: &BTreeMap<String, Vec<Proof>>) -> String {
    let mut text = format!("# {}\n\n{}\n\n", table.title, table.intro);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = String::new();
    for item in &table.items {
        let tests = proofs.get(&item.id).map(Vec::as_slice).unwrap_or_default();
        let state = match (&item.not_applicable, &item.open, tests.is_empty()) {
            (Some(_), ..) => "not applicable",
            (None, None, false) => "tested",
            (None, Some(_), false) => "partly",
            (None, _, true) => "open",
        };
        *counts.entry(state).or_default() += 1;
        let reason = item.not_applicable.as_deref().or(item.open.as_deref()).unwrap_or_default();
        let how = [item.how.as_str(), reason].into_iter().filter(|text| !text.is_empty());
        let how = how.collect::<Vec<_>>().join(" ");
        let tests: Vec<String> =
            tests.iter().map(|proof| format!("`{}` ({})", proof.test, proof.file)).collect();
        // Writing into a text cannot fail.
        let _ = writeln!(
            rows,
            "| {} | {} | {state} | {how} | {} |",
            item.id,
            item.what,
            tests.join("<br>")
        );
    }
    let counts: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
    let _ = writeln!(text, "Of {}: {}.\n", table.items.len(), counts.join(", "));
    text.push_str("Made by `cargo xtask matrix` from the items beside this file and the tests; do not edit.\n\n");
    text.push_str("| | what | state | how | tests |\n|---|---|---|---|---|\n");
    text.push_str(&rows);
    text
}

/// By item, the tests that prove it.
fn proofs(sources: &[Source]) -> BTreeMap<String, Vec<Proof>> {
    let mut proofs: BTreeMap<String, Vec<Proof>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.has_ending(&["rs", "ts", "mjs", "py"])) {
        let mut pending: Vec<String> = Vec::new();
        for line in source.text.lines() {
            let comment = line.trim_start().trim_start_matches(['/', '#', '*', ' ', '!']);
            if let Some(ids) = comment.strip_prefix(MARK) {
                let each = ids.trim_end().trim_end_matches('.').split(',');
                pending.extend(each.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()));
            } else if let Some(test) = test_name(line)
                && !pending.is_empty()
            {
                for id in pending.drain(..) {
                    let proof = Proof { file: source.path.clone(), test: test.clone() };
                    proofs.entry(id).or_default().push(proof);
                }
            }
        }
    }
    for tests in proofs.values_mut() {
        tests.sort();
    }
    proofs
}

/// `fn name(`, `test("name"`, `it("name"`, `journey("name"` and `def name(`.
fn test_name(line: &str) -> Option<String> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    if let Some(rest) = line.strip_prefix("fn ").or_else(|| line.strip_prefix("def ")) {
        return rest.split(['(', '<']).next().map(str::to_owned);
    }
    let rest = ["test(", "it(", "journey("].iter().find_map(|word| line.strip_prefix(word))?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    rest[1..].split(quote).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: P11-40.
    #[test]
    fn a_test_proves_what_its_comment_says() {
        let text = format!(
            "    /// {MARK}CR 1.1, A24.\n    #[tokio::test]\n    async fn it_holds() {{}}\n"
        );
        let other = format!("// {MARK}P11-09\ntest(\"locks out\", async () => {{}});\n");
        let sources = [
            Source { path: "crates/x/tests/it/a.rs".into(), text },
            Source { path: "ui/tests/b.ts".into(), text: other },
        ];
        let proofs = proofs(&sources);
        assert_eq!(proofs.keys().collect::<Vec<_>>(), ["A24", "CR 1.1", "P11-09"]);
        assert_eq!(proofs["A24"][0].test, "it_holds");
        assert_eq!(proofs["P11-09"][0].test, "locks out");
    }

    #[test]
    fn a_test_is_known_by_its_name_in_every_language() {
        for (line, name) in [
            ("    fn it_holds() {", Some("it_holds")),
            ("    async fn it_holds<T>() {", Some("it_holds")),
            ("    fn it_holds(text in any::<String>()) {", Some("it_holds")),
            ("def it_holds(self):", Some("it_holds")),
            ("test(\"it holds\", async () => {", Some("it holds")),
            ("it('holds', () => {", Some("holds")),
            (
                "journey(\"a page holds\", { expected: REFUSED }, async (page) => {",
                Some("a page holds"),
            ),
            ("journey(name, async () => {", None),
            ("    let it_holds = true;", None),
        ] {
            assert_eq!(test_name(line).as_deref(), name, "{line}");
        }
    }

    /// Proves: P11-40.
    #[test]
    fn a_row_is_tested_only_with_a_test() {
        let table = Table {
            title: "T".into(),
            intro: "I".into(),
            items: vec![
                Item {
                    id: "A".into(),
                    what: "a".into(),
                    how: "h".into(),
                    not_applicable: None,
                    open: None,
                },
                Item {
                    id: "B".into(),
                    what: "b".into(),
                    how: String::new(),
                    not_applicable: None,
                    open: None,
                },
            ],
        };
        let proof = Proof { file: "f.rs".into(), test: "t".into() };
        let text = render(&table, &BTreeMap::from([("A".to_owned(), vec![proof])]));
        assert!(
            text.contains("| A | a | tested | h | `t` (f.rs) |\n| B | b | open |  |  |\n"),
            "{text}"
        );
        assert!(text.contains("Of 2: 1 open, 1 tested."), "{text}");
    }
}
