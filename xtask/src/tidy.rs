//! The house rules that a machine can keep. Each finding names the place and the remedy.
//!
//! What rustfmt, rustc and clippy keep is not repeated here, see `clippy.toml` and the workspace's lints.

mod arrows;
mod calls;
mod drivers;
mod errors;
mod files;
mod names;
mod texts;

use std::fmt;
use std::fs;
use std::path::Path;

use crate::metadata::Metadata;
use crate::steps::{output, program};
use crate::{Failed, root};

/// A rule that is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the workspace's folder.
    pub file: String,
    /// The line, counted from 1; 0 when it is about the whole file.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, line, what } = self;
        if *line == 0 { write!(f, "{file}: {what}") } else { write!(f, "{file}:{line}: {what}") }
    }
}

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the workspace's folder, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn has_ending(&self, endings: &[&str]) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
    }

    /// The name of the file without its ending.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    /// Whether it is a Rust file of nothing but tests, benches or examples.
    pub(crate) fn is_test(&self) -> bool {
        let stem = self.stem();
        let inside = |folder: &str| self.path.contains(folder);
        stem == "tests" && !self.path.starts_with("xtask/")
            || stem.ends_with("_tests")
            || inside("/tests/")
            || inside("/benches/")
            || inside("/examples/")
            || self.path.starts_with("conformance/")
    }

    /// The lines that go into the program: a Rust file up to its tests, with their numbers.
    pub(crate) fn prod_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let marks = self.text.match_indices("#[cfg(test)]\nmod ");
        let tests = marks.map(|(at, mark)| (at, self.text[at + mark.len()..].lines().next()));
        let inline = tests.filter(|(_, line)| line.is_some_and(|line| line.ends_with('{')));
        let end = inline.map(|(at, _)| at).next().unwrap_or(self.text.len());
        let is_prod = self.has_ending(&["rs"]) && !self.is_test();
        (1..).zip(self.text[..end].lines()).filter(move |_| is_prod)
    }

    pub(crate) fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { file: self.path.clone(), line, what: what.into() }
    }
}

/// Checks everything.
///
/// # Errors
/// [`Failed::Wrong`] with every finding.
pub fn run() -> Result<(), Failed> {
    let findings = findings()?;
    if findings.is_empty() {
        println!("every rule is kept");
        return Ok(());
    }
    for finding in &findings {
        println!("{finding}");
    }
    Err(Failed::Wrong(format!("{} rules are not kept", findings.len())))
}

/// Every rule that is not kept.
///
/// # Errors
/// [`Failed`] when the workspace cannot be read.
pub fn findings() -> Result<Vec<Finding>, Failed> {
    let sources = sources(&root())?;
    let mut findings = arrows::check(&Metadata::load()?);
    for source in &sources {
        findings.extend(files::check(source));
        findings.extend(names::check(source));
        findings.extend(calls::check(source));
        findings.extend(texts::check(source));
    }
    findings.extend(files::check_exceptions(&sources));
    findings.extend(drivers::check(&sources));
    findings.extend(errors::check(&sources));
    findings.extend(crate::matrix::check(&sources));
    Ok(findings)
}

/// What is read: the endings of texts that people write.
const TEXTS: [&str; 11] =
    ["rs", "toml", "md", "ts", "svelte", "css", "mjs", "html", "yml", "json", "py"];

/// Every text of the repository: what git knows, and what is new and not ignored.
pub(crate) fn sources(root: &Path) -> Result<Vec<Source>, Failed> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let answer = output(program(root, "git", &arguments));
    let known = answer.ok().filter(|answer| answer.status.success());
    let mut paths: Vec<String> = match known {
        Some(answer) => {
            let names = answer.stdout.split(|byte| *byte == 0);
            names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
        }
        // Not a clone: an archive of the sources.
        None => walk(root, ""),
    };
    paths.sort();
    paths.dedup();
    let mut sources = Vec::new();
    for path in paths {
        let generated = path.starts_with("ui/dist/") || path.ends_with("package-lock.json");
        let mut source = Source { path, text: String::new() };
        // A path git knows may be deleted and not committed yet.
        if generated || !source.has_ending(&TEXTS) && source.path != ".ci/run" {
            continue;
        }
        if let Ok(text) = fs::read_to_string(root.join(&source.path)) {
            source.text = text;
            sources.push(source);
        }
    }
    if sources.is_empty() {
        return Err(Failed::Wrong(format!("{} has no sources", root.display())));
    }
    Ok(sources)
}

fn walk(root: &Path, folder: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder {
            paths.push(path);
        } else if !matches!(name.as_str(), "target" | "node_modules" | ".git" | ".peers" | "data") {
            paths.extend(walk(root, &path));
        }
    }
    paths
}

#[cfg(test)]
pub(crate) fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.into() }
}
