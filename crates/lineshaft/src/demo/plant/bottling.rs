//! A bottling line: four machines in a row with accumulation tables between them.
//!
//! Each machine runs at its set-point while it has bottles before it and room behind it, stops by
//! itself from time to time, and starts again after a while, so starved and blocked states travel
//! along the line as they do in a real one. The figures are those of an ordinary line: 400 bottles/min
//! nominal, 60 to 75 % of that on average over a day, a stop of some machine every two minutes.

use lineshaft_runtime::Seed;

use super::{Lag, Machine};
use crate::demo::signal::{
    Now, Signal, contact, counter, hundredths, number, real, setpoint, switch, tenths, text,
};

/// What a machine does, numbered as PackML numbers its states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Stopped = 2,
    Execute = 6,
    Aborted = 9,
    Held = 11,
    /// Suspended: nothing to work on, or no room behind.
    Suspended = 13,
}

/// How often a kind of machine fails and what it is like.
#[derive(Debug, Clone, Copy)]
struct Nature {
    name: &'static str,
    model: &'static str,
    /// Bottles per minute.
    speed: f64,
    /// Mean seconds of running between two stops.
    mean_run: f64,
    /// Mean seconds of a short stop; one that is a fault takes [`FAULT_TIMES`] as long.
    mean_stop: f64,
    /// Share of rejected bottles.
    rejects: f64,
    /// Motor power at full speed, kW.
    power: f64,
}

/// Each machine is a little faster than the one before, so that a table that filled up empties again.
const NATURES: [Nature; 4] = [
    Nature {
        name: "filler",
        model: "VF-60/15",
        speed: 400.0,
        mean_run: 480.0,
        mean_stop: 42.0,
        rejects: 0.002,
        power: 18.0,
    },
    Nature {
        name: "capper",
        model: "RC-15",
        speed: 406.0,
        mean_run: 720.0,
        mean_stop: 30.0,
        rejects: 0.004,
        power: 5.5,
    },
    Nature {
        name: "labeller",
        model: "LB-30 duo",
        speed: 410.0,
        mean_run: 360.0,
        mean_stop: 45.0,
        rejects: 0.006,
        power: 7.2,
    },
    Nature {
        name: "packer",
        model: "WP-12",
        speed: 412.0,
        mean_run: 540.0,
        mean_stop: 60.0,
        rejects: 0.0005,
        power: 11.0,
    },
];

/// How many bottles fit between two machines.
const TABLE_CAPACITY: f64 = 900.0;
/// With fewer bottles before it, or less room behind it, a machine pauses.
const PAUSE_BELOW: f64 = 5.0;
/// It goes on when there are this many again; in between it stays as it is, or it would start for every bottle.
const RESUME_FROM: f64 = 60.0;

/// A fault needs a person, who takes longer than a jam that clears itself.
const FAULT_TIMES: f64 = 4.0;
/// What a stop may be: short without a code, or a fault with its code.
const STOP_CODES: [u32; 8] = [0, 0, 0, 0, 0, 211, 305, 417];

/// One machine of the line.
#[derive(Debug)]
struct Station {
    nature: Nature,
    state: State,
    enabled: bool,
    starved: bool,
    blocked: bool,
    setpoint: f64,
    speed: Lag,
    stop_left: f64,
    good: f64,
    rejected: f64,
    run_seconds: f64,
    stops: u32,
    fault: u32,
    bearing: Lag,
    drive: Lag,
    product: Lag,
    wear: f64,
}

const STATION: [Signal; 22] = [
    number("state", "", "PackML state: 2 stopped, 6 execute, 9 aborted, 11 held, 13 suspended"),
    contact("running", "Main drive runs"),
    contact("starved", "No bottles at the infeed"),
    contact("blocked", "No room at the outfeed"),
    contact("door_open", "A guard door is open"),
    contact("fault_active", "A fault needs a person"),
    tenths("speed", "1/min", "Bottles per minute").every("250ms"),
    setpoint("speed_setpoint", "1/min", "Wanted bottles per minute"),
    switch("enable", "Machine may run"),
    counter("good_count", "{bottle}", "Good bottles since the counter was reset"),
    counter("reject_count", "{bottle}", "Rejected bottles since the counter was reset"),
    counter("run_time", "s", "Time in execute"),
    counter("stop_count", "{stop}", "Stops since start"),
    number("fault_code", "", "Code of the last fault, 0 for none"),
    tenths("motor_current", "A", "Main drive"),
    real("motor_power", "kW", "Main drive"),
    tenths("drive_temperature", "Cel", "Frequency converter heat sink").band("0.2"),
    tenths("bearing_temperature", "Cel", "Main bearing").band("0.2"),
    hundredths("vibration", "mm/s", "Main bearing, velocity RMS"),
    tenths("process_temperature", "Cel", "Product or glue, by machine").band("0.1"),
    tenths("air_pressure", "bar", "Machine air supply"),
    text("model", 16, "Type plate"),
];

