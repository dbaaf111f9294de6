//! The first start: whoever has the setup link makes the first administrator.

use std::net::SocketAddr;

use lineshaft_audit::{Act, Action, Outcome, Road};
use serde_json::json;

use crate::accounts::new_record;
use crate::change::Intent;
use crate::identity::Identity;
use crate::login::{Begin, stranger};
use crate::role::ADMIN;
use crate::state::Change;
use crate::{AccountKind, ChangeError, Grant, LoggedIn, LoginError, NewAccount, NewPerson, rules};

impl Identity {
    /// Makes the first administrator and begins his session.
    ///
    /// # Errors
    /// [`LoginError::SetupOver`] when there is an administrator or the secret is not that of this start;
    /// [`LoginError::Change`] when the name or the password is not good enough.
    pub async fn set_up(
        &self,
        secret: &str,
        person: NewPerson,
        from: Option<SocketAddr>,
        agent: &str,
    ) -> Result<LoggedIn, LoginError> {
        let mut actor = stranger(from, Road::Http);
        if self.has_admin() || !self.is_setup_secret(secret) {
            let act = Act::done(&actor, Action::Setup, "the first account");
            let why = "the setup is over, or its link is not the newest";
            self.shared.leave(act.result(Outcome::Refused).detail(why));
            return Err(LoginError::SetupOver);
        }
        rules::name("account", &person.account).map_err(ChangeError::from)?;
        let account = NewAccount {
            account: person.account,
            full_name: person.full_name,
            kind: AccountKind::Person,
            password: None,
            grants: vec![Grant::everywhere(ADMIN)],
            expires: None,
        };
        let mut record = new_record(&account, self.shared.clock.now())?;
        record.password = Some(self.new_password(&record, &person.password).await?);
        let begin = Begin::new(&self.shared, from, agent)?;
        let (secret, ends) = (begin.secret.clone(), begin.record.ends);
        actor.session = Some(begin.record.id.as_str().into());
        let intent = Intent::of(&actor, Action::Setup, record.name.clone());
        let shared = self.shared.clone();
        let begun = self
            .change(intent, move |now, _| {
                // Two may have come with the same link.
                let taken = now.state.has_admin() || now.state.account(&record.name).is_some();
                if taken {
                    return Err(ChangeError::Taken { what: "account", name: record.name });
                }
                record.id = now.state.next_account();
                let new = rules::account_json(&record);
                let mut plan = begin.plan(now, &shared, record, "setup link")?;
                let session = plan.value.clone();
                plan.new = Some(json!({ "account": new, "session": session }));
                debug_assert!(matches!(plan.changes.first(), Some(Change::Account(_))));
                Ok(plan)
            })
            .await;
        match begun {
            Ok((session, _recorded)) => {
                let pass = self.pass_of(&session, from)?;
                Ok(LoggedIn { secret, pass, ends })
            }
            Err(ChangeError::Taken { .. }) if self.has_admin() => Err(LoginError::SetupOver),
            Err(other) => Err(other.into()),
        }
    }
}
