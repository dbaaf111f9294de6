//! Probing, scanning and tracing against pymodbus, which nobody here wrote.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{
    BrowseAsk, BrowseError, Browsed, Device, DeviceSpec, Direction, DriverError, Frame, Session,
    Tracer, Trouble,
};
use lineshaft_drivers::modbus::KIND;
use lineshaft_model::{DataType, Value};
use lineshaft_runtime::Net;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use crate::modbus_peers::peer::Peer;

const LIMIT: Duration = Duration::from_secs(5);

fn device(endpoint: &str, settings: Json) -> Arc<dyn Device> {
    let spec = DeviceSpec {
        name: "peer".into(),
        endpoint: endpoint.parse().unwrap(),
        settings,
        points: Vec::new(),
        timeout: LIMIT,
    };
    KIND.configure(spec).unwrap()
}

/// Scans to the end, part by part.
async fn scan(device: &Arc<dyn Device>, options: Json, count_max: u32) -> Vec<Browsed> {
    let mut session = device.connect(&Net::default()).await.unwrap();
    let mut parts = Vec::new();
    let mut after = None;
    loop {
        let ask =
            BrowseAsk { options: options.clone(), after, count_max, limit: LIMIT, budget: LIMIT };
        let part = session.browse(&**device, &ask).await.unwrap();
        assert!(part.found.len() <= count_max as usize);
        if part.is_link_spent {
            session = device.connect(&Net::default()).await.unwrap();
        }
        after = part.next.clone();
        parts.push(part);
        if after.is_none() {
            return parts;
        }
    }
}

/// The cells of a table below 1000 of the peer, by the file it serves.
fn cells(letters: &str) -> BTreeSet<u32> {
    let text = include_str!("../../../../conformance/peers/modbus-points.csv");
    let mut cells = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let [address, kind, _] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (table, cell) = address.split_once(':').unwrap();
        let cell = cell.split('.').next().unwrap().parse::<u32>().unwrap();
        let (data_type, _) = DataType::parse_with_order(kind).unwrap();
        let width = match data_type {
            DataType::Bool => 1,
            other => u32::from(other.bytes().div_ceil(2)),
        };
        if table == letters {
            cells.extend(cell..cell + width);
        }
    }
    cells.extend(if matches!(letters, "hr" | "co") { 1_000..1_200 } else { 0..0 });
    cells.into_iter().filter(|cell| *cell < 1_300).collect()
}

#[tokio::test]
async fn a_scan_finds_exactly_the_cells_that_a_sparse_device_has() {
    let peer = Peer::pymodbus("tcp", "0");
    let device = device(&format!("tcp://127.0.0.1:{}", peer.place), json!({}));
    // Not its bits: of those it has whole words, and answers for the rest of a word too.
    for (table, letters) in [("holding", "hr"), ("input", "ir")] {
        let expected = cells(letters);
        assert!(!expected.is_empty());
        let parts = scan(&device, json!({"tables": [table], "from": 0, "to": 1_299}), 70).await;
        let found: Vec<&str> =
            parts.iter().flat_map(|part| &part.found).map(|one| one.address.as_str()).collect();
        let expected: Vec<String> =
            expected.iter().map(|cell| format!("{letters}:{cell}")).collect();
        assert_eq!(found, expected, "{table}");
        let done: Vec<f64> = parts.iter().map(|part| part.done).collect();
        assert!(done.is_sorted() && done.last() == Some(&1.0), "{done:?}");
    }
}

#[tokio::test]
async fn what_is_found_has_a_name_a_type_and_its_value_and_counts_as_the_device_does() {
    let peer = Peer::pymodbus("tcp", "0");
    let device =
        device(&format!("tcp://127.0.0.1:{}", peer.place), json!({"addresses": "from-one"}));
    let parts =
        scan(&device, json!({"tables": ["holding"], "from": 3_001, "to": 3_010}), 200).await;
    let first = &parts[0].found[0];
    assert_eq!((first.name.as_str(), first.address.as_str()), ("hr_3001", "hr:3001"));
    assert_eq!((first.data_type, &first.value), (Some(DataType::U16), &Value::Int(21_000)));
    assert_eq!(parts[0].found.len(), 10);
}

#[tokio::test]
async fn a_search_finds_the_units_and_a_scan_takes_several() {
    let peer = Peer::pymodbus("tcp", "0");
    let device = device(&format!("tcp://127.0.0.1:{}", peer.place), json!({}));
    let parts = scan(&device, json!({"units": "1-7"}), 200).await;
    let units: Vec<Json> =
        parts.iter().flat_map(|part| &part.found).map(|one| one.settings["unit"].clone()).collect();
    // 6 is behind a gateway that does not reach it; 3 takes longer than a search waits.
    assert_eq!(units, [1, 2, 4, 5, 7]);
    let options = json!({"units": [1, 4, 6], "tables": ["holding"], "from": 3_000, "to": 3_001});
    let parts = scan(&device, options, 200).await;
    let names: Vec<&str> =
        parts.iter().flat_map(|part| &part.found).map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["u1_hr_3000", "u1_hr_3001", "u4_hr_3000", "u4_hr_3001"]);
    assert!(parts[0].note.contains("unit 6 is not reached"), "{}", parts[0].note);
}

