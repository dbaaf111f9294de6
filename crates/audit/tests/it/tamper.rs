//! Somebody who may write every file of a trail of a few hundred entries tampers with it in 10,000 ways, and makes
//! every checksum right again. Whoever has kept the last checkpoint finds all of them.
//!
//! Replay one: `SEED=4711 cargo test -p lineshaft-audit --test it tamper`.

use std::collections::BTreeMap;
use std::ops::Range;

use lineshaft_runtime::Seed;
use lineshaft_runtime::disk::sim::seeds;

use super::*;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A record in the bytes of a segment.
#[derive(Debug, Clone)]
struct Record {
    kind: u8,
    range: Range<usize>,
}

fn records(bytes: &[u8]) -> Vec<Record> {
    let (mut at, mut records) = (32, Vec::new());
    while let Some(head) = bytes.get(at..at + 9) {
        let len = u32::from_le_bytes(head[..4].try_into().unwrap()) as usize;
        records.push(Record { kind: head[8], range: at..at + 9 + len });
        at += 9 + len;
    }
    records
}

/// A record with its checksum made right.
fn sealed(kind: u8, text: &[u8]) -> Vec<u8> {
    let mut record = u32::try_from(text.len()).unwrap().to_le_bytes().to_vec();
    let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(&record), &[kind]), text);
    record.extend_from_slice(&crc.to_le_bytes());
    record.push(kind);
    record.extend_from_slice(text);
    record
}

