//! The statistics of a span against the simplest model: a sorted list, gone through twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lineshaft_contract::{Deadline, History, HistoryError, Statistics, StatisticsRequest};
use lineshaft_model::{Quality, Reason, Row, Sample, TagId, Timestamp, Value};
use lineshaft_runtime::Seed;

use crate::plant::{FullableDisk, NOON, Plant, SIGNALS, log, samples};

const SECOND: i64 = 1_000_000_000;

/// A stretch of the span: from when to when what held, and on which line.
struct Stretch {
    nanos: i64,
    quality: Quality,
    line: Option<(f64, f64)>,
}

fn number(sample: &Sample) -> Option<f64> {
    if sample.quality.is_good() { sample.value.as_f64() } else { None }
}

fn sloped(sample: &Sample) -> bool {
    matches!(sample.value, Value::Int(_) | Value::Uint(_) | Value::Float(_))
}

fn stretches(all: &[Sample], asked: &StatisticsRequest, now: i64) -> Vec<Stretch> {
    let (start, end) = (asked.start.nanos(), asked.end.nanos());
    let mut out = Vec::new();
    for (at, sample) in all.iter().enumerate() {
        let next = all.get(at + 1);
        let until = next.map_or(now, |next| next.ts.nanos());
        let (from, to) = (sample.ts.nanos().max(start), until.min(end));
        if from >= to {
            continue;
        }
        let next = next.filter(|next| !asked.step && sloped(sample) && sloped(next));
        let line = number(sample).map(|value| match next.and_then(number) {
            None => (value, value),
            Some(next) => {
                let whole = (until - sample.ts.nanos()) as f64;
                let at = |ts: i64| value + (next - value) * (ts - sample.ts.nanos()) as f64 / whole;
                (at(from), at(to))
            }
        });
        out.push(Stretch { nanos: to - from, quality: sample.quality, line });
    }
    out
}

fn model(all: &[Sample], asked: &StatisticsRequest, now: i64) -> Statistics {
    let stretches = stretches(all, asked, now);
    let sum = |of: &dyn Fn(&Stretch) -> bool| {
        let nanos: i64 = stretches.iter().filter(|one| of(one)).map(|one| one.nanos).sum();
        Duration::from_nanos(nanos.unsigned_abs())
    };
    let measured = || stretches.iter().filter_map(|one| Some((one.nanos as f64, one.line?)));
    let time: f64 = measured().map(|(nanos, _)| nanos).sum();
    let average = measured().map(|(nanos, (a, b))| nanos * (a + b) / 2.0).sum::<f64>() / time;
    // The integral of the squared distance of a line from the mean, by its ends.
    let spread = |(nanos, (a, b)): (f64, (f64, f64))| {
        let (a, b) = (a - average, b - average);
        nanos * (a * a + a * b + b * b) / 3.0
    };
    let stddev = (measured().map(spread).sum::<f64>() / time).sqrt();

    let inside = || {
        let within = |sample: &&Sample| sample.ts >= asked.start && sample.ts < asked.end;
        all.iter().filter(within)
    };
    let good = || inside().filter(|sample| sample.quality.is_good());
    let numbers = || good().filter(|sample| number(sample).is_some());
    let order = |a: &&Sample, b: &&Sample| number(a).unwrap().total_cmp(&number(b).unwrap());
    let highest: Vec<&Sample> = numbers().collect();
    let mut transitions = 0;
    let before = all.iter().rfind(|sample| sample.ts < asked.start);
    let mut held = before.filter(|before| before.quality.is_good()).map(|one| &one.value);
    for sample in good() {
        let same = |held: &Value| match (held.as_f64(), sample.value.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b).is_eq(), // small numbers: a double is exact
            _ => *held == sample.value,
        };
        transitions += u64::from(held.is_some_and(|held| !same(held)));
        held = Some(&sample.value);
    }
    let (good_time, uncertain) = (
        sum(&|one| one.quality.is_good()),
        sum(&|one| !one.quality.is_good() && !one.quality.is_bad()),
    );
    let bad = sum(&|one| one.quality.is_bad());
    let whole = Duration::from_nanos((asked.end.nanos() - asked.start.nanos()).unsigned_abs());
    Statistics {
        count: inside().count() as u64,
        good_count: good().count() as u64,
        good: good_time,
        uncertain,
        bad,
        unknown: whole - good_time - uncertain - bad,
        minimum: numbers().min_by(order).cloned(),
        // `max_by` gives the last of equals, and the first is wanted.
        maximum: highest.into_iter().rev().max_by(order).cloned(),
        first: good().next().cloned(),
        last: good().next_back().cloned(),
        average: (time > 0.0).then_some(average),
        stddev: (time > 0.0).then_some(stddev),
        transitions: asked.step.then_some(transitions),
    }
}

