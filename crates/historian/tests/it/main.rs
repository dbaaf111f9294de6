//! The historian against the simplest model: a sorted list of samples.

mod crash;
mod damage;
mod fixtures;
mod model;
mod modes;
mod plant;
mod retention;
mod shaft;
