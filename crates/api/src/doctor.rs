//! What the node finds when it examines itself.

use lineshaft_contract::{CheckResult, Examination};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, ReadNode, Scope};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::Params;
use crate::shape::{Written, millis};

/// Every check, once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Examination)]
struct ExaminationPage {
    /// When it began, Unix milliseconds.
    examined_ms: i64,
    /// How long it took, milliseconds.
    took_ms: u64,
    /// What was found, group by group.
    checks: Vec<CheckLine>,
}

/// What one check found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckResult)]
struct CheckLine {
    /// Its name, for ever: `disk-free`.
    check: &'static str,
    /// `plant`, `devices`, `storage`, `history`, `clock`, `network`, `security`, `host` or `page`.
    group: &'static str,
    /// What it asks.
    title: &'static str,
    /// `ok`, `warn`, `bad`, `unknown` (it could not be found out) or `skipped` (it does not apply here).
    outcome: &'static str,
    /// What was measured.
    what: String,
    /// Why it matters or where it comes from; null when nothing is wrong.
    #[schema(required)]
    cause: Option<String>,
    /// What to do; null when nothing is to be done.
    #[schema(required)]
    fix: Option<String>,
    /// A code with a page that says more: `lineshaft explain CODE`.
    #[schema(required)]
    code: Option<String>,
}

impl From<CheckResult> for CheckLine {
    fn from(result: CheckResult) -> CheckLine {
        let CheckResult { check, group, title, outcome, what, cause, fix, code } = result;
        CheckLine { check, group, title, outcome: outcome.word(), what, cause, fix, code }
    }
}

impl From<Examination> for ExaminationPage {
    fn from(examination: Examination) -> ExaminationPage {
        let Examination { examined, took, checks } = examination;
        ExaminationPage {
            examined_ms: examined.millis(),
            took_ms: millis(took),
            checks: checks.into_iter().map(CheckLine::from).collect(),
        }
    }
}

/// Examines the node. Takes a second or two; who asks meanwhile gets the same answer.
#[utoipa::path(
    get,
    path = "/api/v1/doctor",
    responses((status = 200, description = "What was found", body = ExaminationPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn examine(caller: Caller<ReadNode>, params: Params) -> Result<Written, ApiError> {
    params.only(&[])?;
    let shared = caller.may(Scope::Under(""))?;
    let limit = limits::EXAMINATION_MAX;
    let Ok(found) = tokio::time::timeout(limit, shared.api.doctor.examine()).await else {
        let detail = format!("the examination took longer than {} s", limit.as_secs());
        return Err(ApiError::new(Code::Examination, detail)
            .remedy("ask again; a disk or a name server that does not answer makes it slow"));
    };
    let page = ExaminationPage::from(found);
    Ok(Written::new(&page, 256 + page.checks.len() * 300))
}
