//! Making, changing and deleting roles of the plant's own.

use lineshaft_audit::{Action, Recorded};

use crate::access::Access;
use crate::change::Plan;
use crate::identity::Identity;
use crate::snapshot::Snapshot;
use crate::state::{Change, RoleRecord};
use crate::{ChangeError, Grant, Pass, Refusal, Role, RoleChange, Rule, rules};

/// The most roles of the plant's own.
const ROLES_MAX: usize = 256;

impl Identity {
    /// All roles by name, built-in ones among them.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.shared.snapshot.load().roles.values().cloned().collect()
    }

    /// Makes a role, or changes one: whoever has it has it so from then on.
    ///
    /// # Errors
    /// [`ChangeError`]: it is built in, it allows more than `by` may, or did so before.
    pub async fn put_role(
        &self,
        by: &Pass,
        role: RoleChange,
        why: &str,
    ) -> Result<(Role, Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        let intent = self.intend(by, Action::RoleChange, role.role.clone(), why)?;
        rules::role_name(&role.role)?;
        let record = RoleRecord {
            description: rules::description(&role.description)?,
            rules: rules::rules(&role.rules)?,
            name: role.role,
        };
        let by = by.clone();
        self.change(intent, move |now, _| {
            let before = own_role(now, &record.name)?;
            rules::within_own(&by, &access_of(&record.rules))?;
            let new = rules::role_json(&record);
            let change = vec![Change::Role(record.clone())];
            let role = Role {
                role: record.name,
                built_in: false,
                description: record.description,
                rules: record.rules,
            };
            let plan = Plan::new(change, role);
            match before {
                None if now.state.roles.len() >= ROLES_MAX => {
                    Err(rules::invalid("role", format!("there are {ROLES_MAX} already")).into())
                }
                None => Ok(plan.action(Action::RoleCreate).new_is(new)),
                Some(before) => {
                    rules::within_own(&by, &access_of(&before.rules))?;
                    let (old, new) = rules::difference(rules::role_json(before), new);
                    Ok(plan.old(old).new_is(new))
                }
            }
        })
        .await
    }

    /// Deletes a role that nobody has.
    ///
    /// # Errors
    /// [`ChangeError`]: it is built in, accounts or working tokens have it, it allows more than `by` may.
    pub async fn delete_role(
        &self,
        by: &Pass,
        role: &str,
        why: &str,
    ) -> Result<((), Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        // What no role can be called gets no entry either: an entry is for ever, a name of a megabyte with it.
        rules::role_name(role)?;
        let intent = self.intend(by, Action::RoleDelete, role, why)?;
        let (by, role) = (by.clone(), role.to_owned());
        self.change(intent, move |now, _| {
            let none = || ChangeError::NoSuch { what: "role", name: role.clone() };
            let before = own_role(now, &role)?.ok_or_else(none)?;
            rules::within_own(&by, &access_of(&before.rules))?;
            match holders(now, &role) {
                0 => {
                    let old = rules::role_json(before);
                    Ok(Plan::new(vec![Change::RoleGone(role.clone())], ()).old(old))
                }
                holders => Err(Refusal::RoleInUse { role: role.clone(), holders }.into()),
            }
        })
        .await
    }
}

/// A role of the plant's own, if it is there.
fn own_role<'s>(now: &'s Snapshot, name: &str) -> Result<Option<&'s RoleRecord>, Refusal> {
    match now.roles.get(name) {
        Some(role) if role.built_in => Err(Refusal::BuiltIn { role: name.to_owned() }),
        _ => Ok(now.state.roles.get(name)),
    }
}

fn access_of(rules: &[Rule]) -> Access {
    let role = Role {
        role: String::new(),
        built_in: false,
        description: String::new(),
        rules: rules.to_vec(),
    };
    Access::of(&[Grant::everywhere("")], |_| Some(&role))
}

/// Accounts that have the role, disabled ones too (they can be enabled), and tokens that are not revoked.
fn holders(now: &Snapshot, role: &str) -> usize {
    let has = |grants: &[Grant]| grants.iter().any(|grant| grant.role == role);
    let accounts = now.state.accounts.values().filter(|account| has(&account.grants)).count();
    let tokens =
        now.state.tokens.values().filter(|token| !token.revoked && has(&token.grants)).count();
    accounts + tokens
}
