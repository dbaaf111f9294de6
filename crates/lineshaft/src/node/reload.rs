//! A changed plant folder: noticed by files on disk or `SIGHUP`. What is done then: `configuration`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lineshaft_runtime::{Policy, channel};
use notify::{RecursiveMode, Watcher};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::plant;

/// An editor writes a file in several steps; the folder is read when it has been quiet this long …
const QUIET: Duration = Duration::from_millis(300);

/// … or when it has not been quiet for so long.
const PATIENCE: Duration = Duration::from_secs(3);

/// Calls `reload` after each change of the folder and each `SIGHUP`, until `stop`.
pub(crate) async fn watch<F: Future<Output = ()>>(
    folder: PathBuf,
    stop: CancellationToken,
    mut reload: impl FnMut() -> F,
) {
    let (noticed, mut notices) = channel::<()>(1, Policy::DropOldest, "plant_folder");
    let noticed = Arc::new(noticed);
    let notice = || {
        let noticed = noticed.clone();
        move || {
            noticed.try_send(());
        }
    };
    let mut watcher = watcher(&folder, notice());
    if let Err(error) = &watcher {
        tracing::warn!(folder = %folder.display(), error = %error,
            "cannot watch the plant folder; changes are applied on SIGHUP only");
    }
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::warn!("cannot listen for SIGHUP");
        return;
    };
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            received = hangup.recv() => {
                if received.is_none() {
                    return;
                }
            }
            _ = notices.receive() => {
                let quiet = async {
                    while tokio::time::timeout(QUIET, notices.receive()).await.is_ok() {}
                };
                let _ = tokio::time::timeout(PATIENCE, quiet).await;
            }
        }
        // A folder that was deleted, moved or put in another's place is no longer the one that was watched.
        watcher = self::watcher(&folder, notice());
        if let Err(error) = &watcher {
            tracing::debug!(folder = %folder.display(), error = %error, "cannot watch the plant folder");
        }
        reload().await;
    }
}

/// Watches what is read, and the folder's name in the folder above it: it may go and come back.
fn watcher(
    folder: &Path,
    notice: impl Fn() + Send + 'static,
) -> notify::Result<notify::RecommendedWatcher> {
    let folder = std::path::absolute(folder)?;
    let whole = folder.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let news = event.is_ok_and(|event| {
            !event.kind.is_access() && event.paths.iter().any(|path| is_read(&whole, path))
        });
        if news {
            notice();
        }
    })?;
    let above = match folder.parent() {
        Some(above) => watcher.watch(above, RecursiveMode::NonRecursive),
        None => Ok(()),
    };
    match watcher.watch(&folder, RecursiveMode::Recursive) {
        Ok(()) => Ok(watcher),
        Err(_) if !folder.exists() => above.map(|()| watcher),
        Err(error) => Err(error),
    }
}

/// Whether a change of this path may be a change of the plant: a data folder in the plant folder is not.
fn is_read(folder: &Path, path: &Path) -> bool {
    match path.strip_prefix(folder).map(|inside| inside.components().next()) {
        Ok(Some(first)) => plant::is_read(first.as_os_str()),
        Ok(None) => true,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_is_news() {
        for (path, news) in [
            ("/plant", true),
            ("/plant/lineshaft.toml", true),
            ("/plant/devices/line-1.toml", true),
            ("/plant/tags", true),
            ("/plant/data/shaft/0001", false),
            ("/plant/.git/index", false),
            ("/other", false),
        ] {
            assert_eq!(is_read(Path::new("/plant"), Path::new(path)), news, "{path}");
        }
    }

    #[tokio::test]
    async fn a_folder_that_goes_and_comes_back_is_watched_on() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, aside) = (parent.path().join("plant"), parent.path().join("aside"));
        std::fs::create_dir_all(folder.join("devices")).unwrap();
        let (reloaded, mut reloads) = channel::<()>(1, Policy::DropOldest, "test");
        let stop = CancellationToken::new();
        let watching = watch(folder.clone(), stop.clone(), || {
            reloaded.try_send(());
            std::future::ready(())
        });
        let editing = async {
            let mut change = async |change: &dyn Fn() -> std::io::Result<()>, what: &str| {
                change().unwrap();
                let noticed = tokio::time::timeout(Duration::from_secs(10), reloads.receive());
                assert!(noticed.await.is_ok(), "{what} was not noticed");
            };
            let edit = || std::fs::write(folder.join("devices/a.toml"), "# edited");
            change(&edit, "a new file").await;
            change(&|| std::fs::rename(&folder, &aside), "a folder that is moved away").await;
            change(&|| std::fs::rename(&aside, &folder), "a folder that is back").await;
            change(&edit, "an edit in the folder that is back").await;
            std::fs::remove_dir_all(&folder).unwrap();
            change(&|| Ok(()), "a folder that is deleted").await;
            change(&|| std::fs::create_dir_all(folder.join("devices")), "a new folder").await;
            change(&edit, "an edit in the new folder").await;
            stop.cancel();
        };
        tokio::join!(watching, editing);
    }
}
