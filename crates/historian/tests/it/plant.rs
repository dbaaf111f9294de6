//! A historian with a log beside it, as the shaft would be, and random samples.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lineshaft_contract::{Bounds, History, HistoryMode, HistoryRequest};
use lineshaft_historian::{Historian, Options};
use lineshaft_model::{
    ClockSource, Quality, Reason, Row, Sample, TagId, TagPath, Tags, Timestamp, Value,
};
use lineshaft_runtime::disk::{DirEntry, RealDisk};
use lineshaft_runtime::{Clock, Disk, DiskFile, Seed};

pub(crate) const NOON: i64 = 1_763_640_000_000_000_000; // 2025-11-20T12:00:00Z

/// A real disk that can be told to be full, or to say that a sync failed which did not.
#[derive(Debug, Default)]
pub(crate) struct FullableDisk {
    pub(crate) full: AtomicBool,
    pub(crate) lies: Arc<AtomicBool>,
}

#[derive(Debug)]
struct LyingFile(Arc<dyn DiskFile>, Arc<AtomicBool>);

impl DiskFile for LyingFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()?;
        if self.1.load(Ordering::SeqCst) {
            return Err(io::Error::other("the answer of the disk was lost"));
        }
        Ok(())
    }
}

impl FullableDisk {
    fn check(&self) -> io::Result<()> {
        if self.full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl Disk for FullableDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.check()?;
        RealDisk.create(path)
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(LyingFile(RealDisk.open(path)?, self.lies.clone())))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        RealDisk.list(dir)
    }
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.create_dir(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.check()?;
        RealDisk.sync_dir(dir)
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(dir)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        RealDisk.lock(path)
    }
}

pub(crate) struct Plant {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Clock,
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) tags: Arc<Tags>,
    pub(crate) historian: Arc<Historian>,
    /// What the shaft holds: one record a batch.
    pub(crate) log: Vec<Vec<Row>>,
    /// How much of it was taken in.
    pub(crate) taken: usize,
}

impl Plant {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path) -> Plant {
        Plant::with(disk, dir, Options::default())
    }

    pub(crate) fn with(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Plant {
        let clock = Clock::simulated(Timestamp::from_nanos(NOON + 40 * 86_400_000_000_000));
        let tags = Arc::new(Tags::new());
        let dir = dir.join("historian");
        let historian =
            Historian::open(disk.clone(), clock.clone(), &dir, options.clone(), tags.clone());
        let historian = historian.unwrap();
        Plant { disk, clock, dir, options, tags, historian, log: Vec::new(), taken: 0 }
    }

    pub(crate) fn tag(&self, name: &str) -> TagId {
        self.tags.intern(&TagPath::new(&format!("acme/rotterdam/{name}")).unwrap())
    }

    /// Takes in what of the log was not taken in yet.
    pub(crate) fn take_in(&mut self) {
        while self.taken < self.log.len() {
            self.historian.ingest(self.taken as u64, &self.log[self.taken]);
            self.taken += 1;
        }
    }

    /// Opens the folder again, as after a crash, and takes in the log from where segments end.
    pub(crate) fn reopen(&mut self) {
        let (disk, clock) = (self.disk.clone(), self.clock.clone());
        let historian =
            Historian::open(disk, clock, &self.dir, self.options.clone(), self.tags.clone());
        self.historian = historian.unwrap();
        self.taken = usize::try_from(self.historian.covered()).unwrap();
        self.take_in();
    }

    /// The samples of a tag in the order history has them.
    pub(crate) fn model(&self, tag: TagId) -> Vec<Sample> {
        let rows = self.log.iter().flatten().filter(|row| row.tag == tag);
        let mut samples: Vec<Sample> = rows.map(|row| row.sample.clone()).collect();
        samples.sort_by_key(|sample| sample.ts);
        samples
    }

    /// All samples of a tag that the historian has, read in pages of `limit`.
    pub(crate) fn raw(&self, tag: TagId, limit: u32) -> Vec<Sample> {
        let mut request =
            HistoryRequest { limit, ..request(tag, HistoryMode::Raw, i64::MIN, i64::MAX) };
        let mut samples = Vec::new();
        loop {
            let page = self.historian.read(&request).unwrap();
            assert!(page.samples.len() <= limit as usize);
            samples.extend(page.samples);
            if page.next.is_none() {
                return samples;
            }
            assert_ne!(page.next, request.after, "a page must go on from the one before");
            request.after = page.next;
        }
    }
}

