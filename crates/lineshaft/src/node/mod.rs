//! The running node: every part made, wired and stopped in the order of the flow.

pub(crate) mod configuration;
mod data_folder;
pub(crate) mod desk;
mod door;
mod error;
mod face;
pub(crate) mod gate;
mod intake;
mod metrics;
mod reload;
mod scales;
mod start;
mod status;
mod wiring;
pub(crate) mod workshop;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_api::RenderMetrics;
use lineshaft_contract::{Commands, Devices, Doctor};
use lineshaft_drivers::runner::Runner;
use lineshaft_runtime::task::Straggler;
use lineshaft_runtime::{Clock, TaskTree};
use lineshaft_shaft::Shaft;

pub use data_folder::DataFolder;
pub(crate) use data_folder::refuse_root_at_anothers;
use door::Door;
pub use error::StartError;
pub use gate::Visitor;
pub(crate) use scales::Scales;
pub(crate) use status::NodeView;

use crate::logs::LogBook;

/// How long each kind of task has to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// What a node needs besides its plant.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the page answers, in place of what the plant folder says.
    pub listen: Option<SocketAddr>,
    /// Whether a changed plant folder is applied.
    pub watch: Watch,
    /// What `GET /metrics` answers.
    pub metrics: Metrics,
    /// Whether whoever comes over loopback without saying who he is may do everything: the demo.
    pub visitor: Visitor,
    /// What time it is: of samples, of ages, of the shaft's commits. Networks and periods keep their own.
    pub clock: Clock,
    /// The log of this process.
    pub logs: LogBook,
}

/// Whether a changed plant folder is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Yes, as soon as it is quiet.
    Follow,
    /// No: the plant is as it was at the start.
    Ignore,
}

/// Renders the metrics of this process.
#[derive(Clone)]
pub struct Metrics(pub RenderMetrics);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// A running node.
pub struct Node {
    door: Door,
    tree: TaskTree,
    shaft: Shaft,
    view: Arc<NodeView>,
    runner: Runner,
    doctor: Arc<dyn Doctor>,
    _data: DataFolder,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Node {
    /// Where the page answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address
    }

    /// Where the page answers, as a person types it: `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> String {
        self.door.url()
    }

    /// The link that makes the first account; `None` once there is an administrator.
    #[must_use]
    pub fn setup_link(&self) -> Option<String> {
        self.door.setup_link()
    }

    /// Who is who, and what they did.
    pub(crate) fn gate(&self) -> &gate::Gate {
        &self.door.gate
    }

    /// Stops everything in the order of the flow; says who did not stop in time.
    pub async fn stop(self) -> Vec<Straggler> {
        self.view.stopping();
        let stragglers = self.tree.shutdown(STOP_LIMIT).await;
        self.shaft.close();
        self.door.close(&stragglers).await;
        stragglers
    }

    /// What the node says about itself.
    #[must_use]
    pub fn view(&self) -> Arc<dyn lineshaft_contract::Node> {
        self.view.clone()
    }

    /// The devices.
    #[must_use]
    pub fn devices(&self) -> Arc<dyn Devices> {
        Arc::new(self.runner.clone())
    }

    /// What examines the node.
    #[must_use]
    pub fn doctor(&self) -> Arc<dyn Doctor> {
        self.doctor.clone()
    }

    /// The road for commands.
    #[must_use]
    pub fn commands(&self) -> Arc<dyn Commands> {
        Arc::new(self.runner.clone())
    }
}
