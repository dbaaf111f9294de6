//! What happens to samples behind the driver: operators, analytics, sinks.

use std::collections::BTreeMap;
use std::future::Future;

use lineshaft_model::{Batch, Sample, TagPath, Timestamp};

use crate::SinkError;

/// One step of edge processing. Synchronous, deterministic, without IO.
pub trait Op: Send {
    /// Changes the batch in place. Cannot fail: what cannot be computed becomes a bad sample.
    fn apply(&mut self, batch: &mut Batch);

    /// Lets time-driven steps (windows, watchdogs) speak. `now` is the pipeline's clock.
    fn tick(&mut self, _now: Timestamp, _out: &mut Batch) {}
}

/// An outbound connection.
pub trait Sink: Sized + Send + 'static {
    /// Its `settings` table.
    type Config: serde::de::DeserializeOwned + schemars::JsonSchema + Send + Sync + 'static;

    /// Opens the connection.
    fn connect(config: &Self::Config) -> impl Future<Output = Result<Self, SinkError>> + Send;

    /// Returns `Ok` only when the far side has confirmed the whole batch. After an error of class
    /// [`crate::Class::Retry`] the same batch comes again, so the far side must tolerate repeats.
    fn write(&mut self, batch: &Batch) -> impl Future<Output = Result<(), SinkError>> + Send;
}

/// What an analytic found: a sample of a tag of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The tag it is about.
    pub tag: TagPath,
    /// What it is.
    pub sample: Sample,
}

/// What an analytic found so far; it goes back on the shaft.
pub type Findings = Vec<Finding>;

/// An analytic's memory: a name and bytes per part, in a form of its own with its own version.
pub type State = BTreeMap<String, Vec<u8>>;

/// Why a saved state cannot be taken up again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Written by a later version.
    #[error("the state is of version {found}, this program knows {known}")]
    Newer {
        /// The version found.
        found: u32,
        /// The latest known.
        known: u32,
    },
    /// Not a state at all.
    #[error("the state's part `{part}` is damaged")]
    Damaged {
        /// Which part.
        part: String,
    },
}

/// An incremental computation over the namespace, equal for live samples and for replayed history.
pub trait Analytic: Send {
    /// Takes samples in, says what follows from them.
    fn feed(&mut self, batch: &Batch, out: &mut Findings);

    /// Lets time pass.
    fn tick(&mut self, now: Timestamp, out: &mut Findings);

    /// What must be kept so that a restart changes nothing.
    fn save(&self) -> State;

    /// Takes up a saved state.
    ///
    /// # Errors
    /// [`StateError`]; the analytic then starts from nothing and says so.
    fn restore(&mut self, state: &State) -> Result<(), StateError>;
}
