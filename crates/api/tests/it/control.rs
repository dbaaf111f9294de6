//! The control socket: whoever can open it is the operating system's account behind it, and may everything.

use lineshaft_audit::{Action, Road};
use lineshaft_runtime::TaskKind;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};

use crate::client::{Reply, read_reply, request};
use crate::plant::{Options, Plant, prepare};

async fn stage() -> Plant {
    let (api, plant) = prepare(Options::default()).await;
    let listener = UnixListener::bind(plant.folder.path().join("control.sock")).unwrap();
    let stop = plant.tree.stop_token(TaskKind::Api);
    plant.tree.spawn(TaskKind::Api, "control", async move {
        lineshaft_api::serve_control(api, listener, stop).await;
    });
    plant
}

async fn ask(plant: &Plant, line: &str, body: &str) -> Reply {
    let json = [("content-type", "application/json"), ("host", "whatever")];
    let mut stream = UnixStream::connect(plant.folder.path().join("control.sock")).await.unwrap();
    stream.write_all(&request(line, "", &json, body.as_bytes())).await.unwrap();
    read_reply(&mut stream).await
}

#[tokio::test]
async fn it_asks_for_no_credentials_and_says_who_it_was() {
    let plant = stage().await;
    let who = ask(&plant, "GET /api/v1/session HTTP/1.1", "").await.json();
    assert_eq!((&who["kind"], &who["state"]), (&json!("local"), &json!("live")));
    let body = r#"{"account":"maria","full_name":"Maria Vos","grants":[{"role":"admin"}],
        "password":"a first password for one day","why":"first start"}"#;
    let made = ask(&plant, "POST /api/v1/accounts HTTP/1.1", body).await;
    assert_eq!(made.status, 200, "{}", String::from_utf8_lossy(&made.body));
    let acts = plant.entries(0);
    let act = acts.iter().find(|act| act.action == Action::AccountCreate).unwrap();
    assert!(act.who.name.starts_with("local:") && act.who.road == Road::Local, "{:?}", act.who);
    assert_eq!(act.who.from, None);
}

#[tokio::test]
async fn it_stops_with_the_node() {
    let plant = stage().await;
    assert_eq!(ask(&plant, "GET /health HTTP/1.1", "").await.status, 200);
    assert_eq!(plant.tree.shutdown(crate::plant::SOON).await, []);
    assert!(UnixStream::connect(plant.folder.path().join("control.sock")).await.is_err());
}
