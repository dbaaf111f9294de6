use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn minutes(minutes: u32) -> Duration {
    MINUTE * minutes
}

fn address(text: &str) -> Option<IpAddr> {
    (!text.is_empty()).then(|| text.parse().unwrap())
}

/// Plays a story, one step a word, and compares what happened, one word for each attempt.
///
/// Steps: `7!` a wrong and `7=` the right password for account 7, `~x!` a wrong one for a name without account,
/// `+15m`/`+59s` time passes, `unlock7`, `@192.0.2.1` from there on that source, `tick` the minute's round.
/// What happens: `failed`, `failed+account` (a pause begins), `failed+source`, `in`, `no` (refused), `no*3` (refused, and
/// a record of 3), `wait`, `record*2` of a tick, an unlock or a login.
#[track_caller]
fn check(story: &str, want: &str) {
    let mut lockout = Lockout::new(Limits::default());
    let (mut now, mut from, mut got) = (Duration::ZERO, None, Vec::new());
    for step in story.split_whitespace() {
        if let Some(source) = step.strip_prefix('@') {
            from = address(source);
        } else if let Some(time) = step.strip_prefix('+') {
            let (number, unit) = time.split_at(time.len() - 1);
            now += Duration::from_secs(
                number.parse::<u64>().unwrap() * if unit == "m" { 60 } else { 1 },
            );
        } else if let Some(number) = step.strip_prefix("unlock") {
            let whose = Whose::Account(number.parse().unwrap());
            got.push(match lockout.unlock(&whose, now) {
                Some(Unlocked { was_paused, record }) => {
                    format!("unlocked:{was_paused}{}", counted(record))
                }
                None => "nothing".to_owned(),
            });
        } else if step == "tick" {
            for record in lockout.overdue(now) {
                got.push(format!("record{}", counted(Some(record))));
            }
        } else {
            got.push(attempt(&mut lockout, step, from, now));
        }
    }
    assert_eq!(got.join(" "), want, "{story}");
}

fn counted(record: Option<Record>) -> String {
    record.map_or(String::new(), |record| format!("*{}", record.count))
}

fn attempt(lockout: &mut Lockout, step: &str, from: Option<IpAddr>, now: Duration) -> String {
    let (whom, outcome) = step.split_at(step.len() - 1);
    let target = match whom.strip_prefix('~') {
        Some(name) => Target::Unknown(name),
        None => Target::Known(whom.parse().unwrap()),
    };
    match lockout.begin(target, from, now) {
        Verdict::Wait => "wait".to_owned(),
        Verdict::Refuse(refused) => format!("no{}", counted(refused.record)),
        Verdict::Try(attempt) if outcome == "=" => {
            format!("in{}", counted(lockout.succeeded(attempt)))
        }
        Verdict::Try(attempt) => {
            let begun = lockout.failed(attempt, now).into_iter().map(|pause| match pause.whose {
                Whose::Source(_) => "+source",
                _ => "+account",
            });
            format!("failed{}", begun.collect::<String>())
        }
    }
}

#[test]
fn the_fifth_failure_begins_a_pause_and_the_right_password_does_not_help() {
    check("7! 7! 7! 7! 7! 7! 7=", "failed failed failed failed failed+account no no");
}

#[test]
fn the_right_password_makes_the_account_begin_anew() {
    check(
        "7! 7! 7! 7! 7= 7! 7! 7! 7! 7=",
        "failed failed failed failed in failed failed failed failed in",
    );
}

#[test]
fn a_failure_exactly_as_old_as_the_window_does_not_count() {
    check("7! +899s 7! 7! 7! 7!", "failed failed failed failed failed+account");
    check("7! +900s 7! 7! 7! 7! 7=", "failed failed failed failed failed in");
}

#[test]
fn at_the_end_of_the_pause_one_may_try_again_and_the_next_pause_is_twice_as_long() {
    let five = "7! 7! 7! 7! 7!";
    let failed = "failed failed failed failed failed+account";
    check(&format!("{five} +899s 7= +1s 7="), &format!("{failed} no*1 in"));
    check(&format!("{five} +15m {five} +29m 7= +1m 7="), &format!("{failed} {failed} no*1 in"));
}

#[test]
fn a_login_in_between_makes_the_next_pause_the_first_again() {
    let five = "7! 7! 7! 7! 7!";
    let failed = "failed failed failed failed failed+account";
    check(&format!("{five} +15m 7= {five} +15m 7="), &format!("{failed} in {failed} in"));
}

