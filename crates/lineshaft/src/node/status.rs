//! What the node says about itself.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lineshaft_audit::{Act, Action, Actor, Trail};
use lineshaft_contract::{Node, NodeStatus, ReaderStatus, Ready, RevisionStatus, ShaftStatus};
use lineshaft_historian::Historian;
use lineshaft_model::{TagPath, Timestamp};
use lineshaft_runtime::clock::StepWatch;
use lineshaft_runtime::{Clock, TaskKind, TaskTree};
use lineshaft_shaft::Shaft;
use parking_lot::Mutex;

use super::intake::IntakeCount;
use crate::plant::Plant;

/// How often the rate is taken and the clock is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The node, seen from outside.
pub(crate) struct NodeView {
    name: String,
    clock: Clock,
    started: Timestamp,
    shaft: Shaft,
    historian: Arc<Historian>,
    /// What the shaft held at the start: history is whole when the historian has taken it in.
    resumed: u64,
    count: Arc<IntakeCount>,
    revision: Mutex<Revision>,
    rate: Mutex<Rate>,
    stopping: AtomicBool,
    clock_steps: AtomicU64,
}

struct Revision {
    status: RevisionStatus,
    /// The prefix of the tags that run now.
    path: TagPath,
}

#[derive(Default)]
struct Rate {
    at: Duration,
    samples: u64,
    per_second: f64,
}

impl fmt::Debug for NodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeView({})", self.name)
    }
}

impl NodeView {
    pub(super) fn new(
        plant: &Plant,
        clock: Clock,
        shaft: Shaft,
        historian: Arc<Historian>,
        count: Arc<IntakeCount>,
    ) -> NodeView {
        let started = clock.now();
        NodeView {
            name: plant.node.name.clone(),
            started,
            clock,
            resumed: shaft.status().next_offset,
            shaft,
            historian,
            count,
            revision: Mutex::new(Revision {
                status: RevisionStatus { id: 1, applied: started, error: None },
                path: plant.node.path.clone(),
            }),
            rate: Mutex::default(),
            stopping: AtomicBool::new(false),
            clock_steps: AtomicU64::new(0),
        }
    }

    /// The node's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// The plant of the start is this revision.
    pub(super) fn starts_with(&self, id: u64) {
        self.revision.lock().status.id = id;
    }

    /// A changed plant runs now, as this revision.
    pub(super) fn accepted(&self, plant: &Plant, id: u64) {
        let mut revision = self.revision.lock();
        revision.status = RevisionStatus { id, applied: self.clock.now(), error: None };
        revision.path.clone_from(&plant.node.path);
    }

    /// The folder is again what runs: an earlier refusal is history.
    pub(super) fn accepted_unchanged(&self) -> bool {
        self.revision.lock().status.error.take().is_some()
    }

    /// A changed plant folder was refused.
    pub(super) fn refused(&self, why: String) {
        self.revision.lock().status.error = Some(why);
    }

    /// Keeps the rate of samples up to date and says when somebody set the clock.
    pub(super) fn watch_clock_and_rate(self: &Arc<Self>, tree: &TaskTree, trail: Trail) {
        let (view, stop) = (self.clone(), tree.stop_token(TaskKind::Watch));
        let mut steps = StepWatch::new(self.clock.clone());
        tree.spawn(TaskKind::Watch, "clock", async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(LOOK) => {}
                }
                view.take_rate();
                if let Some(nanos) = steps.look() {
                    view.clock_steps.fetch_add(1, Ordering::Relaxed);
                    let direction = if nanos < 0 { "back" } else { "forward" };
                    let by = Duration::from_nanos(nanos.unsigned_abs());
                    tracing::warn!(
                        code = "LS-NOD-006",
                        ?by,
                        "the system clock was set {direction}; \
                        samples keep the time they were given, and history shows both"
                    );
                    let act = Act::done(&Actor::node(), Action::ClockStep, "system clock")
                        .new(format!("{direction} by {by:?}"));
                    if let Err(error) = trail.record(act).await {
                        tracing::error!(%error, "the step of the clock is not in the audit trail");
                    }
                }
            }
        });
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    fn take_rate(&self) {
        let (now, samples) = (self.clock.steady(), self.count.samples.load(Ordering::Relaxed));
        let mut rate = self.rate.lock();
        let passed = now.saturating_sub(rate.at).as_secs_f64();
        if passed > 0.0 {
            rate.per_second = samples.saturating_sub(rate.samples) as f64 / passed;
        }
        rate.at = now;
        rate.samples = samples;
    }

    fn shaft_status(&self) -> ShaftStatus {
        let status = self.shaft.status();
        ShaftStatus {
            bytes: status.bytes,
            quota_bytes: status.quota_bytes,
            segments: status.segments,
            first_offset: status.first_offset,
            next_offset: status.next_offset,
            committed_offset: status.committed_offset,
            oldest: status.oldest,
            poisoned: status.poisoned.map(|why| why.to_string()),
            full: status.full.map(|why| why.to_string()),
            torn_bytes: status.torn_bytes,
            damaged_records: status.damaged_records,
            gaps: status.gaps,
            lost_records: status.lost_records,
            readers: status
                .readers
                .into_iter()
                .map(|reader| ReaderStatus {
                    name: reader.name,
                    offset: reader.offset,
                    lag_bytes: reader.lag_bytes,
                })
                .collect(),
        }
    }
}

