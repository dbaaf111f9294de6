//! The audit trail over HTTP: read, filtered, proved, verified, reviewed, copied; and a trail that takes nothing more.

use std::path::Path;
use std::time::Duration;

use lineshaft_audit::{
    Act, Action, Actor, Checkpoint, Entry, Hash, Outcome, Proof, VerifierKey, verify_consistency,
    verify_inclusion,
};
use lineshaft_identity::Grant;
use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::client::{Reply, connect, request};
use crate::folder::{FIRST, Folder};
use crate::plant::{LINE, Options, PASSWORD, Plant, SOON, certificates, plant, plant_of};

const FORMULA: &str = "=HYPERLINK(\"http://evil.example\")";
const SCRIPT: &str = "<script>alert(1)</script>";

fn clock() -> Clock {
    Clock::simulated(Timestamp::from_secs(1_763_618_400))
}

async fn clocked() -> (Plant, Clock) {
    let clock = clock();
    let plant = plant_of(Options { clock: Some(clock.clone()), ..Options::default() }).await;
    (plant, clock)
}

impl Plant {
    /// So many entries of somebody's writes.
    async fn writes(&self, count: usize, object: &str) {
        for n in 0..count {
            let by = Actor { name: "maria".into(), ..Actor::node() };
            let act = Act::done(&by, Action::TagWrite, format!("{object}/{n}"));
            self.trail.record(act).await.unwrap();
        }
    }

    fn count(&self, action: Action, result: Outcome) -> usize {
        let acts = self.entries(0);
        acts.iter().filter(|act| act.action == action && act.result == result).count()
    }

    async fn audit(&self, query: &str) -> Value {
        let reply = self.get(&format!("/api/v1/audit?{query}")).await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }
}

fn text(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    // A body that is sent piece by piece has the length of each before it (RFC 9112, 7.1).
    let body = match reply.headers.get("transfer-encoding").map(String::as_str) {
        Some("chunked") => whole(&reply.body),
        _ => reply.body.clone(),
    };
    String::from_utf8(body).unwrap()
}

fn whole(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").expect("the answer broke off");
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}

/// Proves: CR 6.1, P11-26.
#[tokio::test]
async fn entries_come_letter_by_letter_in_either_order_and_page_by_page() {
    let plant = plant().await;
    plant.writes(5, LINE).await;
    let reply = plant.get("/api/v1/audit?order=oldest&limit=2").await;
    let lines: Vec<String> =
        (0..2).map(|seq| plant.trail.entry(seq).unwrap().unwrap().line.to_string()).collect();
    let body = String::from_utf8(reply.body.clone()).unwrap();
    assert!(
        body.starts_with(&format!("{{\"entries\":[{}],\"next\":1,", lines.join(","))),
        "{body}"
    );
    assert_eq!(reply.headers["content-type"], "application/json");

    let total = plant.trail.checkpoint().size();
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = plant.audit(&format!("limit=3&action=tag.write{after}")).await;
        let entries = page["entries"].as_array().unwrap().clone();
        seen.extend(entries.iter().map(|entry| entry["seq"].as_u64().unwrap()));
        assert!(page["entries_total"].as_u64().unwrap() >= total);
        match page["next"].as_u64() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first: {seen:?}");
}