/// The whole line.
#[derive(Debug)]
pub(crate) struct Line {
    stations: Vec<Station>,
    /// Bottles before each machine and behind the last; the first is the endless glass supply.
    tables: [f64; 5],
    conveyor: [Lag; 3],
}

const CONVEYOR: [Signal; 18] = [
    real("filler_to_capper/fill", "%", "Share of the accumulation table in use"),
    tenths("filler_to_capper/speed", "m/min", "Chain speed"),
    tenths("filler_to_capper/motor_current", "A", "Chain drive"),
    contact("filler_to_capper/jam", "Jam at the transfer"),
    contact("filler_to_capper/running", "Chain runs"),
    number("filler_to_capper/lubrication", "%", "Level of the lubricant tank"),
    real("capper_to_labeller/fill", "%", "Share of the accumulation table in use"),
    tenths("capper_to_labeller/speed", "m/min", "Chain speed"),
    tenths("capper_to_labeller/motor_current", "A", "Chain drive"),
    contact("capper_to_labeller/jam", "Jam at the transfer"),
    contact("capper_to_labeller/running", "Chain runs"),
    number("capper_to_labeller/lubrication", "%", "Level of the lubricant tank"),
    real("labeller_to_packer/fill", "%", "Share of the accumulation table in use"),
    tenths("labeller_to_packer/speed", "m/min", "Chain speed"),
    tenths("labeller_to_packer/motor_current", "A", "Chain drive"),
    contact("labeller_to_packer/jam", "Jam at the transfer"),
    contact("labeller_to_packer/running", "Chain runs"),
    number("labeller_to_packer/lubrication", "%", "Level of the lubricant tank"),
];

impl Line {
    pub(crate) fn new() -> Line {
        let stations = NATURES
            .iter()
            .map(|nature| Station {
                nature: *nature,
                state: State::Execute,
                enabled: true,
                starved: false,
                blocked: false,
                setpoint: nature.speed,
                speed: Lag::new(nature.speed * 0.9, 4.0),
                stop_left: 0.0,
                good: 0.0,
                rejected: 0.0,
                run_seconds: 0.0,
                stops: 0,
                fault: 0,
                bearing: Lag::new(48.0, 240.0),
                drive: Lag::new(44.0, 120.0),
                product: Lag::new(if nature.name == "labeller" { 145.0 } else { 8.0 }, 60.0),
                wear: 0.0,
            })
            .collect();
        Line {
            stations,
            tables: [f64::INFINITY, 300.0, 350.0, 300.0, 0.0],
            conveyor: [Lag::new(20.0, 3.0), Lag::new(20.0, 3.0), Lag::new(20.0, 3.0)],
        }
    }

    /// The names of its machines, in the order of the flow.
    pub(crate) fn stations() -> impl Iterator<Item = &'static str> {
        NATURES.iter().map(|nature| nature.name)
    }
}

impl Station {
    fn step(&mut self, dt: f64, before: f64, room: f64, seed: &mut Seed) -> f64 {
        let needed = |is_short| if is_short { RESUME_FROM } else { PAUSE_BELOW };
        self.starved = before < needed(self.starved);
        self.blocked = room < needed(self.blocked);
        self.stop_left = (self.stop_left - dt).max(0.0);
        if self.stop_left == 0.0 {
            self.fault = 0;
        }
        self.state = if !self.enabled {
            State::Stopped
        } else if self.stop_left > 0.0 {
            if self.fault > 0 { State::Aborted } else { State::Held }
        } else if self.starved || self.blocked {
            State::Suspended
        } else {
            State::Execute
        };
        if self.state == State::Execute && seed.chance(dt / self.nature.mean_run) {
            let code = usize::try_from(seed.below(STOP_CODES.len() as u64)).unwrap_or(0);
            self.fault = STOP_CODES[code];
            let times = if self.fault > 0 { FAULT_TIMES } else { 1.0 };
            self.stop_left = self.nature.mean_stop * times * (0.3 + 1.4 * seed.fraction());
            self.stops += 1;
        }
        let target = if self.state == State::Execute { self.setpoint } else { 0.0 };
        let speed = self.speed.follow(target, dt).max(0.0);
        let made = (speed / 60.0 * dt).min(before).min(room);
        let rejects = self.nature.rejects * (1.0 + self.wear) * (0.5 + seed.fraction());
        self.rejected += made * rejects;
        self.good += made * (1.0 - rejects);
        if self.state == State::Execute {
            self.run_seconds += dt;
            self.wear = (self.wear + dt / 36_000.0) % 1.5; // a slow drift, reset by maintenance
        }
        let load = speed / self.nature.speed;
        self.bearing.follow(24.0 + 26.0 * load + 9.0 * self.wear, dt);
        self.drive.follow(26.0 + 20.0 * load * load, dt);
        let wanted = if self.nature.name == "labeller" { 145.0 } else { 6.5 + 2.0 * (1.0 - load) };
        self.product.follow(wanted, dt);
        made
    }

