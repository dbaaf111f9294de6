//! Small files: read with a bound, written whole, keys for their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::{Flaw, TlsError};
use crate::limits::PEM_BYTES_MAX;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Only the owner: keys.
    Owner,
    /// Everybody: certificates.
    All,
}

/// Reads a file of at most `bytes_max` bytes.
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("more than {bytes_max} bytes"),
        ));
    }
    Ok(bytes)
}

/// Reads a PEM file that somebody else wrote.
pub(crate) fn read_pem(path: &Path) -> Result<Vec<u8>, Flaw> {
    read(path, PEM_BYTES_MAX).map_err(|error| Flaw::Unreadable { why: error.to_string() })
}

/// Reads a file of ours that need not exist.
pub(crate) fn read_own(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, TlsError> {
    match read(path, bytes_max) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io_error("read", path, source)),
    }
}

/// Puts `bytes` in the place of a file: a crash leaves the old or the new one whole.
pub(crate) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), TlsError> {
    let fresh = stage(path, bytes, readers)?;
    fs::rename(&fresh, path).map_err(|source| io_error("replace", path, source))?;
    sync_dir(path)
}

/// Writes a certificate and its key as one change: both are on disk under other names before either takes its
/// place, and [`finish_pair`] ends what a crash between the two left.
pub(crate) fn replace_pair(
    (certificate, certificate_pem): (&Path, &str),
    (key, key_pem): (&Path, &str),
) -> Result<(), TlsError> {
    let fresh = stage(certificate, certificate_pem.as_bytes(), Readers::All)?;
    let fresh_key = stage(key, key_pem.as_bytes(), Readers::Owner)?;
    sync_dir(key)?;
    fs::rename(&fresh_key, key).map_err(|source| io_error("replace", key, source))?;
    sync_dir(key)?;
    fs::rename(&fresh, certificate).map_err(|source| io_error("replace", certificate, source))?;
    sync_dir(certificate)
}

/// Takes a staged certificate into its place when the key is already the new one; else throws it away.
pub(crate) fn finish_pair(
    certificate: &Path,
    key: &Path,
    fits: impl Fn(&[u8], &[u8]) -> bool,
) -> Result<(), TlsError> {
    let fresh = staged(certificate);
    let Some(waiting) = read_own(&fresh, PEM_BYTES_MAX)? else { return Ok(()) };
    let held = read_own(key, PEM_BYTES_MAX)?.unwrap_or_default();
    if fits(&waiting, &held) {
        fs::rename(&fresh, certificate)
            .map_err(|source| io_error("replace", certificate, source))?;
    } else {
        fs::remove_file(&fresh).map_err(|source| io_error("remove", &fresh, source))?;
    }
    sync_dir(certificate)
}

/// The files of a folder with an ending, by name, at most `max`; and how many there are.
pub(crate) fn list(
    dir: &Path,
    ending: &str,
    max: usize,
) -> Result<(Vec<PathBuf>, usize), TlsError> {
    let failed = |source| io_error("list", dir, source);
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    let count = paths.len();
    paths.truncate(max);
    Ok((paths, count))
}

/// Makes a folder only its owner can enter.
pub(crate) fn make_dir(dir: &Path) -> Result<(), TlsError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| io_error("make the folder", dir, source))
}

/// Whether others than the owner can read a file: `Some(mode)` when they can.
#[cfg(unix)]
pub(crate) fn readable_by_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o044 != 0).then_some(mode)
}

/// Takes everybody else's rights on a file away.
#[cfg(unix)]
pub(crate) fn close(path: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(|source| io_error("set the rights of", path, source))
}

/// Nothing to do, see [`readable_by_others`].
#[cfg(not(unix))]
pub(crate) fn close(_path: &Path) -> Result<(), TlsError> {
    Ok(())
}

/// Windows has lists of rights, which folders hand on; nothing is said about them.
#[cfg(not(unix))]
pub(crate) fn readable_by_others(_path: &Path) -> Option<u32> {
    None
}

pub(crate) fn io_error(what: &'static str, path: &Path, source: io::Error) -> TlsError {
    TlsError::Io { what, path: path.to_owned(), source }
}

fn staged(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn stage(path: &Path, bytes: &[u8], readers: Readers) -> Result<PathBuf, TlsError> {
    let fresh = staged(path);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(io_error("remove", &fresh, error));
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        let mode = if readers == Readers::Owner { 0o600 } else { 0o644 };
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    }
    #[cfg(not(unix))]
    let _ = readers;
    let written = options.open(&fresh).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|source| io_error("write", &fresh, source))?;
    Ok(fresh)
}

fn sync_dir(path: &Path) -> Result<(), TlsError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    if cfg!(unix) {
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(|source| io_error("sync the folder", dir, source))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(certificate: &[u8], key: &[u8]) -> bool {
        certificate.strip_prefix(b"cert of ") == Some(key)
    }

    #[test]
    fn a_crash_between_key_and_certificate_is_finished_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = (dir.path().join("a.pem"), dir.path().join("a.key"));
        replace_pair((&cert, "cert of old"), (&key, "old")).unwrap();
        // Died before the key was in its place: the old pair is whole, what waits is thrown away.
        fs::write(dir.path().join("a.pem.new"), "cert of new").unwrap();
        finish_pair(&cert, &key, fits).unwrap();
        assert_eq!(fs::read_to_string(&cert).unwrap(), "cert of old");
        // Died after: the new key is there, its certificate waits.
        fs::write(dir.path().join("a.pem.new"), "cert of new").unwrap();
        fs::write(&key, "new").unwrap();
        finish_pair(&cert, &key, fits).unwrap();
        assert_eq!(fs::read_to_string(&cert).unwrap(), "cert of new");
        assert!(!dir.path().join("a.pem.new").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_for_its_owner_only_even_where_an_open_file_stood() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("a.key");
        fs::write(&key, "open").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(readable_by_others(&key), Some(0o644));
        replace(&key, b"secret", Readers::Owner).unwrap();
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(readable_by_others(&key), None);
    }

    #[test]
    fn a_file_past_its_bound_is_refused_and_one_at_its_bound_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, [0; 10]).unwrap();
        assert_eq!(read(&path, 10).unwrap().len(), 10);
        assert_eq!(read(&path, 9).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
