//! What people put beside the values outlives the node, however it ends.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Client, NODE, Node, Plant};
use crate::identity::done;

const FILES: [&str; 3] = ["desk.db", "desk.db-wal", "desk.db-shm"];

/// Somebody who may write annotations, as a program.
fn token(plant: &Plant) -> String {
    done(plant, &["token", "create", "--name", "mes", "--role", "admin"]).trim().to_owned()
}

#[track_caller]
fn annotate(node: &Node, token: &str, text: &str) {
    let body = json!({ "path": "", "start_ms": 1, "text": text });
    let made = Client::with_token(node.address, token).post("/api/v1/annotations", &body).unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
}

#[track_caller]
fn texts(node: &Node, token: &str) -> Vec<String> {
    let reply = Client::with_token(node.address, token).get("/api/v1/annotations").unwrap();
    let page: Value = reply.json();
    let texts = page["annotations"].as_array().unwrap().iter();
    texts.map(|one| one["text"].as_str().unwrap().to_owned()).collect()
}

fn copy(from: &Path, to: &Path) {
    for file in FILES {
        let _absent = fs::remove_file(to.join(file));
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}

/// The entries of annotations, as `number result`.
fn told(plant: &Plant) -> Vec<String> {
    let listed = done(plant, &["audit", "list", "--json", "--action", "annotation"]);
    let line = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        format!("{} {}", entry["object"].as_str().unwrap(), entry["result"].as_str().unwrap())
    };
    listed.lines().map(line).collect()
}

/// Proves: CR 2.10.
#[test]
fn what_was_answered_is_there_after_a_kill_and_the_trail_knows_what_is_not() {
    let plant = Plant::of(NODE);
    let token = token(&plant);
    let node = plant.run();
    annotate(&node, &token, "first");
    node.process.kill();
    drop(node);
    let node = plant.run();
    assert_eq!(texts(&node, &token), ["first"]);
    node.stop();

    // What a crash between the entry of a change and its commit leaves: the trail has it, the desk has not.
    let aside = tempfile::tempdir().unwrap();
    copy(&plant.data(), aside.path());
    let node = plant.run();
    annotate(&node, &token, "cut off");
    node.process.kill();
    drop(node);
    copy(aside.path(), &plant.data());
    let node = plant.run();
    assert_eq!(texts(&node, &token), ["first"]);
    annotate(&node, &token, "next");
    node.stop();
    let mut told = told(&plant);
    told.sort();
    let expected =
        ["annotation 1 done", "annotation 2 done", "annotation 2 done", "annotation 2 failed"];
    assert_eq!(told, expected);
    let verified = plant.verify();
    assert!(verified.status.success(), "{verified:?}");
    assert!(verified.out.contains("desk: 2 annotations, 0 trends, every row can be read"));
}

#[test]
fn a_desk_that_is_damaged_or_newer_stops_the_start_by_name() {
    let plant = Plant::of(NODE);
    plant.run().stop();
    let file = plant.data().join("desk.db");
    let whole = fs::read(&file).unwrap();
    let mut newer = whole.clone();
    newer[63] = 9; // the last byte of `user_version` in the head of an SQLite file
    for (bytes, code) in [(newer, "LS-DSK-002"), (b"not a desk".repeat(100), "LS-DSK-003")] {
        fs::write(&file, bytes).unwrap();
        let ended = crate::harness::run(plant.arguments());
        assert!(!ended.status.success() && ended.err.contains(code), "{ended:?}");
        let verified = plant.verify();
        assert!(!verified.status.success() && verified.err.contains(code), "{verified:?}");
    }
    fs::write(&file, whole).unwrap();
    plant.run().stop();
}
