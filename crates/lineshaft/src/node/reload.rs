//! Notices that the plant folder changed: files on disk, or `SIGHUP`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lineshaft_runtime::{Policy, channel};
use notify::{RecursiveMode, Watcher};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// An editor writes a file in several steps; the folder is read when it has been quiet this long.
const QUIET: Duration = Duration::from_millis(300);

/// Calls `reload` after each change of the folder and each `SIGHUP`, until `stop`.
pub(crate) async fn watch(folder: PathBuf, stop: CancellationToken, mut reload: impl FnMut()) {
    let (noticed, mut notices) = channel::<()>(1, Policy::DropOldest, "plant_folder");
    let _watcher = match watcher(&folder, move || {
        noticed.try_send(());
    }) {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), error = %error,
                "cannot watch the plant folder; changes are applied on SIGHUP only");
            None
        }
    };
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::warn!("cannot listen for SIGHUP");
        return;
    };
    let mut watching = true;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            received = hangup.recv() => {
                if received.is_none() {
                    return;
                }
            }
            noticed = notices.receive(), if watching => {
                if noticed.is_none() {
                    watching = false;
                    continue;
                }
                while tokio::time::timeout(QUIET, notices.receive()).await.is_ok_and(|n| n.is_some()) {}
            }
        }
        reload();
    }
}

fn watcher(
    folder: &Path,
    notice: impl Fn() + Send + 'static,
) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            notice();
        }
    })?;
    watcher.watch(folder, RecursiveMode::Recursive)?;
    Ok(watcher)
}
