//! Trying devices out on a running node, against pymodbus: tests, browsing, traces, and the same from the command line.

use std::net::{Ipv4Addr, TcpListener};

use lineshaft_drivers::modbus::server::{Manner, Server};
use serde_json::{Value, json};

use crate::field::{Counters, FAST, Field, counter_table};
use crate::harness::{Client, Node, OPEN, Plant, SOON, eventually, run};

#[path = "../../../drivers/tests/conformance/peer.rs"]
#[expect(dead_code, reason = "this uses a part of what the drivers' tests start")]
mod peer;

use peer::{Peer, SerialLine};

/// What the answers to a test are: `step outcome` of each step.
fn steps(page: &Value) -> Vec<String> {
    let steps = page["steps"].as_array().unwrap();
    let word = |step: &Value, member: &str| step[member].as_str().unwrap().to_owned();
    steps.iter().map(|step| format!("{} {}", word(step, "step"), word(step, "outcome"))).collect()
}

fn failed(page: &Value) -> Value {
    let steps = page["steps"].as_array().unwrap();
    steps.iter().find(|step| step["outcome"] == "failed").cloned().unwrap_or_default()
}

#[track_caller]
fn post(node: &Node, path: &str, body: &Value) -> Value {
    let reply = Client::new(node.address).post(path, body).unwrap();
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[track_caller]
fn test(node: &Node, device: &Value, tags: &Value) -> Value {
    post(node, "/api/v1/devices/test", &json!({ "device": device, "tags": tags }))
}

fn modbus(endpoint: &str, settings: &Value) -> Value {
    json!({"driver": "modbus", "endpoint": endpoint, "timeout": "300ms", "settings": settings})
}

/// A port at which nobody listens while this lives.
fn dead_port() -> (u16, tokio::net::TcpSocket) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    (socket.local_addr().unwrap().port(), socket)
}

#[test]
fn every_way_a_test_can_end_says_at_which_step_and_what_to_do() {
    let executor = tokio::runtime::Runtime::new().unwrap();
    let _inside = executor.enter();
    let peer = Peer::pymodbus("tcp", "0");
    let good = format!("tcp://127.0.0.1:{}", peer.place);
    let (dead, _held) = dead_port();
    // Takes the connection and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute_at = format!("tcp://{}", mute.local_addr().unwrap());
    let plant = Plant::new("");
    let node = plant.run();
    let tag = |address: &str| json!([{"name": "t", "address": address, "type": "i16"}]);
    let ok = "settings ok, name skipped, connect ok";
    for (device, tags, expected, code, remedy) in [
        (
            modbus(&format!("tcp://127.0.0.1:{dead}"), &json!({})),
            json!([]),
            "settings ok, name skipped, connect failed, answer skipped, read skipped".to_owned(),
            "LS-DRV-001",
            "check the port",
        ),
        (
            modbus("tcp://no-such-host.invalid:502", &json!({})),
            json!([]),
            "settings ok, name failed, connect skipped, answer skipped, read skipped".into(),
            "LS-DRV-011",
            "write the IP address",
        ),
        (
            modbus(&mute_at, &json!({"unit": 9})),
            json!([]),
            format!("{ok}, answer failed, read skipped"),
            "LS-DRV-002",
            "another unit identifier",
        ),
        (
            modbus(&good, &json!({"unit": 6})),
            tag("hr:3000"),
            format!("{ok}, answer failed, read skipped"),
            "LS-DRV-015",
            "unit 6 behind it does not answer",
        ),
        (
            modbus(&good, &json!({})),
            tag("hr:20000"),
            format!("{ok}, answer ok, read failed"),
            "LS-DRV-009",
            "try one less, if the manual counts from 1",
        ),
        (
            modbus(&good, &json!({"unit": 5})),
            tag("hr:0"),
            format!("{ok}, answer ok, read failed"),
            "LS-DRV-009",
            "try `ir:` (input registers)",
        ),
        (
            modbus("serial:///dev/ttyNONE", &json!({})),
            json!([]),
            "settings ok, port failed, open skipped, answer skipped, read skipped".into(),
            "LS-DRV-012",
            "this machine has",
        ),
    ] {
        let page = test(&node, &device, &tags);
        assert_eq!(steps(&page).join(", "), expected, "{device}: {page}");
        let step = failed(&page);
        assert!(step["code"].as_str().unwrap().starts_with(code), "{device}: {step}");
        assert!(step["remedy"].as_str().unwrap_or("").contains(remedy), "{device}: {step}");
        assert_eq!(page["ok"], false);
    }
    node.stop();
}

