//! `kill -9` at random moments under full load: what was acknowledged is in history, once, in order.
//!
//! The devices are counters: each poll reads one more than the poll before. So a life of the node reads
//! `before + 1, before + 2, …`, the shaft keeps them in that order, and what survives of a life is the beginning
//! of that row, up to at least what was known to be on disk. Nothing else can be right.
//!
//! What is on disk is learnt as anybody outside could: a value is seen, then the shaft's next offset is
//! asked for, and when the shaft has committed up to there, the value is on disk.
//!
//! Replay the random choices of a failure: `SEED=4711 cargo test -p lineshaft --test it crash -- --nocapture`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lineshaft_runtime::{Clock, Seed};
use serde_json::Value;

use crate::field::{Counters, Device, Field};
use crate::harness::{Client, Node, Plant, Process, SOON, Writes, eventually};
use crate::identity::written_in_trail;

const KILLS: usize = 50;
const DEVICES: usize = 4;
const COUNTERS: usize = 10;
/// As fast as it goes, and no timeout that a busy machine reaches.
const KEYS: &str = "period = \"10ms\"\ntimeout = \"20s\"";
const SETPOINT: &str = "acme/test/d0/setpoint";

/// The smallest segments, the smallest memory, the shortest age: seals happen all the time and are killed too.
const SECTIONS: &str = "[node]\nname = \"crash\"\npath = \"acme/test\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
    [security]\nanonymous = \"admin\"\n\
    [shaft]\nsegment = \"1MiB\"\ncommit_interval = \"INTERVAL\"\n\
    [historian]\nhot_memory = \"1MiB\"\nseal_after = \"1s\"\n";

/// One life of the node, told by all counters of the plant in one row.
struct Life {
    before: Vec<u32>,
    /// Where the devices stood when the node was dead.
    after: Vec<u32>,
    /// Known to be on disk.
    durable: Vec<u32>,
    /// How much of it history has, once that is settled: it must never be more or less again.
    kept: Option<Vec<u32>>,
}

struct Rig {
    plant: Plant,
    field: Field,
    counters: Vec<Arc<Counters>>,
    devices: Vec<Device>,
    tags: Vec<String>,
    lives: Vec<Life>,
    writes: Writes,
    /// In how many lives the one before had left half a seal.
    seals_killed: usize,
    seed: Seed,
}

impl Rig {
    fn new(seed: u64) -> Rig {
        let plant = Plant::new("");
        let field = Field::new();
        // The first two devices are units behind one link.
        let counters = vec![
            Counters::new(2, COUNTERS),
            Counters::new(1, COUNTERS),
            Counters::new(1, COUNTERS),
        ];
        let devices: Vec<Device> =
            counters.iter().map(|counters| field.device(counters.clone())).collect();
        let mut tags = Vec::new();
        for (n, (link, unit)) in [(0, 1), (0, 2), (1, 1), (2, 1)].into_iter().enumerate() {
            plant.device(&format!("d{n}"), devices[link].address, unit, KEYS, &table(n));
            tags.extend((0..COUNTERS).map(|c| format!("acme/test/d{n}/c{c}")));
        }
        assert_eq!(tags.len(), DEVICES * COUNTERS);
        let (lives, writes, seed) = (Vec::new(), Writes::to(SETPOINT), Seed::new(seed));
        Rig { plant, field, counters, devices, tags, lives, writes, seals_killed: 0, seed }
    }

    fn counts(&self) -> Vec<u32> {
        let [gateway, second, third] = [&self.counters[0], &self.counters[1], &self.counters[2]];
        [gateway.counts(1), gateway.counts(2), second.counts(1), third.counts(1)].concat()
    }

    fn start(&mut self) -> Process {
        // From "at once" to what flash storage wants: what waits for its sync is lost, and was never acknowledged.
        let intervals = ["0ms", "5ms", "5ms", "100ms"];
        let interval = intervals[usize::try_from(self.seed.below(4)).unwrap()];
        self.plant.put("lineshaft.toml", &SECTIONS.replace("INTERVAL", interval));
        let before = self.counts();
        let durable = before.clone();
        self.lives.push(Life { before, after: Vec::new(), durable, kept: None });
        Process::start(self.plant.arguments())
    }

