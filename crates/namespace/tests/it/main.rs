//! The namespace as its neighbours use it, and against the simplest model of itself.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helper functions")]

use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::{
    Access, Batch, ClockSource, DataType, OriginId, Quality, Sample, TagId, TagMeta, TagPath, Tags,
    Timestamp, Value,
};
use lineshaft_namespace::{Child, Counts, Diagnostics, Namespace};

mod against_a_model;

fn path(text: &str) -> TagPath {
    TagPath::new(text).unwrap()
}

fn meta(text: &str) -> TagMeta {
    TagMeta {
        path: path(text),
        data_type: DataType::F64,
        unit: None,
        access: Access::Read,
        step: false,
        description: String::new(),
        device: std::sync::Arc::default(),
    }
}

fn namespace(paths: &[&str]) -> Namespace {
    let namespace = Namespace::new(Arc::new(Tags::new()));
    namespace.configure(paths.iter().map(|path| meta(path)).collect());
    namespace
}

fn id(namespace: &Namespace, text: &str) -> TagId {
    namespace.find(&path(text)).unwrap()
}

fn publish(namespace: &Namespace, text: &str, sample: Sample) {
    let mut batch = Batch::new(OriginId(1), sample.ts);
    batch.push(namespace.tags().intern(&path(text)), sample);
    namespace.publish(&batch);
}

fn at(secs: i64, value: f64) -> Sample {
    Sample::good(Timestamp::from_secs(secs), value)
}

fn drained(
    subscription: &mut lineshaft_namespace::Subscription,
    namespace: &Namespace,
    max: usize,
) -> Vec<String> {
    let mut out = Vec::new();
    assert_eq!(subscription.drain(max, &mut out), out.len());
    out.iter()
        .map(|(id, sample)| {
            let path = namespace.tags().path(*id).unwrap();
            format!("{path} {} {}", sample.value, sample.quality)
        })
        .collect()
}

const LINE: [&str; 6] = ["acme/a-1/x", "acme/a/x", "acme/a", "acme/a/y/z", "acme/b/x", "other"];

#[test]
fn a_folder_has_its_children_with_the_counts_of_everything_below() {
    let namespace = namespace(&LINE);
    publish(&namespace, "acme/a/x", at(1, 1.0));
    let doubtful = Sample::new(
        Timestamp::from_secs(1),
        Value::Float(1.0),
        Quality::uncertain(lineshaft_model::Reason::Range),
        ClockSource::Arrival,
    );
    publish(&namespace, "acme/a/y/z", doubtful);
    let child = |name: &str, folder, tags, bad, uncertain| Child {
        name: name.into(),
        path: format!("acme/{name}"),
        folder,
        tags,
        bad,
        uncertain,
    };
    assert_eq!(
        namespace.children("acme", Diagnostics::Include),
        [child("a", true, 3, 1, 1), child("a-1", true, 1, 1, 0), child("b", true, 1, 1, 0)]
    );
    let names = |under| -> Vec<_> {
        namespace
            .children(under, Diagnostics::Include)
            .into_iter()
            .map(|c| (c.name, c.folder))
            .collect()
    };
    assert_eq!(names(""), [("acme".into(), true), ("other".into(), false)]);
    assert_eq!(names("/acme/a/"), [("x".into(), false), ("y".into(), true)]);
    assert_eq!(names("other"), []);
    assert_eq!(names("acm"), []);
    assert_eq!(namespace.counts("acme/a"), Counts { tags: 3, bad: 1, uncertain: 1 });
}

