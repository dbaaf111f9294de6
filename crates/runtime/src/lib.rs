//! The seams to the world: clock, disk, net, tasks, bounded channels, backoff.
//!
//! Only this crate asks the operating system for time, tasks, sockets or files in the data path, so
//! that everything above it can run against a simulated world from one seed.

pub mod backoff;
pub mod channel;
pub mod clock;
pub mod disk;
mod executor;
mod metrics;
pub mod net;
pub mod task;

pub use backoff::{Backoff, Seed};
pub use channel::{Policy, Receiver, Sender, channel};
pub use clock::Clock;
pub use disk::{Disk, DiskFile};
pub use executor::Executor;
pub use net::{Endpoint, EndpointError, Link, Net};
pub use task::{TaskKind, TaskTree};
