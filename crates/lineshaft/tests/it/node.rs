//! The demo plant in the real binary: it starts, lives, takes writes, shows its faults, survives a kill, stops.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Node, Process, SOON, eventually};

fn demo(data: &Path) -> Node {
    let arguments = ["demo", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    Process::start(arguments).listening()
}

fn tag(path: &str) -> String {
    format!("acme/rotterdam/{path}")
}

/// How many good samples of a tag history has from `start_ms` until `end_ms`.
fn count(node: &Node, tag: &str, start_ms: i64, end_ms: i64) -> usize {
    let period = format!("start={start_ms}&end={end_ms}");
    let page = node.json(&format!("/api/v1/history?tag={tag}&{period}&limit=100000"));
    let quality = page["series"][0]["quality"].as_array().unwrap().clone();
    quality.into_iter().filter(|quality| quality == "good").count()
}

#[test]
fn the_demo_plant_lives_takes_writes_and_survives_a_kill() {
    let folder = tempfile::TempDir::new().unwrap();
    let node = demo(folder.path());

    let tags = node.json("/api/v1/tags?limit=10000");
    assert!(tags["total"].as_u64() > Some(300), "{}", tags["total"]);
    let speed = tag("packaging/line-1/filler/speed");
    let good = |node: &Node, tag: &str| {
        eventually(SOON, &format!("{tag} is good"), || {
            Some(node.value(tag)).filter(|value| value["quality"] == "good")
        })
    };
    good(&node, &speed);
    eventually(SOON, "many values change", || {
        let now = node.json("/api/v1/tags?limit=10000");
        let changed = |(old, new): (&Value, &Value)| old["value"] != new["value"];
        let pairs = tags["tags"].as_array()?.iter().zip(now["tags"].as_array()?);
        (pairs.filter(|pair| changed(*pair)).count() > 100).then_some(())
    });

    let setpoint = tag("packaging/line-1/filler/speed_setpoint");
    good(&node, &setpoint);
    for wanted in [200.0, 300.0] {
        let reply = node.write(&setpoint, wanted);
        assert_eq!(
            (reply.status, &reply.json()["value"]),
            (200, &wanted.into()),
            "{}",
            reply.text()
        );
        eventually(Duration::from_secs(60), "the speed follows its set-point", || {
            let now = good(&node, &speed)["value"].as_f64()?;
            ((now - wanted).abs() < wanted * 0.05).then_some(())
        });
    }

    let harmonics = tag("utilities/energy/boiler-house/harmonics");
    eventually(SOON, "the register that the older meter lacks is named", || {
        let value = node.value(&harmonics);
        (value["quality"] == "bad" && value["reason"] == "not-configured").then_some(())
    });
    let meter = node.device("meter-boiler-house");
    assert_eq!((&meter["state"], &meter["tags_bad"]), (&"degraded".into(), &1.into()), "{meter}");

    let end = node.status()["now_ms"].as_i64().unwrap();
    // History follows in order: when it has something later, it has all of before.
    eventually(SOON, "history of later", || {
        (count(&node, &speed, end, end + 3_600_000) > 0).then_some(())
    });
    let before = count(&node, &speed, 0, end);
    assert!(before > 5);
    node.process.kill();

    let node = demo(folder.path());
    good(&node, &speed);
    let again = node.status()["started_ms"].as_i64().unwrap();
    eventually(SOON, "history of this life", || {
        (count(&node, &speed, again, again + 3_600_000) > 0).then_some(())
    });
    assert_eq!(count(&node, &speed, 0, end), before, "the history of before the kill");
    node.stop();
    let verify = crate::harness::run(["verify", "--data", folder.path().to_str().unwrap()]);
    assert!(verify.status.success(), "{verify:?}");
}
