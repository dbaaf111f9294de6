//! Trying devices out: which drivers there are, what the plant folder has, tests, browsing, traces.

use std::sync::Arc;
use std::time::Duration;

use lineshaft_audit::{Act, Action, Recorded};
use lineshaft_contract::{BrowseTrouble, Step, TracePage, Trial, TrialMistake};
use lineshaft_model::TagPath;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;

use crate::access::{Caller, ChangeConfig, OperateNode, Permission, ReadConfig, ReadNode, Scope};
use crate::device_shapes::{ConfiguredLine, DriverLine, FoundPage, TestPage, TraceLine};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json as Body, Params, Segment};
use crate::refusals::{no_such, no_trail};
use crate::server::Shared;
use crate::shape::Written;

/// A device that is tried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestRequest {
    /// What would stand in its table: `driver`, `endpoint`, `timeout`, `settings`, ….
    #[schema(value_type = Object)]
    device: Map<String, Json>,
    /// Rows of its tag table, up to 32: `name`, `address`, `type`, and whatever else a row has (`scale`, `offset`, …). Without
    /// any, the protocol's cheapest question is asked.
    #[serde(default)]
    #[schema(required = false, value_type = Vec<Object>)]
    tags: Vec<Map<String, Json>>,
}

/// A part of what a device offers is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BrowseRequest {
    /// What would stand in its table.
    #[schema(value_type = Object)]
    device: Map<String, Json>,
    /// The driver's own. Modbus: `tables` (of `holding`, `input`, `coil`, `discrete`), `from`, `to`, `units` (a list to
    /// scan, or a range such as `"1-247"` to search for units that answer).
    #[serde(default)]
    #[schema(required = false, value_type = Object)]
    options: Json,
    /// Where the part before ended; null to begin.
    #[serde(default)]
    after: Option<String>,
    /// How many at most, 1 to 1,000.
    #[serde(default)]
    limit: Option<u32>,
}

/// How long frames are kept from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceRequest {
    /// 1 to 3,600; 0 ends it.
    #[schema(maximum = 3600)]
    seconds: u32,
}

