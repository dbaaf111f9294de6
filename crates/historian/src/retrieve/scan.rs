//! Goes through the samples of one tag in order, over memory and segments as one.
//!
//! Whole pages are offered with their statistics where nothing from elsewhere falls between their samples;
//! everything else is decoded and merged by instant and order of arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use lineshaft_contract::HistoryError;
use lineshaft_model::{Sample, TagId, TagPath};

use super::Limit;
use crate::chunk::ChunkReader;
use crate::rows::Rows;
use crate::segment::{Segment, Store, TagEntry};
use crate::statistics::{Picture, Pictures, Sums};

/// What a mode does with what the scan finds. Everything comes in order.
pub(super) trait Fold {
    /// Whether a page from `first` to `last` (instants) may be given whole instead of its samples.
    fn takes(&self, page: &Picture) -> Take;
    /// A whole page.
    fn page(&mut self, page: &Page<'_>);
    /// One sample.
    fn sample(&mut self, sample: Sample) -> ControlFlow<()>;
}

/// How a page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// As its samples.
    Samples,
    /// Whole, with its picture.
    Picture,
    /// Whole, with picture and sums.
    Sums,
    /// The same, if the sums say how far the values spread; as its samples otherwise.
    Spread,
}

/// A page given whole.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) picture: &'a Picture,
    /// Only there when asked for.
    pub(super) sums: Sums,
    pictures: &'a Pictures,
    index: usize,
}

impl Page<'_> {
    /// The first sample that is not good and the first bad one.
    pub(super) fn exceptions(&self) -> impl Iterator<Item = &Sample> {
        self.pictures.exceptions(self.index)
    }
}

/// Everything that has samples of the tag, at one moment.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) store: Arc<Store>,
    pub(crate) tag: TagId,
    pub(crate) path: TagPath,
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Samples in memory, in order of arrival among each other; all arrived after those of the segments.
    pub(crate) memory: Vec<Rows>,
}

/// A source of samples in order of time: one segment, or one generation in memory.
struct Source<'a> {
    origin: Origin<'a>,
    /// The next page, if pages are known.
    unit: usize,
    /// The decoded page and the next row of it.
    rows: Option<(Rows, usize)>,
}

enum Origin<'a> {
    Memory,
    Segment { segment: &'a Arc<Segment>, opened: Option<Box<Opened>> },
}

#[derive(Default)]
struct Opened {
    entry: Arc<TagEntry>,
    pictures: Option<Arc<Pictures>>,
    units: Vec<Unit>,
    /// The chunk read last, with its tables.
    reader: Option<(usize, ChunkReader)>,
}

/// A page, or a whole chunk where pages are not known.
#[derive(Debug, Clone, Copy)]
struct Unit {
    chunk: u32,
    /// Within the chunk; `None` for all of it.
    page: Option<u32>,
    first: i64,
    last: i64,
}

impl Source<'_> {
    const fn is_unopened(&self) -> bool {
        matches!(self.origin, Origin::Segment { opened: None, .. })
    }

    /// The next page, if it is not decoded yet and wholly within the question.
    fn whole_unit(&self, start: i64, end: i64) -> Option<Unit> {
        let Origin::Segment { opened: Some(opened), .. } = &self.origin else { return None };
        let unit = opened.units.get(self.unit).filter(|_| self.rows.is_none())?;
        (unit.first >= start && unit.last < end).then_some(*unit)
    }
}

/// The next instant of a source, and which; sources are numbered in order of arrival.
type Head = Reverse<(i64, usize)>;

