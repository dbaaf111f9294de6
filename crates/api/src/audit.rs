//! The audit trail: reading it, proving it, having it verified, saying that one has reviewed it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use lineshaft_audit::{
    Act, Action, Checkpoint, KnownOutcome, Outcome, PAGE_ENTRIES_MAX, Page, Query, Report, Trail,
    VerifyError,
};
use lineshaft_contract::Chain;
use lineshaft_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use crate::access::{Caller, CheckAudit, ProveAudit, ReadAudit, ReadNode, Scope};
use crate::auditing::{Reviewed, Verified, look, no_entry, reading, unreadable};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json, MaybeJson, Params, nearest};
use crate::refusals::{check_reason, no_trail};
use crate::server::Shared;
use crate::shape::Written;

/// Entries of a page when nobody says.
const PAGE: u32 = 100;
/// The longest description of what somebody read, in bytes.
const READ_DETAIL_BYTES_MAX: usize = 500;

/// Who acts.
#[derive(ToSchema)]
#[schema(as = AuditActor)]
#[expect(dead_code, reason = "the shape of audit's `Actor`, for the OpenAPI document")]
struct ActorShape {
    /// `maria`, `token:scada`, `certificate:press-07`, `local:root`, `disk`, `node`, `visitor`, `anonymous`.
    name: String,
    /// The account's number, where there is an account.
    #[schema(required = false)]
    account: Option<u64>,
    /// `http`, `local`, `disk` or `node`.
    road: String,
    /// From where.
    #[schema(required = false)]
    from: Option<String>,
    /// The session's public name.
    #[schema(required = false)]
    session: Option<String>,
}

/// An entry, letter by letter as it is kept and hashed; what is absent is left out.
#[derive(ToSchema)]
#[schema(as = AuditEntry)]
#[expect(dead_code, reason = "the shape of audit's lines, for the OpenAPI document")]
struct EntryShape {
    /// Its number, from 0.
    seq: u64,
    /// When, UTC with nanoseconds.
    time: String,
    /// Who.
    who: ActorShape,
    /// `tag.write`, `account.create`, …
    action: String,
    /// On what.
    object: String,
    /// What it was before.
    #[schema(required = false)]
    old: Option<serde_json::Value>,
    /// What it is now.
    #[schema(required = false)]
    new: Option<serde_json::Value>,
    /// Why, in the actor's words.
    #[schema(required = false)]
    why: Option<String>,
    /// `requested`, `done`, `refused`, `failed` or `unknown`.
    result: String,
    /// Why it was refused or failed; which entry it belongs to.
    #[schema(required = false)]
    detail: Option<String>,
    /// SHA-256 of the checkpoint before, in the first entry of a group.
    #[schema(required = false)]
    after: Option<String>,
}

/// Some of the trail.
#[derive(ToSchema)]
#[schema(as = AuditPage)]
#[expect(dead_code, reason = "written by hand: the lines go out letter by letter")]
pub(crate) struct AuditPage {
    /// In the order asked for. May be empty although there is a `next`: one question does a bounded amount of work.
    entries: Vec<EntryShape>,
    /// What to ask for as `after` to go on.
    #[schema(required)]
    next: Option<u64>,
    /// How many entries the trail has.
    entries_total: u64,
}

/// How the trail is doing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditStatus)]
struct StatusPage {
    /// Entries on disk: the number of the next one.
    entries: u64,
    /// Bytes of the segments that are here.
    bytes: u64,
    /// Segment files that are here.
    segments: u32,
    /// `writing`, `full` while there is no room, `stopped` after a failed write, `closed`.
    state: &'static str,
    /// Why it does not write.
    #[schema(required)]
    error: Option<String>,
    /// Bytes free for it, its reserve not counted.
    #[schema(required)]
    free_bytes: Option<u64>,
    /// Free space is short, or part of the reserve is used up.
    low: bool,
    /// What the last start found that is not as it should be.
    #[schema(required)]
    recovered: Option<String>,
    /// The newest checkpoint: keep it elsewhere.
    checkpoint: String,
    /// The public key, as C2SP writes it.
    key: String,
    /// The oldest entry that is here; those before it were archived.
    oldest: u64,
    /// The newest verification.
    #[schema(required)]
    verified: Option<Verified>,
    /// The newest review.
    #[schema(required)]
    reviewed: Option<Reviewed>,
}

