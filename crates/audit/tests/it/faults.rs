//! Disks that are full, fail, or belong to somebody else.

use super::*;

fn used(disk: &SimDisk) -> u64 {
    disk.files().iter().map(|(_, len)| len).sum()
}

#[test]
fn a_full_disk_refuses_goes_on_reading_and_heals() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 10);
    disk.set_capacity(used(&disk));
    let refused = record(&trail, vec![act(10), act(11)]);
    assert!(refused.iter().all(|answer| matches!(answer, Err(TrailError::Full { .. }))));
    assert_eq!(trail.status().state, TrailState::Full);
    assert!(trail.status().error.unwrap().contains("cannot write"));
    assert_eq!(all(&trail).len(), 10);
    let report = trail.verify(&[]).unwrap();
    assert!(report.is_sound(), "{}", said(&report));
    disk.set_capacity(1 << 40);
    fill(&trail, 10);
    assert_eq!(trail.status().state, TrailState::Writing);
    assert_eq!(all(&trail).len(), 20);
    let report = verify(&disk, &[]);
    assert!(report.is_sound() && report.tail_bytes == 0, "{}", said(&report));
}

/// Counts what is logged at one level on this thread.
struct Counter(tracing::Level, Arc<std::sync::atomic::AtomicU32>);

impl tracing::Subscriber for Counter {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        if event.metadata().level() == &self.0 {
            self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// How many lines of a level `work` logs.
fn logged(level: tracing::Level, work: impl FnOnce()) -> u32 {
    let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
    tracing::subscriber::with_default(Counter(level, Arc::clone(&count)), work);
    count.load(std::sync::atomic::Ordering::SeqCst)
}

#[test]
fn a_disk_whose_room_comes_and_goes_is_said_once_a_minute() {
    let (disk, clock) = (disk(1), clock());
    let trail =
        Trail::open_stepped(Arc::new(disk.clone()), clock.clone(), Path::new(DIR), options());
    let trail = trail.unwrap();
    fill(&trail, 3);
    let comes_and_goes = || {
        disk.set_capacity(used(&disk));
        for number in 0..5 {
            assert!(matches!(trail.record_blocking(act(number)), Err(TrailError::Full { .. })));
        }
        disk.set_capacity(1 << 40);
        trail.record_blocking(act(9)).unwrap();
    };
    let errors = |work: &dyn Fn()| logged(tracing::Level::ERROR, work);
    assert_eq!(errors(&comes_and_goes), 1, "once, not for each act");
    assert_eq!(errors(&comes_and_goes), 0, "within the minute");
    clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(errors(&comes_and_goes), 1);
}

#[test]
fn a_full_disk_between_two_segments_leaves_no_torn_one() {
    let disk = disk(1);
    let trail = open(&disk);
    while segments(&disk).len() < 3 {
        fill(&trail, 1);
        disk.set_capacity(used(&disk) + 200);
        let _ = record(&trail, vec![act(0).detail("x".repeat(4000))]);
        disk.set_capacity(1 << 40);
    }
    let report = verify(&disk, &[]);
    assert!(report.is_sound() && report.tail_bytes == 0, "{}", said(&report));
}

/// Proves: CR 2.9.
#[test]
fn the_reserve_outlives_a_full_disk_and_is_filled_up_again() {
    let disk = disk(1);
    let with_reserve = Options { reserve_bytes: 4 << 20, ..options() };
    let trail = try_open(&disk, with_reserve).unwrap();
    fill(&trail, 1);
    assert!(!trail.status().low);
    disk.set_capacity(used(&disk));
    // Some 4 MiB of entries go into the reserve.
    let mut recorded = 0;
    loop {
        match trail.record_blocking(act(recorded).detail("x".repeat(50_000))) {
            Ok(_) => recorded += 1,
            Err(TrailError::Full { .. }) => break,
            Err(error) => panic!("{error}"),
        }
        assert!(trail.status().low);
    }
    assert!((70..90).contains(&recorded), "{recorded}");
    assert_eq!(trail.status().state, TrailState::Full);
    disk.set_capacity(1 << 40);
    trail.commit();
    let status = trail.status();
    assert!(!status.low && status.state == TrailState::Writing, "{status:?}");
    let reserve = disk.files().into_iter().find(|(path, _)| path.ends_with("reserve")).unwrap();
    assert_eq!(reserve.1, 4 << 20);
}

#[test]
fn a_trail_opens_on_a_full_disk_and_its_note_waits_for_room() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 10);
    drop(trail);
    let newest = segments(&disk).pop().unwrap();
    let file = disk.open(&newest).unwrap();
    file.write_at(&[7; 100], file.size().unwrap()).unwrap();
    disk.set_capacity(used(&disk) - 100);
    let trail = open(&disk);
    assert_eq!(all(&trail).len(), 10);
    assert!(matches!(trail.record_blocking(act(10)), Err(TrailError::Full { .. })));
    disk.set_capacity(1 << 40);
    trail.record_blocking(act(10)).unwrap();
    let entries = all(&trail);
    assert_eq!(entries[10].act.action, Action::TrailRecovered);
    assert_eq!(entries[10].act.detail.as_deref(), trail.status().recovered.as_deref());
    assert_eq!(entries[11].act, act(10));
}

