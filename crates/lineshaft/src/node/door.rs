//! Where people and programs come in: the listener, the control socket, and the gate behind both.

use std::net::{IpAddr, SocketAddr};

use lineshaft_api::{Api, Exposure};
use lineshaft_audit::{Act, Action, Actor, Outcome};
use lineshaft_contract::Chain;
use lineshaft_runtime::task::Straggler;
use lineshaft_runtime::{Clock, Executor, TaskKind, TaskTree};
use lineshaft_tls::Certificates;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket, UnixListener};

use super::gate::{self, Gate, GateSettings, Tls};
use super::status::NodeView;
use super::{DataFolder, Options, StartError};
use crate::cli::control;
use crate::plant::Plant;

/// Threads that serve people and programs; the plant is polled by others.
const WORKERS: usize = 2;

/// When there is not enough processor for all, the plant comes first: a flood of requests must not delay a poll.
const NICENESS: i32 = 5;

/// The gate with what listens in front of it.
pub(super) struct Door<L = ()> {
    pub(super) gate: Gate,
    pub(super) address: SocketAddr,
    pub(super) exposure: Exposure,
    listeners: L,
    executor: Executor,
}

/// What listens and does not serve yet.
pub(super) struct Listeners {
    page: TcpListener,
    control: UnixListener,
}

impl Door<Listeners> {
    /// Opens the gate and takes the port; port 0 becomes the one that was free.
    pub(super) async fn open(
        plant: &Plant,
        data: &DataFolder,
        clock: &Clock,
        options: &Options,
    ) -> Result<Door<Listeners>, StartError> {
        let settings = settings(plant, options);
        let gate = Gate::open(&data.path, clock, &settings)?;
        let address = options.listen.unwrap_or(plant.http.listen);
        let tls = if plant.http.speaks_tls(address) { Tls::Spoken } else { Tls::NotSpoken };
        let exposure = gate::exposure(&gate, &settings, tls);
        lineshaft_api::check_listen(address, &exposure)
            .map_err(|source| StartError::Exposed { source })?;
        let failed = |source| StartError::Listen { address, source };
        let executor = Executor::beside("http", WORKERS, NICENESS)
            .map_err(|source| StartError::Threads { source })?;
        let page = listen(address).map_err(failed)?;
        let page = executor.within(|| TcpListener::from_std(page)).map_err(failed)?;
        let address = page.local_addr().map_err(failed)?;
        let folder = &data.path;
        let control = executor
            .within(|| control::bind(folder))
            .map_err(|source| StartError::DataFolder { folder: folder.clone(), source })?;
        Ok(Door { gate, address, exposure, listeners: Listeners { page, control }, executor })
    }

    /// Serves both listeners.
    pub(super) fn start(self, tree: &TaskTree, api: Api) -> Door {
        let Door { gate, address, exposure, listeners, executor } = self;
        let (local, stop) = (api.clone(), tree.stop_token(TaskKind::Api));
        tree.spawn_on(&executor, TaskKind::Api, "control socket", async move {
            lineshaft_api::serve_control(local, listeners.control, stop).await;
        });
        let stop = tree.stop_token(TaskKind::Api);
        tree.spawn_on(&executor, TaskKind::Api, "http", async move {
            if let Err(error) = lineshaft_api::serve(api, listeners.page, stop).await {
                tracing::error!(error = %Chain(&error), "the page stopped");
            }
        });
        Door { gate, address, exposure, listeners: (), executor }
    }
}

impl<L> Door<L> {
    /// The certificates, where the listener speaks TLS.
    pub(super) fn tls(&self) -> Option<Certificates> {
        self.exposure.tls.then(|| self.gate.certificates.clone())
    }

    /// The names people use for this node.
    pub(super) fn names(&self, plant: &Plant) -> Vec<String> {
        plant.http.names.iter().cloned().chain(gate::host_name()).collect()
    }

    pub(super) fn url(&self) -> String {
        let scheme = if self.exposure.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

impl Door {
    pub(super) fn setup_link(&self) -> Option<String> {
        let secret = self.gate.identity.setup_secret()?;
        let mut shown = self.address;
        if shown.ip().is_unspecified() {
            // A link to "every address" opens nowhere.
            shown.set_ip(IpAddr::from([127, 0, 0, 1]));
        }
        let scheme = if self.exposure.tls { "https" } else { "http" };
        Some(format!("{scheme}://{shown}/#/setup?secret={secret}"))
    }

    /// The first entry of this run.
    pub(super) async fn say_started(&self, view: &NodeView) -> Result<(), StartError> {
        let act = Act::done(&Actor::node(), Action::NodeStart, view.name()).new(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "listen": self.url(),
            "insecure": self.exposure.insecure.iter().map(|choice| choice.word()).collect::<Vec<_>>(),
        }));
        match self.gate.trail.record(act).await {
            Ok(_recorded) => Ok(()),
            // A full disk is no reason to leave the plant unwatched: what needs an entry is refused, the rest runs.
            Err(error) => {
                tracing::error!(%error, "the start is not in the audit trail");
                Ok(())
            }
        }
    }

    /// The last entry of this run.
    pub(super) async fn close(&self, stragglers: &[Straggler]) {
        let mut act = Act::done(&Actor::node(), Action::NodeStop, "node");
        if !stragglers.is_empty() {
            let names: Vec<&str> = stragglers.iter().map(|one| one.name.as_str()).collect();
            act = act
                .result(Outcome::Unknown)
                .detail(format!("did not stop in time: {}", names.join(", ")));
        }
        if let Err(error) = self.gate.trail.record(act).await {
            tracing::error!(%error, "the stop is not in the audit trail");
        }
        self.gate.close().await;
    }
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

fn listen(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A node that starts again must not wait for the connections of its last life.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// What the plant says about who may come in.
pub(super) fn settings<'a>(plant: &'a Plant, options: &Options) -> GateSettings<'a> {
    GateSettings {
        node: &plant.node,
        http: &plant.http,
        security: &plant.security,
        audit: &plant.audit,
        visitor: options.visitor,
    }
}
