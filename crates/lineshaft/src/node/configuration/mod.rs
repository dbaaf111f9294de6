//! The plant's files as a history: every applied state is a revision, and every change takes one road to the next.
//!
//! From the folder on disk ([`disk`]) and from the interface ([`change`]) alike: the files as they would be are read as
//! a plant, refused whole with every mistake or written whole, applied as a difference, and recorded. One change at a
//! time; whoever comes second finds its base moved.
//!
//! - What is kept, and how it survives a crash: `lineshaft-revision`.
//! - Trail: a change on disk has nobody who asks for it, so its entry is written here; whoever serves the interface
//!   writes those of its changes.
//! - Not here: who may change the plant.

mod begin;
mod change;
mod disk;
mod faces;
mod live;
mod look;
mod shape;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_audit::Trail;
use lineshaft_contract::{Approval, ChangePolicy, Reason};
use lineshaft_pipeline::Built;
use lineshaft_revision::{Files, Revision, Store, StoreError};
use lineshaft_runtime::Clock;
use parking_lot::Mutex;

pub(super) use begin::{begin, finish_interrupted};
pub(super) use live::Live;
pub(crate) use look::{newest_file, of_stopped};

use crate::plant::{self, Draft, LAYOUT, Mistakes, Outside, Plant, SecuritySettings};

/// The store's folder within the data folder.
const FOLDER: &str = "revisions";

/// The running node, as a change needs it.
pub(super) trait Running: Send + Sync {
    /// Makes what can fail of a plant, without touching what runs.
    fn build(&self, plant: &Plant) -> Result<Built, String>;

    /// Puts a plant in the place of the one that runs; only the difference restarts.
    fn run(&self, plant: &Plant, built: Built, revision: &Revision);

    /// Whether a part of the plant waits for the next start.
    fn waits_for_start(&self, plant: &Plant) -> bool;

    /// What is on disk does not run, and why.
    fn refused(&self, why: String);

    /// What is on disk runs: an earlier refusal is history. Answers whether there was one.
    fn agrees(&self) -> bool;
}

/// Everything a change needs. Clones are the same.
#[derive(Clone)]
pub(super) struct Configuration {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    /// The plant folder.
    dir: PathBuf,
    clock: Clock,
    /// `None` in tests of what has nothing to do with it.
    trail: Option<Trail>,
    running: Box<dyn Running>,
    policy: Mutex<ChangePolicy>,
    /// Whoever changes something has this, on a thread that may block.
    turn: Mutex<Turn>,
}

/// What the one whose turn it is knows of the turns before.
#[derive(Debug, Default)]
struct Turn {
    /// The digest of what was last refused on disk: saying it once is enough.
    refused: Option<lineshaft_revision::Sha256>,
}

impl std::fmt::Debug for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Configuration").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

/// What a plant asks of whoever changes it.
fn policy_of(security: &SecuritySettings) -> ChangePolicy {
    ChangePolicy {
        approval: if security.four_eyes { Approval::FourEyes } else { Approval::None },
        reason: if security.require_reason { Reason::Required } else { Reason::Optional },
    }
}

/// Reads files as a plant; answers with all files of that plant.
fn load(dir: &Path, files: Files, outside: Outside) -> Result<(Plant, Files), Mistakes> {
    let files = Arc::new(files);
    let draft = Draft { files: files.clone(), outside };
    let mut plant = plant::load_draft(dir, lineshaft_drivers::DRIVERS, draft)?;
    let files = all_files(Arc::unwrap_or_clone(files), &mut plant);
    Ok((plant, files))
}

/// All files of a plant: those of the folder, and what was read outside of it.
fn all_files(folder: Files, plant: &mut Plant) -> Files {
    let mut files = folder;
    files.append(&mut plant.contents);
    // What no device refers to any more is not part of the plant.
    files.retain(|path, _| LAYOUT.has(path) || plant_reads(plant, path));
    files
}

fn plant_reads(plant: &Plant, path: &str) -> bool {
    plant
        .files
        .iter()
        .any(|file| std::path::absolute(file).is_ok_and(|absolute| absolute.as_os_str() == path))
}

impl Inner {
    /// The files that run.
    fn current(&self) -> Result<(Option<Revision>, Files), StoreError> {
        match self.store.newest() {
            Some(newest) => {
                let files = self.store.files(newest.id)?;
                Ok((Some(newest), files))
            }
            None => Ok((None, Files::new())),
        }
    }

    /// A revision runs now.
    fn put_in_force(&self, plant: &Plant, built: Built, revision: &Revision) {
        self.running.run(plant, built, revision);
        *self.policy.lock() = policy_of(&plant.security);
    }
}
