//! Writes one point and reads it back.

use std::time::Duration;

use lineshaft_contract::{ConfigErrors, DriverError, PointSpec};
use lineshaft_model::Value;

use super::config::{Config, PartWrite, WriteFunction};
use super::decode::{self, Change};
use super::link::{Patience, Reply};
use super::point::Point;
use super::wire::{Exception, Request, Table};
use super::{Modbus, UnitSet};

/// How far a write came.
enum Outcome {
    Done,
    Refused(Exception),
}

/// Writes `value` to `spec` and answers what the device has then; `None` where it cannot be read back: a
/// broadcast, a point of access `write`, a device that is still at it or refuses the read.
pub(super) async fn write(
    modbus: &mut Modbus,
    config: &Config,
    spec: &PointSpec,
    value: &Value,
    limit: Duration,
) -> Result<Option<Value>, DriverError> {
    let mut mistakes = ConfigErrors::default();
    let Some(point) = Point::check(config, 0, spec, &mut mistakes) else {
        return Err(DriverError::ReadOnly { why: mistakes.to_string() });
    };
    if !spec.access.can_write() || !point.table.is_writable() {
        let why = format!("{} of {} is for reading only", spec.name, spec.address);
        return Err(DriverError::ReadOnly { why });
    }
    let refused = |modbus: &Modbus, what: String| {
        Err(DriverError::Refused { party: modbus.link.party(config.unit), what })
    };
    let change = match decode::change(&point, value, config.text) {
        Ok(change) => change,
        Err(unfit) => {
            return Err(DriverError::Refused { party: spec.name.clone(), what: unfit.to_string() });
        }
    };
    let patience = Patience::of(limit);
    let mut writer = Writer { modbus, config, patience };
    match writer.apply(&point, change).await? {
        Outcome::Done => {}
        // Accepted, and busy with it [MB §7]: there is nothing to read back yet.
        Outcome::Refused(Exception::ACKNOWLEDGE) => return Ok(None),
        // The unit may have got it and only its answer is missing: not refused, but unknown.
        Outcome::Refused(Exception::GATEWAY_TARGET) => {
            return Err(DriverError::Timeout { party: modbus.link.party(config.unit), limit });
        }
        Outcome::Refused(why) => return refused(modbus, why.to_string()),
    }
    if !spec.access.can_read() || modbus.link.is_broadcast(config.unit) {
        return Ok(None);
    }
    // The device has confirmed the write: when the line breaks now, the write is done all the same, and the
    // next request finds the link closed.
    Ok(read_back(modbus, config, &point, patience).await.unwrap_or(None))
}

async fn read_back(
    modbus: &mut Modbus,
    config: &Config,
    point: &Point,
    patience: Patience,
) -> Result<Option<Value>, DriverError> {
    let request = Request::Read { table: point.table, start: point.start, count: point.count };
    Ok(match modbus.link.ask(config.unit, &request, config.pause, patience).await? {
        Reply::Cells(cells) => Some(decode::value(point, 0, cells, config.text).0),
        Reply::Exception(_) => None,
    })
}

struct Writer<'a> {
    modbus: &'a mut Modbus,
    config: &'a Config,
    patience: Patience,
}

impl Writer<'_> {
    async fn apply(&mut self, point: &Point, change: Change) -> Result<Outcome, DriverError> {
        let multiple = self.config.write_function == WriteFunction::Multiple;
        match change {
            Change::Coil(on) if multiple => {
                self.send(&Request::WriteCoils { start: point.start, on: &[on] }).await
            }
            Change::Coil(on) => self.send(&Request::WriteCoil { at: point.start, on }).await,
            Change::Registers(words) => self.registers(point.start, &words).await,
            Change::Part { and, or } => self.part(point.start, and, or).await,
        }
    }

    async fn registers(&mut self, start: u16, words: &[u16]) -> Result<Outcome, DriverError> {
        let one_by_one = match self.config.write_function {
            WriteFunction::Auto => words.len() == 1,
            WriteFunction::Single => true,
            WriteFunction::Multiple => false,
        };
        if !one_by_one {
            return self.send(&Request::WriteRegisters { start, words }).await;
        }
        for (at, word) in (start..=u16::MAX).zip(words) {
            let outcome = self.send(&Request::WriteRegister { at, word: *word }).await?;
            match outcome {
                Outcome::Done => {}
                Outcome::Refused(_) if at == start => return Ok(outcome),
                Outcome::Refused(why) => {
                    let (done, all) = (at - start, words.len());
                    let what = format!("{why}, with {done} of {all} registers written already");
                    let party = self.modbus.link.party(self.config.unit);
                    return Err(DriverError::Refused { party, what });
                }
            }
        }
        Ok(Outcome::Done)
    }

    async fn part(&mut self, at: u16, and: u16, or: u16) -> Result<Outcome, DriverError> {
        let (config, unit) = (self.config, self.config.unit);
        let without: &UnitSet = &self.modbus.without_mask;
        let mask = match config.part_write {
            PartWrite::Auto => !without.contains(unit),
            PartWrite::Mask => true,
            PartWrite::ReadModifyWrite => false,
        };
        if mask {
            let outcome = self.send(&Request::Mask { at, and, or }).await?;
            let auto = config.part_write == PartWrite::Auto;
            if !auto || !matches!(outcome, Outcome::Refused(Exception::ILLEGAL_FUNCTION)) {
                return Ok(outcome);
            }
            self.modbus.without_mask.insert(unit);
        }
        if self.modbus.link.is_broadcast(unit) {
            return Ok(Outcome::Refused(Exception::ILLEGAL_FUNCTION)); // there is no one to read from
        }
        let read = Request::Read { table: Table::Holding, start: at, count: 1 };
        let old = match self.modbus.link.ask(unit, &read, config.pause, self.patience).await? {
            Reply::Cells(&[high, low]) => u16::from_be_bytes([high, low]),
            Reply::Cells(_) => return Ok(Outcome::Refused(Exception::ILLEGAL_VALUE)),
            Reply::Exception(why) => return Ok(Outcome::Refused(why)),
        };
        self.registers(at, &[old & and | or]).await
    }

    async fn send(&mut self, request: &Request<'_>) -> Result<Outcome, DriverError> {
        let (config, patience) = (self.config, self.patience);
        Ok(match self.modbus.link.ask(config.unit, request, config.pause, patience).await? {
            Reply::Cells(_) => Outcome::Done,
            Reply::Exception(why) => Outcome::Refused(why),
        })
    }
}
