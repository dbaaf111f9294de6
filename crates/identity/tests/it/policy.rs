//! What the plant file asks for, and what of it there is not.

use std::sync::Arc;

use lineshaft_identity::Policy;

use crate::node::{Node, policy};

/// Counts what is logged at one level on this thread.
struct Counter(tracing::Level, Arc<std::sync::atomic::AtomicU32>);

impl tracing::Subscriber for Counter {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        if event.metadata().level() == &self.0 {
            self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// How many lines of a level `work` logs.
fn logged(level: tracing::Level, work: impl FnOnce()) -> u32 {
    let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
    tracing::subscriber::with_default(Counter(level, Arc::clone(&count)), work);
    count.load(std::sync::atomic::Ordering::SeqCst)
}

#[test]
fn a_policy_with_roles_that_are_not_there_is_warned_of_once() {
    let node = Node::new();
    let misspelt = Policy {
        anonymous: Some("viewr".into()),
        second_factor: vec!["admin".into(), "admn".into()],
        ..policy()
    };
    let warned = logged(tracing::Level::WARN, || node.identity.set_policy(misspelt));
    assert_eq!(warned, 1);
    let said: Vec<String> = node.identity.unknown_roles().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "there is no role `viewr`; `[security] anonymous` asks for it",
            "there is no role `admn`; `[security] second_factor` asks for it",
        ]
    );
    assert_eq!(logged(tracing::Level::WARN, || node.identity.set_policy(policy())), 0);
    assert_eq!(node.identity.unknown_roles(), []);
}
