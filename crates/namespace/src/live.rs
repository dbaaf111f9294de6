//! Last values, in chunks of neighbouring tags.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use lineshaft_model::{ClockSource, Level, Quality, Reason, Row, Sample, TagId, Timestamp, Value};
use parking_lot::RwLock;

/// Tags per chunk. Large enough that a device's batch takes one or two locks, small enough that two
/// devices seldom meet at one.
pub(crate) const CHUNK_TAGS: usize = 1024;

/// Which chunk a tag is in.
pub(crate) const fn chunk_of(tag: TagId) -> usize {
    tag.index() / CHUNK_TAGS
}

/// Where in its chunk a tag is.
pub(crate) const fn place_of(tag: TagId) -> usize {
    tag.index() % CHUNK_TAGS
}

/// What became of the rows of one publication.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) taken: u64,
    pub(crate) late: u64,
    pub(crate) unconfigured: u64,
}

/// One tag's last value.
#[derive(Debug, Clone)]
struct Slot {
    sample: Option<Sample>,
    arrived: Timestamp,
    configured: bool,
}

const EMPTY: Slot = Slot { sample: None, arrived: Timestamp::MIN, configured: false };

/// The last values of 1,024 neighbouring tags.
///
/// `changes`, `sequences` and `levels` are written while `slots` is locked for writing and read without
/// the lock: a reader that must have value and number together takes the lock for reading.
pub(crate) struct Chunk {
    slots: RwLock<Box<[Slot]>>,
    /// Counts the changes of each tag; 0 only before the first. Wraps, past 0.
    sequences: Box<[AtomicU32]>,
    levels: Box<[AtomicU8]>,
    changes: AtomicU64,
}

impl Chunk {
    pub(crate) fn new() -> Chunk {
        Chunk {
            slots: RwLock::new(vec![EMPTY; CHUNK_TAGS].into()),
            sequences: (0..CHUNK_TAGS).map(|_| AtomicU32::new(0)).collect(),
            // What nobody has heard of yet is not a measurement.
            levels: (0..CHUNK_TAGS).map(|_| AtomicU8::new(Level::Bad as u8)).collect(),
            changes: AtomicU64::new(0),
        }
    }

    /// Takes rows that all belong to this chunk.
    pub(crate) fn take(&self, rows: &[Row], arrived: Timestamp, hold: Duration, tally: &mut Tally) {
        let mut taken = 0;
        let mut slots = self.slots.write();
        for row in rows {
            let place = place_of(row.tag);
            let slot = &mut slots[place];
            if !slot.configured {
                tally.unconfigured += 1;
            } else if slot
                .sample
                .as_ref()
                .is_none_or(|last| supersedes(last, slot.arrived, &row.sample, arrived, hold))
            {
                self.note(place, row.sample.quality);
                slot.sample = Some(row.sample.clone());
                slot.arrived = arrived;
                taken += 1;
            } else {
                tally.late += 1;
            }
        }
        if taken > 0 {
            self.changes.fetch_add(1, Ordering::Release);
        }
        tally.taken += taken;
    }

    /// Starts taking samples of a tag. A tag that comes back has said nothing yet.
    pub(crate) fn admit(&self, place: usize) {
        let mut slots = self.slots.write();
        let slot = &mut slots[place];
        if slot.configured {
            return;
        }
        slot.configured = true;
        if let Some(sample) = &mut slot.sample {
            sample.value = Value::Null;
            sample.quality = Quality::bad(Reason::NotYet);
            slot.arrived = Timestamp::MIN;
            self.note(place, sample.quality);
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    /// Stops taking samples of a tag; what it said last stays, as bad.
    pub(crate) fn dismiss(&self, place: usize) {
        let mut slots = self.slots.write();
        let slot = &mut slots[place];
        slot.configured = false;
        if let Some(sample) = &mut slot.sample {
            sample.quality = Quality::bad(Reason::OutOfService);
            self.note(place, sample.quality);
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    fn note(&self, place: usize, quality: Quality) {
        let next = self.sequences[place].load(Ordering::Relaxed).wrapping_add(1).max(1);
        self.sequences[place].store(next, Ordering::Release);
        self.levels[place].store(quality.level() as u8, Ordering::Relaxed);
    }

    pub(crate) fn last(&self, place: usize) -> Option<Sample> {
        self.slots.read()[place].sample.clone()
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    pub(crate) fn sequence(&self, place: usize) -> u32 {
        self.sequences[place].load(Ordering::Acquire)
    }

    pub(crate) fn level(&self, place: usize) -> u8 {
        self.levels[place].load(Ordering::Relaxed)
    }

    /// Reads several tags under one lock: `read` is called with a look at a place.
    pub(crate) fn read<R>(&self, read: impl FnOnce(Look<'_>) -> R) -> R {
        let slots = self.slots.read();
        read(Look { slots: &slots, chunk: self })
    }
}

/// The chunk while it is locked for reading.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    slots: &'a [Slot],
    chunk: &'a Chunk,
}

impl Look<'_> {
    /// What a tag said last, with the number of that change.
    pub(crate) fn at(&self, place: usize) -> (Option<&Sample>, u32) {
        (self.slots[place].sample.as_ref(), self.chunk.sequence(place))
    }
}

/// Whether `next` takes the place of `last`; see [`crate::Namespace::publish`] for the rule in words.
fn supersedes(
    last: &Sample,
    last_arrived: Timestamp,
    next: &Sample,
    arrived: Timestamp,
    hold: Duration,
) -> bool {
    next.ts >= last.ts
        || next.clock == ClockSource::Arrival
        || next.clock != last.clock
        || arrived.checked_since(last_arrived).is_none_or(|silence| silence >= hold)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Last value at `last` s, arrived at 1,000 s; next value at `next` s, arriving `later` s later.
    fn replaces(last: (i64, ClockSource), next: (i64, ClockSource), later: i64) -> bool {
        let sample = |(ts, clock)| {
            Sample::new(Timestamp::from_secs(ts), Value::Int(1), Quality::GOOD, clock)
        };
        supersedes(
            &sample(last),
            Timestamp::from_secs(1_000),
            &sample(next),
            Timestamp::from_secs(1_000 + later),
            Duration::from_secs(10),
        )
    }

    #[test]
    fn a_late_sample_of_the_device_does_not_replace_a_newer_one() {
        use ClockSource::{Arrival, Source, SourceUnsynchronised};
        assert!(!replaces((100, Source), (99, Source), 1));
        assert!(replaces((100, Source), (100, Source), 1), "a repeat of the same time is newer");
        assert!(replaces((100, Source), (101, Source), 1));
        assert!(!replaces((100, SourceUnsynchronised), (99, SourceUnsynchronised), 1));
        assert!(replaces((100, Arrival), (99, Arrival), 1), "our own clock was set back");
        assert!(replaces((100, Arrival), (99, Source), 1), "two clocks cannot be compared");
        assert!(replaces((100, Source), (99, Arrival), 1));
        assert!(!replaces((100, Source), (99, Source), 9));
        assert!(replaces((100, Source), (99, Source), 10), "the device's clock was set back");
        assert!(replaces((100, Source), (99, Source), -1), "our own clock was set back");
    }
}
