use std::time::Duration;

use lineshaft_model::Timestamp;
use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn what_was_hashed_is_right_and_what_was_not_is_wrong() {
    let hasher = Hasher::new(Cost::LEAST).unwrap();
    let kept = hasher.hash(Secret::new("pässword ✓")).await.unwrap();
    let check = async |password: &str| {
        hasher.verify(Some(kept.clone()), Secret::new(password)).await.unwrap()
    };
    assert_eq!(check("pässword ✓").await, Verdict::Right);
    for wrong in ["pässword", "pässword ✓ ", "Pässword ✓", "", "pa\u{308}ssword ✓"] {
        assert_eq!(check(wrong).await, Verdict::Wrong, "{wrong}");
    }
    assert_eq!(hasher.verify(None, Secret::new("pässword ✓")).await.unwrap(), Verdict::Wrong);
    assert_eq!(hasher.load(), 0);
}

/// Proves: CR 1.5.
#[test]
fn the_standard_cost_is_what_is_documented() {
    let kept = hash(&Secret::new("x"), Cost::STANDARD).unwrap();
    assert!(kept.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{kept}");
    assert!(verify(&Secret::new("x"), &kept).unwrap());
}

/// Proves: CR 4.3.
#[test]
fn a_hash_made_by_the_reference_implementation_is_read() {
    // echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32: test.c of the reference implementation (PHC).
    let kept = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert!(verify(&Secret::new("password"), kept).unwrap());
    assert!(!verify(&Secret::new("differentpassword"), kept).unwrap());
    assert!(is_outdated(kept, Cost::STANDARD));
}

#[test]
fn what_is_no_hash_of_ours_is_damaged() {
    let good = hash(&Secret::new("x"), Cost::LEAST).unwrap();
    let tail = good.rsplit_once('$').unwrap().0;
    for kept in [
        "",
        "x",
        tail,
        &good[..good.len() - 4],
        &good.replace("argon2id", "argon2i"),
        &good.replace("v=19", "v=16"),
        &good.replace("m=8", "m=4194304"),
        &good.replace("m=8", "m=7"),
        &good.replace("t=1", "t=17"),
        &good.replace("t=1", "t=0"),
        &good.replace("p=1", "p=1,data=AAAA"),
        "$2b$12$abcdefghijklmnopqrstuv",
    ] {
        assert_eq!(verify(&Secret::new("x"), kept), Err(HashError::Damaged), "{kept}");
        assert!(is_outdated(kept, Cost::LEAST));
    }
}

#[tokio::test]
async fn a_damaged_hash_is_an_error_and_never_a_login() {
    let hasher = Hasher::new(Cost::LEAST).unwrap();
    let result = hasher.verify(Some("damaged".into()), Secret::new("damaged")).await;
    assert_eq!(result, Err(HashError::Damaged));
}

#[tokio::test]
async fn a_hash_of_another_cost_is_made_anew_at_the_next_login() {
    let hasher = Hasher::new(Cost { memory_kib: 16, passes: 1, lanes: 1 }).unwrap();
    let old = hash(&Secret::new("x"), Cost::LEAST).unwrap();
    let verdict = hasher.verify(Some(old.clone()), Secret::new("x")).await.unwrap();
    assert_eq!(verdict, Verdict::RightButOutdated);
    assert!(verdict.is_right());
    assert_eq!(hasher.verify(Some(old), Secret::new("y")).await.unwrap(), Verdict::Wrong);
    let new = hasher.hash(Secret::new("x")).await.unwrap();
    assert_eq!(hasher.verify(Some(new), Secret::new("x")).await.unwrap(), Verdict::Right);
}

#[test]
fn a_cost_beyond_the_limits_is_refused() {
    for (memory_kib, passes, lanes) in
        [(7, 1, 1), (262_145, 1, 1), (8, 0, 1), (8, 17, 1), (8, 1, 0), (64, 1, 5), (15, 1, 2)]
    {
        let cost = Cost { memory_kib, passes, lanes };
        assert_eq!(Hasher::new(cost).unwrap_err(), HashError::Cost { cost });
    }
}

/// Two run, 32 wait, the 35th is told at once; when those are through there is room again.
#[tokio::test]
async fn the_queue_is_bounded_and_the_next_one_is_told_at_once() {
    let hasher = Hasher::new(Cost::LEAST).unwrap();
    // As if two were being hashed: they stay so until this is dropped.
    let turns = hasher.0.running.clone().acquire_many_owned(2).await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..Hasher::RUNNING_MAX + Hasher::WAITING_MAX {
        let mut one = Box::pin(hasher.verify(None, Secret::new("x")));
        assert!(poll_once(one.as_mut()).await.is_none());
        waiting.push(one);
    }
    assert_eq!(hasher.load(), 34);
    assert_eq!(hasher.verify(None, Secret::new("x")).await, Err(HashError::Busy));
    waiting.truncate(10); // these callers went away while they waited: their places are free at once
    assert_eq!(hasher.load(), 10);
    drop(turns);
    for one in waiting {
        assert_eq!(one.await, Ok(Verdict::Wrong));
    }
    assert_eq!(hasher.load(), 0);
    assert_eq!(hasher.verify(None, Secret::new("x")).await, Ok(Verdict::Wrong));
}

async fn poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn a_former_password_is_found_and_a_damaged_former_one_is_passed_over() {
    let hasher = Hasher::new(Cost::LEAST).unwrap();
    let mut former = vec!["damaged".to_owned()];
    for old in ["one", "two", "three"] {
        former.push(hasher.hash(Secret::new(old)).await.unwrap());
    }
    for (password, want) in [("one", true), ("three", true), ("four", false), ("damaged", false)] {
        let found = hasher.is_among(former.clone(), Secret::new(password)).await.unwrap();
        assert_eq!(found, want, "{password}");
    }
}

/// Checks `password` of Ada Lovelace (`ada.lovelace`) on the node `press-hall-7` and compares the reasons' beginnings.
#[track_caller]
fn check(password: &str, want: &[&str]) {
    let about = ["ada.lovelace", "Ada Lovelace", "press-hall-7"];
    let reasons = Rules::default().check(&Secret::new(password), &about);
    let texts: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    let fits = texts.len() == want.len() && texts.iter().zip(want).all(|(a, b)| a.starts_with(b));
    assert!(fits, "{password}: {texts:#?}");
    for text in &texts {
        assert!(text.ends_with('.') && (password.is_empty() || !text.contains(password)), "{text}");
    }
}

/// Proves: CR 1.7, P11-05.
#[test]
fn a_password_is_long_and_hard_to_guess_or_the_reasons_say_what_to_do() {
    check("correct horse battery staple", &[]);
    check("Zwölf-Äpfel-im-Öl", &[]);
    check("", &["It has 0 characters; at least 12", "It is too easy to guess"]);
    check("kX9#vQ2!mZ7", &["It has 11 characters; at least 12 are needed."]);
    check("kX9#vQ2!mZ7p", &[]);
    check("password1234", &["It is too easy to guess. "]);
    check("aaaaaaaaaaaaaaaaaaaaaaaa", &["It is too easy to guess. Repeats like"]);
    check("qwertyuiopasdf", &["It is too easy to guess."]);
    check("ada.lovelace", &["It is too easy to guess."]);
    check("AdaLovelace2026", &["It consists mostly of names"]);
    check("Press-Hall-7-Lineshaft!", &["It consists mostly of names"]);
    check("press-hall-7", &["It is too easy to guess."]);
    check("LineshaftLineshaft", &["It is too easy to guess."]);
    check("correct horse battery staple\n", &["It contains a line break"]);
    check(&"correct horse battery staple ".repeat(5), &["It has 145 characters; at most 128"]);
}

#[test]
fn length_counts_characters_and_not_bytes() {
    let rules = Rules { score_min: 0, ..Rules::default() };
    assert!(rules.check(&Secret::new("ß".repeat(12)), &[]).is_empty());
    assert_eq!(
        rules.check(&Secret::new("ß".repeat(11)), &[]),
        [Reason::Short { length: 11, min: 12 }]
    );
    assert!(rules.check(&Secret::new("ß".repeat(128)), &[]).is_empty());
    assert_eq!(
        rules.check(&Secret::new("ß".repeat(129)), &[]),
        [Reason::Long { length: 129, max: 128 }]
    );
}

#[test]
fn a_password_is_due_at_the_end_of_its_lifetime() {
    let set = Timestamp::from_secs(1_000);
    let rules = Rules { lifetime: Some(Duration::from_secs(90)), ..Rules::default() };
    for (now, want) in [(0, false), (1_000, false), (1_089, false), (1_090, true), (9_999, true)] {
        assert_eq!(rules.is_due(set, Timestamp::from_secs(now)), want, "{now}");
    }
    assert!(!Rules::default().is_due(set, Timestamp::MAX));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_hashes_and_reads_back_and_a_longer_one_does_not(text in any::<String>()) {
        let kept = hash(&Secret::new(text.as_str()), Cost::LEAST).unwrap();
        prop_assert!(verify(&Secret::new(text.as_str()), &kept).unwrap());
        let longer = Secret::new(text + "x");
        prop_assert!(!verify(&longer, &kept).unwrap());
    }

    #[test]
    fn any_text_is_read_as_a_stored_hash_without_a_panic(text in "\\PC*|\\$argon2id\\$v=19\\$m=[0-9]{1,3},t=[0-9],p=[0-9]\\$[a-zA-Z0-9+/]{0,30}\\$[a-zA-Z0-9+/]{0,50}") {
        let _ = verify(&Secret::new("x"), &text);
    }

    #[test]
    fn any_password_can_be_judged(text in any::<String>()) {
        let _ = Rules::default().check(&Secret::new(text), &["ada", ""]);
    }
}
