//! Samples on their way.

use std::fmt;

use crate::{Sample, TagId, Timestamp};

/// Where a batch came from: a device, an operator, a remote site. A number of this process only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct OriginId(pub u32);

/// One sample with its tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which tag.
    pub tag: TagId,
    /// What it said.
    pub sample: Sample,
}

/// Samples of one origin, in the order they came.
#[derive(Debug)]
pub struct Batch {
    /// Where they came from.
    pub origin: OriginId,
    /// When they arrived, by our clock; source times stay in the samples.
    pub arrived: Timestamp,
    /// The samples.
    pub rows: Vec<Row>,
    /// Who wants to know when they are on disk.
    pub receipt: Receipt,
}

impl Batch {
    /// An empty batch that nobody waits for.
    #[must_use]
    pub fn new(origin: OriginId, arrived: Timestamp) -> Batch {
        Batch { origin, arrived, rows: Vec::new(), receipt: Receipt::none() }
    }

    /// Adds a sample at the end.
    pub fn push(&mut self, tag: TagId, sample: Sample) {
        self.rows.push(Row { tag, sample });
    }

    /// Keeps the rows for which `keep` says so; `keep` may change the sample it is shown.
    pub fn retain(&mut self, mut keep: impl FnMut(TagId, &mut Sample) -> bool) {
        self.rows.retain_mut(|row| keep(row.tag, &mut row.sample));
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// On disk, after fsync.
    Durable,
    /// Not on disk, and it will not be: tell the source to keep or repeat it.
    NotDurable,
}

/// Told once what became of a batch. Dropped unresolved, it tells [`Outcome::NotDurable`].
#[derive(Default)]
pub struct Receipt(Option<Box<dyn FnOnce(Outcome) + Send>>);

impl Receipt {
    /// Nobody waits; costs nothing.
    #[must_use]
    pub const fn none() -> Receipt {
        Receipt(None)
    }

    /// Calls `tell` with the outcome, on the thread that learns it: keep it short.
    #[must_use]
    pub fn new(tell: impl FnOnce(Outcome) + Send + 'static) -> Receipt {
        Receipt(Some(Box::new(tell)))
    }

    /// Whether anybody waits.
    #[must_use]
    pub const fn is_awaited(&self) -> bool {
        self.0.is_some()
    }

    /// Tells the outcome.
    pub fn resolve(mut self, outcome: Outcome) {
        if let Some(tell) = self.0.take() {
            tell(outcome);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Outcome::NotDurable);
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_awaited() { "Receipt(awaited)" } else { "Receipt(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn a_receipt_dropped_unresolved_says_not_durable_once() {
        let told = Arc::new(AtomicU32::new(0));
        let tell = |expected: Outcome| {
            let told = told.clone();
            Receipt::new(move |outcome| {
                assert_eq!(outcome, expected);
                told.fetch_add(1, Ordering::Relaxed);
            })
        };
        drop(tell(Outcome::NotDurable));
        tell(Outcome::Durable).resolve(Outcome::Durable);
        assert_eq!(told.load(Ordering::Relaxed), 2);
    }
}
