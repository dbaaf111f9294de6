//! The Modbus driver against servers that nobody here wrote: pymodbus and modbus-serial.
//!
//! The driver is used as the runner uses it: `DriverKind::configure`, `Device::connect`, `Session`. What the
//! peers serve stands in `conformance/peers/modbus-points.csv`; each packs it with its own language's means.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[path = "peer.rs"]
pub(crate) mod peer;
#[path = "proxy.rs"]
mod proxy;

use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{Device, DeviceSpec, DriverError, PointSpec, Readings, Session};
use lineshaft_drivers::modbus::KIND;
use lineshaft_model::{Access, DataType, Quality, Reason, Value};
use lineshaft_runtime::Net;
use serde_json::json;
use tokio::time::Instant;

use peer::{Peer, STARTING, SerialLine};
use proxy::{Proxy, Step, honest};

const LIMIT: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(100);

/// One row of the peers' table.
struct Row {
    address: String,
    data_type: String,
    value: Value,
}

fn rows() -> Vec<Row> {
    let text = include_str!("../../../../conformance/peers/modbus-points.csv");
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let row = |line: &str| {
        let [address, data_type, value] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let value = value_of(data_type, value);
        Row { address: address.into(), data_type: data_type.into(), value }
    };
    lines.map(row).collect()
}

fn value_of(data_type: &str, text: &str) -> Value {
    let (data_type, _) = DataType::parse_with_order(data_type).unwrap();
    match data_type {
        DataType::Bool => Value::Bool(text.parse().unwrap()),
        DataType::F32 | DataType::F64 => Value::Float(text.parse().unwrap()),
        DataType::U64 => Value::Uint(text.parse().unwrap()),
        DataType::Text(_) => Value::from(text),
        DataType::Bytes(_) => {
            let byte = |n: usize| u8::from_str_radix(&text[n..n + 2], 16).unwrap();
            Value::Bytes((0..text.len()).step_by(2).map(byte).collect())
        }
        _ => Value::Int(text.parse().unwrap()),
    }
}

