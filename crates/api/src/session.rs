//! One's own session: who am I, logging in and out, locking and unlocking, and the first account of a new node.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use lineshaft_contract::Approval;
use lineshaft_identity::{
    About, IdleMeans, Kind, LoggedIn, Login, NewPerson, Pass, Rule, Secret, Standing,
};
use lineshaft_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::access::{Caller, ChangeOwn, Enter, Public, Scope};
use crate::credentials::{agent, has_session_cookie, set_cookie, unset_cookie};
use crate::problem::{ApiError, Problem};
use crate::query::Json;
use crate::roles::RuleShape;
use crate::shape::{Empty, Written, millis};

/// Who asks, and what he may.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionPage {
    /// `setup` (nobody has an account yet), `anonymous`, `live`, `locked`, `password-due` or `factor-due`.
    state: &'static str,
    /// The node's name.
    node: String,
    /// The prefix of its tags.
    path: String,
    /// `nobody`, `visitor`, `person`, `token`, `certificate` or `local`.
    kind: &'static str,
    /// Account name; null where there is no account.
    #[schema(required)]
    account: Option<String>,
    /// The person's printed name.
    #[schema(required)]
    full_name: Option<String>,
    /// What he may, once nothing is locked or due.
    #[schema(value_type = Vec<RuleShape>)]
    permissions: Vec<Rule>,
    /// What the plant shows before anybody logs in.
    #[schema(required)]
    banner: Option<String>,
    /// The session's public name; opens nothing.
    #[schema(required)]
    session: Option<String>,
    /// After how long without a person a session is idle.
    idle_ms: u64,
    /// When the session ends at the latest.
    #[schema(required)]
    ends_ms: Option<i64>,
    /// What happens to an idle session: `lock` or `end`.
    idle_means: &'static str,
    /// Whether every change and every write needs a `why`.
    require_reason: bool,
    /// Whether a change of the plant waits for a second person.
    four_eyes: bool,
    /// Whether he has signed in this session: the next signature needs the password alone.
    signed_before: bool,
    /// Whether he has a second factor.
    factor: bool,
    /// What he should know since his last login.
    notices: Vec<String>,
    /// His login before this one.
    #[schema(required)]
    last_login_ms: Option<i64>,
}

impl SessionPage {
    fn new(api: &Api, pass: &Pass) -> SessionPage {
        let status = api.node.status();
        let About {
            standing,
            kind,
            account,
            full_name,
            permissions,
            session,
            idle,
            idle_means,
            ends,
            signed_before,
            factor,
            notices,
            last_login,
        } = pass.about();
        let is_new = kind == Kind::Nobody && !api.identity.has_admin();
        let state = match standing {
            _ if is_new => "setup",
            Standing::Ended => Standing::Anonymous.word(),
            standing => standing.word(),
        };
        let configuration = api.configuration.as_ref();
        let approval = configuration.map(|plant| plant.policy().approval).unwrap_or_default();
        SessionPage {
            state,
            node: status.node,
            path: status.path.to_string(),
            kind: kind.word(),
            account,
            full_name,
            permissions,
            banner: api.banner.clone(),
            session,
            idle_ms: millis(idle),
            ends_ms: ends.map(Timestamp::millis),
            idle_means: match idle_means {
                IdleMeans::Lock => "lock",
                IdleMeans::End => "end",
            },
            require_reason: api.identity.policy().require_reason,
            four_eyes: approval == Approval::FourEyes,
            signed_before,
            factor,
            notices,
            last_login_ms: last_login.map(Timestamp::millis),
        }
    }
}

/// Name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// Account name.
    account: String,
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// A code of the second factor, or a recovery code; asked for with LS-API-026.
    code: Option<String>,
}

/// A password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// One's own.
    #[schema(value_type = String, format = Password)]
    pub(crate) password: Secret,
}

/// The first administrator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupRequest {
    /// The secret of the link that `lineshaft run` printed.
    #[schema(value_type = String, format = Password)]
    secret: Secret,
    /// Account name.
    account: String,
    /// The person's printed name.
    full_name: String,
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

