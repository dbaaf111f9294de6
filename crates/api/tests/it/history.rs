//! History.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lineshaft_api::Limits;
use lineshaft_model::{Reason, Sample, Timestamp};
use serde_json::json;

use crate::plant::{LINE, Plant, SOON, at, plant, plant_with};

fn ask(names: &[&str], rest: &str) -> String {
    let tags: String = names.iter().map(|name| format!("tag={LINE}/{name}&")).collect();
    format!("/api/v1/history?{tags}{rest}")
}

#[tokio::test]
async fn history_comes_in_columns_oldest_first() {
    let plant = plant().await;
    plant.keep("filler/speed", [at(1_000, f64::from(21.1_f32))]);
    plant.keep("filler/speed", [Sample::missing(Timestamp::from_millis(2_000), Reason::Comm)]);
    let query = "start=1970-01-01T00:00:00Z&end=1970-01-01T01:00:00%2B01:00";
    let empty = plant.get(&ask(&["filler/speed"], query)).await;
    assert_eq!(empty.problem(), (400, "LS-API-001".into()), "the two are the same instant");
    let reply =
        plant.get(&ask(&["filler/speed", "derived"], "start=0&end=1970-01-01T00:00:02.5Z")).await;
    assert_eq!(
        reply.json(),
        json!({"series": [
            {"tag": format!("{LINE}/filler/speed"), "unit": "1/min", "timestamp_ms": [1000, 2000],
             "value": [21.1, null], "quality": ["good", "bad"], "reason": [null, "comm"]},
            {"tag": format!("{LINE}/derived"), "unit": null, "timestamp_ms": [],
             "value": [], "quality": [], "reason": []},
        ], "next": null})
    );
}

