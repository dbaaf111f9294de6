//! The published figures of the historian, on your machine.
//!
//! Each function fills a folder through the same path as a running node (memory, seal, segments), on the real
//! disk, and measures CPU time of the calling thread, so that other programs disturb it little. The signals are
//! made up from a fixed seed; what they are like is said at each.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{Bounds, Chain, History, HistoryMode, HistoryRequest, StatisticsRequest};
use lineshaft_model::{Quality, Reason, Row, Sample, TagId, TagPath, Tags, Timestamp, Value};
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::{Clock, Seed};

use crate::{Historian, HistorianError, Options};

/// One line of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub what: &'static str,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// In the order they were measured.
    pub figures: Vec<Figure>,
}

impl Report {
    fn add(&mut self, what: &'static str, value: f64, unit: &'static str) {
        self.figures.push(Figure { what, value, unit });
    }

    /// The number of a figure, for a gate.
    #[must_use]
    pub fn value(&self, what: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.what == what).map(|figure| figure.value)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Figure { what, value, unit } in &self.figures {
            writeln!(f, "{what:<44} {value:>14.3} {unit}")?;
        }
        Ok(())
    }
}

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The historian could not write.
    #[error(transparent)]
    Historian(#[from] HistorianError),
    /// The historian could not answer, or answered wrongly.
    #[error("{0}")]
    Answer(String),
}

const SECOND: i64 = 1_000_000_000;
/// 2026-01-01T00:00:00Z
const START: i64 = 1_767_225_600 * SECOND;

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn millis(since: Duration) -> f64 {
    cpu().saturating_sub(since).as_secs_f64() * 1e3
}

/// Bell-shaped, by twelve dice.
fn bell(seed: &mut Seed) -> f64 {
    (0..12).map(|_| seed.fraction()).sum::<f64>() - 6.0
}

struct Bench {
    historian: Arc<Historian>,
    tags: Arc<Tags>,
    offset: u64,
}

impl Bench {
    fn open(dir: &Path, now: i64) -> Result<Bench, BenchError> {
        let tags = Arc::new(Tags::new());
        let clock = Clock::simulated(Timestamp::from_nanos(now));
        let disk = Arc::new(RealDisk);
        let historian = Historian::open(disk, clock, dir, Options::default(), tags.clone())?;
        let offset = historian.covered();
        if offset > 0 {
            return Err(BenchError::Answer(format!("{} is not empty", dir.display())));
        }
        Ok(Bench { historian, tags, offset })
    }

    fn tag(&self, name: &str) -> Result<TagId, BenchError> {
        let path = TagPath::new(name).map_err(|error| BenchError::Answer(error.to_string()))?;
        Ok(self.tags.intern(&path))
    }

    fn ingest(&mut self, rows: &[Row]) {
        self.historian.ingest(self.offset, rows);
        self.offset += 1;
    }

    fn ask(&self, request: &HistoryRequest) -> Result<Vec<Sample>, BenchError> {
        let answer = self.historian.read(request);
        let answer = answer.map_err(|error| BenchError::Answer(Chain(&error).to_string()))?;
        Ok(answer.samples)
    }

    fn size(&self, report: &mut Report) {
        let status = self.historian.status();
        report.add("samples", status.samples_sealed as f64, "");
        report.add("segments", f64::from(status.segments), "");
        report.add("on disk", status.bytes as f64, "bytes");
        let each = status.bytes as f64 / status.samples_sealed.max(1) as f64;
        report.add("bytes per sample", each, "bytes");
    }
}

