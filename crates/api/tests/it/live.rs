//! The live connection.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use lineshaft_api::Limits;
use lineshaft_model::Access;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::plant::{LINE, Plant, SOON, at, meta, metas, plant, plant_with};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(plant: &Plant) -> Socket {
    open_as(plant, "authorization", &format!("Bearer {}", plant.admin)).await
}

pub(crate) async fn open_as(plant: &Plant, header: &'static str, value: &str) -> Socket {
    tokio_tungstenite::connect_async(hello(plant, header, value)).await.unwrap().0
}

fn hello(plant: &Plant, header: &'static str, value: &str) -> Request {
    let url = format!("ws://{}/api/v1/live", plant.address);
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert(header, value.parse().unwrap());
    request
}

pub(crate) async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::Text(message.to_string().into())).await.unwrap();
}

/// The next message that is not a heartbeat.
pub(crate) async fn hear(socket: &mut Socket) -> Value {
    let heard = async {
        loop {
            let message = socket.next().await.unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let json: Value = serde_json::from_str(&text).unwrap();
            if json["type"] != "heartbeat" {
                return json;
            }
        }
    };
    tokio::time::timeout(SOON, heard).await.expect("a message")
}

fn tag(name: &str) -> String {
    format!("{LINE}/{name}")
}

#[tokio::test]
async fn a_subscribed_tag_is_introduced_then_shown_then_followed() {
    let plant = plant().await;
    plant.publish("filler/speed", at(1_000, 21.5));
    let mut socket = open(&plant).await;
    say(&mut socket, json!({"subscribe": [tag("filler/speed"), tag("typo")]})).await;
    let told = hear(&mut socket).await;
    let id = told["tags"][0]["id"].clone();
    assert_eq!(
        told,
        json!({"type": "subscribed", "unknown": [tag("typo")],
            "tags": [{"id": id, "tag": tag("filler/speed"), "type": "f32", "unit": "1/min"}]})
    );
    let values = |ms: i64, value: f64| {
        json!({"type": "values", "id": [id], "timestamp_ms": [ms], "value": [value],
            "quality": ["good"], "reason": [null]})
    };
    assert_eq!(hear(&mut socket).await, values(1_000, 21.5));
    plant.publish("filler/speed", at(2_000, 22.5));
    assert_eq!(hear(&mut socket).await, values(2_000, 22.5));

    say(&mut socket, json!({"unsubscribe": [tag("filler/speed"), tag("typo")]})).await;
    assert_eq!(hear(&mut socket).await, json!({"type": "unsubscribed", "ids": [id]}));
    plant.publish("filler/speed", at(3_000, 23.5));
    say(&mut socket, json!({"subscribe": [tag("filler/count")]})).await;
    assert_eq!(hear(&mut socket).await["type"], "subscribed", "no values of the tag that was left");
}

#[tokio::test]
async fn a_tag_that_said_nothing_yet_is_shown_as_such() {
    let plant = plant().await;
    let mut socket = open(&plant).await;
    say(&mut socket, json!({"subscribe": [tag("derived")]})).await;
    let id = hear(&mut socket).await["tags"][0]["id"].clone();
    assert_eq!(
        hear(&mut socket).await,
        json!({"type": "values", "id": [id], "timestamp_ms": [null], "value": [null],
            "quality": ["bad"], "reason": ["not-yet"]})
    );
}