#[tokio::test]
async fn a_scan_says_what_stands_against_it() {
    let peer = Peer::pymodbus("tcp", "0");
    let endpoint = format!("tcp://127.0.0.1:{}", peer.place);
    let ask = |options: Json, after: Option<&str>| BrowseAsk {
        options,
        after: after.map(str::to_owned),
        count_max: 10,
        limit: LIMIT,
        budget: LIMIT,
    };
    let behind = device(&endpoint, json!({"unit": 6}));
    let mut session = behind.connect(&Net::default()).await.unwrap();
    let error = session.browse(&*behind, &ask(json!({}), None)).await.unwrap_err();
    let BrowseError::Driver(error @ DriverError::Refused { .. }) = error else { panic!("{error}") };
    let advice = session.advice(&*behind, &Trouble::Failed(&error)).unwrap();
    assert!(advice.remedy.contains("unit 6 behind it does not answer"), "{}", advice.remedy);

    let nothing = device(&endpoint, json!({"unit": 5}));
    let mut session = nothing.connect(&Net::default()).await.unwrap();
    let part = session.browse(&*nothing, &ask(json!({}), None)).await.unwrap();
    assert_eq!((part.found.len(), part.next), (0, None));
    assert!(part.note.contains("unit 5 has no holding registers"), "{}", part.note);

    let wrong = session.browse(&*nothing, &ask(json!({"to": 70_000}), None)).await.unwrap_err();
    assert!(matches!(wrong, BrowseError::Option { .. }), "{wrong}");
    let wrong = session.browse(&*nothing, &ask(json!({}), Some("x"))).await.unwrap_err();
    assert!(matches!(wrong, BrowseError::Cursor), "{wrong}");
}

#[tokio::test]
async fn a_probe_says_who_answers_and_what_to_do_when_nobody_does() {
    let peer = Peer::pymodbus("tcp", "0");
    let endpoint = format!("tcp://127.0.0.1:{}", peer.place);
    for (unit, said) in [(1, "unit 1 answers"), (5, "illegal function"), (7, "device busy")] {
        let device = device(&endpoint, json!({ "unit": unit }));
        let mut session = device.connect(&Net::default()).await.unwrap();
        let told = session.probe(&*device, LIMIT).await.unwrap().unwrap();
        assert!(told.contains(said), "{told}");
    }
    let slow = device(&endpoint, json!({"unit": 3}));
    let mut session = slow.connect(&Net::default()).await.unwrap();
    let error = session.probe(&*slow, Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(error, DriverError::Timeout { .. }), "{error}");
    let advice = session.advice(&*slow, &Trouble::Failed(&error)).unwrap();
    assert!(advice.remedy.contains("another unit identifier"), "{}", advice.remedy);
}

#[derive(Debug, Default)]
struct Frames(Mutex<Vec<Frame>>);

impl Tracer for Frames {
    fn frame(&self, frame: Frame) {
        self.0.lock().push(frame);
    }
}

#[tokio::test]
async fn a_trace_shows_questions_answers_and_their_absence() {
    let peer = Peer::pymodbus("tcp", "0");
    let endpoint = format!("tcp://127.0.0.1:{}", peer.place);
    let device = device(&endpoint, json!({"unit": 3}));
    let mut session: Box<dyn Session> = device.connect(&Net::default()).await.unwrap();
    let frames = Arc::new(Frames::default());
    session.trace(Some(frames.clone()));
    session.probe(&*device, LIMIT).await.unwrap();
    session.probe(&*device, Duration::from_millis(50)).await.unwrap_err();
    session.trace(None);
    session.probe(&*device, LIMIT).await.unwrap_err();
    let frames = std::mem::take(&mut *frames.0.lock());
    let told: Vec<(Direction, &str)> =
        frames.iter().map(|frame| (frame.direction, frame.text.as_str())).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[0], (Direction::Sent, "read holding register 0, unit 3"));
    assert_eq!(*frames[0].bytes, [0, 1, 0, 0, 0, 6, 3, 3, 0, 0, 0, 1]);
    assert_eq!(told[1].0, Direction::Received);
    assert!(frames[1].took.unwrap() >= Duration::from_millis(500));
    assert_eq!(told[3], (Direction::Received, "no answer in 50ms, unit 3"));
    assert!(frames[3].bytes.is_empty());
}
