//! Saved trends: one's own, and those others share.
//!
//! A trend names tags. Somebody who may not see all of them is not shown it: its pens would tell him what is there.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lineshaft_audit::{Act, Action};
use lineshaft_desk::{NewTrend, Trend};
use lineshaft_model::{TagPath, Timestamp};
use lineshaft_namespace::Namespace;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Api;
use crate::access::{Annotate, Caller, Pass, ReadPlant, Scope};
use crate::desking::{Done, author, change, is_nobody, is_own, may_change_others, not_own, number};
use crate::problem::{ApiError, Problem};
use crate::query::{Json, Params, Segment};
use crate::refusals::no_such;
use crate::shape::{Empty, Written};

/// A saved trend without what is in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedTrendHead)]
struct HeadLine {
    /// Its number.
    id: u64,
    /// What it is called.
    name: String,
    /// Whose it is.
    by: String,
    /// Whether others see it.
    shared: bool,
    /// When it was made, Unix milliseconds.
    made_ms: i64,
    /// When it was last changed.
    changed_ms: i64,
    /// How many `pens` are in it; null where it has no such list.
    #[schema(required)]
    pens: Option<usize>,
}

/// A saved trend.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedTrend)]
struct TrendLine {
    #[serde(flatten)]
    head: HeadLine,
    /// What is in it, as it was given.
    #[schema(value_type = Object)]
    trend: Value,
}

impl From<Trend> for TrendLine {
    fn from(trend: Trend) -> TrendLine {
        let Trend { id, name, by, shared, made, changed, trend } = trend;
        let millis = Timestamp::millis;
        let (made_ms, changed_ms) = (millis(made), millis(changed));
        let pens = trend.get("pens").and_then(Value::as_array).map(Vec::len);
        let head = HeadLine { id, name, by: by.name, shared, made_ms, changed_ms, pens };
        TrendLine { head, trend }
    }
}

/// A trend as it shall be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrendRequest {
    /// What it is called, at most 200 bytes.
    name: String,
    /// Whether others see it.
    shared: bool,
    /// What is in it, at most 64 KiB.
    #[schema(value_type = Object)]
    trend: Value,
}

/// What is kept: nobody in particular has no trends of his own.
fn wanted(pass: &Pass, request: TrendRequest) -> NewTrend {
    let TrendRequest { name, shared, trend } = request;
    NewTrend { name, shared: shared || is_nobody(pass), trend }
}

/// Whether somebody is shown a trend.
fn sees(pass: &Pass, namespace: &Namespace, trend: &Trend) -> bool {
    is_own(pass, &trend.by)
        || trend.shared && (pass.sees("") || !names_hidden(pass, namespace, &trend.trend))
}

/// Whether a tag is named in it that somebody may not see.
fn names_hidden(pass: &Pass, namespace: &Namespace, value: &Value) -> bool {
    let is_hidden = |text: &str| {
        let Ok(path) = TagPath::new(text) else { return false };
        !pass.sees(text) && namespace.tags().id(&path).is_some()
    };
    match value {
        Value::String(text) => is_hidden(text),
        Value::Array(values) => values.iter().any(|one| names_hidden(pass, namespace, one)),
        Value::Object(members) => {
            let hidden = |(key, one): (&String, &Value)| {
                is_hidden(key) || names_hidden(pass, namespace, one)
            };
            members.iter().any(hidden)
        }
        _ => false,
    }
}

