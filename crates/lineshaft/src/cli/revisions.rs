//! `lineshaft revision`: every state the plant folder has had.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::control::{At, Control, ControlError, Missing, Table, millis, text, with};

/// `lineshaft revision …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists revisions, newest first.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Shows the files of one revision.
    Show {
        /// Its number.
        id: u64,
    },
    /// Shows what changed between two revisions.
    Diff {
        /// The later one.
        id: u64,
        /// The earlier one; without it, the one before.
        from: Option<u64>,
    },
    /// Goes back to the files of an earlier revision, as a new one. Needs a running node.
    RollBack {
        /// The earlier one.
        id: u64,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
}

/// Runs `lineshaft revision`.
#[must_use]
pub fn run(at: &At, command: Command) -> ExitCode {
    with(at, Missing::IsAnError, async |control| act(control, command).await)
}

async fn act(control: &Control, command: Command) -> Result<(), ControlError> {
    match command {
        Command::List { limit } => {
            let answer = control.get(&format!("/api/v1/revisions?limit={limit}")).await?;
            let mut table = Table::new(&["ID", "TIME", "WHO", "ROAD", "FILES", "WHY"]);
            for revision in answer["revisions"].as_array().into_iter().flatten() {
                table.row([
                    text(&revision["id"]),
                    millis(&revision["time_ms"]),
                    text(&revision["who"]),
                    text(&revision["road"]),
                    text(&revision["files"]),
                    text(&revision["why"]),
                ]);
            }
            table.print();
        }
        Command::Show { id } => {
            let answer = control.get(&format!("/api/v1/revisions/{id}")).await?;
            let mut table = Table::new(&["FILE", "BYTES", "SHA-256"]);
            for file in answer["file_list"].as_array().into_iter().flatten() {
                table.row([text(&file["path"]), text(&file["bytes"]), text(&file["sha256"])]);
            }
            table.print();
        }
        Command::Diff { id, from } => {
            // The difference of a revision is asked for from its side: `to` names the earlier one.
            let to = from.map(|from| format!("?to={from}")).unwrap_or_default();
            let answer = control.get(&format!("/api/v1/revisions/{id}/difference{to}")).await?;
            print_difference(&answer);
        }
        Command::RollBack { id, why } => {
            let path = format!("/api/v1/revisions/{id}/roll-back");
            let answer = control.post(&path, json!({ "why": why })).await?;
            match answer["proposal"].as_u64() {
                Some(proposal) => say!("proposal {proposal} waits for a second person"),
                None => say!("revision {} runs", text(&answer["revision"])),
            }
        }
    }
    Ok(())
}

fn print_difference(answer: &Value) {
    for file in answer["files"].as_array().into_iter().flatten() {
        say_text!("{}", unified(file));
    }
}

/// A file's difference in the unified form, which `patch -p1` reads; of a file whose lines are not compared, what
/// happened to it.
fn unified(file: &Value) -> String {
    let (change, path) = (text(&file["change"]), text(&file["path"]));
    let side = |prefix: &str, is_there: bool| {
        if is_there { format!("{prefix}/{path}") } else { "/dev/null".to_owned() }
    };
    let mut lines = vec![format!("{change} {path}")];
    let hunks: Vec<&Value> = file["hunks"].as_array().into_iter().flatten().collect();
    if !hunks.is_empty() {
        lines.push(format!("--- {}", side("a", change != "added")));
        lines.push(format!("+++ {}", side("b", change != "removed")));
    }
    for hunk in hunks {
        let all = || hunk["lines"].as_array().into_iter().flatten();
        let kind = |line: &Value| line["kind"].as_str().unwrap_or(" ").to_owned();
        let old = all().filter(|line| kind(line) != "+").count();
        let new = all().filter(|line| kind(line) != "-").count();
        let (from, to) = (text(&hunk["old_start"]), text(&hunk["new_start"]));
        lines.push(format!("@@ -{from},{old} +{to},{new} @@"));
        lines
            .extend(all().map(|line| {
                format!("{}{}", kind(line), line["text"].as_str().unwrap_or_default())
            }));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_in_the_form_that_patch_reads() {
        let line = |kind: &str, text: &str| json!({ "kind": kind, "text": text });
        let hunk = json!({ "old_start": 2, "new_start": 2,
            "lines": [line(" ", "a"), line("-", "b"), line("+", "c"), line("+", "d")] });
        let file = json!({ "change": "changed", "path": "devices/a.toml", "hunks": [hunk] });
        assert_eq!(
            unified(&file),
            "changed devices/a.toml\n--- a/devices/a.toml\n+++ b/devices/a.toml\n@@ -2,2 +2,3 @@\n a\n-b\n+c\n+d\n"
        );
        let hunk = json!({ "old_start": 0, "new_start": 1, "lines": [line("+", "a")] });
        let file = json!({ "change": "added", "path": "tags/a.csv", "hunks": [hunk] });
        assert_eq!(
            unified(&file),
            "added tags/a.csv\n--- /dev/null\n+++ b/tags/a.csv\n@@ -0,0 +1,1 @@\n+a\n"
        );
        let file = json!({ "change": "changed", "path": "tags/a.csv", "hunks": [] });
        assert_eq!(unified(&file), "changed tags/a.csv\n");
    }
}
