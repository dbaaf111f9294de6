//! The metrics of the log.

use lineshaft_contract::LogLevel;
use metrics::counter;

/// Lines of the log, by `level`.
const LINES: &str = "lineshaft_log_lines_total";

pub(super) fn line(level: LogLevel) {
    counter!(LINES, "level" => level.word()).increment(1);
}
