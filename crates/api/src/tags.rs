//! Tags, the tree and last values.

use lineshaft_model::{Sample, TagId, TagMeta, TagPath};
use lineshaft_namespace::{Child, Diagnostics, Namespace};
use serde::{Serialize, Serializer};
use std::sync::Arc;
use utoipa::ToSchema;

use crate::access::{Caller, Pass, ReadPlant, Scope};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Params, nearest};
use crate::shape::{AnyValue, NOT_YET, Written, reason};
use crate::view::View;

/// A tag with its last value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tag)]
pub(crate) struct TagLine<'a> {
    /// Its path.
    tag: &'a str,
    /// The device it comes from; null for a derived tag.
    #[schema(required)]
    device: Option<&'a str>,
    /// What the value is: `bool`, `i16`, `f32`, `text(20)`, …
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    data_type: Text<lineshaft_model::DataType>,
    /// Its unit by UCUM code; null when it has none.
    #[schema(required, value_type = Option<String>)]
    unit: Option<Text<&'a lineshaft_model::Unit>>,
    /// What it is, in the engineer's words.
    description: &'a str,
    /// `read`, `write` or `read-write`.
    access: &'static str,
    /// Whether the value holds until the next sample or moves on a line.
    step: bool,
    /// When the value was true, Unix milliseconds; null before the first.
    #[schema(required)]
    timestamp_ms: Option<i64>,
    /// The last value.
    value: AnyValue<'a>,
    /// `good`, `uncertain` or `bad`.
    quality: &'static str,
    /// Why it is not good.
    #[schema(required)]
    reason: Option<&'static str>,
}

/// A last value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastValue)]
struct ValueLine<'a> {
    /// The tag's path.
    tag: &'a str,
    /// When the value was true, Unix milliseconds; null before the first.
    #[schema(required)]
    timestamp_ms: Option<i64>,
    /// The last value.
    value: AnyValue<'a>,
    /// `good`, `uncertain` or `bad`.
    quality: &'static str,
    /// Why it is not good.
    #[schema(required)]
    reason: Option<&'static str>,
    /// Its unit by UCUM code; null when it has none.
    #[schema(required, value_type = Option<String>)]
    unit: Option<Text<&'a lineshaft_model::Unit>>,
}

/// A page of tags in tree order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagPage)]
struct TagPage<'a> {
    /// The tags.
    tags: Vec<TagLine<'a>>,
    /// How many answer the question, on all pages together.
    total: usize,
    /// What to pass as `after` for the next page; null on the last.
    #[schema(required)]
    next: Option<&'a str>,
}

/// One level of the tree.
#[derive(Debug, Serialize, ToSchema)]
struct TreeLevel {
    /// The path asked for; empty for the top.
    path: String,
    /// What is right below it.
    children: Vec<TreeNode>,
}

/// One child of a path.
#[derive(Debug, Serialize, ToSchema)]
struct TreeNode {
    /// Its last segment.
    name: String,
    /// Its whole path.
    path: String,
    /// Whether anything is below it.
    folder: bool,
    /// Tags at this path and below.
    tags: usize,
    /// How many of them are bad.
    bad: usize,
    /// How many of them are uncertain.
    uncertain: usize,
    /// What is right below it; absent where it was not asked for, and where the answer would become too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    children: Option<Vec<TreeNode>>,
}

impl From<Child> for TreeNode {
    fn from(child: Child) -> TreeNode {
        let Child { name, path, folder, tags, bad, uncertain } = child;
        TreeNode { name, path, folder, tags, bad, uncertain, children: None }
    }
}

/// The tree from a path down, a level at a time, up to so many nodes.
struct Levels<'a> {
    namespace: &'a Namespace,
    view: View,
    diagnostics: Diagnostics,
    /// How many nodes the answer may still take.
    room: usize,
}

impl Levels<'_> {
    fn below(&mut self, path: &str) -> Vec<TreeNode> {
        let children = self.view.children(self.namespace, path, self.diagnostics);
        self.room = self.room.saturating_sub(children.len());
        children.into_iter().map(TreeNode::from).collect()
    }

    /// Adds the level that is `down` below `nodes`.
    fn grow(&mut self, nodes: &mut [TreeNode], down: u32) {
        for node in nodes.iter_mut().filter(|node| node.folder) {
            if down > 1 {
                self.grow(node.children.as_deref_mut().unwrap_or_default(), down - 1);
            } else if self.room > 0 {
                node.children = Some(self.below(&node.path));
            }
        }
    }
}

/// Anything that prints itself, as JSON text without a copy.
#[derive(Debug)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A configured tag with its metadata.
pub(crate) struct Known {
    pub(crate) id: TagId,
    pub(crate) meta: Arc<TagMeta>,
}

/// The tag at `path`, which the one who asks may see.
///
/// # Errors
/// [`Code::NoSuchTag`], with the tag that was probably meant.
pub(crate) fn known(
    namespace: &Namespace,
    path: &TagPath,
    asker: &Pass,
) -> Result<Known, ApiError> {
    let found = namespace.find(path).and_then(|id| Some(Known { id, meta: namespace.meta(id)? }));
    found.ok_or_else(|| no_such_tag(namespace, path, asker))
}

/// The error for a tag that is not there. Looks for the name that was meant beside it only, which costs one folder,
/// and among what the one who asks may see.
pub(crate) fn no_such_tag(namespace: &Namespace, path: &TagPath, asker: &Pass) -> ApiError {
    let error = ApiError::new(Code::NoSuchTag, format!("there is no tag `{path}`")).field("tag");
    let beside = namespace.children(path.parent().unwrap_or_default(), Diagnostics::Include);
    let seen = beside.iter().filter(|child| asker.sees(&child.path));
    match nearest(path.name(), seen.map(|child| child.name.as_str())) {
        Some(name) => {
            let meant = path.parent().map_or(name.into(), |parent| format!("{parent}/{name}"));
            error.remedy(format!("did you mean `{meant}`?"))
        }
        None => error.remedy("`GET /api/v1/tags?search=…` looks for tags"),
    }
}

