//! The trail from outside: what it promises, on a disk that does not cooperate.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a failure is a failed test")]

mod archive;
mod export;
mod faults;
mod reading;
mod recording;
mod sim;
mod tamper;
mod thread;
mod verifying;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use lineshaft_audit::{
    Act, Action, Actor, Checkpoint, Entry, OpenError, Options, Page, Query, Recorded, Report,
    Trail, TrailError, TrailState,
};
use lineshaft_model::Timestamp;
use lineshaft_runtime::disk::sim::{Faults, SimDisk};
use lineshaft_runtime::{Clock, Disk};

const DIR: &str = "/data/audit";

/// Small segments and no reserve.
fn options() -> Options {
    Options { segment_bytes: 8192, reserve_bytes: 0, ..Options::of_node("edge 1") }
}

fn disk(seed: u64) -> SimDisk {
    SimDisk::new(seed, Faults::none())
}

fn clock() -> Clock {
    Clock::simulated(Timestamp::from_secs(1_795_161_600))
}

fn try_open(disk: &SimDisk, options: Options) -> Result<Trail, OpenError> {
    Trail::open_stepped(Arc::new(disk.clone()), clock(), Path::new(DIR), options)
}

#[track_caller]
fn open(disk: &SimDisk) -> Trail {
    try_open(disk, options()).unwrap()
}

/// Somebody writes the number to a tag.
fn act(number: u64) -> Act {
    Act::done(&Actor::node(), Action::TagWrite, format!("acme/press/{number}"))
        .old(number)
        .new(number + 1)
        .why("test")
}

/// Records acts in one group.
fn record(trail: &Trail, acts: Vec<Act>) -> Vec<Result<Recorded, TrailError>> {
    type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Recorded, TrailError>> + 'a>>;
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting: Vec<Waiting<'_>> = Vec::new();
    let mut answers: Vec<Option<_>> = Vec::new();
    for act in acts {
        let mut future: Waiting<'_> = Box::pin(trail.record(act));
        answers.push(match future.as_mut().poll(&mut context) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        });
        waiting.push(future);
    }
    trail.commit();
    for (answer, future) in answers.iter_mut().zip(&mut waiting) {
        if answer.is_none() {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(ready) => *answer = Some(ready),
                Poll::Pending => panic!("a commit answers everybody"),
            }
        }
    }
    answers.into_iter().flatten().collect()
}

/// Records `count` acts in groups of up to three.
fn fill(trail: &Trail, count: u64) {
    let mut at = trail.status().entries;
    let end = at + count;
    while at < end {
        let next = end.min(at + 1 + at % 3);
        for (seq, answer) in (at..).zip(record(trail, (at..next).map(act).collect())) {
            assert_eq!(answer.unwrap().seq(), seq);
        }
        at = next;
    }
}

/// Every entry, oldest first.
#[track_caller]
fn all(trail: &Trail) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut query = Query { limit: 100, ..Query::default() };
    loop {
        let Page { entries: page, next } = trail.read(&query).unwrap();
        entries.extend(page);
        match next {
            None => return entries,
            next => query.after = next,
        }
    }
}

fn verify(disk: &SimDisk, known: &[Checkpoint]) -> Report {
    lineshaft_audit::verify(disk, Path::new(DIR), known).unwrap()
}

/// What a report says, for a failed test.
fn said(report: &Report) -> String {
    let outcomes: Vec<_> = report.known.iter().map(|k| (k.checkpoint.size(), k.outcome)).collect();
    let Report { entries, tail_bytes, stale_hashes, broken, .. } = report;
    format!("{entries} entries, tail {tail_bytes}, stale {stale_hashes}, {outcomes:?} {broken:#?}")
}

fn path(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

/// The bytes of a file.
fn read_file(disk: &dyn Disk, path: &Path) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    lineshaft_runtime::disk::read_all(&*file, 1 << 30).unwrap()
}

/// Puts a file there, or in the place of another.
fn write_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) {
    disk.create_dir(path.parent().unwrap()).unwrap();
    let _ = disk.remove(path);
    let file = disk.create(path).unwrap();
    file.write_at(bytes, 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(path.parent().unwrap()).unwrap();
}

fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    let paths = disk.files().into_iter().map(|(path, _)| path);
    let here = |path: &PathBuf| path.parent() == Some(Path::new(DIR));
    paths.filter(|path| here(path) && path.extension().is_some_and(|end| end == "audit")).collect()
}
