//! The Modbus server face: with an independent client (tokio-modbus), with our own driver, and with bytes
//! that no client should send.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{DeviceSpec, DriverError, PointSpec, Readings};
use lineshaft_drivers::modbus::server::{Manner, Registers, Server};
use lineshaft_drivers::modbus::{Exception, KIND, Table};
use lineshaft_model::{Access, DataType, Value};
use lineshaft_runtime::Net;
use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_modbus::client::{Context, tcp};
use tokio_modbus::prelude::{ExceptionCode, Reader, Slave, Writer};

/// 100 cells of each table; unit 9 has a manner.
#[derive(Debug)]
struct Box100 {
    bits: Mutex<[bool; 100]>,
    words: Mutex<[u16; 100]>,
    manner: Mutex<Manner>,
}

impl Default for Box100 {
    fn default() -> Box100 {
        let (bits, words) = (Mutex::new([false; 100]), Mutex::new([0; 100]));
        Box100 { bits, words, manner: Mutex::default() }
    }
}

fn cells<T>(all: &mut [T], start: u16, count: usize) -> Result<&mut [T], Exception> {
    let start = usize::from(start);
    all.get_mut(start..start + count).ok_or(Exception::ILLEGAL_ADDRESS)
}

impl Registers for Box100 {
    fn bits(&self, unit: u8, _: Table, start: u16, out: &mut [bool]) -> Result<(), Exception> {
        out.copy_from_slice(cells(&mut self.bits.lock()[..], start, out.len())?);
        if unit == 2 {
            out.iter_mut().for_each(|bit| *bit = !*bit);
        }
        Ok(())
    }

    fn registers(
        &self,
        unit: u8,
        table: Table,
        start: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        if table == Table::Input {
            out.fill(unit.into());
            return Ok(());
        }
        out.copy_from_slice(cells(&mut self.words.lock()[..], start, out.len())?);
        Ok(())
    }

    fn set_bits(&self, _: u8, start: u16, values: &[bool]) -> Result<(), Exception> {
        cells(&mut self.bits.lock()[..], start, values.len())?.copy_from_slice(values);
        Ok(())
    }

    fn set_registers(&self, _: u8, start: u16, values: &[u16]) -> Result<(), Exception> {
        cells(&mut self.words.lock()[..], start, values.len())?.copy_from_slice(values);
        Ok(())
    }

    fn manner(&self, unit: u8) -> Manner {
        if unit == 9 { *self.manner.lock() } else { Manner::Prompt }
    }
}

/// A served box; it ends with the set.
async fn served(connections_max: usize) -> (SocketAddr, Arc<Box100>, JoinSet<()>) {
    let registers = Arc::new(Box100::default());
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), registers.clone()).await.unwrap();
    let (address, mut tasks) = (server.address(), JoinSet::new());
    tasks.spawn(server.connections_max(connections_max).serve());
    (address, registers, tasks)
}

async fn client(address: SocketAddr, unit: u8) -> Context {
    tcp::attach_slave(TcpStream::connect(address).await.unwrap(), Slave(unit))
}

#[tokio::test]
async fn an_independent_client_reads_and_writes_every_table() {
    let (address, _registers, _tasks) = served(8).await;
    let mut client = client(address, 1).await;
    client.write_multiple_registers(10, &[1, 0xffff, 3]).await.unwrap().unwrap();
    client.write_single_register(13, 4).await.unwrap().unwrap();
    client.masked_write_register(11, 0x00ff, 0x1200).await.unwrap().unwrap();
    let words = client.read_holding_registers(9, 6).await.unwrap().unwrap();
    assert_eq!(words, [0, 1, 0x12ff, 3, 4, 0]);
    assert_eq!(client.read_input_registers(0, 3).await.unwrap().unwrap(), [1, 1, 1]);
    let pattern: Vec<bool> = (0..19).map(|n| n % 3 == 0).collect();
    client.write_multiple_coils(5, &pattern).await.unwrap().unwrap();
    client.write_single_coil(6, true).await.unwrap().unwrap();
    client.write_single_coil(5, false).await.unwrap().unwrap();
    let bits = client.read_coils(5, 19).await.unwrap().unwrap();
    assert_eq!(bits[..4], [false, true, false, true]);
    assert_eq!(bits[4..], pattern[4..]);
    assert_eq!(client.read_discrete_inputs(5, 19).await.unwrap().unwrap(), bits);
}

