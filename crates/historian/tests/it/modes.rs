//! Every mode against the model, over memory, files and both, in order and out of order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lineshaft_contract::{Bounds, Deadline, History, HistoryError, HistoryMode, HistoryRequest};
use lineshaft_model::{Quality, Reason, Row, Sample, TagId, Timestamp, Value};
use lineshaft_runtime::Seed;

use crate::model::answer;
use crate::plant::{
    FullableDisk, NOON, Plant, SIGNALS, Signal, assert_same, log, request, samples,
};

#[track_caller]
fn compare(found: &[Sample], expected: &[Sample], what: &HistoryRequest) {
    let computed = matches!(
        what.mode,
        HistoryMode::Average | HistoryMode::TimeAverage | HistoryMode::Interpolated
    );
    if !computed {
        return assert_same(found, expected, what);
    }
    assert_eq!(found.len(), expected.len(), "{what:?}");
    for (a, b) in found.iter().zip(expected) {
        assert_eq!((a.ts, a.quality), (b.ts, b.quality), "{what:?}");
        match (&a.value, &b.value) {
            (Value::Float(a), Value::Float(b)) => {
                assert!((a - b).abs() <= 1e-7 * (1.0 + b.abs()), "{a} for {b}: {what:?}");
            }
            (a, b) => assert_eq!(a, b, "{what:?}"),
        }
    }
}

fn ask_everything(plant: &Plant, tags: &[TagId], seed: &mut Seed) {
    let now = plant.clock.now().nanos();
    for tag in tags {
        let model = plant.model(*tag);
        let (first, last) = (model[0].ts.nanos(), model[model.len() - 1].ts.nanos());
        assert_same(&plant.raw(*tag, 1 + seed.below(3_000) as u32), &model, &"raw in pages");
        for (mode, _) in HistoryMode::ALL {
            for _ in 0..3 {
                let span = (last - first) as u64;
                let start = first - 1_000_000_000 + seed.below(span) as i64;
                let end = match seed.below(3) {
                    0 => last + 1 + seed.below(span) as i64,
                    1 => start + 1 + seed.below(span) as i64,
                    _ => model[seed.below(model.len() as u64) as usize].ts.nanos().max(start + 1),
                };
                let parts = [1, 7, 60][seed.below(3) as usize];
                let interval = ((end - start) as u64 / parts).max(1_000_000);
                let asked = HistoryRequest {
                    interval: Duration::from_nanos(interval),
                    points: [4, 40, 400, 4_000][seed.below(4) as usize],
                    step: seed.chance(0.5),
                    bounds: match mode {
                        HistoryMode::Raw | HistoryMode::Plot if seed.chance(0.5) => Bounds::Around,
                        _ => Bounds::Inside,
                    },
                    limit: 100_000,
                    ..request(*tag, mode, start, end)
                };
                let found = plant.historian.read(&asked).unwrap().samples;
                compare(&found, &answer(&model, &asked, now), &asked);
            }
        }
    }
}

#[test]
fn every_mode_answers_as_the_model_wherever_the_samples_are() {
    for number in 0..12 {
        let mut seed = Seed::new(number);
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
                // A seal that cannot be written stays in memory, between the files and what comes next.
                disk.full.store(seed.chance(0.3), Ordering::SeqCst);
                let full = disk.full.load(Ordering::SeqCst);
                let failed = plant.historian.seal().is_err();
                assert!(full || !failed, "seed {number}");
                assert_eq!(plant.historian.error().is_some(), failed);
                if seed.chance(0.2) {
                    ask_everything(&plant, &tags, &mut seed);
                }
                disk.full.store(false, Ordering::SeqCst);
            }
        }
        plant.take_in();
        ask_everything(&plant, &tags, &mut seed);
        plant.historian.seal().unwrap();
        ask_everything(&plant, &tags, &mut seed);
        plant.reopen();
        ask_everything(&plant, &tags, &mut seed);
        let status = plant.historian.status();
        assert_eq!((status.samples_hot, status.segments > 0), (0, true));
        let samples: usize = plant.log.iter().map(Vec::len).sum();
        assert_eq!(status.samples_sealed, samples as u64);
    }
}

/// A second per line: what came, and what is asked of it.
fn short(values: &[(i64, Result<f64, Reason>)]) -> (tempfile::TempDir, Plant, TagId) {
    let dir = tempfile::tempdir().unwrap();
    let mut plant = Plant::new(Arc::new(FullableDisk::default()), dir.path());
    let tag = plant.tag("short");
    let rows = values.iter().map(|(second, value)| {
        let ts = Timestamp::from_nanos(NOON + second * 1_000_000_000);
        let sample = match value {
            Ok(value) => Sample::good(ts, *value),
            Err(reason) => Sample::missing(ts, *reason),
        };
        Row { tag, sample }
    });
    plant.log.push(rows.collect());
    plant.take_in();
    (dir, plant, tag)
}

#[derive(Clone, Copy, PartialEq)]
enum Curve {
    Step,
    Line,
}

