use std::collections::BTreeMap;
use std::time::Duration;

use expect_test::{Expect, expect};
use lineshaft_model::{Access, DataType};
use proptest::prelude::*;

use super::*;

fn spec(text: &str) -> PointSpec {
    let (address, data_type) = text.split_once(' ').unwrap_or((text, "u16"));
    let (data_type, order) = DataType::parse_with_order(data_type).unwrap();
    let (name, period, access) = (text.into(), Duration::from_secs(1), Access::Read);
    PointSpec { name, address: address.into(), data_type, order, access, period }
}

/// Plans `points` (`hr:0 f32; hr:2`) and prints the spans with the points in them.
#[track_caller]
fn check(config: &Config, points: &str, expect: Expect) {
    let all: Vec<PointSpec> = points.split("; ").map(spec).collect();
    let indices: Vec<u32> = (0..).take(all.len()).collect();
    let plan = plan(config, &all, &indices).unwrap();
    let line = |(span, points): &(Span, Vec<u32>)| {
        format!("{:?} {}+{} {points:?}\n", span.table, span.start, span.count)
    };
    expect.assert_eq(&plan.iter().map(line).collect::<String>());
}

#[test]
fn neighbours_are_fetched_together_and_strangers_are_not() {
    let config = Config::default();
    check(
        &config,
        "hr:2 f32; hr:0; hr:1; hr:10; ir:0; co:0 bool; co:1 bool; co:3 bool; hr:2.5 bool",
        expect![[r#"
            Coil 0+2 [5, 6]
            Coil 3+1 [7]
            Input 0+1 [4]
            Holding 0+4 [1, 2, 0, 8]
            Holding 10+1 [3]
        "#]],
    );
}

#[test]
fn a_gap_is_bridged_up_to_the_limit_and_not_beyond() {
    let config = Config { gap_registers_max: 3, gap_bits_max: 1, ..Config::default() };
    check(
        &config,
        "hr:0; hr:4; hr:9; co:0 bool; co:2 bool; co:5 bool",
        expect![[r#"
            Coil 0+3 [3, 4]
            Coil 5+1 [5]
            Holding 0+5 [0, 1]
            Holding 9+1 [2]
        "#]],
    );
}

#[test]
fn a_value_is_never_split_between_two_requests() {
    let config = Config { registers_max: 5, ..Config::default() };
    check(
        &config,
        "hr:0 f32; hr:2 f32; hr:4 f32; hr:6 f64",
        expect![[r#"
            Holding 0+4 [0, 1]
            Holding 4+2 [2]
            Holding 6+4 [3]
        "#]],
    );
}

#[test]
fn the_last_cells_of_a_table_can_be_read() {
    check(
        &Config::default(),
        "hr:65534; hr:65535; co:65535 bool",
        expect![[r#"
            Coil 65535+1 [2]
            Holding 65534+2 [0, 1]
        "#]],
    );
}

#[test]
fn all_mistakes_of_all_rows_are_found_at_once() {
    let config = Config { registers_max: 0, ..Config::default() };
    let all: Vec<PointSpec> = ["hr:x", "co:0", "hr:0 bool"].map(spec).into();
    let mistakes = plan(&config, &all, &[0, 1, 2]).unwrap_err();
    let codes: Vec<&str> = mistakes.0.iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, ["LS-CFG-105", "LS-CFG-102", "LS-CFG-103", "LS-CFG-103"]);
}

#[test]
fn a_refusal_says_whether_the_address_the_device_or_the_line_is_at_fault() {
    for (code, reason) in [
        (1, Reason::NotConfigured),
        (2, Reason::NotConfigured),
        (3, Reason::NotConfigured),
        (4, Reason::Device),
        (6, Reason::Device),
        (8, Reason::Device),
        (10, Reason::Comm),
        (11, Reason::Comm),
        (200, Reason::Device),
    ] {
        let plan = plan(&Config::default(), &[spec("hr:0"), spec("hr:1")], &[0, 1]).unwrap();
        let mut out = Readings::default();
        plan[0].0.refuse(Exception(code), &mut out);
        assert_eq!(out.0.len(), 2);
        assert!(out.0.iter().all(|reading| reading.quality == Quality::bad(reason)), "{code}");
        assert!(out.0.iter().all(|reading| reading.value == Value::Null), "{code}");
    }
}

/// A tag table in a small corner of two tables, so that points meet.
fn points() -> impl Strategy<Value = Vec<String>> {
    let types = prop::sample::select(vec!["u8", "i16", "f32", "u64:DCBA", "text(7)", "bytes(1)"]);
    let register = (prop::sample::select(vec!["ir", "hr"]), 0u16..40, types)
        .prop_map(|(table, start, data_type)| format!("{table}:{start} {data_type}"));
    let bit = (prop::sample::select(vec!["co", "di"]), 0u16..40)
        .prop_map(|(table, start)| format!("{table}:{start} bool"));
    let bit_of = (0u16..40, 0u8..16).prop_map(|(start, bit)| format!("hr:{start}.{bit} bool"));
    prop::collection::vec(prop_oneof![4 => register, 2 => bit, 1 => bit_of], 0..24)
}

/// The fewest requests for points of one table, found by trying: from the leftmost point that is not yet
/// fetched, every possible length of a request without holes.
fn fewest(points: &[(u32, u32)], max: u32) -> usize {
    let cells: Vec<u32> = points.iter().flat_map(|(start, end)| *start..*end).collect();
    fn from(left: Vec<(u32, u32)>, cells: &[u32], max: u32) -> usize {
        let Some(first) = left.iter().map(|(start, _)| *start).min() else { return 0 };
        // A request that begins before the leftmost open point reaches less far, so this one is the best start.
        (1..=max)
            .filter(|length| (first..first + length).all(|cell| cells.contains(&cell)))
            .filter_map(|length| {
                let open = |point: &&(u32, u32)| point.0 < first || point.1 > first + length;
                let rest: Vec<(u32, u32)> = left.iter().filter(open).copied().collect();
                (rest.len() < left.len()).then(|| 1 + from(rest, cells, max))
            })
            .min()
            .unwrap_or(usize::MAX)
    }
    from(points.to_vec(), &cells, max)
}

proptest! {
    #[test]
    fn a_plan_reads_every_point_once_and_keeps_the_limits(
        points in points(),
        registers_max in 4u16..=125,
        bits_max in 1u16..=64,
        gap_registers_max in 0u16..6,
        gap_bits_max in 0u16..6,
    ) {
        let all: Vec<PointSpec> = points.iter().map(|text| spec(text)).collect();
        let wanted: Vec<u32> = (0..).take(all.len()).collect();
        let config = Config { registers_max, bits_max, gap_registers_max, gap_bits_max, ..Config::default() };
        let plan = plan(&config, &all, &wanted).unwrap();

        let mut seen: Vec<u32> = plan.iter().flat_map(|(_, points)| points.clone()).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, wanted);
        for (span, indices) in &plan {
            let (gap, max) = match span.table.is_bits() {
                true => (gap_bits_max, bits_max),
                false => (gap_registers_max, registers_max),
            };
            prop_assert!(span.count <= max && u32::from(span.start) + u32::from(span.count) <= 65_536);
            prop_assert_eq!(indices, &span.points.iter().map(|(index, _)| *index).collect::<Vec<_>>());
            let mut used = vec![false; span.count.into()];
            for (_, point) in &span.points {
                prop_assert_eq!(point.table, span.table);
                let offset = usize::from(point.start - span.start);
                used[offset..offset + usize::from(point.count)].fill(true);
            }
            prop_assert!(used[0] && used[used.len() - 1], "a span begins and ends with a point");
            let longest = used.split(|used| *used).map(<[bool]>::len).max().unwrap_or(0);
            prop_assert!(longest <= gap.into(), "a gap of {longest}");
        }
    }

    #[test]
    fn without_gaps_no_plan_has_fewer_requests(points in points(), max in 4u16..12) {
        let all: Vec<PointSpec> = points.iter().map(|text| spec(text)).collect();
        let wanted: Vec<u32> = (0..).take(all.len()).collect();
        let config = Config { registers_max: max, bits_max: max, ..Config::default() };
        let plan = plan(&config, &all, &wanted).unwrap();
        let mut of_table: BTreeMap<Table, (Vec<(u32, u32)>, usize)> = BTreeMap::new();
        for (span, _) in &plan {
            let (points, spans) = of_table.entry(span.table).or_default();
            *spans += 1;
            let cells = |(_, p): &(u32, Point)| (p.start.into(), u32::from(p.start) + u32::from(p.count));
            points.extend(span.points.iter().map(cells));
        }
        for (points, spans) in of_table.values() {
            prop_assert_eq!(*spans, fewest(points, max.into()));
        }
    }

    /// The runner splits a group: what was planned together can be planned alone.
    #[test]
    fn any_part_of_a_plan_can_be_planned(points in points(), pick in prop::collection::vec(any::<bool>(), 24)) {
        let all: Vec<PointSpec> = points.iter().map(|text| spec(text)).collect();
        let wanted: Vec<u32> = (0..).zip(&all).zip(pick).filter(|(_, pick)| *pick).map(|((n, _), _)| n).collect();
        let plan = plan(&Config::default(), &all, &wanted).unwrap();
        let mut seen: Vec<u32> = plan.into_iter().flat_map(|(_, points)| points).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, wanted);
    }
}
