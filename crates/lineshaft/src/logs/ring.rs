//! The last lines, within two limits.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{LogLevel, LogLine, LogPage, LogQuery};
use lineshaft_model::Timestamp;

/// Lines that are kept: an hour of a chatty plant, a week of a calm one.
const LINES_MAX: usize = 10_000;

/// Bytes that are kept, whatever the lines are like.
const BYTES_MAX: usize = 8 << 20;

/// What a line takes beside its text.
const LINE_BYTES: usize = 120;

/// Names of parts that are offered.
const TARGETS_MAX: usize = 200;

const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Debug, Default)]
pub(super) struct Ring {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    /// Lines that ever came.
    count: u64,
}

/// The lines at one moment; the ring goes on.
pub(super) struct Held {
    lines: Vec<Arc<LogLine>>,
    count: u64,
}

impl Ring {
    pub(super) fn push(&mut self, mut line: LogLine) {
        self.count += 1;
        line.n = self.count;
        self.bytes += size(&line);
        self.lines.push_back(Arc::new(line));
        while self.lines.len() > LINES_MAX || self.bytes > BYTES_MAX {
            let Some(gone) = self.lines.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(size(&gone));
        }
    }

    pub(super) fn held(&self) -> Held {
        Held { lines: self.lines.iter().cloned().collect(), count: self.count }
    }

    /// The parts that have said something.
    pub(super) fn targets(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.lines.iter().map(|line| line.target.as_str()).collect();
        names.into_iter().take(TARGETS_MAX).map(str::to_owned).collect()
    }

    /// Errors and warnings of the last hour.
    pub(super) fn troubles(&self, now: Timestamp) -> (usize, usize) {
        let is_recent =
            |line: &&Arc<LogLine>| now.checked_since(line.at).is_none_or(|ago| ago <= HOUR);
        let recent = self.lines.iter().rev().take_while(is_recent);
        recent.fold((0, 0), |(errors, warnings), line| match line.level {
            LogLevel::Error => (errors + 1, warnings),
            LogLevel::Warn => (errors, warnings + 1),
            _ => (errors, warnings),
        })
    }
}

impl Held {
    pub(super) fn page(&self, query: &LogQuery) -> LogPage {
        let wanted = Wanted::new(query);
        let first = self.lines.first().map_or(0, |line| line.n);
        let at_most = query.limit.max(1);
        let mut lines: Vec<LogLine> = Vec::new();
        let mut next = self.count;
        if let Some(after) = query.after {
            for line in self.lines.iter().filter(|line| line.n > after) {
                if lines.len() == at_most {
                    break;
                }
                next = line.n;
                if wanted.takes(line) {
                    lines.push(LogLine::clone(line));
                }
            }
        } else {
            let newest_first = self.lines.iter().rev().filter(|line| wanted.takes(line));
            lines = newest_first.take(at_most).map(|line| LogLine::clone(line)).collect();
            lines.reverse();
        }
        LogPage { lines, next, first, dropped: first.saturating_sub(1) }
    }
}

/// A question, ready to be put to many lines.
struct Wanted<'a> {
    query: &'a LogQuery,
    search: Option<String>,
}

impl<'a> Wanted<'a> {
    fn new(query: &'a LogQuery) -> Wanted<'a> {
        Wanted { query, search: query.search.as_ref().map(|text| text.to_lowercase()) }
    }

    fn takes(&self, line: &LogLine) -> bool {
        self.query.level.is_none_or(|least| line.level <= least)
            && self.query.before.is_none_or(|before| line.n < before)
            && self.query.target.as_ref().is_none_or(|target| is_under(&line.target, target))
            && self.search.as_ref().is_none_or(|search| says(line, search))
    }
}

/// Whether a part is another one or below it: `lineshaft_drivers::runner` is below `lineshaft_drivers`.
fn is_under(part: &str, above: &str) -> bool {
    part.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn says(line: &LogLine, search: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(search);
    let field = |(name, value): &(String, String)| has(&format!("{name}={value}"));
    has(&line.message) || has(&line.target) || line.fields.iter().any(field)
}

fn size(line: &LogLine) -> usize {
    let fields = line.fields.iter().map(|(name, value)| name.len() + value.len() + 48);
    LINE_BYTES + line.message.len() + line.target.len() + fields.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: LogLevel, target: &str, message: &str) -> LogLine {
        let fields = vec![("device".to_owned(), "Press-1".to_owned())];
        let (target, message) = (target.to_owned(), message.to_owned());
        LogLine { n: 0, at: Timestamp::from_secs(1), level, target, message, fields }
    }

    #[track_caller]
    fn check(query: LogQuery, expect: &[u64]) {
        let mut ring = Ring::default();
        ring.push(line(LogLevel::Info, "lineshaft::node", "started"));
        ring.push(line(LogLevel::Warn, "lineshaft_drivers::runner", "Lost"));
        ring.push(line(LogLevel::Debug, "lineshaft_drivers_extra", "x"));
        ring.push(line(LogLevel::Error, "lineshaft_drivers", "it is back"));
        let query = LogQuery {
            limit: query.limit.max(1) * usize::from(query.limit > 0)
                + usize::from(query.limit == 0) * 100,
            ..query
        };
        let numbers: Vec<u64> = ring.held().page(&query).lines.iter().map(|line| line.n).collect();
        assert_eq!(numbers, expect, "{query:?}");
    }

    #[test]
    fn lines_are_found_by_level_part_text_and_place() {
        let any = LogQuery::default;
        check(any(), &[1, 2, 3, 4]);
        check(LogQuery { level: Some(LogLevel::Warn), ..any() }, &[2, 4]);
        check(LogQuery { target: Some("lineshaft_drivers".into()), ..any() }, &[2, 4]);
        check(LogQuery { search: Some("LOST".into()), ..any() }, &[2]);
        check(LogQuery { search: Some("device=press".into()), ..any() }, &[1, 2, 3, 4]);
        check(LogQuery { limit: 2, ..any() }, &[3, 4]);
        check(LogQuery { limit: 2, before: Some(3), ..any() }, &[1, 2]);
        check(LogQuery { limit: 2, after: Some(1), ..any() }, &[2, 3]);
    }

    #[test]
    fn the_tail_goes_on_behind_lines_that_are_not_wanted() {
        let mut ring = Ring::default();
        for _ in 0..10 {
            ring.push(line(LogLevel::Debug, "a", "x"));
        }
        let query = LogQuery {
            level: Some(LogLevel::Error),
            after: Some(2),
            limit: 5,
            ..LogQuery::default()
        };
        let page = ring.held().page(&query);
        assert_eq!((page.lines.len(), page.next), (0, 10));
    }

    #[test]
    fn lines_past_either_limit_go_and_are_counted() {
        let mut ring = Ring::default();
        for n in 0..LINES_MAX + 7 {
            ring.push(line(LogLevel::Info, "a", &n.to_string()));
        }
        let page = ring.held().page(&LogQuery { limit: 1, ..LogQuery::default() });
        assert_eq!((page.first, page.dropped, page.next), (8, 7, LINES_MAX as u64 + 7));
        let long = "x".repeat(4_096);
        for _ in 0..LINES_MAX {
            ring.push(line(LogLevel::Info, "a", &long));
        }
        assert!(ring.bytes <= BYTES_MAX && ring.lines.len() < LINES_MAX / 4);
    }
}
