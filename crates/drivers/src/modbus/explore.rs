//! What people may ask of a link before anything is polled: does somebody answer, and what to do when not.

use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{
    Addressing, Advice, BrowseAsk, BrowseError, BrowseKind, Browsed, Card, DriverError,
    EndpointCard, Explore, Exploring, PointSpec, Tracer, Trouble,
};

use super::config::{Config, Counting};
use super::link::{Patience, Reply};
use super::wire::{Exception, Request, Table};
use super::{Modbus, address, scan};

/// What a form needs to know.
pub(super) const CARD: Card = Card {
    title: "Modbus",
    endpoints: &[
        EndpointCard {
            scheme: "tcp",
            example: "tcp://192.168.0.17:502",
            about: "Modbus TCP: the usual way on Ethernet. The port is 502 unless the device says otherwise.",
        },
        EndpointCard {
            scheme: "serial",
            example: "serial:///dev/ttyS0?baud=19200&parity=even",
            about: "Modbus RTU on a serial port of this machine. Options: baud, parity (none, even, odd), data (7, 8), stop (1, 2); without them 19200, even, 8, 1.",
        },
        EndpointCard {
            scheme: "rtu+tcp",
            example: "rtu+tcp://192.168.0.20:4001",
            about: "RTU frames in a TCP stream: a serial gateway in its transparent mode.",
        },
    ],
    types: &[
        "bool",
        "i8",
        "u8",
        "i16",
        "u16",
        "i32",
        "u32",
        "i64",
        "u64",
        "f32",
        "f64",
        "i32:CDAB",
        "u32:CDAB",
        "f32:CDAB",
        "f32:BADC",
        "f32:DCBA",
        "f64:GHEFCDAB",
        "text(16)",
        "bytes(16)",
    ],
    address: Addressing {
        examples: &["hr:100", "ir:0", "co:3", "di:0", "hr:10.3", "40101"],
        about: "`co:` coils, `di:` discrete inputs, `ir:` input registers, `hr:` holding registers, counted from 0 (or from 1, with `addresses = \"from-one\"`); one bit of a register is `hr:10.3`; classic numbers such as 40101 count from 1.",
    },
    browse: Some(BrowseKind::Scan),
};

/// The cheapest question: a device that does not have it says so, and that is an answer.
const CHEAPEST: Request<'static> = Request::Read { table: Table::Holding, start: 0, count: 1 };

impl Explore<Config> for Modbus {
    fn probe<'a>(
        &'a mut self,
        config: &'a Config,
        limit: Duration,
    ) -> Exploring<'a, Result<String, DriverError>> {
        Box::pin(async move {
            let unit = config.unit;
            if self.link.is_broadcast(unit) {
                let what = "unit 0 is everybody on a serial line, and nobody answers".into();
                return Err(DriverError::Refused { party: self.link.party(unit), what });
            }
            let party = self.link.party(unit);
            match self.link.ask(unit, &CHEAPEST, config.pause, Patience::of(limit)).await? {
                Reply::Cells(_) => Ok(format!("unit {unit} answers")),
                Reply::Exception(why) if is_about_the_way(why) => {
                    Err(DriverError::Refused { party, what: why.to_string() })
                }
                Reply::Exception(why) => {
                    Ok(format!("unit {unit} answers: it has no holding register 0 ({why})"))
                }
            }
        })
    }

    fn browse<'a>(
        &'a mut self,
        config: &'a Config,
        ask: &'a BrowseAsk,
    ) -> Exploring<'a, Result<Browsed, BrowseError>> {
        Box::pin(scan::browse(&mut self.link, config, ask))
    }

    fn trace(&mut self, to: Option<Arc<dyn Tracer>>) {
        self.link.trace(to);
    }

    fn advice(&self, config: &Config, trouble: &Trouble<'_>) -> Option<Advice> {
        match (trouble, self.link.refusal()) {
            (Trouble::Refused(point), Some(why)) => {
                Some(Advice { what: why.to_string(), remedy: about_refusal(config, point, why) })
            }
            (Trouble::Refused(_), None) => None,
            (Trouble::Failed(DriverError::Refused { what, .. }), Some(why)) => {
                Some(Advice { what: what.clone(), remedy: about_gateway(config.unit, why) })
            }
            (Trouble::Failed(error), _) => {
                let remedy = about_failure(config.unit, &self.link.endpoint().scheme, error)?;
                Some(Advice { what: error.to_string(), remedy })
            }
        }
    }
}

