//! Every sample as it was stored, in pages.

use std::ops::ControlFlow;

use lineshaft_contract::{Cursor, HistoryError, HistoryPage, HistoryRequest};
use lineshaft_model::Sample;

use super::Limit;
use super::scan::{Fold, Page, Take, View};
use crate::statistics::Picture;

struct Raw {
    samples: Vec<Sample>,
    limit: usize,
    /// What the page before has given of the first instant.
    skip: Option<Cursor>,
    skipped: u32,
    more: bool,
}

impl Fold for Raw {
    fn takes(&self, _page: &Picture) -> Take {
        Take::Samples
    }

    fn page(&mut self, _page: &Page<'_>) {}

    fn sample(&mut self, sample: Sample) -> ControlFlow<()> {
        if let Some(skip) = self.skip
            && sample.ts == skip.ts
            && self.skipped < skip.given
        {
            self.skipped += 1;
            return ControlFlow::Continue(());
        }
        if self.samples.len() == self.limit {
            self.more = true;
            return ControlFlow::Break(());
        }
        self.samples.push(sample);
        ControlFlow::Continue(())
    }
}

pub(super) fn read(
    view: &View,
    request: &HistoryRequest,
    limit: &Limit<'_>,
) -> Result<HistoryPage, HistoryError> {
    let start = request.after.map_or(request.start, |after| after.ts.max(request.start));
    let skip = request.after.filter(|after| after.ts >= request.start);
    let mut raw =
        Raw { samples: Vec::new(), limit: request.limit as usize, skip, skipped: 0, more: false };
    view.scan(start.nanos(), request.end.nanos(), limit, &mut raw)?;
    let next = raw.samples.last().filter(|_| raw.more).map(|last| {
        let here = raw.samples.iter().rev().take_while(|sample| sample.ts == last.ts).count();
        let before = skip.filter(|skip| skip.ts == last.ts).map_or(0, |skip| skip.given);
        Cursor { ts: last.ts, given: before + here as u32 }
    });
    Ok(HistoryPage { samples: raw.samples, next })
}
