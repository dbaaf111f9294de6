//! The historian against the simplest model: a sorted list of samples.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod crash;
mod damage;
mod fixtures;
mod model;
mod modes;
mod plant;
mod retention;
mod shaft;
mod statistics;
