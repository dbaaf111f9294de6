//! HTTP, WebSocket and OpenAPI: what people and programs may ask of a running node.
//!
//! - Source: `docs/manual/src/http.md` is the contract; errors are RFC 9457, the live connection RFC 6455.
//! - Everything shown comes from the namespace and from the read-side traits of `contract`; this crate
//!   keeps no plant state of its own.
//! - Not here: TLS, people and passwords (the identity issue), SQL, MQTT. Until there are people, only a
//!   loopback address may listen, see [`check_listen`].

mod access;
mod guard;
mod history;
pub mod limits;
mod live;
mod metrics;
mod node;
mod openapi;
mod page;
mod patience;
mod problem;
mod query;
mod routes;
mod server;
mod shape;
mod tags;
mod write;

use std::fmt;
use std::sync::Arc;

use lineshaft_contract::{Commands, Devices, History, Node};
use lineshaft_namespace::Namespace;
use lineshaft_runtime::Clock;

pub use limits::Limits;
pub use openapi::document;
pub use problem::CODES;
pub use server::{ServeError, check_listen, serve};

/// Writes the node's metrics in Prometheus' text form.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// Everything the HTTP interface shows and the roads it may take.
#[derive(Clone)]
pub struct Api {
    /// The tags, their metadata and last values.
    pub namespace: Namespace,
    /// Stored samples.
    pub history: Arc<dyn History>,
    /// The devices and how they do.
    pub devices: Arc<dyn Devices>,
    /// The road for writes.
    pub commands: Arc<dyn Commands>,
    /// The node itself.
    pub node: Arc<dyn Node>,
    /// The time.
    pub clock: Clock,
    /// What `GET /metrics` answers.
    pub metrics: RenderMetrics,
    /// How much of everything.
    pub limits: Limits,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("limits", &self.limits).finish_non_exhaustive()
    }
}
