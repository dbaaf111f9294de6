//! A whole span in a few numbers: extremes, mean, deviation, how long it was good.
//!
//! Time is counted as in `time_average`: what a sample says holds until the next one, whatever that says; for a
//! measurement the line to the next good number counts instead. Time after a sample that is not good is counted as such
//! and takes no part in mean and deviation. The sample before the span and the one after it take part; after the newest
//! sample of all it holds until now and not beyond.
//!
//! Parts are put together by their means and the squared distances from these, so that a small deviation of large values
//! keeps its digits.
//!
//! Source: Chan, Golub, LeVeque, *Updating Formulae and a Pairwise Algorithm for Computing Sample Variances*, 1979.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::time::Duration;

use lineshaft_contract::{HistoryError, Statistics, StatisticsRequest};
use lineshaft_model::{Quality, Sample, Value};

use super::Limit;
use super::scan::{Fold, Page, Take, View};
use crate::rows::compare;
use crate::statistics::{Picture, is_same, is_sloped, line_spread, number_of};

/// Mean and squared distance from it, of what held for so many seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    seconds: f64,
    mean: f64,
    spread: f64,
}

impl Moments {
    fn add(&mut self, part: Moments) {
        if part.seconds <= 0.0 {
            return;
        }
        let seconds = self.seconds + part.seconds;
        let apart = part.mean - self.mean;
        self.spread += part.spread + apart * apart * (self.seconds * part.seconds / seconds);
        self.mean += apart * (part.seconds / seconds);
        self.seconds = seconds;
    }
}

/// A sample as a corner of the curve.
#[derive(Debug, Clone, Copy)]
struct Corner {
    ts: i64,
    number: Option<f64>,
    sloped: bool,
    quality: Quality,
}

impl Corner {
    fn of(sample: &Sample) -> Corner {
        Corner {
            ts: sample.ts.nanos(),
            number: number_of(sample),
            sloped: is_sloped(&sample.value),
            quality: sample.quality,
        }
    }
}

/// How many nanoseconds of each quality.
#[derive(Debug, Clone, Copy, Default)]
struct Lengths {
    good: i64,
    uncertain: i64,
    bad: i64,
}

impl Lengths {
    fn add(&mut self, quality: Quality, nanos: i64) {
        let of = if quality.is_good() {
            &mut self.good
        } else if quality.is_bad() {
            &mut self.bad
        } else {
            &mut self.uncertain
        };
        *of = of.saturating_add(nanos);
    }
}

struct Span {
    start: i64,
    end: i64,
    step: bool,
    before: Option<Corner>,
    lengths: Lengths,
    moments: Moments,
    transitions: u64,
    /// The value of the good sample before.
    held: Option<Value>,
    found: Statistics,
}

impl Span {
    /// Adds the curve from the corner before up to `to`, where `next` stands if anything does.
    fn stretch(&mut self, to: i64, next: Option<Corner>) {
        let Some(from) = self.before else { return };
        let (start, end) = (from.ts.max(self.start), to.min(self.end));
        if start >= end {
            return;
        }
        let nanos = end.saturating_sub(start);
        self.lengths.add(from.quality, nanos);
        let Some(value) = from.number else { return };
        let line = next.filter(|next| !self.step && from.sloped && next.sloped);
        let (at_start, at_end) = match line.and_then(|next| next.number) {
            None => (value, value),
            Some(next) => {
                let slope = (next - value) / to.saturating_sub(from.ts) as f64;
                let at = |ts: i64| slope.mul_add(ts.saturating_sub(from.ts) as f64, value);
                (at(start), if end == to { next } else { at(end) })
            }
        };
        let (seconds, mean) = (nanos as f64 / 1e9, f64::midpoint(at_start, at_end));
        let spread = line_spread(at_start, at_end, mean) * seconds;
        self.moments.add(Moments { seconds, mean, spread });
    }

    fn corner(&mut self, corner: Corner) {
        self.stretch(corner.ts, Some(corner));
        self.before = Some(corner);
    }

    /// A good value after the one before; it changed if they differ.
    fn turn(&mut self, value: &Value) {
        if self.step && self.held.as_ref().is_some_and(|held| !is_same(held, value)) {
            self.transitions += 1;
        }
    }

