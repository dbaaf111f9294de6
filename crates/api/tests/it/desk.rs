//! What people put beside the values: who sees it, who changes it, what is left of it.

use lineshaft_audit::{Action, Outcome};
use lineshaft_identity::Grant;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::plant::{LINE, OTHER_LINE, Options, Plant, plant, plant_of, policy, two_lines};

/// A person with a role on a part of the plant, logged in.
struct Who {
    cookie: String,
}

impl Who {
    async fn is(plant: &Plant, name: &str, grant: Grant) -> Who {
        plant.person(name, vec![grant]).await;
        Who { cookie: format!("lineshaft_session={}", plant.log_in(name).await) }
    }

    async fn ask(&self, plant: &Plant, line: &str, body: Option<Value>) -> Reply {
        let mut headers = vec![("cookie", self.cookie.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (method, path) = line.split_once(' ').unwrap();
        let line = format!("{method} /api/v1/{path} HTTP/1.1");
        plant.ask(&line, &headers, body.as_bytes()).await
    }

    async fn get(&self, plant: &Plant, path: &str) -> Value {
        let reply = self.ask(plant, &format!("GET {path}"), None).await;
        assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }

    /// Writes an annotation; its number.
    async fn annotate(&self, plant: &Plant, body: Value) -> u64 {
        let reply = self.ask(plant, "POST annotations", Some(body)).await;
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()["id"].as_u64().unwrap()
    }

    async fn texts(&self, plant: &Plant, query: &str) -> Vec<String> {
        let page = self.get(plant, &format!("annotations?{query}")).await;
        let texts = page["annotations"].as_array().unwrap().iter();
        texts.map(|one| one["text"].as_str().unwrap().to_owned()).collect()
    }
}

/// Two lines; an operator of each, and an engineer of all.
async fn stage() -> (Plant, Who, Who, Who) {
    let plant = plant().await;
    plant.namespace.configure(two_lines());
    let one = Who::is(&plant, "one", Grant::under("operator", LINE)).await;
    let ten = Who::is(&plant, "ten", Grant::under("operator", OTHER_LINE)).await;
    let all = Who::is(&plant, "all", Grant::everywhere("engineer")).await;
    (plant, one, ten, all)
}

/// Proves: A15, CR 3.7.
#[tokio::test]
async fn whoever_sees_one_line_sees_its_annotations_and_writes_there_alone() {
    let (plant, one, ten, all) = stage().await;
    let (force, other) = (format!("{LINE}/press/force"), format!("{OTHER_LINE}/press/force"));
    one.annotate(&plant, json!({"path": LINE, "start_ms": 1, "text": "line 1"})).await;
    ten.annotate(&plant, json!({"path": OTHER_LINE, "start_ms": 2, "text": "line 10"})).await;
    all.annotate(&plant, json!({"path": "", "start_ms": 3, "text": "plant"})).await;
    all.annotate(&plant, json!({"tags": [force, other], "start_ms": 4, "text": "both"})).await;
    one.annotate(&plant, json!({"tags": [force], "start_ms": 5, "end_ms": 9, "text": "press"}))
        .await;

    assert_eq!(one.texts(&plant, "").await, ["line 1", "press"]);
    assert_eq!(ten.texts(&plant, "").await, ["line 10"]);
    assert_eq!(all.texts(&plant, "").await, ["line 1", "line 10", "plant", "both", "press"]);
    assert_eq!(one.texts(&plant, &format!("tag={force}")).await, ["line 1", "press"]);
    assert_eq!(all.texts(&plant, &format!("tag={other}")).await, ["line 10", "plant", "both"]);
    assert_eq!(all.texts(&plant, &format!("under={LINE}/filler")).await, ["line 1", "plant"]);
    assert_eq!(all.texts(&plant, "start=6&end=10").await, ["press"], "it reaches into the time");
    assert_eq!(all.texts(&plant, "start=3&end=5&order=newest").await, ["both", "plant"]);

    for body in [
        json!({"path": LINE, "start_ms": 1, "text": "x"}),
        json!({"path": "", "start_ms": 1, "text": "x"}),
        json!({"tags": [force, other], "start_ms": 1, "text": "x"}),
        json!({"tags": [format!("{LINE}/no/such")], "start_ms": 1, "text": "x"}),
    ] {
        let reply = ten.ask(&plant, "POST annotations", Some(body)).await;
        assert_eq!(reply.problem(), (403, "LS-API-024".into()));
    }
    for ask in [format!("tag={force}"), format!("under={LINE}")] {
        let reply = ten.ask(&plant, &format!("GET annotations?{ask}"), None).await;
        assert_eq!(reply.problem().0, 403);
    }
    // The first one is of line 1: for somebody of line 10 it is as if it were not there.
    for line in ["PATCH annotations/1", "PATCH annotations/99"] {
        let reply = ten.ask(&plant, line, Some(json!({"text": "mine"}))).await;
        assert_eq!(reply.problem(), (404, "LS-API-032".into()), "{line}");
    }
    let gone = ten.ask(&plant, "DELETE annotations/1", None).await;
    assert_eq!(gone.problem(), (404, "LS-API-032".into()));
}

#[tokio::test]
async fn an_annotation_is_its_authors_and_what_it_said_before_is_in_the_trail() {
    let (plant, one, _, all) = stage().await;
    let id =
        one.annotate(&plant, json!({"path": LINE, "start_ms": 1_000, "text": "belt slips"})).await;
    let reword = json!({"text": "belt slips at the start"});
    let other = all.ask(&plant, &format!("PATCH annotations/{id}"), Some(reword.clone())).await;
    assert_eq!(
        other.problem(),
        (403, "LS-API-050".into()),
        "an engineer does not write for others"
    );
    let before = plant.trail.status().entries;
    let own = one.ask(&plant, &format!("PATCH annotations/{id}"), Some(reword)).await.json();
    assert_eq!((&own["text"], &own["by"]), (&json!("belt slips at the start"), &json!("one")));
    assert!(own["changed_ms"].is_i64());

    let why = format!("DELETE annotations/{id}?why=wrong%20belt");
    let withdrawn = all.ask(&plant, &why, None).await.json();
    assert_eq!(withdrawn["withdrawn"]["by"], "all");
    assert_eq!(withdrawn["withdrawn"]["why"], "wrong belt");
    assert_eq!(one.texts(&plant, "").await, [""; 0]);
    assert_eq!(one.texts(&plant, "withdrawn=include").await, ["belt slips at the start"]);
    let again = one.ask(&plant, &why, None).await;
    assert_eq!(again.problem(), (409, "LS-API-054".into()));
    let late =
        one.ask(&plant, &format!("PATCH annotations/{id}"), Some(json!({"text": "x"}))).await;
    assert_eq!(late.problem(), (409, "LS-API-054".into()));

    let acts = plant.entries(before);
    let told: Vec<(Action, &str, &str)> = acts
        .iter()
        .map(|act| {
            let text = |value: &Option<Value>| value.as_ref().unwrap()["text"].clone();
            assert_eq!((act.result, act.object.as_str()), (Outcome::Done, "annotation 1"));
            let same = text(&act.old) == text(&act.new);
            (act.action, &*act.who.name, if same { "same" } else { "other" })
        })
        .collect();
    let expected =
        [(Action::AnnotationChange, "one", "other"), (Action::AnnotationWithdraw, "all", "same")];
    assert_eq!(told, expected);
    assert_eq!(acts[0].old.as_ref().unwrap()["text"], "belt slips");
    assert_eq!(acts[1].why.as_deref(), Some("wrong belt"));
}

#[tokio::test]
async fn what_makes_no_annotation_is_refused_by_name() {
    let (plant, one, _, _) = stage().await;
    let long = "x".repeat(16 * 1024 + 1);
    let none: [String; 0] = [];
    let many: Vec<String> = (0..65).map(|n| format!("{LINE}/t{n}")).collect();
    for (body, code, field) in [
        (json!({"start_ms": 1, "text": "x"}), "LS-API-006", "path"),
        (json!({"path": LINE, "tags": [LINE], "start_ms": 1, "text": "x"}), "LS-API-006", "path"),
        (json!({"tags": none, "start_ms": 1, "text": "x"}), "LS-API-006", "path"),
        (json!({"tags": many, "start_ms": 1, "text": "x"}), "LS-API-006", "tags"),
        (json!({"path": "a//b", "start_ms": 1, "text": "x"}), "LS-API-006", "path"),
        (json!({"path": LINE, "start_ms": 1, "text": "  "}), "LS-API-006", "text"),
        (json!({"path": LINE, "start_ms": 1, "text": long}), "LS-API-006", "text"),
        (json!({"path": LINE, "start_ms": 2, "end_ms": 1, "text": "x"}), "LS-API-006", "end_ms"),
        (json!({"path": format!("{LINE}/no"), "start_ms": 1, "text": "x"}), "LS-API-002", "path"),
        (json!({"tags": [format!("{LINE}/no")], "start_ms": 1, "text": "x"}), "LS-API-002", "tag"),
    ] {
        let before = plant.trail.status().entries;
        let reply = one.ask(&plant, "POST annotations", Some(body.clone())).await;
        assert_eq!(
            (reply.problem().1.as_str(), &reply.json()["field"]),
            (code, &json!(field)),
            "{body}"
        );
        assert_eq!(plant.entries(before), [], "nothing was done");
    }
    let unknown = one.ask(&plant, "GET annotations?colour=red", None).await;
    assert_eq!(unknown.problem(), (400, "LS-API-001".into()));
}

#[tokio::test]
async fn pages_of_annotations_follow_each_other_without_a_hole() {
    let (plant, one, _, _) = stage().await;
    for n in 0..7 {
        let at = n / 2; // two of one instant
        one.annotate(&plant, json!({"path": LINE, "start_ms": at, "text": format!("n{n}")})).await;
    }
    for (order, expected) in
        [("oldest", "n0 n1 n2 n3 n4 n5 n6"), ("newest", "n6 n5 n4 n3 n2 n1 n0")]
    {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let ask = format!("annotations?limit=2&order={order}&after={after}");
            let page = one.get(&plant, &ask).await;
            let texts = page["annotations"].as_array().unwrap().iter();
            all.extend(texts.map(|one| one["text"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(all.join(" "), expected);
    }
}

#[tokio::test]
async fn a_trend_is_ones_own_until_it_is_shared() {
    let (plant, one, ten, all) = stage().await;
    let keep = async |who: &Who, name: &str, shared: bool, tag: &str| {
        let body = json!({"name": name, "shared": shared, "trend": {"pens": [{"tag": tag}]}});
        let reply = who.ask(&plant, "POST trends", Some(body)).await;
        assert_eq!(reply.status, 201);
        reply.json()["id"].as_u64().unwrap()
    };
    let names = async |who: &Who| {
        let list = who.get(&plant, "trends").await;
        let names = list.as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    let (force, other) = (format!("{LINE}/press/force"), format!("{OTHER_LINE}/press/force"));
    let own = keep(&one, "own", false, &force).await;
    let shared = keep(&one, "shared", true, &force).await;
    keep(&all, "both", true, &other).await;
    assert_eq!(names(&one).await, "own shared", "pens of line 10 are none of his business");
    assert_eq!(names(&ten).await, "both");
    assert_eq!(names(&all).await, "shared both");
    let head = one.get(&plant, "trends").await[0].clone();
    assert_eq!((&head["pens"], head.get("trend")), (&json!(1), None), "the list has no bodies");
    let whole = one.get(&plant, &format!("trends/{own}")).await;
    assert_eq!((&whole["pens"], &whole["trend"]["pens"][0]["tag"]), (&json!(1), &json!(force)));
    for (who, id) in [(&all, own), (&ten, shared), (&one, 99)] {
        let hidden = who.ask(&plant, &format!("GET trends/{id}"), None).await;
        assert_eq!(hidden.problem(), (404, "LS-API-032".into()));
    }

    let to = json!({"name": "renamed", "shared": true, "trend": {"pens": []}});
    let hidden = all.ask(&plant, &format!("PUT trends/{own}"), Some(to.clone())).await;
    assert_eq!(hidden.problem(), (404, "LS-API-032".into()));
    let before = plant.trail.status().entries;
    let line = format!("PUT trends/{shared}");
    let changed = all.ask(&plant, &line, Some(to.clone())).await.json();
    assert_eq!((&changed["name"], &changed["by"]), (&json!("renamed"), &json!("one")));
    let act = &plant.entries(before)[0];
    assert_eq!((act.action, act.object.as_str()), (Action::TrendChange, "trend 2"));
    assert_eq!(act.old.as_ref().unwrap()["name"], "shared");
    assert_eq!(act.new.as_ref().unwrap()["name"], "renamed");
    let not_his = ten.ask(&plant, &line, Some(to)).await;
    assert_eq!(not_his.problem(), (403, "LS-API-050".into()));
    let before = plant.trail.status().entries;
    assert_eq!(one.ask(&plant, &format!("DELETE trends/{own}"), None).await.status, 200);
    assert_eq!(plant.entries(before)[0].old.as_ref().unwrap()["name"], "own");
    assert_eq!(names(&one).await, "renamed");

    let viewer = Who::is(&plant, "viewer", Grant::everywhere("viewer")).await;
    let body = json!({"name": "x", "shared": false, "trend": {}});
    let reply = viewer.ask(&plant, "POST trends", Some(body)).await;
    assert_eq!(reply.problem(), (403, "LS-API-024".into()));
}

#[tokio::test]
async fn who_has_not_said_who_he_is_has_nothing_of_his_own() {
    let policy = lineshaft_identity::Policy { anonymous: Some("operator".into()), ..policy() };
    let plant = plant_of(Options { policy: Some(policy), ..Options::default() }).await;
    let ask = async |line: &str, body: Value| {
        let headers = [("authorization", ""), ("content-type", "application/json")];
        let line = line.replacen(' ', " /api/v1/", 1) + " HTTP/1.1";
        plant.ask(&line, &headers, body.to_string().as_bytes()).await
    };
    let trend = json!({"name": "mine", "shared": false, "trend": {}});
    let kept = ask("POST trends", trend.clone()).await;
    assert_eq!((kept.status, &kept.json()["shared"]), (201, &json!(true)));
    let text = json!({"path": LINE, "start_ms": 1, "text": "belt slips"});
    assert_eq!(ask("POST annotations", text).await.status, 201);
    for (line, body) in [
        ("PUT trends/1", trend),
        ("DELETE trends/1", json!({})),
        ("PATCH annotations/1", json!({"text": "it does not"})),
        ("DELETE annotations/1", json!({})),
    ] {
        assert_eq!(ask(line, body).await.problem(), (403, "LS-API-050".into()), "{line}");
    }
}

#[tokio::test]
async fn a_trend_has_a_name_an_object_and_a_limit() {
    let (plant, one, _, _) = stage().await;
    for (body, field) in [
        (json!({"name": " ", "shared": false, "trend": {}}), "name"),
        (json!({"name": "n".repeat(201), "shared": false, "trend": {}}), "name"),
        (json!({"name": "n", "shared": false, "trend": [1]}), "trend"),
        (json!({"name": "n", "shared": false, "trend": {"x": "y".repeat(65_536)}}), "trend"),
    ] {
        let reply = one.ask(&plant, "POST trends", Some(body)).await;
        assert_eq!(reply.problem(), (400, "LS-API-006".into()));
        assert_eq!(reply.json()["field"], field);
    }
    let body = json!({"name": "n", "shared": false, "trend": {}});
    for _ in 0..200 {
        assert_eq!(one.ask(&plant, "POST trends", Some(body.clone())).await.status, 201);
    }
    let before = plant.trail.status().entries;
    let full = one.ask(&plant, "POST trends", Some(body)).await;
    assert_eq!(full.problem(), (409, "LS-API-051".into()));
    assert_eq!(plant.entries(before), []);
}

#[tokio::test]
async fn settings_are_kept_with_an_account_and_nobody_elses() {
    let (plant, one, ten, _) = stage().await;
    let usual = json!({"language": null, "time_zone": null, "theme": "system", "density": "desk",
        "numbers": "plain", "home": null});
    assert_eq!(one.get(&plant, "account/settings").await, usual);
    let mine = json!({"language": "de", "time_zone": "Europe/Berlin", "theme": "dark",
        "density": "wall", "numbers": "language", "home": "#/trend"});
    let before = plant.trail.status().entries;
    let kept = one.ask(&plant, "PUT account/settings", Some(mine.clone())).await;
    assert_eq!((kept.status, kept.json()), (200, mine.clone()));
    let act = &plant.entries(before)[0];
    assert_eq!((act.action, act.object.as_str()), (Action::AccountSettings, "one"));
    assert_eq!((act.old.as_ref(), act.new.as_ref()), (Some(&usual), Some(&mine)));
    assert_eq!(one.get(&plant, "account/settings").await, mine);
    assert_eq!(ten.get(&plant, "account/settings").await, usual);

    for (body, field) in [
        (json!({"language": "<script>"}), "language"),
        (json!({"time_zone": "Mars; DROP"}), "time_zone"),
        (json!({"home": "https://evil"}), "home"),
        (json!({"theme": "pink"}), "theme"),
    ] {
        let reply = one.ask(&plant, "PUT account/settings", Some(body)).await;
        assert_eq!(reply.problem(), (400, "LS-API-006".into()));
        assert_eq!(reply.json()["field"], field);
    }
    let token = plant.get("/api/v1/account/settings").await;
    assert_eq!(token.problem(), (403, "LS-API-053".into()));
    let policy = lineshaft_identity::Policy { visitor: Some("admin".into()), ..policy() };
    let demo = plant_of(Options { policy: Some(policy), ..Options::default() }).await;
    let visitor =
        demo.ask("GET /api/v1/account/settings HTTP/1.1", &[("authorization", "")], b"").await;
    assert_eq!(visitor.problem(), (403, "LS-API-053".into()));
}

#[tokio::test]
async fn a_plant_that_wants_reasons_wants_one_for_a_withdrawal() {
    let policy = lineshaft_identity::Policy { require_reason: true, ..policy() };
    let plant = plant().await;
    plant.identity.set_policy(policy);
    let body = json!({"path": LINE, "start_ms": 1, "text": "says itself why"});
    assert_eq!(plant.post("/api/v1/annotations", &body).await.status, 201);
    let reply = plant.ask("DELETE /api/v1/annotations/1 HTTP/1.1", &[], b"").await;
    assert_eq!(reply.problem(), (422, "LS-API-031".into()));
    let reply = plant.ask("DELETE /api/v1/annotations/1?why=mistake HTTP/1.1", &[], b"").await;
    assert_eq!(reply.status, 200);
}

/// Proves: CR 2.10.
#[tokio::test]
async fn nothing_is_kept_that_the_trail_does_not_take() {
    let (plant, one, _, _) = stage().await;
    one.annotate(&plant, json!({"path": LINE, "start_ms": 1, "text": "kept"})).await;
    plant.trail_disk.set_capacity(0);
    let body = json!({"path": LINE, "start_ms": 2, "text": "not kept"});
    let reply = one.ask(&plant, "POST annotations", Some(body)).await;
    assert_eq!(reply.problem(), (503, "LS-API-030".into()));
    assert_eq!(one.texts(&plant, "").await, ["kept"]);
}
