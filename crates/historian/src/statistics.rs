//! What a page says without being decoded: enough for exact M4, means, extremes, counts and time integrals.
//!
//! In two blocks per tag and segment, so that a trend reads only the first: the *picture* (times, counts, first,
//! last, lowest, highest) and the *sums*. Only good samples count; what is not good is kept as exceptions.

use std::ops::Range;

use lineshaft_model::{Sample, Timestamp, Value};

use crate::bytes::{In, Malformed, put_varint};
use crate::chunk::{Kind, bits_of};
use crate::limits::PAGE_SAMPLES_MAX;
use crate::numbers::{floats, ints, put_floats, put_ints};
use crate::rows::{Mark, Rows, clock_of, compare, put_scalar, scalar};

/// What a trend needs to know of a page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Picture {
    /// The instants of the first and last sample, of whatever quality.
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) count: u32,
    pub(crate) good: u32,
    pub(crate) uncertain: u32,
    flags: u8,
    clock: u8,
    pub(crate) kind: Kind,
    /// Instants and values of the first, last, lowest and highest good sample.
    ts: [i64; 4],
    values: [u64; 4],
}

const FIRST_IS_GOOD: u8 = 1;
const LAST_IS_GOOD: u8 = 2;
/// The four values are there: the page has numbers only, all of one kind, of one clock.
const DRAWN: u8 = 4;

/// The good samples of a page that draw it.
#[derive(Debug, Clone)]
pub(crate) struct Extremes {
    pub(crate) first: Sample,
    pub(crate) last: Sample,
    pub(crate) lowest: Sample,
    pub(crate) highest: Sample,
}

impl Picture {
    /// Whether the four values can be used, or there are none because nothing is good.
    pub(crate) const fn is_drawn(&self) -> bool {
        self.flags & DRAWN != 0
    }

    pub(crate) const fn first_is_good(&self) -> bool {
        self.flags & FIRST_IS_GOOD != 0
    }

    pub(crate) const fn last_is_good(&self) -> bool {
        self.flags & LAST_IS_GOOD != 0
    }

    /// The samples that draw the page; `None` when nothing is good or they are not known.
    pub(crate) fn extremes(&self) -> Option<Extremes> {
        if !self.is_drawn() || self.good == 0 {
            return None;
        }
        let sample = |at: usize| Sample {
            ts: Timestamp::from_nanos(self.ts[at]),
            value: self.kind.value(self.values[at]),
            quality: lineshaft_model::Quality::GOOD,
            clock: clock_of(self.clock),
        };
        Some(Extremes { first: sample(0), last: sample(1), lowest: sample(2), highest: sample(3) })
    }
}

/// What a mean needs to know of a page.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Sums {
    /// Of the good values.
    pub(crate) sum: f64,
    /// Value times seconds from the first to the last sample, each good value holding until the next sample.
    pub(crate) step: f64,
    /// The same with straight lines between good samples.
    pub(crate) linear: f64,
    /// How many nanoseconds of that time a good value held.
    pub(crate) held: i64,
    /// What a deviation needs; segments of earlier programs have none.
    pub(crate) spread: Option<Spread>,
}

/// How far values are from their mean, and how often they change.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Spread {
    /// Squared distance from the mean of the page (its `step` by its time) times seconds. Around the page's own mean, so
    /// that a small deviation of large values keeps its digits.
    pub(crate) step: f64,
    /// The same with straight lines between good samples, around the mean of those.
    pub(crate) linear: f64,
    /// How many good samples differ from the good one before them in the page.
    pub(crate) transitions: u32,
}

/// All pages of one tag in one segment.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Pictures {
    pub(crate) pages: Vec<Picture>,
    /// The first sample that is not good, and the first bad one, of each page that has them.
    exceptions: Vec<(u32, Sample)>,
}

