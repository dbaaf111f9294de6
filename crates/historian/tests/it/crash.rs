//! Nothing is lost and nothing is there twice, wherever the power fails and whatever the disk does.
//!
//! - HI-1 after a restart and a replay from the offset covered, history equals the log.
//! - HI-2 that offset is never before one to which the shaft was told it may let go.
//! - HI-3 a failed seal changes no answer.
//!
//! Replay one failure: `SEED=4711 cargo test -p lineshaft-historian crash`.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use lineshaft_historian::verify;
use lineshaft_model::{Sample, TagId};
use lineshaft_runtime::disk::DirEntry;
use lineshaft_runtime::disk::sim::{Faults, SimDisk, seeds};
use lineshaft_runtime::{Disk, DiskFile, Seed};
use parking_lot::Mutex;

use crate::plant::{Plant, SIGNALS, assert_same, log, samples};

/// A simulated disk whose power fails after so many calls.
#[derive(Debug)]
struct Fuse {
    disk: SimDisk,
    left: AtomicI64,
    after: Mutex<Option<SimDisk>>,
}

impl Fuse {
    fn new(disk: SimDisk, calls: i64) -> Arc<Fuse> {
        Arc::new(Fuse { disk, left: AtomicI64::new(calls), after: Mutex::new(None) })
    }

    fn tick(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            *self.after.lock() = Some(self.disk.crash());
        }
    }
}

#[derive(Debug)]
struct FuseFile(Arc<dyn DiskFile>, Arc<Fuse>);

#[derive(Debug)]
struct FuseDisk(Arc<Fuse>);

impl Disk for FuseDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.0.tick();
        Ok(Arc::new(FuseFile(self.0.disk.create(path)?, self.0.clone())))
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(FuseFile(self.0.disk.open(path)?, self.0.clone())))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.tick();
        self.0.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.tick();
        self.0.disk.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.0.disk.list(dir)
    }
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.disk.create_dir(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.tick();
        self.0.disk.sync_dir(dir)
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.0.disk.free_bytes(dir)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.0.disk.lock(path)
    }
}

impl DiskFile for FuseFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.1.tick();
        self.0.write_at(bytes, offset)
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.1.tick();
        self.0.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        self.1.tick();
        self.0.sync()
    }
}

fn random_log(plant: &Plant, seed: &mut Seed) -> (Vec<TagId>, Vec<Vec<lineshaft_model::Row>>) {
    let tags: Vec<TagId> = (0..3).map(|n| plant.tag(&format!("t{n}"))).collect();
    let of: Vec<(TagId, Vec<Sample>)> = tags
        .iter()
        .map(|tag| {
            let signal = SIGNALS[seed.below(SIGNALS.len() as u64) as usize];
            (*tag, samples(signal, 50 + seed.below(600) as usize, seed))
        })
        .collect();
    let log = log(&of, seed);
    (tags, log)
}

fn check(plant: &Plant, tags: &[TagId], seed: u64) {
    for tag in tags {
        let rows = plant.log[..plant.taken].iter().flatten().filter(|row| row.tag == *tag);
        let mut model: Vec<Sample> = rows.map(|row| row.sample.clone()).collect();
        model.sort_by_key(|sample| sample.ts);
        assert_same(&plant.raw(*tag, 5_000), &model, &format!("HI-1 SEED={seed}"));
    }
}

