//! Steps with a name, a time and an end; programs whose output is shown as it comes.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, Output};
use std::time::{Duration, Instant};

use crate::{Failed, peers};

/// The steps of one run.
#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<(String, Duration, Result<(), String>)>,
}

impl Steps {
    /// None yet.
    #[must_use]
    pub fn new() -> Steps {
        Steps::default()
    }

    /// Does one step. A step that fails does not keep the next from being tried: one run shows everything.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<(), Failed>) {
        println!("\n=== {name}");
        let begun = now();
        let result = work().map_err(|failed| failed.to_string());
        let took = begun.elapsed();
        match &result {
            Ok(()) => println!("=== {name}: passed in {:.1} s", took.as_secs_f64()),
            Err(why) => println!("=== {name}: FAILED after {:.1} s: {why}", took.as_secs_f64()),
        }
        self.done.push((name.into(), took, result));
    }

    /// Prints every step with its time; the exit code says whether all passed.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        println!();
        for (name, took, result) in &self.done {
            let word = if result.is_ok() { "passed" } else { "FAILED" };
            println!("{word} {:>7.1} s  {name}", took.as_secs_f64());
        }
        let failed = self.done.iter().filter(|(_, _, result)| result.is_err()).count();
        let all: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        println!("{} steps, {failed} failed, {:.1} s", self.done.len(), all.as_secs_f64());
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no plant here: it is the developer's own time"
)]
fn now() -> Instant {
    Instant::now()
}

/// A program in a folder, with our Node and Python peers before the system's.
#[must_use]
pub fn program(folder: &Path, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(folder).env("PATH", path());
    command
}

fn path() -> OsString {
    let system = std::env::var_os("PATH").unwrap_or_default();
    let ours = peers::node_folder();
    let all = std::iter::once(ours).chain(std::env::split_paths(&system));
    std::env::join_paths(all).unwrap_or(system)
}

/// Runs a program to its end and shows what it prints.
///
/// # Errors
/// [`Failed`] when it cannot be started or says no.
pub fn run(mut command: Command) -> Result<(), Failed> {
    println!("$ {}", shown(&command));
    let status = command.status().map_err(|source| start(&command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(Failed::Command { command: shown(&command), status })
}

/// Runs a program to its end and gives back what it prints.
///
/// # Errors
/// [`Failed`] when it cannot be started.
pub fn output(mut command: Command) -> Result<Output, Failed> {
    command.output().map_err(|source| start(&command, source))
}

pub(crate) fn start(command: &Command, source: std::io::Error) -> Failed {
    Failed::Start { program: command.get_program().to_string_lossy().into(), source }
}

pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
