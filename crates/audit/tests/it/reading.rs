//! Queries, in both orders, against the plainest filter there is.

use lineshaft_audit::{Outcome, Road};
use lineshaft_runtime::Seed;

use super::*;

/// A trail with all sorts of entries over several segments.
fn mixed() -> Trail {
    let disk = disk(1);
    let clock = clock();
    let trail =
        Trail::open_stepped(Arc::new(disk), clock.clone(), Path::new(DIR), options()).unwrap();
    let mut seed = Seed::new(1);
    let names = ["maria", "Jörg", "token:erp"];
    let actions = [Action::TagWrite, Action::Login, Action::Logout, Action::PlantChange];
    for number in 0..400_u64 {
        let who = Actor {
            name: names[usize::try_from(seed.below(3)).unwrap()].into(),
            account: None,
            road: Road::Http,
            from: None,
            session: None,
        };
        let action = actions[usize::try_from(seed.below(4)).unwrap()];
        let mut act = Act::done(&who, action, format!("acme/Press {}", number % 7));
        if seed.chance(0.2) {
            act = act.result(Outcome::Refused).detail("Überdruck: \"4 bar\"");
        }
        trail.record_blocking(act).unwrap();
        clock.advance(std::time::Duration::from_secs(1));
    }
    trail
}

#[track_caller]
fn check(trail: &Trail, query: &Query, expected: impl Fn(&Entry) -> bool) {
    let mut wanted: Vec<_> = all(trail).into_iter().filter(|entry| expected(entry)).collect();
    assert!(!wanted.is_empty(), "a query that finds nothing tests nothing: {query:?}");
    for newest_first in [false, true] {
        for limit in [1, 7, 1000] {
            let mut query = Query { newest_first, limit, ..query.clone() };
            let mut found = Vec::new();
            loop {
                let Page { entries, next } = trail.read(&query).unwrap();
                assert!(entries.len() <= limit as usize);
                found.extend(entries);
                query.after = next;
                if next.is_none() {
                    break;
                }
            }
            assert_eq!(found, wanted, "newest first: {newest_first}, limit {limit}");
        }
        wanted.reverse();
    }
}

/// Proves: CR 6.1, P11-21, P11-26.
#[test]
fn every_filter_finds_what_it_says_in_both_orders_and_any_page() {
    let trail = mixed();
    let query = Query::default;
    check(&trail, &query(), |_| true);
    check(&trail, &Query { who: Some("Jörg".into()), ..query() }, |e| &*e.act.who.name == "Jörg");
    check(&trail, &Query { action: Some("tag.write".into()), ..query() }, |e| {
        e.act.action == Action::TagWrite
    });
    check(&trail, &Query { action: Some("session".into()), ..query() }, |e| {
        matches!(e.act.action, Action::Login | Action::Logout)
    });
    check(&trail, &Query { object: Some("Press 3".into()), ..query() }, |e| {
        e.act.object == "acme/Press 3"
    });
    check(&trail, &Query { result: Some(Outcome::Refused), ..query() }, |e| {
        e.act.result == Outcome::Refused
    });
    let start = Timestamp::from_secs(1_795_161_600 + 100);
    let end = Timestamp::from_secs(1_795_161_600 + 200);
    check(&trail, &Query { start: Some(start), end: Some(end), ..query() }, |e| {
        (100..200).contains(&e.seq)
    });
    check(&trail, &Query { text: Some("überdruck: \"4 BAR".into()), ..query() }, |e| {
        e.act.result == Outcome::Refused
    });
    check(
        &trail,
        &Query { text: Some("PRESS 6".into()), who: Some("maria".into()), ..query() },
        |e| e.act.object == "acme/Press 6" && &*e.act.who.name == "maria",
    );
}

#[test]
fn a_word_that_is_part_of_an_action_is_not_its_category() {
    let trail = mixed();
    for action in ["tag.w", "ta", "session.", ""] {
        let query = Query { action: Some(action.into()), limit: 10, ..Query::default() };
        assert_eq!(trail.read(&query).unwrap(), Page { entries: Vec::new(), next: None });
    }
}

#[test]
fn entries_are_had_by_number() {
    let trail = mixed();
    for entry in all(&trail) {
        assert_eq!(trail.entry(entry.seq).unwrap(), Some(entry));
    }
    assert_eq!(trail.entry(400).unwrap(), None);
}

#[test]
fn one_call_looks_at_so_many_entries_and_no_more() {
    let disk = disk(1);
    let trail = try_open(&disk, Options { segment_bytes: 16 << 20, ..options() }).unwrap();
    for group in 0..30 {
        assert!(record(&trail, (0..7000).map(|n| act(group * 7000 + n)).collect())[0].is_ok());
    }
    for newest_first in [false, true] {
        let mut query =
            Query { newest_first, limit: 10, who: Some("nobody".into()), ..Query::default() };
        let page = trail.read(&query).unwrap();
        assert!(page.entries.is_empty() && page.next.is_some(), "200,000 of 210,000");
        query.after = page.next;
        assert_eq!(trail.read(&query).unwrap(), Page { entries: Vec::new(), next: None });
    }
}
