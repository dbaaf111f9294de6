//! The pipeline as the node uses it: from a plant's tags and rules to batches.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may panic, also in its helper functions"
)]

mod graph;
mod mistakes;
mod plant;
mod properties;
mod reference;
