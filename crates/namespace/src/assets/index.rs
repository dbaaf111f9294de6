//! All assets of a plant in tree order: a snapshot, made anew when the tags or the model changed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use lineshaft_model::{TagId, TagMeta, TagPath};

use super::{Asset, AssetModel, AssetType, KeyValue, Level, Limits, NamedAsset, infer};
use crate::search::Needles;
use crate::tree::{Tree, tree_order};

/// The assets as they were at one moment; what is shown of them is live all the same.
#[derive(Debug, Default)]
pub struct Assets {
    /// In tree order.
    all: Vec<Asset>,
    /// Tags with limits and whose they are, in tree order.
    limited: Vec<(TagId, TagPath, Limits)>,
}

impl Assets {
    /// The asset at `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Asset> {
        let at = self.all.binary_search_by(|one| tree_order(one.path.as_str(), path)).ok()?;
        self.all.get(at)
    }

    /// All, in tree order.
    pub fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.all.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The tags for which somebody said what is normal, with what that is.
    pub fn limited(&self) -> impl Iterator<Item = (TagId, &TagPath, &Limits)> {
        self.limited.iter().map(|(id, path, limits)| (*id, path, limits))
    }

    /// The assets whose name, title or type has all words of `search`; those whose name begins with it first, machines
    /// and what has fewer segments before the rest.
    #[must_use]
    pub fn find(&self, search: &str) -> Vec<&Asset> {
        let Some(mut needles) = Needles::new(search) else { return Vec::new() };
        let word = search.trim().to_lowercase();
        let mut found: Vec<(bool, &Asset)> = Vec::new();
        for asset in &self.all {
            let texts = [
                asset.path.as_str(),
                asset.title.as_deref().unwrap_or(""),
                asset.type_name.as_deref().unwrap_or(""),
            ];
            if !needles.are_in(&texts) {
                continue;
            }
            let shown = asset.title.as_deref().unwrap_or_else(|| asset.path.name()).to_lowercase();
            let plain = shown.replace(['-', '_'], " ");
            let is_inside = shown.contains(&word) || plain.contains(&word);
            let is_first = shown.starts_with(&word) || plain.starts_with(&word);
            // Below a line that is called so, everything has the word in its path.
            if is_inside
                || needles.last_is_in(asset.path.name())
                || texts[1..].iter().any(|text| needles.any_is_in(text))
            {
                found.push((!is_first, asset));
            }
        }
        found.sort_by_key(|(later, _)| *later);
        found.into_iter().map(|(_, asset)| asset).collect()
    }

    pub(crate) fn build(tree: &Tree, model: &AssetModel) -> Assets {
        let named = model.named.iter().map(|one| (one.path.as_str(), one)).collect();
        let mut builder = Builder { tree, model, named, found: Assets::default() };
        let metas = tree.metas();
        let whole = 0..metas.len();
        for (path, range) in builder.folders(&whole, "") {
            builder.walk(range, &path, 1);
        }
        let mut found = builder.found;
        name_types(&mut found.all, tree);
        found.limited = found
            .all
            .iter()
            .filter_map(|asset| Some((asset, asset.declared.as_ref()?)))
            .flat_map(|(asset, declared)| {
                declared.limits.iter().filter_map(|(name, limits)| {
                    let path = asset.path.join(name).ok()?;
                    Some((tree.id(&path)?, path, *limits))
                })
            })
            .collect();
        found
    }
}

struct Builder<'a> {
    tree: &'a Tree,
    model: &'a AssetModel,
    named: HashMap<&'a str, &'a NamedAsset>,
    found: Assets,
}

