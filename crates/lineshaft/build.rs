//! Lists the pages of `docs/errors/` so that they are compiled in: `lineshaft explain` needs no file and no network.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    let pages = variable("CARGO_MANIFEST_DIR")?.join("../../docs/errors");
    println!("cargo::rerun-if-changed={}", pages.display());
    println!("cargo::rerun-if-changed=build.rs");

    let mut codes = Vec::new();
    for entry in fs::read_dir(&pages)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "md") {
            codes.push(path);
        }
    }
    codes.sort();
    let mut list = String::from("&[\n");
    for path in codes {
        let code = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let path = fs::canonicalize(&path)?;
        // Writing into a text cannot fail.
        let _ = writeln!(list, "    ({code:?}, include_str!({:?})),", path.display().to_string());
    }
    list.push_str("]\n");
    fs::write(Path::new(&variable("OUT_DIR")?).join("pages.rs"), list)
}
