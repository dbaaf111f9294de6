//! What is not as it should be, for the page about security.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Somebody should look at it.
    Warn,
    /// Does not work, or does not protect.
    Bad,
}

impl Severity {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Ok => "ok",
            Severity::Warn => "warn",
            Severity::Bad => "bad",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The page that explains it; none when all is well.
    pub code: Option<&'static str>,
    /// What was found.
    pub what: String,
    /// What to do about it; empty when nothing is to be done.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding { severity, code: Some(code), what: what.into(), remedy: remedy.into() }
    }

    pub(crate) fn ok(what: impl Into<String>) -> Finding {
        Finding { severity: Severity::Ok, code: None, what: what.into(), remedy: String::new() }
    }
}