#[test]
fn a_failed_sync_stops_until_the_next_start() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 10);
    disk.fail_sync(1);
    assert!(matches!(trail.record_blocking(act(10)), Err(TrailError::Stopped { .. })));
    assert!(matches!(trail.record_blocking(act(10)), Err(TrailError::Stopped { .. })));
    let status = trail.status();
    assert_eq!((status.state, status.entries), (TrailState::Stopped, 10));
    assert_eq!(all(&trail).len(), 10);
    drop(trail);
    let trail = open(&disk.crash());
    assert!(trail.status().entries >= 10);
    trail.record_blocking(act(11)).unwrap();
}

#[test]
fn a_torn_tail_is_cut_and_said() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 10);
    let before = all(&trail);
    drop(trail);
    let newest = segments(&disk).pop().unwrap();
    let file = disk.open(&newest).unwrap();
    file.write_at(&[0; 700], file.size().unwrap()).unwrap();
    assert_eq!(verify(&disk, &[]).tail_bytes, 700);
    let trail = open(&disk);
    let entries = all(&trail);
    assert_eq!(entries[..10], before);
    assert_eq!(entries[10].act.action, Action::TrailRecovered);
    let detail = entries[10].act.detail.as_deref().unwrap();
    assert_eq!(detail, "700 bytes behind entry 10 were never answered for");
    assert!(disk.files().iter().all(|(path, _)| !path.to_string_lossy().contains("cut-")));
}

/// Where the text of the newest checkpoint begins, in the newest segment.
fn newest_checkpoint(disk: &SimDisk) -> (PathBuf, u64) {
    let newest = segments(disk).pop().unwrap();
    let text = open(&disk.clone()).checkpoint().text().to_owned();
    let bytes = read_file(disk, &newest);
    let at = bytes.windows(text.len()).rposition(|window| window == text.as_bytes()).unwrap();
    (newest, at as u64)
}

#[test]
fn a_last_group_whose_checkpoint_alone_is_damaged_is_kept_as_a_copy() {
    for before in [0, 10] {
        let disk = disk(1);
        let trail = open(&disk);
        fill(&trail, before);
        for answer in record(&trail, vec![act(901), act(902), act(903)]) {
            answer.unwrap();
        }
        drop(trail);
        let (newest, at) = newest_checkpoint(&disk);
        disk.flip(&newest, at, 3);
        let trail = open(&disk);
        let entry = all(&trail).pop().unwrap();
        assert_eq!((entry.seq, &entry.act.action), (before, &Action::TrailRecovered));
        let copy = path(&format!("cut-{before}"));
        let said = entry.act.detail.as_deref().unwrap();
        assert!(said.contains("3 whole entries"), "{said}");
        assert!(said.contains(&copy.display().to_string()), "{said}");
        let kept = read_file(&disk, &copy);
        for number in 901..=903 {
            let object = format!("acme/press/{number}");
            assert!(kept.windows(object.len()).any(|text| text == object.as_bytes()), "{object}");
        }
        assert!(trail.verify(&[]).unwrap().is_sound());
    }
}

