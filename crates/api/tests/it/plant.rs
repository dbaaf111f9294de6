//! A small plant behind the API: the traits of `contract`, kept in memory.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lineshaft_api::{Api, Limits};
use lineshaft_contract::{
    Bounds, Commands, Cursor, DeviceCounters, DeviceState, DeviceStatus, Devices, History,
    HistoryError, HistoryMode, HistoryPage, HistoryRequest, LastError, Node, NodeStatus, Ready,
};
use lineshaft_model::{
    Access, Answer, Batch, Command, DataType, OriginId, Refusal, Sample, TagMeta, TagPath, Tags,
    Timestamp, Unit, Value,
};
use lineshaft_namespace::Namespace;
use lineshaft_runtime::{Clock, TaskKind, TaskTree};
use parking_lot::{Condvar, Mutex};
use tokio::net::TcpListener;

pub(crate) const LINE: &str = "acme/rotterdam/line-1";

/// A running server with its plant. Stops when dropped.
pub(crate) struct Plant {
    pub(crate) address: SocketAddr,
    pub(crate) namespace: Namespace,
    pub(crate) memory: Arc<Memory>,
    pub(crate) road: Arc<Road>,
    pub(crate) tree: TaskTree,
}

/// Starts a server over the plant with the usual limits.
pub(crate) async fn plant() -> Plant {
    plant_with(Limits::default()).await
}

pub(crate) async fn plant_with(limits: Limits) -> Plant {
    let namespace = Namespace::new(Arc::new(Tags::new()));
    namespace.configure(metas());
    let memory = Arc::new(Memory::default());
    let road = Arc::new(Road::default());
    let api = Api {
        namespace: namespace.clone(),
        history: memory.clone(),
        devices: Arc::new(OneDevice),
        commands: road.clone(),
        node: road.clone(),
        clock: Clock::real(),
        metrics: Arc::new(|| "lineshaft_test_total 1\n".into()),
        limits,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tree = TaskTree::new();
    let stop = tree.stop_token(TaskKind::Api);
    tree.spawn(TaskKind::Api, "http", async move {
        lineshaft_api::serve(api, listener, stop).await.unwrap();
    });
    Plant { address, namespace, memory, road, tree }
}

impl Drop for Plant {
    fn drop(&mut self) {
        self.tree.stop_token(TaskKind::Api).cancel();
        self.memory.open();
    }
}

pub(crate) fn meta(name: &str, data_type: &str, access: Access) -> TagMeta {
    let data_type: DataType = data_type.parse().unwrap();
    TagMeta {
        path: TagPath::new(&format!("{LINE}/{name}")).unwrap(),
        data_type,
        unit: (data_type == DataType::F32).then(|| Unit::new("1/min").unwrap()),
        access,
        step: !data_type.is_numeric(),
        description: format!("The {name} of the filler"),
        device: if name == "derived" { "".into() } else { "filler".into() },
    }
}

pub(crate) fn metas() -> Vec<TagMeta> {
    vec![
        meta("filler/speed", "f32", Access::ReadWrite),
        meta("filler/running", "bool", Access::ReadWrite),
        meta("filler/count", "u64", Access::Read),
        meta("filler/recipe", "text(20)", Access::ReadWrite),
        meta("filler/mute", "i16", Access::ReadWrite),
        meta("filler/stuck", "i16", Access::ReadWrite),
        meta("derived", "f64", Access::Read),
    ]
}

impl Plant {
    /// Publishes a sample of a tag of the line.
    pub(crate) fn publish(&self, name: &str, sample: Sample) {
        let path = TagPath::new(&format!("{LINE}/{name}")).unwrap();
        let tag = self.namespace.find(&path).unwrap();
        let mut batch = Batch::new(OriginId(1), sample.ts);
        batch.push(tag, sample);
        self.namespace.publish(&batch);
    }

    /// Keeps a sample of a tag of the line for history.
    pub(crate) fn keep(&self, name: &str, samples: impl IntoIterator<Item = Sample>) {
        let path = TagPath::new(&format!("{LINE}/{name}")).unwrap();
        let tag = self.namespace.find(&path).unwrap();
        self.memory.samples.lock().entry(tag.number()).or_default().extend(samples);
    }
}

/// History in memory. A question about a time before 1970 waits until [`Memory::open`].
#[derive(Default)]
pub(crate) struct Memory {
    samples: Mutex<BTreeMap<u32, Vec<Sample>>>,
    is_open: Mutex<bool>,
    opened: Condvar,
    pub(crate) asked: AtomicUsize,
    pub(crate) arrived: tokio::sync::Notify,
}

impl Memory {
    pub(crate) fn open(&self) {
        *self.is_open.lock() = true;
        self.opened.notify_all();
    }
}

impl History for Memory {
    fn read(&self, request: &HistoryRequest) -> Result<HistoryPage, HistoryError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.arrived.notify_one();
        assert!(request.deadline.is_some());
        if request.start < Timestamp::from_secs(0) {
            let mut is_open = self.is_open.lock();
            while !*is_open {
                self.opened.wait(&mut is_open);
            }
        }
        let samples = self.samples.lock();
        let all = samples.get(&request.tag.number()).map(Vec::as_slice).unwrap_or_default();
        let inside: Vec<Sample> =
            all.iter().filter(|s| s.ts >= request.start && s.ts < request.end).cloned().collect();
        match request.mode {
            HistoryMode::Raw => {
                let mut page = page(inside, request);
                if request.bounds == Bounds::Around {
                    let before =
                        all.iter().rfind(|s| s.ts < request.start && request.after.is_none());
                    page.samples.splice(0..0, before.cloned());
                    let after = all.iter().find(|s| s.ts >= request.end && page.next.is_none());
                    page.samples.extend(after.cloned());
                }
                Ok(page)
            }
            HistoryMode::Count => {
                let count = i64::try_from(inside.len()).unwrap();
                let samples = vec![Sample::good(request.start, count)];
                Ok(HistoryPage { samples, next: None })
            }
            HistoryMode::Plot => Err(HistoryError::TooSlow),
            HistoryMode::Average => Err(HistoryError::Request("text has no average".into())),
            _ => {
                let source = io::Error::other("checksum");
                Err(HistoryError::Storage { file: "0001.seg".into(), source })
            }
        }
    }
}

