//! The plant folder over HTTP: reading it, changing it, going back, and two persons for a change.

use std::sync::Arc;

use lineshaft_audit::{Act, Action, Outcome};
use lineshaft_identity::Grant;
use lineshaft_runtime::Clock;
use serde_json::{Value, json};

use crate::folder::{FIRST, FIRST_TEXT, Folder, sha256};
use crate::person::Person;
use crate::plant::{Options, Plant, plant, plant_of};

async fn stage(folder: fn(Arc<Folder>) -> Arc<Folder>) -> (Plant, Arc<Folder>) {
    let folder = folder(Folder::new(&Clock::real()));
    let configuration: Arc<dyn lineshaft_contract::Configuration> = folder.clone();
    let plant =
        plant_of(Options { configuration: Some(configuration), ..Options::default() }).await;
    plant.person("maria", vec![Grant::everywhere("engineer"), Grant::everywhere("admin")]).await;
    plant.person("ben", vec![Grant::everywhere("engineer")]).await;
    (plant, folder)
}

fn plant_acts(plant: &Plant) -> Vec<Act> {
    let mut acts = plant.entries(0);
    acts.retain(|act| act.action.word().starts_with("plant."));
    acts
}

fn words(acts: &[Act]) -> Vec<(&str, Outcome, &str)> {
    acts.iter().map(|act| (act.action.word(), act.result, act.object.as_str())).collect()
}

fn new_file(path: &str, text: &str) -> Value {
    json!({"files": [{"path": path, "text": text, "base": null}], "why": "new line"})
}

/// Proves: P11-18.
#[tokio::test]
async fn a_change_is_entered_before_and_after_with_digests_and_never_with_content() {
    let (plant, _) = stage(|folder| folder).await;
    let maria = Person::of(&plant, "maria").await;
    let files = maria.get("plant/files").await.json();
    assert_eq!((&files["revision"], &files["files"][0]["path"]), (&json!(1), &json!(FIRST)));
    let file = maria.get(&format!("plant/file?path={FIRST}")).await.json();
    assert_eq!(
        (&file["text"], &file["sha256"]),
        (&json!(FIRST_TEXT), &json!(sha256(FIRST_TEXT.as_bytes())))
    );

    let before = maria.get("revisions/1").await.json()["digest"].clone();
    let changed =
        maria.post("plant/change", new_file("tags/secret.csv", "path,note\na,hush\n")).await;
    assert_eq!(changed.status, 200);
    let changed = changed.json();
    assert_eq!((&changed["revision"], changed.get("proposal")), (&json!(2), None));
    let difference = &changed["difference"]["files"][0];
    assert_eq!(
        (&difference["path"], &difference["change"]),
        (&json!("tags/secret.csv"), &json!("added"))
    );
    assert_eq!(difference["hunks"][0]["lines"][1], json!({"kind": "+", "text": "a,hush"}));

    let acts = plant_acts(&plant);
    let wanted = [
        ("plant.change", Outcome::Requested, "plant folder"),
        ("plant.change", Outcome::Done, "revision 2"),
    ];
    assert_eq!(words(&acts), wanted);
    let digest = maria.get("revisions/2").await.json()["digest"].clone();
    assert_eq!(acts[0].new, Some(json!({"files": ["tags/secret.csv"]})));
    assert_eq!(acts[1].old, Some(json!({"revision": 1, "digest": before})));
    let new = json!({"revision": 2, "digest": digest, "files": ["tags/secret.csv"]});
    assert_eq!(acts[1].new, Some(new));
    assert_eq!((acts[1].why.as_deref(), &*acts[1].who.name), (Some("new line"), "maria"));
    assert!(acts[1].detail.as_deref().unwrap().starts_with("entry "));
    assert!(!format!("{acts:?}").contains("hush"), "content stays in the revisions");

    let edit = json!({"edits": [{"path": FIRST, "set": [{"key": ["node", "name"], "value": "edge-2"}]}], "why": ""});
    assert_eq!(maria.post("plant/change", edit).await.json()["revision"], 3);
    let now = maria.get(&format!("plant/file?path={FIRST}")).await.json();
    assert_eq!(now["text"], "[node]\nname = \"edge-2\"\n");
    let then = maria.get(&format!("plant/file?path={FIRST}&revision=1")).await.json();
    assert_eq!(then["text"], FIRST_TEXT);
}

