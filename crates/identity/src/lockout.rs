//! Who has failed too often and has to wait: per account and per source, as a state machine.
//!
//! - Source: IEC 62443-4-2 CR 1.11; NIST SP 800-63B §5.2.2 (throttling).
//! - Not here: a clock (`now` is steady time, [`lineshaft_runtime::Clock::steady`], so that setting the clock ends no
//!   pause), the trail (told what to write), a disk: a restart of the node ends all pauses. The control socket never
//!   comes by here and cannot be locked out.
//!
//! An attempt under way takes the place of a failure until it is decided, so a hundred at once do not get past a limit
//! of five. While somebody has to wait the right password is refused as well, in the same words and after the
//! same time: see [`crate::password`]. Names without an account are counted like accounts, so a lockout does not tell
//! which names exist.
//!
//! ```
//! use std::time::Duration;
//! use lineshaft_identity::lockout::{Limits, Lockout, Target, Verdict};
//!
//! let mut lockout = Lockout::new(Limits::default());
//! let source = Some("192.0.2.7".parse()?);
//! let mut now = Duration::ZERO;
//! for failure in 1..=5 {
//!     let Verdict::Try(attempt) = lockout.begin(Target::Known(12), source, now) else { panic!() };
//!     let begun = lockout.failed(attempt, now); // the password was wrong: goes to the trail each time
//!     assert_eq!(begun.len(), usize::from(failure == 5)); // and with the fifth a lockout does
//! }
//! assert!(matches!(lockout.begin(Target::Known(12), source, now), Verdict::Refuse(_)));
//! now += Duration::from_secs(15 * 60);
//! assert!(matches!(lockout.begin(Target::Known(12), source, now), Verdict::Try(_)));
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::secret::digest;

/// How often somebody may fail, and how long he waits then.
///
/// | field | unit | default | |
/// |---|---|---|---|
/// | `attempts` | failures of one account in `window` | 5 | 0 counts as 1 |
/// | `source_attempts` | failures from one source in `window` | 20 | 0 counts as 1 |
/// | `window` | | 15 min | a failure this old or older does not count |
/// | `pause` | | 15 min | the first pause; each further one is twice as long |
/// | `pause_max` | | 4 h | the longest pause; this long without a pause, and the next is the first again |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Failures of one account.
    pub attempts: u32,
    /// Failures from one source.
    pub source_attempts: u32,
    /// Within this time.
    pub window: Duration,
    /// The first pause.
    pub pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Limits {
            attempts: 5,
            source_attempts: 20,
            window: minutes(15),
            pause: minutes(15),
            pause_max: minutes(240),
        }
    }
}

impl Limits {
    /// How long the pause after `before` other ones is.
    fn pause_after(&self, before: u32) -> Duration {
        let twofold = 1_u32.checked_shl(before).unwrap_or(u32::MAX);
        self.pause.saturating_mul(twofold).min(self.pause_max.max(self.pause))
    }
}

/// Whose password somebody tries.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// An account, by its number.
    Known(u64),
    /// A name that no account has.
    Unknown(&'a str),
}

/// Where attempts come from: an IPv4 address, or the first 64 bits of an IPv6 address, because whoever has one of
/// those has all that begin alike. An IPv4 address in an IPv6 one is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// One address.
    V4(Ipv4Addr),
    /// A network of 64 bits; the rest of the address is zero.
    V6(Ipv6Addr),
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Source {
        match address.to_canonical() {
            IpAddr::V4(address) => Source::V4(address),
            IpAddr::V6(address) => {
                Source::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::V4(address) => write!(f, "{address}"),
            Source::V6(network) => write!(f, "{network}/64"),
        }
    }
}

/// Who has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// An account, by its number.
    Account(u64),
    /// A name that no account has; only a digest of it is kept, since people type passwords there.
    Unknown([u8; 32]),
    /// A source.
    Source(Source),
    /// Sources and names that made way for others; what they still had to be recorded is counted together.
    Forgotten,
}

/// Whether an attempt may be made.
#[derive(Debug)]
pub enum Verdict {
    /// Yes. How it came out is told with [`Lockout::failed`], [`Lockout::succeeded`] or [`Lockout::taken_back`].
    Try(Attempt),
    /// Not now: as many are under way as may still fail. They decide in a moment; the caller is told that we are busy.
    Wait,
    /// No: somebody has to wait. The answer is that of a wrong password.
    Refuse(Refused),
}

/// An attempt under way. One that is dropped without a word keeps its place for the window: see `login::Trying`.
#[derive(Debug)]
#[must_use = "say how it came out: failed, succeeded or taken_back"]
pub struct Attempt {
    whose: Whose,
    source: Option<Source>,
    number: u64,
}

