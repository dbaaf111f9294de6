//! Trying devices out over HTTP: shapes, entries in the trail, refusals.

use lineshaft_audit::{Action, Outcome};
use lineshaft_identity::Grant;
use serde_json::json;

use crate::plant::{LINE, plant};

fn plc() -> serde_json::Value {
    json!({"driver": "modbus", "endpoint": "tcp://plc:502", "settings": {"unit": 1}})
}

#[tokio::test]
async fn drivers_and_configured_devices_have_all_a_form_needs() {
    let plant = plant().await;
    let drivers = plant.get("/api/v1/drivers").await.json();
    let driver = &drivers[0];
    assert_eq!((&driver["driver"], &driver["title"]), (&json!("modbus"), &json!("Modbus")));
    for member in ["endpoints", "settings", "device", "types", "address", "browse"] {
        assert!(driver.get(member).is_some(), "{member}");
    }
    let devices = plant.get("/api/v1/plant/devices").await.json();
    let expected = json!([{
        "device": "filler", "file": "devices/line-1.toml", "tags_file": "tags/filler.csv",
        "table": {"driver": "modbus", "endpoint": "tcp://127.0.0.1:5020"},
        "writable": true, "enabled": true,
    }]);
    assert_eq!(devices, expected);
}

#[tokio::test]
async fn a_test_tells_its_steps_values_and_frames_and_leaves_an_entry() {
    let plant = plant().await;
    let before = plant.trail.status().entries;
    let tags = json!([{"name": "t", "address": "hr:100", "type": "i16", "scale": 0.1}]);
    let body = json!({"device": plc(), "tags": tags});
    let reply = plant.post("/api/v1/devices/test", &body).await;
    assert_eq!(reply.status, 200);
    let page = reply.json();
    assert_eq!((&page["ok"], &page["took_ms"]), (&json!(false), &json!(31.0)));
    let read = &page["steps"][2];
    let expected = json!({"step": "read", "outcome": "failed", "took_ms": 1.5, "what": "hr:100: illegal",
        "code": "LS-DRV-009", "remedy": "try hr:99"});
    assert_eq!(*read, expected);
    let expected = json!({"name": "t", "address": "hr:100", "value": null, "quality": "bad",
        "reason": "not-configured", "what": "illegal data address (exception 2)"});
    assert_eq!(page["values"][0], expected);
    let expected = json!({"n": 2, "timestamp_ms": 1_763_618_400_123.456, "direction": "received",
        "bytes": "00 01 00 00 00 06 01 03 00 64 00 0a",
        "text": "read 10 holding registers from 100, unit 1", "took_ms": 1.234});
    assert_eq!(page["frames"][1], expected);

    let tried = plant.bench.tried.lock()[0].clone();
    let cell =
        |column: &str| tried.tags[0].iter().find(|(name, _)| name == column).unwrap().1.clone();
    assert_eq!((cell("tag").as_str(), cell("scale").as_str()), ("t", "0.1"));
    let acts = plant.entries(before);
    assert_eq!(
        (acts.len(), acts[0].action, acts[0].result),
        (1, Action::DeviceTest, Outcome::Done)
    );
    assert_eq!(acts[0].object, "tcp://plc:502");
}

#[tokio::test]
async fn a_browse_goes_on_from_its_cursor_and_is_entered_once() {
    let plant = plant().await;
    let before = plant.trail.status().entries;
    let first = plant.post("/api/v1/devices/browse", &json!({"device": plc()})).await.json();
    assert_eq!((&first["done"], &first["next"]), (&json!(0.35), &json!("0.0.101")));
    let expected = json!({"name": "hr_100", "address": "hr:100", "type": "u16", "description": "",
        "value": 16_812, "quality": "good", "guesses": [{"type": "f32", "value": 21.5}],
        "settings": null});
    assert_eq!(first["found"][0], expected);
    for _ in 0..3 {
        let body = json!({"device": plc(), "after": "0.0.101", "limit": 10});
        let next = plant.post("/api/v1/devices/browse", &body).await.json();
        assert_eq!(next["next"], json!(null));
    }
    let acts = plant.entries(before);
    let browses = acts.iter().filter(|act| act.action == Action::DeviceBrowse).count();
    // The second part begins the minute of this caller; those behind it are within.
    assert_eq!((acts.len(), browses), (2, 2));
}

