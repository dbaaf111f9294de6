//! Edge operators, one file each, derived tags, and the graph that runs them.
//!
//! What a device said goes through the steps of its tag (from the tag table, then from `pipelines/*.toml`)
//! before it goes on the shaft; derived tags are computed from what comes out. Synchronous, deterministic,
//! without IO and without a clock: the same batches give the same batches, live and replayed.
//!
//! - [`Pipeline`] is the whole; [`Plan`] is what it is built from; every mistake is a [`PipelineMistake`].
//! - [`op`] has the steps, [`expr`] the language of derived tags.
//! - Not here: windows over several tags, alarms, analytics; they read the shaft.

mod build;
mod config;
mod derived;
mod metrics;
mod mistake;
mod pattern;
mod pipeline;

pub mod expr;
pub mod op;

pub use build::{Built, Plan, TagSteps};
pub use config::{Band, BandError, Period, Rule};
pub use mistake::{PipelineMistake, Where};
pub use pattern::{Pattern, PatternError};
pub use pipeline::Pipeline;
