//! Queues with a bound, a policy and a name.

use std::collections::VecDeque;
use std::sync::Arc;

use metrics::{Counter, Gauge};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What happens when a queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The sender waits: back-pressure to the source.
    Wait,
    /// The oldest entry makes room, and is counted.
    DropOldest,
    /// The new entry is handed back, and is counted.
    Refuse,
}

/// What became of an entry.
#[derive(Debug, PartialEq, Eq)]
pub enum Sent<T> {
    /// It is in the queue.
    Queued,
    /// It is in the queue; this older one had to go.
    Dropped(T),
    /// The queue is full; here it is back.
    Refused(T),
    /// Nobody receives any more; here it is back.
    Closed(T),
}

struct Shared<T> {
    state: Mutex<State<T>>,
    capacity: usize,
    policy: Policy,
    filled: Notify,
    drained: Notify,
    depth: Gauge,
    drops: Counter,
}

struct State<T> {
    queue: VecDeque<T>,
    senders: usize,
    receiver_gone: bool,
}

/// Makes a queue of at most `capacity` entries. `name` labels its depth and drops in the metrics.
#[must_use]
pub fn channel<T>(capacity: usize, policy: Policy, name: &'static str) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State { queue: VecDeque::new(), senders: 1, receiver_gone: false }),
        capacity: capacity.max(1),
        policy,
        filled: Notify::new(),
        drained: Notify::new(),
        depth: crate::metrics::queue_depth(name),
        drops: crate::metrics::queue_drops(name),
    });
    (Sender(shared.clone()), Receiver(shared))
}

/// The end that puts entries in.
pub struct Sender<T>(Arc<Shared<T>>);

/// The end that takes entries out.
pub struct Receiver<T>(Arc<Shared<T>>);

impl<T> std::fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sender({})", self.0.state.lock().queue.len())
    }
}
impl<T> std::fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receiver({})", self.0.state.lock().queue.len())
    }
}

impl<T> Sender<T> {
    /// Puts an entry in, by the queue's policy. Cancel-safe: a dropped wait puts nothing in.
    pub async fn send(&self, entry: T) -> Sent<T> {
        let mut entry = entry;
        loop {
            let drained = self.0.drained.notified();
            match self.try_send(entry) {
                Sent::Refused(back) if self.0.policy == Policy::Wait => {
                    entry = back;
                    drained.await;
                }
                sent => return sent,
            }
        }
    }

    /// Puts an entry in without waiting; a full queue that would wait refuses.
    pub fn try_send(&self, entry: T) -> Sent<T> {
        let mut state = self.0.state.lock();
        if state.receiver_gone {
            return Sent::Closed(entry);
        }
        let mut sent = Sent::Queued;
        if state.queue.len() >= self.0.capacity {
            match self.0.policy {
                Policy::Wait => return Sent::Refused(entry),
                Policy::Refuse => {
                    self.0.drops.increment(1);
                    return Sent::Refused(entry);
                }
                Policy::DropOldest => {
                    self.0.drops.increment(1);
                    if let Some(oldest) = state.queue.pop_front() {
                        sent = Sent::Dropped(oldest);
                    }
                }
            }
        }
        state.queue.push_back(entry);
        #[expect(clippy::cast_precision_loss, reason = "a queue has far fewer than 2^53 entries")]
        self.0.depth.set(state.queue.len() as f64);
        drop(state);
        self.0.filled.notify_one();
        sent
    }

    /// How many entries wait.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.state.lock().queue.len()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().senders += 1;
        Sender(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.senders -= 1;
        if state.senders == 0 {
            drop(state);
            self.0.filled.notify_one();
        }
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest entry, waiting for one; `None` when all senders are gone and the queue is empty.
    /// Cancel-safe.
    pub async fn receive(&mut self) -> Option<T> {
        loop {
            let filled = self.0.filled.notified();
            {
                let mut state = self.0.state.lock();
                if let Some(entry) = state.queue.pop_front() {
                    drop(state);
                    self.0.drained.notify_one();
                    return Some(entry);
                }
                if state.senders == 0 {
                    return None;
                }
            }
            filled.await;
        }
    }

    /// Takes the oldest entry if there is one.
    pub fn try_receive(&mut self) -> Option<T> {
        let entry = self.0.state.lock().queue.pop_front();
        if entry.is_some() {
            self.0.drained.notify_one();
        }
        entry
    }

    /// How many entries wait.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.state.lock().queue.len()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.receiver_gone = true;
        state.queue.clear();
        drop(state);
        self.0.drained.notify_waiters();
        self.0.drained.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: CR 7.2.
    #[tokio::test]
    async fn a_full_queue_follows_its_policy() {
        let (tx, _rx) = channel(1, Policy::Refuse, "test");
        assert_eq!(tx.send(1).await, Sent::Queued);
        assert_eq!(tx.send(2).await, Sent::Refused(2));

        let (tx, mut rx) = channel(1, Policy::DropOldest, "test");
        assert_eq!(tx.send(1).await, Sent::Queued);
        assert_eq!(tx.send(2).await, Sent::Dropped(1));
        assert_eq!(rx.receive().await, Some(2));

        let (tx, mut rx) = channel(1, Policy::Wait, "test");
        assert_eq!(tx.send(1).await, Sent::Queued);
        let (sent, first) = tokio::join!(tx.send(2), rx.receive());
        assert_eq!((sent, first), (Sent::Queued, Some(1)));
        drop(tx);
        assert_eq!(rx.receive().await, Some(2));
        assert_eq!(rx.receive().await, None);
    }

    #[tokio::test]
    async fn a_sender_that_waits_learns_that_the_receiver_left() {
        let (tx, rx) = channel(1, Policy::Wait, "test");
        tx.send(1).await;
        let (sent, ()) = tokio::join!(tx.send(2), async move { drop(rx) });
        assert_eq!(sent, Sent::Closed(2));
    }
}
