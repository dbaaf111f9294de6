//! What is past its age goes, and nothing else.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_historian::Options;
use lineshaft_model::{Row, Sample, Timestamp};
use lineshaft_runtime::Disk;
use lineshaft_runtime::disk::sim::{Faults, SimDisk};

use crate::plant::{NOON, Plant};

const DAY: i64 = 86_400_000_000_000;

/// One sample a day for ten days, a segment each; the clock stands 40 days after the first.
fn ten_days() -> (SimDisk, Plant) {
    let sim = SimDisk::new(1, Faults::none());
    let retention = Some(Duration::from_secs(3 * 86_400));
    let options = Options { retention, ..Options::default() };
    let mut plant = Plant::with(Arc::new(sim.clone()), Path::new("/data"), options);
    let tag = plant.tag("daily");
    for day in 0..10 {
        let sample = Sample::good(Timestamp::from_nanos(NOON + day * DAY), day);
        plant.log.push(vec![Row { tag, sample }]);
        plant.take_in();
        plant.historian.seal().unwrap();
    }
    (sim, plant)
}

#[test]
fn segments_past_their_age_go_counted_from_the_newest_sample_when_the_clock_is_ahead() {
    let (sim, mut plant) = ten_days();
    let tag = plant.tag("daily");
    assert_eq!(plant.historian.expire().unwrap(), 6);
    assert_eq!(plant.historian.expire().unwrap(), 0);
    assert_eq!(plant.raw(tag, 100).len(), 4, "day 6 is exactly three days old and stays");
    assert_eq!(sim.list(&plant.dir).unwrap().len(), 5, "four segments and the manifest");
    plant.reopen();
    assert_eq!((plant.raw(tag, 100).len(), plant.historian.leftovers()), (4, 0));
    assert_eq!(plant.historian.covered(), 10);
}

#[test]
fn one_sample_from_the_future_does_not_drop_the_past() {
    let (_sim, mut plant) = ten_days();
    let tag = plant.tag("daily");
    plant.clock.step(Timestamp::from_nanos(NOON + 9 * DAY));
    let sample = Sample::good(Timestamp::from_nanos(NOON + 10_000 * DAY), 1.0);
    plant.log.push(vec![Row { tag, sample }]);
    plant.take_in();
    plant.historian.seal().unwrap();
    assert_eq!(plant.historian.expire().unwrap(), 6);
}