#[test]
fn wrong_settings_are_named_one_by_one_and_nothing_is_sent() {
    let plant = Plant::new("");
    let node = plant.run();
    let device = json!({"driver": "modbus", "endpoint": "tcp://plc", "settings": {"unit": 300}});
    let page = test(&node, &device, &json!([]));
    let expected = "settings failed, name skipped, connect skipped, answer skipped, read skipped";
    assert_eq!(steps(&page).join(", "), expected);
    let mistakes = page["mistakes"].as_array().unwrap();
    let keys: Vec<&str> = mistakes.iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["endpoint", "settings.unit"], "{page}");
    assert!(failed(&page)["code"].as_str().unwrap().starts_with("LS-CFG-"), "{page}");
    node.stop();
}

#[test]
fn a_good_device_shows_its_values_as_the_tag_table_will() {
    let peer = Peer::pymodbus("tcp", "0");
    let device = modbus(&format!("tcp://127.0.0.1:{}", peer.place), &json!({}));
    let plant = Plant::new("");
    let node = plant.run();
    let page = test(&node, &device, &json!([]));
    assert_eq!(page["ok"], true, "{page}");
    assert_eq!(page["frames"].as_array().unwrap().len(), 2, "a question and an answer");
    let page = test(
        &node,
        &device,
        &json!([
            {"name": "raw", "address": "hr:3000", "type": "u16"},
            {"name": "scaled", "address": "hr:3001", "type": "u16", "scale": 0.1, "offset": -40},
            {"name": "missing", "address": "hr:20000", "type": "u16"},
            {"name": "on", "address": "co:3000", "type": "bool"},
        ]),
    );
    let value = |n: usize| {
        (&page["values"][n]["name"], &page["values"][n]["value"], &page["values"][n]["quality"])
    };
    assert_eq!(value(0), (&json!("raw"), &json!(21_000), &json!("good")));
    assert_eq!(value(1), (&json!("scaled"), &json!(2_060.7), &json!("good")));
    assert_eq!(value(2), (&json!("missing"), &json!(null), &json!("bad")));
    assert_eq!(page["values"][2]["reason"], "not-configured");
    assert_eq!(page["values"][2]["what"], "illegal data address (exception 2)");
    assert_eq!(value(3), (&json!("on"), &json!(true), &json!("good")));
    assert!(failed(&page)["what"].as_str().unwrap().starts_with("missing at hr:20000"), "{page}");
    node.stop();
}

/// Browses to the end and gives back the addresses and how many parts it took.
fn browse(node: &Node, device: &Value, options: &Value) -> (Vec<String>, usize) {
    let (mut found, mut parts, mut after) = (Vec::new(), 0, Value::Null);
    loop {
        let body = json!({"device": device, "options": options, "after": after, "limit": 50});
        let page = post(node, "/api/v1/devices/browse", &body);
        let rows = page["found"].as_array().unwrap();
        found.extend(rows.iter().map(|row| row["address"].as_str().unwrap().to_owned()));
        (parts, after) = (parts + 1, page["next"].clone());
        if after.is_null() {
            assert_eq!(page["done"], 1.0);
            return (found, parts);
        }
    }
}

#[test]
fn what_a_browse_finds_is_a_tag_table_that_is_fine() {
    let peer = Peer::pymodbus("tcp", "0");
    let endpoint = format!("tcp://127.0.0.1:{}", peer.place);
    let plant = Plant::new("");
    let node = plant.run();
    let options = json!({"tables": ["holding", "input"], "from": 2_990, "to": 3_130});
    let (found, parts) = browse(&node, &modbus(&endpoint, &json!({})), &options);
    let expected: Vec<String> =
        ["hr", "ir"].iter().flat_map(|t| (3_000..3_125).map(move |n| format!("{t}:{n}"))).collect();
    assert_eq!(found, expected);
    assert!(parts >= 5, "{parts} parts of 50");
    node.stop();

    let ended = run([
        "browse",
        &endpoint,
        "--tables",
        "holding,input,coil",
        "--from",
        "2990",
        "--to",
        "3130",
    ]);
    assert!(ended.status.success(), "{}", ended.err);
    assert!(ended.err.contains("100 %"), "{}", ended.err);
    let header = "tag,address,type,unit,period,deadband,scale,offset,access,description";
    assert_eq!(ended.out.lines().next(), Some(header));
    let plant = Plant::new("");
    plant.put("tags/found.csv", &ended.out);
    let device = format!(
        "[found]\ndriver = \"modbus\"\nendpoint = \"{endpoint}\"\ntags = \"../tags/found.csv\"\n"
    );
    plant.put("devices/found.toml", &device);
    let checked = run(["check", "--plant", plant.folder().to_str().unwrap()]);
    assert!(checked.status.success(), "{}{}", checked.out, checked.err);
    let tags = ended.out.lines().count() - 1;
    assert!(tags >= 250 && checked.out.contains(&format!("{tags} tags")), "{}", checked.out);
}

