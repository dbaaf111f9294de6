//! The metrics of the queues.

use metrics::{Counter, Gauge, counter, gauge};

/// Messages that wait in a queue.
const QUEUE_DEPTH: &str = "lineshaft_runtime_queue_depth";
/// Messages a full queue dropped, for its policy says so.
const QUEUE_DROPS: &str = "lineshaft_runtime_queue_drops_total";

pub(crate) fn queue_depth(queue: &'static str) -> Gauge {
    gauge!(QUEUE_DEPTH, "queue" => queue)
}

pub(crate) fn queue_drops(queue: &'static str) -> Counter {
    counter!(QUEUE_DROPS, "queue" => queue)
}