#[track_caller]
fn ask(plant: &Plant, tag: TagId, mode: HistoryMode, curve: Curve) -> Vec<String> {
    let end = NOON + 30_000_000_000;
    let asked = HistoryRequest {
        interval: Duration::from_secs(10),
        step: curve == Curve::Step,
        ..request(tag, mode, NOON, end)
    };
    let samples = plant.historian.read(&asked).unwrap().samples;
    samples.iter().map(|sample| format!("{} {}", sample.value, sample.quality)).collect()
}

#[test]
fn time_without_a_measurement_does_not_count_and_is_never_zero() {
    let comm = Err(Reason::Comm);
    let (_dir, plant, tag) = short(&[
        (-5, Ok(10.0)),
        (5, Ok(20.0)),
        (8, comm),
        (22, comm),
        (25, Ok(40.0)),
        (35, Ok(40.0)),
    ]);
    assert_eq!(
        ask(&plant, tag, HistoryMode::TimeAverage, Curve::Step),
        ["13.75 good", "null bad(comm)", "40 good"]
    );
    assert_eq!(
        ask(&plant, tag, HistoryMode::TimeAverage, Curve::Line),
        ["18.4375 good", "null bad(comm)", "40 good"]
    );
    assert_eq!(
        ask(&plant, tag, HistoryMode::Average, Curve::Step),
        ["20 good", "null bad(not-yet)", "40 good"]
    );
    assert_eq!(ask(&plant, tag, HistoryMode::Count, Curve::Step), ["1 good", "0 good", "1 good"]);
    assert_eq!(
        ask(&plant, tag, HistoryMode::Interpolated, Curve::Line),
        ["15 good", "null bad(comm)", "null bad(comm)"]
    );
}

#[test]
fn the_newest_value_holds_until_now_and_not_beyond() {
    let (_dir, plant, tag) = short(&[(0, Ok(5.0))]);
    plant.clock.step(Timestamp::from_nanos(NOON + 12_000_000_000));
    assert_eq!(
        ask(&plant, tag, HistoryMode::TimeAverage, Curve::Step),
        ["5 good", "5 good", "null bad(not-yet)"]
    );
    assert_eq!(
        ask(&plant, tag, HistoryMode::Interpolated, Curve::Step),
        ["5 good", "5 good", "null bad(not-yet)"]
    );
}

#[test]
fn a_question_that_makes_no_sense_or_takes_too_long_is_refused() {
    let (_dir, plant, tag) = short(&[(0, Ok(5.0))]);
    let good = request(tag, HistoryMode::Average, NOON, NOON + 1_000_000_000);
    let refused = |asked: HistoryRequest| {
        matches!(plant.historian.read(&asked), Err(HistoryError::Request(_)))
    };
    assert!(!refused(good.clone()));
    assert!(refused(HistoryRequest { end: good.start, ..good.clone() }));
    assert!(refused(HistoryRequest { interval: Duration::from_micros(999), ..good.clone() }));
    assert!(refused(HistoryRequest { tag: TagId::from_index(77), ..good.clone() }));
    assert!(refused(HistoryRequest { mode: HistoryMode::Plot, points: 3, ..good.clone() }));
    assert!(refused(HistoryRequest { mode: HistoryMode::Raw, limit: 0, ..good.clone() }));
    assert!(refused(HistoryRequest { bounds: Bounds::Around, ..good.clone() }));
    let year = Timestamp::from_nanos(NOON + 31_536_000_000_000_000);
    let interval = Duration::from_secs(60);
    assert!(refused(HistoryRequest { end: year, interval, ..good.clone() }));
    let late = HistoryRequest { deadline: Some(Deadline { at: Duration::ZERO }), ..good };
    assert!(matches!(plant.historian.read(&late), Err(HistoryError::TooSlow)));
}

/// The distance from the first instant to the last does not fit an instant.
#[test]
fn intervals_over_all_time_follow_each_other() {
    let (_dir, plant, tag) = short(&[(0, Ok(5.0))]);
    for mode in [HistoryMode::Count, HistoryMode::TimeAverage, HistoryMode::Interpolated] {
        let interval = Duration::from_secs(3 * 86_400);
        let asked = HistoryRequest { interval, ..request(tag, mode, i64::MIN, i64::MAX) };
        let samples = plant.historian.read(&asked).unwrap().samples;
        assert_eq!(samples.len(), 71_168);
        assert!(samples.windows(2).all(|two| two[0].ts < two[1].ts), "{mode:?}");
    }
}

#[test]
fn a_good_nan_is_taken_in_as_a_bad_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut plant = Plant::new(Arc::new(FullableDisk::default()), dir.path());
    let tag = plant.tag("nan");
    let ts = Timestamp::from_nanos(NOON);
    let sample = Sample { value: Value::Float(f64::NAN), ..Sample::good(ts, 1.0) };
    plant.log.push(vec![Row { tag, sample }]);
    plant.take_in();
    assert_eq!(plant.raw(tag, 10)[0].quality, Quality::bad(Reason::NotANumber));
}

