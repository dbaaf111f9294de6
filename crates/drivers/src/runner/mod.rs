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
mod fault;
mod guard;
mod health;
mod limits;
mod link;
pub mod metrics;
mod points;
mod poll;
mod road;
mod schedule;
mod split;
mod unit;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{Device, DeviceStatus, Devices};
use lineshaft_model::{Batch, OriginId, TagId, TagMap, TagPath, Tags};
use lineshaft_runtime::{Clock, Net, Seed, Sender, TaskKind, TaskTree};
use parking_lot::{Mutex, RwLock};

pub use diag::diag_tags;

use commands::Target;
use health::Board;
use road::{Context, Road, Wanted};

/// One device with its place in the namespace.
#[derive(Clone)]
pub struct DevicePlan {
    /// The device, checked by its driver.
    pub device: Arc<dyn Device>,
    /// The driver's name.
    pub driver: &'static str,
    /// Where its tags are; the diagnostics are below `_diag/` here.
    pub path: TagPath,
    /// Its tags, parallel to `device.spec().points`.
    pub points: Vec<PointPlan>,
    /// Whether it is polled. A disabled device is not connected and its tags are out of service.
    pub enabled: bool,
    /// The same number means nothing about this device changed: it runs on untouched.
    pub fingerprint: u64,
    /// The age at which a tag without news turns bad, at least three of its periods. Default: 10 s.
    pub stale_after: Option<Duration>,
}

/// One tag of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct PointPlan {
    /// The tag.
    pub tag: TagId,
    /// Its path.
    pub path: TagPath,
    /// Engineering value = raw value × `scale` + `offset`. Not zero.
    pub scale: f64,
    /// See `scale`.
    pub offset: f64,
}

impl fmt::Debug for DevicePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.device.spec();
        write!(f, "DevicePlan({} on {}, {} points)", spec.name, spec.endpoint, self.points.len())
    }
}

/// What [`Runner::apply`] did, by device name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// New devices.
    pub started: Vec<String>,
    /// Devices that are gone.
    pub stopped: Vec<String>,
    /// Devices that started over with a new plan.
    pub changed: Vec<String>,
    /// Devices that run on untouched.
    pub kept: Vec<String>,
}

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
}

/// The identity of a physical link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LinkKey {
    driver: &'static str,
    endpoint: String,
}

impl LinkKey {
    fn of(plan: &DevicePlan) -> LinkKey {
        LinkKey { driver: plan.driver, endpoint: plan.device.spec().endpoint.to_string() }
    }
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
        Arc::new(Fitted { plan, board, diagnostics })
    }

    /// Tells every link that gained or lost a device what it shall be now.
    fn settle_links(&self, plant: &mut Plant, old: &BTreeMap<String, Arc<Fitted>>) {
        let wanted: HashSet<TagId> = plant.devices.values().flat_map(|f| f.tags()).collect();
        let mut links: BTreeMap<LinkKey, Wanted> = BTreeMap::new();
        let mut moved: BTreeSet<LinkKey> = BTreeSet::new();
        for (name, fitted) in old {
            if plant.devices.get(name).is_some_and(|now| Arc::ptr_eq(now, fitted)) {
                continue;
            }
            let key = LinkKey::of(&fitted.plan);
            let gone = fitted.tags().filter(|tag| !wanted.contains(tag)).collect();
            links.entry(key.clone()).or_default().retired.push((fitted.board.origin, gone));
            moved.insert(key);
        }
        for (name, fitted) in &plant.devices {
            let key = LinkKey::of(&fitted.plan);
            if !old.get(name).is_some_and(|before| Arc::ptr_eq(before, fitted)) {
                moved.insert(key.clone());
            }
            links.entry(key).or_default().devices.push(fitted.clone());
        }
        for (key, wanted) in links {
            if !moved.contains(&key) {
                continue;
            }
            let ends = wanted.devices.is_empty();
            match plant.links.get(&key) {
                Some(road) => road.want(wanted),
                None if ends => continue,
                None => {
                    let road = self.open_road(&key, wanted);
                    plant.links.insert(key.clone(), road);
                }
            }
            if ends {
                plant.links.remove(&key);
            }
        }
    }

    fn open_road(&self, key: &LinkKey, wanted: Wanted) -> Arc<Road> {
        let (road, writes) = Road::new(wanted);
        let road = Arc::new(road);
        let name = format!("link {} {}", key.driver, key.endpoint);
        let context = self.0.context.clone();
        let link = link::run(context, key.clone(), road.clone(), writes);
        self.0.context.tree.spawn(TaskKind::DriverRun, name, link);
        road
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
