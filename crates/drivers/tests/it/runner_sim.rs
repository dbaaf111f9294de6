//! A simulated protocol for the runner's tests: devices that answer late, refuse, fall silent, lie or fail
//! inside, on virtual time. Nothing here waits for real.

#![expect(clippy::unwrap_used, reason = "what a test sets up is right, or the test is wrong")]

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use lineshaft_contract::{
    ConfigErrors, Device, DeviceSpec, DeviceStatus, Devices, DriverError, DriverKind, Plan,
    PointSpec, Poll, Readings,
};
use lineshaft_drivers::runner::{DevicePlan, PointPlan, Runner, diag_tags};
use lineshaft_model::{
    Access, Batch, Command, CommandId, DataType, Quality, Reason, Sample, TagPath, Tags, Timestamp,
    Value, WordOrder,
};
use lineshaft_runtime::{
    Clock, Endpoint, Net, Policy, Receiver, Seed, TaskKind, TaskTree, channel,
};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

/// What a unit does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers,
    /// Nothing comes; the driver gives up at its limit.
    Silent,
    /// Nothing comes, and the driver forgets its limit.
    Hangs,
    /// The line breaks.
    Breaks,
    Garbles,
    Panics,
    /// The gateway says that the unit does not answer.
    GatewaySaysNo,
    /// Answers that it failed.
    Fails,
    /// Answers without any value.
    Mute,
    Denies,
    /// Refuses writes.
    RefusesWrites,
    /// Takes writes and forgets them.
    Forgets,
    /// Takes writes and cannot be asked what it holds.
    CannotReadBack,
}

#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) mood: Mood,
    /// Moods of the next requests, before `mood` counts again.
    pub(crate) script: VecDeque<Mood>,
    pub(crate) delay: Duration,
    pub(crate) illegal: BTreeSet<u32>,
    pub(crate) values: BTreeMap<u32, Value>,
}

impl Default for Unit {
    fn default() -> Unit {
        Unit {
            mood: Mood::Answers,
            script: VecDeque::new(),
            delay: Duration::from_millis(5),
            illegal: BTreeSet::new(),
            values: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    Read(Vec<u32>),
    Write(u32, Value),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) session: usize,
    pub(crate) unit: u32,
    pub(crate) asked: Asked,
}

/// One far end with the units behind it.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) units: HashMap<u32, Unit>,
    pub(crate) calls: Vec<Call>,
    pub(crate) connects: Vec<Instant>,
    /// Why nobody can connect.
    pub(crate) closed: Option<Mood>,
    pub(crate) sessions_open: i32,
    pub(crate) in_flight: bool,
}

impl Gateway {
    pub(crate) fn set(&self, unit: u32, change: impl FnOnce(&mut Unit)) {
        change(self.state.lock().units.entry(unit).or_default());
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.lock().calls.clone()
    }

    pub(crate) fn reads_of(&self, unit: u32) -> Vec<Vec<u32>> {
        let read = |call: Call| match call.asked {
            Asked::Read(addresses) if call.unit == unit => Some(addresses),
            _ => None,
        };
        self.calls().into_iter().filter_map(read).collect()
    }
}

static GATEWAYS: LazyLock<Mutex<HashMap<String, Arc<Gateway>>>> = LazyLock::new(Mutex::default);

fn gateway_at(endpoint: &str) -> Arc<Gateway> {
    GATEWAYS.lock().entry(endpoint.into()).or_default().clone()
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    unit: u32,
}

pub(crate) struct Sim {
    gateway: Arc<Gateway>,
    endpoint: String,
    session: usize,
}

impl Drop for Sim {
    fn drop(&mut self) {
        let mut state = self.gateway.state.lock();
        state.sessions_open -= 1;
        state.in_flight = false;
    }
}

pub(crate) const SIM: DriverKind = DriverKind::polled::<Sim>("sim", "", &["tcp"]);

/// At most this many addresses per request.
const BLOCK: u32 = 100;
/// Gaps of up to this many addresses are bridged.
const GAP: u32 = 2;

pub(crate) struct Block {
    first: u32,
    last: u32,
    points: Vec<u32>,
}

