//! Statistics and exports over HTTP.

use lineshaft_identity::Grant;
use lineshaft_model::{Quality, Reason, Sample, Value};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{connect, request};
use crate::plant::{LINE, OTHER_LINE, Plant, SOON, at, plant, two_lines};

fn text(reply: &crate::client::Reply) -> String {
    // The body comes in chunks: a length before each.
    let chunked = reply.headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
    if !chunked {
        return String::from_utf8(reply.body.clone()).unwrap();
    }
    let (mut rest, mut out) = (reply.body.as_slice(), Vec::new());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return String::from_utf8(out).unwrap();
        }
        out.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
}

#[tokio::test]
async fn a_span_is_said_in_a_few_numbers_tag_by_tag() {
    let plant = plant().await;
    plant.keep("filler/speed", [at(1_000, f64::from(21.1_f32)), at(2_000, 22.0)]);
    let ask =
        format!("/api/v1/history/statistics?tag={LINE}/filler/speed&tag={LINE}/filler/running");
    let reply = plant.get(&format!("{ask}&start=0&end=5000")).await;
    assert_eq!(
        reply.json(),
        json!([
            {"tag": format!("{LINE}/filler/speed"), "unit": "1/min", "count": 2, "good_count": 0,
             "good_ms": 1_500, "uncertain_ms": 0, "bad_ms": 0, "unknown_ms": 0, "minimum": null,
             "maximum": null, "first": {"timestamp_ms": 1_000, "value": 21.1}, "last": null,
             "average": 2.5, "stddev": null, "transitions": null},
            {"tag": format!("{LINE}/filler/running"), "unit": null, "count": 0, "good_count": 0,
             "good_ms": 1_500, "uncertain_ms": 0, "bad_ms": 0, "unknown_ms": 0, "minimum": null,
             "maximum": null, "first": null, "last": null, "average": null, "stddev": null,
             "transitions": 3},
        ])
    );
    for (query, code) in [
        ("start=0&end=1", "LS-API-001"),
        ("tag=no/such&start=0&end=1", "LS-API-002"),
        (&*format!("tag={LINE}/filler/speed&start=1&end=1"), "LS-API-001"),
    ] {
        let reply = plant.get(&format!("/api/v1/history/statistics?{query}")).await;
        assert_eq!(reply.problem().1, code, "{query}");
    }
    let many: String = (0..33).map(|n| format!("&tag={LINE}/t{n}")).collect();
    let reply = plant.get(&format!("/api/v1/history/statistics?start=0&end=1{many}")).await;
    assert_eq!(reply.problem(), (400, "LS-API-001".into()));
}

#[tokio::test]
async fn an_export_is_a_table_of_all_samples_tag_after_tag() {
    let plant = plant().await;
    let bad = Sample { quality: Quality::bad(Reason::Comm), ..at(2_500, Value::Null) };
    plant.keep("filler/speed", [at(1_000, f64::from(21.1_f32)), bad]);
    plant.keep("filler/recipe", [at(1_500, "lager, 0.5 l"), at(1_600, "=cola")]);
    let path = format!(
        "/api/v1/history/export?tag={LINE}/filler/speed&tag={LINE}/filler/recipe&start=0&end=9000&mode=raw&form=csv"
    );
    let reply = plant.get(&path).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(reply.headers["content-disposition"], "attachment; filename=\"history-0-9000.csv\"");
    let (speed, recipe) = (format!("{LINE}/filler/speed"), format!("{LINE}/filler/recipe"));
    let lines = [
        "timestamp,tag,value,unit,quality,reason".to_owned(),
        format!("1970-01-01T00:00:01Z,{speed},21.1,1/min,good,"),
        format!("1970-01-01T00:00:02.500Z,{speed},,1/min,bad,comm"),
        format!("1970-01-01T00:00:01.500Z,{recipe},\"lager, 0.5 l\",,good,"),
        format!("1970-01-01T00:00:01.600Z,{recipe},\"'=cola\",,good,"),
    ];
    assert_eq!(text(&reply), lines.map(|line| line + "\r\n").concat());
}

#[tokio::test]
async fn an_export_of_many_parts_has_every_sample_once() {
    let plant = plant().await;
    let count = 25_000_i64; // two parts and a half
    plant.keep("filler/count", (0..count).map(|n| at(n, n)));
    let path = format!("/api/v1/history/export?tag={LINE}/filler/count&start=0&end={count}");
    let all = text(&plant.get(&path).await);
    let values: Vec<i64> =
        all.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect();
    assert!(values.iter().copied().eq(0..count), "{} values", values.len());
    // Computed values come in parts of their own; the fake counts all samples of a part at once.
    let end = 10_000 * 10 + 5;
    let path = format!(
        "/api/v1/history/export?tag={LINE}/filler/count&start=0&end={end}&mode=count&interval=10ms"
    );
    let all = text(&plant.get(&path).await);
    let parts: Vec<&str> =
        all.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(parts, ["25000", "0"]);
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused_before_the_first_line() {
    let plant = plant().await;
    let speed = format!("tag={LINE}/filler/speed");
    for (query, status, code) in [
        (format!("{speed}&start=0&end=9&form=xlsx"), 400, "LS-API-001"),
        (format!("{speed}&start=0&end=9&mode=average"), 400, "LS-API-001"),
        (format!("{speed}&start=0&end=900000000000&mode=average&interval=1ms"), 400, "LS-API-001"),
        (format!("{speed}&start=0&end=9&mode=plot"), 504, "LS-API-016"),
        (format!("{speed}&start=0&end=9&mode=interpolated&interval=1s"), 500, "LS-API-017"),
        (format!("tag={LINE}/no&start=0&end=9"), 404, "LS-API-002"),
    ] {
        let reply = plant.get(&format!("/api/v1/history/export?{query}")).await;
        assert_eq!(reply.problem(), (status, code.into()), "{query}");
    }
    plant.namespace.configure(two_lines());
    let token = plant.token("line-10", vec![Grant::under("viewer", OTHER_LINE)]).await;
    let who = format!("Bearer {token}");
    let path = format!("GET /api/v1/history/export?{speed}&start=0&end=9 HTTP/1.1");
    let reply = plant.ask(&path, &[("authorization", &who)], b"").await;
    assert_eq!(reply.problem(), (403, "LS-API-024".into()));
}

/// Waits until somebody has a turn for an export again.
async fn until_free(plant: &Plant, path: &str) {
    let free = async {
        loop {
            if plant.get(path).await.status == 200 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, free).await.expect("the turn of a client that left comes free");
}

#[tokio::test]
async fn two_are_taken_at_a_time_and_one_whose_client_leaves_ends() {
    let plant = plant().await;
    // Long enough that it does not fit between the node and the client.
    plant.keep("filler/count", (0..400_000).map(|n| at(n, n)));
    let long = format!("/api/v1/history/export?tag={LINE}/filler/count&start=0&end=400000");
    let head = format!("host: {}\r\nauthorization: Bearer {}\r\n", plant.address, plant.admin);
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(plant.address).await;
        let line = format!("GET {long} HTTP/1.1");
        stream.write_all(&request(&line, &head, &[], b"")).await.unwrap();
        let mut some = [0; 1_000];
        stream.read_exact(&mut some).await.unwrap(); // it is under way
        waiting.push(stream);
    }
    let short = format!("/api/v1/history/export?tag={LINE}/filler/count&start=0&end=10");
    assert_eq!(plant.get(&short).await.problem(), (503, "LS-API-055".into()));
    drop(waiting);
    until_free(&plant, &short).await;
}
