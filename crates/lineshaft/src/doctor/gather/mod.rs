//! Gathers the facts, from a running node or from the folders of one that stands still.

mod doors;
mod folder;
mod host;
mod network;
mod plant;

use std::path::Path;

use lineshaft_contract::{Logs, Node as _, Storage};
use lineshaft_model::{Level, Reason};
use lineshaft_namespace::{Diagnostics, Namespace};
use lineshaft_runtime::Clock;

use super::Surroundings;
use super::facts::{DataFacts, Facts, GateFacts, Lock, Look, PlantFacts, Running, Sound, TagFacts};
use super::ward::WardParts;
use crate::node::configuration;
pub(crate) use host::file_system;

/// The facts of a running node.
pub(super) async fn of_running(parts: &WardParts) -> Facts {
    let changed = plant::changed(&parts.plant, Some(parts.configuration.clone())).await;
    let (dir, data_dir, clock) = (parts.plant.clone(), parts.data.clone(), parts.clock.clone());
    let looked = blocking(move || {
        let root = Path::new("/");
        (plant::look(&dir, changed), folder::look(&data_dir, root), Machine::look(root), clock)
    });
    let (plant, mut data, machine, clock) = looked.await;
    data.sound = Sound {
        shaft: Look::Running,
        historian: Look::Running,
        audit: Look::Running,
        revisions: Look::Running,
        desk: Look::Running,
    };
    let (scales, namespace) = (parts.scales.clone(), parts.namespace.clone());
    let (storage, tags) = blocking(move || (scales.measure(), tags(&namespace))).await;
    let waits_for_start = plant.read.as_ref().is_ok_and(|plant| (parts.waits_for_start)(plant));
    let running = Running {
        status: parts.view.status(),
        devices: lineshaft_contract::Devices::list(&parts.runner),
        tags,
        waits_for_start,
        storage,
        levels: parts.logs.levels(),
        troubles: parts.logs.troubles(),
    };
    let mut network = network::look(&plant, Path::new("/")).await;
    network.listen = Some(network::connect(parts.address).await);
    network.socket_mode = folder::socket_mode(&parts.data);
    let gate =
        GateFacts::Open(Box::new(doors::view(&parts.gate, parts.exposure.clone(), parts.address)));
    machine.facts(clock, plant, data, gate, network, Some(running))
}

/// The facts of a node that does not run.
pub(super) async fn of_stopped(dir: &Path, data_dir: &Path, around: &Surroundings) -> Facts {
    let (dir, data_dir) = (dir.to_owned(), data_dir.to_owned());
    let root = around.root.clone();
    let changed = plant::changed(&dir, configuration::of_stopped(&data_dir)).await;
    let looked = {
        let (dir, data_dir, root) = (dir.clone(), data_dir.clone(), root.clone());
        blocking(move || {
            (plant::look(&dir, changed), folder::look(&data_dir, &root), Machine::look(&root))
        })
    };
    let (plant, mut data, machine) = looked.await;
    let free = data.lock == Lock::Free;
    let sound = data_dir.clone();
    if free {
        data.sound = blocking(move || folder::sound(&sound)).await;
    }
    let gate = if !data_dir.join("identity.db").is_file() {
        GateFacts::NotYet
    } else if free {
        doors::open(&dir, &data_dir, &around.clock).await
    } else {
        GateFacts::Shut("LS-NOD-002: another process has the data folder".into())
    };
    let mut network = network::look(&plant, &root).await;
    network.listen = plant.read.as_ref().ok().map(|plant| network::listen(plant.http.listen));
    machine.facts(around.clock.clone(), plant, data, gate, network, None)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(gone) => match gone.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The executor is going down, and whoever asked with it.
            Err(_stopping) => std::future::pending().await,
        },
    }
}

/// What is seen from outside of any node.
struct Machine {
    host: super::facts::HostFacts,
    keeper: super::facts::Keeper,
}

impl Machine {
    fn look(root: &Path) -> Machine {
        Machine { host: host::look(root), keeper: host::keeper(root) }
    }

    fn facts(
        self,
        clock: Clock,
        plant: PlantFacts,
        data: DataFacts,
        gate: GateFacts,
        network: super::facts::NetworkFacts,
        running: Option<Running>,
    ) -> Facts {
        Facts {
            now: clock.now(),
            running,
            plant,
            data,
            gate,
            network,
            host: self.host,
            keeper: self.keeper,
            page: lineshaft_api::page_files(),
        }
    }
}

fn tags(namespace: &Namespace) -> TagFacts {
    let all = namespace.list("", None, None, usize::MAX, Diagnostics::Exclude);
    let mut facts = TagFacts::default();
    for id in all.ids {
        // Nobody reads a command register: that it says nothing is not bad.
        if !namespace.meta(id).is_some_and(|meta| meta.access.can_read()) {
            continue;
        }
        facts.tags += 1;
        let quality = namespace.last(id).map(|sample| sample.quality);
        let level = quality.map_or(Level::Bad, |quality| quality.level());
        facts.bad += usize::from(level == Level::Bad);
        facts.uncertain += usize::from(level == Level::Uncertain);
        facts.stale +=
            usize::from(quality.is_some_and(|quality| quality.reason() == Reason::Stale));
    }
    facts
}
