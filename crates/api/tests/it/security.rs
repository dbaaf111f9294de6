//! The security posture over HTTP.

use lineshaft_identity::{Grant, LockoutPolicy, Policy};
use serde_json::{Value, json};

use crate::plant::{Options, Plant, certificates, plant_of, policy};

async fn posture(plant: &Plant) -> Value {
    plant.get("/api/v1/security").await.json()
}

fn finding<'a>(posture: &'a Value, code: &str) -> Option<&'a Value> {
    posture["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == code)
}

/// Proves: CR 3.3, CR 6.2, CR 7.6.
#[tokio::test]
async fn the_posture_says_what_is_on_what_is_not_and_what_to_do() {
    let lockout = LockoutPolicy { attempts: 2, ..LockoutPolicy::default() };
    let policy = Policy { lockout, anonymous: Some("viewer".into()), ..policy() };
    let plant = plant_of(Options {
        policy: Some(policy),
        certificates: Some(certificates),
        ..Options::default()
    })
    .await;
    let bare = posture(&plant).await;
    let address = plant.address.to_string();
    let listener = json!({"address": address, "road": "http", "tls": false, "reach": "loopback"});
    assert_eq!((&bare["listeners"], &bare["insecure"]), (&json!([listener]), &json!([])));
    for code in ["no-admin", "anonymous"] {
        assert_eq!(finding(&bare, code).unwrap()["severity"], "warn", "{code}");
    }
    for code in ["loopback", "trail"] {
        assert_eq!(finding(&bare, code).unwrap()["severity"], "ok", "{code}");
    }
    assert!(bare["certificates"].as_array().unwrap().len() >= 2, "authority and server");

    plant.person("maria", vec![Grant::everywhere("admin")]).await;
    plant.person("jan", vec![Grant::everywhere("viewer")]).await;
    for _ in 0..3 {
        let wrong = json!({"account": "jan", "password": "not the password at all"});
        plant.post("/api/v1/session", &wrong).await;
    }
    let lived = posture(&plant).await;
    assert_eq!(finding(&lived, "no-admin"), None);
    let factor = finding(&lived, "no-second-factor").unwrap();
    assert!(factor["what"].as_str().unwrap().ends_with(": maria"), "who may little is not named");
    assert!(factor["remedy"].as_str().unwrap().contains("second_factor"));
    assert!(finding(&lived, "locked-accounts").unwrap()["what"].as_str().unwrap().contains("jan"));
    let counts = &lived["accounts"];
    assert_eq!(
        (&counts["people"], &counts["without_factor"], &counts["locked"]),
        (&json!(2), &json!(2), &json!(1))
    );
    assert_eq!((&counts["tokens"], &counts["machines"]), (&json!(1), &json!(0)));
    let severities: Vec<&str> = lived["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["severity"].as_str().unwrap())
        .collect();
    let rank = |word: &str| ["bad", "warn", "ok"].iter().position(|one| *one == word).unwrap();
    assert!(severities.is_sorted_by_key(|word| rank(word)), "worst first: {severities:?}");
}

#[tokio::test]
async fn a_misspelt_role_in_the_policy_is_a_bad_finding_and_no_silence() {
    let policy = Policy {
        anonymous: Some("viewr".into()),
        second_factor: vec!["admin".into(), "admn".into()],
        ..policy()
    };
    let plant = plant_of(Options { policy: Some(policy), ..Options::default() }).await;
    let page = posture(&plant).await;
    let found: Vec<&Value> = page["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "unknown-role")
        .collect();
    let said: Vec<&str> = found.iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(
        said,
        [
            "there is no role `viewr`; `[security] anonymous` asks for it",
            "there is no role `admn`; `[security] second_factor` asks for it",
        ]
    );
    assert!(found.iter().all(|finding| finding["severity"] == "bad"));
    assert_eq!(finding(&page, "anonymous"), None, "nobody has it");
}
