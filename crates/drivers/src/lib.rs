//! Field protocols, one folder each, and the runner that all of them share.
//!
//! A driver speaks its protocol and nothing else: schedule, reconnect, deadlines, demotion of dead units,
//! health and log lines are the runner's. Adding a driver is one folder and one line in [`DRIVERS`].

pub mod modbus;
pub mod runner;

use lineshaft_contract::DriverKind;

/// The drivers of this build, in the order of their names.
pub static DRIVERS: &[DriverKind] = &[modbus::KIND];