/// Proves: A05, A16, CR 3.5.
#[tokio::test]
async fn a_change_that_cannot_be_is_refused_whole_and_says_why() {
    let (plant, folder) = stage(|folder| folder).await;
    let maria = Person::of(&plant, "maria").await;
    let file = |path: &str, text: Value, base: Value| json!({"files": [{"path": path, "text": text, "base": base}], "why": "x"});
    for (body, wanted) in [
        (file("../../etc/cron.d/x", json!("x"), json!(null)), (422, "LS-API-034")),
        (file("/etc/passwd", json!("x"), json!(null)), (422, "LS-API-034")),
        (file("tags/../../x", json!("x"), json!(null)), (422, "LS-API-034")),
        (file("a.toml", json!("ok = 1\nbroken\n"), json!(null)), (422, "LS-API-034")),
        (file(FIRST, json!("x = 1"), json!(null)), (409, "LS-API-033")),
        (file(FIRST, json!("x = 1"), json!(sha256(b"old"))), (409, "LS-API-033")),
        (json!({"edits": [{"path": "none.toml", "remove": [["a"]]}]}), (404, "LS-API-032")),
        (json!({"files": [{"path": FIRST}]}), (400, "LS-API-006")),
        (json!({"files": [{"path": FIRST, "text": null, "mode": "0777"}]}), (400, "LS-API-006")),
        (
            json!({"edits": [{"path": FIRST, "set": [{"key": "name", "value": 1}]}]}),
            (400, "LS-API-006"),
        ),
        (json!({"why": "x".repeat(1_001)}), (400, "LS-API-006")),
    ] {
        let reply = maria.post("plant/change", body.clone()).await;
        assert_eq!(reply.problem(), (wanted.0, wanted.1.into()), "{body}");
    }
    assert_eq!(folder.newest(), 1);
    let broken =
        maria.post("plant/change", file("a.toml", json!("ok = 1\nbroken\n"), json!(null))).await;
    let mistake = json!({"file": "a.toml", "line": 2, "column": 1, "code": "LS-CFG-001",
        "what": "this is no TOML", "help": "write `key = value`"});
    assert_eq!(broken.json()["mistakes"], json!([mistake]));
    let last = plant_acts(&plant).pop().unwrap();
    assert_eq!((last.action, last.result), (Action::PlantRefuse, Outcome::Refused));
    assert!(last.detail.unwrap().contains("a.toml:2:1"));
    let long = "x".repeat(2 * 1024 * 1024);
    let large = maria.post("plant/change", file("tags/large.csv", json!(long), json!(null))).await;
    assert_eq!(large.status, 200, "a table of many tags");
    let longer = "x".repeat(9 * 1024 * 1024);
    let longer = maria.post("plant/change", file("tags/l.csv", json!(longer), json!(null))).await;
    assert_eq!(longer.problem(), (413, "LS-API-005".into()));
    let many: Vec<Value> =
        (0..1_001).map(|n| json!({"path": format!("{n}.csv"), "text": ""})).collect();
    let many = maria.post("plant/change", json!({"files": many})).await;
    assert_eq!(many.problem(), (400, "LS-API-006".into()));
}

#[tokio::test]
async fn a_check_says_what_would_happen_and_leaves_nothing_behind() {
    let (plant, folder) = stage(|folder| folder).await;
    let maria = Person::of(&plant, "maria").await;
    let before = plant.trail.status().entries;
    let mut body = new_file("tags/x.csv", "path\n");
    body["check_only"] = true.into();
    let checked = maria.post("plant/change", body).await;
    assert_eq!(checked.status, 200);
    let checked = checked.json();
    assert_eq!((checked.get("revision"), checked.get("proposal")), (None, None));
    assert_eq!(checked["difference"]["files"][0]["path"], "tags/x.csv");
    let mut body = new_file("tags/x.csv", "broken\n");
    body["check_only"] = true.into();
    assert_eq!(maria.post("plant/change", body).await.problem(), (422, "LS-API-034".into()));
    assert_eq!((folder.newest(), plant.trail.status().entries), (1, before));
}