    fn offer(&mut self, sample: &Sample) {
        let extreme = |of: &mut Option<Sample>, wanted: Ordering| {
            let order = match of {
                Some(known) => compare(&sample.value, &known.value),
                None => compare(&sample.value, &sample.value).map(|_number| wanted),
            };
            if order == Some(wanted) {
                *of = Some(sample.clone());
            }
        };
        extreme(&mut self.found.minimum, Ordering::Less);
        extreme(&mut self.found.maximum, Ordering::Greater);
    }

    fn finish(self) -> Statistics {
        let Lengths { good, uncertain, bad } = self.lengths;
        let length = |nanos: i64| Duration::from_nanos(nanos.max(0).unsigned_abs());
        let known = length(good) + length(uncertain) + length(bad);
        // Wider than an instant: from the first to the last there is, the distance does not fit one.
        let whole = Duration::from_nanos(self.end.abs_diff(self.start));
        let measured = self.moments.seconds > 0.0;
        Statistics {
            good: length(good),
            uncertain: length(uncertain),
            bad: length(bad),
            unknown: whole.saturating_sub(known),
            average: measured.then_some(self.moments.mean),
            stddev: measured.then(|| (self.moments.spread / self.moments.seconds).max(0.0).sqrt()),
            transitions: self.step.then_some(self.transitions),
            ..self.found
        }
    }
}

impl Fold for Span {
    fn takes(&self, page: &Picture) -> Take {
        // The ends must be known as samples, to tie the page to its neighbours; and what is not good all of one kind.
        let ends = page.first_is_good() && page.last_is_good();
        let odd = page.count - page.good;
        let of_one_kind = page.uncertain == 0 || page.uncertain == odd;
        if ends && of_one_kind && page.is_drawn() { Take::Spread } else { Take::Samples }
    }

    fn page(&mut self, page: &Page<'_>) {
        let (Some(extremes), Some(spread)) = (page.picture.extremes(), page.sums.spread) else {
            return;
        };
        self.corner(Corner::of(&extremes.first));
        let picture = page.picture;
        self.found.count += u64::from(picture.count);
        self.found.good_count += u64::from(picture.good);
        let held = page.sums.held;
        self.lengths.add(Quality::GOOD, held);
        let rest = picture.last.saturating_sub(picture.first).saturating_sub(held);
        match page.exceptions().next() {
            Some(odd) => self.lengths.add(odd.quality, rest),
            None => debug_assert_eq!(rest, 0),
        }
        if held > 0 {
            let seconds = held as f64 / 1e9;
            let sloped = !self.step && is_sloped(&extremes.first.value);
            let (integral, spread) = if sloped {
                (page.sums.linear, spread.linear)
            } else {
                (page.sums.step, spread.step)
            };
            self.moments.add(Moments { seconds, mean: integral / seconds, spread });
        }
        self.turn(&extremes.first.value);
        self.transitions += u64::from(spread.transitions);
        self.held = Some(extremes.last.value.clone());
        self.offer(&extremes.lowest);
        self.offer(&extremes.highest);
        self.found.first.get_or_insert(extremes.first);
        self.before = Some(Corner::of(&extremes.last));
        self.found.last = Some(extremes.last);
    }

    fn sample(&mut self, sample: Sample) -> ControlFlow<()> {
        self.corner(Corner::of(&sample));
        self.found.count += 1;
        if sample.quality.is_good() {
            self.found.good_count += 1;
            self.turn(&sample.value);
            self.held = Some(sample.value.clone());
            self.offer(&sample);
            if self.found.first.is_none() {
                self.found.first = Some(sample.clone());
            }
            self.found.last = Some(sample);
        }
        ControlFlow::Continue(())
    }
}

pub(super) fn read(
    view: &View,
    request: &StatisticsRequest,
    now: i64,
    limit: &Limit<'_>,
) -> Result<Statistics, HistoryError> {
    let (start, end) = (request.start.nanos(), request.end.nanos());
    let before = view.before(start, limit)?;
    let held = before.as_ref().filter(|before| before.quality.is_good());
    let mut span = Span {
        start,
        end,
        step: request.step,
        held: held.map(|before| before.value.clone()),
        before: before.as_ref().map(Corner::of),
        lengths: Lengths::default(),
        moments: Moments::default(),
        transitions: 0,
        found: Statistics::default(),
    };
    view.scan(start, end, limit, &mut span)?;
    match view.after(end, limit)? {
        Some(after) => span.corner(Corner::of(&after)),
        None => span.stretch(now, None),
    }
    Ok(span.finish())
}
