//! `lineshaft verify`: every checksum of the shaft and the historian, and where the first one is wrong.

use std::path::Path;
use std::process::ExitCode;

use lineshaft_contract::Chain;
use lineshaft_runtime::disk::RealDisk;

const SOUND: &str = "every checksum is right";
const DAMAGED: &str = "DAMAGED";

/// Checks the data folder; exit code 1 when anything is damaged or cannot be read.
#[must_use]
pub fn run(data: &Path) -> ExitCode {
    if !data.is_dir() {
        eprintln!("error LS-NOD-001: there is no data folder {}", data.display());
        return ExitCode::FAILURE;
    }
    let (shaft, history) = (shaft(&data.join("shaft")), historian(&data.join("historian")));
    if shaft && history { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn shaft(dir: &Path) -> bool {
    let report = match lineshaft_shaft::verify(&RealDisk, dir) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error {}: {}", error.code(), Chain(&error));
            return false;
        }
    };
    for segment in &report.segments {
        for damage in &segment.damages {
            eprintln!(
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
            None => eprintln!("error LS-SHF-011: the cursor of {reader} is damaged"),
            Some(offset) if cursor.is_past_end => {
                eprintln!(
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
    println!("shaft: {segments} segments, {records} records, {verdict}");
    report.is_sound()
}

fn historian(dir: &Path) -> bool {
    let report = match lineshaft_historian::verify(&RealDisk, dir) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error {}: {}", error.code(), Chain(&error));
            return false;
        }
    };
    for segment in &report.segments {
        if let Some(damage) = &segment.damage {
            let (path, at) = (segment.path.display(), damage.at);
            eprintln!("error LS-HIS-002: {path} is damaged at byte {at}: {}", damage.what);
        }
    }
    let samples: u64 = report.segments.iter().map(|segment| segment.samples).sum();
    let segments = report.segments.len();
    let verdict = if report.is_sound() { SOUND } else { DAMAGED };
    println!("historian: {segments} segments, {samples} samples, {verdict}");
    report.is_sound()
}
