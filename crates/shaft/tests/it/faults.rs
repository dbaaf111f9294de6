//! One fault at a time: what it does, what it does not, what is said.

use std::sync::Arc;

use lineshaft_runtime::Disk;
use lineshaft_shaft::verify;

use super::*;

#[test]
fn a_failed_sync_stops_writing_and_not_reading() {
    let disk = disk(1);
    let shaft = open(&disk);
    fill(&shaft, 3);
    disk.fail_sync(1);
    shaft.append(BATCH, &payload(3)).unwrap();
    let committed = shaft.commit();
    assert_eq!(committed.next, 3);
    assert!(committed.poisoned.unwrap().contains("cannot sync"));
    let error = shaft.append(BATCH, &payload(4)).unwrap_err();
    assert_eq!(error.code(), "LS-SHF-004");
    // The next sync would come back without an error and mean nothing.
    assert_eq!(shaft.commit().next, 3);
    assert_eq!(read_all(&mut shaft.reader("r", From::Oldest).unwrap()).offsets, range(0, 3));
    drop(shaft);
    let shaft = open(&disk.crash());
    fill(&shaft, 1);
}

#[test]
fn a_write_that_fails_for_another_reason_than_room_stops_writing() {
    let disk = disk(1);
    let shaft = open(&disk);
    fill(&shaft, 1);
    disk.set_faults(Faults { write_fails: 1.0, ..Faults::none() });
    shaft.append(BATCH, &payload(1)).unwrap();
    assert!(shaft.commit().poisoned.unwrap().contains("cannot write"));
}

#[test]
fn a_full_disk_refuses_and_heals_and_loses_nothing_it_took() {
    check_full_disk(0);
}

#[test]
fn a_disk_that_is_full_only_when_written_heals_too() {
    check_full_disk(1 << 20);
}

fn check_full_disk(reserved_bytes: u64) {
    let disk = SimDisk::new(1, Faults { reserved_bytes, ..Faults::none() });
    let shaft = open(&disk);
    let mut reader = oldest(&shaft, "r");
    fill(&shaft, 10);
    let used: u64 = disk.files().iter().map(|(_, len)| len).sum();
    disk.set_capacity(used + 50);
    shaft.append(BATCH, &payload(10)).unwrap();
    assert_eq!(shaft.commit().next, 10);
    let now: u64 = disk.files().iter().map(|(_, len)| len).sum();
    assert_eq!(now, used, "what was half written was cut off again");
    let error = shaft.append(BATCH, &payload(11)).unwrap_err();
    assert_eq!(error.code(), "LS-SHF-005");
    assert!(shaft.status().poisoned.is_none());
    assert_eq!(shaft.commit().next, 10, "still full");
    disk.set_capacity(1 << 30);
    assert_eq!(shaft.commit().next, 11, "what was taken was kept");
    fill(&shaft, 5);
    assert_eq!(read_all(&mut reader).offsets, range(0, 16));
    let disk = disk.crash();
    let shaft = open(&disk);
    assert_eq!(read_all(&mut oldest(&shaft, "r")).offsets, range(0, 16));
    assert_eq!(shaft.status().torn_bytes, 0);
}

#[test]
fn a_disk_that_fills_while_a_segment_begins_heals_too() {
    check_full_at_new_segment(0);
    check_full_at_new_segment(1 << 20);
}

fn check_full_at_new_segment(reserved_bytes: u64) {
    let disk = SimDisk::new(1, Faults { reserved_bytes, ..Faults::none() });
    let shaft = open(&disk);
    let mut reader = oldest(&shaft, "r");
    fill(&shaft, 31);
    assert_eq!(segments(&disk).len(), 1);
    let used: u64 = disk.files().iter().map(|(_, len)| len).sum();
    for room in [0, 10, 60, 150] {
        disk.set_capacity(used + room);
        if shaft.append(BATCH, &payload(31)).is_ok() {
            shaft.append(BATCH, &payload(32)).unwrap();
        }
        assert_eq!(shaft.commit().next, 31, "room for {room}");
    }
    disk.set_capacity(1 << 30);
    assert_eq!(shaft.commit().next, 33);
    assert_eq!(segments(&disk).len(), 2);
    assert_eq!(read_all(&mut reader).offsets, range(0, 33));
}

