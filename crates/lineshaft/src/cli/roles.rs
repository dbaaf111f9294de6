//! `lineshaft role`: what a role allows.

use std::process::ExitCode;

use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

use super::control::{At, Control, ControlError, Missing, Table, escaped, text, with};

/// `lineshaft role …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists all roles.
    List,
    /// Shows what one role allows.
    Show {
        /// Its name.
        role: String,
    },
    /// Makes a role, or changes what it allows.
    Set {
        /// Its name.
        role: String,
        /// A permission, on everything or on a path: `read-plant`, `write-plant@acme/line-1`; may be given more than once.
        #[arg(long, value_name = "PERMISSION[@PATH]", required = true, value_parser = allowed)]
        allow: Vec<String>,
        /// What it is for.
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Deletes a role nobody has.
    Delete {
        /// Its name.
        role: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
}

/// Runs `lineshaft role`.
#[must_use]
pub fn run(at: &At, command: Command) -> ExitCode {
    with(at, Missing::IsAnError, async |control| act(control, command).await)
}

async fn act(control: &Control, command: Command) -> Result<(), ControlError> {
    match command {
        Command::List => {
            let mut table = Table::new(&["ROLE", "BUILT IN", "ALLOWS", "DESCRIPTION"]);
            for role in all(control).await? {
                table.row([
                    text(&role["role"]),
                    text(&role["built_in"]),
                    rules(&role).join(", "),
                    text(&role["description"]),
                ]);
            }
            table.print();
        }
        Command::Show { role } => {
            let found = all(control).await?.into_iter().find(|one| one["role"] == role.as_str());
            let missing = json!({ "detail": format!("there is no role `{role}`"),
                "remedy": "`lineshaft role list` lists all" });
            let found = found.ok_or_else(|| ControlError::Refused(Box::new(missing)))?;
            for rule in rules(&found) {
                say!("{rule}");
            }
        }
        Command::Set { role, allow, description, why } => {
            let body = json!({ "description": description, "rules": parsed(&allow), "why": why });
            let path = format!("/api/v1/roles/{}", escaped(&role));
            control.ask(Method::PUT, &path, Some(body)).await?;
            say!("{role} is set");
        }
        Command::Delete { role, why } => {
            let path = format!("/api/v1/roles/{}", escaped(&role));
            control.ask(Method::DELETE, &path, Some(json!({ "why": why }))).await?;
            say!("deleted {role}");
        }
    }
    Ok(())
}

pub(super) async fn all(control: &Control) -> Result<Vec<Value>, ControlError> {
    let answer = control.get("/api/v1/roles").await?;
    Ok(answer["roles"].as_array().cloned().unwrap_or_default())
}

/// A permission from the command line: behind an `@` there is a path.
fn allowed(text: &str) -> Result<String, String> {
    match text.split_once('@') {
        Some((permission, path)) if path.trim().is_empty() => Err(format!(
            "there is no path behind the `@`; write `{permission}` where every tag is meant"
        )),
        _ => Ok(text.to_owned()),
    }
}

/// `read-plant@acme/a` twice with different paths is one permission on both.
fn parsed(allow: &[String]) -> Vec<Value> {
    let mut rules: Vec<(String, Vec<String>)> = Vec::new();
    for text in allow {
        let (permission, path) = text.split_once('@').unwrap_or((text, ""));
        match rules.iter_mut().find(|(known, _)| known == permission) {
            Some((_, under)) => under.push(path.to_owned()),
            None => rules.push((permission.to_owned(), vec![path.to_owned()])),
        }
    }
    let rule = |(permission, under)| json!({ "permission": permission, "under": under });
    rules.into_iter().map(rule).collect()
}

/// A role's rules as they are written for `--allow`.
fn rules(role: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        for path in rule["under"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let permission = text(&rule["permission"]);
            lines.push(if path.is_empty() { permission } else { format!("{permission}@{path}") });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_at_without_a_path_is_no_permission_on_everything() {
        assert!(allowed("read-plant@").is_err() && allowed("read-plant@ ").is_err());
        assert_eq!(allowed("read-plant@acme"), Ok("read-plant@acme".to_owned()));
        assert_eq!(allowed("read-plant"), Ok("read-plant".to_owned()));
    }

    #[test]
    fn what_is_allowed_is_written_as_it_is_read() {
        let allow = ["read-plant", "write-plant@acme/a", "write-plant@acme/b"].map(String::from);
        let role = json!({ "rules": parsed(&allow) });
        assert_eq!(rules(&role), allow);
        assert_eq!(role["rules"].as_array().unwrap().len(), 2);
    }
}