#[test]
fn a_full_disk_has_no_room_for_a_copy_and_the_trail_opens_and_says_so() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 10);
    drop(trail);
    let (newest, at) = newest_checkpoint(&disk);
    disk.flip(&newest, at, 3);
    disk.set_capacity(used(&disk));
    let trail = open(&disk);
    let said = trail.status().recovered.unwrap();
    assert!(said.contains("there was no room for a copy"), "{said}");
    assert!(disk.files().iter().all(|(path, _)| !path.to_string_lossy().contains("cut-")));
    disk.set_capacity(1 << 40);
    trail.commit();
    assert_eq!(all(&trail).pop().unwrap().act.action, Action::TrailRecovered);
}

#[test]
fn behind_damage_in_the_newest_segment_the_trail_goes_on_in_a_new_one() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 12);
    let known = trail.checkpoint();
    drop(trail);
    let newest = segments(&disk).pop().unwrap();
    let bytes = read_file(&disk, &newest);
    let at = bytes.windows(12).position(|text| text == b"acme/press/4").unwrap();
    disk.flip(&newest, at as u64, 3);
    let trail = open(&disk);
    let status = trail.status();
    assert!(status.recovered.as_ref().unwrap().contains("is damaged"), "{status:?}");
    fill(&trail, 5);
    assert_eq!(segments(&disk).len(), 2);
    let entries = all(&trail);
    let gone: Vec<_> = (0..18).filter(|seq| entries.iter().all(|e| e.seq != *seq)).collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(trail.entry(gone[0]).is_err());
    // The damage is found for ever, at that entry; every other entry is what the old checkpoint says.
    let report = trail.verify(&[known]).unwrap();
    assert_eq!(report.first_broken().unwrap().seq, Some(gone[0]), "{}", said(&report));
    assert_eq!(report.entries, 18);
    assert!(report.broken.iter().all(|broken| broken.seq == Some(gone[0])), "{}", said(&report));
}

#[test]
fn lost_hashes_are_computed_again_from_the_entries() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 300);
    let known = trail.checkpoint();
    drop(trail);
    for tree in ["tree/0", "tree/1"] {
        disk.remove(&path(tree)).unwrap();
    }
    let report = verify(&disk, std::slice::from_ref(&known));
    assert_eq!(report.first_broken().unwrap().file, "tree/0");
    let trail = open(&disk);
    assert!(trail.status().recovered.unwrap().contains("computed again"));
    let report = trail.verify(&[known]).unwrap();
    assert!(report.is_sound(), "{}", said(&report));
}

#[test]
fn the_newest_entries_taken_away_are_said_at_the_start() {
    let disk = disk(1);
    let trail = try_open(&disk, Options { segment_bytes: 1 << 20, ..options() }).unwrap();
    for group in 0..150 {
        assert!(record(&trail, (0..100).map(|n| act(group * 100 + n)).collect())[0].is_ok());
    }
    drop(trail);
    for path in segments(&disk).into_iter().skip(1) {
        disk.remove(&path).unwrap();
    }
    let trail = open(&disk);
    let recovered = trail.status().recovered.unwrap();
    assert!(recovered.contains("the newest entries are missing"), "{recovered}");
}