#[track_caller]
fn compare(mut found: Statistics, mut expected: Statistics, what: &StatisticsRequest) {
    for (a, b) in [
        (found.average.take(), expected.average.take()),
        (found.stddev.take(), expected.stddev.take()),
    ] {
        let near = match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-7 * (1.0 + b.abs()),
            (a, b) => a == b,
        };
        assert!(near, "{a:?} for {b:?}: {what:?}");
    }
    assert_eq!(found, expected, "{what:?}");
}

fn ask(tag: TagId, start: i64, end: i64) -> StatisticsRequest {
    StatisticsRequest {
        tag,
        start: Timestamp::from_nanos(start),
        end: Timestamp::from_nanos(end),
        step: false,
        deadline: None,
    }
}

fn ask_much(plant: &Plant, tags: &[TagId], seed: &mut Seed) {
    let now = plant.clock.now().nanos();
    for tag in tags {
        let all = plant.model(*tag);
        let (first, last) = (all[0].ts.nanos(), all[all.len() - 1].ts.nanos());
        let span = (last - first).unsigned_abs();
        for _ in 0..12 {
            let start = first - SECOND + seed.below(span) as i64;
            let end = match seed.below(4) {
                0 => last + 1 + seed.below(span) as i64,
                1 => start + 1 + seed.below(span) as i64,
                2 => now + 1 + seed.below(span) as i64,
                _ => all[seed.below(all.len() as u64) as usize].ts.nanos().max(start + 1),
            };
            let start = if seed.chance(0.3) { first } else { start };
            let end = end.max(start + 1);
            let asked = StatisticsRequest { step: seed.chance(0.5), ..ask(*tag, start, end) };
            let found = plant.historian.statistics(&asked).unwrap();
            compare(found, model(&all, &asked, now), &asked);
        }
    }
}

/// Asks for the whole of a tag, as a line and as steps.
pub(crate) fn check_whole(plant: &Plant, tag: TagId, all: &[Sample]) {
    let (first, last) = (all[0].ts.nanos(), all[all.len() - 1].ts.nanos());
    for step in [false, true] {
        let asked = StatisticsRequest { step, ..ask(tag, first - 1, last + 1) };
        let found = plant.historian.statistics(&asked).unwrap();
        compare(found, model(all, &asked, plant.clock.now().nanos()), &asked);
    }
}

/// In order and late, in files, in memory, in both, and while a seal cannot be written.
#[test]
fn statistics_are_those_of_the_model_wherever_the_samples_are() {
    for number in 0..18 {
        let mut seed = Seed::new(1_000 + number);
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(FullableDisk::default());
        let mut plant = Plant::new(disk.clone(), dir.path());
        let tags: Vec<TagId> = (0..2).map(|n| plant.tag(&format!("t{n}"))).collect();
        let of: Vec<(TagId, Vec<Sample>)> = tags
            .iter()
            .map(|tag| {
                let signal = SIGNALS[(number as usize + tag.index() * 3) % SIGNALS.len()];
                (*tag, samples(signal, 1_000 + seed.below(5_000) as usize, &mut seed))
            })
            .collect();
        for record in log(&of, &mut seed) {
            plant.log.push(record);
            if seed.chance(0.01) {
                plant.take_in();
                disk.full.store(seed.chance(0.3), Ordering::SeqCst);
                let _full = plant.historian.seal();
                if seed.chance(0.3) {
                    ask_much(&plant, &tags, &mut seed);
                }
                disk.full.store(false, Ordering::SeqCst);
            }
        }
        plant.take_in();
        ask_much(&plant, &tags, &mut seed);
        plant.historian.seal().unwrap();
        ask_much(&plant, &tags, &mut seed);
        plant.reopen();
        ask_much(&plant, &tags, &mut seed);
    }
}

/// A tag that says so many values, one a second from noon on; `None` is a lost line.
fn short(values: &[(i64, Option<f64>)]) -> (tempfile::TempDir, Plant, TagId) {
    let dir = tempfile::tempdir().unwrap();
    let mut plant = Plant::new(Arc::new(FullableDisk::default()), dir.path());
    let tag = plant.tag("short");
    let row = |(second, value): &(i64, Option<f64>)| {
        let ts = Timestamp::from_nanos(NOON + second * SECOND);
        let missing = || Sample::missing(ts, Reason::Comm);
        Row { tag, sample: value.map_or_else(missing, |value| Sample::good(ts, value)) }
    };
    plant.log.push(values.iter().map(row).collect());
    plant.take_in();
    (dir, plant, tag)
}

