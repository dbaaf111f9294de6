//! What is shipped: every package that is part of the program or of its page, as the page shows it
//! (`crates/manual/licences.json`) and as a bill of materials (`crates/manual/sbom.json`, CycloneDX 1.6).
//!
//! - Crates: what the program needs on Linux, from `cargo metadata` and `Cargo.lock`. Procedural macros run while it is
//!   built: they stand in the bill as excluded, and not among the licences.
//! - The page: `ui/dist/packages.json`, which its build writes from the modules that are in it.
//! - The same sources make the same files: there is no time and no random number in them, and no network is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::licences::may_ship;
use crate::metadata::{Metadata, Package};
use crate::{Failed, read, root};

/// What the program is built for. Both, because the machine that writes the list may be either.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
const PROGRAM: &str = "lineshaft";
const LICENCE: &str = "Apache-2.0";
const REQUIRED: &str = "required";
const EXCLUDED: &str = "excluded";

/// A package of the page, as its build lists it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PagePackage {
    name: String,
    version: String,
    licence: String,
    repository: String,
}

/// A line of `licences.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Line {
    name: String,
    version: String,
    licence: String,
    /// `crate`, `npm`, or `library` for what a crate brings along in another language.
    kind: &'static str,
    repository: String,
}

/// One package, with what it needs.
#[derive(Debug)]
struct Part {
    line: Line,
    scope: &'static str,
    /// SHA-256 of what was downloaded.
    checksum: Option<String>,
    needs: BTreeSet<String>,
}

/// Everything that is shipped, by package URL, and what the program itself needs.
#[derive(Debug, Default)]
struct Bill {
    version: String,
    parts: BTreeMap<String, Part>,
    needs: BTreeSet<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sbom {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: About,
    components: Vec<Component>,
    dependencies: Vec<Dependencies>,
}

#[derive(Debug, Serialize)]
struct About {
    component: Component,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    licenses: Vec<Expression>,
    purl: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference>,
}

#[derive(Debug, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Debug, Serialize)]
struct Expression {
    expression: String,
}

#[derive(Debug, Serialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependencies {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: Vec<String>,
}

