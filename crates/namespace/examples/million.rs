//! What a million tags cost: memory, publication, search, counts, a hundred subscribers.
//!
//! `cargo run --release -p lineshaft-namespace --example million`

use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::{
    Access, Batch, DataType, OriginId, Sample, TagId, TagMeta, TagPath, Tags, Timestamp, Unit,
};
use lineshaft_namespace::{Diagnostics, Namespace};
use lineshaft_runtime::Clock;

fn main() {
    let clock = Clock::real();
    let timed = |what: &str, work: &mut dyn FnMut()| -> f64 {
        let started = clock.steady();
        work();
        let took = (clock.steady() - started).as_secs_f64();
        println!("{what}: {:.1} ms", took * 1e3);
        took
    };
    let before = resident_mib();
    let namespace = Namespace::new(Arc::new(Tags::new()));
    timed("configure 1,000,000 tags", &mut || namespace.configure(metas(1_000_000)));
    let ids = namespace.list("", None, None, usize::MAX, Diagnostics::Include).ids;
    publish(&namespace, &ids, 0);
    println!("memory with a value in every tag: {:.0} MiB", resident_mib() - before);

    let rounds = 20;
    let took = timed("publish 20 x 1,000,000 samples in batches of 1,000", &mut || {
        for round in 1..=rounds {
            publish(&namespace, &ids, round);
        }
    });
    println!("  {:.1} million samples/s, batches built on the way", 20.0 / took);

    timed("search 1,000,000 tags", &mut || {
        assert_eq!(namespace.list("", Some("TAG-777"), None, 100, Diagnostics::Include).total, 0);
    });
    timed("search 100,000 tags", &mut || {
        assert_eq!(
            namespace
                .list("acme/site/area-3", Some("TAG-7"), None, 100, Diagnostics::Include)
                .total,
            11_000
        );
    });
    timed("children of the root's only folder, counts of 1,000,000", &mut || {
        assert_eq!(namespace.children("acme/site", Diagnostics::Include).len(), 10);
    });
    timed("children of 100,000 tags", &mut || {
        assert_eq!(namespace.children("acme/site/area-3", Diagnostics::Include).len(), 10);
    });

    let mut subscriptions: Vec<_> = (0..100).map(|_| namespace.subscribe()).collect();
    timed("100 subscriptions to 10,000 tags each", &mut || {
        for subscription in &mut subscriptions {
            assert_eq!(subscription.add_under("acme/site/area-3/line-4"), 10_000);
        }
    });
    let tags =
        namespace.list("acme/site/area-3/line-4", None, None, 10_000, Diagnostics::Include).ids;
    let mut out = Vec::new();
    let mut one_second = || {
        publish(&namespace, &tags, 100);
        for _ in 0..Duration::from_secs(1).as_millis() / 50 {
            for subscription in &mut subscriptions {
                out.clear();
                subscription.drain(usize::MAX, &mut out);
            }
        }
    };
    one_second();
    timed("one second of 10,000 tags at 1 Hz for 100 subscribers, 20 looks each", &mut one_second);
}

fn metas(count: usize) -> Vec<TagMeta> {
    let unit = Unit::new("Cel").ok();
    (0..count)
        .filter_map(|n| {
            let (area, line, cell) = (n / 100_000, n / 10_000 % 10, n / 100 % 100);
            let path = format!("acme/site/area-{area}/line-{line}/cell-{cell:02}/tag-{}", n % 100);
            Some(TagMeta {
                path: TagPath::new(&path).ok()?,
                data_type: DataType::F64,
                unit: unit.clone(),
                access: Access::Read,
                step: false,
                description: "Temperature of the drive end bearing".into(),
                device: format!("cell-{cell:02}").into(),
            })
        })
        .collect()
}

fn publish(namespace: &Namespace, ids: &[TagId], round: i64) {
    let ts = Timestamp::from_secs(round);
    let mut batch = Batch::new(OriginId(1), ts);
    for part in ids.chunks(1_000) {
        batch.rows.clear();
        for id in part {
            batch.push(*id, Sample::good(ts, 21.5));
        }
        namespace.publish(&batch);
    }
}

/// Resident memory of this process; 0 where the system does not say.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
