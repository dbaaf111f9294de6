//! What a plugin is, and what the parts may ask of each other.
//!
//! Small for authors, big engine behind: an author writes steps (`plan`, `connect`, `read`, `write`),
//! the runner owns schedules, reconnect, deadlines, health, metrics and the log lines. Parts of layer 3
//! do not know each other; they meet through the read-side traits here.

mod config;
mod configuration;
mod device;
mod fault;
mod field;
mod flow;
mod history;
mod readings;
mod view;

pub use config::{ConfigErrors, Mistake, Place};
pub use configuration::{
    Answered, Applied, Approval, By, Change, ChangeMode, ChangePolicy, Changed, Checked,
    Configuration, ConfigurationError, CurrentFiles, Difference, FileChange, FileContent,
    FileDifference, FileEdit, Guards, Hunk, HunkLine, NewFile, PlantMistake, Proposal,
    ProposalState, Reason, Revision, RevisionFile, RevisionPage,
};
pub use device::{
    Answering, Connecting, Device, DeviceSpec, DriverKind, PointSpec, Request, Session, Writing,
};
pub use fault::{Chain, Class, DriverError, Fault, SinkError};
pub use field::{Browse, Browsed, Found, Plan, Poll, Subscribe};
pub use flow::{Analytic, Finding, Findings, Op, Sink, State, StateError};
pub use history::{
    Bounds, Cursor, Deadline, History, HistoryError, HistoryMode, HistoryPage, HistoryRequest,
};
pub use readings::{Reading, Readings};
pub use view::{
    Commands, DeviceCounters, DeviceState, DeviceStatus, Devices, HistorianStatus, LastError, Node,
    NodeStatus, ReaderStatus, Ready, RevisionStatus, ShaftStatus,
};
