//! One device on its link: its requests, its points, and what it owes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{Device, Reading, Request};
use lineshaft_model::{Batch, Timestamp};
use lineshaft_runtime::{Backoff, Seed};

use super::points::Points;
use super::schedule::{Timing, phase, spread_of};
use super::split::{Family, Refused};
use super::{Fitted, guard, limits};

/// A device on its link. Owned by the link's task.
pub(super) struct Unit {
    pub(super) fitted: Arc<Fitted>,
    slots: Vec<Slot>,
    alone: Vec<Alone>,
    kin: Vec<Kin>,
    forgiven: HashMap<u32, (Backoff, Duration)>,
    pub(super) points: Points,
    /// Points that the driver put into no request: a bug of the driver, said to be not configured.
    unplanned: Vec<u32>,
    seed: Seed,
    /// Failures since it last answered.
    pub(super) failures: u32,
    /// The round of the link in which it last failed.
    pub(super) failed_in: u64,
    pub(super) demoted: bool,
    pub(super) retry: Backoff,
    /// When it is asked next while it fails.
    pub(super) probe_at: Duration,
    /// Since when it is lost; `None` while it answers and before it was first tried.
    pub(super) lost_at: Option<Duration>,
    /// Whether it was said aloud that it answers with a failure.
    pub(super) failure_told: bool,
    /// Whether its link has been open before.
    pub(super) opened: bool,
    pub(super) diagnostics_due: Duration,
    pub(super) look_due: Duration,
}

/// A request that repeats.
struct Slot {
    request: Request,
    timing: Timing,
    kin: usize,
    /// Made by a split or a join, and not answered yet.
    fresh: bool,
}

/// A point that the device refuses, probed by itself.
struct Alone {
    point: u32,
    kin: usize,
    request: Request,
    due: Duration,
    backoff: Backoff,
}

/// The points of one original request, and when they are due.
struct Kin {
    family: Family,
    period: Duration,
    phase: Duration,
}

/// One of the unit's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Slot(usize),
    Alone(usize),
}

impl Unit {
    /// Plans a device; its requests are due at `now`.
    pub(super) fn new(fitted: Arc<Fitted>, now: Duration, mut seed: Seed) -> Unit {
        let retry = Backoff::new(limits::DEMOTED.0, limits::DEMOTED.1, Seed::new(seed.next_u64()));
        let points = Points::new(&fitted, now);
        let spread = Duration::from_millis(seed.below(1_000));
        let mut unit = Unit {
            slots: Vec::new(),
            alone: Vec::new(),
            kin: Vec::new(),
            forgiven: HashMap::new(),
            points,
            unplanned: Vec::new(),
            seed,
            failures: 0,
            failed_in: 0,
            demoted: false,
            retry,
            probe_at: now,
            lost_at: None,
            failure_told: false,
            opened: false,
            diagnostics_due: now + limits::DIAGNOSTICS + spread,
            look_due: now + limits::STALE_LOOK,
            fitted,
        };
        unit.plan_all(now);
        unit
    }

    fn plan_all(&mut self, now: Duration) {
        let spread = spread_of(&self.fitted.board.device);
        let mut periods: BTreeMap<Duration, Vec<u32>> = BTreeMap::new();
        for (index, spec) in (0..).zip(&self.device().spec().points) {
            if self.points.is_polled(index) {
                periods.entry(spec.period).or_default().push(index);
            }
        }
        for (period, points) in periods {
            let requests = self.plan(&points);
            let count = requests.len();
            for (index, request) in requests.into_iter().enumerate() {
                let phase = phase(period, spread, index, count);
                let family = Family::new(&request.points);
                self.kin.push(Kin { family, period, phase });
                let timing = Timing::new(period, phase, now);
                self.slots.push(Slot { request, timing, kin: self.kin.len() - 1, fresh: false });
            }
        }
    }

    /// Asks the driver for requests; a point it forgets is noted, a panic forgets them all.
    fn plan(&mut self, points: &[u32]) -> Vec<Request> {
        let device = self.device();
        let requests = match guard::caught_now(|| device.plan(points)) {
            Ok(requests) => requests,
            Err(what) => {
                let device = &self.fitted.board.device;
                tracing::error!(device, error = what, "LS-DRV-008: the driver failed inside");
                Vec::new()
            }
        };
        let covered: HashSet<u32> =
            requests.iter().flat_map(|r| r.points.iter().copied()).collect();
        self.unplanned.extend(points.iter().filter(|point| !covered.contains(point)));
        requests
    }

    pub(super) fn device(&self) -> Arc<dyn Device> {
        self.fitted.plan.device.clone()
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.fitted.plan.enabled
    }

    /// Whether there is anything to poll; a device of command registers only has nothing.
    pub(super) fn is_polled(&self) -> bool {
        !self.slots.is_empty() || !self.alone.is_empty()
    }

    pub(super) fn isolated(&self) -> u32 {
        u32::try_from(self.alone.len()).unwrap_or(u32::MAX)
    }

