//! Dead units, broken lines, refused credentials, drivers that fail inside: who suffers, for how long, and
//! what is said about it.

use std::any::Any;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use lineshaft_contract::{
    Answering, Connecting, Device, DeviceSpec, DeviceState, Devices, Readings, Request, Session,
    Writing,
};
use lineshaft_model::{Quality, Reason, Value};
use lineshaft_runtime::Net;
use parking_lot::Mutex;
use tracing::dispatcher::DefaultGuard;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use crate::runner_sim::{Asked, Like, Mood, World};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Keeps the log lines of this thread that a node says without being asked for more.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

/// Two listeners that stay: with only one in the process, `tracing` asks the thread that first passes a log
/// line whether anybody listens, and that may be the thread of another test.
static OTHERS: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [Dispatch::new(Log::default()), Dispatch::new(Log::default())]);

fn listen() -> (Log, DefaultGuard) {
    LazyLock::force(&OTHERS);
    let log = Log::default();
    (log.clone(), tracing::subscriber::set_default(log))
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lineshaft_drivers") && *metadata.level() <= Level::INFO
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn one_dead_unit_of_thirty_costs_the_others_next_to_nothing() {
    let mut world = World::new("dead-unit");
    world.drain();
    world.gateway(0).set(7, |unit| unit.mood = Mood::Silent);
    world.apply((1..=30).map(|unit| (unit, Like::default())));
    world.run_secs(600).await;
    for unit in (1..=30).filter(|unit| *unit != 7) {
        let tag = format!("plant/d{unit:02}/p0");
        let good = world.good(&tag);
        assert_eq!(world.samples(&tag).len(), good, "{}", world.story(&tag));
        assert!(good >= 590, "{tag}: {good} of 600");
        assert_eq!(world.status(unit).state, DeviceState::Online);
    }
    assert_eq!(world.story("plant/d07/p0"), "1 bad(comm)", "bad at the first failure, said once");
    let (at, _) = world.samples("plant/d07/p0")[0];
    assert!(at - world.gateway(0).calls()[0].at < ms(700));
    assert_eq!(world.diagnostic(7, "demoted"), "true");
    assert_eq!(world.diagnostic(8, "demoted"), "false");
    let probes = world.gateway(0).reads_of(7).len();
    assert!((10..=25).contains(&probes), "{probes} probes in ten minutes");

    world.gateway(0).set(7, |unit| unit.mood = Mood::Answers);
    world.forget();
    world.run_secs(120).await;
    assert!(world.good("plant/d07/p0") >= 60, "back within a minute");
    assert_eq!((world.status(7).state, world.status(7).next_attempt), (DeviceState::Online, None));
    assert_eq!(world.diagnostic(7, "demoted"), "false");
}

#[tokio::test(start_paused = true)]
async fn thirty_dead_units_of_a_hundred_cost_the_living_a_tenth_of_the_time() {
    let mut world = World::new("dead-units");
    world.drain();
    for unit in 1..=30 {
        world.gateway(0).set(unit, |unit| unit.mood = Mood::Silent);
    }
    // One failure costs the living a whole cycle.
    let like = Like { points: 1, timeout: ms(1_500), ..Like::default() };
    world.apply((1..=99).map(|unit| (unit, like.clone())));
    world.run_secs(300).await; // everybody gets three tries once
    world.forget();
    world.gateway(0).state.lock().calls.clear();
    world.run_secs(600).await;
    for unit in 31..=99 {
        let good = world.good(&format!("plant/d{unit:02}/p0"));
        assert!(good >= 540, "d{unit}: {good} of 600");
    }
    let tries: Vec<usize> = (1..=30).map(|unit| world.gateway(0).reads_of(unit).len()).collect();
    assert!(tries.iter().all(|tries| *tries >= 1), "none of the dead is forgotten: {tries:?}");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_answers_with_a_failure_is_degraded_and_said_once() {
    let (log, _guard) = listen();
    let mut world = World::new("failing");
    world.drain();
    world.gateway(0).set(1, |unit| unit.mood = Mood::Fails);
    world.apply([(1, Like::default()), (2, Like::default())]);
    world.run_secs(10).await;
    let status = world.status(1);
    assert_eq!(status.state, DeviceState::Degraded);
    assert_eq!(status.last_error.map(|error| error.code), Some("LS-DRV-010"));
    assert!(status.counters.errors >= 9, "{} errors", status.counters.errors);
    assert_eq!(world.status(2).state, DeviceState::Online);
    assert_eq!(log.0.lock().len(), 1, "{:?}", log.0.lock());

    world.gateway(0).set(1, |unit| unit.mood = Mood::Answers);
    world.run_secs(2).await;
    assert_eq!(world.status(1).state, DeviceState::Online);
}

/// Proves: CR 7.1 RE1.
#[tokio::test(start_paused = true)]
async fn a_lost_link_is_bad_at_once_reopened_with_backoff_and_said_twice() {
    let (log, _guard) = listen();
    let mut world = World::new("lost-link");
    world.drain();
    world.apply([
        (1, Like { points: 2, ..Like::default() }),
        (2, Like { points: 2, ..Like::default() }),
    ]);
    world.run_secs(10).await;
    assert_eq!(log.0.lock().len(), 0, "a healthy plant logs nothing");
    world.gateway(0).state.lock().closed = Some(Mood::Breaks);
    for unit in [1, 2] {
        world.gateway(0).set(unit, |unit| unit.mood = Mood::Breaks);
    }
    world.forget();
    world.run_secs(1).await;
    for tag in ["plant/d01/p0", "plant/d01/p1", "plant/d02/p0", "plant/d02/p1"] {
        assert_eq!(world.story(tag).split(", ").last(), Some("1 bad(comm)"), "{tag}");
    }
    assert_eq!(world.status(2).state, DeviceState::Offline);
    assert!(world.status(2).next_attempt > Some(world.clock.now()));
    assert_eq!(world.status(2).last_error.unwrap().code, "LS-DRV-003");
    world.run_secs(600).await;
    let connects = world.gateway(0).state.lock().connects.clone();
    let gaps: Vec<Duration> = connects[1..].windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= ms(500) && gaps[0] <= Duration::from_secs(2), "{gaps:?}");
    let long = |gap: &Duration| *gap >= Duration::from_secs(30) && *gap <= Duration::from_secs(60);
    assert!(gaps[6..].iter().all(long), "{gaps:?}");
    assert_eq!(log.0.lock().len(), 2, "{:?}", log.0.lock());

    world.gateway(0).state.lock().closed = None;
    for unit in [1, 2] {
        world.gateway(0).set(unit, |unit| unit.mood = Mood::Answers);
    }
    world.forget();
    world.run_secs(70).await;
    assert!(world.good("plant/d02/p1") >= 9);
    assert_eq!(world.status(1).counters.reconnects, 1);
    assert_eq!(world.status(2).counters.skipped_cycles, 0, "it was away, not late");
    let lines = log.0.lock().clone();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].starts_with("WARN message=device lost") && lines[0].contains("LS-DRV-003"));
    assert!(lines[0].contains("connection reset"), "with its cause: {}", lines[0]);
    assert!(lines[2].starts_with("INFO message=device back") && lines[2].contains("elapsed_ms=6"));
}

