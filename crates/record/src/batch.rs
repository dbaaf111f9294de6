//! A batch as columns. Pure: rows in, bytes out, and back to the bit.
//!
//! Source of truth: `docs/formats/shaft.md`, section Batch. What plants send decides the forms: tags of
//! a poll come in the order they were configured, so their numbers rise by one; a block of registers has
//! one time; nearly everything is good; a device's tags have few types. So each column but the values
//! is runs, and costs a few bytes per batch. Values are as short as they can be without computing much:
//! whole numbers by magnitude, reals in four bytes when four hold them exactly.

use std::sync::Arc;

use lineshaft_model::{ClockSource, OriginId, Quality, Row, Sample, TagId, Timestamp, Value};

use crate::column::{Cursor, put_varint, runs, unzigzag, zigzag};
use crate::dictionary::{Numbers, check_version};
use crate::limits::VERSION;
use crate::{ROWS_MAX, RecordError};

/// Set in a quality code when the source said nothing: no type and no value follow.
const NO_VALUE: u16 = 0x8000;

const BOOL: u8 = 1;
const INT: u8 = 2;
const UINT: u8 = 3;
/// A real number in eight bytes.
const FLOAT: u8 = 4;
/// A real number that four bytes hold exactly.
const FLOAT_SHORT: u8 = 5;
const TEXT: u8 = 6;
const BYTES: u8 = 7;

/// How a column of types is stored: as runs, or two types a byte where they alternate.
const TYPES_RUNS: u8 = 0;
const TYPES_PACKED: u8 = 1;

/// Times after the first: each one's distance, or runs of equal distances; in nanoseconds or milliseconds.
const TIMES_RUNS: u8 = 1;
const TIMES_MILLIS: u8 = 2;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// Tags: what comes next, in the lowest two bits before the distance.
const TAG_ONE: u64 = 0;
const TAG_RISING: u64 = 1;
const TAG_SAME: u64 = 2;

/// Buffers of an encoder, kept from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    types: Vec<u8>,
}

/// Writes rows as a payload. `numbers` are those of the rows' tags under the head's numbering.
pub(crate) fn encode(
    head: BatchHead,
    rows: &[Row],
    numbers: &[u32],
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) {
    assert!(rows.len() == numbers.len() && rows.len() <= ROWS_MAX, "{} rows", rows.len());
    out.push(VERSION);
    put_varint(out, head.numbering);
    put_varint(out, u64::from(head.origin.0));
    out.extend_from_slice(&head.arrived.nanos().to_le_bytes());
    put_varint(out, rows.len() as u64);
    put_tags(numbers, out);
    put_times(head.arrived, rows, out);
    let mut put_run = |value: u64, count: u64| {
        put_varint(out, value);
        put_varint(out, count);
    };
    runs(rows.iter().map(|row| quality_code(&row.sample)), |code, n| put_run(code.into(), n));
    runs(rows.iter().map(|row| row.sample.clock as u8), |clock, n| put_run(clock.into(), n));
    scratch.types.clear();
    scratch.types.extend(rows.iter().filter_map(|row| type_of(&row.sample.value)));
    put_types(&scratch.types, out);
    put_values(rows, &scratch.types, out);
}

fn quality_code(sample: &Sample) -> u16 {
    let empty = if matches!(sample.value, Value::Null) { NO_VALUE } else { 0 };
    sample.quality.to_code() | empty
}

fn put_tags(numbers: &[u32], out: &mut Vec<u8>) {
    let (mut at, mut before) = (0, -1_i64);
    while let Some(&number) = numbers.get(at) {
        let distance = zigzag(i64::from(number) - before) << 2;
        let rest = &numbers[at..];
        let rising = rest.windows(2).take_while(|pair| pair[1] == pair[0].wrapping_add(1)).count();
        let same = rest.windows(2).take_while(|pair| pair[1] == pair[0]).count();
        // `rising` and `same` are the rows after the first; one of them is 0.
        let len = match (rising, same) {
            (0, 0) => {
                put_varint(out, distance | TAG_ONE);
                1
            }
            (0, same) => {
                put_varint(out, distance | TAG_SAME);
                same + 1
            }
            (rising, _) => {
                put_varint(out, distance | TAG_RISING);
                rising + 1
            }
        };
        if len > 1 {
            put_varint(out, len as u64);
        }
        at += len;
        before = i64::from(numbers[at - 1]);
    }
}

fn put_times(arrived: Timestamp, rows: &[Row], out: &mut Vec<u8>) {
    let times = || rows.iter().map(|row| row.sample.ts.nanos());
    let Some(first) = times().next() else { return };
    put_varint(out, zigzag(first.wrapping_sub(arrived.nanos())));
    let distances = || times().zip(times().skip(1)).map(|(before, ts)| ts.wrapping_sub(before));
    let (mut run_count, mut last, mut in_millis) = (0, None, true);
    for distance in distances() {
        run_count += usize::from(last != Some(distance));
        last = Some(distance);
        in_millis &= distance % NANOS_PER_MILLI == 0;
    }
    let in_runs = run_count * 2 <= rows.len();
    out.push((u8::from(in_runs) * TIMES_RUNS) | (u8::from(in_millis) * TIMES_MILLIS));
    let unit = if in_millis { NANOS_PER_MILLI } else { 1 };
    if in_runs {
        runs(distances(), |distance, count| {
            put_varint(out, zigzag(distance / unit));
            put_varint(out, count);
        });
    } else {
        distances().for_each(|distance| put_varint(out, zigzag(distance / unit)));
    }
}

