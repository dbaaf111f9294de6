//! Which tag says what a machine does, which values tell most about it, and what the others are for.
//!
//! Only what an engineer wrote counts: name, type, unit, access. Values do not, so like machines are shown alike, and
//! a screen looks tomorrow as it does today.

use lineshaft_model::{DataType, TagMeta};

/// How many values an asset is known by when nobody chose them.
pub const KEY_VALUES_MAX: usize = 4;

/// What operators look at first, the most telling first.
const TELLING: [&str; 16] = [
    "oee",
    "speed",
    "rate",
    "power",
    "flow",
    "pressure",
    "temperature",
    "temp",
    "level",
    "torque",
    "current",
    "weight",
    "humidity",
    "count",
    "total",
    "energy",
];

/// Names of values that somebody sets or that never move: true, but not news.
const QUIET: [&str; 20] = [
    "setpoint", "set", "sp", "limit", "max", "min", "high", "low", "alarm", "nominal", "target",
    "offset", "scale", "id", "version", "serial", "hours", "code", "model", "number",
];

/// Names of what only ever goes up.
const COUNTING: [&str; 16] = [
    "count",
    "counter",
    "total",
    "hours",
    "energy",
    "starts",
    "stops",
    "import",
    "export",
    "cycles",
    "pieces",
    "run_time",
    "runtime",
    "odometer",
    "volume_total",
    "rejects",
];

/// Names of what says whether a machine runs, the clearest first.
const STATES: [&str; 10] =
    ["running", "run", "runs", "on", "active", "state", "status", "mode", "enabled", "operating"];

/// A switch with one of these says something else, whatever else its name has.
const NO_STATE: [&str; 12] = [
    "fault", "alarm", "error", "trip", "warning", "door", "due", "open", "service", "test",
    "bypass", "ack",
];

/// What a tag of an asset is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It says what the machine does.
    State,
    /// A measurement.
    Value,
    /// Somebody sets it.
    Setpoint,
    /// It only goes up.
    Counter,
    /// Anything else: texts, codes, contacts.
    Other,
}

impl Role {
    /// The word of it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Role::State => "state",
            Role::Value => "value",
            Role::Setpoint => "setpoint",
            Role::Counter => "counter",
            Role::Other => "other",
        }
    }
}

/// The words of a name in lower case: `motorOn_2` is `motor`, `on`, `2`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let is_new = !before.is_alphanumeric() || (before.is_lowercase() && c.is_uppercase());
        if c.is_alphanumeric() {
            match words.last_mut().filter(|_| !is_new) {
                Some(word) => word.extend(c.to_lowercase()),
                None => words.push(c.to_lowercase().collect()),
            }
        }
        before = c;
    }
    words
}

fn has(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|word| list.contains(&word.as_str()))
}

fn is_whole(data_type: DataType) -> bool {
    data_type.is_numeric() && !matches!(data_type, DataType::F32 | DataType::F64)
}

fn is_counter(meta: &TagMeta, words: &[String]) -> bool {
    let name = meta.path.name().to_lowercase();
    let is_named = has(words, &COUNTING) || COUNTING.contains(&name.as_str());
    let pieces = meta.unit.as_ref().is_some_and(|unit| unit.code().starts_with('{'));
    meta.data_type.is_numeric() && (is_named || (pieces && is_whole(meta.data_type)))
}

/// What a tag is for that is not the state.
pub(super) fn role(meta: &TagMeta) -> Role {
    let words = words(meta.path.name());
    if meta.access.can_write() {
        return Role::Setpoint;
    }
    if is_counter(meta, &words) {
        return Role::Counter;
    }
    let measures = meta.data_type.is_numeric() && meta.unit.is_some() && !has(&words, &QUIET);
    if measures { Role::Value } else { Role::Other }
}

/// How much a number tells; a larger number tells more.
fn score(meta: &TagMeta) -> i32 {
    let words = words(meta.path.name());
    let mut points = 0;
    if meta.unit.is_some() {
        points += 40;
    }
    if matches!(meta.data_type, DataType::F32 | DataType::F64) {
        points += 5;
    }
    let told = TELLING.iter().position(|telling| words.iter().any(|word| word == telling));
    if let Some(rank) = told {
        points += 30 - i32::try_from(rank).unwrap_or(30);
    }
    if has(&words, &QUIET) {
        points -= 45;
    }
    if meta.access.can_write() {
        points -= 20;
    }
    points
}

/// The most telling numbers, best first, of different units as far as there are any; of equals the first.
pub(super) fn key_values<'a, T>(
    tags: impl Iterator<Item = (T, &'a TagMeta)>,
) -> Vec<(T, &'a TagMeta)> {
    let numbers = tags.filter(|(_, meta)| meta.data_type.is_numeric() && meta.access.can_read());
    let mut ranked: Vec<(i32, T, &TagMeta)> =
        numbers.map(|(tag, meta)| (score(meta), tag, meta)).collect();
    ranked.sort_by_key(|(points, ..)| -points);
    let (mut front, mut rest): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for (_, tag, meta) in ranked {
        let unit = meta.unit.as_ref();
        let is_new = !front.iter().any(|(_, known): &(T, &TagMeta)| known.unit.as_ref() == unit);
        if front.len() >= KEY_VALUES_MAX {
            break;
        }
        if is_new {
            front.push((tag, meta));
        } else if rest.len() < KEY_VALUES_MAX {
            rest.push((tag, meta));
        }
    }
    front.extend(rest);
    front.truncate(KEY_VALUES_MAX);
    front
}

