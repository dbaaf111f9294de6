//! What can be set.

use std::time::Duration;

/// How much the historian keeps, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Samples in memory take about this many bytes at most: those that gather and those that are being sealed
    /// together. Default 48 MiB.
    ///
    /// They are sealed when they take two thirds of it, and the next ones gather in the last third while the
    /// seal is written; when that is full too, the historian stops reading and the shaft keeps what comes. A
    /// tag that has samples takes some 112 bytes and two to four bytes for each of them, so 48 MiB is
    /// a minute of 100,000 tags at 1 Hz, or an hour of 3,000.
    pub hot_bytes_max: usize,

    /// Samples in memory are sealed at the latest after this time. Default 1 h.
    ///
    /// It bounds what the shaft has to keep for the historian, and how much is read again after a restart.
    pub seal_age: Duration,

    /// Segments whose newest sample is older than this are dropped. `None`, the default, keeps all.
    ///
    /// Counted from the clock or the newest sample, whichever is earlier: neither a clock that jumped ahead nor
    /// a sample from the future can drop everything.
    pub retention: Option<Duration>,

    /// Bytes of index and statistics that are remembered between questions. Default 16 MiB: two years of
    /// one tag at 1 Hz.
    pub known_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            hot_bytes_max: 48 << 20,
            seal_age: Duration::from_secs(3_600),
            retention: None,
            known_bytes_max: 16 << 20,
        }
    }
}

impl Options {
    /// So many bytes that gather are sealed: what is left of [`Options::hot_bytes_max`] is for those that gather
    /// meanwhile. With 100,000 tags their columns alone take 12 MB, a quarter of the default.
    #[must_use]
    pub const fn seal_bytes(&self) -> usize {
        self.hot_bytes_max / 3 * 2
    }
}
