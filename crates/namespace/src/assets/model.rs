//! What the plant folder says about assets, and what one of them is.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use lineshaft_model::{TagId, TagMeta, TagPath, Value};

use super::infer::{self, Role};

/// Whether a path, relative to the node's, is meant.
#[derive(Clone)]
pub struct Matches(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl Matches {
    /// What `matches` says.
    pub fn new(matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Matches {
        Matches(Arc::new(matches))
    }

    pub(crate) fn is(&self, path: &str) -> bool {
        (self.0)(path)
    }
}

impl fmt::Debug for Matches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Matches")
    }
}

/// Where in the plant something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The whole company.
    Enterprise,
    /// A place.
    Site,
    /// A part of a site.
    Area,
    /// Machines that make something together: a line, a process cell, a production unit.
    Line,
    /// One machine.
    Machine,
}

impl Level {
    /// All, from the top.
    pub const ALL: [Level; 5] =
        [Level::Enterprise, Level::Site, Level::Area, Level::Line, Level::Machine];

    /// The word of it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Level::Enterprise => "enterprise",
            Level::Site => "site",
            Level::Area => "area",
            Level::Line => "line",
            Level::Machine => "machine",
        }
    }

    /// What a folder with folders in it is, by its depth: tag paths go from the enterprise downwards.
    pub(super) const fn at_depth(segments: usize) -> Level {
        match segments {
            0 | 1 => Level::Enterprise,
            2 => Level::Site,
            3 => Level::Area,
            _ => Level::Line,
        }
    }
}

/// No such level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no level `{0}`")]
pub struct LevelError(String);

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Level, LevelError> {
        let found = Level::ALL.into_iter().find(|level| level.word() == text);
        found.ok_or_else(|| LevelError(text.into()))
    }
}

/// What is normal for a value, in the tag's own unit. Each may be missing; a value at a limit is inside of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// Below it somebody has to act at once.
    pub low_low: Option<f64>,
    /// Below it is not normal.
    pub low: Option<f64>,
    /// Above it is not normal.
    pub high: Option<f64>,
    /// Above it somebody has to act at once.
    pub high_high: Option<f64>,
    /// Where the scale begins.
    pub from: Option<f64>,
    /// Where the scale ends.
    pub to: Option<f64>,
}

impl Limits {
    /// Whether a value is beyond one of them. What is no number is beyond nothing.
    #[must_use]
    pub fn is_beyond(&self, value: &Value) -> bool {
        let Some(number) = value.as_f64() else { return false };
        [self.low_low, self.low].into_iter().flatten().any(|limit| number < limit)
            || [self.high, self.high_high].into_iter().flatten().any(|limit| number > limit)
    }
}

/// What the values of a state are called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct States {
    /// The word for each value; values are written as text: `6`, `true`.
    pub words: BTreeMap<String, String>,
    /// The values in which the machine runs.
    pub running: Vec<String>,
}

/// A kind of machine.
#[derive(Debug, Clone, Default)]
pub struct AssetType {
    /// Its name in the files.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// Which tag says what the machine does, relative to the machine; made out from the tags when absent.
    pub state: Option<String>,
    /// What the values of the state are called.
    pub states: States,
    /// The values it is known by, the most telling first; made out from the tags when empty.
    pub values: Vec<String>,
    /// What is normal, by tag.
    pub limits: BTreeMap<String, Limits>,
    /// Which paths are machines of this type.
    pub matches: Vec<Matches>,
}

/// One asset of which the plant folder says something.
#[derive(Debug, Clone)]
pub struct NamedAsset {
    /// Its whole path.
    pub path: TagPath,
    /// Its type.
    pub type_name: Option<String>,
    /// What people call it.
    pub title: Option<String>,
    /// Where in the plant it stands.
    pub level: Option<Level>,
}

/// What the plant folder says about assets. Without a word, everything is made out from the tags.
#[derive(Debug, Clone, Default)]
pub struct AssetModel {
    /// The node's path: what a type matches is relative to it.
    pub node: Option<TagPath>,
    /// The types in the order of the files; of two that match, the first counts.
    pub types: Vec<Arc<AssetType>>,
    /// What is said of single assets.
    pub named: Vec<NamedAsset>,
}

impl AssetModel {
    /// The type by its name.
    #[must_use]
    pub fn type_of_name(&self, name: &str) -> Option<&Arc<AssetType>> {
        self.types.iter().find(|one| one.name == name)
    }

    /// The path relative to the node's; `None` for what is not of this node.
    pub(super) fn relative<'a>(&self, path: &'a str) -> Option<&'a str> {
        match &self.node {
            None => Some(path),
            Some(node) => path.strip_prefix(node.as_str())?.strip_prefix('/'),
        }
    }

    pub(super) fn type_that_matches(&self, path: &str) -> Option<&Arc<AssetType>> {
        let path = self.relative(path)?;
        self.types.iter().find(|one| one.matches.iter().any(|matches| matches.is(path)))
    }
}

/// A value an asset is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// The tag.
    pub tag: TagId,
    /// The tag that says where the value should be.
    pub setpoint: Option<TagId>,
}

/// An area, a line, a machine.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its whole path.
    pub path: TagPath,
    /// What people call it; without it, its last segment has to do.
    pub title: Option<String>,
    /// Where in the plant it stands.
    pub level: Level,
    /// What kind of thing it is; an area or a line has none unless somebody says so.
    pub type_name: Option<Arc<str>>,
    /// The type of the plant folder; none when it was made out from the tags.
    pub declared: Option<Arc<AssetType>>,
    /// Whether nothing is inside of it but its tags.
    pub is_leaf: bool,
    /// The tag that says what it does.
    pub state: Option<TagId>,
    /// The values it is known by, the most telling first, at most [`KEY_VALUES_MAX`](super::KEY_VALUES_MAX) when they were made out.
    pub values: Vec<KeyValue>,
}

impl Asset {
    /// What a tag of this asset is for.
    #[must_use]
    pub fn role(&self, id: TagId, meta: &TagMeta) -> Role {
        if self.state == Some(id) {
            return Role::State;
        }
        match infer::role(meta) {
            // Somebody wants to see it: then it is a value, whatever its name says.
            Role::Other if self.values.iter().any(|value| value.tag == id) => Role::Value,
            role => role,
        }
    }

    /// What is normal for a tag of this asset.
    #[must_use]
    pub fn limits(&self, tag: &TagPath) -> Option<&Limits> {
        let below = tag.as_str().strip_prefix(self.path.as_str())?.strip_prefix('/')?;
        self.declared.as_ref()?.limits.get(below)
    }
}