#[tokio::test]
async fn everything_under_a_path_is_followed_also_what_is_added_later() {
    let plant = plant().await;
    plant.publish("derived", at(500, 0.5));
    for name in ["speed", "count", "running", "mute", "stuck", "recipe", "slow"] {
        plant.publish(&format!("filler/{name}"), at(1_000, 1.0));
    }
    let mut socket = open(&plant).await;
    say(&mut socket, json!({"subscribe_under": format!("{LINE}/filler")})).await;
    let told = hear(&mut socket).await;
    assert_eq!(told["tags"].as_array().unwrap().len(), 7);
    assert_eq!(hear(&mut socket).await["id"].as_array().unwrap().len(), 7);

    let mut more = metas();
    more.push(meta("filler/torque", "f64", Access::Read));
    plant.namespace.configure(more);
    plant.publish("filler/torque", at(2_000, 1.7));
    let told = hear(&mut socket).await;
    assert_eq!(told["tags"][0]["tag"], tag("filler/torque"));
    let values = hear(&mut socket).await;
    assert_eq!((&values["id"][0], &values["value"][0]), (&told["tags"][0]["id"], &json!(1.7)));

    say(&mut socket, json!({"subscribe": [tag("filler/speed")]})).await;
    let speed = hear(&mut socket).await["tags"][0]["id"].clone();
    say(&mut socket, json!({"unsubscribe_under": format!("{LINE}/filler")})).await;
    let gone = hear(&mut socket).await;
    let ids = gone["ids"].as_array().unwrap();
    assert!(ids.len() == 7 && !ids.contains(&speed), "a tag asked for by name stays: {gone}");
}

#[tokio::test]
async fn a_reader_that_was_away_gets_the_latest_value_only() {
    let live_interval = Duration::from_millis(200);
    let plant = plant_with(Limits { live_interval, ..Limits::default() }).await;
    plant.publish("filler/speed", at(0, 0.0));
    let mut socket = open(&plant).await;
    say(&mut socket, json!({"subscribe": [tag("filler/speed")]})).await;
    hear(&mut socket).await;
    assert_eq!(hear(&mut socket).await["value"], json!([0.0]));
    for n in 1..=1_000_i32 {
        plant.publish("filler/speed", at(i64::from(n), f64::from(n)));
    }
    let mut messages = 0;
    loop {
        messages += 1;
        if hear(&mut socket).await["value"] == json!([1_000.0]) {
            break;
        }
    }
    assert!(messages <= 2, "{messages} messages for a thousand changes at once");
}

#[tokio::test]
async fn heartbeats_come_though_nothing_else_does() {
    let heartbeat = Duration::from_millis(20);
    let plant = plant_with(Limits { heartbeat, ..Limits::default() }).await;
    let mut socket = open(&plant).await;
    let (mut beats, mut pinged) = (0, false);
    let heard = async {
        while beats < 3 || !pinged {
            match socket.next().await.unwrap().unwrap() {
                Message::Text(text) => {
                    let json: Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(json["type"], "heartbeat");
                    assert!(json["timestamp_ms"].as_i64().unwrap() > 1_700_000_000_000);
                    beats += 1;
                }
                message => pinged |= message.is_ping(),
            }
        }
    };
    tokio::time::timeout(SOON, heard).await.unwrap();
}

#[tokio::test]
async fn a_client_that_answers_nothing_is_hung_up_on() {
    let plant = plant_with(Limits {
        heartbeat: Duration::from_millis(10),
        silence_max: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let mut stream = crate::client::connect(plant.address).await;
    let hello = format!(
        "GET /api/v1/live HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        plant.address, plant.admin
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, hello.as_bytes()).await.unwrap();
    assert_eq!(crate::client::read_reply(&mut stream).await.status, 101);
}

#[tokio::test]
async fn nonsense_is_answered_and_the_connection_goes_on() {
    let plant = plant().await;
    let mut socket = open(&plant).await;
    for text in ["hello", r#"{"subcribe":["a"]}"#, r#"{"subscribe":"a"}"#] {
        socket.send(Message::Text(text.into())).await.unwrap();
        let answer = hear(&mut socket).await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("LS-API-006")));
    }
    socket.send(Message::Binary(vec![1].into())).await.unwrap();
    assert_eq!(hear(&mut socket).await["code"], "LS-API-006");
    say(&mut socket, json!({"subscribe_under": "no/such"})).await;
    assert_eq!(hear(&mut socket).await["unknown"], json!(["no/such"]));
}

