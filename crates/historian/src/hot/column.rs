//! The samples of one tag in memory, in order of arrival.

use std::sync::Arc;

use lineshaft_model::{Sample, Timestamp, Value};

use crate::numbers::{Width, int_of, narrow, undecimal};
use crate::rows::{Mark, Rows};

/// Adds to a vector that grows by a quarter, from four: most tags have few samples, and all columns are kept at once.
fn put<T>(vector: &mut Vec<T>, item: T) {
    if vector.len() == vector.capacity() {
        vector.reserve_exact((vector.len() / 4).max(4));
    }
    vector.push(item);
}

const fn bytes_of<T>(vector: &Vec<T>) -> usize {
    vector.capacity() * size_of::<T>()
}

/// Instants, as steps of four bytes while they go forward.
#[derive(Debug, Clone)]
enum Instants {
    /// Steps from one to the next in units of `unit` ns, the first from `base`.
    Steps {
        base: i64,
        last: i64,
        unit: i64,
        step_max: u32,
        steps: Vec<u32>,
    },
    Plain(Vec<i64>),
}

impl Default for Instants {
    fn default() -> Self {
        Instants::Steps { base: 0, last: 0, unit: 1_000_000, step_max: 0, steps: Vec::new() }
    }
}

impl Instants {
    fn push(&mut self, ts: i64) {
        match self {
            Instants::Plain(all) => put(all, ts),
            Instants::Steps { base, last, unit, step_max, steps } => {
                if steps.is_empty() {
                    (*base, *last) = (ts, ts);
                }
                let step = ts.checked_sub(*last).filter(|step| *step >= 0);
                if let Some((finer, step)) = step.and_then(|step| fit(step, *unit, *step_max)) {
                    if finer != *unit {
                        let factor = (*unit / finer) as u32;
                        steps.iter_mut().for_each(|step| *step *= factor);
                        *step_max *= factor;
                        *unit = finer;
                    }
                    *step_max = (*step_max).max(step);
                    *last = ts;
                    put(steps, step);
                    return;
                }
                let mut all: Vec<i64> = Vec::with_capacity(steps.len() + 4);
                self.each(|ts| all.push(ts));
                put(&mut all, ts);
                *self = Instants::Plain(all);
            }
        }
    }

    fn each(&self, mut each: impl FnMut(i64)) {
        match self {
            Instants::Plain(all) => all.iter().for_each(|ts| each(*ts)),
            Instants::Steps { base, unit, steps, .. } => {
                let mut ts = *base;
                for step in steps {
                    ts += i64::from(*step) * unit;
                    each(ts);
                }
            }
        }
    }

    const fn bytes(&self) -> usize {
        match self {
            Instants::Plain(all) => bytes_of(all),
            Instants::Steps { steps, .. } => bytes_of(steps),
        }
    }
}

/// The coarsest unit, not coarser than `unit`, in which this step and all before it fit four bytes.
fn fit(step: i64, unit: i64, step_max: u32) -> Option<(i64, u32)> {
    [1_000_000, 1_000, 1].into_iter().filter(|finer| *finer <= unit).find_map(|finer| {
        let whole = step % finer == 0;
        let step = u32::try_from(step / finer).ok().filter(|_| whole)?;
        u32::try_from(i64::from(step_max) * (unit / finer)).ok()?;
        Some((finer, step))
    })
}

/// Most places that a decimal in memory has: more would not fit four bytes for the numbers of a plant.
const PLACES_MAX: u32 = 4;

/// Adds a decimal, with more places for all if it needs them; false if that does not fit, to the bit.
fn put_decimal(scale: &mut u32, ints: &mut Vec<i32>, float: f64) -> bool {
    for more in 0..=PLACES_MAX.saturating_sub(*scale) {
        let Some(int) = int_of(float, *scale + more, Width::Double) else { continue };
        let Ok(int) = i32::try_from(int) else { return false };
        if more > 0 {
            let factor = 10_i32.pow(more);
            if ints.iter().any(|int| int.checked_mul(factor).is_none()) {
                return false;
            }
            ints.iter_mut().for_each(|int| *int *= factor);
            *scale += more;
        }
        put(ints, int);
        return true;
    }
    false
}

/// Values that are there, in the narrowest form that holds them all.
#[derive(Debug, Clone, Default)]
enum Values {
    #[default]
    None,
    Bool(Vec<bool>),
    Small(Vec<i32>),
    Int(Vec<i64>),
    Uint(Vec<u64>),
    /// Whole numbers to be divided by ten so many times: what most instruments send.
    Decimal {
        scale: u32,
        ints: Vec<i32>,
    },
    Single(Vec<f32>),
    Double(Vec<f64>),
    Text(Vec<Arc<str>>),
    Mixed(Vec<Value>),
}