pub(crate) fn request(tag: TagId, mode: HistoryMode, start: i64, end: i64) -> HistoryRequest {
    HistoryRequest {
        tag,
        start: Timestamp::from_nanos(start),
        end: Timestamp::from_nanos(end),
        mode,
        interval: Duration::from_secs(60),
        points: 400,
        step: false,
        limit: 10_000,
        bounds: Bounds::Inside,
        after: None,
        deadline: None,
    }
}

/// What a signal is like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Decimal,
    Noise,
    Counter,
    State,
    Text,
    Anything,
}

pub(crate) const SIGNALS: [Signal; 6] = [
    Signal::Decimal,
    Signal::Noise,
    Signal::Counter,
    Signal::State,
    Signal::Text,
    Signal::Anything,
];

fn value(signal: Signal, seed: &mut Seed) -> Value {
    let number = seed.below(500) as i64;
    match signal {
        Signal::Decimal => Value::Float(number as f64 / 10.0),
        Signal::Noise => Value::Float(seed.fraction() - 0.5),
        Signal::Counter => Value::Int(number - 250),
        Signal::State => Value::Bool(number < 30),
        Signal::Text => ["run", "stop", "fault"][number as usize % 3].into(),
        Signal::Anything => {
            let other = [Signal::Decimal, Signal::Counter, Signal::Text, Signal::State];
            value(other[number as usize % 4], seed)
        }
    }
}

/// Samples of one tag: mostly in order, some late, some twice, some bad.
pub(crate) fn samples(signal: Signal, count: usize, seed: &mut Seed) -> Vec<Sample> {
    let mut ts = NOON + seed.below(86_400) as i64 * 1_000_000_000;
    let period = [100, 1_000, 7_000][seed.below(3) as usize];
    let mut out = Vec::with_capacity(count);
    let mut bad_left = 0;
    while out.len() < count {
        ts += (seed.below(period) as i64 + 1) * 1_000_000;
        if seed.chance(0.01) {
            ts -= seed.below(period * 50) as i64 * 1_000_000; // late
        }
        if seed.chance(0.01) {
            ts += seed.below(period * 300) as i64 * 1_000_000; // a hole
        }
        if seed.chance(0.003) {
            bad_left = seed.below(200);
        }
        bad_left = u64::saturating_sub(bad_left, 1);
        let quality = match (bad_left, seed.below(50)) {
            (1.., _) => Quality::bad(Reason::Comm),
            (0, 0) => Quality::uncertain(Reason::Range),
            _ => Quality::GOOD,
        };
        let said = bad_left == 0 || seed.chance(0.3);
        let value = if said { value(signal, seed) } else { Value::Null };
        let clock = if seed.chance(0.001) { ClockSource::Source } else { ClockSource::Arrival };
        let sample = Sample::new(Timestamp::from_nanos(ts), value, quality, clock);
        if seed.chance(0.01) {
            out.push(sample.clone()); // twice the same is two samples
        }
        out.push(sample);
    }
    out
}

/// A log of several tags, cut into records at random.
pub(crate) fn log(of: &[(TagId, Vec<Sample>)], seed: &mut Seed) -> Vec<Vec<Row>> {
    let mut at = vec![0; of.len()];
    let mut log = Vec::new();
    let mut record = Vec::new();
    while at.iter().zip(of).any(|(at, (_, samples))| *at < samples.len()) {
        let which = seed.below(of.len() as u64) as usize;
        let (tag, samples) = &of[which];
        let some = 1 + seed.below(40) as usize;
        for sample in samples.iter().skip(at[which]).take(some) {
            record.push(Row { tag: *tag, sample: sample.clone() });
        }
        at[which] += some;
        if seed.chance(0.5) {
            log.push(std::mem::take(&mut record));
        }
    }
    log.push(record);
    log
}

#[track_caller]
pub(crate) fn assert_same(found: &[Sample], expected: &[Sample], what: &impl Debug) {
    let same = |a: &Sample, b: &Sample| {
        (a.ts, a.quality, a.clock) == (b.ts, b.quality, b.clock) && a.value.same_bits(&b.value)
    };
    let first = found.iter().zip(expected).position(|(a, b)| !same(a, b));
    assert!(
        first.is_none() && found.len() == expected.len(),
        "{what:?}: {} samples for {}, first difference at {first:?}: {:?} for {:?}",
        found.len(),
        expected.len(),
        first.map(|at| &found[at]),
        first.map(|at| &expected[at]),
    );
}
