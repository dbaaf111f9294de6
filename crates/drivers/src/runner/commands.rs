//! The road for commands: from a tag path to one write on one link, answered exactly once.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use lineshaft_contract::Commands;
use lineshaft_model::{Answer, Command, Refusal, Value};
use lineshaft_runtime::channel::Sent;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::road::Road;
use super::{Fitted, LinkKey, Runner, convert, limits};

/// A tag that a command may name.
pub(super) struct Target {
    pub(super) fitted: Arc<Fitted>,
    pub(super) point: u32,
}

/// One write in a link's queue.
pub(super) struct Write {
    pub(super) fitted: Arc<Fitted>,
    pub(super) point: u32,
    /// As the device takes it.
    pub(super) raw: Value,
    pub(super) deadline: Instant,
    claim: Arc<Claim>,
    answer: oneshot::Sender<Answer>,
}

/// Who answers: the link that took the write, or the submitter that gave up on it. Decided by one swap, so that a
/// command told too late is never sent.
#[derive(Debug, Default)]
struct Claim(AtomicU8);

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Claim {
    fn claim(&self, who: u8) -> bool {
        self.0.compare_exchange(WAITING, who, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn is_taken(&self) -> bool {
        self.0.load(Ordering::Acquire) == TAKEN
    }
}

impl Write {
    /// Takes the write for sending; `None` when its submitter has given it up.
    pub(super) fn take(self) -> Option<Write> {
        self.claim.claim(TAKEN).then_some(self)
    }

    pub(super) fn answer(self, answer: Answer) {
        // Nobody listens any more: the client went away, which is its right.
        let _unheard = self.answer.send(answer);
    }

    /// Answers a write that was not taken yet and cannot be sent.
    pub(super) fn not_connected(self) {
        if let Some(write) = self.take() {
            let refusal = write.refusal();
            write.answer(Answer::Refused(refusal));
        }
    }

    fn refusal(&self) -> Refusal {
        match self.fitted.plan.points.get(self.point as usize) {
            Some(point) => Refusal::NotConnected(point.path.clone()),
            None => Refusal::Device(format!("the device has no point {}", self.point)),
        }
    }
}

impl Commands for Runner {
    fn submit(&self, command: Command) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(async move {
            match self.enqueue(command) {
                Ok(waiting) => waiting.answer().await,
                Err(refusal) => Answer::Refused(refusal),
            }
        })
    }
}

struct Waiting {
    claim: Arc<Claim>,
    answer: oneshot::Receiver<Answer>,
    deadline: Instant,
    not_sent: Refusal,
}

impl Waiting {
    async fn answer(mut self) -> Answer {
        let answer = tokio::select! {
            biased;
            answer = &mut self.answer => answer,
            () = tokio::time::sleep_until(self.deadline) => {
                if self.claim.claim(GIVEN_UP) {
                    return Answer::Refused(Refusal::TooLate);
                }
                self.answer.await // being sent; the driver's own limit bounds it
            }
        };
        match answer {
            Ok(answer) => answer,
            // The link ended with the write in its hands, or with the write still in its queue.
            Err(_dropped) if self.claim.is_taken() => Answer::Unknown,
            Err(_dropped) => Answer::Refused(self.not_sent),
        }
    }
}

impl Runner {
    fn enqueue(&self, command: Command) -> Result<Waiting, Refusal> {
        let path = command.target;
        let no_such_tag = || Refusal::NoSuchTag(path.clone());
        let tag = self.0.context.tags.id(&path).ok_or_else(no_such_tag)?;
        let (fitted, point) = {
            let targets = self.0.targets.read();
            let target = targets.get(&tag).ok_or_else(no_such_tag)?;
            (target.fitted.clone(), target.point)
        };
        let index = point as usize;
        let spec = fitted.plan.device.spec().points.get(index).ok_or_else(no_such_tag)?;
        let plan = fitted.plan.points.get(index).ok_or_else(no_such_tag)?;
        if !spec.access.can_write() {
            return Err(Refusal::ReadOnly(path));
        }
        let raw = convert::to_raw(spec, plan, &command.value).map_err(|why| {
            let value = command.value.to_string();
            Refusal::Value { target: path.clone(), value, why }
        })?;
        let now = self.0.context.clock.now();
        let left = command.deadline.checked_since(now).filter(|left| !left.is_zero());
        let deadline = Instant::now() + left.ok_or(Refusal::TooLate)?.min(limits::WRITE_WAIT_MAX);
        let not_sent = Refusal::NotConnected(path);
        if !fitted.board.is_reachable() {
            return Err(not_sent);
        }
        let Some(road) = self.road_of(&fitted) else { return Err(not_sent) };
        let claim = Arc::new(Claim::default());
        let (tell, answer) = oneshot::channel();
        let write = Write { fitted, point, raw, deadline, claim: claim.clone(), answer: tell };
        match road.writes.try_send(write) {
            Sent::Queued => Ok(Waiting { claim, answer, deadline, not_sent }),
            Sent::Refused(_) | Sent::Dropped(_) => {
                Err(Refusal::Busy { waiting: road.writes.depth() })
            }
            Sent::Closed(_) => Err(not_sent),
        }
    }

    fn road_of(&self, fitted: &Fitted) -> Option<Arc<Road>> {
        self.0.plant.lock().links.get(&LinkKey::of(&fitted.plan)).cloned()
    }
}
