//! Electronic signatures under records: what a signature says, and giving one.
//!
//! - Source: 21 CFR 11.50, 11.70, 11.200; the rules themselves are in `identity`.
//! - Records that can be signed: revisions of the plant. Their digest is over all their files.

use std::fmt;
use std::sync::Arc;

use lineshaft_identity::signature::ChallengeError;
use lineshaft_identity::{
    LoginError, Meaning, RecordNow, Secret, SignError, Signature, Signing, ToSign,
};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::access::{Caller, PrepareSign, ReadConfig, Scope, Sign, refused};
use crate::configuring::{number, turn};
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json, Params};
use crate::refusals::check_reason;
use crate::server::Shared;
use crate::shape::Written;

/// The kind of a record that is a revision of the plant.
pub(crate) const REVISION: &str = "revision";

/// A signature.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signature)]
pub(crate) struct SignatureLine {
    /// Its number.
    id: u64,
    /// What was signed: `revision`.
    kind: String,
    /// Which one.
    record: String,
    /// SHA-256 of its content when it was signed.
    digest: String,
    /// The signer's account.
    account: String,
    /// His printed name when he signed.
    full_name: String,
    /// `authored`, `reviewed`, `approved` or `responsible`.
    #[schema(value_type = String)]
    meaning: Meaning,
    /// When.
    time_ms: i64,
    /// Why, in his words.
    why: String,
    /// Whether it holds for the record as it is now.
    valid: bool,
    /// Why it does not.
    #[schema(required)]
    invalid_why: Option<String>,
    /// Its entry in the trail.
    seq: u64,
}

impl From<Signature> for SignatureLine {
    fn from(signature: Signature) -> SignatureLine {
        SignatureLine {
            id: signature.id,
            kind: signature.kind,
            record: signature.record,
            digest: signature.digest,
            account: signature.account,
            full_name: signature.full_name,
            meaning: signature.meaning,
            time_ms: signature.time.millis(),
            why: signature.why,
            valid: signature.invalid.is_none(),
            invalid_why: signature.invalid,
            seq: signature.seq,
        }
    }
}

/// Signatures under a record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signatures)]
struct SignaturesPage {
    /// Oldest first.
    signatures: Vec<SignatureLine>,
}

/// What somebody is about to sign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeRequest {
    /// `revision`.
    kind: String,
    /// Which one.
    #[serde(deserialize_with = "text_or_number")]
    record: String,
    /// `authored`, `reviewed`, `approved` or `responsible`.
    #[schema(value_type = String)]
    meaning: Meaning,
}

/// One chance to sign, for five minutes.
#[derive(Serialize, ToSchema)]
#[schema(as = Challenge)]
struct ChallengePage<'a> {
    /// Its secret name.
    challenge: &'a str,
    /// SHA-256 of what is in the record now.
    digest: String,
    /// What the signer is shown and what he signs.
    statement: String,
    /// What he must enter: `account`, `password`, `code`.
    needs: Vec<&'static str>,
}

/// A person signs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignRequest {
    /// The challenge's secret name.
    #[schema(value_type = String, format = Password)]
    challenge: Secret,
    /// His account name, at the first signing of a session.
    account: Option<String>,
    /// His password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// A code of his second factor, at the first signing of a session, if he has one.
    code: Option<String>,
    /// Why.
    #[serde(default)]
    why: String,
}

