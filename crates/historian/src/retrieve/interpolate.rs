//! The value at the start of each interval.
//!
//! A sample at exactly that instant is the answer, good or not. Otherwise a state holds from the sample before,
//! and a measurement is on the line to the sample after; where that one is missing or not good, the value before
//! holds and is uncertain, with the reason. A sample before that is not good gives null and its reason; no
//! sample before, and any instant after the newest sample and after now, is null and "not yet".

use std::ops::ControlFlow;

use lineshaft_contract::{HistoryError, HistoryRequest};
use lineshaft_model::{Quality, Reason, Sample, Timestamp, Value};

use super::scan::{Fold, Page, Take, View};
use super::{Intervals, Limit, computed, nothing};
use crate::statistics::{Picture, is_sloped};

struct Interpolate {
    intervals: Intervals,
    step: bool,
    now: i64,
    /// The interval whose start is to be answered next.
    index: i64,
    before: Option<Sample>,
    samples: Vec<Sample>,
}

impl Interpolate {
    /// Answers all starts before `ts`, where `next` stands if anything does.
    fn answer_until(&mut self, ts: i64, next: Option<&Sample>) {
        while self.index < self.intervals.count && self.intervals.start_of(self.index) < ts {
            let at = self.intervals.start_of(self.index);
            self.samples.push(self.value_at(at, next));
            self.index += 1;
        }
    }

    fn value_at(&self, at: i64, next: Option<&Sample>) -> Sample {
        let Some(before) = &self.before else { return nothing(at, None) };
        if before.ts.nanos() == at {
            return before.clone();
        }
        if next.is_none() && at > self.now {
            return nothing(at, None);
        }
        if !before.quality.is_good() {
            return nothing(at, Some(before.quality));
        }
        let held = |quality| {
            let ts = Timestamp::from_nanos(at);
            Sample { ts, quality, ..before.clone() }
        };
        if self.step || !is_sloped(&before.value) {
            return held(Quality::GOOD);
        }
        let Some(next) = next else { return held(Quality::uncertain(Reason::NotYet)) };
        if !next.quality.is_good() {
            return held(Quality::uncertain(next.quality.reason()));
        }
        match (before.value.as_f64(), next.value.as_f64()) {
            (Some(from), Some(to)) if is_sloped(&next.value) => {
                let span = next.ts.nanos().saturating_sub(before.ts.nanos()) as f64;
                let part = at.saturating_sub(before.ts.nanos()) as f64 / span;
                computed(at, Value::Float((to - from).mul_add(part, from)))
            }
            _ => held(Quality::GOOD),
        }
    }
}

impl Fold for Interpolate {
    fn takes(&self, page: &Picture) -> Take {
        let pending = self.intervals.start_of(self.index);
        let next = if pending < page.first {
            // Answered by the first sample of the page; what counts is the start after that.
            self.intervals.start_of(self.intervals.index(page.first - 1) + 1)
        } else {
            pending
        };
        let untouched = next > page.last;
        let ends = page.first_is_good() && page.last_is_good();
        if untouched && ends && page.is_drawn() { Take::Picture } else { Take::Samples }
    }

    fn page(&mut self, page: &Page<'_>) {
        let Some(extremes) = page.picture.extremes() else { return };
        self.answer_until(extremes.first.ts.nanos(), Some(&extremes.first));
        self.before = Some(extremes.last);
    }

    fn sample(&mut self, sample: Sample) -> ControlFlow<()> {
        self.answer_until(sample.ts.nanos(), Some(&sample));
        self.before = Some(sample);
        if self.index >= self.intervals.count {
            return ControlFlow::Break(());
        }
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
    let before = view.before(intervals.start, limit)?;
    let mut fold =
        Interpolate { intervals, step: request.step, now, index: 0, before, samples: Vec::new() };
    view.scan(intervals.start, intervals.end, limit, &mut fold)?;
    if fold.index < intervals.count {
        let after = view.after(intervals.end, limit)?;
        fold.answer_until(i64::MAX, after.as_ref());
    }
    Ok(fold.samples)
}
