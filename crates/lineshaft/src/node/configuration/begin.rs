//! The start: which plant runs, and that it is recorded.

use std::path::Path;
use std::sync::Arc;

use lineshaft_audit::{Act, Action, Actor, Trail};
use lineshaft_contract::Chain;
use lineshaft_revision::{Files, Finished, Note, Revision, Store, digest_of, read_folder, refs_of};
use lineshaft_runtime::Clock;
use parking_lot::Mutex;
use serde_json::json;

use super::disk::{changed_files, disk};
use super::{Configuration, FOLDER, Inner, Running, Turn, all_files, load, policy_of};
use crate::node::{DataFolder, StartError};
use crate::plant::{self, LAYOUT, Outside, Plant};

/// The store is open, and which plant runs is decided.
pub(in crate::node) struct Begun {
    store: Store,
    finished: Option<Finished>,
    /// What runs.
    files: Files,
    /// Why the folder on disk does not.
    waits: Option<Waits>,
}

/// The folder on disk waits for a second person.
struct Waits;

/// Finishes a change of a plant folder that a crash interrupted, before anybody reads that folder.
///
/// What goes wrong here is found again, and said, when the store is opened for good.
pub(in crate::node) fn finish_interrupted(data: &Path) -> Option<Finished> {
    let dir = data.join(FOLDER);
    if !dir.join("pending").exists() {
        return None;
    }
    match Store::open(&dir) {
        Ok(store) => store.finished().cloned(),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "an interrupted change cannot be finished");
            None
        }
    }
}

/// Opens the store and decides which plant runs.
///
/// That is what the folder says. But when the newest revision wants four eyes, a folder that is another waits for the
/// second person, and the newest revision runs: whoever can edit the folder and restart the node would need none.
pub(in crate::node) fn begin(
    mut plant: Plant,
    data: &DataFolder,
) -> Result<(Begun, Plant), StartError> {
    let failed = |source| StartError::Revisions { source };
    let store = Store::open(&data.path.join(FOLDER)).map_err(failed)?;
    let finished = data.finished.clone();
    let folder = read_folder(&plant.dir, &LAYOUT).map_err(failed)?;
    let files = all_files(folder, &mut plant);
    let newest = store.newest();
    let is_other = |newest: &Revision| newest.digest != digest_of(&refs_of(&files));
    let Some(newest) = newest.filter(is_other) else {
        return Ok((Begun { store, finished, files, waits: None }, plant));
    };
    match run_instead(&store, &newest, &plant.dir) {
        Some((old, old_files)) => {
            let begun = Begun { store, finished, files: old_files, waits: Some(Waits) };
            Ok((begun, old))
        }
        None => Ok((Begun { store, finished, files, waits: None }, plant)),
    }
}

/// The newest revision as a plant, if it wants four eyes and can still be read.
fn run_instead(store: &Store, newest: &Revision, dir: &Path) -> Option<(Plant, Files)> {
    let files = match store.files(newest.id) {
        Ok(files) => files,
        Err(error) => {
            tracing::error!(error = %Chain(&error), revision = newest.id,
                "the newest revision cannot be read; the plant folder runs as it is");
            return None;
        }
    };
    let text = files.get("lineshaft.toml").map(|bytes| String::from_utf8_lossy(bytes));
    if !plant::gatekeeping_of(text.as_deref()).security.four_eyes {
        return None;
    }
    match load(dir, files, Outside::Any) {
        Ok(loaded) => Some(loaded),
        Err(mistakes) => {
            tracing::error!(
                code = "LS-REV-017",
                revision = newest.id,
                mistakes = mistakes.headline(),
                "the newest revision is no plant any more; the plant folder runs as it is"
            );
            None
        }
    }
}

impl Begun {
    /// Records what runs, if it is not the newest revision, and takes changes from now on. What runs is already set up;
    /// `running` hears of every change behind it.
    pub(in crate::node) async fn go_on(
        self,
        plant: &Plant,
        clock: Clock,
        trail: Option<Trail>,
        running: Box<dyn Running>,
    ) -> Result<(Configuration, Revision), StartError> {
        let (dir, policy) = (plant.dir.clone(), policy_of(&plant.security));
        let working = tokio::task::spawn_blocking(move || {
            let Begun { store, finished, files, waits } = self;
            let inner = Inner {
                store,
                dir,
                clock,
                trail,
                running,
                policy: Mutex::new(policy),
                turn: Mutex::new(Turn::default()),
            };
            if let Some(finished) = &finished {
                inner.say_finished(finished);
            }
            let revision = inner.record_first(&files)?;
            let configuration = Configuration { inner: Arc::new(inner) };
            if waits.is_some() {
                // Now, and not when somebody touches the folder the next time.
                configuration.look();
            }
            Ok((configuration, revision))
        });
        match working.await {
            Ok(done) => done.map_err(|source| StartError::Revisions { source }),
            Err(gone) => std::panic::resume_unwind(gone.into_panic()),
        }
    }
}

impl Inner {
    fn record_first(&self, files: &Files) -> Result<Revision, lineshaft_revision::StoreError> {
        let before = self.store.newest();
        let refs = refs_of(files);
        if let Some(newest) = &before
            && newest.digest == digest_of(&refs)
        {
            return Ok(newest.clone());
        }
        let why = if before.is_none() { "first start" } else { "found at the start" };
        let note = Note {
            by: disk(),
            why: why.to_owned(),
            time: self.clock.now(),
            rolled_back_to: None,
            approval: None,
        };
        let revision = self.store.record(files, &note)?;
        // A trail that cannot be written is no reason to leave the plant unwatched; what needs an entry is refused.
        if let Some(trail) = &self.trail {
            let old =
                before.as_ref().map(|old| json!({ "revision": old.id, "digest": old.digest }));
            let paths = changed_files(before.as_ref().map_or(&[], |old| &old.files), &refs);
            let mut act = Act::done(
                &Actor::disk(),
                Action::PlantChange,
                format!("revision {}", revision.id),
            )
            .new(json!({ "revision": revision.id, "digest": revision.digest, "files": paths }))
            .why(why);
            act.old = old;
            if let Err(error) = trail.record_blocking(act) {
                tracing::error!(%error, "the revision of the start is not in the audit trail");
            }
        }
        Ok(revision)
    }

    fn say_finished(&self, finished: &Finished) {
        let Some(trail) = &self.trail else { return };
        let (outcome, detail) = match finished.carried_on {
            true => {
                (lineshaft_audit::Outcome::Done, "a change that a crash interrupted was carried on")
            }
            false => (
                lineshaft_audit::Outcome::Failed,
                "a change that a crash interrupted was taken back",
            ),
        };
        let object = format!("revision {}", finished.revision);
        let act =
            Act::done(&Actor::node(), Action::PlantChange, object).result(outcome).detail(detail);
        if let Err(error) = trail.record_blocking(act) {
            tracing::error!(%error, "what became of an interrupted change is not in the audit trail");
        }
    }
}
