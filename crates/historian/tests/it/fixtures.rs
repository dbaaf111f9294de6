//! Every format ever released opens.
//!
//! Written once by `WRITE_FIXTURE=1 cargo test -p lineshaft-historian fixture`; a fixture is never written again.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_historian::{Historian, Options, verify};
use lineshaft_model::{Row, Sample, TagId, Tags, Timestamp};
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::{Clock, Seed};

use crate::plant::{NOON, Plant, SIGNALS, samples};
use crate::statistics::check_whole;

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version)
}

fn lines(tag: &str, samples: &[Sample]) -> String {
    let mut out = String::new();
    for Sample { ts, value, quality, clock } in samples {
        let kind = value.kind();
        writeln!(out, "{tag} {} {kind} {value} {quality} {clock:?}", ts.nanos()).unwrap();
    }
    out
}

fn plant_of(dir: &Path, tags: &Arc<Tags>) -> Plant {
    let clock = Clock::simulated(Timestamp::from_nanos(NOON));
    let options = Options::default();
    let disk = Arc::new(RealDisk);
    let historian =
        Historian::open(disk.clone(), clock.clone(), dir, options.clone(), tags.clone()).unwrap();
    let (dir, tags) = (dir.into(), tags.clone());
    Plant { disk, clock, dir, options, tags, historian, log: Vec::new(), taken: 0 }
}

#[test]
fn a_fixture_of_version_1_opens_and_says_what_it_said_then() {
    let fixture = folder("v1");
    let names = ["decimal", "noise", "counter", "state", "text", "anything"];
    if std::env::var_os("WRITE_FIXTURE").is_some() {
        write(&fixture, &names);
    }
    // A copy, because opening may tidy up.
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&fixture).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    let tags = Arc::new(Tags::new());
    let plant = plant_of(dir.path(), &tags);
    let found: String =
        names.iter().map(|name| lines(name, &plant.raw(plant.tag(name), 10_000))).collect();
    assert_eq!(found, fs::read_to_string(fixture.join("expected.txt")).unwrap());
    for name in names {
        let tag = plant.tag(name); // its pages do not say how far the values spread
        check_whole(&plant, tag, &plant.raw(tag, 10_000));
    }
    assert!(verify(&RealDisk, dir.path()).unwrap().is_sound());
    assert_eq!(plant.historian.covered(), 6);
}

fn write(fixture: &Path, names: &[&str]) {
    fs::create_dir_all(fixture).unwrap();
    let tags = Arc::new(Tags::new());
    let mut plant = plant_of(fixture, &tags);
    let mut seed = Seed::new(1);
    let ids: Vec<TagId> = names.iter().map(|name| plant.tag(name)).collect();
    for (tag, signal) in ids.iter().zip(SIGNALS) {
        let rows = samples(signal, 300, &mut seed).into_iter();
        plant.log.push(rows.map(|sample| Row { tag: *tag, sample }).collect());
    }
    plant.take_in();
    plant.historian.seal().unwrap();
    let expected: String =
        names.iter().zip(&ids).map(|(name, tag)| lines(name, &plant.model(*tag))).collect();
    fs::write(fixture.join("expected.txt"), expected).unwrap();
}
