//! Who may come in, as a person meets it: the first start, the command line, the network, and what is left in the trail.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::field::{Counters, Field};
use crate::harness::{Client, Ended, NODE, Plant, Process, SOON, eventually, run};

pub(crate) const PASSWORD: &str = "a kettle of 7 herrings";

/// `lineshaft WHAT… --data DATA`.
#[track_caller]
pub(crate) fn cli(plant: &Plant, what: &[&str]) -> Ended {
    let mut arguments: Vec<OsString> = what.iter().map(OsString::from).collect();
    arguments.extend(["--data".into(), plant.data().into()]);
    run(arguments)
}

#[track_caller]
pub(crate) fn done(plant: &Plant, what: &[&str]) -> String {
    let ended = cli(plant, what);
    assert!(ended.status.success(), "{what:?}: {}{}", ended.out, ended.err);
    ended.out
}

/// Makes an account with [`PASSWORD`]; it has to be changed at the first login.
#[track_caller]
pub(crate) fn add_user(plant: &Plant, name: &str, rest: &[&str]) {
    let file = plant.data().with_extension("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let what: Vec<&str> =
        ["user", "add", name, "--password-file", &file].iter().chain(rest).copied().collect();
    done(plant, &what);
}

/// The link a process printed.
#[track_caller]
pub(crate) fn setup_secret(process: &Process) -> String {
    eventually(SOON, "a setup link", || {
        let out = process.out();
        let line = out.lines().find(|line| line.starts_with("setup "))?.to_owned();
        line.split_once("secret=").map(|(_, secret)| secret.to_owned())
    })
}

/// Proves: CR 1.5, A04, P11-02.
#[test]
fn a_fresh_node_knows_nobody_and_its_link_makes_one_administrator_once() {
    let plant = Plant::of(NODE);
    let node = plant.run();
    let mut stranger = Client::new(node.address);
    for path in ["/api/v1/values", "/api/v1/tags", "/api/v1/accounts", "/api/v1/audit", "/metrics"]
    {
        assert_eq!(stranger.get(path).unwrap().status, 401, "{path}");
    }
    let body = json!({ "account": "admin", "password": "admin" });
    assert_eq!(stranger.post("/api/v1/session", &body).unwrap().status, 401);

    let secret = setup_secret(&node.process);
    assert!(secret.len() >= 22, "128 random bits");
    let make = |secret: &str| json!({ "secret": secret, "account": "anna", "full_name": "Anna Berg", "password": PASSWORD });
    assert_eq!(stranger.post("/api/v1/setup", &make("guessed")).unwrap().status, 403);
    let made = stranger.post("/api/v1/setup", &make(&secret)).unwrap();
    assert_eq!(made.status, 200, "{}", made.text());
    let mut anna = Client::with_cookie(node.address, &made.cookie.unwrap());
    assert_eq!(anna.get("/api/v1/accounts").unwrap().status, 200);
    assert_eq!(stranger.post("/api/v1/setup", &make(&secret)).unwrap().status, 403, "once");

    let ended = node.stop();
    assert!(!ended.err.contains(&secret), "the secret is not in the log");
    let node = plant.run();
    assert!(!node.stop().out.contains("setup"), "there is an administrator");
}

/// Proves: CR 1.2, CR 1.3, P11-31.
#[test]
fn accounts_and_tokens_are_managed_on_a_stopped_and_on_a_running_node() {
    let plant = Plant::of(NODE);
    let token = done(&plant, &["token", "create", "--name", "grafana", "--role", "viewer"]);
    let token = token.trim();
    add_user(&plant, "ben", &["--admin"]);
    assert!(done(&plant, &["user", "list"]).contains("ben"));

    let node = plant.run();
    let mut grafana = Client::with_token(node.address, token);
    assert_eq!(grafana.get("/api/v1/tags").unwrap().status, 200);
    let write = json!({ "tag": "acme/test/x", "value": 1 });
    assert_eq!(
        grafana.post("/api/v1/write", &write).unwrap().status,
        403,
        "a viewer writes nothing"
    );

    add_user(&plant, "carla", &["--role", "operator", "--under", "acme/test/line-1"]);
    let shown = done(&plant, &["user", "show", "carla"]);
    assert!(shown.contains("operator under acme/test/line-1"), "{shown}");
    let listed = done(&plant, &["token", "list"]);
    let id = listed.lines().nth(1).unwrap().split_whitespace().next().unwrap();
    done(&plant, &["token", "revoke", id, "--why", "no longer used"]);
    assert_eq!(grafana.get("/api/v1/tags").unwrap().status, 401, "at once");

    let wrong = cli(&plant, &["user", "add", "ben", "--role", "viewer", "--password-stdin"]);
    assert!(!wrong.status.success(), "a name is used once");
    let trail = done(&plant, &["audit", "list", "--json"]);
    for action in ["token.create", "account.create", "token.revoke", "node.start"] {
        assert!(trail.contains(&format!("\"action\":\"{action}\"")), "{action}\n{trail}");
    }
    assert!(trail.contains("no longer used"));
    assert!(!trail.contains(token) && !trail.contains(PASSWORD));
    drop(node);
}

/// Proves: CR 1.5, CR 1.7, P11-08.
#[test]
fn a_first_password_opens_nothing_until_it_is_changed() {
    let plant = Plant::of(NODE);
    add_user(&plant, "ben", &["--admin"]);
    let node = plant.run();
    let mut stranger = Client::new(node.address);
    let login = |password: &str| json!({ "account": "ben", "password": password });
    let logged = stranger.post("/api/v1/session", &login(PASSWORD)).unwrap();
    assert_eq!((logged.status, &logged.json()["state"]), (200, &json!("password-due")));
    let mut ben = Client::with_cookie(node.address, &logged.cookie.unwrap());
    assert_eq!(ben.get("/api/v1/accounts").unwrap().status, 403);
    let weak = json!({ "old": PASSWORD, "new": "password1234" });
    assert_eq!(ben.post("/api/v1/account/password", &weak).unwrap().status, 422);
    let same = json!({ "old": PASSWORD, "new": PASSWORD });
    assert_eq!(ben.post("/api/v1/account/password", &same).unwrap().status, 422);
    let good = json!({ "old": PASSWORD, "new": "nine lanterns by the quay" });
    let changed = ben.post("/api/v1/account/password", &good).unwrap();
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(ben.get("/api/v1/accounts").unwrap().status, 200);
}

/// Proves: CR 3.1, CR 3.1 RE1, CR 5.1, CR 7.7, P11-39.
#[test]
fn beyond_this_machine_there_is_tls_and_an_account_or_no_listener() {
    let plant = Plant::of(&NODE.replace("127.0.0.1:0", "0.0.0.0:0"));
    let refused = run(plant.arguments());
    assert!(!refused.status.success() && refused.err.contains("LS-NOD-008"), "{}", refused.err);
    add_user(&plant, "ben", &["--admin"]);
    let process = Process::start(plant.arguments());
    let port = eventually(SOON, "it listens with TLS", || {
        let out = process.out();
        let line = out.lines().find_map(|line| line.strip_prefix("listening https://"))?.to_owned();
        line.rsplit(':').next()?.parse::<u16>().ok()
    });
    let authority = plant.data().with_extension("ca.pem");
    fs::write(&authority, done(&plant, &["cert", "authority"])).unwrap();
    let curl = |rest: &[&str]| {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "20"])
            .args(rest)
            .output()
            .unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let trusted = ["--cacert", authority.to_str().unwrap()];
    let health = format!("https://127.0.0.1:{port}/health");
    assert!(curl(&[&trusted[..], &[&health]].concat()).contains("up"));
    let localhost = format!("https://localhost:{port}/health");
    assert!(curl(&[&trusted[..], &[&localhost]].concat()).contains("up"));
    assert!(curl(&[&health]).contains("certificate"), "nobody trusts it unasked");
    let old = curl(&[&trusted[..], &["--tls-max", "1.1", &health]].concat());
    assert!(!old.contains("up"), "{old}");
    let plain = curl(&[&format!("http://127.0.0.1:{port}/health")]);
    assert!(plain.contains("https"), "{plain}");
}

