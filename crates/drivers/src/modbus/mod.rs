//! Modbus over TCP and serial lines: polled coils and registers.
//!
//! - Source: *MODBUS Application Protocol Specification V1.1b3*, cited below as `[MB §n]`; *MODBUS Messaging
//!   on TCP/IP V1.0b* `[TCP §n]`; *MODBUS over Serial Line V1.02* `[SER §n]`.
//! - Conformance peers: pymodbus and modbus-serial as servers, `tests/conformance/`.
//! - Not here: ASCII framing, Modbus Plus, TLS (Modbus/TCP Security), files and FIFO queues, user-defined
//!   function codes.

mod address;
mod config;
mod decode;
mod explore;
mod link;
mod plan;
mod point;
mod scan;
mod scan_options;
mod scan_words;
pub mod server;
mod wire;
mod words;
mod write;

use std::fmt;
use std::time::Duration;

use lineshaft_contract::{
    ConfigErrors, DriverError, DriverKind, Explore, Plan, PointSpec, Poll, Readings,
};
use lineshaft_model::Value;
use lineshaft_runtime::{Endpoint, Net};

pub use config::{Config, Counting, PartWrite, TextEncoding, WriteFunction};
pub use plan::Span;
pub use wire::{Exception, Table};

use link::{Link, Patience, Reply};
use wire::Request;

/// The driver as the plant folder knows it.
pub const KIND: DriverKind = DriverKind::polled::<Modbus>(
    "modbus",
    include_str!("README.md"),
    &["tcp", "serial", "rtu+tcp"],
)
.with_card(explore::CARD);

/// One open link to one or several Modbus units.
pub struct Modbus {
    link: Link,
    /// Units that have answered a mask write with "illegal function".
    without_mask: UnitSet,
}

impl fmt::Debug for Modbus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modbus").field("link", &self.link).finish_non_exhaustive()
    }
}

impl Poll for Modbus {
    type Config = Config;
    type Group = Span;

    fn plan(
        config: &Config,
        all: &[PointSpec],
        points: &[u32],
    ) -> Result<Plan<Span>, ConfigErrors> {
        plan::plan(config, all, points)
    }

    async fn connect(
        config: &Config,
        endpoint: &Endpoint,
        net: &Net,
    ) -> Result<Modbus, DriverError> {
        let link = Link::open(endpoint, net, config.pause_after_connect).await?;
        Ok(Modbus { link, without_mask: UnitSet::default() })
    }

    async fn read(
        &mut self,
        config: &Config,
        span: &Span,
        limit: Duration,
        out: &mut Readings,
    ) -> Result<(), DriverError> {
        if self.link.is_broadcast(config.unit) {
            span.refuse(Exception::ILLEGAL_ADDRESS, out); // nobody answers a broadcast
            return Ok(());
        }
        let request = Request::Read { table: span.table, start: span.start, count: span.count };
        match self.link.ask(config.unit, &request, config.pause, Patience::of(limit)).await? {
            Reply::Cells(cells) => span.decode(cells, config.text, out),
            // The device lives and refuses [MB §7]: its points are bad, the connection is not.
            Reply::Exception(why) => span.refuse(why, out),
        }
        Ok(())
    }

    async fn write(
        &mut self,
        config: &Config,
        point: &PointSpec,
        value: &Value,
        limit: Duration,
    ) -> Result<Option<Value>, DriverError> {
        write::write(self, config, point, value, limit).await
    }

    fn explore(&mut self) -> Option<&mut dyn Explore<Config>> {
        Some(self)
    }
}

/// A set of unit identifiers.
#[derive(Debug, Clone, Copy, Default)]
struct UnitSet([u64; 4]);

impl UnitSet {
    fn contains(&self, unit: u8) -> bool {
        self.0[usize::from(unit / 64)] >> (unit % 64) & 1 == 1
    }

    fn insert(&mut self, unit: u8) {
        self.0[usize::from(unit / 64)] |= 1 << (unit % 64);
    }
}