#[tokio::test]
async fn an_independent_client_is_told_what_is_wrong() {
    let (address, registers, _tasks) = served(8).await;
    let mut client = client(address, 1).await;
    let refused = client.read_holding_registers(99, 2).await.unwrap();
    assert_eq!(refused, Err(ExceptionCode::IllegalDataAddress));
    let refused = client.read_holding_registers(65_535, 2).await.unwrap();
    assert_eq!(refused, Err(ExceptionCode::IllegalDataAddress));
    let refused = client.write_single_register(100, 1).await.unwrap();
    assert_eq!(refused, Err(ExceptionCode::IllegalDataAddress));
    let refused = client.read_write_multiple_registers(0, 1, 0, &[1]).await.unwrap();
    assert_eq!(refused, Err(ExceptionCode::IllegalFunction));
    *registers.manner.lock() = Manner::Refuse(Exception::BUSY);
    let mut busy = self::client(address, 9).await;
    assert_eq!(busy.read_coils(0, 1).await.unwrap(), Err(ExceptionCode::ServerDeviceBusy));
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order_however_they_are_cut() {
    let (address, _registers, _tasks) = served(8).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = |n: u8| [0, n, 0, 0, 0, 6, n, 4, 0, 0, 0, 1];
    let all: Vec<u8> = (1..=200).flat_map(request).collect();
    let (mut from, mut to) = stream.split();
    let sending = async {
        for piece in all.chunks(7) {
            to.write_all(piece).await.unwrap();
        }
    };
    let receiving = async {
        let mut answers = vec![0; 200 * 11];
        from.read_exact(&mut answers).await.unwrap();
        answers
    };
    let ((), answers) = tokio::join!(sending, receiving);
    for (n, answer) in (1..=200).zip(answers.chunks(11)) {
        assert_eq!(answer, [0, n, 0, 0, 0, 5, n, 4, 2, 0, n]);
    }
}

#[tokio::test]
async fn garbage_ends_a_connection_and_nothing_else() {
    let (address, _registers, _tasks) = served(8).await;
    let mut good = client(address, 1).await;
    for garbage in [&[0xff_u8; 300][..], b"GET / HTTP/1.1\r\n\r\n", &[0, 1, 0, 0, 0, 0, 1, 3]] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await; // an end, or a reset for what was not read
        assert!(rest.is_empty(), "{garbage:?}: {rest:?}");
        assert_eq!(good.read_input_registers(0, 1).await.unwrap().unwrap(), [1]);
    }
    // Whole frames that ask for nonsense are answered, and the connection goes on.
    let mut stream = TcpStream::connect(address).await.unwrap();
    for (nonsense, exception) in [
        (&[0_u8, 1, 0, 0, 0, 8, 1, 15, 0, 0, 0, 100, 1, 0xff][..], 3),
        (&[0, 1, 0, 0, 0, 9, 1, 16, 0, 0, 0x80, 1, 2, 0, 0], 3),
        (&[0, 1, 0, 0, 0, 2, 1, 7], 1),
    ] {
        stream.write_all(nonsense).await.unwrap();
        let mut answer = [0; 9];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [0, 1, 0, 0, 0, 3, 1, nonsense[7] | 0x80, exception]);
    }
}

