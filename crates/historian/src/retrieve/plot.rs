//! The picture of a trend: exact M4.
//!
//! Of each pixel column the first, last, lowest and highest good sample, in order of time, so that lines drawn
//! between them cover the same pixels as lines between all samples would. Beside them, so that gaps are seen,
//! the first sample of the column that is not good and the first bad one: those come on top of `points`.
//! Text has no lowest and highest.
//!
//! Source: Jugel et al., *M4: A Visualization-Oriented Time Series Data Aggregation*, VLDB 2014.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use lineshaft_contract::{HistoryError, HistoryRequest};
use lineshaft_model::Sample;

use super::Limit;
use super::scan::{Fold, Page, Take, View};
use crate::limits::INTERVALS_MAX;
use crate::rows::compare;
use crate::statistics::Picture;

struct Plot {
    start: i128,
    span: i128,
    columns: i128,
    column: i128,
    current: Column,
    samples: Vec<Sample>,
}

#[derive(Default)]
struct Column {
    first: Option<Sample>,
    last: Option<Sample>,
    lowest: Option<Sample>,
    highest: Option<Sample>,
    odd: Option<Sample>,
    bad: Option<Sample>,
}

impl Column {
    /// Of equals the earliest stays.
    fn extreme(of: &mut Option<Sample>, sample: &Sample, wanted: Ordering) {
        let order = match of {
            Some(known) => compare(&sample.value, &known.value),
            None => compare(&sample.value, &sample.value).map(|_| wanted),
        };
        if order == Some(wanted) {
            *of = Some(sample.clone());
        }
    }

    fn add_odd(&mut self, sample: &Sample) {
        if self.odd.is_none() {
            self.odd = Some(sample.clone());
        }
        if self.bad.is_none() && sample.quality.is_bad() {
            self.bad = Some(sample.clone());
        }
    }

    fn finish(self, out: &mut Vec<Sample>) {
        let start = out.len();
        let (odd, bad) = (self.odd, self.bad);
        let good = [self.first, self.lowest, self.highest, self.last];
        for sample in good.into_iter().flatten().chain(odd).chain(bad) {
            let same = |known: &Sample| {
                (known.ts, known.quality, known.clock) == (sample.ts, sample.quality, sample.clock)
                    && known.value.same_bits(&sample.value)
            };
            if !out[start..].iter().any(same) {
                out.push(sample);
            }
        }
        out[start..].sort_by_key(|sample| sample.ts);
    }
}

impl Plot {
    fn column_of(&self, ts: i64) -> i128 {
        (i128::from(ts) - self.start) * self.columns / self.span
    }

    fn go_to(&mut self, ts: i64) {
        let column = self.column_of(ts);
        if column != self.column {
            std::mem::take(&mut self.current).finish(&mut self.samples);
            self.column = column;
        }
    }
}

impl Fold for Plot {
    fn takes(&self, page: &Picture) -> Take {
        let within = self.column_of(page.first) == self.column_of(page.last);
        if within && page.is_drawn() { Take::Picture } else { Take::Samples }
    }

    fn page(&mut self, page: &Page<'_>) {
        self.go_to(page.picture.first);
        if let Some(extremes) = page.picture.extremes() {
            let current = &mut self.current;
            Column::extreme(&mut current.lowest, &extremes.lowest, Ordering::Less);
            Column::extreme(&mut current.highest, &extremes.highest, Ordering::Greater);
            current.first.get_or_insert(extremes.first);
            current.last = Some(extremes.last);
        }
        page.exceptions().for_each(|sample| self.current.add_odd(sample));
    }

    fn sample(&mut self, sample: Sample) -> ControlFlow<()> {
        self.go_to(sample.ts.nanos());
        let current = &mut self.current;
        if !sample.quality.is_good() {
            current.add_odd(&sample);
            return ControlFlow::Continue(());
        }
        Column::extreme(&mut current.lowest, &sample, Ordering::Less);
        Column::extreme(&mut current.highest, &sample, Ordering::Greater);
        if current.first.is_none() {
            current.first = Some(sample.clone());
        }
        current.last = Some(sample);
        ControlFlow::Continue(())
    }
}

pub(super) fn read(
    view: &View,
    request: &HistoryRequest,
    limit: &Limit<'_>,
) -> Result<Vec<Sample>, HistoryError> {
    let columns = i128::from(request.points / 4);
    if !(1..=INTERVALS_MAX).contains(&columns) {
        let most = 4 * INTERVALS_MAX;
        return Err(HistoryError::Request(format!("points must be from 4 to {most}")));
    }
    let (start, end) = (request.start.nanos(), request.end.nanos());
    let mut plot = Plot {
        start: i128::from(start),
        span: i128::from(end) - i128::from(start),
        columns,
        column: 0,
        current: Column::default(),
        samples: Vec::new(),
    };
    view.scan(start, end, limit, &mut plot)?;
    plot.current.finish(&mut plot.samples);
    Ok(plot.samples)
}
