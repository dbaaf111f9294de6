//! Writing.

use lineshaft_model::Value;
use serde_json::json;

use crate::plant::{LINE, plant};

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
    assert_eq!((command.who.as_str(), command.why.as_str()), ("local", "new recipe"));
    assert_eq!(json["id"], command.id.to_string());

    let second = plant.post("/api/v1/write", &wish("recipe", json!("sport"))).await.json();
    assert_eq!(second["value"], json!(null), "nothing was read back");
    assert_ne!(second["id"], json["id"]);
}

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

#[tokio::test]
async fn a_body_that_is_no_wish_is_refused_with_its_place() {
    let plant = plant().await;
    for (body, field) in [
        (json!({"tag": "a/b"}), None),
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
