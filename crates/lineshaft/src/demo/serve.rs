//! The demo plant behind real Modbus TCP servers on loopback, with the faults a plant has.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_drivers::modbus::server::{Manner, Registers, Server};
use lineshaft_drivers::modbus::{Exception, Table as Asked};
use lineshaft_runtime::{Clock, Seed, TaskKind, TaskTree};
use parking_lot::{Mutex, RwLock};

use super::plant::{Air, Energy, Line, Machine};
use super::signal::{Image, Signal, Table, addresses};

/// How often the plant moves.
const STEP: Duration = Duration::from_millis(100);

/// The meter with the loose plug is silent for this part of each five minutes.
const LOOSE_PLUG: Range<u64> = 90..135;
const LOOSE_PLUG_EVERY_SECONDS: u64 = 300;
/// Unit of the meter with the loose plug.
const LOOSE_UNIT: u8 = 7;
/// Unit of the older meter, which does not know the register of its `harmonics` signal.
const OLDER_UNIT: u8 = 5;

/// Where the parts of the plant answer.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// One PLC for each machine of the line, conveyors last.
    pub(crate) line: Vec<SocketAddr>,
    /// The compressor station's gateway.
    pub(crate) air: SocketAddr,
    /// The meters' gateway.
    pub(crate) energy: SocketAddr,
}

/// A machine and the register images its servers answer from.
struct Site {
    machine: Mutex<Box<dyn Machine>>,
    signals: Vec<&'static [Signal]>,
    addresses: Vec<Vec<u16>>,
    images: Vec<RwLock<Image>>,
}

impl Site {
    fn new(machine: impl Machine + 'static) -> Arc<Site> {
        let signals: Vec<_> = (0..machine.units()).map(|unit| machine.signals(unit)).collect();
        let site = Site {
            addresses: signals.iter().map(|signals| addresses(signals)).collect(),
            images: signals.iter().map(|_| RwLock::default()).collect(),
            signals,
            machine: Mutex::new(Box::new(machine)),
        };
        site.advance(0.0, &mut Seed::new(1), &mut Seed::new(2));
        Arc::new(site)
    }

    fn advance(&self, dt: f64, seed: &mut Seed, noise: &mut Seed) {
        let mut machine = self.machine.lock();
        machine.step(dt, seed);
        for (unit, image) in self.images.iter().enumerate() {
            let values = machine.values(unit, noise);
            image.write().refresh(self.signals[unit], &self.addresses[unit], &values);
        }
    }

    /// Tells the machine which of its signals a client has just written.
    fn written(&self, unit: usize, table: Table, touched: &Range<u16>) {
        let image = self.images[unit].read().clone();
        for (signal, address) in self.signals[unit].iter().zip(&self.addresses[unit]) {
            if signal.writable
                && signal.table == table
                && touched.contains(address)
                && let Some(value) = image.written(signal, *address)
            {
                self.machine.lock().write(unit, signal.name, value);
            }
        }
    }
}

/// What one server shows: one unit of a site as unit 1, or all of them as units 1, 2, ….
struct Face {
    site: Arc<Site>,
    only: Option<usize>,
    faults: Option<Clock>,
}

impl Face {
    fn unit(&self, unit: u8) -> Result<usize, Exception> {
        let index = match self.only {
            Some(index) => (unit == 1).then_some(index),
            None => usize::from(unit).checked_sub(1).filter(|n| *n < self.site.images.len()),
        };
        index.ok_or(Exception::GATEWAY_TARGET)
    }

    /// Whether the older meter is asked for what it does not have.
    fn is_missing(&self, unit: u8, table: Asked, touched: &Range<u16>) -> bool {
        if self.faults.is_none() || unit != OLDER_UNIT || table != Asked::Input {
            return false;
        }
        let unit = usize::from(unit) - 1;
        let signals = self.site.signals[unit].iter().zip(&self.site.addresses[unit]);
        signals.filter(|(signal, _)| signal.name == "harmonics").any(|(signal, address)| {
            touched.start < address + signal.form.registers() && touched.end > *address
        })
    }
}

/// The part of a table that was asked for.
fn part<T>(all: &[T], start: u16, count: usize) -> Result<&[T], Exception> {
    let start = usize::from(start);
    all.get(start..start + count).ok_or(Exception::ILLEGAL_ADDRESS)
}

