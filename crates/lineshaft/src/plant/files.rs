//! The files of a plant folder: which there are, which nobody reads, and their text.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use lineshaft_revision::Layout;

use super::mistake::{Mistake, Mistakes, Severity};
use super::nearest;
use super::source::Source;

/// The file of the node itself.
pub(crate) const NODE_FILE: &str = "lineshaft.toml";

/// The folders this version reads, with the ending of their files.
const FOLDERS: [(&str, &str); 4] =
    [("devices", "toml"), ("tags", "csv"), ("pipelines", "toml"), ("assets", "toml")];

/// The files of a plant folder.
pub(crate) const LAYOUT: Layout = Layout { files: &[NODE_FILE], folders: &FOLDERS };

/// A plant folder as it may become: read from here in place of the disk.
#[derive(Debug)]
pub(crate) struct Draft {
    /// All files of the folder by their paths, and tables outside of it by their absolute paths.
    pub(crate) files: Arc<BTreeMap<String, Vec<u8>>>,
    /// Which tables outside of it may be read from disk.
    pub(crate) outside: Outside,
}

/// Which tables outside the plant folder may be read.
#[derive(Debug)]
pub(crate) enum Outside {
    /// Any: whoever wrote the folder on disk can read them himself.
    Any,
    /// These: somebody from the network could otherwise have any file of this machine read to him.
    Only(BTreeSet<String>),
}

/// Whether something of this name at the top of the folder is read at all.
pub(crate) fn is_read(name: &OsStr) -> bool {
    name == NODE_FILE || FOLDERS.iter().any(|(folder, _)| name == *folder)
}

/// The folders of later versions.
const FOLDERS_LATER: [&str; 4] = ["alarms", "apps", "sinks", "dashboards"];

/// The largest file that is read. A tag table of a million rows has about 100 MB.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Reads files, and keeps which and what.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) dir: PathBuf,
    pub(crate) found: Mistakes,
    /// The files that were asked for, also those that could not be read.
    pub(crate) read: BTreeSet<PathBuf>,
    pub(crate) digest: Digest,
    /// What was read from disk, by [`Files::key_of`].
    pub(crate) contents: BTreeMap<String, Vec<u8>>,
    draft: Option<Draft>,
}

impl Files {
    pub(crate) fn new(dir: &Path) -> Files {
        Files {
            dir: dir.to_owned(),
            found: Mistakes::default(),
            read: BTreeSet::new(),
            digest: Digest::default(),
            contents: BTreeMap::new(),
            draft: None,
        }
    }

    /// The same folder with a draft in place of its files.
    pub(crate) fn of_draft(dir: &Path, draft: Draft) -> Files {
        Files { draft: Some(draft), ..Files::new(dir) }
    }

