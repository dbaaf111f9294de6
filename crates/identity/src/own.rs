//! What everybody does with his own account: his password, his second factor.

use std::time::Duration;

use lineshaft_audit::{Action, Recorded};
use lineshaft_model::Timestamp;

use crate::change::{Intent, Plan};
use crate::factor::{self, Factor};
use crate::identity::{Identity, Shared};
use crate::login::{Proof, usable};
use crate::state::{AccountRecord, Change, FactorRecord};
use crate::{
    ChangeError, Denied, Enrolment, Pass, Permission, Policy, Scope, Secret, Standing, rules,
};

/// How long a second factor waits for its first code.
const PENDING_MAX: Duration = Duration::from_secs(10 * 60);

/// A second factor that waits for its first code. In memory only.
pub(crate) struct Pending {
    secret: Secret,
    begun: Duration,
}

impl Identity {
    /// Changes one's own password. All other sessions of the account end.
    ///
    /// # Errors
    /// [`ChangeError::Wrong`] when `old` is; [`ChangeError::Password`] with every reason why `new` is not good enough.
    pub async fn change_password(
        &self,
        by: &Pass,
        old: &Secret,
        new: &Secret,
    ) -> Result<((), Recorded), ChangeError> {
        let account =
            self.own(by, &[Standing::Live, Standing::PasswordDue, Standing::FactorDue])?;
        let proof = self.prove_own(&account, old, by, Action::PasswordChange).await?;
        let hashed = self.new_password(&account, new).await;
        let (id, password_set) = (proof.account, proof.password_set);
        self.shared.passed(proof);
        let hashed = hashed?;
        let intent = Intent::of(by.actor(), Action::PasswordChange, account.name);
        let (shared, keep) = (self.shared.clone(), by.session().map(|session| session.id.clone()));
        self.change(intent, move |now, _| {
            let mut record = usable(now, id, password_set, &shared)?;
            set_password(&mut record, hashed, &now.policy, shared.clock.now());
            let mut changes = vec![Change::Account(Box::new(record))];
            let sessions = shared.sessions.read().of(id);
            let others = sessions.iter().filter(|session| keep.as_ref() != Some(&session.id));
            changes.extend(others.map(|session| Change::SessionGone(session.id.to_string())));
            Ok(Plan::new(changes, ()))
        })
        .await
    }

    /// Begins adding a second factor: the secret for the app, which counts once a code of it has come.
    ///
    /// # Errors
    /// [`ChangeError::Wrong`] when the password is; [`ChangeError::Taken`] when there is a factor already.
    pub async fn enrol_factor(
        &self,
        by: &Pass,
        password: &Secret,
    ) -> Result<Enrolment, ChangeError> {
        let account = self.own(by, &[Standing::Live, Standing::FactorDue])?;
        if account.factor.is_some() {
            return Err(ChangeError::Taken { what: "second factor of", name: account.name });
        }
        let proof = self.prove_own(&account, password, by, Action::FactorAdd).await?;
        self.shared.passed(proof);
        let factor = Factor::random()?;
        let uri = factor.uri(&self.policy().issuer, &account.name)?;
        let qr = factor::qr(&uri)?;
        let begun = self.shared.clock.steady();
        let pending = Pending { secret: factor.base32(), begun };
        self.shared.pending.lock().insert(account.id, pending);
        Ok(Enrolment { secret: factor.base32(), uri, qr })
    }

    /// Adds the second factor that was begun, with its first code. Gives the recovery codes, shown once.
    ///
    /// # Errors
    /// [`ChangeError::Wrong`] when the code is; [`ChangeError::NoSuch`] when nothing was begun within ten minutes.
    pub async fn confirm_factor(
        &self,
        by: &Pass,
        code: &str,
    ) -> Result<(Vec<Secret>, Recorded), ChangeError> {
        let account = self.own(by, &[Standing::Live, Standing::FactorDue])?;
        let none =
            || ChangeError::NoSuch { what: "begun second factor of", name: account.name.clone() };
        let secret = {
            let pending = self.shared.pending.lock();
            let now = self.shared.clock.steady();
            let fresh = |pending: &&Pending| now.saturating_sub(pending.begun) < PENDING_MAX;
            let found = pending.get(&account.id).filter(fresh);
            found.map(|pending| pending.secret.clone()).ok_or_else(none)?
        };
        let factor = Factor::from_base32(secret.reveal())?;
        let step = factor.check(code, self.shared.clock.now(), None).ok_or(ChangeError::Wrong)?;
        let (codes, recovery) = factor::recovery_codes()?;
        let intent = Intent::of(by.actor(), Action::FactorAdd, account.name.clone());
        let (shared, id, set) = (self.shared.clone(), account.id, account.password_set);
        let done = self
            .change(intent, move |now, _| {
                let mut record = usable(now, id, set, &shared)?;
                if record.factor.is_some() {
                    return Err(ChangeError::Taken { what: "second factor of", name: record.name });
                }
                record.factor = Some(FactorRecord { secret, last_step: Some(step), recovery });
                Ok(Plan::new(vec![Change::Account(Box::new(record))], codes))
            })
            .await?;
        self.shared.pending.lock().remove(&account.id);
        Ok(done)
    }