#[test]
fn a_gap_is_counted_and_never_averaged_over() {
    // 10 for 10 s, nothing for 70 s, 20 for 10 s, and before it all 10 s of which nothing is known.
    let (_dir, plant, tag) =
        short(&[(10, Some(10.0)), (20, None), (90, Some(20.0)), (100, Some(20.0))]);
    let asked = StatisticsRequest { step: true, ..ask(tag, NOON, NOON + 100 * SECOND) };
    let found = plant.historian.statistics(&asked).unwrap();
    let seconds = Duration::from_secs;
    assert_eq!((found.good, found.bad), (seconds(20), seconds(70)));
    assert_eq!((found.uncertain, found.unknown), (seconds(0), seconds(10)));
    assert_eq!((found.average, found.stddev), (Some(15.0), Some(5.0)));
    assert_eq!((found.count, found.good_count), (3, 2));
    assert_eq!(found.transitions, Some(1), "what it was before the gap is not what it is after it");
}

#[test]
fn a_line_has_the_deviation_of_a_line() {
    // A straight line over a length has its width over the root of twelve.
    let (_dir, plant, tag) = short(&[(0, Some(0.0)), (10, Some(12.0))]);
    let found = plant.historian.statistics(&ask(tag, NOON, NOON + 10 * SECOND)).unwrap();
    assert_eq!(found.average, Some(6.0));
    assert!((found.stddev.unwrap() - 12.0 / 12_f64.sqrt()).abs() < 1e-12);
    assert_eq!(found.transitions, None, "a measurement does not change, it moves");
}

#[test]
fn a_span_in_which_nothing_came_has_what_held_through_it() {
    let (_dir, plant, tag) = short(&[(0, Some(5.0)), (100, Some(5.0))]);
    let asked = ask(tag, NOON + 10 * SECOND, NOON + 20 * SECOND);
    let found = plant.historian.statistics(&asked).unwrap();
    assert_eq!((found.count, found.first, found.minimum), (0, None, None));
    assert_eq!((found.average, found.stddev), (Some(5.0), Some(0.0)));
    assert_eq!(found.good, Duration::from_secs(10));
}

/// Pages whole, sealed in two turns with late samples between them: a deviation of a thousandth on a value of a million
/// keeps its digits.
#[test]
fn a_small_deviation_of_large_values_keeps_its_digits() {
    let dir = tempfile::tempdir().unwrap();
    let mut plant = Plant::new(Arc::new(FullableDisk::default()), dir.path());
    let tag = plant.tag("weight");
    let mut seed = Seed::new(3);
    let mut part = |from: i64, to: i64, by: usize| {
        let rows = (from..to).step_by(by).map(|second| {
            let ts = Timestamp::from_nanos(NOON + second * SECOND);
            let value = 1_000_000.0 + (seed.below(2) as f64) / 1_000.0;
            Row { tag, sample: Sample::good(ts, value) }
        });
        rows.collect::<Vec<_>>()
    };
    let (main, late) = (part(0, 30_000, 1), part(12_000, 13_000, 7));
    plant.log.push(main);
    plant.take_in();
    plant.historian.seal().unwrap();
    plant.log.push(late);
    plant.take_in();
    for sealed in [false, true] {
        if sealed {
            plant.historian.seal().unwrap();
        }
        for step in [false, true] {
            let asked = StatisticsRequest { step, ..ask(tag, NOON, NOON + 30_000 * SECOND) };
            let found = plant.historian.statistics(&asked).unwrap();
            let expected = model(&plant.model(tag), &asked, plant.clock.now().nanos());
            let off = (found.stddev.unwrap() - expected.stddev.unwrap()).abs();
            assert!(off < 1e-9, "{found:?} for {expected:?}");
            let digits = if step { 0.000_5 } else { 0.000_4 };
            assert!((found.stddev.unwrap() - digits).abs() < 0.000_05, "{found:?}");
            compare(found, expected, &asked);
        }
    }
}

#[test]
fn a_question_that_takes_too_long_or_makes_no_sense_is_refused() {
    let (_dir, plant, tag) = short(&[(0, Some(5.0))]);
    let deadline = Some(Deadline { at: Duration::ZERO });
    let late = StatisticsRequest { deadline, ..ask(tag, NOON, NOON + SECOND) };
    assert!(matches!(plant.historian.statistics(&late), Err(HistoryError::TooSlow)));
    let empty = plant.historian.statistics(&ask(tag, NOON, NOON));
    assert!(matches!(empty, Err(HistoryError::Request(_))));
}
