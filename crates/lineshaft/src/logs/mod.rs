//! The log of this process: standard error, the last lines in memory for the page, and levels that are switched live.
//!
//! - Standard error and the page show the same lines: one filter stands before both.
//! - Levels other than the usual hold for minutes and fall back by themselves: nobody forgets `debug` on a gateway with
//!   a small disk.
//! - What looks like a secret is taken out before a line is kept ([`secrets`]).
//! - Not here: the audit trail, which is durable and says who did what.

mod levels;
mod lines;
mod metrics;
mod ring;
mod secrets;

use std::sync::Arc;

use lineshaft_contract::{LevelsRefused, LevelsWish, LogLevels, LogPage, LogQuery, Logs};
use lineshaft_runtime::{Clock, TaskKind, TaskTree};
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use levels::Levels;
use lines::Keep;
use ring::Ring;

/// The log of this process. Clones are the same.
#[derive(Debug, Clone)]
pub struct LogBook(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    ring: Mutex<Ring>,
    levels: Mutex<Levels>,
    /// Told when there is another time to fall back at.
    changed: watch::Sender<()>,
    /// `None` in a process whose log goes elsewhere.
    filter: Option<reload::Handle<Targets, Registry>>,
}

impl LogBook {
    /// A log that nothing is written to.
    #[must_use]
    pub fn unwritten(clock: Clock) -> LogBook {
        LogBook::new(clock, Levels::of("info"), None)
    }

    fn new(
        clock: Clock,
        levels: Levels,
        filter: Option<reload::Handle<Targets, Registry>>,
    ) -> LogBook {
        LogBook(Arc::new(Inner {
            clock,
            ring: Mutex::default(),
            levels: Mutex::new(levels),
            changed: watch::Sender::new(()),
            filter,
        }))
    }

    /// Takes the log of this process: to standard error and into memory. `usual` is what `LINESHAFT_LOG` says.
    ///
    /// A process has one log: of a second call only the answer is new, and nothing is written to it.
    pub fn install(usual: Option<&str>, colour: Colour) -> LogBook {
        let levels = Levels::of(usual.unwrap_or("info"));
        let (filter, handle) = reload::Layer::new(levels.targets());
        let book = LogBook::new(Clock::real(), levels, Some(handle));
        let readable = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(colour == Colour::Ansi);
        let everything =
            tracing_subscriber::registry().with(filter).with(readable).with(Keep(book.clone()));
        let _another_has_it = everything.try_init();
        book
    }

    /// Lets levels fall back when their time is over.
    pub(crate) fn watch(&self, tree: &TaskTree) {
        let (book, stop) = (self.clone(), tree.stop_token(TaskKind::Watch));
        let mut changed = self.0.changed.subscribe();
        tree.spawn(TaskKind::Watch, "log levels", async move {
            loop {
                let wait = book.0.levels.lock().next_end(book.0.clock.now());
                let over = async {
                    match wait {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    told = changed.changed() => if told.is_err() { return },
                    () = over => book.fall_back(),
                }
            }
        });
    }

    /// Levels whose time is over go back to the usual ones.
    pub(crate) fn fall_back(&self) {
        let over = self.0.levels.lock().end(self.0.clock.now());
        if over.is_empty() {
            return;
        }
        self.apply();
        for target in over {
            tracing::info!(target_of_log = target, "its level is the usual one again");
        }
    }

    /// How many lines at least as important as a warning came within the last hour: errors, warnings.
    pub(crate) fn troubles(&self) -> (usize, usize) {
        self.0.ring.lock().troubles(self.0.clock.now())
    }

    fn apply(&self) {
        let targets = self.0.levels.lock().targets();
        if let Some(filter) = &self.0.filter
            && let Err(error) = filter.reload(targets)
        {
            tracing::error!(%error, "the levels of the log cannot be changed");
        }
    }
}

/// Whether lines on standard error have colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// They have.
    Ansi,
    /// They have not.
    None,
}

impl Logs for LogBook {
    fn read(&self, query: &LogQuery) -> LogPage {
        let held = self.0.ring.lock().held();
        held.page(query)
    }

    fn levels(&self) -> LogLevels {
        let targets = self.0.ring.lock().targets();
        self.0.levels.lock().show(targets)
    }

    fn check_levels(&self, wish: &LevelsWish) -> Result<LogLevels, LevelsRefused> {
        let targets = self.0.ring.lock().targets();
        let mut levels = self.0.levels.lock().clone();
        levels.set(wish, self.0.clock.now())?;
        Ok(levels.show(targets))
    }

