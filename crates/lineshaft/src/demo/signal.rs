//! One definition per signal of the demo plant: the tag table and the register image both come from it.

use std::fmt::Write;

/// Which Modbus table a signal is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// `co:`
    Coil,
    /// `di:`
    Discrete,
    /// `ir:`
    Input,
    /// `hr:`
    Holding,
}

/// How a signal lies in its registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Bit,
    I16,
    U16,
    U32,
    F32,
    /// Least significant register first, as many meters do.
    F32Cdab,
    Text(u16),
}

impl Form {
    pub(crate) fn registers(self) -> u16 {
        match self {
            Form::Bit | Form::I16 | Form::U16 => 1,
            Form::U32 | Form::F32 | Form::F32Cdab => 2,
            Form::Text(bytes) => bytes.div_ceil(2),
        }
    }

    fn type_cell(self) -> String {
        match self {
            Form::Bit => "bool".into(),
            Form::I16 => "i16".into(),
            Form::U16 => "u16".into(),
            Form::U32 => "u32".into(),
            Form::F32 => "f32".into(),
            Form::F32Cdab => "f32:CDAB".into(),
            Form::Text(bytes) => format!("text({bytes})"),
        }
    }
}

/// One signal of a machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signal {
    pub(crate) name: &'static str,
    pub(crate) table: Table,
    pub(crate) form: Form,
    /// Engineering value = register × scale.
    pub(crate) scale: f64,
    pub(crate) unit: &'static str,
    pub(crate) period: &'static str,
    pub(crate) deadband: &'static str,
    pub(crate) writable: bool,
    pub(crate) description: &'static str,
}

const fn signal(
    name: &'static str,
    table: Table,
    form: Form,
    unit: &'static str,
    description: &'static str,
) -> Signal {
    Signal {
        name,
        table,
        form,
        scale: 1.0,
        unit,
        period: "",
        deadband: "",
        writable: false,
        description,
    }
}

/// A measurement in tenths, as most transmitters behind a PLC are given.
pub(crate) const fn tenths(name: &'static str, unit: &'static str, about: &'static str) -> Signal {
    let mut it = signal(name, Table::Input, Form::I16, unit, about);
    it.scale = 0.1;
    it
}

/// A measurement in hundredths.
pub(crate) const fn hundredths(
    name: &'static str,
    unit: &'static str,
    about: &'static str,
) -> Signal {
    let mut it = signal(name, Table::Input, Form::I16, unit, about);
    it.scale = 0.01;
    it
}

/// A measurement as a real number.
pub(crate) const fn real(name: &'static str, unit: &'static str, about: &'static str) -> Signal {
    signal(name, Table::Input, Form::F32, unit, about)
}

/// A measurement as a real number with its registers swapped.
pub(crate) const fn swapped(name: &'static str, unit: &'static str, about: &'static str) -> Signal {
    signal(name, Table::Input, Form::F32Cdab, unit, about)
}

/// A counter that only rises.
pub(crate) const fn counter(name: &'static str, unit: &'static str, about: &'static str) -> Signal {
    signal(name, Table::Input, Form::U32, unit, about)
}

/// A small whole number.
pub(crate) const fn number(name: &'static str, unit: &'static str, about: &'static str) -> Signal {
    signal(name, Table::Input, Form::U16, unit, about)
}

/// A contact.
pub(crate) const fn contact(name: &'static str, about: &'static str) -> Signal {
    signal(name, Table::Discrete, Form::Bit, "", about)
}

/// A set-point that may be written.
pub(crate) const fn setpoint(
    name: &'static str,
    unit: &'static str,
    about: &'static str,
) -> Signal {
    let mut it = signal(name, Table::Holding, Form::F32, unit, about);
    it.writable = true;
    it
}

/// A switch that may be written.
pub(crate) const fn switch(name: &'static str, about: &'static str) -> Signal {
    let mut it = signal(name, Table::Coil, Form::Bit, "", about);
    it.writable = true;
    it
}

/// A text that does not change by itself.
pub(crate) const fn text(name: &'static str, bytes: u16, about: &'static str) -> Signal {
    let mut it = signal(name, Table::Holding, Form::Text(bytes), "", about);
    it.period = "30s";
    it
}

impl Signal {
    /// The same, read at another period.
    pub(crate) const fn every(mut self, period: &'static str) -> Signal {
        self.period = period;
        self
    }

    /// The same with a deadband in its own unit.
    pub(crate) const fn band(mut self, deadband: &'static str) -> Signal {
        self.deadband = deadband;
        self
    }
}

/// What a signal is at this moment, in its engineering unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Now {
    Number(f64),
    Text(&'static str),
}

impl From<f64> for Now {
    fn from(number: f64) -> Now {
        Now::Number(number)
    }
}
impl From<bool> for Now {
    fn from(on: bool) -> Now {
        Now::Number(f64::from(u8::from(on)))
    }
}
impl From<u32> for Now {
    fn from(count: u32) -> Now {
        Now::Number(f64::from(count))
    }
}

/// Gives each signal the next free address of its table: the machine's register map.
pub(crate) fn addresses(signals: &[Signal]) -> Vec<u16> {
    let mut next = [0_u16; 4];
    signals
        .iter()
        .map(|signal| {
            let at = &mut next[signal.table as usize];
            let address = *at;
            *at += signal.form.registers();
            address
        })
        .collect()
}

