//! Trying devices out before they run, and looking at those that do: kinds, tests, browsing, traces.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use lineshaft_model::{DataType, Quality, Timestamp, Value};
use serde_json::{Map, Value as Json};

use crate::{Card, ConfigurationError, Found, Frame};

/// A pending answer.
pub type Working<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A driver of this build, with all a form needs.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverPage {
    /// The word in `driver = "…"`.
    pub driver: &'static str,
    /// What it says of itself.
    pub card: Card,
    /// The JSON schema of its `settings`.
    pub settings: Json,
    /// The JSON schema of the keys that all drivers share.
    pub device: Json,
}

/// A device as the plant folder has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredDevice {
    /// Its name: the table's key.
    pub device: String,
    /// The file it stands in.
    pub file: String,
    /// Its table, as written.
    pub table: Map<String, Json>,
    /// Its tag table, as `plant/file` takes it.
    pub tags_file: Option<String>,
    /// Whether a change can write both files.
    pub is_writable: bool,
    /// Whether it is polled.
    pub is_enabled: bool,
}

/// A device that is tried out: what would stand in its table, and rows of its tag table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trial {
    /// The keys of its table: `driver`, `endpoint`, `settings`, ….
    pub device: Map<String, Json>,
    /// Cells by their column: `tag`, `address`, `type`, ….
    pub tags: Vec<Vec<(String, String)>>,
}

/// Something wrong with what was to be tried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialMistake {
    /// The key: `settings.unit`, `endpoint`, `tags[0].address`.
    pub key: String,
    /// A code with a page.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What to do; may be empty.
    pub remedy: String,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It worked.
    Ok,
    /// It did not.
    Failed,
    /// It was not needed, or an earlier one failed.
    Skipped,
}

impl Outcome {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        }
    }
}

/// One step of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `settings`, `name`, `connect`, `answer`, `read`, …; `port` and `open` in place of `name` and `connect` on a serial line.
    pub step: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// What was found.
    pub what: String,
    /// A code with a page, of a failure.
    pub code: Option<String>,
    /// What to do about a failure.
    pub remedy: Option<String>,
}

/// A tag that was read in a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestValue {
    /// The tag.
    pub name: String,
    /// Its address.
    pub address: String,
    /// The type of the value as it is here: scaled values are `f64`.
    pub data_type: DataType,
    /// What it is, scaled as its row says.
    pub value: Value,
    /// How far that may be trusted.
    pub quality: Quality,
    /// What the device said about it when it gave no value; may be empty.
    pub what: String,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq)]
pub struct TestReport {
    /// How long it took.
    pub took: Duration,
    /// The steps, in order; behind one that failed all are skipped.
    pub steps: Vec<Step>,
    /// The tags that were read.
    pub values: Vec<TestValue>,
    /// What is wrong with the settings, one by one.
    pub mistakes: Vec<TrialMistake>,
    /// The frames that went by.
    pub frames: Vec<Traced>,
}

impl TestReport {
    /// Whether no step failed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.steps.iter().all(|step| step.outcome != Outcome::Failed)
    }
}

/// A part of what a device offers.
#[derive(Debug, Clone, PartialEq)]
pub struct BrowsePage {
    /// What was found.
    pub found: Vec<Found>,
    /// Where to go on.
    pub next: Option<String>,
    /// How much of the whole has been looked at, 0 to 1.
    pub done: f64,
    /// What is worth saying about it; may be empty.
    pub note: String,
}

/// Why a device cannot be browsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrowseTrouble {
    /// What is to be browsed is wrong.
    Wrong(Vec<TrialMistake>),
    /// Its driver cannot list what it offers.
    Unsupported {
        /// Which.
        driver: String,
    },
    /// A step on the way failed.
    Failed(Step),
    /// Too many are tried out at a time.
    Busy,
}

/// A frame with its place in the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// Counts the frames of the device from 1.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub frame: Frame,
}

/// Frames of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracePage {
    /// Until when frames are kept; `None` when they are not.
    pub until: Option<Timestamp>,
    /// Oldest first.
    pub frames: Vec<Traced>,
    /// The number to ask on after.
    pub last: u64,
    /// How many between `after` and the first here are not kept any more.
    pub dropped: u64,
}

/// Whoever can try devices out.
pub trait Workshop: Send + Sync {
    /// The drivers of this build.
    fn drivers(&self) -> Vec<DriverPage>;

    /// The devices of the plant folder as it runs.
    fn devices(&self) -> Working<'_, Result<Vec<ConfiguredDevice>, ConfigurationError>>;

    /// Tries a device out step by step; `None` when too many are tried out already. Ends within 15 s.
    fn test(&self, trial: Trial) -> Working<'_, Option<TestReport>>;

    /// Lists a part of what a device offers. Ends within 5 s.
    fn browse(
        &self,
        trial: Trial,
        options: Json,
        after: Option<String>,
        count_max: u32,
    ) -> Working<'_, Result<BrowsePage, BrowseTrouble>>;

    /// The frames of a running device after a number; `None` when there is no such device.
    fn trace(&self, device: &str, after: u64) -> Option<TracePage>;

    /// Keeps the frames of a running device for so long, from now on; zero ends it. `None` when there is no such device.
    fn keep_trace(&self, device: &str, lasting: Duration) -> Option<TracePage>;
}
