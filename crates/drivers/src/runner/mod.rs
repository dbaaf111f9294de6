//! What all field drivers share: one owner per link, schedules, health, recovery and the road for commands.
//!
//! - Rules and their reasons: `DESIGN.md` §4; each answers a complaint about a peer product, and each has a
//!   test in `tests/it/runner*.rs`.
//! - One task per physical link (driver and endpoint text) owns its connection; all units behind it take turns,
//!   one request in flight, writes before polls (`link.rs`).
//! - A device that does not answer is bad at once, retried at its own pace, then demoted (`fault.rs`); an address
//!   the device refuses is split off from its neighbours (`split.rs`).
//! - Watchdog: nothing here waits for a peer without a limit. The deadline around each call (`guard.rs`) drops a session
//!   that is silent, whatever the socket says, so recovery needs no second timer.
//! - Not here: scaling of what was read, deadbands (the pipeline), last values (the namespace).

mod commands;
mod convert;
mod diag;
mod errand;
mod fault;
mod guard;
mod health;
mod limits;
mod link;
mod links;
pub mod metrics;
mod plan;
mod points;
mod poll;
mod road;
mod schedule;
mod split;
mod trace;
mod unit;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use lineshaft_contract::{DeviceStatus, Devices};
use lineshaft_model::{Batch, OriginId, TagId, TagMap, Tags};
use lineshaft_runtime::{Clock, Net, Seed, Sender, TaskTree};
use parking_lot::{Mutex, RwLock};

pub use diag::diag_tags;
pub use errand::{Lent, Use};
pub use plan::{Changes, DevicePlan, PointPlan};

use commands::Target;
use health::Board;
use links::LinkKey;
use road::{Context, Road};

/// Runs the devices. Clones share it.
#[derive(Clone)]
pub struct Runner(Arc<Inner>);

struct Inner {
    context: Context,
    plant: Mutex<Plant>,
    targets: RwLock<TagMap<Target>>,
}

#[derive(Default)]
struct Plant {
    devices: BTreeMap<String, Arc<Fitted>>,
    links: BTreeMap<LinkKey, Arc<Road>>,
    origins: HashMap<String, OriginId>,
}

/// A device on its link.
pub(crate) struct Fitted {
    plan: DevicePlan,
    board: Arc<Board>,
    diagnostics: Option<diag::DiagTags>,
    trace: Arc<trace::Trace>,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plant = self.0.plant.lock();
        write!(f, "Runner({} devices on {} links)", plant.devices.len(), plant.links.len())
    }
}

impl Runner {
    /// A runner without devices. `intake` has [`lineshaft_runtime::Policy::Wait`]: while it is full the links wait, and
    /// count the cycles they skip. `seed` decides all jitter.
    ///
    /// Batches have one origin per device, counted from 1 (0 is free for others).
    #[must_use]
    pub fn new(
        tree: TaskTree,
        clock: Clock,
        net: Net,
        tags: Arc<Tags>,
        intake: Sender<Batch>,
        seed: Seed,
    ) -> Runner {
        let context = Context { tree, clock, net, tags, intake, seed };
        Runner(Arc::new(Inner {
            context,
            plant: Mutex::new(Plant::default()),
            targets: RwLock::new(TagMap::default()),
        }))
    }

    /// Makes `devices` the devices that run, as a difference: a device with the same fingerprint on the same
    /// link misses no sample, also when others on its link come, go or change. Tags that are in no device any
    /// more are said to be out of service, once. Returns at once; the links follow after the request they are at.
    ///
    /// A link stays open while one of its devices is kept. When all of them changed it is opened anew, as a
    /// device's settings may say how.
    ///
    /// Device names are unique (the plant folder sees to that); of two with one name the last counts.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn apply(&self, devices: Vec<DevicePlan>) -> Changes {
        let mut plant = self.0.plant.lock();
        let mut changes = Changes::default();
        let old = std::mem::take(&mut plant.devices);
        for plan in devices {
            let name = plan.device.spec().name.clone();
            let fitted = match old.get(&name) {
                Some(same) if same.is_as(&plan) => {
                    changes.kept.push(name.clone());
                    same.clone()
                }
                Some(_) => {
                    changes.changed.push(name.clone());
                    self.fit(&mut plant, plan)
                }
                None => {
                    changes.started.push(name.clone());
                    self.fit(&mut plant, plan)
                }
            };
            plant.devices.insert(name, fitted);
        }
        changes.stopped = old.keys().filter(|n| !plant.devices.contains_key(*n)).cloned().collect();
        *self.0.targets.write() = targets_of(&plant);
        self.settle_links(&mut plant, &old);
        changes
    }

    fn fit(&self, plant: &mut Plant, plan: DevicePlan) -> Arc<Fitted> {
        let name = &plan.device.spec().name;
        let next =
            OriginId(u32::try_from(plant.origins.len()).unwrap_or(u32::MAX).saturating_add(1));
        let origin = *plant.origins.entry(name.clone()).or_insert(next);
        let board = Arc::new(Board::new(&plan, origin, self.0.context.clock.now()));
        let diagnostics = diag::DiagTags::intern(&self.0.context.tags, &plan.path);
        let trace = Arc::new(trace::Trace::new(self.0.context.clock.clone()));
        Arc::new(Fitted { plan, board, diagnostics, trace })
    }
}

/// Where each tag is, for the road of commands.
fn targets_of(plant: &Plant) -> TagMap<Target> {
    let mut targets = TagMap::default();
    for fitted in plant.devices.values() {
        for (point, plan) in (0..).zip(&fitted.plan.points) {
            targets.insert(plan.tag, Target { fitted: fitted.clone(), point });
        }
    }
    targets
}

impl Fitted {
    fn is_as(&self, plan: &DevicePlan) -> bool {
        self.plan.fingerprint == plan.fingerprint && LinkKey::of(&self.plan) == LinkKey::of(plan)
    }

    /// All its tags, with the diagnostics.
    fn tags(&self) -> impl Iterator<Item = TagId> + '_ {
        let points = self.plan.points.iter().map(|point| point.tag);
        points.chain(self.diagnostics.iter().flat_map(diag::DiagTags::all))
    }
}

impl Devices for Runner {
    fn list(&self) -> Vec<DeviceStatus> {
        let boards: Vec<Arc<Board>> =
            self.0.plant.lock().devices.values().map(|fitted| fitted.board.clone()).collect();
        boards.iter().map(|board| board.status()).collect()
    }
}