#[tokio::test(start_paused = true)]
async fn a_device_alone_on_its_link_that_falls_silent_is_tried_again_with_backoff() {
    let mut world = World::new("alone");
    world.drain();
    world.apply([(1, Like { period: ms(100), ..Like::default() })]);
    world.run_secs(5).await;
    world.gateway(0).set(1, |unit| unit.mood = Mood::Silent);
    world.gateway(0).state.lock().calls.clear();
    world.run_secs(600).await;
    let tries = world.gateway(0).reads_of(1).len();
    assert!((12..=25).contains(&tries), "{tries} tries in ten minutes");
    assert_eq!(world.story("plant/d01/p0").split(", ").last(), Some("1 bad(comm)"));
    let skipped = world.status(1).counters.skipped_cycles;
    assert_eq!(skipped, 0, "a device that is away is lost, its cycles are not late");
}

#[tokio::test(start_paused = true)]
async fn after_a_timeout_nothing_more_is_read_from_that_session() {
    let mut world = World::new("late-reply");
    world.drain();
    world.apply([(1, Like::default()), (2, Like::default())]);
    world.run_secs(3).await;
    for mood in [Mood::Silent, Mood::Hangs, Mood::Garbles, Mood::Breaks, Mood::Panics] {
        world.gateway(0).set(1, |unit| unit.script.push_back(mood));
        world.gateway(0).state.lock().calls.clear();
        world.run_secs(5).await;
        let calls = world.gateway(0).calls();
        let failed = calls.iter().position(|call| call.unit == 1).unwrap();
        let session = calls[failed].session;
        assert!(calls[failed + 1..].iter().all(|call| call.session > session), "{mood:?}");
        assert!(calls.iter().filter(|call| call.unit == 1).count() >= 4, "{mood:?}: it is back");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_one_unit_leaves_the_samples_of_the_others_good() {
    let mut world = World::new("one-timeout");
    world.drain();
    world.apply((1..=3).map(|unit| (unit, Like::default())));
    world.run_secs(5).await;
    world.gateway(0).set(2, |unit| unit.script.push_back(Mood::Silent));
    world.run_secs(10).await;
    assert_eq!(world.story("plant/d01/p0").split(", ").count(), 1);
    assert_eq!(world.story("plant/d03/p0").split(", ").count(), 1);
    let story = world.story("plant/d02/p0");
    assert!(story.contains(" good, 1 bad(comm), ") && story.ends_with(" good"), "{story}");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_reports_a_silent_unit_keeps_its_session() {
    let mut world = World::new("gateway");
    world.drain();
    world.gateway(0).set(2, |unit| unit.mood = Mood::GatewaySaysNo);
    world.apply((1..=3).map(|unit| (unit, Like::default())));
    world.run_secs(120).await;
    assert_eq!(world.gateway(0).state.lock().connects.len(), 1);
    assert_eq!(world.story("plant/d02/p0"), "1 bad(comm)");
    assert_eq!(world.status(2).state, DeviceState::Offline);
    assert_eq!(world.diagnostic(2, "demoted"), "true");
    assert!(world.good("plant/d03/p0") >= 120);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_not_tried_again_until_a_person_changed_something() {
    let mut world = World::new("denied");
    world.drain();
    world.gateway(0).state.lock().closed = Some(Mood::Denies);
    world.apply([(1, Like::default())]);
    world.run_secs(3600).await;
    assert_eq!(world.gateway(0).state.lock().connects.len(), 1, "trying on would lock the account");
    let status = world.status(1);
    assert_eq!((status.state, status.next_attempt), (DeviceState::Offline, None));
    assert_eq!(status.last_error.unwrap().code, "LS-DRV-005");
    world.gateway(0).state.lock().closed = None;
    world.apply([(1, Like { revision: 2, ..Like::default() })]);
    world.run_secs(1).await;
    assert_eq!(world.status(1).state, DeviceState::Online);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_driver_costs_its_device_a_request_and_the_others_nothing() {
    let (log, _guard) = listen();
    let mut world = World::new("panic");
    world.drain();
    world.apply((1..=3).map(|unit| (unit, Like::default())));
    world.run_secs(5).await;
    world.gateway(0).set(2, |unit| unit.script.push_back(Mood::Panics));
    world.run_secs(10).await;
    let story = world.story("plant/d02/p0");
    assert!(story.contains(" good, 1 bad(comm), ") && story.ends_with(" good"), "{story}");
    assert_eq!(world.story("plant/d03/p0").split(", ").count(), 1);
    let error = world.status(2).last_error.unwrap();
    assert_eq!(error.code, "LS-DRV-008");
    assert!(error.text.contains("index out of bounds in the simulated driver"), "{}", error.text);
    let lines = log.0.lock().clone();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("ERROR message=device lost"));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_cannot_be_opened_does_not_hold_up_a_correction() {
    let mut world = World::new("correction");
    world.drain();
    world.gateway(0).state.lock().closed = Some(Mood::Hangs);
    world.apply([(1, Like::default())]);
    world.run_for(ms(100)).await;
    world.apply([(1, Like { gateway: 1, ..Like::default() })]);
    world.run_for(ms(100)).await;
    assert_eq!(world.status(1).state, DeviceState::Online);
    assert_eq!(world.tree.running(), 2, "the first link has ended");
}

#[tokio::test(start_paused = true)]
async fn isolated_addresses_keep_their_reason_when_the_link_is_lost() {
    let mut world = World::new("isolated-lost");
    world.drain();
    world.gateway(0).set(1, |unit| unit.illegal = [4].into());
    world.apply([(1, Like::default())]);
    world.run_secs(5).await;
    world.gateway(0).set(1, |unit| unit.script.push_back(Mood::Breaks));
    world.run_secs(5).await;
    let last = |tag: &str| world.samples(tag).last().unwrap().1.quality;
    assert_eq!(last("plant/d01/p4"), Quality::bad(Reason::NotConfigured));
    assert_eq!(last("plant/d01/p5"), Quality::GOOD);
    assert_eq!(world.status(1).state, DeviceState::Degraded);
    assert_eq!(world.status(1).tags_bad, 1);
    let alone = world.gateway(0).calls().into_iter();
    assert!(alone.filter(|call| call.asked == Asked::Read(vec![4])).count() <= 2);
    assert_eq!(world.runner.list().len(), 1);
}

/// A device whose own description fails once: a stand-in for a mistake in the runner itself.
struct Faulty {
    device: Arc<dyn Device>,
    armed: Arc<AtomicBool>,
}

struct FaultySession(Box<dyn Session>);

fn inside(device: &dyn Device) -> &dyn Device {
    let any: &dyn Any = device;
    any.downcast_ref::<Faulty>().map_or(device, |faulty| &*faulty.device)
}

impl Device for Faulty {
    fn spec(&self) -> &DeviceSpec {
        assert!(!self.armed.swap(false, Ordering::Relaxed), "a mistake of ours");
        self.device.spec()
    }
    fn plan(&self, points: &[u32]) -> Vec<Request> {
        self.device.plan(points)
    }
    fn connect<'a>(&'a self, net: &'a Net) -> Connecting<'a> {
        Box::pin(async {
            let session = self.device.connect(net).await?;
            Ok(Box::new(FaultySession(session)) as Box<dyn Session>)
        })
    }
}

impl Session for FaultySession {
    fn read<'a>(
        &'a mut self,
        device: &'a dyn Device,
        request: &'a Request,
        limit: Duration,
        out: &'a mut Readings,
    ) -> Answering<'a> {
        self.0.read(inside(device), request, limit, out)
    }
    fn write<'a>(
        &'a mut self,
        device: &'a dyn Device,
        point: u32,
        value: &'a Value,
        limit: Duration,
    ) -> Writing<'a> {
        self.0.write(inside(device), point, value, limit)
    }
}

#[tokio::test(start_paused = true)]
async fn a_mistake_of_the_runner_costs_its_link_a_pause_with_bad_samples() {
    let (log, _guard) = listen();
    let mut world = World::new("own-mistake");
    world.drain();
    let armed = Arc::new(AtomicBool::new(false));
    let plans = [(1, 0), (2, 1)].map(|(unit, gateway)| {
        let mut plan = world.device(unit, &Like { gateway, ..Like::default() });
        if unit == 1 {
            plan.device = Arc::new(Faulty { device: plan.device, armed: armed.clone() });
        }
        plan
    });
    world.runner.apply(plans.into());
    world.run_secs(5).await;
    armed.store(true, Ordering::Relaxed);
    world.run_secs(10).await;
    let story = world.story("plant/d01/p0");
    assert!(story.contains(" good, 1 bad(comm), ") && story.ends_with(" good"), "{story}");
    assert_eq!(world.story("plant/d02/p0").split(", ").count(), 1);
    assert_eq!(world.status(1).state, DeviceState::Online);
    let lines = log.0.lock().clone();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("ERROR") && lines[0].contains("a mistake of ours"),
        "{}",
        lines[0]
    );
}
