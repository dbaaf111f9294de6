use super::*;

/// Scans `first..end` of a table of which the device has what `has` says, in blocks of at most `most`; the cells found
/// and how many requests it took.
fn scan(table: Table, end: u32, most: u16, has: impl Fn(u32, u32) -> bool) -> (Vec<u32>, usize) {
    let options =
        Options { tables: vec![table], first: 0, end, units: vec![1], finds_units: false };
    let mut place = Place::start(&options);
    let (mut found, mut asked) = (Vec::new(), 0);
    while place.at < end {
        // The state goes through the cursor each time, as if each part had one request.
        place = Place::parse(&place.to_string(), &options).unwrap();
        place.block = place.block.min(most);
        let size = place.size(table, end - place.at);
        asked += 1;
        if has(place.at, u32::from(size)) {
            found.extend(place.at..place.at + u32::from(size));
            place.took(size);
        } else {
            place.refused(size);
        }
        assert!(asked < 100_000, "{place:?}");
    }
    (found, asked)
}

/// A device with these ranges that refuses whatever reaches beyond them.
fn ranges(all: &[(u32, u32)]) -> impl Fn(u32, u32) -> bool + '_ {
    move |at, size| (at..at + size).all(|cell| all.iter().any(|(a, b)| (*a..*b).contains(&cell)))
}

fn cells(all: &[(u32, u32)]) -> Vec<u32> {
    all.iter().flat_map(|(a, b)| *a..*b).collect()
}

#[test]
fn a_full_table_costs_one_request_a_block() {
    let all = [(0, 1_000)];
    let (found, asked) = scan(Table::Holding, 1_000, 125, ranges(&all));
    assert_eq!((found, asked), (cells(&all), 9)); // blocks of 124: even, so that no 32-bit value is cut
    let (_, asked) = scan(Table::Coil, 10_000, 2_000, |_, _| true);
    assert_eq!(asked, 5);
}

#[test]
fn exactly_the_cells_that_are_there_are_found() {
    for all in [
        &[][..],
        &[(0, 1)],
        &[(999, 1_000)],
        &[(100, 110), (200, 201), (300, 500), (501, 502), (777, 900)],
        &[(1, 2), (3, 4), (5, 6), (7, 8)],
        &[(0, 333), (334, 667), (669, 1_000)],
    ] {
        for (table, most) in [(Table::Holding, 125), (Table::Input, 10), (Table::Discrete, 2_000)] {
            let (found, asked) = scan(table, 1_000, most, ranges(all));
            assert_eq!(found, cells(all), "{table:?} {all:?}");
            let holes = 1_000 - cells(all).len();
            let blocks = 1_000 / usize::from(most);
            let most_requests = holes * 3 / 2 + (all.len() + 1) * 14 + blocks * 2;
            assert!(asked <= most_requests, "{table:?} {all:?}: {asked} > {most_requests}");
        }
    }
}

#[test]
fn a_device_that_takes_small_blocks_only_is_understood() {
    let (found, asked) = scan(Table::Holding, 1_000, 125, |_, size| size <= 40);
    assert_eq!(found.len(), 1_000);
    assert!(asked < 70, "{asked}");
}

#[test]
fn a_meter_that_takes_whole_pairs_only_is_found() {
    let pairs = |at: u32, size: u32| {
        at.is_multiple_of(2) && size.is_multiple_of(2) && at >= 40 && at + size <= 60
            || at.is_multiple_of(2) && size.is_multiple_of(2) && at >= 200 && at + size <= 204
    };
    let (found, _) = scan(Table::Input, 300, 125, pairs);
    assert_eq!(found, cells(&[(40, 60), (200, 204)]));
}

#[test]
fn a_cursor_from_elsewhere_is_refused() {
    let options = Options {
        tables: vec![Table::Holding],
        first: 10,
        end: 20,
        units: vec![1],
        finds_units: false,
    };
    for text in [
        "",
        "1",
        "0.0.5.0.125.0.0.0",
        "0.1.10.0.125.0.0.0",
        "1.0.10.0.125.0.0.0",
        "0.0.10.0.0.0.0.0",
        "0.0.-1.0.1.0.0.0",
    ] {
        assert_eq!(Place::parse(text, &options), None, "{text}");
    }
    assert!(Place::parse("0.0.12.0.125.1.0.0", &options).is_some());
}

#[test]
fn a_device_that_stays_busy_is_not_asked_for_ever() {
    let options = Options {
        tables: vec![Table::Holding, Table::Input],
        first: 0,
        end: 20,
        units: vec![1],
        finds_units: false,
    };
    let mut place = Place::start(&options);
    let mut asked = 1;
    while place.is_patient() {
        // Each time in a part of its own: the cursor counts.
        place = Place::parse(&place.to_string(), &options).unwrap();
        asked += 1;
    }
    assert_eq!(asked, u32::from(BUSY_MAX));
    assert_eq!(Place::parse(&place.to_string(), &options), None);
    assert!(place.next_table(&options));
    assert_eq!((place.table, place.busy), (1, 0));
    place.busy = BUSY_MAX - 1;
    place.took(4);
    assert_eq!(place.busy, 0, "in a row");
}

proptest::proptest! {
    #[test]
    fn whatever_is_there_is_found_and_nothing_else(
        there in proptest::collection::btree_set(0_u32..300, 0..300), most in 1_u16..130,
    ) {
        let has = |at: u32, size: u32| (at..at + size).all(|cell| there.contains(&cell));
        let (found, _) = scan(Table::Holding, 300, most, has);
        proptest::prop_assert_eq!(found, there.iter().copied().collect::<Vec<_>>());
    }

    #[test]
    fn no_cursor_makes_it_panic(text in "[0-9.]{0,40}") {
        let options = Options { tables: vec![Table::Coil], first: 0, end: 9, units: vec![1], finds_units: false };
        if let Some(place) = Place::parse(&text, &options) {
            let _ = (place.size(Table::Coil, 9), place.done(&options));
        }
    }
}
