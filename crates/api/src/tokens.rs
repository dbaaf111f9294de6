//! API tokens: credentials of programs.

use lineshaft_identity::{Grant, NewToken, TokenLine};
use lineshaft_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, ChangeAccounts, ReadAccounts, Scope};
use crate::accounts::{GrantShape, WhyRequest};
use crate::problem::{ApiError, Problem};
use crate::query::{Json, Params, Segment};
use crate::refusals::{check_reason, no_such};
use crate::shape::Written;

/// A token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
struct Token {
    /// Its number, never given twice.
    id: u64,
    /// Its name: in the trail it is `token:NAME`.
    name: String,
    /// What it may.
    #[schema(value_type = Vec<GrantShape>)]
    grants: Vec<Grant>,
    /// Who made it.
    created_by: String,
    /// When.
    created_ms: i64,
    /// When it ends.
    expires_ms: i64,
    /// When it was last used, to the minute.
    #[schema(required)]
    last_used_ms: Option<i64>,
    /// Whether it was revoked.
    revoked: bool,
}

impl From<TokenLine> for Token {
    fn from(token: TokenLine) -> Token {
        Token {
            id: token.id,
            name: token.name,
            grants: token.grants,
            created_by: token.created_by,
            created_ms: token.created.millis(),
            expires_ms: token.expires.millis(),
            last_used_ms: token.last_used.map(Timestamp::millis),
            revoked: token.revoked,
        }
    }
}

/// All tokens.
#[derive(Debug, Serialize, ToSchema)]
struct Tokens {
    /// In the order of their numbers.
    tokens: Vec<Token>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
struct NewTokenPage<'a> {
    /// What `Authorization: Bearer` takes. Shown once and kept nowhere.
    secret: &'a str,
    /// Its number, never given twice.
    id: u64,
    /// Its name.
    name: String,
    /// What it may.
    #[schema(value_type = Vec<GrantShape>)]
    grants: Vec<Grant>,
    /// Who made it.
    created_by: String,
    /// When.
    created_ms: i64,
    /// When it ends.
    expires_ms: i64,
    /// When it was last used: never yet.
    #[schema(required)]
    last_used_ms: Option<i64>,
    /// Whether it was revoked: not yet.
    revoked: bool,
}

/// A new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// Its name.
    name: String,
    /// What it may.
    #[schema(value_type = Vec<GrantShape>)]
    grants: Vec<Grant>,
    /// When it ends; in 365 days where it is not said.
    expires_ms: Option<i64>,
    /// Why.
    #[serde(default)]
    why: String,
}

/// Lists all tokens, revoked ones too.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    responses((status = 200, description = "The tokens", body = Tokens), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_tokens(
    caller: Caller<ReadAccounts>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let identity = &caller.may(Scope::Node)?.api.identity;
    let tokens: Vec<Token> = identity.tokens().into_iter().map(Token::from).collect();
    let bytes = tokens.len() * 300;
    Ok(Written::new(&Tokens { tokens }, bytes))
}

/// Makes a token and shows its secret, once.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    request_body = TokenRequest,
    responses((status = 200, description = "The token and its secret", body = NewTokenPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn create_token(
    caller: Caller<ChangeAccounts>,
    Json(request): Json<TokenRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let TokenRequest { name, grants, expires_ms, why } = request;
    check_reason(api, &why)?;
    let new = NewToken { name, grants, expires: expires_ms.map(Timestamp::from_millis) };
    let ((line, secret), entry) = api.identity.create_token(caller.pass(), new, &why).await?;
    caller.recorded(&entry);
    let Token { id, name, grants, created_by, created_ms, expires_ms, last_used_ms, revoked } =
        Token::from(line);
    let secret = secret.reveal();
    let page = NewTokenPage {
        secret,
        id,
        name,
        grants,
        created_by,
        created_ms,
        expires_ms,
        last_used_ms,
        revoked,
    };
    Ok(Written::new(&page, 512))
}

/// Revokes a token, at once and for ever.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{id}",
    params(("id" = u64, Path, description = "Its number")),
    request_body = WhyRequest,
    responses((status = 200, description = "The token", body = Token), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn revoke_token(
    caller: Caller<ChangeAccounts>,
    Segment(id): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    check_reason(api, &why)?;
    let Ok(number) = id.parse() else { return Err(no_such("token", &id)) };
    let (token, entry) = api.identity.revoke_token(caller.pass(), number, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&Token::from(token), 512))
}
