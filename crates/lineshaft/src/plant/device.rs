//! `devices/*.toml`: one connection per table, checked by its driver.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use lineshaft_contract::{Device, DeviceSpec, DriverKind, Place, PointSpec};
use lineshaft_model::{DataType, TagMeta, TagPath};
use lineshaft_runtime::Endpoint;
use serde_json::Value as Json;
use toml_edit::TableLike;

use super::PlantDevice;
use super::files::{Digest, Files};
use super::mistake::Location;
use super::node;
use super::row::{TagRow, TagSteps, index_of};
use super::schema::{At, Checker, Spans, below, enclosing};
use super::source::Source;
use super::table::DeviceTable;
use super::tables::{Table, Tables};

/// Stands in for an endpoint that cannot be read, so that the rest of the device can be checked.
const ENDPOINT_UNKNOWN: &str = "tcp://127.0.0.1:1";

/// Reads all devices.
pub(crate) struct DeviceReader<'a> {
    drivers: &'a [DriverKind],
    node_path: &'a TagPath,
    shared_schema: Json,
    tables: Tables,
    devices: Vec<PlantDevice>,
    /// Device names, with where they stand.
    names: HashMap<String, Location>,
    /// Device paths, with whose they are and where they stand.
    paths: HashMap<TagPath, (String, Location)>,
    tags: TagPlaces,
}

/// Tags, with whose they are and where they stand.
#[derive(Default)]
pub(crate) struct TagPlaces(HashMap<TagPath, Owner>);

/// Whose a tag is.
struct Owner {
    device: Rc<str>,
    path: TagPath,
    table: Rc<Table>,
    /// Which row of the table.
    row: usize,
}

impl TagPlaces {
    /// The tags in the folder of `tag`, without their path.
    pub(crate) fn beside<'a>(&'a self, tag: &'a TagPath) -> impl Iterator<Item = &'a str> {
        let parent = tag.parent();
        self.0.keys().filter(move |known| known.parent() == parent).map(TagPath::name)
    }

    /// Where a cell of a tag is.
    pub(crate) fn cell(&self, tag: &TagPath, column: &str) -> Option<(&Source, Range<usize>)> {
        let owner = self.0.get(tag)?;
        let row = owner.table.rows.get(owner.row)?;
        Some((&owner.table.source, row.spans[index_of(column)].clone()))
    }
}

/// One table of a device file.
struct Entry<'a> {
    source: &'a Source,
    name: &'a str,
    table: &'a dyn TableLike,
    key: Range<usize>,
    head: Range<usize>,
}

