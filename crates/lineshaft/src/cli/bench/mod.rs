//! `lineshaft bench`: the published figures, taken again on your machine.
//!
//! Each prints what it did, what it measured and what the published goal is. Processor time and memory are
//! those of this process alone; simulated devices run in a process of their own.

mod crowd;
mod devices;
mod machine;
mod poll;
mod shaft;
mod siege;
mod year;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use lineshaft_contract::Chain;

/// What to measure.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    which: Which,
    /// Where the benchmark puts its files; by default a folder of its own below the system's temporary one.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// Durable appends in batches of 1,000 samples, size on disk, and recovery after a kill.
    Shaft {
        /// How long to append.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Trend of a year at 1 Hz, and bytes for each sample of a plant's mix.
    Historian,
    /// Polling simulated Modbus devices: processor, memory, writes, and the way to a live client.
    Poll {
        /// Links, each with one device.
        #[arg(long, default_value_t = 10)]
        links: u16,
        /// Tags of each device, 32-bit, one after the other.
        #[arg(long, default_value_t = 10_000)]
        tags: u16,
        /// Poll period in milliseconds.
        #[arg(long, default_value_t = 1_000)]
        period: u64,
        /// How long to measure.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// The plant of `poll` until Ctrl-C, to look at with a browser.
    Plant {
        /// Links, each with one device.
        #[arg(long, default_value_t = 10)]
        links: u16,
        /// Tags of each device.
        #[arg(long, default_value_t = 1_000)]
        tags: u16,
    },
    /// Many pages at once, each watching tags of its own.
    Crowd {
        /// Pages.
        #[arg(long, default_value_t = 100)]
        clients: u16,
        /// Tags each of them watches.
        #[arg(long, default_value_t = 1_000)]
        tags: u16,
        /// How long to measure.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// The clients of `crowd`.
    #[command(hide = true)]
    Watch {
        /// Whom.
        #[arg(long)]
        address: SocketAddr,
        /// How many.
        #[arg(long)]
        clients: u16,
        /// How many tags each.
        #[arg(long)]
        tags: u16,
        /// How long.
        #[arg(long)]
        seconds: u64,
    },
    /// A year of eight pens at 1 Hz until Ctrl-C, to look at with a browser.
    Year,
    /// The audit trail: durable entries a second, a full check, and the size of a proof.
    Audit,
    /// Polling and logging in under thousands of slow and idle connections.
    Siege {
        /// How long each part is measured, calm and under siege.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// The attackers of `siege`, until standard input closes.
    #[command(hide = true)]
    Attack {
        /// Whom.
        #[arg(long)]
        address: SocketAddr,
    },
    /// The simulated devices of `poll`, until standard input closes.
    #[command(hide = true)]
    Devices {
        /// How many.
        #[arg(long)]
        count: u16,
    },
}

/// Runs one benchmark.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    if let Which::Devices { count } = arguments.which {
        return devices::serve(count);
    }
    let named = arguments.dir.clone();
    let dir = named.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("lineshaft-bench-{}", std::process::id()))
    });
    if let Err(error) = std::fs::create_dir_all(&dir) {
        complain!("error LS-NOD-001: cannot use {}: {error}", dir.display());
        return ExitCode::FAILURE;
    }
    let outcome = measure(&arguments.which, &dir);
    if named.is_none() {
        let _ = std::fs::remove_dir_all(&dir);
    }
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain!("error {error}");
            ExitCode::FAILURE
        }
    }
}

/// A benchmark prints what it found, or says why it could not be run.
type Outcome = Result<(), String>;

fn measure(which: &Which, dir: &Path) -> Outcome {
    match which {
        Which::Shaft { seconds } => shaft::run(dir, *seconds),
        Which::Historian => historian(dir),
        Which::Poll { links, tags, period, seconds } => {
            let load =
                poll::Load { links: *links, tags: *tags, period_ms: *period, seconds: *seconds };
            poll::run(dir, &load)
        }
        Which::Plant { links, tags } => {
            let load = poll::Load { links: *links, tags: *tags, period_ms: 1_000, seconds: 0 };
            poll::hold(dir, &load)
        }
        &Which::Crowd { clients, tags, seconds } => {
            crowd::run(dir, crowd::Crowd { clients, tags, seconds })
        }
        &Which::Watch { address, clients, tags, seconds } => {
            crowd::watch(address, crowd::Crowd { clients, tags, seconds })
        }
        Which::Year => year::run(dir),
        Which::Audit => audit(dir),
        Which::Siege { seconds } => siege::run(dir, *seconds),
        Which::Attack { address } => siege::besiege(*address),
        Which::Devices { .. } => Ok(()),
    }
}

/// About 300 MB of entries.
const AUDIT_ENTRIES: u64 = 1_000_000;

fn audit(dir: &Path) -> Outcome {
    use lineshaft_audit::bench;
    for measured in [bench::append(dir, AUDIT_ENTRIES), bench::verify_all(dir), bench::proof()] {
        say!("{}", measured.map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn historian(dir: &Path) -> Outcome {
    use lineshaft_historian::bench;
    let all = [("year-plot", bench::year_plot as fn(&Path) -> _), ("plant-mix", bench::plant_mix)];
    for (name, measure) in all {
        let report = measure(&dir.join(name)).map_err(|error| Chain(&error).to_string())?;
        say!("historian, {name}\n{report}");
    }
    Ok(())
}