#[test]
fn samples_of_one_record_are_taken_in_once() {
    let mut seed = Seed::new(1);
    let dir = tempfile::tempdir().unwrap();
    let mut plant = Plant::new(Arc::new(FullableDisk::default()), dir.path());
    let tag = plant.tag("once");
    plant.log = log(&[(tag, samples(Signal::Counter, 500, &mut seed))], &mut seed);
    plant.take_in();
    plant.historian.seal().unwrap();
    plant.taken = 0;
    plant.take_in();
    assert_same(&plant.raw(tag, 100_000), &plant.model(tag), &"taken in twice");
}

#[test]
fn pages_go_on_within_one_instant() {
    let dir = tempfile::tempdir().unwrap();
    let mut plant = Plant::new(Arc::new(FullableDisk::default()), dir.path());
    let tag = plant.tag("burst");
    for number in 0..20_i64 {
        let ts = Timestamp::from_nanos(NOON + number / 10); // ten samples of one instant, then ten of the next
        plant.log.push(vec![Row { tag, sample: Sample::good(ts, number) }]);
        plant.take_in();
        if number == 4 {
            plant.historian.seal().unwrap(); // half of the first instant is in a file
        }
    }
    for limit in 1..=21 {
        assert_same(&plant.raw(tag, limit), &plant.model(tag), &limit);
    }
}

/// A tag that seldom changes: its last change is in an old file, the next after the question is in memory.
#[test]
fn what_holds_through_the_question_comes_with_it_however_old() {
    let dir = tempfile::tempdir().unwrap();
    let mut plant = Plant::new(Arc::new(FullableDisk::default()), dir.path());
    let (tag, other) = (plant.tag("state"), plant.tag("busy"));
    let day = 86_400_000_000_000_i64;
    for number in 0..5 {
        let at = |ts| Sample::good(Timestamp::from_nanos(ts), number);
        plant.log.push(vec![Row { tag: other, sample: at(NOON + number * day) }]);
        if number == 0 || number == 4 {
            plant.log.push(vec![Row { tag, sample: at(NOON + number * day + 1) }]);
        }
        plant.take_in();
        if number < 4 {
            plant.historian.seal().unwrap();
        }
    }
    for mode in [HistoryMode::Raw, HistoryMode::Plot] {
        let ask = |start: i64, end: i64| {
            let asked = request(tag, mode, NOON + start, NOON + end);
            let asked = HistoryRequest { bounds: Bounds::Around, ..asked };
            let samples = plant.historian.read(&asked).unwrap().samples;
            samples.iter().map(|sample| sample.value.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ask(2 * day, 3 * day), "0 4", "one before, one after, none inside");
        assert_eq!(ask(2, 4 * day + 1), "0 4", "the end belongs to what comes after");
        assert_eq!(ask(1, 4 * day + 2), "0 4", "both are inside");
        assert_eq!(ask(-2 * day, -day), "0", "nothing is before the first");
        assert_eq!(ask(5 * day, 6 * day), "4", "nothing is after the last");
    }
}

#[test]
fn the_samples_around_come_with_the_first_and_the_last_page() {
    let values: Vec<(i64, Result<f64, Reason>)> = (0..9).map(|n| (n, Ok(n as f64))).collect();
    let (_dir, plant, tag) = short(&values);
    for limit in 1..=6 {
        let second = 1_000_000_000;
        let asked = request(tag, HistoryMode::Raw, NOON + 2 * second, NOON + 7 * second);
        let mut asked = HistoryRequest { bounds: Bounds::Around, limit, ..asked };
        let mut all = Vec::new();
        loop {
            let page = plant.historian.read(&asked).unwrap();
            assert!(page.samples.len() <= limit as usize + 2);
            all.extend(page.samples.iter().map(|sample| sample.value.to_string()));
            asked.after = page.next;
            if asked.after.is_none() {
                break;
            }
        }
        assert_eq!(all.join(" "), "1 2 3 4 5 6 7", "pages of {limit}");
    }
}

/// The manifest has the change although its sync was said to fail: the files it names must be there, whether the
/// process dies now or tries again.
#[test]
fn files_of_a_change_that_may_be_on_disk_are_kept() {
    for dies in [true, false] {
        let mut seed = Seed::new(8);
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(FullableDisk::default());
        let mut plant = Plant::new(disk.clone(), dir.path());
        let tag = plant.tag("unsure");
        plant.log = log(&[(tag, samples(Signal::Decimal, 300, &mut seed))], &mut seed);
        plant.take_in();
        disk.lies.store(true, Ordering::SeqCst);
        assert!(plant.historian.seal().is_err());
        disk.lies.store(false, Ordering::SeqCst);
        assert_same(&plant.raw(tag, 100), &plant.model(tag), &"before the restart");
        if !dies {
            plant.historian.seal().unwrap();
        }
        plant.reopen();
        assert_same(&plant.raw(tag, 100), &plant.model(tag), &dies);
        assert_eq!(plant.historian.status().samples_hot, 0, "the change was on disk");
    }
}
