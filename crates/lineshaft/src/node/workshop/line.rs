//! The way to a device that is tried out: a connection of its own, or between two polls of a link that runs.

use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{
    Advice, BrowseAsk, BrowseError, Browsed, Device, DriverError, Reading, Readings, Session,
    Traced, Tracer, Trouble,
};
use lineshaft_drivers::runner::{Lent, Runner};
use lineshaft_model::{Quality, Reason};
use lineshaft_runtime::{Clock, Net};
use parking_lot::Mutex;

/// Frames of one test that are kept.
const FRAMES_MAX: usize = 200;
/// What connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// What a link may add to what it was asked for.
const MARGIN: Duration = Duration::from_millis(500);

/// What somebody wants to know.
#[derive(Debug, Clone)]
pub(super) enum Question {
    /// Whether anybody answers.
    Probe,
    /// These points.
    Read(Vec<u32>),
    /// A part of what there is.
    Browse(BrowseAsk),
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Answer {
    /// In words, where the driver has some.
    Probed(Option<String>),
    /// Each reading with what the device said about it.
    Read(Vec<(Reading, Option<Advice>)>),
    Browsed(Browsed),
}

/// Why nothing came of it.
#[derive(Debug)]
pub(super) enum Unanswered {
    Failed(DriverError, Option<Advice>),
    Browse(BrowseError),
    /// The link that runs was not open, or too busy.
    NotLent,
}

/// An open way.
pub(super) enum Line {
    Own(Box<dyn Session>),
    Lent { runner: Runner, driver: &'static str },
}

/// Keeps the frames of one test.
#[derive(Debug)]
pub(super) struct Collector {
    clock: Clock,
    frames: Mutex<Vec<Traced>>,
}

impl Collector {
    pub(super) fn new(clock: Clock) -> Arc<Collector> {
        Arc::new(Collector { clock, frames: Mutex::default() })
    }

    pub(super) fn take(&self) -> Vec<Traced> {
        std::mem::take(&mut *self.frames.lock())
    }
}

impl Tracer for Collector {
    fn frame(&self, frame: lineshaft_contract::Frame) {
        let at = self.clock.now();
        let mut frames = self.frames.lock();
        if frames.len() < FRAMES_MAX {
            let n = frames.len() as u64 + 1;
            frames.push(Traced { n, at, frame });
        }
    }
}

impl Line {
    /// Opens a connection of its own.
    pub(super) async fn open(device: &Arc<dyn Device>, net: &Net) -> Result<Line, DriverError> {
        let limit = CONNECT_LIMIT + Duration::from_secs(1);
        match tokio::time::timeout(limit, device.connect(net)).await {
            Ok(opened) => Ok(Line::Own(opened?)),
            Err(_elapsed) => {
                let endpoint = device.spec().endpoint.to_string();
                let source = std::io::ErrorKind::TimedOut.into();
                Err(DriverError::Connect { endpoint, source })
            }
        }
    }

    pub(super) const fn is_lent(&self) -> bool {
        matches!(self, Line::Lent { .. })
    }

    /// Asks; `limit` is for each request, `budget` for all of them.
    pub(super) async fn ask(
        &mut self,
        device: &Arc<dyn Device>,
        question: Question,
        limit: Duration,
        budget: Duration,
        frames: Option<&Arc<Collector>>,
    ) -> Result<Answer, Unanswered> {
        let tracer = frames.map(|frames| frames.clone() as Arc<dyn Tracer>);
        match self {
            Line::Own(session) => {
                session.trace(tracer);
                let asked = ask(&mut **session, device, question, limit);
                match tokio::time::timeout(budget + MARGIN, asked).await {
                    Ok((answer, _)) => answer,
                    Err(_elapsed) => Err(Unanswered::Failed(too_late(device, budget), None)),
                }
            }
            Line::Lent { runner, driver } => {
                let device = device.clone();
                let at = device.clone();
                let asking = runner.lend(&*at, driver, budget + MARGIN, move |session| {
                    Box::pin(async move {
                        session.trace(tracer);
                        ask(session, &device, question, limit).await
                    })
                });
                asking.await.unwrap_or(Err(Unanswered::NotLent))
            }
        }
    }
}

fn too_late(device: &Arc<dyn Device>, limit: Duration) -> DriverError {
    DriverError::Timeout { party: device.spec().endpoint.to_string(), limit }
}

async fn ask(
    session: &mut dyn Session,
    device: &Arc<dyn Device>,
    question: Question,
    limit: Duration,
) -> (Result<Answer, Unanswered>, Lent) {
    let failed = |session: &mut dyn Session, error: DriverError| {
        let advice = session.advice(&**device, &Trouble::Failed(&error));
        let lent = match error {
            DriverError::Refused { .. } | DriverError::ReadOnly { .. } => Lent::Sound,
            _ => Lent::Spent,
        };
        (Err(Unanswered::Failed(error, advice)), lent)
    };
    match question {
        Question::Probe => match session.probe(&**device, limit).await {
            Ok(said) => (Ok(Answer::Probed(said)), Lent::Sound),
            Err(error) => failed(session, error),
        },
        Question::Read(points) => match read(session, device, &points, limit).await {
            Ok(readings) => (Ok(Answer::Read(readings)), Lent::Sound),
            Err(error) => failed(session, error),
        },
        Question::Browse(wanted) => match session.browse(&**device, &wanted).await {
            Ok(browsed) => {
                let lent = if browsed.is_link_spent { Lent::Spent } else { Lent::Sound };
                (Ok(Answer::Browsed(browsed)), lent)
            }
            Err(BrowseError::Driver(error)) => failed(session, error),
            Err(error) => (Err(Unanswered::Browse(error)), Lent::Sound),
        },
    }
}

/// Reads points in as few requests as the protocol allows; where a device refuses a whole request, each alone.
async fn read(
    session: &mut dyn Session,
    device: &Arc<dyn Device>,
    points: &[u32],
    limit: Duration,
) -> Result<Vec<(Reading, Option<Advice>)>, DriverError> {
    let mut all = Vec::with_capacity(points.len());
    for request in device.plan(points) {
        let mut out = Readings::default();
        session.read(&**device, &request, limit, &mut out).await?;
        let refused = Quality::bad(Reason::NotConfigured);
        let is_refused = out.0.iter().all(|reading| reading.quality == refused);
        if !is_refused || request.points.len() == 1 {
            let advised = out.0.into_iter().map(|reading| advised(session, device, reading));
            all.extend(advised);
            continue;
        }
        for point in &request.points {
            for alone in device.plan(&[*point]) {
                let mut out = Readings::default();
                session.read(&**device, &alone, limit, &mut out).await?;
                all.extend(out.0.into_iter().map(|reading| advised(session, device, reading)));
            }
        }
    }
    all.sort_by_key(|(reading, _)| reading.point);
    Ok(all)
}

fn advised(
    session: &mut dyn Session,
    device: &Arc<dyn Device>,
    reading: Reading,
) -> (Reading, Option<Advice>) {
    let point = device.spec().points.get(reading.point as usize);
    let point = point.filter(|_| reading.quality.is_bad());
    let advice = point.and_then(|point| session.advice(&**device, &Trouble::Refused(point)));
    (reading, advice)
}