/// Lists the drivers of this node, with the schemas a form is made of.
#[utoipa::path(
    get,
    path = "/api/v1/drivers",
    responses((status = 200, description = "The drivers", body = Vec<DriverLine>), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_drivers(
    caller: Caller<ReadConfig>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let shared = caller.may(Scope::Node)?;
    let drivers = shared.api.workshop.drivers().into_iter();
    let drivers: Vec<DriverLine> = drivers.map(DriverLine::from).collect();
    Ok(Written::new(&drivers, drivers.len() * 16_384))
}

/// Lists the devices of the plant folder as they are written, in the order of their names.
#[utoipa::path(
    get,
    path = "/api/v1/plant/devices",
    responses((status = 200, description = "The devices", body = Vec<ConfiguredLine>), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_configured(
    caller: Caller<ReadConfig>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let shared = caller.may(Scope::Node)?;
    let devices = shared.api.workshop.devices().await?.into_iter();
    let devices: Vec<ConfiguredLine> = devices.map(ConfiguredLine::from).collect();
    Ok(Written::new(&devices, devices.len() * 400))
}

/// Tries a device out step by step, without changing anything; the answer comes within 15 s.
#[utoipa::path(
    post,
    path = "/api/v1/devices/test",
    request_body = TestRequest,
    responses((status = 200, description = "What was found, also when the device does not answer", body = TestPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn test_device(
    caller: Caller<ChangeConfig>,
    Body(request): Body<TestRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    let trial = trial(request)?;
    let new = json!({ "tags": trial.tags.len() });
    let entry = enter(shared, &caller, Action::DeviceTest, &trial.device, new).await?;
    let report = shared.api.workshop.test(trial).await.ok_or_else(busy)?;
    caller.recorded(&entry);
    let bytes = 2_048 + 400 * report.frames.len() + 200 * report.values.len();
    Ok(Written::new(&TestPage::from(report), bytes))
}

/// Lists a part of what a device offers; the answer comes within 5 s.
#[utoipa::path(
    post,
    path = "/api/v1/devices/browse",
    request_body = BrowseRequest,
    responses((status = 200, description = "A part", body = FoundPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn browse_device(
    caller: Caller<ChangeConfig>,
    Body(request): Body<BrowseRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    let BrowseRequest { device, options, after, limit } = request;
    let limit = limit.unwrap_or(limits::BROWSE_FOUND_USUAL);
    if !(1..=limits::BROWSE_FOUND_MAX).contains(&limit) {
        let detail = format!("`limit` is {limit}, it must be 1 to {}", limits::BROWSE_FOUND_MAX);
        return Err(ApiError::new(Code::Body, detail).field("limit"));
    }
    let bytes = options.to_string().len();
    if bytes > limits::BROWSE_OPTIONS_BYTES_MAX {
        let max = limits::BROWSE_OPTIONS_BYTES_MAX;
        let detail = format!("`options` has {bytes} bytes, it may have {max}");
        return Err(ApiError::new(Code::TrialWrong, detail).field("options"));
    }
    // A browse has hundreds of parts: it is entered when it begins, and once a minute while it goes on.
    let who: Arc<str> = format!("{} browses {}", caller.actor().name, object(&device)).into();
    if after.is_none() || shared.auditing.is_due(&who, shared.api.clock.steady()) {
        let new = json!({ "options": options });
        let entry = enter(shared, &caller, Action::DeviceBrowse, &device, new).await?;
        caller.recorded(&entry);
    } else {
        caller.changed_nothing();
    }
    let trial = Trial { device, tags: Vec::new() };
    match shared.api.workshop.browse(trial, options, after, limit).await {
        Ok(page) => Ok(Written::new(&FoundPage::from(page), 65_536)),
        Err(trouble) => Err(trouble.into()),
    }
}

/// Reads the frames of a running device, oldest first, from `after` on.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{device}/trace",
    params(
        ("device" = String, Path, description = "Its name"),
        ("after" = Option<u64>, Query, minimum = 0, description = "The `next` of the answer before"),
    ),
    responses((status = 200, description = "The frames that are kept", body = TraceLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_trace(
    caller: Caller<ReadNode>,
    Segment(device): Segment,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["after"])?;
    let from = params.number("after", 0..=u64::MAX, 0)?;
    let (shared, _) = caller.view("")?;
    // A refusal names what it refuses: where a device is that somebody may not see is not said.
    let sees = |path: &TagPath| {
        caller.pass().may(Permission::ReadNode, &Scope::Under(path.as_str())).is_ok()
    };
    let Some(path) = path_of(shared, &device).filter(sees) else {
        // Who may not see all learns nothing of what there is elsewhere.
        caller.may(Scope::Under(""))?;
        return Err(no_such("device", &device));
    };
    let shared = caller.may(Scope::Under(path.as_str()))?;
    let trace = shared.api.workshop.trace(&device, from.saturating_sub(1));
    let page = TraceLine::from(trace.ok_or_else(|| no_such("device", &device))?);
    Ok(Written::new(&page, 65_536))
}

/// Keeps the frames of a running device for a while, or no more. What was kept stays until the next time.
#[utoipa::path(
    post,
    path = "/api/v1/devices/{device}/trace",
    params(("device" = String, Path, description = "Its name")),
    request_body = TraceRequest,
    responses((status = 200, description = "Until when, without frames", body = TraceLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn keep_trace(
    caller: Caller<OperateNode>,
    Segment(device): Segment,
    Body(request): Body<TraceRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    if path_of(shared, &device).is_none() {
        return Err(no_such("device", &device));
    }
    let seconds = request.seconds;
    if seconds > limits::TRACE_SECONDS_MAX {
        let max = limits::TRACE_SECONDS_MAX;
        let detail = format!("`seconds` is {seconds}, it must be 0 to {max}");
        return Err(ApiError::new(Code::Body, detail).field("seconds"));
    }
    let act = Act::done(caller.actor(), Action::DeviceTrace, device.as_str());
    let act = act.new(json!({ "seconds": seconds }));
    let entry = shared.api.trail.record(act).await.map_err(|error| no_trail(&error))?;
    let lasting = Duration::from_secs(seconds.into());
    let page = shared.api.workshop.keep_trace(&device, lasting);
    let page = page.ok_or_else(|| no_such("device", &device))?;
    caller.recorded(&entry);
    Ok(Written::new(&TraceLine::from(TracePage { frames: Vec::new(), dropped: 0, ..page }), 128))
}

/// Where the tags of a running device are.
fn path_of(shared: &Shared, device: &str) -> Option<TagPath> {
    shared.api.devices.list().into_iter().find(|one| one.device == device).map(|one| one.path)
}

/// What an entry of the trail is about: where the device is.
fn object(device: &Map<String, Json>) -> String {
    let endpoint = device.get("endpoint").and_then(Json::as_str).unwrap_or("no endpoint");
    without_user(endpoint).chars().take(limits::OBJECT_CHARS_MAX).collect()
}

/// An endpoint without `user:password@`: the trail is kept for years and read by many.
fn without_user(endpoint: &str) -> String {
    let start = endpoint.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = endpoint.split_at(start);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}{}", &rest[host..])
}

/// The entry that something is tried, before anything is sent.
async fn enter(
    shared: &Shared,
    caller: &Caller<ChangeConfig>,
    action: Action,
    device: &Map<String, Json>,
    mut new: Json,
) -> Result<Recorded, ApiError> {
    let driver = device.get("driver").and_then(Json::as_str).unwrap_or_default();
    new["driver"] = driver.chars().take(limits::OBJECT_CHARS_MAX).collect::<String>().into();
    let act = Act::done(caller.actor(), action, object(device)).new(new);
    shared.api.trail.record(act).await.map_err(|error| no_trail(&error))
}

fn busy() -> ApiError {
    ApiError::new(Code::Busy, "others are trying devices out").remedy("ask again in a few seconds")
}

fn trial(request: TestRequest) -> Result<Trial, ApiError> {
    let TestRequest { device, tags } = request;
    if tags.len() > limits::TEST_TAGS_MAX {
        let detail = format!("a test reads at most {} tags", limits::TEST_TAGS_MAX);
        return Err(ApiError::new(Code::Body, detail).field("tags"));
    }
    let cells = |row: Map<String, Json>| row.into_iter().filter_map(cell).collect();
    Ok(Trial { device, tags: tags.into_iter().map(cells).collect() })
}

/// A cell of a row: `name` is the column `tag`.
fn cell((column, value): (String, Json)) -> Option<(String, String)> {
    let text = match value {
        Json::Null => return None,
        Json::String(text) => text,
        other => other.to_string(),
    };
    Some((if column == "name" { "tag".into() } else { column }, text))
}

impl From<BrowseTrouble> for ApiError {
    fn from(trouble: BrowseTrouble) -> ApiError {
        match trouble {
            BrowseTrouble::Wrong(mistakes) => {
                let first = mistakes.first().cloned();
                let (key, what, remedy) =
                    first.map(|one| (one.key, one.what, one.remedy)).unwrap_or_default();
                let detail = match mistakes.len() {
                    0 | 1 => what,
                    count => format!("{what}; {} more mistakes", count - 1),
                };
                let error = ApiError::new(Code::TrialWrong, detail).field(&format!("device.{key}"));
                let error = if remedy.is_empty() { error } else { error.remedy(remedy) };
                error.mistakes(mistakes.into_iter().map(plant_mistake).collect())
            }
            BrowseTrouble::Unsupported { driver } => {
                let detail = format!("`{driver}` cannot list what a device offers");
                ApiError::new(Code::NoBrowse, detail)
                    .remedy("write the tag table by hand, or import one as CSV")
            }
            BrowseTrouble::Failed(Step { step, what, code, remedy, .. }) => {
                let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
                let error = ApiError::new(Code::TrialFailed, format!("{what}{code}")).field(step);
                match remedy.filter(|remedy| !remedy.is_empty()) {
                    Some(remedy) => error.remedy(remedy),
                    None => error,
                }
            }
            BrowseTrouble::Busy => busy(),
        }
    }
}

fn plant_mistake(mistake: TrialMistake) -> lineshaft_contract::PlantMistake {
    let TrialMistake { key, code, what, remedy } = mistake;
    lineshaft_contract::PlantMistake { file: key, line: 0, column: 0, code, what, help: remedy }
}

#[cfg(test)]
mod tests {
    use super::without_user;

    #[test]
    fn no_user_and_no_password_is_written_into_the_trail() {
        for (endpoint, told) in [
            ("opc.tcp://anna:nine-brass@plc-7:4840/x@y", "opc.tcp://plc-7:4840/x@y"),
            ("tcp://a:b@c@plc-7", "tcp://plc-7"),
            ("anna:nine-brass@plc-7:502", "plc-7:502"),
            ("tcp://[::1]:502?unit=1", "tcp://[::1]:502?unit=1"),
            ("serial:///dev/ttyUSB0?baud=9600", "serial:///dev/ttyUSB0?baud=9600"),
            ("no endpoint", "no endpoint"),
        ] {
            assert_eq!(without_user(endpoint), told);
        }
    }
}
