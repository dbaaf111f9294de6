//! Signatures over HTTP: a challenge, the signer's password, and whether they hold.

use std::sync::Arc;

use lineshaft_audit::{Action, Outcome};
use lineshaft_identity::Grant;
use lineshaft_runtime::Clock;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::folder::Folder;
use crate::person::Person;
use crate::plant::{Options, PASSWORD, Plant, plant_of};

/// Revision 2 is maria's.
async fn stage() -> (Plant, Arc<Folder>) {
    let folder = Folder::new(&Clock::real());
    let configuration: Arc<dyn lineshaft_contract::Configuration> = folder.clone();
    let plant =
        plant_of(Options { configuration: Some(configuration), ..Options::default() }).await;
    for name in ["maria", "ben"] {
        plant.person(name, vec![Grant::everywhere("engineer")]).await;
    }
    let file = json!({"path": "tags/x.csv", "text": "path\n"});
    let maria = Person::of(&plant, "maria").await;
    let changed = maria.post("plant/change", json!({"files": [file], "why": "new line"})).await;
    assert_eq!(changed.json()["revision"], 2);
    (plant, folder)
}

async fn challenge(who: &Person<'_>, meaning: &str) -> Reply {
    let body = json!({"kind": "revision", "record": 2, "meaning": meaning});
    who.post("signatures/challenge", body).await
}

/// Signs revision 2 with all that is asked for.
async fn sign(who: &Person<'_>, account: &str, meaning: &str) -> Reply {
    let challenge = challenge(who, meaning).await.json();
    let mut body =
        json!({"challenge": challenge["challenge"], "password": PASSWORD, "why": "checked"});
    if challenge["needs"].as_array().unwrap().contains(&json!("account")) {
        body["account"] = account.into();
    }
    who.post("signatures", body).await
}

fn refused(reply: &Reply) {
    assert_eq!(reply.problem(), (409, "LS-API-035".into()));
}

/// Proves: P11-33, P11-34.
#[tokio::test]
async fn a_signature_names_its_record_and_takes_all_components_first_and_the_password_afterwards() {
    let (plant, _) = stage().await;
    let (maria, ben) = (Person::of(&plant, "maria").await, Person::of(&plant, "ben").await);
    let shown = challenge(&ben, "approved").await.json();
    assert_eq!(shown["needs"], json!(["account", "password"]));
    let digest = ben.get("revisions/2").await.json()["digest"].clone();
    assert_eq!(shown["digest"], digest);
    let statement = shown["statement"].as_str().unwrap();
    for line in ["kind: revision\n", "record: 2\n", "name: Person ben\n", "meaning: approved\n"] {
        assert!(statement.contains(line), "{statement}");
    }
    let half = json!({"challenge": shown["challenge"], "password": PASSWORD, "why": ""});
    refused(&ben.post("signatures", half).await);

    let signed = sign(&ben, "ben", "approved").await;
    assert_eq!(signed.status, 200);
    let signed = signed.json();
    let said = (&signed["full_name"], &signed["meaning"], &signed["digest"], &signed["valid"]);
    assert_eq!(said, (&json!("Person ben"), &json!("approved"), &digest, &json!(true)));
    assert_eq!(ben.get("session").await.json()["signed_before"], true);
    assert_eq!(challenge(&ben, "reviewed").await.json()["needs"], json!(["password"]));
    assert_eq!(sign(&ben, "ben", "reviewed").await.status, 200);
    assert_eq!(sign(&maria, "maria", "authored").await.status, 200);

    let list = maria.get("signatures?kind=revision&id=2").await.json()["signatures"].clone();
    let meanings: Vec<&Value> =
        list.as_array().unwrap().iter().map(|one| &one["meaning"]).collect();
    assert_eq!(meanings, ["approved", "reviewed", "authored"]);
    assert_eq!(maria.get("revisions/2").await.json()["signatures"], list);
    let entry = plant.trail.entry(signed["seq"].as_u64().unwrap()).unwrap().unwrap().act;
    assert_eq!((entry.action, &*entry.object), (Action::Sign, "revision 2"));
    let new = entry.new.unwrap();
    assert_eq!((&new["meaning"], &new["name"]), (&json!("approved"), &json!("Person ben")));
    assert_eq!(entry.why.as_deref(), Some("checked"));
}

/// Proves: P11-29, P11-36, P11-37.
#[tokio::test]
async fn the_rules_of_signing_hold_whatever_is_tried() {
    let (plant, _) = stage().await;
    let (maria, ben) = (Person::of(&plant, "maria").await, Person::of(&plant, "ben").await);
    refused(&challenge(&maria, "approved").await);
    assert_eq!(sign(&ben, "ben", "reviewed").await.status, 200);
    refused(&challenge(&ben, "reviewed").await);

    let shown = challenge(&ben, "approved").await.json();
    let body = json!({"challenge": shown["challenge"], "password": "not the password", "why": ""});
    let wrong = ben.post("signatures", body.clone()).await;
    assert_eq!(wrong.problem(), (401, "LS-API-025".into()));
    let mut right = body;
    right["password"] = PASSWORD.into();
    refused(&ben.post("signatures", right).await); // used up by the wrong one
    let failed = plant.entries(0).into_iter().rfind(|act| act.action == Action::Sign).unwrap();
    assert_ne!(failed.result, Outcome::Done);

    let shown = challenge(&ben, "approved").await.json();
    let stolen = json!({"challenge": shown["challenge"], "account": "maria", "password": PASSWORD});
    refused(&maria.post("signatures", stolen).await); // in another session it is none

    let body = json!({"kind": "revision", "record": "2", "meaning": "reviewed"});
    refused(&plant.post("/api/v1/signatures/challenge", &body).await); // programs do not sign
    for (kind, record, wanted) in [
        ("revision", "99", (404, "LS-API-032")),
        ("revision", "../1", (404, "LS-API-032")),
        ("account", "1", (404, "LS-API-032")),
    ] {
        let body = json!({"kind": kind, "record": record, "meaning": "reviewed"});
        let reply = ben.post("signatures/challenge", body).await;
        assert_eq!(reply.problem(), (wanted.0, wanted.1.into()), "{kind} {record}");
    }
    let body = json!({"kind": "revision", "record": "2", "meaning": "seen"});
    assert_eq!(ben.post("signatures/challenge", body).await.problem(), (400, "LS-API-006".into()));
    let other = ben.get("signatures?kind=batch&id=1").await;
    assert_eq!(other.problem(), (400, "LS-API-001".into()));
}

/// Proves: P11-35, P11-38.
#[tokio::test]
async fn a_signature_does_not_hold_for_a_record_that_was_changed_under_it() {
    let (plant, folder) = stage().await;
    let ben = Person::of(&plant, "ben").await;
    let shown = challenge(&ben, "approved").await.json();
    assert_eq!(sign(&ben, "ben", "reviewed").await.status, 200);
    folder.tamper(2);
    let list = ben.get("signatures?kind=revision&id=2").await.json()["signatures"].clone();
    assert_eq!(list[0]["valid"], false);
    assert!(list[0]["invalid_why"].as_str().unwrap().contains("changed"), "{list}");
    let late = json!({"challenge": shown["challenge"], "password": PASSWORD, "why": ""});
    refused(&ben.post("signatures", late).await); // what he was shown is not what is there
    let one = ben.get("signatures?kind=revision&id=1").await.json();
    assert_eq!(one, json!({"signatures": []}));
}