/// An attempt that was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Who has to wait; the source if both have to.
    pub whose: Whose,
    /// Until when.
    pub until: Duration,
    /// What to write into the trail now; while somebody waits that is once a minute.
    pub record: Option<Record>,
}

/// Refused attempts, to be written into the trail as one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Who had to wait.
    pub whose: Whose,
    /// How many attempts were refused since the lockout's entry or the last such record.
    pub count: u64,
}

/// Somebody has to wait from now on: an entry of its own in the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Who.
    pub whose: Whose,
    /// Until when; at that instant he may try again.
    pub until: Duration,
}

/// The state. Not for two threads at a time: whoever owns it has a lock around it.
#[derive(Debug)]
pub struct Lockout {
    limits: Limits,
    accounts: Table<u64>,
    unknown: Table<[u8; 32]>,
    sources: Table<Source>,
    /// Refused attempts of lines that made way before they were recorded.
    forgotten: u64,
    /// The number of the next attempt.
    next: u64,
}

impl Lockout {
    /// The most sources kept, and the most names without an account; one more, and the one that has been quiet for
    /// longest goes, its pause with it. Whoever commands that many addresses gets round the pause of a source; the
    /// pause of an account, of which there are as many lines as accounts, he does not.
    pub const LINES_MAX: usize = 10_000;
    /// While somebody has to wait, refused attempts are recorded this often.
    pub const RECORD_EVERY: Duration = Duration::from_secs(60);

    /// Nobody has failed.
    #[must_use]
    pub fn new(limits: Limits) -> Lockout {
        Lockout::with_lines(limits, Lockout::LINES_MAX)
    }

    fn with_lines(limits: Limits, lines_max: usize) -> Lockout {
        Lockout {
            limits,
            accounts: Table::new(usize::MAX),
            unknown: Table::new(lines_max),
            sources: Table::new(lines_max),
            forgotten: 0,
            next: 0,
        }
    }

    /// Other limits from now on. Pauses that have begun stay as long as they are.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Somebody wants to try a password. Without an address (`None`) only the account counts.
    pub fn begin(&mut self, target: Target<'_>, address: Option<IpAddr>, now: Duration) -> Verdict {
        let whose = match target {
            Target::Known(number) => Whose::Account(number),
            Target::Unknown(name) => Whose::Unknown(digest(name)),
        };
        let source = address.map(Source::from);
        let both = [source.map(Whose::Source), Some(whose)].into_iter().flatten();
        let mut is_full = false;
        // The source first: one that tries a thousand names is one line a minute in the trail, not a thousand.
        for whose in both.clone() {
            let limits = self.limits;
            let most = self.most(&whose);
            let Some(line) = self.line(&whose) else { continue };
            line.settle(&limits, now);
            if let Some(until) = line.paused_until {
                let record = line.refuse(now).map(|count| Record { whose, count });
                self.touch(&whose);
                return Verdict::Refuse(Refused { whose, until, record });
            }
            is_full |= line.tries.len() >= most;
        }
        if is_full {
            return Verdict::Wait;
        }
        let number = self.next;
        self.next += 1;
        for whose in both {
            self.touch(&whose);
            if let Some(line) = self.line(&whose) {
                line.tries.push_back(Try { number, at: now, has_failed: false });
            }
        }
        Verdict::Try(Attempt { whose, source, number })
    }

    /// The password (or the code) was wrong: to be written into the trail, followed by each pause that begins with it.
    #[must_use = "each pause is an entry in the trail"]
    pub fn failed(&mut self, attempt: Attempt, now: Duration) -> Vec<Pause> {
        let limits = self.limits;
        let both = [Some(attempt.whose), attempt.source.map(Whose::Source)];
        let mut begun = Vec::new();
        for whose in both.into_iter().flatten() {
            let most = self.most(&whose);
            // It may have been unlocked or forgotten meanwhile; then there is nothing to count any more.
            let Some(line) = self.line(&whose) else { continue };
            let Some(tried) = line.tried(attempt.number) else { continue };
            line.tries[tried].has_failed = true;
            let failures = line.tries.iter().filter(|tried| tried.has_failed).count();
            if line.paused_until.is_none() && failures >= most {
                begun.push(Pause { whose, until: line.pause(&limits, now) });
            }
        }
        begun
    }

