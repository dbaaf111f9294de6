//! The plant as assets: areas, lines and machines with what tells most about each.

use std::sync::Arc;

use lineshaft_model::{Sample, TagId, TagMeta, TagPath};
use lineshaft_namespace::{
    Asset, Assets, Child, Counts, Diagnostics, Level, Limits, Namespace, Role, States,
};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::access::{Caller, ReadPlant};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::Params;
use crate::shape::Written;
use crate::tags::{TagLine, tag_line};
use crate::view::View;

/// What is normal for a value, in its own unit; what is absent was not said. A value at a limit is inside of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limits)]
struct LimitsLine {
    /// Below it somebody has to act at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    low_low: Option<f64>,
    /// Below it is not normal.
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    /// Above it is not normal.
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
    /// Above it somebody has to act at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    high_high: Option<f64>,
    /// Where the scale begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<f64>,
    /// Where the scale ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<f64>,
}

impl From<&Limits> for LimitsLine {
    fn from(limits: &Limits) -> LimitsLine {
        let Limits { low_low, low, high, high_high, from, to } = *limits;
        LimitsLine { low_low, low, high, high_high, from, to }
    }
}

/// A tag of an asset with its last value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssetPoint)]
struct PointLine<'a> {
    #[serde(flatten)]
    tag: TagLine<'a>,
    /// `state`, `value`, `setpoint`, `counter` or `other`.
    role: &'static str,
    /// What is normal; null where nobody said.
    #[schema(required)]
    limits: Option<LimitsLine>,
    /// The tag that says where this value should be.
    #[schema(required)]
    setpoint: Option<&'a str>,
}

/// What the values of a state are called.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssetStates)]
struct StatesLine<'a> {
    /// The word for each value, which is written as text: `6`, `true`.
    words: &'a BTreeMap<String, String>,
    /// The values in which it runs.
    running: &'a [String],
}

/// An area, a line, a machine.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Asset)]
struct AssetLine<'a> {
    /// Its whole path.
    path: &'a str,
    /// The last segment of it.
    name: &'a str,
    /// What people call it; null where nobody said.
    #[schema(required)]
    title: Option<&'a str>,
    /// `enterprise`, `site`, `area`, `line` or `machine`.
    level: &'static str,
    /// What kind of thing it is; null for areas and lines of which nobody said.
    #[serde(rename = "type")]
    #[schema(required)]
    type_name: Option<&'a str>,
    /// What people call its type.
    #[schema(required)]
    type_title: Option<&'a str>,
    /// Whether its type was made out from its tags.
    inferred: bool,
    /// Whether nothing is inside of it but its tags.
    leaf: bool,
    /// The tag that says what it does; null where none does.
    #[schema(required)]
    state: Option<PointLine<'a>>,
    /// What the values of the state are called; null where nobody said.
    #[schema(required)]
    states: Option<StatesLine<'a>>,
    /// The values it is known by, the most telling first.
    values: Vec<PointLine<'a>>,
    /// How many tags, here and below, are beyond what is normal for them now.
    abnormal: usize,
    /// Tags at this path and below, without diagnostics.
    tags: usize,
    /// How many of them are bad.
    bad: usize,
    /// How many of them are uncertain.
    uncertain: usize,
    /// What is right below it; absent where it was not asked for, and where the answer would become too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    children: Option<Vec<AssetLine<'a>>>,
}

/// An asset that another one is inside of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssetAbove)]
struct AboveLine<'a> {
    /// Its whole path.
    path: &'a str,
    /// What people call it; null where nobody said.
    #[schema(required)]
    title: Option<&'a str>,
}

/// The asset asked for, with its children.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssetLevel)]
struct AssetAnswer<'a> {
    #[serde(flatten)]
    asset: AssetLine<'a>,
    /// What it is inside of, from the top down; empty where no tag of it may be seen.
    above: Vec<AboveLine<'a>>,
    /// What to pass as `after` for more children; null when these are all.
    #[schema(required)]
    next: Option<&'a str>,
    /// Its own tags with what each is for, the first 2,000; those of a line are not those of its machines.
    members: Vec<PointLine<'a>>,
}

/// A tag as it is now.
struct Point {
    meta: Arc<TagMeta>,
    last: Option<Sample>,
    role: Role,
    limits: Option<Limits>,
    setpoint: Option<Arc<TagMeta>>,
}

