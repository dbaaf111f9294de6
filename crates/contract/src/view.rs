//! What the outside may see of the running node, and the road for commands into it.

use std::future::Future;
use std::pin::Pin;

use lineshaft_model::{Answer, Command, TagPath, Timestamp};

/// How a device is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceState {
    /// Answers.
    Online,
    /// Not connected yet.
    Connecting,
    /// Answers, but some of its addresses do not.
    Degraded,
    /// Does not answer.
    Offline,
    /// Switched off in the plant folder.
    Disabled,
}

impl DeviceState {
    /// The word in JSON and on the page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            DeviceState::Online => "online",
            DeviceState::Connecting => "connecting",
            DeviceState::Degraded => "degraded",
            DeviceState::Offline => "offline",
            DeviceState::Disabled => "disabled",
        }
    }
}

/// The last thing that went wrong with a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// Code with a page.
    pub code: &'static str,
    /// What happened, with its causes.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// What a device has done since it was configured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DeviceCounters {
    /// Requests sent.
    pub requests: u64,
    /// Requests that failed or were refused.
    pub errors: u64,
    /// Samples delivered, good or bad.
    pub samples: u64,
    /// Cycles that could not start because the one before had not ended.
    pub skipped_cycles: u64,
    /// Connections opened after the first.
    pub reconnects: u64,
    /// Values written.
    pub writes: u64,
    /// Median time from request to answer, ms; 0 before the first.
    pub round_trip_ms_p50: f64,
    /// 99th percentile of the same.
    pub round_trip_ms_p99: f64,
}

/// One device, as `GET /api/v1/devices` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceStatus {
    /// Its name in the plant folder.
    pub device: String,
    /// Its driver.
    pub driver: &'static str,
    /// Where it is.
    pub endpoint: String,
    /// Where its tags are.
    pub path: TagPath,
    /// How it is doing.
    pub state: DeviceState,
    /// Since when.
    pub since: Timestamp,
    /// How many tags it has.
    pub tags: u32,
    /// How many of them have a bad quality now.
    pub tags_bad: u32,
    /// The last thing that went wrong.
    pub last_error: Option<LastError>,
    /// When it will be tried again, while it is offline.
    pub next_attempt: Option<Timestamp>,
    /// What it has done.
    pub counters: DeviceCounters,
}

/// Whoever runs the devices.
pub trait Devices: Send + Sync {
    /// All devices in the order of their names.
    fn list(&self) -> Vec<DeviceStatus>;
}

/// The road for commands. Every command is answered exactly once.
pub trait Commands: Send + Sync {
    /// Sends a command on its way; resolves with its answer, at the latest soon after its deadline.
    fn submit(&self, command: Command) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>>;
}

/// A durable reader of the shaft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderStatus {
    /// Its name.
    pub name: String,
    /// The record it reads next.
    pub offset: u64,
    /// How much lies before it.
    pub lag_bytes: u64,
}

/// The shaft, as people see it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShaftStatus {
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes it may take.
    pub quota_bytes: u64,
    /// Segment files.
    pub segments: u32,
    /// The oldest record that is still there.
    pub first_offset: u64,
    /// The record that will be appended next.
    pub next_offset: u64,
    /// Everything below this is on disk.
    pub committed_offset: u64,
    /// When the oldest record arrived.
    pub oldest: Option<Timestamp>,
    /// Why it does not write any more; `None` while it does.
    pub poisoned: Option<String>,
    /// Why it has no room; `None` while it has.
    pub full: Option<String>,
    /// Bytes of a torn tail that the last start cut off; they were never reported as on disk.
    pub torn_bytes: u64,
    /// Records found damaged since the start.
    pub damaged_records: u64,
    /// How often records were deleted that a reader had not passed.
    pub gaps: u64,
    /// How many such records.
    pub lost_records: u64,
    /// The durable readers.
    pub readers: Vec<ReaderStatus>,
}

/// The historian, as people see it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistorianStatus {
    /// Segment files.
    pub segments: u32,
    /// Bytes on disk.
    pub bytes: u64,
    /// Samples in segment files.
    pub samples_sealed: u64,
    /// Samples still in memory (they are in the shaft too).
    pub samples_hot: u64,
    /// The oldest sample.
    pub oldest: Option<Timestamp>,
    /// Why samples cannot be sealed at the moment; `None` while they can.
    pub error: Option<String>,
}

/// The plant folder's state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RevisionStatus {
    /// Counts applied changes from 1.
    pub id: u64,
    /// When it was applied.
    pub applied: Timestamp,
    /// Why the change after it was refused; `None` when there is none.
    pub error: Option<String>,
}

/// The node, as `GET /api/v1/status` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeStatus {
    /// Its name.
    pub node: String,
    /// The prefix of its tags.
    pub path: TagPath,
    /// When it was started.
    pub started: Timestamp,
    /// Now, by its clock.
    pub now: Timestamp,
    /// Samples since it was started.
    pub samples_total: u64,
    /// Samples that could not be stored since it was started.
    pub samples_lost: u64,
    /// How often somebody set the system clock since it was started.
    pub clock_steps: u64,
    /// Samples per second, over the last seconds.
    pub samples_per_second: f64,
    /// The shaft.
    pub shaft: ShaftStatus,
    /// The historian.
    pub historian: HistorianStatus,
    /// The plant folder.
    pub revision: RevisionStatus,
}

/// Whether the node can take work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// It can.
    Yes,
    /// It cannot, and why.
    No(String),
}

/// The node itself.
pub trait Node: Send + Sync {
    /// Everything at once.
    fn status(&self) -> NodeStatus;

    /// Whether the shaft writes and the devices run.
    fn ready(&self) -> Ready;
}
