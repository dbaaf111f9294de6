//! How far a value may be trusted, and why not further.

use std::fmt;

/// The three levels every field protocol knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// As the device said it.
    Good = 0,
    /// Usable with care.
    Uncertain = 1,
    /// Not a measurement.
    Bad = 2,
}

/// Why a quality is not good. The number is stable: it is what files and wires carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Reason {
    /// Nothing to say: the only reason a good quality has.
    None = 0,
    /// The source gave no reason, or one that has no word here.
    Unknown = 1,
    /// The line to the device is down or it did not answer in time.
    Comm = 2,
    /// The device answered that it has failed or is not ready.
    Device = 3,
    /// The value is outside the range it can have.
    Range = 4,
    /// No news for longer than the tag allows.
    Stale = 5,
    /// A person or an operator put this value in place of the measured one.
    Substituted = 6,
    /// The device does not have this address, or refuses to give it.
    NotConfigured = 7,
    /// The device's clock cannot be right.
    Clock = 8,
    /// The number was NaN or infinite.
    NotANumber = 9,
    /// An input of the computation was bad.
    Input = 10,
    /// Configured, but nothing has arrived yet.
    NotYet = 11,
    /// The tag was taken out of the plant folder or its device was disabled.
    OutOfService = 12,
    /// Samples are missing from here on: the node did not run, or the disk was full.
    Lost = 13,
}

impl Reason {
    /// All reasons in the order of their numbers.
    pub const ALL: [Reason; 14] = [
        Reason::None,
        Reason::Unknown,
        Reason::Comm,
        Reason::Device,
        Reason::Range,
        Reason::Stale,
        Reason::Substituted,
        Reason::NotConfigured,
        Reason::Clock,
        Reason::NotANumber,
        Reason::Input,
        Reason::NotYet,
        Reason::OutOfService,
        Reason::Lost,
    ];

    /// The word used in JSON, on the page and in messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Reason::None => "none",
            Reason::Unknown => "unknown",
            Reason::Comm => "comm",
            Reason::Device => "device",
            Reason::Range => "range",
            Reason::Stale => "stale",
            Reason::Substituted => "substituted",
            Reason::NotConfigured => "not-configured",
            Reason::Clock => "clock",
            Reason::NotANumber => "not-a-number",
            Reason::Input => "input",
            Reason::NotYet => "not-yet",
            Reason::OutOfService => "out-of-service",
            Reason::Lost => "lost",
        }
    }
}

/// Level and reason in two bytes. Never rises along the way by accident: see [`Quality::worst`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quality {
    level: Level,
    reason: Reason,
}

impl Quality {
    /// As the device said it.
    pub const GOOD: Quality = Quality { level: Level::Good, reason: Reason::None };

    /// Not a measurement, because of `reason`.
    #[must_use]
    pub const fn bad(reason: Reason) -> Quality {
        Quality { level: Level::Bad, reason: said(reason) }
    }

    /// Usable with care, because of `reason`.
    #[must_use]
    pub const fn uncertain(reason: Reason) -> Quality {
        Quality { level: Level::Uncertain, reason: said(reason) }
    }

    /// The level alone.
    #[must_use]
    pub const fn level(self) -> Level {
        self.level
    }

    /// Why it is not good; [`Reason::None`] for a good one.
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.reason
    }

    /// Whether the value may be used without care.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self.level, Level::Good)
    }

    /// Whether the value is no measurement at all.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self.level, Level::Bad)
    }

    /// The worse of the two; of equals the first, whose reason came first.
    #[must_use]
    pub fn worst(self, other: Quality) -> Quality {
        if other.level > self.level { other } else { self }
    }

    /// Both bytes as one number, the form files and wires carry: level in the high byte.
    #[must_use]
    pub const fn to_code(self) -> u16 {
        (self.level as u16) << 8 | self.reason as u16
    }

    /// Reads [`Quality::to_code`]; what this version does not know becomes bad for an unknown reason.
    #[must_use]
    pub fn from_code(code: u16) -> Quality {
        let [level, reason] = code.to_be_bytes();
        let reason = Reason::ALL.get(usize::from(reason)).copied().unwrap_or(Reason::Unknown);
        match level {
            0 if reason == Reason::None => Quality::GOOD,
            1 => Quality::uncertain(reason),
            _ => Quality::bad(reason),
        }
    }

    /// `good`, `uncertain` or `bad`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self.level {
            Level::Good => "good",
            Level::Uncertain => "uncertain",
            Level::Bad => "bad",
        }
    }
}

const fn said(reason: Reason) -> Reason {
    if matches!(reason, Reason::None) { Reason::Unknown } else { reason }
}

/// `good`, or the level with its reason: `bad(comm)`.
impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        if self.is_good() { Ok(()) } else { write!(f, "({})", self.reason.word()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quality_survives_its_code() {
        for reason in Reason::ALL {
            for quality in [Quality::GOOD, Quality::uncertain(reason), Quality::bad(reason)] {
                assert_eq!(Quality::from_code(quality.to_code()), quality);
            }
        }
    }

    #[test]
    fn a_code_from_the_future_is_bad_not_good() {
        assert_eq!(Quality::from_code(0x00ff), Quality::bad(Reason::Unknown));
        assert_eq!(Quality::from_code(0x7f02), Quality::bad(Reason::Comm));
    }

    #[test]
    fn the_worst_of_two_keeps_the_first_reason() {
        let (comm, stale) = (Quality::bad(Reason::Comm), Quality::bad(Reason::Stale));
        assert_eq!(comm.worst(stale), comm);
        assert_eq!(
            Quality::GOOD.worst(Quality::uncertain(Reason::Range)).to_string(),
            "uncertain(range)"
        );
    }
}
