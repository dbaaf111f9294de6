//! The size and the head of a Rust file.

use super::{Finding, Source};

/// The most lines of a file that go into the program.
const PROD_MAX: usize = 600;
/// The most lines of any Rust file, tests included.
const ALL_MAX: usize = 1_000;
/// The most lines of a `mod.rs`: it has the branches, its leaves have the work.
const MOD_MAX: usize = 200;

/// Files that are longer, and how long they may be. May only shrink: nothing is added, numbers go down.
const EXCEPTIONS: [(&str, usize); 0] = [];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.has_ending(&["rs"]) {
        return findings;
    }
    let prod = source.prod_lines().count();
    let all = source.text.lines().count();
    let usual = if source.path.ends_with("/mod.rs") { MOD_MAX } else { PROD_MAX };
    let allowed = exception(&source.path).unwrap_or(usual);
    if prod > allowed {
        let what = format!("{prod} lines beside its tests, at most {allowed}: split it");
        findings.push(source.finding(0, what));
    }
    if all > ALL_MAX.max(allowed) {
        let what = format!("{all} lines, at most {ALL_MAX}: move the tests into a file beside it");
        findings.push(source.finding(0, what));
    }
    let first = source.text.lines().find(|line| !line.is_empty() && !line.starts_with("#!["));
    // Tests beside a module are told by the module's head.
    let is_beside = source.stem() == "tests" || source.stem().ends_with("_tests");
    if !is_beside && !first.is_some_and(|line| line.starts_with("//!")) {
        let what = "begins without a `//!` head: say what it is, its source, and what it is not";
        findings.push(source.finding(1, what));
    }
    findings
}

/// The list of exceptions is as short and as tight as the files allow.
pub(crate) fn check_exceptions(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, allowed) in EXCEPTIONS {
        let lines = sources.iter().find(|s| s.path == path).map_or(0, |s| s.prod_lines().count());
        if lines < allowed {
            let usual = if path.ends_with("/mod.rs") { MOD_MAX } else { PROD_MAX };
            let what = if lines <= usual {
                format!("{path} needs no exception any more: take it out")
            } else {
                format!("{path} has shrunk: write {lines} instead of {allowed}")
            };
            findings.push(Finding { file: "xtask/src/tidy/files.rs".into(), line: 0, what });
        }
    }
    findings
}

fn exception(path: &str) -> Option<usize> {
    EXCEPTIONS.iter().find(|(known, _)| *known == path).map(|(_, lines)| *lines)
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn tests_at_the_end_do_not_count_as_the_program() {
        let head = "//! Head.\n".to_owned() + &"fn f() {}\n".repeat(599);
        let tested = head.clone() + "#[cfg(test)]\nmod tests {\n" + &"\n".repeat(300) + "}\n";
        assert_eq!(check(&source("crates/x/src/a.rs", &tested)), []);
        let long = head + "fn g() {}\n" + "#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(check(&source("crates/x/src/a.rs", &long)).len(), 1);
        let tests = "//! Head.\n".to_owned() + &"\n".repeat(900);
        assert_eq!(check(&source("crates/x/src/a_tests.rs", &tests)), []);
    }

    #[test]
    fn a_file_says_what_it_is() {
        assert_eq!(check(&source("crates/x/src/a.rs", "use a::b;\n")).len(), 1);
        assert_eq!(check(&source("crates/x/src/a.rs", "#![no_std]\n\n//! Head.\n")), []);
    }
}
