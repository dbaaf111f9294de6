//! The log of the running process: its last lines, and how much it says.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lineshaft_model::Timestamp;

/// How important a line is; the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Somebody should look at it.
    Warn,
    /// What happens in the ordinary course.
    Info,
    /// For who looks for the cause of something.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    /// All of them, the most important first.
    pub const ALL: [LogLevel; 5] =
        [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace];

    /// The word in JSON and on the page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no level of the log; it is error, warn, info, debug or trace")]
pub struct NoLevel(pub String);

impl FromStr for LogLevel {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<LogLevel, NoLevel> {
        let known = LogLevel::ALL.into_iter().find(|level| level.word() == text);
        known.ok_or_else(|| NoLevel(text.to_owned()))
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Counts the lines of this process from 1.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// How important.
    pub level: LogLevel,
    /// The part of the program that says it: `lineshaft_drivers::runner`.
    pub target: String,
    /// What it says.
    pub message: String,
    /// What belongs to it, by name, in the order it was given.
    pub fields: Vec<(String, String)>,
}

/// Which lines are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogQuery {
    /// As important as this, or more; `None` takes all.
    pub level: Option<LogLevel>,
    /// The part of the program, with what is below it; `None` takes all.
    pub target: Option<String>,
    /// Text anywhere in the line, upper and lower case alike.
    pub search: Option<String>,
    /// Only lines below this number: the page before.
    pub before: Option<u64>,
    /// Only lines above this number: what came since.
    pub after: Option<u64>,
    /// At most this many: the newest of them, or, with `after`, the oldest.
    pub limit: usize,
}

/// Lines of the log, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Everything up to this number was looked at: the `after` of the next question.
    pub next: u64,
    /// The oldest line that is still kept; 0 while there is none.
    pub first: u64,
    /// Lines that were kept once and had to go for newer ones.
    pub dropped: u64,
}

/// How much one part of the program says, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetLevel {
    /// The part, with what is below it.
    pub target: String,
    /// Its level.
    pub level: LogLevel,
    /// Until when.
    pub until: Timestamp,
}

/// How much the program says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLevels {
    /// What parts say that are not named.
    pub default: LogLevel,
    /// Until when, where that is not the usual one.
    pub default_until: Option<Timestamp>,
    /// What was set at the start, and what it falls back to.
    pub usual: String,
    /// Parts that say more or less than the others.
    pub levels: Vec<TargetLevel>,
    /// Parts that have said something lately.
    pub targets: Vec<String>,
}

/// A wish for other levels. What it does not name goes back to the usual.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LevelsWish {
    /// For parts that are not named, and for how long.
    pub default: Option<(LogLevel, Duration)>,
    /// For parts by name, and for how long.
    pub levels: Vec<(String, LogLevel, Duration)>,
}

/// Why levels are not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelsRefused {
    /// No name of a part of a program.
    #[error("`{target}` is no part of the program; write for example lineshaft_drivers")]
    Target {
        /// What was given.
        target: String,
    },
    /// Foreign code at its most talkative would show what crosses the wire.
    #[error(
        "`{target}` cannot be set to {level}: only parts of Lineshaft can say every step, for others may show what is secret"
    )]
    Talkative {
        /// What was given; `default` for all that are not named.
        target: String,
        /// The level.
        level: LogLevel,
    },
    /// Too long or not at all.
    #[error("a level holds for 1 to {max_minutes} minutes")]
    Lasting {
        /// The most.
        max_minutes: u64,
    },
    /// Too many.
    #[error("at most {max} parts can have levels of their own")]
    TooMany {
        /// The most.
        max: usize,
    },
}

/// Whoever keeps the log.
pub trait Logs: Send + Sync {
    /// Lines of it.
    fn read(&self, query: &LogQuery) -> LogPage;

    /// How much is said now.
    fn levels(&self) -> LogLevels;

    /// What would hold if this were set now. Changes nothing.
    ///
    /// # Errors
    /// [`LevelsRefused`]: [`Logs::set_levels`] would say the same.
    fn check_levels(&self, wish: &LevelsWish) -> Result<LogLevels, LevelsRefused>;

    /// Changes how much is said, for a while; answers what holds then.
    ///
    /// # Errors
    /// [`LevelsRefused`]; nothing has changed then.
    fn set_levels(&self, wish: &LevelsWish) -> Result<LogLevels, LevelsRefused>;
}
