//! The doctor, the log with its levels, the storage.

use lineshaft_contract::LogLevel;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::plant::{Plant, plant};

async fn put(plant: &Plant, body: &Value) -> Reply {
    let json = [("content-type", "application/json")];
    plant.ask("PUT /api/v1/logs/levels HTTP/1.1", &json, body.to_string().as_bytes()).await
}

#[tokio::test]
async fn the_doctor_says_what_was_measured_why_and_what_to_do() {
    let plant = plant().await;
    assert_eq!(
        plant.get("/api/v1/doctor").await.json(),
        json!({"examined_ms": 1_000_000, "took_ms": 40, "checks": [{
            "check": "disk-free", "group": "storage", "title": "There is room on the disk",
            "outcome": "warn", "what": "3.0 GiB free of 64.0 GiB (4.7 %)",
            "cause": "history has no room to grow", "fix": "make room", "code": "LS-SHF-005",
        }]})
    );
}

#[tokio::test]
async fn lines_of_the_log_are_asked_for_by_level_part_text_and_place() {
    let plant = plant().await;
    let page =
        plant.get("/api/v1/logs?level=warn&target=lineshaft_drivers&search=Lost&after=6&limit=5");
    assert_eq!(
        page.await.json(),
        json!({"lines": [{
            "n": 7, "timestamp_ms": 1_000_000, "level": "warn", "target": "lineshaft_drivers::runner",
            "message": "lost", "fields": {"device": "filler"},
        }], "next": 9, "first_n": 3, "dropped": 2})
    );
    plant.get("/api/v1/logs").await.json();
    let asked = plant.quiet.asked.lock().clone();
    assert_eq!(
        (asked[0].level, asked[0].after, asked[0].limit),
        (Some(LogLevel::Warn), Some(6), 5)
    );
    assert_eq!((asked[1].level, asked[1].after, asked[1].limit), (None, None, 500));
    for wrong in ["level=loud", "limit=0", "limit=2001", "after=x", "since=1"] {
        let reply = plant.get(&format!("/api/v1/logs?{wrong}")).await;
        assert_eq!(reply.problem(), (400, "LS-API-001".into()), "{wrong}");
    }
}

#[tokio::test]
async fn levels_are_set_for_minutes_and_leave_their_entry() {
    let plant = plant().await;
    let before = plant.trail.checkpoint().size();
    let level = json!({"target": "lineshaft_drivers", "level": "debug", "minutes": 30});
    let reply = put(&plant, &json!({"levels": [level], "why": "press-1 is lost each night"})).await;
    let expect = json!([{"target": "lineshaft_drivers", "level": "debug", "until_ms": 2_800_000}]);
    assert_eq!(reply.json()["levels"], expect);
    assert_eq!(plant.get("/api/v1/logs/levels").await.json()["levels"], expect);
    let act = plant.entries(before).pop().unwrap();
    assert_eq!((act.action.word(), act.object.as_str()), ("log.levels", "log"));
    assert_eq!(act.why.as_deref(), Some("press-1 is lost each night"));
    assert_eq!(act.new.unwrap()["levels"]["lineshaft_drivers"]["level"], "debug");

    for wrong in [
        json!({"levels": [{"target": "a b", "level": "debug"}]}),
        json!({"levels": [{"target": "a", "level": "loud"}]}),
        json!({"default": "loud"}),
    ] {
        assert_eq!(put(&plant, &wrong).await.problem(), (422, "LS-API-057".into()), "{wrong}");
    }
}

#[tokio::test]
async fn levels_that_leave_no_entry_change_nothing() {
    let plant = plant().await;
    let others = json!({"target": "lineshaft_shaft", "level": "debug"});
    assert_eq!(put(&plant, &json!({"levels": [others]})).await.status, 200);
    plant.trail.close();
    let level = json!({"target": "lineshaft_drivers", "level": "debug"});
    let reply = put(&plant, &json!({"levels": [level]})).await;
    assert_eq!(reply.problem(), (503, "LS-API-030".into()));
    let kept = plant.quiet.levels.lock().clone();
    assert_eq!((kept.len(), kept[0].target.as_str()), (1, "lineshaft_shaft"));
}

#[tokio::test]
async fn the_storage_shows_how_far_each_reader_is() {
    let plant = plant().await;
    let storage = plant.get("/api/v1/storage").await.json();
    assert_eq!(storage["shaft"]["quota_bytes"], 1_000);
    assert_eq!(
        storage["readers"],
        json!([{"name": "historian", "offset": 5, "lag_records": 3, "lag_bytes": 300,
            "oldest_ms": 900_000, "records_per_second": 2.0, "drain_ms": 3_000}])
    );
    assert_eq!(storage["disk"]["full_in_ms"], Value::Null);
}