#[test]
fn a_segment_cut_in_half_is_no_torn_tail_because_its_hashes_are_there() {
    for part in [2, 3, 10] {
        let disk = disk(1);
        let trail = try_open(&disk, Options { segment_bytes: 1 << 20, ..options() }).unwrap();
        fill(&trail, 40);
        trail.close();
        let newest = segments(&disk).pop().unwrap();
        let file = disk.open(&newest).unwrap();
        file.set_len(file.size().unwrap() / part).unwrap();
        let report = verify(&disk, &[]);
        assert!(!report.is_sound(), "{}", said(&report));
        let what = &report.broken.last().unwrap().what;
        assert!(what.starts_with("there are hashes of 40 entries, and "), "{what}");
        let trail = open(&disk);
        let entry = all(&trail).pop().unwrap();
        assert_eq!(entry.act.action, Action::TrailRecovered);
        assert_eq!(entry.act.result, lineshaft_audit::Outcome::Failed);
        let detail = entry.act.detail.unwrap();
        assert!(detail.contains("hashes of 40: the newest entries are missing"), "{detail}");
        assert!(!detail.contains("never answered for"), "{detail}");
    }
}

#[test]
fn a_segment_cut_behind_a_checkpoint_is_found_by_the_hashes_alone() {
    let disk = disk(1);
    let trail = open(&disk);
    fill(&trail, 5);
    let newest = segments(&disk).pop().unwrap();
    let end = disk.open(&newest).unwrap().size().unwrap();
    trail.record_blocking(act(5)).unwrap();
    trail.close();
    assert!(verify(&disk, &[]).is_sound());
    disk.open(&newest).unwrap().set_len(end).unwrap();
    let report = verify(&disk, &[]);
    assert_eq!(report.first_broken().unwrap().seq, Some(5), "{}", said(&report));
}

#[test]
fn two_processes_do_not_have_one_trail() {
    let disk = disk(1);
    let trail = open(&disk);
    assert!(matches!(try_open(&disk, options()), Err(OpenError::Locked { .. })));
    trail.close();
    assert!(try_open(&disk, options()).is_ok());
}

/// Proves: CR 3.4 RE1.
#[test]
fn a_lost_or_foreign_key_is_refused() {
    let disk = disk(1);
    fill(&open(&disk), 3);
    let other = super::disk(2);
    fill(&open(&other), 3);
    let foreign = (read_file(&other, &path("key")), read_file(&other, &path("key.pub")));
    let own = read_file(&disk, &path("key"));
    let refused = |disk: &SimDisk| matches!(try_open(disk, options()), Err(OpenError::Key { .. }));
    disk.remove(&path("key")).unwrap();
    assert!(refused(&disk), "the key is gone");
    write_file(&disk, &path("key"), &foreign.0);
    assert!(refused(&disk), "the key is another's");
    write_file(&disk, &path("key.pub"), &foreign.1);
    assert!(
        matches!(try_open(&disk, options()), Err(OpenError::Damaged { .. })),
        "both keys are another's: the entries were not signed by it"
    );
    write_file(&disk, &path("key"), &own);
    assert!(refused(&disk));
    write_file(&disk, &path("key"), b"PRIVATE+KEY+nonsense\n");
    assert!(refused(&disk));
}

#[test]
fn a_segment_of_a_later_version_is_refused_and_left_as_it_is() {
    let disk = disk(1);
    fill(&open(&disk), 3);
    let newest = segments(&disk).pop().unwrap();
    let mut bytes = read_file(&disk, &newest);
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..28]);
    bytes[28..32].copy_from_slice(&crc.to_le_bytes());
    write_file(&disk, &newest, &bytes);
    assert!(matches!(try_open(&disk, options()), Err(OpenError::Newer { found: 2, known: 1, .. })));
    assert_eq!(read_file(&disk, &newest), bytes);
}

#[test]
fn a_folder_that_was_moved_away_stops_the_trail() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().join("audit");
    let real = Arc::new(lineshaft_runtime::disk::RealDisk);
    let trail = Trail::open_stepped(real, clock(), &here, options()).unwrap();
    trail.record_blocking(act(0)).unwrap();
    std::fs::rename(&here, dir.path().join("moved")).unwrap();
    assert!(matches!(trail.record_blocking(act(1)), Err(TrailError::Stopped { .. })));
    assert!(trail.status().error.unwrap().contains("moved or deleted"));
}
