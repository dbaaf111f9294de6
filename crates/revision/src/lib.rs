//! Every state a folder of plain files has had: kept by content, compared, edited with comments kept, rolled back.
//!
//! - What is on disk: `docs/formats/revisions.md`.
//! - A change of the folder is whole or not at all, whenever the power fails ([`Store::change`]).
//! - Not here: what the files mean, who may change them, and that somebody did (the trail).

mod change;
mod diff;
mod digest;
mod edit;
mod entry;
mod error;
mod folder;
mod limits;
mod log;
mod objects;
mod path;
mod proposal;
mod store;
mod verify;

use std::collections::BTreeMap;

pub use change::{Changed, Finished};
pub use diff::{FileChange, FileDiff, Hunk, HunkLine, diff_files, diff_texts};
pub use digest::{Sha256, digest_of, refs_of};
pub use edit::{Edit, EditError, edit_toml, toml_of_json};
pub use entry::{Approval, By, FileRef, Note, Rejection, Revision};
pub use error::StoreError;
pub use folder::read_folder;
pub use path::{Layout, PathError, is_outside};
pub use proposal::{Decision, Proposal, ProposalError};
pub use store::Store;
pub use verify::{Report, verify};

/// The files of a folder: path with `/`, and content.
pub type Files = BTreeMap<String, Vec<u8>>;