impl Pictures {
    /// The exceptions of one page, oldest first, at most two.
    pub(crate) fn exceptions(&self, page: usize) -> impl Iterator<Item = &Sample> {
        let start = self.exceptions.partition_point(|(of, _)| (*of as usize) < page);
        self.exceptions[start..]
            .iter()
            .take_while(move |(of, _)| *of as usize == page)
            .map(|(_, sample)| sample)
    }

    /// Looks at one page of rows.
    pub(crate) fn add(&mut self, rows: &Rows, page: Range<usize>, kind: Kind) -> Sums {
        let index = self.pages.len() as u32;
        let mut odd = page.clone().filter(|at| !rows.marks[*at].is_good());
        if let Some(first) = odd.next() {
            self.exceptions.push((index, rows.sample(first)));
            let is_bad = |at: &usize| rows.marks[*at].quality().is_bad();
            if !is_bad(&first)
                && let Some(bad) = odd.find(is_bad)
            {
                self.exceptions.push((index, rows.sample(bad)));
            }
        }
        self.pages.push(draw(rows, page.clone(), kind));
        if kind.is_number() {
            return sum_up(rows, page);
        }
        Sums { spread: Some(Spread::default()), ..Sums::default() }
    }

    /// Bytes in memory.
    pub(crate) fn cost(&self) -> usize {
        self.pages.len() * size_of::<Picture>() + self.exceptions.len() * 48 + 64
    }
}

fn draw(rows: &Rows, page: Range<usize>, kind: Kind) -> Picture {
    let is_good = |at: usize| rows.marks[at].is_good();
    let (first, last) = (page.start, page.end - 1);
    let mut picture = Picture {
        first: rows.ts[first],
        last: rows.ts[last],
        count: page.len() as u32,
        good: 0,
        uncertain: 0,
        flags: (u8::from(is_good(first)) * FIRST_IS_GOOD)
            | (u8::from(is_good(last)) * LAST_IS_GOOD),
        clock: 0,
        kind,
        ts: [rows.ts[first]; 4],
        values: [0; 4],
    };
    let mut drawn = kind.is_number();
    let mut found: Option<[usize; 4]> = None;
    for at in page {
        if !is_good(at) {
            picture.uncertain += u32::from(!rows.marks[at].quality().is_bad());
            continue;
        }
        picture.good += 1;
        let four = found.get_or_insert([at; 4]);
        drawn &= rows.marks[at].clock_code() == rows.marks[four[0]].clock_code();
        four[1] = at;
        let against = |other: usize| compare(&rows.values[at], &rows.values[other]);
        if against(four[2]).is_some_and(std::cmp::Ordering::is_lt) {
            four[2] = at;
        }
        if against(four[3]).is_some_and(std::cmp::Ordering::is_gt) {
            four[3] = at;
        }
    }
    picture.flags |= u8::from(drawn) * DRAWN;
    if let (Some(four), true) = (found, drawn) {
        picture.clock = rows.marks[four[0]].clock_code();
        picture.ts = four.map(|at| rows.ts[at]);
        picture.values = four.map(|at| bits_of(&rows.values[at]));
    }
    picture
}

fn sum_up(rows: &Rows, page: Range<usize>) -> Sums {
    let mut sums = Sums::default();
    let good = |at: usize| {
        if rows.marks[at].is_good() { rows.values[at].as_f64() } else { None }
    };
    for at in page.clone() {
        let Some(value) = good(at) else { continue };
        sums.sum += value;
        if at + 1 < page.end {
            let span = rows.ts[at + 1].saturating_sub(rows.ts[at]);
            let seconds = span as f64 / 1e9;
            sums.held = sums.held.saturating_add(span);
            sums.step += value * seconds;
            sums.linear += good(at + 1).map_or(value, |next| f64::midpoint(value, next)) * seconds;
        }
    }
    sums.spread = Some(spread(rows, page, &sums));
    sums
}

