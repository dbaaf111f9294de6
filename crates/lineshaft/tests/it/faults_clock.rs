//! The clock of the computer is set back under a running node. The node runs in the test, on a simulated clock.

use std::sync::Arc;
use std::time::Duration;

use lineshaft::node::{DataFolder, Metrics, Node, Options, Visitor, Watch};
use lineshaft_drivers::DRIVERS;
use lineshaft_runtime::Clock;
use serde_json::Value;

use crate::field::{Counters, FAST, Field, counter_table};
use crate::harness::{Client, Plant, SOON, eventually};

const HOUR: Duration = Duration::from_secs(3_600);
const TAG: &str = "acme/test/press/c0";

/// Proves: A29, CR 2.11 RE1, P11-28.
#[test]
fn a_clock_set_back_freezes_nothing_and_loses_nothing() {
    let (field, counters) = (Field::new(), Counters::new(1, 1));
    let device = field.device(counters);
    let plant = Plant::new("[historian]\nseal_after = \"1s\"\n");
    plant.device("press", device.address, 1, FAST, &counter_table(1));

    let noon = Clock::real().now();
    let clock = Clock::simulated(noon);
    let executor = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let options = Options {
        listen: None,
        watch: Watch::Ignore,
        visitor: Visitor::IsWelcome,
        metrics: Metrics(Arc::new(String::new)),
        clock: clock.clone(),
        logs: lineshaft::logs::LogBook::unwritten(clock.clone()),
    };
    let loaded = lineshaft::plant::load(&plant.folder(), DRIVERS).unwrap();
    let data = DataFolder::take(&plant.data()).unwrap();
    let node = executor.block_on(Node::start(loaded, data, options)).unwrap();
    let mut client = Client::new(node.address());
    let mut ask = |path: &str| client.get(&format!("/api/v1/{path}")).unwrap().json();
    // Time passes while the test looks.
    let mut when = |what: &str, path: &str, seen: &dyn Fn(&Value) -> bool| {
        eventually(SOON, what, || {
            clock.advance(Duration::from_millis(5));
            Some(ask(path)).filter(seen)
        })
    };

    let values = format!("values?tag={TAG}");
    when("values come", &values, &|v| v[0]["value"].as_u64() > Some(20));
    let before = noon.saturating_sub(HOUR);
    clock.step(before);
    let early = (noon.millis() - 1_800_000).into();
    let at_once = when("values come on, with the time that it now is", &values, &|v| {
        v[0]["timestamp_ms"].as_i64() < early
    });
    assert_eq!(at_once[0]["quality"], "good");
    let count = at_once[0]["value"].as_u64();
    when("they change", &values, &|v| v[0]["value"].as_u64() > count.map(|count| count + 20));
    let status = when("the step is noticed, and a seal spans it", "status", &|status| {
        let sealed = status["historian"]["samples_sealed"].as_u64();
        status["clock_steps"] == 1 && sealed > count
    });
    assert_eq!(status["samples_lost"], 0, "{status}");
    let steps = when("the entry of the step", "audit?action=clock.step", &|page| {
        page["entries"].as_array().is_some_and(|entries| !entries.is_empty())
    });
    let entries = steps["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{steps}");
    let said = entries[0]["new"].as_str().unwrap();
    assert!(said.starts_with("back by 36") || said.starts_with("back by 35"), "{said}");
    executor.block_on(node.stop());
    drop(executor);

    // The same history after a start of the real thing, on the real clock.
    assert!(plant.verify().status.success());
    let node = plant.run();
    let history = eventually(SOON, "history of both", || {
        let page = node.json(&format!(
            "/api/v1/history?tag={TAG}&start=0&end={}&limit=100000",
            noon.saturating_add(HOUR * 24).millis()
        ));
        let series = page["series"][0].clone();
        let is_later = |ts: &Value| ts.as_i64() > Some(Clock::real().now().millis() - 1_000);
        series["timestamp_ms"].as_array()?.last().is_some_and(is_later).then_some(series)
    });
    let column = |name: &str| -> Vec<i64> {
        let column = history[name].as_array().unwrap();
        column.iter().map(|value| value.as_i64().unwrap_or(-1)).collect()
    };
    let (times, values) = (column("timestamp_ms"), column("value"));
    assert!(times.is_sorted(), "history is in the order of its times");
    assert!(times[0] >= before.millis() && times[0] < noon.millis());
    assert!(values[0] > 1, "what came after the step has the earlier times");
    let mut good: Vec<i64> = values.into_iter().filter(|value| *value > 0).collect();
    good.sort_unstable();
    for (value, expected) in good.into_iter().zip(1..) {
        assert_eq!(value, expected, "each poll once");
    }
    node.stop();
}
