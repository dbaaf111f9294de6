//! What a running node leaves in its trail, what of it can be taken away, and what goes on without one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use lineshaft_audit::Action;
use serde_json::{Value, json};

use crate::field::{Counters, Device, FAST, Field, counter_table};
use crate::harness::{
    Client, Ended, NODE, Node, Plant, Process, Reply, SOON, arguments, eventually, run,
};
use crate::identity::{PASSWORD, cli, copy_folder, done, setup_secret};

const SETPOINT: &str = "acme/test/press/setpoint";

/// A plant of one press, and Anna, who came in first.
struct Stage {
    node: Node,
    anna: Client,
    plant: Plant,
    counters: Arc<Counters>,
    _field: (Field, Device),
}

fn stage() -> Stage {
    let field = Field::new();
    let counters = Counters::new(1, 4);
    let device = field.device(counters.clone());
    let plant = Plant::of(&format!("{NODE}[security]\nbanner = \"Authorised use only\"\n"));
    plant.device("press", device.address, 1, FAST, &counter_table(2));
    let node = plant.run();
    let secret = setup_secret(&node.process);
    let anna = json!({ "secret": secret, "account": "anna", "full_name": "Anna Berg", "password": PASSWORD });
    let entered = Client::new(node.address).post("/api/v1/setup", &anna).unwrap();
    let mut anna = Client::with_cookie(node.address, &entered.cookie.unwrap());
    eventually(SOON, "the press", || {
        let devices = anna.get("/api/v1/devices").unwrap().json();
        (devices[0]["state"] == "online").then_some(())
    });
    Stage { node, anna, plant, counters, _field: (field, device) }
}

/// Asks and expects this status.
#[track_caller]
fn ask(client: &mut Client, method: &str, path: &str, body: &Value, status: u16) -> Reply {
    let path = format!("/api/v1/{path}");
    let reply = match method {
        "GET" => client.get(&path).unwrap(),
        _ => client.send_json(method, &path, body).unwrap(),
    };
    assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
    reply
}

fn login(node: &Node, account: &str, password: &str) -> Reply {
    let body = json!({ "account": account, "password": password });
    Client::new(node.address).post("/api/v1/session", &body).unwrap()
}

/// Signs revision 1 as reviewed.
fn sign(anna: &mut Client) {
    let wish = json!({ "kind": "revision", "record": "1", "meaning": "reviewed" });
    let challenge = ask(anna, "POST", "signatures/challenge", &wish, 200).json();
    let signing = json!({ "challenge": challenge["challenge"], "account": "anna", "password": PASSWORD,
        "why": "looked at it" });
    ask(anna, "POST", "signatures", &signing, 200);
}

/// What Anna does: a request, and how it is answered.
fn acts_of_anna() -> Vec<(&'static str, &'static str, Value, u16)> {
    let why = || json!({ "why": "a test" });
    let name = |value: Value, key: &str| {
        let set = json!([{ "key": ["node", key], "value": value }]);
        json!({ "edits": [{ "path": "lineshaft.toml", "set": set }], "why": "a test" })
    };
    let role = |about: &str| json!({ "description": about, "rules": [], "why": "a test" });
    let viewer = json!([{ "role": "viewer", "under": [""] }]);
    let ben = json!({ "account": "ben", "full_name": "Ben Ott", "password": "a kettle of 8 sprats",
        "grants": viewer, "why": "a test" });
    let nowhere = json!({ "driver": "modbus", "endpoint": "tcp://127.0.0.1:1" });
    let level = json!({ "target": "lineshaft_shaft", "level": "debug", "minutes": 1 });
    vec![
        ("POST", "write", json!({ "tag": SETPOINT, "value": 7, "why": "a test" }), 200),
        ("POST", "accounts", ben, 200),
        ("PATCH", "accounts/ben", json!({ "full_name": "Ben Otto", "why": "a test" }), 200),
        ("PATCH", "accounts/ben", json!({ "enabled": false, "why": "a test" }), 200),
        ("PATCH", "accounts/ben", json!({ "enabled": true, "why": "a test" }), 200),
        (
            "POST",
            "accounts/ben/password",
            json!({ "password": "a kettle of 9 sprats", "why": "a test" }),
            200,
        ),
        ("PUT", "roles/packer", role("packs"), 200),
        ("PUT", "roles/packer", role("packs and wraps"), 200),
        ("DELETE", "roles/packer", why(), 200),
        ("POST", "tokens", json!({ "name": "mes", "grants": viewer, "why": "a test" }), 200),
        ("DELETE", "tokens/1", why(), 200),
        ("POST", "certificates", json!({ "account": "ben", "days": 1, "why": "a test" }), 200),
        ("POST", "certificates/renew", why(), 200),
        ("POST", "plant/change", name("other".into(), "name"), 200),
        ("POST", "plant/change", name("other".into(), "nmae"), 422),
        ("POST", "revisions/1/roll-back", why(), 200),
        ("POST", "devices/test", json!({ "device": nowhere }), 200),
        ("POST", "devices/browse", json!({ "device": nowhere }), 502),
        ("POST", "devices/press/trace", json!({ "seconds": 1 }), 200),
        ("POST", "annotations", json!({ "path": "", "start_ms": 1, "text": "a test" }), 201),
        ("PATCH", "annotations/1", json!({ "text": "another" }), 200),
        ("DELETE", "annotations/1?why=a%20test", json!({}), 200),
        ("POST", "trends", json!({ "name": "a test", "shared": true, "trend": {} }), 201),
        ("PUT", "trends/1", json!({ "name": "another", "shared": true, "trend": {} }), 200),
        ("DELETE", "trends/1", json!({}), 200),
        ("PUT", "account/settings", json!({ "language": "de" }), 200),
        ("PUT", "logs/levels", json!({ "levels": [level], "why": "a test" }), 200),
        ("POST", "audit/verify", json!({}), 200),
        ("POST", "audit/review", json!({ "seq": 0, "why": "a test" }), 200),
        ("GET", "audit", json!({}), 200),
        ("GET", "audit/export", json!({}), 200),
    ]
}