/// The second look at a page, whose means are known from the first.
fn spread(rows: &Rows, page: Range<usize>, sums: &Sums) -> Spread {
    let mut spread = Spread::default();
    let held = sums.held as f64 / 1e9;
    let (step, linear) =
        if sums.held > 0 { (sums.step / held, sums.linear / held) } else { (0.0, 0.0) };
    let good = |at: usize| {
        if rows.marks[at].is_good() { rows.values[at].as_f64() } else { None }
    };
    let mut before: Option<usize> = None;
    for at in page.clone() {
        let Some(value) = good(at) else { continue };
        let changed = before.is_some_and(|before| !is_same(&rows.values[before], &rows.values[at]));
        spread.transitions += u32::from(changed);
        before = Some(at);
        if at + 1 < page.end {
            let seconds = rows.ts[at + 1].saturating_sub(rows.ts[at]) as f64 / 1e9;
            spread.step += (value - step) * (value - step) * seconds;
            let next = good(at + 1).unwrap_or(value);
            spread.linear += line_spread(value, next, linear) * seconds;
        }
    }
    spread
}

/// The mean squared distance of a straight line between two values from a third.
pub(crate) fn line_spread(from: f64, to: f64, around: f64) -> f64 {
    let middle = f64::midpoint(from, to) - around;
    (to - from).mul_add((to - from) / 12.0, middle * middle)
}

/// Whether two values are the same; numbers are compared exactly, whatever their kinds.
pub(crate) fn is_same(a: &Value, b: &Value) -> bool {
    compare(a, b).map_or(a == b, std::cmp::Ordering::is_eq)
}

/// Adds the pictures of a tag.
pub(crate) fn put_pictures(out: &mut Vec<u8>, pictures: &Pictures) {
    let pages = &pictures.pages;
    put_varint(out, pages.len() as u64);
    let mut column = |of: &dyn Fn(&Picture) -> i64| {
        put_ints(out, &pages.iter().map(of).collect::<Vec<_>>());
    };
    column(&|p| i64::from(p.count));
    column(&|p| i64::from(p.count - p.good));
    column(&|p| i64::from(p.uncertain));
    column(&|p| i64::from(p.flags) | (i64::from(p.clock) << 8) | ((p.kind as i64) << 16));
    column(&|p| p.first);
    column(&|p| p.last.wrapping_sub(p.first));
    let drawn = || pages.iter().filter(|page| page.extremes().is_some());
    put_ints(out, &drawn().map(|p| p.ts[0].wrapping_sub(p.first)).collect::<Vec<_>>());
    put_ints(out, &drawn().map(|p| p.last.wrapping_sub(p.ts[1])).collect::<Vec<_>>());
    for at in [2, 3] {
        put_ints(out, &drawn().map(|p| p.ts[at].wrapping_sub(p.first)).collect::<Vec<_>>());
    }
    for at in 0..4 {
        let whole = drawn().filter(|p| p.kind != Kind::Float).map(|p| p.values[at] as i64);
        put_ints(out, &whole.collect::<Vec<_>>());
        let real = drawn().filter(|p| p.kind == Kind::Float).map(|p| f64::from_bits(p.values[at]));
        put_floats(out, &real.collect::<Vec<_>>());
    }
    let mut page = 0;
    put_varint(out, pictures.exceptions.len() as u64);
    for (of, sample) in &pictures.exceptions {
        put_varint(out, u64::from(of - page));
        page = *of;
        let first = pages[*of as usize].first;
        put_varint(out, sample.ts.nanos().wrapping_sub(first) as u64);
        put_varint(out, u64::from(Mark::of(sample).0));
        put_scalar(out, &sample.value);
    }
}