impl Poll for Sim {
    type Config = Config;
    type Group = Block;

    fn plan(_: &Config, all: &[PointSpec], points: &[u32]) -> Result<Plan<Block>, ConfigErrors> {
        let address = |point: u32| all[point as usize].address.parse::<u32>().unwrap();
        let mut sorted: Vec<u32> = points.to_vec();
        sorted.sort_by_key(|point| address(*point));
        let mut plan: Plan<Block> = Vec::new();
        for point in sorted {
            let next = address(point);
            match plan.last_mut() {
                Some((block, members))
                    if next <= block.last + GAP + 1 && next < block.first + BLOCK =>
                {
                    block.last = next;
                    members.push(point);
                }
                _ => plan.push((Block { first: next, last: next, points: vec![] }, vec![point])),
            }
        }
        plan.iter_mut().for_each(|(block, members)| block.points.clone_from(members));
        Ok(plan)
    }

    async fn connect(_: &Config, endpoint: &Endpoint, _: &Net) -> Result<Sim, DriverError> {
        let endpoint = endpoint.to_string();
        let gateway = gateway_at(&endpoint);
        let closed = {
            let mut state = gateway.state.lock();
            state.connects.push(Instant::now());
            state.closed
        };
        match closed {
            Some(Mood::Denies) => return Err(DriverError::Denied { endpoint }),
            Some(Mood::Hangs) => std::future::pending().await,
            Some(_) => {
                let source = io::ErrorKind::ConnectionRefused.into();
                return Err(DriverError::Connect { endpoint, source });
            }
            None => {}
        }
        let session = {
            let mut state = gateway.state.lock();
            state.sessions_open += 1;
            assert_eq!(state.sessions_open, 1, "one owner per link");
            state.connects.len()
        };
        Ok(Sim { gateway, endpoint, session })
    }

    async fn read(
        &mut self,
        config: &Config,
        block: &Block,
        limit: Duration,
        out: &mut Readings,
    ) -> Result<(), DriverError> {
        let addresses: Vec<u32> = (block.first..=block.last).collect();
        let refused = addresses.iter().any(|address| self.is_illegal(config.unit, *address));
        let unit = self.ask(config.unit, Asked::Read(addresses), limit).await?;
        for point in &block.points {
            // A test's point n has address n.
            match unit.mood {
                Mood::Mute => {}
                Mood::GatewaySaysNo => out.bad(*point, Reason::Comm),
                Mood::Fails => out.bad(*point, Reason::Device),
                _ if refused => out.bad(*point, Reason::NotConfigured),
                _ => {
                    let fresh = Value::Int(i64::from(*point));
                    out.good(*point, unit.values.get(point).cloned().unwrap_or(fresh));
                }
            }
        }
        Ok(())
    }

    async fn write(
        &mut self,
        config: &Config,
        point: &PointSpec,
        value: &Value,
        limit: Duration,
    ) -> Result<Option<Value>, DriverError> {
        let address: u32 = point.address.parse().unwrap();
        let unit = self.ask(config.unit, Asked::Write(address, value.clone()), limit).await?;
        match unit.mood {
            Mood::RefusesWrites => {
                let (party, what) = (self.endpoint.clone(), "interlocked".into());
                return Err(DriverError::Refused { party, what });
            }
            Mood::Forgets => return Ok(Some(Value::Int(-1))),
            _ => {}
        }
        self.gateway.set(config.unit, |unit| {
            unit.values.insert(address, value.clone());
        });
        Ok((unit.mood != Mood::CannotReadBack).then(|| value.clone()))
    }
}

impl Sim {
    fn is_illegal(&self, unit: u32, address: u32) -> bool {
        let state = self.gateway.state.lock();
        state.units.get(&unit).is_some_and(|unit| unit.illegal.contains(&address))
    }

