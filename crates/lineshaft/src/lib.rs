//! The binary's parts: the command line, the plant folder, the wiring, the demo plant.

#[macro_use]
mod say;

pub mod cli;
pub mod demo;
pub mod doctor;
pub mod logs;
pub mod node;
pub mod plant;