/// The values of all finished writes in the trail.
pub(crate) fn written_in_trail(plant: &Plant) -> Vec<u64> {
    let listed =
        done(plant, &["audit", "list", "--action", "tag.write", "--json", "--limit", "10000000"]);
    let entries = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let finished = entries.filter(|entry| entry["result"] == "done");
    let mut values: Vec<u64> = finished.filter_map(|entry| entry["new"].as_u64()).collect();
    values.sort_unstable();
    values
}

/// Proves: CR 2.8.
#[test]
fn a_write_that_was_answered_is_in_the_trail_whenever_the_node_is_killed() {
    let (field, counters) = (Field::new(), Counters::new(1, 2));
    let device = field.device(counters);
    let plant = Plant::new("");
    let table = "tag,address,type,period,access\nsetpoint,hr:0,u32,,read-write\n";
    plant.device("press", device.address, 1, "period = \"100ms\"", table);
    let mut answered = Vec::new();
    for life in 0..5_u64 {
        let node = plant.run();
        let online = || (node.device("press")["state"] == "online").then_some(());
        eventually(SOON, "the device", online);
        let mut client = Client::new(node.address);
        for n in 1..=20_u64 {
            let value = 1_000 * life + n;
            let body =
                json!({ "tag": "acme/test/press/setpoint", "value": value, "why": "a test" });
            if client.post("/api/v1/write", &body).unwrap().status == 200 {
                answered.push(value);
            }
        }
        node.process.kill();
    }
    assert!(answered.len() > 50, "{answered:?}");
    let kept = written_in_trail(&plant);
    for value in &answered {
        assert!(kept.binary_search(value).is_ok(), "{value} was answered; the trail has {kept:?}");
    }
    let verified = plant.verify();
    assert!(verified.status.success(), "{}{}", verified.out, verified.err);
}

