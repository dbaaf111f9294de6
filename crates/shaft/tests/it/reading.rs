//! Cursors, context, deletion behind the readers.

use std::sync::Arc;

use lineshaft_shaft::{Preamble, Record};

use super::*;

#[test]
fn a_reader_goes_on_where_it_parked_also_after_a_crash() {
    let disk = disk(1);
    let shaft = open(&disk);
    fill(&shaft, 10);
    let mut reader = oldest(&shaft, "historian");
    assert_eq!(read_all(&mut reader).offsets, range(0, 10));
    reader.park(7).unwrap();
    let disk = disk.crash();
    let shaft = open(&disk);
    assert_eq!(read_all(&mut oldest(&shaft, "historian")).offsets, range(7, 10));
    let mut newest = shaft.reader("late", From::Newest).unwrap();
    assert_eq!(read_all(&mut newest), Seen::default());
    fill(&shaft, 1);
    assert_eq!(read_all(&mut newest).offsets, [10]);
}

#[test]
fn nothing_is_read_before_it_is_committed() {
    let shaft = open(&disk(1));
    let mut reader = oldest(&shaft, "r");
    shaft.append(BATCH, &payload(0)).unwrap();
    assert_eq!(read_all(&mut reader), Seen::default());
    shaft.commit();
    assert_eq!(read_all(&mut reader).offsets, [0]);
}

#[test]
fn a_cursor_moved_back_replays() {
    let shaft = open(&disk(1));
    fill(&shaft, 100);
    let mut reader = oldest(&shaft, "r");
    read_all(&mut reader);
    assert_eq!(reader.seek(42), 42);
    assert_eq!(read_all(&mut reader).offsets, range(42, 100));
    assert_eq!(reader.seek(1000), 100, "beyond the end there is only the end");
}

#[test]
fn segments_go_when_the_slowest_reader_has_passed_them_and_not_before() {
    let disk = disk(1);
    let shaft = open(&disk);
    let (mut fast, mut slow) = (oldest(&shaft, "fast"), oldest(&shaft, "slow"));
    fill(&shaft, 200);
    let count = segments(&disk).len();
    assert!(count > 4, "{count} segments");
    fast.park(200).unwrap();
    shaft.commit();
    assert_eq!(segments(&disk).len(), count);
    slow.park(100).unwrap();
    shaft.commit();
    let status = shaft.status();
    assert!(status.first_offset > 0 && status.first_offset <= 100, "{status:?}");
    slow.park(200).unwrap();
    shaft.commit();
    assert_eq!(segments(&disk).len(), 1, "the newest always stays");
    assert_eq!((shaft.status().gaps, shaft.status().lost_records), (0, 0));
    // The numbers go on although nearly all is gone.
    drop((fast, slow, shaft));
    let shaft = open(&disk.crash());
    assert_eq!(shaft.status().next_offset, 200);
}

#[test]
fn a_reader_that_is_not_open_still_holds_its_segments_until_it_is_forgotten() {
    let disk = disk(1);
    let shaft = open(&disk);
    drop(oldest(&shaft, "gone"));
    fill(&shaft, 100);
    let mut reader = oldest(&shaft, "r");
    reader.park(100).unwrap();
    shaft.commit();
    assert!(segments(&disk).len() > 1);
    shaft.forget_reader("gone").unwrap();
    shaft.commit();
    assert_eq!(segments(&disk).len(), 1);
}

