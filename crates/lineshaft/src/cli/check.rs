//! `lineshaft check`: every mistake of a plant folder at once.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use lineshaft_contract::DriverKind;
use lineshaft_drivers::DRIVERS;

use crate::plant::{self, Plant};

/// Checks the plant folder `dir`; see [`check`]. Exit code 0 when it is fine, 1 when it is not.
#[must_use]
pub fn run(dir: &Path) -> ExitCode {
    // Into memory first: the verdict is the same when nobody reads to the end.
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let checked = check(dir, DRIVERS, &mut out, &mut err);
    crate::say::err(format_args!("{}", String::from_utf8_lossy(&err)));
    say_text!("{}", String::from_utf8_lossy(&out));
    match checked {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

/// Prints every mistake to `err`, and one line to `out` when there is no error. Says whether there is none.
///
/// # Errors
/// When nothing can be printed.
pub fn check(
    dir: &Path,
    drivers: &[DriverKind],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<bool> {
    match plant::load(dir, drivers) {
        Ok(plant) => {
            write!(err, "{}", plant.warnings)?;
            writeln!(out, "{}", summary(&plant))?;
            Ok(true)
        }
        Err(mistakes) => {
            write!(err, "{}", mistakes.report("the plant cannot run like this"))?;
            Ok(false)
        }
    }
}

/// `plant is fine: 3 devices, 312 tags, 2 rules; 1 warning`.
#[must_use]
pub fn summary(plant: &Plant) -> String {
    let count = |count, word| plant::mistake::counted(count, word);
    let mut line = format!(
        "plant is fine: {}, {}, {}",
        count(plant.devices.len(), "device"),
        count(plant.tag_count(), "tag"),
        count(plant.rules.len(), "rule"),
    );
    if plant.warnings.warning_count() > 0 {
        line.push_str("; ");
        line.push_str(&plant.warnings.summary());
    }
    line
}
