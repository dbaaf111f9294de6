//! A changed plant folder under a running plant: a good change is a difference, a bad one is refused whole.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::field::{Counters, Device, FAST, Field, counter_table};
use crate::harness::{Client, Node, Plant, SOON, Writes, eventually};

/// Two units behind one link, `a1` and `a2`, and one device on a link of its own, `b`.
struct Rig {
    plant: Plant,
    node: Node,
    gateway: Arc<Counters>,
    single: Arc<Counters>,
    _field: (Field, [Device; 2]),
}

impl Rig {
    fn new() -> Rig {
        let (field, gateway, single) = (Field::new(), Counters::new(2, 8), Counters::new(1, 8));
        let devices = [field.device(gateway.clone()), field.device(single.clone())];
        let plant = Plant::new("");
        plant.device("a1", devices[0].address, 1, FAST, &counter_table(2));
        plant.device("a2", devices[0].address, 2, FAST, &counter_table(2));
        plant.device("b", devices[1].address, 1, FAST, &counter_table(2));
        let node = plant.run();
        let rig = Rig { plant, node, gateway, single, _field: (field, devices) };
        for tag in ["a1/c1", "a2/c1", "b/c1"] {
            rig.is_good(tag);
        }
        rig
    }

    #[track_caller]
    fn is_good(&self, tag: &str) -> Value {
        eventually(SOON, &format!("{tag} is good"), || {
            let reply = self.node.get(&format!("/api/v1/values?tag=acme/test/{tag}")).unwrap();
            let value = (reply.status == 200).then(|| reply.json()[0].take())?;
            (value["quality"] == "good").then_some(value)
        })
    }

    fn revision(&self) -> Value {
        self.node.status()["revision"].take()
    }

    #[track_caller]
    fn becomes(&self, revision: u64) {
        eventually(SOON, &format!("revision {revision}"), || {
            let now = self.revision();
            assert_eq!(now["error"], Value::Null);
            (now["id"] == revision).then_some(())
        });
    }

    #[track_caller]
    fn is_refused(&self) -> String {
        eventually(SOON, "the change is refused", || {
            self.revision()["error"].as_str().map(str::to_owned)
        })
    }

    /// Every poll of these devices is in history, exactly once, and they were never restarted.
    #[track_caller]
    fn missed_nothing(&self, devices: &[&str]) {
        let unit = |device: &str| match device {
            "a1" => self.gateway.counts(1),
            "a2" => self.gateway.counts(2),
            _ => self.single.counts(1),
        };
        for device in devices {
            let polled = u64::from(unit(device)[1]);
            let tag = format!("acme/test/{device}/c1");
            let history = eventually(SOON, "history is as far as the device", || {
                let history = self.node.history(std::slice::from_ref(&tag), 0).remove(0);
                (history.len() as u64 >= polled).then_some(history)
            });
            for (value, expected) in history.into_iter().zip(1..) {
                assert_eq!(value, Some(expected), "{device}");
            }
            let status = self.node.device(device);
            assert_eq!(status["counters"]["reconnects"], 0, "{status}");
            assert_eq!(status["state"], "online", "{status}");
        }
    }

    #[track_caller]
    fn becomes_without(&self, tag: &str) {
        eventually(SOON, &format!("{tag} is gone"), || {
            (!self.tags().iter().any(|one| one == tag)).then_some(())
        });
        assert_eq!(self.revision()["error"], Value::Null);
    }