    /// Removes one's own second factor.
    ///
    /// # Errors
    /// [`ChangeError::Wrong`] when the password is; a [`crate::Refusal`] when a role of his needs a second factor.
    pub async fn drop_own_factor(
        &self,
        by: &Pass,
        password: &Secret,
        why: &str,
    ) -> Result<((), Recorded), ChangeError> {
        let account = self.own(by, &[Standing::Live])?;
        let needed = |policy: &Policy| {
            account.grants.iter().any(|grant| policy.second_factor.contains(&grant.role))
        };
        if needed(&self.policy()) {
            return Err(rules::invalid("factor", "a role of yours needs a second factor").into());
        }
        let intent = self.intend(by, Action::FactorRemove, account.name.clone(), why)?;
        let proof = self.prove_own(&account, password, by, Action::FactorRemove).await?;
        let (id, password_set) = (proof.account, proof.password_set);
        self.shared.passed(proof);
        let shared = self.shared.clone();
        self.change(intent, move |now, _| {
            let mut record = usable(now, id, password_set, &shared)?;
            let name = record.name.clone();
            record.factor.take().ok_or(ChangeError::NoSuch { what: "second factor of", name })?;
            Ok(Plan::new(vec![Change::Account(Box::new(record))], ()))
        })
        .await
    }

    /// One's own account, as a person, when the session is in one of these standings.
    pub(crate) fn own(
        &self,
        by: &Pass,
        standings: &[Standing],
    ) -> Result<AccountRecord, ChangeError> {
        by.may(Permission::OwnAccount, &Scope::Node)?;
        match by.standing() {
            standing if standings.contains(&standing) => {}
            Standing::Locked => return Err(Denied::Locked.into()),
            Standing::PasswordDue => return Err(Denied::PasswordDue.into()),
            Standing::FactorDue => return Err(Denied::FactorDue.into()),
            _ => return Err(Denied::NotKnown.into()),
        }
        let snapshot = self.shared.snapshot.load();
        let account =
            by.session().and_then(|session| snapshot.state.accounts.get(&session.account));
        account.cloned().ok_or_else(|| {
            rules::invalid("account", "only a person who is logged in has a password").into()
        })
    }

    pub(crate) async fn prove_own(
        &self,
        account: &AccountRecord,
        password: &Secret,
        by: &Pass,
        action: Action,
    ) -> Result<Proof, ChangeError> {
        Ok(self.prove(&account.name, password, by.actor(), action).await?)
    }

    /// A new password of an account, checked and hashed.
    pub(crate) async fn new_password(
        &self,
        account: &AccountRecord,
        new: &Secret,
    ) -> Result<String, ChangeError> {
        let policy = self.policy();
        let hasher = self.shared.hasher.load_full();
        let issuer = policy.issuer.as_str();
        let found =
            policy.password.rules().check(new, &[&account.name, &account.full_name, issuer]);
        let mut reasons: Vec<String> = found.iter().map(ToString::to_string).collect();
        if reasons.is_empty() && policy.password.history > 0 {
            let former = account.password.iter().chain(&account.password_history);
            let former: Vec<String> =
                former.take(policy.password.history as usize).cloned().collect();
            if hasher.is_among(former, new.clone()).await? {
                reasons.push("It was used before.".to_owned());
            }
        }
        if !reasons.is_empty() {
            return Err(ChangeError::Password { reasons });
        }
        Ok(hasher.hash(new.clone()).await?)
    }
}

/// Puts a new password in the place of the present one, which joins the history.
pub(crate) fn set_password(
    account: &mut AccountRecord,
    hashed: String,
    policy: &Policy,
    now: Timestamp,
) {
    if let Some(former) = account.password.replace(hashed) {
        account.password_history.insert(0, former);
    }
    // With the present one as many as may not come back.
    account.password_history.truncate((policy.password.history as usize).saturating_sub(1));
    // Always another time than before: passes and proofs of the old password end with it.
    account.password_set = now.max(account.password_set.saturating_add(Duration::from_nanos(1)));
    account.password_due = false;
}

impl Shared {
    /// Forgets what nobody finished.
    pub(crate) fn forget_stale(&self, now: Duration) {
        self.pending.lock().retain(|_, pending| now.saturating_sub(pending.begun) < PENDING_MAX);
    }
}
