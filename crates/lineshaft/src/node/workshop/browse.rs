//! One part of what a device offers, within five seconds; whoever wants more asks on.

use std::time::Duration;

use lineshaft_contract::{
    BrowseAsk, BrowseError, BrowsePage, BrowseTrouble, Browsed, DriverError, Outcome, Step, Trial,
    TrialMistake,
};
use lineshaft_drivers::runner::Use;
use serde_json::Value as Json;

use super::line::{Answer, Line, Question, Unanswered};
use super::remedy::{self, Failure};
use super::test::failure_of;
use super::{Workshop, trial};
use crate::plant::PlantDevice;

/// When a part has ended.
const PART: Duration = Duration::from_secs(4);
/// The longest one request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(2);
/// How long a link that runs is kept from its own requests at a time.
const LENT_SLICE: Duration = Duration::from_millis(250);

/// One part.
pub(super) async fn run(
    workshop: &Workshop,
    trial: &Trial,
    options: Json,
    after: Option<String>,
    count_max: u32,
) -> Result<BrowsePage, BrowseTrouble> {
    // The rows are what is being looked for.
    let trial = Trial { device: trial.device.clone(), tags: Vec::new() };
    let device = trial::read(&trial).map_err(BrowseTrouble::Wrong)?;
    if device.driver.card.browse.is_none() {
        return Err(BrowseTrouble::Unsupported { driver: device.driver.name.into() });
    }
    let until = workshop.clock.steady() + PART;
    let mut line: Option<Line> = None;
    let mut page = BrowsePage { found: Vec::new(), next: after, done: 0.0, note: String::new() };
    loop {
        let left = until.saturating_sub(workshop.clock.steady());
        let mut way = match line.take() {
            Some(line) => line,
            None => open(workshop, &device).await?,
        };
        let budget = if way.is_lent() { LENT_SLICE.min(left) } else { left };
        let limit = device.device.spec().timeout.min(REQUEST_LIMIT);
        let room = u32::try_from(page.found.len()).unwrap_or(u32::MAX);
        let ask = BrowseAsk {
            options: options.clone(),
            after: page.next.clone(),
            count_max: count_max.saturating_sub(room),
            limit,
            budget,
        };
        let asked = way.ask(&device.device, Question::Browse(ask), limit, budget + limit, None);
        match asked.await {
            Ok(Answer::Browsed(part)) => {
                let is_spent = part.is_link_spent;
                add(&mut page, part);
                // A link that runs is opened anew by its owner.
                line = (!is_spent || way.is_lent()).then_some(way);
            }
            Ok(_) => return Err(BrowseTrouble::Unsupported { driver: device.driver.name.into() }),
            // What was found counts; who asks on meets the same trouble.
            Err(_) if !page.found.is_empty() => return Ok(page),
            // It took a second connection and ended it at once: the first one is the plant's.
            Err(Unanswered::Failed(DriverError::Lost { .. }, _))
                if !way.is_lent() && lent(workshop, &device).is_some() =>
            {
                line = lent(workshop, &device);
                continue;
            }
            Err(Unanswered::Browse(error)) => return Err(trouble_of(&device, error)),
            Err(unanswered) => return Err(failed("answer", failure_of(unanswered))),
        }
        let is_full = page.found.len() >= count_max as usize;
        if page.next.is_none() || is_full || workshop.clock.steady() >= until {
            return Ok(page);
        }
    }
}

fn add(page: &mut BrowsePage, part: Browsed) {
    page.found.extend(part.found);
    (page.next, page.done) = (part.next, part.done);
    if !part.note.is_empty() && !page.note.contains(&part.note) {
        let between = if page.note.is_empty() { "" } else { "; " };
        page.note.push_str(between);
        page.note.push_str(&part.note);
    }
}

/// A way to the device: over the link that runs where the port has one owner, else one of its own.
async fn open(workshop: &Workshop, device: &PlantDevice) -> Result<Line, BrowseTrouble> {
    let endpoint = &device.device.spec().endpoint;
    let lent = lent(workshop, device);
    if endpoint.scheme == "serial" {
        if let Some(line) = lent {
            return Ok(line);
        }
        if let Err(error) = workshop.net.look_for_port(endpoint) {
            return Err(failed("port", remedy::of_port(endpoint, &workshop.net, &error)));
        }
    }
    let step = if endpoint.scheme == "serial" { "open" } else { "connect" };
    match (Line::open(&device.device, &workshop.net).await, lent) {
        (Ok(line), _) => Ok(line),
        // A device that takes one connection only has given it to the plant.
        (Err(_), Some(line)) => Ok(line),
        (Err(error), None) => {
            Err(failed(step, remedy::of_connect(endpoint, &workshop.net, &error)))
        }
    }
}

/// The way over a link that runs, where there is one.
fn lent(workshop: &Workshop, device: &PlantDevice) -> Option<Line> {
    let runner = workshop.runner.as_ref()?;
    let endpoint = &device.device.spec().endpoint;
    let (same, driver) = (endpoint.to_string(), device.driver.name);
    let used = runner.users(endpoint);
    let fits = |other: &Use| other.endpoint == same && other.driver == driver && other.is_online;
    used.iter().any(fits).then(|| Line::Lent { runner: runner.clone(), driver })
}

fn failed(step: &'static str, failure: Failure) -> BrowseTrouble {
    let Failure { what, code, remedy } = failure;
    BrowseTrouble::Failed(Step {
        step,
        outcome: Outcome::Failed,
        took: Duration::ZERO,
        what,
        code: Some(code),
        remedy: Some(remedy),
    })
}

fn trouble_of(device: &PlantDevice, error: BrowseError) -> BrowseTrouble {
    let mistake = |key: String, what: String| {
        let (code, remedy) = ("LS-CFG-005".to_owned(), String::new());
        BrowseTrouble::Wrong(vec![TrialMistake { key, code, what, remedy }])
    };
    match error {
        BrowseError::Option { key, what } if key == "options" => mistake(key, what),
        BrowseError::Option { key, what } => mistake(format!("options.{key}"), what),
        BrowseError::Cursor => mistake("after".into(), error.to_string()),
        BrowseError::Unsupported => {
            BrowseTrouble::Unsupported { driver: device.driver.name.into() }
        }
        BrowseError::Driver(error) => failed("answer", failure_of(Unanswered::Failed(error, None))),
    }
}
