//! The binary's parts: the command line, the plant folder, the wiring, the demo plant.

pub mod cli;
pub mod demo;
pub mod node;
pub mod plant;