/// What Ben does, with what Anna does about it.
fn acts_of_ben(stage: &mut Stage) {
    let Stage { node, anna, .. } = stage;
    for _ in 0..5 {
        assert_eq!(login(node, "ben", "not his password at all").status, 401);
    }
    ask(anna, "POST", "accounts/ben/unlock", &json!({ "why": "it was him" }), 200);
    let (first, own) = ("a kettle of 9 sprats", "nine lanterns by the quay");
    let mut ben = Client::with_cookie(node.address, &login(node, "ben", first).cookie.unwrap());
    ask(&mut ben, "POST", "account/password", &json!({ "old": first, "new": own }), 200);
    ask(&mut ben, "GET", "accounts", &json!({}), 403);
    ask(&mut ben, "POST", "session/lock", &json!({}), 200);
    ask(&mut ben, "POST", "session/unlock", &json!({ "password": own }), 200);
    ask(&mut ben, "DELETE", "session", &json!({}), 200);
    assert_eq!(login(node, "ben", own).status, 200);
    let sessions = ask(anna, "GET", "sessions", &json!({}), 200).json();
    let of_ben = |one: &&Value| one["account"] == "ben";
    let found = sessions["sessions"].as_array().unwrap().iter().find(of_ben).unwrap();
    let path = format!("sessions/{}", found["id"].as_str().unwrap());
    ask(anna, "DELETE", &path, &json!({ "why": "his shift is over" }), 200);

    let listed = ask(anna, "GET", "certificates", &json!({}), 200).json();
    let is_client = |one: &&Value| one["purpose"] == "client";
    let found = listed["certificates"].as_array().unwrap().iter().find(is_client).unwrap();
    let path = format!("certificates/{}/revoke", found["fingerprint"].as_str().unwrap());
    ask(anna, "POST", &path, &json!({ "why": "lost" }), 200);
}

/// What takes two: a change waits for whoever else may make it.
fn acts_of_two(stage: &mut Stage) {
    let Stage { node, anna, .. } = stage;
    let (first, own) = ("a kettle of 6 gurnards", "four otters under a pier");
    let carla = json!({ "account": "carla", "full_name": "Carla Diaz", "password": first,
        "grants": [{ "role": "engineer", "under": [""] }], "why": "a test" });
    ask(anna, "POST", "accounts", &carla, 200);
    let entered = login(node, "carla", first).cookie.unwrap();
    let mut carla = Client::with_cookie(node.address, &entered);
    ask(&mut carla, "POST", "account/password", &json!({ "old": first, "new": own }), 200);
    let set = |table: &str, key: &str, value: Value| {
        let set = json!([{ "key": [table, key], "value": value }]);
        json!({ "edits": [{ "path": "lineshaft.toml", "set": set }], "why": "a test" })
    };
    ask(anna, "POST", "plant/change", &set("security", "four_eyes", true.into()), 200);
    for decision in ["approve", "reject"] {
        let name = set("node", "name", decision.into());
        let waits = ask(anna, "POST", "plant/change", &name, 202).json();
        let path = format!("proposals/{}/{decision}", waits["proposal"]);
        ask(&mut carla, "POST", &path, &json!({ "why": "a test" }), 200);
    }
}