/// One unit behind an endpoint, with points as `address type`.
fn device(endpoint: &str, settings: serde_json::Value, points: &[&str]) -> Arc<dyn Device> {
    let point = |text: &&str| {
        let (address, data_type) = text.split_once(' ').unwrap();
        let (data_type, order) = DataType::parse_with_order(data_type).unwrap();
        let writable = address.starts_with("hr") || address.starts_with("co");
        let long = data_type.bytes() > 246;
        let access = if writable && !long { Access::ReadWrite } else { Access::Read };
        let (name, period) = (text.to_string(), Duration::from_secs(1));
        PointSpec { name, address: address.into(), data_type, order, access, period }
    };
    let spec = DeviceSpec {
        name: "peer".into(),
        endpoint: endpoint.parse().unwrap(),
        settings,
        points: points.iter().map(point).collect(),
        timeout: LIMIT,
    };
    KIND.configure(spec).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

async fn connect(device: &Arc<dyn Device>) -> Box<dyn Session> {
    device.connect(&Net::default()).await.unwrap()
}

/// Reads all points of a device, in the order of its table.
async fn read(
    session: &mut dyn Session,
    device: &Arc<dyn Device>,
    limit: Duration,
) -> Result<Vec<(Value, Quality)>, DriverError> {
    let all: Vec<u32> = (0..).take(device.spec().points.len()).collect();
    let mut out = Readings::default();
    for request in device.plan(&all) {
        session.read(&**device, &request, limit, &mut out).await?;
    }
    out.0.sort_by_key(|reading| reading.point);
    let indices: Vec<u32> = out.0.iter().map(|reading| reading.point).collect();
    assert_eq!(indices, all, "every point is answered once");
    Ok(out.0.into_iter().map(|reading| (reading.value, reading.quality)).collect())
}

async fn write(
    session: &mut dyn Session,
    device: &Arc<dyn Device>,
    point: u32,
    value: impl Into<Value>,
) -> Result<Option<Value>, DriverError> {
    session.write(&**device, point, &value.into(), LIMIT).await
}

/// Everything a good connection does.
async fn speaks(endpoint: &str) {
    every_value_is_read_as_the_peer_means_it(endpoint).await;
    the_longest_reads_are_answered(endpoint).await;
    refusals_are_data_and_leave_the_link_open(endpoint).await;
    every_type_is_written_and_read_back(endpoint).await;
    coils_and_parts_of_registers_are_written_alone(endpoint).await;
    refused_writes_say_why(endpoint).await;
}

async fn every_value_is_read_as_the_peer_means_it(endpoint: &str) {
    let rows = rows();
    let points: Vec<String> =
        rows.iter().map(|row| format!("{} {}", row.address, row.data_type)).collect();
    let points: Vec<&str> = points.iter().map(String::as_str).collect();
    for settings in [json!({}), json!({ "registers_max": 10, "bits_max": 7 })] {
        let device = device(endpoint, settings, &points);
        let mut session = connect(&device).await;
        let got = read(&mut *session, &device, LIMIT).await.unwrap();
        for (row, (value, quality)) in rows.iter().zip(&got) {
            let (address, data_type) = (&row.address, &row.data_type);
            assert!(
                value.same_bits(&row.value),
                "{address} {data_type}: {value}, not {}",
                row.value
            );
            assert_eq!(*quality, Quality::GOOD, "{address} {data_type}");
        }
    }
}

async fn the_longest_reads_are_answered(endpoint: &str) {
    let registers: Vec<String> = (3_000..3_125).map(|n| format!("hr:{n} u16")).collect();
    let bits: Vec<String> = (3_000..5_000).map(|n| format!("di:{n} bool")).collect();
    let points: Vec<&str> = registers.iter().chain(&bits).map(String::as_str).collect();
    let device = device(endpoint, json!({}), &points);
    let all: Vec<u32> = (0..).take(points.len()).collect();
    assert_eq!(device.plan(&all).len(), 2, "125 registers and 2000 bits take one request each");
    let mut session = connect(&device).await;
    let got = read(&mut *session, &device, LIMIT).await.unwrap();
    for (n, (value, _)) in (3_000..3_125).zip(&got) {
        assert_eq!(*value, Value::Int(n * 7));
    }
    for (n, (value, _)) in (3_000..5_000).zip(&got[125..]) {
        assert_eq!(*value, Value::Bool(n % 3 == 0), "di:{n}");
    }
}

async fn refusals_are_data_and_leave_the_link_open(endpoint: &str) {
    let good = device(endpoint, json!({}), &["hr:3000 u16"]);
    let mut session = connect(&good).await;
    for (unit, points, reason) in [
        (1, ["hr:20000 u16", "hr:20001 u16"], Reason::NotConfigured),
        (2, ["hr:0 u16", "hr:1 u16"], Reason::Device),
        (5, ["hr:0 u16", "co:0 bool"], Reason::NotConfigured),
        (6, ["hr:0 u16", "ir:0 u16"], Reason::Comm),
        (7, ["hr:0 u16", "di:0 bool"], Reason::Device),
    ] {
        let device = device(endpoint, json!({ "unit": unit }), &points);
        let got = read(&mut *session, &device, LIMIT).await.unwrap();
        assert_eq!(got, vec![(Value::Null, Quality::bad(reason)); 2], "unit {unit}");
        let got = read(&mut *session, &good, LIMIT).await.unwrap();
        assert_eq!(got, [(Value::Int(21_000), Quality::GOOD)], "after unit {unit}");
    }
}

async fn every_type_is_written_and_read_back(endpoint: &str) {
    for row in rows().iter().filter(|row| row.address.starts_with("hr")) {
        // Not the values of a bool (below), nor what no write may send.
        let sendable = !matches!(&row.value, Value::Float(float) if !float.is_finite());
        if row.data_type == "bool" || !sendable {
            continue;
        }
        for settings in [json!({}), json!({ "write_function": "single" })] {
            let point = format!("hr:1100 {}", row.data_type);
            let device = device(endpoint, settings, &[&point]);
            let mut session = connect(&device).await;
            let back = write(&mut *session, &device, 0, row.value.clone()).await.unwrap().unwrap();
            assert!(back.same_bits(&row.value), "{point}: {back}, not {}", row.value);
        }
    }
}

async fn coils_and_parts_of_registers_are_written_alone(endpoint: &str) {
    for (unit, settings) in [
        (1, json!({ "unit": 1 })),
        (1, json!({ "unit": 1, "write_function": "multiple" })),
        (4, json!({ "unit": 4 })), // has no mask write
        (1, json!({ "unit": 1, "part_write": "read-modify-write" })),
    ] {
        let points = ["co:1000 bool", "co:1001 bool", "hr:1001 u16", "hr:1001.3 bool"];
        let points = [&points[..], &["hr:1001.15 bool", "hr:1001 u8", "hr:1001 i8"]].concat();
        let device = device(endpoint, settings, &points);
        let mut session = connect(&device).await;
        let session = &mut *session;
        for on in [true, false] {
            assert_eq!(write(session, &device, 0, on).await.unwrap(), Some(Value::Bool(on)));
            assert_eq!(write(session, &device, 1, !on).await.unwrap(), Some(Value::Bool(!on)));
            let got = read(session, &device, LIMIT).await.unwrap();
            assert_eq!((&got[0].0, &got[1].0), (&Value::Bool(on), &Value::Bool(!on)));
        }
        write(session, &device, 2, 0x5a5a_i64).await.unwrap();
        let on = Some(Value::Bool(true));
        assert_eq!(write(session, &device, 4, true).await.unwrap(), on, "unit {unit}");
        assert_eq!(write(session, &device, 3, false).await.unwrap(), Some(Value::Bool(false)));
        let got = read(session, &device, LIMIT).await.unwrap();
        assert_eq!(got[2].0, Value::Int(0xda52), "only the two bits have changed, unit {unit}");
        assert_eq!(write(session, &device, 5, 0x80_i64).await.unwrap(), Some(Value::Int(0x80)));
        assert_eq!(write(session, &device, 6, -1_i64).await.unwrap(), Some(Value::Int(-1)));
        let got = read(session, &device, LIMIT).await.unwrap();
        assert_eq!(got[2].0, Value::Int(0xdaff), "only the low byte has changed, unit {unit}");
    }
}

async fn refused_writes_say_why(endpoint: &str) {
    let single = json!({ "write_function": "single" });
    let edge = device(endpoint, single, &["hr:1199 u32"]);
    let mut session = connect(&edge).await;
    let error = write(&mut *session, &edge, 0, 1_i64).await.unwrap_err();
    assert!(error.to_string().ends_with("with 1 of 2 registers written already"), "{error}");
    let far = device(endpoint, json!({ "unit": 6 }), &["hr:1000 u16"]);
    let error = write(&mut *session, &far, 0, 1_i64).await.unwrap_err();
    assert!(matches!(error, DriverError::Timeout { .. }), "a gateway does not know: {error:?}");
    let device = device(endpoint, json!({}), &["hr:20000 u16", "hr:1000 u8", "hr:1000 u16"]);
    let session = &mut *session;
    let error = write(session, &device, 0, 1_i64).await.unwrap_err();
    let party = format!("{endpoint}, unit 1 refused: illegal data address (exception 2)");
    assert_eq!(error.to_string(), party);
    let error = write(session, &device, 1, 300_i64).await.unwrap_err();
    let range = "hr:1000 u8 refused: 300 is not from 0 to 255, the range of u8";
    assert_eq!(error.to_string(), range);
    assert_eq!(write(session, &device, 2, 7_i64).await.unwrap(), Some(Value::Int(7)));
}

/// Unit 3 answers after half a second. However the driver goes on, no value is another one's.
///
/// On a serial line an answer carries nothing but its unit, so there the pause after connecting has to be
/// longer than the slowest answer; the runner's first wait before it reconnects adds to it.
async fn a_late_answer_never_becomes_a_value(endpoint: &str, pause_after_connect: &str) {
    let settings = |unit| json!({ "unit": unit, "pause_after_connect": pause_after_connect });
    let slow = device(endpoint, settings(3), &["hr:3000 u16"]);
    let quick = device(endpoint, settings(1), &["hr:3001 u16"]);
    let mut session = connect(&slow).await;
    let started = Instant::now();
    let error = read(&mut *session, &slow, SHORT).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{endpoint}, unit 3 did not answer in 100ms"));
    let error = read(&mut *session, &quick, LIMIT).await.unwrap_err();
    assert!(matches!(error, DriverError::Lost { .. }), "the stream is closed: {error:?}");
    drop(session);
    // Past the moment at which the late answer comes.
    while started.elapsed() < Duration::from_millis(800) {
        let mut session = connect(&quick).await;
        while started.elapsed() < Duration::from_millis(800) {
            match read(&mut *session, &quick, LIMIT).await {
                Ok(got) => assert_eq!(got, [(Value::Int(21_007), Quality::GOOD)]),
                Err(_) => break,
            }
        }
    }
    let mut session = connect(&slow).await;
    let got = read(&mut *session, &slow, LIMIT).await.unwrap();
    assert_eq!(got, [(Value::Int(21_000), Quality::GOOD)]);
}

async fn a_peer_that_dies_and_comes_back_is_read_again(start: fn(&str) -> Peer) {
    let mut peer = start("0");
    let endpoint = format!("tcp://127.0.0.1:{}", peer.place);
    let device = device(&endpoint, json!({}), &["hr:3000 u16"]);
    let good = [(Value::Int(21_000), Quality::GOOD)];
    let mut session = connect(&device).await;
    assert_eq!(read(&mut *session, &device, LIMIT).await.unwrap(), good);
    peer.kill();
    let error = read(&mut *session, &device, LIMIT).await.unwrap_err();
    assert!(matches!(error, DriverError::Lost { .. }), "{error:?}");
    let error = device.connect(&Net::default()).await.err().unwrap();
    assert!(matches!(error, DriverError::Connect { .. }), "{error:?}");
    let _again = start(&peer.place);
    let mut session = connect(&device).await;
    assert_eq!(read(&mut *session, &device, LIMIT).await.unwrap(), good);
}

/// What a spoiled answer has to lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Well,
    Malformed,
    Lost,
    Timeout,
}

