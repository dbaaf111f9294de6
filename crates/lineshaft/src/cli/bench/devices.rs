//! Simulated Modbus devices for the benchmarks: every register pair holds the time of day in milliseconds,
//! so that whoever reads a value knows how old it is.

use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;

use lineshaft_drivers::modbus::server::{Registers, Server};
use lineshaft_drivers::modbus::{Exception, Table};
use lineshaft_runtime::{Clock, TaskKind, TaskTree};
use parking_lot::RwLock;

/// Milliseconds since 1970, cut to 32 bits: what the devices hold.
pub(super) fn stamp(clock: &Clock) -> u32 {
    u32::try_from(clock.now().millis() & 0xffff_ffff).unwrap_or(0)
}

struct TimeRegisters {
    clock: Clock,
    holding: RwLock<Vec<u16>>,
}

impl Registers for TimeRegisters {
    fn bits(&self, _: u8, _: Table, _: u16, _: &mut [bool]) -> Result<(), Exception> {
        Err(Exception::ILLEGAL_ADDRESS)
    }

    fn registers(&self, _: u8, table: Table, start: u16, out: &mut [u16]) -> Result<(), Exception> {
        if table == Table::Holding {
            let start = usize::from(start);
            let holding = self.holding.read();
            out.copy_from_slice(
                holding.get(start..start + out.len()).ok_or(Exception::ILLEGAL_ADDRESS)?,
            );
            return Ok(());
        }
        let stamp = stamp(&self.clock).to_be_bytes();
        let halves =
            [u16::from_be_bytes([stamp[0], stamp[1]]), u16::from_be_bytes([stamp[2], stamp[3]])];
        for (n, word) in out.iter_mut().enumerate() {
            *word = halves[(usize::from(start) + n) % 2];
        }
        Ok(())
    }

    fn set_bits(&self, _: u8, _: u16, _: &[bool]) -> Result<(), Exception> {
        Err(Exception::ILLEGAL_ADDRESS)
    }

    fn set_registers(&self, _: u8, start: u16, values: &[u16]) -> Result<(), Exception> {
        let start = usize::from(start);
        let mut holding = self.holding.write();
        let part =
            holding.get_mut(start..start + values.len()).ok_or(Exception::ILLEGAL_ADDRESS)?;
        part.copy_from_slice(values);
        Ok(())
    }
}

/// Serves `count` devices, prints their ports, and ends when standard input closes.
pub(super) fn serve(count: u16) -> ExitCode {
    crate::cli::run::on_executor(async move {
        let (tree, clock) = (TaskTree::new(), Clock::real());
        for _ in 0..count {
            let registers =
                TimeRegisters { clock: clock.clone(), holding: RwLock::new(vec![0; 65_536]) };
            let server =
                match Server::bind((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(registers)).await {
                    Ok(server) => server,
                    Err(error) => {
                        complain!("error cannot bind a simulated device: {error}");
                        return ExitCode::FAILURE;
                    }
                };
            say!("{}", server.address());
            tree.spawn(TaskKind::DriverRun, "device", server.serve());
        }
        say!("ready");
        let _ = std::io::stdout().flush();
        let closed = tokio::task::spawn_blocking(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
        });
        let _ = closed.await;
        ExitCode::SUCCESS
    })
}
