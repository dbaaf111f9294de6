//! History over HTTP: questions are checked here, answered on a thread that may block, a few at a time.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{
    Bounds, Chain, Cursor, Deadline, History, HistoryError, HistoryMode, HistoryRequest,
};
use lineshaft_model::{Access, DataType, Sample, TagMeta, TagPath, Timestamp};
use lineshaft_namespace::Namespace;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::access::{Caller, Pass, ReadPlant, Scope};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Params, nearest};
use crate::server::Shared;
use crate::shape::{AnyValue, Column, Written, reason};
use crate::tags::{Known, Text, known};

/// What is asked, as far as it can be checked without the plant.
#[derive(Debug, Clone, PartialEq)]
struct Question {
    tags: Vec<TagPath>,
    start: Timestamp,
    end: Timestamp,
    mode: HistoryMode,
    interval: Duration,
    points: u32,
    limit: u32,
    bounds: Bounds,
    after: Place,
}

/// Where a page starts: tags are read one after another, so it is a tag and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    tag: usize,
    cursor: Option<Cursor>,
}

/// `tag`, or `tag.nanoseconds.given`. Clients take it as it is.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cursor {
            None => write!(f, "{}", self.tag),
            Some(Cursor { ts, given }) => write!(f, "{}.{}.{given}", self.tag, ts.nanos()),
        }
    }
}

/// Not a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no `next` of a history page")]
struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Place, NoPlace> {
        let read = || -> Option<Place> {
            let mut parts = text.split('.');
            let tag = parts.next()?.parse().ok()?;
            let cursor = match (parts.next(), parts.next()) {
                (None, _) => None,
                (Some(nanos), given) => Some(Cursor {
                    ts: Timestamp::from_nanos(nanos.parse().ok()?),
                    given: given?.parse().ok()?,
                }),
            };
            parts.next().is_none().then_some(Place { tag, cursor })
        };
        read().ok_or(NoPlace)
    }
}

const KNOWN: [&str; 9] =
    ["tag", "start", "end", "mode", "interval", "points", "limit", "bounds", "after"];

impl Question {
    fn check(params: &Params) -> Result<Question, ApiError> {
        params.only(&KNOWN)?;
        let tags = params.tags("tag", limits::TAGS_PER_REQUEST_MAX)?;
        let (start, end) = (params.instant("start")?, params.instant("end")?);
        if start >= end {
            return Err(ApiError::query("end", "`end` must be later than `start`"));
        }
        let mode = mode(params)?;
        let interval = match (params.interval("interval")?, mode) {
            (Some(interval), _) => interval,
            (None, HistoryMode::Raw | HistoryMode::Plot) => Duration::from_secs(1),
            (None, _) => {
                return Err(ApiError::query(
                    "interval",
                    format!("`{}` needs `interval`", mode.word()),
                )
                .remedy("write `interval=10s`, `5m` or `1h`"));
            }
        };
        let points = params.number("points", 4..=limits::PLOT_POINTS_MAX, limits::PLOT_POINTS)?;
        let limit = params.number("limit", 1..=limits::RAW_PAGE_MAX, limits::RAW_PAGE)?;
        let bounds = bounds(params, mode)?;
        let after = match params.one("after")? {
            None => Place::default(),
            Some(text) => text
                .parse::<Place>()
                .map_err(|error: NoPlace| ApiError::query("after", error.to_string()))?,
        };
        let question = Question { tags, start, end, mode, interval, points, limit, bounds, after };
        question.check_size()?;
        Ok(question)
    }

