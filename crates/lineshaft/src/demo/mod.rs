//! A whole plant in one process: a bottling line, a compressor station and energy meters, simulated
//! behind real Modbus TCP servers on loopback, and polled by the driver that polls real devices.

mod folder;
mod plant;
mod serve;
mod signal;

use std::io;
use std::path::Path;

use lineshaft_runtime::{Clock, TaskTree};

/// Starts the simulated plant and writes the plant folder that polls it into `dir`.
///
/// # Errors
/// As the operating system says.
pub async fn prepare(dir: &Path, listen: &str, tree: &TaskTree, clock: &Clock) -> io::Result<()> {
    let addresses = serve::start(tree, clock).await?;
    folder::write(dir, listen, &addresses)
}
