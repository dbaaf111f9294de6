//! Energy meters: eight behind one gateway, one of them with a loose plug.

use lineshaft_runtime::Seed;

use super::{Lag, Machine};
use crate::demo::signal::{Now, Signal, counter, swapped, tenths, text};

const METER: [Signal; 16] = [
    swapped("voltage_l1", "V", "Phase to neutral"),
    swapped("voltage_l2", "V", "Phase to neutral"),
    swapped("voltage_l3", "V", "Phase to neutral"),
    swapped("current_l1", "A", ""),
    swapped("current_l2", "A", ""),
    swapped("current_l3", "A", ""),
    swapped("power", "kW", "Active power, all phases"),
    swapped("reactive_power", "kW", "Reactive power, all phases (kvar)"),
    swapped("apparent_power", "kW", "Apparent power, all phases (kVA)"),
    swapped("power_factor", "1", "Active over apparent power"),
    swapped("frequency", "Hz", "Mains"),
    counter("energy_import", "kW.h", "Since it was installed"),
    counter("energy_export", "kW.h", "Since it was installed"),
    tenths("temperature", "Cel", "Inside the meter").band("0.2"),
    swapped("harmonics", "%", "Total harmonic distortion of the current"),
    text("serial", 12, "Serial number"),
];

/// What hangs behind each meter: name, kW at rest, kW at work, serial number.
const LOADS: [(&str, f64, f64, &str); 8] = [
    ("main-supply", 60.0, 320.0, "EM-204101"),
    ("bottling", 12.0, 62.0, "EM-204102"),
    ("air-station", 20.0, 130.0, "EM-204103"),
    ("chillers", 25.0, 85.0, "EM-204104"),
    ("boiler-house", 4.0, 22.0, "EM-204105"),
    ("lighting", 2.0, 14.0, "EM-204106"),
    ("workshop", 0.4, 9.0, "EM-204107"),
    ("offices", 1.2, 11.0, "EM-204108"),
];

#[derive(Debug)]
struct Meter {
    power: Lag,
    target: f64,
    factor: f64,
    energy: f64,
}

/// All meters.
#[derive(Debug)]
pub(crate) struct Energy {
    meters: Vec<Meter>,
    frequency: f64,
}

impl Energy {
    pub(crate) fn new() -> Energy {
        let meters = (0_u32..)
            .zip(LOADS)
            .map(|(n, (_, rest, work, _))| Meter {
                power: Lag::new((rest + work) / 2.0, 15.0),
                target: (rest + work) / 2.0,
                factor: 0.86 + 0.015 * f64::from(n),
                energy: 80_000.0 + 35_000.0 * f64::from(n),
            })
            .collect();
        Energy { meters, frequency: 50.0 }
    }

    /// The names of the meters.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        LOADS.iter().map(|(name, ..)| *name)
    }
}

impl Machine for Energy {
    fn step(&mut self, dt: f64, seed: &mut Seed) {
        self.frequency += (50.0 - self.frequency) * dt / 20.0 + (seed.fraction() - 0.5) * 0.01 * dt;
        for (meter, (_, rest, work, _)) in self.meters.iter_mut().zip(LOADS) {
            if seed.chance(dt / 30.0) {
                meter.target = rest + (work - rest) * seed.fraction();
            }
            let power = meter.power.follow(meter.target, dt);
            meter.energy += power * dt / 3600.0;
        }
    }

    fn units(&self) -> usize {
        self.meters.len()
    }

    fn signals(&self, _unit: usize) -> &'static [Signal] {
        &METER
    }

    fn values(&self, unit: usize, noise: &mut Seed) -> Vec<Now> {
        let meter = &self.meters[unit];
        let mut jitter = |size: f64| (noise.fraction() - 0.5) * 2.0 * size;
        let power = (meter.power.value * (1.0 + jitter(0.004))).max(0.0);
        let apparent = power / meter.factor;
        let reactive = (apparent * apparent - power * power).max(0.0).sqrt();
        let volts = [230.4 + jitter(0.8), 231.1 + jitter(0.8), 229.7 + jitter(0.8)];
        let mut values: Vec<Now> = volts.iter().map(|v| Now::Number(*v)).collect();
        for (volt, share) in volts.iter().zip([0.34, 0.32, 0.34]) {
            values.push(Now::Number(apparent * 1000.0 * share / volt));
        }
        values.extend([
            Now::Number(power),
            Now::Number(reactive),
            Now::Number(apparent),
            Now::Number(meter.factor + jitter(0.002)),
            Now::Number(self.frequency),
            Now::Number(meter.energy.floor()),
            Now::Number(0.0),
            Now::Number(31.0 + power * 0.02 + jitter(0.05)),
            Now::Number(4.0 + 3.0 * (1.0 - meter.factor) * 10.0 + jitter(0.3)),
            Now::Text(LOADS[unit].3),
        ]);
        values
    }

    fn write(&mut self, _unit: usize, _name: &str, _value: f64) {}
}