/// A verification to make.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct VerifyRequest {
    /// Checkpoints that were handed out earlier, at most 16: the trail must go on from each.
    checkpoints: Vec<String>,
    /// Why.
    why: String,
}

/// Somebody says that he has looked at everything up to an entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewRequest {
    /// The last entry he has looked at.
    seq: u64,
    /// Why, or what he found.
    #[serde(default)]
    why: String,
}

const FILTERS: [&str; 10] =
    ["order", "limit", "after", "who", "action", "object", "result", "start", "end", "text"];

/// Reads the trail. Leaves an entry itself, at most one a minute for each reader.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    params(
        ("order" = Option<String>, Query, description = "`newest` (default) or `oldest` first"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "1 to 10,000, default 100"),
        ("after" = Option<u64>, Query, minimum = 0, description = "The `next` of the page before"),
        ("who" = Option<String>, Query, description = "Exactly this name"),
        ("action" = Option<String>, Query, description = "An action (`tag.write`) or a category (`tag`)"),
        ("object" = Option<String>, Query, description = "The object has this in it"),
        ("result" = Option<String>, Query, description = "`requested`, `done`, `refused`, `failed` or `unknown`"),
        ("start" = Option<String>, Query, description = "Not before this time"),
        ("end" = Option<String>, Query, description = "Before this time"),
        ("text" = Option<String>, Query, description = "Anywhere in the entry, in any case"),
    ),
    responses((status = 200, description = "Some of the trail", body = AuditPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_audit(
    caller: Caller<ReadAudit>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&FILTERS)?;
    let query = query(&params)?;
    let shared = caller.may(Scope::Node)?;
    let page = reading(shared, move |trail| trail.read(&query).map_err(unreadable)).await?;
    let total = shared.api.trail.checkpoint().size();
    note_reading(&caller, shared, &params).await;
    Ok(written(&page, total))
}

fn query(params: &Params) -> Result<Query, ApiError> {
    let text = |key| params.one(key).map(|text| text.map(str::to_owned));
    let action = text("action")?;
    if let Some(action) = &action {
        check_action(action)?;
    }
    Ok(Query {
        newest_first: params.choice("order", &["newest", "oldest"])? == "newest",
        after: seq(params, "after")?,
        limit: params.number("limit", 1..=PAGE_ENTRIES_MAX, PAGE)?,
        who: text("who")?,
        action,
        object: text("object")?,
        result: params.one("result")?.map(outcome).transpose()?,
        start: time(params, "start")?,
        end: time(params, "end")?,
        text: text("text")?,
    })
}

/// A number of an entry, where there is one.
pub(crate) fn seq(params: &Params, key: &str) -> Result<Option<u64>, ApiError> {
    match params.one(key)? {
        None => Ok(None),
        Some(_) => params.number(key, 0..=u64::MAX, 0).map(Some),
    }
}

/// An instant, where there is one.
pub(crate) fn time(params: &Params, key: &str) -> Result<Option<Timestamp>, ApiError> {
    match params.one(key)? {
        None => Ok(None),
        Some(_) => params.instant(key).map(Some),
    }
}

fn check_action(asked: &str) -> Result<(), ApiError> {
    let all = Action::ALL.iter().map(|action| action.word());
    let categories = all.clone().filter_map(|word| word.split('.').next());
    let mut known = all.chain(categories);
    if known.clone().any(|word| word == asked) {
        return Ok(());
    }
    let error = ApiError::query("action", format!("there is no action `{asked}`"));
    let meant = nearest(asked, &mut known);
    Err(match meant {
        Some(meant) => error.remedy(format!("did you mean `{meant}`?")),
        None => error,
    })
}

fn outcome(word: &str) -> Result<Outcome, ApiError> {
    match word {
        "requested" => Ok(Outcome::Requested),
        "done" => Ok(Outcome::Done),
        "refused" => Ok(Outcome::Refused),
        "failed" => Ok(Outcome::Failed),
        "unknown" => Ok(Outcome::Unknown),
        _ => Err(ApiError::query("result", format!("there is no outcome `{word}`"))
            .remedy("`requested`, `done`, `refused`, `failed` or `unknown`")),
    }
}

/// The entries go out letter by letter: what is hashed is the line, not what a program made of it.
fn written(page: &Page, total: u64) -> Written {
    let bytes: usize = page.entries.iter().map(|entry| entry.line.len() + 1).sum();
    let mut out = String::with_capacity(bytes + 80);
    out.push_str("{\"entries\":[");
    for (at, entry) in page.entries.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&entry.line);
    }
    let next = page.next.map_or_else(|| "null".to_owned(), |next| next.to_string());
    let _ = write!(out, "],\"next\":{next},\"entries_total\":{total}}}");
    Written(out.into_bytes())
}

