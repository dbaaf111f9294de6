//! What a plugin is, and what the parts may ask of each other.
//!
//! Small for authors, big engine behind: an author writes steps (`plan`, `connect`, `read`, `write`),
//! the runner owns schedules, reconnect, deadlines, health, metrics and the log lines. Parts of layer 3
//! do not know each other; they meet through the read-side traits here.

mod card;
mod config;
mod configuration;
mod device;
mod doctor;
mod explore;
mod fault;
mod field;
mod flow;
mod history;
mod logs;
mod readings;
mod statistics;
mod storage;
mod view;
mod workshop;

pub use card::{Addressing, BrowseKind, Card, EndpointCard};
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
pub use doctor::{CheckOutcome, CheckResult, Doctor, Examination};
pub use explore::{
    Advice, BrowseAsk, BrowseError, Browsed, Direction, Explore, Exploring, Found, Frame, Tracer,
    Trouble,
};
pub use fault::{Chain, Class, DriverError, Fault, SinkError};
pub use field::{Plan, Poll, Subscribe};
pub use flow::{Analytic, Finding, Findings, Op, Sink, State, StateError};
pub use history::{
    Bounds, Cursor, Deadline, History, HistoryError, HistoryMode, HistoryPage, HistoryRequest,
};
pub use logs::{
    LevelsRefused, LevelsWish, LogLevel, LogLevels, LogLine, LogPage, LogQuery, Logs, NoLevel,
    TargetLevel,
};
pub use readings::{Reading, Readings};
pub use statistics::{Statistics, StatisticsRequest};
pub use storage::{
    DiskStorage, HistorianStorage, ReaderStorage, ShaftStorage, Storage, StorageDay, StoragePart,
    StorageStatus,
};
pub use view::{
    Commands, DeviceCounters, DeviceState, DeviceStatus, Devices, HistorianStatus, LastError, Node,
    NodeStatus, ReaderStatus, Ready, RevisionStatus, ShaftStatus,
};
pub use workshop::{
    BrowsePage, BrowseTrouble, ConfiguredDevice, DriverPage, Outcome, Step, TestReport, TestValue,
    TracePage, Traced, Trial, TrialMistake, Working, Workshop,
};