#[tokio::test]
async fn every_state_can_be_looked_at_compared_and_taken_up_again() {
    let (plant, _) = stage(|folder| folder).await;
    let maria = Person::of(&plant, "maria").await;
    for n in 2..=5 {
        maria.post("plant/change", new_file(&format!("tags/{n}.csv"), "path\n")).await;
    }
    let page = maria.get("revisions?limit=2").await.json();
    let ids = |page: &Value| -> Vec<u64> {
        page["revisions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!((ids(&page), &page["next"]), (vec![5, 4], &json!(4)));
    let page = maria.get("revisions?limit=9&after=4").await.json();
    assert_eq!((ids(&page), &page["next"]), (vec![3, 2, 1], &json!(null)));
    let files = |difference: &Value| difference["files"].as_array().unwrap().len();
    assert_eq!(files(&maria.get("revisions/5/difference").await.json()), 1);
    assert_eq!(files(&maria.get("revisions/5/difference?to=2").await.json()), 3);
    assert_eq!(files(&maria.get("revisions/1/difference").await.json()), 1, "all of it is new");

    let back = maria.post("revisions/2/roll-back", json!({"why": "it leaks"})).await.json();
    assert_eq!(back["revision"], 6);
    let six = maria.get("revisions/6").await.json();
    let two = maria.get("revisions/2").await.json();
    assert_eq!((&six["rolled_back_to"], &six["digest"]), (&json!(2), &two["digest"]));
    assert_eq!((&six["file_list"], &six["road"]), (&two["file_list"], &json!("http")));
    let last = plant_acts(&plant).pop().unwrap();
    assert_eq!((last.action, &*last.object), (Action::PlantRollBack, "revision 6"));
    assert_eq!(last.new.unwrap()["back_to"], 2);
    let again = maria.post("revisions/2/roll-back", json!({"why": "again"})).await.json();
    assert_eq!(again["revision"], 6, "nothing was different");

    for path in [
        "revisions/99",
        "revisions/x",
        "revisions/-1",
        "revisions/99/difference",
        "revisions/1/difference?to=99",
        "plant/file?path=none.toml",
        "plant/file?path=../x",
    ] {
        let reply = maria.get(path).await;
        assert_eq!(reply.problem(), (404, "LS-API-032".into()), "{path}");
    }
}

/// Proves: P11-29.
#[tokio::test]
async fn under_four_eyes_a_change_waits_and_nobody_approves_his_own() {
    let (plant, folder) = stage(Folder::four_eyes).await;
    let (maria, ben) = (Person::of(&plant, "maria").await, Person::of(&plant, "ben").await);
    assert_eq!(maria.get("session").await.json()["four_eyes"], true);
    let token = json!({"name": "deploy", "grants": [{"role": "engineer"}], "why": "x"});
    let token = maria.post("tokens", token).await.json()["secret"].as_str().unwrap().to_owned();

    let waits = maria.post("plant/change", new_file("tags/x.csv", "path\n")).await;
    assert_eq!((waits.status, &waits.json()["proposal"]), (202, &json!(1)));
    assert_eq!((waits.json().get("revision"), folder.newest()), (None, 1));
    let listed = ben.get("proposals").await.json()["proposals"][0].clone();
    assert_eq!((&listed["who"], &listed["decision"]), (&json!("maria"), &json!(null)));
    assert_eq!(listed["difference"]["files"][0]["path"], "tags/x.csv");

    let own = maria.post("proposals/1/approve", json!({"why": "fine"})).await;
    assert_eq!(own.problem(), (409, "LS-API-039".into()));
    let bearer = format!("Bearer {token}");
    let as_token = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let line = "POST /api/v1/proposals/1/approve HTTP/1.1";
    let by_token = plant.ask(line, &as_token, br#"{"why":"fine"}"#).await;
    assert_eq!(by_token.problem(), (409, "LS-API-039".into()), "her token is she");
    assert_eq!(folder.newest(), 1);

    let applied = ben.post("proposals/1/approve", json!({"why": "checked on site"})).await;
    assert_eq!((applied.status, &applied.json()["revision"]), (200, &json!(2)));
    let again = ben.post("proposals/1/approve", json!({"why": ""})).await;
    assert_eq!(again.problem(), (409, "LS-API-039".into()));
    let decision = ben.get("proposals").await.json()["proposals"][0]["decision"].clone();
    assert_eq!((&decision["who"], &decision["revision"]), (&json!("ben"), &json!(2)));

    let back = ben.post("revisions/1/roll-back", json!({"why": "not yet"})).await;
    assert_eq!((back.status, &back.json()["proposal"]), (202, &json!(2)));
    let rejected = maria.post("proposals/2/reject", json!({"why": "we need it"})).await.json();
    assert_eq!((&rejected["state"], &rejected["rolled_back_to"]), (&json!("rejected"), &json!(1)));
    let none = maria.post("proposals/9/reject", json!({"why": ""})).await;
    assert_eq!(none.problem(), (404, "LS-API-032".into()));

    let acts = plant_acts(&plant);
    let outcomes: Vec<_> =
        words(&acts).into_iter().filter(|(_, result, _)| *result != Outcome::Requested).collect();
    assert_eq!(
        outcomes,
        [
            ("plant.propose", Outcome::Done, "proposal 1"),
            ("plant.approve", Outcome::Refused, "proposal 1"),
            ("plant.approve", Outcome::Refused, "proposal 1"),
            ("plant.approve", Outcome::Done, "proposal 1"),
            ("plant.approve", Outcome::Refused, "proposal 1"),
            ("plant.propose", Outcome::Done, "proposal 2"),
            ("plant.reject", Outcome::Done, "proposal 2"),
            ("plant.reject", Outcome::Refused, "proposal 9"),
        ]
    );
    // A program's wish to approve is refused before it is one.
    assert_eq!(acts.len(), 2 * outcomes.len() - 1, "each other with its wish before it");
}

#[tokio::test]
async fn nobody_approves_a_change_by_not_saying_who_he_is() {
    let (plant, folder) = stage(Folder::four_eyes).await;
    let mut open = lineshaft_identity::Policy::clone(&plant.identity.policy());
    open.anonymous = Some("engineer".into());
    plant.identity.set_policy(open);
    let maria = Person::of(&plant, "maria").await;
    let waits = maria.post("plant/change", new_file("tags/x.csv", "path\n")).await;
    assert_eq!(waits.status, 202);
    let nobody = [("authorization", ""), ("content-type", "application/json")];
    let approve = "POST /api/v1/proposals/1/approve HTTP/1.1";
    let reply = plant.ask(approve, &nobody, br#"{"why":"it was not me"}"#).await;
    assert_eq!(reply.problem(), (401, "LS-API-023".into()));
    assert_eq!(folder.newest(), 1);
}

#[tokio::test]
async fn a_node_without_a_plant_folder_says_so() {
    let plant = plant().await;
    for path in
        ["revisions", "revisions/1", "plant/files", "proposals", "signatures?kind=revision&id=1"]
    {
        let reply = plant.get(&format!("/api/v1/{path}")).await;
        assert_eq!(reply.problem(), (404, "LS-API-032".into()), "{path}");
    }
    for path in ["plant/change", "revisions/1/roll-back", "proposals/1/approve"] {
        let reply = plant.post(&format!("/api/v1/{path}"), &json!({"why": "x"})).await;
        assert_eq!(reply.problem(), (404, "LS-API-032".into()), "{path}");
    }
    assert_eq!(plant_acts(&plant), []);
    for path in ["certificates", "certificates/authority"] {
        let reply = plant.get(&format!("/api/v1/{path}")).await;
        assert_eq!(reply.problem(), (404, "LS-API-032".into()), "{path}");
    }
}
