//! Interned paths: a tag is a small number on the hot path and a name at the edges.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use parking_lot::RwLock;

use crate::TagPath;

/// A tag path interned in this process. Never on disk or wire without its dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagId(u32);

impl TagId {
    /// The id as an index into a dense table.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// From an index that [`Tags`] gave out.
    #[must_use]
    pub const fn from_index(index: u32) -> TagId {
        TagId(index)
    }

    /// The id as a number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// The table of interned paths. Grows only: an id once given keeps its path until the process ends.
#[derive(Debug, Default)]
pub struct Tags {
    table: RwLock<Table>,
}

#[derive(Debug, Default)]
struct Table {
    ids: HashMap<TagPath, TagId>,
    paths: Vec<TagPath>,
}

impl Tags {
    /// The most paths one process can intern.
    pub const COUNT_MAX: u32 = u32::MAX - 1;

    /// An empty table.
    #[must_use]
    pub fn new() -> Tags {
        Tags::default()
    }

    /// The id of `path`, given out now if it is new.
    ///
    /// # Panics
    /// After [`Tags::COUNT_MAX`] paths, which is more than fits into memory.
    pub fn intern(&self, path: &TagPath) -> TagId {
        if let Some(id) = self.id(path) {
            return id;
        }
        let mut table = self.table.write();
        let next = u32::try_from(table.paths.len()).unwrap_or(u32::MAX);
        assert!(next < Self::COUNT_MAX, "tag table is full");
        match table.ids.entry(path.clone()) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let id = *entry.insert(TagId(next));
                table.paths.push(path.clone());
                id
            }
        }
    }

    /// The id of `path` if it has been interned.
    #[must_use]
    pub fn id(&self, path: &TagPath) -> Option<TagId> {
        self.table.read().ids.get(path).copied()
    }

    /// The path of `id`; `None` for an id of another table.
    #[must_use]
    pub fn path(&self, id: TagId) -> Option<TagPath> {
        self.table.read().paths.get(id.index()).cloned()
    }

    /// How many paths there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table.read().paths.len()
    }
}

/// A map from tag to state that hashes the id with one multiplication.
pub type TagMap<T> = HashMap<TagId, T, BuildHasherDefault<IdHasher>>;

/// Spreads small dense numbers; not for keys an attacker chooses.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }
    fn write_u32(&mut self, number: u32) {
        let mixed = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_id_and_an_id_has_one_path() {
        let tags = Tags::new();
        let (a, b) = (TagPath::new("a/x").unwrap(), TagPath::new("a/y").unwrap());
        let id = tags.intern(&a);
        assert_eq!(tags.intern(&a), id);
        assert_ne!(tags.intern(&b), id);
        assert_eq!(tags.path(id), Some(a));
        assert_eq!(tags.path(TagId::from_index(99)), None);
        assert_eq!(tags.count(), 2);
    }
}