impl<'a> DeviceReader<'a> {
    pub(crate) fn new(drivers: &'a [DriverKind], node_path: &'a TagPath) -> DeviceReader<'a> {
        DeviceReader {
            drivers,
            node_path,
            shared_schema: schemars::schema_for!(DeviceTable).to_value(),
            tables: Tables::default(),
            devices: Vec::new(),
            names: HashMap::new(),
            paths: HashMap::new(),
            tags: TagPlaces::default(),
        }
    }

    /// The devices that are right, by name, and where all tags stand.
    pub(crate) fn finish(mut self) -> (Vec<PlantDevice>, TagPlaces) {
        self.devices.sort_by(|a, b| a.name.cmp(&b.name));
        (self.devices, self.tags)
    }

    /// Reads one file.
    pub(crate) fn read(&mut self, files: &mut Files, path: &Path) {
        let Some(source) = files.toml(path) else { return };
        let Some(document) = node::parse(&source, files) else { return };
        let mut loose = false;
        for (name, item) in document.as_table() {
            let key = document.as_table().key(name).and_then(toml_edit::Key::span).unwrap_or(0..0);
            let Some(table) = item.as_table_like() else {
                if !loose {
                    let what = format!("`{name}` stands outside of a device");
                    let help = "a device starts with its name: `[press-1]`";
                    files.found.push(source.error("LS-CFG-004", &key, what).help(help));
                }
                loose = true;
                continue;
            };
            let head = item.span().filter(|span| !span.is_empty()).unwrap_or_else(|| key.clone());
            self.entry(files, path, &Entry { source: &source, name, table, key, head });
        }
    }

    fn entry(&mut self, files: &mut Files, path: &Path, entry: &Entry<'_>) {
        let source = entry.source;
        self.check_name(files, entry);
        let schema = self.shared_schema.clone();
        let mut checker = Checker::new(source, &schema);
        let at = At { path: entry.name, key: entry.name, head: &entry.head, depth: 0 };
        let mut good = checker.table(&schema, entry.table, at);
        let (found, mut spans) = (checker.found, checker.spans);
        files.found.extend(found);
        let settings = good.remove("settings");
        let shared: DeviceTable = match serde_json::from_value(good.into()) {
            Ok(shared) => shared,
            Err(error) => {
                let mistake = source.error("LS-CFG-005", &entry.head, error.to_string());
                files.found.push(mistake.note(format!("in {}", entry.name)));
                return;
            }
        };
        let driver = self.driver(files, entry, &shared, &spans);
        let settings =
            driver.map(|driver| check_settings(files, entry, driver, settings, &mut spans));
        let endpoint = endpoint(files, entry, driver, &shared, &spans);
        let device_path = self.device_path(files, entry, &shared, &spans);
        let table = shared.tags.as_ref().and_then(|tags| {
            let wanted = path.parent().unwrap_or(Path::new("")).join(tags);
            let span = value_span(&spans, entry, "tags");
            let note = format!("in {}", entry.name);
            let asked = |what| source.error("LS-CFG-014", &span, what).note(note.clone());
            self.tables.get(files, &wanted, asked)
        });
        let (Some(driver), Some(table), Some(path)) = (driver, table, device_path) else { return };
        if table.is_empty {
            let what = format!("`{}` has no tags", table.source.name);
            let mistake = source.warning("LS-CFG-014", &value_span(&spans, entry, "tags"), what);
            files.found.push(mistake.note(format!("in {}", entry.name)));
        }
        let settings = settings.unwrap_or(Settings { json: Json::Null, are_right: false });
        let metas = self.metas(files, entry, &table, &path);
        let spec = DeviceSpec {
            name: entry.name.to_owned(),
            endpoint,
            settings: settings.json,
            points: points_of(&table, &shared),
            timeout: shared.timeout.0,
        };
        let place = |place: &Place| match place {
            // What is wrong with the settings has been said, better, by the schema.
            Place::Key(_) if !settings.are_right => None,
            place => Some(self::place(place, entry, &table, &spans)),
        };
        match driver.configure(spec) {
            Ok(device) => {
                let steps = table.rows.iter().map(|row| row.steps).collect();
                self.devices.push(plant_device(*driver, device, path, metas, steps, &shared));
            }
            Err(wrong) => {
                for wrong in &wrong.0 {
                    let Some((source, span)) = place(&wrong.place) else { continue };
                    let mistake = source.error(wrong.code, &span, wrong.what.clone());
                    let mistake = mistake.note(format!("in {}", entry.name));
                    files.found.push(mistake.help(wrong.remedy.clone()));
                }
            }
        }
    }

    /// The name is one segment of a path, and nobody else's.
    fn check_name(&mut self, files: &mut Files, entry: &Entry<'_>) {
        let wrong = match TagPath::new(entry.name) {
            Err(error) => Some(error.to_string()),
            Ok(_) if entry.name.contains('/') => {
                Some(format!("`{}` is no device name: it has a `/`", entry.name))
            }
            Ok(_) if entry.name.starts_with('_') => {
                Some(format!("`{}`: names that start with `_` belong to Lineshaft", entry.name))
            }
            Ok(_) => None,
        };
        if let Some(wrong) = wrong {
            let mistake = entry.source.error("LS-CFG-012", &entry.key, wrong);
            files.found.push(mistake.help("the place in the tree is said with `path = \"…\"`"));
        }
        let here = entry.source.locate(&entry.key);
        match self.names.get(entry.name) {
            Some(first) => {
                let what = format!("there are two devices with the name `{}`", entry.name);
                let mistake = entry.source.error("LS-CFG-013", &entry.key, what);
                files.found.push(mistake.other("first here", first.clone()));
            }
            None => drop(self.names.insert(entry.name.to_owned(), here)),
        }
    }

    fn driver(
        &self,
        files: &mut Files,
        entry: &Entry<'_>,
        shared: &DeviceTable,
        spans: &Spans,
    ) -> Option<&'a DriverKind> {
        let name = shared.driver.as_deref()?;
        let found = self.drivers.iter().find(|driver| driver.name == name);
        if found.is_none() {
            let known = self.drivers.iter().map(|driver| driver.name);
            let span = value_span(spans, entry, "driver");
            let mistake =
                entry.source.error("LS-CFG-009", &span, format!("there is no driver `{name}`"));
            let mistake = match super::nearest(name, known.clone()) {
                Some(word) => mistake.help(format!("did you mean `{word}`?")),
                None => {
                    let words = known.map(|word| format!("`{word}`")).collect::<Vec<_>>();
                    mistake.help(format!("this version has {}", words.join(", ")))
                }
            };
            files.found.push(mistake.note(format!("in {}", entry.name)));
        }
        found
    }

    /// The whole path of the device; `None` when there is no sense in checking its tags' paths.
    fn device_path(
        &mut self,
        files: &mut Files,
        entry: &Entry<'_>,
        shared: &DeviceTable,
        spans: &Spans,
    ) -> Option<TagPath> {
        let below = shared.path.as_deref().unwrap_or(entry.name);
        let span = value_span(spans, entry, "path");
        let path = match self.node_path.join(below) {
            Ok(path) => path,
            Err(error) => {
                // A name or path that is wrong by itself has been said already.
                if TagPath::new(below).is_ok() {
                    let mistake = entry.source.error("LS-CFG-012", &span, error.to_string());
                    files
                        .found
                        .push(mistake.note(format!("with the node's path {}", self.node_path)));
                }
                return None;
            }
        };
        match self.paths.get(&path) {
            Some((other, first)) if other != entry.name => {
                let what = format!("`{}` has the same path as `{other}`", entry.name);
                let mistake = entry.source.error("LS-CFG-013", &span, what);
                let help = "the tags with their diagnostics would have the same names; give each a `path` of its own";
                files
                    .found
                    .push(mistake.other(format!("{other} is here"), first.clone()).help(help));
            }
            Some(_) => {}
            None => {
                let here = entry.source.locate(&span);
                self.paths.insert(path.clone(), (entry.name.to_owned(), here));
            }
        }
        Some(path)
    }

    /// One tag per row; a path that is too long or taken is said.
    fn metas(
        &mut self,
        files: &mut Files,
        entry: &Entry<'_>,
        table: &Rc<Table>,
        path: &TagPath,
    ) -> Vec<TagMeta> {
        let device: Rc<str> = entry.name.into();
        let name: Arc<str> = entry.name.into();
        let mut metas = Vec::with_capacity(table.rows.len());
        for (number, row) in table.rows.iter().enumerate() {
            let span = &row.spans[0];
            let tag = match path.join(&row.tag) {
                Ok(tag) => tag,
                Err(error) => {
                    let mistake = table.source.error("LS-CFG-012", span, error.to_string());
                    files.found.push(mistake.note(format!("below {path}")));
                    continue;
                }
            };
            match self.tags.0.get(&tag) {
                None => {
                    let (device, path) = (Rc::clone(&device), path.clone());
                    let owner = Owner { device, path, table: Rc::clone(table), row: number };
                    self.tags.0.insert(tag.clone(), owner);
                }
                // Two devices with one path have been said already.
                Some(owner) if owner.path == *path => {}
                Some(owner) => {
                    let what = format!("two devices have the tag `{tag}`");
                    let mut mistake = table.source.error("LS-CFG-013", span, what);
                    if let Some((source, first)) = self.tags.cell(&tag, "tag") {
                        mistake =
                            mistake.other(format!("of {}", owner.device), source.locate(&first));
                    }
                    files.found.push(mistake.note(format!("of {}", entry.name)));
                }
            }
            metas.push(meta_of(row, tag, &name));
        }
        metas
    }
}

