//! Making and revoking tokens.

use std::time::Duration;

use lineshaft_audit::{Action, Recorded};
use lineshaft_model::Timestamp;

use crate::change::Plan;
use crate::identity::{Identity, Shared};
use crate::secret::Token;
use crate::state::{Change, TokenRecord};
use crate::{ChangeError, NewToken, Pass, Refusal, Secret, TokenLine, rules};

/// How long a token works when nothing else is said.
const LIFETIME: Duration = Duration::from_secs(365 * 86_400);

impl Identity {
    /// All tokens, revoked ones too, in the order in which they were made.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenLine> {
        let snapshot = self.shared.snapshot.load();
        snapshot.state.tokens.values().map(|token| self.shared.shown_token(token)).collect()
    }

    /// Makes a token. Its secret is given once and not kept.
    ///
    /// # Errors
    /// [`ChangeError`]: a working token has the name, a role is not there, more is handed out than `by` has.
    pub async fn create_token(
        &self,
        by: &Pass,
        token: NewToken,
        why: &str,
    ) -> Result<((TokenLine, Secret), Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        let intent = self.intend(by, Action::TokenCreate, token.name.clone(), why)?;
        rules::name("name", &token.name)?;
        let secret = Token::random()?;
        let hash = secret.digest();
        let (shared, by) = (self.shared.clone(), by.clone());
        let (line, recorded) = self
            .change(intent, move |now, _| {
                let time = shared.clock.now();
                rules::expiry(token.expires, time)?;
                let works = |kept: &&TokenRecord| !kept.revoked && time < kept.expires;
                let same = |kept: &TokenRecord| kept.name.eq_ignore_ascii_case(&token.name);
                if now.state.tokens.values().filter(works).any(same) {
                    return Err(ChangeError::Taken { what: "token", name: token.name });
                }
                let grants = rules::grants(now, &token.grants)?;
                rules::within_own(&by, &now.resolve(&grants))?;
                let record = TokenRecord {
                    id: now.state.next_token(),
                    name: token.name,
                    hash,
                    grants,
                    created_by: by.actor().name.to_string(),
                    created: time,
                    expires: token.expires.unwrap_or(time.saturating_add(LIFETIME)),
                    last_used: None,
                    revoked: false,
                };
                let (line, new) = (shared.shown_token(&record), rules::token_json(&record));
                Ok(Plan::new(vec![Change::Token(record)], line).new_is(new))
            })
            .await?;
        Ok(((line, secret.text().clone()), recorded))
    }

    /// Revokes a token, for ever and at once.
    ///
    /// # Errors
    /// [`ChangeError`]: there is no such token, or it is revoked already.
    pub async fn revoke_token(
        &self,
        by: &Pass,
        id: u64,
        why: &str,
    ) -> Result<(TokenLine, Recorded), ChangeError> {
        rules::may_change_accounts(by)?;
        let none = move || ChangeError::NoSuch { what: "token", name: id.to_string() };
        let name = {
            let snapshot = self.shared.snapshot.load();
            snapshot.state.tokens.get(&id).map(|token| token.name.clone()).ok_or_else(none)?
        };
        let intent = self.intend(by, Action::TokenRevoke, name, why)?;
        let shared = self.shared.clone();
        self.change(intent, move |now, _| {
            let mut record = now.state.tokens.get(&id).cloned().ok_or_else(none)?;
            if record.revoked {
                return Err(Refusal::Revoked { token: record.name }.into());
            }
            record.revoked = true;
            record.last_used = shared.last_used(&record);
            let (line, old) = (shared.shown_token(&record), rules::token_json(&record));
            Ok(Plan::new(vec![Change::Token(record)], line).old(old))
        })
        .await
    }
}

impl Shared {
    fn last_used(&self, token: &TokenRecord) -> Option<Timestamp> {
        self.token_uses.lock().get(&token.id).copied().or(token.last_used)
    }

    fn shown_token(&self, token: &TokenRecord) -> TokenLine {
        TokenLine {
            id: token.id,
            name: token.name.clone(),
            grants: token.grants.clone(),
            created_by: token.created_by.clone(),
            created: token.created,
            expires: token.expires,
            last_used: self.last_used(token),
            revoked: token.revoked,
        }
    }
}