    fn tags(&self) -> Vec<String> {
        let tags = self.node.json("/api/v1/tags?limit=10000");
        let tags = tags["tags"].as_array().unwrap();
        tags.iter().map(|tag| tag["tag"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_changed_table_restarts_its_device_and_no_other() {
    let rig = Rig::new();
    let since = |device: &str| rig.node.device(device)["since_ms"].clone();
    let before = ["a1", "a2", "b"].map(since);

    rig.plant.put("tags/a1.csv", &counter_table(4));
    rig.becomes(2);
    rig.is_good("a1/c3");
    rig.missed_nothing(&["a2", "b"]);
    let after = ["a1", "a2", "b"].map(since);
    assert!(after[0] != before[0] && after[1..] == before[1..], "{before:?} {after:?}");

    rig.plant.put("tags/b.csv", &counter_table(5));
    rig.becomes(3);
    rig.is_good("b/c4");
    rig.missed_nothing(&["a2"]);
    rig.node.stop();
}

#[test]
fn a_hangup_reads_the_folder_again() {
    let rig = Rig::new();
    // A table that other plants share lies outside of the folder.
    let shared = rig.plant.folder().join("../shared.csv");
    fs::write(&shared, counter_table(2)).unwrap();
    let device = rig.plant.folder().join("devices/b.toml");
    let text = fs::read_to_string(&device).unwrap();
    rig.plant.put("devices/b.toml", &text.replace("../tags/b.csv", "../../shared.csv"));
    rig.becomes(2);
    fs::write(&shared, counter_table(3)).unwrap();
    rig.node.process.signal("HUP");
    rig.becomes(3);
    rig.is_good("b/c2");
    rig.node.process.signal("HUP");
    rig.missed_nothing(&["a1", "a2"]);
    assert_eq!(rig.revision()["id"], 3, "nothing had changed");
    rig.node.stop();
}

#[test]
fn a_bad_change_is_refused_whole_and_the_plant_runs_on() {
    let rig = Rig::new();
    let before = rig.revision();
    // One good change and two mistakes: nothing of it is applied.
    let wrong =
        counter_table(2).replace("c0,ir:0,u32", "c0,ir:0,u33").replace("c1,ir:2", "c1,ir:70000");
    let folder = rig.plant.folder();
    let good = fs::read_to_string(folder.join("tags/a1.csv")).unwrap();
    rig.plant.put("tags/a1.csv", &wrong);
    rig.plant.put("tags/b.csv", &counter_table(3));
    let error = rig.is_refused();
    for word in ["tags/a1.csv:3", "tags/a1.csv:4", "u33", "70000", "LS-CFG-"] {
        assert!(error.contains(word), "no `{word}` in\n{error}");
    }
    let now = rig.revision();
    assert_eq!((&now["id"], &now["applied_ms"]), (&before["id"], &before["applied_ms"]));
    assert!(!rig.tags().contains(&"acme/test/b/c2".to_owned()));
    rig.missed_nothing(&["a1", "a2", "b"]);
    assert_eq!(rig.node.get("/ready").unwrap().status, 200);

    rig.plant.put("tags/b.csv", &good);
    rig.plant.put("tags/a1.csv", &good);
    eventually(SOON, "the error is gone", || rig.revision()["error"].is_null().then_some(()));
    assert_eq!(rig.revision()["id"], before["id"], "the folder is again what runs");
    rig.missed_nothing(&["a1", "a2", "b"]);
    rig.node.stop();
}

#[test]
fn a_removed_device_takes_its_tags_along_and_brings_its_history_back() {
    let rig = Rig::new();
    let tag = "acme/test/b/c1";
    let text = fs::read_to_string(rig.plant.folder().join("devices/b.toml")).unwrap();
    fs::remove_file(rig.plant.folder().join("devices/b.toml")).unwrap();
    rig.becomes(2);
    assert!(!rig.tags().iter().any(|tag| tag.starts_with("acme/test/b/")), "{:?}", rig.tags());
    let reply = rig.node.get(&format!("/api/v1/values?tag={tag}")).unwrap();
    assert_eq!((reply.status, &reply.json()["code"]), (404, &"LS-API-002".into()));
    let kept = rig.node.history(&[tag.into()], 0).remove(0);
    assert!(kept.contains(&Some(1)), "its history is readable under its old name: {kept:?}");
    rig.missed_nothing(&["a1", "a2"]);

    rig.plant.put("devices/b.toml", &text);
    rig.becomes(3);
    rig.is_good("b/c1");
    let history = eventually(SOON, "history goes on", || {
        let history = rig.node.history(&[tag.to_owned()], 0).remove(0);
        let gap = history.iter().position(Option::is_none)?;
        (gap + 1 < history.len()).then_some(history)
    });
    assert_eq!(history.iter().filter(|value| value.is_none()).count(), 1, "out of service, once");
    for (value, expected) in history.into_iter().flatten().zip(1..) {
        assert_eq!(value, expected);
    }
    rig.node.stop();
}

#[test]
fn a_derived_tag_comes_and_goes_while_the_plant_runs() {
    let rig = Rig::new();
    let rule = "[both]\ntag = \"both\"\nexpr = '\"a1/c0\" + \"b/c0\"'\n";
    rig.plant.put("pipelines/sums.toml", rule);
    rig.becomes(2);
    rig.is_good("both");
    let value = |tag: &str| rig.node.value(tag)["value"].as_f64().unwrap();
    let (least, sum) =
        (value("acme/test/a1/c0") + value("acme/test/b/c0"), || value("acme/test/both"));
    eventually(SOON, "it follows its inputs", || (sum() > least).then_some(()));
    rig.missed_nothing(&["a1", "a2", "b"]);

    rig.plant.put("pipelines/sums.toml", &rule.replace("b/c0", "b/c9"));
    let error = rig.is_refused();
    assert!(error.contains("pipelines/sums.toml:3") && error.contains("c9"), "{error}");
    assert!(rig.tags().contains(&"acme/test/both".to_owned()), "what was there before stays");

    fs::remove_file(rig.plant.folder().join("pipelines/sums.toml")).unwrap();
    rig.becomes_without("acme/test/both");
    rig.missed_nothing(&["a1", "a2", "b"]);
    rig.node.stop();
}

#[test]
fn writes_to_devices_that_change_are_answered_as_they_happened() {
    let rig = Rig::new();
    // One table for both: each change of it restarts both at once. `a1` keeps its link because of `a2`, `b` does not.
    let text = fs::read_to_string(rig.plant.folder().join("devices/b.toml")).unwrap();
    rig.plant.put("devices/b.toml", &text.replace("b.csv", "a1.csv"));
    rig.becomes(2);
    let done = AtomicBool::new(false);
    let (mut shared, mut own) =
        (Writes::to("acme/test/a1/setpoint"), Writes::to("acme/test/b/setpoint"));
    std::thread::scope(|threads| {
        for writes in [&mut shared, &mut own] {
            threads.spawn(|| {
                let mut client = Client::new(rig.node.address);
                while !done.load(Ordering::SeqCst) {
                    writes.send(&mut client).unwrap();
                }
            });
        }
        for revision in 3..=10 {
            let tags = if revision % 2 == 0 { 2 } else { 4 };
            rig.plant.put("tags/a1.csv", &counter_table(tags));
            rig.becomes(revision);
            rig.is_good("b/c1");
        }
        done.store(true, Ordering::SeqCst);
    });
    shared.check(&rig.gateway.written());
    own.check(&rig.single.written());
    assert!(shared.done.len() > 10 && own.done.len() > 10);
    rig.missed_nothing(&["a2"]);
    rig.node.stop();
}
