//! The running node: every part made, wired and stopped in the order of the flow.

mod intake;
mod reload;
mod status;
mod wiring;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lineshaft_api::{Api, Limits, RenderMetrics};
use lineshaft_contract::{Commands, Devices};
use lineshaft_drivers::runner::Runner;
use lineshaft_historian::Historian;
use lineshaft_model::{Batch, Tags};
use lineshaft_namespace::Namespace;
use lineshaft_record::Decoder;
use lineshaft_pipeline::{Pipeline, PipelineMistake};
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::task::Straggler;
use lineshaft_runtime::{Clock, Disk, Net, Policy, Seed, Sender, TaskKind, TaskTree, channel};
use lineshaft_shaft::{From as StartFrom, Shaft};
use parking_lot::Mutex;

use crate::plant::{self, Plant};
use intake::{Intake, IntakeCount};
use status::NodeView;

/// Samples that could not be stored because the shaft refused them.
pub(crate) const SAMPLES_LOST: &str = "lineshaft_node_samples_lost_total";

/// Batches that may wait between the drivers and the intake.
///
/// A batch is one answered request, at most a few thousand samples. With more waiting, memory would hold
/// what the disk cannot take; with fewer, one slow commit would stall the devices.
const INTAKE_BATCHES_MAX: usize = 1_024;

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

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data folder cannot be made or locked.
    #[error("LS-NOD-001: cannot use the data folder {}", folder.display())]
    DataFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process works on the data folder.
    #[error("LS-NOD-002: another lineshaft process works on {}; stop it, or give this one a folder of its own with --data", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The shaft does not open.
    #[error("{code}: cannot open the shaft", code = source.code())]
    Shaft {
        /// Why.
        source: lineshaft_record::OpenError,
    },
    /// The historian does not open.
    #[error("{code}: cannot open the historian", code = source.code())]
    Historian {
        /// Why.
        source: lineshaft_historian::HistorianError,
    },
    /// The address cannot be listened on.
    #[error("LS-NOD-003: cannot listen on {address}; is something else using that port? Change [http] listen in lineshaft.toml, or use port 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The pipelines of the plant do not fit together; reading the folder finds that earlier.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Pipeline(Vec<PipelineMistake>),
}

/// A data folder that no other process can work on until this is dropped.
pub struct DataFolder {
    path: PathBuf,
    _lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for DataFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataFolder({})", self.path.display())
    }
}

impl DataFolder {
    /// Makes the folder if it is not there, and takes it.
    ///
    /// # Errors
    /// [`StartError::InUse`] when another process has it.
    pub fn take(path: &Path) -> Result<DataFolder, StartError> {
        let folder = path.to_path_buf();
        RealDisk
            .create_dir(path)
            .map_err(|source| StartError::DataFolder { folder: folder.clone(), source })?;
        match RealDisk.lock(&path.join("lock")) {
            Ok(lock) => Ok(DataFolder { path: folder, _lock: lock }),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                Err(StartError::InUse { folder })
            }
            Err(source) => Err(StartError::DataFolder { folder, source }),
        }
    }
}