#[tokio::test]
async fn what_cannot_be_tried_says_why() {
    let plant = plant().await;
    let gone = json!({"driver": "modbus", "endpoint": "tcp://gone:502"});
    for (path, body, status, code) in [
        ("browse", json!({"device": {"driver": "modbus"}}), 422, "LS-API-043"),
        ("browse", json!({"device": gone}), 502, "LS-API-044"),
        (
            "browse",
            json!({"device": plc(), "options": {"x": "y".repeat(4_096)}}),
            422,
            "LS-API-043",
        ),
        ("browse", json!({"device": plc(), "limit": 0}), 400, "LS-API-006"),
        ("browse", json!({"device": plc(), "limit": 1_001}), 400, "LS-API-006"),
        ("browse", json!({"devices": plc()}), 400, "LS-API-006"),
        ("test", json!({"device": plc(), "tags": vec![json!({}); 33]}), 400, "LS-API-006"),
        ("test", json!({"device": "modbus"}), 400, "LS-API-006"),
        ("nobody/trace", json!({"seconds": 5}), 404, "LS-API-032"),
        ("filler/trace", json!({"seconds": 3_601}), 400, "LS-API-006"),
    ] {
        let reply = plant.post(&format!("/api/v1/devices/{path}"), &body).await;
        assert_eq!(reply.problem(), (status, code.into()), "{path} {body}");
    }
    let wrong = plant.post("/api/v1/devices/browse", &json!({"device": {}})).await.json();
    assert_eq!(
        (&wrong["field"], &wrong["mistakes"][0]["file"]),
        (&json!("device.endpoint"), &json!("endpoint"))
    );
    let gone = plant.post("/api/v1/devices/browse", &json!({"device": gone})).await.json();
    assert_eq!((&gone["field"], &gone["remedy"]), (&json!("connect"), &json!("check the port")));
    assert_eq!(plant.get("/api/v1/devices/nobody/trace").await.problem().0, 404);
}

#[tokio::test]
async fn a_trace_is_read_from_where_it_was_left() {
    let plant = plant().await;
    let before = plant.trail.status().entries;
    let on = plant.post("/api/v1/devices/filler/trace", &json!({"seconds": 60})).await.json();
    assert_eq!((&on["until_ms"], &on["next"]), (&json!(1_763_618_460_000_u64), &json!(18)));
    assert_eq!(plant.entries(before)[0].action, Action::DeviceTrace);
    let all = plant.get("/api/v1/devices/filler/trace").await.json();
    assert_eq!((all["frames"].as_array().unwrap().len(), &all["next"]), (17, &json!(18)));
    let rest = plant.get("/api/v1/devices/filler/trace?after=17").await.json();
    assert_eq!(
        (rest["frames"].as_array().unwrap().len(), &rest["frames"][0]["n"]),
        (1, &json!(17))
    );
    let none = plant.get("/api/v1/devices/filler/trace?after=18").await.json();
    assert_eq!(none["frames"], json!([]));
    let off = plant.post("/api/v1/devices/filler/trace", &json!({"seconds": 0})).await.json();
    assert_eq!(off["until_ms"], json!(null));
}

#[tokio::test]
async fn whoever_sees_one_line_reads_the_traces_of_its_devices_and_learns_nothing_of_others() {
    let plant = plant().await;
    let token = plant.token("line", vec![Grant::under("viewer", LINE)]).await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    for (device, status) in [("filler", 200), ("press-10", 403), ("nobody", 403)] {
        let line = format!("GET /api/v1/devices/{device}/trace HTTP/1.1");
        assert_eq!(plant.ask(&line, &headers, b"").await.status, status, "{device}");
    }
}
