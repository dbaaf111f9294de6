//! How a command reaches the accounts, the trail and the revisions of a data folder: through the control socket of
//! the node that runs on it, or, when none does, through the same interface in this process.

mod client;
mod office;
mod print;
mod socket;

use std::path::PathBuf;
use std::process::ExitCode;

use lineshaft_contract::Chain;
use serde_json::Value;

use crate::node::StartError;

pub(crate) use client::running;
pub use client::{Answer, Control, Missing};
pub use print::PasswordFrom;
pub(crate) use print::{Table, ask_password, millis, text};
pub(crate) use socket::bind;

/// Whose accounts, whose trail: of a running node or of one that is stopped.
#[derive(Debug, Clone, clap::Args)]
pub struct At {
    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "data", global = true)]
    pub data: PathBuf,
    /// The plant folder: names the node before its first start. Later the data folder knows it.
    #[arg(long, value_name = "DIR", default_value = "plant", global = true)]
    pub plant: PathBuf,
}

/// Why a command got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The data folder is not there.
    #[error("LS-NOD-001: there is no data folder {}", .0.display())]
    NoFolder(PathBuf),
    /// This account of the operating system cannot look into the data folder, so whether a node runs is not known.
    #[error(
        "LS-NOD-001: cannot enter the data folder {}; be the account that the node runs as",
        folder.display()
    )]
    NotEntered {
        /// The data folder.
        folder: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A node runs, and this account of the operating system may not talk to it.
    #[error(
        "LS-NOD-007: the node that runs on {} does not talk to this account of the operating system; be who started it, or root",
        folder.display()
    )]
    NotAllowed {
        /// The data folder.
        folder: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A node runs, and does not answer.
    #[error("LS-NOD-007: the node that runs on {} does not answer on its control socket", folder.display())]
    Silent {
        /// The data folder.
        folder: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("LS-NOD-007: the control socket broke off")]
    Broken {
        /// Why.
        source: hyper::Error,
    },
    /// No node runs, and the folder cannot be opened here.
    #[error(transparent)]
    Office(#[from] StartError),
    /// The node said no.
    #[error("{}", said(.0))]
    Refused(Box<Value>),
}

/// A problem as one or more lines.
fn said(problem: &Value) -> String {
    let of = |name: &str| problem.get(name).and_then(Value::as_str);
    let mut lines = vec![match (of("code"), of("detail")) {
        (Some(code), Some(detail)) => format!("{code}: {detail}"),
        (None, Some(detail)) => detail.to_owned(),
        _ => problem.to_string(),
    }];
    for member in ["reasons", "mistakes"] {
        for each in problem.get(member).and_then(Value::as_array).into_iter().flatten() {
            let line = each.as_str().map_or_else(|| each.to_string(), str::to_owned);
            lines.push(format!("  = {line}"));
        }
    }
    lines.extend(of("remedy").map(|remedy| format!("  = {remedy}")));
    lines.extend(of("code").map(|code| format!("  = more: lineshaft explain {code}")));
    lines.join("\n")
}

/// Runs a command on a data folder. Exit code 0 when it is done, 1 when the answer is no.
pub(crate) fn with(
    at: &At,
    missing: Missing,
    work: impl AsyncFnOnce(&Control) -> Result<(), ControlError>,
) -> ExitCode {
    let running = async {
        let control = Control::open(at, missing).await?;
        let worked = work(&control).await;
        control.close().await;
        worked
    };
    crate::cli::run::on_executor(async {
        match running.await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain!("{}", headed(&Chain(&error).to_string()));
                ExitCode::FAILURE
            }
        }
    })
}

/// An error as its first line begins everywhere: with its code, where it has one.
fn headed(error: &str) -> String {
    if error.starts_with("LS-") { format!("error {error}") } else { format!("error: {error}") }
}

/// A path of tags from the command line. An empty one would mean every tag, and is what a variable that the shell does
/// not know leaves behind.
pub(crate) fn path_given(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("the path is empty; leave the option out where every tag is meant".into());
    }
    Ok(text.to_owned())
}

/// A text as one segment of a path or as the value of a parameter.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            // Writing into a text cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_like_every_other_message_of_the_command_line() {
        let problem = serde_json::json!({
            "code": "LS-API-027", "detail": "the password is refused", "status": 422,
            "reasons": ["it has 5 characters, at least 12 are needed"], "remedy": "take a longer one",
        });
        assert_eq!(
            said(&problem),
            "LS-API-027: the password is refused\n  = it has 5 characters, at least 12 are needed\n  = take a longer one\n  = more: lineshaft explain LS-API-027"
        );
    }

    #[test]
    fn an_error_without_a_code_has_a_colon() {
        assert_eq!(headed("LS-NOD-001: no"), "error LS-NOD-001: no");
        assert_eq!(headed("there is no role `x`"), "error: there is no role `x`");
    }

    #[test]
    fn a_name_with_a_slash_stays_one_segment() {
        assert_eq!(escaped("a/b?c&d ü"), "a%2Fb%3Fc%26d%20%C3%BC");
    }
}
