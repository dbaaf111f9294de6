//! What a person types.

pub mod accounts;
pub mod bench;
pub mod browse;
pub mod certificates;
pub mod check;
pub mod control;
pub mod doctor;
pub mod explain;
pub mod init;
pub mod revisions;
pub mod roles;
pub mod run;
pub mod tokens;
pub mod trail;
pub mod verify;

use crate::logs::{Colour, LogBook};

/// Sends log lines to standard error and into memory; `LINESHAFT_LOG` says how many (`info` unless it is set).
#[must_use]
pub fn log_to_standard_error() -> LogBook {
    let usual = std::env::var("LINESHAFT_LOG").ok();
    let plain = std::env::var_os("NO_COLOR").is_some()
        || !std::io::IsTerminal::is_terminal(&std::io::stderr());
    LogBook::install(usual.as_deref(), if plain { Colour::None } else { Colour::Ansi })
}
