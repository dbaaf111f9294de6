//! What the routes of `devices` answer, in JSON.

use std::time::Duration;

use lineshaft_contract::{
    Addressing, BrowseKind, BrowsePage, ConfiguredDevice, DriverPage, Found, Outcome, Step,
    TestReport, TestValue, TracePage, Traced, TrialMistake,
};
use lineshaft_model::{DataType, Timestamp, Value};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::shape::{AnyValue, reason};

/// A driver of this node, with all a form needs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Driver)]
pub(crate) struct DriverLine {
    /// The word in `driver = "…"`.
    driver: &'static str,
    /// Its name for people.
    title: &'static str,
    /// How its endpoints are written, the usual one first.
    endpoints: Vec<EndpointLine>,
    /// The JSON schema of its `settings`.
    #[schema(value_type = Object)]
    settings: Json,
    /// The JSON schema of the keys that all drivers share.
    #[schema(value_type = Object)]
    device: Json,
    /// The types its points can have, as a tag table writes them.
    types: &'static [&'static str],
    /// How its addresses are written.
    address: AddressLine,
    /// How it finds out what a device offers: `scan` tries addresses, `tree` asks the device; null when it cannot.
    #[schema(required)]
    browse: Option<&'static str>,
}

/// One way to reach a device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DriverEndpoint)]
pub(crate) struct EndpointLine {
    /// What stands before `://`.
    scheme: &'static str,
    /// A whole one.
    example: &'static str,
    /// What it is for.
    about: &'static str,
}

/// How addresses are written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DriverAddress)]
pub(crate) struct AddressLine {
    /// Some, the usual one first.
    examples: &'static [&'static str],
    /// What they mean.
    about: &'static str,
}

impl From<DriverPage> for DriverLine {
    fn from(page: DriverPage) -> DriverLine {
        let DriverPage { driver, card, settings, device } = page;
        let Addressing { examples, about } = card.address;
        let endpoint = |one: &lineshaft_contract::EndpointCard| EndpointLine {
            scheme: one.scheme,
            example: one.example,
            about: one.about,
        };
        DriverLine {
            driver,
            title: card.title,
            endpoints: card.endpoints.iter().map(endpoint).collect(),
            settings,
            device,
            types: card.types,
            address: AddressLine { examples, about },
            browse: card.browse.map(BrowseKind::word),
        }
    }
}

/// A device as the plant folder has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConfiguredDevice)]
pub(crate) struct ConfiguredLine {
    /// Its name: the table's key.
    device: String,
    /// The file it stands in.
    file: String,
    /// Its table as it is written, without what is left out.
    #[schema(value_type = Object)]
    table: Map<String, Json>,
    /// Its tag table, as `plant/file` takes it.
    #[schema(required)]
    tags_file: Option<String>,
    /// Whether a change can write both files.
    writable: bool,
    /// Whether it is polled.
    enabled: bool,
}

impl From<ConfiguredDevice> for ConfiguredLine {
    fn from(one: ConfiguredDevice) -> ConfiguredLine {
        let ConfiguredDevice { device, file, table, tags_file, is_writable, is_enabled } = one;
        let (writable, enabled) = (is_writable, is_enabled);
        ConfiguredLine { device, file, table, tags_file, writable, enabled }
    }
}

/// What a test found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceTest)]
pub(crate) struct TestPage {
    /// Whether no step failed.
    ok: bool,
    /// How long it took.
    took_ms: f64,
    /// The steps in order; behind one that failed all are skipped.
    steps: Vec<StepLine>,
    /// The tags that were read.
    values: Vec<ValueLine>,
    /// What is wrong with the settings, one by one.
    mistakes: Vec<TrialMistakeLine>,
    /// The frames that went by, up to 200.
    frames: Vec<FrameLine>,
}

/// One step of a test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceTestStep)]
pub(crate) struct StepLine {
    /// `settings`, `name`, `connect`, `tls`, `credentials`, `answer` or `read`; on a serial line `port` and `open` in place of
    /// `name` and `connect`.
    step: &'static str,
    /// `ok`, `failed` or `skipped`.
    outcome: &'static str,
    /// How long it took.
    took_ms: f64,
    /// What was found.
    what: String,
    /// A code with a page, of a failure.
    #[schema(required)]
    code: Option<String>,
    /// What to do about a failure.
    #[schema(required)]
    remedy: Option<String>,
}

/// A tag that was read in a test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceTestValue)]
pub(crate) struct ValueLine {
    /// The tag.
    name: String,
    /// Its address.
    address: String,
    /// What it is, scaled as its row says.
    #[schema(value_type = AnyValue)]
    value: OwnValue,
    /// `good`, `uncertain` or `bad`.
    quality: &'static str,
    /// Why it is not good.
    #[schema(required)]
    reason: Option<&'static str>,
    /// What the device said in place of a value.
    #[schema(required)]
    what: Option<String>,
}

/// Something wrong with what was to be tried.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrialMistake)]
pub(crate) struct TrialMistakeLine {
    /// The key: `endpoint`, `settings.unit`, `tags[0].address`.
    key: String,
    /// A code with a page.
    code: String,
    /// What is wrong.
    what: String,
    /// What to do; may be empty.
    remedy: String,
}

/// A frame.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceFrame)]
pub(crate) struct FrameLine {
    /// Counts the frames of the device from 1.
    n: u64,
    /// When, in milliseconds with microseconds behind the point.
    timestamp_ms: f64,
    /// `sent` or `received`.
    direction: &'static str,
    /// The bytes in hexadecimal; empty when it is about their absence.
    bytes: String,
    /// What they mean.
    text: String,
    /// Time since the request, of what was received.
    #[schema(required)]
    took_ms: Option<f64>,
}