    /// The node is dead: no device answers a request of its any more, and all are switched on again.
    fn bury(&mut self) {
        for device in &mut self.devices {
            self.field.switch_off(device);
        }
        let after = self.counts();
        if let Some(life) = self.lives.last_mut() {
            life.after = after;
        }
        for device in &mut self.devices {
            self.field.switch_on(device);
        }
    }

    /// A life that ends while it begins.
    fn live_briefly(&mut self, longest_ms: u64) {
        let process = self.start();
        wait(Duration::from_millis(self.seed.below(longest_ms)));
        process.kill();
        self.bury();
    }

    /// A life under full load: polled, written to, looked at; killed some time after `least_ms`.
    fn live(&mut self, least_ms: u64, spread_ms: u64) {
        let clock = Clock::real();
        let node = self.start().listening();
        self.check(&node);
        let moment = Duration::from_millis(least_ms + self.seed.below(spread_ms));
        let killed = AtomicBool::new(false);
        let (tags, writes) = (&self.tags, &mut self.writes);
        let durable = std::thread::scope(|threads| {
            threads.spawn(|| {
                wait(moment.saturating_sub(clock.steady()));
                killed.store(true, Ordering::SeqCst);
                node.process.kill();
            });
            threads.spawn(|| {
                let mut client = Client::new(node.address);
                while alive(writes.send(&mut client), &node, &killed).is_some() {}
            });
            let mut durable = None;
            while let Some(seen) = alive(acknowledged(&node, tags), &node, &killed) {
                durable = Some(seen);
            }
            durable
        });
        if let (Some(durable), Some(life)) = (durable, self.lives.last_mut()) {
            life.durable = durable;
        }
        self.seals_killed += usize::from(node.process.log().contains("an unfinished seal"));
        drop(node);
        self.bury();
    }

    /// All of history against all lives.
    fn check(&mut self, node: &Node) {
        let status = node.status();
        let started = status["started_ms"].as_i64().unwrap();
        // The historian reads the shaft in order: when it has something of this life it has all of those before.
        eventually(SOON, "history of this life", || {
            let fresh = node.history(&self.tags, started);
            fresh.iter().all(|values| !values.is_empty()).then_some(())
        });
        let history = node.history(&self.tags, 0);
        let now = self.counts();
        let alive = self.lives.len() - 1;
        self.lives[alive].after.clone_from(&now);
        for (tag, values) in history.iter().enumerate() {
            let mut values = values.iter().copied().peekable();
            for (number, life) in self.lives.iter_mut().enumerate() {
                let mut kept = life.before[tag];
                let (durable, after) = (life.durable[tag], life.after[tag]);
                while kept < after && values.next_if_eq(&Some(u64::from(kept) + 1)).is_some() {
                    kept += 1;
                }
                let path = &self.tags[tag];
                assert!(
                    kept >= durable,
                    "life {number}, {path}: history goes to {kept}, on disk was {durable}, read was {after}; \
                     next in history is {:?}, the node says\n{}",
                    values.peek(),
                    node.process.log(),
                );
                if number < alive {
                    let settled = life.kept.get_or_insert_with(|| vec![u32::MAX; self.tags.len()]);
                    let before = std::mem::replace(&mut settled[tag], kept);
                    assert!(
                        before == u32::MAX || before == kept,
                        "life {number}, {path}: {before} became {kept}"
                    );
                }
            }
            assert_eq!(values.next(), None, "{}: nothing read this", self.tags[tag]);
        }
        self.check_writes(node);
    }

    /// What was answered is what happened.
    fn check_writes(&self, node: &Node) {
        let written = self.counters[0].written();
        self.writes.check(&written);
        let shown = node.history(&[SETPOINT.to_owned()], 0).remove(0);
        assert!(shown.is_sorted(), "the set-point was only ever raised");
        for value in shown {
            let value = value.and_then(|value| u32::try_from(value).ok());
            let was_written = value.is_some_and(|v| v == 0 || written.binary_search(&v).is_ok());
            assert!(was_written, "{value:?} was never written");
        }
    }
}