    fn check_size(&self) -> Result<(), ApiError> {
        let each = match self.mode {
            HistoryMode::Raw => return Ok(()),
            HistoryMode::Plot => u64::from(self.points),
            _ => {
                let span = self.end.checked_since(self.start).unwrap_or_default().as_nanos();
                u64::try_from(span.div_ceil(self.interval.as_nanos().max(1))).unwrap_or(u64::MAX)
            }
        };
        let all = each.saturating_mul(self.tags.len() as u64);
        let max = limits::ANSWER_SAMPLES_MAX;
        if all <= max {
            return Ok(());
        }
        let field = if self.mode == HistoryMode::Plot { "points" } else { "interval" };
        Err(ApiError::query(field, format!("this asks for {all} samples, more than {max}"))
            .remedy("ask for fewer tags, a shorter time, or longer intervals"))
    }
}

fn bounds(params: &Params, mode: HistoryMode) -> Result<Bounds, ApiError> {
    match params.choice("bounds", &["false", "true"])? {
        "false" => Ok(Bounds::Inside),
        _ if matches!(mode, HistoryMode::Raw | HistoryMode::Plot) => Ok(Bounds::Around),
        _ => Err(ApiError::query("bounds", format!("`{}` has no `bounds`", mode.word()))
            .remedy("`raw` and `plot` have")),
    }
}

pub(crate) fn mode(params: &Params) -> Result<HistoryMode, ApiError> {
    let Some(word) = params.one("mode")? else { return Ok(HistoryMode::Raw) };
    HistoryMode::of(word).ok_or_else(|| {
        let words = HistoryMode::ALL.map(|(_, word)| word);
        let error = ApiError::query("mode", format!("there is no mode `{word}`"));
        match nearest(word, words.into_iter()) {
            Some(meant) => error.remedy(format!("did you mean `{meant}`?")),
            None => error.remedy(format!("the modes are {}", words.join(", "))),
        }
    })
}

/// The samples of one tag, as columns of equal length, oldest first.
#[derive(ToSchema)]
#[schema(as = Series)]
#[expect(dead_code, reason = "the shape of `Series` below, for the OpenAPI document")]
struct SeriesSchema {
    /// The tag's path.
    tag: String,
    /// Its unit by UCUM code; null when it has none.
    #[schema(required)]
    unit: Option<String>,
    /// Unix milliseconds.
    timestamp_ms: Vec<i64>,
    /// The values.
    value: Vec<AnyValue<'static>>,
    /// `good`, `uncertain` or `bad`.
    quality: Vec<String>,
    /// Why it is not good; null where it is.
    reason: Vec<Option<String>>,
}

/// A page of history.
#[derive(ToSchema)]
#[schema(as = HistoryPage)]
#[expect(dead_code, reason = "the shape of `Page` below, for the OpenAPI document")]
struct PageSchema {
    /// One for each tag, in the order asked for.
    series: Vec<SeriesSchema>,
    /// What to pass as `after` for the next page; null on the last.
    #[schema(required)]
    next: Option<String>,
}

struct Series {
    meta: Arc<TagMeta>,
    /// A count is a number whatever the tag is.
    single: bool,
    samples: Vec<Sample>,
}

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let single = self.single;
        let mut series = serializer.serialize_struct("Series", 6)?;
        series.serialize_field("tag", self.meta.path.as_str())?;
        series.serialize_field("unit", &self.meta.unit.as_ref().map(Text))?;
        let samples = &self.samples;
        series.serialize_field("timestamp_ms", &Column(samples, |s: &Sample| s.ts.millis()))?;
        series.serialize_field("value", &Column(samples, Values { single }.column()))?;
        series.serialize_field("quality", &Column(samples, |s: &Sample| s.quality.word()))?;
        series.serialize_field("reason", &Column(samples, |s: &Sample| reason(s.quality)))?;
        series.end()
    }
}

#[derive(Clone, Copy)]
struct Values {
    single: bool,
}

impl Values {
    fn column<'a>(self) -> impl Fn(&'a Sample) -> AnyValue<'a> {
        move |sample| AnyValue { value: &sample.value, single: self.single }
    }
}

#[derive(Serialize)]
struct Page {
    series: Vec<Series>,
    next: Option<Text<Place>>,
}

