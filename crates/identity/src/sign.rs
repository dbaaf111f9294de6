//! Signing: a challenge, the signer's password, the trail's entry, the signature.

use lineshaft_audit::{Action, Recorded};
use lineshaft_model::Timestamp;
use serde_json::json;

use crate::change::Plan;
use crate::identity::{Identity, Shared};
use crate::login::{spend_code, usable};
use crate::signature::{
    self, Anchor, Component, Intent, Record, RuleError, SecondFactor, Series, Signer, Statement,
    Validity, may_sign, needed,
};
use crate::snapshot::Snapshot;
use crate::state::{AccountRecord, Change, SignatureRecord};
use crate::store::Store;
use crate::{
    Challenge, ChangeError, Kind, Pass, Permission, RecordNow, Scope, Secret, SignError, Signature,
    Signing, Standing, StoreError, ToSign,
};

/// Challenges that are out.
pub(crate) type Challenges = signature::Challenges;

impl Identity {
    /// Shows what will be signed, and what the signer must enter. Good for one attempt within five minutes.
    ///
    /// # Errors
    /// [`SignError::Denied`] without `sign`; [`SignError::Refused`] when a rule stands against this signature.
    pub async fn sign_challenge(&self, by: &Pass, what: ToSign) -> Result<Challenge, SignError> {
        let (account, session) = self.signer(by)?;
        let ToSign { kind, record: id, now, meaning } = what;
        let record = Record { kind, id, digest: now.digest };
        let authors = self.numbers(&now.authors);
        let former = self.former(&record).await?;
        may_sign(Kind::Person, account.id, &record, meaning, &authors, &former)?;
        let series = series(by);
        let factor = factor_of(&account);
        let digest = record.digest.clone();
        let signer =
            Signer { account: account.id, name: account.name, full_name: account.full_name };
        let steady = self.shared.clock.steady();
        let issued =
            self.shared.challenges.lock().issue(&session, record, signer, meaning, steady)?;
        Ok(Challenge {
            challenge: issued.challenge,
            digest,
            statement: issued.intent.text(),
            needs: needed(series, factor).iter().map(|component| component.word()).collect(),
        })
    }

    /// For which record (kind and number) a challenge is; `None` when this session has no such challenge.
    #[must_use]
    pub fn challenged_record(&self, by: &Pass, challenge: &Secret) -> Option<(String, String)> {
        let session = by.session()?;
        let challenges = self.shared.challenges.lock();
        let record = challenges.record(challenge.reveal(), &session.id)?;
        Some((record.kind.clone(), record.id.clone()))
    }

    /// Signs. The challenge is used up, whatever comes of it.
    ///
    /// `now` is what is in the record now.
    ///
    /// # Errors
    /// [`SignError`]; nothing is signed.
    pub async fn sign(
        &self,
        by: &Pass,
        signing: Signing,
        now: RecordNow,
        why: &str,
    ) -> Result<(Signature, Recorded), SignError> {
        let (account, session) = self.signer(by)?;
        let steady = self.shared.clock.steady();
        let intent = self.shared.challenges.lock().redeem(
            signing.challenge.reveal(),
            &session,
            account.id,
            &now.digest,
            steady,
        )?;
        let object = format!("{} {}", intent.record.kind, intent.record.id);
        let change = self.intend(by, Action::Sign, object, why).map_err(ChangeError::from)?;
        let needs = needed(series(by), factor_of(&account));
        self.check_given(&signing, &account, needs)?;
        let proof = self.prove(&account.name, &signing.password, by.actor(), Action::Sign).await?;
        let (id, password_set) = (proof.account, proof.password_set);
        let code = signing.code.filter(|_| needs.contains(&Component::Code));
        let authors = self.numbers(&now.authors);
        let (shared, why) = (self.shared.clone(), change.why.clone());
        let signed = self
            .change(change, move |now, store| {
                let mut account = usable(now, id, password_set, &shared)?;
                let mut changes = Vec::new();
                if code.is_some() {
                    spend_code(&mut account, code.as_deref(), shared.clock.now())?;
                    changes.push(Change::Account(Box::new(account)));
                }
                plan(now, store, intent, &authors, changes, shared.clock.now(), why)
            })
            .await;
        match signed {
            Ok((mut signature, recorded)) => {
                self.shared.passed(proof);
                by.session().into_iter().for_each(|session| session.set_signed());
                (signature.id, signature.seq) = (recorded.seq(), recorded.seq());
                Ok((signature, recorded))
            }
            Err(ChangeError::Wrong) => {
                self.failed(proof, by.actor(), Action::Sign, "wrong code").await;
                Err(SignError::Wrong)
            }
            Err(other) => {
                self.shared.took_back(proof);
                Err(other.into())
            }
        }
    }

