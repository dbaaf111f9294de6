//! Seeded simulation of everything at once.
//!
//! Invariants, checked after every crash and at the end:
//!
//! - AU-1: an entry for which `record` returned is there after any crash, to the byte, in order.
//! - AU-2: numbers have no hole; after opening everything is sound and there is no tail.
//! - AU-3: a trail whose sync or write failed takes nothing until it is opened again.
//! - AU-4: every checkpoint that was ever shown holds for ever.
//! - AU-5: what a crash leaves never looks like tampering.
//! - AU-6: an act that was refused for want of room is not there.
//!
//! Replay one failure: `SEED=4711 cargo test -p lineshaft-audit --test it sim`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use lineshaft_runtime::Seed;
use lineshaft_runtime::disk::sim::seeds;

use super::*;

struct Plant {
    seed: Seed,
    disk: SimDisk,
    options: Options,
    trail: Option<Trail>,
    /// The lines that were answered for.
    durable: BTreeMap<u64, Arc<str>>,
    /// The objects of acts that were refused.
    refused: BTreeSet<String>,
    checkpoints: Vec<Checkpoint>,
    serial: u64,
}

impl Plant {
    fn new(seed: u64) -> Plant {
        let mut random = Seed::new(seed);
        let mut faults = Faults::none();
        if random.chance(0.5) {
            (faults.sync_fails, faults.write_fails) = (0.02, 0.01);
        }
        if random.chance(0.3) {
            faults.reserved_bytes = 1 << 20;
        }
        let reserve_bytes = if random.chance(0.3) { 5000 } else { 0 };
        Plant {
            disk: SimDisk::new(seed, faults),
            options: Options { reserve_bytes, ..options() },
            trail: None,
            durable: BTreeMap::new(),
            refused: BTreeSet::new(),
            checkpoints: Vec::new(),
            serial: 0,
            seed: random,
        }
    }

    /// Opens the trail, trying again when the disk fails.
    fn trail(&mut self) -> Trail {
        loop {
            if let Some(trail) = &self.trail {
                return trail.clone();
            }
            if !segments(&self.disk).is_empty() {
                let report = verify(&self.disk, &self.checkpoints);
                assert!(report.is_sound(), "AU-4, AU-5: {}", said(&report));
            }
            match try_open(&self.disk, self.options.clone()) {
                Ok(trail) => {
                    self.trail = Some(trail);
                    self.check();
                    let report = verify(&self.disk, &self.checkpoints);
                    let full = self.trail.as_ref().unwrap().status().state != TrailState::Writing;
                    let left = report.tail_bytes + report.stale_hashes;
                    assert!(report.is_sound(), "AU-2: {}", said(&report));
                    assert!(left == 0 || full, "AU-2: a tail was left: {}", said(&report));
                }
                // Until there is room for the key and the first bytes, or the disk lets itself be read and written.
                Err(OpenError::Io { .. }) => {
                    self.disk.set_capacity(1 << 40);
                    self.crash();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn crash(&mut self) {
        self.disk = if self.seed.chance(0.7) { self.disk.crash() } else { self.disk.kill() };
        self.trail = None;
    }

    fn record(&mut self) {
        let trail = self.trail();
        let count = 1 + self.seed.below(6);
        let acts: Vec<_> = (0..count)
            .map(|_| {
                self.serial += 1;
                let long = if self.seed.chance(0.1) { self.seed.below(3000) } else { 20 };
                act(self.serial).detail("d".repeat(usize::try_from(long).unwrap()))
            })
            .collect();
        let was = trail.status();
        let answers = record(&trail, acts.clone());
        let mut stopped = false;
        for (act, answer) in acts.iter().zip(answers) {
            match answer {
                Ok(recorded) => {
                    assert_ne!(was.state, TrailState::Stopped, "AU-3");
                    let entry = trail.entry(recorded.seq()).unwrap().unwrap();
                    assert_eq!(entry.act, *act);
                    assert!(self.durable.insert(recorded.seq(), entry.line).is_none(), "AU-2");
                }
                Err(TrailError::Full { .. }) => drop(self.refused.insert(act.object.clone())),
                Err(TrailError::Stopped { .. }) => stopped = true,
                Err(error) => panic!("{error}"),
            }
        }
        if self.seed.chance(0.3) {
            self.checkpoints.push(trail.checkpoint());
            if self.checkpoints.len() > 8 {
                let old = usize::try_from(self.seed.below(8)).unwrap();
                self.checkpoints.remove(old);
            }
        }
        if stopped {
            assert_eq!(trail.status().state, TrailState::Stopped);
            assert!(matches!(trail.record_blocking(act(0)), Err(TrailError::Stopped { .. })));
            self.check();
            self.crash();
        }
    }

    /// Reads everything, both ways, and compares.
    fn check(&mut self) {
        let trail = self.trail();
        let entries = all(&trail);
        let size = trail.status().entries;
        assert!(entries.iter().map(|entry| entry.seq).eq(0..size), "AU-2: a hole below {size}");
        for (seq, line) in &self.durable {
            let entry = entries.get(usize::try_from(*seq).unwrap());
            assert_eq!(entry.map(|entry| &entry.line), Some(line), "AU-1: entry {seq}");
        }
        for entry in &entries {
            assert!(!self.refused.contains(&entry.act.object), "AU-6: {}", entry.line);
        }
        let mut newest = Query { newest_first: true, limit: 7, ..Query::default() };
        let page = trail.read(&newest).unwrap();
        assert!(page.entries.iter().eq(entries.iter().rev().take(7)), "newest first");
        newest.after = page.next;
        if page.next.is_some() {
            let page = trail.read(&newest).unwrap();
            assert!(page.entries.iter().eq(entries.iter().rev().skip(7).take(7)), "and on");
        }
    }
}

#[test]
fn the_trail_keeps_its_promises_whatever_happens() {
    for seed in seeds(200) {
        println!("SEED={seed}");
        let mut plant = Plant::new(seed);
        for _ in 0..80 {
            match plant.seed.below(100) {
                0..75 => plant.record(),
                75..86 => plant.crash(),
                86..90 => plant.check(),
                90..95 => {
                    let used: u64 = plant.disk.files().iter().map(|(_, len)| len).sum();
                    plant.disk.set_capacity(used + plant.seed.below(6000));
                }
                _ => plant.disk.set_capacity(1 << 40),
            }
        }
        plant.disk.set_capacity(1 << 40);
        plant.disk.set_faults(Faults::none());
        plant.crash();
        plant.trail();
        plant.record();
        plant.crash();
        plant.check();
    }
}