/// An asset as it is now, with what is below it.
struct Seen {
    path: String,
    asset: Option<Asset>,
    child: Child,
    abnormal: usize,
    state: Option<Point>,
    values: Vec<Point>,
    children: Option<Vec<Seen>>,
}

/// What one question may see of the plant.
struct Sight<'a> {
    namespace: &'a Namespace,
    assets: Arc<Assets>,
    view: View,
    /// The tags that are beyond their limits now, in the order of the tree.
    abnormal: Vec<TagPath>,
    /// How many assets the answer may still take.
    room: usize,
    /// Whether values are left out: a tree of names shows none.
    is_bare: bool,
}

impl<'a> Sight<'a> {
    fn new(namespace: &'a Namespace, view: View) -> Sight<'a> {
        let assets = namespace.assets();
        let is_beyond = |id: TagId, limits: &Limits| {
            namespace.last(id).is_some_and(|sample| {
                sample.quality.level() != lineshaft_model::Level::Bad
                    && limits.is_beyond(&sample.value)
            })
        };
        let mut abnormal: Vec<TagPath> = assets
            .limited()
            .filter(|(_, path, _)| view.covers(path.as_str()))
            .filter(|(id, _, limits)| is_beyond(*id, limits))
            .map(|(_, path, _)| path.clone())
            .collect();
        abnormal.sort_unstable();
        Sight { namespace, assets, view, abnormal, room: limits::ASSETS_MAX, is_bare: false }
    }

    /// The assets right below a path.
    fn below(&self, path: &str) -> Vec<Child> {
        let children = self.view.children(self.namespace, path, Diagnostics::Exclude);
        children.into_iter().filter(|child| self.assets.get(&child.path).is_some()).collect()
    }

    /// From the top down to the first asset with a choice. A lone machine stays a choice: its own screen would hide
    /// that the plant has one.
    fn first_choice(&self) -> String {
        let mut path = String::new();
        loop {
            let children = self.view.children(self.namespace, &path, Diagnostics::Exclude);
            let [only] = children.as_slice() else { return path };
            if self.assets.get(&only.path).is_none_or(|asset| asset.is_leaf) {
                return path;
            }
            path.clone_from(&only.path);
        }
    }

    /// What is known of a path, which may be no asset: then it has counts only.
    fn whole(&self, path: &str) -> Child {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let Counts { tags, bad, uncertain } =
            self.view.tally(self.namespace, path, Diagnostics::Exclude);
        Child { name, path: path.to_owned(), folder: true, tags, bad, uncertain }
    }

    fn see(&self, child: Child) -> Seen {
        let asset = self.assets.get(&child.path).cloned();
        let shown = asset.as_ref().filter(|_| !self.is_bare);
        let state = shown.and_then(|asset| self.point(asset, asset.state?, None));
        let values = shown.into_iter().flat_map(|asset| {
            asset.values.iter().filter_map(|value| self.point(asset, value.tag, value.setpoint))
        });
        let values = values.collect();
        let abnormal = count_under(&self.abnormal, &child.path);
        Seen { path: child.path.clone(), asset, child, abnormal, state, values, children: None }
    }

    /// What a path with something to see is inside of, from the top down.
    fn above<'s>(&'s self, seen: &'s Seen) -> Vec<AboveLine<'s>> {
        if seen.child.tags == 0 {
            return Vec::new();
        }
        let cuts = seen.path.match_indices('/').map(|(at, _)| &seen.path[..at]);
        cuts.map(|path| {
            let title = self.assets.get(path).and_then(|asset| asset.title.as_deref());
            AboveLine { path, title }
        })
        .collect()
    }

    /// A tag of an asset, if it may be seen.
    fn point(&self, asset: &Asset, id: TagId, setpoint: Option<TagId>) -> Option<Point> {
        let seen = |id: TagId| {
            let meta = self.namespace.meta(id)?;
            self.view.covers(meta.path.as_str()).then_some(meta)
        };
        let meta = seen(id)?;
        Some(Point {
            last: self.namespace.last(id),
            role: asset.role(id, &meta),
            limits: asset.limits(&meta.path).copied(),
            setpoint: setpoint.and_then(seen),
            meta,
        })
    }

    /// Adds the level that is `down` below `all`.
    fn grow(&mut self, all: &mut [Seen], down: u32) {
        for seen in all.iter_mut().filter(|seen| seen.asset.as_ref().is_some_and(|a| !a.is_leaf)) {
            if down > 1 {
                self.grow(seen.children.as_deref_mut().unwrap_or_default(), down - 1);
                continue;
            }
            let children = self.below(&seen.path);
            if children.len() <= self.room {
                self.room -= children.len();
                seen.children = Some(children.into_iter().map(|child| self.see(child)).collect());
            }
        }
    }

    /// The asset's own tags, as far as they may be seen.
    fn members(&self, path: &str) -> Vec<Point> {
        let Some(asset) = self.assets.get(path) else { return Vec::new() };
        let most = limits::ASSET_MEMBERS_MAX;
        if asset.is_leaf {
            let page = self.view.list(self.namespace, None, None, most, Diagnostics::Exclude);
            return page.ids.iter().filter_map(|id| self.point(asset, *id, None)).collect();
        }
        let children = self.view.children(self.namespace, path, Diagnostics::Exclude);
        let tags = children.iter().filter_map(|child| TagPath::new(&child.path).ok());
        let ids = tags.filter_map(|tag| self.namespace.find(&tag)).take(most);
        ids.filter_map(|id| self.point(asset, id, None)).collect()
    }
}

/// How many of the tags, which are in the order of the tree, are a path or below it.
fn count_under(tags: &[TagPath], path: &str) -> usize {
    if path.is_empty() {
        return tags.len();
    }
    let first = tags.partition_point(|tag| tag.segments().lt(path.split('/')));
    tags[first..].partition_point(|tag| tag.is_under(path))
}

fn point_line(point: &Point) -> PointLine<'_> {
    PointLine {
        tag: tag_line(&point.meta, point.last.as_ref()),
        role: point.role.word(),
        limits: point.limits.as_ref().map(LimitsLine::from),
        setpoint: point.setpoint.as_ref().map(|meta| meta.path.as_str()),
    }
}