/// Whether a gateway says that the unit itself was not reached.
pub(super) fn is_about_the_way(why: Exception) -> bool {
    matches!(why, Exception::GATEWAY_PATH | Exception::GATEWAY_TARGET)
}

fn about_failure(unit: u8, scheme: &str, error: &DriverError) -> Option<String> {
    Some(match error {
        DriverError::Timeout { .. } if scheme == "serial" => format!(
            "check the unit identifier ({unit}) and the line: baud rate, parity and stop bits as in the device, A and B \
             not swapped, the line terminated; then try a longer `timeout`"
        ),
        DriverError::Timeout { .. } if scheme == "rtu+tcp" => format!(
            "the port is open and nobody answers: check the unit identifier ({unit}), the serial side of the gateway \
             (baud rate, parity, wiring), and whether the gateway translates itself, which is `tcp://`"
        ),
        DriverError::Timeout { .. } => format!(
            "the port is open and nobody answers as unit {unit}: try another unit identifier (1, 255 and 0 are usual on TCP; \
             behind a gateway it is the address on the serial line), a longer `timeout`, or `rtu+tcp://` for a \
             gateway in transparent mode"
        ),
        DriverError::Lost { .. } => "the other side ends the connection: it may take one connection only (is another master \
             connected?), take them from certain addresses only, or be no Modbus device; look at its list of allowed masters"
            .into(),
        DriverError::Malformed { .. } if scheme == "tcp" => "what answers there does not speak Modbus TCP, or for another \
             unit: check the port, and try `rtu+tcp://` for a serial gateway in transparent mode"
            .into(),
        DriverError::Malformed { .. } => "what came is no Modbus RTU: check baud rate, parity and stop bits, and whether a \
             second master is on the line; a gateway that translates itself is `tcp://`"
            .into(),
        DriverError::Refused { .. } => "write the unit identifier of one device, 1 to 247".into(),
        _ => return None,
    })
}

fn about_gateway(unit: u8, why: Exception) -> String {
    match why {
        Exception::GATEWAY_PATH => format!(
            "the gateway has no way to unit {unit}: check the unit identifier and the gateway's own table of units or lines"
        ),
        _ => format!(
            "the gateway works and unit {unit} behind it does not answer: check the unit identifier, power and wiring of the \
             device, and baud rate and parity on both sides of the line"
        ),
    }
}

/// What to do about a point that the device refuses.
fn about_refusal(config: &Config, point: &PointSpec, why: Exception) -> String {
    let table = address::parse(&point.address, config.addresses).ok().map(|address| address.table);
    let sibling = match table {
        Some(Table::Holding) => "`ir:` (input registers)",
        Some(Table::Input) => "`hr:` (holding registers)",
        Some(Table::Coil) => "`di:` (discrete inputs)",
        _ => "`co:` (coils)",
    };
    match why {
        Exception::ILLEGAL_ADDRESS => {
            let counting = match config.addresses {
                Counting::FromZero => "one less, if the manual counts from 1 (or set `addresses = \"from-one\"`)",
                Counting::FromOne => "one more, if the manual counts from 0 (or set `addresses = \"from-zero\"`)",
            };
            format!(
                "the device does not have {} as {}: try {counting}, try {sibling}, and check that the type takes no more \
                 registers than there are",
                point.address, point.data_type
            )
        }
        Exception::ILLEGAL_FUNCTION => {
            format!("the device has no such table: try {sibling}, or look up in its manual which functions it has")
        }
        Exception::ILLEGAL_VALUE => "the device refuses the number of registers: set `registers_max` (or `bits_max`) as its \
             manual says, 16 or 32 for many"
            .into(),
        Exception::GATEWAY_PATH | Exception::GATEWAY_TARGET => about_gateway(config.unit, why),
        Exception::BUSY | Exception::ACKNOWLEDGE => {
            "the device is busy with something else: ask again, and with a longer period if it stays so".into()
        }
        _ => "the device itself has failed: look at its own display or diagnostics, and read its manual on this exception".into(),
    }
}