#[test]
fn pauses_double_up_to_four_hours_and_four_quiet_hours_forget_them() {
    let mut lockout = Lockout::new(Limits::default());
    let mut now = Duration::ZERO;
    let mut pause = |quiet: Duration| {
        now += quiet;
        for _ in 0..4 {
            let _ = begun(&mut lockout, now);
        }
        let until = begun(&mut lockout, now)[0].until;
        let length = until - now;
        now = until;
        length.as_secs() / 60
    };
    let lengths: Vec<u64> = (0..7).map(|_| pause(Duration::ZERO)).collect();
    assert_eq!(lengths, [15, 30, 60, 120, 240, 240, 240]);
    assert_eq!(pause(minutes(240) - Duration::from_secs(1)), 240);
    assert_eq!(pause(minutes(240)), 15);
}

fn begun(lockout: &mut Lockout, now: Duration) -> Vec<Pause> {
    match lockout.begin(Target::Known(7), None, now) {
        Verdict::Try(attempt) => lockout.failed(attempt, now),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_account_that_is_not_there_is_locked_out_like_any_other() {
    let words = "failed failed failed failed failed+account no no";
    check("~eve! ~eve! ~eve! ~eve! ~eve! ~eve! ~eve=", words);
    check("7! 7! 7! 7! 7! 7! 7=", words);
}

#[test]
fn one_account_does_not_lock_another() {
    check(
        "7! 7! 7! 7! 7! 8= ~x! 9!",
        "failed failed failed failed failed+account in failed failed",
    );
}

#[test]
fn twenty_failures_of_a_source_lock_it_for_all_accounts_and_no_other_source() {
    let twenty: String = (0..20).map(|account| format!("{account}! ")).collect();
    let failed = "failed ".repeat(19) + "failed+source";
    check(&format!("@192.0.2.1 {twenty} 99= @192.0.2.2 99="), &format!("{failed} no in"));
    // A login does not make the source begin anew: whoever has an account of his own could try all others.
    let mixed: String = (0..20).map(|account| format!("50= {account}! ")).collect();
    let outcome = "in failed ".repeat(19) + "in failed+source no";
    check(&format!("@192.0.2.1 {mixed} 50="), &outcome);
}

#[test]
fn a_source_is_an_ipv4_address_or_64_bits_of_ipv6() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ("::1", "127.0.0.1", false),
    ] {
        let source = |text| Source::from(address(text).unwrap());
        assert_eq!(source(one) == source(other), same, "{one} {other}");
    }
    assert_eq!(Source::from(address("2001:db8:0:1::1").unwrap()).to_string(), "2001:db8:0:1::/64");
    assert_eq!(Source::from(address("::ffff:192.0.2.1").unwrap()).to_string(), "192.0.2.1");
}

#[test]
fn while_locked_there_is_one_record_a_minute_with_a_count() {
    let five = "7! 7! 7! 7! 7!";
    let failed = "failed failed failed failed failed+account";
    check(
        &format!("{five} 7! 7! +59s 7! +1s 7! 7! +60s 7!"),
        &format!("{failed} no no no no*4 no no*2"),
    );
    // Those who stop trying are recorded by the minute's round; nothing is counted twice.
    check(&format!("{five} 7! 7! tick +60s tick +60s tick"), &format!("{failed} no no record*2"));
    check(&format!("{five} 7! 7! unlock7 7="), &format!("{failed} no no unlocked:true*2 in"));
    check(&format!("{five} 7! +15m 7="), &format!("{failed} no in*1"));
}

#[test]
fn unlocking_by_hand_forgets_failures_and_pauses() {
    check("unlock7", "nothing");
    check("7! unlock7 7! 7! 7! 7! 7=", "failed unlocked:false failed failed failed failed in");
    check(
        "7! 7! 7! 7! 7! unlock7 7=",
        "failed failed failed failed failed+account unlocked:true in",
    );
}

#[test]
fn a_hundred_at_once_do_not_get_past_a_limit_of_five() {
    let mut lockout = Lockout::new(Limits::default());
    let mut allowed = Vec::new();
    for _ in 0..100 {
        match lockout.begin(Target::Known(7), None, Duration::ZERO) {
            Verdict::Try(attempt) => allowed.push(attempt),
            Verdict::Wait => {}
            Verdict::Refuse(refused) => panic!("{refused:?}"),
        }
    }
    assert_eq!(allowed.len(), 5);
    let last = allowed.pop().unwrap();
    for attempt in allowed {
        assert!(lockout.failed(attempt, Duration::ZERO).is_empty());
    }
    assert_eq!(lockout.failed(last, Duration::ZERO).len(), 1);
}

