//! The physics of the demo plant: what its machines do, second by second.
//!
//! Not here: Modbus (see `serve.rs`) and the tag tables (see `signal.rs`).

mod air;
mod bottling;
mod energy;

use lineshaft_runtime::Seed;

use super::signal::{Now, Signal};
pub(crate) use air::Air;
pub(crate) use bottling::Line;
pub(crate) use energy::Energy;

/// Something with one or more Modbus units.
pub(crate) trait Machine: Send {
    /// Lets `dt` seconds pass.
    fn step(&mut self, dt: f64, seed: &mut Seed);

    /// How many units it has.
    fn units(&self) -> usize;

    /// The signals of a unit.
    fn signals(&self, unit: usize) -> &'static [Signal];

    /// Their values now, with the noise of the sensors.
    fn values(&self, unit: usize, noise: &mut Seed) -> Vec<Now>;

    /// A client wrote a signal.
    fn write(&mut self, unit: usize, name: &str, value: f64);
}

/// A first-order lag: `value` follows its target with a time constant in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lag {
    pub(crate) value: f64,
    constant: f64,
}

impl Lag {
    pub(crate) const fn new(value: f64, constant: f64) -> Lag {
        Lag { value, constant }
    }

    pub(crate) fn follow(&mut self, target: f64, dt: f64) -> f64 {
        self.value += (target - self.value) * (1.0 - (-dt / self.constant).exp());
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a machine for a day and hands over each second's values of each unit.
    fn run_a_day(seed: u64, mut machine: impl Machine, mut see: impl FnMut(usize, &[Now])) {
        let (mut seed, mut noise) = (Seed::new(seed), Seed::new(2));
        for _second in 0..86_400 {
            machine.step(1.0, &mut seed);
            for unit in 0..machine.units() {
                let values = machine.values(unit, &mut noise);
                assert_eq!(values.len(), machine.signals(unit).len());
                assert!(values.iter().all(|v| !matches!(v, Now::Number(n) if !n.is_finite())));
                see(unit, &values);
            }
        }
    }

    /// 400 bottles/min with an OEE of 60 to 75 % are 350,000 to 430,000 a day.
    #[test]
    fn a_day_of_bottling_makes_bottles_and_has_stops() {
        for seed in 1..=4 {
            let (mut made, mut executing, mut changes) = (0.0, [0_u32; 4], [0_u32; 4]);
            let mut last = [Now::Number(6.0); 4];
            run_a_day(seed, Line::new(), |unit, values| {
                let Some(last) = last.get_mut(unit) else { return };
                if let (3, Now::Number(good)) = (unit, values[9]) {
                    made = good;
                }
                executing[unit] += u32::from(values[0] == Now::Number(6.0));
                changes[unit] += u32::from(values[0] != *last);
                *last = values[0];
            });
            let said = format!("seed {seed}: {made} bottles, {executing:?} s, {changes:?} changes");
            assert!((350_000.0..430_000.0).contains(&made), "{said}");
            let share = 86_400 * 65 / 100..86_400 * 85 / 100;
            assert!(executing.iter().all(|seconds| share.contains(seconds)), "{said}");
            // A machine that chatters changes its state thousands of times.
            assert!(changes.iter().all(|count| (200..900).contains(count)), "{said}");
        }
    }

    #[test]
    fn the_air_station_keeps_its_pressure() {
        let mut out_of_band = 0_u32;
        run_a_day(1, Air::new(), |unit, values| {
            if let (0, Now::Number(pressure)) = (unit, values[0]) {
                out_of_band += u32::from(!(6.0..8.2).contains(&pressure));
            }
        });
        assert!(out_of_band < 4_000, "{out_of_band} s out of band");
    }

    #[test]
    fn energy_only_rises() {
        let mut last = [0.0; 8];
        run_a_day(1, Energy::new(), |unit, values| {
            if let Now::Number(energy) = values[11] {
                assert!(energy >= last[unit]);
                last[unit] = energy;
            }
        });
    }
}
