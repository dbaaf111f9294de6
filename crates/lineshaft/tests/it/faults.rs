//! What goes wrong around the node: each fault gives one clear message that names the place, and harms nothing else.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lineshaft_drivers::modbus::server::Manner;

use crate::field::{Counters, FAST, Field, counter_table};
use crate::harness::{Ended, NODE, Node, OPEN, Plant, SOON, arguments, eventually, run};

/// It did not start, and its one message has all of these words.
#[track_caller]
fn is_refused(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(ended.out, "", "nothing listens");
    for word in words {
        assert!(ended.err.contains(word), "no `{word}` in\n{}", ended.err);
    }
}

fn files(dir: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    files.sort();
    files
}

/// A plant with one counting device, which has run, sealed and stopped.
fn plant_with_data() -> Plant {
    let (field, counters) = (Field::new(), Counters::new(1, 4));
    let device = field.device(counters);
    let plant = Plant::new("[historian]\nseal_after = \"1s\"\n");
    plant.device("press", device.address, 1, FAST, &counter_table(4));
    let node = plant.run();
    eventually(SOON, "a seal, and some samples behind it", || {
        let historian = node.status()["historian"].take();
        let (sealed, hot) =
            (historian["samples_sealed"].as_u64(), historian["samples_hot"].as_u64());
        (sealed > Some(0) && hot > Some(100)).then_some(())
    });
    node.stop();
    assert!(plant.verify().status.success());
    plant
}

/// Says a file is of version 2, as a later program would write it; `crc` is where the checksum of the bytes before it is.
fn make_newer(file: &Path, crc: usize) {
    let mut bytes = fs::read(file).unwrap();
    assert_eq!(bytes[8..10], [1, 0]);
    bytes[8] = 2;
    let sum = crc32c::crc32c(&bytes[..crc]);
    bytes[crc..crc + 4].copy_from_slice(&sum.to_le_bytes());
    fs::write(file, bytes).unwrap();
}

/// Flips one bit in the middle of a file; says where.
fn damage(file: &Path) -> usize {
    let mut bytes = fs::read(file).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 0x10;
    fs::write(file, bytes).unwrap();
    at
}

#[test]
fn a_port_in_use_is_named_with_the_remedy() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let plant = Plant::new("");
    plant.put("lineshaft.toml", &format!("{}{OPEN}", NODE.replace("127.0.0.1:0", &address)));
    is_refused(&run(plant.arguments()), &["LS-NOD-003", &address, "port 0", "[http] listen"]);
}

#[test]
fn a_data_folder_taken_away_stops_the_shaft_and_live_values_go_on() {
    let (field, counters) = (Field::new(), Counters::new(1, 2));
    let device = field.device(counters);
    let plant = Plant::new("");
    plant.device("press", device.address, 1, FAST, &counter_table(2));
    let node = plant.run();
    eventually(SOON, "ready", || (node.get("/ready").unwrap().status == 200).then_some(()));
    fs::rename(plant.data(), plant.data().with_extension("aside")).unwrap();
    eventually(SOON, "the shaft says it stopped", || {
        let shaft = node.status()["shaft"].take();
        let why = shaft["error"].as_str().unwrap_or_default().to_owned();
        (shaft["state"] == "stopped" && why.contains("moved or deleted")).then_some(())
    });
    assert_eq!(node.get("/ready").unwrap().status, 503);
    let before = node.value("acme/test/press/c1");
    eventually(SOON, "a live value", || (node.value("acme/test/press/c1") != before).then_some(()));
}

#[test]
fn a_data_folder_in_use_is_named_and_its_owner_runs_on() {
    let (field, counters) = (Field::new(), Counters::new(1, 1));
    let device = field.device(counters);
    let plant = Plant::new("");
    plant.device("press", device.address, 1, FAST, &counter_table(1));
    let node = plant.run();
    let other = Plant::new("");
    let data = plant.data();
    let ended = run(arguments(&other.folder(), &data));
    is_refused(&ended, &["LS-NOD-002", data.to_str().unwrap(), "--data"]);
    let count = || node.value("acme/test/press/c0")["value"].as_u64();
    let before = count();
    eventually(SOON, "the first process polls on", || (count() > before).then_some(()));
    assert!(!node.process.log().contains("ERROR"), "{}", node.process.log());
    node.stop();
}

#[test]
fn a_data_folder_that_is_a_file_is_named() {
    let plant = Plant::new("");
    fs::write(plant.data(), "").unwrap();
    is_refused(&run(plant.arguments()), &["LS-NOD-001", plant.data().to_str().unwrap()]);
}

