//! What can be set.

use std::time::Duration;

/// How much the historian keeps, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Samples in memory are sealed when they take this many bytes. Default 48 MiB.
    ///
    /// While a seal is written the next samples gather, so twice as much can be in use; beyond that the
    /// historian stops reading and the shaft keeps what comes.
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
