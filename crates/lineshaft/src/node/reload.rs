//! A changed plant folder: noticed by files on disk or `SIGHUP`, read, and applied as a difference or refused whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lineshaft_runtime::{Policy, channel};
use notify::{RecursiveMode, Watcher};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::start::{Fixed, Parts};
use super::status::NodeView;
use super::{StartError, wiring};
use crate::plant;

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

/// Applies a changed plant folder, or says why not. The running plant goes on in either case.
pub(super) fn apply(folder: &Path, parts: &Parts, view: &NodeView) {
    let plant = match plant::load(folder, lineshaft_drivers::DRIVERS) {
        Ok(plant) => plant,
        Err(mistakes) => {
            let report = mistakes.report("nothing was changed, the running plant goes on");
            tracing::error!("the changed plant folder is refused\n{report}");
            return view.refused(report);
        }
    };
    if plant.revision == view.revision_digest() {
        return view.accepted_unchanged();
    }
    let built = match wiring::pipeline(&plant, &parts.tags) {
        Ok(built) => built,
        Err(mistakes) => {
            let error = StartError::Pipeline(mistakes);
            tracing::error!(%error, "the changed plant folder is refused");
            return view.refused(error.to_string());
        }
    };
    *parts.fresh_pipeline.lock() = Some(built.pipeline);
    let changes = wiring::configure(parts, &plant, built.metas);
    view.accepted(&plant);
    tracing::info!(
        started = changes.started.len(),
        changed = changes.changed.len(),
        stopped = changes.stopped.len(),
        kept = changes.kept.len(),
        "the changed plant folder is applied"
    );
    if Fixed::of(&plant) != parts.fixed {
        tracing::warn!(
            "[http], [shaft], [historian] or the node's name changed: that waits for the next start"
        );
    }
    for warning in plant.warnings.all() {
        tracing::warn!("{warning}");
    }
}
