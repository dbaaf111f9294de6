//! Whoever may see a part of the plant gets that part, and learns of nothing else.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use lineshaft_audit::Action;
use lineshaft_identity::{AccountChange, Grant};
use lineshaft_model::{Batch, OriginId, Sample, TagMeta, TagPath};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Reply;
use crate::live::{Socket, hear, open_as, say};
use crate::plant::{LINE, OTHER_LINE, Plant, SOON, at, plant, two_lines};

/// A plant of two lines, and somebody who looks after the second.
async fn stage() -> (Plant, String) {
    let plant = plant().await;
    plant.namespace.configure(two_lines());
    let token = plant.token("line-10", vec![Grant::under("operator", OTHER_LINE)]).await;
    (plant, format!("Bearer {token}"))
}

async fn get(plant: &Plant, who: &str, path: &str) -> Reply {
    plant.ask(&format!("GET /api/v1/{path} HTTP/1.1"), &[("authorization", who)], b"").await
}

fn publish(plant: &Plant, path: &str, sample: Sample) {
    let tag = plant.namespace.find(&TagPath::new(path).unwrap()).unwrap();
    let mut batch = Batch::new(OriginId(1), sample.ts);
    batch.push(tag, sample);
    plant.namespace.publish(&batch);
}

#[tokio::test]
async fn lists_trees_and_counts_are_made_of_what_may_be_seen() {
    let (plant, who) = stage().await;
    let tags = get(&plant, &who, "tags").await.json();
    assert_eq!((&tags["total"], &tags["next"]), (&json!(1), &json!(null)));
    assert_eq!(tags["tags"][0]["tag"], format!("{OTHER_LINE}/press/force"));
    let tree = get(&plant, &who, "tree?depth=8").await.json();
    let acme = &tree["children"][0];
    assert_eq!(
        (&acme["name"], &acme["tags"], &acme["bad"]),
        (&json!("acme"), &json!(1), &json!(1))
    );
    let lines = acme["children"][0]["children"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["path"]), (1, &json!(OTHER_LINE)));
    let devices = get(&plant, &who, "devices").await.json();
    let devices = devices.as_array().unwrap();
    assert_eq!((devices.len(), &devices[0]["device"]), (1, &json!("press-10")));
    assert_eq!(get(&plant, &who, "status").await.json()["tags"], 1);
    assert_eq!(get(&plant, &who, "tags?search=running").await.json()["total"], 0);
}

/// Proves: CR 3.7.
#[tokio::test]
async fn whether_something_is_there_that_may_not_be_seen_is_not_told() {
    let (plant, who) = stage().await;
    let mut answers = BTreeSet::new();
    for path in [format!("{LINE}/filler/speed"), format!("{LINE}/filler/sped")] {
        for ask in ["values?tag=", "history?start=0&end=9&tag=", "tags?under=", "tree?under="] {
            let reply = get(&plant, &who, &format!("{ask}{path}")).await;
            assert_eq!(reply.problem(), (403, "LS-API-024".into()), "{ask}{path}");
            let json = reply.json();
            let detail = json["detail"].as_str().unwrap().replace(&path, "…");
            answers.insert(format!("{ask} {detail} {}", json["remedy"]));
        }
        let body = json!({"tag": path, "value": 1}).to_string();
        let headers = [("authorization", who.as_str()), ("content-type", "application/json")];
        let reply = plant.ask("POST /api/v1/write HTTP/1.1", &headers, body.as_bytes()).await;
        assert_eq!(reply.problem(), (403, "LS-API-024".into()));
    }
    assert_eq!(answers.len(), 4, "the same words for a tag that is there and one that is not");
    let both = format!("values?tag={OTHER_LINE}/press/force&tag={LINE}/press/force");
    assert_eq!(get(&plant, &who, &both).await.problem().0, 403, "one of two is not enough");
    let near = get(&plant, &who, &format!("values?tag={OTHER_LINE}/press/forc")).await;
    assert_eq!(near.json()["remedy"], format!("did you mean `{OTHER_LINE}/press/force`?"));
    assert!(plant.road.taken.lock().is_empty());
}

#[tokio::test]
async fn a_denial_is_in_the_trail() {
    let (plant, who) = stage().await;
    get(&plant, &who, &format!("values?tag={LINE}/filler/speed")).await;
    plant.identity.upkeep().await;
    let page =
        plant.trail.read(&lineshaft_audit::Query { limit: 100, ..Default::default() }).unwrap();
    let mut denied = page.entries.iter().filter(|entry| entry.act.action == Action::Denied);
    let act = &denied.next().unwrap().act;
    assert_eq!((&*act.who.name, act.object.as_str()), ("token:line-10", "GET /api/v1/values"));
}

