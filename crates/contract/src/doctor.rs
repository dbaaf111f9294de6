//! What the node finds when it examines itself.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use lineshaft_model::Timestamp;

/// How one check went. In the order in which a person reads them: the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckOutcome {
    /// It does not work, or will not for long.
    Bad,
    /// Somebody should look at it.
    Warn,
    /// It could not be found out.
    Unknown,
    /// It is as it should be.
    Ok,
    /// It does not apply here.
    Skipped,
}

impl CheckOutcome {
    /// All of them, worst first.
    pub const ALL: [CheckOutcome; 5] = [
        CheckOutcome::Bad,
        CheckOutcome::Warn,
        CheckOutcome::Unknown,
        CheckOutcome::Ok,
        CheckOutcome::Skipped,
    ];

    /// The word in JSON and on the page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            CheckOutcome::Bad => "bad",
            CheckOutcome::Warn => "warn",
            CheckOutcome::Unknown => "unknown",
            CheckOutcome::Ok => "ok",
            CheckOutcome::Skipped => "skipped",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// Its name, for ever: `disk-free`.
    pub check: &'static str,
    /// What it is about: `plant`, `devices`, `storage`, ….
    pub group: &'static str,
    /// What it asks, in a few words.
    pub title: &'static str,
    /// How it went.
    pub outcome: CheckOutcome,
    /// What was measured.
    pub what: String,
    /// Why it matters or where it comes from; `None` when nothing is wrong.
    pub cause: Option<String>,
    /// What to do; `None` when nothing is to be done.
    pub fix: Option<String>,
    /// A code with a page that says more.
    pub code: Option<String>,
}

/// Every check, once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examination {
    /// When it began.
    pub examined: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What was found, in the order of the table of checks.
    pub checks: Vec<CheckResult>,
}

impl Examination {
    /// How many checks went like this.
    #[must_use]
    pub fn count(&self, outcome: CheckOutcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }
}

/// Whoever can examine the node.
pub trait Doctor: Send + Sync {
    /// Runs every check. Takes a second or two; who asks while it runs gets the same answer.
    fn examine(&self) -> Pin<Box<dyn Future<Output = Examination> + Send + '_>>;
}
