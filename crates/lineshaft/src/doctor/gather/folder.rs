//! The data folder, as it is on disk.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use lineshaft_contract::Chain;
use lineshaft_model::Timestamp;
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::{Clock, Disk};
use rustix::fs::Access;

use super::super::facts::{DataFacts, Lock, Look, Sound};
use super::super::finding::bytes;
use super::host;

/// More is not read in an examination, which takes seconds.
const READ_BYTES_MAX: u64 = 256 << 20;

/// Files that are looked at.
const FILES_MAX: usize = 50_000;

/// Files of others that are named.
const FOREIGN_MAX: usize = 20;

const DEPTH_MAX: u32 = 4;

/// The control socket in the data folder.
const SOCKET: &str = "control.sock";

/// What is written to measure the disk; it is gone at once.
const PROBE: &str = "doctor.tmp";
const PROBE_BYTES: usize = 4_096;
const PROBES: usize = 5;

pub(super) fn look(dir: &Path, root: &Path) -> DataFacts {
    let mut facts = DataFacts { dir: dir.to_owned(), ..DataFacts::default() };
    facts.file_system = host::file_system(root, dir);
    // A folder that is not there yet will be on the disk of the one above it.
    let Some(above) = dir.ancestors().chain([Path::new(".")]).find(|folder| folder.is_dir()) else {
        return facts;
    };
    if let Ok(stat) = rustix::fs::statvfs(above) {
        facts.total_bytes = stat.f_blocks.saturating_mul(stat.f_frsize);
        facts.free_bytes = stat.f_bavail.saturating_mul(stat.f_frsize);
        facts.names = (stat.f_files > 0).then_some((stat.f_favail, stat.f_files));
    }
    let Ok(metadata) = fs::metadata(dir) else { return facts };
    facts.is_there = true;
    facts.mode = metadata.permissions().mode();
    facts.unwritable = if metadata.is_dir() {
        let access = rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK);
        access.err().map(|error| error.to_string())
    } else {
        Some("it is not a folder".into())
    };
    let mut walk = Walk { owner: metadata.uid(), left: FILES_MAX, facts: &mut facts };
    walk.through(dir, 0);
    facts.lock = lock(dir);
    facts.socket_left = facts.lock == Lock::Free && socket_mode(dir).is_some();
    if facts.unwritable.is_none() {
        facts.sync = sync(dir);
    }
    facts
}

struct Walk<'a> {
    owner: u32,
    left: usize,
    facts: &'a mut DataFacts,
}

impl Walk<'_> {
    fn through(&mut self, dir: &Path, depth: u32) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.uid() != self.owner && self.facts.foreign.len() < FOREIGN_MAX {
                self.facts.foreign.push(path.clone());
            }
            if metadata.is_dir() {
                if depth < DEPTH_MAX {
                    self.through(&path, depth + 1);
                }
                continue;
            }
            if !metadata.is_file() || name == "lock" || name == PROBE {
                continue;
            }
            if path.extension().is_some_and(|ending| ending == "shaft") {
                self.facts.shaft_bytes += metadata.len();
            }
            let newest = self.facts.newest.as_ref().map(|(_, time)| *time);
            if let Some(time) = metadata.modified().ok().and_then(timestamp)
                && newest.is_none_or(|newest| time > newest)
            {
                self.facts.newest = Some((path, time));
            }
        }
    }
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok().map(Timestamp::from_nanos)
}

/// Whether another process has the folder. Of a running node it has: this process itself.
fn lock(dir: &Path) -> Lock {
    let path = dir.join("lock");
    if !path.is_file() {
        return Lock::Free;
    }
    match RealDisk.lock(&path) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Lock::Held,
        _ => Lock::Free,
    }
}

/// The rights on the control socket; `None` when there is none.
pub(super) fn socket_mode(dir: &Path) -> Option<u32> {
    let metadata = fs::symlink_metadata(dir.join(SOCKET)).ok()?;
    metadata.file_type().is_socket().then(|| metadata.permissions().mode())
}

/// How long a small write takes until it is on the disk: the median of a few.
fn sync(dir: &Path) -> Option<Duration> {
    let path = dir.join(PROBE);
    let measure = || -> std::io::Result<Vec<Duration>> {
        let clock = Clock::real();
        let mut file = fs::File::create(&path)?;
        let mut took = Vec::with_capacity(PROBES);
        for _ in 0..PROBES {
            let start = clock.steady();
            file.write_all(&[0; PROBE_BYTES])?;
            file.sync_data()?;
            took.push(clock.steady().saturating_sub(start));
        }
        Ok(took)
    };
    let measured = measure();
    // It may never have been made.
    let _ = fs::remove_file(&path);
    let mut took = measured.ok()?;
    took.sort();
    took.get(took.len() / 2).copied()
}

