//! The latest value of each subscribed tag, for readers of any speed.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::{Sample, TagId};
use tokio::time::Instant;

use crate::live::{CHUNK_TAGS, Chunk, chunk_of, place_of};
use crate::namespace::Shared;

/// A subscription wakes at most this often. Faster than an eye, and twenty looks a second over 10,000 tags cost
/// a subscriber less than a thousandth of a core.
pub const WAKE_INTERVAL: Duration = Duration::from_millis(50);

/// A view of some tags that hands out each change at most once and only the latest of several.
///
/// Its memory is bounded by the tags it names: 8 bytes each, and no queue. A tag that is added is handed out once
/// with its last value (if it has one), then whenever something was published for it, also when the value
/// is the same. Dropping it ends it.
pub struct Subscription {
    shared: Arc<Shared>,
    watched: BTreeMap<u32, Watched>,
    count: usize,
    prefixes: Vec<String>,
    /// The version of the tree that `prefixes` were last looked up in.
    version: u64,
    /// Where the last [`Subscription::drain`] stopped because it was full, so that the tags behind get their turn.
    resume: (u32, u16),
    woken: Option<Instant>,
}

/// The subscribed tags of one chunk, in order.
struct Watched {
    chunk: Arc<Chunk>,
    entries: Vec<Entry>,
    /// The chunk's count of changes when all entries were last looked at; `None` when they must be.
    looked: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    place: u16,
    named: bool,
    under: bool,
    /// The change that was last handed out; 0 is none.
    seen: u32,
}

impl Entry {
    const fn wanted(self) -> bool {
        self.named || self.under
    }
}

enum By {
    Name,
    Prefix,
}

impl Subscription {
    pub(crate) fn new(shared: Arc<Shared>) -> Subscription {
        shared.metrics.subscriptions.increment(1.0);
        let version = shared.version();
        Subscription {
            shared,
            watched: BTreeMap::new(),
            count: 0,
            prefixes: Vec::new(),
            version,
            resume: (0, 0),
            woken: None,
        }
    }

    /// Adds a tag; `false` when it is not configured. Adding it again changes nothing.
    pub fn add(&mut self, id: TagId) -> bool {
        let tree = self.shared.tree();
        let known = tree.place(id).is_some();
        if known {
            self.enter(id, &tree.chunks[chunk_of(id)], &By::Name);
        }
        known
    }

    /// Takes a tag out that was added by [`Subscription::add`]. It stays while an added prefix holds it.
    pub fn remove(&mut self, id: TagId) {
        let Some(watched) = self.watched.get_mut(&chunk_key(id)) else { return };
        let Ok(at) = watched.find(id) else { return };
        watched.entries[at].named = false;
        if !watched.entries[at].under {
            watched.entries.remove(at);
            self.count -= 1;
            if watched.entries.is_empty() {
                self.watched.remove(&chunk_key(id));
            }
        }
    }

    /// Adds all tags at `prefix` and below, now and as the tree changes. Returns how many there are now.
    pub fn add_under(&mut self, prefix: &str) -> usize {
        let prefix = prefix.trim_matches('/').to_owned();
        let found = self.enter_under(&prefix);
        if !self.prefixes.contains(&prefix) {
            self.prefixes.push(prefix);
        }
        found
    }

    /// Takes a prefix out that was added by [`Subscription::add_under`], with the tags that nothing else names.
    pub fn remove_under(&mut self, prefix: &str) {
        self.remove_each_under(&[prefix]);
    }

    /// The same for several prefixes; the tags are looked at once and not once for each.
    pub fn remove_each_under(&mut self, prefixes: &[&str]) {
        if prefixes.is_empty() {
            return;
        }
        let prefixes: HashSet<&str> =
            prefixes.iter().map(|prefix| prefix.trim_matches('/')).collect();
        self.prefixes.retain(|added| !prefixes.contains(added.as_str()));
        self.look_up_prefixes();
        self.keep(|_, entry| entry.wanted());
    }

    /// How many tags it names now.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Waits until there is something to drain, and at least [`WAKE_INTERVAL`] since it last returned.
    ///
    /// Cancel-safe: a dropped wait loses nothing.
    pub async fn wait(&mut self) {
        if let Some(woken) = self.woken {
            tokio::time::sleep_until(woken + WAKE_INTERVAL).await;
        }
        loop {
            let shared = self.shared.clone();
            let mut published = pin!(shared.published.notified());
            // From here on a publication is noticed, also one between the look and the wait.
            published.as_mut().enable();
            if self.has_news() {
                break;
            }
            published.await;
            // Others publish too: look once per interval, not once per batch.
            if !self.has_news() {
                tokio::time::sleep(WAKE_INTERVAL).await;
            }
        }
        self.woken = Some(Instant::now());
    }

