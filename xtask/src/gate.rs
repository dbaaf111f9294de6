//! Everything that must pass before a merge.

use crate::steps::{self, Steps, program};
use crate::{licences, root, tests, tidy};

/// The cheap steps first: fmt, tidy, licences, clippy, then all tests.
pub fn run(all: &mut Steps) {
    all.step("fmt", || steps::run(program(&root(), "cargo", &["fmt", "--all", "--check"])));
    all.step("tidy", tidy::run);
    all.step("licences", licences::run);
    all.step("clippy", || {
        let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        steps::run(program(&root(), "cargo", &clippy))
    });
    tests::run(all);
}
