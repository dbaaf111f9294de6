//! The control socket: HTTP for whoever the operating system lets open it.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// Its name in the data folder.
pub(crate) const SOCKET: &str = "control.sock";

/// A way to the socket that fits into a socket address (107 bytes), however deep the data folder lies: through the
/// folder's own descriptor. Valid while the answer lives.
struct Short {
    _folder: std::fs::File,
    path: PathBuf,
}

fn short(folder: &Path) -> io::Result<Short> {
    let opened = std::fs::File::open(folder)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", opened.as_raw_fd()));
    Ok(Short { _folder: opened, path })
}

/// Listens in the data folder, for this account of the operating system only. Whoever calls this holds the folder's
/// lock, so what lies there is left from a node that was killed.
///
/// # Errors
/// As the operating system says.
pub(crate) fn bind(folder: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(folder.join(SOCKET)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let short = short(folder)?;
    let listener = UnixListener::bind(&short.path)?;
    std::fs::set_permissions(folder.join(SOCKET), std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connects to the node that runs on the data folder.
///
/// # Errors
/// As the operating system says: nobody listens, or not to this account.
pub(crate) async fn connect(folder: &Path) -> io::Result<UnixStream> {
    let short = short(folder)?;
    UnixStream::connect(&short.path).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_works_however_deep_the_folder_lies_and_is_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a-rather-long-name-of-a-folder/".repeat(5));
        std::fs::create_dir_all(&deep).unwrap();
        assert!(connect(&deep).await.is_err());
        let listener = bind(&deep).unwrap();
        connect(&deep).await.unwrap();
        let mode = std::fs::metadata(deep.join(SOCKET)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(listener);
        // What a killed node leaves is in nobody's way.
        let _again = bind(&deep).unwrap();
        connect(&deep).await.unwrap();
    }
}
