//! A compressor station: three screw compressors on one receiver, behind one gateway.
//!
//! Consumption follows the hour and the line; the station loads and unloads its compressors between two
//! pressures, so pressure is a saw-tooth, power has steps, and oil temperature lags behind both.

use lineshaft_runtime::Seed;

use super::{Lag, Machine};
use crate::demo::signal::{
    Now, Signal, contact, counter, number, real, setpoint, switch, tenths, text,
};

const COMPRESSOR: [Signal; 20] = [
    number("state", "", "0 off, 1 idling, 2 loaded, 3 fault"),
    contact("loaded", "Delivers air"),
    contact("motor_on", "Motor runs"),
    contact("fault", "A fault needs a person"),
    contact("service_due", "Service is due"),
    switch("enable", "May run"),
    tenths("outlet_pressure", "bar", "After the separator"),
    tenths("outlet_temperature", "Cel", "Air after the cooler").band("0.2"),
    tenths("oil_temperature", "Cel", "Screw element").band("0.2"),
    tenths("oil_pressure", "bar", "Before the element"),
    tenths("inlet_vacuum", "mbar", "Behind the inlet filter"),
    real("power", "kW", "Electrical input"),
    tenths("motor_current", "A", "Phase mean"),
    tenths("motor_temperature", "Cel", "Winding").band("0.2"),
    tenths("vibration", "mm/s", "Drive end, velocity RMS"),
    real("flow", "m3/min", "Delivered, at inlet conditions"),
    counter("running_hours", "h", "Motor"),
    counter("loaded_hours", "h", "Delivering air"),
    counter("starts", "{start}", "Motor starts"),
    text("model", 16, "Type plate"),
];

const STATION: [Signal; 16] = [
    real("pressure", "bar", "Receiver").every("250ms"),
    setpoint("pressure_high", "bar", "Unload above"),
    setpoint("pressure_low", "bar", "Load below"),
    real("demand", "m3/min", "Consumption of the plant"),
    real("flow", "m3/min", "Delivered by all compressors"),
    tenths("dew_point", "Cel", "After the dryer").band("0.2"),
    tenths("dryer_temperature", "Cel", "Refrigerant evaporator").band("0.1"),
    contact("dryer_running", "Refrigeration dryer"),
    contact("dryer_fault", "Refrigeration dryer"),
    tenths("filter_drop", "mbar", "Pressure drop over the fine filter"),
    contact("drain_open", "Condensate drain"),
    tenths("room_temperature", "Cel", "Compressor room").band("0.1"),
    real("specific_power", "kW.min/m3", "Power per delivered flow"),
    real("power", "kW", "All compressors"),
    counter("energy", "kW.h", "All compressors"),
    number("compressors_loaded", "{compressor}", "How many deliver"),
];

#[derive(Debug)]
struct Compressor {
    enabled: bool,
    loaded: bool,
    motor_on: bool,
    idle_seconds: f64,
    fault_left: f64,
    flow: Lag,
    oil: Lag,
    winding: Lag,
    running_seconds: f64,
    loaded_seconds: f64,
    starts: u32,
    clogging: f64,
}

/// The station.
#[derive(Debug)]
pub(crate) struct Air {
    compressors: [Compressor; 3],
    pressure: f64,
    high: f64,
    low: f64,
    demand: Lag,
    demand_target: f64,
    dew_point: Lag,
    energy: f64,
    seconds: f64,
}

/// Flow of one loaded compressor in m³/min.
const FLOW: f64 = 9.6;
/// Power of one loaded compressor in kW; idling takes a quarter.
const POWER: f64 = 55.0;
/// Receiver volume in m³.
const RECEIVER: f64 = 6.0;

impl Air {
    pub(crate) fn new() -> Air {
        let compressor = |n: u32| Compressor {
            enabled: true,
            loaded: n == 0,
            motor_on: n < 2,
            idle_seconds: 0.0,
            fault_left: 0.0,
            flow: Lag::new(if n == 0 { FLOW } else { 0.0 }, 2.0),
            oil: Lag::new(72.0, 180.0),
            winding: Lag::new(68.0, 300.0),
            running_seconds: f64::from(14_000 + 900 * n) * 3600.0,
            loaded_seconds: f64::from(9_000 + 700 * n) * 3600.0,
            starts: 1_200 + 37 * n,
            clogging: f64::from(n) * 0.15,
        };
        Air {
            compressors: [compressor(0), compressor(1), compressor(2)],
            pressure: 7.1,
            high: 7.5,
            low: 6.8,
            demand: Lag::new(14.0, 20.0),
            demand_target: 14.0,
            dew_point: Lag::new(3.0, 90.0),
            energy: 412_000.0,
            seconds: 0.0,
        }
    }

    fn power_of(compressor: &Compressor) -> f64 {
        match (compressor.motor_on, compressor.loaded) {
            (true, true) => POWER * (0.97 + 0.05 * compressor.clogging),
            (true, false) => POWER * 0.25,
            (false, _) => 0.0,
        }
    }

    fn power(&self) -> f64 {
        self.compressors.iter().map(Air::power_of).sum()
    }

    fn flow(&self) -> f64 {
        self.compressors.iter().map(|it| it.flow.value).sum()
    }

