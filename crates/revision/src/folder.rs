//! The folder itself: read whole, and never through a link that leads out of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::on_disk;
use crate::limits::{FILE_BYTES_MAX, FILES_MAX};
use crate::{Files, Layout, PathError, Sha256, StoreError};

/// Reads every file of the folder that belongs to its layout; names that are hidden or left by an editor do not.
///
/// A link within the folder is followed. One that leads out of it is refused: whoever may write the folder would
/// otherwise read, through us, what only we may read.
///
/// # Errors
/// [`StoreError::Disk`], [`StoreError::Path`] for a link that leads out, [`StoreError::TooMuch`].
pub fn read_folder(dir: &Path, layout: &Layout) -> Result<Files, StoreError> {
    let root = fs::canonicalize(dir).map_err(on_disk("open", dir))?;
    let mut files = Files::new();
    for name in layout.files {
        take(&root, name, &mut files)?;
    }
    for (folder, _) in layout.folders {
        let at = root.join(folder);
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => continue,
            Err(source) => return Err(on_disk("list", &at)(source)),
        };
        for entry in entries {
            let entry = entry.map_err(on_disk("list", &at))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{folder}/{name}");
            if !is_litter(&name) && layout.has(&path) {
                take(&root, &path, &mut files)?;
            }
        }
    }
    Ok(files)
}

/// Reads one file into `files`; one that is gone meanwhile is not there, and a folder is no file.
fn take(root: &Path, path: &str, files: &mut Files) -> Result<(), StoreError> {
    let at = root.join(path);
    let real = match fs::canonicalize(&at) {
        Ok(real) => real,
        Err(error) if is_absent(&error) => return Ok(()),
        Err(source) => return Err(on_disk("open", &at)(source)),
    };
    if !real.starts_with(root) {
        let why = "is a link that leads out of the folder";
        return Err(PathError { path: path.to_owned(), why }.into());
    }
    let meta = fs::metadata(&real).map_err(on_disk("open", &at))?;
    if !meta.is_file() {
        return Ok(());
    }
    if meta.len() > FILE_BYTES_MAX {
        let what = format!("`{path}` is larger than {} MiB", FILE_BYTES_MAX >> 20);
        return Err(StoreError::TooMuch { what });
    }
    if files.len() >= FILES_MAX {
        return Err(StoreError::TooMuch { what: format!("more than {FILES_MAX} files") });
    }
    match fs::read(&real) {
        Ok(bytes) => drop(files.insert(path.to_owned(), bytes)),
        Err(error) if is_absent(&error) => {}
        Err(source) => return Err(on_disk("read", &at)(source)),
    }
    Ok(())
}

/// Where a file of the folder is, with no link on the way to it.
///
/// # Errors
/// [`PathError`] when there is one, or when something else than a file has the name.
pub(crate) fn place_of(root: &Path, path: &str) -> Result<PathBuf, StoreError> {
    let wrong = |why| StoreError::from(PathError { path: path.to_owned(), why });
    let mut at = root.to_owned();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_symlink() => {
                return Err(wrong("goes through a link; links are not written through"));
            }
            Ok(meta) if parts.peek().is_some() && !meta.is_dir() => {
                return Err(wrong("goes through something that is not a folder"));
            }
            Ok(meta) if parts.peek().is_none() && !meta.is_file() => {
                return Err(wrong("is not a file"));
            }
            Ok(_) => {}
            Err(error) if is_absent(&error) => {}
            Err(source) => return Err(on_disk("open", &at)(source)),
        }
    }
    Ok(at)
}

/// The digest of what is at a place; `None` when nothing is.
pub(crate) fn digest_at(place: &Path) -> Result<Option<Sha256>, StoreError> {
    match fs::read(place) {
        Ok(bytes) => Ok(Some(Sha256::of(&bytes))),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(on_disk("read", place)(source)),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What an editor, a file manager or git leaves behind.
fn is_litter(name: &str) -> bool {
    name.starts_with(['.', '~', '#']) || name.ends_with('~')
}