#[tokio::test]
async fn more_tags_than_one_connection_carries_are_refused_the_others_kept() {
    let plant = plant_with(Limits { live_tags_max: 2, ..Limits::default() }).await;
    let mut socket = open(&plant).await;
    let wish = [tag("derived"), tag("filler/speed"), tag("filler/count")];
    say(&mut socket, json!({"subscribe": wish})).await;
    assert_eq!(hear(&mut socket).await["tags"].as_array().unwrap().len(), 2);
    assert_eq!(hear(&mut socket).await["type"], "values");
    let error = hear(&mut socket).await;
    assert_eq!(error["code"], "LS-API-020");
    assert_eq!(error["detail"], "1 tags were not subscribed: one connection carries 2");
    say(&mut socket, json!({"subscribe_under": LINE})).await;
    assert_eq!(hear(&mut socket).await["code"], "LS-API-020");
}

#[tokio::test]
async fn one_connection_follows_so_many_paths_and_no_more() {
    let plant = plant().await;
    let mut more = metas();
    more.extend((0..=256).map(|n| meta(&format!("cell-{n}/speed"), "f64", Access::Read)));
    plant.namespace.configure(more);
    let mut socket = open(&plant).await;
    let under = |n: u32| tag(&format!("cell-{n}"));
    for n in 0..256 {
        say(&mut socket, json!({"subscribe_under": under(n)})).await;
        assert_eq!(hear(&mut socket).await["type"], "subscribed", "{n}");
        assert_eq!(hear(&mut socket).await["type"], "values", "not yet");
    }
    say(&mut socket, json!({"subscribe_under": under(256)})).await;
    let error = hear(&mut socket).await;
    assert_eq!(error["code"], "LS-API-020");
    assert_eq!(
        error["detail"],
        format!("`{}` is not followed: one connection follows 256 paths", under(256))
    );
    say(&mut socket, json!({"subscribe_under": under(7)})).await;
    assert_eq!(hear(&mut socket).await["type"], "subscribed", "one of them is only said again");

    // Who leaves one has room for another.
    say(&mut socket, json!({"unsubscribe_under": under(7)})).await;
    assert_eq!(hear(&mut socket).await["type"], "unsubscribed");
    say(&mut socket, json!({"subscribe_under": under(256)})).await;
    assert_eq!(hear(&mut socket).await["type"], "subscribed");
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let plant = plant().await;
    let mut socket = open(&plant).await;
    let long = " ".repeat(1024 * 1024 + 1);
    let _ = socket.send(Message::Text(long.into())).await;
    let ended = async {
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() {
                break;
            }
        }
    };
    tokio::time::timeout(SOON, ended).await.expect("hung up");
}

/// Proves: A23.
#[tokio::test]
async fn a_page_of_another_site_cannot_listen_and_one_too_many_is_told_so() {
    let plant = plant_with(Limits { live_max: 1, ..Limits::default() }).await;
    let admin = format!("Bearer {}", plant.admin);
    let mut request = hello(&plant, "authorization", &admin);
    request.headers_mut().insert("origin", "http://evil.example".parse().unwrap());
    let Err(Error::Http(refused)) = tokio_tungstenite::connect_async(request).await else {
        panic!("another site was let in");
    };
    assert_eq!(refused.status(), 403);

    let _first = open(&plant).await;
    let again = hello(&plant, "authorization", &admin);
    let Err(Error::Http(refused)) = tokio_tungstenite::connect_async(again).await else {
        panic!("one too many was let in");
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(plant.get("/api/v1/live").await.problem(), (400, "LS-API-021".into()));
}

#[tokio::test]
async fn the_node_says_goodbye_when_it_stops() {
    let plant = plant().await;
    let mut socket = open(&plant).await;
    let ended = async {
        loop {
            if let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() {
                return frame.reason.to_string();
            }
        }
    };
    let (stragglers, reason) = tokio::join!(plant.tree.shutdown(SOON), ended);
    assert_eq!((stragglers, reason.as_str()), (vec![], "the node stops"));
}