#[test]
fn pages_follow_each_other_in_tree_order_and_none_is_lost() {
    let namespace = namespace(&LINE);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = namespace.list("acme", None, after.as_ref(), 2, Diagnostics::Include);
        assert_eq!(page.total, 5);
        seen.extend(page.ids.iter().map(|id| namespace.tags().path(*id).unwrap().to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["acme/a", "acme/a/x", "acme/a/y/z", "acme/a-1/x", "acme/b/x"]);
}

#[test]
fn without_diagnostics_nothing_below_an_underscore_is_listed_or_counted() {
    let namespace = namespace(&[
        "a/_diag",
        "a/_diag/errors",
        "a/filler/_diag/state",
        "a/filler/speed",
        "a/meter/_diag/state",
        "a/x_y",
        "_node/load",
    ]);
    let children = |under| -> Vec<String> {
        let children = namespace.children(under, Diagnostics::Exclude);
        children.iter().map(|c| format!("{} {} {}", c.name, c.folder, c.tags)).collect()
    };
    assert_eq!(children(""), ["a true 2"]);
    assert_eq!(children("a"), ["filler true 1", "x_y false 1"]);
    assert_eq!(children("a/filler"), ["speed false 1"]);
    assert_eq!(children("a/filler/_diag"), ["state false 1"], "asked for by name");
    let list = |under, search, limit| {
        let page = namespace.list(under, search, None, limit, Diagnostics::Exclude);
        let paths = page.ids.iter().filter_map(|id| namespace.tags().path(*id));
        (paths.map(|path| path.to_string()).collect::<Vec<_>>().join(" "), page.total)
    };
    assert_eq!(list("", None, 9), ("a/filler/speed a/x_y".into(), 2));
    assert_eq!(list("", None, 1), ("a/filler/speed".into(), 2));
    assert_eq!(list("", Some("state"), 9), (String::new(), 0));
    assert_eq!(list("a/_diag", None, 9), ("a/_diag a/_diag/errors".into(), 2));
}

#[test]
fn a_search_looks_into_paths_and_descriptions() {
    let namespace = namespace(&[]);
    let mut described = meta("acme/press/t");
    described.description = "Die temperature, Öl".into();
    namespace.configure(vec![described, meta("acme/press/speed"), meta("acme/TEMPER/x")]);
    let found = |word, limit| {
        let page = namespace.list("", Some(word), None, limit, Diagnostics::Include);
        (page.ids.len(), page.total, page.next.map(|p| p.to_string()))
    };
    assert_eq!(found("temper", 10), (2, 2, None));
    assert_eq!(found("temper", 1), (1, 2, Some("acme/TEMPER/x".into())));
    assert_eq!(found("öL", 10), (1, 1, None));
    assert_eq!(found("nothing", 10), (0, 0, None));
    assert_eq!(found(" ", 10), (3, 3, None));
}

#[test]
fn a_removed_tag_is_gone_from_the_tree_and_its_value_is_out_of_service() {
    let namespace = namespace(&["a/x", "a/y"]);
    publish(&namespace, "a/x", at(1, 5.0));
    let x = id(&namespace, "a/x");
    let mut subscription = namespace.subscribe();
    assert_eq!(subscription.add_under("a"), 2);
    assert_eq!(drained(&mut subscription, &namespace, 9), ["a/x 5 good"]);

    namespace.configure(vec![meta("a/y"), meta("a/z")]);
    assert_eq!(namespace.tree_version(), 2);
    assert_eq!(namespace.find(&path("a/x")), None);
    assert_eq!(namespace.meta(x), None);
    publish(&namespace, "a/x", at(2, 6.0));
    publish(&namespace, "a/z", at(2, 7.0));
    assert_eq!(namespace.last(x).unwrap().quality.to_string(), "bad(out-of-service)");
    assert_eq!(
        drained(&mut subscription, &namespace, 9),
        ["a/x 5 bad(out-of-service)", "a/z 7 good"]
    );
    assert_eq!(subscription.count(), 2);

    namespace.configure(vec![meta("a/x"), meta("a/y"), meta("a/z")]);
    assert_eq!(drained(&mut subscription, &namespace, 9), ["a/x null bad(not-yet)"]);
    publish(&namespace, "a/x", at(3, 8.0));
    assert_eq!(drained(&mut subscription, &namespace, 9), ["a/x 8 good"]);
}

#[test]
fn a_slow_reader_gets_the_latest_value_of_each_tag_and_no_tag_starves() {
    let namespace = namespace(&["a", "b", "c"]);
    let mut subscription = namespace.subscribe();
    for tag in ["a", "b", "c"] {
        assert!(subscription.add(id(&namespace, tag)));
        for n in 0..100 {
            publish(&namespace, tag, at(n, 0.5 + f64::from(u8::try_from(n).unwrap())));
        }
    }
    assert_eq!(drained(&mut subscription, &namespace, 2), ["a 99.5 good", "b 99.5 good"]);
    publish(&namespace, "a", at(200, 1.5));
    publish(&namespace, "b", at(200, 1.5));
    assert_eq!(drained(&mut subscription, &namespace, 2), ["c 99.5 good", "a 1.5 good"]);
    assert_eq!(drained(&mut subscription, &namespace, 2), ["b 1.5 good"]);
    assert_eq!(drained(&mut subscription, &namespace, 2), [""; 0]);
}

#[test]
fn a_tag_stays_while_its_name_or_a_prefix_holds_it() {
    let namespace = namespace(&["a/x", "a/b/y", "c"]);
    let mut subscription = namespace.subscribe();
    assert!(!subscription.add(TagId::from_index(77)));
    subscription.add_under("a");
    subscription.add_under("a/b");
    subscription.add(id(&namespace, "a/x"));
    assert_eq!(subscription.count(), 2);
    subscription.remove_under("a");
    assert_eq!(subscription.count(), 2, "a/x by its name, a/b/y by the other prefix");
    subscription.remove(id(&namespace, "a/b/y"));
    subscription.remove_under("a/b");
    assert_eq!(subscription.count(), 1);
    subscription.remove(id(&namespace, "a/x"));
    assert_eq!(subscription.count(), 0);
}

#[test]
fn several_prefixes_leave_at_once_and_the_others_stay() {
    let namespace = namespace(&["a/x", "b/y", "c/z"]);
    let mut subscription = namespace.subscribe();
    for prefix in ["a", "b", "c"] {
        subscription.add_under(prefix);
    }
    subscription.remove_each_under(&["/c/", "a", "no/such"]);
    assert_eq!(subscription.count(), 1);
    subscription.remove_each_under(&[]);
    assert_eq!(subscription.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_wakes_for_its_own_tags_at_most_every_50_ms() {
    let namespace = namespace(&["a", "b"]);
    let mut subscription = namespace.subscribe();
    subscription.add(id(&namespace, "a"));
    let started = tokio::time::Instant::now();
    let publisher = async {
        for n in 0..1_000 {
            publish(&namespace, if n == 500 { "a" } else { "b" }, at(n, 1.0));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let reader = async {
        subscription.wait().await;
        let waited = started.elapsed().as_millis();
        assert!((500..=551).contains(&waited), "woke after {waited} ms");
        assert_eq!(drained(&mut subscription, &namespace, 9), ["a 1 good"]);
        publish(&namespace, "a", at(2_000, 2.0));
        subscription.wait().await;
        assert!(started.elapsed().as_millis() - waited >= 50);
        assert_eq!(drained(&mut subscription, &namespace, 9), ["a 2 good"]);
    };
    tokio::join!(publisher, reader);
}

#[test]
fn a_wait_can_move_between_threads() {
    fn is_send(_: impl Send) {}
    let namespace = namespace(&["a"]);
    is_send(namespace.subscribe().wait());
    is_send(namespace);
}

#[test]
fn a_command_register_that_nobody_reads_is_not_bad() {
    let namespace = Namespace::new(Arc::new(Tags::new()));
    let command = TagMeta { access: Access::Write, ..meta("a/start") };
    namespace.configure(vec![meta("a/speed"), command]);
    assert_eq!(namespace.counts("a"), Counts { tags: 2, bad: 1, uncertain: 0 });
    publish(&namespace, "a/speed", at(1, 5.0));
    assert_eq!(namespace.counts("a"), Counts { tags: 2, bad: 0, uncertain: 0 });
}
