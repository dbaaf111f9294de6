//! `lineshaft token`: how programs come in.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use hyper::Method;
use lineshaft_runtime::Clock;
use serde_json::{Value, json};

use super::accounts::{grants, shown_grants};
use super::control::{
    At, Control, ControlError, Missing, Table, escaped, millis, path_given, text, with,
};

const DAY: Duration = Duration::from_secs(86_400);

/// `lineshaft token …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a token and prints it, this once.
    Create {
        /// What it is for: `grafana`, `line-1-scada`.
        #[arg(long)]
        name: String,
        /// Its role; may be given more than once.
        #[arg(long, value_name = "ROLE", required = true)]
        role: Vec<String>,
        /// Limits the roles to tags below this path; may be given more than once.
        #[arg(long, value_name = "PATH", value_parser = path_given)]
        under: Vec<String>,
        /// After how many days it expires.
        #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Lists all tokens; their secrets are not kept.
    List,
    /// Revokes a token at once.
    Revoke {
        /// Its number, as `list` shows it.
        id: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
}

/// Runs `lineshaft token`.
#[must_use]
pub fn run(at: &At, command: Command) -> ExitCode {
    let missing = match command {
        Command::Create { .. } => Missing::IsMade,
        _ => Missing::IsAnError,
    };
    with(at, missing, async |control| act(control, command).await)
}

async fn act(control: &Control, command: Command) -> Result<(), ControlError> {
    match command {
        Command::Create { name, role, under, days, why } => {
            let expires = Clock::real().now().saturating_add(DAY * days).millis();
            let body = json!({ "name": name, "grants": grants(&role, &under),
                "expires_ms": expires, "why": why });
            let answer = control.post("/api/v1/tokens", body).await?;
            say!("{}", text(&answer["secret"]));
        }
        Command::List => list(&control.get("/api/v1/tokens").await?),
        Command::Revoke { id, why } => {
            let path = format!("/api/v1/tokens/{}", escaped(&id));
            control.ask(Method::DELETE, &path, Some(json!({ "why": why }))).await?;
            say!("revoked {id}");
        }
    }
    Ok(())
}

fn list(answer: &Value) {
    let mut table =
        Table::new(&["ID", "NAME", "ROLES", "MADE BY", "MADE", "EXPIRES", "LAST USED", "REVOKED"]);
    for token in answer["tokens"].as_array().into_iter().flatten() {
        table.row([
            text(&token["id"]),
            text(&token["name"]),
            shown_grants(&token["grants"]),
            text(&token["created_by"]),
            millis(&token["created_ms"]),
            millis(&token["expires_ms"]),
            millis(&token["last_used_ms"]),
            text(&token["revoked"]),
        ]);
    }
    table.print();
}