/// One temperature at 1 Hz for a year (31.5 million samples; steps of 0.1, times in ms with 5 ms jitter, one
/// segment a day), drawn into 1,000 pixel columns, exactly.
///
/// # Errors
/// [`BenchError`] when `dir` is not empty or cannot be written.
pub fn year_plot(dir: &Path) -> Result<Report, BenchError> {
    const DAYS: i64 = 365;
    let end = START + DAYS * 86_400 * SECOND;
    let mut bench = Bench::open(dir, end)?;
    let tag = bench.tag("acme/rotterdam/bench/temperature")?;
    let mut seed = Seed::new(7);
    let mut level = 200.0;
    let mut rows = Vec::with_capacity(86_400);
    let (mut sealing, mut taking) = (0.0, 0.0);
    for day in 0..DAYS {
        rows.clear();
        for second in day * 86_400..(day + 1) * 86_400 {
            let jitter = (bell(&mut seed) * 5.0).round().clamp(-20.0, 20.0) as i64;
            let ts = START + second * SECOND + (500 + jitter) * 1_000_000;
            let daily = ((second % 86_400) as f64 / 86_400.0 * std::f64::consts::TAU).sin();
            level += bell(&mut seed) * 0.2 + (200.0 - level) * 0.001;
            let value = (level + 20.0 * daily).round() / 10.0;
            rows.push(Row { tag, sample: Sample::good(Timestamp::from_nanos(ts), value) });
        }
        let started = cpu();
        bench.ingest(&rows);
        taking += millis(started);
        let started = cpu();
        bench.historian.seal()?;
        sealing += millis(started);
    }
    let mut report = Report::default();
    bench.size(&mut report);
    let samples = DAYS as f64 * 86_400.0;
    report.add("taken in", samples / taking / 1e3, "million samples/CPU-s");
    report.add("sealed", samples / sealing / 1e3, "million samples/CPU-s");

    let request = HistoryRequest {
        tag,
        start: Timestamp::from_nanos(START),
        end: Timestamp::from_nanos(end),
        mode: HistoryMode::Plot,
        interval: Duration::from_secs(60),
        points: 4_000,
        step: false,
        limit: 100_000,
        bounds: Bounds::Inside,
        after: None,
        deadline: None,
    };
    let started = cpu();
    let cold = bench.ask(&request)?;
    report.add("year to 1,000 px, first time", millis(started), "ms CPU");
    let mut warm = f64::INFINITY;
    for _ in 0..5 {
        let started = cpu();
        if bench.ask(&request)? != cold {
            return Err(BenchError::Answer("two answers to one question".into()));
        }
        warm = warm.min(millis(started));
    }
    report.add("year to 1,000 px, again", warm, "ms CPU");
    report.add("samples in the picture", cold.len() as f64, "");
    for (what, mode) in [
        ("year in 1,000 means, first time", HistoryMode::Average),
        ("year in 1,000 time-weighted means", HistoryMode::TimeAverage),
        ("year in 1,000 interpolated values", HistoryMode::Interpolated),
    ] {
        let interval = Duration::from_secs(DAYS.unsigned_abs() * 86_400 / 1_000);
        let started = cpu();
        bench.ask(&HistoryRequest { mode, interval, ..request.clone() })?;
        report.add(what, millis(started), "ms CPU");
    }
    statistics(&bench, dir, tag, &mut report)?;
    let hour = START + 200 * 86_400 * SECOND;
    let started = cpu();
    let (start, end) = (Timestamp::from_nanos(hour), Timestamp::from_nanos(hour + 3_600 * SECOND));
    bench.ask(&HistoryRequest { mode: HistoryMode::Raw, start, end, ..request })?;
    report.add("one hour, raw", millis(started), "ms CPU");
    Ok(report)
}

