//! How somebody wants the page, kept with his account.

use lineshaft_audit::{Act, Action};
use lineshaft_desk::{Changed, Settings};
use lineshaft_identity::{Denied, Standing};
use utoipa::ToSchema;

use crate::access::{Caller, ChangeOwn, ReadOwn, Rule, Scope, refused};
use crate::desking::{Done, account, change};
use crate::problem::{ApiError, Problem};
use crate::query::{Json, Params};
use crate::shape::Written;

/// How somebody wants the page.
#[derive(ToSchema)]
#[schema(as = AccountSettings)]
#[expect(dead_code, reason = "the shape of desk's `Settings`, for the OpenAPI document")]
pub(crate) struct SettingsShape {
    /// The language by its tag (`de`); null as the browser has it.
    language: Option<String>,
    /// The time zone by its IANA name (`Europe/Berlin`); null as the browser has it.
    time_zone: Option<String>,
    /// `light`, `dark`, `contrast` or `system` (default).
    #[schema(required = false)]
    theme: String,
    /// `desk` (default), `touch` or `wall`.
    #[schema(required = false)]
    density: String,
    /// `plain` (default) or `language`.
    #[schema(required = false)]
    numbers: String,
    /// The page that is shown first, as `#/…`; null for the usual one.
    home: Option<String>,
}

/// Whoever stands before a locked screen reads and changes nothing of its owner's.
fn check_unlocked<R: Rule>(caller: &Caller<R>) -> Result<(), ApiError> {
    match caller.pass().standing() {
        Standing::Locked => Err(refused(&Denied::Locked)),
        _ => Ok(()),
    }
}

/// Reads one's own settings; those that nobody has said yet are the usual ones.
#[utoipa::path(
    get,
    path = "/api/v1/account/settings",
    responses((status = 200, description = "The settings", body = SettingsShape), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_settings(
    caller: Caller<ReadOwn>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let desk = &caller.may(Scope::Node)?.api.desk;
    check_unlocked(&caller)?;
    let settings = desk.settings(account(&caller)?).await?.unwrap_or_default();
    Ok(Written::new(&settings, 256))
}

/// Keeps one's own settings, all of them.
#[utoipa::path(
    put,
    path = "/api/v1/account/settings",
    request_body = SettingsShape,
    responses((status = 200, description = "The settings", body = SettingsShape), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn keep_settings(
    caller: Caller<ChangeOwn>,
    Json(settings): Json<Settings>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    check_unlocked(&caller)?;
    let account = account(&caller)?;
    let actor = caller.actor().clone();
    let Done { what, entry } = change(shared, move |draft| {
        let Changed { old, new } = draft.put_settings(account, settings)?;
        let value = |settings: &Settings| serde_json::to_value(settings).unwrap_or_default();
        let act = Act::done(&actor, Action::AccountSettings, &*actor.name);
        let act = act.old(value(&old)).new(value(&new));
        Ok((new, act))
    })
    .await?;
    caller.recorded(&entry);
    Ok(Written::new(&what, 256))
}