/// Says in the trail who reads it. A trail that takes no entry can be read all the same: how else would somebody find
/// out what happened before it filled up?
async fn note_reading(caller: &Caller<ReadAudit>, shared: &Arc<Shared>, params: &Params) {
    let (reader, now) = (&caller.actor().name, shared.api.clock.steady());
    if !shared.auditing.is_due(reader, now) {
        return;
    }
    let mut asked = params.to_string();
    asked.truncate(asked.floor_char_boundary(READ_DETAIL_BYTES_MAX));
    let mut act = Act::done(caller.actor(), Action::AuditRead, "audit trail");
    act.detail = (!asked.is_empty()).then_some(asked);
    match shared.api.trail.record(act).await {
        Ok(entry) => {
            caller.recorded(&entry);
        }
        Err(error) => {
            shared.auditing.is_due_again(reader);
            // That it takes no entries, it has said itself, once.
            tracing::debug!(error = %Chain(&error), "reading the audit trail left no entry");
        }
    }
}

/// Shows how the trail is doing, and who has verified and reviewed it.
#[utoipa::path(
    get,
    path = "/api/v1/audit/status",
    responses((status = 200, description = "The trail", body = StatusPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_audit_status(
    caller: Caller<ProveAudit>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let shared = caller.may(Scope::Node)?;
    let told = match look(shared).await {
        Ok(told) => told,
        // A trail that cannot be read says so in `state`; that must be seen.
        Err(_logged) => shared.auditing.told(),
    };
    let trail = &shared.api.trail;
    let status = trail.status();
    let page = StatusPage {
        entries: status.entries,
        bytes: status.bytes,
        segments: status.segments,
        state: status.state.word(),
        error: status.error.map(|error| error.to_string()),
        free_bytes: status.free_bytes,
        low: status.low,
        recovered: status.recovered.map(|found| found.to_string()),
        checkpoint: status.checkpoint.text().to_owned(),
        key: trail.verifier_key(),
        oldest: status.oldest_kept,
        verified: told.verified().cloned(),
        reviewed: told.reviewed().cloned(),
    };
    Ok(Written::new(&page, 1_024))
}

/// Has every entry, hash and signature checked, and that the trail goes on from checkpoints handed out earlier. One at a
/// time; acquisition goes on.
#[utoipa::path(
    post,
    path = "/api/v1/audit/verify",
    request_body = Option<VerifyRequest>,
    responses((status = 200, description = "What was found", body = Verified), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn verify_audit(
    caller: Caller<CheckAudit>,
    MaybeJson(request): MaybeJson<VerifyRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    check_reason(&shared.api, &request.why)?;
    let known = checkpoints(&request.checkpoints)?;
    let turn = shared.auditing.verify_turn()?;
    let act = Act::done(caller.actor(), Action::AuditVerify, "audit trail").why(&request.why);
    let at = shared.clone();
    // In a task of its own: a client that hangs up meanwhile must not take the entry with it.
    let task = shared.changes.spawn(async move { verify(&at, turn, known, act).await });
    let (verified, entry) = task.await.map_err(|error| {
        tracing::error!(%error, "a verification of the audit trail failed");
        ApiError::new(Code::Internal, "the verification was cut off")
    })??;
    caller.recorded(&entry);
    Ok(Written::new(&verified, 256))
}

fn checkpoints(texts: &[String]) -> Result<Vec<Checkpoint>, ApiError> {
    let max = limits::CHECKPOINTS_MAX;
    if texts.len() > max {
        let detail = format!("more than {max} checkpoints are given");
        return Err(ApiError::new(Code::Body, detail).field("checkpoints"));
    }
    let read = |text: &String| {
        Checkpoint::parse(text)
            .map_err(|error| ApiError::new(Code::Body, error.to_string()).field("checkpoints"))
    };
    texts.iter().map(read).collect()
}

async fn verify(
    shared: &Shared,
    turn: OwnedSemaphorePermit,
    known: Vec<Checkpoint>,
    act: Act,
) -> Result<(Verified, lineshaft_audit::Recorded), ApiError> {
    let trail = shared.api.trail.clone();
    let work = move || {
        let _turn = turn;
        verify_now(&trail, &known)
    };
    let report = tokio::task::spawn_blocking(work).await;
    let at_ms = shared.api.clock.now().millis();
    let (verified, act) = match report {
        Ok(Ok(report)) => {
            let detail = broken(&report);
            let outcome = if report.is_sound() { "sound" } else { "broken" };
            let mut new = json!({ "entries": report.entries, "outcome": outcome });
            if let Some(detail) = &detail {
                tracing::error!(detail, "the audit trail is not what was written");
                new["broken"] = detail.clone().into();
            }
            let outcome = outcome.to_owned();
            let verified = Verified { at_ms, entries: report.entries, outcome, detail };
            (Ok(verified), act.new(new))
        }
        Ok(Err(error)) => {
            tracing::error!(error = %Chain(&error), "the audit trail cannot be verified");
            let text = format!("{}: {error}", error.code());
            let act = act.result(Outcome::Failed).detail(text.clone());
            (Err(ApiError::new(Code::TrailUnreadable, text)), act)
        }
        Err(panic) => {
            tracing::error!(error = %panic, "a verification of the audit trail failed");
            (
                Err(ApiError::new(Code::Internal, "the verification failed")),
                act.result(Outcome::Failed),
            )
        }
    };
    match (shared.api.trail.record(act).await, verified) {
        (Ok(entry), Ok(verified)) => Ok((verified, entry)),
        (_, Err(error)) => Err(error),
        (Err(error), Ok(Verified { outcome, detail, .. })) => {
            tracing::error!(error = %Chain(&error), "a verification could not be recorded");
            let found = detail.map_or(outcome.clone(), |detail| format!("{outcome} ({detail})"));
            let detail = format!("the trail is {found}, and that could not be recorded");
            Err(ApiError::new(Code::Trail, detail)
                .remedy("`GET /api/v1/audit/status` says what is wrong with the trail"))
        }
    }
}

fn verify_now(trail: &Trail, known: &[Checkpoint]) -> Result<Report, VerifyError> {
    trail.verify(known)
}

/// What is wrong, in a few sentences; `None` when nothing is.
fn broken(report: &Report) -> Option<String> {
    let first = report.first_broken().map(|broken| {
        let more = report.broken.len().saturating_sub(1);
        if more == 0 { broken.to_string() } else { format!("{broken} (and {more} more)") }
    });
    let failed = report.known.iter().filter(|known| known.outcome != KnownOutcome::Holds);
    let known = failed.map(|known| {
        format!("the checkpoint of {} entries: {}", known.checkpoint.size(), known.outcome.text())
    });
    let all: Vec<String> = first.into_iter().chain(known).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Says that one has reviewed the trail up to an entry.
#[utoipa::path(
    post,
    path = "/api/v1/audit/review",
    request_body = ReviewRequest,
    responses((status = 200, description = "The review", body = Reviewed), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn review_audit(
    caller: Caller<CheckAudit>,
    Json(request): Json<ReviewRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let ReviewRequest { seq, why } = request;
    check_reason(api, &why)?;
    if seq >= api.trail.checkpoint().size() {
        return Err(no_entry(seq));
    }
    let act = Act::done(caller.actor(), Action::AuditReview, format!("entry {seq} and before"));
    let act = act.new(json!({ "seq": seq })).why(&why);
    let entry = api.trail.record(act).await.map_err(|error| no_trail(&error))?;
    caller.recorded(&entry);
    let (who, at_ms) = (caller.actor().name.to_string(), api.clock.now().millis());
    Ok(Written::new(&Reviewed { seq, who, at_ms }, 128))
}

/// Gives the newest checkpoint: whoever keeps it elsewhere finds every later change of anything before it.
#[utoipa::path(
    get,
    path = "/api/v1/audit/checkpoint",
    responses((status = 200, description = "A checkpoint (C2SP tlog-checkpoint)", body = String, content_type = "text/plain"), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_checkpoint(
    caller: Caller<ReadNode>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&[])?;
    // It says nothing of the plant, and the more people keep one the better.
    let (shared, _) = caller.view("")?;
    Ok(text(shared.api.trail.checkpoint().text().to_owned()))
}

/// Proves that an entry is in the trail.
#[utoipa::path(
    get,
    path = "/api/v1/audit/proof",
    params(
        ("seq" = u64, Query, minimum = 0, description = "Which entry"),
        ("size" = Option<u64>, Query, minimum = 0, description = "In the trail as it was with so many entries; the proof then ends where that checkpoint goes"),
    ),
    responses((status = 200, description = "A proof (C2SP tlog-proof)", body = String, content_type = "text/plain"), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn prove_entry(
    caller: Caller<ProveAudit>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&["seq", "size"])?;
    let asked = seq(&params, "seq")?.ok_or_else(|| missing("seq"))?;
    let size = seq(&params, "size")?;
    let shared = caller.may(Scope::Node)?;
    let proof = reading(shared, move |trail| {
        let newest = trail.checkpoint();
        let size = size.unwrap_or(newest.size());
        let proof = trail.inclusion(asked, size).map_err(unreadable)?;
        let proof = proof.to_text(asked, &newest);
        if size == newest.size() {
            return Ok(proof);
        }
        // Only whoever kept that checkpoint has it: he puts it behind the empty line.
        let end = proof.find("\n\n").map_or(proof.len(), |at| at + 2);
        Ok(proof[..end].to_owned())
    });
    Ok(text(proof.await?))
}

/// Proves that the trail begins with what it was before.
#[utoipa::path(
    get,
    path = "/api/v1/audit/consistency",
    params(
        ("from" = u64, Query, minimum = 0, description = "How many entries it had"),
        ("to" = Option<u64>, Query, minimum = 0, description = "How many it has; all of them when nothing is said"),
    ),
    responses((status = 200, description = "The hashes, one a line in base64 (RFC 6962, 2.1.2)", body = String, content_type = "text/plain"), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn prove_consistency(
    caller: Caller<ProveAudit>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&["from", "to"])?;
    let from = seq(&params, "from")?.ok_or_else(|| missing("from"))?;
    let to = seq(&params, "to")?;
    let shared = caller.may(Scope::Node)?;
    let proof = reading(shared, move |trail| {
        let to = to.unwrap_or_else(|| trail.checkpoint().size());
        trail.consistency(from, to).map_err(unreadable)
    });
    Ok(text(proof.await?.to_lines()))
}

fn missing(key: &str) -> ApiError {
    ApiError::query(key, format!("`{key}` is missing"))
}

fn text(text: String) -> Response {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    let fresh = HeaderValue::from_static("no-store");
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, fresh)], text).into_response()
}