    /// The path of a file in a revision: relative for the folder's own files, absolute for all others.
    fn key_of(&self, path: &Path) -> String {
        let name = self.name_of(path);
        if LAYOUT.has(&name) && path.starts_with(tidy(&self.dir)) {
            return name;
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        absolute.to_string_lossy().into_owned()
    }

    /// Whether there is a file of this path.
    pub(crate) fn is_there(&self, path: &Path) -> bool {
        match &self.draft {
            Some(draft) => draft.files.contains_key(&self.key_of(&tidy(path))),
            None => path.exists(),
        }
    }

    /// The file as messages call it: relative to the plant folder where it is inside.
    pub(crate) fn name_of(&self, path: &Path) -> String {
        let plain = path.strip_prefix(tidy(&self.dir)).unwrap_or(path);
        plain.to_string_lossy().replace('\\', "/")
    }

    /// The files of `folder`, by name. What is there and not read gets a warning.
    pub(crate) fn list(&mut self, folder: &str, ending: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for (name, path, is_dir) in self.entries(&self.dir.join(folder)) {
            let right =
                Path::new(&name).extension().is_some_and(|e| e.eq_ignore_ascii_case(ending));
            if right && !is_dir {
                files.push(path);
            } else if is_dir || !is_beside(&path, ending) {
                let what = if is_dir {
                    format!("this folder is not read: the files of `{folder}` are directly in it")
                } else {
                    format!("this file is not read: those of `{folder}` end in `.{ending}`")
                };
                self.unread(format!("{folder}/{name}"), what, "");
            }
        }
        files
    }

    /// Warns of everything in the plant folder that nobody reads.
    pub(crate) fn check_layout(&mut self) {
        let known = FOLDERS.iter().map(|(folder, _)| *folder).chain(FOLDERS_LATER);
        let known: Vec<&str> = known.collect();
        for (name, path, is_dir) in self.entries(&self.dir.clone()) {
            match (is_dir, name.as_str()) {
                (false, NODE_FILE) => {}
                (true, name) if FOLDERS.iter().any(|(folder, _)| *folder == name) => {}
                (true, name) if FOLDERS_LATER.contains(&name) => {
                    if !self.entries(&path).is_empty() {
                        let what =
                            format!("`{name}/` comes with a later version and is not read yet");
                        let mistake = Mistake::of_file(Severity::Warning, "LS-CFG-008", name, what);
                        self.found.push(mistake);
                    }
                }
                (true, name) => {
                    let meant = nearest(name, known.iter().copied());
                    let help = meant.map(|word| format!("did you mean `{word}/`?"));
                    let help = help.unwrap_or_else(|| {
                        "the folders here are `devices/`, `tags/`, `pipelines/` and `assets/`"
                            .into()
                    });
                    self.unread(format!("{name}/"), "this folder is not read".into(), &help);
                }
                (false, name) => {
                    let is_toml = Path::new(name).extension().is_some_and(|own| own == "toml");
                    let help = match nearest(name, [NODE_FILE]) {
                        Some(_) => format!("did you mean `{NODE_FILE}`?"),
                        None if is_toml => "files with devices belong into `devices/`".into(),
                        None => continue,
                    };
                    self.unread(name.to_owned(), "this file is not read".into(), &help);
                }
            }
        }
    }

    /// Warns of tag tables that no device asked for.
    pub(crate) fn check_tables(&mut self) {
        for path in self.list("tags", "csv") {
            let path = tidy(&path);
            if !self.read.contains(&path) {
                let what = "no device reads this tag table".to_owned();
                let help = "a device names its table with `tags = \"../tags/….csv\"`";
                self.unread(self.name_of(&path), what, help);
            }
        }
    }

    fn unread(&mut self, file: String, what: String, help: &str) {
        self.found.push(Mistake::of_file(Severity::Warning, "LS-CFG-003", file, what).help(help));
    }

    /// Name, path and whether it is a folder; by name, without what is hidden or left by an editor.
    fn entries(&self, dir: &Path) -> Vec<(String, PathBuf, bool)> {
        // A draft may have the first file of a folder that is not there yet.
        let entries = fs::read_dir(dir).into_iter().flatten();
        let mut all: Vec<(String, PathBuf, bool)> = entries
            .filter_map(Result::ok)
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, entry.path(), entry.path().is_dir())
            })
            .filter(|(name, ..)| !is_litter(name))
            .collect();
        if let Some(draft) = &self.draft {
            let above = dir.strip_prefix(&self.dir).unwrap_or(dir).to_string_lossy();
            let path_of = |name: &str| match above.as_ref() {
                "" => name.to_owned(),
                above => format!("{above}/{name}"),
            };
            all.retain(|(name, _, is_dir)| *is_dir || !LAYOUT.has(&path_of(name)));
            let drafted = draft.files.keys().filter_map(|path| {
                let name = path.rsplit('/').next().unwrap_or(path);
                (LAYOUT.has(path) && path_of(name) == *path).then(|| name.to_owned())
            });
            all.extend(drafted.map(|name| (name.clone(), dir.join(name), false)));
        }
        all.sort();
        all
    }

    /// Reads a TOML file; `None` when it cannot be, which is said.
    pub(crate) fn toml(&mut self, path: &Path) -> Option<Source> {
        let name = self.name_of(&tidy(path));
        let bytes = match self.bytes(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let what = format!("cannot read this file: {}", why(&error));
                self.found.push(Mistake::of_file(Severity::Error, "LS-CFG-001", name, what));
                return None;
            }
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(Source::new(name, text.to_owned())),
            Err(error) => {
                let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
                let what = format!("line {line} is not UTF-8");
                let mistake = Mistake::of_file(Severity::Error, "LS-CFG-002", name, what);
                self.found.push(mistake.help("save the file as UTF-8"));
                None
            }
        }
    }

    /// Reads a file and takes it into the digest.
    pub(crate) fn bytes(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let path = tidy(path);
        let first_time = self.read.insert(path.clone());
        let key = self.key_of(&path);
        let drafted = self.draft.as_ref().and_then(|draft| draft.files.get(&key)).cloned();
        let bytes = match (drafted, &self.draft) {
            (Some(bytes), _) => bytes,
            (None, Some(_)) if LAYOUT.has(&key) => return Err(io::ErrorKind::NotFound.into()),
            (None, Some(Draft { outside: Outside::Only(known), .. })) if !known.contains(&key) => {
                return Err(io::Error::new(io::ErrorKind::Unsupported, NOT_REFERRED_TO));
            }
            (None, _) => {
                let bytes = read_limited(&path)?;
                self.contents.insert(key, bytes.clone());
                bytes
            }
        };
        if first_time {
            self.digest.add(self.name_of(&path).as_bytes());
            self.digest.add(&bytes);
        }
        Ok(bytes)
    }
}

