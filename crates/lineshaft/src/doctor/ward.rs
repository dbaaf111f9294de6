//! The doctor of a running node.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_api::Exposure;
use lineshaft_contract::{Configuration, Doctor, Examination};
use lineshaft_drivers::runner::Runner;
use lineshaft_namespace::Namespace;
use lineshaft_runtime::Clock;
use tokio::sync::Mutex;

use super::gather;
use crate::logs::LogBook;
use crate::node::gate::Gate;
use crate::node::{NodeView, Scales};
use crate::plant::Plant;

/// What of a node is examined.
pub(crate) struct WardParts {
    pub(crate) plant: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) view: Arc<NodeView>,
    pub(crate) runner: Runner,
    pub(crate) namespace: Namespace,
    pub(crate) gate: Gate,
    pub(crate) configuration: Arc<dyn Configuration>,
    /// Whether a part of a plant waits for the next start.
    pub(crate) waits_for_start: Box<dyn Fn(&Plant) -> bool + Send + Sync>,
    pub(crate) scales: Arc<Scales>,
    pub(crate) logs: LogBook,
    pub(crate) address: SocketAddr,
    pub(crate) exposure: Exposure,
}

/// Examines a running node, one examination at a time.
pub(crate) struct Ward {
    parts: WardParts,
    steady: Clock,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    began: Option<Duration>,
    found: Examination,
}

impl fmt::Debug for Ward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ward").field("data", &self.parts.data).finish_non_exhaustive()
    }
}

impl Ward {
    pub(crate) fn new(parts: WardParts) -> Ward {
        Ward { parts, steady: Clock::real(), last: Mutex::default() }
    }
}

impl Doctor for Ward {
    fn examine(&self) -> Pin<Box<dyn Future<Output = Examination> + Send + '_>> {
        let asked = self.steady.steady();
        Box::pin(async move {
            let mut last = self.last.lock().await;
            // Begun after this was asked for: whoever was before us in the queue has had it done.
            if last.began.is_some_and(|began| began >= asked) {
                return last.found.clone();
            }
            let (began, examined) = (self.steady.steady(), self.parts.clock.now());
            let facts = gather::of_running(&self.parts).await;
            let checks = super::examine(&facts);
            let took = self.steady.steady().saturating_sub(began);
            last.found = Examination { examined, took, checks };
            last.began = Some(began);
            last.found.clone()
        })
    }
}
