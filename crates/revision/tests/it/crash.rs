//! The power fails: what was answered is there, what was not is there whole or not at all.

use std::path::Path;
use std::sync::Arc;

use lineshaft_revision::{Files, Revision, Store};
use lineshaft_runtime::Disk;
use lineshaft_runtime::disk::sim::{Faults, SimDisk};

use crate::note;

/// Files of a few sectors each, so that a crash can tear them and the log's lines.
fn files_of(round: u64) -> Files {
    let content = |file: u64| format!("{round} {file} ").repeat(40 + 100 * file as usize);
    (0..12).map(|file| (format!("devices/{file:02}.toml"), content(file).into_bytes())).collect()
}

#[test]
fn what_was_recorded_outlives_every_crash() {
    for seed in 0..60 {
        let mut disk = SimDisk::new(seed, Faults::none());
        let dir = Path::new("/revisions");
        let mut known: Vec<Revision> = Vec::new();
        for round in 0..6 {
            let store = Store::open_on(Arc::new(disk.clone()) as Arc<dyn Disk>, dir)
                .unwrap_or_else(|error| panic!("seed {seed}, round {round}: {error}"));
            for revision in &known {
                assert_eq!(&store.get(revision.id).unwrap(), revision, "seed {seed}");
                store.files(revision.id).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            }
            // One more than was answered may be there: it was written and not reported.
            let there = store.newest().map_or(0, |newest| newest.id);
            assert!(there as usize - known.len() <= 1, "seed {seed}");
            known = (1..=there).map(|id| store.get(id).unwrap()).collect();
            known.push(store.record(&files_of(2 * round), &note("maria", "")).unwrap());
            // The power fails somewhere within this one.
            disk.fail_sync(seed % 14);
            if let Ok(revision) = store.record(&files_of(2 * round + 1), &note("ben", "")) {
                known.push(revision);
            }
            store.verify().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            disk = disk.crash();
        }
    }
}
