//! The one place where samples enter: pipeline, shaft, namespace, in that order.
//!
//! One thread. It takes batches from a bounded queue; while the shaft's buffer is full it waits, the
//! queue fills, and the drivers wait in turn and count the cycles they skip. What the shaft refuses (a full disk, a
//! failed sync) is lost to history and counted here; live values go on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lineshaft_model::{
    Batch, OriginId, Outcome, Reason, Receipt, Sample, TagId, TagMap, Timestamp,
};
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

/// Receipts that wait for the disk. What is appended is bounded by the shaft's buffer; what is filtered out
/// waits, too, and costs no place there.
const RECEIPTS_MAX: usize = 65_536;

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
    /// The last record appended.
    pub(crate) last: Option<Offset>,
    /// The tags of which samples could not be appended, and since when. Told to history when there is room again.
    pub(crate) lost_since: TagMap<Timestamp>,
    /// The tags of which nothing was recorded while the node did not run, and since when.
    pub(crate) absent: Option<(Timestamp, Vec<TagId>)>,
}

impl Intake {
    /// Runs until `stop`, then takes in what still waits.
    pub(crate) async fn run(mut self, mut pipeline: Pipeline, stop: CancellationToken) {
        let mut waiting: VecDeque<(Offset, Receipt)> = VecDeque::new();
        let absent = self.absent.take();
        self.mark_absence(absent);
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
                    self.tick(&mut pipeline, &mut waiting);
                    continue;
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

    /// Lets operators speak that held a sample back. What they say is behind them already.
    fn tick(&mut self, pipeline: &mut Pipeline, waiting: &mut VecDeque<(Offset, Receipt)>) {
        self.take_up_new_rules(pipeline);
        let now = self.clock.now();
        let mut batch = Batch::new(OPERATORS, now);
        pipeline.tick(now, &mut batch);
        self.keep(batch, waiting);
    }

    fn enter(
        &mut self,
        mut batch: Batch,
        pipeline: &mut Pipeline,
        waiting: &mut VecDeque<(Offset, Receipt)>,
    ) {
        pipeline.apply(&mut batch);
        self.keep(batch, waiting);
    }

    fn keep(&mut self, batch: Batch, waiting: &mut VecDeque<(Offset, Receipt)>) {
        if batch.rows.is_empty() {
            if !self.lost_since.is_empty() {
                return; // what it was compared with may be lost: a receipt dropped unresolved says so
            }
            // Nothing was worth keeping beside what was kept before: as soon as that is durable, so is this.
            return self.owe(self.last, batch.receipt, waiting);
        }
        match self.writer.append(&batch) {
            Ok(offset) => {
                self.last = Some(offset);
                if !self.lost_since.is_empty() {
                    tracing::info!("samples are stored again");
                    let lost = std::mem::take(&mut self.lost_since);
                    self.mark_lost(lost.into_iter());
                }
                self.count.samples.fetch_add(batch.rows.len() as u64, Ordering::Relaxed);
                self.namespace.publish(&batch);
                self.owe(self.last, batch.receipt, waiting);
            }
            Err(error) => {
                self.count.lost.fetch_add(batch.rows.len() as u64, Ordering::Relaxed);
                metrics::samples_lost(batch.rows.len());
                if self.lost_since.is_empty() {
                    tracing::error!(error = %lineshaft_contract::Chain(&error), "samples cannot be stored");
                }
                for row in &batch.rows {
                    self.lost_since.entry(row.tag).or_insert(row.sample.ts);
                }
                // Live values still reach people: they see the plant, and the alarm that it is not recorded.
                self.namespace.publish(&batch);
            }
        }
    }

    fn mark_absence(&mut self, absent: Option<(Timestamp, Vec<TagId>)>) {
        if let Some((since, tags)) = absent {
            self.mark_lost(tags.into_iter().map(|tag| (tag, since)));
        }
    }

    /// Says in history that from these instants on samples are missing, so that no line is drawn across the hole.
    /// Live values know better by now and are not touched.
    fn mark_lost(&mut self, since: impl Iterator<Item = (TagId, Timestamp)>) {
        let mut marks = Batch::new(OPERATORS, self.clock.now());
        for (tag, since) in since {
            marks.push(tag, Sample::missing(since, Reason::Lost));
        }
        if marks.rows.is_empty() {
            return;
        }
        if let Err(error) = self.writer.append(&marks) {
            tracing::warn!(error = %lineshaft_contract::Chain(&error), "a gap in history could not be marked; it is tried again");
            self.lost_since.extend(marks.rows.iter().map(|row| (row.tag, row.sample.ts)));
        }
    }

    /// Resolves a receipt when the record `upto` is durable; at once if it is, or when there is none to wait for.
    fn owe(
        &self,
        upto: Option<Offset>,
        receipt: Receipt,
        waiting: &mut VecDeque<(Offset, Receipt)>,
    ) {
        if !receipt.is_awaited() {
            return;
        }
        let committed = self.committed.borrow();
        let is_durable = upto.is_none_or(|upto| upto < committed.next);
        let goes_on = committed.poisoned.is_none() && !committed.closed;
        drop(committed);
        match upto {
            _ if is_durable => receipt.resolve(Outcome::Durable),
            Some(upto) if goes_on && waiting.len() < RECEIPTS_MAX => {
                waiting.push_back((upto, receipt));
            }
            // Dropped unresolved, it says: not durable. Whoever waits keeps it and sends it again.
            _ => {}
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
        if changed.is_err() || committed.poisoned.is_some() || committed.closed {
            waiting.clear(); // a receipt dropped unresolved says: not durable
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lineshaft_model::{Access, DataType, Sample, TagId, TagMeta, TagPath, Tags, Timestamp};
    use lineshaft_model::{Unit, Value};
    use lineshaft_pipeline::{Plan, Rule};
    use lineshaft_record::{Decoded, DecodedBatch, Decoder};
    use lineshaft_runtime::disk::sim::{Faults, SimDisk};
    use lineshaft_runtime::{Policy, channel};
    use lineshaft_shaft::{From as StartFrom, ReadOutcome, Shaft};

    use super::*;

    struct Bench {
        intake: Intake,
        pipeline: Pipeline,
        disk: SimDisk,
        shaft: Shaft,
        tag: TagId,
        clock: Clock,
        waiting: VecDeque<(Offset, Receipt)>,
    }

    /// One tag with one rule, on a shaft that commits when it is told to.
    fn bench(rule: &str) -> Bench {
        let tags = Arc::new(Tags::new());
        let path = TagPath::new("acme/p").unwrap();
        let tag = tags.intern(&path);
        let meta = TagMeta {
            path,
            data_type: DataType::F64,
            unit: None::<Unit>,
            access: Access::Read,
            step: false,
            description: String::new(),
            device: "plc".into(),
        };
        let rule: Rule = serde_json::from_str(rule).unwrap();
        let built = Pipeline::build(Plan {
            node: &TagPath::new("acme").unwrap(),
            tags: &tags,
            metas: vec![meta.clone()],
            steps: &[],
            rules: &[("rule".into(), rule)],
        });
        let clock = Clock::simulated(Timestamp::from_secs(0));
        let disk = SimDisk::new(1, Faults::none());
        let (shaft, writer) = lineshaft_record::open_stepped(
            Arc::new(disk.clone()),
            clock.clone(),
            Path::new("/shaft"),
            lineshaft_shaft::Options { free_bytes_min: 0, ..Default::default() },
            tags.clone(),
        )
        .unwrap();
        let (_, batches) = channel(1, Policy::Wait, "test");
        let namespace = Namespace::new(tags);
        namespace.configure(vec![meta]);
        let intake = Intake {
            batches,
            pipeline: Arc::default(),
            writer,
            namespace,
            committed: shaft.committed(),
            clock: clock.clone(),
            count: Arc::default(),
            last: None,
            lost_since: TagMap::default(),
            absent: None,
        };
        let pipeline = built.unwrap_or_else(|mistakes| panic!("{mistakes:?}")).pipeline;
        Bench { intake, pipeline, disk, shaft, tag, clock, waiting: VecDeque::new() }
    }

    impl Bench {
        /// Takes a sample in; what its receipt says later.
        fn enter(&mut self, second: i64, value: f64) -> Arc<Mutex<Option<Outcome>>> {
            let said = Arc::new(Mutex::new(None));
            let mut batch = Batch::new(OriginId(1), Timestamp::from_secs(second));
            batch.push(self.tag, Sample::good(Timestamp::from_secs(second), value));
            let tell = said.clone();
            batch.receipt = Receipt::new(move |outcome| *tell.lock() = Some(outcome));
            self.intake.enter(batch, &mut self.pipeline, &mut self.waiting);
            said
        }

        /// What is on the shaft, in the order of time: `second quality`.
        fn stored(&self) -> Vec<String> {
            let mut reader = self.shaft.reader("test", StartFrom::Oldest).unwrap();
            let mut decoder = Decoder::new(self.intake.namespace.tags().clone());
            let (mut records, mut decoded, mut samples) =
                (Vec::new(), DecodedBatch::default(), Vec::new());
            while reader.next(1 << 20, &mut records).unwrap() != ReadOutcome::End {
                for record in &records {
                    if decoder.decode(record, &mut decoded).unwrap() == Decoded::Batch {
                        samples.extend(decoded.rows.iter().map(|row| row.sample.clone()));
                    }
                }
            }
            samples.sort_by_key(|sample| sample.ts);
            let said =
                |sample: &Sample| format!("{} {}", sample.ts.millis() / 1000, sample.quality);
            samples.iter().map(said).collect()
        }
    }

    #[test]
    fn what_an_operator_held_back_goes_through_no_operator_twice() {
        let mut bench = bench(
            r#"{"tags":"p","ops":[{"limit_rate":{"interval":"10s"}},{"scale":{"factor":2}}]}"#,
        );
        bench.enter(1, 1.0);
        bench.enter(2, 2.0);
        bench.clock.advance(Duration::from_secs(30));
        bench.intake.tick(&mut bench.pipeline, &mut bench.waiting);
        let last = bench.intake.namespace.last(bench.tag).unwrap();
        assert_eq!((last.ts, last.value), (Timestamp::from_secs(2), Value::Float(4.0)));
        assert_eq!(bench.intake.count.samples.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_sample_that_is_not_kept_is_durable_when_what_it_was_compared_with_is() {
        let mut bench = bench(r#"{"tags":"p","ops":[{"deadband":{"absolute":5}}]}"#);
        let kept = bench.enter(1, 100.0);
        let held = bench.enter(2, 101.0);
        assert_eq!((*kept.lock(), *held.lock()), (None, None), "nothing is on disk yet");
        bench.shaft.commit();
        bench.intake.settle(&mut bench.waiting, Ok(()));
        let durable = Some(Outcome::Durable);
        assert_eq!((*kept.lock(), *held.lock()), (durable, durable));
        let later = bench.enter(3, 102.0);
        assert_eq!(*later.lock(), durable, "nothing to wait for");
    }

    #[test]
    fn a_shaft_that_closes_on_a_full_disk_leaves_nobody_waiting() {
        let mut bench = bench(r#"{"tags":"p","ops":[{"deadband":{"absolute":5}}]}"#);
        let said = bench.enter(1, 1.0);
        bench.disk.set_capacity(0);
        bench.shaft.close();
        bench.intake.settle(&mut bench.waiting, Ok(()));
        assert_eq!(*said.lock(), Some(Outcome::NotDurable));
    }

    #[test]
    fn samples_that_found_no_room_are_a_gap_with_a_reason() {
        let mut bench = bench(r#"{"tags":"p","ops":[{"scale":{"factor":1}}]}"#);
        bench.enter(1, 1.0);
        bench.shaft.commit();
        bench.disk.set_capacity(0);
        bench.enter(2, 2.0); // waits in the buffer until there is room
        bench.shaft.commit();
        bench.enter(3, 3.0);
        bench.enter(4, 4.0);
        assert_eq!(bench.intake.count.lost.load(Ordering::Relaxed), 2);
        bench.disk.set_capacity(1 << 30);
        bench.clock.advance(Duration::from_secs(60));
        bench.shaft.commit();
        bench.enter(5, 5.0);
        bench.shaft.commit();
        assert_eq!(bench.stored(), ["1 good", "2 good", "3 bad(lost)", "5 good"]);
    }

    #[test]
    fn the_time_the_node_did_not_run_is_a_gap_with_a_reason() {
        let mut bench = bench(r#"{"tags":"p","ops":[{"scale":{"factor":1}}]}"#);
        let since = (Timestamp::from_secs(7), vec![bench.tag]);
        bench.intake.mark_absence(Some(since));
        bench.shaft.commit();
        assert_eq!(bench.stored(), ["7 bad(lost)"]);
        assert_eq!(bench.intake.namespace.last(bench.tag), None, "the page does not see it");
    }
}
