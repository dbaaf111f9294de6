//! Count, mean and extremes of the good samples of each interval.
//!
//! The mean is of numbers (on counts as 1); text is counted and nothing else. An interval without a good sample
//! is null and bad with the reason of its first sample, or "not yet" when it has none: never 0.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use lineshaft_contract::{HistoryError, HistoryMode};
use lineshaft_model::{Quality, Sample, Timestamp, Value};

use super::scan::{Fold, Page, Take, View};
use super::{Intervals, Limit, computed, nothing};
use crate::rows::compare;
use crate::statistics::{Picture, number_of};

struct Tally {
    intervals: Intervals,
    mode: HistoryMode,
    index: i64,
    good: u64,
    numbers: u64,
    sum: f64,
    extreme: Option<Sample>,
    odd: Option<Quality>,
    samples: Vec<Sample>,
}

impl Tally {
    fn new(intervals: Intervals, mode: HistoryMode) -> Tally {
        Tally {
            intervals,
            mode,
            index: 0,
            good: 0,
            numbers: 0,
            sum: 0.0,
            extreme: None,
            odd: None,
            samples: Vec::new(),
        }
    }

    /// Closes intervals up to, not including, `index`.
    fn go_to(&mut self, index: i64) {
        while self.index < index {
            let start = self.intervals.start_of(self.index);
            let value = match self.mode {
                HistoryMode::Count => Some(Value::Uint(self.good)), // none is a number, too
                HistoryMode::Average if self.numbers > 0 => {
                    Some(Value::Float(self.sum / self.numbers as f64))
                }
                _ => None,
            };
            let sample = match (value, self.extreme.take()) {
                (Some(value), _) => computed(start, value),
                (None, Some(extreme)) => extreme,
                (None, None) => nothing(start, self.odd),
            };
            self.samples.push(sample);
            (self.good, self.numbers, self.sum, self.odd) = (0, 0, 0.0, None);
            self.index += 1;
        }
    }

    fn offer(&mut self, sample: &Sample) {
        let wanted = match self.mode {
            HistoryMode::Minimum => Ordering::Less,
            HistoryMode::Maximum => Ordering::Greater,
            _ => return,
        };
        let order = match &self.extreme {
            Some(known) => compare(&sample.value, &known.value),
            None => compare(&sample.value, &sample.value).map(|_| wanted),
        };
        if order == Some(wanted) {
            self.extreme = Some(sample.clone());
        }
    }
}

impl Fold for Tally {
    fn takes(&self, page: &Picture) -> Take {
        if self.intervals.index(page.first) != self.intervals.index(page.last) {
            return Take::Samples;
        }
        match self.mode {
            HistoryMode::Count => Take::Picture,
            _ if !page.is_drawn() => Take::Samples,
            HistoryMode::Average => Take::Sums,
            _ => Take::Picture,
        }
    }

    fn page(&mut self, page: &Page<'_>) {
        self.go_to(self.intervals.index(page.picture.first));
        let good = u64::from(page.picture.good);
        self.good += good;
        self.numbers += good;
        self.sum += page.sums.sum;
        if let Some(extremes) = page.picture.extremes() {
            self.offer(&extremes.lowest);
            self.offer(&extremes.highest);
        }
        if let Some(odd) = page.exceptions().next() {
            self.odd.get_or_insert(odd.quality);
        }
    }

    fn sample(&mut self, sample: Sample) -> ControlFlow<()> {
        self.go_to(self.intervals.index(sample.ts.nanos()));
        if !sample.quality.is_good() {
            self.odd.get_or_insert(sample.quality);
            return ControlFlow::Continue(());
        }
        self.good += 1;
        if let Some(number) = number_of(&sample) {
            self.numbers += 1;
            self.sum += number;
        }
        self.offer(&sample);
        ControlFlow::Continue(())
    }
}

pub(super) fn read(
    view: &View,
    intervals: Intervals,
    mode: HistoryMode,
    limit: &Limit<'_>,
) -> Result<Vec<Sample>, HistoryError> {
    let mut tally = Tally::new(intervals, mode);
    view.scan(intervals.start, intervals.end, limit, &mut tally)?;
    tally.go_to(intervals.count);
    debug_assert!(tally.samples.iter().all(|sample| sample.ts >= Timestamp::MIN));
    Ok(tally.samples)
}
