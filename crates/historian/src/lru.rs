//! A map that forgets what was not asked for longest, once it costs too much.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Keeps values up to a total cost.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    values: HashMap<K, Kept<V>>,
    /// Keys by when they were last asked for.
    order: BTreeMap<u64, K>,
    cost: usize,
    cost_max: usize,
    tick: u64,
}

#[derive(Debug)]
struct Kept<V> {
    value: V,
    cost: usize,
    tick: u64,
}

impl<K: Copy + Eq + Hash, V: Clone> Lru<K, V> {
    pub(crate) fn new(cost_max: usize) -> Lru<K, V> {
        Lru { values: HashMap::new(), order: BTreeMap::new(), cost: 0, cost_max, tick: 0 }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        let kept = self.values.get_mut(key)?;
        self.tick += 1;
        self.order.remove(&kept.tick);
        kept.tick = self.tick;
        self.order.insert(self.tick, *key);
        Some(kept.value.clone())
    }

    pub(crate) fn put(&mut self, key: K, value: V, cost: usize) {
        self.remove(&key);
        self.tick += 1;
        self.cost += cost;
        self.order.insert(self.tick, key);
        self.values.insert(key, Kept { value, cost, tick: self.tick });
        while self.cost > self.cost_max
            && let Some((_, oldest)) = self.order.pop_first()
            && let Some(kept) = self.values.remove(&oldest)
        {
            self.cost -= kept.cost;
        }
    }

    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(kept) = self.values.remove(key) {
            self.order.remove(&kept.tick);
            self.cost -= kept.cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_last_is_forgotten_last() {
        let mut lru = Lru::new(20);
        lru.put('a', 1, 10);
        lru.put('b', 2, 10);
        assert_eq!(lru.get(&'a'), Some(1));
        lru.put('c', 3, 10);
        assert_eq!((lru.get(&'a'), lru.get(&'b'), lru.get(&'c')), (Some(1), None, Some(3)));
        lru.put('d', 4, 99);
        assert_eq!(lru.get(&'d'), None, "what costs more than everything is not kept");
    }
}
