//! The log of the node: its last lines, and how much it says.

use std::collections::BTreeMap;
use std::time::Duration;

use lineshaft_audit::{Act, Action};
use lineshaft_contract::{
    LevelsRefused, LevelsWish, LogLevel, LogLevels, LogLine, LogPage, LogQuery, TargetLevel,
};
use lineshaft_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::access::{Caller, OperateNode, ReadNode, Scope};
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json, Params};
use crate::refusals::{check_reason, no_trail};
use crate::shape::Written;

/// Lines of one answer.
const LINES_MAX: usize = 2_000;
const LINES_USUAL: usize = 500;

/// The longest text that is searched for.
const SEARCH_BYTES_MAX: usize = 256;

/// How long a level holds when nothing is said.
const MINUTES_USUAL: u64 = 15;

/// Lines of the log, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogPage)]
struct Page {
    /// The lines.
    lines: Vec<Line>,
    /// Everything up to this number was looked at: the `after` of the next question.
    next: u64,
    /// The oldest line that is still kept; 0 while there is none.
    first_n: u64,
    /// Lines that were kept once and had to go for newer ones.
    dropped: u64,
}

/// A line of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLine)]
struct Line {
    /// Counts the lines of this process from 1.
    n: u64,
    /// When.
    timestamp_ms: i64,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    level: &'static str,
    /// The part of the program that says it.
    target: String,
    /// What it says.
    message: String,
    /// What belongs to it, by name.
    fields: BTreeMap<String, String>,
}

impl From<LogPage> for Page {
    fn from(page: LogPage) -> Page {
        let LogPage { lines, next, first, dropped } = page;
        Page { lines: lines.into_iter().map(Line::from).collect(), next, first_n: first, dropped }
    }
}

impl From<LogLine> for Line {
    fn from(line: LogLine) -> Line {
        let LogLine { n, at, level, target, message, fields } = line;
        let fields = fields.into_iter().collect();
        let (timestamp_ms, level) = (at.millis(), level.word());
        Line { n, timestamp_ms, level, target, message, fields }
    }
}

/// How much the program says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLevels)]
struct LevelsPage {
    /// What parts say that are not named.
    default: &'static str,
    /// Until when, where that is not the usual one.
    #[schema(required)]
    default_until_ms: Option<i64>,
    /// What was set at the start (`LINESHAFT_LOG`), and what everything falls back to.
    usual: String,
    /// Parts that say more or less than the others, for a while.
    levels: Vec<LevelLine>,
    /// Parts that have said something lately.
    targets: Vec<String>,
}

/// A part that says more or less than the others.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLevel)]
struct LevelLine {
    /// The part, with what is below it.
    target: String,
    /// Its level.
    level: &'static str,
    /// Until when.
    until_ms: i64,
}

impl From<LogLevels> for LevelsPage {
    fn from(levels: LogLevels) -> LevelsPage {
        let line = |one: TargetLevel| LevelLine {
            target: one.target,
            level: one.level.word(),
            until_ms: one.until.millis(),
        };
        LevelsPage {
            default: levels.default.word(),
            default_until_ms: levels.default_until.map(Timestamp::millis),
            usual: levels.usual,
            levels: levels.levels.into_iter().map(line).collect(),
            targets: levels.targets,
        }
    }
}

/// Other levels for a while. What is not named goes back to the usual.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LevelsRequest {
    /// For parts that are not named; left out, the usual one.
    #[serde(default)]
    default: Option<String>,
    /// How long `default` holds, 1 to 1,440; 15 where nothing is said.
    #[serde(default)]
    minutes: Option<u64>,
    /// For parts by name.
    #[serde(default)]
    #[schema(required = false)]
    levels: Vec<LevelRequest>,
    /// Why.
    #[serde(default)]
    #[schema(required = false)]
    why: String,
}

/// Another level of one part.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LogLevelRequest)]
struct LevelRequest {
    /// The part, with what is below it: `lineshaft_drivers`.
    target: String,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    level: String,
    /// How long it holds, 1 to 1,440; 15 where nothing is said.
    #[serde(default)]
    minutes: Option<u64>,
}

fn minutes(given: Option<u64>) -> Duration {
    Duration::from_secs(given.unwrap_or(MINUTES_USUAL).saturating_mul(60))
}

fn level(text: &str, field: &str) -> Result<LogLevel, ApiError> {
    text.parse().map_err(|error: lineshaft_contract::NoLevel| {
        ApiError::new(Code::LogLevel, error.to_string()).field(field)
    })
}

