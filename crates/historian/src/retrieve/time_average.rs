//! The mean of each interval weighted by how long each value held.
//!
//! A good number holds until the next sample, whatever that says; for a measurement the line to the next good
//! number counts instead. Time after a sample that is not good, or no number, does not count. The sample before
//! the first interval and the one after the last take part; after the newest sample of all its value holds
//! until now and not beyond. An interval in which nothing held is null and bad.

use std::ops::ControlFlow;

use lineshaft_contract::{HistoryError, HistoryRequest};
use lineshaft_model::{Quality, Sample, Value};

use super::scan::{Fold, Page, Take, View};
use super::{Intervals, Limit, computed, nothing};
use crate::statistics::{Picture, is_sloped, number_of};

#[derive(Debug, Clone, Copy, Default)]
struct Held {
    integral: f64,
    nanos: i64,
    odd: Option<Quality>,
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

struct TimeAverage {
    intervals: Intervals,
    step: bool,
    held: Vec<Held>,
    before: Option<Corner>,
}

impl TimeAverage {
    /// Adds the curve from the corner before up to `to`, where `next` stands if anything does.
    fn span(&mut self, to: i64, next: Option<Corner>) {
        let Some(from) = self.before else { return };
        let (start, end) = (from.ts.max(self.intervals.start), to.min(self.intervals.end));
        if start >= end {
            return;
        }
        let slope = next.filter(|next| !self.step && from.sloped && next.sloped);
        let slope = slope
            .and_then(|next| next.number)
            .zip(from.number)
            .map(|(next, value)| (next - value) / to.saturating_sub(from.ts) as f64);
        let mut at = start;
        while at < end {
            let index = self.intervals.index(at);
            let until = self.intervals.end_of(index).min(end);
            let held = &mut self.held[index as usize];
            match from.number {
                None => {
                    held.odd.get_or_insert(from.quality);
                }
                Some(value) => {
                    // The value half way is the mean of a straight line.
                    let half = at.saturating_sub(from.ts) as f64 + (until - at) as f64 / 2.0;
                    let mean = slope.map_or(value, |slope| slope.mul_add(half, value));
                    held.integral += mean * ((until - at) as f64 / 1e9);
                    held.nanos += until - at;
                }
            }
            at = until;
        }
    }

    fn corner(&mut self, corner: Corner) {
        self.span(corner.ts, Some(corner));
        self.before = Some(corner);
    }
}

impl Fold for TimeAverage {
    fn takes(&self, page: &Picture) -> Take {
        let within = self.intervals.index(page.first) == self.intervals.index(page.last);
        // The ends must be known as samples, to tie the page to its neighbours.
        let ends = page.first_is_good() && page.last_is_good();
        if within && ends && page.is_drawn() { Take::Sums } else { Take::Samples }
    }

    fn page(&mut self, page: &Page<'_>) {
        let Some(extremes) = page.picture.extremes() else { return };
        self.corner(Corner::of(&extremes.first));
        let sloped = !self.step && is_sloped(&extremes.first.value);
        let held = &mut self.held[self.intervals.index(page.picture.first) as usize];
        held.integral += if sloped { page.sums.linear } else { page.sums.step };
        held.nanos += page.sums.held;
        if let Some(odd) = page.exceptions().next() {
            held.odd.get_or_insert(odd.quality);
        }
        self.before = Some(Corner::of(&extremes.last));
    }

    fn sample(&mut self, sample: Sample) -> ControlFlow<()> {
        self.corner(Corner::of(&sample));
        ControlFlow::Continue(())
    }
}

pub(super) fn read(
    view: &View,
    intervals: Intervals,
    request: &HistoryRequest,
    now: i64,
    limit: &Limit<'_>,
) -> Result<Vec<Sample>, HistoryError> {
    let before = view.before(intervals.start, limit)?.map(|sample| Corner::of(&sample));
    let held = vec![Held::default(); intervals.count as usize];
    let mut average = TimeAverage { intervals, step: request.step, held, before };
    view.scan(intervals.start, intervals.end, limit, &mut average)?;
    match view.after(intervals.end, limit)? {
        Some(after) => average.corner(Corner::of(&after)),
        None => average.span(now, None),
    }
    let answer = average.held.iter().zip(0_i64..).map(|(held, index)| {
        let start = intervals.start_of(index);
        if held.nanos == 0 {
            return nothing(start, held.odd);
        }
        computed(start, Value::Float(held.integral / (held.nanos as f64 / 1e9)))
    });
    Ok(answer.collect())
}
