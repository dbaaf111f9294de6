//! `lineshaft`: from the machine to the answer. See `lineshaft --help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lineshaft::cli;
use lineshaft::cli::control::At;
use lineshaft::cli::doctor::Form;

/// From the machine to the answer: connects machines, loses no value, keeps them for decades, shows them.
#[derive(Debug, Parser)]
#[command(name = "lineshaft", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a whole simulated plant in one process, on real protocols over loopback.
    Demo {
        /// Where its data is kept.
        #[arg(long, value_name = "DIR", default_value = "data/demo")]
        data: PathBuf,
        /// Where the page answers; port 0 takes a free one.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
        listen: String,
    },
    /// Writes a small commented plant folder.
    Init {
        /// The folder to make.
        #[arg(value_name = "DIR", default_value = "plant")]
        dir: PathBuf,
    },
    /// Names every mistake in a plant folder.
    Check {
        /// The plant folder.
        #[arg(long, value_name = "DIR", default_value = "plant")]
        plant: PathBuf,
    },
    /// Runs a plant.
    Run {
        /// The plant folder.
        #[arg(long, value_name = "DIR", default_value = "plant")]
        plant: PathBuf,
        /// Where its data is kept.
        #[arg(long, value_name = "DIR", default_value = "data")]
        data: PathBuf,
    },
    /// Checks every checksum of the shaft and the historian, and the whole audit trail.
    Verify {
        /// The data folder.
        #[arg(long, value_name = "DIR", default_value = "data")]
        data: PathBuf,
        /// A checkpoint of the trail that was handed out earlier; may be given more than once.
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
    /// Says what is wrong with a node, why, and what to do; runs or not.
    Doctor {
        #[command(flatten)]
        at: At,
        /// Prints the answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// People and machines: accounts, roles, passwords.
    User {
        #[command(flatten)]
        at: At,
        #[command(subcommand)]
        command: cli::accounts::Command,
    },
    /// What a role allows.
    Role {
        #[command(flatten)]
        at: At,
        #[command(subcommand)]
        command: cli::roles::Command,
    },
    /// How programs come in.
    Token {
        #[command(flatten)]
        at: At,
        #[command(subcommand)]
        command: cli::tokens::Command,
    },
    /// Certificates of the node and its clients.
    Cert {
        #[command(flatten)]
        at: At,
        #[command(subcommand)]
        command: cli::certificates::Command,
    },
    /// Who did what.
    Audit {
        #[command(flatten)]
        at: At,
        #[command(subcommand)]
        command: cli::trail::Command,
    },
    /// Every state the plant folder has had.
    Revision {
        #[command(flatten)]
        at: At,
        #[command(subcommand)]
        command: cli::revisions::Command,
    },
    /// Prints what a device offers as a tag table.
    Browse(cli::browse::Arguments),
    /// Prints the page of an error code, a driver, an operator or a part of the plant folder.
    Explain {
        /// For example LS-CFG-004, modbus, deadband or shaft.
        #[arg(value_name = "CODE|KIND")]
        what: String,
    },
    /// Runs the published benchmarks on this machine.
    Bench(cli::bench::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let logs = cli::log_to_standard_error();
    match arguments.command {
        Command::Demo { data, listen } => cli::run::demo(&data, &listen, logs),
        Command::Init { dir } => cli::init::run(&dir),
        Command::Check { plant } => cli::check::run(&plant),
        Command::Run { plant, data } => cli::run::run(&plant, &data, logs),
        Command::Verify { data, checkpoint } => cli::verify::run(&data, &checkpoint),
        Command::Doctor { at, json } => {
            cli::doctor::run(&at, if json { Form::Json } else { Form::Text })
        }
        Command::User { at, command } => cli::accounts::run(&at, command),
        Command::Role { at, command } => cli::roles::run(&at, command),
        Command::Token { at, command } => cli::tokens::run(&at, command),
        Command::Cert { at, command } => cli::certificates::run(&at, command),
        Command::Audit { at, command } => cli::trail::run(&at, command),
        Command::Revision { at, command } => cli::revisions::run(&at, command),
        Command::Browse(arguments) => cli::browse::run(&arguments),
        Command::Explain { what } => cli::explain::run(&what),
        Command::Bench(arguments) => cli::bench::run(&arguments),
    }
}
