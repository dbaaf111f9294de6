//! The historian on a real shaft, on its own thread, over restarts.

use std::path::Path;
use std::sync::Arc;

use lineshaft_historian::{Historian, Options};
use lineshaft_model::{Batch, OriginId, Sample, TagId, TagPath, Tags, Timestamp};
use lineshaft_record::{Decoder, Writer};
use lineshaft_runtime::disk::RealDisk;
use lineshaft_runtime::disk::sim::{Faults, SimDisk};
use lineshaft_runtime::{Clock, Disk, Seed};
use lineshaft_shaft::{From, Shaft};
use tokio_util::sync::CancellationToken;

use crate::plant::{NOON, SIGNALS, assert_same, log, samples};

struct Node {
    disk: Arc<dyn Disk>,
    clock: Clock,
    tags: Arc<Tags>,
    shaft: Shaft,
    writer: Writer,
    historian: Arc<Historian>,
}

impl Node {
    fn start(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Node {
        // Tags are numbered anew in each process.
        let tags = Arc::new(Tags::new());
        let clock = Clock::simulated(Timestamp::from_nanos(NOON));
        let (shaft, writer) = lineshaft_record::open(
            disk.clone(),
            clock.clone(),
            &dir.join("shaft"),
            lineshaft_shaft::Options { segment_bytes: 20_000, ..Default::default() },
            tags.clone(),
        )
        .unwrap();
        let historian = Historian::open(
            disk.clone(),
            clock.clone(),
            &dir.join("historian"),
            options,
            tags.clone(),
        )
        .unwrap();
        Node { disk, clock, tags, shaft, writer, historian }
    }

    /// Runs the historian until it has read all that is on the shaft, which is then closed.
    fn drain(self) -> Arc<Historian> {
        let reader = self.shaft.reader("historian", From::Oldest).unwrap();
        self.shaft.commit();
        self.shaft.close();
        let decoder = Decoder::new(self.tags.clone());
        self.historian.run(reader, decoder, &CancellationToken::new()).unwrap();
        let _ = (self.disk, self.clock);
        self.historian
    }
}

fn tag(tags: &Tags, number: usize) -> TagId {
    tags.intern(&TagPath::new(&format!("acme/line/{number}")).unwrap())
}

fn raw(historian: &Historian, tag: TagId) -> Vec<Sample> {
    use lineshaft_contract::{History, HistoryMode, HistoryRequest};
    let asked = crate::plant::request(tag, HistoryMode::Raw, i64::MIN, i64::MAX);
    historian.read(&HistoryRequest { limit: 100_000, ..asked }).unwrap().samples
}

#[test]
fn what_is_on_the_shaft_is_history_after_every_restart() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let mut seed = Seed::new(3);
    let mut all: Vec<Vec<Sample>> = vec![Vec::new(); 3];
    // Small enough that some runs seal on the way and leave the rest to the next.
    let options = Options { hot_bytes_max: 60_000, ..Options::default() };
    let mut sealed = 0;
    for run in 0..5 {
        let mut node = Node::start(disk.clone(), dir.path(), options.clone());
        let of: Vec<(TagId, Vec<Sample>)> = (0..3)
            .map(|number| {
                let number = (number + run) % 3; // other numbers for the same names
                let tag = tag(&node.tags, number);
                let some = samples(SIGNALS[number], 2_000, &mut seed);
                all[number].extend(some.iter().cloned());
                (tag, some)
            })
            .collect();
        for rows in log(&of, &mut seed) {
            let mut batch = Batch::new(OriginId(1), Timestamp::from_nanos(NOON));
            batch.rows = rows;
            node.writer.append(&batch).unwrap();
        }
        let tags = node.tags.clone();
        let historian = node.drain();
        for (number, samples) in all.iter().enumerate() {
            let mut model = samples.clone();
            model.sort_by_key(|sample| sample.ts);
            assert_same(&raw(&historian, tag(&tags, number)), &model, &(run, number));
        }
        sealed = historian.status().samples_sealed;
    }
    assert!(sealed > 10_000, "{sealed} of 30,000 samples and more were sealed");
}

#[test]
fn a_damaged_part_of_the_shaft_is_a_gap_and_not_the_end() {
    let sim = SimDisk::new(1, Faults::none());
    let disk: Arc<dyn Disk> = Arc::new(sim.clone());
    let mut node = Node::start(disk, Path::new("/data"), Options::default());
    let tag = tag(&node.tags, 1);
    for second in 0..50 {
        let mut batch = Batch::new(OriginId(1), Timestamp::from_nanos(NOON));
        let ts = Timestamp::from_nanos(NOON + second * 1_000_000_000);
        batch.push(tag, Sample::good(ts, second));
        node.writer.append(&batch).unwrap();
    }
    node.shaft.commit();
    let (path, len) = sim
        .files()
        .into_iter()
        .filter(|(path, _)| path.starts_with("/data/shaft"))
        .max_by_key(|(_, len)| *len)
        .unwrap();
    sim.flip(&path, len / 2, 3);
    let historian = node.drain();
    let found = raw(&historian, tag).len();
    assert!((40..50).contains(&found), "{found} of 50 samples");
}

/// Somebody removed a damaged shaft, or put the historian's folder beside another one: numbers begin again.
#[test]
fn a_shaft_that_begins_anew_loses_nothing_over_the_restarts_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let run = |from: i64, to: i64| {
        let mut node = Node::start(disk.clone(), dir.path(), Options::default());
        let mut reader = node.shaft.reader("historian", From::Oldest).unwrap();
        node.historian.seek(&mut reader).unwrap();
        let tag = tag(&node.tags, 0);
        for second in from..to {
            let mut batch = Batch::new(OriginId(1), Timestamp::from_nanos(NOON));
            let ts = Timestamp::from_nanos(NOON + second * 1_000_000_000);
            batch.push(tag, Sample::good(ts, second));
            node.writer.append(&batch).unwrap();
        }
        drop(reader);
        let historian = node.drain();
        let found = raw(&historian, tag).into_iter().map(|sample| sample.value);
        let all = (0..to).map(lineshaft_model::Value::Int);
        assert_eq!(found.collect::<Vec<_>>(), all.collect::<Vec<_>>(), "to {to}");
        historian
    };
    run(0, 100).seal().unwrap();
    std::fs::remove_dir_all(dir.path().join("shaft")).unwrap();
    run(100, 120);
    run(120, 140);
    run(140, 160).seal().unwrap();
    run(160, 161);
}
