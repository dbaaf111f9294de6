//! Columns of numbers in as few bytes as they take: in pages for samples, in one piece for statistics.
//!
//! Long columns go through [`pco`] in its wrapped form, whose pages share the bins of their chunk. Short ones
//! are differences as varints, divided by their common factor: a column of ten numbers costs no header.

use pco::data_types::Number;
use pco::wrapped::{ChunkDecompressor, FileCompressor, FileDecompressor};
use pco::{ChunkConfig, PagingSpec};

use crate::bytes::{In, Malformed, put_varint, put_zigzag};
use crate::limits::{DECIMALS_MAX, PCO_SAMPLES_MIN};

/// How the numbers of a paged column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Lane {
    /// Differences, see [`put_ints`].
    Plain = 0,
    /// pco, 32 bits signed.
    Pco32 = 1,
    /// pco, 64 bits signed.
    Pco64 = 2,
    /// IEEE single, as it is.
    Single = 3,
    /// IEEE double, as it is.
    Double = 4,
    /// pco, IEEE single.
    PcoSingle = 5,
    /// pco, IEEE double.
    PcoDouble = 6,
}

impl Lane {
    pub(crate) fn from_code(code: u8) -> Result<Lane, Malformed> {
        Ok(match code {
            0 => Lane::Plain,
            1 => Lane::Pco32,
            2 => Lane::Pco64,
            3 => Lane::Single,
            4 => Lane::Double,
            5 => Lane::PcoSingle,
            6 => Lane::PcoDouble,
            _ => return Err(Malformed("unknown number coding")),
        })
    }
}

/// A column in pages.
#[derive(Debug)]
pub(crate) struct Paged {
    pub(crate) lane: Lane,
    /// What all pages share.
    pub(crate) meta: Vec<u8>,
    /// One for each count, empty for a count of 0.
    pub(crate) pages: Vec<Vec<u8>>,
}

/// pco refused numbers that it can only refuse because of a mistake here.
#[derive(Debug, thiserror::Error)]
#[error("the number codec refused a column")]
pub(crate) struct Refused(#[from] pco::errors::PcoError);

fn paged_pco<T: Number>(lane: Lane, numbers: &[T], counts: &[usize]) -> Result<Paged, Refused> {
    let filled: Vec<usize> = counts.iter().copied().filter(|count| *count > 0).collect();
    let config = ChunkConfig::default().with_paging_spec(PagingSpec::Exact(filled));
    let file = FileCompressor::default();
    let mut chunk = file.chunk_compressor(numbers, &config)?;
    let meta = chunk.write_meta(file.write_header(Vec::new())?)?;
    let mut index = 0;
    let mut pages = Vec::with_capacity(counts.len());
    for count in counts {
        if *count == 0 {
            pages.push(Vec::new());
        } else {
            pages.push(chunk.write_page(index, Vec::new())?);
            index += 1;
        }
    }
    Ok(Paged { lane, meta, pages })
}

fn paged_plain<T>(
    lane: Lane,
    numbers: &[T],
    counts: &[usize],
    put: impl Fn(&mut Vec<u8>, &[T]),
) -> Paged {
    let mut rest = numbers;
    let pages = counts.iter().map(|count| {
        let (page, after) = rest.split_at(*count);
        rest = after;
        let mut bytes = Vec::new();
        put(&mut bytes, page);
        bytes
    });
    Paged { lane, pages: pages.collect(), meta: Vec::new() }
}

/// Writes whole numbers in pages of the given counts.
pub(crate) fn paged_ints(numbers: &[i64], counts: &[usize]) -> Result<Paged, Refused> {
    if numbers.len() < PCO_SAMPLES_MIN {
        return Ok(paged_plain(Lane::Plain, numbers, counts, put_differences));
    }
    let narrow: Result<Vec<i32>, _> = numbers.iter().map(|n| i32::try_from(*n)).collect();
    match narrow {
        Ok(narrow) => paged_pco(Lane::Pco32, &narrow, counts),
        Err(_) => paged_pco(Lane::Pco64, numbers, counts),
    }
}

/// Writes real numbers in pages of the given counts; as singles where no bit is lost.
pub(crate) fn paged_floats(numbers: &[f64], counts: &[usize]) -> Result<Paged, Refused> {
    let long = numbers.len() >= PCO_SAMPLES_MIN;
    match (singles(numbers), long) {
        (Some(singles), true) => paged_pco(Lane::PcoSingle, &singles, counts),
        (None, true) => paged_pco(Lane::PcoDouble, numbers, counts),
        (Some(singles), false) => Ok(paged_plain(Lane::Single, &singles, counts, |out, page| {
            page.iter().for_each(|single| out.extend_from_slice(&single.to_le_bytes()));
        })),
        (None, false) => Ok(paged_plain(Lane::Double, numbers, counts, |out, page| {
            page.iter().for_each(|double| out.extend_from_slice(&double.to_le_bytes()));
        })),
    }
}

/// Reads the pages of one column; the tables of pco are built once for all of them.
pub(crate) enum LaneReader {
    Plain,
    Pco32(ChunkDecompressor<i32>),
    Pco64(ChunkDecompressor<i64>),
    Single,
    Double,
    PcoSingle(ChunkDecompressor<f32>),
    PcoDouble(ChunkDecompressor<f64>),
}

impl std::fmt::Debug for LaneReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LaneReader")
    }
}

