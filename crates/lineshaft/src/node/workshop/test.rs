//! One device, tried out step by step; the first step that fails says what to do, and the rest is skipped.

use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{
    Advice, Chain, Device, DriverError, Fault as _, Outcome, Reading, Step, TestReport, TestValue,
    Trial,
};
use lineshaft_drivers::runner::{Runner, Use};
use lineshaft_model::{Conversion, DataType, Quality, Value};
use lineshaft_runtime::Endpoint;

use super::line::{Answer, Collector, Line, Question, Unanswered};
use super::remedy::{self, Failure, host_and_port};
use super::{Workshop, trial};
use crate::plant::{PlantDevice, TagSteps};

/// When a test has ended, whatever the device does.
const TEST_LIMIT: Duration = Duration::from_secs(14);
/// The longest one request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// Tries a device out.
pub(super) async fn run(workshop: &Workshop, trial: &Trial) -> TestReport {
    let mut report = Report::new(workshop);
    let device = match trial::read(trial) {
        Ok(device) => device,
        Err(mistakes) => {
            report.wrong_settings(&mistakes);
            report.skip(&["name", "connect", "answer", "read"]);
            return TestReport { mistakes, ..report.finish() };
        }
    };
    report.ok("settings", settings_in_words(&device));
    // A device that hangs must not hold the page up: what was found until then is the answer.
    let asked = tokio::time::timeout(TEST_LIMIT, report.go(&device)).await;
    if asked.is_err() {
        let step = report.at;
        report.fail(
            step,
            Failure {
                what: format!("not done after {TEST_LIMIT:?}"),
                code: "LS-DRV-002".into(),
                remedy: "test with fewer tags, or a shorter `timeout`".into(),
            },
        );
    }
    let all: &[&'static str] = match device.device.spec().endpoint.scheme.as_str() {
        "serial" => &["port", "open", "answer", "read"],
        _ => &["name", "connect", "answer", "read"],
    };
    report.skip(all);
    report.finish()
}

fn settings_in_words(device: &PlantDevice) -> String {
    let tags = device.device.spec().points.len();
    match tags {
        0 => format!("{} over {}", device.driver.card.title, device.device.spec().endpoint),
        _ => format!(
            "{} over {}, {}",
            device.driver.card.title,
            device.device.spec().endpoint,
            crate::plant::mistake::counted(tags, "tag")
        ),
    }
}

/// Steps as they come.
struct Report<'a> {
    workshop: &'a Workshop,
    started: Duration,
    step_started: Duration,
    /// The step that runs.
    at: &'static str,
    steps: Vec<Step>,
    values: Vec<TestValue>,
    frames: Arc<Collector>,
    /// The way over a link that runs, and whose it is: for a device that takes a second connection and ends it at once.
    instead: Option<(Runner, &'static str, String)>,
}

