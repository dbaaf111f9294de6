//! Everything a check may look at, gathered beforehand: a check is a plain function of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_api::{Exposure, PageFiles};
use lineshaft_audit::TrailStatus;
use lineshaft_contract::{DeviceStatus, LogLevels, NodeStatus, StorageStatus};
use lineshaft_identity::{Policy, ReviewLine, TokenLine, UnknownRole};
use lineshaft_model::Timestamp;

use crate::plant::{Mistakes, Plant};

/// The patient.
pub(super) struct Facts {
    pub(super) now: Timestamp,
    /// `None` while no node runs here.
    pub(super) running: Option<Running>,
    pub(super) plant: PlantFacts,
    pub(super) data: DataFacts,
    pub(super) gate: GateFacts,
    pub(super) network: NetworkFacts,
    pub(super) host: HostFacts,
    pub(super) keeper: Keeper,
    pub(super) page: PageFiles,
}

/// What only a running node knows.
pub(super) struct Running {
    pub(super) status: NodeStatus,
    pub(super) devices: Vec<DeviceStatus>,
    pub(super) tags: TagFacts,
    /// Whether a part of the plant waits for the next start.
    pub(super) waits_for_start: bool,
    pub(super) storage: StorageStatus,
    pub(super) levels: LogLevels,
    /// Errors and warnings in the log within the last hour.
    pub(super) troubles: (usize, usize),
}

/// The tags at this moment, those that devices tell about themselves left out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TagFacts {
    pub(super) tags: usize,
    pub(super) bad: usize,
    pub(super) uncertain: usize,
    /// Bad because nothing was heard of them for too long.
    pub(super) stale: usize,
}

/// The plant folder.
pub(super) struct PlantFacts {
    pub(super) dir: PathBuf,
    /// The rights on the folder; `None` when it is not there.
    pub(super) mode: Option<u32>,
    /// Whether this process may write into it.
    pub(super) writable: bool,
    pub(super) read: Result<Plant, Mistakes>,
    /// The newest revision in the data folder.
    pub(super) revision: Option<u64>,
    /// Files on disk that are not those of that revision.
    pub(super) changed: Vec<String>,
    /// Files in its folders that nobody reads, and that look as if somebody thought otherwise.
    pub(super) unread: Vec<String>,
}

/// The data folder.
#[derive(Debug, Default)]
pub(super) struct DataFacts {
    pub(super) dir: PathBuf,
    pub(super) is_there: bool,
    pub(super) mode: u32,
    /// Why it cannot be written to.
    pub(super) unwritable: Option<String>,
    /// Files in it that belong to another account.
    pub(super) foreign: Vec<PathBuf>,
    /// `ext4`, `tmpfs`, ….
    pub(super) file_system: Option<String>,
    pub(super) total_bytes: u64,
    pub(super) free_bytes: u64,
    /// Names that can still be made, and all; `None` where the file system has no limit of its own.
    pub(super) names: Option<(u64, u64)>,
    /// How long a small write takes until it is on the disk.
    pub(super) sync: Option<Duration>,
    /// The newest file and its time.
    pub(super) newest: Option<(PathBuf, Timestamp)>,
    pub(super) shaft_bytes: u64,
    pub(super) lock: Lock,
    /// A control socket that nobody listens on.
    pub(super) socket_left: bool,
    pub(super) sound: Sound,
}

/// Who works on the data folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Lock {
    /// This process, or nobody.
    #[default]
    Free,
    /// Another process, which does not answer.
    Held,
}

/// What reading the files of a stopped node showed.
#[derive(Debug, Default)]
pub(super) struct Sound {
    pub(super) shaft: Look,
    pub(super) historian: Look,
    pub(super) audit: Look,
    pub(super) revisions: Look,
    pub(super) desk: Look,
}

/// What reading the files of one part showed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing is there yet.
    #[default]
    Nothing,
    /// The node runs, and knows better.
    Running,
    /// Too much to read now: bytes.
    TooMuch(u64),
    /// All is right; a few words on how much that is.
    Right(String),
    /// It is not: the code and what is wrong.
    Wrong { code: String, what: String, newer: bool },
}

/// Accounts, certificates and the trail.
pub(super) enum GateFacts {
    /// Nothing is there yet: the first start makes it.
    NotYet,
    /// It cannot be opened: a code and why.
    Shut(String),
    /// As it is.
    Open(Box<Gate>),
}

pub(super) struct Gate {
    pub(super) review: Vec<ReviewLine>,
    pub(super) tokens: Vec<TokenLine>,
    pub(super) policy: Arc<Policy>,
    pub(super) unknown_roles: Vec<UnknownRole>,
    pub(super) has_admin: bool,
    pub(super) certificates: Vec<lineshaft_tls::Finding>,
    pub(super) trail: TrailStatus,
    pub(super) exposure: Exposure,
    /// Where it listens, or would.
    pub(super) address: SocketAddr,
}

/// What is found on the way to devices and people.
#[derive(Debug, Default)]
pub(super) struct NetworkFacts {
    /// Host names with what became of them, and who needs them.
    pub(super) names: Vec<NameLook>,
    pub(super) ports: Vec<PortLook>,
    /// What came of listening (stopped) or of connecting (running).
    pub(super) listen: Option<Result<(), String>>,
    /// The lines `nameserver` of the resolver.
    pub(super) name_servers: Option<usize>,
    /// The mode of the control socket's file, where a node runs.
    pub(super) socket_mode: Option<u32>,
}

#[derive(Debug, Clone)]
pub(super) struct NameLook {
    pub(super) name: String,
    /// `press-1`, or `[http] names`.
    pub(super) needed_by: String,
    pub(super) is_device: bool,
    pub(super) failed: Option<String>,
}

/// A serial port.
#[derive(Debug, Clone)]
pub(super) struct PortLook {
    pub(super) path: String,
    pub(super) device: String,
    pub(super) failed: Option<String>,
}

/// The machine.
#[derive(Debug, Default)]
pub(super) struct HostFacts {
    /// Open files that are allowed, and open now.
    pub(super) files: Option<(u64, u64)>,
    pub(super) memory_total: Option<u64>,
    pub(super) memory_available: Option<u64>,
    /// What the control group allows.
    pub(super) memory_limit: Option<u64>,
    pub(super) swap: Option<(u64, u64)>,
    pub(super) load: Option<f64>,
    pub(super) processors: usize,
    pub(super) entropy: Option<u64>,
    pub(super) is_root: bool,
    pub(super) is_container: bool,
    /// The program on disk is not the one that runs.
    pub(super) is_replaced: bool,
    /// The time zone's file leads nowhere.
    pub(super) zone_broken: bool,
}

/// Who keeps the clock in step.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Keeper {
    /// This program, which says that it is in step.
    InStep(&'static str),
    /// This program, which has found no time server yet.
    OutOfStep(&'static str),
    /// This program runs; whether the clock is in step it tells others only.
    Runs(&'static str),
    /// Whoever keeps the clock of the machine this container is on.
    Host,
    /// Nobody.
    #[default]
    Nobody,
}
