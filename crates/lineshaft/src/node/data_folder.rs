//! The data folder and its lock: one process per folder.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use lineshaft_runtime::Disk;
use lineshaft_runtime::disk::RealDisk;

use super::StartError;

/// A data folder that no other process can work on until this is dropped.
pub struct DataFolder {
    pub(super) path: PathBuf,
    /// A change of the plant folder that a crash had interrupted, and what became of it.
    pub(super) finished: Option<lineshaft_revision::Finished>,
    _lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for DataFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataFolder({})", self.path.display())
    }
}

impl DataFolder {
    /// Makes the folder if it is not there, for its owner alone, and takes it. A change of the plant folder that a crash interrupted is
    /// finished here, before anybody reads that folder.
    ///
    /// # Errors
    /// [`StartError::InUse`] when another process has it.
    pub fn take(path: &Path) -> Result<DataFolder, StartError> {
        let folder = path.to_path_buf();
        make(path).map_err(|source| StartError::DataFolder { folder: folder.clone(), source })?;
        match RealDisk.lock(&path.join("lock")) {
            Ok(lock) => {
                let finished = super::configuration::finish_interrupted(path);
                Ok(DataFolder { path: folder, finished, _lock: lock })
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(StartError::InUse { folder })
            }
            Err(source) => Err(StartError::DataFolder { folder, source }),
        }
    }

    /// Whether other accounts of this machine can look into it: it has the trail, history, the plant's revisions.
    #[must_use]
    pub fn is_open_to_others(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|folder| folder.permissions().mode() & 0o077 != 0)
    }
}

/// Refuses root a data folder that is another account's, or that would be made in a folder of another account. What
/// root makes in it, the node, which runs as that account, could not open at its next start.
///
/// For commands that open the folder while the node is stopped. Not for the node itself: as whom it runs is said by who
/// starts it. Where everything is root's, as in a container, nothing is refused.
///
/// # Errors
/// [`StartError::NotYours`].
pub(crate) fn refuse_root_at_anothers(path: &Path) -> Result<(), StartError> {
    refuse_at_anothers(path, rustix::process::geteuid().as_raw())
}

const ROOT: u32 = 0;

fn refuse_at_anothers(path: &Path, account: u32) -> Result<(), StartError> {
    if account != ROOT {
        return Ok(()); // the operating system refuses by itself
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // The folder, or the nearest one above it: the folders between do not exist either and would be root's too.
    let there = path.ancestors().find_map(|folder| Some((folder, fs::metadata(folder).ok()?)));
    match there {
        Some((folder, found)) if found.uid() != ROOT => {
            let (folder, owner) = (folder.to_owned(), name_of(found.uid()));
            Err(StartError::NotYours { folder, owner })
        }
        _ => Ok(()),
    }
}

/// The name of an account of the operating system (passwd(5)), or its number as `sudo -u` takes it.
fn name_of(account: u32) -> String {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut members = line.split(':');
        let name = members.next()?;
        (members.nth(1)?.parse() == Ok(account)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("'#{account}'"))
}

/// Other accounts of the machine read neither trail nor history, and cannot take the lock, for which reading is enough.
/// A folder that is there keeps the rights somebody gave it.
fn make(path: &Path) -> io::Result<()> {
    let is_new = !path.exists();
    RealDisk.create_dir(path)?;
    if is_new { fs::set_permissions(path, fs::Permissions::from_mode(0o700)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_is_made_for_its_owner_alone_and_keeps_the_rights_somebody_gave_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("var/data");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(DataFolder::take(&path).unwrap());
        assert_eq!(mode(), 0o700);
        assert!(!DataFolder::take(&path).unwrap().is_open_to_others());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        drop(DataFolder::take(&path).unwrap());
        assert_eq!(mode(), 0o750);
        assert!(DataFolder::take(&path).unwrap().is_open_to_others());
    }

    /// A folder that is not root's, whoever runs the tests.
    fn anothers() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        if fs::metadata(dir.path()).unwrap().uid() == ROOT {
            std::os::unix::fs::chown(dir.path(), Some(54_321), None).unwrap();
        }
        dir
    }

    #[test]
    fn root_makes_nothing_in_a_folder_of_another_account() {
        let dir = anothers();
        let uid = fs::metadata(dir.path()).unwrap().uid();
        for path in ["", "data", "var/data"] {
            let path = dir.path().join(path);
            let error = refuse_at_anothers(&path, ROOT).unwrap_err().to_string();
            assert!(error.starts_with("LS-NOD-010: "), "{error}");
            let ask = format!("sudo -u {} lineshaft …", name_of(uid));
            assert!(error.ends_with(&ask), "{error}");
            assert!(refuse_at_anothers(&path, uid).is_ok(), "its owner may");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn where_everything_is_roots_root_may_do_everything() {
        assert!(refuse_at_anothers(Path::new("/no/such/folder"), ROOT).is_ok());
        assert!(refuse_at_anothers(Path::new("/"), ROOT).is_ok());
        assert_eq!((name_of(ROOT).as_str(), name_of(54_321).as_str()), ("root", "'#54321'"));
    }
}