fn chunk_of<T: Number>(meta: &[u8]) -> Result<ChunkDecompressor<T>, Malformed> {
    let refused = |_: pco::errors::PcoError| Malformed("pco cannot read what the pages share");
    let (file, rest) = FileDecompressor::new(meta).map_err(refused)?;
    let (chunk, _) = file.chunk_decompressor::<T, _>(rest).map_err(refused)?;
    Ok(chunk)
}

fn page_of<T: Number + Default>(
    chunk: &mut ChunkDecompressor<T>,
    page: &[u8],
    count: usize,
) -> Result<Vec<T>, Malformed> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut numbers = vec![T::default(); count];
    let refused = |_: pco::errors::PcoError| Malformed("pco cannot read a page");
    let mut reader = chunk.page_decompressor(page, count).map_err(refused)?;
    reader.read(&mut numbers).map_err(refused)?;
    Ok(numbers)
}

impl LaneReader {
    pub(crate) fn new(lane: Lane, meta: &[u8]) -> Result<LaneReader, Malformed> {
        Ok(match lane {
            Lane::Plain => LaneReader::Plain,
            Lane::Pco32 => LaneReader::Pco32(chunk_of(meta)?),
            Lane::Pco64 => LaneReader::Pco64(chunk_of(meta)?),
            Lane::Single => LaneReader::Single,
            Lane::Double => LaneReader::Double,
            Lane::PcoSingle => LaneReader::PcoSingle(chunk_of(meta)?),
            Lane::PcoDouble => LaneReader::PcoDouble(chunk_of(meta)?),
        })
    }

    pub(crate) fn ints(&mut self, page: &[u8], count: usize) -> Result<Vec<i64>, Malformed> {
        match self {
            LaneReader::Plain => differences(&mut In::new(page), count),
            LaneReader::Pco32(chunk) => {
                Ok(page_of(chunk, page, count)?.into_iter().map(i64::from).collect())
            }
            LaneReader::Pco64(chunk) => page_of(chunk, page, count),
            _ => Err(Malformed("whole numbers in a coding of real ones")),
        }
    }

    pub(crate) fn floats(&mut self, page: &[u8], count: usize) -> Result<Vec<f64>, Malformed> {
        match self {
            LaneReader::PcoSingle(chunk) => {
                Ok(page_of(chunk, page, count)?.into_iter().map(widen).collect())
            }
            LaneReader::PcoDouble(chunk) => page_of(chunk, page, count),
            LaneReader::Single => {
                let mut input = In::new(page);
                (0..count).map(|_| Ok(widen(f32::from_bits(input.u32()?)))).collect()
            }
            LaneReader::Double => {
                let mut input = In::new(page);
                (0..count).map(|_| Ok(f64::from_bits(input.u64()?))).collect()
            }
            _ => Err(Malformed("real numbers in a coding of whole ones")),
        }
    }
}

/// The doubles as singles, if every one is a single to the bit.
fn singles(numbers: &[f64]) -> Option<Vec<f32>> {
    numbers.iter().map(|double| narrow(*double)).collect()
}

/// The single that is this double to the bit. A NaN never counts: hardware may quieten it on the way.
pub(crate) fn narrow(double: f64) -> Option<f32> {
    let single = double as f32;
    (f64::from(single).to_bits() == double.to_bits() && !double.is_nan()).then_some(single)
}

