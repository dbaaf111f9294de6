//! `cargo xtask COMMAND`: the work around the code.

use std::process::ExitCode;

use xtask::steps::Steps;
use xtask::{gate, licences, matrix, peers, tests, tidy, ui};

const USAGE: &str = "cargo xtask COMMAND

  gate      everything that must pass before a merge: fmt, clippy, tidy, licences, test
  test      the tests of the workspace, of the page, and the journeys through the page in a browser;
            installs what they need first
  browser   only the journeys, against a demo plant of its own
  peers     the independent programs the conformance tests talk to, into .peers
  ui        builds the page into ui/dist
  matrix    the tables of docs/security from the tests
  tidy      the house rules that a machine can keep
  licences  checks the licences of everything the program is built from, and writes the list of what is shipped
            and its bill of materials (crates/manual); the gate checks that they are of now";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    if arguments.next().is_some() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let mut steps = Steps::new();
    match command.as_str() {
        "gate" => gate::run(&mut steps),
        "test" => tests::run(&mut steps),
        "browser" => steps.step("browser", tests::browser),
        "peers" => steps.step("peers", peers::install),
        "ui" => steps.step("ui", ui::build),
        "matrix" => steps.step("matrix", matrix::write),
        "tidy" => steps.step("tidy", tidy::run),
        "licences" => steps.step("licences", licences::write),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    steps.report()
}
