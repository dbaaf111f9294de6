//! Who has what, and whether he uses it: what an auditor asks for once a quarter.

use axum::response::{IntoResponse, Response};
use lineshaft_identity::{Prefix, ReviewLine, Rule};
use lineshaft_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, ReadAccounts, Scope};
use crate::accounts::AccountLine;
use crate::csv::Table;
use crate::problem::{ApiError, Problem};
use crate::query::Params;
use crate::roles::RuleShape;
use crate::shape::Written;

/// One account in the review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewLine)]
struct Line {
    /// The account.
    account: AccountLine,
    /// What its grants come to.
    #[schema(value_type = Vec<RuleShape>)]
    permissions: Vec<Rule>,
    /// Nobody has logged in with it for 90 days.
    unused: bool,
}

/// Who has what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessReview)]
struct Review {
    /// When this was true.
    timestamp_ms: i64,
    /// All accounts.
    accounts: Vec<Line>,
}

const COLUMNS: [&str; 11] = [
    "id",
    "account",
    "full_name",
    "kind",
    "enabled",
    "grants",
    "permissions",
    "factor",
    "last_login",
    "expires",
    "unused",
];

/// Shows who has what, when he last logged in, and which accounts nobody uses.
#[utoipa::path(
    get,
    path = "/api/v1/access-review",
    params(("format" = Option<String>, Query, description = "`json` (default) or `csv`")),
    responses((status = 200, description = "Who has what", body = Review), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn review_access(
    caller: Caller<ReadAccounts>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&["format"])?;
    let format = params.choice("format", &["json", "csv"])?;
    let api = &caller.may(Scope::Node)?.api;
    let lines = api.identity.access_review();
    if format == "csv" {
        let mut table = Table::new(&COLUMNS);
        lines.iter().for_each(|line| table.line(&cells(line)));
        return Ok(table.download("access-review.csv"));
    }
    let line = |line: ReviewLine| {
        let ReviewLine { account, permissions, unused } = line;
        Line { account: account.into(), permissions, unused }
    };
    let accounts: Vec<Line> = lines.into_iter().map(line).collect();
    let bytes = accounts.len() * 800;
    let timestamp_ms = api.clock.now().millis();
    Ok(Written::new(&Review { timestamp_ms, accounts }, bytes).into_response())
}

fn cells(line: &ReviewLine) -> [String; 11] {
    let account = &line.account;
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let list = |items: Vec<String>| items.join("; ");
    [
        account.id.to_string(),
        account.account.clone(),
        account.full_name.clone(),
        crate::accounts::kind_word(account.kind).to_owned(),
        account.enabled.to_string(),
        list(account.grants.iter().map(|grant| on(&grant.role, &grant.under)).collect()),
        list(line.permissions.iter().map(|rule| on(rule.permission.word(), &rule.under)).collect()),
        account.factor.to_string(),
        time(account.last_login),
        time(account.expires),
        line.unused.to_string(),
    ]
}

/// `operator on acme/line-1, acme/line-2`
fn on(what: &str, under: &[Prefix]) -> String {
    if under.is_empty() || under.iter().any(Prefix::is_all) {
        return what.to_owned();
    }
    let paths: Vec<&str> = under.iter().map(Prefix::as_str).collect();
    format!("{what} on {}", paths.join(", "))
}
