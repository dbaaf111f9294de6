//! `lineshaft doctor`: what is wrong with a node, why, and what to do.
//!
//! A running node examines itself and is asked; of a stopped one the folders are looked at here. Nothing is changed.

use std::process::ExitCode;

use lineshaft_contract::{Chain, CheckOutcome, Examination};
use serde_json::{Value, json};

use super::control::{At, ControlError, running};
use crate::doctor::{Surroundings, examine_folders};

/// How the answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people: worst first, each with its cause and what to do.
    Text,
    /// As `GET /api/v1/doctor` has it.
    Json,
}

/// Examines the node. Exit code 0 when nothing is bad, 1 otherwise.
#[must_use]
pub fn run(at: &At, form: Form) -> ExitCode {
    crate::cli::run::on_executor(async {
        match examined(at).await {
            Ok(found) => {
                match form {
                    Form::Text => say_text!("{}", text(&found)),
                    Form::Json => say!("{found:#}"),
                }
                if count(&found, CheckOutcome::Bad) == 0 {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                }
            }
            Err(error) => {
                complain!("error {}", Chain(&error));
                ExitCode::FAILURE
            }
        }
    })
}

async fn examined(at: &At) -> Result<Value, ControlError> {
    match running(&at.data).await? {
        Some(node) => node.get("/api/v1/doctor").await,
        None => {
            let around = Surroundings::default();
            Ok(shape(&examine_folders(&at.plant, &at.data, &around).await))
        }
    }
}

/// As the interface has it.
fn shape(found: &Examination) -> Value {
    let checks = found.checks.iter().map(|one| {
        json!({
            "check": one.check, "group": one.group, "title": one.title, "outcome": one.outcome.word(),
            "what": one.what, "cause": one.cause, "fix": one.fix, "code": one.code,
        })
    });
    json!({
        "examined_ms": found.examined.millis(),
        "took_ms": u64::try_from(found.took.as_millis()).unwrap_or(u64::MAX),
        "checks": checks.collect::<Vec<_>>(),
    })
}

fn checks(found: &Value, outcome: CheckOutcome) -> impl Iterator<Item = &Value> {
    let all = found["checks"].as_array().into_iter().flatten();
    all.filter(move |check| check["outcome"] == outcome.word())
}

fn count(found: &Value, outcome: CheckOutcome) -> usize {
    checks(found, outcome).count()
}

/// Worst first; what is fine is only counted.
fn text(found: &Value) -> String {
    let mut out = String::new();
    let of = |check: &Value, name: &str| check[name].as_str().map(plain);
    for outcome in [CheckOutcome::Bad, CheckOutcome::Warn, CheckOutcome::Unknown] {
        for check in checks(found, outcome) {
            let word = outcome.word();
            let mut line = |text: String| {
                out.push_str(&text);
                out.push('\n');
            };
            let title = of(check, "title").unwrap_or_default();
            line(format!("{word:7} {}: {title}", check["group"].as_str().unwrap_or_default()));
            line(format!("        {}", of(check, "what").unwrap_or_default()));
            for (name, sign) in [("cause", "why"), ("fix", "do ")] {
                if let Some(text) = of(check, name) {
                    line(format!("        {sign}  {text}"));
                }
            }
            if let Some(code) = of(check, "code") {
                line(format!("        more: lineshaft explain {code}"));
            }
        }
    }
    let counts = CheckOutcome::ALL.map(|outcome| (count(found, outcome), outcome.word()));
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, word)| format!("{count} {word}")).collect();
    out.push_str(&told.join(", "));
    out.push('\n');
    out
}

/// What a file or a device has in its name must not move the cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use lineshaft_contract::CheckResult;

    use super::*;

    #[test]
    fn the_worst_comes_first_and_what_is_fine_is_counted() {
        let one = |check, outcome, wrong: bool| CheckResult {
            check,
            group: "storage",
            title: "There is room",
            outcome,
            what: "3 GiB\nfree".into(),
            cause: wrong.then(|| "history grows".into()),
            fix: wrong.then(|| "make room".into()),
            code: wrong.then(|| "LS-SHF-005".into()),
        };
        let found = Examination {
            checks: vec![
                one("a", CheckOutcome::Ok, false),
                one("b", CheckOutcome::Warn, true),
                one("c", CheckOutcome::Bad, true),
            ],
            ..Examination::default()
        };
        let told = text(&shape(&found));
        let expect = "bad     storage: There is room\n        3 GiB·free\n        why  history grows\n        do   make room\n        more: lineshaft explain LS-SHF-005\nwarn";
        assert!(told.starts_with(expect), "{told}");
        assert!(told.ends_with("1 bad, 1 warn, 1 ok\n"), "{told}");
    }
}
