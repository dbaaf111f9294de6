//! Instants and durations of the plant.

use std::fmt;
use std::time::Duration;

/// An instant in nanoseconds since 1970-01-01 UTC, 1677 to 2262.
///
/// There is no `now()` here: only `runtime::Clock` knows the time, so that every computation over
/// samples gives the same answer live, replayed and in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// The latest instant.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// From nanoseconds since 1970.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Timestamp {
        Timestamp(nanos)
    }

    /// From milliseconds since 1970; beyond the range it saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis.saturating_mul(1_000_000))
    }

    /// From whole seconds since 1970; beyond the range it saturates.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Timestamp {
        Timestamp(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970, rounded towards the past.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The time from `earlier` to `self`, `None` when `earlier` is later.
    #[must_use]
    pub fn checked_since(self, earlier: Timestamp) -> Option<Duration> {
        u64::try_from(i128::from(self.0) - i128::from(earlier.0)).ok().map(Duration::from_nanos)
    }

    /// `self + duration`, held at the end of the range.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(nanos_of(duration)))
    }

    /// `self - duration`, held at the start of the range.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(nanos_of(duration)))
    }

    /// The start of the interval of length `step` that holds this instant, counted from 1970.
    ///
    /// Euclidean, so instants before 1970 round towards the past like all others.
    #[must_use]
    pub fn floor(self, step: Duration) -> Timestamp {
        let step = nanos_of(step).max(1);
        Timestamp(self.0.saturating_sub(self.0.rem_euclid(step)))
    }
}

fn nanos_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC with as many decimals as are needed.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(86_400_000_000_000);
        let in_day = self.0.rem_euclid(86_400_000_000_000);
        let (year, month, day) = civil_from_days(days);
        let secs = in_day / 1_000_000_000;
        let nanos = in_day % 1_000_000_000;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
            secs / 3600,
            secs / 60 % 60,
            secs % 60
        )?;
        if nanos % 1_000_000 == 0 && nanos != 0 {
            write!(f, ".{:03}", nanos / 1_000_000)?;
        } else if nanos != 0 {
            write!(f, ".{nanos:09}")?;
        }
        f.write_str("Z")
    }
}

impl Timestamp {
    /// Reads RFC 3339 (`2026-11-20T08:00:00.5+01:00`) or whole Unix milliseconds; `None` if it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Timestamp> {
        if let Ok(millis) = text.parse::<i64>() {
            return Some(Timestamp::from_millis(millis));
        }
        parse_rfc3339(text)
    }
}

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let part = text.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let mark =
        |at: usize, allowed: &[u8]| text.as_bytes().get(at).is_some_and(|b| allowed.contains(b));
    if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"Tt ") && mark(13, b":") && mark(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let days = days_from_civil(year, month, day);
    if civil_from_days(days) != (year, month, day) {
        return None; // the 30th of February
    }
    let mut rest = &text[19..];
    let mut nanos = 0_i64;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        nanos =
            fraction[..digits].parse::<i64>().ok()? * 10_i64.pow(9 - u32::try_from(digits).ok()?);
        rest = &fraction[digits..];
    }
    let offset = match rest.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let hours: i64 = rest.get(1..3)?.parse().ok()?;
            let minutes: i64 = rest.get(4..6)?.parse().ok()?;
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    let secs = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
    secs.checked_mul(1_000_000_000)?.checked_add(nanos).map(Timestamp)
}

/// Proleptic Gregorian date of a day number, after Howard Hinnant's published algorithm.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// Reads a duration with its unit: `250ms`, `1.5s`, `10m`, `8h`, `30d`; `None` without a unit.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.trim().parse().ok()?;
    let seconds = match unit {
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let total = number * seconds;
    (number >= 0.0 && total <= 1e10).then(|| Duration::try_from_secs_f64(total).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_read_and_print_as_rfc_3339() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000_000),
            ("2026-11-20T08:00:00.500Z", 1_795_161_600_500_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp::from_nanos(nanos)), "{text}");
            assert_eq!(Timestamp::from_nanos(nanos).to_string(), text);
        }
        assert_eq!(
            Timestamp::parse("2026-11-20T09:00:00+01:00"),
            Timestamp::parse("2026-11-20T08:00:00Z")
        );
        assert_eq!(Timestamp::parse("1500"), Some(Timestamp::from_millis(1500)));
        for wrong in ["", "2026-02-30T00:00:00Z", "2026-11-20", "2026-11-20T25:00:00Z", "yesterday"]
        {
            assert_eq!(Timestamp::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_instant_before_1970_is_floored_towards_the_past() {
        let step = Duration::from_secs(60);
        assert_eq!(Timestamp::from_secs(-1).floor(step), Timestamp::from_secs(-60));
        assert_eq!(Timestamp::from_secs(61).floor(step), Timestamp::from_secs(60));
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_duration("1.5 h"), Some(Duration::from_secs(5400)));
        for wrong in ["250", "", "ms", "-1s", "1y", "1e40s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(nanos in any::<i64>()) {
            let ts = Timestamp::from_nanos(nanos);
            prop_assert_eq!(Timestamp::parse(&ts.to_string()), Some(ts));
        }
    }
}
