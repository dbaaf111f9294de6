//! The plant folder: plain files a person edits, diffs and keeps in git.
//!
//! - Source: DESIGN 5.2; the keys are the fields of [`table`], the columns are those of [`csv`].
//! - All mistakes of all files are reported at once, each with its place and the remedy ([`mistake`]).
//! - Not here: applying a folder to a running node, and watching it for changes.

mod assets;
mod csv;
mod device;
mod files;
pub mod mistake;
mod nearest;
mod node;
mod pipelines;
mod plant_device;
mod quantity;
mod row;
mod schema;
mod schema_file;
mod security;
mod settings;
mod source;
pub mod table;
mod table_assets;
mod table_security;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lineshaft_contract::DriverKind;
use lineshaft_namespace::AssetModel;
use lineshaft_pipeline::Rule;

use assets::AssetReader;
use device::DeviceReader;
use files::Files;
use pipelines::RuleReader;

pub(crate) use files::{Draft, LAYOUT, NODE_FILE, Outside, is_read, tidy};
pub use mistake::{Location, Mistake, Mistakes, Severity};
pub use nearest::nearest;
pub use plant_device::PlantDevice;
pub(crate) use row::COLUMNS;
pub use row::TagSteps;
pub use schema_file::config_schema;
pub use security::{Gatekeeping, gatekeeping_in, gatekeeping_of};
pub use settings::{
    AuditSettings, HistorianSettings, HttpSettings, NodeSettings, SecuritySettings, ShaftSettings,
};

/// A plant folder that was read whole and has no mistake.
#[derive(Debug)]
pub struct Plant {
    /// Where it is.
    pub dir: PathBuf,
    /// Who this node is.
    pub node: NodeSettings,
    /// Where the page and the API listen.
    pub http: HttpSettings,
    /// Who may come in, and how.
    pub security: SecuritySettings,
    /// The audit trail.
    pub audit: AuditSettings,
    /// The durable log.
    pub shaft: ShaftSettings,
    /// The store of history.
    pub historian: HistorianSettings,
    /// The devices in the order of their names, those that are not enabled among them.
    pub devices: Vec<PlantDevice>,
    /// The rules of the pipelines with their names, in the order of the files; they fit the tags.
    pub rules: Vec<(String, Rule)>,
    /// Kinds of machines, and what single ones are called.
    pub assets: AssetModel,
    /// What is probably not meant; it runs nevertheless.
    pub warnings: Mistakes,
    /// The files that were read, tag tables outside the folder among them.
    pub files: Vec<PathBuf>,
    /// What was read from disk, by its path in a revision: relative, or absolute for a table outside the folder.
    pub contents: BTreeMap<String, Vec<u8>>,
    /// A digest of what was read: two folders with the same digest are the same plant.
    pub revision: u64,
}

/// Reads a plant folder.
///
/// # Errors
/// Every mistake of every file, warnings among them. Nothing is taken from a folder with an error.
pub fn load(dir: &Path, drivers: &[DriverKind]) -> Result<Plant, Mistakes> {
    let mut files = Files::new(dir);
    if !dir.is_dir() {
        files.found.push(no_folder(dir));
        return Err(files.found);
    }
    load_files(files, drivers)
}

/// Reads a plant folder as it may become.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_draft(
    dir: &Path,
    drivers: &[DriverKind],
    draft: Draft,
) -> Result<Plant, Mistakes> {
    load_files(Files::of_draft(dir, draft), drivers)
}

fn load_files(mut files: Files, drivers: &[DriverKind]) -> Result<Plant, Mistakes> {
    files.check_layout();
    let parts = node::read(&mut files);
    let mut reader = DeviceReader::new(drivers, &parts.node.path);
    for path in files.list("devices", "toml") {
        reader.read(&mut files, &path);
    }
    let (devices, tags) = reader.finish();
    let mut rules = RuleReader::new();
    for path in files.list("pipelines", "toml") {
        rules.read(&mut files, &path);
    }
    let rules = rules.finish(&mut files, &parts, &devices, &tags);
    let mut assets = AssetReader::new();
    for path in files.list("assets", "toml") {
        assets.read(&mut files, &path);
    }
    let assets = assets.finish(&mut files, &parts, &devices, &rules);
    // With a mistake elsewhere, which tables are read is not known.
    if files.found.error_count() == 0 {
        files.check_tables();
    }

    let Files { dir, mut found, read, digest, contents, .. } = files;
    found.sort();
    if found.error_count() > 0 {
        return Err(found);
    }
    Ok(Plant {
        dir,
        node: parts.node,
        http: parts.http,
        security: parts.security,
        audit: parts.audit,
        shaft: parts.shaft,
        historian: parts.historian,
        devices,
        rules,
        assets,
        warnings: found,
        files: read.into_iter().collect(),
        contents,
        revision: digest.0,
    })
}

fn no_folder(dir: &Path) -> Mistake {
    let what = if dir.exists() { "this is not a folder" } else { "there is no such folder" };
    let shown = dir.display().to_string();
    let help = format!("`lineshaft init {shown}` writes a plant folder to start from");
    Mistake::of_file(Severity::Error, "LS-CFG-001", shown, what).help(help)
}

/// The folders of a plant folder that are there: what to watch while it cannot be read.
#[must_use]
pub fn paths(dir: &Path) -> Vec<PathBuf> {
    let known = ["devices", "tags", "pipelines", "assets"].map(|folder| dir.join(folder));
    std::iter::once(dir.to_owned()).chain(known).filter(|path| path.is_dir()).collect()
}

impl Plant {
    /// The folders to watch for changes, those of tag tables outside the plant folder among them.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths = paths(&self.dir);
        paths.extend(self.files.iter().filter_map(|file| file.parent()).map(Path::to_owned));
        paths.sort();
        paths.dedup();
        paths
    }

    /// How many tags its devices have.
    #[must_use]
    pub fn tag_count(&self) -> usize {
        self.devices.iter().map(|device| device.metas.len()).sum()
    }
}