fn asset_line(seen: &Seen) -> AssetLine<'_> {
    let asset = seen.asset.as_ref();
    let declared = asset.and_then(|asset| asset.declared.as_ref());
    let states = declared.map(|declared| &declared.states).filter(|s| **s != States::default());
    let level = asset.map_or(Level::Enterprise, |asset| asset.level);
    AssetLine {
        path: &seen.path,
        name: &seen.child.name,
        title: asset.and_then(|asset| asset.title.as_deref()),
        level: level.word(),
        type_name: asset.and_then(|asset| asset.type_name.as_deref()),
        type_title: declared.and_then(|declared| declared.title.as_deref()),
        inferred: declared.is_none(),
        leaf: asset.is_some_and(|asset| asset.is_leaf),
        state: seen.state.as_ref().map(point_line),
        states: states.map(|states| StatesLine { words: &states.words, running: &states.running }),
        values: seen.values.iter().map(point_line).collect(),
        abnormal: seen.abnormal,
        tags: seen.child.tags,
        bad: seen.child.bad,
        uncertain: seen.child.uncertain,
        children: seen.children.as_ref().map(|all| all.iter().map(asset_line).collect()),
    }
}

/// What was asked, checked.
struct Asked {
    under: String,
    from_choice: bool,
    is_bare: bool,
    levels: u32,
    search: Option<String>,
    limit: usize,
    after: Option<String>,
}

/// The children asked for, and where to go on.
fn children(sight: &Sight<'_>, path: &str, asked: &Asked) -> (Vec<Seen>, Option<String>) {
    let mut all: Vec<Child> = match &asked.search {
        None => sight.below(path),
        Some(search) => {
            let found = sight.assets.find(search).into_iter();
            let below = found.filter(|asset| asset.path.is_under(path));
            // Counted before it is known that it may be seen: no more of them than are shown.
            let seen = below.map(|asset| sight.whole(asset.path.as_str()));
            let seen = seen.filter(|child| child.tags > 0);
            let most = asked.limit.saturating_add(1);
            match &asked.after {
                None => seen.take(most).collect(),
                Some(after) => {
                    seen.skip_while(|child| child.path != *after).skip(1).take(most).collect()
                }
            }
        }
    };
    if let (Some(after), None) = (&asked.after, &asked.search) {
        // A path that is gone is no beginning either: its place in the order is.
        let from = all.iter().position(|child| {
            TagPath::new(&child.path).ok().zip(TagPath::new(after).ok()).is_some_and(|(a, b)| a > b)
        });
        all.drain(..from.unwrap_or(all.len()));
    }
    let is_more = all.len() > asked.limit;
    all.truncate(asked.limit);
    let next = all.last().filter(|_| is_more).map(|child| child.path.clone());
    (all.into_iter().map(|child| sight.see(child)).collect(), next)
}

