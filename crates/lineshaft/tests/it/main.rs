//! The integration tests of the binary.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helper functions")]

mod attacks;
mod command_line;
mod config;
mod crash;
mod desk;
mod doctor;
mod faults;
mod faults_clock;
mod field;
mod harness;
mod identity;
mod manual;
mod node;
mod reference;
mod reload;
mod trail;
mod workshop;