fn diagnostics(params: &Params) -> Result<Diagnostics, ApiError> {
    Ok(match params.choice("diagnostics", &["include", "exclude"])? {
        "include" => Diagnostics::Include,
        _ => Diagnostics::Exclude,
    })
}

/// Lists tags in tree order with their last values.
#[utoipa::path(
    get,
    path = "/api/v1/tags",
    params(
        ("under" = Option<String>, Query, description = "Only tags at this path and below"),
        ("search" = Option<String>, Query, description = "Only tags that have each of these words in path or description, upper and lower case alike"),
        ("diagnostics" = Option<String>, Query, description = "`include` (default) or `exclude`, which leaves out what is below a segment that starts with `_`"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "1 to 10,000, default 500"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "A page of tags", body = TagPage), (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_tags(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["under", "search", "diagnostics", "limit", "after"])?;
    let under = params.one("under")?.unwrap_or_default();
    let search = params.one("search")?;
    let limit = params.number("limit", 1..=limits::TAGS_PAGE_MAX, limits::TAGS_PAGE)?;
    let after = params.one("after")?.map(TagPath::new).transpose();
    let after = after.map_err(|error| ApiError::query("after", error.to_string()))?;
    let diagnostics = diagnostics(&params)?;
    let (shared, view) = caller.view(under)?;
    let namespace = &shared.api.namespace;

    let page = view.list(namespace, search, after.as_ref(), limit as usize, diagnostics);
    let found: Vec<(Arc<TagMeta>, Option<Sample>)> = page
        .ids
        .iter()
        .filter_map(|id| Some((namespace.meta(*id)?, namespace.last(*id))))
        .collect();
    let tags = found.iter().map(|(meta, last)| tag_line(meta, last.as_ref())).collect();
    let next = page.next.as_ref().map(TagPath::as_str);
    Ok(Written::new(&TagPage { tags, total: page.total, next }, found.len() * 320))
}

pub(crate) fn tag_line<'a>(meta: &'a TagMeta, last: Option<&'a Sample>) -> TagLine<'a> {
    let value = value_line(meta, last);
    TagLine {
        tag: value.tag,
        device: Some(&*meta.device).filter(|device| !device.is_empty()),
        data_type: Text(meta.data_type),
        unit: value.unit,
        description: &meta.description,
        access: meta.access.word(),
        step: meta.step,
        timestamp_ms: value.timestamp_ms,
        value: value.value,
        quality: value.quality,
        reason: value.reason,
    }
}

fn value_line<'a>(meta: &'a TagMeta, last: Option<&'a Sample>) -> ValueLine<'a> {
    let quality = last.map_or(NOT_YET, |sample| sample.quality);
    let value = last.map_or(&lineshaft_model::Value::Null, |sample| &sample.value);
    ValueLine {
        tag: meta.path.as_str(),
        timestamp_ms: last.map(|sample| sample.ts.millis()),
        value: AnyValue::new(value, meta.data_type),
        quality: quality.word(),
        reason: reason(quality),
        unit: meta.unit.as_ref().map(Text),
    }
}

/// Lists the tree from a path down, one level or a few.
#[utoipa::path(
    get,
    path = "/api/v1/tree",
    params(
        ("under" = Option<String>, Query, description = "The path whose children to list; the top when absent"),
        ("depth" = Option<u32>, Query, minimum = 1, description = "How many levels; 1 to 8, default 1"),
        ("diagnostics" = Option<String>, Query, description = "`include` (default) or `exclude`, which leaves out what is below a segment that starts with `_`"),
    ),
    responses((status = 200, description = "The children of the path", body = TreeLevel), (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_tree(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["under", "depth", "diagnostics"])?;
    let under = params.one("under")?.unwrap_or_default().trim_matches('/');
    let depth = params.number("depth", 1..=limits::TREE_DEPTH_MAX, 1)?;
    let diagnostics = diagnostics(&params)?;
    let (shared, view) = caller.view(under)?;
    let namespace = &shared.api.namespace;

    let mut levels = Levels { namespace, view, diagnostics, room: limits::TREE_NODES_MAX };
    let mut children = levels.below(under);
    // Level by level, so that what a tree is too large for is its leaves.
    (1..depth).for_each(|down| levels.grow(&mut children, down));
    Ok(Written::new(&TreeLevel { path: under.into(), children }, 4_096))
}

/// Reads the last values of some tags, in the order asked for.
#[utoipa::path(
    get,
    path = "/api/v1/values",
    params(("tag" = Vec<String>, Query, description = "The tags, at most 1,000", explode = true)),
    responses((status = 200, description = "One line for each tag", body = Vec<ValueLine>), (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_values(
    caller: Caller<ReadPlant>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["tag"])?;
    let paths = params.tags("tag", limits::VALUES_PER_REQUEST_MAX)?;
    let namespace = &caller.may(Scope::Tags(&paths))?.api.namespace;

    let mut found = Vec::with_capacity(paths.len());
    for path in &paths {
        let Known { id, meta } = known(namespace, path, caller.pass())?;
        found.push((meta, namespace.last(id)));
    }
    let lines: Vec<ValueLine<'_>> =
        found.iter().map(|(meta, last)| value_line(meta, last.as_ref())).collect();
    Ok(Written::new(&lines, lines.len() * 192))
}
