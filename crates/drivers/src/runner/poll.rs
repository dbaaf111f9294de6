//! One request, one write: called, judged, delivered.

use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{Chain, Class, DriverError, Fault, LastError};
use lineshaft_model::{Answer, Quality, Reason, Refusal, Value};
use tokio::time::Instant;

use super::commands::Write;
use super::guard::{self, CallError};
use super::link::Link;
use super::unit::Which;
use super::{convert, limits};

/// How a call ended, for the counters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Good,
    /// Answered, with a no.
    Refused,
    /// No answer that can be trusted.
    Failed,
}

impl Ended {
    const fn word(self) -> &'static str {
        match self {
            Ended::Good => "values",
            Ended::Refused => "no",
            Ended::Failed => "none",
        }
    }
}

/// What an answer means.
enum Verdict {
    /// Values, or bad points of a device that lives.
    Values,
    /// The device refuses the request as a whole.
    Refused,
    /// A gateway says that the device does not answer.
    Silent,
    /// The device answers that it failed, or is busy.
    Failure,
}

impl Link<'_> {
    /// Sends the request that is due.
    pub(super) async fn poll(&mut self, at: usize, which: Which) {
        self.writes_in_a_row = 0;
        self.ran_errand = false;
        self.follow_trace(at);
        let started = self.now();
        let skipped = self.units[at].start(which, started);
        let unit = &self.units[at];
        let device = unit.device();
        let (Some(session), Some(request)) = (self.session.as_mut(), unit.request(which)) else {
            return;
        };
        let limit = device.spec().timeout;
        self.readings.0.clear();
        let reading = async { session.read(&*device, request, limit, &mut self.readings).await };
        let outcome = guard::call(&unit.fitted.board.device, limit + limits::MARGIN, reading).await;
        let took = self.now().saturating_sub(started);
        let outcome = outcome.map(|()| verdict_of(&self.readings.0));
        let ended = match &outcome {
            Ok(Verdict::Values) => Ended::Good,
            Ok(Verdict::Refused | Verdict::Silent | Verdict::Failure) => Ended::Refused,
            Err(_) => Ended::Failed,
        };
        self.count(at, took, skipped, ended);
        tracing::debug!(
            device = self.units[at].fitted.board.device,
            samples = self.readings.0.len(),
            skipped,
            elapsed_ms = took.as_secs_f64() * 1_000.0,
            answer = ended.word(),
            "asked"
        );
        match outcome {
            Ok(Verdict::Values) => self.take_values(at, which).await,
            Ok(Verdict::Refused) => self.take_refusal(at, which).await,
            Ok(Verdict::Silent) => self.silent_behind_gateway(at, took).await,
            Ok(Verdict::Failure) => self.take_failure(at, which).await,
            Err(error) if error.class() == Class::Reject => self.take_no(at, which, &error).await,
            Err(error) => self.failed(at, error, took).await,
        }
    }

    fn count(&mut self, at: usize, took: Duration, skipped: u64, ended: Ended) {
        let (now, wrong) = (self.now(), ended != Ended::Good);
        self.counters.requests.increment(1);
        self.counters.errors.increment(u64::from(wrong));
        if skipped > 0 {
            self.counters.skipped_cycles.increment(skipped);
        }
        self.units[at].fitted.board.note(|face| {
            face.counters.requests += 1;
            face.counters.errors += u64::from(wrong);
            face.counters.skipped_cycles += skipped;
            if ended != Ended::Failed {
                face.trips.add(took, now);
            }
        });
    }

    async fn take_values(&mut self, at: usize, which: Which) {
        self.is_back(at, Some(which));
        let now = self.now();
        self.units[at].accepted(which, now);
        self.hand_over(at).await;
    }

    /// The device lives, and has no values to give: said aloud the first time, then counted.
    async fn take_failure(&mut self, at: usize, which: Which) {
        let unit = &mut self.units[at];
        let text = "the device answers that it failed or is busy";
        if !std::mem::replace(&mut unit.failure_told, true) {
            let device = &unit.fitted.board.device;
            tracing::warn!(device, code = "LS-DRV-010", "{text}");
        }
        self.note_error(at, "LS-DRV-010", text.into());
        self.take_values(at, which).await;
    }

    /// The device lives and refuses: find out which address it means. Points whose fate is not known yet say nothing.
    async fn take_refusal(&mut self, at: usize, which: Which) {
        self.is_back(at, Some(which));
        let now = self.now();
        let isolated = self.units[at].isolated();
        match self.units[at].refused(which, now) {
            None => self.readings.0.clear(),
            Some(point) if self.units[at].isolated() > isolated => self.tell_isolated(at, point),
            Some(_) => {}
        }
        self.hand_over(at).await;
    }

    /// A driver said no with an error, though it was a read: the points are bad, the device lives.
    async fn take_no(&mut self, at: usize, which: Which, error: &CallError) {
        self.note_error(at, error.code(), Chain(error).to_string());
        self.is_back(at, Some(which));
        self.readings.0.clear();
        if let Some(request) = self.units[at].request(which) {
            for point in &request.points {
                self.readings.bad(*point, Reason::Device);
            }
        }
        self.hand_over(at).await;
    }

    /// Delivers what is in `readings`.
    async fn hand_over(&mut self, at: usize) {
        let (now, arrived) = (self.now(), self.context.arrived());
        let unit = &mut self.units[at];
        let (batch, unknown) = unit.absorb(&mut self.readings.0, now, arrived);
        let isolated = unit.isolated();
        unit.fitted.board.note(|face| face.isolated = isolated);
        if unknown > 0 {
            self.counters.readings_unknown.increment(unknown);
        }
        self.deliver_points(at, batch).await;
        self.set_answering(at);
    }

    /// Says aloud that a device refuses an address: the first of a device, the rest is counted.
    fn tell_isolated(&mut self, at: usize, point: u32) {
        let unit = &self.units[at];
        let device = unit.device();
        let Some(spec) = device.spec().points.get(point as usize) else { return };
        let (name, tag, address) = (&unit.fitted.board.device, &spec.name, &spec.address);
        if unit.isolated() == 1 {
            tracing::warn!(device = name, tag, address, code = "LS-DRV-009", "address refused");
        }
        self.note_error(at, "LS-DRV-009", format!("the device refuses address {address} of {tag}"));
    }

    fn note_error(&mut self, at: usize, code: &'static str, text: String) {
        let error = LastError { code, text, at: self.context.clock.now() };
        self.units[at].fitted.board.note(|face| face.last_error = Some(error));
    }

    /// Sends one write and answers it.
    pub(super) async fn write(&mut self, write: Write) {
        self.writes_in_a_row = self.writes_in_a_row.saturating_add(1);
        let started = self.now();
        let unit = self.units.iter().position(|u| Arc::ptr_eq(&u.fitted, &write.fitted));
        let up = unit.filter(|_| write.fitted.board.is_reachable());
        if let Some(at) = up {
            self.follow_trace(at);
        }
        let (Some(at), Some(session)) = (up, self.session.as_mut()) else {
            return write.not_connected();
        };
        let Some(write) = write.take() else { return };
        if Instant::now() >= write.deadline {
            return write.answer(Answer::Refused(Refusal::TooLate));
        }
        let device = self.units[at].device();
        let limit = device.spec().timeout;
        let writing = async { session.write(&*device, write.point, &write.raw, limit).await };
        // Two round trips: the write and its read-back.
        let limit = limit * 2 + limits::MARGIN;
        let outcome = guard::call(&write.fitted.board.device, limit, writing).await;
        let took = self.now().saturating_sub(started);
        let ended = match &outcome {
            Ok(_) => Ended::Good,
            Err(error) if error.class() == Class::Reject => Ended::Refused,
            Err(_) => Ended::Failed,
        };
        self.count(at, took, 0, ended);
        match outcome {
            Ok(read_back) => self.was_written(at, write, read_back).await,
            Err(error) => self.was_not_written(at, write, error, took).await,
        }
    }

    async fn was_written(&mut self, at: usize, write: Write, read_back: Option<Value>) {
        self.counters.writes.increment(1);
        write.fitted.board.note(|face| face.counters.writes += 1);
        let (point, now) = (write.point, self.now());
        let Some(got) = read_back else {
            self.units[at].hurry(point, now);
            return write.answer(Answer::Done(None));
        };
        let fitted = write.fitted.clone();
        let index = point as usize;
        let (Some(spec), Some(plan)) =
            (fitted.plan.device.spec().points.get(index), fitted.plan.points.get(index))
        else {
            return;
        };
        let held = convert::holds(spec.data_type, &write.raw, &got);
        self.readings.0.clear();
        self.readings.push(point, got.clone(), Quality::GOOD);
        let got = convert::to_engineering(plan, got);
        write.answer(if held {
            Answer::Done(Some(got))
        } else {
            Answer::Refused(Refusal::ReadBack { got: got.to_string() })
        });
        self.hand_over(at).await;
    }

    async fn was_not_written(&mut self, at: usize, write: Write, error: CallError, took: Duration) {
        let path = write.fitted.plan.points.get(write.point as usize).map(|p| p.path.clone());
        let rejected = error.class() == Class::Reject;
        let answer = match (&error, path) {
            (CallError::Driver(DriverError::ReadOnly { .. }), Some(path)) => {
                Answer::Refused(Refusal::ReadOnly(path))
            }
            (CallError::Driver(DriverError::Refused { what, .. }), _) => {
                Answer::Refused(Refusal::Device(what.clone()))
            }
            (
                CallError::Driver(DriverError::Connect { .. } | DriverError::Denied { .. }),
                Some(path),
            ) => Answer::Refused(Refusal::NotConnected(path)),
            _ => Answer::Unknown,
        };
        write.answer(answer);
        if rejected {
            self.note_error(at, error.code(), Chain(&error).to_string());
        } else {
            self.failed(at, error, took).await;
        }
    }
}

fn verdict_of(readings: &[lineshaft_contract::Reading]) -> Verdict {
    let all = |reason| {
        let bad = Quality::bad(reason);
        !readings.is_empty() && readings.iter().all(|reading| reading.quality == bad)
    };
    if all(Reason::NotConfigured) {
        Verdict::Refused
    } else if all(Reason::Comm) {
        Verdict::Silent
    } else if all(Reason::Device) {
        Verdict::Failure
    } else {
        Verdict::Values
    }
}
