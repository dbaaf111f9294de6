//! Counters, noted from time to time.

use std::collections::VecDeque;
use std::time::Duration;

use lineshaft_contract::NodeStatus;
use lineshaft_model::Timestamp;

/// How far back a rate looks.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Behind the window one mark of so many seconds is kept.
const THIN: Duration = Duration::from_secs(5 * 60);

/// A week of thin marks behind a quarter of an hour of thick ones.
const MARKS_MAX: usize = 2_100;

/// Readers of one mark.
const READERS_MAX: usize = 32;

/// The counters at one moment.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    steady: Duration,
    wall: Timestamp,
    samples: u64,
    next_offset: u64,
    readers: Vec<(String, u64)>,
}

/// How fast it goes, in a second.
#[derive(Debug)]
pub(super) struct Rates {
    pub(super) window: Duration,
    pub(super) records: f64,
    pub(super) samples: f64,
    readers: Vec<(String, f64)>,
}

impl Rates {
    pub(super) fn reader(&self, name: &str) -> Option<f64> {
        self.readers.iter().find(|(known, _)| known == name).map(|(_, rate)| *rate)
    }
}

impl Mark {
    pub(super) fn of(status: &NodeStatus, steady: Duration) -> Mark {
        let readers = status.shaft.readers.iter().take(READERS_MAX);
        Mark {
            steady,
            wall: status.now,
            samples: status.samples_total,
            next_offset: status.shaft.next_offset,
            readers: readers.map(|reader| (reader.name.clone(), reader.offset)).collect(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Marks(VecDeque<Mark>);

impl Marks {
    pub(super) fn push(&mut self, mark: Mark) {
        let now = mark.steady;
        self.0.push_back(mark);
        // The newest mark that has left the window stays only when it is far enough from the one before it.
        let aged = self.0.partition_point(|mark| now.saturating_sub(mark.steady) > WINDOW);
        if aged >= 2 {
            let near = self.0[aged - 1].steady.saturating_sub(self.0[aged - 2].steady) < THIN;
            if near {
                self.0.remove(aged - 1);
            }
        }
        while self.0.len() > MARKS_MAX {
            self.0.pop_front();
        }
    }

    /// From the oldest mark within the window until now.
    pub(super) fn rates(&self, now: &Mark) -> Option<Rates> {
        let old = self.0.iter().find(|mark| now.steady.saturating_sub(mark.steady) <= WINDOW)?;
        let window = now.steady.saturating_sub(old.steady);
        let seconds = window.as_secs_f64();
        if seconds <= 0.0 {
            return None;
        }
        let rate = |new: u64, old: u64| super::float(new.saturating_sub(old)) / seconds;
        let readers = now.readers.iter().filter_map(|(name, offset)| {
            let (_, before) = old.readers.iter().find(|(known, _)| known == name)?;
            Some((name.clone(), rate(*offset, *before)))
        });
        Some(Rates {
            window,
            records: rate(now.next_offset, old.next_offset),
            samples: rate(now.samples, old.samples),
            readers: readers.collect(),
        })
    }

    /// About when the record of this number arrived; `None` when that was before the first mark.
    pub(super) fn arrived(&self, offset: u64) -> Option<Timestamp> {
        let after = self.0.partition_point(|mark| mark.next_offset <= offset);
        after.checked_sub(1).map(|before| self.0[before].wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(seconds: u64, offset: u64) -> Mark {
        Mark {
            steady: Duration::from_secs(seconds),
            wall: Timestamp::from_secs(i64::try_from(seconds).unwrap()),
            samples: offset * 10,
            next_offset: offset,
            readers: vec![("sink".into(), offset / 2)],
        }
    }

    #[test]
    fn rates_look_back_a_quarter_of_an_hour_and_marks_a_week() {
        let mut marks = Marks::default();
        for n in 0..(8 * 86_400 / 15) {
            marks.push(mark(n * 15, n * 15 * 4));
        }
        let end = 8 * 86_400;
        let rates = marks.rates(&mark(end, end * 4)).unwrap();
        assert_eq!((rates.records, rates.samples, rates.reader("sink")), (4.0, 40.0, Some(2.0)));
        assert_eq!(rates.window, WINDOW);
        assert!(marks.0.len() <= MARKS_MAX);
        let day_ago = end - 86_400;
        let arrived = marks.arrived(day_ago * 4).unwrap();
        let off = i64::try_from(day_ago).unwrap() - arrived.nanos() / 1_000_000_000;
        assert!((0..=600).contains(&off), "{off} s off");
        assert_eq!(marks.arrived(0), None);
        assert!(rates.reader("nobody").is_none());
    }
}