#[test]
fn nothing_is_lost_or_doubled_wherever_the_power_fails() {
    for number in seeds(120) {
        let mut seed = Seed::new(number);
        let mut sim = SimDisk::new(number, Faults::none());
        let mut fuse = Fuse::new(sim.clone(), i64::MAX);
        let mut plant = Plant::new(Arc::new(FuseDisk(fuse.clone())), Path::new("/data"));
        let (tags, log) = random_log(&plant, &mut seed);
        let mut parked = 0;
        fuse.left.store(seed.below(40) as i64, Ordering::SeqCst);
        let mut crashes = 0;
        for record in log {
            plant.log.push(record);
            plant.take_in();
            if seed.chance(0.1)
                && let Ok(sealed) = plant.historian.seal()
            {
                parked = sealed.covered;
            }
            let after = fuse.after.lock().take();
            if let Some(after) = after {
                crashes += 1;
                sim = after;
                fuse = Fuse::new(sim.clone(), seed.below(60) as i64);
                // The power may fail while it starts, too.
                while {
                    plant.disk = Arc::new(FuseDisk(fuse.clone()));
                    let opened = lineshaft_historian::Historian::open(
                        plant.disk.clone(),
                        plant.clock.clone(),
                        &plant.dir,
                        plant.options.clone(),
                        plant.tags.clone(),
                    );
                    opened.is_err()
                } {
                    let after = fuse.after.lock().take();
                    sim = after.unwrap_or(sim);
                    fuse = Fuse::new(sim.clone(), seed.below(60) as i64);
                }
                if fuse.after.lock().is_some() {
                    continue; // died right after it opened
                }
                plant.reopen();
                assert!(plant.historian.covered() >= parked, "HI-2 SEED={number}");
                check(&plant, &tags, number);
            }
        }
        fuse.left.store(i64::MAX, Ordering::SeqCst);
        if fuse.after.lock().is_none() {
            check(&plant, &tags, number);
            plant.historian.seal().unwrap();
            plant.reopen();
            check(&plant, &tags, number);
            assert!(verify(&*plant.disk, &plant.dir).unwrap().is_sound(), "SEED={number}");
        }
        assert!(crashes > 0 || number > 0, "the first run crashes at least once");
    }
}

#[test]
fn a_failing_disk_delays_seals_and_loses_nothing() {
    for number in seeds(60) {
        let mut seed = Seed::new(number);
        let sim = SimDisk::new(number, Faults::none());
        let mut plant = Plant::new(Arc::new(sim.clone()), Path::new("/data"));
        let (tags, log) = random_log(&plant, &mut seed);
        let mut parked = 0;
        for record in log {
            plant.log.push(record);
            plant.take_in();
            if seed.chance(0.15) {
                sim.set_faults(Faults { sync_fails: 0.2, write_fails: 0.1, ..Faults::harsh() });
                if let Ok(sealed) = plant.historian.seal() {
                    parked = sealed.covered;
                }
                sim.set_faults(Faults::none());
                check(&plant, &tags, number); // HI-3
            }
            if seed.chance(0.02) {
                plant.disk = Arc::new(sim.clone());
                let after = sim.crash();
                plant.disk = Arc::new(after.clone());
                plant.reopen();
                assert!(plant.historian.covered() >= parked, "HI-2 SEED={number}");
                check(&plant, &tags, number);
                return_to(&mut plant, after);
                break;
            }
        }
        plant.historian.seal().unwrap();
        assert_eq!(plant.historian.error(), None, "SEED={number}");
        check(&plant, &tags, number);
    }
}

fn return_to(plant: &mut Plant, disk: SimDisk) {
    plant.disk = Arc::new(disk);
}

#[test]
fn a_full_disk_heals_with_room() {
    let sim = SimDisk::new(5, Faults::none());
    let mut plant = Plant::new(Arc::new(sim.clone()), Path::new("/data"));
    let mut seed = Seed::new(5);
    let (tags, log) = random_log(&plant, &mut seed);
    plant.log = log;
    plant.take_in();
    let used: u64 = sim.files().iter().map(|(_, len)| len).sum();
    sim.set_capacity(used + 600);
    let error = plant.historian.seal().unwrap_err();
    assert_eq!(error.code(), "LS-HIS-001");
    assert!(plant.historian.error().unwrap().contains("write a segment"));
    assert!(plant.historian.status().samples_hot > 0);
    check(&plant, &tags, 5);
    sim.set_capacity(1 << 40);
    plant.historian.seal().unwrap();
    assert_eq!((plant.historian.error(), plant.historian.status().samples_hot), (None, 0));
    check(&plant, &tags, 5);
}

#[test]
fn what_an_unfinished_seal_left_is_removed_and_counted() {
    let sim = SimDisk::new(9, Faults::none());
    let mut plant = Plant::new(Arc::new(sim.clone()), Path::new("/data"));
    for name in ["2025-11-20.L0.000000000007.seg", "2025-11-20.L0.000000000008.tmp"] {
        sim.create(&plant.dir.join(name)).unwrap();
    }
    plant.reopen();
    assert_eq!(plant.historian.leftovers(), 2);
    assert_eq!(sim.list(&plant.dir).unwrap().len(), 1, "only the manifest is left");
}
