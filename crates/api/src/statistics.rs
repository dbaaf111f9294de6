//! A span of history in a few numbers, tag by tag.

use std::sync::Arc;

use lineshaft_contract::{Statistics, StatisticsRequest};
use lineshaft_model::{DataType, Sample, TagMeta, Unit};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, ReadPlant, Scope};
use crate::history::{asking, refused, remembered};
use crate::limits;
use crate::problem::{ApiError, Problem};
use crate::query::Params;
use crate::shape::{AnyValue, Written, millis};
use crate::tags::{Known, Text};

/// A value with its time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Moment)]
struct Moment<'a> {
    /// When, Unix milliseconds.
    timestamp_ms: i64,
    /// The value.
    value: AnyValue<'a>,
}

/// A span of one tag in a few numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statistics)]
struct Line<'a> {
    /// The tag's path.
    tag: &'a str,
    /// Its unit by UCUM code; null when it has none.
    #[schema(required, value_type = Option<String>)]
    unit: Option<Text<&'a Unit>>,
    /// Samples within the span, of whatever quality.
    count: u64,
    /// Those of them that are good.
    good_count: u64,
    /// How long it was good, in milliseconds.
    good_ms: u64,
    /// How long it was uncertain.
    uncertain_ms: u64,
    /// How long it was bad.
    bad_ms: u64,
    /// How long nothing is known: before the first sample of all, and after now.
    unknown_ms: u64,
    /// The first of the lowest good samples; null without a good number.
    #[schema(required)]
    minimum: Option<Moment<'a>>,
    /// The first of the highest.
    #[schema(required)]
    maximum: Option<Moment<'a>>,
    /// The first good sample.
    #[schema(required)]
    first: Option<Moment<'a>>,
    /// The last good sample.
    #[schema(required)]
    last: Option<Moment<'a>>,
    /// The mean of the good time, weighted by how long each value held; null when no number was good.
    #[schema(required)]
    average: Option<f64>,
    /// The standard deviation of the good time around `average`, weighted the same.
    #[schema(required)]
    stddev: Option<f64>,
    /// How often a state changed; null for a measurement.
    #[schema(required)]
    transitions: Option<u64>,
}

fn line<'a>(meta: &'a TagMeta, found: &'a Statistics) -> Line<'a> {
    let single = meta.data_type == DataType::F32;
    let moment = |sample: &'a Option<Sample>| {
        sample.as_ref().map(|sample| Moment {
            timestamp_ms: sample.ts.millis(),
            value: AnyValue { value: &sample.value, single },
        })
    };
    let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
    Line {
        tag: meta.path.as_str(),
        unit: meta.unit.as_ref().map(Text),
        count: found.count,
        good_count: found.good_count,
        good_ms: millis(found.good),
        uncertain_ms: millis(found.uncertain),
        bad_ms: millis(found.bad),
        unknown_ms: millis(found.unknown),
        minimum: moment(&found.minimum),
        maximum: moment(&found.maximum),
        first: moment(&found.first),
        last: moment(&found.last),
        average: finite(found.average),
        stddev: finite(found.stddev),
        transitions: found.transitions,
    }
}

/// Says a span of history in a few numbers, exact, one line for each tag.
#[utoipa::path(
    get,
    path = "/api/v1/history/statistics",
    params(
        ("tag" = Vec<String>, Query, description = "The tags, at most 32", explode = true),
        ("start" = String, Query, description = "From this instant on; RFC 3339 or Unix milliseconds"),
        ("end" = String, Query, description = "Up to, not including, this instant"),
    ),
    responses((status = 200, description = "One line for each tag, in the order asked for", body = Vec<Line>), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_statistics(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["tag", "start", "end"])?;
    let paths = params.tags("tag", limits::STATISTICS_TAGS_MAX)?;
    let (start, end) = (params.instant("start")?, params.instant("end")?);
    if start >= end {
        return Err(ApiError::query("end", "`end` must be later than `start`"));
    }
    let shared = caller.may(Scope::Tags(&paths))?;
    let tags: Vec<Known> = paths
        .iter()
        .map(|path| remembered(&shared.api.namespace, path, caller.pass()))
        .collect::<Result<_, _>>()?;
    asking(shared, move |history, deadline| {
        let mut found: Vec<(Arc<TagMeta>, Statistics)> = Vec::with_capacity(tags.len());
        for Known { id, meta } in tags {
            let (step, deadline) = (meta.step, Some(deadline.clone()));
            let request = StatisticsRequest { tag: id, start, end, step, deadline };
            let statistics =
                history.statistics(&request).map_err(|error| refused(&error, &meta))?;
            found.push((meta, statistics));
        }
        let lines: Vec<Line<'_>> = found.iter().map(|(meta, found)| line(meta, found)).collect();
        Ok(Written::new(&lines, lines.len() * 512))
    })
    .await
}
