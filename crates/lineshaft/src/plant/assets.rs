//! `assets/*.toml`: kinds of machines with what is normal for them, checked against the tags of the plant.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use lineshaft_model::{Access, DataType, TagMeta, TagPath, Tags};
use lineshaft_namespace::{AssetModel, AssetType, Assets, Matches, NamedAsset, Namespace};
use lineshaft_pipeline::{Pattern, Rule};
use serde_json::Value as Json;

use super::files::Files;
use super::mistake::Location;
use super::node::{self, NodeParts};
use super::schema::{At, Checker, Spans, enclosing};
use super::source::Source;
use super::table_assets::{AssetFile, AssetTable, LimitsTable, TypeTable};
use super::{PlantDevice, nearest};

/// Reads all files of assets.
pub(crate) struct AssetReader {
    schema: Json,
    sources: Vec<Read>,
    types: Vec<(usize, String, TypeTable)>,
    assets: Vec<(usize, String, AssetTable)>,
    names: HashMap<String, Location>,
}

/// One file, with where everything in it is.
struct Read {
    source: Source,
    spans: Spans,
}

impl Read {
    /// Where a key is, or what is around it.
    fn span(&self, key: &str) -> Range<usize> {
        let find = |path: &str| self.spans.get(path).map(|at| at.value.clone());
        enclosing(key, find).unwrap_or(0..0)
    }

    /// Where the name of a table is.
    fn name(&self, key: &str) -> Range<usize> {
        self.spans.get(key).map_or(0..0, |at| at.key.clone())
    }
}

impl AssetReader {
    pub(crate) fn new() -> AssetReader {
        AssetReader {
            schema: schemars::schema_for!(AssetFile).to_value(),
            sources: Vec::new(),
            types: Vec::new(),
            assets: Vec::new(),
            names: HashMap::new(),
        }
    }

    /// Reads one file.
    pub(crate) fn read(&mut self, files: &mut Files, path: &Path) {
        let Some(source) = files.toml(path) else { return };
        let Some(document) = node::parse(&source, files) else { return };
        let mut checker = Checker::new(&source, &self.schema);
        let at = At { path: "", key: "", head: &(0..0), depth: 0 };
        let good = Json::Object(checker.table(&self.schema, document.as_table(), at));
        let (found, spans) = (checker.found, checker.spans);
        files.found.extend(found);
        let number = self.sources.len();
        let read = Read { source, spans };
        match serde_json::from_value::<AssetFile>(good) {
            Ok(file) => {
                let mut types: Vec<(String, TypeTable)> = file.types.into_iter().collect();
                // Of two that match the first counts: as they stand in the file, not by their names.
                types.sort_by_key(|(name, _)| read.name(&format!("type.{name}")).start);
                for (name, table) in types {
                    if self.is_new(files, &read, &format!("type.{name}"), "types") {
                        self.types.push((number, name, table));
                    }
                }
                for (name, table) in file.assets {
                    if self.is_new(files, &read, &format!("asset.{name}"), "assets") {
                        self.assets.push((number, name, table));
                    }
                }
            }
            Err(error) => {
                files.found.push(read.source.error("LS-CFG-005", &(0..0), error.to_string()));
            }
        }
        self.sources.push(read);
    }

    /// Whether a name is nobody else's; says so when it is.
    fn is_new(&mut self, files: &mut Files, read: &Read, key: &str, what: &str) -> bool {
        let span = read.name(key);
        let here = read.source.locate(&span);
        match self.names.get(key) {
            None => {
                self.names.insert(key.to_owned(), here);
                true
            }
            Some(first) => {
                let name = key.split_once('.').map_or(key, |(_, name)| name);
                let what = format!("there are two {what} with the name `{name}`");
                let mistake = read.source.error("LS-CFG-013", &span, what);
                files.found.push(mistake.other("first here", first.clone()));
                false
            }
        }
    }

