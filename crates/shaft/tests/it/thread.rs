//! The writer thread, on a real disk and a real clock.

use std::sync::Arc;
use std::time::Duration;

use lineshaft_runtime::disk::RealDisk;

use super::*;

fn open_real(dir: &Path, options: Options) -> Shaft {
    Shaft::open(Arc::new(RealDisk), Clock::real(), dir, options, Arc::new(())).unwrap()
}

#[tokio::test]
async fn a_record_becomes_durable_by_itself_and_readers_wake() {
    let dir = tempfile::tempdir().unwrap();
    let shaft = open_real(dir.path(), options());
    let mut reader = oldest(&shaft, "r");
    let last = shaft.append(BATCH, &payload(0)).unwrap();
    shaft.durable(last).await.unwrap();
    reader.changed().await.unwrap();
    assert_eq!(read_all(&mut reader).offsets, [0]);
    shaft.close();
    assert_eq!(reader.changed().await.unwrap_err().code(), "LS-SHF-009");
    assert_eq!(shaft.durable(1).await.unwrap_err().code(), "LS-SHF-009");
}

#[tokio::test]
async fn what_reaches_the_size_is_committed_long_before_the_interval() {
    let dir = tempfile::tempdir().unwrap();
    let patient =
        Options { commit_interval: Duration::from_secs(3600), commit_bytes: 1000, ..options() };
    let shaft = open_real(dir.path(), patient);
    let mut last = 0;
    for offset in 0..10 {
        last = shaft.append(BATCH, &payload(offset)).unwrap();
    }
    shaft.durable(last.min(7)).await.unwrap();
    drop(shaft);
    let shaft = open_real(dir.path(), options());
    assert_eq!(shaft.status().next_offset, 10, "closing commits the rest");
}

#[test]
fn appenders_that_wait_get_room_and_nothing_is_lost_or_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let small = Options { buffer_bytes_max: 2000, commit_bytes: 500, ..options() };
    let shaft = open_real(dir.path(), small);
    let threads: Vec<_> = (0_u8..4)
        .map(|thread| {
            let shaft = shaft.clone();
            std::thread::spawn(move || {
                (0_u8..100).map(|n| shaft.append(BATCH, &[thread, n]).unwrap()).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut all: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, range(0, 400));
    shaft.close();
    drop(shaft);
    let shaft = open_real(dir.path(), options());
    let (mut reader, mut records) = (oldest(&shaft, "r"), Vec::new());
    let mut next = [0_u8; 4];
    while reader.next(100, &mut records).unwrap() == ReadOutcome::Records {
        for record in &records {
            let [thread, n] = record.payload[..] else { panic!("{record:?}") };
            assert_eq!(n, next[usize::from(thread)], "the order of one appender is kept");
            next[usize::from(thread)] += 1;
        }
    }
    assert_eq!(next, [100; 4]);
}

#[tokio::test]
async fn two_real_opens_refuse_and_a_failed_sync_ends_the_wait() {
    let dir = tempfile::tempdir().unwrap();
    let _shaft = open_real(dir.path(), options());
    let real = Arc::new(RealDisk);
    let again = Shaft::open(real, Clock::real(), dir.path(), options(), Arc::new(()));
    assert_eq!(again.unwrap_err().code(), "LS-SHF-002");

    let disk = disk(1);
    let (dyn_disk, dir) = (Arc::new(disk.clone()), Path::new(DIR));
    let shaft = Shaft::open(dyn_disk, Clock::real(), dir, options(), Arc::new(())).unwrap();
    disk.fail_sync(1);
    let offset = shaft.append(BATCH, b"x").unwrap();
    assert_eq!(shaft.durable(offset).await.unwrap_err().code(), "LS-SHF-004");
    shaft.room().await;
}
