//! Errors that tell the machine what to do apart from telling the person.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// What the runner does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Try the same again later.
    Retry,
    /// The stream can no longer be trusted: close it, open a new one.
    Reconnect,
    /// The same will fail again: do not repeat it.
    Reject,
    /// A person has to act first (a password, a certificate); trying on would do harm.
    AwaitOperator,
    /// Our own mistake.
    Bug,
}

/// An error with a class and a code.
pub trait Fault: Error {
    /// What the runner does next.
    fn class(&self) -> Class;

    /// The stable code with a page: `LS-DRV-002`.
    fn code(&self) -> &'static str;
}

/// Why a field connection did not deliver.
///
/// `Display` says what was tried, on what. The cause stays in `source()` and is not repeated; whoever
/// logs prints the chain (`error = %Chain(&error)`).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// No connection.
    #[error("cannot connect to {endpoint}")]
    Connect {
        /// Where.
        endpoint: String,
        /// Why.
        source: io::Error,
    },
    /// The connection broke.
    #[error("lost the connection to {endpoint}")]
    Lost {
        /// Where.
        endpoint: String,
        /// Why.
        source: io::Error,
    },
    /// No answer in time.
    #[error("{party} did not answer in {limit:?}")]
    Timeout {
        /// Who: the endpoint, with the unit behind it where there are several.
        party: String,
        /// How long we waited.
        limit: Duration,
    },
    /// The answer is not what the protocol allows, or answers another question.
    #[error("{endpoint} sent a malformed or unexpected answer: {what}")]
    Malformed {
        /// Where.
        endpoint: String,
        /// What is wrong with it.
        what: String,
    },
    /// The credentials were refused.
    #[error("{endpoint} refused the credentials")]
    Denied {
        /// Where.
        endpoint: String,
    },
    /// The device said no to a write.
    #[error("{party} refused: {what}")]
    Refused {
        /// Who.
        party: String,
        /// What it said.
        what: String,
    },
    /// The protocol, or this point, cannot be written.
    #[error("this point cannot be written: {why}")]
    ReadOnly {
        /// Why not.
        why: String,
    },
}

impl Fault for DriverError {
    fn class(&self) -> Class {
        match self {
            DriverError::Connect { .. } => Class::Retry,
            DriverError::Lost { .. }
            | DriverError::Timeout { .. }
            | DriverError::Malformed { .. } => {
                Class::Reconnect // a late answer would be taken for the next one
            }
            DriverError::Denied { .. } => Class::AwaitOperator, // trying on would lock the account
            DriverError::Refused { .. } | DriverError::ReadOnly { .. } => Class::Reject,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            DriverError::Connect { .. } => "LS-DRV-001",
            DriverError::Timeout { .. } => "LS-DRV-002",
            DriverError::Lost { .. } => "LS-DRV-003",
            DriverError::Malformed { .. } => "LS-DRV-004",
            DriverError::Denied { .. } => "LS-DRV-005",
            DriverError::Refused { .. } => "LS-DRV-006",
            DriverError::ReadOnly { .. } => "LS-DRV-007",
        }
    }
}

/// Why a sink did not take a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The far side cannot be reached or has not confirmed; the batch comes again.
    #[error("{target} did not confirm the batch")]
    Unconfirmed {
        /// Where to.
        target: String,
        /// Why.
        source: io::Error,
    },
    /// The far side will never take this batch.
    #[error("{target} rejects the batch: {what}")]
    Rejected {
        /// Where to.
        target: String,
        /// What it said.
        what: String,
    },
}

impl Fault for SinkError {
    fn class(&self) -> Class {
        match self {
            SinkError::Unconfirmed { .. } => Class::Retry,
            SinkError::Rejected { .. } => Class::Reject,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            SinkError::Unconfirmed { .. } => "LS-SNK-001",
            SinkError::Rejected { .. } => "LS-SNK-002",
        }
    }
}

/// Prints an error and its causes: `cannot connect to tcp://…: connection refused`.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
