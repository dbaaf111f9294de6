//! Questions of people over a link that runs: between two polls, one at a time, with an end.
//!
//! A serial line has one owner, and some devices take one connection only. Whoever wants to try something there asks over
//! the link that is open already, and the devices on it lose at most the time of one question.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use lineshaft_contract::{Device, Session};
use lineshaft_runtime::Endpoint;
use lineshaft_runtime::channel::Sent;
use tokio::sync::oneshot;

use super::health::Board;
use super::link::Link;
use super::{LinkKey, Runner, guard};

/// What a question says about the session behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lent {
    /// It can be used on.
    Sound,
    /// It must be closed: a late answer would be taken for the next one.
    Spent,
}

type Asking<'a> = Pin<Box<dyn Future<Output = Lent> + Send + 'a>>;
type Ask = Box<dyn for<'a> FnOnce(&'a mut dyn Session) -> Asking<'a> + Send>;

/// One question in a link's queue.
pub(super) struct Errand {
    ask: Ask,
    limit: Duration,
}

/// A device of the plant that uses an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Its name.
    pub device: String,
    /// The endpoint as its table has it.
    pub endpoint: String,
    /// Its driver.
    pub driver: &'static str,
    /// Whether it answers now.
    pub is_online: bool,
}

impl Runner {
    /// The enabled devices that use the same port or host as `endpoint`.
    #[must_use]
    pub fn users(&self, endpoint: &Endpoint) -> Vec<Use> {
        let serial = |endpoint: &Endpoint| endpoint.scheme == "serial";
        let plant = self.0.plant.lock();
        let used = plant.devices.values().filter(|fitted| fitted.plan.enabled).filter(|fitted| {
            let own = &fitted.plan.device.spec().endpoint;
            own.address == endpoint.address && serial(own) == serial(endpoint)
        });
        let line = |board: &Board| Use {
            device: board.device.clone(),
            endpoint: board.endpoint.clone(),
            driver: board.driver,
            is_online: board.is_reachable(),
        };
        used.map(|fitted| line(&fitted.board)).collect()
    }

    /// Asks something over the open link of `driver` and `endpoint`, between two polls; `None` when there is no such
    /// link, it is not open, too many wait, or nothing came within `limit`.
    ///
    /// The session understands devices of the same driver only.
    pub async fn lend<T: Send + 'static>(
        &self,
        device: &dyn Device,
        driver: &'static str,
        limit: Duration,
        ask: impl for<'a> FnOnce(
            &'a mut dyn Session,
        ) -> Pin<Box<dyn Future<Output = (T, Lent)> + Send + 'a>>
        + Send
        + 'static,
    ) -> Option<T> {
        let key = LinkKey { driver, endpoint: device.spec().endpoint.to_string() };
        let road = self.0.plant.lock().links.get(&key).cloned()?;
        let (tell, told) = oneshot::channel();
        let ask: Ask = Box::new(move |session| {
            let asking = ask(session);
            Box::pin(async move {
                // It waited for longer than whoever asked.
                if tell.is_closed() {
                    return Lent::Sound;
                }
                let (answer, lent) = asking.await;
                // Who asked may have gone.
                let _unheard = tell.send(answer);
                lent
            })
        });
        match road.errands.try_send(Errand { ask, limit }) {
            Sent::Queued => {}
            Sent::Refused(_) | Sent::Dropped(_) | Sent::Closed(_) => return None,
        }
        // As long again for whatever is before it on the link.
        tokio::time::timeout(limit * 2, told).await.ok()?.ok()
    }
}

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errand({:?})", self.limit)
    }
}

impl Link<'_> {
    /// The next question, unless the last call was one and a poll is due.
    pub(super) fn next_errand(&mut self) -> Option<Errand> {
        if self.ran_errand && self.next_due().is_some() {
            return None;
        }
        self.errand.take().or_else(|| self.queues.errands.try_receive())
    }

    pub(super) fn refuse_errands(&mut self) {
        while let Some(errand) = self.errand.take().or_else(|| self.queues.errands.try_receive()) {
            drop(errand);
        }
    }

    pub(super) async fn run_errand(&mut self, errand: Errand) {
        self.ran_errand = true;
        // Whoever asks traces his own frames; the next request sets what its device wants.
        self.is_traced = true;
        let Some(session) = self.session.as_mut() else { return };
        let asked = tokio::time::timeout(errand.limit, guard::caught((errand.ask)(&mut **session)));
        let sound = match asked.await {
            Ok(Ok(lent)) => lent == Lent::Sound,
            Ok(Err(what)) => {
                self.counters.panics.increment(1);
                let endpoint = &self.key.endpoint;
                tracing::error!(endpoint, error = what, "LS-DRV-008: the driver failed inside");
                false
            }
            Err(_elapsed) => false,
        };
        if !sound {
            self.session = None;
            self.retry_at = self.now();
        }
    }
}