/// The tag that says whether the machine runs: a switch first, a text such as a mode otherwise.
pub(super) fn state<'a, T>(
    tags: impl Iterator<Item = (T, &'a TagMeta)>,
) -> Option<(T, &'a TagMeta)> {
    let mut best: Option<(usize, T, &TagMeta)> = None;
    for (tag, meta) in tags {
        let is_text = matches!(meta.data_type, DataType::Text(_));
        if !(meta.data_type == DataType::Bool || is_text) || !meta.access.can_read() {
            continue;
        }
        let words = words(meta.path.name());
        if has(&words, &NO_STATE) {
            continue;
        }
        let found = STATES.iter().position(|state| words.iter().any(|word| word == state));
        let Some(rank) = found else { continue };
        // What can be set says what is wanted, not what is.
        let wanted = if meta.access.can_write() { STATES.len() } else { 0 };
        let rank = rank + wanted + if is_text { STATES.len() * 2 } else { 0 };
        if best.as_ref().is_none_or(|(least, ..)| rank < *least) {
            best = Some((rank, tag, meta));
        }
    }
    best.map(|(_, tag, meta)| (tag, meta))
}

/// Whether `candidate` is the name of the set-point of the value called `value`.
pub(super) fn is_setpoint_of(candidate: &str, value: &str) -> bool {
    let rest = |candidate: &str| -> Option<String> {
        let (candidate, value) = (candidate.to_lowercase(), value.to_lowercase());
        let rest = candidate
            .strip_prefix(value.as_str())
            .or_else(|| candidate.strip_suffix(value.as_str()))?;
        Some(rest.trim_matches(|c| c == '_' || c == '-' || c == '.').to_owned())
    };
    rest(candidate).is_some_and(|rest| ["setpoint", "sp", "set", "target"].contains(&rest.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineshaft_model::{Access, TagPath, Unit};

    fn meta(line: &str) -> TagMeta {
        let mut parts = line.split(' ');
        let mut next = || parts.next().unwrap_or("");
        let (name, data_type, unit) = (next(), next(), next());
        let access = if next() == "rw" { Access::ReadWrite } else { Access::Read };
        TagMeta {
            path: TagPath::new(&format!("acme/filler/{name}")).unwrap(),
            data_type: data_type.parse().unwrap(),
            unit: (unit != "-").then(|| Unit::new(unit).unwrap()),
            access,
            step: false,
            description: String::new(),
            device: "".into(),
        }
    }

    fn metas(lines: &[&str]) -> Vec<TagMeta> {
        lines.iter().map(|line| meta(line)).collect()
    }

    fn keys(lines: &[&str]) -> String {
        let metas = metas(lines);
        let found = key_values(metas.iter().map(|meta| ((), meta)));
        found.iter().map(|(_, meta)| meta.path.name()).collect::<Vec<_>>().join(" ")
    }

    fn run(lines: &[&str]) -> Option<String> {
        let metas = metas(lines);
        state(metas.iter().map(|meta| ((), meta))).map(|(_, meta)| meta.path.name().to_owned())
    }

    const FILLER: [&str; 8] = [
        "count u32 {bottle}",
        "hours u32 h",
        "pressure f32 bar",
        "running bool -",
        "speed f32 1/min",
        "speed_setpoint f32 1/min rw",
        "state text(8) -",
        "temperature f32 Cel",
    ];

    #[test]
    fn live_values_with_units_come_before_counters_and_setpoints() {
        assert_eq!(keys(&FILLER), "speed pressure temperature count");
        assert_eq!(keys(&["hours u32 h", "a f32 bar", "b f32 bar"]), "a hours b");
    }

    #[test]
    fn a_switch_that_runs_is_the_state_and_a_text_only_without_one() {
        assert_eq!(run(&FILLER).as_deref(), Some("running"));
        assert_eq!(run(&["mode text(8) -", "state text(8) -"]).as_deref(), Some("state"));
        assert_eq!(run(&["enable bool - rw", "motor_on bool -"]).as_deref(), Some("motor_on"));
        assert_eq!(run(&["motorRunning bool -", "on bool -"]).as_deref(), Some("motorRunning"));
        assert_eq!(run(&["fault_active bool -", "drain_open bool -", "speed f32 -"]), None);
    }

    #[test]
    fn what_can_be_set_says_what_is_wanted_and_not_what_is() {
        assert_eq!(run(&["run bool - rw", "state text(8) -"]).as_deref(), Some("run"));
        assert_eq!(run(&["run bool - rw", "active bool -"]).as_deref(), Some("active"));
    }

    #[test]
    fn each_tag_is_for_something() {
        for (line, expect) in [
            ("speed f32 1/min", Role::Value),
            ("speed_setpoint f32 1/min rw", Role::Setpoint),
            ("enable bool - rw", Role::Setpoint),
            ("good_count u32 {bottle}", Role::Counter),
            ("running_hours u32 h", Role::Counter),
            ("energy_import f64 kW.h", Role::Counter),
            ("run_time u32 s", Role::Counter),
            ("fault_code u16 -", Role::Other),
            ("model text(16) -", Role::Other),
            ("door_open bool -", Role::Other),
        ] {
            assert_eq!(role(&meta(line)), expect, "{line}");
        }
    }

    #[test]
    fn a_setpoint_is_known_by_the_name_of_its_value() {
        for (candidate, value, is) in [
            ("speed_setpoint", "speed", true),
            ("sp_speed", "speed", true),
            ("SpeedSP", "speed", true),
            ("speed-set", "speed", true),
            ("speed_max", "speed", false),
            ("speed", "speed", false),
            ("overspeed_sp", "speed", false),
        ] {
            assert_eq!(is_setpoint_of(candidate, value), is, "{candidate} {value}");
        }
    }
}
