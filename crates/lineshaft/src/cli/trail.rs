//! `lineshaft audit`: who did what.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

use super::control::{At, Control, ControlError, Missing, Table, escaped, text, with};

/// `lineshaft audit …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists entries, newest first.
    List {
        /// Only of this account.
        #[arg(long, value_name = "NAME")]
        who: Option<String>,
        /// Only this action (`tag.write`) or category (`account`).
        #[arg(long, value_name = "WORD")]
        action: Option<String>,
        /// Only objects that contain this.
        #[arg(long, value_name = "TEXT")]
        object: Option<String>,
        /// Only with this outcome: done, refused, failed, unknown or requested.
        #[arg(long, value_name = "WORD")]
        result: Option<String>,
        /// Only from this time on (RFC 3339).
        #[arg(long, value_name = "TIME")]
        start: Option<String>,
        /// Only before this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        end: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        limit: u32,
        /// As the lines of JSON that are kept.
        #[arg(long)]
        json: bool,
    },
    /// Checks every entry, hash and signature; with checkpoints that were kept elsewhere, also that nothing was cut off.
    Verify {
        /// A checkpoint that was handed out earlier; may be given more than once.
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
    /// Writes a copy that proves itself: `docs/verify_audit_export.py` checks it without Lineshaft.
    Export {
        /// The first entry.
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        from: u64,
        /// The entry behind the last one; without it, all.
        #[arg(long, value_name = "SEQ")]
        to: Option<u64>,
        /// The file; without it, standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Prints the newest checkpoint: keep it elsewhere.
    Checkpoint,
}

/// Runs `lineshaft audit`.
#[must_use]
pub fn run(at: &At, command: Command) -> ExitCode {
    if let Command::Verify { checkpoint } = &command {
        return super::verify::trail_only(&at.data, checkpoint);
    }
    with(at, Missing::IsAnError, async |control| act(control, command).await)
}

async fn act(control: &Control, command: Command) -> Result<(), ControlError> {
    match command {
        Command::List { who, action, object, result, start, end, limit, json } => {
            let mut filter = String::new();
            let said = [
                ("who", who),
                ("action", action),
                ("object", object),
                ("result", result),
                ("start", start),
                ("end", end),
            ];
            for (name, value) in said {
                if let Some(value) = value {
                    // Writing into a text cannot fail.
                    let _ = write!(filter, "&{name}={}", escaped(&value));
                }
            }
            list(control, &filter, limit, if json { Form::Json } else { Form::Table }).await?;
        }
        Command::Verify { .. } => {}
        Command::Export { from, to, out } => {
            let to = to.map(|to| format!("&to={to}")).unwrap_or_default();
            let path = format!("/api/v1/audit/export?from={from}{to}");
            let answer = control.ask(Method::GET, &path, None).await?;
            match out {
                None => say_text!("{}", String::from_utf8_lossy(&answer.bytes)),
                Some(out) => {
                    std::fs::write(&out, &answer.bytes).map_err(|error| {
                        let detail = format!("{}: {error}", out.display());
                        ControlError::Refused(Box::new(json!({ "detail": detail })))
                    })?;
                    say!("wrote {}", out.display());
                }
            }
        }
        Command::Checkpoint => {
            let answer = control.ask(Method::GET, "/api/v1/audit/checkpoint", None).await?;
            say_text!("{}", String::from_utf8_lossy(&answer.bytes));
        }
    }
    Ok(())
}

/// How entries are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Table,
    Json,
}

/// Entries a page at a time: a filter that matches little gets empty pages that go on.
async fn list(control: &Control, filter: &str, limit: u32, form: Form) -> Result<(), ControlError> {
    let mut left = limit as usize;
    let mut after = String::new();
    let mut table = Table::new(&["SEQ", "TIME", "WHO", "ACTION", "OBJECT", "RESULT", "WHY"]);
    loop {
        let page = left.min(1_000);
        let path = format!("/api/v1/audit?order=newest&limit={page}{filter}{after}");
        let answer = control.get(&path).await?;
        let entries = answer["entries"].as_array().cloned().unwrap_or_default();
        left = left.saturating_sub(entries.len());
        for entry in &entries {
            match form {
                Form::Json => say!("{entry}"),
                Form::Table => row(&mut table, entry),
            }
        }
        match answer["next"].as_u64() {
            Some(next) if left > 0 && crate::say::is_heard() => after = format!("&after={next}"),
            _ => break,
        }
    }
    if form == Form::Table {
        table.print();
    }
    Ok(())
}

fn row(table: &mut Table, entry: &Value) {
    let time = entry["time"].as_str().unwrap_or_default();
    let time = time.split_once('.').map_or_else(|| time.to_owned(), |(head, _)| format!("{head}Z"));
    table.row([
        text(&entry["seq"]),
        time,
        text(&entry["who"]["name"]),
        text(&entry["action"]),
        text(&entry["object"]),
        text(&entry["result"]),
        shortened(&text(&entry["why"])),
    ]);
}

/// A reason as it fits into a table; `--json` has all of it.
const WHY_CHARS_MAX: usize = 60;

fn shortened(why: &str) -> String {
    match why.char_indices().nth(WHY_CHARS_MAX) {
        Some((at, _)) => format!("{}…", why[..at].trim_end()),
        None => why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use lineshaft_model::Timestamp;

    use super::*;

    #[test]
    fn a_reason_of_more_than_sixty_characters_is_cut_in_the_table() {
        let fits = "ü".repeat(60);
        assert_eq!(shortened(&fits), fits);
        assert_eq!(shortened(&format!("{fits}ü")), format!("{fits}…"));
    }

    #[test]
    fn an_entry_is_one_row() {
        let mut table = Table::new(&["SEQ"]);
        let time = Timestamp::from_nanos(1_763_618_400_123_456_789).to_string();
        row(
            &mut table,
            &json!({ "seq": 7, "time": time, "who": { "name": "anna" },
            "action": "tag.write", "object": "acme/a", "result": "done" }),
        );
        assert!(
            table
                .to_string()
                .contains("7    2025-11-20T06:00:00Z  anna  tag.write  acme/a  done  -")
        );
    }
}
