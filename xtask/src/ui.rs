//! The page: built into `ui/dist`, which is committed, so that nobody needs Node to build the program.

use crate::peers::npm_ci;
use crate::steps::{program, run};
use crate::{Failed, root};

/// Builds the page again and writes down from which sources.
///
/// # Errors
/// [`Failed`] when npm says no.
pub fn build() -> Result<(), Failed> {
    let ui = root().join("ui");
    npm_ci(&ui)?;
    run(program(&ui, "npm", &["run", "build"]))
}

/// The page's own tests: types, components, numbers.
///
/// # Errors
/// [`Failed`] when one fails.
pub fn test() -> Result<(), Failed> {
    let ui = root().join("ui");
    npm_ci(&ui)?;
    run(program(&ui, "npm", &["run", "check"]))?;
    run(program(&ui, "npm", &["test"]))
}
