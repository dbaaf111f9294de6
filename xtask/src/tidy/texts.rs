//! What holds for every text: no tabs, no space at a line's end, no path of one machine, TODOs with an issue.

use super::{Finding, Source};

// Written in two parts so that this file keeps its own rules.
const MACHINE: [&str; 2] = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];
const UNDONE: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const KINDS: [&str; 3] = ["correctness", "coverage", "polish"];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(source.text.lines()) {
        if line.contains('\t') {
            findings.push(source.finding(number, "a tab; write spaces"));
        }
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(source.finding(number, "space at the end of the line"));
        }
        if let Some(path) = MACHINE.iter().find(|path| names_machine(line, path)) {
            let what = format!("`{path}` is a path of one machine; write it relative");
            findings.push(source.finding(number, what));
        }
        if source.has_ending(&["rs", "ts", "svelte", "mjs", "py"])
            && let Some(word) = UNDONE.iter().find(|word| has_word(line, word))
            && !is_dated(line)
        {
            let kinds = KINDS.join("|");
            let what =
                format!("`{word}` without its issue; write `{}(#issue, {kinds})`", UNDONE[0]);
            findings.push(source.finding(number, what));
        }
    }
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        findings.push(source.finding(0, "ends without a line break"));
    }
    findings
}

/// Whether the path begins there: `docs/wo…` does not count.
fn names_machine(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')' | '…'))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_part(before) && !is_part(after)
    })
}

/// `TODO(#12, polish)`.
fn is_dated(line: &str) -> bool {
    let read = || {
        let (_, rest) = line.split_once(concat!("TO", "DO(#"))?;
        let (inside, _) = rest.split_once(')')?;
        let (issue, kind) = inside.split_once(", ")?;
        Some(issue.parse::<u32>().is_ok() && KINDS.contains(&kind))
    };
    read().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[track_caller]
    fn count(text: &str) -> usize {
        check(&source("crates/a/src/b.rs", &format!("{text}\n"))).len()
    }

    #[test]
    fn texts_keep_the_rules() {
        assert_eq!(count("a\tb"), 1);
        assert_eq!(count("a "), 1);
        assert_eq!(count(concat!("// see /wo", "rk/main")), 1);
        assert_eq!(count(concat!("// see net", "/wo", "rk/main")), 0);
        assert_eq!(count(concat!("// TO", "DO: later")), 1);
        assert_eq!(count(concat!("// TO", "DO(#12, polish): later")), 0);
        assert_eq!(count(concat!("// TO", "DO(#12, someday): later")), 1);
        assert_eq!(count("let todos = MASTODON;"), 0);
    }
}
