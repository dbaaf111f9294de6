//! Any sequence of changes, publications and drains, against plain maps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lineshaft_model::{
    Batch, ClockSource, OriginId, Quality, Reason, Sample, TagPath, Tags, Timestamp, Value,
};
use lineshaft_namespace::{Diagnostics, Namespace};
use proptest::prelude::*;

use crate::{meta, path};

#[derive(Debug, Clone)]
enum Step {
    Configure(BTreeSet<String>),
    Publish(Vec<(String, i64)>),
    AddUnder(String),
    RemoveUnder(String),
    Drain(usize),
}

fn any_path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[ab-]", 1..4).prop_map(|segments| segments.join("/"))
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => proptest::collection::btree_set(any_path(), 0..20).prop_map(Step::Configure),
        4 => proptest::collection::vec((any_path(), any::<i64>()), 1..6).prop_map(Step::Publish),
        1 => any_path().prop_map(Step::AddUnder),
        1 => any_path().prop_map(Step::RemoveUnder),
        3 => (0usize..5).prop_map(Step::Drain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_reader_ends_up_with_what_was_said_last(steps in proptest::collection::vec(any_step(), 1..40)) {
        let tags = Arc::new(Tags::new());
        // The numbers of the tags are spread over chunks.
        for filler in 0..1_500 {
            tags.intern(&path(&format!("filler/{filler}")));
            if filler % 300 == 0 {
                tags.intern(&path(["a", "b/a", "-/b", "a/b/-", "b"][filler / 300]));
            }
        }
        let namespace = Namespace::new(tags.clone());
        let mut subscription = namespace.subscribe();
        let mut configured = BTreeSet::<TagPath>::new();
        let mut last = BTreeMap::<TagPath, (Value, Quality)>::new();
        let mut prefixes = BTreeSet::<String>::new();
        let mut known = BTreeMap::<TagPath, (Value, Quality)>::new();
        let mut out = Vec::new();
        for (now, step) in (0..).zip(steps.into_iter().chain([Step::Drain(usize::MAX)])) {
            match step {
                Step::Configure(paths) => {
                    let next: BTreeSet<TagPath> = paths.iter().map(|text| path(text)).collect();
                    for gone in configured.difference(&next) {
                        if let Some((_, quality)) = last.get_mut(gone) {
                            *quality = Quality::bad(Reason::OutOfService);
                        }
                    }
                    for new in next.difference(&configured) {
                        if let Some(state) = last.get_mut(new) {
                            *state = (Value::Null, Quality::bad(Reason::NotYet));
                        }
                    }
                    namespace.configure(paths.iter().map(|text| meta(text)).collect());
                    configured = next;
                }
                Step::Publish(rows) => {
                    let ts = Timestamp::from_secs(now);
                    let mut batch = Batch::new(OriginId(0), ts);
                    for (text, value) in rows {
                        let sample =
                            Sample::new(ts, Value::Int(value), Quality::GOOD, ClockSource::Source);
                        batch.push(tags.intern(&path(&text)), sample);
                        if configured.contains(&path(&text)) {
                            last.insert(path(&text), (Value::Int(value), Quality::GOOD));
                        }
                    }
                    namespace.publish(&batch);
                }
                Step::AddUnder(prefix) => {
                    subscription.add_under(&prefix);
                    prefixes.insert(prefix);
                }
                Step::RemoveUnder(prefix) => {
                    subscription.remove_under(&prefix);
                    prefixes.remove(&prefix);
                }
                Step::Drain(max) => {
                    out.clear();
                    prop_assert!(subscription.drain(max, &mut out) <= max);
                    for (id, sample) in out.drain(..) {
                        known.insert(tags.path(id).unwrap(), (sample.value, sample.quality));
                    }
                }
            }
            let under = |prefix: &str| configured.iter().filter(|p| p.is_under(prefix)).count();
            prop_assert_eq!(namespace.counts("a").tags, under("a"));
            prop_assert_eq!(
                namespace.children("", Diagnostics::Include).iter().map(|child| child.tags).sum::<usize>(),
                configured.len()
            );
        }
        for path in &configured {
            if prefixes.iter().any(|prefix| path.is_under(prefix)) {
                prop_assert_eq!(known.get(path), last.get(path), "{}", path);
            }
            let id = namespace.find(path).unwrap();
            let said = namespace.last(id).map(|sample| (sample.value, sample.quality));
            prop_assert_eq!(said.as_ref(), last.get(path));
        }
        let listed: Vec<TagPath> =
            namespace.list("", None, None, 100, Diagnostics::Include).ids.iter().filter_map(|id| tags.path(*id)).collect();
        prop_assert_eq!(listed, configured.into_iter().collect::<Vec<_>>());
    }
}
