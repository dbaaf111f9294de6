//! How much is said: the usual, and what differs from it for a while.

use std::time::Duration;

use lineshaft_contract::{LevelsRefused, LevelsWish, LogLevel, LogLevels, TargetLevel};
use lineshaft_model::Timestamp;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// A level holds for at most a day: who needs it longer writes it into `LINESHAFT_LOG`.
pub(super) const MINUTES_MAX: u64 = 1_440;

/// Parts with levels of their own.
const TARGETS_MAX: usize = 32;

/// The longest name of a part.
const TARGET_BYTES_MAX: usize = 128;

/// Our own parts; others may show what crosses the wire when they say every step.
const OWN: &str = "lineshaft";

/// What is said now.
#[derive(Debug, Clone)]
pub(super) struct Levels {
    usual: String,
    usual_targets: Targets,
    default: Option<(LogLevel, Timestamp)>,
    own: Vec<TargetLevel>,
}

impl Levels {
    /// `usual` as `LINESHAFT_LOG` takes it: `debug`, `info,lineshaft_drivers=debug`. What cannot be read is `info`.
    pub(super) fn of(usual: &str) -> Levels {
        let parsed = usual.parse::<Targets>().ok().filter(|_| !usual.trim().is_empty());
        let (usual, usual_targets) = match parsed {
            // A word that is no level names a part; the others are not silent for that.
            Some(targets) if targets.default_level().is_none() => {
                (usual.trim().to_owned(), targets.with_default(LevelFilter::INFO))
            }
            Some(targets) => (usual.trim().to_owned(), targets),
            None => ("info".to_owned(), Targets::new().with_default(LevelFilter::INFO)),
        };
        Levels { usual, usual_targets, default: None, own: Vec::new() }
    }

    /// As the filter takes it.
    pub(super) fn targets(&self) -> Targets {
        let mut targets = self.usual_targets.clone();
        if let Some((level, _)) = self.default {
            targets = targets.with_default(filter(level));
        }
        for own in &self.own {
            targets = targets.with_target(own.target.clone(), filter(own.level));
        }
        targets
    }

    /// Takes a wish whole or not at all.
    pub(super) fn set(&mut self, wish: &LevelsWish, now: Timestamp) -> Result<(), LevelsRefused> {
        if wish.levels.len() > TARGETS_MAX {
            return Err(LevelsRefused::TooMany { max: TARGETS_MAX });
        }
        let default = match wish.default {
            Some((level, lasting)) => {
                if level == LogLevel::Trace {
                    return Err(LevelsRefused::Talkative { target: "default".into(), level });
                }
                Some((level, end(now, lasting)?))
            }
            None => None,
        };
        let mut own: Vec<TargetLevel> = Vec::new();
        for (target, level, lasting) in &wish.levels {
            check(target, *level)?;
            let until = end(now, *lasting)?;
            own.retain(|one| one.target != *target);
            own.push(TargetLevel { target: target.clone(), level: *level, until });
        }
        own.sort_by(|a, b| a.target.cmp(&b.target));
        (self.default, self.own) = (default, own);
        Ok(())
    }

    /// Forgets what is over; answers its names.
    pub(super) fn end(&mut self, now: Timestamp) -> Vec<String> {
        let mut over = Vec::new();
        if self.default.is_some_and(|(_, until)| until <= now) {
            self.default = None;
            over.push("default".to_owned());
        }
        self.own.retain(|own| {
            let holds = own.until > now;
            if !holds {
                over.push(own.target.clone());
            }
            holds
        });
        over
    }

    /// How long until something is over.
    pub(super) fn next_end(&self, now: Timestamp) -> Option<Duration> {
        let own = self.own.iter().map(|own| own.until);
        let next = own.chain(self.default.map(|(_, until)| until)).min()?;
        Some(next.checked_since(now).unwrap_or_default())
    }