/// Reads the files of a node that does not run.
pub(super) fn sound(dir: &Path) -> Sound {
    Sound {
        shaft: part(&dir.join("shaft"), shaft),
        historian: part(&dir.join("historian"), historian),
        audit: part(&dir.join("audit"), audit),
        revisions: part(&dir.join("revisions"), revisions),
        desk: part(&dir.join(crate::node::desk::FILE), desk),
    }
}

/// A part is a folder or one file.
fn part(at: &Path, look: fn(&Path) -> Look) -> Look {
    let size = match fs::metadata(at) {
        Ok(metadata) if metadata.is_dir() => weigh(at, 0),
        Ok(metadata) => metadata.len(),
        Err(_) => return Look::Nothing,
    };
    match size {
        0 => Look::Nothing,
        large if large > READ_BYTES_MAX => Look::TooMuch(large),
        _ => look(at),
    }
}

fn weigh(dir: &Path, depth: u32) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let weights = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() && depth < DEPTH_MAX => weigh(&entry.path(), depth + 1),
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => 0,
    });
    weights.sum()
}

/// The codes that say that a later program wrote the file.
const NEWER: [&str; 4] = ["LS-SHF-003", "LS-HIS-003", "LS-AUD-003", "LS-DSK-002"];

fn wrong(code: &str, what: String) -> Look {
    Look::Wrong { code: code.into(), what, newer: NEWER.contains(&code) }
}

fn shown(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn shaft(dir: &Path) -> Look {
    let report = match lineshaft_shaft::verify(&RealDisk, dir) {
        Ok(report) => report,
        Err(error) => return wrong(error.code(), Chain(&error).to_string()),
    };
    for segment in &report.segments {
        if let Some(damage) = segment.damages.first() {
            let what = format!(
                "{} is damaged at byte {}: {}",
                shown(&segment.path),
                damage.at,
                damage.what
            );
            return wrong("LS-SHF-011", what);
        }
    }
    for cursor in &report.cursors {
        let reader = &cursor.reader;
        match cursor.offset {
            None => return wrong("LS-SHF-011", format!("the cursor of {reader} is damaged")),
            Some(offset) if cursor.is_past_end => {
                let what = format!("{reader} has had records up to {offset}, which are gone");
                return wrong("LS-SHF-011", what);
            }
            Some(_) => {}
        }
    }
    Look::Right(format!("{} records, every checksum is right", report.records()))
}

fn historian(dir: &Path) -> Look {
    let report = match lineshaft_historian::verify(&RealDisk, dir) {
        Ok(report) => report,
        Err(error) => return wrong(error.code(), Chain(&error).to_string()),
    };
    for segment in &report.segments {
        if let Some(damage) = &segment.damage {
            let what = format!(
                "{} is damaged at byte {}: {}",
                shown(&segment.path),
                damage.at,
                damage.what
            );
            return wrong("LS-HIS-002", what);
        }
    }
    let size: u64 = report.segments.iter().map(|segment| segment.bytes).sum();
    Look::Right(format!(
        "{} in {} files, every checksum is right",
        bytes(size),
        report.segments.len()
    ))
}

fn audit(dir: &Path) -> Look {
    match lineshaft_audit::verify(&RealDisk, dir, &[]) {
        Ok(report) => match report.broken.first() {
            Some(broken) => wrong(lineshaft_audit::Broken::CODE, broken.to_string()),
            None => Look::Right(format!("{} entries, every signature is right", report.entries)),
        },
        Err(error) => wrong(error.code(), Chain(&error).to_string()),
    }
}

fn revisions(dir: &Path) -> Look {
    match lineshaft_revision::verify(dir) {
        Ok(report) => Look::Right(format!("{} revisions, every digest is right", report.revisions)),
        Err(error) => {
            let text = Chain(&error).to_string();
            let (code, what) = text.split_once(": ").unwrap_or(("", &text));
            wrong(code, what.to_owned())
        }
    }
}

fn desk(file: &Path) -> Look {
    match lineshaft_desk::verify(file) {
        Ok(found) => {
            let lineshaft_desk::Verification { annotations, trends, .. } = found;
            Look::Right(format!(
                "{annotations} annotations, {trends} trends, every row can be read"
            ))
        }
        Err(error) => wrong(error.code(), Chain(&error).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_of_the_disk_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        assert!(sync(dir.path()).is_some());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(sync(Path::new("/no/such/folder")).is_none());
    }
}
