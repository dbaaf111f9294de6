use lineshaft_model::{ClockSource, Quality, Reason, Row, Sample, TagPath, Tags, Timestamp, Value};
use proptest::prelude::*;

use super::*;

fn tag() -> TagId {
    Tags::new().intern(&TagPath::new("acme/tag").unwrap())
}

fn hot(samples: &[Sample]) -> Hot {
    let mut hot = Hot::default();
    let tag = tag();
    let rows: Vec<Row> = samples.iter().map(|s| Row { tag, sample: s.clone() }).collect();
    hot.take_in(&rows, 1);
    hot
}

fn assert_gives_back(samples: &[Sample]) {
    let mut model = samples.to_vec();
    model.sort_by_key(|sample| sample.ts);
    let rows = hot(samples).copy(tag()).unwrap().rows();
    assert_eq!(rows.len(), model.len());
    for (at, sample) in model.iter().enumerate() {
        let back = rows.sample(at);
        assert!(back.value.same_bits(&sample.value), "{} for {}", back.value, sample.value);
        assert_eq!((back.ts, back.quality, back.clock), (sample.ts, sample.quality, sample.clock));
    }
}

fn at_seconds(values: impl IntoIterator<Item = Value>) -> Vec<Sample> {
    let all = values.into_iter().zip(1..);
    all.map(|(value, second)| Sample::good(Timestamp::from_secs(second), value)).collect()
}

#[test]
fn numbers_widen_when_they_must_and_no_bit_changes() {
    let single = |number: f64| f64::from(number as f32);
    let odd = [
        0.25,
        -0.0,
        1e9,
        0.1 + 0.2,
        single(0.3),
        single(21.37),
        214_748.364_7,
        1e-5,
        1e300,
        5e-324,
        9_007_199_254_740_991.0,
        -9_007_199_254_740_993.0,
        0.123_456_789,
    ];
    for first in odd {
        for second in odd {
            let all = [1.0, 2.5, first, 1e6, second, 2.5, single(0.7), 0.0, first];
            assert_gives_back(&at_seconds(all.map(Value::Float)));
        }
    }
    for ints in [[i64::MIN, i64::MAX, 0, -1], [5, i64::MAX, i64::MIN, 5]] {
        assert_gives_back(&at_seconds(ints.map(Value::Int)));
        assert_gives_back(&at_seconds(ints.map(|int| Value::Uint(int as u64))));
    }
}

#[test]
fn instants_come_back_wherever_they_jump() {
    let far = [i64::MIN, i64::MAX, 0, -1, i64::MAX - 1, i64::MIN + 1, 1_700_000_000_123_456_789];
    let far = far.map(|ts| Sample::good(Timestamp::from_nanos(ts), 1_i64));
    for turn in 0..far.len() {
        let mut all = far.to_vec();
        all.rotate_left(turn);
        assert_gives_back(&all);
    }
}

#[test]
fn a_long_text_comes_back_and_one_that_stays_takes_a_byte() {
    let long = Value::Text("é".repeat(40_000).into());
    let (on, off) = (Value::from("running"), Value::from(""));
    let all = [&long, &long, &off, &off, &on, &on, &long, &off];
    let mut all: Vec<Value> = all.into_iter().cloned().collect();
    all.push(Value::Bytes([1, 2].into()));
    all.push(Value::Bytes([1, 2].into()));
    all.push(Value::Bytes([].into()));
    all.push(off);
    assert_gives_back(&at_seconds(all));
    let stays = hot(&at_seconds(vec![on; 5_000]));
    assert!(stays.bytes() < 32_000, "{}", stays.bytes());
}

fn clock() -> impl Strategy<Value = ClockSource> {
    prop_oneof![9 => Just(ClockSource::Arrival), 1 => Just(ClockSource::Source)]
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let unit = prop_oneof![Just(1_000_000_i64), Just(1_000), Just(1)];
    let step = prop_oneof![5 => -2..5_000_000_i64, 5 => 990..1_010_i64, 1 => any::<i64>()];
    let values = || {
        prop_oneof![
            crate::chunk::tests::value(),
            (-500..500_i32).prop_map(|n| Value::Float(f64::from(n) / 10.0)),
            (-500..500_i16).prop_map(|n| Value::Float(f64::from(f32::from(n) / 10.0))),
            any::<f32>().prop_map(|n| Value::Float(f64::from(n))),
            Just(Value::from("running")),
        ]
    };
    // Columns of one value repeated, of one kind, and of anything.
    let one = (values(), 0..50_usize).prop_map(|(value, count)| vec![value; count]);
    let any = proptest::collection::vec(values(), 0..150);
    let values = proptest::collection::vec(prop_oneof![one, any], 1..4);
    (unit, values, proptest::collection::vec((step, 0..4_u8, clock()), 600)).prop_map(
        |(unit, values, steps)| {
            let mut ts = 1_700_000_000_000_000_000_i64;
            let values = values.concat().into_iter().zip(steps);
            let sample = values.map(|(value, (step, quality, clock))| {
                ts = ts.wrapping_add(step.wrapping_mul(unit));
                let quality = if quality == 0 { Quality::bad(Reason::Comm) } else { Quality::GOOD };
                Sample::new(Timestamp::from_nanos(ts), value, quality, clock)
            });
            sample.collect()
        },
    )
}

proptest! {
    #[test]
    fn a_column_gives_back_what_came_ordered_by_time_and_arrival(samples in samples()) {
        if !samples.is_empty() {
            assert_gives_back(&samples);
        }
    }
}

#[test]
fn a_decimal_costs_three_bytes_when_the_column_is_full() {
    let samples: Vec<Sample> = (0..10_000)
        .map(|at| {
            let ts = Timestamp::from_millis(at * 1_000 + at * 7 % 11);
            Sample::good(ts, (at as f64 / 50.0).sin().mul_add(40.0, 20.0).round() / 10.0)
        })
        .collect();
    let bytes = hot(&samples).bytes() - PIECE * size_of::<Column>();
    assert!(bytes <= 3 * samples.len(), "{bytes}");
}

#[test]
fn a_hundred_thousand_tags_with_one_sample_each_take_twelve_megabytes() {
    let tags = Tags::new();
    let mut hot = Hot::default();
    for number in 0..100_000 {
        let tag = tags.intern(&TagPath::new(&format!("acme/{number}")).unwrap());
        let ts = Timestamp::from_millis(1_700_000_000_123);
        hot.take_in(&[Row { tag, sample: Sample::good(ts, 21.5) }], number);
    }
    assert!(hot.bytes() <= 12_000_000, "{}", hot.bytes());
}