#[test]
fn data_of_a_newer_version_is_refused_by_name() {
    let plant = plant_with_data();
    let shaft = files(&plant.data().join("shaft"), ".shaft").pop().unwrap();
    let manifest = plant.data().join("historian/manifest");
    for (file, crc, code) in [(shaft, 36, "LS-SHF-003"), (manifest, 12, "LS-HIS-003")] {
        let before = fs::read(&file).unwrap();
        make_newer(&file, crc);
        let newer = fs::read(&file).unwrap();
        let name = file.to_str().unwrap();
        is_refused(&run(plant.arguments()), &[code, name, "version 2"]);
        let verified = plant.verify();
        assert_eq!(verified.status.code(), Some(1));
        assert!(verified.err.contains(name) && verified.err.contains("version 2"), "{verified:?}");
        assert_eq!(fs::read(&file).unwrap(), newer, "it is left as it is");
        fs::write(&file, before).unwrap();
    }
    plant.run().stop();
}

#[test]
fn a_full_disk_is_said_and_live_values_go_on() {
    let (field, counters) = (Field::new(), Counters::new(1, 4));
    let device = field.device(counters);
    let plant = Plant::new("[shaft]\nfree_min = \"900TiB\"\n");
    plant.device("press", device.address, 1, FAST, &counter_table(4));
    let node = plant.run();
    let status = eventually(SOON, "samples are lost and counted", || {
        let status = node.status();
        (status["samples_lost"].as_u64() > Some(0)).then_some(status)
    });
    assert_eq!(status["shaft"]["state"], "full", "{status}");
    assert!(status["shaft"]["error"].as_str().unwrap().contains("must stay free"), "{status}");
    let ready = node.get("/ready").unwrap();
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("must stay free"), "{}", ready.text());
    assert_eq!(node.get("/health").unwrap().status, 200);
    let live = || node.value("acme/test/press/c3");
    let before = live()["value"].as_u64();
    let after = eventually(SOON, "values change", || {
        Some(live()).filter(|value| value["value"].as_u64() > before)
    });
    assert_eq!(after["quality"], "good", "{after}");
    assert!(node.write("acme/test/press/setpoint", 7).status == 200);
    let log = node.stop().err;
    assert_eq!(log.matches("the shaft has no room").count(), 1, "said once:\n{log}");
}

/// Proves: CR 3.3.
#[test]
fn a_flipped_byte_in_the_shaft_is_found_and_the_node_starts() {
    let plant = plant_with_data();
    let file = files(&plant.data().join("shaft"), ".shaft").pop().unwrap();
    damage(&file);
    let verified = plant.verify();
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    let name = file.to_str().unwrap();
    for word in ["LS-SHF-011", name, "at byte"] {
        assert!(verified.err.contains(word), "{verified:?}");
    }
    let node = plant.run();
    assert!(node.status()["shaft"]["damaged_records"].as_u64() > Some(0), "{}", node.status());
    let log = eventually(SOON, "it says so", || {
        Some(node.process.log()).filter(|log| log.contains("damaged") && log.contains(name))
    });
    assert!(log.contains("ERROR") || log.contains("WARN"), "{log}");
    assert_eq!(node.get("/ready").unwrap().status, 200);
    node.stop();
}

#[test]
fn a_flipped_byte_in_history_is_found_and_the_node_starts() {
    let plant = plant_with_data();
    let file = files(&plant.data().join("historian"), ".seg").pop().unwrap();
    damage(&file);
    let name = file.to_str().unwrap();
    let verified = plant.verify();
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    for word in ["LS-HIS-002", name, "at byte"] {
        assert!(verified.err.contains(word), "{verified:?}");
    }
    let node = plant.run();
    assert_eq!(node.get("/ready").unwrap().status, 200);
    let asked = |n: usize| {
        node.get(&format!("/api/v1/history?tag=acme/test/press/c{n}&start=0&end=7258118400000"))
            .unwrap()
    };
    let failed: Vec<_> = (0..4).map(asked).filter(|reply| reply.status == 500).collect();
    assert!(!failed.is_empty(), "a question about damaged samples is not answered with others");
    assert!(failed[0].text().contains("LS-API-017"), "{}", failed[0].text());
    let log = node.stop().err;
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(log.contains(name) && log.contains("damaged at byte"), "{log}");
}

#[test]
fn a_damaged_copy_of_the_manifest_costs_nothing() {
    let plant = plant_with_data();
    let file = plant.data().join("historian/manifest");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    fs::write(&file, bytes).unwrap();
    let node = plant.run();
    assert!(node.status()["historian"]["samples_sealed"].as_u64() > Some(0));
    node.stop();
    assert!(plant.verify().status.success());
}

/// Answers whatever it is asked with the same bytes.
fn rude(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (mut stream, mut asked) = (stream, [0; 512]);
            while stream.read(&mut asked).is_ok_and(|count| count > 0) {
                if stream.write_all(answer).is_err() {
                    break;
                }
            }
        }
    });
    address
}