impl Builder<'_> {
    /// The folders right below `path` that have anything but diagnostics in them, with the tags of each.
    fn folders(&self, range: &Range<usize>, path: &str) -> Vec<(String, Range<usize>)> {
        let metas = self.tree.metas();
        let skip = if path.is_empty() { 0 } else { path.len() + 1 };
        let mut folders = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let whole = metas[start].path.as_str();
            let Some((name, _)) = whole.get(skip..).and_then(|below| below.split_once('/')) else {
                start += 1; // a tag right here
                continue;
            };
            let folder = &whole[..skip + name.len()];
            let end =
                start + metas[start..range.end].partition_point(|meta| meta.path.is_under(folder));
            if !name.starts_with('_') && (start..end).any(|at| self.tree.mark(at) <= folder.len()) {
                folders.push((folder.to_owned(), start..end));
            }
            start = end;
        }
        folders
    }

    /// Adds the asset of a folder and those in it.
    fn walk(&mut self, range: Range<usize>, path: &str, depth: usize) {
        let Ok(tag_path) = TagPath::new(path) else { return };
        let folders = self.folders(&range, path);
        let named = self.named.get(path).copied();
        let said = named.and_then(|named| self.model.type_of_name(named.type_name.as_deref()?));
        let declared = said.or_else(|| self.model.type_that_matches(path)).cloned();
        let level = named.and_then(|named| named.level);
        let is_leaf = folders.is_empty()
            || level == Some(Level::Machine)
            || (level.is_none() && declared.is_some());
        let by_depth = if is_leaf { Level::Machine } else { Level::at_depth(depth) };
        let members: Vec<(TagId, &TagMeta)> = range
            .clone()
            .filter(|at| self.tree.mark(*at) <= path.len())
            .map(|at| (self.tree.ids()[at], &*self.tree.metas()[at]))
            .filter(|(_, meta)| {
                let below = meta.path.as_str().get(path.len() + 1..);
                below.is_some_and(|below| is_leaf || declared.is_some() || !below.contains('/'))
            })
            .collect();
        // What is made out is made out from the asset's own tags: those of a machine in a line are the machine's.
        let is_own =
            |meta: &TagMeta| is_leaf || meta.path.parent().is_some_and(|parent| parent == path);
        let own: Vec<(TagId, &TagMeta)> =
            members.iter().copied().filter(|(_, meta)| is_own(meta)).collect();
        let (state, values) = known_by(&tag_path, declared.as_deref(), &members, &own);
        self.found.all.push(Asset {
            path: tag_path,
            title: named.and_then(|named| named.title.clone()),
            level: level.unwrap_or(by_depth),
            type_name: declared.as_ref().map(|declared| declared.name.as_str().into()),
            declared,
            is_leaf,
            state,
            values,
        });
        if !is_leaf {
            for (path, range) in folders {
                self.walk(range, &path, depth + 1);
            }
        }
    }
}

/// State and key values: as the type says, and for what it does not say as the tags tell.
fn known_by(
    path: &TagPath,
    declared: Option<&AssetType>,
    members: &[(TagId, &TagMeta)],
    own: &[(TagId, &TagMeta)],
) -> (Option<TagId>, Vec<KeyValue>) {
    let below = |meta: &TagMeta| meta.path.as_str()[path.as_str().len() + 1..].to_owned();
    let find = |name: &str| members.iter().find(|(_, meta)| below(meta) == *name).copied();
    let own = || own.iter().copied();
    let state = match declared.and_then(|declared| declared.state.as_deref()) {
        Some(name) => find(name),
        None => infer::state(own()),
    };
    let values = match declared.map(|declared| declared.values.as_slice()).unwrap_or_default() {
        [] => {
            infer::key_values(own().filter(|(id, _)| state.is_none_or(|(state, _)| state != *id)))
        }
        names => names.iter().filter_map(|name| find(name)).collect(),
    };
    let setpoint = |value: &TagMeta| {
        let found = members.iter().find(|(_, meta)| {
            meta.data_type.is_numeric()
                && meta.path.parent() == value.path.parent()
                && infer::is_setpoint_of(meta.path.name(), value.path.name())
        });
        found.map(|(id, _)| *id)
    };
    let values = values.into_iter().map(|(tag, meta)| KeyValue { tag, setpoint: setpoint(meta) });
    (state.map(|(id, _)| id), values.collect())
}

/// Gives a type to the machines of which nobody said one: those that are known by the same names and units are alike.
fn name_types(all: &mut [Asset], tree: &Tree) {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, asset) in all.iter().enumerate() {
        if asset.is_leaf && asset.declared.is_none() && asset.level == Level::Machine {
            alike.entry(signature(asset, tree)).or_default().push(at);
        }
    }
    for machines in alike.into_values() {
        let name: Arc<str> = common_name(all, &machines).into();
        for at in machines {
            all[at].type_name = Some(name.clone());
        }
    }
}

fn signature(asset: &Asset, tree: &Tree) -> String {
    let mut text = String::new();
    for id in asset.state.iter().chain(asset.values.iter().map(|value| &value.tag)) {
        let Some(meta) = tree.meta(*id) else { continue };
        text.push_str(&meta.path.as_str()[asset.path.as_str().len()..]);
        text.push(' ');
        text.push_str(meta.unit.as_ref().map_or("", |unit| unit.code()));
        text.push('\n');
    }
    text
}

/// `compressor-1` and `compressor-2` are compressors; meters with names of their own are called after their folder.
fn common_name(all: &[Asset], machines: &[usize]) -> String {
    let stem = |at: &usize| {
        let name = all[*at].path.name();
        let stem = name.trim_end_matches(|c: char| c.is_numeric() || "-_ .#".contains(c));
        if stem.is_empty() { name.to_owned() } else { stem.to_owned() }
    };
    let first = machines.first().map(stem).unwrap_or_default();
    if machines.iter().all(|at| stem(at) == first) {
        return first;
    }
    let parents = || machines.iter().filter_map(|at| all[*at].path.parent());
    let folder = parents().next().unwrap_or("");
    match folder.rsplit('/').next() {
        Some(name) if !name.is_empty() && parents().all(|parent| parent == folder) => name.into(),
        _ => first,
    }
}

#[cfg(test)]
mod tests;
