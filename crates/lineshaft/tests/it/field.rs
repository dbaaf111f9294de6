//! Simulated devices, served over real Modbus TCP from inside the test.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use lineshaft_drivers::modbus::server::{Manner, Registers, Server};
use lineshaft_drivers::modbus::{Exception, Table};
use parking_lot::Mutex;
use tokio::net::TcpSocket;

use crate::harness::{SOON, eventually};

/// Keys of a device that is polled fast, and whose timeout no busy machine reaches.
pub(crate) const FAST: &str = "period = \"20ms\"\ntimeout = \"20s\"";

/// A tag table of `count` counters `c0`, `c1`, … and one set-point that can be written.
pub(crate) fn counter_table(count: usize) -> String {
    let mut table = String::from("tag,address,type,access\nsetpoint,hr:0,u32,read-write\n");
    for n in 0..count {
        let _ = writeln!(table, "c{n},ir:{},u32,read", 2 * n);
    }
    table
}

/// Runs simulated devices inside the test. One thread, so that a device that was stopped does nothing more.
pub(crate) struct Field(tokio::runtime::Runtime);

/// A simulated device. Its port stays its own while it is switched off.
pub(crate) struct Device {
    pub(crate) address: SocketAddr,
    registers: Arc<dyn Registers>,
    serving: Option<tokio::task::JoinHandle<()>>,
    /// Bound and not listening: so nobody else gets the port, and who connects is refused.
    _port: TcpSocket,
}

impl Field {
    pub(crate) fn new() -> Field {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Field(builder.worker_threads(1).enable_all().build().unwrap())
    }

    /// A device that is switched on.
    pub(crate) fn device(&self, registers: Arc<dyn Registers>) -> Device {
        let _inside = self.0.enter();
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = port.local_addr().unwrap();
        let mut device = Device { address, registers, serving: None, _port: port };
        self.switch_on(&mut device);
        device
    }

    pub(crate) fn switch_on(&self, device: &mut Device) {
        // A process that another test starts right now holds all sockets of this one for a moment, until it is itself.
        let server = eventually(SOON, "its port is free", || {
            self.0.block_on(Server::bind(device.address, device.registers.clone())).ok()
        });
        device.serving = Some(self.0.spawn(server.serve()));
    }

    /// Switches a device off; when this returns it has answered its last request.
    pub(crate) fn switch_off(&self, device: &mut Device) {
        if let Some(serving) = device.serving.take() {
            serving.abort();
            let _cancelled = self.0.block_on(serving);
        }
    }
}

/// Registers that count: each read of an input register pair answers one more than the read before.
///
/// The holding registers keep what is written, and every value written to `hr:0` is noted.
pub(crate) struct Counters {
    counts: Vec<Mutex<Vec<u32>>>,
    holding: Mutex<[u16; 16]>,
    written: Mutex<Vec<u32>>,
    manner: Mutex<Manner>,
}

impl Counters {
    /// Units 1 to `units`, each with `pairs` counters.
    pub(crate) fn new(units: usize, pairs: usize) -> Arc<Counters> {
        Arc::new(Counters {
            counts: (0..units).map(|_| Mutex::new(vec![0; pairs])).collect(),
            holding: Mutex::default(),
            written: Mutex::default(),
            manner: Mutex::default(),
        })
    }

    /// How far the counters of a unit are.
    pub(crate) fn counts(&self, unit: usize) -> Vec<u32> {
        self.counts[unit - 1].lock().clone()
    }

    /// How all units treat requests from now on.
    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock() = manner;
    }

    /// What was written to `hr:0`, in order.
    pub(crate) fn written(&self) -> Vec<u32> {
        self.written.lock().clone()
    }
}

impl Registers for Counters {
    fn bits(&self, _: u8, _: Table, _: u16, _: &mut [bool]) -> Result<(), Exception> {
        Err(Exception::ILLEGAL_ADDRESS)
    }

    fn registers(
        &self,
        unit: u8,
        table: Table,
        start: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        let start = usize::from(start);
        if table == Table::Holding {
            let holding = self.holding.lock();
            let asked = holding.get(start..start + out.len()).ok_or(Exception::ILLEGAL_ADDRESS)?;
            out.copy_from_slice(asked);
            return Ok(());
        }
        let unit = usize::from(unit).checked_sub(1).and_then(|index| self.counts.get(index));
        let mut counts = unit.ok_or(Exception::GATEWAY_TARGET)?.lock();
        let pairs = start / 2..(start + out.len()) / 2;
        let asked = counts
            .get_mut(pairs)
            .filter(|_| start.is_multiple_of(2) && out.len().is_multiple_of(2));
        for (count, pair) in
            asked.ok_or(Exception::ILLEGAL_ADDRESS)?.iter_mut().zip(out.chunks_mut(2))
        {
            *count += 1;
            let [a, b, c, d] = count.to_be_bytes();
            pair.copy_from_slice(&[u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
        }
        Ok(())
    }

    fn set_bits(&self, _: u8, _: u16, _: &[bool]) -> Result<(), Exception> {
        Err(Exception::ILLEGAL_ADDRESS)
    }

    fn set_registers(&self, _: u8, start: u16, values: &[u16]) -> Result<(), Exception> {
        let start = usize::from(start);
        let mut holding = self.holding.lock();
        let into =
            holding.get_mut(start..start + values.len()).ok_or(Exception::ILLEGAL_ADDRESS)?;
        into.copy_from_slice(values);
        if start == 0 {
            self.written.lock().push(u32::from(holding[0]) << 16 | u32::from(holding[1]));
        }
        Ok(())
    }

    fn manner(&self, _: u8) -> Manner {
        *self.manner.lock()
    }
}