    fn compressor_values(&self, n: usize, noise: &mut Seed) -> Vec<Now> {
        let it = &self.compressors[n];
        let mut jitter = |size: f64| (noise.fraction() - 0.5) * 2.0 * size;
        let power = (Air::power_of(it) + if it.motor_on { jitter(0.3) } else { 0.0 }).max(0.0);
        let state = match (it.fault_left > 0.0, it.motor_on, it.loaded) {
            (true, ..) => 3.0,
            (_, true, true) => 2.0,
            (_, true, false) => 1.0,
            _ => 0.0,
        };
        vec![
            Now::Number(state),
            it.loaded.into(),
            it.motor_on.into(),
            (it.fault_left > 0.0).into(),
            (it.clogging > 0.9).into(),
            it.enabled.into(),
            (self.pressure + if it.loaded { 0.25 } else { 0.0 } + jitter(0.03)).into(),
            (28.0 + it.flow.value * 0.8 + jitter(0.1)).into(),
            (it.oil.value + jitter(0.08)).into(),
            (if it.motor_on { 2.1 + jitter(0.05) } else { 0.0 }).into(),
            (12.0 + 38.0 * it.clogging * it.flow.value / FLOW + jitter(0.3)).max(0.0).into(),
            power.into(),
            (power * 1.78).into(),
            (it.winding.value + jitter(0.05)).into(),
            (if it.motor_on { 2.2 + 1.1 * it.clogging + jitter(0.2) } else { 0.0 }).into(),
            it.flow.value.into(),
            (it.running_seconds / 3600.0).floor().into(),
            (it.loaded_seconds / 3600.0).floor().into(),
            it.starts.into(),
            Now::Text(["SK-55 A", "SK-55 B", "SK-55 VSD"][n]),
        ]
    }

    fn station_values(&self, noise: &mut Seed) -> Vec<Now> {
        let mut jitter = |size: f64| (noise.fraction() - 0.5) * 2.0 * size;
        let (flow, power) = (self.flow(), self.power());
        let loaded = self.compressors.iter().filter(|it| it.loaded).count();
        vec![
            (self.pressure + jitter(0.004)).into(),
            self.high.into(),
            self.low.into(),
            self.demand.value.into(),
            flow.into(),
            (self.dew_point.value + jitter(0.05)).into(),
            (1.8 + self.dew_point.value * 0.2 + jitter(0.04)).into(),
            true.into(),
            (self.dew_point.value > 8.0).into(),
            (60.0 + 4.0 * flow + jitter(0.8)).into(),
            (self.seconds % 120.0 < 3.0).into(),
            (24.0 + power * 0.05 + jitter(0.05)).into(),
            (if flow > 1.0 { power / flow } else { 0.0 }).into(),
            power.into(),
            self.energy.floor().into(),
            Now::Number(f64::from(u8::try_from(loaded).unwrap_or(0))),
        ]
    }
}

impl Machine for Air {
    fn step(&mut self, dt: f64, seed: &mut Seed) {
        self.seconds += dt;
        if seed.chance(dt / 40.0) {
            self.demand_target = 9.0 + 13.0 * seed.fraction();
        }
        let demand = self.demand.follow(self.demand_target, dt);
        self.pressure += (self.flow() - demand) / RECEIVER * dt / 60.0;
        self.pressure = self.pressure.clamp(3.0, 9.0);
        // Cascade: each compressor loads a little lower than the one before it.
        for (n, it) in (0_u8..).zip(self.compressors.iter_mut()) {
            let low = self.low - 0.15 * f64::from(n);
            let high = self.high - 0.10 * f64::from(n);
            it.fault_left = (it.fault_left - dt).max(0.0);
            if it.motor_on && seed.chance(dt / 5_400.0) {
                it.fault_left = 40.0 + 60.0 * seed.fraction();
            }
            if !it.enabled || it.fault_left > 0.0 || self.pressure > high {
                it.loaded = false;
            } else if self.pressure < low && !it.loaded {
                it.loaded = true;
                it.starts += u32::from(!it.motor_on);
                it.motor_on = true;
            }
            it.idle_seconds = if it.loaded { 0.0 } else { it.idle_seconds + dt };
            if it.idle_seconds > 180.0 || it.fault_left > 0.0 || !it.enabled {
                it.motor_on = false;
            }
            it.flow.follow(if it.loaded { FLOW * (1.0 - 0.04 * it.clogging) } else { 0.0 }, dt);
            let heat = Air::power_of(it) / POWER;
            it.oil.follow(24.0 + 58.0 * heat + 6.0 * it.clogging, dt);
            it.winding.follow(24.0 + 70.0 * heat, dt);
            if it.motor_on {
                it.running_seconds += dt;
                it.clogging = (it.clogging + dt / 86_400.0) % 1.2;
            }
            if it.loaded {
                it.loaded_seconds += dt;
            }
        }
        self.energy += self.power() * dt / 3600.0;
        let flow = self.flow();
        self.dew_point.follow(2.0 + flow * 0.12, dt);
    }

    fn units(&self) -> usize {
        4
    }

    fn signals(&self, unit: usize) -> &'static [Signal] {
        if unit == 0 { &STATION } else { &COMPRESSOR }
    }

    fn values(&self, unit: usize, noise: &mut Seed) -> Vec<Now> {
        match unit.checked_sub(1) {
            None => self.station_values(noise),
            Some(n) => self.compressor_values(n, noise),
        }
    }

    fn write(&mut self, unit: usize, name: &str, value: f64) {
        match (unit, name) {
            (0, "pressure_high") => self.high = value.clamp(5.0, 8.5),
            (0, "pressure_low") => self.low = value.clamp(4.5, self.high - 0.2),
            (n, "enable") if n > 0 => self.compressors[n - 1].enabled = value != 0.0,
            _ => {}
        }
    }
}