#[tokio::test]
async fn connections_over_the_cap_are_closed_and_the_others_go_on() {
    let (address, _registers, _tasks) = served(2).await;
    let mut first = client(address, 1).await;
    let mut second = client(address, 2).await;
    assert_eq!(first.read_input_registers(0, 1).await.unwrap().unwrap(), [1]);
    assert_eq!(second.read_input_registers(0, 1).await.unwrap().unwrap(), [2]);
    let mut third = TcpStream::connect(address).await.unwrap();
    assert_eq!(third.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(first.read_input_registers(0, 1).await.unwrap().unwrap(), [1]);
}

fn spec(address: SocketAddr, unit: u8, points: &[&str]) -> DeviceSpec {
    let point = |text: &&str| {
        let (address, data_type) = text.split_once(' ').unwrap();
        let (data_type, order) = DataType::parse_with_order(data_type).unwrap();
        let access = match address.starts_with("ir") || address.starts_with("di") {
            true => Access::Read,
            false => Access::ReadWrite,
        };
        let (name, period) = (text.to_string(), Duration::from_secs(1));
        PointSpec { name, address: address.into(), data_type, order, access, period }
    };
    DeviceSpec {
        name: format!("unit-{unit}"),
        endpoint: format!("tcp://{address}").parse().unwrap(),
        settings: json!({ "unit": unit }),
        points: points.iter().map(point).collect(),
        timeout: Duration::from_secs(5),
    }
}

#[tokio::test]
async fn several_units_share_one_link() {
    let (address, _registers, _tasks) = served(8).await;
    let devices = [1, 2, 250].map(|unit| {
        let points = ["ir:0 u16", "co:0 bool", "hr:0 f32:CDAB"];
        KIND.configure(spec(address, unit, &points)).unwrap()
    });
    let limit = Duration::from_secs(5);
    let mut session = devices[0].connect(&Net::default()).await.unwrap();
    for round in [1.5, -2.5] {
        for device in &devices {
            let written = session.write(&**device, 2, &round.into(), limit).await.unwrap();
            assert_eq!(written, Some(Value::Float(round)));
            let mut out = Readings::default();
            for request in device.plan(&[0, 1, 2]) {
                session.read(&**device, &request, limit, &mut out).await.unwrap();
            }
            out.0.sort_by_key(|reading| reading.point);
            let unit = device.spec().settings["unit"].as_i64().unwrap();
            assert_eq!(out.0[0].value, Value::Int(unit));
            assert_eq!(out.0[1].value, Value::Bool(unit == 2));
            assert_eq!(out.0[2].value, Value::Float(round));
        }
    }
}

#[tokio::test]
async fn a_unit_may_be_slow_silent_or_hang_up() {
    let (address, registers, _tasks) = served(8).await;
    let device = KIND.configure(spec(address, 9, &["hr:0 u16"])).unwrap();
    let (long, short) = (Duration::from_secs(5), Duration::from_millis(50));
    for (manner, limit, works) in [
        (Manner::Prompt, long, true),
        (Manner::Slow(Duration::from_millis(1)), long, true),
        (Manner::Slow(long), short, false),
        (Manner::Silent, short, false),
        (Manner::HangUp, long, false),
    ] {
        *registers.manner.lock() = manner;
        let mut session = device.connect(&Net::default()).await.unwrap();
        let request = &device.plan(&[0])[0];
        let got = session.read(&*device, request, limit, &mut Readings::default()).await;
        match (got, manner) {
            (Ok(()), _) => assert!(works, "{manner:?}"),
            (Err(DriverError::Timeout { .. }), Manner::Slow(_) | Manner::Silent) => {}
            (Err(DriverError::Lost { .. }), Manner::HangUp) => {}
            (Err(other), _) => panic!("{manner:?}: {other:?}"),
        }
    }
}

#[test]
fn the_example_of_the_manual_works() {
    let rows = include_str!("../../src/modbus/example.csv").lines().skip(1);
    let rows: Vec<String> = rows
        .map(|row| {
            let mut cells = row.split(',').skip(1);
            format!("{} {}", cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let mut spec = spec("127.0.0.1:502".parse().unwrap(), 1, &rows);
    spec.points.iter_mut().for_each(|point| point.access = Access::Read);
    spec.settings = json!({ "unit": 1, "gap_registers_max": 10, "pause": "20ms" });
    let device = KIND.configure(spec).unwrap();
    let all: Vec<u32> = (0..).take(rows.len()).collect();
    assert_eq!(device.plan(&all).len(), 8);
}

#[test]
fn the_schema_of_the_settings_names_every_setting_with_its_page() {
    let schema = serde_json::to_value(KIND.schema()).unwrap();
    let settings = schema["properties"].as_object().unwrap();
    assert_eq!(settings.len(), 12);
    for (name, setting) in settings {
        let described = setting["description"].as_str().is_some_and(|text| text.len() > 30);
        assert!(described, "{name} has no description");
        assert!(KIND.readme.contains(&format!("| `{name}` |")), "{name} is not on the page");
    }
}
