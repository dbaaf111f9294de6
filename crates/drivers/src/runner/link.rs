//! The task that owns one physical link and takes the devices behind it in turns.
//!
//! One loop, one request in flight. Each turn: follow changes of the plant folder, tell health, then the first
//! of: open the link, send a write, send the request that is due longest, rest.

use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{DeviceState, Readings, Session};
use lineshaft_model::{Batch, Reason, Sample};
use lineshaft_runtime::channel::Sent;
use lineshaft_runtime::{Backoff, Seed, TaskKind};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::commands::Write;
use super::errand::Errand;
use super::metrics::Counters;
use super::road::{Context, Queues, Road};
use super::schedule::spread_of;
use super::unit::{Unit, Which};
use super::{LinkKey, guard, limits};

/// Runs one link until it has no devices or is told to stop. A bug in here costs this link a pause, not the plant.
pub(super) async fn run(context: Context, key: LinkKey, road: Arc<Road>, mut queues: Queues) {
    let stop = context.tree.stop_token(TaskKind::DriverRun);
    let mut after_bug = false;
    let (first, longest) = limits::RECONNECT;
    let mut backoff = Backoff::new(first, longest, context.seed.clone());
    loop {
        let mut link = Link::new(&context, &key, &road, &stop, &mut queues);
        link.after_bug = after_bug;
        let ended = tokio::select! {
            biased;
            ended = guard::caught(link.work()) => Some(ended),
            () = grace(&stop) => None,
        };
        link.account();
        let Some(Err(what)) = ended else { break };
        link.counters.panics.increment(1);
        tracing::error!(
            endpoint = key.endpoint,
            error = what,
            "LS-DRV-008: the link failed inside"
        );
        after_bug = true;
        road.touch();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(backoff.next_delay()) => {}
        }
    }
    while let Some(write) = queues.writes.try_receive() {
        write.not_connected();
    }
}

/// Resolves when a link that was told to stop has had its time.
async fn grace(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(limits::GRACE).await;
}

/// One physical link.
pub(super) struct Link<'a> {
    pub(super) context: &'a Context,
    pub(super) key: &'a LinkKey,
    road: &'a Road,
    stop: &'a CancellationToken,
    pub(super) queues: &'a mut Queues,
    held: Option<Write>,
    /// A question of a person that waits for its turn.
    pub(super) errand: Option<Errand>,
    /// Whether the last call was one.
    pub(super) ran_errand: bool,
    /// Whether the session tells its frames.
    pub(super) is_traced: bool,
    pub(super) units: Vec<Unit>,
    pub(super) session: Option<Box<dyn Session>>,
    started: Instant,
    pub(super) backoff: Backoff,
    pub(super) retry_at: Duration,
    /// Counts attempts to reach everybody: each device gets one try before the link is given up for a while.
    pub(super) round: u64,
    /// Credentials were refused: nothing is tried until a person changed something.
    pub(super) halted: bool,
    /// Whether the whole link is lost, not just its session.
    pub(super) lost: bool,
    /// No demoted device is probed before this.
    pub(super) probe_gate: Duration,
    pub(super) writes_in_a_row: u32,
    pub(super) readings: Readings,
    pub(super) counters: Counters,
    after_bug: bool,
    undelivered: usize,
    seed: Seed,
}

