//! Makes every part of a node and wires them, in the order of the flow.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::Chain;
use lineshaft_drivers::runner::Runner;
use lineshaft_historian::Historian;
use lineshaft_model::{Batch, TagId, TagMap, TagMeta, Tags, Timestamp};
use lineshaft_namespace::Namespace;
use lineshaft_pipeline::Pipeline;
use lineshaft_record::{Decoder, Writer};
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::{Clock, Disk, Net, Policy, Seed, Sender, TaskKind, TaskTree, channel};
use lineshaft_shaft::{From as StartFrom, Shaft};
use parking_lot::Mutex;

use super::configuration::{self, Configuration, Live};
use super::door::Door;
use super::face::{Face, Inside};
use super::gate;
use super::intake::{Intake, IntakeCount};
use super::status::NodeView;
use super::{DataFolder, Node, Options, StartError, Watch, reload, wiring};
use crate::plant::{HistorianSettings, HttpSettings, Plant, ShaftSettings};

/// Batches that may wait between the drivers and the intake.
///
/// A batch is one answered request, at most a few thousand samples. With more waiting, memory would hold
/// what the disk cannot take; with fewer, one slow commit would stall the devices.
const INTAKE_BATCHES_MAX: usize = 1_024;

/// What applying a plant needs; shared by the start and every later change.
pub(super) struct Parts {
    pub(super) tags: Arc<Tags>,
    pub(super) namespace: Namespace,
    pub(super) runner: Runner,
    pub(super) fresh_pipeline: Arc<Mutex<Option<Pipeline>>>,
    pub(super) fixed: Fixed,
}

/// What is read at the start only.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    name: String,
    http: HttpSettings,
    shaft: ShaftSettings,
    historian: HistorianSettings,
}

impl Fixed {
    pub(super) fn of(plant: &Plant) -> Fixed {
        Fixed {
            name: plant.node.name.clone(),
            http: plant.http.clone(),
            shaft: plant.shaft.clone(),
            historian: plant.historian.clone(),
        }
    }
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
        let (clock, tree, tags) = (options.clock.clone(), TaskTree::new(), Arc::new(Tags::new()));
        let (begun, plant) = configuration::begin(plant, &data)?;
        let (shaft, writer, historian) = open(&plant, &data, &clock, &tags)?;
        let door = Door::open(&plant, &data, &clock, &options).await?;

        let (intake, batches) = channel(INTAKE_BATCHES_MAX, Policy::Wait, "intake");
        let parts = Arc::new(Parts {
            namespace: Namespace::new(tags.clone()),
            runner: runner(&tree, &clock, &tags, intake),
            fresh_pipeline: Arc::default(),
            fixed: Fixed::of(&plant),
            tags,
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

        start_historian(&tree, &shaft, &historian, parts.tags.clone())?;
        start_shaft_closer(&tree, &shaft);
        let intake = Intake {
            batches,
            pipeline: parts.fresh_pipeline.clone(),
            writer,
            namespace: parts.namespace.clone(),
            committed: shaft.committed(),
            clock: clock.clone(),
            count,
            last: None,
            lost_since: TagMap::default(),
            absent: absent(&shaft, &built.metas, &parts.tags),
        };
        start_intake(&tree, intake, built.pipeline);

        wiring::configure(&parts, &plant, built.metas);
        let live = Live {
            parts: parts.clone(),
            view: view.clone(),
            follow: gate::follow(&door.gate, options.visitor, door.address),
        };
        let trail = Some(door.gate.trail.clone());
        let (configuration, revision) =
            begun.go_on(&plant, clock.clone(), trail, Box::new(live)).await?;
        view.starts_with(revision.id);
        let Face { api, doctor, scales } = Inside {
            parts: &parts,
            plant: &plant,
            data: &data,
            options: &options,
            door: &door,
            view: &view,
            historian,
            configuration: &configuration,
        }
        .face();
        let door = door.start(&tree, api);
        door.gate.look_after_certificates(&tree);
        view.watch_clock_and_rate(&tree, door.gate.trail.clone());
        scales.watch(&tree);
        options.logs.watch(&tree);
        let runner = parts.runner.clone();
        if options.watch == Watch::Follow {
            start_watch(&tree, plant.dir, configuration);
        }
        tracing::info!(listen = door.url(), revision = revision.id, "the node runs");
        door.say_started(&view).await?;
        Ok(Node { door, tree, shaft, view, runner, doctor, _data: data })
    }
}

/// The tags of which nothing was recorded since the last record before this start, a millisecond behind it.
fn absent(shaft: &Shaft, metas: &[TagMeta], tags: &Tags) -> Option<(Timestamp, Vec<TagId>)> {
    let since = shaft.status().stopped?.saturating_add(Duration::from_millis(1));
    let read = metas.iter().filter(|meta| meta.access.can_read());
    Some((since, read.map(|meta| tags.intern(&meta.path)).collect()))
}

/// Opens what is on disk: the shaft first, for the historian goes on where the shaft's cursor is.
fn open(
    plant: &Plant,
    data: &DataFolder,
    clock: &Clock,
    tags: &Arc<Tags>,
) -> Result<(Shaft, Writer, Arc<Historian>), StartError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
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
    Ok((shaft, writer, historian))
}

fn runner(tree: &TaskTree, clock: &Clock, tags: &Arc<Tags>, intake: Sender<Batch>) -> Runner {
    // Jitter need not be secret, only different from node to node.
    let seed = Seed::new(clock.now().nanos().unsigned_abs() ^ u64::from(std::process::id()));
    Runner::new(tree.clone(), clock.clone(), Net::default(), tags.clone(), intake, seed)
}

fn start_historian(
    tree: &TaskTree,
    shaft: &Shaft,
    historian: &Arc<Historian>,
    tags: Arc<Tags>,
) -> Result<(), StartError> {
    let reader = shaft.reader("historian", StartFrom::Oldest);
    let mut reader = reader.map_err(|error| StartError::Shaft { source: error.into() })?;
    // Now, while nothing is appended yet.
    historian.seek(&mut reader).map_err(|source| StartError::Historian { source })?;
    let (historian, stop) = (historian.clone(), tree.stop_token(TaskKind::Historian));
    let decoder = Decoder::new(tags);
    tree.spawn_blocking(TaskKind::Historian, "historian", move || {
        if let Err(error) = historian.run(reader, decoder, &stop) {
            tracing::error!(error = %Chain(&error), "the historian stopped");
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

/// The intake has a thread of its own: it compresses and waits for the disk, which would hold up an executor.
fn start_intake(tree: &TaskTree, intake: Intake, pipeline: Pipeline) {
    let stop = tree.stop_token(TaskKind::Pipeline);
    let handle = tokio::runtime::Handle::current();
    tree.spawn_blocking(TaskKind::Pipeline, "intake", move || {
        handle.block_on(intake.run(pipeline, stop));
    });
}

fn start_watch(tree: &TaskTree, folder: PathBuf, configuration: Configuration) {
    let stop = tree.stop_token(TaskKind::Watch);
    tree.spawn(TaskKind::Watch, "plant folder", async move {
        let look = move || {
            let configuration = configuration.clone();
            async move {
                // A panic in there has said so itself, and the next change is looked at again.
                let _ = tokio::task::spawn_blocking(move || configuration.look()).await;
            }
        };
        reload::watch(folder, stop, look).await;
    });
}
