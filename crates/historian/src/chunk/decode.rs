//! A chunk to samples. The bytes are untrusted: no count from them is believed past its limit.

use std::ops::Range;
use std::sync::Arc;

use lineshaft_model::Value;

use super::{BITS_MAP, BITS_RUNS, Coding, Kind, MARKS_CONSTANT, MARKS_PAGED, VERSION};
use crate::bytes::{In, Malformed};
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_SAMPLES_MAX, DECIMALS_MAX, PAGE_SAMPLES_MAX};
use crate::numbers::{Lane, LaneReader, Width, ints, undecimal};
use crate::rows::{Mark, Rows, scalar, text};

/// Where one page is, and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct PageEntry {
    /// Bytes, counted from the end of the header.
    pub(crate) bytes: Range<usize>,
    count: usize,
    nulls: usize,
    ts_len: usize,
    values_len: usize,
    crc: u32,
}

/// Reads the pages of one chunk.
#[derive(Debug)]
pub(crate) struct ChunkReader {
    pub(crate) kind: Kind,
    pub(crate) pages: Vec<PageEntry>,
    ts: LaneReader,
    values: ValueReader,
    marks: Option<Mark>,
}

#[derive(Debug)]
enum ValueReader {
    Null,
    Constant(Value),
    Ints(LaneReader),
    Decimals { scale: u32, width: Width, lane: LaneReader },
    Floats(LaneReader),
    Bits,
    Dictionary(Vec<Value>),
    Scalars,
}

impl ChunkReader {
    /// Reads a header, with its checksum.
    pub(crate) fn new(header: &[u8]) -> Result<ChunkReader, Malformed> {
        let Some((body, crc)) = header.split_last_chunk::<4>() else {
            return Err(Malformed("a chunk header is too short"));
        };
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return Err(Malformed("the checksum of a chunk header does not match"));
        }
        ChunkReader::parse(body)
    }

    pub(super) fn parse(body: &[u8]) -> Result<ChunkReader, Malformed> {
        let mut input = In::new(body);
        if input.u8()? != VERSION {
            return Err(Malformed("unknown version of chunk"));
        }
        let kind = Kind::from_code(input.u8()?)?;
        let samples = input.count(CHUNK_SAMPLES_MAX)?;
        let pages = read_pages(&mut input)?;
        if pages.iter().map(|page| page.count).sum::<usize>() != samples {
            return Err(Malformed("the pages of a chunk do not add up"));
        }
        let ts_lane = Lane::from_code(input.u8()?)?;
        let ts = LaneReader::new(ts_lane, input.bytes()?)?;
        let values = ValueReader::read(&mut input, kind)?;
        let marks = match input.u8()? {
            MARKS_CONSTANT => {
                let mark = input.varint()?;
                Some(Mark(u32::try_from(mark).ok().ok_or(Malformed("quality out of range"))?))
            }
            MARKS_PAGED => None,
            _ => return Err(Malformed("unknown coding of quality")),
        };
        Ok(ChunkReader { kind, pages, ts, values, marks })
    }

    /// Bytes of all pages.
    pub(crate) fn pages_len(&self) -> usize {
        self.pages.last().map_or(0, |page| page.bytes.end)
    }

    /// Decodes one page, given its bytes, after its checksum.
    pub(crate) fn page(&mut self, index: usize, bytes: &[u8]) -> Result<Rows, Malformed> {
        let page = self.pages.get(index).ok_or(Malformed("no such page"))?;
        if crc32c::crc32c(bytes) != page.crc {
            return Err(Malformed("the checksum of a page does not match"));
        }
        self.decode(index, bytes)
    }

    pub(super) fn decode(&mut self, index: usize, bytes: &[u8]) -> Result<Rows, Malformed> {
        let page = &self.pages[index];
        let mut input = In::new(bytes);
        let ts = self.ts.ints(input.take(page.ts_len)?, page.count)?;
        let value_bytes = input.take(page.values_len)?;
        let marks = match self.marks {
            Some(mark) => vec![mark; page.count],
            None => read_marks(&mut input, page.count)?,
        };
        let said = page.count - page.nulls;
        if marks.iter().filter(|mark| !mark.is_null()).count() != said {
            return Err(Malformed("quality and values do not fit"));
        }
        let mut dense = self.values.page(value_bytes, said, self.kind)?;
        if page.nulls == 0 {
            return Ok(Rows { ts, marks, values: dense });
        }
        let mut dense = dense.drain(..);
        let values = marks.iter().map(|mark| {
            if mark.is_null() { Value::Null } else { dense.next().unwrap_or(Value::Null) }
        });
        let values = values.collect();
        Ok(Rows { ts, values, marks })
    }
}

fn read_pages(input: &mut In<'_>) -> Result<Vec<PageEntry>, Malformed> {
    let count = input.count(CHUNK_SAMPLES_MAX)?;
    let mut pages = Vec::new();
    let mut start = 0_usize;
    for _ in 0..count {
        let count = input.count(PAGE_SAMPLES_MAX)?;
        let nulls = input.count(count)?;
        let bytes_max = CHUNK_BYTES_MAX as usize;
        let ts_len = input.count(bytes_max)?;
        let values_len = input.count(bytes_max)?;
        let end = start + ts_len + values_len + input.count(bytes_max)?;
        if count == 0 || end > bytes_max {
            return Err(Malformed("a page has an impossible length"));
        }
        let crc = input.u32()?;
        pages.push(PageEntry { bytes: start..end, count, nulls, ts_len, values_len, crc });
        start = end;
    }
    Ok(pages)
}