/// Reads [`put_pictures`] of at most so many pages.
pub(crate) fn pictures(bytes: &[u8], pages_max: usize) -> Result<Pictures, Malformed> {
    let mut input = In::new(bytes);
    let count = input.count(pages_max)?;
    let mut column = |count| ints(&mut input, count);
    let (counts, odd, uncertain) = (column(count)?, column(count)?, column(count)?);
    let (kinds, first, span) = (column(count)?, column(count)?, column(count)?);
    let small = |number: i64| {
        let number = u32::try_from(number).ok().filter(|n| *n as usize <= PAGE_SAMPLES_MAX);
        number.ok_or(Malformed("a page count is past its limit"))
    };
    let mut pages = Vec::with_capacity(count);
    for at in 0..count {
        let count = small(counts[at])?;
        let odd = small(odd[at])?.min(count);
        pages.push(Picture {
            first: first[at],
            last: first[at].wrapping_add(span[at]),
            count,
            good: count - odd,
            uncertain: small(uncertain[at])?.min(odd),
            flags: kinds[at] as u8,
            clock: (kinds[at] >> 8) as u8,
            kind: Kind::from_code((kinds[at] >> 16) as u8)?,
            ts: [first[at]; 4],
            values: [0; 4],
        });
    }
    fill_extremes(&mut input, &mut pages)?;
    let exceptions = read_exceptions(&mut input, &pages)?;
    Ok(Pictures { pages, exceptions })
}

fn fill_extremes(input: &mut In<'_>, pages: &mut [Picture]) -> Result<(), Malformed> {
    let is_drawn = |page: &Picture| page.is_drawn() && page.good > 0;
    let is_real = |page: &&mut Picture| is_drawn(page) && page.kind == Kind::Float;
    let is_whole = |page: &&mut Picture| is_drawn(page) && page.kind != Kind::Float;
    let drawn = pages.iter().filter(|page| is_drawn(page)).count();
    for at in 0..4 {
        let column = ints(input, drawn)?;
        for (page, offset) in pages.iter_mut().filter(|page| is_drawn(page)).zip(column) {
            page.ts[at] = match at {
                1 => page.last.wrapping_sub(offset),
                _ => page.first.wrapping_add(offset),
            };
        }
    }
    let real = pages.iter_mut().filter(is_real).count();
    for at in 0..4 {
        let column = ints(input, drawn - real)?;
        for (page, whole) in pages.iter_mut().filter(is_whole).zip(column) {
            page.values[at] = whole as u64;
        }
        let column = floats(input, real)?;
        for (page, float) in pages.iter_mut().filter(is_real).zip(column) {
            page.values[at] = float.to_bits();
        }
    }
    Ok(())
}

fn read_exceptions(input: &mut In<'_>, pages: &[Picture]) -> Result<Vec<(u32, Sample)>, Malformed> {
    let count = input.count(2 * pages.len())?;
    let mut exceptions = Vec::with_capacity(count);
    let mut page = 0_usize;
    for _ in 0..count {
        page += input.count(pages.len())?;
        let of = pages.get(page).ok_or(Malformed("an exception of no page"))?;
        let ts = of.first.wrapping_add(input.varint()? as i64);
        let mark = u32::try_from(input.varint()?).ok().ok_or(Malformed("quality out of range"))?;
        let sample = Sample {
            ts: Timestamp::from_nanos(ts),
            value: scalar(input)?,
            quality: Mark(mark).quality(),
            clock: Mark(mark).clock(),
        };
        exceptions.push((page as u32, sample));
    }
    Ok(exceptions)
}

/// Adds the sums of a tag, whose pages are known from the pictures.
pub(crate) fn put_sums(out: &mut Vec<u8>, sums: &[Sums], pictures: &Pictures) {
    put_varint(out, sums.len() as u64);
    put_floats(out, &sums.iter().map(|sums| sums.sum).collect::<Vec<_>>());
    put_floats(out, &sums.iter().map(|sums| sums.step).collect::<Vec<_>>());
    put_floats(out, &sums.iter().map(|sums| sums.linear).collect::<Vec<_>>());
    let spans = pictures.pages.iter().map(|page| page.last.wrapping_sub(page.first));
    let unheld = sums.iter().zip(spans).map(|(sums, span)| span.wrapping_sub(sums.held));
    put_ints(out, &unheld.collect::<Vec<_>>());
    // Behind what earlier programs read, who ignore it.
    let spread = || sums.iter().map(|sums| sums.spread.unwrap_or_default());
    put_floats(out, &spread().map(|spread| spread.step).collect::<Vec<_>>());
    put_floats(out, &spread().map(|spread| spread.linear).collect::<Vec<_>>());
    put_ints(out, &spread().map(|spread| i64::from(spread.transitions)).collect::<Vec<_>>());
}

