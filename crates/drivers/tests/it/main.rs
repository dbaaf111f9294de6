//! The drivers from outside.

mod explore;
mod modbus;
#[path = "../conformance/modbus_peers.rs"]
mod modbus_peers;
mod runner;
mod runner_commands;
mod runner_faults;
mod runner_sim;
