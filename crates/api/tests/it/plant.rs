//! A small plant behind the API: the traits of `contract`, kept in memory.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lineshaft_api::{Api, Exposure, Limits};
use lineshaft_audit::{Act, Action, Query, Trail};
use lineshaft_contract::{
    Bounds, Commands, Configuration, Cursor, DeviceCounters, DeviceState, DeviceStatus, Devices,
    History, HistoryError, HistoryMode, HistoryPage, HistoryRequest, LastError, Node, NodeStatus,
    Ready, Statistics, StatisticsRequest,
};
use lineshaft_desk::Desk;
use lineshaft_identity::{
    AccountKind, Grant, Identity, Login, NewAccount, NewToken, PasswordPolicy, Policy, Secret,
};
use lineshaft_model::{
    Access, Answer, Batch, Command, DataType, OriginId, Refusal, Sample, TagMeta, TagPath, Tags,
    Timestamp, Unit, Value,
};
use lineshaft_namespace::Namespace;
use lineshaft_runtime::disk::sim::{Faults, SimDisk};
use lineshaft_runtime::{Clock, TaskKind, TaskTree};
use lineshaft_tls::{Certificates, Wanted};
use parking_lot::{Condvar, Mutex};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::bench::Bench;
use crate::quiet::Quiet;

pub(crate) const LINE: &str = "acme/rotterdam/line-1";
/// Another line; its tags are there only in a plant with [`two_lines`].
pub(crate) const OTHER_LINE: &str = "acme/rotterdam/line-10";

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "nine brass gears turn slowly";

/// A running server with its plant and its people. Stops when dropped.
pub(crate) struct Plant {
    pub(crate) address: SocketAddr,
    pub(crate) namespace: Namespace,
    pub(crate) memory: Arc<Memory>,
    pub(crate) road: Arc<Road>,
    pub(crate) bench: Arc<Bench>,
    pub(crate) quiet: Arc<Quiet>,
    pub(crate) tree: TaskTree,
    pub(crate) identity: Identity,
    pub(crate) trail: Trail,
    /// The disk of the trail alone.
    pub(crate) trail_disk: SimDisk,
    pub(crate) clock: Clock,
    /// A token of somebody who may everything; what a test sends that does not say who asks.
    pub(crate) admin: String,
    pub(crate) folder: TempDir,
}

/// How a plant differs from the usual one.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    pub(crate) policy: Option<Policy>,
    pub(crate) clock: Option<Clock>,
    pub(crate) names: Vec<String>,
    /// Makes the certificates in the plant's folder.
    pub(crate) tls: Option<fn(&Path) -> Certificates>,
    /// Makes them for a listener without TLS.
    pub(crate) certificates: Option<fn(&Path, &Clock) -> Certificates>,
    /// The plant folder.
    pub(crate) configuration: Option<Arc<dyn Configuration>>,
}

/// The certificates of a node that listens without TLS.
pub(crate) fn certificates(folder: &Path, clock: &Clock) -> Certificates {
    Certificates::open(clock.clone(), &folder.join("tls"), Wanted::default()).unwrap()
}

/// Starts a server over the plant with the usual limits.
pub(crate) async fn plant() -> Plant {
    plant_of(Options::default()).await
}

pub(crate) async fn plant_with(limits: Limits) -> Plant {
    plant_of(Options { limits, ..Options::default() }).await
}

/// The usual policy, with passwords that are cheap to check.
pub(crate) fn policy() -> Policy {
    let password = PasswordPolicy { memory_kib: 64, ..PasswordPolicy::default() };
    Policy { password, ..Policy::default() }
}

pub(crate) async fn plant_of(options: Options) -> Plant {
    let (api, mut plant) = prepare(options).await;
    serve(api, &mut plant).await;
    plant
}

/// Starts the server of a prepared plant.
pub(crate) async fn serve(api: Api, plant: &mut Plant) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    plant.address = listener.local_addr().unwrap();
    let stop = plant.tree.stop_token(TaskKind::Api);
    plant.tree.spawn(TaskKind::Api, "http", async move {
        lineshaft_api::serve(api, listener, stop).await.unwrap();
    });
}

/// The plant without its server.
pub(crate) async fn prepare(options: Options) -> (Api, Plant) {
    let folder = tempfile::tempdir().unwrap();
    let namespace = Namespace::new(Arc::new(Tags::new()));
    namespace.configure(metas());
    let memory = Arc::new(Memory::default());
    let road = Arc::new(Road::default());
    let bench = Arc::new(Bench::default());
    let quiet = Arc::new(Quiet::default());
    let clock = options.clock.unwrap_or_else(Clock::real);
    let trail_disk = SimDisk::new(1, Faults::none());
    let trail_options = lineshaft_audit::Options {
        reserve_bytes: 0,
        ..lineshaft_audit::Options::of_node("edge-1")
    };
    let disk = Arc::new(trail_disk.clone());
    let trail = Trail::open(disk, clock.clone(), Path::new("audit"), trail_options).unwrap();
    let policy = options.policy.unwrap_or_else(policy);
    let accounts = folder.path().join("identity.db");
    let identity = Identity::open(&accounts, clock.clone(), trail.clone(), policy).unwrap();
    let tls = options.tls.map(|make| make(folder.path()));
    let api = Api {
        namespace: namespace.clone(),
        history: memory.clone(),
        devices: Arc::new(Filler),
        workshop: bench.clone(),
        doctor: quiet.clone(),
        logs: quiet.clone(),
        storage: quiet.clone(),
        commands: road.clone(),
        node: road.clone(),
        clock: clock.clone(),
        metrics: Arc::new(|| "lineshaft_test_total 1\n".into()),
        limits: options.limits,
        identity: identity.clone(),
        trail: trail.clone(),
        desk: Desk::open(&folder.path().join("desk.db")).unwrap(),
        tls: tls.clone(),
        certificates: options.certificates.map(|make| make(folder.path(), &clock)).or(tls),
        configuration: options.configuration,
        names: options.names,
        banner: Some("Authorised use only".into()),
        exposure: Exposure::default(),
    };
    let (address, tree) = (([127, 0, 0, 1], 0).into(), TaskTree::new());
    let admin = String::new();
    let mut plant = Plant {
        address,
        namespace,
        memory,
        road,
        bench,
        quiet,
        tree,
        identity,
        trail,
        trail_disk,
        clock,
        admin,
        folder,
    };
    plant.admin = plant.token("tests", vec![Grant::everywhere("admin")]).await;
    (api, plant)
}

