//! Certificates over HTTP: issued to accounts, taken back, renewed.

use lineshaft_audit::{Action, Outcome, Road};
use lineshaft_identity::{Grant, Kind};
use lineshaft_tls::parse_fingerprint;
use serde_json::{Value, json};

use crate::plant::{Options, Plant, certificates, plant_of};

/// A request for `CN=whatever`, made with `openssl req`.
const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIHOMHUCAQAwEzERMA8GA1UEAwwId2hhdGV2ZXIwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARag9YQyPU6Nwt3NNiyqIgFpF7xlnVveVqnvDLJGsk31fqjI5Io5rlz
dniOyE5t9IgTz5dQFEb3qEK/X3Z8yj0loAAwCgYIKoZIzj0EAwIDSQAwRgIhAOuy
TX/UFc2+L6fDRWl33zOLXAhETr2dMZHHevS4DX3nAiEAukIVezxf3urySQT/okmy
pjWAOTBX42IfXutYOOJC8hE=
-----END CERTIFICATE REQUEST-----
";

async fn stage() -> Plant {
    let plant = plant_of(Options { certificates: Some(certificates), ..Options::default() }).await;
    let new = json!({"account": "press-07", "full_name": "Press 7", "kind": "machine",
        "grants": [{"role": "operator"}]});
    assert_eq!(plant.post("/api/v1/accounts", &new).await.status, 200);
    plant
}

async fn listed(plant: &Plant) -> Vec<Value> {
    let list = plant.get("/api/v1/certificates").await.json();
    list["certificates"].as_array().unwrap().clone()
}

async fn issue(plant: &Plant, body: Value) -> Value {
    let reply = plant.post("/api/v1/certificates", &body).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(reply.headers["cache-control"], "no-store");
    reply.json()
}