/// Writes both files.
pub(crate) fn write() -> Result<(), Failed> {
    for (path, text) in files()? {
        fs::write(&path, text).map_err(|source| Failed::File { path: path.clone(), source })?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Fails when a file is not what is shipped.
pub(crate) fn check() -> Result<(), Failed> {
    let files = files()?;
    let stale =
        files.iter().filter(|(path, text)| fs::read_to_string(path).ok().as_ref() != Some(text));
    let stale: Vec<String> = stale.map(|(path, _)| path.display().to_string()).collect();
    if stale.is_empty() {
        println!("the list of what is shipped is of now");
        return Ok(());
    }
    Err(Failed::Wrong(format!("{}: stale, run `cargo xtask licences`", stale.join(", "))))
}

fn files() -> Result<[(PathBuf, String); 2], Failed> {
    let mut bill = Bill::default();
    bill.crates()?;
    bill.page()?;
    let wrong: Vec<String> = bill
        .parts
        .values()
        .filter(|part| may_ship(&part.line.licence) != Some(true))
        .map(|part| format!("{} {}: {}", part.line.name, part.line.version, part.line.licence))
        .collect();
    if !wrong.is_empty() {
        return Err(Failed::Wrong(format!("may not be shipped: {}", wrong.join(", "))));
    }
    let folder = root().join("crates/manual");
    Ok([(folder.join("licences.json"), bill.licences()?), (folder.join("sbom.json"), bill.sbom()?)])
}

impl Bill {
    /// The crates that the program needs on its platforms, and what they bring along.
    fn crates(&mut self) -> Result<(), Failed> {
        let metadata = Metadata::load_for(&PLATFORMS)?;
        let packages: BTreeMap<&str, &Package> =
            metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
        let needs: BTreeMap<&str, Vec<&str>> =
            metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), needed(node))).collect();
        let program = metadata.ours().find(|package| package.name == PROGRAM);
        let program = program.ok_or_else(|| Failed::Wrong(format!("no package `{PROGRAM}`")))?;
        self.version.clone_from(&program.version);
        let is_macro = |id: &str| packages.get(id).is_some_and(|package| package.is_macro());
        let all = reached(&program.id, &needs, |_| false);
        let run = reached(&program.id, &needs, is_macro);
        let ours: BTreeSet<&str> = metadata.workspace_members.iter().map(String::as_str).collect();
        let checksums = checksums()?;
        for id in &all {
            let others = needs[id].iter().filter(|id| !ours.contains(*id));
            let others: BTreeSet<String> = others.map(|id| purl(packages[id])).collect();
            if ours.contains(id) {
                self.needs.extend(others);
                continue;
            }
            let package = packages[id];
            let line = line_of(package)?;
            let checksum = checksums.get(&(line.name.clone(), line.version.clone())).cloned();
            let scope = if run.contains(id) && !is_macro(id) { REQUIRED } else { EXCLUDED };
            self.parts.insert(purl(package), Part { line, scope, checksum, needs: others });
            if package.name == "libsqlite3-sys" {
                self.sqlite(package)?;
            }
        }
        Ok(())
    }

    /// SQLite, which this crate has in itself, in C.
    fn sqlite(&mut self, package: &Package) -> Result<(), Failed> {
        let header = package.manifest_path.with_file_name("sqlite3").join("sqlite3.h");
        let text = read(&header)?;
        let version = text.lines().find_map(|line| {
            line.strip_prefix("#define SQLITE_VERSION ")?
                .trim()
                .strip_prefix('"')?
                .strip_suffix('"')
        });
        let missing = || Failed::Wrong(format!("{} has no version", header.display()));
        let line = Line {
            name: "sqlite".into(),
            version: version.ok_or_else(missing)?.into(),
            licence: "blessing".into(),
            kind: "library",
            repository: "https://sqlite.org/src".into(),
        };
        let reference = format!("pkg:generic/sqlite@{}", line.version);
        if let Some(binding) = self.parts.get_mut(&purl(package)) {
            binding.needs.insert(reference.clone());
        }
        let part = Part { line, scope: REQUIRED, checksum: None, needs: BTreeSet::new() };
        self.parts.insert(reference, part);
        Ok(())
    }

    /// The packages whose code is in the page.
    fn page(&mut self) -> Result<(), Failed> {
        let path = root().join("ui/dist/packages.json");
        let text = read(&path)?;
        let packages: Vec<PagePackage> = serde_json::from_str(&text)
            .map_err(|error| Failed::Wrong(format!("{}: {error}", path.display())))?;
        for package in packages {
            let PagePackage { name, version, licence, repository } = package;
            let reference = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
            let line = Line { name, version, licence, kind: "npm", repository };
            self.needs.insert(reference.clone());
            let part = Part { line, scope: REQUIRED, checksum: None, needs: BTreeSet::new() };
            self.parts.insert(reference, part);
        }
        Ok(())
    }

    /// One line each, so that a change is one line too.
    fn licences(&self) -> Result<String, Failed> {
        let shipped = self.parts.values().filter(|part| part.scope == REQUIRED);
        let mut lines: Vec<&Line> = shipped.map(|part| &part.line).collect();
        lines.sort();
        let lines: Result<Vec<String>, _> = lines.into_iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|error| Failed::Wrong(error.to_string()))?;
        Ok(format!("[\n{}\n]\n", lines.join(",\n")))
    }

    fn sbom(&self) -> Result<String, Failed> {
        let reference = format!("pkg:generic/{PROGRAM}@{}", self.version);
        let program = Component {
            kind: "application",
            reference: reference.clone(),
            name: PROGRAM.into(),
            version: self.version.clone(),
            scope: None,
            hashes: Vec::new(),
            licenses: vec![Expression { expression: LICENCE.into() }],
            purl: reference.clone(),
            external_references: Vec::new(),
        };
        let components = self.parts.iter().map(|(reference, part)| component(reference, part));
        let own = Dependencies { reference, depends_on: self.needs.iter().cloned().collect() };
        let others = self.parts.iter().map(|(reference, part)| Dependencies {
            reference: reference.clone(),
            depends_on: part.needs.iter().cloned().collect(),
        });
        let sbom = Sbom {
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
            bom_format: "CycloneDX",
            spec_version: "1.6",
            version: 1,
            metadata: About { component: program },
            components: components.collect(),
            dependencies: std::iter::once(own).chain(others).collect(),
        };
        let text = serde_json::to_string_pretty(&sbom);
        text.map(|text| text + "\n").map_err(|error| Failed::Wrong(error.to_string()))
    }
}

