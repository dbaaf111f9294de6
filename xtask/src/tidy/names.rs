//! Words that say nothing, in names of types and files.

use super::{Finding, Source};

/// Words that may not be part of a name, and what to write instead.
const WORDS: [(&str, &str); 6] = [
    ("Manager", "name what it does: runner, table, owner, keeper"),
    ("Helper", "name what it does, or make it a function of the type it helps"),
    ("Util", "put each function beside the type it is about"),
    ("Utils", "put each function beside the type it is about"),
    ("Common", "name what is common"),
    ("Misc", "give each thing its own place"),
];

/// Words that may not end a name, or be it.
const LAST: [(&str, &str); 4] = [
    ("Data", "name what it is: sample, batch, record, reading"),
    ("Info", "name what it says: status, metadata, description"),
    ("Object", "name what it is"),
    ("DataPoint", "the plant's word is sample, tag or point"),
];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.has_ending(&["rs", "ts", "svelte"]) {
        return findings;
    }
    let stem = camel(source.stem());
    if let Some(remedy) = remedy(&stem) {
        findings.push(source.finding(0, format!("the name of the file says nothing: {remedy}")));
    }
    if source.has_ending(&["rs"]) {
        for (number, line) in (1..).zip(source.text.lines()) {
            if let Some((name, remedy)) = declared(line).and_then(|n| Some((n, remedy(n)?))) {
                findings.push(source.finding(number, format!("`{name}` says nothing: {remedy}")));
            }
        }
    }
    findings
}

/// The name of the type or module a line declares.
fn declared(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(public) = rest.strip_prefix("pub") {
        let public = public.strip_prefix("(crate)").or(public.strip_prefix("(super)"));
        rest = public.unwrap_or(rest.strip_prefix("pub")?).trim_start();
    }
    let (word, after) = rest.split_once(' ')?;
    if !matches!(word, "struct" | "enum" | "trait" | "type" | "union") {
        return None;
    }
    after.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

fn remedy(name: &str) -> Option<&'static str> {
    let words = words(name);
    let part = WORDS.iter().find(|(word, _)| words.contains(word)).map(|(_, remedy)| *remedy);
    let last =
        LAST.iter().find(|(word, _)| name.ends_with(word) && words.ends_with(&self::words(word)));
    let numbered = name.ends_with(|c: char| c.is_ascii_digit())
        && name.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with("Handler");
    part.or(last.map(|(_, remedy)| *remedy)).or(numbered.then_some("say how the two differ"))
}

/// The words of a name in camel case.
fn words(name: &str) -> Vec<&str> {
    let starts: Vec<usize> =
        name.char_indices().filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([name.len()]);
    starts.iter().zip(ends).map(|(start, end)| &name[*start..end]).collect()
}

fn camel(stem: &str) -> String {
    let parts = stem.split(['_', '-']).filter(|part| !part.is_empty());
    parts.map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn names_that_say_nothing_are_found() {
        let bad = "pub struct TagManager;\nenum DeviceInfo {\npub(crate) trait Helper: Send {\nstruct DataPoint;\n";
        assert_eq!(check(&source("a/b.rs", bad)).len(), 4);
        let good = "pub enum DataType {\nstruct Informed;\nstruct Uncommon;\nlet manager = 1;\n";
        assert_eq!(check(&source("a/b.rs", good)), []);
        assert_eq!(check(&source("a/string_utils.rs", "")).len(), 1);
        assert_eq!(check(&source("a/data_type.rs", "")), []);
    }
}