    /// The signatures under a record, oldest first, each with whether it holds for what is in the record now.
    ///
    /// Without `digest_now` the record is not looked at: a signature then holds for what it says it is for.
    ///
    /// # Errors
    /// [`SignError::Store`].
    pub async fn signatures(
        &self,
        kind: &str,
        record: &str,
        digest_now: Option<&str>,
    ) -> Result<Vec<Signature>, SignError> {
        let (kind, record) = (kind.to_owned(), record.to_owned());
        let digest_now = digest_now.map(str::to_owned);
        self.with_store(move |shared, store| {
            let kept = store.signatures(&kind, &record)?;
            let show = |kept: SignatureRecord| shared.shown(kept, digest_now.as_deref());
            Ok(kept.into_iter().map(show).collect())
        })
        .await
    }

    /// A person who is logged in and may sign.
    fn signer(&self, by: &Pass) -> Result<(AccountRecord, String), SignError> {
        if by.is_live() && by.session().is_none() {
            return Err(RuleError::NotAPerson { kind: by.kind().word() }.into());
        }
        by.may(Permission::Sign, &Scope::Node)?;
        let account = self.own(by, &[Standing::Live])?;
        let session = by.session().map(|session| session.id.to_string()).unwrap_or_default();
        Ok((account, session))
    }

    /// Whether everything that is needed was entered, and the name is the signer's own.
    fn check_given(
        &self,
        signing: &Signing,
        account: &AccountRecord,
        needs: &[Component],
    ) -> Result<(), SignError> {
        if needs.contains(&Component::Code) && signing.code.is_none() {
            return Err(RuleError::Missing { component: Component::Code }.into());
        }
        match &signing.account {
            None if needs.contains(&Component::Account) => {
                Err(RuleError::Missing { component: Component::Account }.into())
            }
            Some(name) if !name.eq_ignore_ascii_case(&account.name) => {
                Err(RuleError::Missing { component: Component::Account }.into())
            }
            _ => Ok(()),
        }
    }

    fn numbers(&self, names: &[String]) -> Vec<u64> {
        let snapshot = self.shared.snapshot.load();
        let number = |name: &String| snapshot.state.account(name).map(|account| account.id);
        names.iter().filter_map(number).collect()
    }

    async fn former(&self, record: &Record) -> Result<Vec<signature::Signature>, SignError> {
        let record = record.clone();
        self.with_store(move |_, store| former(store, &record)).await
    }

    async fn with_store<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Shared, &mut dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, SignError> {
        let shared = self.shared.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let mut core = shared.core.lock();
            ask(&shared, core.store.as_mut())
        });
        match asked.await {
            Ok(answer) => Ok(answer?),
            Err(cut) if cut.is_panic() => std::panic::resume_unwind(cut.into_panic()),
            Err(_stopping) => Err(crate::login::stopping().into()),
        }
    }
}