impl Values {
    fn push(&mut self, value: &Value) {
        match (&mut *self, value) {
            (Values::Bool(all), Value::Bool(on)) => put(all, *on),
            (Values::Int(all), Value::Int(int)) => put(all, *int),
            (Values::Small(all), Value::Int(int)) => match i32::try_from(*int) {
                Ok(int) => put(all, int),
                Err(_) => {
                    let wide = all.iter().map(|int| i64::from(*int)).chain([*int]);
                    *self = Values::Int(wide.collect());
                }
            },
            (Values::Uint(all), Value::Uint(uint)) => put(all, *uint),
            (Values::Double(all), Value::Float(float)) => put(all, *float),
            (Values::Decimal { scale, ints }, Value::Float(float)) => {
                if !put_decimal(scale, ints, *float) {
                    *self = self.without_decimals(*float);
                }
            }
            (Values::Single(all), Value::Float(float)) => match narrow(*float) {
                Some(float) => put(all, float),
                None => {
                    let wide = all.iter().map(|float| f64::from(*float)).chain([*float]);
                    *self = Values::Double(wide.collect());
                }
            },
            (Values::Text(all), Value::Text(text)) => put(all, text.clone()),
            (Values::Mixed(all), value) => put(all, value.clone()),
            (Values::None, value) => {
                *self = Values::first(value);
                self.push(value);
            }
            (_, value) => {
                let mut all = Vec::new();
                self.each(|value| all.push(value));
                put(&mut all, value.clone());
                *self = Values::Mixed(all);
            }
        }
    }

    /// All reals so far and one more, which is no decimal that fits: singles if no bit is lost.
    fn without_decimals(&self, float: f64) -> Values {
        let mut all = Vec::new();
        self.each(|value| all.extend(value.as_f64()));
        all.push(float);
        let singles: Option<Vec<f32>> = all.iter().map(|float| narrow(*float)).collect();
        singles.map_or(Values::Double(all), Values::Single)
    }

    fn first(value: &Value) -> Values {
        match value {
            Value::Bool(_) => Values::Bool(Vec::new()),
            Value::Int(_) => Values::Small(Vec::new()),
            Value::Uint(_) => Values::Uint(Vec::new()),
            Value::Float(_) => Values::Decimal { scale: 0, ints: Vec::new() },
            Value::Text(_) => Values::Text(Vec::new()),
            Value::Bytes(_) | Value::Null => Values::Mixed(Vec::new()),
        }
    }

    fn each(&self, mut each: impl FnMut(Value)) {
        match self {
            Values::None => {}
            Values::Bool(all) => all.iter().for_each(|on| each(Value::Bool(*on))),
            Values::Small(all) => all.iter().for_each(|int| each(Value::Int(i64::from(*int)))),
            Values::Int(all) => all.iter().for_each(|int| each(Value::Int(*int))),
            Values::Uint(all) => all.iter().for_each(|uint| each(Value::Uint(*uint))),
            Values::Decimal { scale, ints } => {
                let real = |int: &i32| undecimal(i64::from(*int), *scale, Width::Double);
                ints.iter().for_each(|int| each(Value::Float(real(int))));
            }
            Values::Single(all) => all.iter().for_each(|f| each(Value::Float(f64::from(*f)))),
            Values::Double(all) => all.iter().for_each(|float| each(Value::Float(*float))),
            Values::Text(all) => all.iter().for_each(|text| each(Value::Text(text.clone()))),
            Values::Mixed(all) => all.iter().for_each(|value| each(value.clone())),
        }
    }

    const fn bytes(&self) -> usize {
        match self {
            Values::None => 0,
            Values::Bool(all) => bytes_of(all),
            Values::Small(all) => bytes_of(all),
            Values::Int(all) => bytes_of(all),
            Values::Uint(all) => bytes_of(all),
            Values::Decimal { ints, .. } => bytes_of(ints),
            Values::Single(all) => bytes_of(all),
            Values::Double(all) => bytes_of(all),
            Values::Text(all) => bytes_of(all),
            Values::Mixed(all) => bytes_of(all),
        }
    }
}

/// The samples of one tag in memory.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    instants: Instants,
    values: Values,
    /// Runs of equal quality and clock before the current one.
    runs: Vec<(u32, Mark)>,
    run: u32,
    mark: Mark,
    is_sorted: bool,
    oldest: i64,
    newest: i64,
    last: i64,
    /// Bytes of text and byte strings.
    content: usize,
}

impl Default for Column {
    fn default() -> Self {
        Column {
            instants: Instants::default(),
            values: Values::default(),
            runs: Vec::new(),
            run: 0,
            mark: Mark(0),
            is_sorted: true,
            oldest: i64::MAX,
            newest: i64::MIN,
            last: i64::MIN,
            content: 0,
        }
    }
}

