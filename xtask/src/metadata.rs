//! What cargo knows about the workspace, as far as the rules need it.

use std::path::PathBuf;

use serde::Deserialize;

use crate::steps::{output, program};
use crate::{Failed, root};

/// The answer of `cargo metadata`.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// Every package, ours and others'.
    pub packages: Vec<Package>,
    /// The ids of ours.
    pub workspace_members: Vec<String>,
    /// Where cargo builds.
    pub target_directory: PathBuf,
}

/// One package.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its id.
    pub id: String,
    /// Its licence as an SPDX expression.
    pub license: Option<String>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// One arrow.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// To whom.
    pub name: String,
    /// `None` for an ordinary one, `dev` or `build`.
    pub kind: Option<String>,
}

impl Metadata {
    /// Asks cargo.
    ///
    /// # Errors
    /// [`Failed`] with what cargo says.
    pub fn load() -> Result<Metadata, Failed> {
        let arguments = ["metadata", "--format-version", "1", "--locked"];
        let answer = output(program(&root(), "cargo", &arguments))?;
        if !answer.status.success() {
            return Err(Failed::Wrong(String::from_utf8_lossy(&answer.stderr).into()));
        }
        serde_json::from_slice(&answer.stdout)
            .map_err(|error| Failed::Wrong(format!("cargo metadata cannot be read: {error}")))
    }

    /// Our own packages.
    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Everybody else's.
    pub fn others(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| !self.workspace_members.contains(&package.id))
    }
}