/// The bytes of a segment with two entries in each other's place; `put` makes the record from the line that stood there
/// and the line that comes there.
fn swapped(
    bytes: &[u8],
    one: &Record,
    other: &Record,
    put: impl Fn(&[u8], &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let mut new = bytes.to_vec();
    let (first, second) =
        if one.range.start < other.range.start { (one, other) } else { (other, one) };
    let text = |record: &Record| &bytes[record.range.start + 9..record.range.end];
    new.splice(second.range.clone(), put(text(second), text(first)));
    new.splice(first.range.clone(), put(text(first), text(second)));
    new
}

/// The files that are evidence, and one checkpoint that somebody else kept.
struct Case {
    disk: SimDisk,
    files: Files,
    /// Whole folders as they were earlier, or as somebody who has the key made them.
    others: Vec<Files>,
    known: Checkpoint,
}

fn evidence(disk: &SimDisk) -> Files {
    let paths = disk.files().into_iter().map(|(path, _)| path);
    paths.map(|path| (path.clone(), read_file(disk, &path))).collect()
}

impl Case {
    fn new() -> Case {
        let disk = disk(1);
        let mut others = Vec::new();
        for count in [60, 61, 60, 69] {
            let trail = open(&disk);
            fill(&trail, count);
            trail.close();
            others.push(evidence(&disk));
        }
        let files = others.pop().unwrap();
        let known = open(&disk).checkpoint();
        assert_eq!(known.size(), 250);
        for changed in [0, 100, 249] {
            others.push(forged(&files, changed));
        }
        Case { disk, files, others, known }
    }

    /// What is said of the folder when these files are changed (`None`: removed). Changes nothing for good.
    fn try_out(&self, changes: &Files, removed: &[PathBuf]) -> (bool, Option<Report>) {
        for (path, bytes) in changes {
            self.put(path, bytes);
        }
        for path in removed {
            self.disk.remove(path).unwrap();
        }
        let known = [self.known.clone()];
        let report = lineshaft_audit::verify(&self.disk, Path::new(DIR), &known).ok();
        for path in changes.keys().chain(removed) {
            match self.files.get(path) {
                Some(bytes) => self.put(path, bytes),
                None => self.disk.remove(path).unwrap(),
            }
        }
        let quiet = |report: &Report| {
            report.is_sound() && report.tail_bytes == 0 && report.stale_hashes == 0
        };
        (report.as_ref().is_none_or(|report| !quiet(report)), report)
    }

    fn put(&self, path: &Path, bytes: &[u8]) {
        let file = self.disk.open(path).or_else(|_| self.disk.create(path)).unwrap();
        file.set_len(0).unwrap();
        file.write_at(bytes, 0).unwrap();
    }
}

/// The whole trail made anew with the true key, so that it is sound in itself: one entry says something else.
fn forged(files: &Files, changed: u64) -> Files {
    let disk = disk(2);
    for name in ["key", "key.pub"] {
        write_file(&disk, &path(name), &files[&path(name)]);
    }
    let trail = open(&disk);
    for seq in 0..250 {
        let act = if seq == changed { act(seq).why("nothing happened") } else { act(seq) };
        trail.record_blocking(act).unwrap();
    }
    trail.close();
    let report = verify(&disk, &[]);
    assert!(report.is_sound(), "{}", said(&report));
    evidence(&disk)
}

/// One tampering: what it is called, the files as they then are, the files that are gone, the entry that was edited.
struct Tampering {
    what: &'static str,
    changes: Files,
    removed: Vec<PathBuf>,
    edited: Option<u64>,
}

impl Case {
    fn tamper(&self, seed: &mut Seed) -> Tampering {
        let mut out =
            Tampering { what: "", changes: Files::new(), removed: Vec::new(), edited: None };
        let kind = seed.below(12);
        if kind >= 9 {
            self.tamper_files(kind, seed, &mut out);
            return out;
        }
        let segments: Vec<_> = self
            .files
            .keys()
            .filter(|path| path.extension().is_some_and(|e| e == "audit"))
            .collect();
        let path = segments[pick(seed, segments.len())];
        let bytes = self.files[path].clone();
        let records = records(&bytes);
        let entries: Vec<_> = records.iter().filter(|record| record.kind == 1).collect();
        let record = &records[pick(seed, records.len())];
        let entry = entries[pick(seed, entries.len())];
        let (mut new, text) =
            (bytes.clone(), |record: &Record| record.range.start + 9..record.range.end);
        match kind {
            0..=2 => {
                out.what = "a byte of an entry was edited, its checksum made right";
                let mut line = bytes[text(entry)].to_vec();
                let at = 8 + pick(seed, line.len() - 8);
                line[at] ^= 1 << seed.below(8);
                if kind == 2 {
                    out.what = "and the hash of the entry in the tree too";
                    self.forge_hash(path, entry, &line, &mut out);
                }
                out.edited = (kind < 2).then(|| self.seq_of(path, entry));
                new.splice(entry.range.clone(), sealed(1, &line));
            }
            3 => {
                out.what = "a byte of any record was edited, its checksum made right";
                let mut line = bytes[text(record)].to_vec();
                let at = pick(seed, line.len());
                line[at] ^= 1 << seed.below(8);
                new.splice(record.range.clone(), sealed(record.kind, &line));
            }
            4 => {
                out.what = "a record was deleted";
                new.drain(record.range.clone());
            }
            5 => {
                out.what = "a record was inserted once more";
                let at = records[pick(seed, records.len())].range.start;
                new.splice(at..at, bytes[record.range.clone()].iter().copied());
            }
            6 => {
                out.what = "two entries were swapped";
                let other = entries[pick(seed, entries.len())];
                new = swapped(&bytes, entry, other, |_, line| sealed(1, line));
            }
            7 => {
                out.what = "two entries were swapped, and their numbers and checksums made right";
                let other = entries[pick(seed, entries.len())];
                new = swapped(&bytes, entry, other, |place, line| {
                    let split = |line: &[u8]| line.iter().position(|byte| *byte == b',').unwrap();
                    sealed(1, &[&place[..split(place)], &line[split(line)..]].concat())
                });
            }
            _ => {
                out.what = "an entry was invented behind another";
                let line = String::from_utf8(bytes[text(entry)].to_vec()).unwrap();
                let line = line.replace("acme/press", "acme/other");
                new.splice(entry.range.end..entry.range.end, sealed(1, line.as_bytes()));
            }
        }
        out.changes.insert(path.clone(), new);
        out
    }

    fn seq_of(&self, path: &Path, entry: &Record) -> u64 {
        let line = &self.files[path][entry.range.start + 9..entry.range.end];
        Entry::parse(std::str::from_utf8(line).unwrap()).unwrap().seq
    }

    fn forge_hash(&self, path: &Path, entry: &Record, line: &[u8], out: &mut Tampering) {
        let tree = Path::new(DIR).join("tree/0");
        let mut hashes = self.files[&tree].clone();
        let at = usize::try_from(self.seq_of(path, entry)).unwrap() * 32;
        hashes[at..at + 32].copy_from_slice(&lineshaft_audit::leaf_hash(line).0);
        out.changes.insert(tree, hashes);
    }

    fn tamper_files(&self, kind: u64, seed: &mut Seed, out: &mut Tampering) {
        let files: Vec<_> = self.files.iter().collect();
        let (path, bytes) = files[pick(seed, files.len())];
        let mut new = bytes.clone();
        match (kind, seed.below(6)) {
            (9, _) => {
                out.what = "a byte of any file was edited";
                let at = pick(seed, new.len());
                new[at] ^= 1 << seed.below(8);
            }
            (10, 0..3) => {
                out.what = "a file was cut";
                new.truncate(pick(seed, new.len()));
            }
            (10, _) => {
                out.what = "a file was made longer";
                let more = 1 + pick(seed, 40);
                new.extend((0..more).map(|n| u8::try_from(n).unwrap()));
            }
            (11.., 0..2) => {
                out.what = "a file was deleted";
                return out.removed.push(path.clone());
            }
            (11.., 2..4) => {
                out.what = "a file was put back from an older copy";
                let other = &self.others[pick(seed, self.others.len())];
                match other.get(path) {
                    Some(old) => new.clone_from(old),
                    None => return out.removed.push(path.clone()),
                }
            }
            _ => {
                out.what = "the whole folder was put back from an older copy, or made anew with the true key";
                let other = &self.others[pick(seed, self.others.len())];
                out.changes.clone_from(other);
                let gone = self.files.keys().filter(|path| !other.contains_key(*path));
                out.removed.extend(gone.cloned());
                return;
            }
        }
        out.changes.insert(path.clone(), new);
    }
}

fn pick(seed: &mut Seed, count: usize) -> usize {
    usize::try_from(seed.below(count as u64)).unwrap()
}

/// Proves: A29, CR 3.4, CR 3.9, P11-19, P11-22, P11-38.
#[test]
fn ten_thousand_tamperings_are_all_found() {
    let case = Case::new();
    let (found, report) = case.try_out(&Files::new(), &[]);
    assert!(!found, "an untouched trail is sound: {}", said(&report.unwrap()));
    let (mut kinds, mut harmless) = (BTreeMap::new(), 0);
    for number in seeds(10_000) {
        let mut seed = Seed::new(number);
        // Some do nothing: a file put back that has not changed since.
        let tampering = std::iter::repeat_with(|| case.tamper(&mut seed)).find(|tampering| {
            let differs = |(path, bytes)| case.files.get::<PathBuf>(path) != Some(bytes);
            !tampering.removed.is_empty() || tampering.changes.iter().any(differs)
        });
        let Tampering { what, changes, removed, edited } = tampering.unwrap();
        let (found, report) = case.try_out(&changes, &removed);
        assert!(found, "SEED={number}: {what} in {:?} {removed:?}", changes.keys());
        harmless += u32::from(report.as_ref().is_some_and(Report::is_sound));
        if let Some(seq) = edited {
            let report = report.unwrap();
            let first = report.first_broken().and_then(|broken| broken.seq);
            assert_eq!(first, Some(seq), "SEED={number}: {what}: {}", said(&report));
        }
        *kinds.entry(what).or_insert(0) += 1;
    }
    // Every entry and checkpoint is what was signed; only bytes behind them, or hashes computed anew, are not.
    println!("{harmless} were said as a tail or as stale hashes alone");
    if std::env::var("SEED").is_err() {
        assert_eq!(kinds.len(), 14, "{kinds:#?}");
    }
}