fn plan(
    now: &Snapshot,
    store: &mut dyn Store,
    intent: Intent,
    authors: &[u64],
    mut changes: Vec<Change>,
    time: Timestamp,
    why: String,
) -> Result<Plan<Signature>, ChangeError> {
    // Two people may have signed since the challenge was given.
    let former = former(store, &intent.record)?;
    let account = intent.signer.account;
    may_sign(Kind::Person, account, &intent.record, intent.meaning, authors, &former)?;
    debug_assert!(now.holder(account).is_some());
    let statement = Statement { intent, time, why };
    let (text, digest) = (statement.text(), statement.digest());
    let Intent { record, signer, meaning, .. } = statement.intent;
    let new = json!({
        "statement": digest,
        "sha256": record.digest,
        "name": signer.full_name,
        "meaning": meaning,
    });
    changes.push(Change::Signature(Box::new(SignatureRecord {
        seq: 0,
        kind: record.kind.clone(),
        record: record.id.clone(),
        account,
        statement: text,
        digest,
    })));
    let signature = Signature {
        id: 0,
        kind: record.kind,
        record: record.id,
        digest: record.digest,
        account: signer.name,
        full_name: signer.full_name,
        meaning,
        time,
        why: statement.why,
        invalid: None,
        seq: 0,
    };
    Ok(Plan::new(changes, signature).new_is(new))
}

fn former(store: &mut dyn Store, record: &Record) -> Result<Vec<signature::Signature>, StoreError> {
    let kept = store.signatures(&record.kind, &record.id)?;
    let read = |kept: SignatureRecord| {
        let statement = Statement::parse(&kept.statement)?;
        Some(signature::Signature { statement, digest: kept.digest })
    };
    Ok(kept.into_iter().filter_map(read).collect())
}

impl Shared {
    fn shown(&self, kept: SignatureRecord, digest_now: Option<&str>) -> Signature {
        let anchored = match self.trail.entry(kept.seq) {
            Ok(Some(entry)) if entry.act.action == Action::Sign => entry.act.new,
            Ok(_) => None,
            Err(_archived_or_unreadable) => return self.judged(kept, digest_now, Anchor::NotRead),
        };
        let digest = anchored.as_ref().and_then(|new| new.get("statement")?.as_str());
        let anchor = digest.map_or(Anchor::Missing, Anchor::Entry);
        self.judged(kept, digest_now, anchor)
    }

    fn judged(
        &self,
        kept: SignatureRecord,
        digest_now: Option<&str>,
        anchor: Anchor<'_>,
    ) -> Signature {
        let mut shown = Signature {
            id: kept.seq,
            kind: kept.kind,
            record: kept.record,
            digest: String::new(),
            account: String::new(),
            full_name: String::new(),
            meaning: crate::Meaning::Reviewed,
            time: Timestamp::MIN,
            why: String::new(),
            invalid: None,
            seq: kept.seq,
        };
        let Some(statement) = Statement::parse(&kept.statement) else {
            shown.account = self.name_of(kept.account).to_string();
            shown.invalid = Some(signature::Invalid::Edited.to_string());
            return shown;
        };
        let of = &statement.intent;
        let record = Record {
            kind: shown.kind.clone(),
            id: shown.record.clone(),
            digest: digest_now.unwrap_or(&of.record.digest).to_owned(),
        };
        shown.digest.clone_from(&of.record.digest);
        shown.account.clone_from(&of.signer.name);
        shown.full_name.clone_from(&of.signer.full_name);
        shown.why.clone_from(&statement.why);
        (shown.meaning, shown.time) = (of.meaning, statement.time);
        let signature = signature::Signature { statement, digest: kept.digest };
        let snapshot = self.snapshot.load();
        let name_of = |number| snapshot.holder(number).map(|holder| holder.name.to_string());
        shown.invalid = match signature::check(&signature, &record, anchor, name_of) {
            Validity::Valid => None,
            Validity::Invalid(why) => Some(why.to_string()),
        };
        shown
    }
}

fn series(by: &Pass) -> Series {
    match by.session() {
        Some(session) if session.has_signed() => Series::Further,
        _ => Series::First,
    }
}

fn factor_of(account: &AccountRecord) -> SecondFactor {
    match account.factor {
        Some(_) => SecondFactor::Enrolled,
        None => SecondFactor::None,
    }
}
