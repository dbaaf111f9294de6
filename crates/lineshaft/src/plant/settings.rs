//! What `lineshaft.toml` says, typed: durations are durations, sizes are bytes, defaults are filled in.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lineshaft_api::is_loopback;
use lineshaft_model::TagPath;

use super::table::{Clients, IdleMeans, Insecure, TlsSwitch};

/// Who this node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSettings {
    /// Its name, in messages and on the page.
    pub name: String,
    /// The prefix of every tag of this node.
    pub path: TagPath,
}

/// Where the page and the API listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: TlsSwitch,
    /// Names people use for this node.
    pub names: Vec<String>,
    /// A certificate of the owner with its key.
    pub pair: Option<(PathBuf, PathBuf)>,
    /// Whether clients show certificates.
    pub clients: Clients,
}

impl HttpSettings {
    /// Whether an address speaks TLS by these settings.
    #[must_use]
    pub fn speaks_tls(&self, address: SocketAddr) -> bool {
        match self.tls {
            TlsSwitch::On => true,
            TlsSwitch::Off => false,
            TlsSwitch::Auto => !is_loopback(address.ip()),
        }
    }
}

/// Who may come in, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecuritySettings {
    /// The role of whoever does not say who he is.
    pub anonymous: Option<String>,
    /// What everybody reads before logging in.
    pub banner: Option<String>,
    /// Whether every change needs a reason.
    pub require_reason: bool,
    /// Whether a change of the plant waits for a second person.
    pub four_eyes: bool,
    /// What is insecure by choice.
    pub insecure: Vec<Insecure>,
    /// How long a session may be idle.
    pub session_idle: Duration,
    /// What happens to an idle one.
    pub session_idle_means: IdleMeans,
    /// How long a session lasts at most.
    pub session_max: Duration,
    /// How many one account may have.
    pub sessions_per_account: u32,
    /// The least characters of a password.
    pub password_length_min: u32,
    /// How hard it must be to guess, 0 to 4.
    pub password_score_min: u8,
    /// How many earlier ones cannot come back.
    pub password_history: u32,
    /// After how long it must be changed.
    pub password_lifetime: Option<Duration>,
    /// Failures after which an account waits.
    pub lockout_attempts: u32,
    /// Within what time they count.
    pub lockout_window: Duration,
    /// How long it waits the first time.
    pub lockout_pause: Duration,
    /// Failures after which a source waits.
    pub lockout_source_attempts: u32,
    /// Roles whose holders must have a second factor.
    pub second_factor: Vec<String>,
}

/// The audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSettings {
    /// How many bytes one file of it grows to.
    pub segment_bytes: u64,
    /// How many bytes it holds back for itself.
    pub reserve_bytes: u64,
}

/// The durable log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShaftSettings {
    /// How many bytes it may take.
    pub quota_bytes: u64,
    /// How many bytes it leaves free on its disk.
    pub free_min_bytes: u64,
    /// How long an append waits for company before it is synced.
    pub commit_interval: Duration,
    /// How many bytes wait at most.
    pub commit_bytes: usize,
    /// How large one file grows.
    pub segment_bytes: u64,
}

/// The store of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistorianSettings {
    /// How many bytes of samples stay in memory before they are sealed.
    pub hot_memory_bytes: u64,
    /// How long samples stay in memory before they are sealed.
    pub seal_after: Duration,
    /// How long history is kept; `None` keeps it for ever.
    pub retention: Option<Duration>,
}