impl Drop for Plant {
    fn drop(&mut self) {
        self.tree.stop_token(TaskKind::Api).cancel();
        self.memory.open();
    }
}

impl Plant {
    /// Makes a token.
    pub(crate) async fn token(&self, name: &str, grants: Vec<Grant>) -> String {
        let token = NewToken { name: name.into(), grants, expires: None };
        let by = self.identity.local("tests");
        let ((_, secret), _) = self.identity.create_token(&by, token, "").await.unwrap();
        secret.reveal().to_owned()
    }

    /// Makes an account of a person with the usual password, and logs him in once, so that nothing is due.
    pub(crate) async fn person(&self, name: &str, grants: Vec<Grant>) {
        let first = Secret::new("a first password for one day");
        let account = NewAccount {
            account: name.into(),
            full_name: format!("Person {name}"),
            kind: AccountKind::Person,
            password: Some(first.clone()),
            grants,
            expires: None,
        };
        let by = self.identity.local("tests");
        self.identity.create_account(&by, account, "").await.unwrap();
        let login = Login { account: name.into(), password: first.clone(), code: None };
        let entered = self.identity.login(login, None, "tests").await.unwrap();
        let own = Secret::new(PASSWORD);
        self.identity.change_password(&entered.pass, &first, &own).await.unwrap();
        self.identity.logout(&entered.pass).await.unwrap();
    }

    /// Logs a person in; the session's secret.
    pub(crate) async fn log_in(&self, name: &str) -> String {
        let login = Login { account: name.into(), password: Secret::new(PASSWORD), code: None };
        self.identity.login(login, None, "tests").await.unwrap().secret.reveal().to_owned()
    }

    /// The entries from a number on, oldest first, without denials.
    pub(crate) fn entries(&self, from: u64) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut query = Query { after: from.checked_sub(1), limit: 1_000, ..Query::default() };
        loop {
            let page = self.trail.read(&query).unwrap();
            acts.extend(page.entries.into_iter().map(|entry| entry.act));
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        acts.retain(|act| act.action != Action::Denied);
        acts
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
        meta("filler/slow", "i16", Access::ReadWrite),
        meta("derived", "f64", Access::Read),
    ]
}

/// Both lines, each with its press.
pub(crate) fn two_lines() -> Vec<TagMeta> {
    let press = |line: &str| {
        let path = TagPath::new(&format!("{line}/press/force")).unwrap();
        TagMeta { path, device: "press".into(), ..meta("filler/speed", "f32", Access::ReadWrite) }
    };
    let mut metas = metas();
    metas.extend([press(LINE), press(OTHER_LINE)]);
    metas
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

    /// The average is how many samples there are; what is in between the tests of the historian look at.
    fn statistics(&self, request: &StatisticsRequest) -> Result<Statistics, HistoryError> {
        assert!(request.deadline.is_some());
        let samples = self.samples.lock();
        let all = samples.get(&request.tag.number()).map(Vec::as_slice).unwrap_or_default();
        let inside = || all.iter().filter(|s| s.ts >= request.start && s.ts < request.end);
        Ok(Statistics {
            count: inside().count() as u64,
            good: Duration::from_millis(1_500),
            first: inside().next().cloned(),
            average: inside().next().map(|_| 2.5),
            transitions: request.step.then_some(3),
            ..Statistics::default()
        })
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

struct Filler;

impl Devices for Filler {
    fn list(&self) -> Vec<DeviceStatus> {
        let filler = DeviceStatus {
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
        };
        let press = DeviceStatus {
            device: "press-10".into(),
            path: TagPath::new(&format!("{OTHER_LINE}/press")).unwrap(),
            last_error: None,
            ..filler.clone()
        };
        vec![filler, press]
    }
}

/// The road to the devices, and the node.
#[derive(Default)]
pub(crate) struct Road {
    pub(crate) taken: Mutex<Vec<Command>>,
    /// A write to `slow` arrived.
    pub(crate) arrived: tokio::sync::Notify,
    /// Lets it be answered.
    pub(crate) answer: tokio::sync::Notify,
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
        let is_slow = command.target.name() == "slow";
        self.taken.lock().push(command);
        Box::pin(async move {
            if is_slow {
                self.arrived.notify_one();
                self.answer.notified().await;
            }
            answer
        })
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
