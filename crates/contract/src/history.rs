//! What may be asked of history, whoever keeps it.

use std::time::Duration;

use lineshaft_model::{Sample, TagId, Timestamp};

use crate::statistics::{Statistics, StatisticsRequest};

/// How history is given back, see `docs/manual/src/http.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HistoryMode {
    /// Every stored sample.
    Raw,
    /// At most `points` samples that draw the same picture: exact M4 (first, last, minimum, maximum of each column).
    Plot,
    /// The value at the start of each interval; a line between samples, or the last one for a step tag.
    Interpolated,
    /// Mean of the good samples of each interval.
    Average,
    /// Mean of each interval weighted by how long each value held.
    TimeAverage,
    /// Lowest good sample of each interval, with its own time.
    Minimum,
    /// Highest good sample of each interval, with its own time.
    Maximum,
    /// Number of good samples of each interval.
    Count,
}

impl HistoryMode {
    /// All modes with their words.
    pub const ALL: [(HistoryMode, &'static str); 8] = [
        (HistoryMode::Raw, "raw"),
        (HistoryMode::Plot, "plot"),
        (HistoryMode::Interpolated, "interpolated"),
        (HistoryMode::Average, "average"),
        (HistoryMode::TimeAverage, "time_average"),
        (HistoryMode::Minimum, "minimum"),
        (HistoryMode::Maximum, "maximum"),
        (HistoryMode::Count, "count"),
    ];

    /// The word in a query.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(mode, _)| *mode == self).map_or("raw", |(_, word)| word)
    }

    /// The mode of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<HistoryMode> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(mode, _)| *mode)
    }
}

/// Where a raw page left off: samples at this instant up to this number have been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The instant of the last sample given.
    pub ts: Timestamp,
    /// How many samples with exactly this instant have been given.
    pub given: u32,
}

/// What beside the samples of the question is wanted, to draw it from edge to edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Bounds {
    /// Nothing: only `start ≤ t < end`.
    #[default]
    Inside,
    /// The last sample before `start`, however old, and the first at or after `end`, with their own times.
    Around,
}

/// One question about one tag.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRequest {
    /// Which tag.
    pub tag: TagId,
    /// From this instant on.
    pub start: Timestamp,
    /// Up to, not including, this instant.
    pub end: Timestamp,
    /// How.
    pub mode: HistoryMode,
    /// The length of an interval, for the modes that have intervals; at least 1 ms.
    pub interval: Duration,
    /// At most this many good samples for [`HistoryMode::Plot`]: four for each pixel column. Up to two more of each
    /// column say where it is not good.
    pub points: u32,
    /// Whether values hold until the next (a state) or move on a line (a measurement).
    pub step: bool,
    /// The most samples of a raw page.
    pub limit: u32,
    /// Whether the samples around the question come too; for raw and plot. They come on top of `limit` and
    /// `points`, the one before with the first page and the one after with the last.
    pub bounds: Bounds,
    /// Where the last raw page left off.
    pub after: Option<Cursor>,
    /// When to give up.
    pub deadline: Option<Deadline>,
}

/// When a question is no longer worth answering; checked between pages of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// As [`lineshaft_runtime::Clock::steady`] counts.
    pub at: Duration,
}

/// The answer: samples oldest first, and where to go on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryPage {
    /// The samples.
    pub samples: Vec<Sample>,
    /// Where the next raw page starts; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// Why history cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The question makes no sense or would make too large an answer.
    #[error("{0}")]
    Request(String),
    /// It took too long.
    #[error("the query took longer than its limit")]
    TooSlow,
    /// A file is damaged or cannot be read.
    #[error("cannot read {file}")]
    Storage {
        /// Which file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Whoever keeps history.
pub trait History: Send + Sync {
    /// Answers one question. Blocks on the disk: call it from a thread that may.
    ///
    /// # Errors
    /// [`HistoryError`].
    fn read(&self, request: &HistoryRequest) -> Result<HistoryPage, HistoryError>;

    /// Says a span in a few numbers. Blocks on the disk: call it from a thread that may.
    ///
    /// # Errors
    /// [`HistoryError`].
    fn statistics(&self, request: &StatisticsRequest) -> Result<Statistics, HistoryError>;
}