/// Reads [`put_sums`], also as earlier programs wrote it: without spreads.
pub(crate) fn sums(bytes: &[u8], pictures: &Pictures) -> Result<Vec<Sums>, Malformed> {
    let mut input = In::new(bytes);
    let count = input.count(pictures.pages.len())?;
    if count != pictures.pages.len() {
        return Err(Malformed("sums and pictures of a tag do not fit"));
    }
    let (sum, step) = (floats(&mut input, count)?, floats(&mut input, count)?);
    let (linear, unheld) = (floats(&mut input, count)?, ints(&mut input, count)?);
    let spreads = if input.is_empty() { None } else { Some(spreads(&mut input, count)?) };
    let pages = pictures.pages.iter().enumerate();
    Ok(pages
        .map(|(at, page)| Sums {
            sum: sum[at],
            step: step[at],
            linear: linear[at],
            held: page.last.wrapping_sub(page.first).wrapping_sub(unheld[at]),
            spread: spreads.as_ref().map(|spreads| spreads[at]),
        })
        .collect())
}

fn spreads(input: &mut In<'_>, count: usize) -> Result<Vec<Spread>, Malformed> {
    let (step, linear) = (floats(input, count)?, floats(input, count)?);
    let changes = ints(input, count)?;
    let spread = |at: usize| {
        let transitions = u32::try_from(changes[at]);
        let transitions = transitions.ok().filter(|n| (*n as usize) < PAGE_SAMPLES_MAX);
        let transitions = transitions.ok_or(Malformed("a page count is past its limit"))?;
        Ok(Spread { step: step[at], linear: linear[at], transitions })
    };
    (0..count).map(spread).collect()
}

/// The value of a sample that counts: good, and a number.
pub(crate) fn number_of(sample: &Sample) -> Option<f64> {
    if sample.quality.is_good() { sample.value.as_f64() } else { None }
}

/// Whether a line may be drawn between values of this kind; states hold.
pub(crate) const fn is_sloped(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Float(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineshaft_model::{ClockSource, Quality, Reason};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn statistics_come_back(
            samples in proptest::collection::vec(
                (0..9_i64, -500..500_i64, 0..9_u8, any::<bool>()), 1..400),
        ) {
            let mut rows = Rows::default();
            let mut ts = 0;
            for (step, value, quality, real) in &samples {
                ts += step * 1_000_000;
                let quality = match quality {
                    0 => Quality::bad(Reason::Comm),
                    1 => Quality::uncertain(Reason::Range),
                    _ => Quality::GOOD,
                };
                let float = Value::Float(*value as f64 / 10.0);
                let value = if *real { float } else { Value::Int(*value) };
                let ts = Timestamp::from_nanos(ts);
                rows.push(&Sample { ts, value, quality, clock: ClockSource::Source });
            }
            let mut all = Pictures::default();
            let mut all_sums = Vec::new();
            for start in (0..rows.len()).step_by(7) {
                let page = start..(start + 7).min(rows.len());
                let kind = Kind::of(&rows.values[start]);
                let same = rows.values[page.clone()].iter().all(|value| Kind::of(value) == kind);
                all_sums.push(all.add(&rows, page, if same { kind } else { Kind::Mixed }));
            }
            let (mut a, mut b) = (Vec::new(), Vec::new());
            put_pictures(&mut a, &all);
            put_sums(&mut b, &all_sums, &all);
            let back = pictures(&a, 1_000).unwrap();
            prop_assert_eq!(&back, &all);
            prop_assert_eq!(sums(&b, &back).unwrap(), all_sums);
        }

        #[test]
        fn any_bytes_are_an_error_or_statistics(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            if let Ok(pictures) = pictures(&bytes, 100) {
                let _ = sums(&bytes, &pictures);
            }
        }
    }
}