fn type_of(value: &Value) -> Option<u8> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => BOOL,
        Value::Int(_) => INT,
        Value::Uint(_) => UINT,
        Value::Float(float) if short(*float).is_some() => FLOAT_SHORT,
        Value::Float(_) => FLOAT,
        Value::Text(_) => TEXT,
        Value::Bytes(_) => BYTES,
    })
}

/// The four bytes that hold a real number exactly. Never NaN: a conversion may change its payload.
#[expect(clippy::cast_possible_truncation, reason = "what was lost is noticed and refused")]
fn short(float: f64) -> Option<f32> {
    let short = float as f32;
    (f64::from(short).to_bits() == float.to_bits() && !float.is_nan()).then_some(short)
}

fn put_types(types: &[u8], out: &mut Vec<u8>) {
    let mut run_count = 0;
    runs(types.iter().copied(), |_, _| run_count += 1);
    if run_count * 2 <= types.len().div_ceil(2) + 2 {
        out.push(TYPES_RUNS);
        runs(types.iter().copied(), |kind, count| {
            out.push(kind);
            put_varint(out, count);
        });
    } else {
        out.push(TYPES_PACKED);
        out.extend(types.chunks(2).map(|pair| pair[0] | pair.get(1).unwrap_or(&0) << 4));
    }
}

fn put_values(rows: &[Row], types: &[u8], out: &mut Vec<u8>) {
    let with_value = rows.iter().filter(|row| !matches!(row.sample.value, Value::Null));
    for (row, kind) in with_value.zip(types) {
        match &row.sample.value {
            Value::Null => {}
            Value::Bool(on) => out.push(u8::from(*on)),
            Value::Int(int) => put_varint(out, zigzag(*int)),
            Value::Uint(uint) => put_varint(out, *uint),
            Value::Float(float) => match short(*float) {
                Some(short) if *kind == FLOAT_SHORT => out.extend_from_slice(&short.to_le_bytes()),
                _ => out.extend_from_slice(&float.to_bits().to_le_bytes()),
            },
            Value::Text(text) => put_bytes(text.as_bytes(), out),
            Value::Bytes(bytes) => put_bytes(bytes, out),
        }
    }
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What stands before the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHead {
    pub(crate) numbering: u64,
    pub(crate) origin: OriginId,
    pub(crate) arrived: Timestamp,
}

/// Buffers of a decoder, kept from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    tags: Vec<Option<TagId>>,
    times: Vec<i64>,
    qualities: Vec<u16>,
    clocks: Vec<u8>,
    types: Vec<u8>,
}

/// Reads a payload into `rows`; how many more there were whose tag `numbers` does not know.
pub(crate) fn decode(
    payload: &[u8],
    numbers: &Numbers,
    columns: &mut Columns,
    rows: &mut Vec<Row>,
) -> Result<(BatchHead, u32), RecordError> {
    let mut cursor = Cursor::new(payload, "head");
    check_version(cursor.byte()?)?;
    let numbering = cursor.varint()?;
    let unknown_numbers = Numbers::default();
    let numbers = if numbers.are(numbering) { numbers } else { &unknown_numbers };
    let origin = u32::try_from(cursor.varint()?).map_err(|_large| cursor.malformed())?;
    let arrived = i64::from_le_bytes(cursor.array()?);
    let count = cursor.len()?;
    if count > ROWS_MAX {
        let (claimed, max) = (count as u64, ROWS_MAX as u64);
        return Err(RecordError::TooMany { what: "rows", claimed, max });
    }
    columns.read(&mut cursor, count, arrived, numbers)?;
    cursor.what = "values";
    let mut unknown = 0;
    let mut types = columns.types.iter();
    let clocks = columns.times.iter().zip(&columns.clocks);
    for ((tag, code), (ts, clock)) in columns.tags.iter().zip(&columns.qualities).zip(clocks) {
        let value = if code & NO_VALUE != 0 {
            Value::Null
        } else {
            read_value(*types.next().ok_or(cursor.malformed())?, &mut cursor)?
        };
        let Some(tag) = *tag else {
            unknown += 1;
            continue;
        };
        let ts = Timestamp::from_nanos(*ts);
        let clock = match clock {
            0 => ClockSource::Source,
            1 => ClockSource::SourceUnsynchronised,
            2 => ClockSource::Arrival,
            _ => return Err(RecordError::malformed("clocks")),
        };
        // Not `Sample::new`: what was stored is given back as it was, whatever today's rules are.
        let quality = Quality::from_code(code & !NO_VALUE);
        rows.push(Row { tag, sample: Sample { ts, value, quality, clock } });
    }
    if !cursor.is_empty() {
        return Err(cursor.malformed());
    }
    let (origin, arrived) = (OriginId(origin), Timestamp::from_nanos(arrived));
    Ok((BatchHead { numbering, origin, arrived }, unknown))
}

