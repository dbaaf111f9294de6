//! Copies of the audit trail: the text that proves itself, and a table for people.
//!
//! Written piece by piece while it is sent: a thread that may block writes, a queue of a few pieces lies between it and
//! the client, and a client that takes nothing is hung up on. So a copy of any length takes the memory of a few pieces.
//! That somebody takes a copy is in the trail before the first piece leaves, and how it ended is after the last one.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use lineshaft_audit::{Act, Action, Entry, Outcome, Query, ReadError, Recorded, Trail};
use lineshaft_contract::Chain;
use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use lineshaft_runtime::channel::{Policy, Receiver, Sender, Sent, channel};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use crate::access::{Caller, ExportAudit, Scope};
use crate::audit::{seq, time};
use crate::auditing::{reading, unreadable};
use crate::csv::Table;
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::Params;
use crate::refusals::no_trail;
use crate::server::Shared;

/// Pieces between the disk and the client.
pub(crate) const PIECES: usize = 4;
/// Entries of one step of a table.
const STEP: u32 = 1_000;

const COLUMNS: [&str; 14] = [
    "seq", "time", "who", "account", "road", "from", "session", "action", "object", "old", "new",
    "why", "result", "detail",
];

/// Which entries are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Numbers { from: Option<u64>, to: Option<u64> },
    Times { start: Option<Timestamp>, end: Option<Timestamp> },
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The text that proves itself.
    Proof,
    /// A table for people.
    Csv,
}

impl Form {
    const fn word(self) -> &'static str {
        match self {
            Form::Proof => "proof",
            Form::Csv => "csv",
        }
    }
}

/// Some of what is written, or why no more comes.
pub(crate) type Piece = Result<Bytes, ApiError>;

/// Takes a copy of the trail, or of a part of it.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    params(
        ("from" = Option<u64>, Query, minimum = 0, description = "The first entry; the oldest one when nothing is said"),
        ("to" = Option<u64>, Query, minimum = 0, description = "The entry behind the last one; all when nothing is said"),
        ("start" = Option<String>, Query, description = "From the first entry that is not before this time"),
        ("end" = Option<String>, Query, description = "To the last entry before this time"),
        ("format" = Option<String>, Query, description = "`proof` (default): proves itself, see `docs/verify_audit_export.py`; `csv`: for people"),
    ),
    responses((status = 200, description = "The copy", body = String, content_type = "text/plain"), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn export_audit(
    caller: Caller<ExportAudit>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&["from", "to", "start", "end", "format"])?;
    let form = match params.choice("format", &["proof", "csv"])? {
        "csv" => Form::Csv,
        _ => Form::Proof,
    };
    let wanted = wanted(&params)?;
    let shared = caller.may(Scope::Node)?;
    let turn = shared.auditing.export_turn()?;
    let (clock, limit) = (shared.api.clock.clone(), shared.api.limits.query_timeout);
    let range = reading(shared, move |trail| find(trail, wanted, &clock, limit)).await?;
    let object = format!("entries {} to {}", range.start, range.end);
    let new = json!({ "from": range.start, "to": range.end, "format": form.word() });
    let act = Act::done(caller.actor(), Action::AuditExport, object).new(new);
    let wish = shared.api.trail.record(act.clone().result(Outcome::Requested)).await;
    let wish = wish.map_err(|error| no_trail(&error))?;
    caller.recorded(&wish);

    let (sender, mut receiver) = channel(PIECES, Policy::Wait, "audit-export");
    let copy = Copy { range: range.clone(), form, act, wish, turn };
    let at = shared.clone();
    shared.changes.spawn(async move { copy.take(&at, sender).await });
    // Most of what can go wrong does so before the first piece, and is then an error and not half a file.
    match receiver.receive().await {
        Some(Ok(first)) => Ok(download(first, receiver, &range, form)),
        Some(Err(error)) => Err(error),
        None => Err(ApiError::new(Code::Internal, "the copy was cut off")),
    }
}

