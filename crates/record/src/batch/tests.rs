//! Round trips, sizes, and bytes that nobody wrote.

use lineshaft_model::Reason;
use proptest::prelude::*;

use super::*;

fn head(arrived: i64) -> BatchHead {
    let arrived = Timestamp::from_nanos(arrived);
    BatchHead { numbering: 0, origin: OriginId(7), arrived }
}

fn round_trip(rows: &[Row]) -> Vec<u8> {
    let numbers: Vec<_> = rows.iter().map(|row| row.tag.number()).collect();
    let written = head(1_795_161_600_500_000_001);
    let mut payload = Vec::new();
    encode(written, rows, &numbers, &mut Scratch::default(), &mut payload);
    let known = Numbers::of((0..=u32::from(u16::MAX)).map(TagId::from_index));
    let mut read = Vec::new();
    let (head, unknown) = decode(&payload, &known, &mut Columns::default(), &mut read).unwrap();
    assert_eq!((head, unknown), (written, 0));
    assert_eq!(read.len(), rows.len());
    for (a, b) in read.iter().zip(rows) {
        assert!(a.sample.value.same_bits(&b.sample.value), "{a:?} {b:?}");
        let plain = |row: &Row| (row.tag, row.sample.ts, row.sample.quality, row.sample.clock);
        assert_eq!(plain(a), plain(b));
    }
    payload
}

fn row(tag: u32, ts: i64, value: Value) -> Row {
    Row { tag: TagId::from_index(tag), sample: Sample::good(Timestamp::from_nanos(ts), value) }
}

/// 1,000 rows and the most bytes they may take.
#[track_caller]
fn check_size(bytes_max: usize, make: impl Fn(u32) -> Row) {
    let rows: Vec<_> = (0..1000).map(make).collect();
    let payload = round_trip(&rows);
    assert!(payload.len() <= bytes_max, "{} bytes", payload.len());
}

const NOW: i64 = 1_795_161_600_500_000_000;

#[test]
fn a_poll_of_registers_takes_little_more_than_its_values() {
    check_size(4050, |i| row(i, NOW, Value::Float(f64::from(i) / 8.0)));
    check_size(8050, |i| row(i, NOW, Value::Float(f64::from(i) * 0.1 + 0.05)));
    check_size(2050, |i| row(i, NOW, Value::Int(i64::from(i) - 500)));
    check_size(1050, |i| row(i, NOW, Value::Bool(i % 3 == 0)));
}

#[test]
fn a_second_of_one_fast_tag_takes_little_more_than_its_values() {
    check_size(4050, |i| row(3, NOW + i64::from(i) * 1_000_000, Value::Float(f64::from(i))));
}

#[test]
fn the_worst_of_numeric_batches_stays_under_twelve_bytes_a_sample() {
    // Times that jitter by microseconds, tags in no order, types that alternate, reals that need eight bytes.
    check_size(12_000, |i| {
        let value =
            if i % 2 == 0 { Value::Float(f64::from(i) * 0.1 + 0.05) } else { Value::Int(i.into()) };
        row(i * 37 % 1000, NOW + i64::from(i * 7919 % 1000) * 1_000, value)
    });
}

#[test]
fn both_zeros_and_every_nan_come_back_to_the_bit() {
    let floats = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, f64::MAX];
    let nans = [0x7ff8_0000_0000_0001, 0x7ff0_0000_2000_0000, 0xfff8_0000_0000_0000_u64];
    let all = floats.into_iter().chain(nans.map(f64::from_bits));
    let rows: Vec<_> = all.map(|float| row(1, NOW, Value::Float(float))).collect();
    round_trip(&rows);
}

#[test]
fn an_empty_batch_is_a_batch() {
    round_trip(&[]);
}

#[test]
fn a_count_that_only_claims_costs_nothing() {
    let known = Numbers::default();
    let (mut columns, mut rows) = (Columns::default(), Vec::new());
    let mut payload = vec![VERSION, 0, 0];
    payload.extend_from_slice(&[0; 8]);
    put_varint(&mut payload, u64::MAX);
    let error = decode(&payload, &known, &mut columns, &mut rows).unwrap_err();
    assert!(matches!(error, RecordError::TooMany { what: "rows", .. }), "{error}");
}