impl View {
    fn failed(segment: &Segment) -> impl FnOnce(io::Error) -> HistoryError + '_ {
        |source| HistoryError::Storage { file: segment.name.clone(), source }
    }

    fn open(&self, segment: &Arc<Segment>) -> Result<Option<Opened>, HistoryError> {
        let found = self.store.tag(segment, self.tag, &self.path);
        let Some(entry) = found.map_err(View::failed(segment))? else { return Ok(None) };
        let pictures = self.store.pictures(segment, self.tag, &entry);
        let pictures = pictures.map_err(View::failed(segment))?;
        let mut units = Vec::new();
        for (chunk, at) in entry.chunks.iter().zip(0_u32..) {
            units.push(Unit { chunk: at, page: None, first: chunk.first, last: chunk.last });
        }
        if let Some(pictures) = &pictures {
            units = units_of(&entry, pictures);
        }
        Ok(Some(Opened { entry, pictures, units, reader: None }))
    }

    fn load(
        &self,
        segment: &Segment,
        opened: &mut Opened,
        at: usize,
    ) -> Result<Rows, HistoryError> {
        let unit = opened.units[at];
        let (chunk, entry) = (unit.chunk as usize, &opened.entry.chunks[unit.chunk as usize]);
        if opened.reader.as_ref().is_none_or(|(of, _)| *of != chunk) {
            let reader = self.store.chunk(segment, entry).map_err(View::failed(segment))?;
            opened.reader = Some((chunk, reader));
        }
        let Some((_, reader)) = &mut opened.reader else { return Ok(Rows::default()) };
        let read = |reader: &mut ChunkReader, page| {
            self.store.page(segment, entry, reader, page).map_err(View::failed(segment))
        };
        if let Some(page) = unit.page {
            return read(reader, page as usize);
        }
        let mut all = Rows::default();
        for page in 0..reader.pages.len() {
            let rows = read(reader, page)?;
            all.ts.extend(rows.ts);
            all.marks.extend(rows.marks);
            all.values.extend(rows.values);
        }
        Ok(all)
    }

    /// Gives everything in `start ≤ t < end` to `fold`, until it has enough.
    pub(super) fn scan(
        &self,
        start: i64,
        end: i64,
        limit: &Limit<'_>,
        fold: &mut impl Fold,
    ) -> Result<(), HistoryError> {
        let mut sources = Vec::with_capacity(self.segments.len() + self.memory.len());
        let mut heads: BinaryHeap<Head> = BinaryHeap::new();
        for segment in &self.segments {
            if segment.meta.newest >= start && segment.meta.oldest < end {
                heads.push(Reverse((segment.meta.oldest.max(start), sources.len())));
            }
            let origin = Origin::Segment { segment, opened: None };
            sources.push(Source { origin, unit: 0, rows: None });
        }
        for rows in &self.memory {
            let at = rows.ts.partition_point(|ts| *ts < start);
            if let Some(first) = rows.ts.get(at).filter(|first| **first < end) {
                heads.push(Reverse((*first, sources.len())));
            }
            sources.push(Source { origin: Origin::Memory, unit: at, rows: None });
        }
        let mut walk = Walk { view: self, start, end, heads, fold };
        while let Some(Reverse((_, at))) = walk.heads.pop() {
            limit.check()?;
            if walk.step(&mut sources, at)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The last sample before an instant, in order of time and arrival.
    pub(super) fn before(
        &self,
        instant: i64,
        limit: &Limit<'_>,
    ) -> Result<Option<Sample>, HistoryError> {
        let mut best: Option<((i64, usize), Sample)> = None;
        let mut offer = |key: (i64, usize), rows: &Rows, at: usize| {
            if best.as_ref().is_none_or(|(known, _)| *known < key) {
                best = Some((key, rows.sample(at)));
            }
            best.as_ref().map(|(key, _)| key.0)
        };
        let mut known = None;
        for (rows, index) in self.memory.iter().zip(self.segments.len()..) {
            if let Some(at) = rows.ts.partition_point(|ts| *ts < instant).checked_sub(1) {
                known = offer((rows.ts[at], index), rows, at);
            }
        }
        let bound = |index: &usize| self.segments[*index].meta.newest.min(instant - 1);
        let mut order: Vec<usize> = (0..self.segments.len())
            .filter(|index| self.segments[*index].meta.oldest < instant)
            .collect();
        order.sort_by_key(|index| Reverse((bound(index), *index)));
        for index in order {
            if known.is_some_and(|known| bound(&index) < known) {
                break;
            }
            limit.check()?;
            let segment = &self.segments[index];
            let Some(mut opened) = self.open(segment)? else { continue };
            let after = opened.units.partition_point(|unit| unit.first < instant);
            let Some(unit) = after.checked_sub(1) else { continue };
            if known.is_some_and(|known| opened.units[unit].last.min(instant - 1) < known) {
                continue;
            }
            let rows = self.load(segment, &mut opened, unit)?;
            if let Some(at) = rows.ts.partition_point(|ts| *ts < instant).checked_sub(1) {
                known = offer((rows.ts[at], index), &rows, at);
            }
        }
        Ok(best.map(|(_, sample)| sample))
    }

    /// The first sample at or after an instant.
    pub(super) fn after(
        &self,
        instant: i64,
        limit: &Limit<'_>,
    ) -> Result<Option<Sample>, HistoryError> {
        struct First(Option<Sample>);
        impl Fold for First {
            fn takes(&self, _page: &Picture) -> Take {
                Take::Samples
            }
            fn page(&mut self, _page: &Page<'_>) {}
            fn sample(&mut self, sample: Sample) -> ControlFlow<()> {
                self.0 = Some(sample);
                ControlFlow::Break(())
            }
        }
        let mut first = First(None);
        self.scan(instant, i64::MAX, limit, &mut first)?;
        Ok(first.0)
    }
}

fn units_of(entry: &TagEntry, pictures: &Pictures) -> Vec<Unit> {
    let mut units = Vec::with_capacity(pictures.pages.len());
    let mut pages = pictures.pages.iter();
    for (chunk, at) in entry.chunks.iter().zip(0_u32..) {
        let mut left = chunk.samples;
        let mut page = 0;
        while left > 0
            && let Some(picture) = pages.next()
        {
            let (first, last) = (picture.first, picture.last);
            units.push(Unit { chunk: at, page: Some(page), first, last });
            left = left.saturating_sub(picture.count);
            page += 1;
        }
    }
    units
}

struct Walk<'a, F> {
    view: &'a View,
    start: i64,
    end: i64,
    heads: BinaryHeap<Head>,
    fold: &'a mut F,
}

impl<F: Fold> Walk<'_, F> {
    /// The head of the source that comes after the one in hand.
    fn next(&self) -> (i64, usize) {
        self.heads.peek().map_or((i64::MAX, usize::MAX), |Reverse(head)| *head)
    }

    /// Takes from one source what comes next in order, and puts its new head among the heads.
    fn step(
        &mut self,
        sources: &mut [Source<'_>],
        at: usize,
    ) -> Result<ControlFlow<()>, HistoryError> {
        if sources[at].is_unopened() {
            self.open_source(&mut sources[at], at)?;
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(unit) = sources[at].whole_unit(self.start, self.end) {
            // A segment that may have samples between those of this page is asked whether it has any.
            while self.next() <= (unit.last, at) && sources[self.next().1].is_unopened() {
                if let Some(Reverse((_, other))) = self.heads.pop() {
                    self.open_source(&mut sources[other], other)?;
                }
            }
        }
        let next = self.next();
        let source = &mut sources[at];
        let whole = source.whole_unit(self.start, self.end);
        let Origin::Segment { segment, opened: Some(opened) } = &mut source.origin else {
            // In memory; `unit` counts rows there.
            let rows = &self.view.memory[at - self.view.segments.len()];
            return Ok(self.emit(rows, &mut source.unit, at, next));
        };
        if let Some((rows, mut row)) = source.rows.take() {
            let flow = self.emit(&rows, &mut row, at, next);
            if row < rows.len() {
                source.rows = Some((rows, row));
            } else {
                source.unit += 1;
                self.push_unit(source, at);
            }
            return Ok(flow);
        }
        let is_alone = whole.is_some_and(|unit| (unit.last, at) < next);
        if is_alone && self.take_whole(segment, opened, source.unit)? {
            source.unit += 1;
            self.push_unit(source, at);
            return Ok(ControlFlow::Continue(()));
        }
        let rows = self.view.load(segment, opened, source.unit)?;
        let row = rows.ts.partition_point(|ts| *ts < self.start);
        if let Some(first) = rows.ts.get(row).filter(|first| **first < self.end) {
            self.heads.push(Reverse((*first, at)));
            source.rows = Some((rows, row));
        } else {
            source.unit += 1;
            self.push_unit(source, at);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Looks up what a segment has of the tag; its head was a guess from the oldest sample of all its tags.
    fn open_source(&mut self, source: &mut Source<'_>, at: usize) -> Result<(), HistoryError> {
        if let Origin::Segment { segment, opened } = &mut source.origin {
            *opened = Some(Box::new(self.view.open(segment)?.unwrap_or_default()));
            let units = opened.as_ref().map_or(&[][..], |opened| &opened.units);
            source.unit = units.partition_point(|unit| unit.last < self.start);
            self.push_unit(source, at);
        }
        Ok(())
    }

    fn push_unit(&mut self, source: &Source<'_>, at: usize) {
        if let Origin::Segment { opened: Some(opened), .. } = &source.origin
            && let Some(unit) = opened.units.get(source.unit)
            && unit.first < self.end
        {
            self.heads.push(Reverse((unit.first.max(self.start), at)));
        }
    }

    fn take_whole(
        &mut self,
        segment: &Segment,
        opened: &Opened,
        index: usize,
    ) -> Result<bool, HistoryError> {
        let Some(pictures) = &opened.pictures else { return Ok(false) };
        let picture = &pictures.pages[index];
        let sums = match self.fold.takes(picture) {
            Take::Samples => return Ok(false),
            Take::Picture => Sums::default(),
            Take::Sums => {
                let store = &self.view.store;
                let sums = store.sums(segment, self.view.tag, &opened.entry, pictures);
                sums.map_err(View::failed(segment))?[index]
            }
            Take::Spread => {
                let store = &self.view.store;
                let sums = store.sums(segment, self.view.tag, &opened.entry, pictures);
                let sums = sums.map_err(View::failed(segment))?[index];
                if sums.spread.is_none() {
                    return Ok(false);
                }
                sums
            }
        };
        self.fold.page(&Page { picture, sums, pictures, index });
        Ok(true)
    }

    /// Gives rows up to the next head of another source; what is left stays as a head.
    fn emit(
        &mut self,
        rows: &Rows,
        row: &mut usize,
        at: usize,
        next: (i64, usize),
    ) -> ControlFlow<()> {
        while let Some(ts) = rows.ts.get(*row).copied() {
            if ts >= self.end {
                *row = rows.len(); // nothing of this source is wanted any more
                break;
            }
            if (ts, at) > next {
                self.heads.push(Reverse((ts, at)));
                break;
            }
            let flow = self.fold.sample(rows.sample(*row));
            *row += 1;
            if flow.is_break() {
                return flow;
            }
        }
        ControlFlow::Continue(())
    }
}