fn part_mut<T>(all: &mut [T], start: u16, count: usize) -> Result<&mut [T], Exception> {
    let start = usize::from(start);
    all.get_mut(start..start + count).ok_or(Exception::ILLEGAL_ADDRESS)
}

fn touched(start: u16, count: usize) -> Range<u16> {
    start..start.saturating_add(u16::try_from(count).unwrap_or(u16::MAX))
}

impl Registers for Face {
    fn bits(&self, unit: u8, table: Asked, start: u16, out: &mut [bool]) -> Result<(), Exception> {
        let image = self.site.images[self.unit(unit)?].read();
        let all = if table == Asked::Coil { &image.coils } else { &image.discrete };
        out.copy_from_slice(part(all, start, out.len())?);
        Ok(())
    }

    fn registers(
        &self,
        unit: u8,
        table: Asked,
        start: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        if self.is_missing(unit, table, &touched(start, out.len())) {
            return Err(Exception::ILLEGAL_ADDRESS);
        }
        let image = self.site.images[self.unit(unit)?].read();
        let all = if table == Asked::Holding { &image.holding } else { &image.input };
        out.copy_from_slice(part(all, start, out.len())?);
        Ok(())
    }

    fn set_bits(&self, unit: u8, start: u16, values: &[bool]) -> Result<(), Exception> {
        let index = self.unit(unit)?;
        part_mut(&mut self.site.images[index].write().coils, start, values.len())?
            .copy_from_slice(values);
        self.site.written(index, Table::Coil, &touched(start, values.len()));
        Ok(())
    }

    fn set_registers(&self, unit: u8, start: u16, values: &[u16]) -> Result<(), Exception> {
        let index = self.unit(unit)?;
        part_mut(&mut self.site.images[index].write().holding, start, values.len())?
            .copy_from_slice(values);
        self.site.written(index, Table::Holding, &touched(start, values.len()));
        Ok(())
    }

    fn manner(&self, unit: u8) -> Manner {
        let second = self.faults.as_ref().map(|clock| clock.steady().as_secs());
        match second {
            Some(second)
                if unit == LOOSE_UNIT
                    && LOOSE_PLUG.contains(&(second % LOOSE_PLUG_EVERY_SECONDS)) =>
            {
                Manner::Silent
            }
            _ => Manner::Prompt,
        }
    }
}

/// Starts the plant: its physics and its servers.
///
/// # Errors
/// As the operating system says when a port cannot be had.
pub(crate) async fn start(tree: &TaskTree, clock: &Clock) -> io::Result<Addresses> {
    let (line, air, energy) =
        (Site::new(Line::new()), Site::new(Air::new()), Site::new(Energy::new()));
    let mut stations = Vec::new();
    for unit in 0..line.images.len() {
        let face = Face { site: line.clone(), only: Some(unit), faults: None };
        stations.push(serve(tree, face).await?);
    }
    let gateway = |site: &Arc<Site>, faults| Face { site: site.clone(), only: None, faults };
    let addresses = Addresses {
        line: stations,
        air: serve(tree, gateway(&air, None)).await?,
        energy: serve(tree, gateway(&energy, Some(clock.clone()))).await?,
    };
    let stop = tree.stop_token(TaskKind::Watch);
    let clock = clock.clone();
    tree.spawn(TaskKind::Watch, "demo plant", async move {
        let (mut seed, mut noise) = (Seed::new(20_261_120), Seed::new(4_711));
        let mut ticks = tokio::time::interval(STEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last = clock.steady();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let now = clock.steady();
            let dt = now.saturating_sub(last).as_secs_f64().min(1.0);
            last = now;
            for site in [&line, &air, &energy] {
                site.advance(dt, &mut seed, &mut noise);
            }
        }
    });
    Ok(addresses)
}

async fn serve(tree: &TaskTree, face: Face) -> io::Result<SocketAddr> {
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(face)).await?;
    let address = server.address();
    // The servers stop after the drivers that poll them, so that stopping looks like stopping, not like a fault.
    let stop = tree.stop_token(TaskKind::Pipeline);
    tree.spawn(TaskKind::Pipeline, format!("demo server {address}"), async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = server.serve() => {}
        }
    });
    Ok(address)
}
