//! Tags, tree, values, devices, status, health.

use lineshaft_model::{Quality, Reason, Sample, Timestamp, Value};
use serde_json::json;

use crate::plant::{LINE, at, plant};

#[tokio::test]
async fn a_page_of_tags_has_their_last_values_and_where_to_go_on() {
    let plant = plant().await;
    plant.publish("filler/speed", at(1_763_618_400_123, f64::from(21.1_f32)));
    let reply = plant.get("/api/v1/tags?under=acme&search=SPEED").await;
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(
        reply.json(),
        json!({"tags": [{
            "tag": format!("{LINE}/filler/speed"), "device": "filler", "type": "f32", "unit": "1/min",
            "description": "The filler/speed of the filler", "access": "read-write", "step": false,
            "timestamp_ms": 1_763_618_400_123_i64, "value": 21.1, "quality": "good", "reason": null
        }], "total": 1, "next": null})
    );

    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = plant.get(&format!("/api/v1/tags?limit=3&after={after}")).await.json();
        assert_eq!(page["total"], 8);
        let tags = page["tags"].as_array().unwrap();
        names.extend(tags.iter().map(|tag| tag["tag"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names.len(), 8);
    assert!(names.is_sorted());
}

#[tokio::test]
async fn a_derived_tag_has_no_device_and_a_silent_tag_says_not_yet() {
    let plant = plant().await;
    let tag = plant.get("/api/v1/tags?search=derived").await.json()["tags"][0].clone();
    assert_eq!(tag["device"], json!(null));
    let values = plant.get(&format!("/api/v1/values?tag={LINE}/derived")).await.json();
    assert_eq!(
        values,
        json!([{"tag": format!("{LINE}/derived"), "timestamp_ms": null, "value": null,
            "quality": "bad", "reason": "not-yet", "unit": null}])
    );
}

#[tokio::test]
async fn values_come_in_the_order_asked_for_and_exactly_as_they_are() {
    let plant = plant().await;
    plant.publish("filler/count", at(2, u64::MAX));
    plant.publish("filler/running", at(3, true));
    let comm = Sample::missing(Timestamp::from_millis(4), Reason::Comm);
    plant.publish("filler/speed", comm);
    let stale = Quality::uncertain(Reason::Stale);
    let text = Sample { quality: stale, ..at(5, "Still 0,5 l \"sport\"") };
    plant.publish("filler/recipe", text);
    let names = ["running", "speed", "count", "recipe"];
    let query: Vec<String> = names.iter().map(|n| format!("tag={LINE}/filler/{n}")).collect();
    let reply = plant.get(&format!("/api/v1/values?{}", query.join("&"))).await;
    let lines: Vec<String> = reply
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|l| format!("{} {} {} {}", l["timestamp_ms"], l["value"], l["quality"], l["reason"]))
        .collect();
    assert_eq!(
        lines,
        [
            r#"3 true "good" null"#,
            r#"4 null "bad" "comm""#,
            r#"2 18446744073709551615 "good" null"#,
            r#"5 "Still 0,5 l \"sport\"" "uncertain" "stale""#,
        ]
    );
}

#[tokio::test]
async fn an_unknown_tag_is_named_and_the_near_one_offered() {
    let plant = plant().await;
    let reply = plant.get(&format!("/api/v1/values?tag={LINE}/filler/sped")).await;
    assert_eq!(reply.problem(), (404, "LS-API-002".into()));
    let json = reply.json();
    assert_eq!(json["detail"], format!("there is no tag `{LINE}/filler/sped`"));
    assert_eq!(json["remedy"], format!("did you mean `{LINE}/filler/speed`?"));
    assert_eq!(json["field"], "tag");
}

#[tokio::test]
async fn a_level_of_the_tree_counts_everything_below() {
    let plant = plant().await;
    plant.publish("filler/speed", at(1, 5.0));
    let tree = plant.get(&format!("/api/v1/tree?under={LINE}")).await.json();
    assert_eq!(
        tree,
        json!({"path": LINE, "children": [
            {"name": "derived", "path": format!("{LINE}/derived"), "folder": false,
             "tags": 1, "bad": 1, "uncertain": 0},
            {"name": "filler", "path": format!("{LINE}/filler"), "folder": true,
             "tags": 7, "bad": 6, "uncertain": 0},
        ]})
    );
    assert_eq!(plant.get("/api/v1/tree").await.json()["children"][0]["name"], "acme");
}

#[tokio::test]
async fn the_tree_comes_with_as_many_levels_as_asked_for() {
    let plant = plant().await;
    let top = plant.get("/api/v1/tree?depth=2").await.json();
    let acme = &top["children"][0];
    assert_eq!(acme["children"][0]["name"], "rotterdam");
    assert!(acme["children"][0].get("children").is_none(), "the third level was not asked for");
    let line = plant.get(&format!("/api/v1/tree?under={LINE}&depth=8")).await.json();
    assert!(line["children"][0].get("children").is_none(), "a tag has nothing below it");
    assert_eq!(line["children"][1]["children"].as_array().unwrap().len(), 7);
    assert_eq!(line["children"][1]["children"][0]["path"], format!("{LINE}/filler/count"));
}

#[tokio::test]
async fn a_wrong_query_names_the_parameter() {
    let plant = plant().await;
    for (path, field, detail) in [
        ("/api/v1/tags?limit=0", "limit", "`limit` is `0`, it must be 1 to 10000"),
        ("/api/v1/tags?serach=x", "serach", "there is no parameter `serach`"),
        (
            "/api/v1/tags?after=a//b",
            "after",
            "segment 2 `` must have 1 to 64 bytes and no space at its edges",
        ),
        ("/api/v1/values", "tag", "`tag` is missing"),
        ("/api/v1/tree?under=a&under=b", "under", "`under` is given more than once"),
        ("/api/v1/tree?depth=9", "depth", "`depth` is `9`, it must be 1 to 8"),
        (
            "/api/v1/tags?diagnostics=no",
            "diagnostics",
            "`diagnostics` is `no`, it must be `include` or `exclude`",
        ),
        ("/api/v1/devices?x=1", "x", "there is no parameter `x`"),
    ] {
        let reply = plant.get(path).await;
        assert_eq!(reply.problem(), (400, "LS-API-001".into()), "{path}");
        assert_eq!(
            (reply.json()["field"].as_str(), reply.json()["detail"].as_str()),
            (Some(field), Some(detail))
        );
    }
}

/// Proves: CR 7.8.
#[tokio::test]
async fn devices_and_status_are_shown_as_the_manual_says() {
    let plant = plant().await;
    assert_eq!(
        plant.get("/api/v1/devices").await.json()[0],
        json!({"device": "filler", "driver": "modbus", "endpoint": "tcp://127.0.0.1:5020",
            "path": format!("{LINE}/filler"), "state": "degraded", "since_ms": 1_763_618_400_000_i64,
            "tags": 6, "tags_bad": 1,
            "last_error": {"code": "LS-DRV-002", "text": "tcp://127.0.0.1:5020 did not answer in 1s",
                "timestamp_ms": 1_763_618_400_000_i64},
            "next_attempt_ms": null,
            "counters": {"requests": 1200, "errors": 0, "samples": 0, "skipped_cycles": 0, "reconnects": 0,
                "writes": 0, "round_trip_ms_p50": 0.0, "round_trip_ms_p99": 0.0}})
    );
    let status = plant.get("/api/v1/status").await.json();
    assert_eq!((&status["node"], &status["tags"]), (&json!("edge-1"), &json!(8)));
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["shaft"]["state"], "writing");
    assert_eq!(
        status["historian"]["oldest_ms"],
        Value::Null.to_string().parse::<serde_json::Value>().unwrap()
    );
}

