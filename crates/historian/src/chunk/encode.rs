//! Samples to a chunk.

use std::collections::HashMap;
use std::ops::Range;

use lineshaft_model::Value;

use super::{BITS_MAP, BITS_RUNS, Coding, Kind, MARKS_CONSTANT, MARKS_PAGED, VERSION};
use crate::bytes::{put_bytes, put_varint};
use crate::limits::{CHUNK_SAMPLES_MIN, CHUNK_TEXT_BYTES_MAX, PAGE_SAMPLES_MAX, TYPE_RUN_MIN};
use crate::numbers::{Paged, Refused, decimals, paged_floats, paged_ints, put_ints};
use crate::rows::{Mark, Rows, put_scalar};

/// A chunk ready to be written: the header, then the pages.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) kind: Kind,
    pub(crate) header: Vec<u8>,
    pub(crate) pages: Vec<u8>,
    /// The rows of each page, counted from the first row of all.
    pub(crate) ranges: Vec<Range<usize>>,
}

/// Where to cut the rows of a tag into chunks: at changes of type, at 16 k samples, at a mebibyte of text.
pub(crate) fn cut(rows: &Rows) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    for run in type_runs(&rows.values) {
        let parts = (run.len() / CHUNK_SAMPLES_MIN).max(1);
        for part in split_evenly(run, parts) {
            cut_text(&rows.values, part, &mut chunks);
        }
    }
    chunks
}

fn type_runs(values: &[Value]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let (mut start, mut kind) = (0, Kind::Null);
    for (index, value) in values.iter().enumerate() {
        let this = Kind::of(value);
        if this == Kind::Null {
            continue; // nothing said: fits any run
        }
        if kind != Kind::Null && this != kind {
            runs.push(start..index);
            start = index;
        }
        kind = this;
    }
    runs.push(start..values.len());
    if runs.len() > 1 && values.len() / runs.len() < TYPE_RUN_MIN {
        return split_evenly(0..values.len(), 1).collect();
    }
    runs
}

fn split_evenly(whole: Range<usize>, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let (start, len) = (whole.start, whole.len());
    (0..parts).map(move |part| start + len * part / parts..start + len * (part + 1) / parts)
}

