//! The tags in tree order: a snapshot of metadata, rebuilt when the plant folder changes.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use lineshaft_model::{Level, TagId, TagMeta, TagPath, Tags};

use crate::live::{Chunk, chunk_of, place_of};
use crate::search::Needles;

/// One child of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its last segment.
    pub name: String,
    /// Its whole path.
    pub path: String,
    /// Whether anything is below it. A tag can be a folder too.
    pub folder: bool,
    /// Tags at this path and below.
    pub tags: usize,
    /// How many of them are bad now; a tag that has said nothing yet is, unless it is only written.
    pub bad: usize,
    /// How many of them are uncertain now.
    pub uncertain: usize,
}

/// How many tags there are, and how well they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All.
    pub tags: usize,
    /// Bad now; a tag that has said nothing yet is.
    pub bad: usize,
    /// Uncertain now.
    pub uncertain: usize,
}

/// A page of tags in tree order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The tags of this page.
    pub ids: Vec<TagId>,
    /// How many tags answer the question, on all pages together.
    pub total: usize,
    /// What to pass as `after` for the next page; `None` on the last.
    pub next: Option<TagPath>,
}

/// Whether what a device tells about itself counts: everything below a segment that starts with `_`.
///
/// Segments of the path that is asked for do not count: who asks for `filler/_diag` gets what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Diagnostics {
    /// All tags.
    #[default]
    Include,
    /// Without diagnostics, in lists, counts and totals.
    Exclude,
}

const NOWHERE: u32 = u32::MAX;

/// The snapshot. `metas`, `ids` and `marks` run in parallel, in tree order.
pub(crate) struct Tree {
    pub(crate) version: u64,
    metas: Vec<Arc<TagMeta>>,
    ids: Vec<TagId>,
    /// One more than where the last segment that starts with `_` starts; 0 when there is none.
    marks: Vec<u32>,
    /// By the number of the tag: where it is in `metas`.
    places: Vec<u32>,
    /// By the number of the tag divided by the size of a chunk.
    pub(crate) chunks: Vec<Arc<Chunk>>,
}

impl Tree {
    pub(crate) fn empty() -> Tree {
        let (metas, ids, marks) = (vec![], vec![], vec![]);
        Tree { version: 0, metas, ids, marks, places: vec![], chunks: vec![] }
    }

    /// The tree of `metas`; of two with one path the later counts. Takes over the chunks of `old` and
    /// shares the metadata that did not change.
    pub(crate) fn build(mut metas: Vec<TagMeta>, tags: &Tags, old: &Tree) -> Tree {
        metas.reverse();
        metas.sort_by(|a, b| tree_order(a.path.as_str(), b.path.as_str()));
        metas.dedup_by(|later, first| later.path == first.path);
        let ids: Vec<TagId> = metas.iter().map(|meta| tags.intern(&meta.path)).collect();
        let end = ids.iter().map(|id| id.index() + 1).max().unwrap_or(0).max(old.places.len());
        let mut places = vec![NOWHERE; end];
        for (place, id) in (0..).zip(&ids) {
            places[id.index()] = place;
        }
        let mut chunks = old.chunks.clone();
        let last_chunk = end.checked_sub(1).map_or(0, |last| chunk_of_index(last) + 1);
        while chunks.len() < last_chunk {
            chunks.push(Arc::new(Chunk::new()));
        }
        let marks = metas.iter().map(|meta| mark_of(meta.path.as_str())).collect();
        // Not collected: that would keep the allocation of the whole metadata for a list of pointers.
        let mut shared = Vec::with_capacity(ids.len());
        shared.extend(metas.into_iter().zip(&ids).map(|(meta, id)| match old.meta(*id) {
            Some(known) if **known == meta => known.clone(),
            _ => Arc::new(meta),
        }));
        Tree { version: old.version + 1, metas: shared, ids, marks, places, chunks }
    }

    pub(crate) fn place(&self, id: TagId) -> Option<usize> {
        self.places.get(id.index()).filter(|place| **place != NOWHERE).map(|place| *place as usize)
    }

    pub(crate) fn meta(&self, id: TagId) -> Option<&Arc<TagMeta>> {
        self.place(id).map(|place| &self.metas[place])
    }

    pub(crate) fn ids(&self) -> &[TagId] {
        &self.ids
    }

    pub(crate) fn metas(&self) -> &[Arc<TagMeta>] {
        &self.metas
    }

    /// One more than where the last segment of a tag that starts with `_` starts; 0 when there is none.
    pub(crate) fn mark(&self, place: usize) -> usize {
        self.marks.get(place).map_or(0, |mark| *mark as usize)
    }

    /// The tag at `path`.
    pub(crate) fn id(&self, path: &TagPath) -> Option<TagId> {
        let at = self.metas.binary_search_by(|meta| tree_order(meta.path.as_str(), path.as_str()));
        at.ok().map(|at| self.ids[at])
    }

    /// The tags at `under` and below, as a range of `ids`.
    pub(crate) fn range(&self, under: &str) -> Range<usize> {
        let folder = under.trim_matches('/');
        if folder.is_empty() {
            return 0..self.metas.len();
        }
        let start =
            self.metas.partition_point(|meta| tree_order(meta.path.as_str(), folder).is_lt());
        start..start + self.metas[start..].partition_point(|meta| meta.path.is_under(folder))
    }