/// Reads the history of one or more tags, raw or aggregated, oldest first.
///
/// Pages by `next`: an empty page with a `next` is possible, a page without one is the last.
#[utoipa::path(
    get,
    path = "/api/v1/history",
    params(
        ("tag" = Vec<String>, Query, description = "The tags, at most 50", explode = true),
        ("start" = String, Query, description = "From this instant on; RFC 3339 or Unix milliseconds"),
        ("end" = String, Query, description = "Up to, not including, this instant"),
        ("mode" = Option<String>, Query, description = "raw (default), plot, interpolated, average, time_average, minimum, maximum or count"),
        ("interval" = Option<String>, Query, description = "`10s`, `5m`, `1h` or milliseconds; needed by the modes with intervals"),
        ("points" = Option<u32>, Query, minimum = 4, description = "For plot: at most this many good samples, four for each pixel column; 4 to 40,000, default 1,000"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "For raw: samples of a page, over all tags; 1 to 100,000, default 10,000"),
        ("bounds" = Option<bool>, Query, description = "For raw and plot: also the last sample before `start` and the first at or after `end`; default false"),
        ("after" = Option<String>, Query, description = "For raw: `next` of the page before"),
    ),
    responses((status = 200, description = "A page of history", body = PageSchema), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_history(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Written, ApiError> {
    let question = Question::check(&params)?;
    let shared = caller.may(Scope::Tags(&question.tags))?;
    let tags: Vec<Known> = question
        .tags
        .iter()
        .map(|path| remembered(&shared.api.namespace, path, caller.pass()))
        .collect::<Result<_, _>>()?;
    answer(shared, question, tags).await
}

/// The tag at `path`, also one that is no longer configured: its history stays readable under its old name.
pub(crate) fn remembered(
    namespace: &Namespace,
    path: &TagPath,
    asker: &Pass,
) -> Result<Known, ApiError> {
    known(namespace, path, asker).or_else(|error| {
        let id = namespace.tags().id(path).ok_or(error)?;
        let meta = TagMeta {
            path: path.clone(),
            data_type: DataType::F64,
            unit: None,
            access: Access::Read,
            step: false,
            description: String::new(),
            device: "".into(),
        };
        Ok(Known { id, meta: Arc::new(meta) })
    })
}

/// Waits for a turn, then reads on a thread that may block.
async fn answer(
    shared: &Arc<Shared>,
    question: Question,
    tags: Vec<Known>,
) -> Result<Written, ApiError> {
    asking(shared, move |history, deadline| {
        let page = read(history, &question, tags, deadline)?;
        let samples: usize = page.series.iter().map(|series| series.samples.len()).sum();
        Ok(Written::new(&page, 256 + samples * 48))
    })
    .await
}

/// Waits for a turn, then asks history on a thread that may block.
pub(crate) async fn asking<T: Send + 'static>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&dyn History, &Deadline) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let limits = &shared.api.limits;
    let turn = tokio::time::timeout(limits.query_wait, shared.queries.clone().acquire_owned());
    let Ok(Ok(turn)) = turn.await else {
        let max = limits.queries_max;
        return Err(ApiError::new(
            Code::Busy,
            format!("{max} history questions are being answered"),
        )
        .remedy("ask again, or ask for less at a time"));
    };
    let deadline = Deadline { at: shared.api.clock.steady() + limits.query_timeout };
    let history = shared.api.history.clone();
    let work = move || {
        // The turn ends when the work does, also when the client has left meanwhile.
        let _turn = turn;
        ask(&*history, &deadline)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(panic) => {
            tracing::error!(error = %panic, "a history question failed");
            Err(ApiError::new(Code::Internal, "the question could not be answered"))
        }
    }
}

fn read(
    history: &dyn History,
    question: &Question,
    tags: Vec<Known>,
    deadline: &Deadline,
) -> Result<Page, ApiError> {
    let raw = question.mode == HistoryMode::Raw;
    let mut room = question.limit;
    let mut next = None;
    let mut series = Vec::with_capacity(tags.len());
    for (at, Known { id, meta }) in tags.into_iter().enumerate() {
        let mut samples = Vec::new();
        if raw && room == 0 && next.is_none() {
            next = Some(Place { tag: at, cursor: None });
        }
        if at >= question.after.tag && next.is_none() {
            let request = HistoryRequest {
                tag: id,
                start: question.start,
                end: question.end,
                mode: question.mode,
                interval: question.interval,
                points: question.points,
                step: meta.step,
                limit: room,
                bounds: question.bounds,
                after: question.after.cursor.filter(|_| raw && at == question.after.tag),
                deadline: Some(deadline.clone()),
            };
            let page = history.read(&request).map_err(|error| refused(&error, &meta))?;
            if raw {
                room = room.saturating_sub(u32::try_from(page.samples.len()).unwrap_or(u32::MAX));
            }
            next = page.next.map(|cursor| Place { tag: at, cursor: Some(cursor) });
            samples = page.samples;
        }
        let single = question.mode != HistoryMode::Count && meta.data_type == DataType::F32;
        series.push(Series { meta, single, samples });
    }
    Ok(Page { series, next: next.map(Text) })
}

pub(crate) fn refused(error: &HistoryError, meta: &TagMeta) -> ApiError {
    let tag = &meta.path;
    match error {
        HistoryError::Request(why) => ApiError::new(Code::Query, format!("`{tag}`: {why}")),
        HistoryError::TooSlow => {
            ApiError::new(Code::TooSlow, format!("reading `{tag}` took longer than its limit"))
                .remedy("ask for a shorter time, fewer tags or longer intervals")
        }
        HistoryError::Storage { file, .. } => {
            tracing::error!(%tag, error = %Chain(error), "history cannot be read");
            ApiError::new(Code::Storage, format!("the file `{file}` cannot be read"))
                .remedy("`lineshaft verify` says what is damaged")
        }
        _ => {
            tracing::error!(%tag, error = %Chain(error), "history cannot be read");
            ApiError::new(Code::Storage, format!("the history of `{tag}` cannot be read"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_as_it_was_written() {
        for place in [
            Place::default(),
            Place { tag: 3, cursor: Some(Cursor { ts: Timestamp::from_nanos(-5), given: 2 }) },
        ] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for wrong in ["", "x", "1.2", "1.2.3.4", "1.2.-3"] {
            assert_eq!(wrong.parse::<Place>(), Err(NoPlace), "{wrong}");
        }
    }

    #[track_caller]
    fn refuses(query: &str, why: &str) {
        let error = Question::check(&Params::of(query)).unwrap_err();
        assert_eq!(error.detail, why);
    }

    #[test]
    fn a_question_that_makes_no_sense_is_refused_before_it_is_asked() {
        refuses("start=1&end=2", "`tag` is missing");
        refuses("tag=a&end=2", "`start` is missing");
        refuses("tag=a&start=2&end=2", "`end` must be later than `start`");
        refuses("tag=a&start=1&end=2&mode=averag", "there is no mode `averag`");
        refuses("tag=a&start=1&end=2&mode=average", "`average` needs `interval`");
        refuses(
            "tag=a&start=0&end=1000000&mode=average&interval=1ms",
            "this asks for 1000000 samples, more than 500000",
        );
        refuses(
            "tag=a&start=1&end=2&bounds=yes",
            "`bounds` is `yes`, it must be `false` or `true`",
        );
        refuses(
            "tag=a&start=1&end=2&mode=count&interval=1s&bounds=true",
            "`count` has no `bounds`",
        );
        refuses("tag=a&start=1&end=2&colour=red", "there is no parameter `colour`");
        refuses("tag=a&start=1&end=2&points=3", "`points` is `3`, it must be 4 to 40000");
    }
}
