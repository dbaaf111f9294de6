//! Ends of life: told 30, 7 and 1 days before, in the log once, on the page about security all the time.

use std::collections::HashMap;
use std::time::Duration;

use lineshaft_model::Timestamp;
use tracing::{error, warn};

use crate::limits::{DAY, SERVER_LIFETIME, WARN_DAYS};
use crate::line::{CertificateLine, Fingerprint, Purpose, Source};
use crate::metrics;
use crate::posture::{Finding, Severity};

/// Which warnings were told.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    told: HashMap<Fingerprint, Stage>,
}

/// How near the end is; a higher one is nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Days(std::cmp::Reverse<u32>),
    Over,
}

impl Watch {
    /// Logs what came nearer since the last look, and sets the metrics.
    pub(crate) fn look(&mut self, lines: &[CertificateLine], now: Timestamp) {
        for (line, stage) in self.news(lines, now) {
            let (purpose, subject, end) = (line.purpose.word(), &line.subject, line.not_after);
            match stage {
                Stage::Over if line.purpose != Purpose::Client => {
                    error!(code = "LS-TLS-017", purpose, subject, %end, "a certificate ended");
                }
                _ => warn!(code = "LS-TLS-017", purpose, subject, %end, "a certificate ends soon"),
            }
        }
        measure(lines, now);
    }

    /// What came nearer since the last look; each threshold once.
    fn news<'l>(
        &mut self,
        lines: &'l [CertificateLine],
        now: Timestamp,
    ) -> Vec<(&'l CertificateLine, Stage)> {
        self.told.retain(|print, _| lines.iter().any(|line| line.fingerprint == *print));
        let mut news = Vec::new();
        for line in lines.iter().filter(|line| !line.revoked) {
            let Some(stage) = stage(line.not_after, now) else { continue };
            // What ended before this node knew it is history.
            let history = stage == Stage::Over && line.purpose == Purpose::Client;
            let told = self.told.get(&line.fingerprint).is_some_and(|told| *told >= stage);
            if !told && !history {
                self.told.insert(line.fingerprint, stage);
                news.push((line, stage));
            }
        }
        news
    }
}

/// Sets the metric: the soonest end of each purpose.
fn measure(lines: &[CertificateLine], now: Timestamp) {
    for purpose in [Purpose::Authority, Purpose::Server, Purpose::Client] {
        // A client certificate that ended is history; the others are still wanted.
        let counts = |line: &&CertificateLine| {
            let history = purpose == Purpose::Client && line.not_after < now;
            line.purpose == purpose && !line.revoked && !history
        };
        if let Some(end) = lines.iter().filter(counts).map(|line| line.not_after).min() {
            let left = seconds_between(now, end);
            metrics::expires(purpose.word(), left);
        }
    }
}

/// Findings about ends of life.
pub(crate) fn findings(lines: &[CertificateLine], now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for line in lines.iter().filter(|line| !line.revoked) {
        if now < line.not_before {
            findings.push(Finding::new(
                Severity::Bad,
                "LS-TLS-005",
                format!("{} begins to hold on {} only", name(line), line.not_before),
                "set the clock of this machine; if it is right, renew the certificate",
            ));
            continue;
        }
        if let Some(stage) = stage(line.not_after, now) {
            findings.extend(ending(line, stage));
        } else if is_own_authority(line) && now.saturating_add(SERVER_LIFETIME) > line.not_after {
            findings.push(Finding::new(
                Severity::Warn,
                "LS-TLS-017",
                format!(
                    "{} ends on {}; what it signs now ends with it",
                    name(line),
                    line.not_after
                ),
                remedy(line),
            ));
        }
    }
    findings
}

fn ending(line: &CertificateLine, stage: Stage) -> Option<Finding> {
    let what = match stage {
        // Whoever held it does not come in any more: nothing is open, and it is not said for ever.
        Stage::Over if line.purpose == Purpose::Client => return None,
        Stage::Over => format!("{} ended on {}", name(line), line.not_after),
        Stage::Days(days) if days.0 == 1 => {
            format!("{} ends within a day, on {}", name(line), line.not_after)
        }
        Stage::Days(days) => {
            format!("{} ends within {} days, on {}", name(line), days.0, line.not_after)
        }
    };
    let near = stage >= Stage::Days(std::cmp::Reverse(WARN_DAYS[1]));
    let severity = if near { Severity::Bad } else { Severity::Warn };
    Some(Finding::new(severity, "LS-TLS-017", what, remedy(line)))
}