#[tokio::test]
async fn pages_of_any_size_together_are_the_whole() {
    let plant = plant().await;
    plant.keep("filler/speed", (0..10).map(|n| at(n, 1.5)));
    plant.keep("derived", (0..5).map(|n| at(100 + n, 2.5)));
    for limit in [1, 2, 3, 5, 10, 11, 100] {
        let (mut speed, mut derived, mut after) = (Vec::new(), Vec::new(), String::new());
        loop {
            let rest = format!("start=0&end=1000&limit={limit}&after={after}");
            let page = plant.get(&ask(&["filler/speed", "derived"], &rest)).await.json();
            for (at, times) in [&mut speed, &mut derived].into_iter().enumerate() {
                let column = page["series"][at]["timestamp_ms"].as_array().unwrap();
                times.extend(column.iter().map(|time| time.as_i64().unwrap()));
            }
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(speed, (0..10).collect::<Vec<i64>>(), "limit {limit}");
        assert_eq!(derived, (100..105).collect::<Vec<i64>>(), "limit {limit}");
    }
}

#[tokio::test]
async fn the_samples_around_the_question_come_with_the_first_and_the_last_page() {
    let plant = plant().await;
    plant.keep("filler/speed", (0..10).map(|n| at(n, 1.5)));
    plant.keep("derived", [at(1, 2.5)]);
    for limit in [1, 2, 3, 4, 100] {
        let (mut speed, mut derived, mut after) = (Vec::new(), Vec::new(), String::new());
        loop {
            let rest = format!("start=4&end=7&limit={limit}&bounds=true&after={after}");
            let page = plant.get(&ask(&["filler/speed", "derived"], &rest)).await.json();
            for (at, times) in [&mut speed, &mut derived].into_iter().enumerate() {
                let column = page["series"][at]["timestamp_ms"].as_array().unwrap();
                times.extend(column.iter().map(|time| time.as_i64().unwrap()));
            }
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
        }
        assert_eq!((speed, derived), ((3..8).collect::<Vec<i64>>(), vec![1]), "limit {limit}");
    }
}

#[tokio::test]
async fn a_count_of_an_f32_tag_is_a_whole_number() {
    let plant = plant().await;
    plant.keep("filler/speed", (0..3).map(|n| at(n, 1.5)));
    let reply = plant.get(&ask(&["filler/speed"], "start=0&end=9&mode=count&interval=10s")).await;
    assert_eq!(reply.json()["series"][0]["value"], json!([3]));
}

#[tokio::test]
async fn what_the_historian_refuses_is_told_with_a_code() {
    let plant = plant().await;
    for (rest, status, code, detail) in [
        ("mode=average&interval=1s", 400, "LS-API-001", "text has no average"),
        ("mode=plot", 504, "LS-API-016", "took longer than its limit"),
        ("mode=minimum&interval=1s", 500, "LS-API-017", "the file `0001.seg` cannot be read"),
    ] {
        let reply = plant.get(&ask(&["derived"], &format!("start=0&end=9&{rest}"))).await;
        assert_eq!(reply.problem(), (status, code.into()));
        assert!(reply.json()["detail"].as_str().unwrap().contains(detail));
    }
}

#[tokio::test]
async fn a_wrong_question_is_refused_before_anybody_is_asked() {
    let plant = plant().await;
    let many: String = (0..51).map(|n| format!("tag=a/{n}&")).collect();
    for (path, field) in [
        (ask(&["derived"], "end=9"), "start"),
        (ask(&["derived"], "start=yesterday&end=9"), "start"),
        (ask(&["derived"], "start=0&end=9&mode=mean"), "mode"),
        (ask(&["derived"], "start=0&end=9&mode=average"), "interval"),
        (ask(&["derived"], "start=0&end=9&mode=average&interval=0"), "interval"),
        (ask(&["derived"], "start=0&end=9&after=zz"), "after"),
        (ask(&["derived"], "start=0&end=9&limit=100001"), "limit"),
        (format!("/api/v1/history?{many}start=0&end=9"), "tag"),
    ] {
        let reply = plant.get(&path).await;
        assert_eq!(reply.problem(), (400, "LS-API-001".into()), "{path}");
        assert_eq!(reply.json()["field"], field, "{path}");
    }
    let reply = plant.get(&ask(&["derived", "nothing"], "start=0&end=9")).await;
    assert_eq!(reply.problem(), (404, "LS-API-002".into()));
    assert_eq!(plant.memory.asked.load(Ordering::SeqCst), 0);
}

/// Waits until `count` questions have reached the historian.
async fn arrived(plant: &Plant, count: usize) {
    while plant.memory.asked.load(Ordering::SeqCst) < count {
        tokio::time::timeout(SOON, plant.memory.arrived.notified()).await.unwrap();
    }
}

/// Proves: A28.
#[tokio::test]
async fn more_questions_than_turns_wait_and_then_hear_that_the_node_is_busy() {
    let query_wait = Duration::from_millis(50);
    let plant = plant_with(Limits { queries_max: 2, query_wait, ..Limits::default() }).await;
    let blocked = ask(&["derived"], "start=-5&end=9");
    let (first, second, ()) = tokio::join!(plant.get(&blocked), plant.get(&blocked), async {
        arrived(&plant, 2).await;
        let third = plant.get(&ask(&["derived"], "start=0&end=9")).await;
        assert_eq!(third.problem(), (503, "LS-API-015".into()));
        assert_eq!(third.headers["retry-after"], "1");
        plant.memory.open();
    });
    assert_eq!((first.status, second.status), (200, 200));
    let fourth = plant.get(&ask(&["derived"], "start=0&end=9")).await;
    assert_eq!(fourth.status, 200);
}

#[tokio::test]
async fn a_client_that_leaves_does_not_free_the_turn_of_its_question() {
    let query_wait = Duration::from_millis(50);
    let plant = plant_with(Limits { queries_max: 1, query_wait, ..Limits::default() }).await;
    let blocked = ask(&["derived"], "start=-5&end=9");
    tokio::select! {
        _ = plant.get(&blocked) => panic!("the question is blocked"),
        () = arrived(&plant, 1) => {}
    }
    let reply = plant.get(&ask(&["derived"], "start=0&end=9")).await;
    assert_eq!(reply.problem(), (503, "LS-API-015".into()));
}
