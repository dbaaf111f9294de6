//! The devices and the node itself: how they do, whether they live, what they count.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use lineshaft_contract::{
    DeviceCounters, DeviceStatus, HistorianStatus, LastError, NodeStatus, ReaderStatus, Ready,
    RevisionStatus, ShaftStatus,
};
use lineshaft_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, Permission, Public, ReadNode, Scope};
use crate::problem::{ApiError, Code, Problem};
use crate::query::Params;
use crate::shape::Written;
use crate::view::View;

/// A device and how it does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Device)]
struct DeviceLine {
    /// Its name in the plant folder.
    device: String,
    /// Its driver.
    driver: &'static str,
    /// Where it is.
    endpoint: String,
    /// Where its tags are.
    path: String,
    /// `online`, `connecting`, `degraded`, `offline` or `disabled`.
    state: &'static str,
    /// Since when, Unix milliseconds.
    since_ms: i64,
    /// How many tags it has.
    tags: u32,
    /// How many of them are bad now.
    tags_bad: u32,
    /// The last thing that went wrong.
    #[schema(required)]
    last_error: Option<ErrorLine>,
    /// When it will be tried again, while it is offline.
    #[schema(required)]
    next_attempt_ms: Option<i64>,
    /// What it has done since it was configured.
    counters: CounterLine,
}

/// Something that went wrong with a device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceError)]
struct ErrorLine {
    /// Code with a page: `lineshaft explain CODE`.
    code: &'static str,
    /// What happened, with its causes.
    text: String,
    /// When.
    timestamp_ms: i64,
}

/// What a device has done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceCounters)]
struct CounterLine {
    /// Requests sent.
    requests: u64,
    /// Requests that failed or were refused.
    errors: u64,
    /// Samples delivered, good or bad.
    samples: u64,
    /// Cycles that could not start because the one before had not ended.
    skipped_cycles: u64,
    /// Connections opened after the first.
    reconnects: u64,
    /// Values written.
    writes: u64,
    /// Median time from request to answer; 0 before the first.
    round_trip_ms_p50: f64,
    /// 99th percentile of the same.
    round_trip_ms_p99: f64,
}

impl From<DeviceStatus> for DeviceLine {
    fn from(status: DeviceStatus) -> DeviceLine {
        let DeviceStatus { device, driver, endpoint, path, state, since, tags, tags_bad, .. } =
            status;
        DeviceLine {
            device,
            driver,
            endpoint,
            path: path.to_string(),
            state: state.word(),
            since_ms: since.millis(),
            tags,
            tags_bad,
            last_error: status.last_error.map(ErrorLine::from),
            next_attempt_ms: status.next_attempt.map(Timestamp::millis),
            counters: status.counters.into(),
        }
    }
}

impl From<LastError> for ErrorLine {
    fn from(error: LastError) -> ErrorLine {
        ErrorLine { code: error.code, text: error.text, timestamp_ms: error.at.millis() }
    }
}

impl From<DeviceCounters> for CounterLine {
    fn from(counters: DeviceCounters) -> CounterLine {
        CounterLine {
            requests: counters.requests,
            errors: counters.errors,
            samples: counters.samples,
            skipped_cycles: counters.skipped_cycles,
            reconnects: counters.reconnects,
            writes: counters.writes,
            round_trip_ms_p50: counters.round_trip_ms_p50,
            round_trip_ms_p99: counters.round_trip_ms_p99,
        }
    }
}

/// The node.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
struct StatusPage {
    /// Its name.
    node: String,
    /// The prefix of its tags.
    path: String,
    /// The version of the program.
    version: &'static str,
    /// When it was started, Unix milliseconds.
    started_ms: i64,
    /// Now, by its clock.
    now_ms: i64,
    /// Tags configured.
    tags: usize,
    /// Samples since it was started.
    samples_total: u64,
    /// Samples that could not be stored since it was started.
    samples_lost: u64,
    /// How often somebody set the system clock since it was started.
    clock_steps: u64,
    /// Samples per second, over the last seconds.
    samples_per_second: f64,
    /// The shaft.
    shaft: ShaftLine,
    /// The historian.
    historian: HistorianLine,
    /// The plant folder.
    revision: RevisionLine,
}

/// The shaft.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShaftStatus)]
struct ShaftLine {
    /// Bytes on disk.
    bytes: u64,
    /// Bytes it may take.
    quota_bytes: u64,
    /// Segment files.
    segments: u32,
    /// The oldest record that is still there.
    first_offset: u64,
    /// The record that will be appended next.
    next_offset: u64,
    /// Everything below this is on disk.
    committed_offset: u64,
    /// When the oldest record arrived.
    #[schema(required)]
    oldest_ms: Option<i64>,
    /// `writing`, `full` while there is no room, or `stopped` after a failed write.
    state: &'static str,
    /// Why it does not write.
    #[schema(required)]
    error: Option<String>,
    /// How often records were deleted that a reader had not passed.
    gaps: u64,
    /// How many such records.
    lost_records: u64,
    /// Bytes of a torn tail that the last start cut off; they were never reported as on disk.
    torn_bytes: u64,
    /// Records found damaged since the start.
    damaged_records: u64,
    /// The durable readers.
    readers: Vec<ReaderLine>,
}

/// A durable reader of the shaft.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReaderStatus)]
struct ReaderLine {
    /// Its name.
    name: String,
    /// The record it reads next.
    offset: u64,
    /// How much it has not read yet.
    lag_bytes: u64,
}

