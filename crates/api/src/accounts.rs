//! The accounts of others: making them, changing them, never deleting them.

use lineshaft_identity::{Account, AccountChange, AccountKind, Grant, NewAccount, Secret};
use lineshaft_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, ChangeAccounts, ReadAccounts, Scope};
use crate::problem::{ApiError, Problem};
use crate::query::{Json, Params, Segment, present};
use crate::refusals::check_reason;
use crate::shape::Written;

/// A role on parts of the plant.
#[derive(ToSchema)]
#[schema(as = Grant)]
#[expect(dead_code, reason = "the shape of identity's `Grant`, for the OpenAPI document")]
pub(crate) struct GrantShape {
    /// The role's name.
    role: String,
    /// On which paths, each with everything below it; the empty path is the whole plant, and so is leaving `under` out.
    /// An empty list is refused.
    #[schema(required = false, min_items = 1)]
    under: Vec<String>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountLine {
    /// Its number, never given twice.
    pub(crate) id: u64,
    /// Its name.
    pub(crate) account: String,
    /// The person's printed name.
    pub(crate) full_name: String,
    /// `person` or `machine`.
    pub(crate) kind: &'static str,
    /// What it may.
    #[schema(value_type = Vec<GrantShape>)]
    pub(crate) grants: Vec<Grant>,
    /// Whether it can be used.
    pub(crate) enabled: bool,
    /// Until when it waits because somebody failed too often.
    #[schema(required)]
    pub(crate) locked_until_ms: Option<i64>,
    /// Whether it has a second factor.
    pub(crate) factor: bool,
    /// Whether its password must be changed before anything else.
    pub(crate) password_due: bool,
    /// When it was made.
    pub(crate) created_ms: i64,
    /// When somebody last logged in with it.
    #[schema(required)]
    pub(crate) last_login_ms: Option<i64>,
    /// After when it cannot be used; null is never.
    #[schema(required)]
    pub(crate) expires_ms: Option<i64>,
    /// The most sessions at a time, where it is not what the policy says.
    #[schema(required)]
    pub(crate) sessions_max: Option<u32>,
    /// SHA-256 of its client certificates.
    pub(crate) certificates: Vec<String>,
}

impl From<Account> for AccountLine {
    fn from(account: Account) -> AccountLine {
        AccountLine {
            id: account.id,
            account: account.account,
            full_name: account.full_name,
            kind: kind_word(account.kind),
            grants: account.grants,
            enabled: account.enabled,
            locked_until_ms: account.locked_until.map(Timestamp::millis),
            factor: account.factor,
            password_due: account.password_due,
            created_ms: account.created.millis(),
            last_login_ms: account.last_login.map(Timestamp::millis),
            expires_ms: account.expires.map(Timestamp::millis),
            sessions_max: account.sessions_max,
            certificates: account.certificates,
        }
    }
}

pub(crate) const fn kind_word(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Person => "person",
        AccountKind::Machine => "machine",
    }
}

/// All accounts.
#[derive(Debug, Serialize, ToSchema)]
struct Accounts {
    /// In the order of their numbers.
    accounts: Vec<AccountLine>,
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccountRequest {
    /// Its name: 1 to 64 of `a-z A-Z 0-9 . _ - @`.
    account: String,
    /// The person's printed name.
    full_name: String,
    /// `person` (default) or `machine`.
    #[schema(value_type = Option<String>)]
    kind: Option<AccountKind>,
    /// A person's first password, to be changed at the first login.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    /// What it may.
    #[schema(value_type = Vec<GrantShape>)]
    grants: Vec<Grant>,
    /// After when it cannot be used.
    expires_ms: Option<i64>,
    /// Why.
    #[serde(default)]
    why: String,
}

/// What shall be different; what is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChangeRequest {
    /// Another printed name.
    full_name: Option<String>,
    /// Other grants, all of them.
    #[schema(value_type = Option<Vec<GrantShape>>)]
    grants: Option<Vec<Grant>>,
    /// Enable or disable it.
    enabled: Option<bool>,
    /// Another expiry; null is never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    expires_ms: Option<Option<i64>>,
    /// Another limit of sessions; null is what the policy says.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    sessions_max: Option<Option<u32>>,
    /// Why.
    #[serde(default)]
    why: String,
}