/// The year in a few numbers, and all of it sample by sample as an export reads it.
fn statistics(
    bench: &Bench,
    dir: &Path,
    tag: TagId,
    report: &mut Report,
) -> Result<(), BenchError> {
    let at = |day: i64| Timestamp::from_nanos(START + day * 86_400 * SECOND);
    let (start, end) = (at(0), at(365));
    // Opened again: nothing is remembered of what was read before.
    let (clock, tags) = (Clock::simulated(end), bench.tags.clone());
    let historian = Historian::open(Arc::new(RealDisk), clock, dir, Options::default(), tags)?;
    let request = StatisticsRequest { tag, start, end, step: false, deadline: None };
    let ask = || {
        let answer = historian.statistics(&request);
        answer.map_err(|error| BenchError::Answer(Chain(&error).to_string()))
    };
    let mut warm = f64::INFINITY;
    for what in ["year in one line of statistics, first time", ""] {
        let started = cpu();
        let found = ask()?;
        let took = millis(started);
        if found.count != 365 * 86_400 || found.stddev.is_none() {
            return Err(BenchError::Answer("the statistics are not those of a year".into()));
        }
        if !what.is_empty() {
            report.add(what, took, "ms CPU");
        }
        warm = warm.min(took);
    }
    report.add("year in one line of statistics, again", warm, "ms CPU");

    let mut request = HistoryRequest {
        tag,
        start,
        end: at(30),
        mode: HistoryMode::Raw,
        interval: Duration::from_secs(1),
        points: 4,
        step: false,
        limit: 10_000,
        bounds: Bounds::Inside,
        after: None,
        deadline: None,
    };
    let (started, mut rows) = (cpu(), 0);
    loop {
        let page = historian.read(&request);
        let page = page.map_err(|error| BenchError::Answer(Chain(&error).to_string()))?;
        rows += page.samples.len();
        request.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    let rate = rows as f64 / millis(started) / 1e3;
    report.add("30 days, raw, in pages of 10,000", rate, "million samples/CPU-s");
    Ok(())
}

/// A signal of the plant mix.
struct Signal {
    kind: usize,
    level: f64,
    count: i64,
    bad: u32,
}

impl Signal {
    /// 30 % temperatures, 15 % pressures, 15 % flows, 5 % vibration, 15 % states, 8 % counters, 4 % energy,
    /// 8 % set-points.
    fn new(number: usize, seed: &mut Seed) -> Signal {
        let kind = [30, 45, 60, 65, 80, 88, 92, 100].iter().position(|to| number % 100 < *to);
        let kind = kind.unwrap_or(7);
        Signal { kind, level: 20.0 + seed.fraction() * 60.0, count: 0, bad: 0 }
    }

    fn next(&mut self, seed: &mut Seed) -> Value {
        let single = |value: f64| Value::Float(f64::from(value as f32));
        match self.kind {
            0 => {
                self.level += bell(seed) * 0.02;
                Value::Float((self.level * 10.0 + bell(seed) * 0.3).round() / 10.0)
            }
            1 => {
                self.level = (self.level + bell(seed) * 0.02).clamp(0.0, 100.0);
                let counts = (self.level / 100.0 * 27_648.0 + bell(seed)).round();
                single(counts / 27_648.0 * 16.0)
            }
            2 => single(self.level + bell(seed) * 1.5),
            3 => Value::Float(bell(seed)),
            4 => {
                self.count ^= i64::from(seed.chance(0.005));
                Value::Bool(self.count != 0)
            }
            5 => {
                self.count += i64::from(seed.chance(0.6)) + i64::from(seed.chance(0.2));
                Value::Int(self.count)
            }
            6 => {
                self.count += 3 + seed.below(4) as i64;
                Value::Float(self.count as f64 / 1_000.0)
            }
            _ => {
                if seed.chance(0.000_5) {
                    self.level = (seed.fraction() * 1_000.0).round() / 10.0;
                }
                Value::Float((self.level * 10.0).round() / 10.0)
            }
        }
    }
}

/// A plant of 1,000 tags for an hour at 1 Hz (3.6 million samples; times in ms with 5 ms jitter, some bad bursts),
/// sealed at once: bytes per sample with times, values, quality, statistics and index.
///
/// # Errors
/// [`BenchError`] when `dir` is not empty or cannot be written.
pub fn plant_mix(dir: &Path) -> Result<Report, BenchError> {
    const TAGS: usize = 1_000;
    let mut bench = Bench::open(dir, START + 3_600 * SECOND)?;
    let mut seed = Seed::new(11);
    let mut signals = Vec::new();
    for number in 0..TAGS {
        let (area, line) = (number % 10, number / 10 % 10);
        let name = format!("acme/rotterdam/area-{area}/line-{line}/machine/tag-{number:04}");
        let phase = seed.below(1_000) as i64;
        signals.push((bench.tag(&name)?, phase, Signal::new(number, &mut seed)));
    }
    let mut rows = Vec::with_capacity(TAGS);
    let (mut taking, mut hot_bytes) = (0.0, 0);
    for second in 0..3_600 {
        rows.clear();
        for (tag, phase, signal) in &mut signals {
            let jitter = (bell(&mut seed) * 5.0).round() as i64;
            let ts = START + second * SECOND + (*phase + jitter) * 1_000_000;
            if signal.bad == 0 && seed.chance(0.000_05) {
                signal.bad = 5 + seed.below(60) as u32;
            }
            let (ts, value) = (Timestamp::from_nanos(ts), signal.next(&mut seed));
            let sample = if signal.bad > 0 {
                signal.bad -= 1;
                let quality = Quality::bad(Reason::Comm);
                Sample { quality, ..Sample::good(ts, value) }
            } else {
                Sample::good(ts, value)
            };
            rows.push(Row { tag: *tag, sample });
        }
        let started = cpu();
        bench.ingest(&rows);
        taking += millis(started);
        hot_bytes = hot_bytes.max(bench.historian.hot_bytes());
    }
    let samples = (TAGS * 3_600) as f64;
    let started = cpu();
    bench.historian.seal()?;
    let sealing = millis(started);
    let mut report = Report::default();
    bench.size(&mut report);
    report.add("in memory", hot_bytes as f64 / samples, "bytes per sample");
    report.add("taken in", samples / taking / 1e3, "million samples/CPU-s");
    report.add("sealed", samples / sealing / 1e3, "million samples/CPU-s");
    Ok(report)
}

/// 100,000 tags at 1 Hz for two minutes as fast as they are taken in, sealed beside as a node does: memory.
///
/// # Errors
/// [`BenchError`] when `dir` is not empty or cannot be written.
pub fn many_tags(dir: &Path) -> Result<Report, BenchError> {
    const TAGS: usize = 100_000;
    let mut bench = Bench::open(dir, START + 3_600 * SECOND)?;
    let mut seed = Seed::new(13);
    let mut tags = Vec::with_capacity(TAGS);
    for number in 0..TAGS {
        tags.push(bench.tag(&format!("acme/rotterdam/line-{}/tag-{number}", number % 100))?);
    }
    let mut rows = Vec::with_capacity(1_000);
    let (mut taking, mut sealing) = (0.0, 0.0);
    for second in 0..120 {
        for some in tags.chunks(1_000) {
            rows.clear();
            for tag in some {
                let ts = START + second * SECOND + seed.below(10) as i64 * 1_000_000;
                let value = (200.0 + bell(&mut seed)).round() / 10.0;
                let sample = Sample::good(Timestamp::from_nanos(ts), value);
                rows.push(Row { tag: *tag, sample });
            }
            let started = cpu();
            bench.ingest(&rows);
            taking += millis(started);
        }
        if bench.historian.hot_bytes() >= Options::default().seal_bytes() {
            let started = cpu();
            bench.historian.seal()?;
            sealing += millis(started);
        }
    }
    let started = cpu();
    bench.historian.seal()?;
    sealing += millis(started);
    let mut report = Report::default();
    bench.size(&mut report);
    let samples = (TAGS * 120) as f64;
    report.add("taken in", samples / taking / 1e3, "million samples/CPU-s");
    report.add("sealed", samples / sealing / 1e3, "million samples/CPU-s");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    report.add("memory at most, whole process", peak.unwrap_or(f64::NAN) / 1_024.0, "MiB");
    Ok(report)
}