impl<'a> Report<'a> {
    fn new(workshop: &'a Workshop) -> Report<'a> {
        let now = workshop.clock.steady();
        let frames = Collector::new(workshop.clock.clone());
        let (steps, values) = (Vec::new(), Vec::new());
        let at = "settings";
        let (started, step_started, instead) = (now, now, None);
        Report { workshop, started, step_started, at, steps, values, frames, instead }
    }

    fn finish(self) -> TestReport {
        TestReport {
            took: self.workshop.clock.steady().saturating_sub(self.started),
            steps: self.steps,
            values: self.values,
            mistakes: Vec::new(),
            frames: self.frames.take(),
        }
    }

    fn push(
        &mut self,
        step: &'static str,
        outcome: Outcome,
        what: String,
        failure: Option<(String, String)>,
    ) {
        let now = self.workshop.clock.steady();
        let took = now.saturating_sub(self.step_started);
        self.step_started = now;
        let (code, remedy) = failure.unzip();
        let remedy = remedy.filter(|remedy| !remedy.is_empty());
        self.steps.push(Step { step, outcome, took, what, code, remedy });
    }

    fn ok(&mut self, step: &'static str, what: String) {
        self.push(step, Outcome::Ok, what, None);
    }

    fn fail(&mut self, step: &'static str, failure: Failure) {
        let Failure { what, code, remedy } = failure;
        self.push(step, Outcome::Failed, what, Some((code, remedy)));
    }

    /// What was not reached is skipped.
    fn skip(&mut self, all: &[&'static str]) {
        for step in all {
            if self.steps.iter().all(|done| done.step != *step) {
                self.push(step, Outcome::Skipped, String::new(), None);
            }
        }
    }

    fn wrong_settings(&mut self, mistakes: &[lineshaft_contract::TrialMistake]) {
        let each = mistakes.iter().map(|one| match one.key.as_str() {
            "" => one.what.clone(),
            key => format!("{key}: {}", one.what),
        });
        let what = each.collect::<Vec<_>>().join("; ");
        let first = mistakes.first();
        let code = first.map(|one| one.code.clone()).unwrap_or_default();
        let remedy = first.map(|one| one.remedy.clone()).unwrap_or_default();
        self.fail("settings", Failure { what, code, remedy });
    }

    async fn go(&mut self, device: &PlantDevice) {
        let endpoint = &device.device.spec().endpoint;
        let used = match &self.workshop.runner {
            Some(runner) => runner.users(endpoint),
            None => Vec::new(),
        };
        let opened = match endpoint.scheme.as_str() {
            "serial" => self.open_port(device, &used).await,
            _ => self.open_connection(device, &used).await,
        };
        let Some(mut line) = opened else { return };
        if !line.is_lent() {
            self.instead = self.lent(device, &used).and_then(|(line, other)| match line {
                Line::Lent { runner, driver } => Some((runner, driver, other)),
                Line::Own(_) => None,
            });
        }
        if device.device.spec().points.is_empty() {
            self.probe(device, &mut line).await;
        } else {
            self.read(device, &mut line).await;
        }
    }

    /// The steps `name` and `connect`.
    async fn open_connection(&mut self, device: &PlantDevice, used: &[Use]) -> Option<Line> {
        let endpoint = &device.device.spec().endpoint;
        self.at = "name";
        if !self.find(endpoint).await {
            return None;
        }
        self.at = "connect";
        match Line::open(&device.device, &self.workshop.net).await {
            Ok(line) => {
                let (host, port) = host_and_port(endpoint);
                let mut what = format!("connected to {host}, port {port}");
                if let Some(other) = used.first() {
                    what.push_str(&format!(
                        "; `{}` of this plant has a connection to the same port, this is a second one",
                        other.device
                    ));
                }
                self.ok("connect", what);
                Some(line)
            }
            // A device that takes one connection only has given it to the plant.
            Err(error) => match self.lent(device, used) {
                Some((line, other)) => {
                    let what = format!(
                        "no second connection beside that of `{other}`, so this asks over that one"
                    );
                    self.ok("connect", what);
                    Some(line)
                }
                None => {
                    let failure = remedy::of_connect(endpoint, &self.workshop.net, &error);
                    self.fail("connect", failure);
                    None
                }
            },
        }
    }

    /// The step `name`; whether there is an address.
    async fn find(&mut self, endpoint: &Endpoint) -> bool {
        let (host, _) = host_and_port(endpoint);
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        if plain.parse::<std::net::IpAddr>().is_ok() {
            self.push("name", Outcome::Skipped, format!("{plain} is an address"), None);
            return true;
        }
        match self.workshop.net.resolve(endpoint).await {
            Ok(found) if !found.is_empty() => {
                let addresses: Vec<String> = found.iter().map(|one| one.ip().to_string()).collect();
                self.ok("name", format!("{host} is {}", addresses.join(", ")));
                true
            }
            Ok(_none) => {
                let error = std::io::Error::other("the name has no address");
                self.fail("name", remedy::of_name(endpoint, &error));
                false
            }
            Err(error) => {
                self.fail("name", remedy::of_name(endpoint, &error));
                false
            }
        }
    }

    /// The steps `port` and `open`.
    async fn open_port(&mut self, device: &PlantDevice, used: &[Use]) -> Option<Line> {
        let (endpoint, net) = (&device.device.spec().endpoint, &self.workshop.net);
        self.at = "port";
        if let Err(error) = net.look_for_port(endpoint) {
            self.fail("port", remedy::of_port(endpoint, net, &error));
            return None;
        }
        if let Some(other) = used.iter().find(|other| other.endpoint != endpoint.to_string()) {
            let (name, theirs) = (&other.device, &other.endpoint);
            self.fail(
                "port",
                Failure {
                    what: format!(
                        "{} is in use by `{name}` of this plant, as {theirs}",
                        endpoint.address
                    ),
                    code: "LS-DRV-014".into(),
                    remedy: format!(
                        "one line has one speed: write the endpoint as `{name}` has it, {theirs}"
                    ),
                },
            );
            return None;
        }
        let (line, what) = match self.lent(device, used) {
            Some((line, other)) => {
                let what = format!(
                    "{} is in use by `{other}` of this plant, so this asks between its requests",
                    endpoint.address
                );
                (Some(line), what)
            }
            None => (None, format!("{} is there", endpoint.address)),
        };
        self.ok("port", what);
        self.at = "open";
        if let Some(line) = line {
            self.push("open", Outcome::Skipped, "it is open already".into(), None);
            return Some(line);
        }
        match Line::open(&device.device, net).await {
            Ok(line) => {
                self.ok("open", format!("opened {}", endpoint.address));
                Some(line)
            }
            Err(error) => {
                let mut failure = remedy::of_connect(endpoint, net, &error);
                if let Some(other) = used.first() {
                    failure.what = format!("{}: `{}` of this plant", failure.what, other.device);
                }
                self.fail("open", failure);
                None
            }
        }
    }

    /// The way over a link that runs, and whose it is.
    fn lent(&self, device: &PlantDevice, used: &[Use]) -> Option<(Line, String)> {
        let runner = self.workshop.runner.clone()?;
        let same = device.device.spec().endpoint.to_string();
        let fits = |other: &&Use| {
            other.endpoint == same && other.driver == device.driver.name && other.is_online
        };
        let other = used.iter().find(fits)?;
        Some((Line::Lent { runner, driver: device.driver.name }, other.device.clone()))
    }

    /// The step `answer` without tags: the protocol's cheapest question.
    async fn probe(&mut self, device: &PlantDevice, line: &mut Line) {
        self.at = "answer";
        match self.ask(device, line, Question::Probe).await {
            Ok(Answer::Probed(Some(said))) => self.ok("answer", said),
            Ok(_) => {
                let what = "the connection is open; this driver has no question without a tag";
                self.push("answer", Outcome::Skipped, what.into(), None);
            }
            Err(unanswered) => self.fail("answer", failure_of(unanswered)),
        }
        let what = "no tags were given".to_owned();
        self.push("read", Outcome::Skipped, what, None);
    }

    /// The steps `answer` and `read` with tags: whoever answers a read answers.
    async fn read(&mut self, device: &PlantDevice, line: &mut Line) {
        self.at = "answer";
        let points: Vec<u32> = (0..).take(device.device.spec().points.len()).collect();
        // Over a link that runs one by one, so that its own requests come in between.
        let parts: Vec<Vec<u32>> = match line.is_lent() {
            true => points.iter().map(|point| vec![*point]).collect(),
            false => vec![points],
        };
        let mut readings = Vec::new();
        for part in parts {
            match self.ask(device, line, Question::Read(part)).await {
                Ok(Answer::Read(read)) => readings.extend(read),
                Ok(_) => {}
                Err(unanswered) => {
                    let step = if readings.is_empty() { "answer" } else { "read" };
                    if step == "read" {
                        self.ok("answer", "it answers".into());
                    }
                    self.keep(device, readings);
                    self.fail(step, failure_of(unanswered));
                    return;
                }
            }
        }
        let silent =
            |reading: &Reading| reading.quality == Quality::bad(lineshaft_model::Reason::Comm);
        if readings.iter().all(|(reading, _)| silent(reading)) {
            let advice = readings.first().and_then(|(_, advice)| advice.clone());
            let advice =
                advice.unwrap_or(Advice { what: "nobody answers".into(), remedy: String::new() });
            self.keep(device, readings);
            let Advice { what, remedy } = advice;
            return self.fail("answer", Failure { what, code: "LS-DRV-015".into(), remedy });
        }
        self.ok("answer", "it answers".into());
        self.at = "read";
        self.keep_and_judge(device, readings);
    }

    fn keep_and_judge(&mut self, device: &PlantDevice, readings: Vec<(Reading, Option<Advice>)>) {
        let count = readings.len();
        let refused = readings.iter().filter(|(reading, _)| reading.quality.is_bad());
        let refused: Vec<(u32, Option<Advice>)> =
            refused.map(|(reading, advice)| (reading.point, advice.clone())).collect();
        self.keep(device, readings);
        let Some((point, advice)) = refused.first().cloned() else {
            return self
                .ok("read", format!("{} read", crate::plant::mistake::counted(count, "tag")));
        };
        let spec = device.device.spec().points.get(point as usize);
        let (name, address) = spec.map_or(("", ""), |spec| (&spec.name, &spec.address));
        let advice = advice.unwrap_or(Advice {
            what: "the device gives no value for it".into(),
            remedy: "compare address and type with the device's manual".into(),
        });
        let more = match refused.len() {
            1 => String::new(),
            all => format!("; {} of {count} tags have no value", all),
        };
        let what = format!("{name} at {address}: {}{more}", advice.what);
        self.fail("read", Failure { what, code: "LS-DRV-009".into(), remedy: advice.remedy });
    }

    /// Keeps values as the tag table would show them.
    fn keep(&mut self, device: &PlantDevice, readings: Vec<(Reading, Option<Advice>)>) {
        let now = self.workshop.clock.now();
        for (reading, advice) in readings {
            let at = reading.point as usize;
            let Some(spec) = device.device.spec().points.get(at) else { continue };
            let steps = device.steps.get(at).copied().unwrap_or_default();
            let mut sample = reading.into_sample(now);
            let mut data_type = spec.data_type;
            if steps.is_scaled() {
                data_type = DataType::F64;
                sample = sample.clone().with_value(scaled(steps, sample.value));
            }
            self.values.push(TestValue {
                name: spec.name.clone(),
                address: spec.address.clone(),
                data_type,
                value: sample.value,
                quality: sample.quality,
                what: advice.map(|advice| advice.what).unwrap_or_default(),
            });
        }
    }

    async fn ask(
        &mut self,
        device: &PlantDevice,
        line: &mut Line,
        question: Question,
    ) -> Result<Answer, Unanswered> {
        let first = self.ask_once(device, line, question.clone()).await;
        let Err(Unanswered::Failed(DriverError::Lost { .. }, _)) = &first else { return first };
        let Some((runner, driver, other)) = self.instead.take() else { return first };
        if let Some(connect) = self.steps.iter_mut().find(|step| step.step == "connect") {
            connect.what = format!(
                "the device ends a second connection beside that of `{other}`, so this asks over that one"
            );
        }
        *line = Line::Lent { runner, driver };
        self.ask_once(device, line, question).await
    }

    async fn ask_once(
        &self,
        device: &PlantDevice,
        line: &mut Line,
        question: Question,
    ) -> Result<Answer, Unanswered> {
        let device: &Arc<dyn Device> = &device.device;
        let limit = device.spec().timeout.min(REQUEST_LIMIT);
        let many = match &question {
            Question::Read(points) => u32::try_from(points.len()).unwrap_or(1).max(1),
            _ => 1,
        };
        let budget = (limit * (many + 1)).min(TEST_LIMIT);
        line.ask(device, question, limit, budget, Some(&self.frames)).await
    }
}

fn scaled(steps: TagSteps, value: Value) -> Value {
    let factor = steps.scale.unwrap_or(1.0);
    let conversion = Conversion { factor, offset: steps.offset.unwrap_or(0.0) };
    match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            value.as_f64().map_or(Value::Null, |number| Value::Float(conversion.apply(number)))
        }
        other => other,
    }
}

/// A question without an answer, in words.
pub(super) fn failure_of(unanswered: Unanswered) -> Failure {
    match unanswered {
        Unanswered::Failed(error, advice) => {
            let code = match error {
                DriverError::Refused { .. } => "LS-DRV-015",
                _ => error.code(),
            };
            let remedy = advice.map(|advice| advice.remedy).unwrap_or_default();
            Failure { what: Chain(&error).to_string(), code: code.into(), remedy }
        }
        Unanswered::Browse(error) => {
            Failure { what: error.to_string(), code: String::new(), remedy: String::new() }
        }
        Unanswered::NotLent => Failure {
            what: "the connection that runs was lost or is too busy".into(),
            code: "LS-DRV-014".into(),
            remedy: "wait until the devices on it are online, and ask again".into(),
        },
    }
}
