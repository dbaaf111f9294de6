//! What a check says.

use std::fmt::Display;
use std::time::Duration;

use lineshaft_contract::CheckOutcome;

/// Names in one finding; it then says how many more there are.
const NAMED_MAX: usize = 5;

/// What a check found: what was measured, where that comes from, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) outcome: CheckOutcome,
    pub(super) what: String,
    pub(super) cause: Option<String>,
    pub(super) fix: Option<String>,
    pub(super) code: Option<String>,
}

impl Finding {
    fn plain(outcome: CheckOutcome, what: impl Into<String>) -> Finding {
        Finding { outcome, what: what.into(), cause: None, fix: None, code: None }
    }

    /// It is as it should be.
    pub(super) fn ok(what: impl Into<String>) -> Finding {
        Finding::plain(CheckOutcome::Ok, what)
    }

    /// It does not apply here, and why.
    pub(super) fn skipped(what: impl Into<String>) -> Finding {
        Finding::plain(CheckOutcome::Skipped, what)
    }

    /// It could not be found out.
    pub(super) fn unknown(
        what: impl Into<String>,
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding::wrong(CheckOutcome::Unknown, what, cause, fix)
    }

    /// Somebody should look at it.
    pub(super) fn warn(
        what: impl Into<String>,
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding::wrong(CheckOutcome::Warn, what, cause, fix)
    }

    /// It does not work, or will not for long.
    pub(super) fn bad(
        what: impl Into<String>,
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding::wrong(CheckOutcome::Bad, what, cause, fix)
    }

    fn wrong(
        outcome: CheckOutcome,
        what: impl Into<String>,
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        let mut finding = Finding::plain(outcome, what);
        finding.cause = Some(cause.into());
        finding.fix = Some(fix.into());
        finding
    }

    /// A code with a page that says more.
    pub(super) fn code(mut self, code: impl Into<String>) -> Finding {
        self.code = Some(code.into());
        self
    }
}

/// `a, b and 3 more`
pub(super) fn list<T: Display>(names: &[T]) -> String {
    let shown = names.iter().take(NAMED_MAX).map(ToString::to_string).collect::<Vec<_>>();
    let shown = shown.join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 device`, `3 devices`
pub(super) fn count(count: usize, word: &str) -> String {
    crate::plant::mistake::counted(count, word)
}

/// `1.5 GiB`
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1_024.0 && unit + 1 < UNITS.len() {
        value /= 1_024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// `3 days`, `12 minutes`
pub(super) fn lasting(length: Duration) -> String {
    let seconds = length.as_secs();
    let (amount, word) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        172_800..63_072_000 => (seconds / 86_400, "day"),
        _ => (seconds / 31_536_000, "year"),
    };
    count(usize::try_from(amount).unwrap_or(usize::MAX), word)
}

/// A share in percent: `12 %`, `0.3 %`.
pub(super) fn percent(share: f64) -> String {
    let share = share * 100.0;
    if share == 0.0 || share >= 10.0 { format!("{share:.0} %") } else { format!("{share:.1} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_610_612_736), "1.5 GiB");
        assert_eq!(lasting(Duration::from_secs(1)), "1 second");
        assert_eq!(lasting(Duration::from_secs(90_000)), "25 hours");
        assert_eq!(lasting(Duration::from_secs(86_400 * 90)), "90 days");
        assert_eq!(percent(0.003), "0.3 %");
        assert_eq!(percent(0.5), "50 %");
        assert_eq!(list(&["a", "b", "c", "d", "e", "f"]), "a, b, c, d, e and 1 more");
    }
}
