//! Answers questions about the past.
//!
//! Each mode is a fold over the samples of a tag in order: `scan` brings them, whole pages as their statistics
//! where the mode can use them. What each mode means at its edges is said at its fold.

mod interpolate;
mod plot;
mod raw;
mod scan;
mod span;
mod tally;
mod time_average;

use lineshaft_contract::{
    Bounds, Deadline, HistoryError, HistoryMode, HistoryPage, HistoryRequest, Statistics,
    StatisticsRequest,
};
use lineshaft_model::{ClockSource, Quality, Reason, Sample, Timestamp, Value};
use lineshaft_runtime::Clock;

use crate::limits::{INTERVALS_MAX, RAW_LIMIT_MAX};

pub(crate) use scan::View;

/// When to give up.
#[derive(Debug)]
struct Limit<'a> {
    clock: &'a Clock,
    deadline: Option<&'a Deadline>,
}

impl Limit<'_> {
    fn check(&self) -> Result<(), HistoryError> {
        match self.deadline {
            Some(deadline) if self.clock.steady() >= deadline.at => Err(HistoryError::TooSlow),
            _ => Ok(()),
        }
    }
}

/// Intervals of one length, counted from the start of the question; the last one may be cut.
#[derive(Debug, Clone, Copy)]
struct Intervals {
    start: i64,
    end: i64,
    step: i64,
    count: i64,
}

impl Intervals {
    fn of(request: &HistoryRequest) -> Result<Intervals, HistoryError> {
        let refuse = |what: String| Err(HistoryError::Request(what));
        let (start, end) = (request.start.nanos(), request.end.nanos());
        let step = request.interval.as_nanos() as i128;
        if step < 1_000_000 {
            return refuse("the interval must be at least 1 ms".into());
        }
        let span = i128::from(end) - i128::from(start);
        let count = span.unsigned_abs().div_ceil(step.unsigned_abs()) as i128;
        if count > INTERVALS_MAX {
            return refuse(format!("{count} intervals are more than {INTERVALS_MAX}"));
        }
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        Ok(Intervals { start, end, step, count: count as i64 })
    }

    fn index(&self, ts: i64) -> i64 {
        ((i128::from(ts) - i128::from(self.start)) / i128::from(self.step)) as i64
    }

    fn start_of(&self, index: i64) -> i64 {
        // Wider than an instant: from the first to the last there is, the distance does not fit one.
        let at = i128::from(self.start) + i128::from(self.step) * i128::from(index);
        at.min(i128::from(self.end)) as i64
    }

    fn end_of(&self, index: i64) -> i64 {
        self.start_of(index).saturating_add(self.step).min(self.end)
    }
}

/// Something computed: ours, not the device's.
fn computed(ts: i64, value: Value) -> Sample {
    Sample::new(Timestamp::from_nanos(ts), value, Quality::GOOD, ClockSource::Arrival)
}

/// Nothing good was there: never a zero.
fn nothing(ts: i64, why: Option<Quality>) -> Sample {
    let quality = match why {
        Some(quality) => Quality::bad(quality.reason()),
        None => Quality::bad(Reason::NotYet),
    };
    Sample::new(Timestamp::from_nanos(ts), Value::Null, quality, ClockSource::Arrival)
}

/// Adds the sample before the question to its first page, and the one after it to its last.
fn around(
    view: &View,
    request: &HistoryRequest,
    mut page: HistoryPage,
    limit: &Limit<'_>,
) -> Result<HistoryPage, HistoryError> {
    if request.bounds == Bounds::Inside {
        return Ok(page);
    }
    if request.after.is_none()
        && let Some(before) = view.before(request.start.nanos(), limit)?
    {
        page.samples.insert(0, before);
    }
    if page.next.is_none() {
        page.samples.extend(view.after(request.end.nanos(), limit)?);
    }
    Ok(page)
}

/// Says a span in a few numbers.
pub(crate) fn statistics(
    view: &View,
    clock: &Clock,
    request: &StatisticsRequest,
) -> Result<Statistics, HistoryError> {
    let limit = Limit { clock, deadline: request.deadline.as_ref() };
    limit.check()?;
    if request.start >= request.end {
        return Err(HistoryError::Request("start must be before end".into()));
    }
    span::read(view, request, clock.now().nanos(), &limit)
}

/// Answers one question from one view.
pub(crate) fn read(
    view: &View,
    clock: &Clock,
    request: &HistoryRequest,
) -> Result<HistoryPage, HistoryError> {
    let limit = Limit { clock, deadline: request.deadline.as_ref() };
    limit.check()?;
    if request.start >= request.end {
        return Err(HistoryError::Request("start must be before end".into()));
    }
    let all = |samples: Vec<Sample>| Ok(HistoryPage { samples, next: None });
    let drawn = matches!(request.mode, HistoryMode::Raw | HistoryMode::Plot);
    if request.bounds == Bounds::Around && !drawn {
        let word = request.mode.word();
        return Err(HistoryError::Request(format!("`{word}` has no samples around it")));
    }
    match request.mode {
        HistoryMode::Raw if !(1..=RAW_LIMIT_MAX).contains(&request.limit) => {
            Err(HistoryError::Request(format!("the limit must be from 1 to {RAW_LIMIT_MAX}")))
        }
        HistoryMode::Raw => around(view, request, raw::read(view, request, &limit)?, &limit),
        HistoryMode::Plot => {
            let samples = plot::read(view, request, &limit)?;
            around(view, request, HistoryPage { samples, next: None }, &limit)
        }
        HistoryMode::Interpolated => {
            let intervals = Intervals::of(request)?;
            all(interpolate::read(view, intervals, request, clock.now().nanos(), &limit)?)
        }
        HistoryMode::TimeAverage => {
            let intervals = Intervals::of(request)?;
            all(time_average::read(view, intervals, request, clock.now().nanos(), &limit)?)
        }
        HistoryMode::Average | HistoryMode::Minimum | HistoryMode::Maximum | HistoryMode::Count => {
            all(tally::read(view, Intervals::of(request)?, request.mode, &limit)?)
        }
    }
}
