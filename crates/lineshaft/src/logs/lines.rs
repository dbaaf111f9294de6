//! From an event of the program to a line that is kept.

use std::fmt::{self, Write as _};

use lineshaft_contract::{LogLevel, LogLine};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::{LogBook, metrics, secrets};

/// The longest message that is kept whole.
const MESSAGE_BYTES_MAX: usize = 4_096;

/// The longest field that is kept whole.
const FIELD_BYTES_MAX: usize = 1_024;

/// Fields of one line.
const FIELDS_MAX: usize = 32;

/// Keeps each line in memory.
#[derive(Debug)]
pub(super) struct Keep(pub(super) LogBook);

impl<S: Subscriber> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let level = level(*metadata.level());
        metrics::line(level);
        let mut told = Told::default();
        event.record(&mut told);
        let line = LogLine {
            n: 0,
            at: self.0.0.clock.now(),
            level,
            target: metadata.target().to_owned(),
            message: told.message,
            fields: told.fields,
        };
        self.0.0.ring.lock().push(line);
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

#[derive(Default)]
struct Told {
    message: String,
    fields: Vec<(String, String)>,
}

impl Told {
    fn take(&mut self, name: &str, value: String) {
        let value = secrets::without(name, value);
        if name == "message" {
            self.message = cut(value, MESSAGE_BYTES_MAX);
        } else if self.fields.len() < FIELDS_MAX {
            self.fields.push((name.to_owned(), cut(value, FIELD_BYTES_MAX)));
        }
    }
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        let _cannot_fail = write!(text, "{value:?}");
        self.take(field.name(), text);
    }
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = text.floor_char_boundary(most);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(cut("äöü".into(), 3), "ä…");
        assert_eq!(cut("abc".into(), 3), "abc");
        let mut told = Told::default();
        for n in 0..FIELDS_MAX + 5 {
            told.take(&format!("f{n}"), "x".repeat(FIELD_BYTES_MAX * 2));
        }
        told.take("message", "x".repeat(MESSAGE_BYTES_MAX * 2));
        assert_eq!(told.fields.len(), FIELDS_MAX);
        assert!(told.message.len() < MESSAGE_BYTES_MAX + 4);
    }
}
