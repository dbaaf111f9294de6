//! Copies of history as a table (RFC 4180), written piece by piece while they are sent.
//!
//! A thread that may block reads a bounded part at a time; a queue of a few pieces lies between it and the client. So a
//! copy of any length takes the memory of a few pieces and one part, and ends with its connection.
//!
//! Numbers are written as they are. A text that a spreadsheet would take for a formula gets an apostrophe in front, as in
//! every table of this interface (see `csv`).

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use lineshaft_contract::{
    Bounds, Chain, Deadline, History, HistoryMode, HistoryPage, HistoryRequest,
};
use lineshaft_model::{DataType, Sample, Timestamp, Value};
use lineshaft_runtime::Clock;
use lineshaft_runtime::channel::{Policy, channel};
use tokio::sync::OwnedSemaphorePermit;

use crate::access::{Caller, ReadPlant, Scope};
use crate::audit_export::{PIECES, Pieces, attachment};
use crate::history::{mode, refused, remembered};
use crate::limits;
use crate::metrics;
use crate::problem::{ApiError, Code, Problem};
use crate::query::Params;
use crate::shape::{AnyValue, reason};
use crate::tags::Known;

/// Samples of one part: some 1 MiB in memory.
const PART: u32 = 10_000;

const HEAD: &str = "timestamp,tag,value,unit,quality,reason\r\n";
const KNOWN: [&str; 7] = ["tag", "start", "end", "mode", "interval", "points", "form"];

/// What is copied.
struct Copy {
    tags: Vec<Known>,
    start: Timestamp,
    end: Timestamp,
    mode: HistoryMode,
    interval: Duration,
    points: u32,
}

/// Why a copy ended before its end.
enum Cut {
    /// The client took no more.
    Gone,
    /// History could not be read.
    Failed(ApiError),
}

impl From<io::Error> for Cut {
    fn from(_closed: io::Error) -> Cut {
        Cut::Gone
    }
}

/// Writes history as a table: one line for each sample, tag after tag, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/history/export",
    params(
        ("tag" = Vec<String>, Query, description = "The tags, at most 50", explode = true),
        ("start" = String, Query, description = "From this instant on; RFC 3339 or Unix milliseconds"),
        ("end" = String, Query, description = "Up to, not including, this instant"),
        ("mode" = Option<String>, Query, description = "raw (default), plot, interpolated, average, time_average, minimum, maximum or count"),
        ("interval" = Option<String>, Query, description = "`10s`, `5m`, `1h` or milliseconds; needed by the modes with intervals"),
        ("points" = Option<u32>, Query, minimum = 4, description = "For plot: at most this many good samples; 4 to 40,000, default 1,000"),
        ("form" = Option<String>, Query, description = "`csv` (default)"),
    ),
    responses((status = 200, description = "The table", body = String, content_type = "text/csv"), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn export_history(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&KNOWN)?;
    params.choice("form", &["csv"])?;
    let paths = params.tags("tag", limits::TAGS_PER_REQUEST_MAX)?;
    let (start, end) = (params.instant("start")?, params.instant("end")?);
    if start >= end {
        return Err(ApiError::query("end", "`end` must be later than `start`"));
    }
    let mode = mode(&params)?;
    let interval = interval(&params, mode)?;
    let points = params.number("points", 4..=limits::PLOT_POINTS_MAX, limits::PLOT_POINTS)?;
    let shared = caller.may(Scope::Tags(&paths))?;
    let tags: Vec<Known> = paths
        .iter()
        .map(|path| remembered(&shared.api.namespace, path, caller.pass()))
        .collect::<Result<_, _>>()?;
    let copy = Copy { tags, start, end, mode, interval, points };
    copy.check_size()?;
    let turn = shared.exports.clone().try_acquire_owned().map_err(|_taken| {
        let max = limits::HISTORY_EXPORTS_MAX;
        ApiError::new(Code::ExportsBusy, format!("{max} exports of history are being taken"))
            .remedy("try again when one is done")
    })?;

    let (sender, mut receiver) = channel(PIECES, Policy::Wait, "history-export");
    let mut out = Pieces::new(Arc::new(sender));
    let (history, clock) = (shared.api.history.clone(), shared.api.clock.clone());
    let limit = shared.api.limits.query_timeout;
    drop(tokio::task::spawn_blocking(move || {
        copy.take(&*history, &clock, limit, &mut out, turn);
    }));
    // Most of what can go wrong does so before the first piece, and is then an error and not half a file.
    match receiver.receive().await {
        Some(Ok(first)) => {
            let name = format!("history-{}-{}.csv", start.millis(), end.millis());
            Ok(attachment(first, receiver, "text/csv; charset=utf-8", &name))
        }
        Some(Err(error)) => Err(error),
        None => Err(ApiError::new(Code::Internal, "the export was cut off")),
    }
}