/// The state of a device with the code of its last error.
fn state(node: &Node, device: &str) -> (String, String) {
    let device = node.device(device);
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (word(&device["state"]), word(&device["last_error"]["code"]))
}

#[test]
fn garbage_and_silence_are_named_and_cost_the_others_nothing() {
    let (field, counters, silent) = (Field::new(), Counters::new(1, 4), Counters::new(1, 4));
    let device = field.device(counters.clone());
    let deaf = field.device(silent.clone());
    silent.behave(Manner::Silent);
    let plant = Plant::new("");
    let calm = "period = \"100ms\"\ntimeout = \"20s\"";
    let short = "period = \"100ms\"\ntimeout = \"200ms\"";
    plant.device("good", device.address, 1, calm, &counter_table(4));
    plant.device("rude", rude(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 1, short, &counter_table(4));
    plant.device("deaf", deaf.address, 1, short, &counter_table(4));
    let node = plant.run();
    for (device, code) in [("rude", "LS-DRV-004"), ("deaf", "LS-DRV-002")] {
        eventually(SOON, &format!("{device} is offline with {code}"), || {
            (state(&node, device) == ("offline".into(), code.into())).then_some(())
        });
        // The samples that say so come behind the state, through the intake.
        eventually(SOON, "its tags are bad", || {
            let value = node.value(&format!("acme/test/{device}/c0"));
            (value["quality"] == "bad" && value["reason"] == "comm").then_some(())
        });
    }
    let good = eventually(SOON, "the good device is polled on", || {
        let good = node.device("good");
        (good["counters"]["requests"].as_u64() > Some(60)).then_some(good)
    });
    assert_eq!(
        (&good["state"], &good["counters"]["errors"]),
        (&"online".into(), &0.into()),
        "{good}"
    );
    let (requests, skipped) = (&good["counters"]["requests"], &good["counters"]["skipped_cycles"]);
    assert!(
        skipped.as_u64().unwrap() * 4 <= requests.as_u64().unwrap(),
        "it keeps its rate: {good}"
    );
    let values = node.history(&["acme/test/good/c0".to_owned()], 0).remove(0);
    assert!(values.len() >= 20 && values.into_iter().zip(1..).all(|(value, n)| value == Some(n)));

    silent.behave(Manner::Prompt);
    eventually(SOON, "the silent device is back", || {
        (state(&node, "deaf").0 == "online").then_some(())
    });
    let log = node.stop().err;
    assert_eq!(log.matches("device lost").count(), 2, "each is lost once:\n{log}");
    assert_eq!(log.matches("device back").count(), 1, "and one is back:\n{log}");
}

#[test]
fn a_device_that_dies_is_bad_at_once_and_back_when_it_is() {
    let (field, counters) = (Field::new(), Counters::new(1, 2));
    let mut device = field.device(counters.clone());
    let plant = Plant::new("");
    plant.device("press", device.address, 1, FAST, &counter_table(2));
    let node = plant.run();
    let is = |quality: &str, deadline| {
        eventually(deadline, quality, || {
            Some(node.value("acme/test/press/c1")).filter(|value| value["quality"] == quality)
        })
    };
    is("good", SOON);
    for death in 1..=2 {
        field.switch_off(&mut device);
        let value = is("bad", Duration::from_secs(2));
        assert_eq!((&value["value"], &value["reason"]), (&().into(), &"comm".into()), "{value}");
        assert_eq!(state(&node, "press").0, "offline");
        let write = node.write("acme/test/press/setpoint", 1);
        assert_eq!((write.status, &write.json()["code"]), (409, &"LS-API-011".into()));
        field.switch_on(&mut device);
        is("good", Duration::from_secs(10));
        assert_eq!(node.device("press")["counters"]["reconnects"], death);
    }
    let history = node.history(&["acme/test/press/c1".to_owned()], 0).remove(0);
    assert_eq!(
        history.iter().filter(|value| value.is_none()).count(),
        2,
        "one bad sample for each death"
    );
    let good: Vec<_> = history.into_iter().flatten().collect();
    assert!(good.is_sorted_by(|a, b| a < b));
    assert!(counters.written().is_empty(), "a refused write is not sent later");
    let log = node.stop().err;
    assert_eq!(
        (log.matches("device lost").count(), log.matches("device back").count()),
        (2, 2),
        "{log}"
    );
}

#[test]
fn an_empty_plant_runs() {
    let node = Plant::new("").run();
    assert_eq!(node.get("/ready").unwrap().status, 200);
    assert_eq!(node.json("/api/v1/tags")["total"], 0);
    node.stop();
}
