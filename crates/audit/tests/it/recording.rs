//! What an entry looks like, and that it stays.

use expect_test::expect;
use lineshaft_audit::{Hash, Outcome, Road, VerifierKey, verify_consistency, verify_inclusion};
use serde_json::json;

use super::*;

/// Proves: CR 2.11, P11-15, P11-16, P11-17.
#[test]
fn a_line_has_its_members_in_one_order_and_reads_back() {
    let disk = disk(1);
    let trail = open(&disk);
    let who = Actor {
        name: "maria".into(),
        account: Some(7),
        road: Road::Http,
        from: Some("192.168.0.9:50123".parse().unwrap()),
        session: Some("5f0c".into()),
    };
    let act = Act::done(&who, Action::TagWrite, "acme/press \"1\"\n/speed")
        .old(json!(1.5))
        .new(json!({"b": 1, "a": [true, null]}))
        .why("order 4711")
        .result(Outcome::Refused)
        .detail("the device is locked");
    trail.record_blocking(act.clone()).unwrap();
    trail.record_blocking(Act::done(&Actor::disk(), Action::PlantChange, "")).unwrap();
    let entry = trail.entry(0).unwrap().unwrap();
    assert_eq!((entry.seq, &entry.act), (0, &act));
    expect![[r#"{"seq":0,"time":"2026-11-20T08:00:00Z","who":{"name":"maria","account":7,"road":"http","from":"192.168.0.9:50123","session":"5f0c"},"action":"tag.write","object":"acme/press \"1\"\n/speed","old":1.5,"new":{"a":[true,null],"b":1},"why":"order 4711","result":"refused","detail":"the device is locked"}"#]]
    .assert_eq(&entry.line);
    let second = trail.entry(1).unwrap().unwrap();
    let line = second.line.split_once(",\"after\"").unwrap().0;
    expect![[r#"{"seq":1,"time":"2026-11-20T08:00:00Z","who":{"name":"disk","road":"disk"},"action":"plant.change","object":"","result":"done""#]]
    .assert_eq(line);
    for entry in all(&trail) {
        assert_eq!(Entry::parse(&entry.line).unwrap(), entry);
    }
}

#[test]
fn null_is_a_value_and_absence_is_none() {
    let trail = open(&disk(1));
    let act = act(1).old(json!(null));
    trail.record_blocking(act.clone()).unwrap();
    assert_eq!(trail.entry(0).unwrap().unwrap().act, act);
}

/// Proves: CR 2.11.
#[test]
fn lines_that_are_not_in_the_one_form_are_refused() {
    let good = r#"{"seq":1,"time":"2026-11-20T08:00:00Z","who":{"name":"disk","road":"disk"},"action":"plant.change","object":"","result":"done"}"#;
    assert!(Entry::parse(good).is_ok());
    for (from, to) in [
        ("\"seq\":1", "\"seq\":01"),
        ("\"seq\":1", "\"seq\": 1"),
        ("08:00:00Z", "08:00:00.0Z"),
        ("08:00:00Z", "09:00:00+01:00"),
        ("\"object\":\"\"", "\"object\":\"\",\"object\":\"\""),
        ("\"object\":\"\"", "\"thing\":\"\""),
        ("plant.change", "plant.burn"),
        ("\"done\"}", "\"done\",\"after\":\"00\"}"),
        ("\"done\"}", "\"done\"} "),
        ("\"result\":\"done\"", "\"result\":\"done\",\n\"why\":\"x\""),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(good, bad);
        assert!(Entry::parse(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_group_has_one_checkpoint_and_the_next_group_names_it() {
    let disk = disk(1);
    let trail = open(&disk);
    record(&trail, vec![act(0), act(1)]);
    let first = trail.checkpoint();
    record(&trail, vec![act(2), act(3)]);
    let after: Vec<_> = all(&trail).iter().map(Entry::after).collect();
    assert_eq!(after, [None, None, Some(Hash::of(first.text().as_bytes())), None]);
    assert_eq!(verify(&disk, &[]).checkpoints, 2);
}

/// Proves: CR 3.4 RE1, P11-39.
#[test]
fn checkpoints_are_signed_notes_under_the_name_of_the_trail() {
    let trail = open(&disk(1));
    assert_eq!(trail.checkpoint().size(), 0);
    fill(&trail, 5);
    let checkpoint = trail.checkpoint();
    assert_eq!((checkpoint.origin(), checkpoint.size()), ("edge-1/audit", 5));
    let lines: Vec<_> = checkpoint.text().lines().collect();
    assert_eq!((lines.len(), lines[1], lines[3]), (5, "5", ""));
    assert!(lines[4].starts_with("— edge-1/audit "));
    let key = VerifierKey::parse(&trail.verifier_key()).unwrap();
    assert_eq!(key.check(&checkpoint), Ok(()));
    assert_eq!(Checkpoint::parse(checkpoint.text()), Ok(checkpoint.clone()));
    let forged = checkpoint.text().replacen("\n5\n", "\n6\n", 1);
    assert!(key.check(&Checkpoint::parse(&forged).unwrap()).is_err());
}

/// Proves: CR 2.12.
#[test]
fn every_entry_is_proved_against_every_checkpoint_since() {
    let trail = open(&disk(1));
    let mut checkpoints = vec![trail.checkpoint()];
    for _ in 0..20 {
        fill(&trail, 17);
        checkpoints.push(trail.checkpoint());
    }
    let entries = all(&trail);
    assert_eq!(entries.len(), 340);
    for checkpoint in &checkpoints {
        let size = checkpoint.size();
        for entry in &entries[..usize::try_from(size).unwrap()] {
            let proof = trail.inclusion(entry.seq, size).unwrap();
            let root = checkpoint.root();
            assert_eq!(
                verify_inclusion(&entry.leaf_hash(), entry.seq, size, &proof, &root),
                Ok(())
            );
        }
        for later in checkpoints.iter().filter(|later| later.size() >= size) {
            let proof = trail.consistency(size, later.size()).unwrap();
            let roots = (checkpoint.root(), later.root());
            assert_eq!(verify_consistency(size, later.size(), &proof, &roots.0, &roots.1), Ok(()));
        }
    }
    let text = trail.proof_text(100).unwrap();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 100\n"));
    let (seq, proof, checkpoint) = lineshaft_audit::Proof::parse_text(&text).unwrap();
    assert_eq!(checkpoint, trail.checkpoint());
    let leaf = entries[100].leaf_hash();
    assert_eq!(verify_inclusion(&leaf, seq, 340, &proof, &checkpoint.root()), Ok(()));
    assert!(trail.inclusion(340, 340).is_err());
    assert!(trail.inclusion(0, 341).is_err());
    assert!(trail.consistency(5, 341).is_err());
}

#[test]
fn a_trail_goes_on_where_it_ended_and_keeps_its_key_and_name() {
    let disk = disk(1);
    let (key, before) = {
        let trail = open(&disk);
        fill(&trail, 100);
        trail.close();
        assert_eq!(trail.status().state, TrailState::Closed);
        assert!(matches!(trail.record_blocking(act(1)), Err(TrailError::Closed)));
        (trail.verifier_key(), all(&trail))
    };
    let trail = try_open(&disk, Options { origin: "other/audit".into(), ..options() }).unwrap();
    assert_eq!(trail.verifier_key(), key);
    assert_eq!(trail.checkpoint().origin(), "edge-1/audit");
    assert_eq!(all(&trail), before);
    assert_eq!(trail.status().recovered, None);
    fill(&trail, 10);
    let report = verify(&disk, &[]);
    assert!(report.is_sound() && report.tail_bytes == 0, "{report:?}");
    assert_eq!((report.entries, report.oldest), (110, 0));
    assert!(segments(&disk).len() > 2);
}

#[test]
fn an_entry_that_is_too_long_is_refused_and_takes_no_number() {
    let trail = open(&disk(1));
    let long = act(0).detail("x".repeat(2 << 20));
    assert!(matches!(trail.record_blocking(long), Err(TrailError::TooLarge { .. })));
    let fits = act(0).detail("x".repeat(1 << 19));
    assert_eq!(trail.record_blocking(fits).unwrap().seq(), 0);
    assert_eq!(trail.entry(0).unwrap().unwrap().line.len(), 524_465);
}

#[test]
fn the_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(lineshaft_runtime::disk::RealDisk);
    let trail = Trail::open(disk.clone(), Clock::real(), dir.path(), options()).unwrap();
    let mode =
        |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("key"), 0o600);
    trail.close();
    std::fs::set_permissions(dir.path().join("key"), PermissionsExt::from_mode(0o644)).unwrap();
    Trail::open(disk, Clock::real(), dir.path(), options()).unwrap();
    assert_eq!(mode("key"), 0o600, "a key that was copied back with wide permissions is closed");
}
