//! What a person types.

pub mod accounts;
pub mod bench;
pub mod certificates;
pub mod check;
pub mod control;
pub mod explain;
pub mod init;
pub mod revisions;
pub mod roles;
pub mod run;
pub mod tokens;
pub mod trail;
pub mod verify;

/// Sends log lines to standard error; `LINESHAFT_LOG` says how many (`info` unless it is set).
pub fn log_to_standard_error() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("LINESHAFT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let plain = std::env::var_os("NO_COLOR").is_some()
        || !std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(!plain)
        .init();
}
