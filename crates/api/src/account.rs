//! One's own account: its password and its second factor.

use lineshaft_contract::Chain;
use lineshaft_identity::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, ChangeOwn, PrepareOwn, Scope};
use crate::problem::{ApiError, Code, Problem};
use crate::query::Json;
use crate::refusals::check_reason;
use crate::session::PasswordRequest;
use crate::shape::{Empty, Written};

/// The old password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChangeRequest {
    /// What it is.
    #[schema(value_type = String, format = Password)]
    old: Secret,
    /// What it shall be.
    #[schema(value_type = String, format = Password)]
    new: Secret,
}

/// A code of the second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRequest {
    /// Six digits.
    code: String,
}

/// A password and a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DropFactorRequest {
    /// One's own.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// Why.
    #[serde(default)]
    why: String,
}

/// A second factor that waits for its first code.
#[derive(Serialize, ToSchema)]
struct Enrolment<'a> {
    /// The shared secret in base32, for typing it in.
    secret: &'a str,
    /// `otpauth://…`, for an authenticator app.
    uri: &'a str,
    /// The same as a QR code: a text of `0` and `1` for each row, `1` is dark; without the white edge around it.
    qr: Vec<String>,
}

/// What opens the account once each when the second factor is lost.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes<'a> {
    /// Eight of them, shown once.
    recovery_codes: Vec<&'a str>,
}

/// Changes one's own password.
#[utoipa::path(
    post,
    path = "/api/v1/account/password",
    request_body = PasswordChangeRequest,
    responses((status = 200, description = "Done", body = Empty), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn change_password(
    caller: Caller<ChangeOwn>,
    Json(request): Json<PasswordChangeRequest>,
) -> Result<Written, ApiError> {
    let identity = &caller.may(Scope::Node)?.api.identity;
    let PasswordChangeRequest { old, new } = request;
    let ((), entry) = identity.change_password(caller.pass(), &old, &new).await?;
    caller.recorded(&entry);
    Ok(Written::new(&Empty {}, 2))
}

/// Begins to set up a second factor; it counts from its first code on.
#[utoipa::path(
    post,
    path = "/api/v1/account/factor",
    request_body = PasswordRequest,
    responses((status = 200, description = "What to scan", body = Enrolment), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn enrol_factor(
    caller: Caller<PrepareOwn>,
    Json(request): Json<PasswordRequest>,
) -> Result<Written, ApiError> {
    let identity = &caller.may(Scope::Node)?.api.identity;
    let enrolment = identity.enrol_factor(caller.pass(), &request.password).await?;
    let (secret, uri) = (enrolment.secret.reveal(), enrolment.uri.reveal());
    Ok(Written::new(&Enrolment { secret, uri, qr: qr(&enrolment.uri)? }, 8_192))
}

fn qr(uri: &Secret) -> Result<Vec<String>, ApiError> {
    lineshaft_identity::factor::qr(uri).map_err(|error| {
        tracing::error!(error = %Chain(&error), "a QR code cannot be drawn");
        ApiError::new(Code::Internal, "the QR code cannot be drawn")
    })
}

/// Ends the setup of a second factor with its first code.
#[utoipa::path(
    put,
    path = "/api/v1/account/factor",
    request_body = CodeRequest,
    responses((status = 200, description = "The recovery codes", body = RecoveryCodes), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn confirm_factor(
    caller: Caller<ChangeOwn>,
    Json(request): Json<CodeRequest>,
) -> Result<Written, ApiError> {
    let identity = &caller.may(Scope::Node)?.api.identity;
    let (codes, entry) = identity.confirm_factor(caller.pass(), &request.code).await?;
    caller.recorded(&entry);
    let recovery_codes = codes.iter().map(Secret::reveal).collect();
    Ok(Written::new(&RecoveryCodes { recovery_codes }, 256))
}

/// Takes one's own second factor away.
#[utoipa::path(
    delete,
    path = "/api/v1/account/factor",
    request_body = DropFactorRequest,
    responses((status = 200, description = "Done", body = Empty), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn drop_own_factor(
    caller: Caller<ChangeOwn>,
    Json(request): Json<DropFactorRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let DropFactorRequest { password, why } = request;
    check_reason(api, &why)?;
    let ((), entry) = api.identity.drop_own_factor(caller.pass(), &password, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&Empty {}, 2))
}
