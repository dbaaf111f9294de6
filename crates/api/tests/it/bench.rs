//! A workshop for the tests of its routes: it answers by rote and remembers what it was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use lineshaft_contract::{
    BrowsePage, BrowseTrouble, Card, ConfigurationError, ConfiguredDevice, Direction, DriverPage,
    Found, Frame, Outcome, Step, TestReport, TestValue, TracePage, Traced, Trial, TrialMistake,
    Working, Workshop,
};
use lineshaft_model::{DataType, Quality, Reason, Timestamp, Value};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

/// The devices that can be traced.
const DEVICES: [&str; 2] = ["filler", "press-10"];

#[derive(Default)]
pub(crate) struct Bench {
    pub(crate) tried: Mutex<Vec<Trial>>,
    kept: Mutex<BTreeMap<String, Duration>>,
}

fn frame(n: u64) -> Traced {
    let bytes = [0, 1, 0, 0, 0, 6, 1, 3, 0, 100, 0, 10].into();
    let (direction, took) = match n.is_multiple_of(2) {
        true => (Direction::Received, Some(Duration::from_micros(1_234))),
        false => (Direction::Sent, None),
    };
    let text = "read 10 holding registers from 100, unit 1".into();
    let at = Timestamp::from_nanos(1_763_618_400_123_456_789);
    Traced { n, at, frame: Frame { direction, bytes, text, took } }
}

impl Workshop for Bench {
    fn drivers(&self) -> Vec<DriverPage> {
        let card = Card { title: "Modbus", types: &["bool", "i16"], ..Card::EMPTY };
        let schema = json!({ "type": "object" });
        vec![DriverPage { driver: "modbus", card, settings: schema.clone(), device: schema }]
    }

    fn devices(&self) -> Working<'_, Result<Vec<ConfiguredDevice>, ConfigurationError>> {
        let table = json!({"driver": "modbus", "endpoint": "tcp://127.0.0.1:5020"});
        let Json::Object(table) = table else { panic!("no object") };
        Box::pin(async {
            Ok(vec![ConfiguredDevice {
                device: "filler".into(),
                file: "devices/line-1.toml".into(),
                table,
                tags_file: Some("tags/filler.csv".into()),
                is_writable: true,
                is_enabled: true,
            }])
        })
    }

    fn test(&self, trial: Trial) -> Working<'_, Option<TestReport>> {
        self.tried.lock().push(trial);
        let step = |step, outcome, what: &str, code: Option<&str>| Step {
            step,
            outcome,
            took: Duration::from_micros(1_500),
            what: what.into(),
            code: code.map(str::to_owned),
            remedy: code.map(|_| "try hr:99".into()),
        };
        Box::pin(async move {
            Some(TestReport {
                took: Duration::from_millis(31),
                steps: vec![
                    step("settings", Outcome::Ok, "Modbus over tcp://plc:502", None),
                    step("name", Outcome::Skipped, "", None),
                    step("read", Outcome::Failed, "hr:100: illegal", Some("LS-DRV-009")),
                ],
                values: vec![TestValue {
                    name: "t".into(),
                    address: "hr:100".into(),
                    data_type: DataType::I16,
                    value: Value::Null,
                    quality: Quality::bad(Reason::NotConfigured),
                    what: "illegal data address (exception 2)".into(),
                }],
                mistakes: Vec::new(),
                frames: vec![frame(1), frame(2)],
            })
        })
    }

    fn browse(
        &self,
        trial: Trial,
        _options: Json,
        after: Option<String>,
        _count_max: u32,
    ) -> Working<'_, Result<BrowsePage, BrowseTrouble>> {
        let endpoint = trial.device.get("endpoint").and_then(Json::as_str).unwrap_or("").to_owned();
        Box::pin(async move {
            match endpoint.as_str() {
                "" => Err(BrowseTrouble::Wrong(vec![TrialMistake {
                    key: "endpoint".into(),
                    code: "LS-CFG-006".into(),
                    what: "`endpoint` is missing".into(),
                    remedy: String::new(),
                }])),
                "tcp://gone:502" => Err(BrowseTrouble::Failed(Step {
                    step: "connect",
                    outcome: Outcome::Failed,
                    took: Duration::ZERO,
                    what: "gone is there, and nothing listens on port 502".into(),
                    code: Some("LS-DRV-001".into()),
                    remedy: Some("check the port".into()),
                })),
                _ => Ok(BrowsePage {
                    found: vec![Found {
                        name: "hr_100".into(),
                        address: "hr:100".into(),
                        data_type: Some(DataType::U16),
                        description: String::new(),
                        value: Value::Int(16_812),
                        quality: Quality::GOOD,
                        guesses: vec![("f32".into(), Value::Float(21.5))],
                        settings: Json::Null,
                    }],
                    next: after.is_none().then(|| "0.0.101".into()),
                    done: 0.35,
                    note: String::new(),
                }),
            }
        })
    }

    fn trace(&self, device: &str, after: u64) -> Option<TracePage> {
        let until = self.kept.lock().get(device).map(|_| Timestamp::from_secs(1_763_618_460));
        let frames = (after + 1..=17).map(frame).collect();
        DEVICES.contains(&device).then_some(TracePage { until, frames, last: 17, dropped: 0 })
    }

    fn keep_trace(&self, device: &str, lasting: Duration) -> Option<TracePage> {
        let mut kept = self.kept.lock();
        if lasting.is_zero() {
            kept.remove(device);
        } else {
            kept.insert(device.into(), lasting);
        }
        drop(kept);
        self.trace(device, u64::MAX - 1)
    }
}
