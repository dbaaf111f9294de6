//! The plant folder, as it is on disk.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use lineshaft_contract::Configuration;
use lineshaft_revision::{read_folder, refs_of};
use rustix::fs::Access;

use super::super::facts::PlantFacts;
use crate::plant::{self, LAYOUT};

/// The newest revision, and the files that are not as it has them.
pub(super) type Changed = (Option<u64>, Vec<String>);

pub(super) fn look(dir: &Path, (revision, changed): Changed) -> PlantFacts {
    let metadata = fs::metadata(dir).ok().filter(fs::Metadata::is_dir);
    PlantFacts {
        dir: dir.to_owned(),
        mode: metadata.map(|folder| folder.permissions().mode()),
        writable: rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok(),
        read: plant::load(dir, lineshaft_drivers::DRIVERS),
        revision,
        changed,
        unread: unread(dir),
    }
}

/// Endings of what people put beside the files of a plant on purpose.
const BESIDE: [&str; 7] = ["md", "txt", "bak", "old", "orig", "swp", "example"];

/// Files that are more than this are counted no further.
const UNREAD_MAX: usize = 100;

/// Files in the plant's folders that nobody reads: a misspelt ending is easily overlooked.
fn unread(dir: &Path) -> Vec<String> {
    let mut unread = Vec::new();
    for folder in LAYOUT.folders.iter().map(|(folder, _)| *folder) {
        for entry in fs::read_dir(dir.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}/{name}");
            let on_purpose = name.starts_with('.') || name.ends_with('~') || is_beside(&name);
            if !on_purpose && !LAYOUT.has(&path) && unread.len() < UNREAD_MAX {
                unread.push(path);
            }
        }
    }
    unread.sort();
    unread
}

fn is_beside(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    // `press.toml.txt` is what an editor makes that hides endings.
    let is_hidden = ending == "txt" && (stem.ends_with(".toml") || stem.ends_with(".csv"));
    BESIDE.contains(&ending) && !is_hidden
}

/// Compares the folder with what ran last.
pub(super) async fn changed(dir: &Path, store: Option<Arc<dyn Configuration>>) -> Changed {
    let Some(store) = store else { return (None, Vec::new()) };
    let Ok(current) = store.files().await else { return (None, Vec::new()) };
    let revision = Some(current.revision);
    let kept: BTreeMap<String, String> = current
        .files
        .into_iter()
        .filter(|file| LAYOUT.has(&file.path))
        .map(|file| (file.path, file.sha256))
        .collect();
    let dir = dir.to_owned();
    let read = move || read_folder(&dir, &LAYOUT).map(|files| refs_of(&files));
    let Ok(found) = super::blocking(read).await else { return (revision, Vec::new()) };
    let found: BTreeMap<String, String> =
        found.into_iter().map(|file| (file.path, file.sha256.to_string())).collect();
    let paths = kept.keys().chain(found.keys()).collect::<std::collections::BTreeSet<_>>();
    let differs = paths.into_iter().filter(|path| kept.get(*path) != found.get(*path));
    (revision, differs.cloned().collect())
}