/// Lists the signatures under a record, each with whether it holds for what is in the record now.
#[utoipa::path(
    get,
    path = "/api/v1/signatures",
    params(
        ("kind" = String, Query, description = "`revision`"),
        ("id" = u64, Query, minimum = 0, description = "Which one"),
    ),
    responses((status = 200, description = "The signatures", body = SignaturesPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_signatures(
    caller: Caller<ReadConfig>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["kind", "id"])?;
    let kind = params.choice("kind", &[REVISION])?;
    let id = params.one("id")?.ok_or_else(|| ApiError::query("id", "`id` is missing"))?;
    let shared = caller.may(Scope::Node)?;
    let (record, now) = record_now(shared, kind, id).await?;
    let signatures = shared.api.identity.signatures(kind, &record, Some(&now.digest)).await?;
    let signatures: Vec<SignatureLine> = signatures.into_iter().map(SignatureLine::from).collect();
    let bytes = 64 + signatures.len() * 400;
    Ok(Written::new(&SignaturesPage { signatures }, bytes))
}

/// Shows what will be signed and what the signer must enter. Good for one attempt within five minutes, in this session.
#[utoipa::path(
    post,
    path = "/api/v1/signatures/challenge",
    request_body = ChallengeRequest,
    responses((status = 200, description = "What to sign", body = ChallengePage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn challenge_signature(
    caller: Caller<PrepareSign>,
    Json(request): Json<ChallengeRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    let ChallengeRequest { kind, record, meaning } = request;
    let (record, now) = record_now(shared, &kind, &record).await?;
    let what = ToSign { kind, record, now, meaning };
    let challenge = shared.api.identity.sign_challenge(caller.pass(), what).await?;
    let page = ChallengePage {
        challenge: challenge.challenge.reveal(),
        digest: challenge.digest,
        statement: challenge.statement,
        needs: challenge.needs,
    };
    Ok(Written::new(&page, 1_024))
}

/// Signs. The challenge is used up, whatever comes of it.
#[utoipa::path(
    post,
    path = "/api/v1/signatures",
    request_body = SignRequest,
    responses((status = 200, description = "The signature", body = SignatureLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn sign(
    caller: Caller<Sign>,
    Json(request): Json<SignRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    let identity = &shared.api.identity;
    let SignRequest { challenge, account, password, code, why } = request;
    check_reason(&shared.api, &why)?;
    let Some((kind, record)) = identity.challenged_record(caller.pass(), &challenge) else {
        return Err(SignError::from(ChallengeError::Unknown).into());
    };
    let (_, now) = record_now(shared, &kind, &record).await?;
    let signing = Signing { challenge, account, password, code };
    let (signature, entry) = identity.sign(caller.pass(), signing, now, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&SignatureLine::from(signature), 512))
}

/// The number of a record in its one form, and what is in it now.
async fn record_now(
    shared: &Arc<Shared>,
    kind: &str,
    record: &str,
) -> Result<(String, RecordNow), ApiError> {
    if kind != REVISION {
        let detail = format!("there are no records of the kind `{kind}`");
        return Err(ApiError::new(Code::NoSuchRecord, detail).field("kind").remedy("`revision`"));
    }
    let id = number(REVISION, record)?;
    let (plant, _turn) = turn(shared).await?;
    let revision = plant.revision(id).await?;
    let authors = authors(&shared.api, &revision.by);
    Ok((id.to_string(), RecordNow { digest: revision.digest, authors }))
}

/// The account that made a revision, also where it used a token.
fn authors(api: &Api, by: &lineshaft_contract::By) -> Vec<String> {
    let of_number = by
        .account
        .and_then(|id| api.identity.accounts().into_iter().find(|account| account.id == id));
    let of_name = api.identity.account(&by.who);
    of_number.or(of_name).map(|account| account.account).into_iter().collect()
}

impl From<SignError> for ApiError {
    fn from(error: SignError) -> ApiError {
        let detail = error.to_string();
        match error {
            SignError::Denied(denied) => refused(&denied),
            SignError::Challenge(ChallengeError::Full) => ApiError::new(Code::LoginBusy, detail),
            SignError::Challenge(_) => ApiError::new(Code::SignatureRefused, detail)
                .remedy("look at the record again, and begin again"),
            SignError::Refused(_) => ApiError::new(Code::SignatureRefused, detail),
            SignError::Change(change) => ApiError::from(*change),
            SignError::Wrong => LoginError::Wrong.into(),
            SignError::Busy => LoginError::Busy.into(),
            SignError::Trail(trail) => LoginError::Trail(trail).into(),
            SignError::Store(store) => LoginError::Store(store).into(),
            other => {
                tracing::error!(error = %other, "signing failed");
                ApiError::new(Code::Internal, "nothing was signed")
            }
        }
    }
}

/// A record's number, written as text or as a number.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    struct Either;
    impl Visitor<'_> for Either {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the number of a record")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }
    from.deserialize_any(Either)
}
