//! What the runner is told: devices with their tags; and what it says about a change.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::Device;
use lineshaft_model::{TagId, TagPath};

/// One device with its place in the namespace.
#[derive(Clone)]
pub struct DevicePlan {
    /// The device, checked by its driver.
    pub device: Arc<dyn Device>,
    /// The driver's name.
    pub driver: &'static str,
    /// Where its tags are; the diagnostics are below `_diag/` here.
    pub path: TagPath,
    /// Its tags, parallel to `device.spec().points`.
    pub points: Vec<PointPlan>,
    /// Whether it is polled. A disabled device is not connected and its tags are out of service.
    pub enabled: bool,
    /// The same number means nothing about this device changed: it runs on untouched.
    pub fingerprint: u64,
    /// The age at which a tag without news turns bad, at least three of its periods. Default: 10 s.
    pub stale_after: Option<Duration>,
}

/// One tag of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct PointPlan {
    /// The tag.
    pub tag: TagId,
    /// Its path.
    pub path: TagPath,
    /// Engineering value = raw value × `scale` + `offset`. Not zero.
    pub scale: f64,
    /// See `scale`.
    pub offset: f64,
}

impl fmt::Debug for DevicePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.device.spec();
        write!(f, "DevicePlan({} on {}, {} points)", spec.name, spec.endpoint, self.points.len())
    }
}

/// What [`Runner::apply`] did, by device name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// New devices.
    pub started: Vec<String>,
    /// Devices that are gone.
    pub stopped: Vec<String>,
    /// Devices that started over with a new plan.
    pub changed: Vec<String>,
    /// Devices that run on untouched.
    pub kept: Vec<String>,
}
