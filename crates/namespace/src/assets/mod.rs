//! The asset model: areas, lines and machines over the tags, and what tells most about each.
//!
//! - Levels: IEC 62264 (ISA-95), Equipment hierarchy: enterprise, site, area, work centre (here `line`), work unit
//!   (here `machine`).
//! - What the plant folder says comes first; what it does not say is made out from the tags, see [`infer`]. The same
//!   tags give the same answer, whatever their values are.
//! - Not here: who may see what (`api`), the files (`lineshaft`).

mod index;
mod infer;
mod model;

pub use index::Assets;
pub use infer::{KEY_VALUES_MAX, Role};
pub use model::{
    Asset, AssetModel, AssetType, KeyValue, Level, LevelError, Limits, Matches, NamedAsset, States,
};