fn component(reference: &str, part: &Part) -> Component {
    let line = &part.line;
    let hash = |content: &String| Hash { alg: "SHA-256", content: content.clone() };
    Component {
        kind: "library",
        reference: reference.to_owned(),
        name: line.name.clone(),
        version: line.version.clone(),
        scope: Some(part.scope),
        hashes: part.checksum.iter().map(hash).collect(),
        licenses: vec![Expression { expression: line.licence.clone() }],
        purl: reference.to_owned(),
        external_references: vec![Reference { kind: "vcs", url: line.repository.clone() }],
    }
}

/// What a package needs while the program runs.
fn needed(node: &crate::metadata::Node) -> Vec<&str> {
    let runs =
        node.deps.iter().filter(|arrow| arrow.dep_kinds.iter().any(|kind| kind.kind.is_none()));
    runs.map(|arrow| arrow.pkg.as_str()).collect()
}

/// Everything that is reached from `from`, not going on behind what `stops`.
fn reached<'a>(
    from: &'a str,
    needs: &BTreeMap<&'a str, Vec<&'a str>>,
    stops: impl Fn(&str) -> bool,
) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::from([from]), vec![from]);
    while let Some(id) = next.pop() {
        if stops(id) {
            continue;
        }
        for other in needs.get(id).into_iter().flatten() {
            if seen.insert(other) {
                next.push(other);
            }
        }
    }
    seen
}

fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

fn line_of(package: &Package) -> Result<Line, Failed> {
    let name = package.name.clone();
    let licence = package.license.as_ref();
    let licence = licence.ok_or_else(|| Failed::Wrong(format!("{name} says no licence")))?;
    let repository = package.repository.clone();
    Ok(Line {
        version: package.version.clone(),
        // `MIT/Apache-2.0` is how crates said it before SPDX.
        licence: licence.replace('/', " OR ").split_whitespace().collect::<Vec<_>>().join(" "),
        kind: "crate",
        repository: repository.unwrap_or_else(|| format!("https://crates.io/crates/{name}")),
        name,
    })
}

/// The checksums of `Cargo.lock`, by name and version.
fn checksums() -> Result<BTreeMap<(String, String), String>, Failed> {
    let text = read(&root().join("Cargo.lock"))?;
    let mut checksums = BTreeMap::new();
    for block in text.split("[[package]]") {
        let value = |key: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
            Some(line.strip_suffix('"')?.to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) =
            (value("name"), value("version"), value("checksum"))
        {
            checksums.insert((name, version), sum);
        }
    }
    Ok(checksums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_macro_needs_is_not_shipped() {
        let needs = BTreeMap::from([
            ("program", vec!["serde", "bytes"]),
            ("serde", vec!["serde_derive", "serde_core"]),
            ("serde_derive", vec!["syn"]),
        ]);
        let run = reached("program", &needs, |id| id == "serde_derive");
        assert!(run.contains("serde_core") && !run.contains("syn"));
        assert!(reached("program", &needs, |_| false).contains("syn"));
    }
}