/// Proves: P11-21, P11-26.
#[tokio::test]
async fn filters_find_what_was_done_and_a_filter_nobody_knows_is_an_error() {
    let plant = plant().await;
    plant.writes(3, LINE).await;
    let wrong = json!({"tag": format!("{LINE}/filler/stuck"), "value": 1, "why": "Öl heiß"});
    plant.post("/api/v1/write", &wrong).await;
    for (query, count) in [
        ("who=maria", 3),
        ("who=mari", 0),
        ("action=tag", 5),
        ("action=tag.write&result=refused", 1),
        ("object=line-1/2", 1),
        ("text=%C3%B6l", 2),
        ("start=2100-01-01T00:00:00Z", 0),
        ("action=tag&end=1000", 0),
    ] {
        let found = plant.audit(query).await["entries"].as_array().unwrap().len();
        assert_eq!(found, count, "{query}");
    }
    for (query, field) in [
        ("action=tag.wirte", "action"),
        ("result=maybe", "result"),
        ("order=random", "order"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("after=-1", "after"),
        ("start=yesterday", "start"),
        ("wo=maria", "wo"),
    ] {
        let reply = plant.get(&format!("/api/v1/audit?{query}")).await;
        assert_eq!(reply.problem(), (400, "LS-API-001".into()), "{query}");
        assert_eq!(reply.json()["field"], field);
    }
    let typo = plant.get("/api/v1/audit?action=tag.wirte").await.json();
    assert_eq!(typo["remedy"], "did you mean `tag.write`?");
}

/// Proves: CR 2.8, P11-20.
#[tokio::test]
async fn who_reads_the_trail_is_in_it_once_a_minute() {
    let (plant, clock) = clocked().await;
    let other = plant.token("other", vec![Grant::everywhere("auditor")]).await;
    for _ in 0..3 {
        plant.audit("object=line-1").await;
    }
    assert_eq!(plant.count(Action::AuditRead, Outcome::Done), 1);
    let bearer = format!("Bearer {other}");
    let as_other = [("authorization", bearer.as_str())];
    plant.ask("GET /api/v1/audit HTTP/1.1", &as_other, b"").await;
    assert_eq!(plant.count(Action::AuditRead, Outcome::Done), 2, "another reader");
    clock.advance(Duration::from_secs(60));
    plant.audit("limit=1").await;
    assert_eq!(plant.count(Action::AuditRead, Outcome::Done), 3);
    let read = plant.entries(0).into_iter().find(|act| act.action == Action::AuditRead).unwrap();
    assert_eq!((&*read.who.name, read.detail.as_deref()), ("token:tests", Some("object=line-1")));
}

/// Proves: A10, A27, P11-24.
#[tokio::test]
async fn a_script_in_a_name_stays_text_and_a_formula_runs_nowhere() {
    let plant = plant().await;
    for (account, name) in [("scripted", SCRIPT), ("formula", FORMULA)] {
        let new = json!({"account": account, "full_name": name, "kind": "machine", "grants": [],
            "why": FORMULA});
        assert_eq!(plant.post("/api/v1/accounts", &new).await.status, 200);
    }
    let reply = plant.get("/api/v1/audit?action=account.create").await;
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    assert!(reply.headers["content-security-policy"].starts_with("default-src 'self'"));
    let entries = reply.json()["entries"].clone();
    assert_eq!(entries[1]["new"]["full_name"], SCRIPT);
    assert_eq!(entries[0]["why"], FORMULA);

    let csv = plant.get("/api/v1/audit/export?format=csv").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert!(csv.headers["content-disposition"].starts_with("attachment; filename=\"audit-0-"));
    let csv = text(&csv);
    assert!(csv.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "{csv}");
    let is_formula = |cell: &str| cell.starts_with(['=', '+', '-', '@', '\t']);
    assert!(!csv.split("\",\"").any(is_formula), "{csv}");
}

fn checkpoint(reply: &Reply, plant: &Plant) -> Checkpoint {
    let checkpoint = Checkpoint::parse(&text(reply)).unwrap();
    VerifierKey::parse(&plant.trail.verifier_key()).unwrap().check(&checkpoint).unwrap();
    checkpoint
}

/// Proves: CR 3.4 RE1, CR 3.9, P11-22, A29.
#[tokio::test]
async fn an_entry_and_the_whole_past_are_proved_to_whoever_kept_a_checkpoint() {
    let plant = plant().await;
    plant.writes(3, LINE).await;
    let old = checkpoint(&plant.get("/api/v1/audit/checkpoint").await, &plant);
    plant.writes(10, LINE).await;

    let proof = text(&plant.get("/api/v1/audit/proof?seq=2").await);
    let (seq, proof, newest) = Proof::parse_text(&proof).unwrap();
    let entry = plant.trail.entry(2).unwrap().unwrap();
    let leaf = entry.leaf_hash();
    verify_inclusion(&leaf, seq, newest.size(), &proof, &newest.root()).unwrap();
    let edited = Entry::parse(&entry.line.replace("maria", "marja")).unwrap().leaf_hash();
    assert_ne!(edited, leaf);
    verify_inclusion(&edited, seq, newest.size(), &proof, &newest.root()).unwrap_err();

    let path = format!("/api/v1/audit/proof?seq=2&size={}", old.size());
    let open = text(&plant.get(&path).await);
    let (seq, proof, kept) = Proof::parse_text(&format!("{open}{old}")).unwrap();
    verify_inclusion(&leaf, seq, kept.size(), &proof, &kept.root()).unwrap();

    let hashes = text(&plant.get(&format!("/api/v1/audit/consistency?from={}", old.size())).await);
    let hashes = hashes.lines().map(|line| Hash::from_base64(line).unwrap()).collect();
    let now = plant.trail.checkpoint();
    verify_consistency(old.size(), now.size(), &Proof { hashes }, &old.root(), &now.root())
        .unwrap();

    for path in ["proof?seq=9999", "proof?seq=1&size=9999", "consistency?from=9&to=2"] {
        let reply = plant.get(&format!("/api/v1/audit/{path}")).await;
        assert_eq!(reply.problem(), (404, "LS-API-032".into()), "{path}");
    }
    assert_eq!(plant.get("/api/v1/audit/proof").await.problem(), (400, "LS-API-001".into()));
}

/// Proves: CR 2.8, P11-20, P11-23.
#[tokio::test]
async fn a_copy_proves_itself_and_taking_one_is_in_the_trail() {
    let (plant, clock) = clocked().await;
    plant.writes(3, LINE).await;
    clock.advance(Duration::from_secs(3_600));
    // More than one piece and more than one step of a table.
    plant.writes(1_200, &format!("{LINE}/{}", "x".repeat(200))).await;
    let size = plant.trail.checkpoint().size();
    let lines = |copy: &str| copy.lines().filter(|line| line.starts_with("{\"seq\":")).count();

    let copy = plant.get("/api/v1/audit/export").await;
    assert_eq!(copy.headers["content-type"], "text/plain; charset=utf-8");
    let copy = text(&copy);
    assert!(copy.starts_with("lineshaft audit export 1\nkey edge-1/audit+"), "{}", &copy[..99]);
    assert_eq!(lines(&copy), usize::try_from(size).unwrap());
    let acts = plant.entries(size);
    let results: Vec<Outcome> = acts.iter().map(|act| act.result).collect();
    assert_eq!(results, [Outcome::Requested, Outcome::Done], "{acts:?}");
    assert_eq!(acts[0].new, Some(json!({"from": 0, "to": size, "format": "proof"})));
    let detail = acts[1].detail.clone().unwrap();
    assert_eq!(detail, format!("entry {size}; {} bytes", copy.len()));

    assert_eq!(lines(&text(&plant.get("/api/v1/audit/export?from=2&to=5").await)), 3);
    assert_eq!(lines(&text(&plant.get("/api/v1/audit/export?from=5&to=99999999").await)), {
        usize::try_from(plant.trail.checkpoint().size()).unwrap() - 5 - 2
    });
    let late = clock.now().millis() - 1_000;
    let newer = plant.audit(&format!("start={late}&limit=10000")).await["entries"].clone();
    let copy = text(&plant.get(&format!("/api/v1/audit/export?start={late}")).await);
    assert!(lines(&copy) >= newer.as_array().unwrap().len());
    assert!(!copy.contains("\"object\":\"acme/rotterdam/line-1/0\""));
    let none = text(&plant.get("/api/v1/audit/export?end=1000").await);
    assert_eq!(lines(&none), 0, "a time without entries is an empty copy that proves itself");
    let csv = text(&plant.get("/api/v1/audit/export?format=csv&from=0&to=1100").await);
    assert_eq!(csv.lines().count(), 1_101);

    for (query, wanted) in [
        ("from=5&to=2", (400, "LS-API-001")),
        ("from=5&start=1", (400, "LS-API-001")),
        ("start=5&end=1", (400, "LS-API-001")),
        ("format=pdf", (400, "LS-API-001")),
        ("from=99999999", (404, "LS-API-032")),
    ] {
        let reply = plant.get(&format!("/api/v1/audit/export?{query}")).await;
        assert_eq!(reply.problem(), (wanted.0, wanted.1.into()), "{query}");
    }
}

/// Proves: A28, CR 7.1, CR 7.2.
#[tokio::test]
async fn two_copies_are_taken_at_a_time_and_whoever_goes_away_gives_his_turn_back() {
    let plant = plant().await;
    // More than all buffers between the two ends have room for.
    let long = "x".repeat(900_000);
    plant.writes(24, &long).await;
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(plant.address).await;
        let head = format!("host: localhost\r\nauthorization: Bearer {}\r\n", plant.admin);
        let ask = request("GET /api/v1/audit/export HTTP/1.1", &head, &[], b"");
        stream.write_all(&ask).await.unwrap();
        let mut first = [0];
        stream.peek(&mut first).await.unwrap();
        slow.push(stream);
    }
    let third = plant.get("/api/v1/audit/export?to=1").await;
    assert_eq!(third.problem(), (503, "LS-API-015".into()));
    drop(slow);
    let failed = async {
        while plant.count(Action::AuditExport, Outcome::Failed) < 2 {
            plant.get("/health").await;
        }
    };
    tokio::time::timeout(SOON, failed).await.expect("both ends are in the trail");
    assert_eq!(plant.get("/api/v1/audit/export?to=1").await.status, 200);
}

