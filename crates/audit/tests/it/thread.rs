//! The writer thread and those who wait for it.

use std::collections::BTreeSet;

use super::*;

fn threaded(disk: &SimDisk) -> Trail {
    Trail::open(Arc::new(disk.clone()), Clock::real(), Path::new(DIR), options()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_share_groups_and_each_is_answered_once() {
    let disk = disk(1);
    let trail = threaded(&disk);
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..200 {
        let trail = trail.clone();
        callers.spawn(async move {
            let mut seqs = Vec::new();
            for n in 0..20 {
                seqs.push(trail.record(act(caller * 1000 + n)).await.unwrap().seq());
            }
            assert!(seqs.is_sorted(), "one caller's entries are in his order");
            seqs
        });
    }
    let seqs: BTreeSet<u64> = callers.join_all().await.into_iter().flatten().collect();
    assert!(seqs.into_iter().eq(0..4000));
    trail.close();
    let report = verify(&disk, &[trail.checkpoint()]);
    assert!(report.is_sound() && report.checkpoints < 4000, "{}", said(&report));
}

#[test]
fn more_than_the_queue_holds_waits_and_is_recorded() {
    let trail = threaded(&disk(1));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let long = act(0).detail("x".repeat(900_000));
                for _ in 0..10 {
                    trail.record_blocking(long.clone()).unwrap();
                }
            });
        }
    });
    assert_eq!(trail.status().entries, 40);
}

#[tokio::test]
async fn blocking_on_an_executor_is_slow_and_no_panic() {
    let trail = threaded(&disk(1));
    for n in 0..500 {
        trail.record_blocking(act(n)).unwrap();
    }
    assert_eq!(trail.status().entries, 500);
}

#[tokio::test]
async fn whoever_goes_away_is_not_waited_for() {
    let trail = threaded(&disk(1));
    let mut context = Context::from_waker(Waker::noop());
    for n in 0..100 {
        let mut gone = Box::pin(trail.record(act(n)));
        let _ = gone.as_mut().poll(&mut context);
    }
    trail.record(act(100)).await.unwrap();
    assert_eq!(trail.status().entries, 101);
}

#[tokio::test]
async fn closing_writes_what_waits_and_refuses_what_comes() {
    let disk = disk(1);
    let trail = threaded(&disk);
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting = Box::pin(trail.record(act(0)));
    assert!(waiting.as_mut().poll(&mut context).is_pending() || trail.status().entries == 1);
    trail.close();
    assert!(matches!(trail.record(act(1)).await, Err(TrailError::Closed)));
    assert_eq!(all(&open(&disk)).len(), 1);
}

#[tokio::test]
async fn a_failed_sync_answers_everybody() {
    let disk = disk(1);
    let trail = threaded(&disk);
    trail.record(act(0)).await.unwrap();
    disk.fail_sync(1);
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..50 {
        let trail = trail.clone();
        callers.spawn(async move { trail.record(act(n)).await });
    }
    for answer in callers.join_all().await {
        assert!(matches!(answer, Err(TrailError::Stopped { .. })));
    }
}