    pub(super) fn show(&self, targets: Vec<String>) -> LogLevels {
        let usual = self.usual_targets.default_level().unwrap_or(LevelFilter::ERROR);
        LogLevels {
            default: self.default.map_or_else(|| level(usual), |(level, _)| level),
            default_until: self.default.map(|(_, until)| until),
            usual: self.usual.clone(),
            levels: self.own.clone(),
            targets,
        }
    }
}

fn check(target: &str, level: LogLevel) -> Result<(), LevelsRefused> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.');
    if target.is_empty() || target.len() > TARGET_BYTES_MAX || !target.chars().all(good) {
        return Err(LevelsRefused::Target { target: target.to_owned() });
    }
    if level == LogLevel::Trace && !target.starts_with(OWN) {
        return Err(LevelsRefused::Talkative { target: target.to_owned(), level });
    }
    Ok(())
}

fn end(now: Timestamp, lasting: Duration) -> Result<Timestamp, LevelsRefused> {
    let minutes = lasting.as_secs() / 60;
    if !(1..=MINUTES_MAX).contains(&minutes) {
        return Err(LevelsRefused::Lasting { max_minutes: MINUTES_MAX });
    }
    Ok(now.saturating_add(lasting))
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

fn level(filter: LevelFilter) -> LogLevel {
    match filter {
        LevelFilter::WARN => LogLevel::Warn,
        LevelFilter::INFO => LogLevel::Info,
        LevelFilter::DEBUG => LogLevel::Debug,
        LevelFilter::TRACE => LogLevel::Trace,
        _ => LogLevel::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    /// Sets one level and says what comes of it.
    #[track_caller]
    fn check(target: &str, level: LogLevel, minutes: u64, expect: &str) {
        let mut levels = Levels::of("info");
        let lasting = Duration::from_secs(minutes * 60);
        let wish = LevelsWish { default: None, levels: vec![(target.to_owned(), level, lasting)] };
        let told = match levels.set(&wish, NOW) {
            Ok(()) => levels.targets().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(expect), "{told}");
    }

    #[test]
    fn levels_hold_for_minutes_and_only_own_parts_say_every_step() {
        check("lineshaft_drivers", LogLevel::Trace, 15, "lineshaft_drivers=trace");
        check("rustls", LogLevel::Debug, 15, "rustls=debug");
        check("rustls", LogLevel::Trace, 15, "only parts of Lineshaft");
        check("lineshaft_drivers", LogLevel::Debug, 0, "1 to 1440 minutes");
        check("lineshaft_drivers", LogLevel::Debug, 1_441, "1 to 1440 minutes");
        check("", LogLevel::Debug, 1, "no part of the program");
        check("a b", LogLevel::Debug, 1, "no part of the program");
    }

    #[test]
    fn a_wish_that_is_refused_in_part_changes_nothing() {
        let mut levels = Levels::of("warn,lineshaft_shaft=debug");
        let minute = Duration::from_secs(60);
        let good = ("lineshaft_api".to_owned(), LogLevel::Debug, minute);
        let bad = ("x y".to_owned(), LogLevel::Debug, minute);
        let wish = LevelsWish { default: None, levels: vec![good.clone(), bad] };
        assert!(levels.set(&wish, NOW).is_err());
        assert_eq!(levels.next_end(NOW), None);
        let many = vec![good; TARGETS_MAX + 1];
        assert!(levels.set(&LevelsWish { default: None, levels: many }, NOW).is_err());
        let shown = levels.show(Vec::new());
        assert_eq!(
            (shown.default, shown.usual.as_str()),
            (LogLevel::Warn, "warn,lineshaft_shaft=debug")
        );
    }

    #[test]
    fn what_names_no_level_for_all_is_info() {
        for text in ["", "loud", "lineshaft_drivers=loud", "lineshaft_drivers=debug"] {
            assert_eq!(Levels::of(text).show(Vec::new()).default, LogLevel::Info, "{text}");
        }
    }
}