/// Acts that need more than this stage, each asserted elsewhere.
const ELSEWHERE: &[Action] = &[
    Action::ClockStep,      // here, in faults_clock
    Action::TrailRecovered, // crate audit, faults
    Action::AuditArchive,   // crate audit, archive
    Action::FactorAdd,      // crate identity, trail
    Action::FactorRemove,   // crate identity, trail
    Action::Export,         // nothing but the trail is handed out yet
];

/// Proves: CR 2.8, P11-20.
#[test]
fn every_kind_of_act_leaves_its_entry() {
    let mut stage = stage();
    for (method, path, body, status) in acts_of_anna() {
        ask(&mut stage.anna, method, path, &body, status);
    }
    sign(&mut stage.anna);
    acts_of_ben(&mut stage);
    acts_of_two(&mut stage);
    stage.node.stop();
    let listed = done(&stage.plant, &["audit", "list", "--json", "--limit", "10000"]);
    let entries: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let left: BTreeSet<&str> =
        entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in Action::ALL {
        assert!(
            left.contains(action.word()) || ELSEWHERE.contains(action),
            "{} left no entry: {left:?}",
            action.word()
        );
    }
    let failed =
        |entry: &&Value| entry["action"] == "session.login" && entry["result"] == "refused";
    assert_eq!(entries.iter().filter(failed).count(), 5, "each failure");
}

/// Proves: P11-19.
#[test]
fn no_road_edits_the_trail_or_switches_it_off() {
    let mut stage = stage();
    let document = stage.anna.get("/api/openapi.json").unwrap().json();
    let mut roads = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if path.starts_with("/api/v1/audit") {
            let changing = methods.as_object().unwrap().keys().filter(|method| *method != "get");
            roads.extend(changing.map(|method| format!("{method} {path}")));
        }
    }
    let adding = ["post /api/v1/audit/review", "post /api/v1/audit/verify"];
    assert_eq!(roads.into_iter().collect::<Vec<_>>(), adding, "they add an entry each");
    for path in ["audit", "audit/0", "audit/status", "audit/export", "audit/checkpoint"] {
        for method in ["DELETE", "PUT", "PATCH", "POST"] {
            let reply = stage.anna.send_json(method, &format!("/api/v1/{path}"), &json!({}));
            let status = reply.unwrap().status;
            assert!(matches!(status, 404 | 405), "{method} {path}: {status}");
        }
    }
    for setting in ["enabled = false", "reserve = \"0B\"", "actions = []", "retention = \"1d\""] {
        let wrong = Plant::of(&format!("{NODE}[audit]\n{setting}\n"));
        let refused = run(wrong.arguments());
        assert!(!refused.status.success() && refused.err.contains("LS-CFG"), "{setting}");
    }
    for word in ["delete", "edit", "truncate", "disable"] {
        assert!(!cli(&stage.plant, &["audit", word]).status.success(), "{word}");
    }
}

/// Proves: P11-23, P11-24.
#[test]
fn the_trail_is_handed_out_as_a_proof_as_json_and_as_a_table() {
    let mut stage = stage();
    sign(&mut stage.anna);
    let page = ask(&mut stage.anna, "GET", "audit?order=oldest&limit=1000", &json!({}), 200).json();
    let entries = page["entries"].as_array().unwrap().clone();
    assert!(entries.iter().any(|entry| entry["action"] == "signature.sign"));

    let proof = ask(&mut stage.anna, "GET", "audit/export", &json!({}), 200);
    let file = stage.plant.data().with_extension("export");
    fs::write(&file, &proof.body).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify_audit_export.py");
    let checked = Command::new("python3").arg(script).arg(&file).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));

    let table = ask(&mut stage.anna, "GET", "audit/export?format=csv", &json!({}), 200).text();
    for entry in &entries {
        let (time, action) = (entry["time"].as_str().unwrap(), entry["action"].as_str().unwrap());
        let has = |line: &str| line.contains(time) && line.contains(action);
        assert!(table.lines().any(has), "{entry} is not in\n{table}");
    }
    assert!(table.lines().any(|line| line.contains("Anna") || line.contains("anna")), "{table}");
}

/// The files of a folder with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

#[track_caller]
fn verify(data: &Path, kept: &Path) -> Ended {
    run([
        "verify".as_ref(),
        "--data".as_ref(),
        data.as_os_str(),
        "--checkpoint".as_ref(),
        kept.as_os_str(),
    ])
}

