//! Lists what there is to read, so that it is compiled in: `docs/manual/src` (English), `docs/manual/de` (German) and
//! `docs/errors`. mdBook's `{{#include FILE}}` is resolved here, so that a page is whole.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The constants that are made, and the folders they are made of.
const SHELVES: [(&str, &str); 3] =
    [("ENGLISH", "docs/manual/src"), ("GERMAN", "docs/manual/de"), ("ERRORS", "docs/errors")];

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    let root = variable("CARGO_MANIFEST_DIR")?.join("../..");
    println!("cargo::rerun-if-changed=build.rs");
    let mut code = String::new();
    for (name, folder) in SHELVES {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        walk(&folder, "", &mut files)?;
        files.sort();
        // Writing into a text cannot fail.
        let _ = writeln!(code, "pub(crate) static {name}: &[(&str, &str)] = &[");
        for (page, path) in files {
            let _ = writeln!(code, "    ({page:?}, {:?}),", whole(&path)?);
        }
        code.push_str("];\n");
    }
    fs::write(variable("OUT_DIR")?.join("shelves.rs"), code)
}

/// The Markdown files below a folder: the name of the page, which is the path without its ending, and the file.
fn walk(folder: &Path, before: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let page = if before.is_empty() { name } else { format!("{before}/{name}") };
        if path.is_dir() {
            walk(&path, &page, files)?;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            files.push((page, path));
        }
    }
    Ok(())
}

/// The text of a file with what it includes.
fn whole(path: &Path) -> io::Result<String> {
    const OPEN: &str = "{{#include ";
    let text = fs::read_to_string(path)?;
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(OPEN) {
        let end = || io::Error::other(format!("{}: an include without its end", path.display()));
        let (file, after) = after.split_once("}}").ok_or_else(end)?;
        let file = path.parent().unwrap_or(path).join(file.trim());
        println!("cargo::rerun-if-changed={}", file.display());
        let included = fs::read_to_string(&file)
            .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
        out.push_str(before);
        out.push_str(included.trim_end());
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