#[test]
fn a_tag_without_a_name_is_counted_and_hurts_no_other() {
    let rows: Vec<_> = (0..4).map(|i| row(i, NOW, Value::Uint(i.into()))).collect();
    let mut payload = Vec::new();
    let scratch = &mut Scratch::default();
    encode(head(NOW), &rows, &[0, 9, 2, 3], scratch, &mut payload);
    let known = Numbers::of((0..4).map(TagId::from_index));
    let mut read = Vec::new();
    let (_, unknown) = decode(&payload, &known, &mut Columns::default(), &mut read).unwrap();
    assert_eq!(unknown, 1);
    let values: Vec<_> = read.iter().map(|row| row.sample.value.clone()).collect();
    assert_eq!(values, [0_u64, 2, 3].map(Value::Uint));
}

#[test]
fn numbers_of_another_numbering_mean_nothing() {
    let rows = [row(1, NOW, Value::Bool(true))];
    let mut payload = Vec::new();
    let other = BatchHead { numbering: 5, ..head(NOW) };
    encode(other, &rows, &[1], &mut Scratch::default(), &mut payload);
    let known = Numbers::of((0..4).map(TagId::from_index));
    let mut read = Vec::new();
    let (_, unknown) = decode(&payload, &known, &mut Columns::default(), &mut read).unwrap();
    assert_eq!((unknown, read.len()), (1, 0));
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        2 => any::<bool>().prop_map(Value::Bool),
        2 => any::<i64>().prop_map(Value::Int),
        2 => (-100_i64..100).prop_map(Value::Int),
        1 => any::<u64>().prop_map(Value::Uint),
        3 => any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
        3 => any::<f32>().prop_map(|short| Value::Float(f64::from(short))),
        1 => ".{0,12}".prop_map(|text| Value::Text(text.into())),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| Value::Bytes(bytes.into())),
    ]
}

fn any_row() -> impl Strategy<Value = Row> {
    let ts = prop_oneof![any::<i64>(), (0_i64..50).prop_map(|ms| NOW + ms * 1_000_000), Just(NOW)];
    let quality = (0_usize..Reason::ALL.len(), 0..3).prop_map(|(reason, level)| match level {
        0 => Quality::GOOD,
        1 => Quality::uncertain(Reason::ALL[reason]),
        _ => Quality::bad(Reason::ALL[reason]),
    });
    let clock = prop_oneof![
        Just(ClockSource::Source),
        Just(ClockSource::SourceUnsynchronised),
        Just(ClockSource::Arrival)
    ];
    let tag = prop_oneof![0_u32..5, 0..=u32::from(u16::MAX)];
    (tag, ts, any_value(), quality, clock).prop_map(|(tag, ts, value, quality, clock)| Row {
        tag: TagId::from_index(tag),
        sample: Sample { ts: Timestamp::from_nanos(ts), value, quality, clock },
    })
}

proptest! {
    #[test]
    fn whatever_is_encoded_is_decoded(rows in prop::collection::vec(any_row(), 0..60)) {
        round_trip(&rows);
    }

    #[test]
    fn bytes_that_nobody_wrote_are_refused_or_read_but_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let known = Numbers::of((0..100).map(TagId::from_index));
        let mut rows = Vec::new();
        let _ = decode(&bytes, &known, &mut Columns::default(), &mut rows);
        prop_assert!(rows.len() <= ROWS_MAX);
    }

    #[test]
    fn a_payload_with_bytes_changed_is_refused_or_read_but_never_panics(
        rows in prop::collection::vec(any_row(), 0..30),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut payload = round_trip(&rows);
        for (at, byte) in changes {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        let known = Numbers::of((0..100).map(TagId::from_index));
        let (mut columns, mut read) = (Columns::default(), Vec::new());
        let _ = decode(&payload, &known, &mut columns, &mut read);
        read.clear();
        let _ = decode(&payload[..cut.index(payload.len())], &known, &mut columns, &mut read);
    }
}
