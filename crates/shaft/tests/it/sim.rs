//! Seeded simulation of everything at once.
//!
//! Invariants, checked after every crash and at the end:
//!
//! - SH-1: a record that was told durable is read after any crash, unless a counted gap covers it.
//! - SH-2: records are read in order, nothing twice within one pass.
//! - SH-3: what is read was appended, to the byte.
//! - SH-4: a number that was told durable never means another record.
//! - SH-5: a shaft whose sync or write failed takes nothing until it is opened again.
//! - SH-7: what a shaft counts as committed when it is opened is durable from then on, also after a kill.
//! - SH-8: after opening there is no torn tail, and damage is seen only where bits were flipped.
//! - SH-6: records lost to a reader by quota are those it is told of as gaps.
//!
//! Replay one failure: `SEED=4711 cargo test -p lineshaft-shaft --test it sim`.

use std::collections::BTreeMap;

use lineshaft_runtime::Seed;
use lineshaft_runtime::disk::sim::seeds;
use lineshaft_shaft::{Preamble, verify};

use super::*;

/// A preamble of a few sectors, so that it can tear apart from the group behind it.
struct Head;
impl Preamble for Head {
    fn write(&self, out: &mut Vec<u8>) {
        out.resize(out.len() + 1500, 7);
    }
}