    fn set_levels(&self, wish: &LevelsWish) -> Result<LogLevels, LevelsRefused> {
        self.0.levels.lock().set(wish, self.0.clock.now())?;
        self.apply();
        self.0.changed.send_replace(());
        Ok(self.levels())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lineshaft_contract::LogLevel;
    use lineshaft_model::Timestamp;

    use super::*;

    /// A log of its own, and the subscriber that writes to it.
    fn log(usual: &str) -> (Clock, LogBook, impl tracing::Subscriber + Send + Sync) {
        let clock = Clock::simulated(Timestamp::from_secs(1_000));
        let levels = Levels::of(usual);
        let (filter, handle) = reload::Layer::new(levels.targets());
        let book = LogBook::new(clock.clone(), levels, Some(handle));
        let subscriber = tracing_subscriber::registry().with(filter).with(Keep(book.clone()));
        (clock, book, subscriber)
    }

    fn messages(book: &LogBook) -> Vec<String> {
        let page = book.read(&LogQuery { limit: 100, ..LogQuery::default() });
        page.lines.into_iter().map(|line| line.message).collect()
    }

    fn say(round: u32) {
        tracing::debug!(target: "lineshaft_drivers::runner", round, "a step");
        tracing::info!(target: "lineshaft_drivers", round, "a fact");
    }

    #[test]
    fn a_level_is_switched_live_and_falls_back_by_itself() {
        let (clock, book, subscriber) = log("info");
        let quarter = Duration::from_secs(15 * 60);
        tracing::subscriber::with_default(subscriber, || {
            say(1);
            assert_eq!(messages(&book), ["a fact"]);
            let level = ("lineshaft_drivers".to_owned(), LogLevel::Debug, quarter);
            let wish = LevelsWish { default: None, levels: vec![level] };
            assert_eq!(book.check_levels(&wish).unwrap().levels.len(), 1);
            assert!(book.levels().levels.is_empty(), "it was only asked");
            let levels = book.set_levels(&wish).unwrap();
            assert_eq!(levels.levels[0].until, Timestamp::from_secs(1_900));
            say(2);
            assert_eq!(messages(&book), ["a fact", "a step", "a fact"]);
            clock.advance(quarter);
            book.fall_back();
            say(3);
            let after = messages(&book);
            assert_eq!(after[3..], ["its level is the usual one again", "a fact"]);
            assert!(book.levels().levels.is_empty());
        });
    }

    #[test]
    fn secrets_are_in_no_line_that_is_kept() {
        let (_clock, book, subscriber) = log("trace");
        let token = "ls_3mXb7QkLw0aTzYpVn5dHs9eRf2uGc8iJ";
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(password = "nine brass gears", "login refused");
            tracing::warn!(secret = ?vec!["nine brass gears"], "no");
            tracing::info!("asked with Bearer {token}");
            tracing::info!(header = %format!("Bearer {token}"), "asked");
            tracing::info!(
                url = "https://anna:nine-brass-gears@plc/x?token=nine-brass-gears&a=1",
                "opened"
            );
            tracing::info!(
                "-----BEGIN PRIVATE KEY-----\nnine brass gears\n-----END PRIVATE KEY-----"
            );
            tracing::info!("password: nine-brass-gears, unit 1");
        });
        let page = book.read(&LogQuery { limit: 100, ..LogQuery::default() });
        assert_eq!(page.lines.len(), 7);
        for line in &page.lines {
            let all = format!("{line:?}");
            assert!(!all.contains("brass") && !all.contains(&token[3..]), "{all}");
        }
        let told = format!("{:?}", page.lines);
        assert!(
            told.contains("anna") && told.contains("&a=1") && told.contains("unit 1"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn the_watch_ends_what_is_over_without_anybody_asking() {
        let (clock, book, subscriber) = log("info");
        let _guard = tracing::subscriber::set_default(subscriber);
        let tree = TaskTree::new();
        book.watch(&tree);
        let minute = Duration::from_secs(60);
        let level = ("lineshaft_shaft".to_owned(), LogLevel::Debug, minute);
        book.set_levels(&LevelsWish { default: None, levels: vec![level] }).unwrap();
        clock.advance(minute);
        // The watch sleeps by another clock; here it is woken to look at this one.
        book.0.changed.send_replace(());
        let over = async {
            while !book.levels().levels.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(minute, over).await.unwrap();
        tree.shutdown(minute).await;
    }
}