    /// Adds the latest values of tags that changed to `out`, at most `max`; returns how many.
    ///
    /// When more than `max` changed, the next call goes on behind the last tag, so that none starves. Within one
    /// call each tag comes at most once, in no particular order. A tag that left the tree comes once more, bad
    /// (out of service), and is then gone if a prefix had brought it.
    pub fn drain(&mut self, max: usize, out: &mut Vec<(TagId, Sample)>) -> usize {
        self.follow_tree();
        let before = out.len();
        let (chunk, place) = self.resume;
        self.resume = (0, 0);
        // From where the last one stopped to the end, then from the start to there.
        let turns = [(chunk, place, u32::MAX, u16::MAX), (0, 0, chunk, place)];
        let mut left = false;
        for (first, from, last, to) in turns {
            for (key, watched) in self.watched.range_mut(first..=last) {
                let from = if *key == first { from } else { 0 };
                let to = if *key == last { to } else { u16::MAX };
                let room = max - (out.len() - before);
                let (stopped, leaving) = watched.drain(*key, from..to, room, out);
                left |= leaving;
                if let Some(place) = stopped {
                    self.resume = (*key, place);
                    break;
                }
            }
            if self.resume != (0, 0) || out.len() - before == max {
                break;
            }
        }
        if left {
            self.keep(still_of_use);
        }
        out.len() - before
    }

    /// Whether any tag changed since it was handed out.
    fn has_news(&mut self) -> bool {
        self.follow_tree();
        self.watched.values_mut().any(Watched::has_news)
    }

    fn enter(&mut self, id: TagId, chunk: &Arc<Chunk>, by: &By) {
        let watched = self.watched.entry(chunk_key(id)).or_insert_with(|| Watched {
            chunk: chunk.clone(),
            entries: Vec::new(),
            looked: None,
        });
        let at = match watched.find(id) {
            Ok(at) => at,
            Err(at) => {
                let place = u16::try_from(place_of(id)).unwrap_or(u16::MAX);
                watched.entries.insert(at, Entry { place, named: false, under: false, seen: 0 });
                watched.looked = None;
                self.count += 1;
                at
            }
        };
        match by {
            By::Name => watched.entries[at].named = true,
            By::Prefix => watched.entries[at].under = true,
        }
    }

    fn enter_under(&mut self, prefix: &str) -> usize {
        let tree = self.shared.tree();
        let range = tree.range(prefix);
        let found = range.len();
        for id in &tree.ids()[range] {
            self.enter(*id, &tree.chunks[chunk_of(*id)], &By::Prefix);
        }
        found
    }

    fn look_up_prefixes(&mut self) {
        for watched in self.watched.values_mut() {
            for entry in &mut watched.entries {
                entry.under = false;
            }
        }
        let prefixes = std::mem::take(&mut self.prefixes);
        for prefix in &prefixes {
            self.enter_under(prefix);
        }
        self.prefixes = prefixes;
    }

    /// Brings the prefixes up to the tree. What left it stays until its last word is handed out.
    fn follow_tree(&mut self) {
        let version = self.shared.version();
        if version == self.version {
            return;
        }
        self.version = version;
        if self.prefixes.is_empty() {
            return;
        }
        self.look_up_prefixes();
        self.keep(still_of_use);
    }

    /// Drops entries that `keep` does not want, and chunks without entries.
    fn keep(&mut self, keep: impl Fn(&Chunk, Entry) -> bool) {
        self.count = 0;
        self.watched.retain(|_, watched| {
            watched.entries.retain(|entry| keep(&watched.chunk, *entry));
            self.count += watched.entries.len();
            !watched.entries.is_empty()
        });
    }
}

impl Watched {
    fn find(&self, id: TagId) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&place_of(id), |entry| usize::from(entry.place))
    }

    fn has_news(&mut self) -> bool {
        let changes = self.chunk.changes();
        if self.looked == Some(changes) {
            return false;
        }
        let chunk = &self.chunk;
        let news =
            self.entries.iter().any(|entry| chunk.sequence(usize::from(entry.place)) != entry.seen);
        if !news {
            self.looked = Some(changes);
        }
        news
    }

    /// Hands out what changed at the places of `part`. Returns where it stopped for want of room, and whether a tag
    /// was handed out that nothing names any more.
    fn drain(
        &mut self,
        key: u32,
        part: std::ops::Range<u16>,
        room: usize,
        out: &mut Vec<(TagId, Sample)>,
    ) -> (Option<u16>, bool) {
        if !self.has_news() {
            return (None, false);
        }
        let (mut stopped, mut leaving, mut taken) = (None, false, 0);
        let entries = &mut self.entries;
        self.chunk.read(|look| {
            for entry in entries.iter_mut().filter(|entry| part.contains(&entry.place)) {
                let (sample, sequence) = look.at(usize::from(entry.place));
                if sequence == entry.seen {
                    continue;
                }
                if taken == room {
                    stopped = Some(entry.place);
                    return;
                }
                entry.seen = sequence;
                if let Some(sample) = sample {
                    out.push((tag_at(key, entry.place), sample.clone()));
                    taken += 1;
                }
                leaving |= !entry.wanted();
            }
        });
        (stopped, leaving)
    }
}

/// Whether something names the tag, or its last word has not been handed out.
fn still_of_use(chunk: &Chunk, entry: Entry) -> bool {
    entry.wanted() || chunk.sequence(usize::from(entry.place)) != entry.seen
}

fn chunk_key(id: TagId) -> u32 {
    u32::try_from(chunk_of(id)).unwrap_or(u32::MAX)
}

fn tag_at(key: u32, place: u16) -> TagId {
    let chunk_tags = u32::try_from(CHUNK_TAGS).unwrap_or(u32::MAX);
    TagId::from_index(key * chunk_tags + u32::from(place))
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.metrics.subscriptions.decrement(1.0);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({} tags, {} prefixes)", self.count, self.prefixes.len())
    }
}