    /// The password was right: the account begins anew, and if somebody was refused meanwhile that is to be recorded.
    /// The source does not: else one account of his own would let somebody try all the others.
    #[must_use = "refused attempts belong into the trail"]
    pub fn succeeded(&mut self, attempt: Attempt) -> Option<Record> {
        let whose = attempt.whose;
        let refused = self.remove(&whose).map_or(0, |line| line.refused);
        self.forget_attempt(attempt);
        (refused > 0).then_some(Record { whose, count: refused })
    }

    /// The attempt was not made after all, because we were too busy: nothing has happened.
    pub fn taken_back(&mut self, attempt: Attempt) {
        self.forget_attempt(attempt);
    }

    /// Lifts a pause by hand and forgets all failures. `None` when there was neither.
    #[must_use = "refused attempts belong into the trail"]
    pub fn unlock(&mut self, whose: &Whose, now: Duration) -> Option<Unlocked> {
        let line = self.remove(whose)?;
        let was_paused = line.paused_until.is_some_and(|until| now < until);
        let record = (line.refused > 0).then_some(Record { whose: *whose, count: line.refused });
        Some(Unlocked { was_paused, record })
    }

    /// Until when an account has to wait; `None` when it does not.
    #[must_use]
    pub fn paused_until(&self, whose: &Whose, now: Duration) -> Option<Duration> {
        let line = match whose {
            Whose::Account(number) => self.accounts.get(number),
            Whose::Unknown(name) => self.unknown.get(name),
            Whose::Source(source) => self.sources.get(source),
            Whose::Forgotten => None,
        };
        line?.paused_until.filter(|until| now < *until)
    }

    /// Everybody who has to wait, accounts first.
    #[must_use]
    pub fn pauses(&self, now: Duration) -> Vec<Pause> {
        let accounts = self.accounts.lines().map(|(number, line)| (Whose::Account(*number), line));
        let unknown = self.unknown.lines().map(|(name, line)| (Whose::Unknown(*name), line));
        let sources = self.sources.lines().map(|(source, line)| (Whose::Source(*source), line));
        let paused = |(whose, line): (Whose, &Line)| {
            line.paused_until.filter(|until| now < *until).map(|until| Pause { whose, until })
        };
        let mut pauses: Vec<Pause> =
            accounts.chain(unknown).chain(sources).filter_map(paused).collect();
        pauses.sort_unstable_by_key(|pause| pause.whose);
        pauses
    }

    /// What is to be written into the trail although nobody tries any more; lines that say nothing any more go.
    /// To be called once a minute, and with [`Duration::MAX`] before the node stops.
    #[must_use = "refused attempts belong into the trail"]
    pub fn overdue(&mut self, now: Duration) -> Vec<Record> {
        let mut records = Vec::new();
        let limits = self.limits;
        self.accounts.sweep(&limits, now, Whose::Account, &mut records);
        self.unknown.sweep(&limits, now, Whose::Unknown, &mut records);
        self.sources.sweep(&limits, now, Whose::Source, &mut records);
        let forgotten = std::mem::take(&mut self.forgotten);
        if forgotten > 0 {
            records.push(Record { whose: Whose::Forgotten, count: forgotten });
        }
        records
    }

    fn most(&self, whose: &Whose) -> usize {
        let most = match whose {
            Whose::Source(_) => self.limits.source_attempts,
            _ => self.limits.attempts,
        };
        most.max(1) as usize
    }

    fn line(&mut self, whose: &Whose) -> Option<&mut Line> {
        match whose {
            Whose::Account(number) => self.accounts.get_mut(number),
            Whose::Unknown(name) => self.unknown.get_mut(name),
            Whose::Source(source) => self.sources.get_mut(source),
            Whose::Forgotten => None,
        }
    }

    /// Makes a line the newest; makes it if it is not there, and room for it.
    fn touch(&mut self, whose: &Whose) {
        self.forgotten += match whose {
            Whose::Account(number) => self.accounts.touch(*number),
            Whose::Unknown(name) => self.unknown.touch(*name),
            Whose::Source(source) => self.sources.touch(*source),
            Whose::Forgotten => 0,
        };
    }

    fn remove(&mut self, whose: &Whose) -> Option<Line> {
        match whose {
            Whose::Account(number) => self.accounts.remove(number),
            Whose::Unknown(name) => self.unknown.remove(name),
            Whose::Source(source) => self.sources.remove(source),
            Whose::Forgotten => None,
        }
    }

    fn forget_attempt(&mut self, attempt: Attempt) {
        let Attempt { whose, source, number } = attempt;
        for whose in [Some(whose), source.map(Whose::Source)].into_iter().flatten() {
            if let Some(line) = self.line(&whose)
                && let Some(tried) = line.tried(number)
            {
                line.tries.remove(tried);
            }
        }
    }
}