/// Reads once through a proxy that spoils the answer, then again on a new link.
async fn spoiled(endpoint: &str, proxy: &Proxy, name: &str, spoil: proxy::Spoil, ends: Ends) {
    let device = device(endpoint, json!({}), &["hr:3000 u16", "hr:3001 u16"]);
    let good = [3_000, 3_001].map(|n| (Value::Int(n * 7), Quality::GOOD));
    let mut session = connect(&device).await;
    assert_eq!(read(&mut *session, &device, LIMIT).await.unwrap(), good);
    proxy.spoil(spoil);
    let limit = if ends == Ends::Timeout { SHORT } else { LIMIT };
    let got = match read(&mut *session, &device, limit).await {
        Ok(values) => {
            assert_eq!(values, good, "{name}");
            Ends::Well
        }
        Err(DriverError::Malformed { .. }) => Ends::Malformed,
        Err(DriverError::Lost { .. }) => Ends::Lost,
        Err(DriverError::Timeout { .. }) => Ends::Timeout,
        Err(other) => panic!("{name}: {other:?}"),
    };
    assert_eq!(got, ends, "{name}");
    proxy.spoil(honest);
    if ends != Ends::Well {
        let error = read(&mut *session, &device, LIMIT).await.unwrap_err();
        assert!(matches!(error, DriverError::Lost { .. }), "{name}: {error:?}");
        session = connect(&device).await;
    }
    assert_eq!(read(&mut *session, &device, LIMIT).await.unwrap(), good, "{name}");
}

