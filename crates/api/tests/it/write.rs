//! Writing.

use lineshaft_audit::{Action, Outcome};
use lineshaft_model::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::client::{connect, request};
use crate::plant::{LINE, SOON, at, plant};

fn wish(name: &str, value: serde_json::Value) -> serde_json::Value {
    json!({"tag": format!("{LINE}/filler/{name}"), "value": value, "why": "new recipe"})
}

#[tokio::test]
async fn a_write_waits_for_the_device_and_gives_back_what_was_read_back() {
    let plant = plant().await;
    let reply = plant.post("/api/v1/write", &wish("speed", json!(25))).await;
    assert_eq!(reply.status, 200);
    let json = reply.json();
    assert_eq!((&json["outcome"], &json["value"]), (&json!("done"), &json!(25.0)));
    let command = plant.road.taken.lock()[0].clone();
    assert_eq!(command.value, Value::Float(25.0));
    assert_eq!((command.who.as_str(), command.why.as_str()), ("token:tests", "new recipe"));
    assert_eq!(json["id"], command.id.to_string());

    let second = plant.post("/api/v1/write", &wish("recipe", json!("sport"))).await.json();
    assert_eq!(second["value"], json!(null), "nothing was read back");
    assert_ne!(second["id"], json["id"]);
}

/// Proves: P11-32.
#[tokio::test]
async fn a_write_that_is_not_done_says_whether_anything_changed() {
    let plant = plant().await;
    for (name, value, status, code) in [
        ("stuck", json!(1), 409, "LS-API-011"),
        ("mute", json!(1), 504, "LS-API-014"),
        ("count", json!(1), 409, "LS-API-013"),
        ("speed", json!(true), 409, "LS-API-012"),
        ("mute", json!(40_000), 409, "LS-API-012"),
        ("recipe", json!("a text of more than twenty bytes"), 409, "LS-API-012"),
        ("sped", json!(1), 404, "LS-API-002"),
    ] {
        let reply = plant.post("/api/v1/write", &wish(name, value)).await;
        assert_eq!(reply.problem(), (status, code.into()), "{name}");
    }
    assert_eq!(plant.road.taken.lock().len(), 2, "only stuck and mute reached the road");
}

/// Proves: CR 3.5.
#[tokio::test]
async fn a_body_that_is_no_wish_is_refused_with_its_place() {
    let plant = plant().await;
    for (body, field) in [
        (json!({"tag": "a/b"}), None),
        (json!(["acme/rotterdam/line-1/filler/speed", 25]), None),
        (json!({"tag": "a//b", "value": 1}), Some("tag")),
        (json!({"tag": 5, "value": 1}), Some("tag")),
        (json!({"tag": "a/b", "value": 1, "force": true}), Some("force")),
        (json!({"tag": "a/b", "value": 1, "why": "x".repeat(1_001)}), Some("why")),
    ] {
        let reply = plant.post("/api/v1/write", &body).await;
        assert_eq!(reply.problem(), (400, "LS-API-006".into()), "{body}");
        assert_eq!(reply.json()["field"].as_str(), field, "{body}");
    }
    let line = "POST /api/v1/write HTTP/1.1";
    let json = [("content-type", "application/json")];
    let reply = plant.ask(line, &json, b"{\"tag\":\"a\",\"value\":1} x").await;
    assert_eq!(reply.problem(), (400, "LS-API-006".into()));
    let form = [("content-type", "text/plain")];
    let reply = plant.ask(line, &form, b"{\"tag\":\"a\",\"value\":1}").await;
    assert_eq!(reply.problem(), (415, "LS-API-007".into()));
}

/// Proves: P11-18.
#[tokio::test]
async fn a_write_is_in_the_trail_before_it_is_sent_and_again_when_it_has_ended() {
    let plant = plant().await;
    plant.publish("filler/speed", at(1_000, 20.5));
    let from = plant.trail.status().entries;
    plant.post("/api/v1/write", &wish("speed", json!(25))).await;
    plant.post("/api/v1/write", &wish("stuck", json!(1))).await;
    plant.post("/api/v1/write", &wish("mute", json!(1))).await;
    plant.post("/api/v1/write", &wish("count", json!(1))).await;
    let acts = plant.entries(from);
    let lines: Vec<String> = acts
        .iter()
        .map(|act| {
            assert_eq!((act.action, &*act.who.name), (Action::TagWrite, "token:tests"));
            assert_eq!(act.why.as_deref(), Some("new recipe"));
            let name = act.object.rsplit('/').next().unwrap();
            let value = |value: &Option<serde_json::Value>| {
                value.as_ref().map_or("-".into(), ToString::to_string)
            };
            let (old, new) = (value(&act.old), value(&act.new));
            format!("{name} {old} {new} {:?}", act.result)
        })
        .collect();
    assert_eq!(
        lines,
        [
            "speed 20.5 25.0 Requested",
            "speed 20.5 25.0 Done",
            "stuck - 1 Requested",
            "stuck - 1 Refused",
            "mute - 1 Requested",
            "mute - 1 Unknown",
        ]
    );
    for (at, pair) in acts.chunks(2).enumerate() {
        let wish = format!("entry {}", from + 2 * at as u64);
        assert!(pair[1].detail.as_ref().unwrap().starts_with(&wish), "{:?}", pair[1].detail);
    }
}

/// Proves: CR 2.10.
#[tokio::test]
async fn what_cannot_be_recorded_is_not_sent() {
    let plant = plant().await;
    plant.trail_disk.set_capacity(0);
    let reply = plant.post("/api/v1/write", &wish("speed", json!(25))).await;
    assert_eq!(reply.problem(), (503, "LS-API-030".into()));
    assert!(plant.road.taken.lock().is_empty());
    assert_eq!(plant.get("/api/v1/tags").await.status, 200, "reading goes on");
    plant.trail_disk.set_capacity(1 << 30);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_take_the_second_entry_with_it() {
    let plant = plant().await;
    let from = plant.trail.status().entries;
    let body = json!({"tag": format!("{LINE}/filler/slow"), "value": 1}).to_string();
    let head = format!("host: localhost\r\nauthorization: Bearer {}\r\n", plant.admin);
    let json = [("content-type", "application/json")];
    let line = "POST /api/v1/write HTTP/1.1";
    let bytes = request(line, &head, &json, body.as_bytes());
    let mut stream = connect(plant.address).await;
    stream.write_all(&bytes).await.unwrap();
    tokio::time::timeout(SOON, plant.road.arrived.notified()).await.expect("it was sent");
    drop(stream);
    // A request that is answered has been read after the end of the other connection was.
    assert_eq!(plant.get("/health").await.status, 200);
    plant.road.answer.notify_one();
    let ended = async {
        while plant.entries(from).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, ended).await.expect("a second entry");
    assert_eq!(plant.entries(from)[1].result, Outcome::Done);
}
