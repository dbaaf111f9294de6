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
    /// Which package uses which, as it was resolved.
    pub resolve: Resolve,
}

/// The resolved graph.
#[derive(Debug, Deserialize)]
pub struct Resolve {
    /// One for each package.
    pub nodes: Vec<Node>,
}

/// A package in the graph.
#[derive(Debug, Deserialize)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// What it uses.
    pub deps: Vec<Arrow>,
}

/// One package uses another.
#[derive(Debug, Deserialize)]
pub struct Arrow {
    /// The id of the other.
    pub pkg: String,
    /// For what.
    pub dep_kinds: Vec<ArrowKind>,
}

/// What an arrow is for.
#[derive(Debug, Deserialize)]
pub struct ArrowKind {
    /// `None` for the program itself, `dev` or `build`.
    pub kind: Option<String>,
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
    /// Where its sources are kept for everybody.
    pub repository: Option<String>,
    /// Its `Cargo.toml` on this machine.
    pub manifest_path: PathBuf,
    /// What it builds.
    pub targets: Vec<Target>,
}

/// Something a package builds.
#[derive(Debug, Deserialize)]
pub struct Target {
    /// `lib`, `proc-macro`, `bin`, …
    pub kind: Vec<String>,
}

impl Package {
    /// Whether it runs while others are built and is in no program.
    #[must_use]
    pub fn is_macro(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "proc-macro"))
    }
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
        Metadata::load_for(&[])
    }

    /// Asks cargo for what is built for these platforms; for all of them when there is none.
    ///
    /// # Errors
    /// [`Failed`] with what cargo says.
    pub fn load_for(platforms: &[&str]) -> Result<Metadata, Failed> {
        let mut arguments = vec!["metadata", "--format-version", "1", "--locked"];
        for platform in platforms {
            arguments.extend(["--filter-platform", platform]);
        }
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