fn send(bytes: Vec<u8>) -> Vec<Step> {
    vec![Step::Send(bytes)]
}

/// The answer with one byte changed.
fn changed<const AT: usize>(answer: &[u8]) -> Vec<Step> {
    let mut answer = answer.to_vec();
    answer[AT] ^= 1;
    send(answer)
}

fn byte_by_byte(answer: &[u8]) -> Vec<Step> {
    answer.iter().map(|byte| Step::Send(vec![*byte])).collect()
}

fn twice(answer: &[u8]) -> Vec<Step> {
    send([answer, answer].concat())
}

fn half(answer: &[u8]) -> Vec<Step> {
    send(answer[..answer.len() / 2].into())
}

fn half_and_close(answer: &[u8]) -> Vec<Step> {
    vec![Step::Send(answer[..answer.len() / 2].into()), Step::Close]
}

fn garbage(_: &[u8]) -> Vec<Step> {
    send((0..200u8).map(|n| n.wrapping_mul(167) ^ 0x5c).collect())
}

async fn spoiled_tcp_answers(peer: &Peer) {
    let proxy = Proxy::before(&peer.place).await;
    let endpoint = format!("tcp://{}", proxy.address);
    let cases: [(&str, proxy::Spoil, Ends); 13] = [
        ("byte by byte", byte_by_byte, Ends::Well),
        ("garbage", garbage, Ends::Malformed),
        ("another transaction", changed::<1>, Ends::Malformed),
        ("another protocol", changed::<3>, Ends::Malformed),
        ("another length", changed::<5>, Ends::Malformed),
        ("another unit", changed::<6>, Ends::Malformed),
        ("another function", changed::<7>, Ends::Malformed),
        ("another byte count", changed::<8>, Ends::Malformed),
        ("twice", twice, Ends::Malformed),
        ("half", half, Ends::Timeout),
        ("half and the end", half_and_close, Ends::Lost),
        ("the end", |_| vec![Step::Close], Ends::Lost),
        ("silence", |_| vec![], Ends::Timeout),
    ];
    for (name, spoil, ends) in cases {
        spoiled(&endpoint, &proxy, name, spoil, ends).await;
    }
}