#[test]
fn the_command_line_says_which_units_answer_and_why_nothing_does() {
    let peer = Peer::pymodbus("tcp", "0");
    let endpoint = format!("tcp://127.0.0.1:{}", peer.place);
    let ended = run(["browse", &endpoint, "--units", "4-7"]);
    assert!(ended.status.success(), "{}", ended.err);
    let units: Vec<&str> =
        ended.out.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(units, ["4", "5", "7"], "{}", ended.out);
    for (arguments, said) in [
        (["browse", "tcp://127.0.0.1:1", "--unit", "1"], "nothing listens on port 1"),
        (["browse", "tcp://plc", "--unit", "1"], "has no port"),
        (["browse", &endpoint, "--tables", "all"], "unknown variant `all`"),
        (["browse", &endpoint, "--driver", "s7"], "there is no driver `s7`"),
        (["browse", &endpoint, "--unit", "6"], "unit 6 behind it does not answer"),
    ] {
        let ended = run(arguments);
        assert!(
            !ended.status.success() && ended.err.contains(said),
            "{arguments:?}: {}",
            ended.err
        );
    }
}

#[track_caller]
fn is_online(node: &Node, device: &str) {
    eventually(SOON, &format!("{device} is online"), || {
        (node.device(device)["state"] == "online").then_some(())
    });
}

#[test]
fn a_trace_of_a_running_device_has_its_own_frames_and_ends() {
    let (field, registers) = (Field::new(), Counters::new(2, 8));
    let gateway = field.device(registers);
    let plant = Plant::new("");
    plant.device("a1", gateway.address, 1, FAST, &counter_table(2));
    plant.device("a2", gateway.address, 2, FAST, &counter_table(2));
    let node = plant.run();
    is_online(&node, "a1");
    let off = node.json("/api/v1/devices/a1/trace");
    assert_eq!((&off["until_ms"], &off["frames"]), (&json!(null), &json!([])));
    let on = post(&node, "/api/v1/devices/a1/trace", &json!({"seconds": 60}));
    assert!(on["until_ms"].is_i64());
    let page = eventually(SOON, "frames", || {
        let page = node.json("/api/v1/devices/a1/trace");
        (page["frames"].as_array().unwrap().len() >= 4).then_some(page)
    });
    let frames = page["frames"].as_array().unwrap();
    for (frame, n) in frames.iter().zip(1..) {
        assert_eq!(frame["n"], n);
        assert!(frame["text"].as_str().unwrap().ends_with("unit 1"), "{frame}");
        assert_eq!(frame["took_ms"].is_number(), frame["direction"] == "received", "{frame}");
        assert!(!frame["bytes"].as_str().unwrap().is_empty(), "{frame}");
    }
    let next = page["next"].as_u64().unwrap();
    assert_eq!(next, frames.len() as u64 + 1);
    let rest = eventually(SOON, "more frames", || {
        let page = node.json(&format!("/api/v1/devices/a1/trace?after={next}"));
        (!page["frames"].as_array().unwrap().is_empty()).then_some(page)
    });
    assert_eq!(rest["frames"][0]["n"], next);
    let off = post(&node, "/api/v1/devices/a1/trace", &json!({"seconds": 0}));
    assert_eq!(off["until_ms"], json!(null));
    assert_eq!(
        node.json("/api/v1/devices/a2/trace")["frames"],
        json!([]),
        "nobody asked for those"
    );
    node.stop();
}

