//! What happens when a device or its link does not answer, and when it is back.
//!
//! | what | its points | session | next try |
//! |---|---|---|---|
//! | one device is silent, panics or garbles; others may answer | bad(comm) at once | new one at once | its period; demoted after 3 |
//! | a gateway says that the device is silent | bad(comm) | kept | the same |
//! | the link breaks, or nobody answers | all bad(comm) at once | new one after a backoff | with the link |
//! | the credentials are refused | all bad(comm) at once | none | when the plant folder changes |

use std::time::Duration;

use lineshaft_contract::{Chain, Class, DeviceState, DriverError, Fault, LastError};
use lineshaft_model::{Reason, Timestamp};

use super::guard::CallError;
use super::limits;
use super::link::Link;
use super::unit::{Unit, Which};

impl Link<'_> {
    /// A request or write of a unit failed so that its session cannot be trusted any more: a late answer would
    /// be taken for the next one.
    pub(super) async fn failed(&mut self, at: usize, error: CallError, took: Duration) {
        self.session = None;
        let broken = matches!(
            error,
            CallError::Driver(DriverError::Lost { .. } | DriverError::Connect { .. })
        );
        self.count_panic(&error);
        let halts = error.class() == Class::AwaitOperator;
        self.mark_failed(at, &error, took);
        if broken || halts || !self.units.iter().any(|unit| self.is_hopeful(unit)) {
            if !broken {
                // Nobody answers: who was dead before may be back with the rest, so everybody gets a try.
                self.units.iter_mut().for_each(|unit| unit.demoted = false);
            }
            self.lose(error).await;
        } else {
            self.retry_at = self.now();
            self.go_bad(at).await;
        }
    }

    pub(super) fn count_panic(&self, error: &CallError) {
        if matches!(error, CallError::Panicked { .. }) {
            self.counters.panics.increment(1);
        }
    }

    /// A gateway answered that the unit behind it does not: the session is fine.
    pub(super) async fn silent_behind_gateway(&mut self, at: usize, took: Duration) {
        let party = self.units[at].fitted.board.device.clone();
        let limit = self.units[at].device().spec().timeout;
        self.mark_failed(at, &DriverError::Timeout { party, limit }.into(), took);
        let unit = &mut self.units[at];
        if unit.failures >= limits::FAILURES_TO_DEMOTE && !unit.demoted {
            unit.demoted = true; // also alone on its link: a new session would not help
            self.put_off(at, took);
        }
        self.go_bad(at).await;
    }

    /// Whether a unit may answer on a new session: it did last time, or has not been tried since the link was lost.
    fn is_hopeful(&self, unit: &Unit) -> bool {
        let untried = unit.failed_in != self.round && !unit.demoted;
        unit.is_enabled() && (unit.failures == 0 || untried)
    }

    fn mark_failed(&mut self, at: usize, error: &CallError, took: Duration) {
        let (now, round) = (self.now(), self.round);
        let others = self.units.iter().enumerate().any(|(other, unit)| {
            other != at && unit.is_enabled() && unit.failures == 0 && unit.lost_at.is_none()
        });
        let unit = &mut self.units[at];
        if unit.is_polled() {
            unit.failures = unit.failures.saturating_add(1);
        }
        unit.failed_in = round;
        unit.probe_at = now + unit.period_min().clamp(limits::RETRY.0, limits::RETRY.1);
        unit.demoted |= others && unit.failures >= limits::FAILURES_TO_DEMOTE;
        if unit.demoted {
            self.put_off(at, took);
        }
        let next =
            self.context.clock.now().saturating_add(self.units[at].probe_at.saturating_sub(now));
        self.is_lost(at, error, Some(next));
    }

    /// The next probe of a demoted unit, and of all others on the link.
    fn put_off(&mut self, at: usize, took: Duration) {
        let now = self.now();
        let unit = &mut self.units[at];
        unit.probe_at = now + unit.retry.next_delay();
        self.probe_gate = now + took * limits::PROBE_SHARE;
        let demoted = unit.demoted;
        unit.fitted.board.note(|face| face.demoted = demoted);
    }

    /// The whole link is lost: everybody behind it is, at once.
    pub(super) async fn lose(&mut self, error: CallError) {
        self.session = None;
        self.lost = true;
        self.halted = error.class() == Class::AwaitOperator;
        let delay = self.backoff.next_delay();
        self.retry_at = self.now() + delay;
        let next = (!self.halted).then(|| self.context.clock.now().saturating_add(delay));
        for at in 0..self.units.len() {
            if self.units[at].is_enabled() {
                self.is_lost(at, &error, next);
                self.go_bad(at).await;
            }
        }
    }

    async fn go_bad(&mut self, at: usize) {
        let (now, arrived) = (self.now(), self.context.arrived());
        let batch = self.units[at].points.blank(Reason::Comm, now, arrived);
        self.deliver_points(at, batch).await;
    }

    /// Notes the loss of a device; the first time it is said aloud.
    fn is_lost(&mut self, at: usize, error: &CallError, next: Option<Timestamp>) {
        let now = self.now();
        let unit = &mut self.units[at];
        let board = unit.fitted.board.clone();
        let (code, text) = (error.code(), Chain(error).to_string());
        if unit.lost_at.is_none() {
            unit.lost_at = Some(now);
            let (device, driver) = (&board.device, board.driver);
            if matches!(error, CallError::Panicked { .. }) {
                tracing::error!(device, driver, code, error = text, "device lost");
            } else {
                tracing::warn!(device, driver, code, error = text, "device lost");
            }
        }
        let at_time = self.context.clock.now();
        let demoted = self.units[at].demoted;
        board.note(|face| {
            face.last_error = Some(LastError { code, text, at: at_time });
            face.next_attempt = next;
            face.demoted = demoted;
        });
        self.set_state(at, DeviceState::Offline);
    }

    /// A device answers. Its other requests are due at once when it did not before.
    pub(super) fn is_back(&mut self, at: usize, answered: Option<Which>) {
        let now = self.now();
        let unit = &mut self.units[at];
        let failed = std::mem::take(&mut unit.failures) > 0;
        unit.demoted = false;
        unit.retry.succeed();
        let lost = unit.lost_at.take();
        if failed {
            unit.resume(now, answered);
        }
        if let Some(since) = lost {
            let board = &unit.fitted.board;
            let elapsed_ms =
                u64::try_from(now.saturating_sub(since).as_millis()).unwrap_or(u64::MAX);
            tracing::info!(device = board.device, driver = board.driver, elapsed_ms, "device back");
        }
        unit.fitted.board.note(|face| {
            face.next_attempt = None;
            face.demoted = false;
        });
        if answered.is_some() {
            self.backoff.succeed();
        }
        self.set_answering(at);
    }

    /// The state of a device that answers: by what it said last for its points.
    pub(super) fn set_answering(&mut self, at: usize) {
        let degraded = self.units[at].points.some_refused();
        self.set_state(at, if degraded { DeviceState::Degraded } else { DeviceState::Online });
    }

    /// Puts a state on the board; a new one is told at once.
    pub(super) fn set_state(&mut self, at: usize, state: DeviceState) {
        let (now, wall) = (self.now(), self.context.clock.now());
        let unit = &mut self.units[at];
        let changed = unit.fitted.board.note(|face| {
            let changed = face.state != state;
            if changed {
                (face.state, face.since) = (state, wall);
            }
            changed
        });
        if changed {
            unit.diagnostics_due = now;
        }
    }
}