/// What an unlocking by hand did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlocked {
    /// Whether there was a pause to lift, or only failures to forget.
    pub was_paused: bool,
    /// What is to be recorded before.
    pub record: Option<Record>,
}

/// What is known of one account, name or source.
#[derive(Debug, Default)]
struct Line {
    /// Failures and attempts under way within the window, oldest first. At most as many as the limit.
    tries: VecDeque<Try>,
    paused_until: Option<Duration>,
    /// When the last pause ended or will end, and how many there were.
    last_end: Duration,
    pauses: u32,
    /// Refused and not yet recorded, and when something was recorded last.
    refused: u64,
    recorded: Duration,
    /// Its place in the order of going.
    touched: u64,
}

/// An attempt that has failed, or of which nobody knows yet.
#[derive(Debug, Clone, Copy)]
struct Try {
    number: u64,
    at: Duration,
    has_failed: bool,
}

impl Line {
    /// The place of an attempt, unless the line began anew since or the window has gone by.
    fn tried(&self, number: u64) -> Option<usize> {
        self.tries.iter().position(|tried| tried.number == number)
    }

    fn settle(&mut self, limits: &Limits, now: Duration) {
        if self.paused_until.is_some_and(|until| now >= until) {
            self.paused_until = None;
        }
        let is_old = |tried: &Try| now.saturating_sub(tried.at) >= limits.window;
        while self.tries.front().is_some_and(is_old) {
            self.tries.pop_front();
        }
        if self.paused_until.is_none() && now.saturating_sub(self.last_end) >= limits.pause_max {
            self.pauses = 0;
        }
    }

    fn pause(&mut self, limits: &Limits, now: Duration) -> Duration {
        let until = now.saturating_add(limits.pause_after(self.pauses));
        self.pauses = self.pauses.saturating_add(1);
        self.tries.clear();
        (self.paused_until, self.last_end, self.recorded) = (Some(until), until, now);
        until
    }

    /// Counts a refused attempt; the count when it is time to record it.
    fn refuse(&mut self, now: Duration) -> Option<u64> {
        self.refused += 1;
        self.record(now)
    }

    fn record(&mut self, now: Duration) -> Option<u64> {
        let is_time = now.saturating_sub(self.recorded) >= Lockout::RECORD_EVERY;
        if self.refused == 0 || !is_time {
            return None;
        }
        self.recorded = now;
        Some(std::mem::take(&mut self.refused))
    }

    /// Whether forgetting it makes no difference.
    fn is_at_rest(&self) -> bool {
        self.tries.is_empty()
            && self.paused_until.is_none()
            && self.pauses == 0
            && self.refused == 0
    }
}

/// Lines by key, at most `lines_max`; the one touched longest ago makes way.
#[derive(Debug)]
struct Table<K> {
    lines: HashMap<K, Line>,
    order: BTreeMap<u64, K>,
    next: u64,
    lines_max: usize,
}

impl<K: Copy + Eq + Hash> Table<K> {
    fn new(lines_max: usize) -> Table<K> {
        Table { lines: HashMap::new(), order: BTreeMap::new(), next: 1, lines_max }
    }

    fn get(&self, key: &K) -> Option<&Line> {
        self.lines.get(key)
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut Line> {
        self.lines.get_mut(key)
    }

    fn lines(&self) -> impl Iterator<Item = (&K, &Line)> {
        self.lines.iter()
    }

    /// How many refused attempts of the line that made way were not recorded yet.
    fn touch(&mut self, key: K) -> u64 {
        let touched = self.next;
        self.next += 1;
        let line = self.lines.entry(key).or_default();
        self.order.remove(&line.touched);
        line.touched = touched;
        self.order.insert(touched, key);
        if self.lines.len() <= self.lines_max {
            return 0;
        }
        let oldest = self.order.pop_first().and_then(|(_, oldest)| self.lines.remove(&oldest));
        oldest.map_or(0, |line| line.refused)
    }

    fn remove(&mut self, key: &K) -> Option<Line> {
        let line = self.lines.remove(key)?;
        self.order.remove(&line.touched);
        Some(line)
    }

    fn sweep(
        &mut self,
        limits: &Limits,
        now: Duration,
        whose: impl Fn(K) -> Whose,
        records: &mut Vec<Record>,
    ) {
        let order = &mut self.order;
        self.lines.retain(|key, line| {
            line.settle(limits, now);
            if let Some(count) = line.record(now) {
                records.push(Record { whose: whose(*key), count });
            }
            let stays = !line.is_at_rest();
            if !stays {
                order.remove(&line.touched);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests;