    pub(crate) fn counts(&self, range: Range<usize>) -> Counts {
        self.counts_of(range)
    }

    pub(crate) fn tally(&self, under: &str, diagnostics: Diagnostics) -> Counts {
        let skip = below(under.trim_matches('/'));
        self.counts_of(self.range(under).filter(|at| self.counts_in(*at, skip, diagnostics)))
    }

    fn counts_of(&self, places: impl Iterator<Item = usize>) -> Counts {
        let mut counts = Counts::default();
        for place in places {
            let id = self.ids[place];
            let level = self.chunks[chunk_of(id)].level(place_of(id));
            counts.tags += 1;
            // Nobody reads a command register: that it says nothing is not bad.
            let is_bad = level == Level::Bad as u8 && self.metas[place].access.can_read();
            counts.bad += usize::from(is_bad);
            counts.uncertain += usize::from(level == Level::Uncertain as u8);
        }
        counts
    }

    /// Whether a tag counts for who asks for what is below `skip` bytes of its path.
    fn counts_in(&self, place: usize, skip: usize, diagnostics: Diagnostics) -> bool {
        diagnostics == Diagnostics::Include || self.marks[place] as usize <= skip
    }

    pub(crate) fn children(&self, under: &str, diagnostics: Diagnostics) -> Vec<Child> {
        let folder = under.trim_matches('/');
        let range = self.range(folder);
        let skip = below(folder);
        let mut children = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let path = self.metas[start].path.as_str();
            // The folder itself may be a tag; it is no child of its own.
            let Some(below) = path.get(skip..) else {
                start += 1;
                continue;
            };
            let name = below.split('/').next().unwrap_or(below);
            let whole = &path[..skip + name.len()];
            let end = start
                + self.metas[start..range.end].partition_point(|meta| meta.path.is_under(whole));
            let counted = || (start..end).filter(|at| self.counts_in(*at, skip, diagnostics));
            if let Some(last) = counted().next_back() {
                let Counts { tags, bad, uncertain } = self.counts_of(counted());
                let folder = self.metas[last].path.as_str() != whole;
                let (name, path) = (name.into(), whole.into());
                children.push(Child { name, path, folder, tags, bad, uncertain });
            }
            start = end;
        }
        children
    }

    pub(crate) fn list(
        &self,
        under: &str,
        search: Option<&str>,
        after: Option<&TagPath>,
        limit: usize,
        diagnostics: Diagnostics,
    ) -> Page {
        let range = self.range(under);
        let skip = below(under.trim_matches('/'));
        let from = after.map_or(0, |after| {
            self.metas
                .partition_point(|meta| tree_order(meta.path.as_str(), after.as_str()).is_le())
        });
        let mut needle = search.and_then(Needles::new);
        if needle.is_none() && diagnostics == Diagnostics::Include {
            let start = from.clamp(range.start, range.end);
            let end = range.end.min(start.saturating_add(limit));
            let ids = self.ids[start..end].to_vec();
            return self.page(ids, range.len(), range.end - end);
        }
        let (mut ids, mut total, mut left) = (Vec::new(), 0, 0);
        for place in range {
            if !self.counts_in(place, skip, diagnostics) {
                continue;
            }
            let meta = &self.metas[place];
            if let Some(needle) = &mut needle
                && !needle.are_in(&[meta.path.as_str(), &meta.description])
            {
                continue;
            }
            total += 1;
            if place >= from {
                if ids.len() < limit {
                    ids.push(self.ids[place]);
                } else {
                    left += 1;
                }
            }
        }
        self.page(ids, total, left)
    }

    fn page(&self, ids: Vec<TagId>, total: usize, left: usize) -> Page {
        let last = ids.last().filter(|_| left > 0);
        let next = last.and_then(|id| self.meta(*id)).map(|meta| meta.path.clone());
        Page { ids, total, next }
    }
}

/// How many bytes of a path come before what is below `folder`.
const fn below(folder: &str) -> usize {
    if folder.is_empty() { 0 } else { folder.len() + 1 }
}

/// One more than where the last segment that starts with `_` starts; 0 when there is none.
fn mark_of(path: &str) -> u32 {
    let at = path.rfind("/_").map(|slash| slash + 2).or_else(|| path.starts_with('_').then_some(1));
    at.and_then(|at| u32::try_from(at).ok()).unwrap_or(0)
}

const fn chunk_of_index(index: usize) -> usize {
    index / crate::live::CHUNK_TAGS
}

/// The order of [`TagPath`] without cutting the paths into segments: bytes, with `/` before all others.
/// That is the same, because no segment has a control character.
pub(crate) fn tree_order(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    match a.iter().zip(b).find(|(a, b)| a != b) {
        None => a.len().cmp(&b.len()),
        Some((b'/', _)) => Ordering::Less,
        Some((_, b'/')) => Ordering::Greater,
        Some((a, b)) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_path() -> impl Strategy<Value = TagPath> {
        proptest::collection::vec("[ab!é.-]{1,3}", 1..4)
            .prop_map(|segments| TagPath::new(&segments.join("/")).unwrap())
    }

    proptest! {
        #[test]
        fn the_order_of_bytes_is_the_order_of_the_tree(a in any_path(), b in any_path()) {
            prop_assert_eq!(tree_order(a.as_str(), b.as_str()), a.cmp(&b));
        }
    }
}