impl Columns {
    fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        count: usize,
        arrived: i64,
        numbers: &Numbers,
    ) -> Result<(), RecordError> {
        cursor.what = "tags";
        self.tags.clear();
        read_tags(cursor, count, |number| self.tags.push(numbers.tag(number)))?;
        cursor.what = "times";
        self.times.clear();
        read_times(cursor, count, arrived, &mut self.times)?;
        cursor.what = "qualities";
        self.qualities.clear();
        while self.qualities.len() < count {
            let code = u16::try_from(cursor.varint()?).map_err(|_large| cursor.malformed())?;
            let run = cursor.run(count - self.qualities.len())?;
            self.qualities.resize(self.qualities.len() + run, code);
        }
        cursor.what = "clocks";
        self.clocks.clear();
        while self.clocks.len() < count {
            let clock = cursor.byte()?;
            let run = cursor.run(count - self.clocks.len())?;
            self.clocks.resize(self.clocks.len() + run, clock);
        }
        cursor.what = "types";
        let with_value = self.qualities.iter().filter(|code| **code & NO_VALUE == 0).count();
        self.types.clear();
        read_types(cursor, with_value, &mut self.types)
    }
}

fn read_tags(
    cursor: &mut Cursor<'_>,
    count: usize,
    mut push: impl FnMut(u64),
) -> Result<(), RecordError> {
    let (mut left, mut before) = (count, -1_i64);
    while left > 0 {
        let token = cursor.varint()?;
        let number = before.checked_add(unzigzag(token >> 2)).ok_or(cursor.malformed())?;
        let number = u64::try_from(number).map_err(|_negative| cursor.malformed())?;
        let (run, step) = match token & 3 {
            TAG_ONE => (1, 0),
            TAG_RISING => (cursor.run(left)?, 1),
            TAG_SAME => (cursor.run(left)?, 0),
            _ => return Err(cursor.malformed()),
        };
        let mut last = number;
        for index in 0..run as u64 {
            last = number.checked_add(index * step).ok_or(cursor.malformed())?;
            push(last);
        }
        before = i64::try_from(last).map_err(|_large| cursor.malformed())?;
        left -= run;
    }
    Ok(())
}

fn read_times(
    cursor: &mut Cursor<'_>,
    count: usize,
    arrived: i64,
    times: &mut Vec<i64>,
) -> Result<(), RecordError> {
    if count == 0 {
        return Ok(());
    }
    let mut ts = arrived.wrapping_add(cursor.signed()?);
    times.push(ts);
    let form = cursor.byte()?;
    if form & !(TIMES_RUNS | TIMES_MILLIS) != 0 {
        return Err(cursor.malformed());
    }
    let unit = if form & TIMES_MILLIS != 0 { NANOS_PER_MILLI } else { 1 };
    while times.len() < count {
        let distance = cursor.signed()?.checked_mul(unit).ok_or(cursor.malformed())?;
        let run = if form & TIMES_RUNS != 0 { cursor.run(count - times.len())? } else { 1 };
        for _ in 0..run {
            ts = ts.wrapping_add(distance);
            times.push(ts);
        }
    }
    Ok(())
}

fn read_types(
    cursor: &mut Cursor<'_>,
    count: usize,
    types: &mut Vec<u8>,
) -> Result<(), RecordError> {
    match cursor.byte()? {
        TYPES_RUNS => {
            while types.len() < count {
                let kind = cursor.byte()?;
                let run = cursor.run(count - types.len())?;
                types.resize(types.len() + run, kind);
            }
        }
        TYPES_PACKED => {
            let packed = cursor.bytes(count.div_ceil(2))?;
            types.extend(packed.iter().flat_map(|pair| [pair & 0x0f, pair >> 4]));
            if types.len() > count && types.pop() != Some(0) {
                return Err(cursor.malformed());
            }
        }
        _ => return Err(cursor.malformed()),
    }
    Ok(())
}

fn read_value(kind: u8, cursor: &mut Cursor<'_>) -> Result<Value, RecordError> {
    Ok(match kind {
        BOOL => match cursor.byte()? {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            _ => return Err(cursor.malformed()),
        },
        INT => Value::Int(cursor.signed()?),
        UINT => Value::Uint(cursor.varint()?),
        FLOAT => Value::Float(f64::from_bits(u64::from_le_bytes(cursor.array()?))),
        FLOAT_SHORT => Value::Float(f64::from(f32::from_le_bytes(cursor.array()?))),
        TEXT => {
            let len = cursor.len()?;
            let text =
                std::str::from_utf8(cursor.bytes(len)?).map_err(|_other| cursor.malformed())?;
            Value::Text(text.into())
        }
        BYTES => {
            let len = cursor.len()?;
            Value::Bytes(Arc::from(cursor.bytes(len)?))
        }
        _ => return Err(cursor.malformed()),
    })
}

#[cfg(test)]
mod tests;
