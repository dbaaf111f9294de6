//! Calls and forms that clippy cannot ban, with what to write instead.

use super::{Finding, Source};

/// Where a ban holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum In {
    /// In the code that goes into the program.
    Prod,
    /// In the code of the libraries, not in the program's own crate or in xtask.
    Libraries,
    /// In everything, tests too.
    All,
}

// Written in two parts so that this file keeps its own rules.
const BANS: [(In, &str, &str); 12] = [
    (In::Prod, concat!("map_err", "(|_|"), "keep the cause: `map_err(|source| …)`"),
    (In::Prod, concat!("map_err", "(|_e"), "keep the cause: `map_err(|source| …)`"),
    (In::Prod, concat!("Box<dyn", " Error"), "an enum of errors, with `thiserror`"),
    (In::Prod, concat!("Box<dyn std::error", "::Error"), "an enum of errors, with `thiserror`"),
    (
        In::Prod,
        concat!("#[all", "ow("),
        "`#[expect(…, reason = \"…\")]`, which says when it is not needed any more",
    ),
    (In::Prod, concat!("#![all", "ow("), "`#[expect(…, reason = \"…\")]` at the place"),
    (In::All, concat!("#[ign", "ore"), "a test runs, or it is deleted"),
    (In::Prod, concat!("serde(untag", "ged"), "a tag: untagged loses the message of what is wrong"),
    (In::Libraries, concat!("println", "!("), "`tracing`: standard output belongs to the program"),
    (In::Libraries, concat!("process::", "exit("), "an error: only the program ends the process"),
    (In::All, concat!("db", "g!("), "take it out"),
    (
        In::Libraries,
        concat!("mpsc::unbounded", "_channel"),
        "`runtime::channel`: every queue has a bound",
    ),
];

/// Banned in what is read; what is only written has nothing to deny.
const FLATTEN: &str = concat!("serde(flat", "ten");

/// Metric names are constants in `metrics.rs`, where the list of metrics is made from.
const METRICS: [&str; 3] = ["counter!(\"", "gauge!(\"", "histogram!(\""];
/// Where a metric is named in place. May only shrink.
const METRICS_IN_PLACE: [&str; 1] = ["crates/runtime/src/channel.rs"];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.has_ending(&["rs"]) {
        return findings;
    }
    // A build script speaks to cargo on its standard output.
    let is_program = source.path.starts_with("crates/lineshaft/")
        || source.path.starts_with("xtask/")
        || source.path.ends_with("/build.rs");
    let is_library = !is_program;
    for (number, line) in (1..).zip(source.text.lines()).filter(|(_, line)| is_code(line)) {
        for (_, form, instead) in BANS.iter().filter(|(place, ..)| *place == In::All) {
            if line.contains(form) {
                findings.push(source.finding(number, format!("`{form}` is banned; {instead}")));
            }
        }
    }
    let mut is_read = false;
    for (number, line) in source.prod_lines().filter(|(_, line)| is_code(line)) {
        if line.contains("#[derive(") {
            is_read = line.contains("Deserialize");
        }
        if is_read && line.contains(FLATTEN) {
            let what = format!(
                "`{FLATTEN}` is banned; a member: flatten loses `deny_unknown_fields` and places"
            );
            findings.push(source.finding(number, what));
        }
        for (place, form, instead) in BANS {
            let holds = place == In::Prod || place == In::Libraries && is_library;
            if holds && line.contains(form) {
                findings.push(source.finding(number, format!("`{form}` is banned; {instead}")));
            }
        }
        let named = METRICS.iter().any(|form| line.contains(form));
        if named && source.stem() != "metrics" && !METRICS_IN_PLACE.contains(&source.path.as_str())
        {
            let what = "a metric is named here; make its name a constant in `metrics.rs`";
            findings.push(source.finding(number, what));
        }
    }
    findings
}

fn is_code(line: &str) -> bool {
    !line.trim_start().starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn a_banned_form_is_found_where_the_ban_holds() {
        let lost = concat!("x.map_err", "(|_| Lost)?;\n");
        assert_eq!(check(&source("crates/a/src/b.rs", lost)).len(), 1);
        assert_eq!(check(&source("crates/a/tests/it/b.rs", lost)), []);
        let flat =
            |derive: &str| format!("#[derive({derive})]\nstruct A {{\n#[{FLATTEN})]\nb: B }}\n");
        assert_eq!(check(&source("crates/a/src/b.rs", &flat("Debug, Deserialize"))).len(), 1);
        assert_eq!(check(&source("crates/a/src/b.rs", &flat("Debug, Serialize"))), []);
        let printed = concat!("println", "!(\"x\");\n");
        assert_eq!(check(&source("crates/a/src/b.rs", printed)).len(), 1);
        assert_eq!(check(&source("crates/lineshaft/src/b.rs", printed)), []);
        let skipped = concat!("#[ign", "ore]\n");
        assert_eq!(check(&source("crates/a/tests/it/b.rs", skipped)).len(), 1);
        assert_eq!(check(&source("crates/a/src/b.rs", &format!("// {lost}"))), []);
    }
}