/// Says who asks and what he may.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    responses((status = 200, description = "Who asks", body = SessionPage))
)]
pub(crate) async fn read_session(
    caller: Caller<Public>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shared = caller.may(Scope::Node)?;
    let page = Written::new(&SessionPage::new(&shared.api, caller.pass()), 1_024);
    let is_session = caller.pass().actor().session.is_some();
    if is_session || !has_session_cookie(&headers) {
        return Ok(page.into_response());
    }
    // The page itself cannot take a cookie away that scripts do not see; with it, every other path answers 401.
    Ok(([(header::SET_COOKIE, unset_cookie(caller.peer()))], page).into_response())
}

/// Logs in. The answer sets the session's cookie.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Who asks", body = SessionPage),
        (status = 401, description = "Wrong, or a code is needed", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn log_in(
    caller: Caller<Enter>,
    headers: HeaderMap,
    Json(request): Json<LoginRequest>,
) -> Result<Response, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let LoginRequest { account, password, code } = request;
    let login = Login { account, password, code };
    let entry = api.identity.login(login, caller.peer().from(), agent(&headers)).await?;
    // The session that was open in this browser would live on without anybody who knows its secret.
    if caller.pass().kind() == Kind::Person {
        let _ended_already = api.identity.logout(caller.pass()).await;
    }
    Ok(entered(&caller, api, &entry))
}

/// Makes the first administrator, with the link that `lineshaft run` prints while there is none, and logs him in.
#[utoipa::path(
    post,
    path = "/api/v1/setup",
    request_body = SetupRequest,
    responses(
        (status = 200, description = "Who asks", body = SessionPage),
        (status = 403, description = "Setup is over, or the link is wrong", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_up(
    caller: Caller<Enter>,
    headers: HeaderMap,
    Json(request): Json<SetupRequest>,
) -> Result<Response, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let SetupRequest { secret, account, full_name, password } = request;
    let person = NewPerson { account, full_name, password };
    let (from, agent) = (caller.peer().from(), agent(&headers));
    let entry = api.identity.set_up(secret.reveal(), person, from, agent).await?;
    Ok(entered(&caller, api, &entry))
}

fn entered(caller: &Caller<Enter>, api: &Api, entry: &LoggedIn) -> Response {
    caller.entered(entry);
    caller.peer().is_known();
    let left = entry.ends.checked_since(api.clock.now()).unwrap_or_default();
    let cookie = set_cookie(&entry.secret, left, caller.peer());
    let page = Written::new(&SessionPage::new(api, &entry.pass), 1_024);
    ([(header::SET_COOKIE, cookie)], page).into_response()
}

/// Logs out. The answer takes the session's cookie away.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    responses((status = 200, description = "Done", body = Empty), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn log_out(caller: Caller<ChangeOwn>) -> Result<Response, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let ((), entry) = api.identity.logout(caller.pass()).await?;
    caller.recorded(&entry);
    let cookie = unset_cookie(caller.peer());
    Ok(([(header::SET_COOKIE, cookie)], Written::new(&Empty {}, 2)).into_response())
}

/// Locks one's session: it looks at the plant and does nothing else until it is unlocked.
#[utoipa::path(
    post,
    path = "/api/v1/session/lock",
    responses((status = 200, description = "Who asks", body = SessionPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn lock_session(caller: Caller<ChangeOwn>) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let ((), entry) = api.identity.lock_session(caller.pass()).await?;
    caller.recorded(&entry);
    Ok(Written::new(&SessionPage::new(api, caller.pass()), 1_024))
}

/// Unlocks one's session with one's password.
#[utoipa::path(
    post,
    path = "/api/v1/session/unlock",
    request_body = PasswordRequest,
    responses((status = 200, description = "Who asks", body = SessionPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn unlock_session(
    caller: Caller<ChangeOwn>,
    Json(request): Json<PasswordRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let ((), entry) = api.identity.unlock_session(caller.pass(), &request.password).await?;
    caller.recorded(&entry);
    Ok(Written::new(&SessionPage::new(api, caller.pass()), 1_024))
}