#[test]
fn the_free_space_that_must_stay_is_kept_by_deleting_and_then_by_refusing() {
    let disk = disk(1);
    let careful = Options { free_bytes_min: 10_000, ..options() };
    let shaft = try_open(&disk, careful).unwrap();
    let mut reader = oldest(&shaft, "r");
    fill(&shaft, 100);
    let used: u64 = disk.files().iter().map(|(_, len)| len).sum();
    disk.set_capacity(used + 10_000);
    fill(&shaft, 10);
    let status = shaft.status();
    assert_eq!((status.gaps, status.lost_records), (1, status.first_offset));
    // Somebody else takes so much that deleting everything would not help: then nothing is deleted.
    disk.set_capacity(1000);
    shaft.append(BATCH, &payload(110)).unwrap();
    assert_eq!(shaft.commit().next, 110);
    assert_eq!(shaft.status().gaps, 1);
    assert!(shaft.status().full.unwrap().contains("must stay free"));
    disk.set_capacity(1 << 30);
    assert_eq!(shaft.commit().next, 111);
    let seen = read_all(&mut reader);
    assert_eq!(seen.gaps, [(0, status.first_offset, GapReason::Quota)]);
    assert_eq!(seen.offsets, range(status.first_offset, 111));
}

#[test]
fn a_flipped_bit_is_found_reported_once_and_read_past() {
    // Byte 1,000 lies in the eighth record of the first segment; later groups follow it.
    for bit in 0..8 {
        let disk = disk(1);
        let shaft = open(&disk);
        fill(&shaft, 50);
        disk.flip(&segments(&disk)[0], 1000, bit);
        let seen = read_all(&mut oldest(&shaft, "r"));
        assert_eq!(seen.gaps, [(7, 8, GapReason::Corrupt)]);
        assert_eq!(seen.offsets, [range(0, 7), range(8, 50)].concat());
        read_all(&mut oldest(&shaft, "other"));
        assert_eq!(shaft.status().damaged_records, 1, "counted once, not per reader");
        let report = verify(&disk, Path::new(DIR)).unwrap();
        assert!(!report.is_sound());
        assert_eq!(report.records(), 49);
        let damage = report.segments[0].damages[0];
        assert_eq!((damage.at, damage.from, damage.to), (40 + 7 * 128, 7, 8));
    }
}

/// Proves: CR 3.4, P11-38.
#[test]
fn every_byte_of_a_synced_record_is_guarded_also_across_a_restart() {
    // 20 records in one segment. The last is not flipped: after a restart it is a torn tail.
    for byte in (0..40 + 19 * 128).step_by(7) {
        let disk = disk(byte);
        fill(&open(&disk), 20);
        disk.flip(&segments(&disk)[0], byte, (byte % 8).try_into().unwrap());
        let shaft = open(&disk);
        fill(&shaft, 5);
        let seen = read_all(&mut oldest(&shaft, "r"));
        let hit = byte.checked_sub(40).map(|byte| byte / 128);
        let (gaps, offsets) = match hit {
            None => (vec![], range(0, 25)), // the header: every record is still there
            Some(hit) => (
                vec![(hit, hit + 1, GapReason::Corrupt)],
                [range(0, hit), range(hit + 1, 25)].concat(),
            ),
        };
        assert_eq!(seen, Seen { offsets, gaps }, "byte {byte}");
        assert!(!verify(&disk, Path::new(DIR)).unwrap().is_sound(), "byte {byte}");
        assert_eq!(shaft.status().torn_bytes, 0, "byte {byte}");
    }
}

#[test]
fn a_bit_flipped_only_in_reading_is_read_again() {
    let disk = disk(3);
    let shaft = open(&disk);
    fill(&shaft, 300);
    disk.set_faults(Faults { read_flips: 0.2, ..Faults::none() });
    let mut reader = oldest(&shaft, "r");
    for _ in 0..5 {
        reader.seek(0);
        read_all(&mut reader);
    }
    disk.set_faults(Faults::none());
    reader.seek(0);
    assert_eq!(read_all(&mut reader).offsets, range(0, 300));
}

#[test]
fn a_segment_cut_short_or_missing_is_a_gap() {
    let disk = disk(1);
    fill(&open(&disk), 100);
    let paths = segments(&disk);
    assert_eq!(paths.len(), 4);
    disk.open(&paths[0]).unwrap().set_len(40 + 10 * 128 + 5).unwrap();
    disk.remove(&paths[2]).unwrap();
    let shaft = open(&disk);
    let seen = read_all(&mut oldest(&shaft, "r"));
    let of =
        |path: &Path| -> Offset { path.file_stem().unwrap().to_str().unwrap().parse().unwrap() };
    let (second, third, fourth) = (of(&paths[1]), of(&paths[2]), of(&paths[3]));
    let corrupt = GapReason::Corrupt;
    assert_eq!(seen.gaps, [(10, second, corrupt), (third, fourth, corrupt)]);
    assert_eq!(seen.offsets, [range(0, 10), range(second, third), range(fourth, 100)].concat());
}

