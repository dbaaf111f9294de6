//! Old segments that were moved away.

use lineshaft_audit::{Hash, ReadError, leaf_hash, verify_inclusion};

use super::*;

/// Proves: P11-25.
#[test]
fn archived_entries_are_gone_from_reading_and_still_proved() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 300);
    let known = trail.checkpoint();
    let before = all(&trail);
    let away = Path::new("/mnt/archive");
    let who = Actor::node();
    let moved = trail.archive(150, away, &who, "more than a year old").unwrap();
    assert!(moved.len() > 2, "{moved:?}");
    let oldest = trail.status().oldest_kept;
    assert!((100..=150).contains(&oldest), "{oldest}");
    assert_eq!(trail.archive(oldest, away, &who, "").unwrap(), Vec::<PathBuf>::new());
    let entries = all(&trail);
    assert_eq!(entries.len() as u64, 301 - oldest);
    let last = entries.last().unwrap();
    assert_eq!(
        (last.act.action, last.act.why.as_deref()),
        (Action::AuditArchive, Some("more than a year old"))
    );
    assert!(matches!(trail.entry(0), Err(ReadError::Archived { oldest: o }) if o == oldest));
    assert!(matches!(trail.export(0..10, &mut Vec::new()), Err(ReadError::Archived { .. })));
    for entry in &before[..usize::try_from(oldest).unwrap()] {
        let proof = trail.inclusion(entry.seq, 300).unwrap();
        let leaf = leaf_hash(entry.line.as_bytes());
        assert_eq!(verify_inclusion(&leaf, entry.seq, 300, &proof, &known.root()), Ok(()));
    }
    drop(trail);
    let report = verify(&disk, std::slice::from_ref(&known));
    assert!(report.is_sound() && report.tail_bytes == 0, "{}", said(&report));
    assert_eq!((report.oldest, report.entries), (oldest, 301));
    // And it opens, goes on, and its old hashes are still watched over.
    let trail = open(&disk);
    fill(&trail, 5);
    drop(trail);
    let tree = path("tree/0");
    let mut hashes = read_file(&disk, &tree);
    hashes[10 * 32..11 * 32].copy_from_slice(&Hash::of(b"x").0);
    write_file(&disk, &tree, &hashes);
    let report = verify(&disk, &[known]);
    assert!(!report.is_sound());
    assert_eq!(report.first_broken().unwrap().file, "tree/0", "{}", said(&report));
}

#[test]
fn segments_that_vanish_without_an_entry_about_it_are_missed() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 300);
    drop(trail);
    disk.remove(&segments(&disk)[0]).unwrap();
    let report = verify(&disk, &[]);
    assert!(
        report.broken.iter().any(|broken| broken.what.contains("no entry says")),
        "{}",
        said(&report)
    );
}

#[test]
fn a_target_that_is_taken_moves_nothing() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 100);
    let away = Path::new("/mnt/archive");
    write_file(&disk, &away.join("00000000000000000000.audit"), b"something else");
    assert!(trail.archive(u64::MAX, away, &Actor::node(), "").is_err());
    assert_eq!(trail.status().oldest_kept, 0);
    let report = trail.verify(&[]).unwrap();
    assert!(report.is_sound(), "{}", said(&report));
}