fn interval(params: &Params, mode: HistoryMode) -> Result<Duration, ApiError> {
    match (params.interval("interval")?, mode) {
        (Some(interval), _) => Ok(interval),
        (None, HistoryMode::Raw | HistoryMode::Plot) => Ok(Duration::from_secs(1)),
        (None, _) => {
            let detail = format!("`{}` needs `interval`", mode.word());
            Err(ApiError::query("interval", detail).remedy("write `interval=10s`, `5m` or `1h`"))
        }
    }
}

impl Copy {
    /// What is computed has as many lines as somebody asks for; what is stored has an end.
    fn check_size(&self) -> Result<(), ApiError> {
        if matches!(self.mode, HistoryMode::Raw | HistoryMode::Plot) {
            return Ok(());
        }
        let span = u128::from(self.end.nanos().abs_diff(self.start.nanos()));
        let all = span.div_ceil(self.interval.as_nanos().max(1)) * self.tags.len() as u128;
        let max = limits::EXPORT_COMPUTED_MAX;
        if all <= u128::from(max) {
            return Ok(());
        }
        Err(ApiError::query("interval", format!("this asks for {all} lines, more than {max}"))
            .remedy("ask for fewer tags, a shorter time, or longer intervals"))
    }

    /// Writes everything, on a thread that may block.
    fn take(
        self,
        history: &dyn History,
        clock: &Clock,
        limit: Duration,
        out: &mut Pieces,
        _turn: OwnedSemaphorePermit,
    ) {
        match self.write(history, clock, limit, out) {
            Ok(()) => {}
            Err(Cut::Gone) => metrics::exports_cut().increment(1),
            Err(Cut::Failed(error)) => {
                metrics::exports_cut().increment(1);
                out.send(Err(error)).ok(); // whoever is gone needs no reason
            }
        }
    }

    fn write(
        &self,
        history: &dyn History,
        clock: &Clock,
        limit: Duration,
        out: &mut Pieces,
    ) -> Result<(), Cut> {
        out.write_all(HEAD.as_bytes())?;
        for tag in &self.tags {
            let mut lines = Lines::new(tag, self.mode);
            let mut request = self.request(tag);
            loop {
                request.deadline = Some(Deadline { at: clock.steady() + limit });
                let page = history.read(&request);
                let page = page.map_err(|error| {
                    tracing::debug!(tag = %tag.meta.path, error = %Chain(&error), "an export ends");
                    Cut::Failed(refused(&error, &tag.meta))
                })?;
                for sample in &page.samples {
                    out.write_all(lines.line(sample))?;
                }
                metrics::exported_samples().increment(page.samples.len() as u64);
                if !self.go_on(&mut request, &page) {
                    break;
                }
            }
        }
        Ok(out.flush()?)
    }

    /// The first part of a tag.
    fn request(&self, tag: &Known) -> HistoryRequest {
        HistoryRequest {
            tag: tag.id,
            start: self.start,
            end: self.end_of(self.start),
            mode: self.mode,
            interval: self.interval,
            points: self.points,
            step: tag.meta.step,
            limit: PART,
            bounds: Bounds::Inside,
            after: None,
            deadline: None,
        }
    }

    /// Where a part ends that begins here.
    fn end_of(&self, start: Timestamp) -> Timestamp {
        match self.mode {
            HistoryMode::Raw | HistoryMode::Plot => self.end,
            // Whole intervals: those of the next part begin where the ones of the whole question would.
            _ => start.saturating_add(self.interval.saturating_mul(PART)).min(self.end),
        }
    }

    /// Turns to the next part, if there is one.
    fn go_on(&self, request: &mut HistoryRequest, page: &HistoryPage) -> bool {
        match self.mode {
            HistoryMode::Raw => {
                request.after = page.next;
                page.next.is_some()
            }
            HistoryMode::Plot => false,
            _ => {
                request.start = request.end;
                request.end = self.end_of(request.start);
                request.start < request.end
            }
        }
    }
}

/// Writes the lines of one tag. What all lines share is written once.
struct Lines {
    tag: String,
    unit: String,
    single: bool,
    /// The day written last, with its text.
    day: (i64, String),
    line: Vec<u8>,
}

const DAY: i64 = 86_400_000_000_000;

impl Lines {
    fn new(tag: &Known, mode: HistoryMode) -> Lines {
        let cell_of = |text: &str| {
            let mut out = Vec::new();
            cell(&mut out, text);
            String::from_utf8(out).unwrap_or_default()
        };
        Lines {
            tag: cell_of(tag.meta.path.as_str()),
            unit: cell_of(&tag.meta.unit.as_ref().map(ToString::to_string).unwrap_or_default()),
            single: mode != HistoryMode::Count && tag.meta.data_type == DataType::F32,
            day: (i64::MIN, String::new()),
            line: Vec::with_capacity(160),
        }
    }

