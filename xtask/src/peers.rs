//! What the tests need beside Rust: Debian packages, a recent Node, and the independent peers in `.peers`.
//!
//! Everything is kept and only done again when what it was made from has changed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::steps::{output, program, run};
use crate::{Failed, read, root};

/// The oldest Node the page's tools run on. Debian 12 has 18, so there one comes from npm.
const NODE_LEAST: (u32, u32) = (20, 19);
/// The one that comes from npm then.
const NODE_PINNED: &str = "node@22.23.3";

/// What must be there, by the program that shows it, and the Debian package that has it.
const PACKAGES: [(&[&str], &str); 9] = [
    (&["chromium", "--version"], "chromium"),
    (&["socat", "-V"], "socat"),
    (&["curl", "--version"], "curl"),
    (&["openssl", "version"], "openssl"),
    (&["python3", "-c", "import venv, ensurepip"], "python3-venv"),
    (&["node", "--version"], "nodejs"),
    (&["npm", "--version"], "npm"),
    // The golden pictures of the page are drawn with this font; `-q` fails where it is missing.
    (&["fc-list", "--version"], "fontconfig"),
    (&["fc-list", "-q", "DejaVu Sans"], "fonts-dejavu-core"),
];

fn peers() -> PathBuf {
    root().join(".peers")
}

/// Where the Node from npm is, if there is one.
#[must_use]
pub fn node_folder() -> PathBuf {
    peers().join("node/node_modules/node/bin")
}

/// Installs what is missing.
///
/// # Errors
/// [`Failed`] with the command that did not work.
pub fn install() -> Result<(), Failed> {
    packages()?;
    node()?;
    python()?;
    let source = root().join("conformance/peers");
    let target = peers();
    if source.join("package.json").exists() {
        fs::create_dir_all(&target).map_err(|source| file(&target, source))?;
        for name in ["package.json", "package-lock.json"] {
            copy(&source.join(name), &target.join(name))?;
        }
        npm_ci(&target)?;
    }
    Ok(())
}

/// Debian packages, by apt, as root or through sudo.
fn packages() -> Result<(), Failed> {
    let is_there = |command: &[&str]| {
        let answer = output(program(&root(), command[0], &command[1..]));
        answer.is_ok_and(|answer| answer.status.success())
    };
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(command, _)| !is_there(command)).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install =
        [&["apt-get", "install", "-y", "--no-install-recommends"], missing.as_slice()].concat();
    let apt = |words: &[&str]| {
        let is_root = output(program(&root(), "id", &["-u"]))?.stdout.trim_ascii() == b"0";
        let command = if is_root {
            program(&root(), words[0], &words[1..])
        } else {
            program(&root(), "sudo", &[&["-n"], words].concat())
        };
        let mut command = command;
        command.env("DEBIAN_FRONTEND", "noninteractive");
        run(command)
    };
    let done = apt(&["apt-get", "update"]).and_then(|()| apt(&install));
    done.map_err(|failed| {
        Failed::Wrong(format!("{failed}\nthe tests need these packages: {}", missing.join(" ")))
    })
}

/// A Node that is recent enough.
fn node() -> Result<(), Failed> {
    let answer = output(program(&root(), "node", &["--version"]))?;
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if is_recent(&version) {
        return Ok(());
    }
    println!("node {version} is older than {}.{}", NODE_LEAST.0, NODE_LEAST.1);
    let folder = peers().join("node");
    fs::create_dir_all(&folder).map_err(|source| file(&folder, source))?;
    let package = folder.join("package.json");
    fs::write(&package, "{\"private\":true}\n").map_err(|source| file(&package, source))?;
    run(program(
        &folder,
        "npm",
        &["install", "--no-audit", "--no-fund", "--save-exact", NODE_PINNED],
    ))
}

fn is_recent(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= NODE_LEAST,
        _ => false,
    }
}

/// The Python peers, in a virtual environment.
fn python() -> Result<(), Failed> {
    let wanted = root().join("conformance/peers/requirements.txt");
    if !wanted.exists() {
        return Ok(());
    }
    let venv = peers().join("venv");
    once(&venv, &read(&wanted)?, || {
        fs::create_dir_all(peers()).map_err(|source| file(&peers(), source))?;
        run(program(&root(), "python3", &["-m", "venv", ".peers/venv"]))?;
        let list = wanted.to_string_lossy();
        run(program(
            &root(),
            ".peers/venv/bin/python",
            &["-m", "pip", "install", "--quiet", "-r", &list],
        ))
    })
}

/// `npm ci`, when the lock file is another one than last time.
///
/// # Errors
/// [`Failed`] when npm says no.
pub fn npm_ci(folder: &Path) -> Result<(), Failed> {
    let lock = read(&folder.join("package-lock.json"))?;
    once(&folder.join("node_modules"), &lock, || {
        run(program(folder, "npm", &["ci", "--no-audit", "--no-fund"]))
    })
}

/// Does `work` unless it was done from the same `source` before; says so in a file inside `result`.
fn once(
    result: &Path,
    source: &str,
    work: impl FnOnce() -> Result<(), Failed>,
) -> Result<(), Failed> {
    let made_from = result.join(".made-from");
    if fs::read_to_string(&made_from).is_ok_and(|before| before == source) {
        return Ok(());
    }
    work()?;
    fs::write(&made_from, source).map_err(|source| file(&made_from, source))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::copy(from, to).map(drop).map_err(|source| file(from, source))
}

fn file(path: &Path, source: std::io::Error) -> Failed {
    Failed::File { path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_node_20_19() {
        assert!(is_recent("v20.19.0") && is_recent("v22.0.1"));
        assert!(!is_recent("v20.18.9") && !is_recent("v18.20.4") && !is_recent(""));
    }
}