#[test]
fn a_whole_shift_behind_one_address_gets_in_at_once_although_somebody_mistypes() {
    let mut lockout = Lockout::new(Limits::default());
    let from = address("192.0.2.1");
    let begin = |lockout: &mut Lockout, account| match lockout.begin(
        Target::Known(account),
        from,
        Duration::ZERO,
    ) {
        Verdict::Try(attempt) => attempt,
        other => panic!("{other:?}"),
    };
    let mut shift: Vec<Attempt> = (0..20).map(|account| begin(&mut lockout, account)).collect();
    assert!(matches!(lockout.begin(Target::Known(20), from, Duration::ZERO), Verdict::Wait));
    assert!(lockout.failed(shift.remove(3), Duration::ZERO).is_empty());
    for attempt in shift {
        assert_eq!(lockout.succeeded(attempt), None);
    }
    let attempt = begin(&mut lockout, 20);
    assert_eq!(lockout.succeeded(attempt), None);
}

#[test]
fn an_attempt_taken_back_has_not_happened() {
    let mut lockout = Lockout::new(Limits::default());
    for _ in 0..100 {
        match lockout.begin(Target::Known(7), address("192.0.2.1"), Duration::ZERO) {
            Verdict::Try(attempt) => lockout.taken_back(attempt),
            other => panic!("{other:?}"),
        }
    }
    assert!(lockout.overdue(Duration::ZERO).is_empty());
    assert!(lockout.accounts.lines.is_empty() && lockout.sources.lines.is_empty());
}

