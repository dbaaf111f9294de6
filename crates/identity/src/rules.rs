//! What stands against a change, whoever wants it.

use lineshaft_model::{TagPath, Timestamp};
use serde_json::{Map, Value, json};

use crate::access::{Access, unlimited, written};
use crate::snapshot::Snapshot;
use crate::state::{AccountRecord, RoleRecord, State, TokenRecord};
use crate::{ChangeError, Grant, Pass, Permission, Prefix, Reach, Refusal, Rule, Scope};

/// The most grants of an account or token, rules of a role, and paths of one of either.
const LIST_MAX: usize = 64;
/// The longest name of an account, role or token in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The longest printed name in bytes.
const FULL_NAME_BYTES_MAX: usize = 200;
/// The longest description of a role in bytes.
const DESCRIPTION_BYTES_MAX: usize = 500;
/// Names that mean somebody else in the trail.
const RESERVED: &[&str] =
    &["node", "disk", "visitor", "anonymous", "nobody", "local", "token", "certificate"];

/// Whoever makes and changes accounts must be allowed to.
pub(crate) fn may_change_accounts(by: &Pass) -> Result<(), ChangeError> {
    Ok(by.may(Permission::ChangeAccounts, &Scope::Node)?)
}

/// Nobody hands out more than he has himself, everywhere he hands it out.
pub(crate) fn within_own(by: &Pass, handed_out: &Access) -> Result<(), Refusal> {
    match by.with_access(|own| own.missing(handed_out)) {
        None => Ok(()),
        Some((permission, under)) => Err(Refusal::MoreThanOwn { permission, under }),
    }
}

/// Somebody must be left who can change accounts, for ever and not only until he expires.
pub(crate) fn keeps_admin(now: &State, changed: &AccountRecord) -> Result<(), Refusal> {
    let others = || now.accounts.values().filter(|account| account.id != changed.id);
    let then = || others().chain([changed]);
    let lasts = |account: &AccountRecord| account.is_admin() && account.expires.is_none();
    let is_last = (now.has_admin() && !then().any(AccountRecord::is_admin))
        || (now.has_lasting_admin() && !then().any(lasts));
    match is_last {
        true => Err(Refusal::LastAdmin { account: changed.name.clone() }),
        false => Ok(()),
    }
}

/// Grants as they are kept: of roles that are there, on paths that can be, each once.
pub(crate) fn grants(now: &Snapshot, wanted: &[Grant]) -> Result<Vec<Grant>, Refusal> {
    at_most("grants", wanted.len())?;
    let check = |grant: &Grant| {
        if !now.roles.contains_key(&grant.role) {
            return Err(Refusal::UnknownRole { role: grant.role.clone() });
        }
        Ok(Grant { role: grant.role.clone(), under: paths("grants", &grant.under)? })
    };
    let mut kept: Vec<Grant> = Vec::new();
    for grant in wanted {
        let grant = check(grant)?;
        if !kept.contains(&grant) {
            kept.push(grant);
        }
    }
    Ok(kept)
}

/// The rules of a role as they are kept.
pub(crate) fn rules(wanted: &[Rule]) -> Result<Vec<Rule>, Refusal> {
    at_most("rules", wanted.len())?;
    let check = |rule: &Rule| {
        let word = rule.permission.word();
        match rule.permission.reach() {
            Reach::Everybody | Reach::Known => {
                Err(invalid("rules", format!("`{word}` needs no role: everybody has it")))
            }
            Reach::Node if !unlimited(&rule.under) => {
                Err(invalid("rules", format!("`{word}` is about the whole node, not about paths")))
            }
            Reach::Tags | Reach::Node => {
                Ok(Rule { permission: rule.permission, under: paths("rules", &rule.under)? })
            }
        }
    };
    wanted.iter().map(check).collect()
}

fn paths(member: &'static str, under: &[Prefix]) -> Result<Vec<Prefix>, Refusal> {
    at_most(member, under.len())?;
    for path in under.iter().filter(|path| !path.is_all()) {
        TagPath::new(path.as_str()).map_err(|error| invalid(member, error.to_string()))?;
    }
    Ok(written(under))
}

fn at_most(member: &'static str, count: usize) -> Result<(), Refusal> {
    match count {
        0..=LIST_MAX => Ok(()),
        _ => Err(invalid(member, format!("has {count} of them, at most {LIST_MAX} are possible"))),
    }
}

/// The name of an account or token: what stands in the trail, so nothing that could be taken for something else.
pub(crate) fn name(member: &'static str, name: &str) -> Result<(), Refusal> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(allowed) {
        let what = format!("must be 1 to {NAME_BYTES_MAX} of a-z A-Z 0-9 . _ - @");
        return Err(invalid(member, what));
    }
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        return Err(invalid(member, format!("`{name}` means somebody else in the trail")));
    }
    Ok(())
}

/// The name of a role.
pub(crate) fn role_name(name: &str) -> Result<(), Refusal> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(allowed) {
        return Err(invalid("role", format!("must be 1 to {NAME_BYTES_MAX} of a-z 0-9 -")));
    }
    Ok(())
}

/// A printed name.
pub(crate) fn full_name(text: &str) -> Result<String, Refusal> {
    line("full_name", text, 1, FULL_NAME_BYTES_MAX)
}

/// The description of a role.
pub(crate) fn description(text: &str) -> Result<String, Refusal> {
    line("description", text, 0, DESCRIPTION_BYTES_MAX)
}

fn line(member: &'static str, text: &str, least: usize, most: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.len() < least || text.len() > most || text.contains(char::is_control) {
        let what = format!("must be one line of {least} to {most} bytes");
        return Err(invalid(member, what));
    }
    Ok(text.to_owned())
}

/// An expiry that is not over.
pub(crate) fn expiry(expires: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match expires {
        Some(expires) if expires <= now => Err(Refusal::Expired),
        _ => Ok(()),
    }
}

pub(crate) fn invalid(member: &'static str, what: impl Into<String>) -> Refusal {
    Refusal::Invalid { member, what: what.into() }
}

/// An account for the trail: nothing secret.
pub(crate) fn account_json(account: &AccountRecord) -> Value {
    json!({
        "account": account.name,
        "full_name": account.full_name,
        "kind": account.kind,
        "grants": account.grants,
        "enabled": account.enabled,
        "expires": account.expires.map(|expires| expires.to_string()),
        "sessions_max": account.sessions_max,
    })
}

/// A role for the trail.
pub(crate) fn role_json(role: &RoleRecord) -> Value {
    json!({ "role": role.name, "description": role.description, "rules": role.rules })
}

/// A token for the trail: not its secret, nor its digest.
pub(crate) fn token_json(token: &TokenRecord) -> Value {
    json!({
        "token": token.id,
        "name": token.name,
        "grants": token.grants,
        "expires": token.expires.to_string(),
    })
}

/// Only those members that differ.
pub(crate) fn difference(old: Value, new: Value) -> (Value, Value) {
    match (old, new) {
        (Value::Object(mut old), Value::Object(mut new)) => {
            let same: Vec<String> = old
                .iter()
                .filter(|(k, v)| new.get(*k) == Some(v))
                .map(|(k, _)| k.clone())
                .collect();
            let drop_same = |map: &mut Map<String, Value>| map.retain(|key, _| !same.contains(key));
            drop_same(&mut old);
            drop_same(&mut new);
            (Value::Object(old), Value::Object(new))
        }
        both => both,
    }
}