    async fn ask(&mut self, unit: u32, asked: Asked, limit: Duration) -> Result<Unit, DriverError> {
        let endpoint = self.endpoint.clone();
        let answer = {
            let mut state = self.gateway.state.lock();
            assert!(!std::mem::replace(&mut state.in_flight, true), "one request in flight");
            let call = Call { at: Instant::now(), session: self.session, unit, asked };
            state.calls.push(call);
            let unit = state.units.entry(unit).or_default();
            let mood = unit.script.pop_front().unwrap_or(unit.mood);
            Unit { mood, ..unit.clone() }
        };
        let party = format!("{endpoint} unit {unit}");
        let result = match answer.mood {
            Mood::Silent => {
                tokio::time::sleep(limit).await;
                Err(DriverError::Timeout { party, limit })
            }
            Mood::Hangs => std::future::pending().await,
            Mood::Breaks => {
                let source = io::ErrorKind::ConnectionReset.into();
                Err(DriverError::Lost { endpoint, source })
            }
            Mood::Garbles => Err(DriverError::Malformed { endpoint, what: "transaction 7".into() }),
            Mood::Panics => panic!("index out of bounds in the simulated driver"),
            _ if answer.delay > limit => {
                tokio::time::sleep(limit).await;
                Err(DriverError::Timeout { party, limit })
            }
            _ => {
                tokio::time::sleep(answer.delay).await;
                Ok(answer)
            }
        };
        self.gateway.state.lock().in_flight = false;
        result
    }
}

/// A plant of simulated devices, and everything the runner delivered from it.
pub(crate) struct World {
    pub(crate) tree: TaskTree,
    pub(crate) clock: Clock,
    pub(crate) tags: Arc<Tags>,
    pub(crate) runner: Runner,
    pub(crate) delivered: Arc<Mutex<Vec<(Instant, Batch)>>>,
    name: String,
    intake: Option<Receiver<Batch>>,
    commands: Mutex<u64>,
}

/// How a device of a test differs from a plain one.
#[derive(Debug, Clone)]
pub(crate) struct Like {
    pub(crate) gateway: u32,
    pub(crate) points: u32,
    pub(crate) period: Duration,
    pub(crate) timeout: Duration,
    pub(crate) access: Access,
    pub(crate) enabled: bool,
    pub(crate) revision: u64,
    pub(crate) scale: f64,
    pub(crate) data_type: DataType,
}

impl Default for Like {
    fn default() -> Like {
        Like {
            gateway: 0,
            points: 10,
            period: Duration::from_secs(1),
            timeout: Duration::from_millis(500),
            access: Access::ReadWrite,
            enabled: true,
            revision: 1,
            scale: 1.0,
            data_type: DataType::I32,
        }
    }
}

pub(crate) fn path(text: &str) -> TagPath {
    TagPath::new(text).unwrap()
}

impl World {
    /// A world whose name is the test's, so that tests do not share gateways.
    pub(crate) fn new(name: &str) -> World {
        World::with_intake(name, 1_000)
    }

    pub(crate) fn with_intake(name: &str, capacity: usize) -> World {
        let tree = TaskTree::new();
        let clock = Clock::simulated(Timestamp::from_secs(1_700_000_000));
        let tags = Arc::new(Tags::new());
        let (sender, receiver) = channel(capacity, Policy::Wait, "test");
        let runner = Runner::new(
            tree.clone(),
            clock.clone(),
            Net::default(),
            tags.clone(),
            sender,
            Seed::new(4711),
        );
        World {
            tree,
            clock,
            tags,
            runner,
            delivered: Arc::default(),
            name: name.into(),
            intake: Some(receiver),
            commands: Mutex::new(0),
        }
    }

    /// Takes batches from the runner from now on.
    pub(crate) fn drain(&mut self) {
        let mut intake = self.intake.take().unwrap();
        let delivered = self.delivered.clone();
        self.tree.spawn(TaskKind::Pipeline, "recorder", async move {
            while let Some(batch) = intake.receive().await {
                delivered.lock().push((Instant::now(), batch));
            }
        });
    }

    fn endpoint(&self, gateway: u32) -> String {
        format!("tcp://{}:{}", self.name, gateway + 1)
    }

    pub(crate) fn gateway(&self, number: u32) -> Arc<Gateway> {
        gateway_at(&self.endpoint(number))
    }