#[test]
fn the_quietest_source_makes_way_and_what_it_had_to_record_is_not_lost() {
    let mut lockout = Lockout::with_lines(Limits { source_attempts: 1, ..Limits::default() }, 3);
    for host in 1..=3 {
        let from = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)));
        assert_eq!(fail(&mut lockout, 90, from), Some(1));
        assert_eq!(fail(&mut lockout, 90, from), None); // refused, to be recorded later
        let _ = lockout.unlock(&Whose::Account(90), Duration::ZERO);
    }
    assert_eq!(lockout.pauses(Duration::ZERO).len(), 3);
    assert_eq!(fail(&mut lockout, 91, address("192.0.2.1")), None); // not the quietest any more
    assert_eq!(fail(&mut lockout, 91, address("192.0.2.4")), Some(1));
    let paused: Vec<String> = lockout
        .pauses(Duration::ZERO)
        .iter()
        .map(|pause| match pause.whose {
            Whose::Source(source) => source.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(paused, ["192.0.2.1", "192.0.2.3", "192.0.2.4"]);
    let forgotten = Record { whose: Whose::Forgotten, count: 1 };
    assert_eq!(lockout.overdue(Duration::ZERO), [forgotten]);
}

/// How many pauses begin with a failure; `None` when it was refused.
fn fail(lockout: &mut Lockout, account: u64, from: Option<IpAddr>) -> Option<usize> {
    match lockout.begin(Target::Known(account), from, Duration::ZERO) {
        Verdict::Try(attempt) => Some(lockout.failed(attempt, Duration::ZERO).len()),
        Verdict::Refuse(_) => None,
        Verdict::Wait => panic!("nothing is under way"),
    }
}

#[test]
fn the_memory_is_bounded_whatever_comes() {
    let mut lockout = Lockout::new(Limits::default());
    for n in 0..25_000_u32 {
        let from = Some(IpAddr::V6(Ipv6Addr::from_bits(u128::from(n) << 64)));
        let name = n.to_string();
        match lockout.begin(Target::Unknown(&name), from, Duration::ZERO) {
            Verdict::Try(attempt) => assert!(lockout.failed(attempt, Duration::ZERO).is_empty()),
            other => panic!("{other:?}"),
        }
    }
    for (lines, order) in [
        (lockout.sources.lines.len(), lockout.sources.order.len()),
        (lockout.unknown.lines.len(), lockout.unknown.order.len()),
    ] {
        assert_eq!((lines, order), (Lockout::LINES_MAX, Lockout::LINES_MAX));
    }
    assert!(lockout.overdue(minutes(15)).is_empty());
    assert!(lockout.sources.lines.is_empty() && lockout.sources.order.is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Begin { account: u64, host: Option<u8> },
    Fail(usize),
    Succeed(usize),
    TakeBack(usize),
    Drop(usize),
    Pass(u64),
    Tick,
    Unlock(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..4_u64, proptest::option::of(0..6_u8))
            .prop_map(|(account, host)| Step::Begin { account, host }),
        8 => (0..4_usize).prop_map(Step::Fail),
        1 => (0..4_usize).prop_map(Step::Succeed),
        1 => (0..4_usize).prop_map(Step::TakeBack),
        1 => (0..4_usize).prop_map(Step::Drop),
        2 => (0..2_000_u64).prop_map(Step::Pass),
        1 => Just(Step::Tick),
        1 => (0..4_u64).prop_map(Step::Unlock),
    ]
}

/// What must hold whatever happens, against plain lists of what has happened.
#[derive(Default)]
struct Books {
    refused: u64,
    recorded: u64,
    /// Failures of each account since it last began anew, and since its last pause.
    failures: HashMap<u64, Vec<Duration>>,
    pauses: HashMap<u64, Duration>,
    /// How often each account began anew: an attempt of an earlier life counts for nothing.
    lives: HashMap<u64, u32>,
}

impl Books {
    fn record(&mut self, record: Option<Record>) {
        self.recorded += record.map_or(0, |record| record.count);
    }

    fn anew(&mut self, account: u64) {
        self.failures.remove(&account);
        self.pauses.remove(&account);
        *self.lives.entry(account).or_default() += 1;
    }

    fn life(&self, account: u64) -> u32 {
        self.lives.get(&account).copied().unwrap_or(0)
    }
}

fn play(steps: &[Step]) -> Result<(), TestCaseError> {
    let limits = Limits { attempts: 3, source_attempts: 5, ..Limits::default() };
    let mut lockout = Lockout::with_lines(limits, 4);
    let (mut now, mut books) = (Duration::ZERO, Books::default());
    let mut under_way: Vec<(u64, u32, Duration, Attempt)> = Vec::new();
    for step in steps {
        let place = match step {
            Step::Fail(n) | Step::Succeed(n) | Step::TakeBack(n) | Step::Drop(n) => {
                (!under_way.is_empty()).then(|| n % under_way.len().max(1))
            }
            _ => None,
        };
        match (step, place.map(|place| under_way.remove(place))) {
            (Step::Begin { account, host }, _) => {
                let from = host.map(|host| IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)));
                match lockout.begin(Target::Known(*account), from, now) {
                    Verdict::Try(attempt) => {
                        let is_paused = books.pauses.get(account).is_some_and(|end| now < *end);
                        prop_assert!(!is_paused, "account {account} is paused and may try");
                        under_way.push((*account, books.life(*account), now, attempt));
                    }
                    Verdict::Wait => {}
                    Verdict::Refuse(refused) => {
                        prop_assert!(refused.until > now);
                        books.refused += 1;
                        books.record(refused.record);
                    }
                }
            }
            (Step::Fail(_), Some((account, life, began, attempt))) => {
                let begun = lockout.failed(attempt, now);
                let is_of_this_life = life == books.life(account);
                let failures = books.failures.entry(account).or_default();
                failures.extend(is_of_this_life.then_some(began));
                failures.retain(|at| now - *at < limits.window);
                for pause in &begun {
                    let length = pause.until - now;
                    prop_assert!(length >= limits.pause && length <= limits.pause_max);
                    if pause.whose == Whose::Account(account) {
                        books.pauses.insert(account, pause.until);
                        failures.clear();
                    }
                }
            }
            (Step::Succeed(_), Some((account, _, _, attempt))) => {
                books.record(lockout.succeeded(attempt));
                books.anew(account);
            }
            (Step::TakeBack(_), Some((_, _, _, attempt))) => lockout.taken_back(attempt),
            (Step::Pass(seconds), _) => now += Duration::from_secs(*seconds),
            (Step::Tick, _) => lockout.overdue(now).into_iter().for_each(|r| books.record(Some(r))),
            (Step::Unlock(account), _) => {
                let unlocked = lockout.unlock(&Whose::Account(*account), now);
                books.record(unlocked.and_then(|unlocked| unlocked.record));
                books.anew(*account);
            }
            _ => {}
        }
        prop_assert!(lockout.sources.lines.len() <= 4);
        prop_assert_eq!(lockout.sources.lines.len(), lockout.sources.order.len());
        prop_assert_eq!(lockout.accounts.lines.len(), lockout.accounts.order.len());
        for (account, failures) in &books.failures {
            let recent = failures.iter().filter(|at| now - **at < limits.window).count();
            prop_assert!(recent < 3, "account {account}: {failures:?}");
        }
    }
    lockout.overdue(Duration::MAX).into_iter().for_each(|record| books.record(Some(record)));
    prop_assert_eq!(books.refused, books.recorded, "each refused attempt is recorded once");
    prop_assert!(lockout.accounts.lines.is_empty() && lockout.sources.lines.is_empty());
    Ok(())
}

proptest! {
    #[test]
    fn no_pause_is_walked_through_and_no_refused_attempt_is_lost(
        steps in proptest::collection::vec(step(), 0..200),
    ) {
        play(&steps)?;
    }
}
