//! The tables of `assets/*.toml`. Every field is a line of the manual, see [`super::table`].

use std::collections::BTreeMap;

use lineshaft_namespace::{Level, Limits, States};
use schemars::JsonSchema;
use serde::Deserialize;

/// A file of `assets/`: kinds of machines, and what is to be said of single areas, lines and machines.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AssetFile {
    /// Kinds of machines, by name.
    #[serde(rename = "type")]
    pub types: BTreeMap<String, TypeTable>,
    /// Single areas, lines and machines, by a name of your choice.
    #[serde(rename = "asset")]
    pub assets: BTreeMap<String, AssetTable>,
}

/// `[type.NAME]`: a kind of machine.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TypeTable {
    /// What people call it.
    #[schemars(length(min = 1, max = 64))]
    pub title: Option<String>,
    /// Which folders are machines of this type: paths below the node's path, `*` and `**` as in pipelines.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// The tag that says what the machine does, below the machine; without it, it is made out from the tags.
    #[schemars(extend("format" = "tag-path"))]
    pub state: Option<String>,
    /// What the values of the state are called: `{ "2" = "Stopped", "6" = "Running" }`.
    pub states: BTreeMap<String, String>,
    /// The values of the state in which the machine runs; without it, `true`.
    pub running: Vec<String>,
    /// The tags it is known by, the most telling first, up to 8; without it, they are made out from the tags.
    #[schemars(length(max = 8))]
    pub values: Vec<String>,
    /// What is normal, by tag below the machine.
    pub limits: BTreeMap<String, LimitsTable>,
}

/// `[type.NAME.limits.TAG]`: what is normal for a value, in the tag's own unit. A value at a limit is inside of it.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsTable {
    /// Below it somebody has to act at once.
    pub low_low: Option<f64>,
    /// Below it is not normal.
    pub low: Option<f64>,
    /// Above it is not normal.
    pub high: Option<f64>,
    /// Above it somebody has to act at once.
    pub high_high: Option<f64>,
    /// Where the scale begins; without it, a little before the limits.
    pub from: Option<f64>,
    /// Where the scale ends; without it, a little behind the limits.
    pub to: Option<f64>,
}

/// `[asset.NAME]`: one area, line or machine.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["path"]))]
pub struct AssetTable {
    /// Where it is, below the node's path.
    #[schemars(extend("format" = "tag-path"))]
    pub path: Option<String>,
    /// Its type; without it, the one that matches its path.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// What people call it.
    #[schemars(length(min = 1, max = 64))]
    pub title: Option<String>,
    /// Where in the plant it stands; without it, by its depth, and a machine when nothing is inside of it.
    pub level: Option<LevelWord>,
}

/// Where in the plant something stands (IEC 62264).
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LevelWord {
    /// The whole company.
    Enterprise,
    /// A place.
    Site,
    /// A part of a site.
    Area,
    /// Machines that make something together.
    Line,
    /// One machine.
    Machine,
}

impl From<LevelWord> for Level {
    fn from(word: LevelWord) -> Level {
        match word {
            LevelWord::Enterprise => Level::Enterprise,
            LevelWord::Site => Level::Site,
            LevelWord::Area => Level::Area,
            LevelWord::Line => Level::Line,
            LevelWord::Machine => Level::Machine,
        }
    }
}

impl From<LimitsTable> for Limits {
    fn from(table: LimitsTable) -> Limits {
        let LimitsTable { low_low, low, high, high_high, from, to } = table;
        Limits { low_low, low, high, high_high, from, to }
    }
}

impl TypeTable {
    /// What the values of the state are called, and in which it runs.
    pub(crate) fn states(&self) -> States {
        States { words: self.states.clone(), running: self.running.clone() }
    }
}