    fn line(&mut self, sample: &Sample) -> &[u8] {
        self.line.clear();
        self.time(sample.ts);
        let line = &mut self.line;
        line.push(b',');
        line.extend_from_slice(self.tag.as_bytes());
        line.push(b',');
        put(line, AnyValue { value: &sample.value, single: self.single });
        line.push(b',');
        line.extend_from_slice(self.unit.as_bytes());
        line.push(b',');
        line.extend_from_slice(sample.quality.word().as_bytes());
        line.push(b',');
        line.extend_from_slice(reason(sample.quality).unwrap_or_default().as_bytes());
        line.extend_from_slice(b"\r\n");
        &self.line
    }

    /// RFC 3339 in UTC, as [`Timestamp`] prints it; the day is worked out once.
    fn time(&mut self, at: Timestamp) {
        let (day, in_day) = (at.nanos().div_euclid(DAY), at.nanos().rem_euclid(DAY));
        if self.day.0 != day {
            let midnight = at.nanos().saturating_sub(in_day);
            let text = Timestamp::from_nanos(midnight).to_string();
            let date = text.split_once('T').map_or(text.as_str(), |(date, _)| date);
            self.day = (day, format!("{date}T"));
        }
        let line = &mut self.line;
        line.extend_from_slice(self.day.1.as_bytes());
        let (seconds, nanos) = (in_day / 1_000_000_000, in_day % 1_000_000_000);
        digits(line, seconds / 3_600, 2);
        line.push(b':');
        digits(line, seconds / 60 % 60, 2);
        line.push(b':');
        digits(line, seconds % 60, 2);
        if nanos % 1_000_000 != 0 {
            line.push(b'.');
            digits(line, nanos, 9);
        } else if nanos != 0 {
            line.push(b'.');
            digits(line, nanos / 1_000_000, 3);
        }
        line.push(b'Z');
    }
}

/// Writes a number with so many digits.
fn digits(out: &mut Vec<u8>, number: i64, count: usize) {
    let start = out.len();
    out.resize(start + count, b'0');
    let mut left = number.unsigned_abs();
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        left /= 10;
    }
}

/// Writes a value: numbers as JSON has them, nothing where there is none.
fn put(out: &mut Vec<u8>, written: AnyValue<'_>) {
    let value = written.value;
    match value {
        Value::Null => {}
        Value::Text(text) => cell(out, text),
        Value::Float(float) if !float.is_finite() => {}
        Value::Bytes(_) => out.extend_from_slice(value.to_string().as_bytes()),
        _ => {
            let done = serde_json::to_writer(&mut *out, &written);
            debug_assert!(done.is_ok(), "a number is written to memory");
        }
    }
}

/// Writes a text as a cell, in quotes where it needs them.
fn cell(out: &mut Vec<u8>, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if !formula && !text.contains([',', '"', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    if formula {
        out.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use lineshaft_model::{Access, Quality, Reason, TagMeta, TagPath, Tags, Unit};

    fn known(data_type: DataType) -> Known {
        let path = TagPath::new("acme/line-1/speed").unwrap();
        let id = Tags::new().intern(&path);
        let meta = TagMeta {
            path,
            data_type,
            unit: Some(Unit::new("1/min").unwrap()),
            access: Access::Read,
            step: false,
            description: String::new(),
            device: "".into(),
        };
        Known { id, meta: Arc::new(meta) }
    }

    #[track_caller]
    fn check(sample: &Sample, data_type: DataType, expect: &str) {
        let mut lines = Lines::new(&known(data_type), HistoryMode::Raw);
        let line = String::from_utf8(lines.line(sample).to_vec()).unwrap();
        assert_eq!(line, format!("{expect}\r\n"));
    }

    #[test]
    fn a_line_says_when_what_in_which_unit_and_how_good() {
        let at = Timestamp::from_millis(1_795_158_000_250);
        check(
            &Sample::good(at, f64::from(21.1_f32)),
            DataType::F32,
            "2026-11-20T07:00:00.250Z,acme/line-1/speed,21.1,1/min,good,",
        );
        check(
            &Sample::good(Timestamp::from_nanos(-1), -5_i64),
            DataType::I64,
            "1969-12-31T23:59:59.999999999Z,acme/line-1/speed,-5,1/min,good,",
        );
        let bad = Sample { quality: Quality::bad(Reason::Comm), ..Sample::good(at, Value::Null) };
        check(&bad, DataType::F64, "2026-11-20T07:00:00.250Z,acme/line-1/speed,,1/min,bad,comm");
        check(
            &Sample::good(at, "=1+1, \"x\""),
            DataType::Text(20),
            "2026-11-20T07:00:00.250Z,acme/line-1/speed,\"'=1+1, \"\"x\"\"\",1/min,good,",
        );
    }

    #[test]
    fn times_are_written_as_the_model_prints_them() {
        let mut lines = Lines::new(&known(DataType::F64), HistoryMode::Raw);
        for nanos in [0, 1, -1, DAY, -DAY, 1_795_158_000_250_000_000, i64::MAX, i64::MIN + DAY] {
            let at = Timestamp::from_nanos(nanos);
            lines.line.clear();
            lines.time(at);
            assert_eq!(String::from_utf8_lossy(&lines.line), at.to_string());
        }
    }
}
