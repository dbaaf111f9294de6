//! A device of the plant, as its file says it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{Device, DriverKind};
use lineshaft_model::{TagMeta, TagPath};

use super::TagSteps;

/// One device, checked by its driver.
#[derive(Clone)]
pub struct PlantDevice {
    /// Its name, unique in the plant.
    pub name: String,
    /// Its driver.
    pub driver: DriverKind,
    /// The device; its points are in `device.spec().points`.
    pub device: Arc<dyn Device>,
    /// The path of its tags, from the node's on.
    pub path: TagPath,
    /// What it is, in the engineer's words.
    pub description: String,
    /// One tag per point, in the same order.
    pub metas: Vec<TagMeta>,
    /// What the tag table says about the value of each point, in the same order.
    pub steps: Vec<TagSteps>,
    /// Whether it is polled.
    pub enabled: bool,
    /// After how long without news a tag is stale; `None` leaves it to the runner.
    pub stale_after: Option<Duration>,
    /// The same for the same device: when it changes, the device has to be restarted.
    pub fingerprint: u64,
}

impl fmt::Debug for PlantDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlantDevice")
            .field("name", &self.name)
            .field("driver", &self.driver)
            .field("path", &self.path)
            .field("points", &self.metas.len())
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