fn cut_text(values: &[Value], part: Range<usize>, chunks: &mut Vec<Range<usize>>) {
    let (mut start, mut bytes) = (part.start, 0);
    for index in part.clone() {
        bytes += match &values[index] {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        if bytes > CHUNK_TEXT_BYTES_MAX {
            chunks.push(start..index + 1);
            (start, bytes) = (index + 1, 0);
        }
    }
    if start < part.end {
        chunks.push(start..part.end);
    }
}

/// Compresses the rows of one chunk as [`cut`] gave it.
pub(crate) fn encode(rows: &Rows, chunk: Range<usize>) -> Result<Encoded, Refused> {
    let parts = chunk.len().div_ceil(PAGE_SAMPLES_MAX).max(1);
    let ranges: Vec<Range<usize>> = split_evenly(chunk.clone(), parts).collect();
    let counts: Vec<usize> = ranges.iter().map(Range::len).collect();
    let ts = paged_ints(&rows.ts[chunk.clone()], &counts)?;
    let (mark_header, mark_pages) = encode_marks(&rows.marks[chunk.clone()], &counts);
    let values = Values::encode(&rows.values[chunk.clone()], &counts)?;

    let mut header = vec![VERSION, values.kind as u8];
    put_varint(&mut header, chunk.len() as u64);
    put_varint(&mut header, parts as u64);
    let mut pages = Vec::new();
    for (index, count) in counts.iter().enumerate() {
        let start = pages.len();
        put_varint(&mut header, *count as u64);
        put_varint(&mut header, (count - values.counts[index]) as u64);
        for part in [&ts.pages[index], &values.pages[index], &mark_pages[index]] {
            put_varint(&mut header, part.len() as u64);
            pages.extend_from_slice(part);
        }
        header.extend_from_slice(&crc32c::crc32c(&pages[start..]).to_le_bytes());
    }
    header.push(ts.lane as u8);
    put_bytes(&mut header, &ts.meta);
    header.extend_from_slice(&values.header);
    header.extend_from_slice(&mark_header);
    let crc = crc32c::crc32c(&header);
    header.extend_from_slice(&crc.to_le_bytes());
    Ok(Encoded { kind: values.kind, header, pages, ranges })
}

fn encode_marks(marks: &[Mark], counts: &[usize]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let first = marks.first().copied().unwrap_or(Mark(0));
    if marks.iter().all(|mark| *mark == first) {
        let mut header = vec![MARKS_CONSTANT];
        put_varint(&mut header, u64::from(first.0));
        return (header, vec![Vec::new(); counts.len()]);
    }
    let mut rest = marks;
    let pages = counts.iter().map(|count| {
        let (page, after) = rest.split_at(*count);
        rest = after;
        let mut out = Vec::new();
        for run in page.chunk_by(|a, b| a == b) {
            put_varint(&mut out, u64::from(run[0].0));
            put_varint(&mut out, run.len() as u64);
        }
        out
    });
    (vec![MARKS_PAGED], pages.collect())
}

struct Values {
    kind: Kind,
    header: Vec<u8>,
    pages: Vec<Vec<u8>>,
    /// Values, without nulls, of each page.
    counts: Vec<usize>,
}

impl Values {
    fn encode(values: &[Value], counts: &[usize]) -> Result<Values, Refused> {
        let mut rest = values;
        let counts: Vec<usize> = counts
            .iter()
            .map(|count| {
                let (page, after) = rest.split_at(*count);
                rest = after;
                page.iter().filter(|value| **value != Value::Null).count()
            })
            .collect();
        let said: Vec<&Value> = values.iter().filter(|value| **value != Value::Null).collect();
        let none = || vec![Vec::new(); counts.len()];
        let Some(first) = said.first() else {
            return Ok(Values {
                kind: Kind::Null,
                header: vec![Coding::Null as u8],
                pages: none(),
                counts,
            });
        };
        let mixed = said.iter().any(|value| Kind::of(value) != Kind::of(first));
        let kind = if mixed { Kind::Mixed } else { Kind::of(first) };
        if said.iter().all(|value| value.same_bits(first)) {
            let mut header = vec![Coding::Constant as u8];
            put_scalar(&mut header, first);
            return Ok(Values { kind, header, pages: none(), counts });
        }
        let (header, pages) = match kind {
            Kind::Bool => (vec![Coding::Bits as u8], in_pages(&said, &counts, encode_bits)),
            Kind::Int | Kind::Uint => {
                let ints: Vec<i64> =
                    said.iter().map(|value| super::bits_of(value) as i64).collect();
                lane(vec![Coding::Ints as u8], paged_ints(&ints, &counts)?)
            }
            Kind::Float => encode_floats(&said, &counts)?,
            Kind::Text | Kind::Bytes => encode_dictionary(&said, &counts),
            Kind::Mixed | Kind::Null => (
                vec![Coding::Scalars as u8],
                in_pages(&said, &counts, |page, out| {
                    page.iter().for_each(|value| put_scalar(out, value));
                }),
            ),
        };
        Ok(Values { kind, header, pages, counts })
    }
}

fn lane(mut header: Vec<u8>, paged: Paged) -> (Vec<u8>, Vec<Vec<u8>>) {
    header.push(paged.lane as u8);
    put_bytes(&mut header, &paged.meta);
    (header, paged.pages)
}

fn in_pages<T>(
    said: &[T],
    counts: &[usize],
    mut put: impl FnMut(&[T], &mut Vec<u8>),
) -> Vec<Vec<u8>> {
    let mut rest = said;
    let pages = counts.iter().map(|count| {
        let (page, after) = rest.split_at(*count);
        rest = after;
        let mut out = Vec::new();
        put(page, &mut out);
        out
    });
    pages.collect()
}

fn encode_floats(said: &[&Value], counts: &[usize]) -> Result<(Vec<u8>, Vec<Vec<u8>>), Refused> {
    let floats: Vec<f64> = said.iter().map(|v| f64::from_bits(super::bits_of(v))).collect();
    if let Some(decimals) = decimals(&floats) {
        let header = vec![Coding::Decimals as u8, decimals.scale as u8, decimals.width as u8];
        return Ok(lane(header, paged_ints(&decimals.ints, counts)?));
    }
    Ok(lane(vec![Coding::Floats as u8], paged_floats(&floats, counts)?))
}

/// Runs where the state holds, a bit each where it flickers.
fn encode_bits(page: &[&Value], out: &mut Vec<u8>) {
    let on = |value: &&Value| super::bits_of(value) != 0;
    let Some(first) = page.first() else { return };
    out.extend_from_slice(&[BITS_RUNS, u8::from(on(first))]);
    page.chunk_by(|a, b| on(a) == on(b)).for_each(|run| put_varint(out, run.len() as u64));
    if out.len() > 1 + page.len().div_ceil(8) {
        out.clear();
        out.push(BITS_MAP);
        out.extend(page.chunks(8).map(|eight| {
            eight.iter().rev().fold(0_u8, |byte, value| byte << 1 | u8::from(on(value)))
        }));
    }
}

fn encode_dictionary(said: &[&Value], counts: &[usize]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let content = |value: &Value| match value {
        Value::Text(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    };
    let mut known: HashMap<Vec<u8>, i64> = HashMap::new();
    let mut entries = Vec::new();
    let indexes: Vec<i64> = said
        .iter()
        .map(|value| {
            let next = known.len() as i64;
            *known.entry(content(value)).or_insert_with_key(|bytes| {
                put_bytes(&mut entries, bytes);
                next
            })
        })
        .collect();
    let mut header = vec![Coding::Dictionary as u8];
    put_varint(&mut header, known.len() as u64);
    header.extend_from_slice(&entries);
    (header, in_pages(&indexes, counts, |page, out| put_ints(out, page)))
}