#[test]
fn the_quota_takes_the_oldest_and_says_exactly_what_was_lost() {
    let disk = disk(1);
    let limited = Options { quota_bytes: 20_000, ..options() };
    let shaft = try_open(&disk, limited).unwrap();
    let mut reader = oldest(&shaft, "slow");
    let mut other = oldest(&shaft, "other");
    fill(&shaft, 20);
    assert_eq!(read_all(&mut reader).offsets, range(0, 20));
    reader.park(20).unwrap();
    fill(&shaft, 480);
    let status = shaft.status();
    assert!(status.bytes <= 20_000, "{status:?}");
    let first = status.first_offset;
    // The other reader never read: all that was deleted is lost to it, once.
    assert_eq!(status.lost_records, first);
    assert_eq!(u64::try_from(segments(&disk).len()).unwrap(), u64::from(status.segments));
    let seen = read_all(&mut reader);
    assert_eq!(seen.gaps, [(20, first, GapReason::Quota)]);
    assert_eq!(seen.offsets, range(first, 500));
    assert_eq!(read_all(&mut other).gaps, [(0, first, GapReason::Quota)]);
    assert_eq!(read_all(&mut reader), Seen::default(), "a gap is told once");
}

#[test]
fn a_reader_is_open_once() {
    let shaft = open(&disk(1));
    let first = oldest(&shaft, "r");
    let error = shaft.reader("r", From::Oldest).unwrap_err();
    assert_eq!(error.to_string(), "reader `r` is open already");
    drop(first);
    oldest(&shaft, "r");
}

#[test]
fn a_damaged_cursor_starts_at_the_oldest_again() {
    let disk = disk(1);
    let shaft = open(&disk);
    fill(&shaft, 10);
    oldest(&shaft, "r").park(10).unwrap();
    drop(shaft);
    let path = Path::new(DIR).join("cursors/r");
    disk.flip(&path, 24, 0);
    disk.flip(&path, 512 + 24, 0);
    let shaft = open(&disk);
    assert_eq!(read_all(&mut oldest(&shaft, "r")).offsets, range(0, 10));
}

/// Says how often it was asked.
struct Head;
impl Preamble for Head {
    fn write(&self, out: &mut Vec<u8>) {
        // Longer than one part of a preamble may be.
        out.resize(out.len() + 2_500_000, 7);
    }
}

#[test]
fn a_reader_that_starts_in_the_middle_gets_the_preamble_and_the_context_first() {
    let disk = Arc::new(disk(1));
    let dir = Path::new(DIR);
    let shaft = Shaft::open_stepped(disk, clock(), dir, options(), Arc::new(Head)).unwrap();
    shaft.append(BATCH, &payload(0)).unwrap();
    shaft.append_many(&[(RecordKind(1), b"names"), (BATCH, &payload(2))]).unwrap();
    shaft.append(BATCH, &payload(3)).unwrap();
    shaft.commit();
    let what = |records: &[Record]| -> Vec<_> {
        records.iter().map(|r| (r.offset, r.kind.0, r.more, r.payload.len())).collect()
    };
    let mib = 1 << 20;
    let preamble = [(0, 0, true, mib), (0, 0, true, mib), (0, 0, false, 2_500_000 - 2 * mib)];
    let (mut reader, mut records) = (oldest(&shaft, "r"), Vec::new());
    reader.next(usize::MAX, &mut records).unwrap();
    let names = (1, 1, false, 5);
    let content = |offset| (offset, 16, false, 100);
    let all = [content(0), names, content(2), content(3)];
    assert_eq!(what(&records), [&preamble[..], &all].concat());
    reader.seek(3);
    reader.next(usize::MAX, &mut records).unwrap();
    assert_eq!(what(&records), [&preamble[..], &[names, content(3)]].concat());
    assert_eq!(what(&shaft.context().unwrap()), [&preamble[..], &[names]].concat());
    assert_eq!(reader.next(1, &mut records).unwrap(), ReadOutcome::End);
}

#[test]
fn a_new_segment_begins_with_the_preamble_and_does_not_count_it() {
    let disk = disk(1);
    let dir = Path::new(DIR);
    let open =
        || Shaft::open_stepped(Arc::new(disk.clone()), clock(), dir, options(), Arc::new(Head));
    fill(&open().unwrap(), 20);
    let shaft = open().unwrap();
    fill(&shaft, 20);
    // 128 bytes a record: 32 of them fit into 4,096.
    assert_eq!(segments(&disk).len(), 2);
    assert_eq!(read_all(&mut oldest(&shaft, "r")).offsets, range(0, 40));
}