    fn values(&self, noise: &mut Seed) -> [Now; STATION.len()] {
        let load = self.speed.value / self.nature.speed;
        let mut jitter = |size: f64| (noise.fraction() - 0.5) * 2.0 * size;
        let power = self.nature.power * (0.08 + 0.92 * load) + jitter(0.05);
        [
            Now::Number(f64::from(self.state as u8)),
            (self.state == State::Execute).into(),
            self.starved.into(),
            self.blocked.into(),
            (self.state == State::Held).into(),
            (self.fault > 0).into(),
            (self.speed.value + jitter(0.6)).max(0.0).into(),
            self.setpoint.into(),
            self.enabled.into(),
            self.good.floor().into(),
            self.rejected.floor().into(),
            self.run_seconds.floor().into(),
            self.stops.into(),
            self.fault.into(),
            (power * 1.9 + jitter(0.1)).max(0.0).into(),
            power.max(0.0).into(),
            (self.drive.value + jitter(0.08)).into(),
            (self.bearing.value + jitter(0.06)).into(),
            (0.4 + 1.8 * load + 1.6 * self.wear + jitter(0.12)).max(0.0).into(),
            (self.product.value + jitter(0.05)).into(),
            (6.4 - 0.5 * load + jitter(0.05)).into(),
            Now::Text(self.nature.model),
        ]
    }
}

impl Machine for Line {
    fn step(&mut self, dt: f64, seed: &mut Seed) {
        for n in 0..self.stations.len() {
            let room = if n + 1 == self.stations.len() {
                f64::INFINITY
            } else {
                TABLE_CAPACITY - self.tables[n + 1]
            };
            let made = self.stations[n].step(dt, self.tables[n], room, seed);
            self.tables[n] -= made;
            self.tables[n + 1] = (self.tables[n + 1] + made).min(TABLE_CAPACITY);
        }
        for (n, belt) in self.conveyor.iter_mut().enumerate() {
            let moving =
                self.stations[n].speed.value > 10.0 || self.stations[n + 1].speed.value > 10.0;
            belt.follow(if moving { 24.0 } else { 0.0 }, dt);
        }
    }

    fn units(&self) -> usize {
        self.stations.len() + 1
    }

    fn signals(&self, unit: usize) -> &'static [Signal] {
        if unit < self.stations.len() { &STATION } else { &CONVEYOR }
    }

    fn values(&self, unit: usize, noise: &mut Seed) -> Vec<Now> {
        if let Some(station) = self.stations.get(unit) {
            return station.values(noise).to_vec();
        }
        let mut values = Vec::with_capacity(CONVEYOR.len());
        for (n, belt) in self.conveyor.iter().enumerate() {
            let fill = self.tables[n + 1] / TABLE_CAPACITY * 100.0;
            let speed = belt.value + (noise.fraction() - 0.5) * 0.2;
            values.extend([
                Now::Number(fill),
                Now::Number(speed.max(0.0)),
                Now::Number((0.4 + speed / 24.0 * 2.6 + fill / 200.0).max(0.0)),
                Now::from(self.stations[n].fault == 305),
                Now::from(belt.value > 1.0),
                Now::Number(82.0 - self.stations[n].run_seconds / 3_600.0 % 60.0),
            ]);
        }
        values
    }

    fn write(&mut self, unit: usize, name: &str, value: f64) {
        if let Some(station) = self.stations.get_mut(unit) {
            match name {
                "speed_setpoint" => station.setpoint = value.clamp(0.0, station.nature.speed * 1.1),
                "enable" => station.enabled = value != 0.0,
                _ => {}
            }
        }
    }
}
