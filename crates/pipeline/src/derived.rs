//! One derived tag while it runs.

use lineshaft_model::{ClockSource, Quality, Reason, Sample, TagId, Timestamp};

use crate::expr::{Absent, Expression, Input};

/// A derived tag: an expression and what its inputs said last.
pub(crate) struct Derived {
    pub(crate) tag: TagId,
    expression: Expression,
    tags: Vec<TagId>,
    inputs: Vec<Input>,
    /// `None` until the input has said something.
    said: Vec<Option<Said>>,
}

/// What is kept of an input's last sample beside its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    ts: Timestamp,
    quality: Quality,
    clock: ClockSource,
}

impl Derived {
    pub(crate) fn new(tag: TagId, expression: Expression, tags: Vec<TagId>) -> Derived {
        let (inputs, said) = (vec![Input::Null; tags.len()], vec![None; tags.len()]);
        Derived { tag, expression, tags, inputs, said }
    }

    /// The tags it is computed from, in the order of its inputs.
    pub(crate) fn tags(&self) -> &[TagId] {
        &self.tags
    }

    pub(crate) fn take(&mut self, slot: usize, sample: &Sample) {
        self.inputs[slot] = Input::from(sample);
        self.said[slot] =
            Some(Said { ts: sample.ts, quality: sample.quality, clock: sample.clock });
    }

    /// What it knows of its inputs.
    pub(crate) fn known(&self) -> impl Iterator<Item = (TagId, &Input, Said)> {
        let values = self.tags.iter().zip(&self.inputs).zip(&self.said);
        values.filter_map(|((tag, input), said)| said.map(|said| (*tag, input, said)))
    }

    /// Puts in what an earlier pipeline knew.
    pub(crate) fn recall(&mut self, slot: usize, input: Input, said: Said) {
        self.inputs[slot] = input;
        self.said[slot] = Some(said);
    }

    pub(crate) fn has_heard_of(&self, slot: usize) -> bool {
        self.said[slot].is_some()
    }

    /// The sample that follows from what the inputs said last.
    ///
    /// Its time is the newest of theirs, with that one's clock. It is uncertain when an input is, for the reason of the first
    /// that is. Without a result it is bad: not yet, when all that have spoken are well and one has not; input, when one
    /// is bad; not a number, when the result has no value.
    pub(crate) fn evaluate(&self) -> Sample {
        let newest = self.said.iter().flatten().max_by_key(|said| said.ts);
        let (ts, clock) = newest
            .map_or((Timestamp::default(), ClockSource::Arrival), |said| (said.ts, said.clock));
        let heard = self.said.iter().flatten().map(|said| said.quality);
        match self.expression.evaluate(&self.inputs) {
            Ok(value) => {
                let quality =
                    heard.filter(|quality| !quality.is_bad()).fold(Quality::GOOD, Quality::worst);
                Sample::new(ts, value, quality, clock)
            }
            Err(absent) => {
                let all_well = heard.clone().all(|quality| !quality.is_bad());
                let reason = match absent {
                    Absent::Undefined => Reason::NotANumber,
                    Absent::Input if all_well && self.said.iter().any(Option::is_none) => {
                        Reason::NotYet
                    }
                    Absent::Input => Reason::Input,
                };
                Sample { clock, ..Sample::missing(ts, reason) }
            }
        }
    }
}
