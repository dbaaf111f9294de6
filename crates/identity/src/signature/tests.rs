use std::time::Duration;

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::Kind;

fn record(id: &str, digest: &str) -> Record {
    Record { kind: "revision".into(), id: id.into(), digest: digest.into() }
}

fn person(account: u64) -> Signer {
    let (name, full_name) = if account == 7 { ("ada", "Ada Lovelace") } else { ("bob", "Bob") };
    Signer { account, name: name.into(), full_name: full_name.into() }
}

fn signed(account: u64, record: Record, meaning: Meaning) -> Signature {
    let signer = person(account);
    let intent = Intent { record, signer, meaning, challenge: "c".repeat(22) };
    let time = Timestamp::parse("2026-11-20T11:18:31.5Z").unwrap();
    Signature::of(Statement { intent, time, why: "line 2 was too slow".into() })
}

fn name_of(account: u64) -> Option<String> {
    [(7, "ada"), (8, "bob")].iter().find(|(n, _)| *n == account).map(|(_, name)| (*name).into())
}

/// Proves: P11-33.
#[test]
fn the_statement_is_a_text_a_person_can_read() {
    let signature = signed(7, record("12", "ab12"), Meaning::Approved);
    expect![[r#"
        lineshaft signature 1
        kind: revision
        record: 12
        sha256: ab12
        account: ada
        number: 7
        name: Ada Lovelace
        meaning: approved
        challenge: cccccccccccccccccccccc
        time: 2026-11-20T11:18:31.500Z
        why: line 2 was too slow
    "#]]
    .assert_eq(&signature.statement.text());
    // printf of the text above | sha256sum
    expect!["89e54d2538558c32baee9a721341c818b91c54de0aed174ebc928dcb86bc1952"]
        .assert_eq(&signature.digest);
}

#[test]
fn no_member_can_look_like_another() {
    let mut one = signed(7, record("12", "ab12"), Meaning::Approved).statement;
    one.why = "x\nmeaning: responsible".into();
    one.intent.signer.full_name = "Ada\r\n\u{202e}ecalevoL\u{200b}\\n".into();
    let text = one.text();
    assert_eq!(text.lines().count(), 11);
    assert!(text.contains(r"name: Ada\u{d}\n\u{202e}ecalevoL\u{200b}\\n"), "{text}");
    assert_eq!(Statement::parse(&text), Some(one));
}

#[test]
fn a_text_that_is_not_exactly_a_statement_is_none() {
    let text = signed(7, record("12", "ab12"), Meaning::Approved).statement.text();
    assert!(Statement::parse(&text).is_some());
    for (from, to) in [
        ("signature 1", "signature 2"),
        ("number: 7", "number: 07"),
        ("number: 7", "number: +7"),
        ("approved", "Approved"),
        ("approved", "liked"),
        (".500Z", ".5Z"),
        ("11:18:31.500Z", "12:18:31.500+01:00"),
        ("too slow\n", "too slow"),
        ("too slow\n", "too slow\n\n"),
        ("too slow", "too \\slow"),
        ("too slow", "too \\u{73}low"),
        ("account: ada\n", ""),
        ("kind: revision\nrecord: 12\n", "record: 12\nkind: revision\n"),
        ("why: ", "why:"),
    ] {
        assert!(text.contains(from));
        assert_eq!(Statement::parse(&text.replace(from, to)), None, "{from} {to}");
    }
    assert_eq!(Statement::parse(""), None);
}

/// Signs revision 12 as Ada, has `edit` change what is kept, and looks at it under `id` with content `digest`, while the
/// trail has the digest that was signed.
#[track_caller]
fn check_validity(edit: impl Fn(&mut Signature), (id, digest): (&str, &str), want: &str) {
    let good = signed(7, record("12", "ab12"), Meaning::Approved);
    let mut kept = good.clone();
    edit(&mut kept);
    let validity = check(&kept, &record(id, digest), Anchor::Entry(&good.digest), name_of);
    assert_eq!(said(&validity), want);
}

fn said(validity: &Validity) -> String {
    match validity {
        Validity::Valid => "valid".to_owned(),
        Validity::Invalid(why) => why.to_string(),
    }
}

const OURS: (&str, &str) = ("12", "ab12");

#[test]
fn a_signature_holds_for_its_record_and_for_nothing_else() {
    let other = "it was given for revision 12 and not for this record";
    let as_it_was = |_: &mut Signature| {};
    check_validity(as_it_was, OURS, "valid");
    check_validity(as_it_was, ("13", "ab12"), other);
    check_validity(as_it_was, ("13", "cd34"), other);
    check_validity(as_it_was, ("12", "ab13"), "the record was changed after it was signed");
    let good = signed(7, record("12", "ab12"), Meaning::Approved);
    let report = Record { kind: "report".into(), ..record("12", "ab12") };
    assert_eq!(said(&check(&good, &report, Anchor::Entry(&good.digest), name_of)), other);
}

/// Every way to edit what was signed.
fn edits() -> Vec<fn(&mut Statement)> {
    vec![
        |s| s.why = "no".into(),
        |s| s.time = Timestamp::from_secs(0),
        |s| s.intent.meaning = Meaning::Reviewed,
        |s| s.intent.record.kind = "report".into(),
        |s| s.intent.record.id = "13".into(),
        |s| s.intent.record.digest = "ab13".into(),
        |s| s.intent.signer = person(8),
        |s| s.intent.signer.account = 8,
        |s| s.intent.signer.name = "bob".into(),
        |s| s.intent.signer.full_name = "Eve".into(),
        |s| s.intent.challenge = "d".into(),
    ]
}

/// Proves: P11-35.
#[test]
fn an_edited_statement_is_noticed_and_one_with_its_digest_edited_too_by_the_trail() {
    for edit in edits() {
        // Also where the edit is to make it fit another record.
        for under in [OURS, ("13", "ab12"), ("12", "ab13")] {
            check_validity(
                |kept| edit(&mut kept.statement),
                under,
                "the signature was edited after it was given",
            );
            check_validity(
                |kept| {
                    edit(&mut kept.statement);
                    *kept = Signature::of(kept.statement.clone());
                },
                under,
                "the audit trail has another signature in its place",
            );
        }
    }
    check_validity(
        |kept| kept.digest = "0".repeat(64),
        OURS,
        "the signature was edited after it was given",
    );
}

#[test]
fn a_signature_needs_its_entry_in_the_trail_and_its_account() {
    let good = signed(7, record("12", "ab12"), Meaning::Approved);
    let ours = record("12", "ab12");
    let missing = check(&good, &ours, Anchor::Missing, name_of);
    assert_eq!(missing, Validity::Invalid(Invalid::NotInTrail));
    assert_eq!(check(&good, &ours, Anchor::NotRead, name_of), Validity::Valid);
    let by = |account| {
        let mut statement = good.statement.clone();
        statement.intent.signer.account = account;
        let signature = Signature::of(statement);
        said(&check(&signature, &ours, Anchor::Entry(&signature.digest), name_of))
    };
    assert_eq!(by(7), "valid");
    assert_eq!(by(99), "there is no account with the signer's number 99");
    assert_eq!(by(8), "the account with the signer's number 8 is `bob`");
}

const START: Duration = Duration::from_secs(1_000);

/// Gives a challenge to `ada` in session `s1` for revision 12, and redeems it.
#[track_caller]
fn check_redeem(
    session: &str,
    account: u64,
    digest_now: &str,
    after: Duration,
    want: Result<(), ChallengeError>,
) {
    let mut challenges = Challenges::new();
    let issued =
        challenges.issue("s1", record("12", "ab12"), person(7), Meaning::Reviewed, START).unwrap();
    let text = issued.challenge.reveal();
    let got = challenges.redeem(text, session, account, digest_now, START + after);
    assert_eq!(got.map(|intent| assert_eq!(intent, issued.intent)), want);
    // Right or wrong, it is used up; only another session's attempt leaves it to its own.
    let again = challenges.redeem(text, "s1", 7, "ab12", START);
    let is_left = want == Err(ChallengeError::OtherSession);
    assert_eq!(again.is_ok(), is_left);
    assert_eq!(
        challenges.redeem(text, "s1", 7, "ab12", START),
        Err(ChallengeError::Unknown),
        "a replay of a used challenge"
    );
}

#[test]
fn a_challenge_is_good_once_for_its_session_account_and_content_and_for_five_minutes() {
    let seconds = Duration::from_secs;
    check_redeem("s1", 7, "ab12", seconds(0), Ok(()));
    check_redeem("s1", 7, "ab12", seconds(299), Ok(()));
    check_redeem("s1", 7, "ab12", seconds(300), Err(ChallengeError::Expired));
    check_redeem("s2", 7, "ab12", seconds(0), Err(ChallengeError::OtherSession));
    check_redeem("s2", 8, "ab13", seconds(999), Err(ChallengeError::OtherSession));
    check_redeem("s1", 8, "ab12", seconds(0), Err(ChallengeError::OtherAccount));
    check_redeem("s1", 7, "ab13", seconds(0), Err(ChallengeError::RecordChanged));
}

#[test]
fn a_challenge_that_was_never_given_out_or_whose_session_ended_is_unknown() {
    let mut challenges = Challenges::new();
    for text in ["", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let got = challenges.redeem(text, "s1", 7, "ab12", START);
        assert_eq!(got, Err(ChallengeError::Unknown));
    }
    let issued =
        challenges.issue("s1", record("12", "ab12"), person(7), Meaning::Reviewed, START).unwrap();
    let text = issued.challenge.reveal();
    assert_eq!(challenges.record(text, "s1"), Some(&record("12", "ab12")));
    assert_eq!(challenges.record(text, "s2"), None);
    challenges.end("s2");
    assert_eq!(challenges.len(), 1);
    challenges.end("s1");
    assert!(challenges.is_empty());
    let got = challenges.redeem(text, "s1", 7, "ab12", START);
    assert_eq!(got, Err(ChallengeError::Unknown));
}

#[test]
fn an_account_keeps_its_eight_newest_challenges_and_takes_nobody_elses() {
    let mut challenges = Challenges::new();
    let give = |challenges: &mut Challenges, account| {
        challenges
            .issue("s", record("12", "ab12"), person(account), Meaning::Reviewed, START)
            .map(|issued| issued.challenge)
    };
    let others = give(&mut challenges, 8).unwrap();
    let own: Vec<_> = (0..20).map(|_| give(&mut challenges, 7).unwrap()).collect();
    assert_eq!(challenges.len(), 9);
    for (n, challenge) in own.iter().enumerate() {
        assert_eq!(challenges.record(challenge.reveal(), "s").is_some(), n >= 12, "{n}");
    }
    assert!(challenges.record(others.reveal(), "s").is_some());
}

#[test]
fn there_are_never_more_challenges_than_the_limit_and_expired_ones_make_room() {
    let mut challenges = Challenges::new();
    let mut give = |account, now| {
        let given =
            challenges.issue("s", record("1", "a"), person(account), Meaning::Reviewed, now);
        (given.map(|_| ()), challenges.len())
    };
    for account in 0..Challenges::OPEN_MAX as u64 {
        assert_eq!(give(account, START).0, Ok(()));
    }
    assert_eq!(give(100_000, START), (Err(ChallengeError::Full), Challenges::OPEN_MAX));
    assert_eq!(give(100_000, START + Challenges::LIFETIME), (Ok(()), 1));
}

#[test]
fn the_first_signing_takes_all_components_and_a_further_one_the_password() {
    for (series, factor, want) in [
        (Series::First, SecondFactor::None, "account password"),
        (Series::First, SecondFactor::Enrolled, "account password code"),
        (Series::Further, SecondFactor::None, "password"),
        (Series::Further, SecondFactor::Enrolled, "password"),
    ] {
        let words: Vec<&str> = needed(series, factor).iter().map(|c| c.word()).collect();
        assert_eq!(words.join(" "), want, "{series:?} {factor:?}");
    }
}

/// Proves: P11-34.
#[test]
fn each_missing_component_is_named_and_none_stands_for_another() {
    use Component::{Account, Code, Password};
    let all = needed(Series::First, SecondFactor::Enrolled);
    let further = needed(Series::Further, SecondFactor::Enrolled);
    for (needed, right, want) in [
        (all, &[Account, Password, Code][..], None),
        (all, &[Code, Password, Account], None),
        (all, &[Password, Code], Some(Account)),
        (all, &[Account, Code], Some(Password)),
        (all, &[Account, Password], Some(Code)),
        (all, &[], Some(Account)),
        (further, &[Password], None),
        (further, &[Account, Password, Code], None),
        (further, &[Account, Code], Some(Password)),
        (further, &[], Some(Password)),
    ] {
        let want = want.map_or(Ok(()), |component| Err(RuleError::Missing { component }));
        assert_eq!(complete(needed, right), want, "{needed:?} {right:?}");
    }
}

#[test]
fn a_locked_or_ended_or_new_session_signs_as_for_the_first_time() {
    let mut periods = Periods::new();
    assert_eq!(periods.series("s1"), Series::First);
    periods.signed("s1");
    assert_eq!(periods.series("s1"), Series::Further);
    assert_eq!(periods.series("s2"), Series::First);
    periods.end("s1"); // locked, logged out, timed out, ended by another
    assert_eq!(periods.series("s1"), Series::First);
    for n in 0..Periods::SESSIONS_MAX {
        periods.signed(&n.to_string());
    }
    periods.signed("one more");
    assert_eq!(periods.series("one more"), Series::First);
}

#[test]
fn only_a_person_signs() {
    for kind in [
        Kind::Nobody,
        Kind::Visitor,
        Kind::Person,
        Kind::Token,
        Kind::Certificate,
        Kind::Local,
        Kind::Node,
    ] {
        let got = may_sign(kind, 7, &record("12", "a"), Meaning::Reviewed, &[], &[]);
        let want = match kind {
            Kind::Person => Ok(()),
            _ => Err(RuleError::NotAPerson { kind: kind.word() }),
        };
        assert_eq!(got, want, "{kind:?}");
    }
}

/// Whether account 7 may sign revision 12 with content `ab12`, when `authors` made it and `former` stand under it.
#[track_caller]
fn check_rule(
    meaning: Meaning,
    authors: &[u64],
    former: &[(u64, &str, &str, Meaning)],
    want: Result<(), RuleError>,
) {
    let former: Vec<Signature> = former
        .iter()
        .map(|(account, id, digest, meaning)| signed(*account, record(id, digest), *meaning))
        .collect();
    let got = may_sign(Kind::Person, 7, &record("12", "ab12"), meaning, authors, &former);
    assert_eq!(got, want);
}

#[test]
fn nobody_says_the_same_twice_and_nobody_approves_his_own_work() {
    use Meaning::{Approved, Authored, Responsible, Reviewed};
    let twice = |meaning| Err(RuleError::Twice { meaning });
    for (meaning, word) in MEANINGS {
        check_rule(meaning, &[], &[], Ok(()));
        check_rule(meaning, &[], &[(7, "12", "ab12", meaning)], twice(word));
        check_rule(meaning, &[], &[(8, "12", "ab12", meaning)], Ok(()));
        check_rule(meaning, &[], &[(7, "13", "ab12", meaning)], Ok(()));
    }
    // After an edit one signs again.
    check_rule(Reviewed, &[], &[(7, "12", "old", Reviewed)], Ok(()));
    check_rule(Approved, &[], &[(7, "12", "old", Approved)], Ok(()));
    // Four eyes, whichever comes first, by a signature or by what is known of the record.
    check_rule(Approved, &[], &[(7, "12", "ab12", Authored)], Err(RuleError::OwnWork));
    check_rule(Approved, &[], &[(7, "12", "old", Authored)], Err(RuleError::OwnWork));
    check_rule(Approved, &[7], &[], Err(RuleError::OwnWork));
    check_rule(Approved, &[8, 7], &[(8, "12", "ab12", Authored)], Err(RuleError::OwnWork));
    check_rule(Approved, &[8], &[(8, "12", "ab12", Authored)], Ok(()));
    check_rule(Approved, &[], &[(7, "13", "ab12", Authored)], Ok(()));
    check_rule(Authored, &[], &[(7, "12", "ab12", Approved)], Err(RuleError::ApprovedBefore));
    check_rule(Authored, &[], &[(7, "12", "old", Approved)], Ok(()));
    // Other meanings do not exclude each other.
    check_rule(Reviewed, &[7], &[(7, "12", "ab12", Authored)], Ok(()));
    check_rule(Responsible, &[7], &[(7, "12", "ab12", Authored)], Ok(()));
    check_rule(Approved, &[], &[(7, "12", "ab12", Reviewed)], Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_statement_reads_back_and_two_have_two_texts(
        one in statement(),
        other in statement(),
    ) {
        prop_assert_eq!(Statement::parse(&one.text()), Some(one.clone()));
        prop_assert_eq!(one.text().lines().count(), 11);
        prop_assert_eq!(one == other, one.digest() == other.digest());
    }

    #[test]
    fn any_text_is_a_statement_or_not_without_a_panic(text in any::<String>(), cut in 0..300_usize) {
        let _ = Statement::parse(&text);
        let _ = unescaped(&text);
        let good = signed(7, record("12", "ab12"), Meaning::Approved).statement.text();
        let _ = Statement::parse(&good[..cut.min(good.len())]);
    }
}

fn statement() -> impl Strategy<Value = Statement> {
    let texts = proptest::collection::vec("(a|b|\\\\|\n|\r|: |\u{202e}|kind|\\PC){0,6}", 7);
    (texts, any::<u64>(), 0..4_usize, any::<i64>()).prop_map(|(texts, account, meaning, nanos)| {
        let mut texts = texts.into_iter();
        let mut text = || texts.next().unwrap_or_default();
        let record = Record { kind: text(), id: text(), digest: text() };
        let signer = Signer { account, name: text(), full_name: text() };
        let meaning = MEANINGS[meaning].0;
        let intent = Intent { record, signer, meaning, challenge: text() };
        // Whole years of four digits: that is how a time is written.
        let time = Timestamp::from_nanos(nanos);
        Statement { intent, time, why: text() }
    })
}
