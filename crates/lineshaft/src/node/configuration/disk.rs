//! The plant folder was edited on disk: what is there is read, and applied, refused, or left to a second person.

use std::collections::BTreeSet;

use lineshaft_audit::{Act, Action, Actor, Outcome};
use lineshaft_contract::{Approval, Chain, ConfigurationError};
use lineshaft_revision::{
    By, Decision, FileRef, Files, Note, Proposal, Rejection, Revision, Sha256, digest_of,
    read_folder, refs_of,
};
use serde_json::{Value, json};

use super::{Configuration, Inner, Turn, load};
use crate::plant::{self, LAYOUT, Mistakes, Outside, Plant, Severity};

/// Paths an entry of the trail names; the revision has all of them.
const PATHS_MAX: usize = 100;

const GOES_ON: &str = "nothing was changed, the running plant goes on";

/// Whoever edited the plant folder: the file system does not say who.
pub(super) fn disk() -> By {
    let by = lineshaft_contract::By::disk();
    By { who: by.who, account: by.account, road: by.road }
}

fn is_disk(by: &By) -> bool {
    *by == disk()
}

/// The paths of the files that are not the same, as many as an entry of the trail names.
pub(super) fn changed_files(old: &[FileRef], new: &[FileRef]) -> Vec<String> {
    let mut paths = changed_files_all(old, new);
    paths.truncate(PATHS_MAX);
    paths
}

/// The paths of the files that are not the same.
pub(super) fn changed_files_all(old: &[FileRef], new: &[FileRef]) -> Vec<String> {
    let set = |files: &[FileRef]| -> BTreeSet<(String, Sha256)> {
        files.iter().map(|file| (file.path.clone(), file.sha256)).collect()
    };
    let (old, new) = (set(old), set(new));
    let paths: BTreeSet<&String> = old.symmetric_difference(&new).map(|(path, _)| path).collect();
    paths.into_iter().cloned().collect()
}

/// What is on disk, read.
struct Found {
    plant: Plant,
    files: Files,
    refs: Vec<FileRef>,
    digest: Sha256,
}

impl Configuration {
    /// Looks at the plant folder and applies what is there, or says why not. Blocks; the running plant goes on.
    pub(in crate::node) fn look(&self) {
        let inner = &self.inner;
        let mut turn = inner.turn.lock();
        if let Err(error) = inner.store.settle() {
            let why = format!("{}", Chain(&error));
            tracing::error!(error = why, "an interrupted change cannot be finished");
            return inner.running.refused(why);
        }
        match inner.found(&mut turn) {
            Ok(found) => inner.take_from_disk(found, &mut turn),
            Err(report) => inner.running.refused(report),
        }
    }
}

impl Inner {
    /// Reads the folder; says everything that is wrong with it.
    fn found(&self, turn: &mut Turn) -> Result<Found, String> {
        let folder = match read_folder(&self.dir, &LAYOUT) {
            Ok(folder) => folder,
            // Reading it as a plant says better what is wrong with a folder that is not there.
            Err(error) => {
                let report = match plant::load(&self.dir, lineshaft_drivers::DRIVERS) {
                    Err(mistakes) => mistakes.report(GOES_ON),
                    Ok(_readable) => format!("error {}\n{GOES_ON}\n", Chain(&error)),
                };
                return Err(self.refuse(turn, Sha256::of(report.as_bytes()), report));
            }
        };
        let seen = digest_of(&refs_of(&folder));
        match load(&self.dir, folder, Outside::Any) {
            Ok((plant, files)) => {
                let refs = refs_of(&files);
                Ok(Found { digest: digest_of(&refs), plant, files, refs })
            }
            Err(mistakes) => Err(self.refuse_mistakes(turn, seen, &mistakes)),
        }
    }

    fn refuse_mistakes(&self, turn: &mut Turn, seen: Sha256, mistakes: &Mistakes) -> String {
        self.refuse(turn, seen, mistakes.report(GOES_ON))
    }

    /// Says that what is on disk is refused: in the log and the trail once for each state.
    fn refuse(&self, turn: &mut Turn, seen: Sha256, report: String) -> String {
        if turn.refused.replace(seen) == Some(seen) {
            return report;
        }
        tracing::error!("the changed plant folder is refused\n{report}");
        let first = report.lines().next().unwrap_or_default().to_owned();
        let act = Act::done(&Actor::disk(), Action::PlantRefuse, "plant folder")
            .result(Outcome::Refused)
            .detail(first);
        self.note_in_trail(act);
        report
    }

    fn take_from_disk(&self, found: Found, turn: &mut Turn) {
        let newest = self.store.newest();
        if newest.as_ref().is_some_and(|newest| newest.digest == found.digest) {
            turn.refused = None;
            self.withdraw(None);
            if self.running.agrees() {
                tracing::info!("the plant folder is again what runs");
            }
            return;
        }
        let built = match self.running.build(&found.plant) {
            Ok(built) => built,
            Err(why) => return self.running.refused(self.refuse(turn, found.digest, why)),
        };
        turn.refused = None;
        if self.policy.lock().approval == Approval::FourEyes {
            return self.running.refused(self.propose_from_disk(&found, newest.as_ref()));
        }
        // The entry first: a change that the trail does not have is not applied.
        let id = newest.as_ref().map_or(0, |newest| newest.id) + 1;
        let act = act_of(Action::PlantChange, format!("revision {id}"), &found, newest.as_ref());
        if let Some(trail) = &self.trail
            && let Err(error) = trail.record_blocking(act)
        {
            let why = format!(
                "LS-REV-016: the audit trail cannot be written, so the changed plant folder is not applied: {}",
                Chain(&error)
            );
            tracing::error!("{why}");
            return self.running.refused(why);
        }
        match self.store.record(&found.files, &self.note_of_disk("")) {
            Ok(revision) => {
                self.put_in_force(&found.plant, built, &revision);
                self.withdraw(None);
            }
            Err(error) => {
                let why = format!("{}", Chain(&error));
                tracing::error!(error = why, "the changed plant folder is not applied");
                let act =
                    act_of(Action::PlantChange, format!("revision {id}"), &found, newest.as_ref());
                self.note_in_trail(act.result(Outcome::Failed).detail(why.clone()));
                self.running.refused(why);
            }
        }
    }

