//! What the program carries to read: the manual in its languages, the pages of the error codes, the licences.
//!
//! - Source: `docs/manual/src` and `docs/errors`, compiled in by the build script; `docs/manual/de` has what there is in
//!   German, and stands in the same order. `SUMMARY.md` is the order, its part titles are the groups.
//! - A page becomes HTML when it is asked for; links between pages become the addresses of the page in the browser.
//! - The index of the search is made when somebody searches for the first time.
//! - Not here: how it is served (`api`), and how reference pages are made (`lineshaft`'s tests, from the code).

mod licences;
mod render;
mod search;
mod shelf;
mod words;

pub use licences::{LICENCES, SBOM};
pub use render::{Heading, Rendered};
pub use search::{Hit, search};
pub use shelf::{Entry, Language, Near, Page, contents, errors, page, source, summary};