struct Plant {
    seed: Seed,
    disk: SimDisk,
    options: Options,
    shaft: Option<Shaft>,
    /// Told durable: number and payload.
    durable: BTreeMap<Offset, Vec<u8>>,
    /// Appended in this life, not yet told.
    waiting: BTreeMap<Offset, Vec<u8>>,
    /// Appended ever, by number: several when a crash took a number that was never told.
    appended: BTreeMap<Offset, Vec<Vec<u8>>>,
    /// Bits were flipped at rest: damage is expected, and must be reported.
    damaged: bool,
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
        let quota = if random.chance(0.3) { 40_000 } else { 1 << 30 };
        Plant {
            disk: SimDisk::new(seed, faults),
            options: Options { quota_bytes: quota, ..options() },
            shaft: None,
            durable: BTreeMap::new(),
            waiting: BTreeMap::new(),
            appended: BTreeMap::new(),
            damaged: false,
            serial: 0,
            seed: random,
        }
    }

    /// Opens the shaft, trying again when the disk fails.
    fn shaft(&mut self) -> Shaft {
        loop {
            if let Some(shaft) = &self.shaft {
                return shaft.clone();
            }
            let (disk, options) = (std::sync::Arc::new(self.disk.clone()), self.options.clone());
            let head = std::sync::Arc::new(Head);
            match Shaft::open_stepped(disk, clock(), Path::new(DIR), options, head) {
                Ok(shaft) => {
                    self.check_opened(&shaft);
                    self.shaft = Some(shaft);
                }
                Err(ShaftError::Io { .. }) => self.crash(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn check_opened(&mut self, shaft: &Shaft) {
        let next = shaft.status().committed_offset;
        self.waiting.split_off(&next);
        self.durable.append(&mut self.waiting);
        let report = verify(&self.disk, Path::new(DIR)).unwrap();
        let tail: u64 = report.segments.iter().map(|segment| segment.tail_bytes).sum();
        assert_eq!(tail, 0, "SH-8: a torn tail was left");
        assert!(self.damaged || report.is_sound(), "SH-8: {report:?}");
    }

    /// The process is gone; the machine goes on.
    fn kill(&mut self) {
        self.disk = self.disk.kill();
        self.shaft = None;
    }

    fn crash(&mut self) {
        self.disk = self.disk.crash();
        self.shaft = None;
        self.waiting.clear();
    }

    fn append(&mut self) {
        let shaft = self.shaft();
        let len = self.seed.below(if self.seed.clone().chance(0.1) { 3000 } else { 120 });
        self.serial += 1;
        let mut payload = self.serial.to_le_bytes().to_vec();
        payload.resize(8 + usize::try_from(len).unwrap(), self.serial.to_le_bytes()[0]);
        match shaft.append(BATCH, &payload) {
            Ok(offset) => {
                assert!(!self.durable.contains_key(&offset), "SH-4: {offset} given twice");
                self.waiting.insert(offset, payload.clone());
                self.appended.entry(offset).or_default().push(payload);
            }
            Err(ShaftError::Poisoned { .. }) => {
                assert!(shaft.status().poisoned.is_some());
                if self.seed.chance(0.5) { self.crash() } else { self.kill() }
            }
            Err(ShaftError::Full { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn commit(&mut self) {
        let shaft = self.shaft();
        let before = shaft.status();
        let committed = shaft.commit();
        if before.poisoned.is_some() {
            assert_eq!(committed.next, before.committed_offset, "SH-5: it took more");
        }
        let later = self.waiting.split_off(&committed.next);
        self.durable.append(&mut self.waiting);
        self.waiting = later;
    }

    fn flip(&mut self) {
        let files = self.disk.files();
        let segments: Vec<_> = files
            .into_iter()
            .filter(|(path, len)| path.extension().is_some_and(|e| e == "shaft") && *len > 0)
            .collect();
        if let Some((path, len)) =
            segments.get(usize::try_from(self.seed.below(segments.len() as u64)).unwrap())
        {
            self.disk.flip(path, self.seed.below(*len), 3);
            self.damaged = true;
        }
    }

    /// Reads everything with a reader of its own and compares.
    fn check(&mut self) {
        let shaft = self.shaft();
        let mut reader = match shaft.reader("check", From::Oldest) {
            Ok(reader) => reader,
            Err(ShaftError::Io { .. }) => return,
            Err(error) => panic!("{error}"),
        };
        let start = shaft.status().first_offset;
        reader.seek(0);
        let (mut records, mut at, mut corrupt) = (Vec::new(), 0, 0);
        let mut seen = BTreeMap::new();
        loop {
            match reader
                .next(usize::try_from(self.seed.below(5000)).unwrap(), &mut records)
                .unwrap()
            {
                ReadOutcome::End => break,
                ReadOutcome::Gap(Gap { from, to, reason }) => {
                    assert!(from == at && to > from, "SH-2: gap {from}..{to} at {at}");
                    match reason {
                        GapReason::Quota => assert!(from == 0 && to == start, "SH-6: {from}..{to}"),
                        GapReason::Corrupt => corrupt += to - from,
                    }
                    at = to;
                }
                ReadOutcome::Records => {
                    for record in records.iter().filter(|record| record.kind == BATCH) {
                        assert_eq!(record.offset, at, "SH-2");
                        let all = self.appended.get(&at);
                        let known =
                            all.is_some_and(|all| all.iter().any(|p| p[..] == record.payload[..]));
                        assert!(known, "SH-3: {at} was never appended");
                        seen.insert(at, record.payload.to_vec());
                        at += 1;
                    }
                }
            }
        }
        assert!(corrupt == 0 || self.damaged, "damage out of nowhere: {corrupt}");
        let mut missing = 0;
        for (offset, payload) in self.durable.range(start..) {
            match seen.get(offset) {
                Some(read) => assert_eq!(read, payload, "SH-4: {offset} means another record"),
                None => missing += 1,
            }
        }
        if !self.damaged {
            assert_eq!(missing, 0, "SH-1: records told durable are gone");
            assert!(at >= self.durable.keys().last().map_or(0, |last| last + 1), "SH-1: the end");
        }
        let forget = self.seed.chance(0.5);
        drop(reader);
        if forget {
            let _ = shaft.forget_reader("check");
        }
    }
}

#[test]
fn the_shaft_keeps_its_promises_whatever_happens() {
    for seed in seeds(200) {
        println!("SEED={seed}");
        let mut plant = Plant::new(seed);
        for _ in 0..300 {
            match plant.seed.below(100) {
                0..60 => plant.append(),
                60..88 => plant.commit(),
                88..92 => plant.crash(),
                92 => plant.kill(),
                93..97 => plant.check(),
                97 => {
                    let used: u64 = plant.disk.files().iter().map(|(_, len)| len).sum();
                    plant.disk.set_capacity(used + plant.seed.below(3000));
                }
                _ => plant.disk.set_capacity(1 << 40),
            }
        }
        plant.disk.set_capacity(1 << 40);
        plant.disk.set_faults(Faults::none());
        plant.commit();
        plant.crash();
        plant.check();
    }
}

/// SH-1 to SH-4 with flipped bits: what is gone is reported, and nothing else is. Only the newest group
/// may go unreported, as a torn tail: a record that was told durable is either read, or in a gap, or
/// counted as damaged or torn.
#[test]
fn flipped_bits_are_found_and_never_invent() {
    for seed in seeds(200) {
        println!("SEED={seed}");
        let mut plant = Plant::new(seed);
        plant.disk.set_faults(Faults::none());
        plant.options.quota_bytes = 1 << 30;
        for _ in 0..100 {
            plant.append();
            if plant.seed.chance(0.3) {
                plant.commit();
            }
        }
        plant.commit();
        plant.flip();
        if plant.seed.chance(0.5) {
            plant.crash();
        }
        let shaft = plant.shaft();
        plant.check();
        let status = shaft.status();
        let report = verify(&plant.disk, Path::new(DIR)).unwrap();
        let found = !report.is_sound() || report.segments.iter().any(|s| s.tail_bytes > 0);
        assert!(found || status.torn_bytes > 0, "the flip was not found: {report:?}");
    }
}
