//! Schedules, reload, health: what the runner does while nothing fails.

use std::time::Duration;

use lineshaft_contract::{DeviceState, Devices};
use lineshaft_drivers::runner::Changes;
use lineshaft_model::{Access, Quality, Reason, Value};
use tokio::time::Instant;

use crate::runner_sim::{Asked, Like, Mood, World};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn a_device_is_read_at_once_and_then_every_period_on_a_fixed_grid() {
    let mut world = World::new("grid");
    world.drain();
    world.apply([(1, Like { points: 3, ..Like::default() })]);
    world.run_secs(60).await;
    let samples = world.samples("plant/d01/p2");
    assert_eq!(samples[0].1.value, Value::Int(2));
    assert_eq!(samples.len(), 61, "one at once, then one per second");
    let gaps: Vec<Duration> =
        samples[1..].windows(2).map(|pair| pair[1].0.duration_since(pair[0].0)).collect();
    assert!(gaps.iter().all(|gap| *gap > ms(990) && *gap < ms(1010)), "{gaps:?}");
    let status = world.status(1);
    assert_eq!((status.state, status.tags, status.tags_bad), (DeviceState::Online, 3, 0));
    assert_eq!((status.counters.skipped_cycles, status.counters.errors), (0, 0));
    assert!((status.counters.round_trip_ms_p50 - 5.0).abs() < 1.0, "{:?}", status.counters);
}

/// Proves: CR 7.1 RE1.
#[tokio::test(start_paused = true)]
async fn ten_requests_with_one_period_do_not_fire_together() {
    let mut world = World::new("spread");
    world.drain();
    world.apply([(1, Like { points: 1000, ..Like::default() })]);
    world.run_secs(10).await;
    let started = world.gateway(0).calls()[0].at;
    let in_a_second = started + Duration::from_secs(5)..started + Duration::from_secs(6);
    let mut times: Vec<Instant> = world
        .gateway(0)
        .calls()
        .iter()
        .map(|call| call.at)
        .filter(|at| in_a_second.contains(at))
        .collect();
    times.sort();
    assert_eq!(times.len(), 10);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] > ms(90)), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cycle_that_cannot_start_is_counted_and_never_caught_up() {
    let mut world = World::new("late");
    world.drain();
    world.gateway(0).set(1, |unit| unit.delay = ms(2_400));
    world.apply([(1, Like { timeout: ms(5_000), ..Like::default() })]);
    world.run_secs(100).await;
    let reads = world.gateway(0).reads_of(1).len() as u64;
    let skipped = world.status(1).counters.skipped_cycles;
    assert!((40..=43).contains(&reads), "back to back: {reads}");
    assert!((98..=101).contains(&(reads + skipped)), "{reads} + {skipped} cycles in 100 s");
}

/// Proves: CR 7.2.
#[tokio::test(start_paused = true)]
async fn a_full_intake_delays_polls_counts_them_and_loses_nothing() {
    let mut world = World::with_intake("full", 1);
    world.apply([(1, Like { points: 1, ..Like::default() })]);
    world.run_secs(30).await;
    assert!(world.gateway(0).reads_of(1).len() <= 3, "the link waits");
    world.drain();
    world.run_secs(5).await;
    let reads = world.gateway(0).reads_of(1).len() as u64;
    assert_eq!(world.samples("plant/d01/p0").len() as u64, world.status(1).counters.samples);
    let skipped = world.status(1).counters.skipped_cycles;
    assert!((34..=37).contains(&(reads + skipped)), "{reads} read + {skipped} skipped in 35 s");
}

