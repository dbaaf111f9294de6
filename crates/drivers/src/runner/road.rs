//! The runner's end of a link: what the link shall be, and the writes on their way to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lineshaft_model::{Batch, OriginId, TagId, Tags, Timestamp};
use lineshaft_runtime::{Clock, Net, Policy, Receiver, Seed, Sender, TaskTree, channel};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::commands::Write;
use super::errand::Errand;
use super::{Fitted, limits};

/// What the runner and its links share.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) tree: TaskTree,
    pub(super) clock: Clock,
    pub(super) net: Net,
    pub(super) tags: Arc<Tags>,
    pub(super) intake: Sender<Batch>,
    pub(super) seed: Seed,
}

impl Context {
    /// The time of what arrives now, in whole milliseconds: a poll takes longer than that, and the digits behind it
    /// would be noise that costs three bytes of each sample in memory and two on disk. All that a link says
    /// is timed so, or what is said later could stand before what was said earlier.
    pub(super) fn arrived(&self) -> Timestamp {
        self.clock.now().floor(Duration::from_millis(1))
    }
}

/// What a link shall be.
#[derive(Default)]
pub(super) struct Wanted {
    /// Its devices in the order of their names.
    pub(super) devices: Vec<Arc<Fitted>>,
    /// Tags that left with a device of this link, to be said out of service.
    pub(super) retired: Vec<(OriginId, Vec<TagId>)>,
}

/// The runner's end of a link.
pub(super) struct Road {
    wanted: Mutex<Wanted>,
    pending: AtomicBool,
    pub(super) changed: Notify,
    pub(super) writes: Sender<Write>,
    pub(super) errands: Sender<Errand>,
}

/// The link's end of the queues.
pub(super) struct Queues {
    pub(super) writes: Receiver<Write>,
    pub(super) errands: Receiver<Errand>,
}

impl Road {
    pub(super) fn new(wanted: Wanted) -> (Road, Queues) {
        let (writes, write) = channel(limits::WRITES_WAITING_MAX, Policy::Refuse, "device_writes");
        let (errands, errand) =
            channel(limits::ERRANDS_WAITING_MAX, Policy::Refuse, "device_errands");
        let (wanted, pending) = (Mutex::new(wanted), AtomicBool::new(true));
        let queues = Queues { writes: write, errands: errand };
        (Road { wanted, pending, changed: Notify::new(), writes, errands }, queues)
    }

    /// Replaces what the link shall be; what is still to be said of the change before stays.
    pub(super) fn want(&self, wanted: Wanted) {
        let mut now = self.wanted.lock();
        now.devices = wanted.devices;
        now.retired.extend(wanted.retired);
        drop(now);
        self.touch();
    }

    pub(super) fn touch(&self) {
        self.pending.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// What the link shall be, if that changed.
    pub(super) fn take(&self) -> Option<Wanted> {
        if !self.pending.swap(false, Ordering::AcqRel) {
            return None;
        }
        let mut wanted = self.wanted.lock();
        let (devices, retired) = (wanted.devices.clone(), std::mem::take(&mut wanted.retired));
        Some(Wanted { devices, retired })
    }
}
