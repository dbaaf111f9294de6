//! The interface of a node that does not run: accounts, trail, certificates and revisions, and no plant.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_api::{Api, Exposure, Limits};
use lineshaft_contract::{
    Commands, DeviceStatus, Devices, Doctor, Examination, HistorianStatus, History, HistoryError,
    HistoryPage, HistoryRequest, Node, NodeStatus, Ready, RevisionStatus, ShaftStatus, Statistics,
    StatisticsRequest, Storage, StorageStatus,
};
use lineshaft_model::{Answer, Command, Refusal, TagPath, Tags, Timestamp};
use lineshaft_namespace::Namespace;
use lineshaft_runtime::{Clock, TaskKind, TaskTree};

use super::socket;
use crate::logs::LogBook;
use crate::node::gate::{Gate, GateSettings, Visitor};
use crate::node::workshop::Workshop;
use crate::node::{DataFolder, StartError, refuse_root_at_anothers};
use crate::plant::{Gatekeeping, NODE_FILE, gatekeeping_in};

/// The open folder; whoever has it serves its control socket.
pub(crate) struct Office {
    tree: TaskTree,
    gate: Gate,
    _data: DataFolder,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Office")
    }
}

impl Office {
    /// Opens the folder and serves its control socket in this process.
    ///
    /// A plant folder says who the node is that has not run yet: what is made now keeps that name.
    pub(crate) async fn open(folder: &Path, plant: &Path) -> Result<Office, StartError> {
        refuse_root_at_anothers(folder)?;
        let data = DataFolder::take(folder)?;
        let clock = Clock::real();
        let text = crate::node::configuration::newest_file(folder, NODE_FILE)
            .or_else(|| std::fs::read_to_string(plant.join(NODE_FILE)).ok());
        let Gatekeeping { node, http, security, audit } = gatekeeping_in(plant, text.as_deref());
        let settings = GateSettings {
            node: &node,
            http: &http,
            security: &security,
            audit: &audit,
            visitor: Visitor::IsNot,
        };
        let gate = Gate::open(folder, &clock, &settings)?;
        let listener = socket::bind(folder)
            .map_err(|source| StartError::DataFolder { folder: folder.to_owned(), source })?;
        let tree = TaskTree::new();
        let stop = tree.stop_token(TaskKind::Api);
        let api = api(&gate, clock, folder, node.path);
        tree.spawn(TaskKind::Api, "control socket", async move {
            lineshaft_api::serve_control(api, listener, stop).await;
        });
        Ok(Office { tree, gate, _data: data })
    }

    pub(crate) async fn close(self) {
        self.tree.shutdown(Duration::from_secs(5)).await;
        self.gate.close().await;
    }
}

fn api(gate: &Gate, clock: Clock, folder: &Path, path: TagPath) -> Api {
    let configuration = crate::node::configuration::of_stopped(folder);
    let stopped = Arc::new(Stopped { clock: clock.clone(), path });
    Api {
        namespace: Namespace::new(Arc::new(Tags::new())),
        history: stopped.clone(),
        devices: stopped.clone(),
        workshop: Arc::new(Workshop::new(None, configuration.clone(), clock.clone())),
        doctor: stopped.clone(),
        logs: Arc::new(LogBook::unwritten(clock.clone())),
        storage: stopped.clone(),
        commands: stopped.clone(),
        node: stopped,
        clock,
        metrics: Arc::new(String::new),
        limits: Limits::default(),
        identity: gate.identity.clone(),
        trail: gate.trail.clone(),
        desk: gate.desk.clone(),
        certificates: Some(gate.certificates.clone()),
        tls: None,
        configuration,
        names: Vec::new(),
        banner: None,
        exposure: Exposure::default(),
    }
}

/// A plant that stands still.
struct Stopped {
    clock: Clock,
    path: TagPath,
}

impl History for Stopped {
    fn read(&self, _request: &HistoryRequest) -> Result<HistoryPage, HistoryError> {
        Ok(HistoryPage::default())
    }

    fn statistics(&self, _request: &StatisticsRequest) -> Result<Statistics, HistoryError> {
        Ok(Statistics::default())
    }
}

impl Devices for Stopped {
    fn list(&self) -> Vec<DeviceStatus> {
        Vec::new()
    }
}

impl Doctor for Stopped {
    fn examine(&self) -> Pin<Box<dyn Future<Output = Examination> + Send + '_>> {
        // `lineshaft doctor` looks at the folders of a stopped node itself.
        let examined = self.clock.now();
        Box::pin(async move { Examination { examined, ..Examination::default() } })
    }
}

impl Storage for Stopped {
    fn measure(&self) -> StorageStatus {
        StorageStatus { measured: self.clock.now(), ..StorageStatus::default() }
    }
}

impl Commands for Stopped {
    fn submit(&self, command: Command) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(async move { Answer::Refused(Refusal::NoSuchTag(command.target)) })
    }
}

impl Node for Stopped {
    fn status(&self) -> NodeStatus {
        let now = self.clock.now();
        NodeStatus {
            node: String::new(),
            path: self.path.clone(),
            started: now,
            now,
            samples_total: 0,
            samples_lost: 0,
            clock_steps: 0,
            samples_per_second: 0.0,
            shaft: ShaftStatus::default(),
            historian: HistorianStatus::default(),
            revision: RevisionStatus { id: 0, applied: Timestamp::from_nanos(0), error: None },
        }
    }

    fn ready(&self) -> Ready {
        Ready::No("the node is stopped".into())
    }
}
