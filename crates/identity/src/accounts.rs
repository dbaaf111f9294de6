//! Making and changing accounts of others.

use std::time::Duration;

use lineshaft_audit::{Action, Recorded};
use lineshaft_model::Timestamp;

use crate::change::Plan;
use crate::identity::{Identity, Shared};
use crate::lockout::Whose;
use crate::own::set_password;
use crate::snapshot::Snapshot;
use crate::state::{AccountRecord, Change};
use crate::{
    Account, AccountChange, AccountKind, ChangeError, NewAccount, Pass, ReviewLine, Secret, rules,
    secret,
};

/// An account nobody logged in with for this long is called unused in the review.
const UNUSED: Duration = Duration::from_secs(90 * 86_400);

impl Identity {
    /// All accounts, disabled ones too, in the order in which they were made.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        let snapshot = self.shared.snapshot.load();
        snapshot.state.accounts.values().map(|a| self.shared.shown_account(&snapshot, a)).collect()
    }

    /// The account of a name; upper and lower case are one.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<Account> {
        let snapshot = self.shared.snapshot.load();
        snapshot.state.account(name).map(|a| self.shared.shown_account(&snapshot, a))
    }

    /// Who has what, and who has not logged in for 90 days or longer (since the account was made, if never).
    #[must_use]
    pub fn access_review(&self) -> Vec<ReviewLine> {
        let snapshot = self.shared.snapshot.load();
        let now = self.shared.clock.now();
        let line = |record: &AccountRecord| {
            let used = record.last_login.unwrap_or(record.created);
            let idle = now.checked_since(used).unwrap_or_default();
            ReviewLine {
                account: self.shared.shown_account(&snapshot, record),
                permissions: snapshot.resolve(&record.grants).rules(),
                unused: record.kind == AccountKind::Person && idle >= UNUSED,
            }
        };
        snapshot.state.accounts.values().map(line).collect()
    }

    /// Makes an account. A person must change his first password at his first login.
    ///
    /// # Errors
    /// [`ChangeError`]: the name is taken (also by a disabled account), the password is not good enough, a role is not
    /// there, more is handed out than `by` has.
    pub async fn create_account(
        &self,
        by: &Pass,
        account: NewAccount,
        why: &str,
    ) -> Result<(Account, Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        let intent = self.intend(by, Action::AccountCreate, account.account.clone(), why)?;
        rules::name("account", &account.account)?;
        let mut record = new_record(&account, self.shared.clock.now())?;
        match (account.kind, &account.password) {
            (AccountKind::Person, Some(password)) => {
                record.password = Some(self.new_password(&record, password).await?);
                record.password_due = true;
            }
            (AccountKind::Machine, None) => {}
            (AccountKind::Person, None) => {
                return Err(rules::invalid("password", "a person needs a first one").into());
            }
            (AccountKind::Machine, Some(_)) => {
                return Err(rules::invalid("password", "a machine has certificates instead").into());
            }
        }
        let (shared, by) = (self.shared.clone(), by.clone());
        self.change(intent, move |now, _| {
            rules::expiry(record.expires, shared.clock.now())?;
            if now.state.account(&record.name).is_some() {
                return Err(ChangeError::Taken { what: "account", name: record.name });
            }
            record.id = now.state.next_account();
            record.grants = rules::grants(now, &record.grants)?;
            rules::within_own(&by, &now.resolve(&record.grants))?;
            let new = rules::account_json(&record);
            Ok(Plan::new(vec![Change::Account(Box::new(record.clone()))], record.id).new_is(new))
        })
        .await
        .map(|made| self.with_account(made))
    }

    /// Changes an account. One that is disabled loses its sessions at once.
    ///
    /// # Errors
    /// [`ChangeError`]: more is handed out than `by` has, the account has more than `by`, nobody with the role admin
    /// would be left, the expiry is in the past.
    pub async fn change_account(
        &self,
        by: &Pass,
        account: &str,
        change: AccountChange,
        why: &str,
    ) -> Result<(Account, Recorded), ChangeError> {
        let action = match change.enabled {
            Some(true) => Action::AccountEnable,
            Some(false) => Action::AccountDisable,
            None => Action::AccountChange,
        };
        let shared = self.shared.clone();
        self.change_other(by, account, action, why, move |now, record, changes| {
            let old = rules::account_json(record);
            let was_enabled = record.enabled;
            apply(now, record, change, shared.clock.now())?;
            rules::keeps_admin(&now.state, record)?;
            if was_enabled && !record.enabled {
                changes.extend(shared.end_all(record.id));
            }
            Ok(rules::difference(old, rules::account_json(record)))
        })
        .await
    }

    /// Sets a first password for another, who must change it. His sessions end. Never one's own.
    ///
    /// # Errors
    /// [`ChangeError`]: the password is not good enough, the account has more than `by`, it is his own or a machine's.
    pub async fn reset_password(
        &self,
        by: &Pass,
        account: &str,
        password: &Secret,
        why: &str,
    ) -> Result<(Account, Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        let record = self.record(account)?;
        not_own(by, &record)?;
        if record.kind == AccountKind::Machine {
            return Err(rules::invalid("account", "a machine has no password").into());
        }
        let hashed = self.new_password(&record, password).await?;
        let shared = self.shared.clone();
        self.change_other(by, account, Action::PasswordReset, why, move |now, record, changes| {
            set_password(record, hashed, &now.policy, shared.clock.now());
            record.password_due = true;
            changes.extend(shared.end_all(record.id));
            Ok(nothing_shown())
        })
        .await
    }

    /// Removes the second factor of another. Never one's own: that needs the password.
    ///
    /// # Errors
    /// [`ChangeError`]: there is none, the account has more than `by`, it is his own.
    pub async fn drop_factor(
        &self,
        by: &Pass,
        account: &str,
        why: &str,
    ) -> Result<(Account, Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        not_own(by, &self.record(account)?)?;
        let shared = self.shared.clone();
        self.change_other(by, account, Action::FactorRemove, why, move |_, record, changes| {
            let name = record.name.clone();
            record.factor.take().ok_or(ChangeError::NoSuch { what: "second factor of", name })?;
            changes.extend(shared.end_all(record.id));
            Ok(nothing_shown())
        })
        .await
    }

    /// Lifts the lockout of an account.
    ///
    /// # Errors
    /// [`ChangeError`]: there is no such account, the trail cannot be written.
    pub async fn unlock_account(
        &self,
        by: &Pass,
        account: &str,
        why: &str,
    ) -> Result<(Account, Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        let record = self.record(account)?;
        let intent = self.intend(by, Action::Unlock, record.name, why)?;
        let (_, recorded) = self.change(intent, |_, _| Ok(Plan::new(Vec::new(), ()))).await?;
        let unlocked = {
            let now = self.shared.clock.steady();
            self.shared.lockout.lock().unlock(&Whose::Account(record.id), now)
        };
        let refused = unlocked.and_then(|unlocked| unlocked.record);
        refused.into_iter().for_each(|refused| self.shared.leave_refused(refused));
        Ok(self.with_account((record.id, recorded)))
    }

    /// Changes an account that has no more than `by` has, before and after.
    async fn change_other(
        &self,
        by: &Pass,
        account: &str,
        action: Action,
        why: &str,
        edit: impl FnOnce(&Snapshot, &mut AccountRecord, &mut Vec<Change>) -> Edited + Send + 'static,
    ) -> Result<(Account, Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        let id = self.record(account)?.id;
        let intent = self.intend(by, action, &*self.shared.name_of(id), why)?;
        let by = by.clone();
        self.change(intent, move |now, _| {
            let gone = || ChangeError::NoSuch { what: "account", name: id.to_string() };
            let before = now.state.accounts.get(&id).ok_or_else(gone)?;
            rules::within_own(&by, &now.resolve(&before.grants))?;
            let mut record = before.clone();
            let mut changes = Vec::new();
            let (old, new) = edit(now, &mut record, &mut changes)?;
            rules::within_own(&by, &now.resolve(&record.grants))?;
            changes.insert(0, Change::Account(Box::new(record)));
            let mut plan = Plan::new(changes, id);
            (plan.old, plan.new) = (shown(old), shown(new));
            Ok(plan)
        })
        .await
        .map(|changed| self.with_account(changed))
    }

    pub(crate) fn record(&self, account: &str) -> Result<AccountRecord, ChangeError> {
        let snapshot = self.shared.snapshot.load();
        let none = || ChangeError::NoSuch { what: "account", name: account.to_owned() };
        snapshot.state.account(account).cloned().ok_or_else(none)
    }

    pub(crate) fn with_account(&self, (id, recorded): (u64, Recorded)) -> (Account, Recorded) {
        let snapshot = self.shared.snapshot.load();
        // Accounts stay for ever, so the one that was just changed is there.
        let record = &snapshot.state.accounts[&id];
        (self.shared.shown_account(&snapshot, record), recorded)
    }
}