#[test]
fn a_tail_that_a_reader_had_had_is_not_numbered_again() {
    let disk = disk(1);
    let shaft = open(&disk);
    fill(&shaft, 10);
    let mut reader = oldest(&shaft, "r");
    reader.park(10).unwrap();
    drop((reader, shaft));
    disk.open(&segments(&disk)[0]).unwrap().set_len(40 + 6 * 128).unwrap();
    let shaft = open(&disk);
    assert_eq!(shaft.status().next_offset, 10, "6 to 9 are gone, and a consumer had seen them");
    assert_eq!(shaft.status().damaged_records, 4);
    let mut other = oldest(&shaft, "other");
    assert_eq!(read_all(&mut other).gaps, [(6, 10, GapReason::Corrupt)]);
    fill(&shaft, 2);
    assert_eq!(read_all(&mut other).offsets, [10, 11]);
    assert_eq!(read_all(&mut oldest(&shaft, "r")).offsets, [10, 11]);
}

#[test]
fn cursors_are_checked_too() {
    let disk = disk(1);
    let shaft = open(&disk);
    fill(&shaft, 10);
    for reader in ["ahead", "damaged", "sound"] {
        oldest(&shaft, reader).park(if reader == "ahead" { 10 } else { 3 }).unwrap();
    }
    drop(shaft);
    let check = || verify(&disk, Path::new(DIR)).unwrap();
    assert!(check().is_sound());
    disk.open(&segments(&disk)[0]).unwrap().set_len(40 + 6 * 128).unwrap();
    disk.flip(&Path::new(DIR).join("cursors/damaged"), 24, 0);
    disk.flip(&Path::new(DIR).join("cursors/damaged"), 512 + 24, 0);
    let report = check();
    assert!(!report.is_sound());
    let seen: Vec<_> =
        report.cursors.iter().map(|c| (c.reader.as_str(), c.offset, c.is_past_end)).collect();
    let expected = [("ahead", Some(10), true), ("damaged", None, false), ("sound", Some(3), false)];
    assert_eq!(seen, expected);
}

#[test]
fn two_cannot_open_one_folder() {
    let disk = disk(1);
    let shaft = open(&disk);
    let error = try_open(&disk, options()).unwrap_err();
    assert_eq!(error.code(), "LS-SHF-002");
    assert_eq!(error.to_string(), "/data/shaft/lock is in use by another process");
    shaft.close();
    assert_eq!(shaft.append(BATCH, b"x").unwrap_err().code(), "LS-SHF-009");
    open(&disk);
}

#[test]
fn a_folder_of_a_later_version_is_refused_and_left_as_it_is() {
    let disk = disk(1);
    fill(&open(&disk), 40);
    let path = segments(&disk)[0].clone();
    let file = disk.open(&path).unwrap();
    let mut header = [0; 40];
    file.read_at(&mut header, 0).unwrap();
    header[8] = 9;
    let crc = crc32c::crc32c(&header[..36]).to_le_bytes();
    header[36..].copy_from_slice(&crc);
    file.write_at(&header, 0).unwrap();
    let before = disk.files();
    let error = try_open(&disk, options()).unwrap_err();
    assert_eq!(error.code(), "LS-SHF-003");
    let text = "/data/shaft/00000000000000000000.shaft is of version 9, this program reads up to version 1";
    assert_eq!(error.to_string(), text);
    assert_eq!(disk.files(), before);
    assert_eq!(verify(&disk, Path::new(DIR)).unwrap_err().code(), "LS-SHF-003");
}

#[test]
fn a_record_larger_than_any_may_be_is_refused() {
    let shaft = open(&disk(1));
    let error = shaft.append(BATCH, &vec![0; 16 * 1024 * 1024 + 1]).unwrap_err();
    assert_eq!(error.code(), "LS-SHF-007");
    shaft.append(BATCH, &vec![0; 16 * 1024 * 1024]).unwrap();
    assert_eq!(shaft.commit().next, 1);
}

#[test]
fn too_much_that_waits_is_refused_to_those_who_do_not() {
    let disk = Arc::new(disk(1));
    let small = Options { buffer_bytes_max: 300, ..options() };
    let shaft = Shaft::open_stepped(disk, clock(), Path::new(DIR), small, Arc::new(())).unwrap();
    shaft.try_append(BATCH, &payload(0)).unwrap();
    shaft.try_append(BATCH, &payload(1)).unwrap();
    assert_eq!(shaft.try_append(BATCH, &payload(2)).unwrap_err().code(), "LS-SHF-006");
    shaft.commit();
    shaft.try_append(BATCH, &payload(2)).unwrap();
}