impl LevelsRequest {
    fn wish(&self) -> Result<LevelsWish, ApiError> {
        let default = match &self.default {
            Some(text) => Some((level(text, "default")?, minutes(self.minutes))),
            None => None,
        };
        let own = self.levels.iter().map(|one| {
            Ok((one.target.clone(), level(&one.level, "levels")?, minutes(one.minutes)))
        });
        Ok(LevelsWish { default, levels: own.collect::<Result<_, ApiError>>()? })
    }
}

fn refused(error: &LevelsRefused) -> ApiError {
    ApiError::new(Code::LogLevel, error.to_string())
        .field("levels")
        .remedy("`GET /api/v1/logs/levels` has the parts of the program in `targets`")
}

/// What of the levels stands in the trail.
fn told(levels: &LogLevels) -> Value {
    let own = levels.levels.iter();
    let own: BTreeMap<&str, Value> = own
        .map(|one| {
            let until = one.until.to_string();
            (one.target.as_str(), json!({ "level": one.level.word(), "until": until }))
        })
        .collect();
    let until = levels.default_until.map(|until| until.to_string());
    json!({ "default": levels.default.word(), "until": until, "levels": own })
}

/// Shows the last lines of the log: the newest, or, with `after`, those that came since.
#[utoipa::path(
    get,
    path = "/api/v1/logs",
    params(
        ("level" = Option<String>, Query, description = "As important as this or more: `error`, `warn`, `info`, `debug`, `trace` (default)"),
        ("target" = Option<String>, Query, description = "A part of the program, with what is below it"),
        ("search" = Option<String>, Query, description = "Text anywhere in the line"),
        ("before" = Option<u64>, Query, description = "Only lines below this number"),
        ("after" = Option<u64>, Query, description = "Only lines above this number, oldest first"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 2000, description = "Lines at most, default 500"),
    ),
    responses((status = 200, description = "Lines", body = Page), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_logs(
    caller: Caller<ReadNode>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["level", "target", "search", "before", "after", "limit"])?;
    let words = ["trace", "debug", "info", "warn", "error"];
    let least = level(params.choice("level", &words)?, "level")?;
    let number = |key| match params.one(key)? {
        Some(_) => params.number(key, 0..=u64::MAX, 0).map(Some),
        None => Ok(None),
    };
    let search = params.one("search")?.map(str::to_owned);
    if search.as_ref().is_some_and(|text| text.len() > SEARCH_BYTES_MAX) {
        let detail = format!("`search` has more than {SEARCH_BYTES_MAX} bytes");
        return Err(ApiError::query("search", detail));
    }
    let query = LogQuery {
        level: (least != LogLevel::Trace).then_some(least),
        target: params.one("target")?.map(str::to_owned),
        search,
        before: number("before")?,
        after: number("after")?,
        limit: params.number("limit", 1..=LINES_MAX, LINES_USUAL)?,
    };
    let shared = caller.may(Scope::Under(""))?;
    let page = Page::from(shared.api.logs.read(&query));
    Ok(Written::new(&page, 256 + page.lines.len() * 300))
}

/// Shows how much the program says, and until when.
#[utoipa::path(
    get,
    path = "/api/v1/logs/levels",
    responses((status = 200, description = "The levels", body = LevelsPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_levels(
    caller: Caller<ReadNode>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let shared = caller.may(Scope::Under(""))?;
    Ok(Written::new(&LevelsPage::from(shared.api.logs.levels()), 1_024))
}

/// Changes how much the program says, for minutes. It falls back by itself.
#[utoipa::path(
    put,
    path = "/api/v1/logs/levels",
    request_body = LevelsRequest,
    responses((status = 200, description = "The levels", body = LevelsPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn put_levels(
    caller: Caller<OperateNode>,
    Json(request): Json<LevelsRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    check_reason(api, &request.why)?;
    let wish = request.wish()?;
    let before = api.logs.levels();
    let wanted = api.logs.check_levels(&wish).map_err(|error| refused(&error))?;
    // What nobody can look up must not happen: the entry comes first.
    let act = Act::done(caller.actor(), Action::LogLevels, "log")
        .old(told(&before))
        .new(told(&wanted))
        .why(&request.why);
    let entry = api.trail.record(act).await.map_err(|error| no_trail(&error))?;
    caller.recorded(&entry);
    let levels = api.logs.set_levels(&wish).map_err(|error| refused(&error))?;
    Ok(Written::new(&LevelsPage::from(levels), 1_024))
}