/// The members that differ, before and after.
type Edited = Result<(serde_json::Value, serde_json::Value), ChangeError>;

fn nothing_shown() -> (serde_json::Value, serde_json::Value) {
    (serde_json::Value::Null, serde_json::Value::Null)
}

fn shown(value: serde_json::Value) -> Option<serde_json::Value> {
    (!value.is_null()).then_some(value)
}

fn not_own(by: &Pass, account: &AccountRecord) -> Result<(), ChangeError> {
    match by.account() == Some(account.id) {
        true => Err(rules::invalid("account", "one's own needs one's own password").into()),
        false => Ok(()),
    }
}

pub(crate) fn new_record(
    account: &NewAccount,
    now: Timestamp,
) -> Result<AccountRecord, ChangeError> {
    Ok(AccountRecord {
        id: 0,
        name: account.account.clone(),
        full_name: rules::full_name(&account.full_name)?,
        kind: account.kind,
        grants: account.grants.clone(),
        enabled: true,
        created: now,
        expires: account.expires,
        sessions_max: None,
        last_login: None,
        failures: 0,
        password: None,
        password_set: now,
        password_due: false,
        password_history: Vec::new(),
        factor: None,
    })
}

fn apply(
    now: &Snapshot,
    record: &mut AccountRecord,
    change: AccountChange,
    time: Timestamp,
) -> Result<(), ChangeError> {
    if let Some(full_name) = change.full_name {
        record.full_name = rules::full_name(&full_name)?;
    }
    if let Some(grants) = change.grants {
        record.grants = rules::grants(now, &grants)?;
    }
    if let Some(enabled) = change.enabled {
        record.enabled = enabled;
    }
    if let Some(expires) = change.expires {
        rules::expiry(expires, time)?;
        record.expires = expires;
    }
    if let Some(sessions_max) = change.sessions_max {
        if sessions_max == Some(0) {
            return Err(rules::invalid("sessions_max", "must be 1 or more").into());
        }
        record.sessions_max = sessions_max;
    }
    Ok(())
}