fn read_marks(input: &mut In<'_>, count: usize) -> Result<Vec<Mark>, Malformed> {
    let mut marks = Vec::with_capacity(count);
    while marks.len() < count {
        let mark = u32::try_from(input.varint()?).ok().ok_or(Malformed("quality out of range"))?;
        let run = input.count(count - marks.len())?;
        if run == 0 {
            return Err(Malformed("an empty run of quality"));
        }
        marks.resize(marks.len() + run, Mark(mark));
    }
    Ok(marks)
}

impl ValueReader {
    fn read(input: &mut In<'_>, kind: Kind) -> Result<ValueReader, Malformed> {
        let lane = |input: &mut In<'_>| {
            let lane = Lane::from_code(input.u8()?)?;
            LaneReader::new(lane, input.bytes()?)
        };
        let fits = |fits: bool, reader: ValueReader| {
            if fits { Ok(reader) } else { Err(Malformed("coding and kind of values do not fit")) }
        };
        match Coding::from_code(input.u8()?)? {
            Coding::Null => fits(kind == Kind::Null, ValueReader::Null),
            Coding::Constant => {
                let value = scalar(input)?;
                fits(Kind::of(&value) == kind, ValueReader::Constant(value))
            }
            Coding::Ints => {
                let reader = ValueReader::Ints(lane(input)?);
                fits(matches!(kind, Kind::Int | Kind::Uint), reader)
            }
            Coding::Decimals => {
                let scale = u32::from(input.u8()?);
                let width = Width::of_code(input.u8()?);
                let reader = ValueReader::Decimals { scale, width, lane: lane(input)? };
                fits(kind == Kind::Float && scale <= DECIMALS_MAX, reader)
            }
            Coding::Floats => {
                let reader = ValueReader::Floats(lane(input)?);
                fits(kind == Kind::Float, reader)
            }
            Coding::Bits => fits(kind == Kind::Bool, ValueReader::Bits),
            Coding::Dictionary => ValueReader::read_dictionary(input, kind),
            Coding::Scalars => fits(kind == Kind::Mixed, ValueReader::Scalars),
        }
    }

    fn read_dictionary(input: &mut In<'_>, kind: Kind) -> Result<ValueReader, Malformed> {
        let count = input.count(CHUNK_SAMPLES_MAX)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let bytes = input.bytes()?;
            entries.push(match kind {
                Kind::Text => Value::Text(text(bytes)?.into()),
                Kind::Bytes => Value::Bytes(Arc::from(bytes)),
                _ => return Err(Malformed("coding and kind of values do not fit")),
            });
        }
        Ok(ValueReader::Dictionary(entries))
    }

    fn page(&mut self, bytes: &[u8], count: usize, kind: Kind) -> Result<Vec<Value>, Malformed> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut input = In::new(bytes);
        Ok(match self {
            ValueReader::Null => return Err(Malformed("values where there are none")),
            ValueReader::Constant(value) => vec![value.clone(); count],
            ValueReader::Ints(lane) => {
                let ints = lane.ints(bytes, count)?.into_iter();
                ints.map(|int| kind.value(int as u64)).collect()
            }
            ValueReader::Decimals { scale, width, lane } => {
                let ints = lane.ints(bytes, count)?.into_iter();
                ints.map(|int| Value::Float(undecimal(int, *scale, *width))).collect()
            }
            ValueReader::Floats(lane) => {
                lane.floats(bytes, count)?.into_iter().map(Value::Float).collect()
            }
            ValueReader::Bits => read_bits(&mut input, count)?,
            ValueReader::Dictionary(entries) => {
                let entry = |index: i64| {
                    let entry = usize::try_from(index).ok().and_then(|index| entries.get(index));
                    entry.cloned().ok_or(Malformed("no such dictionary entry"))
                };
                ints(&mut input, count)?.into_iter().map(entry).collect::<Result<_, _>>()?
            }
            ValueReader::Scalars => {
                let values = (0..count).map(|_| match scalar(&mut input)? {
                    Value::Null => Err(Malformed("a null where a value was said to be")),
                    value => Ok(value),
                });
                values.collect::<Result<_, _>>()?
            }
        })
    }
}

fn read_bits(input: &mut In<'_>, count: usize) -> Result<Vec<Value>, Malformed> {
    let mut values = Vec::with_capacity(count);
    match input.u8()? {
        BITS_RUNS => {
            let mut on = input.u8()? != 0;
            while values.len() < count {
                let run = input.count(count - values.len())?;
                if run == 0 {
                    return Err(Malformed("an empty run of states"));
                }
                values.resize(values.len() + run, Value::Bool(on));
                on = !on;
            }
        }
        BITS_MAP => {
            let map = input.take(count.div_ceil(8))?;
            values.extend((0..count).map(|at| Value::Bool(map[at / 8] >> (at % 8) & 1 != 0)));
        }
        _ => return Err(Malformed("unknown coding of states")),
    }
    Ok(values)
}