/// Why a change from the network may not name a table outside the folder.
const NOT_REFERRED_TO: &str =
    "it lies outside the plant folder; only an edit of the folder on disk can refer to it anew";

fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    let length = fs::metadata(path)?.len();
    if length > FILE_BYTES_MAX {
        let megabytes = FILE_BYTES_MAX >> 20;
        return Err(io::Error::other(format!("it is larger than {megabytes} MiB")));
    }
    fs::read(path)
}

/// Notes, and what a file was made from: the spreadsheet of a tag table.
fn is_beside(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|own| own == "md") || path.with_extension(ending).exists()
}

/// What an editor, a file manager or git leaves behind.
fn is_litter(name: &str) -> bool {
    name.starts_with('.') || name.starts_with('~') || name.starts_with('#') || name.ends_with('~')
}

/// The path without `.` and `a/..`.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(tidy.components().next_back(), Some(Component::Normal(_))) =>
            {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}

/// The operating system's reason, in words without its number.
pub(crate) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        _ => error.to_string(),
    }
}

/// FNV-1a, 64 bits: the same for the same bytes, on every machine and in every version.
///
/// Why not a cryptographic one: it tells changes apart, it does not prove anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest(pub(crate) u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds a field; the end of a field counts, so `ab, c` is not `a, bc`.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.feed(bytes);
        self.feed(&(bytes.len() as u64).to_le_bytes());
    }

    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.feed(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_tidied_without_asking_the_disk() {
        for (path, tidied) in [
            ("plant/devices/../tags/a.csv", "plant/tags/a.csv"),
            ("./plant/./x", "plant/x"),
            ("../../x", "../../x"),
            ("/a/../b", "/b"),
        ] {
            assert_eq!(tidy(Path::new(path)), Path::new(tidied));
        }
    }

    #[test]
    fn a_digest_tells_where_one_field_ends() {
        let digest = |parts: &[&str]| {
            let mut digest = Digest::default();
            parts.iter().for_each(|part| digest.add(part.as_bytes()));
            digest.0
        };
        assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