/// Proves: CR 6.2.
#[tokio::test]
async fn a_node_that_is_not_ready_lives_and_says_why() {
    let plant = plant().await;
    assert_eq!(plant.get("/health").await.json(), json!({"status": "up"}));
    assert_eq!(plant.get("/ready").await.json(), json!({"status": "ready"}));
    *plant.road.not_ready.lock() = Some("the shaft does not write: disk full".into());
    let reply = plant.get("/ready").await;
    assert_eq!(reply.problem(), (503, "LS-API-018".into()));
    assert_eq!(reply.json()["detail"], "the shaft does not write: disk full");
    assert_eq!(plant.get("/health").await.status, 200);
}

/// Proves: CR 6.2.
#[tokio::test]
async fn metrics_are_plain_text_for_prometheus() {
    let reply = plant().await.get("/metrics").await;
    assert_eq!(reply.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(reply.body, b"lineshaft_test_total 1\n");
}

/// Proves: A08.
#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_a_problem_too() {
    let plant = plant().await;
    assert_eq!(plant.get("/api/v1/tagz").await.problem(), (404, "LS-API-003".into()));
    assert_eq!(plant.get("/assets/nothing.js").await.problem(), (404, "LS-API-003".into()));
    let reply = plant.ask("DELETE /api/v1/tags HTTP/1.1", &[], b"").await;
    assert_eq!(reply.problem(), (405, "LS-API-004".into()));
    assert_eq!(reply.headers["allow"], "GET,HEAD");
}