    /// The model, tried on the tags of the plant; what does not fit is said.
    pub(crate) fn finish(
        self,
        files: &mut Files,
        parts: &NodeParts,
        devices: &[PlantDevice],
        rules: &[(String, Rule)],
    ) -> AssetModel {
        let mut model = AssetModel { node: Some(parts.node.path.clone()), ..AssetModel::default() };
        if self.sources.is_empty() {
            return model;
        }
        let mut patterns: Vec<(usize, String, Pattern)> = Vec::new();
        for (number, name, table) in &self.types {
            let read = &self.sources[*number];
            for (tag, limits) in &table.limits {
                check_order(files, read, &format!("type.{name}.limits.{tag}"), limits);
            }
            let mut matches = Vec::new();
            for (at, text) in table.matches.iter().enumerate() {
                let key = format!("type.{name}.match[{at}]");
                match Pattern::new(text) {
                    Ok(pattern) => {
                        patterns.push((*number, key, pattern.clone()));
                        matches.push(Matches::new(move |path| pattern.matches(path)));
                    }
                    Err(error) => {
                        let span = read.span(&key);
                        let mistake = read.source.error("LS-CFG-026", &span, error.to_string());
                        files.found.push(mistake.note(format!("in type.{name}")));
                    }
                }
            }
            model.types.push(Arc::new(AssetType {
                name: name.clone(),
                title: table.title.clone(),
                state: table.state.clone(),
                states: table.states(),
                values: table.values.clone(),
                limits: table
                    .limits
                    .iter()
                    .map(|(tag, one)| (tag.clone(), (*one).into()))
                    .collect(),
                matches,
            }));
        }
        self.name_assets(files, parts, &mut model);
        // Which tags there are is not known while a device cannot be read.
        if files.found.error_count() == 0 {
            let namespace = Namespace::new(Arc::new(Tags::new()));
            namespace.configure(tags(parts, devices, rules));
            namespace.set_assets(model.clone());
            let assets = namespace.assets();
            self.check_places(files, parts, &assets, &patterns);
            self.check_tags(files, &namespace, &assets);
        }
        model
    }

    /// Takes the single assets; a type that is not there is said.
    fn name_assets(&self, files: &mut Files, parts: &NodeParts, model: &mut AssetModel) {
        let mut paths: HashMap<TagPath, Location> = HashMap::new();
        for (number, name, table) in &self.assets {
            let read = &self.sources[*number];
            let note = format!("in asset.{name}");
            if let Some(wanted) = &table.type_name
                && model.type_of_name(wanted).is_none()
            {
                let span = read.span(&format!("asset.{name}.type"));
                let what = format!("there is no asset type `{wanted}`");
                let known = || model.types.iter().map(|one| one.name.as_str());
                let help = match nearest(wanted, known()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("a type is a table of a file in `assets/`: `[type.{wanted}]`"),
                };
                let mistake = read.source.error("LS-CFG-029", &span, what);
                files.found.push(mistake.note(note.clone()).help(help));
            }
            let Some(below) = &table.path else { continue };
            let span = read.span(&format!("asset.{name}.path"));
            let path = match parts.node.path.join(below) {
                Ok(path) => path,
                Err(error) => {
                    let mistake = read.source.error("LS-CFG-012", &span, error.to_string());
                    files.found.push(mistake.note(note));
                    continue;
                }
            };
            let here = read.source.locate(&span);
            if let Some(first) = paths.insert(path.clone(), here) {
                let what = format!("two assets have the path `{below}`");
                let mistake = read.source.error("LS-CFG-013", &span, what);
                files.found.push(mistake.other("first here", first).note(note));
                continue;
            }
            let (type_name, title) = (table.type_name.clone(), table.title.clone());
            let level = table.level.map(Into::into);
            model.named.push(NamedAsset { path, type_name, title, level });
        }
    }

    /// Says what is nowhere in the plant, and which machine two types want.
    fn check_places(
        &self,
        files: &mut Files,
        parts: &NodeParts,
        assets: &Assets,
        patterns: &[(usize, String, Pattern)],
    ) {
        let node = parts.node.path.as_str();
        let below =
            |path: &TagPath| path.as_str().strip_prefix(node)?.strip_prefix('/').map(str::to_owned);
        let all: Vec<String> = assets.iter().filter_map(|asset| below(&asset.path)).collect();
        for (number, key, pattern) in patterns {
            if !all.iter().any(|path| pattern.matches(path)) {
                let read = &self.sources[*number];
                let what = "no machine of this plant matches";
                let mistake = read.source.warning("LS-CFG-026", &read.span(key), what);
                let help = "the pattern is for folders of tags below the node's path, not for tags";
                files.found.push(mistake.help(help));
            }
        }
        for (number, name, table) in &self.assets {
            let Some(path) = &table.path else { continue };
            if all.iter().any(|known| known == path) {
                continue;
            }
            let read = &self.sources[*number];
            let span = read.span(&format!("asset.{name}.path"));
            let mistake = read.source.warning(
                "LS-CFG-026",
                &span,
                format!("there are no tags below `{path}`"),
            );
            let meant = nearest(path, all.iter().map(String::as_str));
            let help = meant.map(|word| format!("did you mean `{word}`?")).unwrap_or_default();
            files.found.push(mistake.note(format!("in asset.{name}")).help(help));
        }
        for asset in assets.iter().filter(|asset| asset.declared.is_some()) {
            let Some(path) = below(&asset.path) else { continue };
            let own = |key: &str| key.split('.').nth(1) == asset.type_name.as_deref();
            let is_named = self.assets.iter().any(|(_, _, one)| {
                one.path.as_deref() == Some(path.as_str()) && one.type_name.is_some()
            });
            let other = patterns.iter().find(|(_, key, one)| !own(key) && one.matches(&path));
            let Some((number, key, _)) = other.filter(|_| !is_named) else { continue };
            let read = &self.sources[*number];
            let first = asset.type_name.as_deref().unwrap_or_default();
            let what =
                format!("`{path}` is already a `{first}`: the first type that matches counts");
            let mistake = read.source.warning("LS-CFG-029", &read.span(key), what);
            files
                .found
                .push(mistake.help("say which with `[asset.NAME]`, or make the patterns narrower"));
        }
    }