impl Node for NodeView {
    fn status(&self) -> NodeStatus {
        let (path, revision) = {
            let revision = self.revision.lock();
            (revision.path.clone(), revision.status.clone())
        };
        NodeStatus {
            node: self.name.clone(),
            path,
            started: self.started,
            now: self.clock.now(),
            samples_total: self.count.samples.load(Ordering::Relaxed),
            samples_lost: self.count.lost.load(Ordering::Relaxed),
            samples_per_second: self.rate.lock().per_second,
            clock_steps: self.clock_steps.load(Ordering::Relaxed),
            shaft: self.shaft_status(),
            historian: self.historian.status(),
            revision,
        }
    }

    fn ready(&self) -> Ready {
        if self.stopping.load(Ordering::Relaxed) {
            return Ready::No("the node is stopping".into());
        }
        let status = self.shaft.status();
        match status.poisoned.or(status.full) {
            Some(reason) => Ready::No(format!("the shaft does not write: {reason}")),
            None if self.historian.taken_in() < self.resumed => Ready::No(
                "the historian still reads what was not sealed when the node stopped".into(),
            ),
            None => Ready::Yes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lineshaft_model::{Batch, OriginId, Sample, Tags};
    use lineshaft_runtime::Disk;
    use lineshaft_runtime::disk::sim::{Faults, SimDisk};

    use super::*;

    #[test]
    fn a_node_is_ready_when_history_has_caught_up_with_the_shaft_it_found() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("plant");
        crate::cli::init::write(&dir).unwrap();
        let plant = crate::plant::load(&dir, lineshaft_drivers::DRIVERS).unwrap();

        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1, Faults::none()));
        let (clock, tags) = (Clock::simulated(Timestamp::from_secs(1)), Arc::new(Tags::new()));
        let options = lineshaft_shaft::Options { free_bytes_min: 0, ..Default::default() };
        let (shaft, mut writer) = lineshaft_record::open_stepped(
            disk.clone(),
            clock.clone(),
            Path::new("/shaft"),
            options,
            tags.clone(),
        )
        .unwrap();
        let mut batch = Batch::new(OriginId(1), clock.now());
        let tag = tags.intern(&TagPath::new("acme/p").unwrap());
        batch.push(tag, Sample::good(clock.now(), 1.0));
        writer.append(&batch).unwrap();
        shaft.commit();

        let options = lineshaft_historian::Options::default();
        let at = Path::new("/historian");
        let historian = Historian::open(disk, clock.clone(), at, options, tags).unwrap();
        let view = NodeView::new(&plant, clock, shaft.clone(), historian.clone(), Arc::default());
        assert!(matches!(view.ready(), Ready::No(why) if why.contains("not sealed")));
        historian.pass(shaft.status().next_offset);
        assert_eq!(view.ready(), Ready::Yes);
        view.stopping();
        assert!(matches!(view.ready(), Ready::No(why) if why.contains("stopping")));
    }
}