    /// Device `dNN` is unit NN; its points `pN` have address N.
    pub(crate) fn device(&self, unit: u32, like: &Like) -> DevicePlan {
        let name = format!("d{unit:02}");
        let point = |n: u32| PointSpec {
            name: format!("p{n}"),
            address: n.to_string(),
            data_type: like.data_type,
            order: WordOrder::default(),
            access: like.access,
            period: like.period,
        };
        let spec = DeviceSpec {
            name: name.clone(),
            endpoint: self.endpoint(like.gateway).parse().unwrap(),
            settings: serde_json::json!({ "unit": unit }),
            points: (0..like.points).map(point).collect(),
            timeout: like.timeout,
        };
        let device: Arc<dyn Device> = SIM.configure(spec).unwrap();
        let at = path(&format!("plant/{name}"));
        let tag = |n: u32| {
            let path = at.join(&format!("p{n}")).unwrap();
            PointPlan { tag: self.tags.intern(&path), path, scale: like.scale, offset: 0.0 }
        };
        DevicePlan {
            device,
            driver: SIM.name,
            path: at.clone(),
            points: (0..like.points).map(tag).collect(),
            enabled: like.enabled,
            fingerprint: like.revision,
            stale_after: None,
        }
    }

    pub(crate) fn apply(&self, devices: impl IntoIterator<Item = (u32, Like)>) {
        let plans = devices.into_iter().map(|(unit, like)| self.device(unit, &like)).collect();
        self.runner.apply(plans);
    }

    /// Lets virtual time pass.
    pub(crate) async fn run_for(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    pub(crate) async fn run_secs(&self, secs: u64) {
        self.run_for(Duration::from_secs(secs)).await;
    }

    pub(crate) fn status(&self, unit: u32) -> DeviceStatus {
        let name = format!("d{unit:02}");
        self.runner.list().into_iter().find(|status| status.device == name).unwrap()
    }

    /// The samples of one tag, with when they came.
    pub(crate) fn samples(&self, tag: &str) -> Vec<(Instant, Sample)> {
        let id = self.tags.id(&path(tag)).unwrap();
        let delivered = self.delivered.lock();
        let rows = |(at, batch): &(Instant, Batch)| {
            let at = *at;
            let of_tag = batch.rows.iter().filter(|row| row.tag == id);
            of_tag.map(|row| (at, row.sample.clone())).collect::<Vec<_>>()
        };
        delivered.iter().flat_map(rows).collect()
    }

    /// The samples of one tag as runs: `12 good, 1 bad(comm)`.
    pub(crate) fn story(&self, tag: &str) -> String {
        let mut runs: Vec<(Quality, u32)> = Vec::new();
        for (_, sample) in self.samples(tag) {
            match runs.last_mut() {
                Some((quality, count)) if *quality == sample.quality => *count += 1,
                _ => runs.push((sample.quality, 1)),
            }
        }
        let words: Vec<String> = runs.iter().map(|(q, count)| format!("{count} {q}")).collect();
        words.join(", ")
    }

    pub(crate) fn good(&self, tag: &str) -> usize {
        self.samples(tag).iter().filter(|(_, sample)| sample.quality.is_good()).count()
    }

    /// The last value of a diagnostic.
    pub(crate) fn diagnostic(&self, unit: u32, name: &str) -> String {
        let metas = diag_tags(&path(&format!("plant/d{unit:02}")), "d");
        let meta = metas.iter().find(|meta| meta.path.name() == name).unwrap();
        let samples = self.samples(meta.path.as_str());
        samples.last().map(|(_, sample)| sample.value.to_string()).unwrap_or_default()
    }

    pub(crate) fn forget(&self) {
        self.delivered.lock().clear();
    }

    pub(crate) fn command(&self, tag: &str, value: impl Into<Value>, within: Duration) -> Command {
        let mut id = self.commands.lock();
        *id += 1;
        Command {
            id: CommandId(*id),
            target: path(tag),
            value: value.into(),
            who: "test".into(),
            why: String::new(),
            deadline: self.clock.now().saturating_add(within),
        }
    }
}
