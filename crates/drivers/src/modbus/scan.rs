//! Finds out which cells a device has by asking for them: whole blocks first, halves where one is refused.
//!
//! - A device that refuses one cell of a block refuses the block, and does not say which cell it meant. So behind a
//!   refusal the first refused cell is found by halving, and behind that cell the scan goes on pair by pair (some meters
//!   take whole 32-bit values only, so a lone register is no proof) until something answers again, and then with whole blocks.
//! - Nothing is kept between two parts but the cursor: [`Place`] is all there is to know.
//! - Many devices answer zeros for cells they do not have: a long run of zeros is said to be just that.

use std::fmt;
use std::time::Duration;

use lineshaft_contract::{BrowseAsk, BrowseError, Browsed, DriverError, Found};
use lineshaft_model::{Quality, Reason, Value};
use serde_json::json;
use tokio::time::Instant;

use super::config::{Config, Counting};
use super::explore::is_about_the_way;
use super::link::{Link, Patience, Reply};
use super::scan_options::Options;
use super::scan_words::describe;
use super::wire::{Exception, Request, Table};

/// Requests in a row without an answer after which the rest of a table is left out.
const SILENT_MAX: u8 = 3;
/// How long a unit may take to answer when units are searched: those that are not there cost all of it.
const SEARCH_LIMIT: Duration = Duration::from_millis(300);
/// Times in a row that a device may be busy before the rest of a table is left out.
const BUSY_MAX: u8 = 50;
/// Pause before a device that is busy is asked again.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// Where a scan is. The cursor is these numbers with points between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Index into the units.
    unit: usize,
    /// Index into the tables.
    table: usize,
    /// The next cell on the wire.
    at: u32,
    /// One past a block that was refused and whose refused cell is not found yet; 0 when there is none.
    refused_end: u32,
    /// The largest block that is worth asking for.
    block: u16,
    /// Whether the cell before this one was refused.
    in_hole: bool,
    /// Requests in a row without an answer.
    silent: u8,
    /// Requests in a row for which it was busy.
    busy: u8,
}

impl Place {
    fn start(options: &Options) -> Place {
        let at = options.first;
        Place {
            unit: 0,
            table: 0,
            at,
            refused_end: 0,
            block: u16::MAX,
            in_hole: false,
            silent: 0,
            busy: 0,
        }
    }

    /// Reads a cursor that an earlier part gave.
    fn parse(text: &str, options: &Options) -> Option<Place> {
        let mut numbers = text.split('.').map(str::parse::<u32>);
        let mut next = || numbers.next()?.ok();
        let place = Place {
            unit: usize::try_from(next()?).ok()?,
            table: usize::try_from(next()?).ok()?,
            at: next()?,
            refused_end: next()?,
            block: u16::try_from(next()?).ok()?,
            in_hole: next()? == 1,
            silent: u8::try_from(next()?).ok()?,
            busy: u8::try_from(next()?).ok()?,
        };
        let known = place.unit < options.units.len() && place.table < options.tables.len();
        let inside = (options.first..=options.end).contains(&place.at);
        let told = place.block > 0 && place.refused_end <= 65_536;
        let patient = place.silent < SILENT_MAX && place.busy < BUSY_MAX;
        (known && inside && told && patient).then_some(place)
    }

    /// How many cells to ask for.
    fn size(&self, table: Table, left: u32) -> u16 {
        let pairs = !table.is_bits();
        let even = |size: u32| if pairs && size > 1 { size & !1 } else { size };
        let wanted = if self.in_hole {
            let is_pair = pairs && self.at.is_multiple_of(2) && self.refused_end <= self.at;
            if is_pair { 2 } else { 1 }
        } else if self.refused_end > self.at {
            even(((self.refused_end - self.at) / 2).max(1))
        } else {
            even(self.block.into())
        };
        u16::try_from(wanted.min(u32::from(self.block)).min(left).max(1)).unwrap_or(1)
    }

    /// The device has these cells.
    fn took(&mut self, size: u16) {
        self.at += u32::from(size);
        self.in_hole = false;
        (self.silent, self.busy) = (0, 0);
        if self.refused_end != 0 && self.at >= self.refused_end {
            // All parts of a block that was refused whole: the device takes smaller blocks only.
            self.block = (self.block / 2).max(1);
            self.refused_end = 0;
        }
    }

    /// The device does not have all of these cells.
    fn refused(&mut self, size: u16) {
        if size == 1 {
            (self.at, self.refused_end, self.in_hole) = (self.at + 1, 0, true);
        } else {
            self.refused_end = self.at + u32::from(size);
        }
    }

    /// The device is busy; `false` when it was too often to ask again.
    fn is_patient(&mut self) -> bool {
        self.busy += 1;
        self.busy < BUSY_MAX
    }

