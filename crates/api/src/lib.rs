//! HTTP, WebSocket and OpenAPI: what people and programs may ask of a running node.
//!
//! - Source: `docs/manual/src/http.md` is the contract; errors are RFC 9457, the live connection RFC 6455.
//! - Everything shown comes from the namespace and from the read-side traits of `contract`; this crate
//!   keeps no plant state of its own.
//! - Who asks, and what he may, is the crate `identity`'s; what is left behind is the crate `audit`'s. This crate
//!   makes sure that nobody gets past them, see `access`.
//! - Not here: how certificates are made (`tls`), SQL, MQTT.

mod access;
mod access_review;
mod account;
mod accounts;
mod annotations;
mod assets;
mod audit;
mod audit_export;
mod auditing;
mod certificates;
mod configuring;
mod connection;
mod control;
mod credentials;
mod csv;
mod desking;
mod device_shapes;
mod devices;
mod doctor;
mod exposure;
mod guard;
mod history;
mod history_export;
mod licences;
pub mod limits;
mod live;
mod logs;
mod manual;
mod metrics;
mod node;
mod openapi;
mod page;
mod patience;
mod peer;
mod plant;
mod problem;
mod proposals;
mod query;
mod refusals;
mod revisions;
mod roles;
mod routes;
mod security;
mod server;
mod session;
mod sessions;
mod settings;
mod shape;
mod signatures;
mod statistics;
mod storage;
mod tags;
mod tokens;
mod trends;
mod view;
mod write;

use std::fmt;
use std::sync::Arc;

use lineshaft_audit::Trail;
use lineshaft_contract::{
    Commands, Configuration, Devices, Doctor, History, Logs, Node, Storage, Workshop,
};
use lineshaft_desk::Desk;
use lineshaft_identity::Identity;
use lineshaft_namespace::Namespace;
use lineshaft_runtime::Clock;
use lineshaft_tls::Certificates;

pub use exposure::{Exposure, ExposureError, Insecure, check_listen, is_loopback};
pub use limits::Limits;
pub use openapi::document;
pub use page::{PageFiles, page_files};
pub use problem::CODES;
#[doc(hidden)]
pub use routes::{RouteLine, routes};
pub use server::{ServeError, serve, serve_control};

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
    /// Trying devices out.
    pub workshop: Arc<dyn Workshop>,
    /// What examines the node.
    pub doctor: Arc<dyn Doctor>,
    /// The log of the process.
    pub logs: Arc<dyn Logs>,
    /// What the data takes on disk.
    pub storage: Arc<dyn Storage>,
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
    /// Who is who, and what they may.
    pub identity: Identity,
    /// What everybody did.
    pub trail: Trail,
    /// What people put beside the values.
    pub desk: Desk,
    /// The certificates, when the listener speaks TLS; the control socket never does.
    pub tls: Option<Certificates>,
    /// The node's certificates, also when the listener speaks no TLS: what is shown, issued and revoked.
    pub certificates: Option<Certificates>,
    /// The plant folder and its revisions; `None` where there is none to change.
    pub configuration: Option<Arc<dyn Configuration>>,
    /// Names people use for this node, beside its addresses and `localhost`; other names in `Host` are refused.
    pub names: Vec<String>,
    /// What is shown before anybody logs in.
    pub banner: Option<String>,
    /// What the plant file allows beyond loopback.
    pub exposure: Exposure,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("limits", &self.limits).finish_non_exhaustive()
    }
}
