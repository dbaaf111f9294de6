//! The doctor: what is wrong with this node, why, and what to do.
//!
//! Three steps that know nothing of each other: facts are gathered ([`gather`]), from a running node or from the folders
//! of a stopped one; each check is a plain function of the facts (one file a group, one line a check); what comes of it is
//! the same list everywhere: `lineshaft doctor`, `GET /api/v1/doctor`, the page.
//!
//! - A check says what was measured, where that comes from, what to do. None mends anything.
//! - A check whose facts are missing says so: unknown is not fine.
//! - Not here: proving every byte, which takes long (`lineshaft verify`).

mod clock;
mod devices;
mod facts;
mod finding;
mod gather;
mod history;
mod host;
mod network;
mod page;
mod plant;
mod security;
mod storage;
mod ward;

use std::path::{Path, PathBuf};

use lineshaft_contract::{CheckResult, Examination};
use lineshaft_runtime::Clock;

use facts::Facts;
use finding::Finding;
pub(crate) use gather::file_system;
pub(crate) use ward::{Ward, WardParts};

/// One check.
struct Check {
    /// Its name, for ever.
    name: &'static str,
    /// What it asks.
    title: &'static str,
    examine: fn(&Facts) -> Finding,
}

/// Checks about one thing.
struct Group {
    word: &'static str,
    checks: &'static [Check],
}

/// Every check there is, in the order in which people read them.
const GROUPS: [Group; 9] = [
    Group { word: "plant", checks: plant::CHECKS },
    Group { word: "devices", checks: devices::CHECKS },
    Group { word: "storage", checks: storage::CHECKS },
    Group { word: "history", checks: history::CHECKS },
    Group { word: "clock", checks: clock::CHECKS },
    Group { word: "network", checks: network::CHECKS },
    Group { word: "security", checks: security::CHECKS },
    Group { word: "host", checks: host::CHECKS },
    Group { word: "page", checks: page::CHECKS },
];

/// Where the machine is looked at, and what time it is.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The root of the file system with `proc`, `sys`, `run` and `etc`.
    pub root: PathBuf,
    /// The time.
    pub clock: Clock,
}

impl Default for Surroundings {
    fn default() -> Surroundings {
        Surroundings { root: PathBuf::from("/"), clock: Clock::real() }
    }
}

/// Examines the folders of a node that does not run.
///
/// Takes up to some seconds on a slow disk or name server. Mends nothing; accounts and trail are opened as every command
/// opens them, which cuts off a torn end of the trail.
pub async fn examine_folders(plant: &Path, data: &Path, around: &Surroundings) -> Examination {
    let (clock, began) = (Clock::real(), around.clock.now());
    let facts = gather::of_stopped(plant, data, around).await;
    Examination { examined: began, took: clock.steady(), checks: examine(&facts) }
}

fn examine(facts: &Facts) -> Vec<CheckResult> {
    let checks = GROUPS.iter().flat_map(|group| group.checks.iter().map(move |one| (group, one)));
    checks
        .map(|(group, check)| {
            let Finding { outcome, what, cause, fix, code } = (check.examine)(facts);
            let (check, title) = (check.name, check.title);
            CheckResult { check, group: group.word, title, outcome, what, cause, fix, code }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own_and_a_title() {
        let all: Vec<&Check> = GROUPS.iter().flat_map(|group| group.checks).collect();
        assert!(all.len() >= 34, "{}", all.len());
        let names: BTreeSet<&str> = all.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), all.len());
        let is_plain = |c: char| c.is_ascii_lowercase() || c == '-';
        for check in all {
            assert!(check.name.chars().all(is_plain) && !check.title.is_empty(), "{}", check.name);
        }
    }
}