    /// Says which tags no machine of a type has, and which have limits and are no numbers.
    fn check_tags(&self, files: &mut Files, namespace: &Namespace, assets: &Assets) {
        for (number, name, table) in &self.types {
            let read = &self.sources[*number];
            let is_own = |declared: &AssetType| declared.name == *name;
            let own = assets.iter().filter(|one| one.declared.as_deref().is_some_and(is_own));
            let machines: Vec<&TagPath> = own.map(|asset| &asset.path).collect();
            if machines.is_empty() {
                continue;
            }
            let state = table.state.iter().map(|tag| (tag, format!("type.{name}.state")));
            let values = table.values.iter().enumerate();
            let values = values.map(|(at, tag)| (tag, format!("type.{name}.values[{at}]")));
            let limits = table.limits.keys().map(|tag| (tag, format!("type.{name}.limits.{tag}")));
            for (tag, key) in state.chain(values).chain(limits) {
                let found = machines
                    .iter()
                    .find_map(|machine| namespace.meta(namespace.find(&machine.join(tag).ok()?)?));
                let span = read.span(&key);
                match found {
                    None => {
                        let what = format!("no machine of type `{name}` has a tag `{tag}`");
                        let mistake = read.source.error("LS-CFG-027", &span, what);
                        let help = meant(namespace, &machines, tag);
                        files.found.push(mistake.note(format!("in type.{name}")).help(help));
                    }
                    Some(meta) if key.contains(".limits.") && !meta.data_type.is_numeric() => {
                        let what =
                            format!("`{tag}` is a {}, only numbers have limits", meta.data_type);
                        let mistake = read.source.error("LS-CFG-028", &span, what);
                        files.found.push(mistake.note(format!("in type.{name}")));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// The tag that was probably meant, and otherwise where to look.
fn meant(namespace: &Namespace, machines: &[&TagPath], tag: &str) -> String {
    let Some(first) = machines.first() else { return String::new() };
    let page = namespace.list(
        first.as_str(),
        None,
        None,
        1_000,
        lineshaft_namespace::Diagnostics::Exclude,
    );
    let metas: Vec<Arc<TagMeta>> = page.ids.iter().filter_map(|id| namespace.meta(*id)).collect();
    let names = metas.iter().filter_map(|meta| meta.path.as_str().get(first.as_str().len() + 1..));
    match nearest(tag, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("the names are those of the tags below the machine, such as `{first}`"),
    }
}

/// Limits go upwards: from, low_low, low, high, high_high, to.
fn check_order(files: &mut Files, read: &Read, key: &str, limits: &LimitsTable) {
    let LimitsTable { low_low, low, high, high_high, from, to } = *limits;
    let all = [
        ("from", from),
        ("low_low", low_low),
        ("low", low),
        ("high", high),
        ("high_high", high_high),
        ("to", to),
    ];
    let said: Vec<(&str, f64)> =
        all.into_iter().filter_map(|(name, limit)| Some((name, limit?))).collect();
    for pair in said.windows(2) {
        let [(below, low), (above, high)] = pair else { continue };
        if low >= high {
            let span = read.span(&format!("{key}.{above}"));
            let what =
                format!("`{above}` is {high}, it must be more than `{below}`, which is {low}");
            let mistake = read.source.error("LS-CFG-028", &span, what).note(format!("in {key}"));
            files
                .found
                .push(mistake.help("limits go upwards: from, low_low, low, high, high_high, to"));
        }
    }
}

/// The tags of the devices and the derived ones.
fn tags(parts: &NodeParts, devices: &[PlantDevice], rules: &[(String, Rule)]) -> Vec<TagMeta> {
    let derived = rules.iter().filter_map(|(_, rule)| {
        Some(TagMeta {
            path: parts.node.path.join(rule.tag.as_deref()?).ok()?,
            data_type: DataType::F64,
            unit: None,
            access: Access::Read,
            step: false,
            description: String::new(),
            device: "".into(),
        })
    });
    devices.iter().flat_map(|device| device.metas.iter().cloned()).chain(derived).collect()
}
