//! The work around the code: the gate, tidy, licences, peers, the page.
//!
//! Not here: anything the program needs to run. `cargo run` never needs this crate, Node or Python.

mod bill;
pub mod gate;
pub mod licences;
pub mod matrix;
pub mod metadata;
pub mod peers;
pub mod steps;
pub mod tests;
pub mod tidy;
pub mod ui;

use std::io;
use std::path::{Path, PathBuf};

/// Why a step did not pass.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// A program could not be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program said no.
    #[error("{command} ended with {status}")]
    Command {
        /// With its arguments.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something is not as it should be.
    #[error("{0}")]
    Wrong(String),
}

/// The folder of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Reads a text file.
///
/// # Errors
/// [`Failed::File`] names it.
pub fn read(path: &Path) -> Result<String, Failed> {
    std::fs::read_to_string(path).map_err(|source| Failed::File { path: path.into(), source })
}