#[test]
fn a_device_that_takes_one_connection_is_asked_over_that_of_the_plant() {
    let executor = tokio::runtime::Runtime::new().unwrap();
    let registers = Counters::new(2, 8);
    let bound = Server::bind("127.0.0.1:0".parse().unwrap(), registers.clone());
    let server = executor.block_on(bound).unwrap().connections_max(1);
    let address = server.address();
    executor.spawn(server.serve());
    let plant = Plant::new("");
    plant.device("only", address, 1, FAST, &counter_table(2));
    let node = plant.run();
    is_online(&node, "only");
    let before = node.device("only")["counters"]["reconnects"].clone();
    let device = modbus(&format!("tcp://{address}"), &json!({"unit": 2}));
    let page = test(&node, &device, &json!([{"name": "c", "address": "ir:0", "type": "u32"}]));
    assert_eq!(page["ok"], true, "{page}");
    let connect = page["steps"][2]["what"].as_str().unwrap();
    assert!(connect.contains("`only`"), "{connect}");
    let (found, _) = browse(&node, &device, &json!({"tables": ["input"], "to": 40}));
    assert_eq!(found.len(), 16, "{found:?}");
    let after = &node.device("only")["counters"]["reconnects"];
    assert_eq!(*after, before, "the plant kept its connection");
    registers.behave(Manner::Prompt);
    node.stop();
}

#[test]
fn a_serial_line_that_the_plant_uses_is_asked_between_its_requests() {
    let line = SerialLine::new();
    let _peer = Peer::pymodbus("serial", &line.end("far"));
    let endpoint = format!("serial://{}?baud=19200&parity=none", line.end("near"));
    let plant = Plant::new("");
    let text = format!(
        "[meter]\ndriver = \"modbus\"\nendpoint = \"{endpoint}\"\nperiod = \"50ms\"\ntags = \"../tags/meter.csv\"\n"
    );
    plant.put("tags/meter.csv", "tag,address,type\nx,hr:3000,u16\n");
    plant.put("devices/meter.toml", &text);
    let node = plant.run();
    is_online(&node, "meter");
    let tags = json!([{"name": "y", "address": "hr:3001", "type": "u16"}]);
    let page = test(&node, &modbus(&endpoint, &json!({"unit": 4})), &tags);
    assert_eq!(
        steps(&page),
        ["settings ok", "port ok", "open skipped", "answer ok", "read ok"],
        "{page}"
    );
    assert!(page["steps"][1]["what"].as_str().unwrap().contains("`meter`"), "{page}");
    assert_eq!(page["values"][0]["value"], 21_007);
    let (found, _) = browse(
        &node,
        &modbus(&endpoint, &json!({})),
        &json!({"tables": ["holding"], "from": 3_000, "to": 3_020}),
    );
    assert_eq!(found.len(), 21);

    let faster = format!("serial://{}?baud=38400&parity=none", line.end("near"));
    let page = test(&node, &modbus(&faster, &json!({})), &json!([]));
    let step = failed(&page);
    assert_eq!((&step["step"], &step["code"]), (&json!("port"), &json!("LS-DRV-014")), "{page}");
    assert_eq!(node.device("meter")["counters"]["reconnects"], 0);
    node.stop();
}

#[test]
fn devices_are_listed_as_they_are_written_and_drivers_with_their_forms() {
    let (field, registers) = (Field::new(), Counters::new(1, 8));
    let device = field.device(registers);
    let plant = Plant::of(&format!("{}{OPEN}", crate::harness::NODE));
    plant.device("press", device.address, 1, "enabled = false", &counter_table(2));
    let node = plant.run();
    let devices = node.json("/api/v1/plant/devices");
    let press = &devices[0];
    assert_eq!(
        (&press["device"], &press["enabled"], &press["writable"]),
        (&json!("press"), &json!(false), &json!(true))
    );
    assert_eq!(press["table"]["settings"]["unit"], 1);
    assert!(press["table"].get("period").is_none(), "not written, so not here: {press}");
    let tags = press["tags_file"].as_str().unwrap();
    assert_eq!(node.get(&format!("/api/v1/plant/file?path={tags}")).unwrap().status, 200);
    let drivers = node.json("/api/v1/drivers");
    assert_eq!((&drivers[0]["driver"], &drivers[0]["browse"]), (&json!("modbus"), &json!("scan")));
    assert_eq!(drivers[0]["settings"]["properties"]["unit"]["default"], 1);
    assert_eq!(drivers[0]["device"]["properties"]["period"]["default"], "1s");
    node.stop();
}