/// Lists one's own trends and those that are shared, in the order they were made, without what is in them.
#[utoipa::path(
    get,
    path = "/api/v1/trends",
    responses((status = 200, description = "The trends", body = Vec<HeadLine>), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_trends(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let api = &caller.may(Scope::Somewhere)?.api;
    let (pass, namespace) = (caller.pass().clone(), api.namespace.clone());
    let head =
        move |trend: Trend| sees(&pass, &namespace, &trend).then(|| TrendLine::from(trend).head);
    let lines = api.desk.trends(author(caller.pass()), head).await?;
    Ok(Written::new(&lines, 256 * lines.len()))
}

/// A trend that is there for somebody: whoever may not see it does not learn that it is there.
async fn find(api: &Api, pass: &Pass, id: u64) -> Result<Trend, ApiError> {
    let found = api.desk.trend(id).await?;
    let found = found.filter(|trend| sees(pass, &api.namespace, trend));
    found.ok_or_else(|| no_such("trend", &id.to_string()))
}

/// Shows a trend with what is in it.
#[utoipa::path(
    get,
    path = "/api/v1/trends/{id}",
    params(("id" = u64, Path, description = "Its number")),
    responses((status = 200, description = "The trend", body = TrendLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_trend(
    caller: Caller<ReadPlant>,
    Segment(id): Segment,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let api = &caller.may(Scope::Somewhere)?.api;
    let trend = find(api, caller.pass(), number("trend", &id)?).await?;
    Ok(Written::new(&TrendLine::from(trend), 4_096))
}

fn value(line: &TrendLine) -> Value {
    serde_json::to_value(line).unwrap_or_default()
}

/// Keeps a trend.
#[utoipa::path(
    post,
    path = "/api/v1/trends",
    request_body = TrendRequest,
    responses((status = 201, description = "The trend", body = TrendLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn keep_trend(
    caller: Caller<Annotate>,
    Json(request): Json<TrendRequest>,
) -> Result<Response, ApiError> {
    let shared = caller.may(Scope::Somewhere)?;
    let (actor, by) = (caller.actor().clone(), author(caller.pass()));
    let new = wanted(caller.pass(), request);
    let Done { what, entry } = change(shared, move |draft| {
        let line = TrendLine::from(draft.keep_trend(new, by)?);
        let object = format!("trend {}", line.head.id);
        let act = Act::done(&actor, Action::TrendKeep, object).new(value(&line));
        Ok((line, act))
    })
    .await?;
    caller.recorded(&entry);
    Ok((StatusCode::CREATED, Written::new(&what, 1_024)).into_response())
}

/// Checks that a trend is there for the caller and that he may change it.
async fn check_changeable(caller: &Caller<Annotate>, id: u64) -> Result<(), ApiError> {
    let api = &caller.may(Scope::Somewhere)?.api;
    let found = find(api, caller.pass(), id).await?;
    if is_own(caller.pass(), &found.by) || may_change_others(caller.pass()) {
        return Ok(());
    }
    Err(not_own("trend", &found.by).remedy("keep a copy of your own"))
}

/// Makes a trend another: one's own, or a shared one for whoever may change the plant.
#[utoipa::path(
    put,
    path = "/api/v1/trends/{id}",
    params(("id" = u64, Path, description = "Its number")),
    request_body = TrendRequest,
    responses((status = 200, description = "The trend", body = TrendLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn change_trend(
    caller: Caller<Annotate>,
    Segment(id): Segment,
    Json(request): Json<TrendRequest>,
) -> Result<Written, ApiError> {
    let id = number("trend", &id)?;
    check_changeable(&caller, id).await?;
    let to = wanted(caller.pass(), request);
    let act = Act::done(caller.actor(), Action::TrendChange, format!("trend {id}"));
    let Done { what, entry } = change(caller.may(Scope::Somewhere)?, move |draft| {
        let changed = draft.change_trend(id, to)?;
        let (old, new) = (TrendLine::from(changed.old), TrendLine::from(changed.new));
        let act = act.old(value(&old)).new(value(&new));
        Ok((new, act))
    })
    .await?;
    caller.recorded(&entry);
    Ok(Written::new(&what, 1_024))
}

/// Deletes a trend: one's own, or a shared one for whoever may change the plant. What it was is in the audit trail.
#[utoipa::path(
    delete,
    path = "/api/v1/trends/{id}",
    params(("id" = u64, Path, description = "Its number")),
    responses((status = 200, description = "Done", body = Empty), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn delete_trend(
    caller: Caller<Annotate>,
    Segment(id): Segment,
) -> Result<Written, ApiError> {
    let id = number("trend", &id)?;
    check_changeable(&caller, id).await?;
    let act = Act::done(caller.actor(), Action::TrendDelete, format!("trend {id}"));
    let Done { entry, .. } = change(caller.may(Scope::Somewhere)?, move |draft| {
        let old = TrendLine::from(draft.delete_trend(id)?);
        let act = act.old(value(&old));
        Ok(((), act))
    })
    .await?;
    caller.recorded(&entry);
    Ok(Written::new(&Empty {}, 2))
}