    /// Goes to the next table, then the next unit; `false` behind the last.
    fn next_table(&mut self, options: &Options) -> bool {
        let unit = Place { unit: self.unit, ..Place::start(options) };
        *self = match self.table + 1 < options.tables.len() {
            true => Place { table: self.table + 1, ..unit },
            false => Place { unit: self.unit + 1, ..unit },
        };
        self.unit < options.units.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    fn done(&self, options: &Options) -> f64 {
        let (units, tables) = (options.units.len() as f64, options.tables.len() as f64);
        if options.finds_units {
            return self.unit as f64 / units;
        }
        let cells = f64::from(self.at - options.first) / f64::from(options.end - options.first);
        ((self.unit as f64 + (self.table as f64 + cells) / tables) / units).min(1.0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { unit, table, at, refused_end, block, in_hole, silent, busy } = self;
        let hole = u8::from(*in_hole);
        write!(f, "{unit}.{table}.{at}.{refused_end}.{block}.{hole}.{silent}.{busy}")
    }
}

/// One part of a scan.
pub(super) async fn browse(
    link: &mut Link,
    config: &Config,
    ask: &BrowseAsk,
) -> Result<Browsed, BrowseError> {
    let options = Options::read(config, &ask.options)?;
    let place = match &ask.after {
        Some(after) => Place::parse(after, &options).ok_or(BrowseError::Cursor)?,
        None => Place::start(&options),
    };
    let until = Instant::now() + ask.budget;
    let mut scan = Scan { link, config, ask, options, place, until, out: Browsed::default() };
    let ended = if scan.options.finds_units { scan.units().await } else { scan.cells().await };
    let ended = match ended {
        // What was found counts; the next part meets the same trouble, with nothing in its hands.
        Err(_) if !scan.out.found.is_empty() => false,
        ended => ended?,
    };
    let Scan { options, place, mut out, link, .. } = scan;
    out.is_link_spent = !link.is_open();
    (out.next, out.done) =
        if ended { (None, 1.0) } else { (Some(place.to_string()), place.done(&options)) };
    Ok(out)
}

struct Scan<'a> {
    link: &'a mut Link,
    config: &'a Config,
    ask: &'a BrowseAsk,
    options: Options,
    place: Place,
    until: Instant,
    out: Browsed,
}

/// How one request ended.
enum Told {
    Cells(Vec<u8>),
    Refused(Exception),
    /// Nobody answered; the link is spent.
    Silence(DriverError),
}

impl Scan<'_> {
    fn is_full(&self) -> bool {
        let full = self.out.found.len() >= self.ask.count_max as usize;
        full || !self.link.is_open() || Instant::now() >= self.until
    }

    async fn read(
        &mut self,
        unit: u8,
        table: Table,
        start: u16,
        count: u16,
        limit: Duration,
    ) -> Result<Told, DriverError> {
        let request = Request::Read { table, start, count };
        let asked = self.link.ask(unit, &request, self.config.pause, Patience::of(limit)).await;
        match asked {
            Ok(Reply::Cells(cells)) => Ok(Told::Cells(cells.to_vec())),
            Ok(Reply::Exception(why)) => Ok(Told::Refused(why)),
            Err(error @ DriverError::Timeout { .. }) => Ok(Told::Silence(error)),
            Err(error) => Err(error),
        }
    }

    /// Asks each unit for one register. Says whether it was the last.
    async fn units(&mut self) -> Result<bool, DriverError> {
        let limit = self.ask.limit.min(SEARCH_LIMIT);
        while let Some(unit) = self.options.units.get(self.place.unit).copied() {
            if self.is_full() {
                return Ok(false);
            }
            let told = match self.read(unit, Table::Holding, 0, 1, limit).await {
                // Some devices end the connection when they are asked for another unit.
                Err(error @ DriverError::Lost { .. }) if self.place.unit > 0 => {
                    Told::Silence(error)
                }
                told => told?,
            };
            self.place.unit += 1;
            let answers = match told {
                Told::Silence(_) => continue,
                Told::Refused(why) if is_about_the_way(why) => continue,
                Told::Refused(why) => format!("answers, without holding register 0: {why}"),
                Told::Cells(_) => "answers".into(),
            };
            self.out.found.push(Found {
                name: format!("unit_{unit}"),
                address: format!("unit {unit}"),
                data_type: None,
                description: answers,
                value: Value::Null,
                quality: Quality::GOOD,
                guesses: Vec::new(),
                settings: json!({ "unit": unit }),
            });
        }
        Ok(true)
    }

