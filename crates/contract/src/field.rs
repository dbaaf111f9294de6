//! What the author of a field protocol writes.

use std::future::Future;
use std::time::Duration;

use lineshaft_model::Value;
use lineshaft_runtime::{Endpoint, Net};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{ConfigErrors, DriverError, Explore, PointSpec, Readings};

/// Requests, each with the points it answers as indices into the device's points.
pub type Plan<Group> = Vec<(Group, Vec<u32>)>;

/// A field protocol that is asked: the runner calls, the device answers.
///
/// The runner owns what all drivers share: schedule, reconnect with backoff and jitter, the deadline
/// around each call, health, metrics, and the one log line when a device is lost and the one when it is
/// back. An implementation only speaks the protocol. One value of the implementing type is one open link;
/// several devices (units behind a gateway) may share it, so `config` comes with each call.
pub trait Poll: Sized + Send + 'static {
    /// The device's `settings` table.
    type Config: DeserializeOwned + JsonSchema + Default + Send + Sync + 'static;

    /// What one request on the wire can fetch, see [`Poll::plan`].
    type Group: Send + Sync + 'static;

    /// Cuts the points into the fewest requests the protocol allows. Pure: tested without a device.
    ///
    /// `points` are the ones to read now, a subset of the device's; the numbers beside the groups are
    /// indices into `all`. Called with all points of one period at first, and with fewer when an address was
    /// refused and the runner splits its neighbours off: two points that are planned alone must be readable alone.
    ///
    /// # Errors
    /// Every point with a wrong address or type, with its column.
    fn plan(
        config: &Self::Config,
        all: &[PointSpec],
        points: &[u32],
    ) -> Result<Plan<Self::Group>, ConfigErrors>;

    /// Opens one link and, where the protocol has a greeting, completes it.
    fn connect(
        config: &Self::Config,
        endpoint: &Endpoint,
        net: &Net,
    ) -> impl Future<Output = Result<Self, DriverError>> + Send;

    /// Reads one group. A device that answers "no" is data ([`lineshaft_model::Quality`]), not an error:
    /// push a bad reading for every point of the group. `Err` means the link cannot be used any more, or
    /// ([`DriverError::Timeout`]) that nobody answered within `limit`.
    fn read(
        &mut self,
        config: &Self::Config,
        group: &Self::Group,
        limit: Duration,
        out: &mut Readings,
    ) -> impl Future<Output = Result<(), DriverError>> + Send;

    /// Writes one value and reads it back where the protocol can; `None` where it cannot.
    fn write(
        &mut self,
        config: &Self::Config,
        point: &PointSpec,
        value: &Value,
        limit: Duration,
    ) -> impl Future<Output = Result<Option<Value>, DriverError>> + Send {
        let _ = (config, point, value, limit);
        async { Err(DriverError::ReadOnly { why: "this protocol is read-only".into() }) }
    }

    /// What can be asked of the link beyond polling, where the driver can: [`Explore`].
    fn explore(&mut self) -> Option<&mut dyn Explore<Self::Config>> {
        None
    }
}

/// A field protocol that speaks up by itself.
pub trait Subscribe: Sized + Send + 'static {
    /// The device's `settings` table.
    type Config: DeserializeOwned + JsonSchema + Default + Send + Sync + 'static;

    /// Opens one link and asks for all points. Called again after every loss: the points are the desired
    /// state, and whatever the far side remembers is brought in line with them.
    fn connect(
        config: &Self::Config,
        endpoint: &Endpoint,
        points: &[PointSpec],
        net: &Net,
    ) -> impl Future<Output = Result<Self, DriverError>> + Send;

    /// Waits for news and returns after `limit` even with none: the runner is never stuck, and never has
    /// to drop this future half-way (so it need not be cancel-safe).
    fn next(
        &mut self,
        limit: Duration,
        out: &mut Readings,
    ) -> impl Future<Output = Result<(), DriverError>> + Send;

    /// Writes one value, as [`Poll::write`].
    fn write(
        &mut self,
        point: &PointSpec,
        value: &Value,
        limit: Duration,
    ) -> impl Future<Output = Result<Option<Value>, DriverError>> + Send {
        let _ = (point, value, limit);
        async { Err(DriverError::ReadOnly { why: "this protocol is read-only".into() }) }
    }
}