    /// Under four eyes what is on disk waits. The same state is proposed once; another takes its place.
    fn propose_from_disk(&self, found: &Found, newest: Option<&Revision>) -> String {
        let waits = |id: u64| {
            format!(
                "LS-REV-018: the plant folder on disk waits for a second person as proposal {id}; \
                the running plant goes on"
            )
        };
        if let Some(ours) = self.proposal_of_disk(found.digest) {
            match &ours.decision {
                None => return waits(ours.id),
                Some(Decision::Rejected(rejection)) => {
                    return format!(
                        "LS-REV-018: {} turned down what the plant folder has on disk (proposal {}); \
                        the running plant goes on",
                        rejection.by.who, ours.id
                    );
                }
                Some(Decision::Approved { .. }) => {}
            }
        }
        let base = newest.map_or(0, |newest| newest.id);
        match self.store.propose(&found.files, base, &self.note_of_disk("")) {
            Ok(proposal) => {
                self.withdraw(Some(proposal.id));
                let object = format!("proposal {}", proposal.id);
                self.note_in_trail(act_of(Action::PlantPropose, object, found, newest));
                let why = waits(proposal.id);
                tracing::warn!("{why}");
                why
            }
            Err(error) => {
                let why = format!("{}", Chain(&error));
                tracing::error!(error = why, "the changed plant folder cannot be proposed");
                why
            }
        }
    }

    /// Why a file on disk is not what runs, in words that say what to do: a change does not write over it.
    pub(super) fn in_the_way(&self, path: String) -> ConfigurationError {
        let Ok(folder) = read_folder(&self.dir, &LAYOUT) else {
            return ConfigurationError::Moved { what: path };
        };
        let what = match load(&self.dir, folder, Outside::Any) {
            Err(mistakes) => {
                let errors = mistakes.all().iter().filter(|one| one.severity == Severity::Error);
                let first = errors.map(|one| (&one.at.file, one.code, &one.what)).next();
                first.map(|(file, code, what)| {
                    format!(
                        "`{path}` on disk is not what runs, and the plant folder cannot run: `{file}` has a mistake: \
                        {code}: {what}; mend it on disk, or put back there what runs"
                    )
                })
            }
            Ok((_, files)) => self.proposal_of_disk(digest_of(&refs_of(&files))).map(|ours| {
                let (id, path) = (ours.id, &path);
                match ours.decision {
                    None => format!(
                        "`{path}` on disk is not what runs: what is on disk waits as proposal {id}; \
                        approve it, or put back on disk what runs"
                    ),
                    Some(_) => format!(
                        "`{path}` on disk is not what runs: what is on disk was turned down as proposal {id}; \
                        put back on disk what runs"
                    ),
                }
            }),
        };
        match what {
            Some(what) => ConfigurationError::Undecided { code: "LS-REV-007", what },
            // It is about to be looked at.
            None => ConfigurationError::Moved { what: path },
        }
    }

    /// The newest proposal that came from disk, if it is this state.
    fn proposal_of_disk(&self, digest: Sha256) -> Option<Proposal> {
        let known = self.store.proposals(PATHS_MAX).unwrap_or_default();
        let ours = known.into_iter().find(|proposal| is_disk(&proposal.by));
        ours.filter(|ours| ours.digest == digest)
            .filter(|ours| !matches!(ours.decision, Some(Decision::Approved { .. })))
    }

    /// What the folder had before and has no more does not wait any longer.
    fn withdraw(&self, but: Option<u64>) {
        let open = self.store.open_proposals().unwrap_or_default();
        let is_past = |proposal: &&Proposal| is_disk(&proposal.by) && Some(proposal.id) != but;
        for past in open.iter().filter(is_past) {
            let why = "the plant folder is another meanwhile".to_owned();
            let (proposal, time) = (past.id, self.clock.now());
            match self.store.reject(Rejection { proposal, time, by: disk(), why: why.clone() }) {
                Ok(_) => {
                    let object = format!("proposal {proposal}");
                    let act = Act::done(&Actor::disk(), Action::PlantReject, object).why(&why);
                    self.note_in_trail(act);
                }
                Err(error) => tracing::error!(error = %Chain(&error), "cannot withdraw a proposal"),
            }
        }
    }

    fn note_of_disk(&self, why: &str) -> Note {
        Note {
            by: disk(),
            why: why.to_owned(),
            time: self.clock.now(),
            rolled_back_to: None,
            approval: None,
        }
    }

    /// Notes what changed nothing; without an entry of it nothing is unproven.
    fn note_in_trail(&self, act: Act) {
        if let Some(trail) = &self.trail
            && let Err(error) = trail.record_blocking(act)
        {
            tracing::error!(error = %Chain(&error), "an act of the plant folder is not in the audit trail");
        }
    }
}

fn act_of(action: Action, object: String, found: &Found, before: Option<&Revision>) -> Act {
    let old = before.map(|old| json!({ "revision": old.id, "digest": old.digest }));
    let paths = changed_files(before.map_or(&[], |old| &old.files), &found.refs);
    let new: Value = json!({ "digest": found.digest, "files": paths });
    let mut act = Act::done(&Actor::disk(), action, object).new(new);
    act.old = old;
    act
}
