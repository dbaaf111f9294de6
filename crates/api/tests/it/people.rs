//! Logging in and out, one's own account, the accounts of others, roles, tokens, sessions.

use lineshaft_audit::{Act, Action, Outcome};
use lineshaft_identity::{Grant, Policy};
use ring::hmac;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::plant::{LINE, Options, PASSWORD, Plant, plant, plant_of, policy};

/// A browser with its cookie.
struct Browser<'a> {
    plant: &'a Plant,
    cookie: String,
}

impl<'a> Browser<'a> {
    fn new(plant: &'a Plant) -> Browser<'a> {
        Browser { plant, cookie: String::new() }
    }

    async fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let mut headers = vec![("cookie", self.cookie.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let line = format!("{method} /api/v1/{path} HTTP/1.1");
        let reply = self.plant.ask(&line, &headers, body.as_bytes()).await;
        if let Some(set) = reply.headers.get("set-cookie") {
            self.cookie = set.split(';').next().unwrap().to_owned();
        }
        reply
    }

    async fn log_in(&mut self, account: &str, password: &str) -> Reply {
        self.ask("POST", "session", Some(json!({"account": account, "password": password}))).await
    }

    async fn state(&mut self) -> String {
        self.ask("GET", "session", None).await.json()["state"].as_str().unwrap().to_owned()
    }
}

/// The last entry of an action.
#[track_caller]
fn last(plant: &Plant, action: Action) -> Act {
    let acts = plant.entries(0);
    acts.into_iter().rfind(|act| act.action == action).expect("an entry")
}

/// Proves: A04.
#[tokio::test]
async fn the_first_admin_is_made_with_the_link_and_only_once() {
    let plant = plant().await;
    let mut browser = Browser::new(&plant);
    let before = browser.ask("GET", "session", None).await.json();
    assert_eq!((&before["state"], &before["kind"]), (&json!("setup"), &json!("nobody")));
    assert_eq!(before["banner"], "Authorised use only");
    let secret = plant.identity.setup_secret().unwrap();
    let person = |secret: &str, password: &str| {
        Some(json!({"secret": secret, "account": "maria", "full_name": "Maria Vos",
            "password": password}))
    };
    let wrong = browser.ask("POST", "setup", person("guess", PASSWORD)).await;
    assert_eq!(wrong.problem(), (403, "LS-API-037".into()));
    let weak = browser.ask("POST", "setup", person(&secret, "password1234")).await;
    assert_eq!(weak.problem(), (422, "LS-API-027".into()));
    assert!(!weak.json()["reasons"].as_array().unwrap().is_empty());

    let done = browser.ask("POST", "setup", person(&secret, PASSWORD)).await;
    assert_eq!(done.status, 200);
    let page = done.json();
    assert_eq!((&page["state"], &page["account"]), (&json!("live"), &json!("maria")));
    assert!(page["permissions"].as_array().unwrap().len() > 10);
    assert_eq!(browser.ask("GET", "accounts", None).await.status, 200);
    // The refused one may come to the trail behind it: nobody waits for its entry.
    let made = |act: &Act| act.action == Action::Setup && act.result == Outcome::Done;
    assert_eq!(plant.entries(0).into_iter().find(made).expect("an entry").object, "maria");
    let again = Browser::new(&plant).ask("POST", "setup", person(&secret, PASSWORD)).await;
    assert_eq!(again.problem(), (403, "LS-API-037".into()));
}

/// Proves: CR 1.10, CR 3.8.
#[tokio::test]
async fn a_login_sets_a_cookie_that_scripts_cannot_read_and_logging_out_takes_it_away() {
    let plant = plant().await;
    plant.person("maria", vec![Grant::everywhere("operator")]).await;
    let mut browser = Browser::new(&plant);
    let wrong = browser.log_in("maria", "not the password at all").await;
    assert_eq!(wrong.problem(), (401, "LS-API-025".into()));
    let unknown = browser.log_in("nobody-here", "not the password at all").await;
    assert_eq!(unknown.problem(), (401, "LS-API-025".into()));
    assert_eq!(wrong.json()["detail"], unknown.json()["detail"], "names cannot be tried out");

    let reply = browser.log_in("maria", PASSWORD).await;
    let set = &reply.headers["set-cookie"];
    assert!(set.starts_with("lineshaft_session="), "{set}");
    assert!(set.contains("; HttpOnly; SameSite=Strict") && !set.contains("Secure"), "{set}");
    assert_eq!(reply.headers["cache-control"], "no-store");
    let secret = browser.cookie.split_once('=').unwrap().1.to_owned();
    let body = String::from_utf8(reply.body.clone()).unwrap();
    assert!(!body.contains(&secret), "the secret is in the cookie and nowhere else");
    assert_eq!(reply.json()["notices"].as_array().unwrap().len(), 1, "one failed attempt");

    assert_eq!(browser.state().await, "live");
    let out = browser.ask("DELETE", "session", None).await;
    assert!(out.headers["set-cookie"].contains("Max-Age=0"));
    browser.cookie = format!("lineshaft_session={secret}");
    assert_eq!(browser.ask("GET", "tags", None).await.problem(), (401, "LS-API-023".into()));
    assert_eq!(
        browser.state().await,
        "setup",
        "a stale cookie is no obstacle where all are let in"
    );
    assert_eq!(browser.log_in("maria", PASSWORD).await.status, 200);
}

/// Proves: CR 3.8.
#[tokio::test]
async fn logging_in_again_ends_the_session_that_was_open() {
    let plant = plant().await;
    plant.person("maria", vec![]).await;
    let mut browser = Browser::new(&plant);
    browser.log_in("maria", PASSWORD).await;
    let first = browser.cookie.clone();
    browser.log_in("maria", PASSWORD).await;
    assert_ne!(browser.cookie, first);
    assert_eq!(plant.identity.sessions().len(), 1);
}

/// Proves: CR 2.5.
#[tokio::test]
async fn a_locked_session_looks_on_and_its_password_opens_it() {
    let plant = plant().await;
    plant.person("maria", vec![Grant::everywhere("operator")]).await;
    let mut browser = Browser::new(&plant);
    browser.log_in("maria", PASSWORD).await;
    assert_eq!(browser.ask("POST", "session/lock", None).await.json()["state"], "locked");
    assert_eq!(browser.ask("GET", "tags", None).await.status, 200);
    let write = json!({"tag": format!("{LINE}/filler/speed"), "value": 1});
    let refused = browser.ask("POST", "write", Some(write)).await;
    assert_eq!(refused.problem(), (423, "LS-API-028".into()));
    let wrong = browser.ask("POST", "session/unlock", Some(json!({"password": "wrong one"}))).await;
    assert_eq!(wrong.problem(), (401, "LS-API-025".into()));
    let open = browser.ask("POST", "session/unlock", Some(json!({"password": PASSWORD}))).await;
    assert_eq!(open.json()["state"], "live");
    assert_eq!(last(&plant, Action::SessionUnlock).result, Outcome::Done);
}

#[tokio::test]
async fn a_first_password_must_be_changed_before_anything_else() {
    let plant = plant().await;
    let new = json!({"account": "jan", "full_name": "Jan de Wit", "why": "new shift",
        "password": "a first password for one day", "grants": [{"role": "viewer", "under": [""]}]});
    let made = plant.post("/api/v1/accounts", &new).await;
    assert_eq!((made.status, &made.json()["password_due"]), (200, &json!(true)));
    let entry = last(&plant, Action::AccountCreate);
    assert_eq!((entry.object.as_str(), entry.why.as_deref()), ("jan", Some("new shift")));

    let mut browser = Browser::new(&plant);
    let entered = browser.log_in("jan", "a first password for one day").await;
    assert_eq!(entered.json()["state"], "password-due");
    assert_eq!(browser.ask("GET", "tags", None).await.problem(), (403, "LS-API-029".into()));
    let change = |new: &str| Some(json!({"old": "a first password for one day", "new": new}));
    let weak = browser.ask("POST", "account/password", change("qwertyuiop12")).await;
    assert_eq!(weak.problem(), (422, "LS-API-027".into()));
    assert_eq!(browser.ask("POST", "account/password", change(PASSWORD)).await.json(), json!({}));
    assert_eq!(browser.state().await, "live");
    assert_eq!(browser.ask("GET", "tags", None).await.status, 200);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_from_its_first_code_on() {
    let plant = plant().await;
    plant.person("maria", vec![]).await;
    let mut browser = Browser::new(&plant);
    browser.log_in("maria", PASSWORD).await;
    let enrolment =
        browser.ask("POST", "account/factor", Some(json!({"password": PASSWORD}))).await.json();
    assert!(enrolment["uri"].as_str().unwrap().starts_with("otpauth://totp/"));
    let rows = enrolment["qr"].as_array().unwrap();
    assert!(rows.iter().all(|row| row.as_str().unwrap().len() == rows.len()));
    let wrong = browser.ask("PUT", "account/factor", Some(json!({"code": "000000"}))).await;
    assert_eq!(wrong.problem(), (401, "LS-API-025".into()));

    let code = code_of(enrolment["secret"].as_str().unwrap(), &plant);
    let done = browser.ask("PUT", "account/factor", Some(json!({"code": code}))).await.json();
    assert_eq!(done["recovery_codes"].as_array().unwrap().len(), 8);
    let asked = Browser::new(&plant).log_in("maria", PASSWORD).await;
    assert_eq!(asked.problem(), (401, "LS-API-026".into()));
    let recovery = done["recovery_codes"][0].clone();
    let body = json!({"account": "maria", "password": PASSWORD, "code": recovery});
    let mut other = Browser::new(&plant);
    assert_eq!(other.ask("POST", "session", Some(body.clone())).await.status, 200);
    let again = Browser::new(&plant).ask("POST", "session", Some(body)).await;
    assert_eq!(again.problem(), (401, "LS-API-025".into()), "a recovery code opens once");

    let reply = plant.ask(
        "DELETE /api/v1/accounts/maria/factor HTTP/1.1",
        &[("content-type", "application/json")],
        br#"{"why":"phone lost"}"#,
    );
    assert_eq!(reply.await.json()["factor"], false);
    assert_eq!(last(&plant, Action::FactorRemove).why.as_deref(), Some("phone lost"));
}

/// What an authenticator app shows: RFC 6238 with SHA-1, six digits, 30 s; RFC 4648 for the secret.
fn code_of(secret: &str, plant: &Plant) -> String {
    let (mut key, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in secret.bytes().filter(u8::is_ascii_alphanumeric) {
        let five = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter);
        bits = (bits << 5) | u32::try_from(five.unwrap()).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            key.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    let step = u64::try_from(plant.clock.now().millis()).unwrap() / 30_000;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(mac.as_ref()[19] & 0xf);
    let four: [u8; 4] = mac.as_ref()[at..at + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

/// Proves: CR 1.4, P11-04.
#[tokio::test]
async fn accounts_are_changed_one_member_at_a_time_and_never_deleted() {
    let plant = plant().await;
    plant.person("jan", vec![Grant::everywhere("viewer")]).await;
    let patch = async |body: Value| {
        let json = [("content-type", "application/json")];
        let line = "PATCH /api/v1/accounts/jan HTTP/1.1";
        plant.ask(line, &json, body.to_string().as_bytes()).await
    };
    let grants = json!([{"role": "operator", "under": [LINE]}]);
    let changed = patch(json!({"grants": grants, "why": "moved"})).await.json();
    assert_eq!((&changed["grants"], &changed["full_name"]), (&grants, &json!("Person jan")));
    let later = plant.clock.now().millis() + 86_400_000;
    assert_eq!(patch(json!({"expires_ms": later})).await.json()["expires_ms"], later);
    assert_eq!(patch(json!({"full_name": "Jan"})).await.json()["expires_ms"], later);
    assert_eq!(patch(json!({"expires_ms": null})).await.json()["expires_ms"], json!(null));
    assert_eq!(patch(json!({"enabled": false})).await.json()["enabled"], false);

    let past = patch(json!({"expires_ms": 1})).await;
    assert_eq!(
        (past.problem(), &past.json()["field"]),
        ((400, "LS-API-006".into()), &json!("expires_ms"))
    );
    let field = patch(json!({"admin": true})).await;
    assert_eq!((field.problem().1, &field.json()["field"]), ("LS-API-006".into(), &json!("admin")));
    let role = patch(json!({"grants": [{"role": "king"}]})).await;
    assert_eq!(role.problem(), (404, "LS-API-032".into()));
    let taken = json!({"account": "JAN", "full_name": "Jan", "kind": "machine", "grants": []});
    let taken = plant.post("/api/v1/accounts", &taken).await;
    assert_eq!(taken.problem(), (409, "LS-API-033".into()), "names differ in more than case");
    let gone = plant.ask("DELETE /api/v1/accounts/jan HTTP/1.1", &[], b"").await;
    assert_eq!(gone.problem().0, 405);
}

#[tokio::test]
async fn nobody_hands_out_more_than_he_has_and_the_last_admin_stays() {
    let plant = plant().await;
    plant.person("maria", vec![Grant::everywhere("admin")]).await;
    let role = json!({"description": "Makes accounts", "why": "",
        "rules": [{"permission": "change-accounts"}, {"permission": "read-plant"}]});
    let json = [("content-type", "application/json")];
    let put = "PUT /api/v1/roles/gate-keeper HTTP/1.1";
    assert_eq!(plant.ask(put, &json, role.to_string().as_bytes()).await.status, 200);
    let keeper = plant.token("keeper", vec![Grant::everywhere("gate-keeper")]).await;
    let bearer = format!("Bearer {keeper}");
    let as_keeper = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for (role, status) in [("admin", 409), ("viewer", 409), ("gate-keeper", 200)] {
        let token = json!({"name": format!("t-{role}"), "grants": [{"role": role}]});
        let line = "POST /api/v1/tokens HTTP/1.1";
        let reply = plant.ask(line, &as_keeper, token.to_string().as_bytes()).await;
        assert_eq!(reply.status, status, "{role}");
    }
    let disable = br#"{"enabled":false}"#;
    let reply = plant.ask("PATCH /api/v1/accounts/maria HTTP/1.1", &json, disable).await;
    assert_eq!(reply.problem(), (409, "LS-API-039".into()));
    let built_in = plant.ask("DELETE /api/v1/roles/viewer HTTP/1.1", &json, b"{}").await;
    assert_eq!(built_in.problem(), (409, "LS-API-039".into()));
}

#[tokio::test]
async fn a_name_longer_than_any_can_be_is_refused_and_gets_no_entry() {
    let plant = plant().await;
    let json = [("content-type", "application/json")];
    let role = json!({"description": "", "rules": [], "why": ""}).to_string();
    let before = plant.trail.status().entries;
    for (length, code) in [(65, "LS-API-006"), (256, "LS-API-006"), (257, "LS-API-001")] {
        let name = "r".repeat(length);
        for (line, body) in [
            (format!("DELETE /api/v1/roles/{name} HTTP/1.1"), "{}"),
            (format!("PUT /api/v1/roles/{name} HTTP/1.1"), role.as_str()),
        ] {
            let reply = plant.ask(&line, &json, body.as_bytes()).await;
            assert_eq!(reply.problem(), (400, code.into()), "{line}");
        }
    }
    let name = "a".repeat(60_000);
    for line in [
        format!("PATCH /api/v1/accounts/{name} HTTP/1.1"),
        format!("POST /api/v1/accounts/{name}/unlock HTTP/1.1"),
        format!("DELETE /api/v1/sessions/{name} HTTP/1.1"),
        format!("DELETE /api/v1/tokens/{name} HTTP/1.1"),
        format!("POST /api/v1/certificates/{name}/revoke HTTP/1.1"),
        format!("POST /api/v1/revisions/{name}/roll-back HTTP/1.1"),
        format!("POST /api/v1/proposals/{name}/approve HTTP/1.1"),
    ] {
        let reply = plant.ask(&line, &json, b"{}").await;
        assert_eq!(reply.problem(), (400, "LS-API-001".into()), "{}", &line[..40]);
    }
    plant.identity.upkeep().await;
    assert_eq!(plant.entries(before).len(), 0, "{:?}", plant.entries(before));
}

#[tokio::test]
async fn a_token_is_shown_once_and_dead_when_it_is_revoked() {
    let plant = plant().await;
    let new = json!({"name": "scada", "grants": [{"role": "viewer", "under": [LINE]}], "why": "x"});
    let made = plant.post("/api/v1/tokens", &new).await.json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("ls_"));
    let listed = String::from_utf8(plant.get("/api/v1/tokens").await.body).unwrap();
    assert!(listed.contains("scada") && !listed.contains(secret));
    let bearer = format!("Bearer {secret}");
    let as_token = [("authorization", bearer.as_str())];
    let ask = async || plant.ask("GET /api/v1/tags HTTP/1.1", &as_token, b"").await.status;
    assert_eq!(ask().await, 200);
    let json = [("content-type", "application/json")];
    let line = format!("DELETE /api/v1/tokens/{} HTTP/1.1", made["id"]);
    assert_eq!(plant.ask(&line, &json, b"{}").await.json()["revoked"], true);
    assert_eq!(ask().await, 401);
    let none = plant.ask("DELETE /api/v1/tokens/x HTTP/1.1", &json, b"{}").await;
    assert_eq!(none.problem(), (404, "LS-API-032".into()));
}

#[tokio::test]
async fn an_admin_sees_every_session_and_ends_it_at_once() {
    let plant = plant().await;
    plant.person("maria", vec![Grant::everywhere("admin")]).await;
    plant.person("jan", vec![Grant::everywhere("viewer")]).await;
    let (mut maria, mut jan) = (Browser::new(&plant), Browser::new(&plant));
    maria.log_in("maria", PASSWORD).await;
    jan.log_in("jan", PASSWORD).await;
    let list = maria.ask("GET", "sessions", None).await.json();
    let lines = list["sessions"].as_array().unwrap();
    let of = |account: &str| lines.iter().find(|line| line["account"] == account).unwrap();
    assert_eq!((&of("maria")["own"], &of("jan")["own"]), (&json!(true), &json!(false)));
    let path = format!("sessions/{}", of("jan")["id"].as_str().unwrap());
    let ended = maria.ask("DELETE", &path, Some(json!({"why": "left the gate open"}))).await;
    assert_eq!(ended.json(), json!({}));
    assert_eq!(jan.ask("GET", "tags", None).await.problem(), (401, "LS-API-023".into()));
    assert_eq!(last(&plant, Action::SessionEnd).why.as_deref(), Some("left the gate open"));
}

/// Proves: P11-18.
#[tokio::test]
async fn where_the_plant_wants_reasons_nothing_is_changed_without() {
    let policy = Policy { require_reason: true, ..policy() };
    let (api, mut plant) = crate::plant::prepare(Options::default()).await;
    plant.identity.set_policy(policy);
    crate::plant::serve(api, &mut plant).await;
    let role = json!({"description": "", "rules": [], "why": " "});
    let json_kind = [("content-type", "application/json")];
    let put = "PUT /api/v1/roles/packer HTTP/1.1";
    let reply = plant.ask(put, &json_kind, role.to_string().as_bytes()).await;
    assert_eq!(
        (reply.problem(), &reply.json()["field"]),
        ((422, "LS-API-031".into()), &json!("why"))
    );
    let write = json!({"tag": format!("{LINE}/filler/speed"), "value": 1});
    assert_eq!(plant.post("/api/v1/write", &write).await.problem(), (422, "LS-API-031".into()));
    assert!(plant.road.taken.lock().is_empty());
    assert_eq!(plant.get("/api/v1/session").await.json()["require_reason"], true);
}

/// Proves: A27, P11-14.
#[tokio::test]
async fn the_access_review_says_who_has_what_and_a_spreadsheet_runs_none_of_it() {
    let plant = plant().await;
    let formula = "=HYPERLINK(\"http://evil.example\")";
    let new = json!({"account": "press-07", "full_name": formula, "kind": "machine",
        "grants": [{"role": "viewer", "under": [LINE]}]});
    plant.post("/api/v1/accounts", &new).await;
    let review = plant.get("/api/v1/access-review").await.json();
    let line = &review["accounts"][0];
    assert_eq!(line["account"]["account"], "press-07");
    assert_eq!(
        line["permissions"],
        json!([
            {"permission": "read-plant", "under": [LINE]},
            {"permission": "read-node", "under": [LINE]},
        ])
    );
    let csv = plant.get("/api/v1/access-review?format=csv").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let text = String::from_utf8(csv.body).unwrap();
    assert!(text.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "{text}");
}

/// Proves: A17, CR 3.7.
#[tokio::test]
async fn nobody_learns_anything_from_a_mistake_in_a_body_he_may_not_send() {
    let plant = plant_of(Options::default()).await;
    let nobody = [("authorization", ""), ("content-type", "application/json")];
    for body in [&b"{"[..], &vec![b' '; 1024 * 1024]] {
        let reply = plant.ask("POST /api/v1/accounts HTTP/1.1", &nobody, body).await;
        assert_eq!(reply.problem(), (401, "LS-API-023".into()));
    }
    let long = format!("{{\"account\":\"{}\",\"password\":\"x\"}}", "x".repeat(5_000));
    let reply = plant.ask("POST /api/v1/session HTTP/1.1", &nobody, long.as_bytes()).await;
    assert_eq!(reply.problem(), (413, "LS-API-005".into()));
}

#[tokio::test]
async fn an_empty_list_of_paths_is_refused_and_is_not_the_whole_plant() {
    let plant = plant().await;
    let json = [("content-type", "application/json")];
    let put = async |rules: Value| {
        let role = json!({"description": "", "rules": rules}).to_string();
        plant.ask("PUT /api/v1/roles/writer HTTP/1.1", &json, role.as_bytes()).await
    };
    let none = put(json!([{"permission": "write-plant", "under": []}])).await;
    assert_eq!(none.problem(), (400, "LS-API-006".into()));
    assert_eq!(none.json()["field"], "rules[0].under");
    let detail = none.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "`under` names no path; `[\"\"]` is the whole plant");
    let all = put(json!([{"permission": "write-plant", "under": [""]}])).await;
    assert_eq!(all.json()["rules"][0]["under"], json!([""]));
    let token = json!({"name": "scada", "grants": [{"role": "writer", "under": []}]});
    let refused = plant.post("/api/v1/tokens", &token).await;
    assert_eq!(refused.problem(), (400, "LS-API-006".into()));
    assert_eq!(refused.json()["field"], "grants[0].under");
}

#[tokio::test]
async fn a_misspelt_permission_is_answered_with_those_that_a_role_can_have() {
    let plant = plant().await;
    let json = [("content-type", "application/json")];
    let role = br#"{"description":"","rules":[{"permission":"write-plnt"}]}"#;
    let reply = plant.ask("PUT /api/v1/roles/writer HTTP/1.1", &json, role).await;
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.starts_with(
            "there is no permission `write-plnt`; a role can have `read-plant`, `write-plant`"
        ),
        "{detail}"
    );
    for never in ["public", "own-account", "at line"] {
        assert!(!detail.contains(never), "{detail}");
    }
    assert_eq!(reply.json()["field"], "rules[0].permission");
}

#[tokio::test]
async fn a_token_that_is_revoked_is_said_to_be_revoked_and_the_same_grant_is_kept_once() {
    let plant = plant().await;
    let grant = json!({"role": "viewer", "under": [LINE]});
    let token = json!({"name": "scada", "grants": [grant, grant]});
    let made = plant.post("/api/v1/tokens", &token).await.json();
    assert_eq!(made["grants"], json!([grant]));
    let json = [("content-type", "application/json")];
    let line = format!("DELETE /api/v1/tokens/{} HTTP/1.1", made["id"]);
    assert_eq!(plant.ask(&line, &json, b"{}").await.json()["revoked"], true);
    let again = plant.ask(&line, &json, b"{}").await;
    assert_eq!(again.problem(), (409, "LS-API-039".into()));
    assert_eq!(again.json()["detail"], "the token `scada` is revoked already");
}