    /// The request that comes next, and when. A device that fails is probed with one request.
    pub(super) fn due(&self, gate: Duration) -> Option<(Duration, Which)> {
        let slots = self.slots.iter().enumerate().map(|(i, s)| (s.timing.due(), Which::Slot(i)));
        let alone = self.alone.iter().enumerate().map(|(i, a)| (a.due, Which::Alone(i)));
        // Of equals the first: the order of the plan. A refused address never goes before a living one.
        let next = slots.chain(alone).min_by_key(|(due, _)| *due)?;
        match (self.failures, self.demoted) {
            (0, _) => Some(next),
            (_, false) => Some((self.probe_at, next.1)),
            (_, true) => Some((self.probe_at.max(gate), next.1)),
        }
    }

    /// The shortest period of its requests.
    pub(super) fn period_min(&self) -> Duration {
        self.kin.iter().map(|kin| kin.period).min().unwrap_or(limits::RETRY.1)
    }

    /// Starts a cycle; says how many were skipped. What a failing device misses is not skipped: it is lost.
    pub(super) fn start(&mut self, which: Which, now: Duration) -> u64 {
        match which {
            Which::Slot(index) => {
                let skipped = self.slots[index].timing.start(now);
                if self.failures == 0 { skipped } else { 0 }
            }
            Which::Alone(index) => {
                let alone = &mut self.alone[index];
                alone.due = now + alone.backoff.next_delay();
                0
            }
        }
    }

    pub(super) fn request(&self, which: Which) -> Option<&Request> {
        match which {
            Which::Slot(index) => self.slots.get(index).map(|slot| &slot.request),
            Which::Alone(index) => self.alone.get(index).map(|alone| &alone.request),
        }
    }

    /// Everything but `but` is due at `now`: its link or the device itself is back.
    pub(super) fn resume(&mut self, now: Duration, but: Option<Which>) {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if but != Some(Which::Slot(index)) {
                slot.timing.resume(now);
            }
        }
    }

    /// The request that reads this point is due at `now`: it was written.
    pub(super) fn hurry(&mut self, point: u32, now: Duration) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.request.points.contains(&point))
        {
            slot.timing.hurry(now);
        }
    }

    /// Takes readings into a batch; says how many were for a point the device does not have.
    pub(super) fn absorb(
        &mut self,
        readings: &mut Vec<Reading>,
        now: Duration,
        arrived: Timestamp,
    ) -> (Batch, u64) {
        self.points.absorb(readings, now, arrived)
    }

    /// Points that are in no request, once.
    pub(super) fn tell_unplanned(&mut self, now: Duration, arrived: Timestamp) -> Batch {
        let unplanned = std::mem::take(&mut self.unplanned);
        self.points.not_configured(&unplanned, now, arrived)
    }

    /// The device took this request.
    pub(super) fn accepted(&mut self, which: Which, now: Duration) {
        let kin = match which {
            Which::Slot(index) => {
                let slot = &mut self.slots[index];
                if !std::mem::take(&mut slot.fresh) {
                    return;
                }
                self.kin[slot.kin].family.closed();
                slot.kin
            }
            Which::Alone(index) => {
                let alone = self.alone.remove(index);
                self.kin[alone.kin].family.release(alone.point);
                self.forgiven.insert(alone.point, (alone.backoff, now));
                // Where one address is back, others may be.
                self.alone.iter_mut().for_each(|other| other.due = other.due.min(now));
                alone.kin
            }
        };
        self.join(kin, now);
    }

    /// The device refused this request as a whole; the point when it is one alone, and so known to be the one.
    pub(super) fn refused(&mut self, which: Which, now: Duration) -> Option<u32> {
        let index = match which {
            Which::Alone(index) => return Some(self.alone[index].point),
            Which::Slot(index) => index,
        };
        let slot = self.slots.remove(index);
        let kin = slot.kin;
        if slot.fresh {
            self.kin[kin].family.closed();
        }
        let point = match self.kin[kin].family.refused(&slot.request.points) {
            Refused::Alone(point) => {
                self.isolate(point, kin, slot.request, now);
                Some(point)
            }
            Refused::Halves(first, second) => {
                self.open(&first, kin, now);
                self.open(&second, kin, now);
                None
            }
        };
        self.join(kin, now);
        point
    }

    fn isolate(&mut self, point: u32, kin: usize, request: Request, now: Duration) {
        let known = self.forgiven.remove(&point);
        let recent = known.filter(|(_, at)| now.saturating_sub(*at) < limits::FORGIVEN_AFTER);
        let mut backoff = match recent {
            Some((backoff, _)) => backoff,
            None => {
                let seed = Seed::new(self.seed.next_u64());
                Backoff::new(limits::ISOLATED.0, limits::ISOLATED.1, seed)
            }
        };
        let due = now + backoff.next_delay();
        self.alone.push(Alone { point, kin, request, due, backoff });
    }

    fn open(&mut self, points: &[u32], kin: usize, now: Duration) {
        if points.is_empty() {
            return;
        }
        let requests = self.plan(points);
        self.kin[kin].family.opened(requests.len());
        let (period, phase) = (self.kin[kin].period, self.kin[kin].phase);
        for request in requests {
            let timing = Timing::new(period, phase, now);
            self.slots.push(Slot { request, timing, kin, fresh: true });
        }
    }

    fn join(&mut self, kin: usize, now: Duration) {
        if let Some(runs) = self.kin[kin].family.join() {
            self.slots.retain(|slot| slot.kin != kin);
            for run in runs {
                self.open(&run, kin, now);
            }
        }
    }
}