#[tokio::test]
async fn pymodbus_over_tcp() {
    let peer = Peer::pymodbus("tcp", "0");
    speaks(&format!("tcp://127.0.0.1:{}", peer.place)).await;
}

#[tokio::test]
async fn pymodbus_rtu_over_tcp() {
    let peer = Peer::pymodbus("rtu+tcp", "0");
    speaks(&format!("rtu+tcp://127.0.0.1:{}", peer.place)).await;
}

#[test]
fn pymodbus_on_a_serial_line() {
    let line = SerialLine::new();
    let _peer = Peer::pymodbus("serial", &line.end("far"));
    let endpoint = format!("serial://{}?baud=115200&parity=none", line.end("near"));
    let _nothing_starts = STARTING.write();
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    executor.block_on(async {
        speaks(&endpoint).await;
        a_late_answer_never_becomes_a_value(&endpoint, "600ms").await;
    });
}

#[tokio::test]
async fn modbus_serial_over_tcp() {
    let peer = Peer::modbus_serial("0");
    speaks(&format!("tcp://127.0.0.1:{}", peer.place)).await;
}

#[tokio::test]
async fn late_answers() {
    let peer = Peer::pymodbus("tcp", "0");
    a_late_answer_never_becomes_a_value(&format!("tcp://127.0.0.1:{}", peer.place), "0ms").await;
    let peer = Peer::pymodbus("rtu+tcp", "0");
    a_late_answer_never_becomes_a_value(&format!("rtu+tcp://127.0.0.1:{}", peer.place), "0ms")
        .await;
    let peer = Peer::modbus_serial("0");
    a_late_answer_never_becomes_a_value(&format!("tcp://127.0.0.1:{}", peer.place), "0ms").await;
}

#[tokio::test]
async fn killed_and_restarted() {
    a_peer_that_dies_and_comes_back_is_read_again(|port| Peer::pymodbus("tcp", port)).await;
    a_peer_that_dies_and_comes_back_is_read_again(Peer::modbus_serial).await;
}

#[tokio::test]
async fn spoiled_answers_over_tcp() {
    spoiled_tcp_answers(&Peer::pymodbus("tcp", "0")).await;
    spoiled_tcp_answers(&Peer::modbus_serial("0")).await;
}

#[tokio::test]
async fn spoiled_answers_rtu_over_tcp() {
    let peer = Peer::pymodbus("rtu+tcp", "0");
    let proxy = Proxy::before(&peer.place).await;
    let endpoint = format!("rtu+tcp://{}", proxy.address);
    let cases: [(&str, proxy::Spoil, Ends); 10] = [
        ("byte by byte", byte_by_byte, Ends::Well),
        ("garbage", garbage, Ends::Malformed),
        ("noise before", |answer| send([&[0xff], answer].concat()), Ends::Malformed),
        ("another unit", changed::<0>, Ends::Malformed),
        ("another function", changed::<1>, Ends::Malformed),
        ("another byte count", changed::<2>, Ends::Malformed),
        ("another value", changed::<4>, Ends::Malformed),
        ("another checksum", changed::<8>, Ends::Malformed),
        ("twice", twice, Ends::Malformed),
        ("half", half, Ends::Timeout),
    ];
    for (name, spoil, ends) in cases {
        spoiled(&endpoint, &proxy, name, spoil, ends).await;
    }
}

#[tokio::test]
async fn a_broadcast_on_rtu_reaches_everybody_and_is_not_answered() {
    let peer = Peer::pymodbus("rtu+tcp", "0");
    let endpoint = format!("rtu+tcp://127.0.0.1:{}", peer.place);
    let everybody = device(&endpoint, json!({ "unit": 0 }), &["hr:1010 u16"]);
    let mut session = connect(&everybody).await;
    assert_eq!(write(&mut *session, &everybody, 0, 4_711_i64).await.unwrap(), None);
    let got = read(&mut *session, &everybody, LIMIT).await.unwrap();
    assert_eq!(got, [(Value::Null, Quality::bad(Reason::NotConfigured))]);
    for unit in [1, 4] {
        let one = device(&endpoint, json!({ "unit": unit }), &["hr:1010 u16"]);
        let got = read(&mut *session, &one, LIMIT).await.unwrap();
        assert_eq!(got, [(Value::Int(4_711), Quality::GOOD)], "unit {unit}");
    }
}