/// A new first password for another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordResetRequest {
    /// It must be changed at the next login.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// Why.
    #[serde(default)]
    why: String,
}

/// A reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhyRequest {
    /// Why; at most 1,000 bytes.
    #[serde(default)]
    pub(crate) why: String,
}

/// Lists all accounts, disabled ones too.
#[utoipa::path(
    get,
    path = "/api/v1/accounts",
    responses((status = 200, description = "The accounts", body = Accounts), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_accounts(
    caller: Caller<ReadAccounts>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let identity = &caller.may(Scope::Node)?.api.identity;
    let accounts: Vec<AccountLine> =
        identity.accounts().into_iter().map(AccountLine::from).collect();
    let bytes = accounts.len() * 400;
    Ok(Written::new(&Accounts { accounts }, bytes))
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "/api/v1/accounts",
    request_body = NewAccountRequest,
    responses((status = 200, description = "The account", body = AccountLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn create_account(
    caller: Caller<ChangeAccounts>,
    Json(request): Json<NewAccountRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let NewAccountRequest { account, full_name, kind, password, grants, expires_ms, why } = request;
    check_reason(api, &why)?;
    let kind = kind.unwrap_or(AccountKind::Person);
    let expires = expires_ms.map(Timestamp::from_millis);
    let new = NewAccount { account, full_name, kind, password, grants, expires };
    let (account, entry) = api.identity.create_account(caller.pass(), new, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&AccountLine::from(account), 512))
}

/// Changes an account.
#[utoipa::path(
    patch,
    path = "/api/v1/accounts/{account}",
    params(("account" = String, Path, description = "Its name")),
    request_body = AccountChangeRequest,
    responses((status = 200, description = "The account", body = AccountLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn change_account(
    caller: Caller<ChangeAccounts>,
    Segment(account): Segment,
    Json(request): Json<AccountChangeRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let AccountChangeRequest { full_name, grants, enabled, expires_ms, sessions_max, why } =
        request;
    check_reason(api, &why)?;
    let expires = expires_ms.map(|expires| expires.map(Timestamp::from_millis));
    let change = AccountChange { full_name, grants, enabled, expires, sessions_max };
    let (account, entry) =
        api.identity.change_account(caller.pass(), &account, change, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&AccountLine::from(account), 512))
}

/// Gives an account a new first password and ends its sessions.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/password",
    params(("account" = String, Path, description = "Its name")),
    request_body = PasswordResetRequest,
    responses((status = 200, description = "The account", body = AccountLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn reset_password(
    caller: Caller<ChangeAccounts>,
    Segment(account): Segment,
    Json(request): Json<PasswordResetRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let PasswordResetRequest { password, why } = request;
    check_reason(api, &why)?;
    let (account, entry) =
        api.identity.reset_password(caller.pass(), &account, &password, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&AccountLine::from(account), 512))
}

/// Lets an account try again that has to wait because somebody failed too often.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/unlock",
    params(("account" = String, Path, description = "Its name")),
    request_body = WhyRequest,
    responses((status = 200, description = "The account", body = AccountLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn unlock_account(
    caller: Caller<ChangeAccounts>,
    Segment(account): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    check_reason(api, &why)?;
    let (account, entry) = api.identity.unlock_account(caller.pass(), &account, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&AccountLine::from(account), 512))
}

/// Takes the second factor of an account away whose owner has lost it.
#[utoipa::path(
    delete,
    path = "/api/v1/accounts/{account}/factor",
    params(("account" = String, Path, description = "Its name")),
    request_body = WhyRequest,
    responses((status = 200, description = "The account", body = AccountLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn drop_factor(
    caller: Caller<ChangeAccounts>,
    Segment(account): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    check_reason(api, &why)?;
    let (account, entry) = api.identity.drop_factor(caller.pass(), &account, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&AccountLine::from(account), 512))
}