/// The counters that are known to be on disk.
fn acknowledged(node: &Node, tags: &[String]) -> io::Result<Vec<u32>> {
    let query: Vec<String> = tags.iter().map(|tag| format!("tag={tag}")).collect();
    let values = node.get(&format!("/api/v1/values?{}", query.join("&")))?.json();
    let shaft = |name: &str| -> io::Result<u64> {
        let status = node.get("/api/v1/status")?.json();
        Ok(status["shaft"][name].as_u64().unwrap())
    };
    let next = shaft("next_offset")?;
    while shaft("committed_offset")? < next {}
    let number = |value: &Value| u32::try_from(value["value"].as_u64().unwrap()).unwrap();
    Ok(values.as_array().unwrap().iter().map(number).collect())
}

/// What a living node answered; `None` when it could not any more because it was killed.
fn alive<T>(answer: io::Result<T>, node: &Node, killed: &AtomicBool) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(_) if killed.load(Ordering::SeqCst) => None,
        Err(error) => panic!("{error}, and nobody killed it:\n{}", node.process.log()),
    }
}

fn wait(long: Duration) {
    let clock = Clock::real();
    while let Some(left) = long.checked_sub(clock.steady()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

/// Half of the counters at 10 ms and half at 20 ms; the first device can be written.
fn table(device: usize) -> String {
    let mut table = String::from("tag,address,type,period,access\n");
    if device == 0 {
        table += "setpoint,hr:0,u32,,read-write\n";
    }
    for n in 0..COUNTERS {
        let period = if n < COUNTERS / 2 { "" } else { "20ms" };
        table += &format!("c{n},ir:{},u32,{period},read\n", 2 * n);
    }
    table
}

/// Of `SEED`, or a new one, which is printed.
fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| Clock::real().now().nanos().unsigned_abs());
    println!("SEED={seed}");
    seed
}

/// Proves: CR 7.4.
#[test]
fn what_was_acknowledged_survives_fifty_kills_under_full_load() {
    let clock = Clock::real();
    let mut rig = Rig::new(seed());
    for kill in 0..KILLS {
        match rig.seed.below(10) {
            0..2 => rig.live_briefly(300),
            2..6 => rig.live(200, 1_000),
            6..9 => rig.live(1_000, 200), // seals by age, about now
            _ => rig.live(1_000, 2_000),
        }
        println!("kill {kill} at {:.1} s", clock.steady().as_secs_f64());
    }
    let node = rig.start().listening();
    rig.check(&node);
    let status = node.status();
    let sealed = status["historian"]["samples_sealed"].as_u64().unwrap();
    let polled: u32 = rig.counts().iter().sum();
    let (mut kept, mut durable) = (0, 0);
    for life in &rig.lives {
        let begun = life.before.iter().sum::<u32>();
        kept += life.kept.iter().flatten().sum::<u32>().saturating_sub(begun);
        durable += life.durable.iter().sum::<u32>() - begun;
    }
    println!("{polled} values polled, {durable} acknowledged, {kept} kept");
    println!("{} writes done, {} seals killed", rig.writes.done.len(), rig.seals_killed);
    println!("{status}");
    assert!(sealed > 0, "the border of sealed and hot was never tested: {status}");
    assert!(rig.writes.done.len() > KILLS);
    node.stop();
    let verified = rig.plant.verify();
    assert!(verified.status.success(), "{verified:?}");
    let trail = written_in_trail(&rig.plant);
    for done in &rig.writes.done {
        let is_kept = trail.binary_search(&u64::from(*done)).is_ok();
        assert!(is_kept, "the write of {done} was answered and is not in the trail");
    }
}

#[test]
fn a_stop_under_full_load_loses_nothing() {
    let mut rig = Rig::new(1);
    let node = rig.start().listening();
    rig.check(&node);
    for _ in 0..20 {
        acknowledged(&node, &rig.tags).unwrap();
    }
    assert!(
        rig.plant.verify().status.success(),
        "checking a running node harms nothing and is no false alarm"
    );
    node.stop();
    rig.bury();
    let node = rig.start().listening();
    rig.check(&node);
    let life = &rig.lives[0];
    assert_eq!(life.kept.as_ref(), Some(&life.after), "all that was read is in history");
}

/// Proves: CR 7.4.
#[test]
fn a_kill_in_the_first_moments_leaves_a_folder_that_opens() {
    let mut seed = Seed::new(seed());
    for _ in 0..15 {
        let plant = Plant::new("");
        let process = Process::start(plant.arguments());
        wait(Duration::from_millis(seed.below(60)));
        process.kill();
        plant.run().stop();
        let verified = plant.verify();
        assert!(verified.status.success(), "{verified:?}");
    }
}
