//! `lineshaft verify`: every checksum of the shaft and the historian, the whole audit trail, what people put beside the
//! values, and where the first one is wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lineshaft_audit::{Broken, Checkpoint, KnownOutcome};
use lineshaft_contract::Chain;
use lineshaft_revision::StoreError;
use lineshaft_runtime::disk::RealDisk;

const SOUND: &str = "every checksum is right";
const DAMAGED: &str = "DAMAGED";

/// Checks the data folder; exit code 1 when anything is damaged or cannot be read.
#[must_use]
pub fn run(data: &Path, checkpoints: &[PathBuf]) -> ExitCode {
    if !data.is_dir() {
        complain!("error LS-NOD-001: there is no data folder {}", data.display());
        return ExitCode::FAILURE;
    }
    if !is_readable(data) {
        return ExitCode::FAILURE;
    }
    let (shaft, history) = (shaft(&data.join("shaft")), historian(&data.join("historian")));
    let trail = trail(&data.join("audit"), checkpoints);
    let revisions = revisions(&data.join("revisions"));
    let desk = desk(&data.join(crate::node::desk::FILE));
    if shaft && history && trail && revisions && desk {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Checks the audit trail alone.
#[must_use]
pub fn trail_only(data: &Path, checkpoints: &[PathBuf]) -> ExitCode {
    if !data.is_dir() {
        complain!("error LS-NOD-001: there is no data folder {}", data.display());
        return ExitCode::FAILURE;
    }
    if is_readable(data) && trail(&data.join("audit"), checkpoints) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether a folder can be looked into; one that is not there can. Nothing is known of what cannot be read: it is not
/// called damaged, and not sound either.
fn is_readable(dir: &Path) -> bool {
    let looked = std::fs::read_dir(dir).and_then(|_| std::fs::metadata(dir.join(".")));
    match looked {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            complain!("error LS-NOD-001: cannot read {}: {error}", dir.display());
            false
        }
        _ => true,
    }
}

/// Every entry, hash and signature of the trail, and that it goes on from each checkpoint that was kept.
fn trail(dir: &Path, checkpoints: &[PathBuf]) -> bool {
    if !is_readable(dir) {
        return false;
    }
    let mut known = Vec::new();
    for file in checkpoints {
        let read = std::fs::read_to_string(file).map_err(|error| error.to_string());
        match read.and_then(|text| Checkpoint::parse(&text).map_err(|error| error.to_string())) {
            Ok(checkpoint) => known.push(checkpoint),
            Err(error) => {
                complain!("error LS-NOD-009: {} is no checkpoint: {error}", file.display());
                return false;
            }
        }
    }
    let report = match lineshaft_audit::verify(&RealDisk, dir, &known) {
        Ok(report) => report,
        Err(error) => {
            complain!("error {}: {}", error.code(), Chain(&error));
            return false;
        }
    };
    for broken in &report.broken {
        complain!("error {}: {broken}", Broken::CODE);
    }
    for known in &report.known {
        let (size, outcome) = (known.checkpoint.size(), known.outcome.text());
        match known.outcome {
            KnownOutcome::Holds => say!("trail: the checkpoint of {size} entries: {outcome}"),
            _ => complain!("error {}: the checkpoint of {size} entries: {outcome}", Broken::CODE),
        }
    }
    let entries = report.entries;
    let verdict = match report.tail_bytes {
        _ if !report.is_sound() => DAMAGED.to_owned(),
        0 => "every entry and signature is right".to_owned(),
        bytes => format!(
            "every entry and signature is right up to the last {bytes} bytes, which the next start cuts off"
        ),
    };
    say!("trail: {entries} entries, {verdict}");
    if report.stale_hashes > 0 {
        say!(
            "trail: {} hashes beside it are not as they should be, which the next start repairs",
            report.stale_hashes
        );
    }
    report.is_sound()
}

/// Every state the plant folder has had.
fn revisions(dir: &Path) -> bool {
    if !is_readable(dir) {
        return false;
    }
    if !dir.is_dir() {
        return true; // a folder that has never run a plant
    }
    match lineshaft_revision::verify(dir) {
        Ok(report) => {
            say!(
                "revisions: {} revisions, {} contents, {SOUND}",
                report.revisions,
                report.contents
            );
            true
        }
        Err(error) => {
            complain!("error {}", Chain(&error)); // its text begins with its code
            match error {
                StoreError::Disk { .. } => say!("revisions: cannot be read"),
                _ => say!("revisions: {DAMAGED}"),
            }
            false
        }
    }
}

/// Every annotation, trend and setting.
fn desk(file: &Path) -> bool {
    if !file.exists() {
        return true; // a folder that has never run a plant
    }
    match lineshaft_desk::verify(file) {
        Ok(found) => {
            let lineshaft_desk::Verification { annotations, trends, .. } = found;
            say!("desk: {annotations} annotations, {trends} trends, every row can be read");
            true
        }
        Err(error) => {
            complain!("error {}: {}", error.code(), Chain(&error));
            match error {
                lineshaft_desk::StoreError::Io { .. } => say!("desk: cannot be read"),
                _ => say!("desk: {DAMAGED}"),
            }
            false
        }
    }
}

fn shaft(dir: &Path) -> bool {
    if !is_readable(dir) {
        return false;
    }
    let report = match lineshaft_shaft::verify(&RealDisk, dir) {
        Ok(report) => report,
        Err(error) => {
            complain!("error {}: {}", error.code(), Chain(&error));
            return false;
        }
    };
    for segment in &report.segments {
        for damage in &segment.damages {
            complain!(
                "error LS-SHF-011: {} is damaged at byte {}: {} (records {} to {})",
                segment.path.display(),
                damage.at,
                damage.what,
                damage.from,
                damage.to
            );
        }
    }
    for cursor in &report.cursors {
        let reader = &cursor.reader;
        match cursor.offset {
            None => complain!("error LS-SHF-011: the cursor of {reader} is damaged"),
            Some(offset) if cursor.is_past_end => {
                complain!(
                    "error LS-SHF-011: {reader} has had records up to {offset}, which are gone"
                );
            }
            Some(_) => {}
        }
    }
    let (segments, records) = (report.segments.len(), report.records());
    let verdict = match report.tail_bytes() {
        _ if !report.is_sound() => DAMAGED.to_owned(),
        0 => SOUND.to_owned(),
        // After a kill that is what was never told to be on disk; after a clean stop it is damage.
        bytes => format!("{SOUND} up to the last {bytes} bytes, which the next start cuts off"),
    };
    say!("shaft: {segments} segments, {records} records, {verdict}");
    report.is_sound()
}

fn historian(dir: &Path) -> bool {
    if !is_readable(dir) {
        return false;
    }
    let report = match lineshaft_historian::verify(&RealDisk, dir) {
        Ok(report) => report,
        Err(error) => {
            complain!("error {}: {}", error.code(), Chain(&error));
            return false;
        }
    };
    for segment in &report.segments {
        if let Some(damage) = &segment.damage {
            let (path, at) = (segment.path.display(), damage.at);
            complain!("error LS-HIS-002: {path} is damaged at byte {at}: {}", damage.what);
        }
    }
    let samples: u64 = report.segments.iter().map(|segment| segment.samples).sum();
    let segments = report.segments.len();
    let verdict = if report.is_sound() { SOUND } else { DAMAGED };
    say!("historian: {segments} segments, {samples} samples, {verdict}");
    report.is_sound()
}
