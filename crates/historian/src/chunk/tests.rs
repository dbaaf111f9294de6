use lineshaft_model::{ClockSource, Quality, Reason, Sample, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use super::encode::Encoded;
use super::*;
use crate::rows::Rows;

pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(Value::Uint),
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
        "[a-zé]{0,6}".prop_map(|text| Value::Text(text.into())),
        vec(any::<u8>(), 0..6).prop_map(|bytes| Value::Bytes(bytes.into())),
        Just(Value::Null),
    ]
}

/// Columns as plants have them, and columns as nobody has them.
fn column() -> impl Strategy<Value = Vec<Value>> {
    let len = 0..2_500_usize;
    let floats = prop_oneof![
        Just(f64::NAN),
        Just(f64::from_bits(0x7ff0_0000_0000_0001)),
        Just(-0.0),
        Just(f64::INFINITY),
        Just(f64::MIN_POSITIVE / 3.0),
        Just(f64::MAX),
        any::<f64>(),
    ];
    prop_oneof![
        vec((-999..999_i32).prop_map(|n| Value::Float(f64::from(n) / 10.0)), len.clone()),
        vec(any::<f32>().prop_map(|n| Value::Float(f64::from(n))), len.clone()),
        vec((-99..99_i16).prop_map(|n| Value::Float(f64::from(f32::from(n) / 10.0))), len.clone()),
        vec(floats.prop_map(Value::Float), len.clone()),
        vec(prop_oneof![9 => Just(1_i64), 1 => any::<i64>()].prop_map(Value::Int), len.clone()),
        vec(any::<u64>().prop_map(Value::Uint), len.clone()),
        vec(prop_oneof![40 => Just(true), 1 => Just(false)].prop_map(Value::Bool), len.clone()),
        vec(any::<bool>().prop_map(Value::Bool), len.clone()),
        vec("[a-c]{0,3}".prop_map(|text| Value::Text(text.into())), len.clone()),
        vec(value(), len.clone()),
        vec(Just(Value::Null), len.clone()),
        (vec(Just(Value::Int(4)), len.clone()), vec(Just(Value::from(4.0)), len))
            .prop_map(|(a, b)| [a, b].concat()),
    ]
}

fn rows() -> impl Strategy<Value = Rows> {
    (column(), any::<u64>(), 0..4_u8).prop_map(|(values, seed, mess)| {
        let mut seed = lineshaft_runtime::Seed::new(seed);
        let mut rows = Rows::default();
        let mut ts = seed.next_u64() as i64 / 4;
        for value in values {
            ts += match mess {
                0 => 1_000_000_000,
                1 => seed.below(1_000) as i64 * 1_000_000,
                2 => seed.below(3) as i64,
                _ => seed.below(1 << 50) as i64,
            };
            let bad = seed.chance(if mess == 2 { 0.5 } else { 0.01 }) || value == Value::Null;
            let reason = Reason::ALL[seed.below(14) as usize];
            let quality = if bad { Quality::bad(reason) } else { Quality::GOOD };
            let clock = if mess == 1 && seed.chance(0.2) {
                ClockSource::Source
            } else {
                ClockSource::Arrival
            };
            rows.push(&Sample { ts: Timestamp::from_nanos(ts), value, quality, clock });
        }
        rows
    })
}

fn same(a: &Rows, b: &Rows) -> bool {
    a.ts == b.ts
        && a.marks == b.marks
        && a.values.len() == b.values.len()
        && a.values.iter().zip(&b.values).all(|(a, b)| a.same_bits(b))
}

fn read_back(encoded: &Encoded) -> Result<Rows, Malformed> {
    let mut reader = ChunkReader::new(&encoded.header)?;
    assert_eq!(reader.pages_len(), encoded.pages.len());
    let mut all = Rows::default();
    for index in 0..reader.pages.len() {
        let bytes = &encoded.pages[reader.pages[index].bytes.clone()];
        let page = reader.page(index, bytes)?;
        all.ts.extend(page.ts);
        all.marks.extend(page.marks);
        all.values.extend(page.values);
    }
    Ok(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_is_put_into_chunks_comes_out_to_the_bit(rows in rows()) {
        let mut back = Rows::default();
        for chunk in cut(&rows) {
            let page = read_back(&encode(&rows, chunk).unwrap()).unwrap();
            back.ts.extend(page.ts);
            back.marks.extend(page.marks);
            back.values.extend(page.values);
        }
        prop_assert!(same(&back, &rows));
    }

    #[test]
    fn any_bytes_are_an_error_or_a_chunk(bytes in vec(any::<u8>(), 0..400)) {
        let _ = ChunkReader::new(&bytes);
        if let Ok(mut reader) = ChunkReader::parse(&bytes) {
            for index in 0..reader.pages.len() {
                let _ = reader.decode(index, &bytes);
            }
        }
    }

    /// Past the checksum: even a chunk written to deceive is an error, not a panic.
    #[test]
    fn a_chunk_with_changed_bytes_is_an_error_or_other_samples(
        rows in rows(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let Some(chunk) = cut(&rows).into_iter().find(|chunk| !chunk.is_empty()) else {
            return Ok(());
        };
        let encoded = encode(&rows, chunk).unwrap();
        let mut body = encoded.header[..encoded.header.len() - 4].to_vec();
        let mut pages = encoded.pages.clone();
        for (at, byte) in changes {
            let at = at.index(body.len() + pages.len());
            match at.checked_sub(body.len()) {
                None => body[at] = byte,
                Some(at) => pages[at] = byte,
            }
        }
        prop_assert!(
            ChunkReader::new(&encoded.header).is_ok(),
            "the unchanged chunk is readable"
        );
        if let Ok(mut reader) = ChunkReader::parse(&body) {
            for index in 0..reader.pages.len() {
                if let Some(bytes) = pages.get(reader.pages[index].bytes.clone()) {
                    let _ = reader.decode(index, bytes);
                }
            }
        }
    }
}

#[test]
fn a_constant_hour_costs_a_few_bytes() {
    let mut rows = Rows::default();
    for second in 0..3_600 {
        rows.push(&Sample::good(Timestamp::from_secs(second), 42.5));
    }
    let encoded = encode(&rows, 0..3_600).unwrap();
    let bytes = encoded.header.len() + encoded.pages.len();
    assert!(bytes < 300, "{bytes} bytes");
}

#[test]
fn chunks_are_cut_at_sixteen_thousand_samples_and_at_a_change_of_type() {
    let mut rows = Rows::default();
    for second in 0..50_000 {
        rows.push(&Sample::good(Timestamp::from_secs(second), second));
    }
    for second in 50_000..51_000 {
        rows.push(&Sample::good(Timestamp::from_secs(second), 0.5));
    }
    assert_eq!(cut(&rows), [0..16_666, 16_666..33_333, 33_333..50_000, 50_000..51_000]);
}

#[test]
fn a_chunk_never_holds_more_than_a_mebibyte_of_text_and_one_value() {
    let mut rows = Rows::default();
    let page = "x".repeat(60_000);
    for second in 0..100 {
        rows.push(&Sample::good(Timestamp::from_secs(second), page.as_str()));
    }
    assert!(cut(&rows).iter().all(|chunk| chunk.len() <= 18), "{:?}", cut(&rows));
}