fn wanted(params: &Params) -> Result<Wanted, ApiError> {
    let (from, to) = (seq(params, "from")?, seq(params, "to")?);
    let (start, end) = (time(params, "start")?, time(params, "end")?);
    let by_number = from.is_some() || to.is_some();
    if by_number && (start.is_some() || end.is_some()) {
        return Err(ApiError::query("start", "`start` and `end` do not go with `from` and `to`")
            .remedy("ask by number or by time"));
    }
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(ApiError::query("to", "`to` must not be smaller than `from`"));
    }
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        return Err(ApiError::query("end", "`end` must not be earlier than `start`"));
    }
    if start.is_some() || end.is_some() {
        return Ok(Wanted::Times { start, end });
    }
    Ok(Wanted::Numbers { from, to })
}

/// The entries that are meant. By time: from the first one of that time to the last one, and all between them, also when
/// somebody has set the clock meanwhile.
fn find(
    trail: &Trail,
    wanted: Wanted,
    clock: &Clock,
    limit: Duration,
) -> Result<Range<u64>, ApiError> {
    let status = trail.status();
    let (oldest, size) = (status.oldest_kept, status.checkpoint.size());
    let (start, end) = match wanted {
        Wanted::Numbers { from, to } => {
            let from = from.unwrap_or(oldest);
            if from > size {
                return Err(unreadable(ReadError::Outside { what: "entry", asked: from, size }));
            }
            if from < oldest {
                return Err(unreadable(ReadError::Archived { oldest }));
            }
            return Ok(from..to.unwrap_or(size).clamp(from, size));
        }
        Wanted::Times { start, end } => (start, end),
    };
    let deadline = clock.steady() + limit;
    let edge = |newest_first| {
        let mut query = Query { newest_first, limit: 1, start, end, ..Query::default() };
        loop {
            let page = trail.read(&query).map_err(unreadable)?;
            match (page.entries.first(), page.next) {
                (Some(entry), _) => return Ok(Some(entry.seq)),
                (None, None) => return Ok(None),
                (None, next) => query.after = next,
            }
            if clock.steady() >= deadline {
                let detail = format!("the entries of that time were not found in {limit:?}");
                return Err(ApiError::new(Code::TooSlow, detail)
                    .remedy("ask by number, with `from` and `to`"));
            }
        }
    };
    match (edge(false)?, edge(true)?) {
        (Some(first), Some(last)) => Ok(first..last.max(first) + 1),
        _ => Ok(size..size),
    }
}

/// A copy that is being taken.
struct Copy {
    range: Range<u64>,
    form: Form,
    act: Act,
    wish: Recorded,
    turn: OwnedSemaphorePermit,
}

impl Copy {
    /// Writes everything and says in the trail how that ended.
    async fn take(self, shared: &Shared, sender: Sender<Piece>) {
        let Copy { range, form, act, wish, turn } = self;
        let trail = shared.api.trail.clone();
        // The answer ends when the last sender goes: behind the entry of how it ended.
        let sender = Arc::new(sender);
        let mut out = Pieces::new(sender.clone());
        let work = move || {
            let _turn = turn;
            let written = match form {
                Form::Proof => trail.export(range, &mut out).map(drop),
                Form::Csv => table(&trail, range, &mut out),
            };
            let written = written.and_then(|()| out.flush().map_err(gone));
            if let Err(error) = &written
                && !matches!(error, ReadError::Export { .. })
            {
                let told = ApiError::new(Code::TrailUnreadable, error.to_string());
                out.send(Err(told)).ok();
            }
            written.map(|()| out.bytes)
        };
        let entry = format!("entry {}", wish.seq());
        let act = match tokio::task::spawn_blocking(work).await {
            Ok(Ok(bytes)) => act.detail(format!("{entry}; {bytes} bytes")),
            Ok(Err(ReadError::Export { .. })) => {
                let detail = format!("{entry}; the client went away before the end");
                act.result(Outcome::Failed).detail(detail)
            }
            Ok(Err(error)) => {
                tracing::error!(error = %Chain(&error), "an export of the audit trail failed");
                act.result(Outcome::Failed).detail(format!("{entry}; {}: {error}", error.code()))
            }
            Err(panic) => {
                tracing::error!(error = %panic, "an export of the audit trail failed");
                act.result(Outcome::Failed).detail(entry)
            }
        };
        if let Err(error) = shared.api.trail.record(act).await {
            tracing::error!(error = %Chain(&error), "the end of an export could not be recorded");
        }
        drop(sender);
    }
}