fn name(line: &CertificateLine) -> String {
    let kind = match (line.purpose, line.source) {
        (Purpose::Authority, Source::Own) => "the own authority",
        (Purpose::Authority, Source::File) => "the trusted authority",
        (Purpose::Server, _) => "the server certificate",
        (Purpose::Client, _) => "the client certificate",
    };
    format!("{kind} `{}`", line.subject)
}

fn remedy(line: &CertificateLine) -> &'static str {
    match (line.purpose, line.source) {
        (Purpose::Authority, Source::Own) => {
            "make a new authority and give its certificate to everybody who trusts the old one"
        }
        (Purpose::Authority, Source::File) => {
            "ask whoever runs it for its successor and trust that"
        }
        (Purpose::Server, Source::Own) => {
            "it is renewed on its own; look in the log why it was not"
        }
        (Purpose::Server, Source::File) => {
            "put the new certificate and key in the place of the old files"
        }
        (Purpose::Client, _) => "issue a new one and bring it to the client",
    }
}

fn is_own_authority(line: &CertificateLine) -> bool {
    line.purpose == Purpose::Authority && line.source == Source::Own
}

fn stage(end: Timestamp, now: Timestamp) -> Option<Stage> {
    let left = match end.checked_since(now) {
        Some(left) => left,
        None => return Some(Stage::Over),
    };
    let within = |days: &&u32| left <= Duration::from_secs(u64::from(**days) * DAY.as_secs());
    WARN_DAYS.iter().rev().find(within).map(|days| Stage::Days(std::cmp::Reverse(*days)))
}

fn seconds_between(now: Timestamp, end: Timestamp) -> i64 {
    end.nanos().saturating_sub(now.nanos()).div_euclid(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_threshold_counts_and_its_boundary_belongs_to_it() {
        let day = |days: i64, secs: i64| Timestamp::from_secs(days * 86_400 + secs);
        let at = |now: Timestamp| stage(day(100, 0), now);
        let days = |days: u32| Some(Stage::Days(std::cmp::Reverse(days)));
        assert_eq!(at(day(69, 86_399)), None);
        assert_eq!(at(day(70, 0)), days(30));
        assert_eq!(at(day(92, 86_399)), days(30));
        assert_eq!(at(day(93, 0)), days(7));
        assert_eq!(at(day(99, 0)), days(1));
        assert_eq!(at(day(100, 0)), days(1));
        assert_eq!(at(day(100, 1)), Some(Stage::Over));
        assert!(days(30) < days(7) && days(7) < days(1) && days(1) < Some(Stage::Over));
    }

    #[test]
    fn each_threshold_is_told_once_and_a_jump_over_several_tells_the_nearest() {
        let line = |purpose, print: u8, end: i64| CertificateLine {
            purpose,
            subject: String::new(),
            names: Vec::new(),
            not_before: Timestamp::from_secs(0),
            not_after: Timestamp::from_secs(end * 86_400),
            fingerprint: [print; 32],
            issuer: String::new(),
            serial: String::new(),
            key_kind: String::new(),
            revoked: false,
            source: Source::File,
        };
        let mut lines = vec![
            line(Purpose::Server, 1, 100),
            line(Purpose::Client, 2, 90),
            line(Purpose::Client, 3, 90),
        ];
        lines[2].revoked = true;
        let mut watch = Watch::default();
        let mut told = |day: i64| -> Vec<(u8, Stage)> {
            let news = watch.news(&lines, Timestamp::from_secs(day * 86_400));
            news.into_iter().map(|(line, stage)| (line.fingerprint[0], stage)).collect()
        };
        let days = |days: u32| Stage::Days(std::cmp::Reverse(days));
        assert_eq!(told(50), []);
        assert_eq!(told(60), [(2, days(30))]);
        assert_eq!(told(70), [(1, days(30))]);
        assert_eq!(told(71), []);
        assert_eq!(told(99), [(1, days(1))], "the client's end passed unseen: that is history");
        assert_eq!(told(98), [], "a clock set back tells nothing again");
        assert_eq!(told(101), [(1, Stage::Over)]);
        assert_eq!(told(500), []);
    }
}