/// A page by instants; the samples here have one instant each.
fn page(inside: Vec<Sample>, request: &HistoryRequest) -> HistoryPage {
    let fresh = |s: &Sample| request.after.is_none_or(|after| s.ts > after.ts);
    let mut samples: Vec<Sample> = inside.into_iter().filter(fresh).collect();
    let more = samples.len() > request.limit as usize;
    samples.truncate(request.limit as usize);
    let last = samples.last().filter(|_| more);
    HistoryPage { next: last.map(|s| Cursor { ts: s.ts, given: 1 }), samples }
}

struct OneDevice;

impl Devices for OneDevice {
    fn list(&self) -> Vec<DeviceStatus> {
        vec![DeviceStatus {
            device: "filler".into(),
            driver: "modbus",
            endpoint: "tcp://127.0.0.1:5020".into(),
            path: TagPath::new(&format!("{LINE}/filler")).unwrap(),
            state: DeviceState::Degraded,
            since: Timestamp::from_millis(1_763_618_400_000),
            tags: 6,
            tags_bad: 1,
            last_error: Some(LastError {
                code: "LS-DRV-002",
                text: "tcp://127.0.0.1:5020 did not answer in 1s".into(),
                at: Timestamp::from_millis(1_763_618_400_000),
            }),
            next_attempt: None,
            counters: DeviceCounters { requests: 1_200, ..DeviceCounters::default() },
        }]
    }
}

/// The road to the devices, and the node.
#[derive(Default)]
pub(crate) struct Road {
    pub(crate) taken: Mutex<Vec<Command>>,
    pub(crate) not_ready: Mutex<Option<String>>,
}

impl Commands for Road {
    fn submit(&self, command: Command) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        let answer = match command.target.name() {
            "mute" => Answer::Unknown,
            "stuck" => Answer::Refused(Refusal::NotConnected(command.target.clone())),
            "recipe" => Answer::Done(None),
            _ => Answer::Done(Some(command.value.clone())),
        };
        self.taken.lock().push(command);
        Box::pin(async move { answer })
    }
}

impl Node for Road {
    fn status(&self) -> NodeStatus {
        NodeStatus {
            node: "edge-1".into(),
            path: TagPath::new("acme/rotterdam").unwrap(),
            started: Timestamp::from_millis(1_763_618_400_000),
            now: Timestamp::from_millis(1_763_618_460_000),
            samples_total: 18_000,
            samples_lost: 0,
            clock_steps: 0,
            samples_per_second: 300.0,
            shaft: lineshaft_contract::ShaftStatus::default(),
            historian: lineshaft_contract::HistorianStatus::default(),
            revision: lineshaft_contract::RevisionStatus::default(),
        }
    }

    fn ready(&self) -> Ready {
        self.not_ready.lock().clone().map_or(Ready::Yes, Ready::No)
    }
}

/// A good sample at so many milliseconds.
pub(crate) fn at(millis: i64, value: impl Into<Value>) -> Sample {
    Sample::good(Timestamp::from_millis(millis), value)
}

/// Long enough for anything that does happen, short enough to fail by.
pub(crate) const SOON: Duration = Duration::from_secs(10);
