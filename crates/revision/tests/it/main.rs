//! The store from outside: what it keeps, what a crash leaves, what it refuses.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a failure is a failed test")]

mod crash;
mod faults;
mod folder;
mod history;
mod tamper;

use std::collections::BTreeMap;
use std::path::Path;

use lineshaft_model::Timestamp;
use lineshaft_revision::{By, Files, Layout, Note};

/// The layout of a plant folder.
const LAYOUT: Layout = Layout {
    files: &["lineshaft.toml"],
    folders: &[("devices", "toml"), ("tags", "csv"), ("pipelines", "toml")],
};

/// Files from `path=content`.
fn files(all: &[&str]) -> Files {
    let split = |line: &&str| {
        let (path, content) = line.split_once('=').unwrap();
        (path.to_owned(), content.as_bytes().to_vec())
    };
    all.iter().map(split).collect::<BTreeMap<_, _>>()
}

fn by(who: &str) -> By {
    By { who: who.into(), account: None, road: "http".into() }
}

fn note(who: &str, why: &str) -> Note {
    Note {
        by: by(who),
        why: why.into(),
        time: Timestamp::from_secs(1_700_000_000),
        rolled_back_to: None,
        approval: None,
    }
}

/// Everything in a folder, hidden names among it.
fn everything_in(dir: &Path) -> Files {
    let mut all = Files::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
                all.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// Writes a folder as somebody with an editor would.
fn write(dir: &Path, files: &Files) {
    for (path, content) in files {
        let at = dir.join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, content).unwrap();
    }
}
