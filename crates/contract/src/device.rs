//! The same for every driver, seen from the runner: kinds, devices, requests, sessions without type parameters.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::{Access, DataType, Value, WordOrder};
use lineshaft_runtime::{Endpoint, Net};

use crate::{
    Advice, BrowseAsk, BrowseError, Browsed, Card, ConfigErrors, DriverError, Exploring, Place,
    Poll, Readings, Tracer, Trouble,
};

/// One point as the tag table has it.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSpec {
    /// The tag's name within the device, for messages.
    pub name: String,
    /// Its address in the protocol's own form.
    pub address: String,
    /// What the device stores.
    pub data_type: DataType,
    /// In which order.
    pub order: WordOrder,
    /// Who may write it.
    pub access: Access,
    /// How often to read it.
    pub period: Duration,
}

/// One device as the plant folder has it; what all drivers share is parsed already.
#[derive(Debug, Clone)]
pub struct DeviceSpec {
    /// Its name: the table's key.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// The driver's own part, as JSON of its schema.
    pub settings: serde_json::Value,
    /// What to read and write.
    pub points: Vec<PointSpec>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// A driver of this build: everything that is known without a connection.
#[derive(Clone, Copy)]
pub struct DriverKind {
    /// The word in `driver = "…"`.
    pub name: &'static str,
    /// Its manual page.
    pub readme: &'static str,
    /// Endpoint schemes it understands, the usual one first.
    pub schemes: &'static [&'static str],
    /// What a form needs to know of it.
    pub card: Card,
    schema: fn() -> schemars::Schema,
    configure: fn(DeviceSpec) -> Result<Arc<dyn Device>, ConfigErrors>,
}

impl DriverKind {
    /// The kind of a polled protocol.
    #[must_use]
    pub const fn polled<P: Poll>(
        name: &'static str,
        readme: &'static str,
        schemes: &'static [&'static str],
    ) -> DriverKind {
        DriverKind {
            name,
            readme,
            schemes,
            card: Card::EMPTY,
            schema: schema_of::<P>,
            configure: configure_polled::<P>,
        }
    }

    /// The same with what a form needs to know.
    #[must_use]
    pub const fn with_card(self, card: Card) -> DriverKind {
        DriverKind { card, ..self }
    }

    /// The JSON schema of `settings`.
    #[must_use]
    pub fn schema(&self) -> schemars::Schema {
        (self.schema)()
    }

    /// Checks one device against this driver.
    ///
    /// # Errors
    /// Every mistake in its settings, addresses and types.
    pub fn configure(&self, spec: DeviceSpec) -> Result<Arc<dyn Device>, ConfigErrors> {
        (self.configure)(spec)
    }
}

impl fmt::Debug for DriverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DriverKind({})", self.name)
    }
}

fn schema_of<P: Poll>() -> schemars::Schema {
    schemars::schema_for!(P::Config)
}

/// What one request fetches, made by [`Device::plan`] and understood by the same device's sessions only.
pub struct Request {
    /// The points it answers, as indices into [`DeviceSpec::points`].
    pub points: Vec<u32>,
    group: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} points)", self.points.len())
    }
}

/// A pending answer.
pub type Connecting<'a> =
    Pin<Box<dyn Future<Output = Result<Box<dyn Session>, DriverError>> + Send + 'a>>;
/// A pending read; the readings are in `out` when it is done.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<(), DriverError>> + Send + 'a>>;
/// A pending write with its read-back.
pub type Writing<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Value>, DriverError>> + Send + 'a>>;

/// One checked device.
pub trait Device: Any + Send + Sync {
    /// As the plant folder has it.
    fn spec(&self) -> &DeviceSpec;

    /// Cuts points into requests, see [`Poll::plan`]. Cannot fail: the device was checked whole.
    fn plan(&self, points: &[u32]) -> Vec<Request>;

    /// Opens the link. The session serves every device of the same driver with the same endpoint.
    fn connect<'a>(&'a self, net: &'a Net) -> Connecting<'a>;
}

/// One open link.
pub trait Session: Send {
    /// Reads one request of a device, see [`Poll::read`].
    fn read<'a>(
        &'a mut self,
        device: &'a dyn Device,
        request: &'a Request,
        limit: Duration,
        out: &'a mut Readings,
    ) -> Answering<'a>;

    /// Writes one point of a device, see [`Poll::write`].
    fn write<'a>(
        &'a mut self,
        device: &'a dyn Device,
        point: u32,
        value: &'a Value,
        limit: Duration,
    ) -> Writing<'a>;

    /// Asks the cheapest question there is, see [`crate::Explore::probe`]; `None` when the driver has none.
    fn probe<'a>(
        &'a mut self,
        device: &'a dyn Device,
        limit: Duration,
    ) -> Exploring<'a, Result<Option<String>, DriverError>> {
        let _ = (device, limit);
        Box::pin(async { Ok(None) })
    }

    /// Lists a part of what the device offers, see [`crate::Explore::browse`].
    fn browse<'a>(
        &'a mut self,
        device: &'a dyn Device,
        ask: &'a BrowseAsk,
    ) -> Exploring<'a, Result<Browsed, BrowseError>> {
        let _ = (device, ask);
        Box::pin(async { Err(BrowseError::Unsupported) })
    }

    /// Where the frames of the link go from now on, see [`crate::Explore::trace`].
    fn trace(&mut self, to: Option<Arc<dyn Tracer>>) {
        drop(to);
    }

    /// What a person can do about a trouble, see [`crate::Explore::advice`].
    fn advice(&mut self, device: &dyn Device, trouble: &Trouble<'_>) -> Option<Advice> {
        let _ = (device, trouble);
        None
    }
}