/// Proves: CR 1.2, CR 1.5, CR 1.8, CR 2.8, P11-31.
#[tokio::test]
async fn a_certificate_stands_for_its_account_until_it_is_taken_back() {
    let plant = stage().await;
    let issued =
        issue(&plant, json!({"account": "press-07", "days": 30, "why": "new panel"})).await;
    assert!(issued["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(issued["key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    let name = issued["fingerprint"].as_str().unwrap();
    let fingerprint = parse_fingerprint(name).unwrap();
    let pass = plant.identity.by_certificate(&fingerprint, None, Road::Http).unwrap();
    assert_eq!((pass.kind(), &*pass.actor().name), (Kind::Certificate, "certificate:press-07"));
    let find =
        async || listed(&plant).await.into_iter().find(|line| line["fingerprint"] == name).unwrap();
    let line = find().await;
    assert_eq!((&line["account"], &line["revoked"]), (&json!("press-07"), &json!(false)));
    let key = issued["key"].as_str().unwrap().lines().nth(1).unwrap();
    let trail = format!("{:?}", plant.entries(0));
    assert!(
        !trail.contains(key) && trail.contains(name),
        "the key is in the answer and nowhere else"
    );

    let path = format!("/api/v1/certificates/{name}/revoke");
    let gone = plant.post(&path, &json!({"why": "panel scrapped"})).await.json();
    assert_eq!(gone["certificate"]["revoked"], true);
    assert!(!pass.is_live(), "what was open is closed");
    assert!(plant.identity.by_certificate(&fingerprint, None, Road::Http).is_err());
    let line = find().await;
    assert_eq!((&line["account"], &line["revoked"]), (&json!(null), &json!(true)));
    assert_eq!(
        plant.post(&path, &json!({"why": "again"})).await.status,
        200,
        "taken back is taken back"
    );

    let acts = plant.entries(0);
    let said: Vec<_> = acts
        .iter()
        .filter(|act| act.action.word().starts_with("certificate."))
        .map(|act| (act.action, act.result, act.why.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        said,
        [
            (Action::CertificateAdd, Outcome::Requested, "new panel"),
            (Action::CertificateAdd, Outcome::Done, "new panel"),
            (Action::CertificateRevoke, Outcome::Requested, "panel scrapped"),
            (Action::CertificateRevoke, Outcome::Done, "panel scrapped"),
            (Action::CertificateRevoke, Outcome::Requested, "again"),
            (Action::CertificateRevoke, Outcome::Done, "again"),
        ]
    );
}

/// Proves: CR 1.8.
#[tokio::test]
async fn a_request_is_signed_for_the_account_that_is_named_and_its_key_stays_where_it_is() {
    let plant = stage().await;
    let body = json!({"account": "press-07", "days": 30, "request": REQUEST, "why": "x"});
    let issued = issue(&plant, body).await;
    assert_eq!(issued["key"], json!(null));
    let lines = listed(&plant).await;
    let line = lines.iter().find(|line| line["fingerprint"] == issued["fingerprint"]).unwrap();
    assert_eq!((&line["account"], &line["subject"]), (&json!("press-07"), &json!("CN=press-07")));
}

/// Proves: CR 1.8, A16.
#[tokio::test]
async fn what_cannot_be_issued_or_revoked_is_refused() {
    let plant = stage().await;
    let ask = |days: u32, request: Option<&str>, account: &str| json!({"account": account, "days": days, "request": request, "why": "x"});
    for (body, wanted) in [
        (ask(0, None, "press-07"), (400, "LS-API-006", "days")),
        (ask(1_826, None, "press-07"), (400, "LS-API-006", "days")),
        (ask(30, Some("no request"), "press-07"), (400, "LS-API-006", "request")),
        (ask(30, None, "nobody-here"), (404, "LS-API-032", "account")),
        (
            json!({"account": "press-07", "days": 30, "authority": true}),
            (400, "LS-API-006", "authority"),
        ),
    ] {
        let reply = plant.post("/api/v1/certificates", &body).await;
        assert_eq!(reply.problem(), (wanted.0, wanted.1.into()), "{body}");
        assert_eq!(reply.json()["field"], wanted.2, "{body}");
    }
    let lines = listed(&plant).await;
    assert!(lines.iter().all(|line| line["purpose"] != "client"), "{lines:?}");
    for line in &lines {
        let path = format!("/api/v1/certificates/{}/revoke", line["fingerprint"].as_str().unwrap());
        let reply = plant.post(&path, &json!({"why": "x"})).await;
        assert_eq!(reply.problem(), (409, "LS-API-039".into()), "{line}");
    }
    let none = plant.post("/api/v1/certificates/zz/revoke", &json!({})).await;
    assert_eq!(none.problem(), (404, "LS-API-032".into()));
}

/// Proves: CR 2.1, A16.
#[tokio::test]
async fn nobody_makes_himself_a_certificate_of_somebody_who_may_more() {
    let plant = stage().await;
    let role =
        json!({"description": "", "rules": [{"permission": "change-certificates"}], "why": ""});
    let json_kind = [("content-type", "application/json")];
    let put = "PUT /api/v1/roles/issuer HTTP/1.1";
    assert_eq!(plant.ask(put, &json_kind, role.to_string().as_bytes()).await.status, 200);
    let issuer = plant.token("issuer", vec![Grant::everywhere("issuer")]).await;
    let bearer = format!("Bearer {issuer}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({"account": "press-07", "days": 30, "why": "mine"}).to_string();
    let reply = plant.ask("POST /api/v1/certificates HTTP/1.1", &headers, body.as_bytes()).await;
    assert_eq!(reply.problem(), (409, "LS-API-039".into()));
    let lines = listed(&plant).await;
    let clients: Vec<&Value> = lines.iter().filter(|line| line["purpose"] == "client").collect();
    assert!(clients.iter().all(|line| line["revoked"] == true && line["account"] == json!(null)));
    assert_eq!(plant.identity.account("press-07").unwrap().certificates, Vec::<String>::new());
}

/// Proves: CR 1.8.
#[tokio::test]
async fn the_authority_is_for_everybody_and_the_node_gets_a_new_certificate_on_demand() {
    let plant = stage().await;
    let nobody = [("authorization", "")];
    let authority = plant.ask("GET /api/v1/certificates/authority HTTP/1.1", &nobody, b"").await;
    assert_eq!(authority.headers["content-type"], "application/x-pem-file");
    let pem = String::from_utf8(authority.body).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE"), "{pem}");

    let server =
        |lines: Vec<Value>| lines.into_iter().find(|line| line["purpose"] == "server").unwrap();
    let before = server(listed(&plant).await);
    let renewed =
        plant.post("/api/v1/certificates/renew", &json!({"why": "key was seen"})).await.json();
    assert_ne!(renewed["fingerprint"], before["fingerprint"]);
    assert_eq!(server(listed(&plant).await)["fingerprint"], renewed["fingerprint"]);
    let entry =
        plant.entries(0).into_iter().rfind(|act| act.action == Action::CertificateRenew).unwrap();
    assert_eq!((entry.result, entry.new), (Outcome::Done, Some(renewed["fingerprint"].clone())));
}