/// Tags named in the next message, with its type.
async fn told(socket: &mut Socket) -> (String, Vec<String>) {
    let message = hear(socket).await;
    let tags = message["tags"].as_array().cloned().unwrap_or_default();
    let names = tags.iter().map(|tag| tag["tag"].as_str().unwrap().to_owned()).collect();
    (message["type"].as_str().unwrap().to_owned(), names)
}

/// Proves: A15, A20.
#[tokio::test]
async fn only_tags_that_may_be_seen_are_followed_also_when_they_come_later() {
    let (plant, who) = stage().await;
    let force = format!("{OTHER_LINE}/press/force");
    publish(&plant, &force, at(1, 1.0));
    publish(&plant, &format!("{LINE}/press/force"), at(1, 1.0));
    let mut socket = open_as(&plant, "authorization", &who).await;
    say(&mut socket, json!({"subscribe_under": "acme"})).await;
    assert_eq!(told(&mut socket).await, ("subscribed".into(), vec![force.clone()]));
    assert_eq!(hear(&mut socket).await["type"], "values");

    let mut more = two_lines();
    let torque = |line: &str| {
        let path = TagPath::new(&format!("{line}/press/torque")).unwrap();
        TagMeta { path, ..more[0].clone() }
    };
    let (inside, outside) = (torque(OTHER_LINE), torque(LINE));
    more.extend([inside, outside]);
    plant.namespace.configure(more);
    publish(&plant, &format!("{LINE}/press/torque"), at(2, 2.0));
    publish(&plant, &format!("{OTHER_LINE}/press/torque"), at(2, 2.0));
    let new = format!("{OTHER_LINE}/press/torque");
    assert_eq!(told(&mut socket).await, ("subscribed".into(), vec![new]));
    assert_eq!(hear(&mut socket).await["id"].as_array().unwrap().len(), 1);

    let named = [format!("{LINE}/filler/speed"), force.clone(), format!("{LINE}/no/such")];
    say(&mut socket, json!({"subscribe": named})).await;
    assert_eq!(told(&mut socket).await, ("subscribed".into(), vec![force]));
    assert_eq!(hear(&mut socket).await["code"], "LS-API-024");
    say(&mut socket, json!({"subscribe_under": LINE})).await;
    assert_eq!(hear(&mut socket).await["code"], "LS-API-024");
}

/// How a connection ends.
async fn closed(socket: &mut Socket) -> (u16, String) {
    let ended = async {
        loop {
            if let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() {
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    };
    tokio::time::timeout(SOON, ended).await.expect("closed")
}

/// Proves: CR 2.6.
#[tokio::test]
async fn a_session_that_ends_closes_what_it_watches() {
    let plant = plant().await;
    plant.person("maria", vec![Grant::everywhere("viewer")]).await;
    let cookie = format!("lineshaft_session={}", plant.log_in("maria").await);
    let mut socket = open_as(&plant, "cookie", &cookie).await;
    say(&mut socket, json!({"subscribe_under": LINE})).await;
    assert_eq!(hear(&mut socket).await["type"], "subscribed");
    let session = plant.identity.sessions()[0].id.clone();
    plant.identity.end_session(&plant.identity.local("tests"), &session, "").await.unwrap();
    assert_eq!(closed(&mut socket).await, (4401, "the session has ended".into()));
}

#[tokio::test]
async fn rights_that_change_are_followed_while_the_connection_is_open() {
    let plant = plant().await;
    plant.namespace.configure(two_lines());
    let everywhere = vec![Grant::under("viewer", LINE), Grant::under("viewer", OTHER_LINE)];
    plant.person("maria", everywhere).await;
    let cookie = format!("lineshaft_session={}", plant.log_in("maria").await);
    let mut socket = open_as(&plant, "cookie", &cookie).await;
    let force = format!("{OTHER_LINE}/press/force");
    publish(&plant, &force, at(1, 1.0));
    say(&mut socket, json!({"subscribe": [&force]})).await;
    let id = hear(&mut socket).await["tags"][0]["id"].clone();
    assert_eq!(hear(&mut socket).await["type"], "values");

    let by = plant.identity.local("tests");
    let grant = async |grants: Vec<Grant>| {
        let change = AccountChange { grants: Some(grants), ..AccountChange::default() };
        plant.identity.change_account(&by, "maria", change, "").await.unwrap();
    };
    grant(vec![Grant::under("viewer", LINE)]).await;
    assert_eq!(hear(&mut socket).await, json!({"type": "unsubscribed", "ids": [id]}));
    say(&mut socket, json!({"subscribe_under": "acme"})).await;
    let seen = told(&mut socket).await.1;
    assert!(seen.len() == 9 && !seen.contains(&force), "{seen:?}");
    let _not_yet: Value = hear(&mut socket).await;
    grant(vec![Grant::everywhere("viewer")]).await;
    let now = told(&mut socket).await.1;
    assert!(now.contains(&force), "{now:?}");
    grant(vec![]).await;
    let (code, _) = closed(&mut socket).await;
    assert_eq!(code, 4403);
}