struct PolledDevice<P: Poll> {
    spec: DeviceSpec,
    config: P::Config,
    marker: PhantomData<fn() -> P>,
}

struct PolledSession<P: Poll>(P);

fn configure_polled<P: Poll>(spec: DeviceSpec) -> Result<Arc<dyn Device>, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    let config: P::Config = if spec.settings.is_null() {
        P::Config::default()
    } else {
        match serde_path_to_error::deserialize(&spec.settings) {
            Ok(config) => config,
            Err(error) => {
                let path = error.path().to_string();
                let key = if path == "." { "settings".into() } else { format!("settings.{path}") };
                mistakes.add(Place::Key(key), "LS-CFG-005", error.inner().to_string(), "");
                P::Config::default()
            }
        }
    };
    let all: Vec<u32> = (0..).take(spec.points.len()).collect();
    if let Err(wrong) = P::plan(&config, &spec.points, &all) {
        mistakes.0.extend(wrong.0);
    }
    mistakes.none_or(())?;
    Ok(Arc::new(PolledDevice::<P> { spec, config, marker: PhantomData }))
}

impl<P: Poll> Device for PolledDevice<P> {
    fn spec(&self) -> &DeviceSpec {
        &self.spec
    }

    fn plan(&self, points: &[u32]) -> Vec<Request> {
        let groups = P::plan(&self.config, &self.spec.points, points).unwrap_or_default();
        groups
            .into_iter()
            .map(|(group, points)| Request { points, group: Box::new(group) })
            .collect()
    }

    fn connect<'a>(&'a self, net: &'a Net) -> Connecting<'a> {
        Box::pin(async move {
            let link = P::connect(&self.config, &self.spec.endpoint, net).await?;
            Ok(Box::new(PolledSession(link)) as Box<dyn Session>)
        })
    }
}

fn of_this_driver<P: Poll>(device: &dyn Device) -> &PolledDevice<P> {
    let any: &dyn Any = device;
    match any.downcast_ref() {
        Some(device) => device,
        None => panic!("a session was given a device of another driver"),
    }
}

impl<P: Poll> Session for PolledSession<P> {
    fn read<'a>(
        &'a mut self,
        device: &'a dyn Device,
        request: &'a Request,
        limit: Duration,
        out: &'a mut Readings,
    ) -> Answering<'a> {
        let device = of_this_driver::<P>(device);
        let Some(group) = request.group.downcast_ref::<P::Group>() else {
            panic!("a session was given a request of another driver");
        };
        Box::pin(self.0.read(&device.config, group, limit, out))
    }

    fn write<'a>(
        &'a mut self,
        device: &'a dyn Device,
        point: u32,
        value: &'a Value,
        limit: Duration,
    ) -> Writing<'a> {
        let device = of_this_driver::<P>(device);
        match device.spec.points.get(point as usize) {
            Some(spec) => Box::pin(self.0.write(&device.config, spec, value, limit)),
            None => Box::pin(async move {
                Err(DriverError::ReadOnly { why: format!("the device has no point {point}") })
            }),
        }
    }

    fn probe<'a>(
        &'a mut self,
        device: &'a dyn Device,
        limit: Duration,
    ) -> Exploring<'a, Result<Option<String>, DriverError>> {
        let device = of_this_driver::<P>(device);
        match self.0.explore() {
            Some(link) => {
                let probing = link.probe(&device.config, limit);
                Box::pin(async { probing.await.map(Some) })
            }
            None => Box::pin(async { Ok(None) }),
        }
    }

    fn browse<'a>(
        &'a mut self,
        device: &'a dyn Device,
        ask: &'a BrowseAsk,
    ) -> Exploring<'a, Result<Browsed, BrowseError>> {
        let device = of_this_driver::<P>(device);
        match self.0.explore() {
            Some(link) => link.browse(&device.config, ask),
            None => Box::pin(async { Err(BrowseError::Unsupported) }),
        }
    }

    fn trace(&mut self, to: Option<Arc<dyn Tracer>>) {
        if let Some(link) = self.0.explore() {
            link.trace(to);
        }
    }

    fn advice(&mut self, device: &dyn Device, trouble: &Trouble<'_>) -> Option<Advice> {
        let device = of_this_driver::<P>(device);
        self.0.explore()?.advice(&device.config, trouble)
    }
}