fn widen(single: f32) -> f64 {
    f64::from(single)
}

/// How far a quotient was rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// To a double.
    Double,
    /// To a single and then kept as a double, as a PLC's REAL is.
    Single,
}

impl Width {
    pub(crate) const fn of_code(code: u8) -> Width {
        if code == 0 { Width::Double } else { Width::Single }
    }
}

/// Real numbers that are whole ones divided by a power of ten.
#[derive(Debug, PartialEq)]
pub(crate) struct Decimals {
    pub(crate) scale: u32,
    pub(crate) width: Width,
    pub(crate) ints: Vec<i64>,
}

const POWERS: [f64; DECIMALS_MAX as usize + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const EXACT_MAX: f64 = 9_007_199_254_740_992.0; // 2^53

/// `int / 10^scale`, rounded as it was found.
pub(crate) fn undecimal(int: i64, scale: u32, width: Width) -> f64 {
    let double = int as f64 / POWERS[scale.min(DECIMALS_MAX) as usize];
    match width {
        Width::Double => double,
        Width::Single => f64::from(double as f32),
    }
}

/// Finds the fewest places with which every number is a decimal **to the bit**: -0.0, NaN and infinities never are.
pub(crate) fn decimals(numbers: &[f64]) -> Option<Decimals> {
    find_decimals(numbers, Width::Double).or_else(|| {
        numbers
            .iter()
            .all(|n| narrow(*n).is_some())
            .then(|| find_decimals(numbers, Width::Single))?
    })
}

/// The whole number that is this real one at this scale, to the bit; `scale` is at most [`DECIMALS_MAX`].
pub(crate) fn int_of(number: f64, scale: u32, width: Width) -> Option<i64> {
    let scaled = (number * POWERS[scale as usize]).round();
    if scaled.abs() >= EXACT_MAX || scaled.is_nan() {
        return None;
    }
    let int = scaled as i64;
    (undecimal(int, scale, width).to_bits() == number.to_bits()).then_some(int)
}

fn find_decimals(numbers: &[f64], width: Width) -> Option<Decimals> {
    // A single has seven digits: more places than four would match noise and cost bytes.
    let places_max = if width == Width::Single { 4 } else { DECIMALS_MAX };
    let mut scale = 0;
    for number in numbers {
        while int_of(*number, scale, width).is_none() {
            scale += 1;
            if scale > places_max {
                return None;
            }
        }
    }
    let ints =
        numbers.iter().map(|number| int_of(*number, scale, width)).collect::<Option<Vec<_>>>()?;
    Some(Decimals { scale, width, ints })
}

fn put_differences(out: &mut Vec<u8>, numbers: &[i64]) {
    let Some((first, rest)) = numbers.split_first() else { return };
    put_zigzag(out, *first);
    if rest.is_empty() {
        return;
    }
    let steps = || numbers.windows(2).map(|pair| i128::from(pair[1].wrapping_sub(pair[0])));
    let factor = steps().fold(0_u64, |factor, step| gcd(factor, step.unsigned_abs() as u64));
    put_varint(out, factor);
    if factor > 0 {
        steps().for_each(|step| put_zigzag(out, (step / i128::from(factor)) as i64));
    }
}

fn differences(input: &mut In<'_>, count: usize) -> Result<Vec<i64>, Malformed> {
    let mut numbers = Vec::with_capacity(count);
    if count == 0 {
        return Ok(numbers);
    }
    let mut last = input.zigzag()?;
    numbers.push(last);
    let factor = if count > 1 { input.varint()? } else { 0 };
    for _ in 1..count {
        if factor > 0 {
            let step = i128::from(input.zigzag()?) * i128::from(factor);
            last = last.wrapping_add(step as i64);
        }
        numbers.push(last);
    }
    Ok(numbers)
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

const WHOLE_PLAIN: u8 = 0;
const WHOLE_PCO: u8 = 1;
const WHOLE_DECIMAL: u8 = 2;
const WHOLE_DOUBLE: u8 = 3;

/// Adds one column of whole numbers in one piece.
pub(crate) fn put_ints(out: &mut Vec<u8>, numbers: &[i64]) {
    let mut plain = Vec::new();
    put_differences(&mut plain, numbers);
    // Reading varints is quicker than setting pco up: pco has to be clearly shorter.
    if numbers.len() >= PCO_SAMPLES_MIN
        && plain.len() > numbers.len() + 16
        && let Ok(paged) = paged_pco(Lane::Pco64, numbers, &[numbers.len()])
        && paged.meta.len() + paged.pages[0].len() < plain.len() * 3 / 4
    {
        out.push(WHOLE_PCO);
        put_pco(out, &paged);
        return;
    }
    out.push(WHOLE_PLAIN);
    out.extend_from_slice(&plain);
}

fn put_pco(out: &mut Vec<u8>, paged: &Paged) {
    crate::bytes::put_bytes(out, &paged.meta);
    crate::bytes::put_bytes(out, &paged.pages[0]);
}

/// Reads [`put_ints`] of so many numbers.
pub(crate) fn ints(input: &mut In<'_>, count: usize) -> Result<Vec<i64>, Malformed> {
    match input.u8()? {
        WHOLE_PLAIN => differences(input, count),
        WHOLE_PCO => {
            let mut reader = LaneReader::new(Lane::Pco64, input.bytes()?)?;
            reader.ints(input.bytes()?, count)
        }
        _ => Err(Malformed("unknown coding of whole numbers")),
    }
}

/// Adds one column of real numbers in one piece.
pub(crate) fn put_floats(out: &mut Vec<u8>, numbers: &[f64]) {
    if let Some(decimals) = find_decimals(numbers, Width::Double) {
        out.push(WHOLE_DECIMAL);
        out.push(decimals.scale as u8);
        put_ints(out, &decimals.ints);
        return;
    }
    if numbers.len() >= PCO_SAMPLES_MIN
        && let Ok(paged) = paged_pco(Lane::PcoDouble, numbers, &[numbers.len()])
        && paged.meta.len() + paged.pages[0].len() < numbers.len() * 7
    {
        out.push(WHOLE_PCO);
        put_pco(out, &paged);
        return;
    }
    out.push(WHOLE_DOUBLE);
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
}

/// Reads [`put_floats`] of so many numbers.
pub(crate) fn floats(input: &mut In<'_>, count: usize) -> Result<Vec<f64>, Malformed> {
    match input.u8()? {
        WHOLE_DECIMAL => {
            let scale = u32::from(input.u8()?);
            Ok(ints(input, count)?
                .into_iter()
                .map(|int| undecimal(int, scale, Width::Double))
                .collect())
        }
        WHOLE_PCO => {
            let mut reader = LaneReader::new(Lane::PcoDouble, input.bytes()?)?;
            reader.floats(input.bytes()?, count)
        }
        WHOLE_DOUBLE => (0..count).map(|_| Ok(f64::from_bits(input.u64()?))).collect(),
        _ => Err(Malformed("unknown coding of real numbers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_found_to_the_bit_or_not_at_all() {
        let found = decimals(&[21.5, 20.25, -3.0]).unwrap();
        assert_eq!(
            found,
            Decimals { scale: 2, width: Width::Double, ints: vec![2150, 2025, -300] }
        );
        let real = decimals(&[f64::from(21.3_f32), f64::from(0.1_f32)]).unwrap();
        assert_eq!(real, Decimals { scale: 1, width: Width::Single, ints: vec![213, 1] });
        for never in [-0.0, f64::NAN, f64::INFINITY, std::f64::consts::PI, 1e300] {
            assert_eq!(decimals(&[never]), None, "{never}");
        }
    }

    proptest! {
        #[test]
        fn columns_in_one_piece_come_back(
            whole in proptest::collection::vec(prop_oneof![any::<i64>(), 0..99_i64], 0..200),
            real in proptest::collection::vec(any::<u64>(), 0..200),
        ) {
            let real: Vec<f64> = real.into_iter().map(f64::from_bits).collect();
            let mut out = Vec::new();
            put_ints(&mut out, &whole);
            put_floats(&mut out, &real);
            let mut input = In::new(&out);
            prop_assert_eq!(ints(&mut input, whole.len()).unwrap(), whole);
            let back = floats(&mut input, real.len()).unwrap();
            let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&real));
        }

        #[test]
        fn any_bytes_are_an_error_or_numbers(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = ints(&mut In::new(&bytes), 100);
            let _ = floats(&mut In::new(&bytes), 100);
        }
    }
}