/// Collects what is written into pieces of some length and hands them over, waiting while the queue is full.
pub(crate) struct Pieces {
    sender: Arc<Sender<Piece>>,
    handle: Handle,
    buffer: Vec<u8>,
    bytes: u64,
}

impl Pieces {
    /// Pieces for whoever receives from `sender`. Within the executor; what is written is written on a thread that may
    /// block.
    pub(crate) fn new(sender: Arc<Sender<Piece>>) -> Pieces {
        Pieces { sender, handle: Handle::current(), buffer: Vec::new(), bytes: 0 }
    }

    pub(crate) fn send(&self, piece: Piece) -> io::Result<()> {
        match self.handle.block_on(self.sender.send(piece)) {
            Sent::Queued | Sent::Dropped(_) => Ok(()),
            Sent::Refused(_) | Sent::Closed(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= limits::EXPORT_PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.buffer);
        self.bytes += piece.len() as u64;
        self.send(Ok(piece.into()))
    }
}

/// Whoever took the copy takes no more of it.
fn gone(source: io::Error) -> ReadError {
    ReadError::Export { source }
}

/// Writes entries as a table. What cannot be read any more is passed over; the other form would name it.
fn table(trail: &Trail, range: Range<u64>, out: &mut dyn Write) -> Result<(), ReadError> {
    let mut table = Table::new(&COLUMNS);
    let after = range.start.checked_sub(1);
    let mut query = Query { after, limit: STEP, ..Query::default() };
    loop {
        let page = trail.read(&query)?;
        let inside = page.entries.iter().filter(|entry| range.contains(&entry.seq));
        inside.for_each(|entry| table.line(&cells(entry)));
        out.write_all(table.take().as_bytes()).map_err(gone)?;
        match page.next {
            Some(next) if next + 1 < range.end => query.after = Some(next),
            _ => return Ok(()),
        }
    }
}

fn cells(entry: &Entry) -> [String; 14] {
    let Act { who, action, object, old, new, why, result, detail } = &entry.act;
    let value = |value: &Option<serde_json::Value>| match value {
        None => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let word = |word: serde_json::Result<serde_json::Value>| {
        word.ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
    };
    [
        entry.seq.to_string(),
        entry.time.to_string(),
        who.name.to_string(),
        who.account.map(|account| account.to_string()).unwrap_or_default(),
        word(serde_json::to_value(who.road)),
        who.from.map(|from| from.to_string()).unwrap_or_default(),
        who.session.as_deref().unwrap_or_default().to_owned(),
        action.word().to_owned(),
        object.clone(),
        value(old),
        value(new),
        why.clone().unwrap_or_default(),
        word(serde_json::to_value(result)),
        detail.clone().unwrap_or_default(),
    ]
}

fn download(first: Bytes, rest: Receiver<Piece>, range: &Range<u64>, form: Form) -> Response {
    let (kind, end) = match form {
        Form::Proof => ("text/plain; charset=utf-8", "txt"),
        Form::Csv => ("text/csv; charset=utf-8", "csv"),
    };
    attachment(first, rest, kind, &format!("audit-{}-{}.{end}", range.start, range.end))
}

/// An answer that grows while it is written, as a file of this name.
pub(crate) fn attachment(
    first: Bytes,
    rest: Receiver<Piece>,
    kind: &'static str,
    name: &str,
) -> Response {
    let pieces = stream::unfold((Some(first), rest), |(first, mut rest)| async move {
        if let Some(first) = first {
            return Some((Ok(first), (None, rest)));
        }
        let piece = rest.receive().await?;
        // An error ends the answer before its end: a client does not take half a copy for a whole one.
        Some((piece.map_err(|error| io::Error::other(error.detail)), (None, rest)))
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"{name}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
