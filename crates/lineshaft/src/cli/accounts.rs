//! `lineshaft user`: people and machines, their roles, their passwords.

use std::process::ExitCode;

use clap::Subcommand;
use hyper::Method;
use lineshaft_identity::{Permission, Reach};
use serde_json::{Value, json};

use super::control::{
    At, Control, ControlError, Missing, PasswordFrom, Table, ask_password, escaped, millis,
    path_given, text, with,
};

/// `lineshaft user …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes an account; the first password is asked for and changed at the first login.
    Add {
        /// Its name: what a person logs in with.
        name: String,
        /// Gives it the role admin.
        #[arg(long, conflicts_with = "role")]
        admin: bool,
        /// A role; may be given more than once.
        #[arg(long, value_name = "ROLE")]
        role: Vec<String>,
        /// Limits the roles to tags below this path; may be given more than once.
        #[arg(long, value_name = "PATH", value_parser = path_given)]
        under: Vec<String>,
        /// The person's name, as signatures print it.
        #[arg(long, value_name = "TEXT")]
        full_name: Option<String>,
        /// The account of a program: it has no password, only certificates.
        #[arg(long, conflicts_with_all = ["password_file", "password_stdin"])]
        machine: bool,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
        /// Where its password comes from.
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Lists all accounts.
    List,
    /// Shows one account.
    Show {
        /// Its name.
        name: String,
    },
    /// Ends an account's sessions and lets it log in no more. An account is never deleted.
    Disable {
        /// Its name.
        name: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Lets a disabled account log in again.
    Enable {
        /// Its name.
        name: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Sets a new password, to be changed at the next login.
    Reset {
        /// The account's name.
        name: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
        /// Where its password comes from.
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Lets an account try again at once that has failed too often.
    Unlock {
        /// Its name.
        name: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Gives a role to an account.
    Grant {
        /// The account's name.
        name: String,
        /// The role.
        #[arg(long, value_name = "ROLE")]
        role: String,
        /// Limits it to tags below this path; may be given more than once.
        #[arg(long, value_name = "PATH", value_parser = path_given)]
        under: Vec<String>,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Takes a role from an account.
    Revoke {
        /// The account's name.
        name: String,
        /// The role.
        #[arg(long, value_name = "ROLE")]
        role: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
}

/// Runs `lineshaft user`.
#[must_use]
pub fn run(at: &At, command: Command) -> ExitCode {
    let password = match &command {
        Command::Add { name, machine: false, password, .. }
        | Command::Reset { name, password, .. } => match ask_password(password, name) {
            Ok(password) => Some(password),
            Err(error) => {
                complain!("error: {error}");
                return ExitCode::FAILURE;
            }
        },
        _ => None,
    };
    let missing = match command {
        Command::Add { .. } => Missing::IsMade,
        _ => Missing::IsAnError,
    };
    with(at, missing, async |control| act(control, command, password).await)
}

async fn act(
    control: &Control,
    command: Command,
    password: Option<String>,
) -> Result<(), ControlError> {
    match command {
        Command::Add { name, admin, role, under, full_name, machine, why, .. } => {
            let roles = if admin { vec!["admin".to_owned()] } else { role };
            let full_name = full_name.unwrap_or_else(|| name.clone());
            let kind = if machine { "machine" } else { "person" };
            let mut body = json!({
                "account": name, "full_name": full_name, "kind": kind,
                "grants": grants(&roles, &under), "why": why,
            });
            if let Some(password) = password {
                body["password"] = password.into();
            }
            control.post("/api/v1/accounts", body).await?;
            say!("made {name}");
        }
        Command::List => list(&control.get("/api/v1/accounts").await?),
        Command::Show { name } => show(&account(control, &name).await?),
        Command::Disable { name, why } => {
            patch(control, &name, json!({ "enabled": false, "why": why })).await?;
            say!("disabled {name}; its sessions have ended");
        }
        Command::Enable { name, why } => {
            patch(control, &name, json!({ "enabled": true, "why": why })).await?;
            say!("enabled {name}");
        }
        Command::Reset { name, why, .. } => {
            let path = format!("/api/v1/accounts/{}/password", escaped(&name));
            control.post(&path, json!({ "password": password, "why": why })).await?;
            say!("{name} has to change the password at the next login");
        }
        Command::Unlock { name, why } => {
            let path = format!("/api/v1/accounts/{}/unlock", escaped(&name));
            control.post(&path, json!({ "why": why })).await?;
            say!("{name} may try again");
        }
        Command::Grant { name, role, under, why } => {
            let mut all = granted(control, &name).await?;
            all.extend(grants(std::slice::from_ref(&role), &under));
            patch(control, &name, json!({ "grants": all, "why": why })).await?;
            show(&account(control, &name).await?);
            if !under.is_empty() {
                let roles = super::roles::all(control).await?;
                let found = roles.iter().find(|one| one["role"] == role.as_str());
                say_what_a_limit_leaves_out(&role, &about_the_node(found));
            }
        }
        Command::Revoke { name, role, why } => {
            let mut all = granted(control, &name).await?;
            let before = all.len();
            all.retain(|grant| grant["role"] != role.as_str());
            if all.len() == before {
                let missing = json!({ "detail": format!("`{name}` does not have the role `{role}`"),
                    "remedy": format!("`lineshaft user show {name}` lists the roles of `{name}`") });
                return Err(ControlError::Refused(Box::new(missing)));
            }
            patch(control, &name, json!({ "grants": all, "why": why })).await?;
            show(&account(control, &name).await?);
        }
    }
    Ok(())
}

async fn patch(control: &Control, name: &str, body: Value) -> Result<Value, ControlError> {
    let path = format!("/api/v1/accounts/{}", escaped(name));
    Ok(control.ask(Method::PATCH, &path, Some(body)).await?.json())
}

async fn account(control: &Control, name: &str) -> Result<Value, ControlError> {
    let answer = control.get("/api/v1/accounts").await?;
    let mut all = answer["accounts"].as_array().into_iter().flatten();
    let missing = json!({ "code": "LS-API-032", "detail": format!("there is no account `{name}`"),
        "remedy": "`lineshaft user list` lists all" });
    let found = all.find(|account| account["account"] == name);
    found.cloned().ok_or_else(|| ControlError::Refused(Box::new(missing)))
}

async fn granted(control: &Control, name: &str) -> Result<Vec<Value>, ControlError> {
    let account = account(control, name).await?;
    Ok(account["grants"].as_array().cloned().unwrap_or_default())
}

/// Roles as grants, limited to paths where there are any.
pub(super) fn grants(roles: &[String], under: &[String]) -> Vec<Value> {
    let under = if under.is_empty() { vec![String::new()] } else { under.to_vec() };
    roles.iter().map(|role| json!({ "role": role, "under": under })).collect()
}

/// What a role allows that is about the node as a whole: a grant that is limited to paths does not give it.
fn about_the_node(role: Option<&Value>) -> Vec<&'static str> {
    let rules = role.and_then(|role| role["rules"].as_array()).into_iter().flatten();
    let permissions = rules.filter_map(|rule| Permission::of(rule["permission"].as_str()?));
    permissions.filter(|one| one.reach() == Reach::Node).map(Permission::word).collect()
}

fn say_what_a_limit_leaves_out(role: &str, left_out: &[&str]) {
    if !left_out.is_empty() {
        let all = left_out.join(", ");
        complain!(
            "hint: what `{role}` allows about the node as a whole is not given below a path: {all}"
        );
    }
}

/// Grants in one cell: `operator under acme/line-1, viewer`.
pub(super) fn shown_grants(grants: &Value) -> String {
    let each = |grant: &Value| {
        let under = grant["under"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let under: Vec<&str> = under.filter(|path| !path.is_empty()).collect();
        let role = text(&grant["role"]);
        if under.is_empty() { role } else { format!("{role} under {}", under.join(" and ")) }
    };
    let all: Vec<String> = grants.as_array().into_iter().flatten().map(each).collect();
    if all.is_empty() { "-".into() } else { all.join(", ") }
}

fn state(account: &Value) -> String {
    let word = match (account["enabled"].as_bool(), account["locked_until_ms"].is_null()) {
        (Some(false), _) => "disabled",
        (_, false) => "locked out",
        _ if account["password_due"] == true => "password due",
        _ => "enabled",
    };
    word.into()
}

fn list(answer: &Value) {
    let mut table =
        Table::new(&["NAME", "FULL NAME", "ROLES", "STATE", "2ND FACTOR", "LAST LOGIN"]);
    for account in answer["accounts"].as_array().into_iter().flatten() {
        table.row([
            text(&account["account"]),
            text(&account["full_name"]),
            shown_grants(&account["grants"]),
            state(account),
            text(&account["factor"]),
            millis(&account["last_login_ms"]),
        ]);
    }
    table.print();
}

fn show(account: &Value) {
    let mut table = Table::new(&["NAME", &text(&account["account"])]);
    table.row(["full name".into(), text(&account["full_name"])]);
    table.row(["number".into(), text(&account["id"])]);
    table.row(["kind".into(), text(&account["kind"])]);
    table.row(["roles".into(), shown_grants(&account["grants"])]);
    table.row(["state".into(), state(account)]);
    table.row(["second factor".into(), text(&account["factor"])]);
    table.row(["made".into(), millis(&account["created_ms"])]);
    table.row(["expires".into(), millis(&account["expires_ms"])]);
    table.row(["last login".into(), millis(&account["last_login_ms"])]);
    table.print();
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    #[test]
    fn what_a_shell_leaves_of_an_unknown_variable_is_not_every_tag() {
        for words in ["add ben --role viewer --under", "grant ben --role viewer --under"] {
            for (path, is_taken) in [("", false), ("  ", false), ("acme", true)] {
                let line = ["user"].into_iter().chain(words.split(' ')).chain([path]);
                assert_eq!(Line::try_parse_from(line).is_ok(), is_taken, "{words} {path:?}");
            }
        }
    }

    #[test]
    fn a_machine_has_no_password() {
        for from in [["--password-file", "x"].as_slice(), &["--password-stdin"]] {
            let line = [&["user", "add", "mes", "--machine"], from].concat();
            assert!(Line::try_parse_from(line).is_err(), "{from:?}");
        }
    }

    #[test]
    fn a_limited_role_gives_nothing_about_the_node_as_a_whole() {
        let role = json!({ "rules": [{ "permission": "read-plant" }, { "permission": "read-audit" },
            { "permission": "sign" }] });
        assert_eq!(about_the_node(Some(&role)), ["read-audit", "sign"]);
        assert!(about_the_node(None).is_empty());
    }

    #[test]
    fn grants_read_as_a_person_says_them() {
        let all = grants(&["operator".into()], &["acme/a".into(), "acme/b".into()]);
        assert_eq!(shown_grants(&Value::from(all)), "operator under acme/a and acme/b");
        assert_eq!(shown_grants(&Value::from(grants(&["admin".into()], &[]))), "admin");
        assert_eq!(shown_grants(&json!([])), "-");
    }
}