/// A running node.
pub struct Node {
    /// Where the page answers.
    pub address: SocketAddr,
    tree: TaskTree,
    shaft: Shaft,
    view: Arc<NodeView>,
    runner: Runner,
    _data: DataFolder,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What applying a plant needs; shared by the start and every later change.
pub(crate) struct Parts {
    tags: Arc<Tags>,
    namespace: Namespace,
    runner: Runner,
    fresh_pipeline: Arc<Mutex<Option<Pipeline>>>,
}

impl Node {
    /// Starts everything; when it returns, the page answers.
    ///
    /// # Errors
    /// [`StartError`]; nothing keeps running then.
    pub async fn start(
        plant: Plant,
        data: DataFolder,
        options: Options,
    ) -> Result<Node, StartError> {
        let clock = Clock::real();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let tree = TaskTree::new();
        let tags = Arc::new(Tags::new());

        let (shaft, writer) = lineshaft_record::open(
            disk.clone(),
            clock.clone(),
            &data.path.join("shaft"),
            wiring::shaft_options(&plant.shaft),
            tags.clone(),
        )
        .map_err(|source| StartError::Shaft { source })?;
        let historian = Historian::open(
            disk,
            clock.clone(),
            &data.path.join("historian"),
            wiring::historian_options(&plant.historian),
            tags.clone(),
        )
        .map_err(|source| StartError::Historian { source })?;

        let address = options.listen.unwrap_or(plant.http.listen);
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .map_err(|source| StartError::Listen { address, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| StartError::Listen { address, source })?;

        let namespace = Namespace::new(tags.clone());
        let (intake, batches) = channel(INTAKE_BATCHES_MAX, Policy::Wait, "intake");
        let runner = start_runner(&tree, &clock, &tags, intake);
        let parts = Arc::new(Parts {
            tags,
            namespace: namespace.clone(),
            runner: runner.clone(),
            fresh_pipeline: Arc::default(),
        });
        let built = wiring::pipeline(&plant, &parts.tags).map_err(StartError::Pipeline)?;
        let count = Arc::new(IntakeCount::default());
        let view = Arc::new(NodeView::new(
            &plant,
            clock.clone(),
            shaft.clone(),
            historian.clone(),
            count.clone(),
        ));

        start_historian(&tree, &shaft, &historian, parts.tags.clone())
            .map_err(|error| StartError::Shaft { source: error.into() })?;
        start_shaft_closer(&tree, &shaft);
        let intake = Intake {
            batches,
            pipeline: parts.fresh_pipeline.clone(),
            writer,
            namespace: namespace.clone(),
            committed: shaft.committed(),
            clock: clock.clone(),
            count,
        };
        let stop = tree.stop_token(TaskKind::Pipeline);
        let handle = tokio::runtime::Handle::current();
        tree.spawn_blocking(TaskKind::Pipeline, "intake", move || {
            handle.block_on(intake.run(built.pipeline, stop));
        });

        wiring::configure(&parts, &plant, built.metas);
        let api = Api {
            namespace,
            history: historian,
            devices: Arc::new(runner.clone()),
            commands: Arc::new(runner.clone()),
            node: view.clone(),
            clock: clock.clone(),
            metrics: options.metrics.0,
            limits: Limits::default(),
        };
        let stop = tree.stop_token(TaskKind::Api);
        tree.spawn(TaskKind::Api, "http", async move {
            if let Err(error) = lineshaft_api::serve(api, listener, stop).await {
                tracing::error!(error = %lineshaft_contract::Chain(&error), "the page stopped");
            }
        });
        view.watch_clock_and_rate(&tree);
        if options.watch == Watch::Follow {
            let (folder, view) = (plant.dir.clone(), view.clone());
            let stop = tree.stop_token(TaskKind::Watch);
            tree.spawn(TaskKind::Watch, "plant folder", async move {
                let at = folder.clone();
                reload::watch(folder, stop, move || follow(&at, &parts, &view)).await;
            });
        }
        Ok(Node { address, tree, shaft, view, runner, _data: data })
    }

    /// Stops everything in the order of the flow; says who did not stop in time.
    pub async fn stop(self) -> Vec<Straggler> {
        self.view.stopping();
        let stragglers = self.tree.shutdown(STOP_LIMIT).await;
        self.shaft.close();
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

    /// The road for commands.
    #[must_use]
    pub fn commands(&self) -> Arc<dyn Commands> {
        Arc::new(self.runner.clone())
    }
}


fn start_runner(tree: &TaskTree, clock: &Clock, tags: &Arc<Tags>, intake: Sender<Batch>) -> Runner {
    // Jitter need not be secret, only different from node to node.
    let seed = Seed::new(clock.now().nanos().unsigned_abs() ^ u64::from(std::process::id()));
    Runner::new(tree.clone(), clock.clone(), Net::default(), tags.clone(), intake, seed)
}

fn start_historian(
    tree: &TaskTree,
    shaft: &Shaft,
    historian: &Arc<Historian>,
    tags: Arc<Tags>,
) -> Result<(), lineshaft_shaft::ShaftError> {
    let reader = shaft.reader("historian", StartFrom::Oldest)?;
    let (historian, stop) = (historian.clone(), tree.stop_token(TaskKind::Historian));
    let decoder = Decoder::new(tags);
    tree.spawn_blocking(TaskKind::Historian, "historian", move || {
        if let Err(error) = historian.run(reader, decoder, &stop) {
            tracing::error!(error = %lineshaft_contract::Chain(&error), "the historian stopped");
        }
    });
    Ok(())
}

fn start_shaft_closer(tree: &TaskTree, shaft: &Shaft) {
    let (shaft, stop) = (shaft.clone(), tree.stop_token(TaskKind::Shaft));
    tree.spawn(TaskKind::Shaft, "shaft", async move {
        stop.cancelled().await;
        let closing = shaft.clone();
        let _ = tokio::task::spawn_blocking(move || closing.close()).await;
    });
}

/// Applies a changed plant folder, or says why not. The running plant goes on in either case.
fn follow(folder: &Path, parts: &Parts, view: &NodeView) {
    let plant = match plant::load(folder, lineshaft_drivers::DRIVERS) {
        Ok(plant) => plant,
        Err(mistakes) => {
            let report = mistakes.report("nothing was changed, the running plant goes on");
            tracing::error!("the changed plant folder is refused\n{report}");
            return view.refused(report);
        }
    };
    if plant.revision == view.revision_digest() {
        return view.accepted_unchanged();
    }
    let built = match wiring::pipeline(&plant, &parts.tags) {
        Ok(built) => built,
        Err(mistakes) => {
            let error = StartError::Pipeline(mistakes);
            tracing::error!(%error, "the changed plant folder is refused");
            return view.refused(error.to_string());
        }
    };
    *parts.fresh_pipeline.lock() = Some(built.pipeline);
    let changes = wiring::configure(parts, &plant, built.metas);
    view.accepted(&plant);
    tracing::info!(
        started = changes.started.len(),
        changed = changes.changed.len(),
        stopped = changes.stopped.len(),
        kept = changes.kept.len(),
        "the changed plant folder is applied"
    );
    for warning in plant.warnings.all() {
        tracing::warn!("{warning}");
    }
}
