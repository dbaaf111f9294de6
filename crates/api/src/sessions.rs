//! The sessions of everybody, and ending them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, ChangeAccounts, ReadAccounts, Scope};
use crate::accounts::WhyRequest;
use crate::problem::{ApiError, Problem};
use crate::query::{Json, Params, Segment};
use crate::refusals::check_reason;
use crate::shape::{Empty, Written};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionLine)]
struct Line {
    /// Its public name; opens nothing.
    id: String,
    /// Whose it is.
    account: String,
    /// From where it began.
    #[schema(required)]
    from: Option<String>,
    /// The program that began it, as it calls itself.
    agent: String,
    /// When it began.
    began_ms: i64,
    /// When a person last used it.
    active_ms: i64,
    /// When it ends at the latest.
    ends_ms: i64,
    /// `live`, `locked`, `password-due` or `factor-due`.
    state: &'static str,
    /// Whether it is the one that asks.
    own: bool,
}

/// All sessions.
#[derive(Debug, Serialize, ToSchema)]
struct Sessions {
    /// In the order in which they began.
    sessions: Vec<Line>,
}

/// Lists all sessions that have not ended.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    responses((status = 200, description = "The sessions", body = Sessions), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_sessions(
    caller: Caller<ReadAccounts>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let identity = &caller.may(Scope::Node)?.api.identity;
    let own = caller.actor().session.as_deref();
    let mut all = identity.sessions();
    all.sort_by(|a, b| (a.began, &a.id).cmp(&(b.began, &b.id)));
    let line = |session: lineshaft_identity::SessionLine| Line {
        own: own == Some(session.id.as_str()),
        id: session.id,
        account: session.account,
        from: session.from.map(|from| from.to_string()),
        agent: session.agent,
        began_ms: session.began.millis(),
        active_ms: session.active.millis(),
        ends_ms: session.ends.millis(),
        state: session.state.word(),
    };
    let sessions: Vec<Line> = all.into_iter().map(line).collect();
    let bytes = sessions.len() * 400;
    Ok(Written::new(&Sessions { sessions }, bytes))
}

/// Ends a session, at once.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    params(("id" = String, Path, description = "Its public name")),
    request_body = WhyRequest,
    responses((status = 200, description = "Done", body = Empty), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn end_session(
    caller: Caller<ChangeAccounts>,
    Segment(id): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    check_reason(api, &why)?;
    let ((), entry) = api.identity.end_session(caller.pass(), &id, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&Empty {}, 2))
}
