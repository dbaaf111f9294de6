//! What `lineshaft.toml` says, typed: durations are durations, sizes are bytes, defaults are filled in.

use std::net::SocketAddr;
use std::time::Duration;

use lineshaft_model::TagPath;

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
    /// Loopback only; port 0 takes a free one.
    pub listen: SocketAddr,
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
