//! The shaft from outside: what it promises, on a disk that does not cooperate.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a failure is a failed test")]

mod faults;
mod model;
mod reading;
mod sim;
mod thread;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineshaft_model::Timestamp;
use lineshaft_runtime::Clock;
use lineshaft_runtime::disk::sim::{Faults, SimDisk};
use lineshaft_shaft::{
    From, Gap, GapReason, Offset, Options, ReadOutcome, Reader, RecordKind, Shaft, ShaftError,
};

const BATCH: RecordKind = RecordKind(16);
const DIR: &str = "/data/shaft";

/// Small segments and no limits.
fn options() -> Options {
    Options {
        segment_bytes: 4096,
        quota_bytes: 1 << 30,
        free_bytes_min: 0,
        buffer_bytes_max: 1 << 20,
        ..Options::default()
    }
}

fn disk(seed: u64) -> SimDisk {
    SimDisk::new(seed, Faults::none())
}

fn clock() -> Clock {
    Clock::simulated(Timestamp::from_secs(1_795_161_600))
}

fn try_open(disk: &SimDisk, options: Options) -> Result<Shaft, ShaftError> {
    let disk = Arc::new(disk.clone());
    Shaft::open_stepped(disk, clock(), Path::new(DIR), options, Arc::new(()))
}

#[track_caller]
fn open(disk: &SimDisk) -> Shaft {
    try_open(disk, options()).unwrap()
}

/// Appends `count` records of 100 bytes, each in a commit of its own. The payload says the number.
fn fill(shaft: &Shaft, count: u64) {
    for _ in 0..count {
        let next = shaft.status().next_offset;
        assert_eq!(shaft.append(BATCH, &payload(next)).unwrap(), next);
        assert_eq!(shaft.commit().next, next + 1);
    }
}

fn payload(offset: Offset) -> Vec<u8> {
    let mut payload = vec![0x5a; 100];
    payload[..8].copy_from_slice(&offset.to_le_bytes());
    payload
}

/// What a reader sees from where it stands to the end.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    offsets: Vec<Offset>,
    gaps: Vec<(Offset, Offset, GapReason)>,
}

#[track_caller]
fn read_all(reader: &mut Reader) -> Seen {
    let (mut seen, mut records) = (Seen::default(), Vec::new());
    loop {
        match reader.next(1000, &mut records).unwrap() {
            ReadOutcome::Records => {
                for record in records.iter().filter(|record| record.kind == BATCH) {
                    assert_eq!(record.payload, payload(record.offset), "{}", record.offset);
                    seen.offsets.push(record.offset);
                }
            }
            ReadOutcome::Gap(Gap { from, to, reason }) => {
                assert!(records.is_empty(), "a gap brings no records");
                seen.gaps.push((from, to, reason));
            }
            ReadOutcome::End => return seen,
        }
    }
}

fn oldest(shaft: &Shaft, name: &str) -> Reader {
    shaft.reader(name, From::Oldest).unwrap()
}

fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    let paths = disk.files().into_iter().map(|(path, _)| path);
    paths.filter(|path| path.extension().is_some_and(|end| end == "shaft")).collect()
}

fn range(from: Offset, to: Offset) -> Vec<Offset> {
    (from..to).collect()
}
