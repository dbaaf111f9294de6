//! Every mode computed directly from a sorted list.

use std::cmp::Ordering;

use lineshaft_contract::{Bounds, HistoryMode, HistoryRequest};
use lineshaft_model::{ClockSource, Quality, Reason, Sample, Timestamp, Value};

fn computed(ts: i64, value: Value, quality: Quality) -> Sample {
    Sample::new(Timestamp::from_nanos(ts), value, quality, ClockSource::Arrival)
}

fn nothing(ts: i64, odd: Option<Quality>) -> Sample {
    let reason = odd.map_or(Reason::NotYet, Quality::reason);
    computed(ts, Value::Null, Quality::bad(reason))
}

fn number(sample: &Sample) -> Option<f64> {
    if sample.quality.is_good() { sample.value.as_f64() } else { None }
}

fn sloped(sample: &Sample) -> bool {
    matches!(sample.value, Value::Int(_) | Value::Uint(_) | Value::Float(_))
}

/// The numbers of these tests are small: a double orders them.
fn order(a: &Sample, b: &Sample) -> Ordering {
    a.value.as_f64().unwrap().total_cmp(&b.value.as_f64().unwrap())
}

fn lowest<'a>(of: impl Iterator<Item = &'a Sample>) -> Option<&'a Sample> {
    of.filter(|sample| number(sample).is_some()).min_by(|a, b| order(a, b))
}

fn highest<'a>(of: impl DoubleEndedIterator<Item = &'a Sample>) -> Option<&'a Sample> {
    // `max_by` gives the last of equals, and the first is wanted.
    of.rev().filter(|sample| number(sample).is_some()).max_by(|a, b| order(a, b))
}

pub(crate) fn answer(all: &[Sample], request: &HistoryRequest, now: i64) -> Vec<Sample> {
    let inside = inside(all, request, now);
    if request.bounds == Bounds::Inside {
        return inside;
    }
    let before = all.iter().rfind(|sample| sample.ts < request.start).cloned();
    let after = all.iter().find(|sample| sample.ts >= request.end).cloned();
    before.into_iter().chain(inside).chain(after).collect()
}

fn inside(all: &[Sample], request: &HistoryRequest, now: i64) -> Vec<Sample> {
    let (start, end) = (request.start.nanos(), request.end.nanos());
    let within = |from: i64, to: i64| {
        all.iter().filter(move |sample| (from..to).contains(&sample.ts.nanos()))
    };
    if request.mode == HistoryMode::Raw {
        return within(start, end).cloned().collect();
    }
    if request.mode == HistoryMode::Plot {
        return plot(&within(start, end).collect::<Vec<_>>(), start, end, request.points / 4);
    }
    let step = i64::try_from(request.interval.as_nanos()).unwrap();
    let mut out = Vec::new();
    let mut from = start;
    while from < end {
        let to = (from + step).min(end);
        let samples = || within(from, to);
        let odd = || samples().find(|sample| !sample.quality.is_good()).map(|s| s.quality);
        let good = || samples().filter(|sample| sample.quality.is_good());
        out.push(match request.mode {
            HistoryMode::Count => computed(from, Value::Uint(good().count() as u64), Quality::GOOD),
            HistoryMode::Average => {
                let numbers: Vec<f64> = good().filter_map(number).collect();
                if numbers.is_empty() {
                    nothing(from, odd())
                } else {
                    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
                    computed(from, Value::Float(mean), Quality::GOOD)
                }
            }
            HistoryMode::Minimum | HistoryMode::Maximum => {
                let good: Vec<&Sample> = good().collect();
                let found = if request.mode == HistoryMode::Minimum {
                    lowest(good.into_iter())
                } else {
                    highest(good.into_iter())
                };
                found.cloned().unwrap_or_else(|| nothing(from, odd()))
            }
            HistoryMode::TimeAverage => time_average(all, from, to, request, now),
            _ => interpolated(all, from, request, now),
        });
        from = to;
    }
    out
}

fn plot(samples: &[&Sample], start: i64, end: i64, columns: u32) -> Vec<Sample> {
    let (columns, span) = (i128::from(columns), i128::from(end) - i128::from(start));
    let mut out = Vec::new();
    for column in 0..columns {
        let here: Vec<&Sample> = samples
            .iter()
            .filter(|s| (i128::from(s.ts.nanos()) - i128::from(start)) * columns / span == column)
            .copied()
            .collect();
        let good: Vec<&Sample> = here.iter().filter(|s| s.quality.is_good()).copied().collect();
        let mut chosen: Vec<&Sample> = Vec::new();
        for sample in [
            good.first().copied(),
            lowest(good.iter().copied()),
            highest(good.iter().copied()),
            good.last().copied(),
            here.iter().find(|sample| !sample.quality.is_good()).copied(),
            here.iter().find(|sample| sample.quality.is_bad()).copied(),
        ]
        .into_iter()
        .flatten()
        {
            if !chosen.contains(&sample) {
                chosen.push(sample);
            }
        }
        chosen.sort_by_key(|sample| sample.ts);
        out.extend(chosen.into_iter().cloned());
    }
    out
}

fn time_average(all: &[Sample], from: i64, to: i64, asked: &HistoryRequest, now: i64) -> Sample {
    let (mut integral, mut held, mut odd) = (0.0, 0, None);
    for (at, sample) in all.iter().enumerate() {
        let next = all.get(at + 1);
        let until = next.map_or(now, |next| next.ts.nanos());
        let (a, b) = (sample.ts.nanos().max(from), until.min(to));
        if a >= b {
            continue;
        }
        let Some(value) = number(sample) else {
            odd.get_or_insert(sample.quality);
            continue;
        };
        let line = next.filter(|next| !asked.step && sloped(sample) && sloped(next));
        let mean = match line.and_then(number) {
            None => value,
            Some(next) => {
                let part =
                    |ts: i64| (ts - sample.ts.nanos()) as f64 / (until - sample.ts.nanos()) as f64;
                value + (next - value) * (part(a) + part(b)) / 2.0
            }
        };
        integral += mean * (b - a) as f64;
        held += b - a;
    }
    if held == 0 {
        return nothing(from, odd);
    }
    computed(from, Value::Float(integral / held as f64), Quality::GOOD)
}

fn interpolated(all: &[Sample], at: i64, asked: &HistoryRequest, now: i64) -> Sample {
    let after = all.partition_point(|sample| sample.ts.nanos() <= at);
    let Some(before) = after.checked_sub(1).map(|index| &all[index]) else {
        return nothing(at, None);
    };
    let next = all.get(after);
    if before.ts.nanos() == at {
        return before.clone();
    }
    if next.is_none() && at > now {
        return nothing(at, None);
    }
    if !before.quality.is_good() {
        return nothing(at, Some(before.quality));
    }
    let held = |quality| Sample { ts: Timestamp::from_nanos(at), quality, ..before.clone() };
    if asked.step || !sloped(before) {
        return held(Quality::GOOD);
    }
    match next {
        None => held(Quality::uncertain(Reason::NotYet)),
        Some(next) if !next.quality.is_good() => held(Quality::uncertain(next.quality.reason())),
        Some(next) if !sloped(next) => held(Quality::GOOD),
        Some(next) => {
            let (a, b) = (before.value.as_f64().unwrap(), next.value.as_f64().unwrap());
            let span = (next.ts.nanos() - before.ts.nanos()) as f64;
            let part = (at - before.ts.nanos()) as f64 / span;
            computed(at, Value::Float(a + (b - a) * part), Quality::GOOD)
        }
    }
}