fn meta_of(row: &TagRow, path: TagPath, device: &Arc<str>) -> TagMeta {
    let data_type = if row.steps.is_scaled() { DataType::F64 } else { row.data_type };
    TagMeta {
        path,
        data_type,
        unit: row.unit.clone(),
        access: row.access,
        step: !data_type.is_numeric(),
        description: row.description.clone(),
        device: device.clone(),
    }
}

fn points_of(table: &Table, shared: &DeviceTable) -> Vec<PointSpec> {
    let point = |row: &TagRow| PointSpec {
        name: row.tag.clone(),
        address: row.address.clone(),
        data_type: row.data_type,
        order: row.order,
        access: row.access,
        period: row.period.unwrap_or(shared.period.0),
    };
    table.rows.iter().map(point).collect()
}

/// A device's settings as far as they are right.
struct Settings {
    json: Json,
    are_right: bool,
}

/// Checks the driver's own part against its schema.
fn check_settings(
    files: &mut Files,
    entry: &Entry<'_>,
    driver: &DriverKind,
    written: Option<Json>,
    spans: &mut Spans,
) -> Settings {
    let schema = driver.schema().to_value();
    let mut checker = Checker::new(entry.source, &schema);
    let path = below(entry.name, "settings");
    let empty = toml_edit::Table::new();
    let item = entry.table.get("settings");
    let (table, head) = match item.and_then(toml_edit::Item::as_table_like) {
        Some(table) => {
            let key = spans.get(&path).map_or_else(|| entry.head.clone(), |span| span.key.clone());
            let head = item.filter(|item| item.is_table()).and_then(toml_edit::Item::span);
            (table, head.filter(|head| !head.is_empty()).unwrap_or(key))
        }
        // Settings that are no table have been said already.
        None if item.is_some() => return Settings { json: Json::Null, are_right: false },
        None => (&empty as &dyn TableLike, entry.head.clone()),
    };
    let at = At { path: &path, key: "settings", head: &head, depth: 0 };
    let good = checker.table(&schema, table, at);
    let are_right = checker.found.error_count() == 0;
    files.found.extend(checker.found);
    spans.extend(checker.spans);
    let json = if written.is_some() { Json::Object(good) } else { Json::Null };
    Settings { json, are_right }
}