/// The tag table of a machine, as an engineer would have written it.
pub(crate) fn tag_table(signals: &[Signal]) -> String {
    let mut csv =
        String::from("tag,address,type,unit,period,deadband,scale,offset,access,description\n");
    for (signal, address) in signals.iter().zip(addresses(signals)) {
        let table = match signal.table {
            Table::Coil => "co",
            Table::Discrete => "di",
            Table::Input => "ir",
            Table::Holding => "hr",
        };
        #[expect(clippy::float_cmp, reason = "exactly one means: not scaled")]
        let scale = if signal.scale == 1.0 { String::new() } else { signal.scale.to_string() };
        let access = if signal.writable { "read-write" } else { "read" };
        let _ = writeln!(
            csv,
            "{},{table}:{address},{},{},{},{},{scale},,{access},\"{}\"",
            signal.name,
            signal.form.type_cell(),
            signal.unit,
            signal.period,
            signal.deadband,
            signal.description,
        );
    }
    csv
}

/// The four tables of one unit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    pub(crate) coils: Vec<bool>,
    pub(crate) discrete: Vec<bool>,
    pub(crate) input: Vec<u16>,
    pub(crate) holding: Vec<u16>,
}

impl Image {
    /// Brings the registers in line with the machine.
    pub(crate) fn refresh(&mut self, signals: &[Signal], addresses: &[u16], values: &[Now]) {
        for ((signal, address), now) in signals.iter().zip(addresses).zip(values.iter().copied()) {
            let address = usize::from(*address);
            match signal.table {
                Table::Coil => put_bit(&mut self.coils, address, now),
                Table::Discrete => put_bit(&mut self.discrete, address, now),
                Table::Input => put_words(&mut self.input, address, signal, now),
                Table::Holding => put_words(&mut self.holding, address, signal, now),
            }
        }
    }

    /// Reads a signal's registers back into its engineering unit, after a client wrote them.
    pub(crate) fn written(&self, signal: &Signal, address: u16) -> Option<f64> {
        let address = usize::from(address);
        match signal.form {
            Form::Bit => self.coils.get(address).map(|on| f64::from(u8::from(*on))),
            Form::F32 => {
                let words = self.holding.get(address..address + 2)?;
                let bits = u32::from(words[0]) << 16 | u32::from(words[1]);
                Some(f64::from(f32::from_bits(bits)) * signal.scale)
            }
            Form::U16 => self.holding.get(address).map(|word| f64::from(*word) * signal.scale),
            Form::I16 | Form::U32 | Form::F32Cdab | Form::Text(_) => None,
        }
    }
}

fn put_bit(bits: &mut Vec<bool>, at: usize, now: Now) {
    if bits.len() <= at {
        bits.resize(at + 1, false);
    }
    bits[at] = matches!(now, Now::Number(number) if number != 0.0);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the register first"
)]
fn put_words(words: &mut Vec<u16>, at: usize, signal: &Signal, now: Now) {
    let width = usize::from(signal.form.registers());
    if words.len() < at + width {
        words.resize(at + width, 0);
    }
    let into = &mut words[at..at + width];
    match now {
        Now::Number(number) => {
            let raw = number / signal.scale;
            match signal.form {
                Form::Bit | Form::U16 => into[0] = raw.round().clamp(0.0, 65_535.0) as u16,
                Form::I16 => into[0] = (raw.round().clamp(-32_768.0, 32_767.0) as i16) as u16,
                Form::U32 => {
                    let count = raw.round().clamp(0.0, f64::from(u32::MAX)) as u32;
                    [into[0], into[1]] = [(count >> 16) as u16, count as u16];
                }
                Form::F32 | Form::F32Cdab => {
                    let bits = (raw as f32).to_bits();
                    [into[0], into[1]] = [(bits >> 16) as u16, bits as u16];
                    if signal.form == Form::F32Cdab {
                        into.swap(0, 1);
                    }
                }
                Form::Text(_) => {}
            }
        }
        Now::Text(text) => {
            let bytes = text.as_bytes();
            for (n, word) in into.iter_mut().enumerate() {
                let byte = |i: usize| u16::from(bytes.get(i).copied().unwrap_or(0));
                *word = byte(2 * n) << 8 | byte(2 * n + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_table_and_the_registers_agree() {
        let signals = [
            tenths("temperature", "Cel", "Bowl").band("0.2"),
            counter("bottles", "{bottle}", "Since start"),
            setpoint("speed_setpoint", "1/min", "Wanted speed"),
            switch("run", "Run command"),
        ];
        assert_eq!(
            tag_table(&signals),
            "tag,address,type,unit,period,deadband,scale,offset,access,description\n\
             temperature,ir:0,i16,Cel,,0.2,0.1,,read,\"Bowl\"\n\
             bottles,ir:1,u32,{bottle},,,,,read,\"Since start\"\n\
             speed_setpoint,hr:0,f32,1/min,,,,,read-write,\"Wanted speed\"\n\
             run,co:0,bool,,,,,,read-write,\"Run command\"\n"
        );
        let mut image = Image::default();
        let values =
            [Now::Number(21.5), Now::Number(70_000.0), Now::Number(400.0), Now::from(true)];
        image.refresh(&signals, &addresses(&signals), &values);
        assert_eq!(image.input, [215, 1, 4464]);
        assert_eq!(image.written(&signals[2], 0), Some(400.0));
        assert_eq!(image.coils, [true]);
    }
}
