//! The one place where samples enter: pipeline, shaft, namespace, in that order.
//!
//! One thread. It takes batches from a bounded queue; while the shaft's buffer is full it waits, the
//! queue fills, and the drivers wait in turn and count the cycles they skip. Nothing is dropped here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lineshaft_model::{Batch, OriginId, Outcome, Receipt};
use lineshaft_namespace::Namespace;
use lineshaft_pipeline::Pipeline;
use lineshaft_record::Writer;
use lineshaft_runtime::{Clock, Receiver};
use lineshaft_shaft::{Committed, Offset};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::metrics;

/// How often time-driven operators may speak.
const TICK: Duration = Duration::from_millis(500);

/// The origin of what operators say by themselves.
const OPERATORS: OriginId = OriginId(0);

/// What the intake has done, for the status page.
#[derive(Debug, Default)]
pub(crate) struct IntakeCount {
    pub(crate) samples: AtomicU64,
    pub(crate) lost: AtomicU64,
}

/// Everything the intake needs.
pub(crate) struct Intake {
    pub(crate) batches: Receiver<Batch>,
    pub(crate) pipeline: Arc<Mutex<Option<Pipeline>>>,
    pub(crate) writer: Writer,
    pub(crate) namespace: Namespace,
    pub(crate) committed: watch::Receiver<Committed>,
    pub(crate) clock: Clock,
    pub(crate) count: Arc<IntakeCount>,
}

impl Intake {
    /// Runs until `stop`, then takes in what still waits.
    pub(crate) async fn run(mut self, mut pipeline: Pipeline, stop: CancellationToken) {
        let mut waiting: VecDeque<(Offset, Receipt)> = VecDeque::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                changed = self.committed.changed(), if !waiting.is_empty() => {
                    self.settle(&mut waiting, changed);
                    continue;
                }
                batch = self.batches.receive() => batch,
                _ = tick.tick() => {
                    let now = self.clock.now();
                    let mut out = Batch::new(OPERATORS, now);
                    pipeline.tick(now, &mut out);
                    Some(out)
                }
            };
            let Some(batch) = batch else { break };
            self.take_up_new_rules(&mut pipeline);
            self.enter(batch, &mut pipeline, &mut waiting);
        }
        while let Some(batch) = self.batches.try_receive() {
            self.enter(batch, &mut pipeline, &mut waiting);
        }
        // What is not durable by now learns so when its receipt is dropped or the shaft closes.
        while !waiting.is_empty() {
            let changed = self.committed.changed().await;
            self.settle(&mut waiting, changed);
        }
    }

    fn take_up_new_rules(&mut self, pipeline: &mut Pipeline) {
        let Some(mut fresh) = self.pipeline.lock().take() else { return };
        fresh.take_state_from(std::mem::replace(pipeline, Pipeline::empty()));
        for tag in fresh.unheard_inputs() {
            if let Some(last) = self.namespace.last(tag) {
                fresh.seed(tag, &last);
            }
        }
        *pipeline = fresh;
    }

    fn enter(
        &mut self,
        mut batch: Batch,
        pipeline: &mut Pipeline,
        waiting: &mut VecDeque<(Offset, Receipt)>,
    ) {
        pipeline.apply(&mut batch);
        if batch.rows.is_empty() {
            batch.receipt.resolve(Outcome::Durable); // nothing was worth keeping, so nothing can be lost
            return;
        }
        match self.writer.append(&batch) {
            Ok(offset) => {
                self.count.samples.fetch_add(batch.rows.len() as u64, Ordering::Relaxed);
                self.namespace.publish(&batch);
                if batch.receipt.is_awaited() {
                    waiting.push_back((offset, batch.receipt));
                }
            }
            Err(error) => {
                let before = self.count.lost.fetch_add(batch.rows.len() as u64, Ordering::Relaxed);
                metrics::samples_lost(batch.rows.len());
                if before == 0 {
                    tracing::error!(error = %lineshaft_contract::Chain(&error), "samples cannot be stored");
                }
                // Live values still reach people: they see the plant, and the alarm that it is not recorded.
                self.namespace.publish(&batch);
            }
        }
    }

    /// Resolves what is durable; `changed` is an error when the shaft has gone and nothing more will be.
    fn settle(
        &mut self,
        waiting: &mut VecDeque<(Offset, Receipt)>,
        changed: Result<(), watch::error::RecvError>,
    ) {
        let committed = self.committed.borrow_and_update().clone();
        while waiting.front().is_some_and(|(offset, _)| *offset < committed.next) {
            if let Some((_, receipt)) = waiting.pop_front() {
                receipt.resolve(Outcome::Durable);
            }
        }
        if changed.is_err() || committed.poisoned.is_some() {
            waiting.clear(); // a receipt dropped unresolved says: not durable
        }
    }
}
