//! The graph while it runs.

use std::fmt;

use lineshaft_contract::Op;
use lineshaft_model::{Batch, Row, Sample, TagId, TagMap, Timestamp};

use crate::derived::Derived;
use crate::metrics::Metrics;
use crate::op::{Flow, Step};

/// All steps and all derived tags of a node.
///
/// A tag without steps costs one look into a dense table; no sample costs an allocation unless it is text that an
/// expression makes.
pub struct Pipeline {
    /// By the number of the tag: 0 for a tag without anything, otherwise its track, counted from 1.
    index: Vec<u32>,
    tracks: Vec<Track>,
    /// Each behind all it is computed from.
    derived: Vec<Derived>,
    stale: Marks,
    /// Tracks with a step that holds samples back for a time.
    ticking: Vec<u32>,
    metrics: Metrics,
}

/// The way of one tag's samples.
pub(crate) struct Track {
    pub(crate) tag: TagId,
    pub(crate) steps: Vec<Step>,
    /// The derived tags that are computed from it, with the number of the input.
    readers: Vec<(u32, u32)>,
}

impl Pipeline {
    /// A pipeline without steps.
    #[must_use]
    pub fn empty() -> Pipeline {
        Pipeline::assemble(Vec::new(), Vec::new())
    }

    /// `derived` in an order in which each is behind all it is computed from.
    pub(crate) fn assemble(steps: Vec<(TagId, Vec<Step>)>, derived: Vec<Derived>) -> Pipeline {
        let mut pipeline = Pipeline {
            index: Vec::new(),
            tracks: Vec::new(),
            stale: Marks::new(derived.len()),
            derived,
            ticking: Vec::new(),
            metrics: Metrics::new(),
        };
        for (tag, steps) in steps {
            let track = pipeline.track(tag);
            if steps.iter().any(Step::ticks) {
                pipeline.ticking.push(track);
            }
            pipeline.tracks[track as usize].steps = steps;
        }
        for number in 0..pipeline.derived.len() {
            for (slot, tag) in (0..).zip(pipeline.derived[number].tags().to_vec()) {
                let track = pipeline.track(tag);
                let reader = (u32::try_from(number).unwrap_or(u32::MAX), slot);
                pipeline.tracks[track as usize].readers.push(reader);
            }
        }
        pipeline
    }

    fn track(&mut self, tag: TagId) -> u32 {
        if self.index.len() <= tag.index() {
            self.index.resize(tag.index() + 1, 0);
        }
        if self.index[tag.index()] == 0 {
            self.tracks.push(Track { tag, steps: Vec::new(), readers: Vec::new() });
            self.index[tag.index()] = u32::try_from(self.tracks.len()).unwrap_or(u32::MAX);
        }
        self.index[tag.index()] - 1
    }

    /// Sends a batch through: each row through the steps of its tag, in order; what a step holds back is taken out. Then each
    /// derived tag with an input in the batch is computed **once**, from what its inputs said last, and its row is
    /// added at the end, after its own steps.
    ///
    /// A batch split in two gives the same rows, except that a derived tag with inputs in both parts is computed for each.
    pub fn apply(&mut self, batch: &mut Batch) {
        let came = batch.rows.len();
        let Pipeline { index, tracks, derived, stale, .. } = self;
        batch.rows.retain_mut(|row| {
            let Some(track) = find(index, tracks, row.tag) else { return true };
            track.pass(0, &mut row.sample, derived, stale) == Flow::Forward
        });
        self.metrics.samples.increment(u64::try_from(came).unwrap_or(0));
        self.metrics.held.increment(u64::try_from(came - batch.rows.len()).unwrap_or(0));
        self.settle(batch);
    }

    /// Lets steps speak that held a sample back, and computes what follows from it. `now` is the clock that the samples'
    /// times are compared with; call it a few times a second.
    pub fn tick(&mut self, now: Timestamp, batch: &mut Batch) {
        let Pipeline { tracks, derived, stale, ticking, .. } = self;
        for number in ticking {
            let track = &mut tracks[*number as usize];
            for place in 0..track.steps.len() {
                let Some(mut sample) = track.steps[place].tick(now) else { continue };
                if track.pass(place + 1, &mut sample, derived, stale) == Flow::Forward {
                    batch.push(track.tag, sample);
                }
            }
        }
        self.settle(batch);
    }

    /// Computes the derived tags whose inputs changed.
    fn settle(&mut self, batch: &mut Batch) {
        let Pipeline { index, tracks, derived, stale, metrics, .. } = self;
        let mut computed = 0;
        // The lowest first: what it makes stale in turn is behind it.
        while let Some(number) = stale.take_first() {
            let (tag, mut sample) = (derived[number].tag, derived[number].evaluate());
            computed += 1;
            let flow = find(index, tracks, tag)
                .map_or(Flow::Forward, |track| track.pass(0, &mut sample, derived, stale));
            if flow == Flow::Forward {
                batch.rows.push(Row { tag, sample });
            }
        }
        if computed > 0 {
            metrics.derived.increment(computed);
        }
    }

