//! The road against the flow: a wish to change a value in a device.

use std::fmt;

use crate::{TagPath, Timestamp, Value};

/// A command's name, unique on this node; it ties request, answer and audit entry together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{:x}", self.0)
    }
}

/// A wish to write one value, answered exactly once.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The command's name.
    pub id: CommandId,
    /// Which tag to write.
    pub target: TagPath,
    /// What to write, in the tag's own unit.
    pub value: Value,
    /// Who asked.
    pub who: String,
    /// Why, in their words; may be empty.
    pub why: String,
    /// When it is no longer wanted: after this instant it is not sent to the device any more.
    pub deadline: Timestamp,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The device took it; the value that was read back, where the protocol can read it back.
    Done(Option<Value>),
    /// It was not done, and nothing changed.
    Refused(Refusal),
    /// It was sent and no answer came in time: it may or may not have been done.
    Unknown,
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such tag on this node.
    #[error("there is no tag `{0}`")]
    NoSuchTag(TagPath),
    /// The tag has no `write` in its access column.
    #[error("`{0}` is read-only")]
    ReadOnly(TagPath),
    /// The value does not fit the tag's type or range.
    #[error("{value} does not fit `{target}`: {why}")]
    Value {
        /// The tag.
        target: TagPath,
        /// What was asked for.
        value: String,
        /// Why it does not fit.
        why: String,
    },
    /// The device is not connected.
    #[error("the device of `{0}` is not connected")]
    NotConnected(TagPath),
    /// The device said no.
    #[error("the device refused: {0}")]
    Device(String),
    /// It came too late, or waited too long behind others.
    #[error("the deadline passed before it could be sent")]
    TooLate,
    /// The device took it but reads back something else.
    #[error("the device took the write but reads back {got}")]
    ReadBack {
        /// What it reads back.
        got: String,
    },
    /// The queue of writes for the device is full.
    #[error("{waiting} writes to this device are waiting already")]
    Busy {
        /// How many.
        waiting: usize,
    },
}