/// The historian.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistorianStatus)]
struct HistorianLine {
    /// Segment files.
    segments: u32,
    /// Bytes on disk.
    bytes: u64,
    /// Samples in segment files.
    samples_sealed: u64,
    /// Samples still in memory; they are in the shaft too.
    samples_hot: u64,
    /// The oldest sample.
    #[schema(required)]
    oldest_ms: Option<i64>,
    /// Why samples cannot be sealed at the moment; null while they can. They stay in memory and in the shaft.
    #[schema(required)]
    error: Option<String>,
}

/// The plant folder's state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevisionStatus)]
struct RevisionLine {
    /// Counts applied changes from 1.
    id: u64,
    /// When it was applied.
    applied_ms: i64,
    /// Why the change after it was refused; null when there is none.
    #[schema(required)]
    error: Option<String>,
}

impl StatusPage {
    fn new(status: NodeStatus, tags: usize) -> StatusPage {
        StatusPage {
            node: status.node,
            path: status.path.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            started_ms: status.started.millis(),
            now_ms: status.now.millis(),
            tags,
            samples_total: status.samples_total,
            samples_lost: status.samples_lost,
            clock_steps: status.clock_steps,
            samples_per_second: status.samples_per_second,
            shaft: status.shaft.into(),
            historian: status.historian.into(),
            revision: status.revision.into(),
        }
    }
}

impl From<ShaftStatus> for ShaftLine {
    fn from(shaft: ShaftStatus) -> ShaftLine {
        ShaftLine {
            bytes: shaft.bytes,
            quota_bytes: shaft.quota_bytes,
            segments: shaft.segments,
            first_offset: shaft.first_offset,
            next_offset: shaft.next_offset,
            committed_offset: shaft.committed_offset,
            oldest_ms: shaft.oldest.map(Timestamp::millis),
            state: match (&shaft.poisoned, &shaft.full) {
                (Some(_), _) => "stopped",
                (None, Some(_)) => "full",
                (None, None) => "writing",
            },
            error: shaft.poisoned.or(shaft.full),
            gaps: shaft.gaps,
            lost_records: shaft.lost_records,
            torn_bytes: shaft.torn_bytes,
            damaged_records: shaft.damaged_records,
            readers: shaft.readers.into_iter().map(ReaderLine::from).collect(),
        }
    }
}

impl From<ReaderStatus> for ReaderLine {
    fn from(reader: ReaderStatus) -> ReaderLine {
        ReaderLine { name: reader.name, offset: reader.offset, lag_bytes: reader.lag_bytes }
    }
}

impl From<HistorianStatus> for HistorianLine {
    fn from(historian: HistorianStatus) -> HistorianLine {
        HistorianLine {
            segments: historian.segments,
            bytes: historian.bytes,
            samples_sealed: historian.samples_sealed,
            samples_hot: historian.samples_hot,
            oldest_ms: historian.oldest.map(Timestamp::millis),
            error: historian.error,
        }
    }
}

impl From<RevisionStatus> for RevisionLine {
    fn from(revision: RevisionStatus) -> RevisionLine {
        let RevisionStatus { id, applied, error } = revision;
        RevisionLine { id, applied_ms: applied.millis(), error }
    }
}

/// Whether the node lives or is ready.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `up` or `ready`.
    status: &'static str,
}

/// Lists the devices in the order of their names.
#[utoipa::path(
    get,
    path = "/api/v1/devices",
    responses((status = 200, description = "The devices", body = Vec<DeviceLine>))
)]
pub(crate) async fn list_devices(
    caller: Caller<ReadNode>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let (shared, view) = caller.view("")?;
    let devices = shared.api.devices.list().into_iter();
    let seen = devices.filter(|device| view.covers(device.path.as_str()));
    let devices: Vec<DeviceLine> = seen.map(DeviceLine::from).collect();
    Ok(Written::new(&devices, devices.len() * 600))
}

/// Shows the node: its shaft, its historian, its plant folder.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    responses((status = 200, description = "The node", body = StatusPage))
)]
pub(crate) async fn read_status(
    caller: Caller<ReadNode>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let (shared, _) = caller.view("")?;
    let api = &shared.api;
    // Who sees a part of the plant is told how many tags that has.
    let tags = View::new("", caller.pass().parts(Permission::ReadPlant, "")).count(&api.namespace);
    let page = StatusPage::new(api.node.status(), tags);
    Ok(Written::new(&page, 1_024))
}

/// Says that the process lives.
#[utoipa::path(
    get,
    path = "/health",
    responses((status = 200, description = "The process lives", body = Health))
)]
pub(crate) async fn read_health(caller: Caller<Public>) -> Result<Written, ApiError> {
    caller.may(Scope::Node)?;
    Ok(Written::new(&Health { status: "up" }, 32))
}

/// Says whether the shaft writes and the devices run.
#[utoipa::path(
    get,
    path = "/ready",
    responses(
        (status = 200, description = "It does", body = Health),
        (status = 503, description = "It does not, and why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn read_ready(caller: Caller<Public>) -> Result<Written, ApiError> {
    match caller.may(Scope::Node)?.api.node.ready() {
        Ready::Yes => Ok(Written::new(&Health { status: "ready" }, 32)),
        Ready::No(why) => Err(ApiError::new(Code::NotReady, why)),
    }
}

/// Gives all counters in Prometheus' text form.
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain; version=0.0.4"))
)]
pub(crate) async fn read_metrics(caller: Caller<ReadNode>) -> Result<Response, ApiError> {
    let text = (caller.may(Scope::Under(""))?.api.metrics)();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
