//! Every error code a user can meet has its page, and every page its code.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Source};

const FOLDER: &str = "docs/errors/";
const SECTIONS: [&str; 3] = ["## What", "## Why", "## What to do"];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut used: BTreeMap<&str, (&Source, usize)> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.path.contains("/src/")) {
        for (number, line) in source.prod_lines() {
            if line.trim_start().starts_with("//") {
                continue; // an example in a comment is no use
            }
            for code in codes(line) {
                used.entry(code).or_insert((source, number));
            }
        }
    }
    let mut findings = Vec::new();
    let mut pages = BTreeSet::new();
    for source in sources {
        let Some(code) = source.path.strip_prefix(FOLDER).and_then(|p| p.strip_suffix(".md"))
        else {
            continue;
        };
        if codes(code).next() != Some(code) {
            continue;
        }
        pages.insert(code);
        if !used.contains_key(code) {
            findings.push(source.finding(0, "nothing has this code any more: delete the page"));
        }
        if !source.text.starts_with(&format!("# {code}: ")) {
            findings.push(source.finding(1, format!("must begin with `# {code}: `")));
        }
        for section in SECTIONS {
            if !source.text.lines().any(|line| line == section) {
                findings.push(source.finding(0, format!("has no section `{section}`")));
            }
        }
    }
    for (code, (source, line)) in used {
        if !pages.contains(code) {
            findings.push(source.finding(line, format!("`{code}` has no page {FOLDER}{code}.md")));
        }
    }
    findings
}

/// The codes in a line: `LS-`, three letters, `-`, three digits.
fn codes(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("LS-").filter_map(|(at, _)| {
        let code = line.get(at..at + 10)?;
        let (word, number) = code[3..].split_once('-')?;
        let is_code = word.len() == 3
            && word.bytes().all(|b| b.is_ascii_uppercase())
            && number.bytes().all(|b| b.is_ascii_digit());
        is_code.then_some(code)
    })
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn code_and_page_belong_together() {
        let used = source("crates/a/src/b.rs", "x(\"LS-ABC-001\");\n// LS-ABC-009\n");
        let page = "# LS-ABC-001: x\n\n## What\n\n## Why\n\n## What to do\n";
        let known = source("docs/errors/LS-ABC-001.md", page);
        assert_eq!(check(&[used, known]), []);
        let used = source("crates/a/src/b.rs", "x(\"LS-ABC-001\");\n");
        let orphan = source("docs/errors/LS-ABC-002.md", "# LS-ABC-002: x\n");
        assert_eq!(check(&[used, orphan]).len(), 5);
    }
}