/// Frames of a device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceTrace)]
pub(crate) struct TraceLine {
    /// Until when frames are kept; null when they are not.
    #[schema(required)]
    until_ms: Option<i64>,
    /// Oldest first.
    frames: Vec<FrameLine>,
    /// What to ask for next, as `after`.
    next: u64,
    /// How many of those asked for are not kept any more.
    dropped: u64,
}

/// A part of what a device offers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceBrowse)]
pub(crate) struct FoundPage {
    /// What was found.
    found: Vec<FoundLine>,
    /// Where to go on, as `after`; null behind the last part.
    #[schema(required)]
    next: Option<String>,
    /// How much of the whole has been looked at, 0 to 1.
    done: f64,
    /// What is worth saying about it; may be empty.
    note: String,
}

/// Something a device offers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceFound)]
pub(crate) struct FoundLine {
    /// A name fit for the tag table.
    name: String,
    /// Its address.
    address: String,
    /// Its type as a tag table writes it; null of a unit behind the link, which is no tag.
    #[serde(rename = "type")]
    #[schema(required)]
    kind: Option<String>,
    /// What the device says about it, or what it looks like.
    description: String,
    /// What it is now.
    #[schema(value_type = AnyValue)]
    value: OwnValue,
    /// `good`, `uncertain` or `bad`.
    quality: &'static str,
    /// What else it could be.
    guesses: Vec<GuessLine>,
    /// Settings it needs that are not those it was found with: of another unit.
    #[schema(required, value_type = Option<Object>)]
    settings: Option<Json>,
}

/// What something could be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceGuess)]
pub(crate) struct GuessLine {
    /// The type as a tag table writes it.
    #[serde(rename = "type")]
    kind: String,
    /// The value it would have.
    #[schema(value_type = AnyValue)]
    value: OwnValue,
}

/// A value with its type.
#[derive(Debug)]
pub(crate) struct OwnValue(Value, DataType);

impl Serialize for OwnValue {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AnyValue::new(&self.0, self.1).serialize(serializer)
    }
}

fn ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of today have 51 bits")]
fn precise_ms(at: Timestamp) -> f64 {
    (at.nanos() / 1_000) as f64 / 1e3
}

impl From<Step> for StepLine {
    fn from(step: Step) -> StepLine {
        let Step { step, outcome, took, what, code, remedy } = step;
        StepLine { step, outcome: Outcome::word(outcome), took_ms: ms(took), what, code, remedy }
    }
}

impl From<TestValue> for ValueLine {
    fn from(read: TestValue) -> ValueLine {
        let TestValue { name, address, data_type, value, quality, what } = read;
        ValueLine {
            name,
            address,
            value: OwnValue(value, data_type),
            quality: quality.word(),
            reason: reason(quality),
            what: Some(what).filter(|what| !what.is_empty()),
        }
    }
}

impl From<TrialMistake> for TrialMistakeLine {
    fn from(mistake: TrialMistake) -> TrialMistakeLine {
        let TrialMistake { key, code, what, remedy } = mistake;
        TrialMistakeLine { key, code, what, remedy }
    }
}

impl From<Traced> for FrameLine {
    fn from(traced: Traced) -> FrameLine {
        let hex: Vec<String> =
            traced.frame.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        FrameLine {
            n: traced.n,
            timestamp_ms: precise_ms(traced.at),
            direction: traced.frame.direction.word(),
            bytes: hex.join(" "),
            text: traced.frame.text,
            took_ms: traced.frame.took.map(ms),
        }
    }
}

impl From<TracePage> for TraceLine {
    fn from(page: TracePage) -> TraceLine {
        TraceLine {
            until_ms: page.until.map(Timestamp::millis),
            frames: page.frames.into_iter().map(FrameLine::from).collect(),
            next: page.last + 1,
            dropped: page.dropped,
        }
    }
}

impl From<Found> for FoundLine {
    fn from(found: Found) -> FoundLine {
        let Found { name, address, data_type, description, value, quality, guesses, settings } =
            found;
        let guess = |(kind, value): (String, Value)| {
            let (data_type, _) =
                DataType::parse_with_order(&kind).unwrap_or((DataType::F64, Default::default()));
            GuessLine { kind, value: OwnValue(value, data_type) }
        };
        FoundLine {
            name,
            address,
            kind: data_type.map(|data_type| data_type.to_string()),
            description,
            value: OwnValue(value, data_type.unwrap_or(DataType::Bool)),
            quality: quality.word(),
            guesses: guesses.into_iter().map(guess).collect(),
            settings: Some(settings).filter(|settings| !settings.is_null()),
        }
    }
}

impl From<BrowsePage> for FoundPage {
    fn from(page: BrowsePage) -> FoundPage {
        let BrowsePage { found, next, done, note } = page;
        FoundPage { found: found.into_iter().map(FoundLine::from).collect(), next, done, note }
    }
}

impl From<TestReport> for TestPage {
    fn from(report: TestReport) -> TestPage {
        TestPage {
            ok: report.is_ok(),
            took_ms: ms(report.took),
            steps: report.steps.into_iter().map(StepLine::from).collect(),
            values: report.values.into_iter().map(ValueLine::from).collect(),
            mistakes: report.mistakes.into_iter().map(TrialMistakeLine::from).collect(),
            frames: report.frames.into_iter().map(FrameLine::from).collect(),
        }
    }
}