/// Proves: CR 3.3, CR 3.9, P11-22, P11-38.
#[tokio::test]
async fn a_verification_finds_what_was_changed_and_everybody_who_looks_sees_it() {
    let plant = plant().await;
    plant.writes(3, LINE).await;
    let known = text(&plant.get("/api/v1/audit/checkpoint").await);
    let status = plant.get("/api/v1/audit/status").await.json();
    assert_eq!((&status["verified"], &status["state"]), (&json!(null), &json!("writing")));
    assert_eq!(status["checkpoint"], known);

    let sound = plant.post("/api/v1/audit/verify", &json!({"checkpoints": [known]})).await.json();
    assert_eq!((&sound["outcome"], &sound["detail"]), (&json!("sound"), &json!(null)));
    let bare = plant.ask("POST /api/v1/audit/verify HTTP/1.1", &[], b"").await;
    assert_eq!(bare.json()["outcome"], "sound", "no body is fine");
    let status = plant.get("/api/v1/audit/status").await.json();
    assert_eq!(status["verified"]["entries"], bare.json()["entries"]);

    let other = crate::plant::plant().await;
    let foreign = text(&other.get("/api/v1/audit/checkpoint").await);
    let reply = plant.post("/api/v1/audit/verify", &json!({"checkpoints": [foreign]})).await.json();
    assert_eq!(reply["outcome"], "broken");
    assert!(reply["detail"].as_str().unwrap().contains("another key"), "{reply}");
    for wrong in [json!({"checkpoints": ["x"]}), json!({"checkpoints": vec![known.clone(); 17]})] {
        let reply = plant.post("/api/v1/audit/verify", &wrong).await;
        assert_eq!(reply.problem(), (400, "LS-API-006".into()));
    }

    let files = plant.trail_disk.files();
    let (segment, _) =
        files.iter().find(|(path, _)| path.extension().is_some_and(|e| e == "audit")).unwrap();
    plant.trail_disk.flip(Path::new(segment), 100, 3);
    let broken = plant.post("/api/v1/audit/verify", &json!({"why": "monthly"})).await.json();
    assert_eq!(broken["outcome"], "broken");
    let status = plant.get("/api/v1/audit/status").await.json();
    assert_eq!(status["verified"]["detail"], broken["detail"]);
    let posture = plant.get("/api/v1/security").await.json();
    let findings = posture["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "trail-broken"), "{findings:?}");
    let entry =
        plant.entries(0).into_iter().rfind(|act| act.action == Action::AuditVerify).unwrap();
    assert_eq!(
        (entry.why.as_deref(), &entry.new.unwrap()["outcome"]),
        (Some("monthly"), &json!("broken"))
    );
}

/// Proves: P11-21.
#[tokio::test]
async fn who_has_reviewed_the_trail_and_up_to_where_is_in_the_trail_itself() {
    let plant = plant().await;
    plant.person("anna", vec![Grant::everywhere("auditor")]).await;
    let anna = crate::person::Person::of(&plant, "anna").await;
    assert_eq!(anna.get("audit/status").await.json()["reviewed"], json!(null));
    let reply = anna.post("audit/review", json!({"seq": 2, "why": "week 47"})).await.json();
    assert_eq!((&reply["seq"], &reply["who"]), (&json!(2), &json!("anna")));
    let reviewed = anna.get("audit/status").await.json()["reviewed"].clone();
    assert_eq!((&reviewed["seq"], &reviewed["who"]), (&json!(2), &json!("anna")));
    plant.writes(2, LINE).await;
    anna.post("audit/review", json!({"seq": 5})).await;
    assert_eq!(anna.get("audit/status").await.json()["reviewed"]["seq"], 5);
    let far = anna.post("audit/review", json!({"seq": 99_999})).await;
    assert_eq!(far.problem(), (404, "LS-API-032".into()), "nobody reviews what is not there");
    let entry = plant.entries(0).into_iter().find(|act| act.action == Action::AuditReview).unwrap();
    assert_eq!((&*entry.object, entry.why.as_deref()), ("entry 2 and before", Some("week 47")));
}

/// Proves: CR 2.10, P11-19.
#[tokio::test]
async fn while_the_trail_takes_no_entry_nothing_changes_and_everything_can_be_read() {
    let clock = Clock::real();
    let folder = Folder::new(&clock);
    let plant = plant_of(Options {
        clock: Some(clock),
        certificates: Some(certificates),
        configuration: Some(folder.clone()),
        ..Options::default()
    })
    .await;
    plant.person("maria", vec![Grant::everywhere("admin")]).await;
    let listed = plant.get("/api/v1/certificates").await.json();
    let entries = plant.trail.status().entries;
    plant.trail_disk.set_capacity(0);

    let change = json!({"files": [{"path": "tags/x.csv", "text": "path\n"}], "why": "more tags"});
    let tag = format!("{LINE}/filler/speed");
    for (path, body) in [
        ("write", json!({"tag": tag, "value": 1})),
        (
            "accounts",
            json!({"account": "jan", "full_name": "Jan", "kind": "machine", "grants": []}),
        ),
        ("tokens", json!({"name": "scada", "grants": []})),
        ("session", json!({"account": "maria", "password": PASSWORD})),
        ("plant/change", change),
        ("revisions/1/roll-back", json!({"why": "x"})),
        ("certificates", json!({"account": "maria", "days": 30})),
        ("certificates/renew", json!({})),
        ("audit/review", json!({"seq": 0})),
        ("audit/verify", json!({})),
    ] {
        let reply = plant.post(&format!("/api/v1/{path}"), &body).await;
        assert_eq!(reply.problem(), (503, "LS-API-030".into()), "{path}");
    }
    let copy = plant.get("/api/v1/audit/export").await;
    assert_eq!(copy.problem(), (503, "LS-API-030".into()));

    assert!(plant.road.taken.lock().is_empty(), "nothing was written to a device");
    assert_eq!((plant.identity.account("jan"), folder.newest()), (None, 1));
    assert_eq!(plant.get("/api/v1/certificates").await.json(), listed);
    assert_eq!(plant.trail.status().entries, entries);
    let status = plant.get("/api/v1/audit/status").await.json();
    assert_eq!(status["state"], "full");
    assert_eq!(plant.audit("limit=1").await["entries"].as_array().unwrap().len(), 1);
    assert_eq!(plant.get(&format!("/api/v1/values?tag={tag}")).await.status, 200);
    let file = plant.get(&format!("/api/v1/plant/file?path={FIRST}")).await;
    assert_eq!(file.status, 200);
    let findings = plant.get("/api/v1/security").await.json()["findings"].clone();
    assert_eq!(
        (&findings[0]["code"], &findings[0]["severity"]),
        (&json!("trail-full"), &json!("bad"))
    );
}