/// Proves: CR 7.3 RE1, P11-27.
#[test]
fn a_copy_of_a_stopped_node_is_as_provable_as_the_node() {
    let mut stage = stage();
    sign(&mut stage.anna);
    let kept = stage.plant.data().with_extension("checkpoint");
    fs::write(&kept, done(&stage.plant, &["audit", "checkpoint"])).unwrap();
    let Stage { node, plant, .. } = stage;
    node.stop();
    let copy = plant.data().with_extension("copy");
    copy_folder(&plant.data(), &copy);
    let verified = verify(&copy, &kept);
    assert!(verified.status.success(), "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("every entry and signature is right"), "{}", verified.out);

    // One bit, in whatever is proved.
    let mut damaged = 0;
    for (folder, ending) in [("audit", ".audit"), ("revisions", "log"), ("shaft", ".shaft")] {
        let file = files(&copy.join(folder), ending).remove(0);
        let whole = fs::read(&file).unwrap();
        // Where something is written: behind that a segment may be all zeros.
        let at = whole.iter().rposition(|byte| *byte != 0).unwrap() / 2;
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(&file, flipped).unwrap();
        assert!(!verify(&copy, &kept).status.success(), "{}", file.display());
        fs::write(&file, whole).unwrap();
        damaged += 1;
    }
    assert_eq!(damaged, 3);

    let node = Process::start(arguments(&plant.folder(), &copy)).listening();
    let entered = login(&node, "anna", PASSWORD);
    let mut anna = Client::with_cookie(node.address, &entered.cookie.unwrap());
    let found = ask(&mut anna, "GET", "signatures?kind=revision&id=1", &json!({}), 200).json();
    let signature = &found["signatures"][0];
    assert_eq!(
        (&signature["full_name"], &signature["meaning"], &signature["valid"]),
        (&json!("Anna Berg"), &json!("reviewed"), &json!(true)),
        "{found}"
    );
}

/// Proves: CR 2.10.
#[test]
fn without_a_trail_nothing_is_changed_and_measuring_goes_on() {
    let Stage { anna, plant, counters, node: _node, _field } = &mut stage();
    let write = |value: u32| json!({ "tag": SETPOINT, "value": value, "why": "a test" });
    ask(anna, "POST", "write", &write(7), 200);
    fs::rename(plant.data().join("audit"), plant.data().join("elsewhere")).unwrap();
    let role = json!({ "description": "", "rules": [], "why": "a test" });
    for (method, path, body) in [("POST", "write", &write(8)), ("PUT", "roles/packer", &role)] {
        let refused = ask(anna, method, path, body, 503);
        assert!(refused.text().contains("LS-API-030"), "{}", refused.text());
    }
    let roles = ask(anna, "GET", "roles", &json!({}), 200).text();
    assert!(!roles.contains("packer"), "{roles}");
    assert_eq!(counters.written(), [7], "what has no entry is not sent");
    let mut count = || {
        let values = anna.get("/api/v1/values?tag=acme/test/press/c1").unwrap().json();
        (values[0]["quality"] == "good").then(|| values[0]["value"].as_u64())
    };
    let before = count();
    eventually(SOON, "values go on", || count().filter(|now| Some(*now) > before));
}

/// Proves: CR 1.12.
#[test]
fn whoever_comes_reads_the_notice_before_he_logs_in() {
    let stage = stage();
    let session = Client::new(stage.node.address).get("/api/v1/session").unwrap().json();
    assert_eq!(
        (&session["kind"], &session["banner"]),
        (&json!("nobody"), &json!("Authorised use only"))
    );
}

/// The sockets of a process that take connections or datagrams, as `/proc/net` writes them.
#[cfg(target_os = "linux")]
fn listening(pid: u32) -> Vec<String> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let own: BTreeSet<String> = fs::read_dir(process.join("fd"))
        .unwrap()
        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .filter_map(|link| {
            Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
        })
        .collect();
    let mut found = Vec::new();
    for protocol in ["tcp", "tcp6", "udp", "udp6"] {
        for line in fs::read_to_string(process.join("net").join(protocol)).unwrap().lines().skip(1)
        {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let listens = protocol.starts_with("udp") || columns[3] == "0A";
            if listens && own.contains(columns[9]) {
                found.push(format!("{protocol} {}", columns[1]));
            }
        }
    }
    found
}

/// Proves: CR 5.1, CR 7.7.
#[cfg(target_os = "linux")]
#[test]
fn it_listens_where_the_plant_file_says_and_nowhere_else() {
    let stage = stage();
    let port = stage.node.address.port();
    assert_eq!(listening(stage.node.process.id()), [format!("tcp 0100007F:{port:04X}")]);
    let bare = Plant::of("[node]\nname = \"test\"\npath = \"acme/test\"\n");
    let loaded = lineshaft::plant::load(&bare.folder(), lineshaft_drivers::DRIVERS).unwrap();
    assert_eq!(loaded.http.listen.to_string(), "127.0.0.1:8080", "what it is without a word");
}