    /// Takes over what the pipeline before this one remembered: the state of steps that stayed as they are, matched in
    /// order within each tag, and what the inputs of derived tags said last.
    pub fn take_state_from(&mut self, old: Pipeline) {
        let Pipeline { index, tracks, derived, .. } = old;
        let mut known = TagMap::default();
        for derived in &derived {
            for (tag, input, said) in derived.known() {
                known.insert(tag, (input.clone(), said));
            }
        }
        for track in tracks {
            let was_tracked = index.get(track.tag.index()).is_some_and(|number| *number != 0);
            if let Some(new) = find(&self.index, &mut self.tracks, track.tag)
                && was_tracked
            {
                new.take_state_from(track);
            }
        }
        for derived in &mut self.derived {
            for slot in 0..derived.tags().len() {
                if let Some((input, said)) = known.get(&derived.tags()[slot]) {
                    derived.recall(slot, input.clone(), *said);
                }
            }
        }
    }

    /// The inputs of derived tags that have said nothing to this pipeline yet, each once. After a restart or a reload, give
    /// them their last values with [`Pipeline::seed`], so that a derived tag does not wait for a tag that seldom moves.
    #[must_use]
    pub fn unheard_inputs(&self) -> Vec<TagId> {
        let mut tags: Vec<TagId> = self
            .derived
            .iter()
            .flat_map(|derived| {
                let slots = derived.tags().iter().enumerate();
                slots.filter(|(slot, _)| !derived.has_heard_of(*slot)).map(|(_, tag)| *tag)
            })
            .collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Tells the derived tags what an input said before this pipeline was made. They are computed with the next batch or
    /// tick.
    pub fn seed(&mut self, tag: TagId, last: &Sample) {
        let Pipeline { index, tracks, derived, stale, .. } = self;
        if let Some(track) = find(index, tracks, tag) {
            track.tell(last, derived, stale);
        }
    }
}

fn find<'a>(index: &[u32], tracks: &'a mut [Track], tag: TagId) -> Option<&'a mut Track> {
    let number = *index.get(tag.index())?;
    tracks.get_mut(number.checked_sub(1)? as usize)
}

impl Track {
    /// Sends a sample through the steps from `from` on, and tells the derived tags what came out.
    fn pass(
        &mut self,
        from: usize,
        sample: &mut Sample,
        derived: &mut [Derived],
        stale: &mut Marks,
    ) -> Flow {
        for step in &mut self.steps[from..] {
            if step.apply(sample) == Flow::Hold {
                return Flow::Hold;
            }
        }
        self.tell(sample, derived, stale);
        Flow::Forward
    }

    fn tell(&self, sample: &Sample, derived: &mut [Derived], stale: &mut Marks) {
        for (number, slot) in &self.readers {
            derived[*number as usize].take(*slot as usize, sample);
            stale.mark(*number as usize);
        }
    }

    fn take_state_from(&mut self, old: Track) {
        let mut olds = old.steps.into_iter().collect::<std::collections::VecDeque<Step>>();
        for step in &mut self.steps {
            // Steps that were taken out before this one are passed over; a step that is new finds none.
            if let Some(place) = olds.iter().position(|old| step.same_settings(old)) {
                olds.drain(..place);
                if let Some(old) = olds.pop_front() {
                    *step = old;
                }
            }
        }
    }
}

/// A set of small numbers that gives the lowest first.
struct Marks {
    words: Vec<u64>,
    /// No mark is in a word before this one.
    first: usize,
}

impl Marks {
    fn new(count: usize) -> Marks {
        let words = vec![0; count.div_ceil(64)];
        Marks { first: words.len(), words }
    }

    fn mark(&mut self, number: usize) {
        self.words[number / 64] |= 1 << (number % 64);
        self.first = self.first.min(number / 64);
    }

    fn take_first(&mut self) -> Option<usize> {
        while let Some(word) = self.words.get_mut(self.first) {
            if *word != 0 {
                let bit = word.trailing_zeros() as usize;
                *word &= *word - 1;
                return Some(self.first * 64 + bit);
            }
            self.first += 1;
        }
        None
    }
}

impl Op for Pipeline {
    fn apply(&mut self, batch: &mut Batch) {
        Pipeline::apply(self, batch);
    }

    fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        Pipeline::tick(self, now, out);
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipeline({} tags, {} derived)", self.tracks.len(), self.derived.len())
    }
}