impl Shared {
    /// The end of all sessions of an account.
    pub(crate) fn end_all(&self, account: u64) -> Vec<Change> {
        let sessions = self.sessions.read().of(account);
        sessions.iter().map(|session| Change::SessionGone(session.id.to_string())).collect()
    }

    fn shown_account(&self, snapshot: &Snapshot, record: &AccountRecord) -> Account {
        let steady = self.clock.steady();
        let until = self.lockout.lock().paused_until(&Whose::Account(record.id), steady);
        let locked_until =
            until.map(|until| self.clock.now().saturating_add(until.saturating_sub(steady)));
        let of_account = snapshot.state.certificates.values().filter(|c| c.account == record.id);
        Account {
            id: record.id,
            account: record.name.clone(),
            full_name: record.full_name.clone(),
            kind: record.kind,
            grants: record.grants.clone(),
            enabled: record.enabled,
            locked_until,
            factor: record.factor.is_some(),
            password_due: snapshot
                .holder(record.id)
                .is_some_and(|holder| holder.is_password_due(&self.clock)),
            created: record.created,
            last_login: record.last_login,
            expires: record.expires,
            sessions_max: record.sessions_max,
            certificates: of_account.map(|c| secret::hex(&c.fingerprint)).collect(),
        }
    }
}
