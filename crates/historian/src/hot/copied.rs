//! The bytes of one column, out of the blocks: read when nobody waits for the generation.

use std::sync::Arc;

use lineshaft_model::Value;

use super::form::{Escape, Form, Tick, Usual};
use crate::bytes::{In, Malformed};
use crate::numbers::{Width, undecimal};
use crate::rows::{Mark, Rows, text};

/// All samples of one tag of one generation, as they are in memory.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
    pub(super) is_sorted: bool,
}

impl Copied {
    /// All samples ordered by instant, of one instant by arrival.
    ///
    /// # Panics
    /// Only when these bytes are not what a column wrote, which is a mistake of this crate.
    pub(crate) fn rows(&self) -> Rows {
        let rows = match self.read() {
            Ok(rows) => rows,
            Err(malformed) => panic!("samples in memory are not as they were written: {malformed}"),
        };
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

    fn read(&self) -> Result<Rows, Malformed> {
        let mut rows = Rows::default();
        rows.ts.reserve_exact(self.len);
        rows.marks.reserve_exact(self.len);
        rows.values.reserve_exact(self.len);
        let mut reader = Reader::new(&self.bytes);
        for _ in 0..self.len {
            reader.sample(&mut rows)?;
        }
        Ok(rows)
    }
}

struct Reader<'a> {
    input: In<'a>,
    mark: Mark,
    usual: Usual,
    last: i64,
    number: i64,
    form: Form,
    tick: Tick,
    content: Value,
    is_odd: bool,
}

impl<'a> Reader<'a> {
    /// As [`super::Column::new`].
    const fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            input: In::new(bytes),
            mark: Mark(0),
            usual: Usual::START,
            last: 0,
            number: 0,
            form: Form::Decimal(0, Width::Double),
            tick: Tick::Milli,
            content: Value::Null,
            is_odd: false,
        }
    }

    fn sample(&mut self, rows: &mut Rows) -> Result<(), Malformed> {
        self.instant()?;
        let value = if self.mark.is_null() { Value::Null } else { self.value()? };
        rows.ts.push(self.last);
        rows.marks.push(self.mark);
        rows.values.push(value);
        Ok(())
    }

    fn instant(&mut self) -> Result<(), Malformed> {
        loop {
            let code = self.input.varint()?;
            if let Some(off) = code.checked_sub(1) {
                let off = (off >> 1) as i64 ^ -((off & 1) as i64);
                let step = self.usual.ticks().wrapping_add(off);
                self.usual = self.usual.follow(step);
                self.last = self.last.wrapping_add(step.wrapping_mul(self.tick.nanos()));
                return Ok(());
            }
            match Escape::read(&mut self.input)? {
                Escape::Form(form) => {
                    self.number = self.form.carry(self.number, form);
                    self.form = form;
                }
                Escape::Mark => self.mark = Mark(self.input.count(u32::MAX as usize)? as u32),
                Escape::Finer => {
                    (self.tick, self.usual) = (self.tick.finer(), self.usual.finer());
                }
                Escape::Odd => self.is_odd = true,
                Escape::Instant => {
                    self.last = self.input.i64()?;
                    return Ok(());
                }
            }
        }
    }

    fn number(&mut self) -> Result<i64, Malformed> {
        self.number = self.number.wrapping_add(self.input.zigzag()?);
        Ok(self.number)
    }

    fn value(&mut self) -> Result<Value, Malformed> {
        if std::mem::take(&mut self.is_odd) {
            return Ok(Value::Float(f64::from_bits(self.input.u64()?)));
        }
        Ok(match self.form {
            Form::Bool => Value::Bool(self.input.u8()? != 0),
            Form::Int => Value::Int(self.number()?),
            Form::Uint => Value::Uint(self.number()? as u64),
            Form::Decimal(scale, width) => {
                Value::Float(undecimal(self.number()?, u32::from(scale), width))
            }
            Form::Single => Value::Float(f64::from(f32::from_bits(self.input.u32()?))),
            Form::Double => Value::Float(f64::from_bits(self.input.u64()?)),
            Form::Text | Form::Bytes => self.content()?,
        })
    }

    fn content(&mut self) -> Result<Value, Malformed> {
        if let Some(len) = self.input.varint()?.checked_sub(1) {
            let bytes = self.input.take(len as usize)?;
            self.content = match self.form {
                Form::Text => Value::Text(Arc::from(text(bytes)?)),
                _ => Value::Bytes(Arc::from(bytes)),
            };
        }
        Ok(self.content.clone())
    }
}
