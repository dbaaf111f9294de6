//! The data folder and its lock: one process per folder.

use std::path::{Path, PathBuf};

use lineshaft_runtime::Disk;
use lineshaft_runtime::disk::RealDisk;

use super::StartError;

/// A data folder that no other process can work on until this is dropped.
pub struct DataFolder {
    pub(super) path: PathBuf,
    _lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for DataFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataFolder({})", self.path.display())
    }
}

impl DataFolder {
    /// Makes the folder if it is not there, and takes it.
    ///
    /// # Errors
    /// [`StartError::InUse`] when another process has it.
    pub fn take(path: &Path) -> Result<DataFolder, StartError> {
        let folder = path.to_path_buf();
        RealDisk
            .create_dir(path)
            .map_err(|source| StartError::DataFolder { folder: folder.clone(), source })?;
        match RealDisk.lock(&path.join("lock")) {
            Ok(lock) => Ok(DataFolder { path: folder, _lock: lock }),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                Err(StartError::InUse { folder })
            }
            Err(source) => Err(StartError::DataFolder { folder, source }),
        }
    }
}
