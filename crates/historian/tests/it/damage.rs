//! One flipped bit is an error that names the file, and hurts no other tag.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use lineshaft_contract::{History, HistoryError, HistoryMode, HistoryRequest};
use lineshaft_historian::{Historian, HistorianError, Options, verify};
use lineshaft_model::TagId;
use lineshaft_runtime::disk::sim::{Faults, SimDisk};
use lineshaft_runtime::{Disk, DiskFile, Seed};

use crate::plant::{Plant, SIGNALS, log, request, samples};

fn sealed(number: u64) -> (SimDisk, Plant, Vec<TagId>) {
    let sim = SimDisk::new(number, Faults::none());
    let options = Options { known_bytes_max: 0, ..Options::default() };
    let mut plant = Plant::with(Arc::new(sim.clone()), Path::new("/data"), options);
    let mut seed = Seed::new(number);
    let tags: Vec<TagId> = (0..3).map(|n| plant.tag(&format!("t{n}"))).collect();
    let of: Vec<_> =
        tags.iter().map(|tag| (*tag, samples(SIGNALS[tag.index()], 700, &mut seed))).collect();
    plant.log = log(&of, &mut seed);
    plant.take_in();
    plant.historian.seal().unwrap();
    (sim, plant, tags)
}

/// Proves: CR 3.4, P11-38.
#[test]
fn a_flipped_bit_in_a_segment_is_found_named_and_hurts_only_what_it_touches() {
    let (sim, plant, tags) = sealed(3);
    let mut seed = Seed::new(1);
    let segments: Vec<_> = sim
        .files()
        .into_iter()
        .filter(|(path, _)| path.extension() == Some("seg".as_ref()))
        .collect();
    let mut readable = 0;
    for _ in 0..400 {
        let (path, len) = &segments[seed.below(segments.len() as u64) as usize];
        let (byte, bit) = (seed.below(*len), seed.below(8) as u8);
        sim.flip(path, byte, bit);
        let report = verify(&sim, &plant.dir).unwrap();
        let damaged: Vec<_> =
            report.segments.iter().filter_map(|s| s.damage.as_ref().map(|d| (s, d))).collect();
        assert_eq!(damaged.len(), 1, "byte {byte} of {path:?}");
        let (segment, damage) = damaged[0];
        assert_eq!(&segment.path, path);
        assert!(damage.at <= byte, "{damage:?} for byte {byte}");
        for tag in &tags {
            let asked = HistoryRequest {
                limit: 100_000,
                ..request(*tag, HistoryMode::Raw, i64::MIN, i64::MAX)
            };
            match plant.historian.read(&asked) {
                Ok(page) => {
                    assert_eq!(page.samples.len(), plant.model(*tag).len());
                    readable += 1;
                }
                Err(HistoryError::Storage { file, source }) => {
                    assert_eq!(file, path.file_name().unwrap().to_str().unwrap());
                    assert!(source.to_string().contains("at byte") || byte < 32, "{source}");
                }
                Err(other) => panic!("{other}"),
            }
        }
        sim.flip(path, byte, bit);
    }
    assert!(readable > 600, "most flips hurt one of three tags, but {readable} of 1200 were read");
    assert!(verify(&sim, &plant.dir).unwrap().is_sound());
}

#[test]
fn one_flipped_bit_in_the_manifest_costs_nothing_or_stops_the_start() {
    for number in 0..40 {
        let (sim, mut plant, _) = sealed(2);
        let mut seed = Seed::new(number);
        let path = plant.dir.join("manifest");
        let len = sim.open(&path).unwrap().size().unwrap();
        let covered = plant.historian.covered();
        let byte = 16 + seed.below(len - 16);
        sim.flip(&path, byte, seed.below(8) as u8);
        plant.reopen();
        assert_eq!(plant.historian.covered(), covered, "byte {byte}");
        assert_eq!(plant.historian.leftovers(), 0);
        sim.flip(&path, 0, 0);
        let again = Historian::open(
            plant.disk.clone(),
            plant.clock.clone(),
            &plant.dir,
            Options::default(),
            plant.tags.clone(),
        );
        assert!(matches!(again, Err(HistorianError::Damaged { at: 0, .. })));
    }
}

/// Says a file is of version 9, as a later program would write it: its checksum, behind `length` bytes, is right.
fn make_newer(file: &dyn DiskFile, length: usize) {
    let mut head = vec![0; length];
    file.read_at(&mut head, 0).unwrap();
    head[8..10].copy_from_slice(&[9, 0]);
    let sum = crc32c::crc32c(&head);
    head.extend_from_slice(&sum.to_le_bytes());
    file.write_at(&head, 0).unwrap();
}

#[test]
fn a_flipped_bit_in_a_version_is_damage_and_not_the_future() {
    let (sim, plant, _) = sealed(5);
    sim.open(&plant.dir.join("manifest")).unwrap().write_at(&[9, 0], 8).unwrap();
    let (clock, tags) = (plant.clock.clone(), plant.tags.clone());
    let error = Historian::open(Arc::new(sim), clock, &plant.dir, Options::default(), tags);
    assert_eq!(error.unwrap_err().code(), "LS-HIS-002");
}

#[test]
fn files_of_a_newer_version_are_refused_in_words() {
    let (sim, plant, tags) = sealed(4);
    let (path, _) =
        sim.files().into_iter().find(|(p, _)| p.extension() == Some("seg".as_ref())).unwrap();
    make_newer(&*sim.open(&path).unwrap(), 28);
    let newer = tags.iter().find_map(|tag| {
        let asked = request(*tag, HistoryMode::Raw, i64::MIN, i64::MAX);
        plant.historian.read(&HistoryRequest { limit: 100_000, ..asked }).err()
    });
    let source = newer.as_ref().and_then(Error::source).unwrap().to_string();
    assert!(source.contains("version 9 was written by a newer program"), "{source}");

    make_newer(&*sim.open(&plant.dir.join("manifest")).unwrap(), 12);
    let (clock, tags) = (plant.clock.clone(), plant.tags.clone());
    let error = Historian::open(Arc::new(sim), clock, &plant.dir, Options::default(), tags);
    let error = error.unwrap_err();
    assert_eq!(error.code(), "LS-HIS-003");
    assert!(error.to_string().contains("format version 9"), "{error}");
}

#[test]
fn a_missing_manifest_beside_segments_is_not_taken_for_a_new_folder() {
    let (sim, plant, _) = sealed(6);
    sim.remove(&plant.dir.join("manifest")).unwrap();
    let (clock, tags) = (plant.clock.clone(), plant.tags.clone());
    let error = Historian::open(Arc::new(sim), clock, &plant.dir, Options::default(), tags);
    assert_eq!(error.unwrap_err().code(), "LS-HIS-002");
}