impl<'a> Link<'a> {
    fn new(
        context: &'a Context,
        key: &'a LinkKey,
        road: &'a Road,
        stop: &'a CancellationToken,
        queues: &'a mut Queues,
    ) -> Link<'a> {
        // Not the seed itself: a link's jitter does not depend on which links were made before it.
        let own = context.seed.clone().next_u64() ^ spread_of(&key.endpoint);
        let mut seed = Seed::new(own);
        let (first, longest) = limits::RECONNECT;
        Link {
            context,
            key,
            road,
            stop,
            queues,
            held: None,
            errand: None,
            ran_errand: false,
            is_traced: false,
            units: Vec::new(),
            session: None,
            started: Instant::now(),
            backoff: Backoff::new(first, longest, Seed::new(seed.next_u64())),
            retry_at: Duration::ZERO,
            round: 0,
            halted: false,
            lost: true,
            probe_gate: Duration::ZERO,
            writes_in_a_row: 0,
            readings: Readings::default(),
            counters: Counters::of(key.driver),
            after_bug: false,
            undelivered: 0,
            seed,
        }
    }

    /// Time of this link, from its start.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    async fn work(&mut self) {
        while !self.stop.is_cancelled() {
            if !self.follow_changes().await {
                return;
            }
            self.tell_health().await;
            if self.session.is_none() {
                if self.may_open() {
                    self.open().await;
                    continue;
                }
                if self.lost || self.halted {
                    self.refuse_writes();
                    self.refuse_errands();
                }
            } else if let Some(write) = self.next_write() {
                self.write(write).await;
                continue;
            } else if let Some(errand) = self.next_errand() {
                self.run_errand(errand).await;
                continue;
            } else if let Some((unit, which)) = self.next_due() {
                self.poll(unit, which).await;
                continue;
            }
            self.rest().await;
        }
    }

    /// Takes up a change of the plant folder; `false` when the link has no devices any more.
    async fn follow_changes(&mut self) -> bool {
        let Some(wanted) = self.road.take() else { return true };
        let arrived = self.context.arrived();
        for (origin, tags) in wanted.retired {
            let mut batch = Batch::new(origin, arrived);
            batch.rows.reserve_exact(tags.len());
            for tag in tags {
                batch.push(tag, Sample::missing(arrived, Reason::OutOfService));
            }
            self.deliver(batch).await;
        }
        let mut before = std::mem::take(&mut self.units);
        let now = self.now();
        let mut kept = false;
        for fitted in wanted.devices {
            match before.iter().position(|unit| Arc::ptr_eq(&unit.fitted, &fitted)) {
                Some(index) => {
                    self.units.push(before.swap_remove(index));
                    kept = true;
                }
                None => {
                    let seed = Seed::new(self.seed.next_u64() ^ spread_of(&fitted.board.device));
                    self.units.push(Unit::new(fitted, now, seed));
                    self.welcome(self.units.len() - 1).await;
                }
            }
        }
        if !kept {
            self.session = None;
        }
        self.halted = false;
        if self.session.is_none() {
            self.retry_at = now;
        }
        self.after_bug = false;
        !self.units.is_empty()
    }

    /// Says at once what is known of a new unit.
    async fn welcome(&mut self, at: usize) {
        let (now, arrived) = (self.now(), self.context.arrived());
        let unit = &mut self.units[at];
        unit.diagnostics_due = now;
        let batch = if !unit.is_enabled() {
            unit.points.out_of_service(now, arrived)
        } else if self.after_bug {
            self.set_state(at, DeviceState::Connecting);
            self.units[at].points.blank(Reason::Comm, now, arrived)
        } else {
            unit.tell_unplanned(now, arrived)
        };
        self.deliver_points(at, batch).await;
        if self.session.is_some() {
            self.units[at].opened = true;
            self.greet(at);
        }
    }

    /// A device without anything to poll is online when its link is.
    fn greet(&mut self, at: usize) {
        if self.units[at].is_enabled() && !self.units[at].is_polled() {
            self.is_back(at, None);
        }
    }

    fn may_open(&self) -> bool {
        !self.halted && self.now() >= self.retry_at && self.units.iter().any(Unit::is_enabled)
    }

    /// Opens the link through its first device. A change of the plant folder ends the attempt.
    async fn open(&mut self) {
        let Some(unit) = self.units.iter().find(|unit| unit.is_enabled()) else { return };
        let device = unit.device();
        let limit = limits::CONNECT_LIMIT + device.spec().timeout;
        tracing::debug!(endpoint = self.key.endpoint, "opening the link");
        let connecting = async { device.connect(&self.context.net).await };
        let opened = tokio::select! {
            biased;
            () = self.road.changed.notified() => return,
            opened = guard::call(&self.key.endpoint, limit, connecting) => opened,
        };
        match opened {
            Ok(session) => self.is_open(session),
            Err(error) => {
                self.count_panic(&error);
                self.lose(error).await;
            }
        }
    }

    fn is_open(&mut self, session: Box<dyn Session>) {
        self.session = Some(session);
        self.is_traced = false;
        let (now, was_lost) = (self.now(), std::mem::take(&mut self.lost));
        if was_lost {
            self.round += 1;
        }
        let again = self.units.iter().any(|unit| unit.opened);
        if again {
            self.counters.reconnects.increment(1);
        }
        for at in 0..self.units.len() {
            let unit = &mut self.units[at];
            if !unit.is_enabled() {
                continue;
            }
            if std::mem::replace(&mut unit.opened, true) {
                unit.fitted.board.note(|face| face.counters.reconnects += 1);
            }
            if was_lost {
                unit.resume(now, None);
                if !unit.demoted {
                    unit.probe_at = now;
                }
            }
            self.greet(at);
        }
    }

    fn next_write(&mut self) -> Option<Write> {
        if self.writes_in_a_row >= limits::WRITES_IN_A_ROW_MAX && self.next_due().is_some() {
            return None;
        }
        self.held.take().or_else(|| self.queues.writes.try_receive())
    }

    fn refuse_writes(&mut self) {
        while let Some(write) = self.held.take().or_else(|| self.queues.writes.try_receive()) {
            write.not_connected();
        }
    }

    /// The request that is due longest, of all units.
    pub(super) fn next_due(&self) -> Option<(usize, Which)> {
        let due = |(at, unit): (usize, &Unit)| {
            unit.due(self.probe_gate).map(|(when, which)| ((when, unit.probe_at), at, which))
        };
        // Demoted units wait at one gate: of these the one that waits longest.
        let first = self.units.iter().enumerate().filter_map(due).min_by_key(|(when, ..)| *when);
        let ((when, _), at, which) = first?;
        (when <= self.now()).then_some((at, which))
    }

    /// Stale points and diagnostics.
    async fn tell_health(&mut self) {
        let now = self.now();
        for at in 0..self.units.len() {
            if self.units[at].look_due <= now {
                self.units[at].look_due = now + limits::STALE_LOOK;
                let arrived = self.context.arrived();
                let stale = self.units[at].points.stale(now, arrived);
                self.deliver_points(at, stale).await;
                let unplanned = self.units[at].tell_unplanned(now, arrived);
                self.deliver_points(at, unplanned).await;
            }
            if self.units[at].diagnostics_due <= now {
                self.units[at].diagnostics_due = now + limits::DIAGNOSTICS;
                let fitted = self.units[at].fitted.clone();
                if let Some(tags) = &fitted.diagnostics {
                    let arrived = self.context.arrived();
                    let mut batch = Batch::new(fitted.board.origin, arrived);
                    let face = fitted.board.note(|face| face.clone());
                    tags.fill(&mut batch, &face, arrived);
                    self.deliver(batch).await;
                }
            }
        }
    }

    /// Waits for the next thing to do.
    async fn rest(&mut self) {
        let health = self.units.iter().map(|unit| unit.look_due.min(unit.diagnostics_due)).min();
        let work = if self.session.is_some() {
            self.units.iter().filter_map(|unit| unit.due(self.probe_gate)).map(|(due, _)| due).min()
        } else {
            let some = !self.halted && self.units.iter().any(Unit::is_enabled);
            some.then_some(self.retry_at)
        };
        let wake = health.into_iter().chain(work).min().unwrap_or(limits::DIAGNOSTICS);
        let wake = self.started + wake;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.road.changed.notified() => {}
            write = self.queues.writes.receive(), if self.held.is_none() => self.held = write,
            errand = self.queues.errands.receive(), if self.errand.is_none() => {
                self.errand = errand;
            }
            () = tokio::time::sleep_until(wake) => {}
        }
    }

    /// Delivers samples of a unit's points and puts what they mean on its board.
    pub(super) async fn deliver_points(&mut self, at: usize, batch: Batch) {
        let unit = &self.units[at];
        let (rows, bad) = (batch.rows.len() as u64, unit.points.bad());
        if rows == 0 {
            return;
        }
        let state = match (unit.lost_at, unit.points.some_refused()) {
            (None, true) => DeviceState::Degraded,
            _ => DeviceState::Online,
        };
        self.counters.samples.increment(rows);
        let up = unit.fitted.board.note(|face| {
            face.counters.samples += rows;
            face.tags_bad = bad;
            matches!(face.state, DeviceState::Online | DeviceState::Degraded)
        });
        if up {
            self.set_state(at, state);
        }
        self.deliver(batch).await;
    }

    /// Hands a batch to the pipeline; while that is full the link waits, and time passes.
    pub(super) async fn deliver(&mut self, batch: Batch) {
        let rows = batch.rows.len();
        if rows == 0 {
            return;
        }
        self.undelivered = rows;
        if let Sent::Queued = self.context.intake.send(batch).await {
            self.undelivered = 0;
        }
        self.account();
    }

    /// Counts the samples that nobody took.
    fn account(&mut self) {
        let dropped = std::mem::take(&mut self.undelivered);
        if dropped > 0 {
            self.counters.samples_dropped.increment(dropped as u64);
        }
    }
}