fn endpoint(
    files: &mut Files,
    entry: &Entry<'_>,
    driver: Option<&DriverKind>,
    shared: &DeviceTable,
    spans: &Spans,
) -> Endpoint {
    let text = shared.endpoint.as_deref().unwrap_or(ENDPOINT_UNKNOWN);
    #[expect(clippy::expect_used, reason = "the text was checked, the stand-in is an endpoint")]
    let endpoint =
        text.parse::<Endpoint>().or_else(|_| ENDPOINT_UNKNOWN.parse()).expect("an endpoint");
    let Some(driver) = driver else { return endpoint };
    if shared.endpoint.is_some() && !driver.schemes.contains(&endpoint.scheme.as_str()) {
        let schemes: Vec<String> = driver.schemes.iter().map(|s| format!("`{s}://…`")).collect();
        let what = format!("{} does not speak over `{}://`", driver.name, endpoint.scheme);
        let span = value_span(spans, entry, "endpoint");
        let mistake = entry.source.error("LS-CFG-010", &span, what);
        let mistake = mistake.note(format!("in {}", entry.name));
        files.found.push(mistake.help(format!("its endpoints are {}", schemes.join(", "))));
    }
    endpoint
}

/// Where the value of one of the device's keys is; the head of the device when it is not there.
fn value_span(spans: &Spans, entry: &Entry<'_>, key: &str) -> Range<usize> {
    spans.get(&below(entry.name, key)).map_or_else(|| entry.head.clone(), |span| span.value.clone())
}

/// Where a driver's complaint is: a cell of the table, or the value of a key or of what is around it.
fn place<'s>(
    place: &Place,
    entry: &Entry<'s>,
    table: &'s Table,
    spans: &Spans,
) -> (&'s Source, Range<usize>) {
    match place {
        Place::Cell { point, column } => {
            let row = table.rows.get(*point as usize);
            let span = row.map(|row| row.spans[index_of(column)].clone());
            (&table.source, span.unwrap_or(0..0))
        }
        Place::Key(path) => {
            let path = below(entry.name, path);
            let found = enclosing(&path, |path| spans.get(path).map(|span| span.value.clone()));
            (entry.source, found.unwrap_or_else(|| entry.head.clone()))
        }
    }
}

fn plant_device(
    driver: DriverKind,
    device: Arc<dyn Device>,
    path: TagPath,
    metas: Vec<TagMeta>,
    steps: Vec<TagSteps>,
    shared: &DeviceTable,
) -> PlantDevice {
    let stale_after = shared.stale_after.map(|after| after.0);
    let mut digest = Digest::default();
    let all = (driver.name, device.spec(), &path, &metas, &steps, shared.enabled, stale_after);
    // A digest takes every text, so this cannot fail.
    let _ = write!(digest, "{all:?} {}", shared.description);
    PlantDevice {
        name: device.spec().name.clone(),
        driver,
        device,
        path,
        description: shared.description.clone(),
        metas,
        steps,
        enabled: shared.enabled,
        stale_after,
        fingerprint: digest.0,
    }
}