    /// Asks for the cells of all tables of all units. Says whether that was all.
    async fn cells(&mut self) -> Result<bool, DriverError> {
        loop {
            if self.place.at >= self.options.end && !self.place.next_table(&self.options) {
                return Ok(true);
            }
            if self.is_full() {
                return Ok(false);
            }
            let unit = self.options.units[self.place.unit];
            let table = self.options.tables[self.place.table];
            self.limit_block(table);
            let room =
                self.ask.count_max.saturating_sub(u32::try_from(self.out.found.len()).unwrap_or(0));
            let left = (self.options.end - self.place.at).min(room);
            let size = self.place.size(table, left);
            let start = u16::try_from(self.place.at).unwrap_or(u16::MAX);
            match self.read(unit, table, start, size, self.ask.limit).await? {
                Told::Cells(cells) => {
                    self.keep(unit, table, start, size, &cells);
                    self.place.took(size);
                }
                Told::Refused(why) => {
                    if !self.refused(unit, table, size, why).await? {
                        return Ok(true);
                    }
                }
                Told::Silence(error) => {
                    if !self.silent(unit, table, size, error)? {
                        return Ok(true);
                    }
                }
            }
        }
    }

    fn limit_block(&mut self, table: Table) {
        let most = if table.is_bits() { self.config.bits_max } else { self.config.registers_max };
        self.place.block = self.place.block.min(most);
    }

    /// `false` when nothing is left to ask.
    async fn refused(
        &mut self,
        unit: u8,
        table: Table,
        size: u16,
        why: Exception,
    ) -> Result<bool, DriverError> {
        if is_about_the_way(why) {
            if self.options.units.len() == 1 {
                let party = self.link.party(unit);
                return Err(DriverError::Refused { party, what: why.to_string() });
            }
            self.note(&format!("unit {unit} is not reached: {why}"));
            self.place.table = self.options.tables.len();
            return Ok(self.place.next_table(&self.options));
        }
        match why {
            Exception::ILLEGAL_FUNCTION => {
                self.note(&format!("unit {unit} has no {}", table.cells(2)));
                return Ok(self.place.next_table(&self.options));
            }
            Exception::BUSY | Exception::ACKNOWLEDGE => {
                if !self.place.is_patient() {
                    self.leave_out(&format!("unit {unit} stays busy"), table);
                    return Ok(self.place.next_table(&self.options));
                }
                self.note(&format!("unit {unit} is busy"));
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            _ => {
                (self.place.silent, self.place.busy) = (0, 0);
                self.place.refused(size);
            }
        }
        Ok(true)
    }

    /// Nobody answered: some devices do not answer what they do not have. `false` when nothing is left to ask.
    fn silent(
        &mut self,
        unit: u8,
        table: Table,
        size: u16,
        error: DriverError,
    ) -> Result<bool, DriverError> {
        let first = self.place == Place { block: self.place.block, ..Place::start(&self.options) };
        if first && self.out.found.is_empty() {
            return Err(error);
        }
        let first_of_unit = Place { unit: self.place.unit, ..Place::start(&self.options) };
        if self.place == (Place { block: self.place.block, ..first_of_unit }) {
            self.note(&format!("unit {unit} does not answer"));
            self.place.table = self.options.tables.len();
            return Ok(self.place.next_table(&self.options));
        }
        (self.place.silent, self.place.busy) = (self.place.silent + 1, 0);
        self.place.refused(size);
        if self.place.silent < SILENT_MAX {
            return Ok(true);
        }
        self.leave_out(&format!("unit {unit} does not answer"), table);
        Ok(self.place.next_table(&self.options))
    }

    /// Notes why the rest of a table is left out.
    fn leave_out(&mut self, why: &str, table: Table) {
        let (cells, from) = (table.cells(2), self.place.at);
        self.note(&format!("{why} for {cells} from {from} on; the rest of the table was left out"));
    }

    fn note(&mut self, what: &str) {
        if !self.out.note.contains(what) {
            let between = if self.out.note.is_empty() { "" } else { "; " };
            self.out.note.push_str(between);
            self.out.note.push_str(what);
        }
    }

    /// Keeps the cells of an answer.
    fn keep(&mut self, unit: u8, table: Table, start: u16, count: u16, cells: &[u8]) {
        let shift = match self.config.addresses {
            Counting::FromZero => 0,
            Counting::FromOne => 1,
        };
        let other_unit = unit != self.config.unit;
        let prefix = if self.options.units.len() > 1 { format!("u{unit}_") } else { String::new() };
        let settings = if other_unit { json!({ "unit": unit }) } else { serde_json::Value::Null };
        let letters = table.letters();
        let told = describe(table, start, count, shift, cells);
        for (offset, told) in (0..u32::from(count)).zip(told) {
            let number = u32::from(start) + offset + shift;
            self.out.found.push(Found {
                name: format!("{prefix}{letters}_{number}"),
                address: format!("{letters}:{number}"),
                data_type: Some(told.data_type),
                description: told.description,
                quality: match told.value {
                    Value::Null => Quality::bad(Reason::Device),
                    _ => Quality::GOOD,
                },
                value: told.value,
                guesses: told.guesses,
                settings: settings.clone(),
            });
        }
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