/// Proves: CR 3.9, P11-22, A29.
#[test]
fn a_trail_that_was_edited_or_shortened_is_found_by_whoever_has_an_older_checkpoint() {
    let plant = Plant::of(NODE);
    for name in ["one", "two", "three"] {
        done(&plant, &["token", "create", "--name", name, "--role", "viewer"]);
    }
    let copy = plant.data().with_extension("copy");
    copy_folder(&plant.data().join("audit"), &copy);
    for name in ["four", "five"] {
        done(&plant, &["token", "create", "--name", name, "--role", "viewer"]);
    }
    let kept = plant.data().with_extension("checkpoint");
    fs::write(&kept, done(&plant, &["audit", "checkpoint"])).unwrap();
    let with = ["audit", "verify", "--checkpoint", kept.to_str().unwrap()];
    done(&plant, &with);

    let exported = plant.data().with_extension("export");
    done(&plant, &["audit", "export", "--out", exported.to_str().unwrap()]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify_audit_export.py");
    let checked = |file: &Path| Command::new("python3").arg(script).arg(file).output().unwrap();
    assert!(checked(&exported).status.success(), "a stranger's check");
    let text = fs::read_to_string(&exported).unwrap();
    fs::write(
        &exported,
        text.replacen("\"name\":\"two\"", "\"name\":\"tow\"", 1).replacen("two", "tow", 1),
    )
    .unwrap();
    assert!(!checked(&exported).status.success());

    fs::rename(plant.data().join("audit"), plant.data().with_extension("good")).unwrap();
    copy_folder(&copy, &plant.data().join("audit"));
    let rolled_back = cli(&plant, &with);
    assert!(!rolled_back.status.success(), "{}", rolled_back.out);
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}