/// Lists the plant as assets from a path down: areas, lines and machines with state, key values and what is normal.
///
/// With `search`, `children` has the assets below whose name, title, type or path has all its words, best first.
#[utoipa::path(
    get,
    path = "/api/v1/assets",
    params(
        ("under" = Option<String>, Query, description = "The asset asked for; the top when absent"),
        ("start" = Option<String>, Query, description = "`top` (default) or `choice`: without `under`, the first asset from the top with more than one child"),
        ("levels" = Option<u32>, Query, minimum = 0, description = "How many levels below it; 0 to 8, default 1"),
        ("search" = Option<String>, Query, description = "Words of names, titles or types"),
        ("values" = Option<String>, Query, description = "`all` (default) or `none`: without `state`, `values` and `members`, for a tree of names"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Children of the asset asked for; 1 to 1,000, default 500"),
        ("after" = Option<String>, Query, description = "`next` of the answer before"),
    ),
    responses((status = 200, description = "The asset and what is below it", body = AssetAnswer), (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_assets(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["under", "start", "levels", "search", "values", "limit", "after"])?;
    let under = params.one("under")?.unwrap_or_default().trim_matches('/');
    let start = params.choice("start", &["top", "choice"])?;
    let values = params.choice("values", &["all", "none"])?;
    let limit = params.number("limit", 1..=limits::ASSETS_PAGE_MAX, limits::ASSETS_PAGE)?;
    let asked = Asked {
        under: under.to_owned(),
        from_choice: start == "choice",
        is_bare: values == "none",
        levels: params.number("levels", 0..=limits::TREE_DEPTH_MAX, 1)?,
        search: params.one("search")?.map(str::to_owned),
        limit: limit as usize,
        after: params.one("after")?.map(str::to_owned),
    };
    let (shared, view) = caller.view(under)?;
    let namespace = shared.api.namespace.clone();
    if namespace.count() <= limits::ASSETS_AT_ONCE_TAGS_MAX {
        return Ok(answer(&namespace, view, &asked));
    }
    let work = move || answer(&namespace, view, &asked);
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a question about assets failed");
        ApiError::new(Code::Internal, "the question could not be answered")
    })
}

fn answer(namespace: &Namespace, view: View, asked: &Asked) -> Written {
    let mut sight = Sight::new(namespace, view);
    sight.is_bare = asked.is_bare;
    let path = match asked.under.as_str() {
        "" if asked.from_choice => sight.first_choice(),
        under => under.to_owned(),
    };
    let is_wanted = asked.levels > 0 || asked.search.is_some();
    let (mut all, next) =
        if is_wanted { children(&sight, &path, asked) } else { (Vec::new(), None) };
    sight.room = sight.room.saturating_sub(all.len());
    if asked.search.is_none() {
        // Level by level, so that what an answer is too large for is its leaves.
        (1..asked.levels).for_each(|down| sight.grow(&mut all, down));
    }
    let is_told = asked.search.is_none() && !sight.is_bare;
    let members = if is_told { sight.members(&path) } else { Vec::new() };
    let mut seen = sight.see(sight.whole(&path));
    seen.children = Some(all);
    let answer = AssetAnswer {
        asset: asset_line(&seen),
        above: sight.above(&seen),
        next: next.as_deref(),
        members: members.iter().map(point_line).collect(),
    };
    Written::new(&answer, 16_384)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_below_a_path_are_counted_as_if_each_was_looked_at() {
        let paths = ["a", "a-b/x", "a/b", "a/b-c/x", "a/b/x", "a/b/y/z", "a/c", "b/a/b", "a b/x"];
        let mut tags: Vec<TagPath> = paths.iter().map(|path| TagPath::new(path).unwrap()).collect();
        tags.sort_unstable();
        for path in ["", "a", "a/b", "a/b/x", "a/b-c", "a-b", "b/a", "a/z", "0", "zz"] {
            let each = tags.iter().filter(|tag| {
                tag.as_str() == path
                    || path.is_empty()
                    || tag.as_str().starts_with(&format!("{path}/"))
            });
            assert_eq!(count_under(&tags, path), each.count(), "{path}");
        }
    }
}