#[tokio::test(start_paused = true)]
async fn a_changed_device_costs_the_others_on_its_link_no_sample() {
    let mut world = World::new("reload");
    world.drain();
    let plain = || (1..=5).map(|unit| (unit, Like { period: ms(100), ..Like::default() }));
    world.apply(plain());
    world.run_secs(10).await;
    for revision in 2..12 {
        world.apply(plain().map(|(unit, mut like)| {
            if unit == 3 {
                like.revision = revision;
            }
            (unit, like)
        }));
        world.run_secs(1).await;
    }
    for unit in [1, 2, 4, 5] {
        let samples = world.samples(&format!("plant/d{unit:02}/p0"));
        let worst = samples[1..].windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap();
        assert!(worst < ms(130), "d{unit:02} waited {worst:?}");
        assert!((200..=201).contains(&samples.len()), "{}", samples.len());
        assert_eq!(world.status(unit).counters.skipped_cycles, 0);
    }
    assert_eq!(world.gateway(0).state.lock().connects.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reload_is_a_difference() {
    let mut world = World::new("difference");
    world.drain();
    let like = Like::default;
    let plans = |world: &World, devices: Vec<(u32, Like)>| {
        let plans = devices.iter().map(|(unit, like)| world.device(*unit, like)).collect();
        world.runner.apply(plans)
    };
    plans(&world, vec![(1, like()), (2, like()), (3, like())]);
    world.run_secs(3).await;
    let changes = plans(
        &world,
        vec![(2, like()), (3, Like { gateway: 1, ..like() }), (4, Like { points: 2, ..like() })],
    );
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let expected = Changes {
        started: names(&["d04"]),
        stopped: names(&["d01"]),
        changed: names(&["d03"]),
        kept: names(&["d02"]),
    };
    assert_eq!(changes, expected);
    world.run_secs(3).await;
    assert_eq!(
        world.samples("plant/d01/p9").last().unwrap().1.quality,
        Quality::bad(Reason::OutOfService)
    );
    assert_eq!(
        world.samples("plant/d01/_diag/state").last().unwrap().1.quality,
        Quality::bad(Reason::OutOfService)
    );
    assert!(world.samples("plant/d03/p9").iter().all(|(_, sample)| sample.quality.is_good()));
    assert!(!world.gateway(1).reads_of(3).is_empty());

    plans(&world, vec![]);
    world.run_secs(1).await;
    assert_eq!(world.tree.running(), 1, "only the recorder is left");
    assert_eq!(world.gateway(0).state.lock().sessions_open, 0);
    assert!(world.runner.list().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_link_is_opened_anew_when_all_its_devices_changed() {
    let mut world = World::new("anew");
    world.drain();
    world.apply([(1, Like::default())]);
    world.run_secs(2).await;
    world.apply([(1, Like { revision: 2, ..Like::default() })]);
    world.run_secs(2).await;
    assert_eq!(world.gateway(0).state.lock().connects.len(), 2);
    assert_eq!(world.status(1).state, DeviceState::Online);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_device_is_not_connected_and_its_tags_are_out_of_service_once() {
    let mut world = World::new("disabled");
    world.drain();
    world.apply([(1, Like { enabled: false, ..Like::default() })]);
    world.run_secs(60).await;
    assert_eq!(world.story("plant/d01/p0"), "1 bad(out-of-service)");
    assert_eq!(world.status(1).state, DeviceState::Disabled);
    assert_eq!(world.diagnostic(1, "state"), "disabled");
    assert!(world.gateway(0).state.lock().connects.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_point_without_news_turns_stale_once_with_its_last_value() {
    let mut world = World::new("stale");
    world.drain();
    world.apply([(1, Like::default())]);
    world.run_secs(5).await;
    world.gateway(0).set(1, |unit| unit.mood = Mood::Mute);
    world.forget();
    world.run_secs(60).await;
    let samples = world.samples("plant/d01/p7");
    assert_eq!(samples.len(), 1);
    assert_eq!(samples[0].1.value, Value::Int(7));
    assert_eq!(samples[0].1.quality, Quality::bad(Reason::Stale));
    assert_eq!(world.status(1).tags_bad, 10);
    world.gateway(0).set(1, |unit| unit.mood = Mood::Answers);
    world.run_secs(5).await;
    assert_eq!(world.story("plant/d01/p7"), "1 bad(stale), 5 good");
}

#[tokio::test(start_paused = true)]
async fn a_slow_point_is_not_stale_between_its_readings() {
    let mut world = World::new("slow");
    world.drain();
    world.apply([(1, Like { period: Duration::from_secs(60), ..Like::default() })]);
    world.run_secs(600).await;
    assert_eq!(world.story("plant/d01/p0"), "11 good");
}

#[tokio::test(start_paused = true)]
async fn one_illegal_address_among_a_hundred_is_isolated_and_its_neighbours_stay_good() {
    let mut world = World::new("illegal");
    world.drain();
    world.gateway(0).set(1, |unit| unit.illegal = [50].into());
    world.apply([(1, Like { points: 100, ..Like::default() })]);
    world.run_secs(1).await;
    // 1 refused, 7 halvings of two requests, and the rest joined: at 5 ms each this is over at once.
    let after_a_second = world.gateway(0).reads_of(1).len();
    assert!(after_a_second <= 1 + 14 + 2 + 3, "{after_a_second} requests");
    assert_eq!(world.status(1).state, DeviceState::Degraded);
    world.run_secs(29).await;
    for point in (0..100).filter(|point| *point != 50) {
        let tag = format!("plant/d01/p{point}");
        let samples = world.samples(&tag);
        assert!(
            samples.iter().all(|(_, sample)| sample.quality.is_good()),
            "{}",
            world.story(&tag)
        );
        assert!(samples.len() >= 30, "{tag} keeps its rate: {}", samples.len());
    }
    assert!(world.story("plant/d01/p50").ends_with("bad(not-configured)"));
    assert_eq!(world.diagnostic(1, "isolated_points"), "1");
    assert_eq!(world.status(1).tags_bad, 1);
    let last: Vec<Vec<u32>> = world.gateway(0).reads_of(1).into_iter().rev().take(2).collect();
    let lengths: Vec<usize> = last.iter().map(Vec::len).collect();
    assert!(lengths == [50, 49] || lengths == [49, 50], "two requests around it: {lengths:?}");

    world.gateway(0).set(1, |unit| unit.illegal.clear());
    world.run_secs(600).await; // the slowest probe
    assert_eq!(world.status(1).state, DeviceState::Online);
    let last = world.gateway(0).reads_of(1).pop().unwrap();
    assert_eq!(last.len(), 100, "joined again");
    assert_eq!(world.diagnostic(1, "isolated_points"), "0");
}

#[tokio::test(start_paused = true)]
async fn a_refused_address_is_probed_more_and_more_slowly() {
    let mut world = World::new("probes");
    world.drain();
    world.gateway(0).set(1, |unit| unit.illegal = [3].into());
    world.apply([(1, Like::default())]);
    world.run_secs(3600).await;
    let probes: Vec<Instant> = world
        .gateway(0)
        .calls()
        .into_iter()
        .filter(|call| call.asked == Asked::Read(vec![3]))
        .map(|call| call.at)
        .collect();
    assert!((7..=16).contains(&probes.len()), "{} probes in an hour", probes.len());
    let gaps: Vec<Duration> = probes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] <= Duration::from_secs(30) && gaps[gaps.len() - 1] >= Duration::from_secs(300));
}

#[tokio::test(start_paused = true)]
async fn health_is_told_as_tags_every_five_seconds_and_a_new_state_at_once() {
    let mut world = World::new("diagnostics");
    world.drain();
    world.apply([(1, Like::default())]);
    world.run_secs(61).await;
    let states = world.samples("plant/d01/_diag/state");
    let words: Vec<String> = states.iter().map(|(_, sample)| sample.value.to_string()).collect();
    assert_eq!(words[..2], ["connecting", "online"]);
    assert!(states[1].0 - states[0].0 < ms(20), "{:?}", states[1].0 - states[0].0);
    assert_eq!(words.len(), 14);
    assert_eq!(world.diagnostic(1, "requests"), "61");
    assert_eq!(world.diagnostic(1, "samples"), "610");
    assert_eq!(world.diagnostic(1, "demoted"), "false");
    assert_eq!(world.diagnostic(1, "last_error"), "");
    assert!((4.0..6.0).contains(&world.diagnostic(1, "round_trip_ms_p99").parse::<f64>().unwrap()));

    world.gateway(0).set(1, |unit| unit.mood = Mood::Breaks);
    world.run_for(ms(1_010)).await;
    assert_eq!(world.diagnostic(1, "state"), "offline");
    assert!(world.diagnostic(1, "last_error").starts_with("LS-DRV-003: lost the connection to "));
}

#[tokio::test(start_paused = true)]
async fn a_point_that_is_only_written_is_never_read() {
    let mut world = World::new("command-register");
    world.drain();
    world.apply([(1, Like { access: Access::Write, ..Like::default() })]);
    world.run_secs(10).await;
    assert!(world.gateway(0).calls().is_empty());
    assert_eq!((world.status(1).state, world.status(1).tags_bad), (DeviceState::Online, 0));
}

#[tokio::test(start_paused = true)]
async fn links_stop_within_a_second_whatever_they_are_doing() {
    for mood in [Mood::Answers, Mood::Hangs, Mood::Breaks] {
        let mut world = World::new(&format!("stop-{mood:?}"));
        world.drain();
        world.gateway(0).set(1, |unit| unit.mood = mood);
        world.gateway(1).state.lock().closed = Some(mood).filter(|mood| *mood != Mood::Answers);
        world.apply([
            (1, Like { timeout: Duration::from_secs(30), ..Like::default() }),
            (2, Like { gateway: 1, ..Like::default() }),
        ]);
        world.run_for(ms(2_500)).await;
        let started = Instant::now();
        let token = world.tree.stop_token(lineshaft_runtime::TaskKind::DriverRun);
        token.cancel();
        while world.tree.running() > 1 {
            world.run_for(ms(10)).await;
        }
        assert!(started.elapsed() < Duration::from_secs(1), "{mood:?}: {:?}", started.elapsed());
        assert_eq!(world.gateway(0).state.lock().sessions_open, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_whose_samples_nobody_takes_stops_too() {
    let world = World::with_intake("stuck", 1);
    world.apply([(1, Like::default())]);
    world.run_secs(5).await;
    assert!(world.tree.shutdown(Duration::from_secs(1)).await.is_empty());
}