impl Column {
    /// Adds a sample at the end of the order of arrival. A good NaN does not exist: it becomes bad here.
    pub(crate) fn push(&mut self, sample: &Sample) {
        let Sample { ts, value, quality, clock } = sample;
        let mark = match value {
            Value::Float(float) if !float.is_finite() => {
                Mark::of(&Sample::new(Timestamp::MIN, Value::Float(*float), *quality, *clock))
            }
            Value::Null => Mark::of(&Sample::new(Timestamp::MIN, Value::Null, *quality, *clock)),
            _ => Mark::of(sample),
        };
        let ts = ts.nanos();
        self.instants.push(ts);
        self.is_sorted &= ts >= self.last;
        self.last = ts;
        self.oldest = self.oldest.min(ts);
        self.newest = self.newest.max(ts);
        if self.run > 0 && self.mark != mark {
            put(&mut self.runs, (self.run, self.mark));
            self.run = 0;
        }
        self.mark = mark;
        self.run += 1;
        if *value != Value::Null {
            self.values.push(value);
        }
        self.content += match value {
            Value::Text(text) => text.len() + 16,
            Value::Bytes(bytes) => bytes.len() + 16,
            _ => 0,
        };
    }

    /// Bytes on the heap.
    pub(crate) const fn bytes(&self) -> usize {
        self.instants.bytes() + self.values.bytes() + bytes_of(&self.runs) + self.content
    }

    pub(crate) const fn oldest(&self) -> i64 {
        self.oldest
    }

    pub(crate) const fn newest(&self) -> i64 {
        self.newest
    }

    /// All samples ordered by instant, of one instant by arrival.
    pub(crate) fn rows(&self) -> Rows {
        let mut rows = Rows::default();
        self.instants.each(|ts| rows.ts.push(ts));
        for (run, mark) in self.runs.iter().chain([&(self.run, self.mark)]) {
            rows.marks.resize(rows.marks.len() + *run as usize, *mark);
        }
        rows.values.reserve_exact(rows.ts.len());
        self.values.each(|value| {
            while rows.marks[rows.values.len()].is_null() {
                rows.values.push(Value::Null);
            }
            rows.values.push(value);
        });
        rows.values.resize(rows.ts.len(), Value::Null);
        if self.is_sorted {
            return rows;
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|at| rows.ts[*at]);
        Rows {
            ts: order.iter().map(|at| rows.ts[*at]).collect(),
            marks: order.iter().map(|at| rows.marks[*at]).collect(),
            values: order.iter().map(|at| rows.values[*at].clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineshaft_model::{ClockSource, Quality, Reason};
    use proptest::prelude::*;

    #[test]
    fn decimals_widen_when_they_must_and_no_bit_changes() {
        for last in [0.25, -0.0, 1e9, 0.1 + 0.2, f64::from(0.3_f32), 214_748.364_7, 1e-5] {
            let mut column = Column::default();
            let all = [1.0, 2.5, 1e6, last];
            for (at, float) in all.iter().enumerate() {
                column.push(&Sample::good(Timestamp::from_secs(at as i64), *float));
            }
            let rows = column.rows();
            for (value, float) in rows.values.iter().zip(all) {
                assert!(value.same_bits(&Value::Float(float)), "{value} for {float}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_column_gives_back_what_came_ordered_by_time_and_arrival(
            unit in prop_oneof![Just(1_000_000_i64), Just(1_000), Just(1)],
            samples in proptest::collection::vec(
                (-2..5_000_000_i64, crate::chunk::tests::value(), 0..4_u8), 0..300),
        ) {
            let mut column = Column::default();
            let mut model = Vec::new();
            let mut ts = 1_700_000_000_000_000_000_i64;
            for (step, value, quality) in samples {
                ts += step * unit;
                let quality = match quality {
                    0 => Quality::bad(Reason::Comm),
                    _ => Quality::GOOD,
                };
                let clock = ClockSource::Arrival;
                let sample = Sample::new(Timestamp::from_nanos(ts), value, quality, clock);
                column.push(&sample);
                model.push(sample);
            }
            model.sort_by_key(|sample| sample.ts);
            let rows = column.rows();
            prop_assert_eq!(rows.len(), model.len());
            for (at, sample) in model.iter().enumerate() {
                let back = rows.sample(at);
                prop_assert!(back.value.same_bits(&sample.value));
                prop_assert_eq!((back.ts, back.quality), (sample.ts, sample.quality));
            }
        }
    }

    #[test]
    fn a_decimal_costs_eight_bytes_when_the_column_is_full_and_a_quiet_tag_little() {
        let mut column = Column::default();
        for at in 0..1_000 {
            column.push(&Sample::good(Timestamp::from_millis(at * 1_003), at as f64 / 10.0));
        }
        assert!(column.bytes() <= 1_500 * 8, "{}", column.bytes());
        let mut quiet = Column::default();
        quiet.push(&Sample::good(Timestamp::from_millis(7), 21.5));
        assert!(quiet.bytes() + size_of::<Column>() < 300);
    }
}
