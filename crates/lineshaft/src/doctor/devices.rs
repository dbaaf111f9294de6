//! The devices and their tags.

use std::collections::BTreeMap;
use std::time::Duration;

use lineshaft_contract::{DeviceState, DeviceStatus};
use lineshaft_model::Timestamp;

use super::Check;
use super::facts::{Facts, Running};
use super::finding::{Finding, count, lasting, list, percent};
use crate::plant::PlantDevice;

pub(super) const CHECKS: &[Check] = &[
    Check { name: "devices-answer", title: "Every device answers", examine: answer },
    Check { name: "devices-whole", title: "Every address is answered", examine: whole },
    Check { name: "devices-disabled", title: "No device is switched off", examine: disabled },
    Check { name: "devices-twice", title: "No device is there twice", examine: twice },
    Check { name: "devices-addresses", title: "No address is read twice", examine: addresses },
    Check {
        name: "devices-line-load",
        title: "Serial lines carry what is asked",
        examine: line_load,
    },
    Check {
        name: "devices-keep-up",
        title: "Devices answer within their period",
        examine: keep_up,
    },
    Check { name: "devices-reconnects", title: "Connections hold", examine: reconnects },
    Check { name: "devices-errors", title: "Requests succeed", examine: errors },
    Check { name: "tags-bad", title: "Tags have values", examine: tags_bad },
    Check { name: "tags-stale", title: "Tags are heard of", examine: tags_stale },
];

/// A device that connects for longer than this does not answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A share of skipped cycles from which on somebody should look.
const SKIPPED_WARN: f64 = 0.01;

/// Shares of failed requests.
const FAILED_WARN: f64 = 0.05;
const FAILED_BAD: f64 = 0.5;

/// Too little to speak of shares.
const REQUESTS_MIN: u64 = 50;

/// New connections in an hour from which on it is a storm, and how many there are at least.
const RECONNECTS_PER_HOUR: f64 = 6.0;
const RECONNECTS_MIN: u64 = 5;

/// Shares of bad tags.
const TAGS_WARN: f64 = 0.05;
const TAGS_BAD: f64 = 0.5;

fn with<'a>(facts: &'a Facts, examine: impl FnOnce(&'a Running) -> Finding) -> Finding {
    match &facts.running {
        None => Finding::skipped("no node runs"),
        Some(running) if running.devices.is_empty() => Finding::skipped("there are no devices"),
        Some(running) => examine(running),
    }
}

fn since(device: &DeviceStatus, now: Timestamp) -> Duration {
    now.checked_since(device.since).unwrap_or_default()
}

fn answer(facts: &Facts) -> Finding {
    with(facts, |running| {
        let is_silent = |device: &&DeviceStatus| match device.state {
            DeviceState::Offline => true,
            DeviceState::Connecting => since(device, facts.now) > PATIENCE,
            _ => false,
        };
        let silent: Vec<&DeviceStatus> = running.devices.iter().filter(is_silent).collect();
        let Some(first) = silent.first() else {
            let asked = running.devices.iter().filter(|d| d.state != DeviceState::Disabled);
            return Finding::ok(format!("{} asked and answering", count(asked.count(), "device")));
        };
        let names: Vec<&str> = silent.iter().map(|device| device.device.as_str()).collect();
        let longest = silent.iter().map(|device| since(device, facts.now)).max();
        let longest = lasting(longest.unwrap_or_default());
        let what = match names.as_slice() {
            [one] => format!("no answer from {one} for {longest}"),
            _ => format!("no answer from {}, for up to {longest}", list(&names)),
        };
        let fix = "open the device on the page: Test connection names the step that fails";
        match &first.last_error {
            Some(error) => Finding::bad(what, error.text.clone(), fix).code(error.code),
            None => Finding::bad(what, "the device has not answered since it was configured", fix),
        }
    })
}

fn whole(facts: &Facts) -> Finding {
    with(facts, |running| {
        let degraded: Vec<&DeviceStatus> =
            running.devices.iter().filter(|device| device.state == DeviceState::Degraded).collect();
        let Some(first) = degraded.first() else {
            return Finding::ok("no device refuses an address");
        };
        let parts: Vec<String> = degraded
            .iter()
            .map(|device| format!("{} ({} of {})", device.device, device.tags_bad, device.tags))
            .collect();
        let cause = first.last_error.as_ref().map_or_else(
            || "the device answers, and refuses some of its addresses".to_owned(),
            |error| error.text.clone(),
        );
        let fix = "compare the addresses with the device's manual; many count from one where others count from zero";
        let code = first.last_error.as_ref().map_or("LS-DRV-009", |error| error.code);
        Finding::warn(format!("tags are refused: {}", list(&parts)), cause, fix).code(code)
    })
}

fn disabled(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else {
        return Finding::skipped("the plant folder cannot be read");
    };
    let off: Vec<&str> =
        plant.devices.iter().filter(|device| !device.enabled).map(|d| d.name.as_str()).collect();
    if off.is_empty() {
        return Finding::ok("all are read");
    }
    Finding::warn(
        format!("switched off: {}", list(&off)),
        "`enabled = false` is easily forgotten after a repair; its tags stay bad until then",
        "switch it on again, or remove it from the plant folder",
    )
}

/// What stands for one device on its link, as far as every driver has it.
fn unit(device: &PlantDevice) -> String {
    let settings = &device.device.spec().settings;
    settings.get("unit").unwrap_or(settings).to_string()
}

fn twice(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else {
        return Finding::skipped("the plant folder cannot be read");
    };
    let mut seen: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for device in plant.devices.iter().filter(|device| device.enabled) {
        let key = (device.device.spec().endpoint.to_string(), unit(device));
        seen.entry(key).or_default().push(&device.name);
    }
    let twice: Vec<String> = seen
        .into_iter()
        .filter(|(_, names)| names.len() > 1)
        .map(|((endpoint, _), names)| format!("{} at {endpoint}", names.join(" and ")))
        .collect();
    if twice.is_empty() {
        return Finding::ok("each has an endpoint and a unit of its own");
    }
    Finding::warn(
        format!("the same endpoint and unit: {}", list(&twice)),
        "both ask the same device, which answers half as often; often a copied table whose `unit` was not changed",
        "give each its own `unit`, or put the tags into one device",
    )
}

fn addresses(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else {
        return Finding::skipped("the plant folder cannot be read");
    };
    let mut twice = Vec::new();
    for device in &plant.devices {
        let mut seen: BTreeMap<(&str, String), &str> = BTreeMap::new();
        for point in &device.device.spec().points {
            let key = (point.address.as_str(), format!("{:?}", point.data_type));
            if let Some(first) = seen.insert(key, &point.name) {
                twice.push(format!(
                    "{}: {first} and {} ({})",
                    device.name, point.name, point.address
                ));
            }
        }
    }
    if twice.is_empty() {
        return Finding::ok("no two tags of a device have one address");
    }
    Finding::warn(
        format!("one address, two tags: {}", list(&twice)),
        "usually a row was copied and its address forgotten: the second tag shows the value of the first",
        "correct the address in the tag table, or remove the tag",
    )
}

/// Bytes of a request and its answer beside the values, and silence between them, as characters.
const FRAME_CHARACTERS: u32 = 8 + 5 + 7;

/// Bits of a character on the line: start, eight, parity, stop.
const CHARACTER_BITS: f64 = 11.0;

/// What a device needs to answer, at least.
const TURN_AROUND: f64 = 0.005;

/// Bytes of one value: what most tags take.
const VALUE_CHARACTERS: u32 = 2;

/// A line this full has no room for a single repetition.
const LOAD_WARN: f64 = 0.8;
const LOAD_BAD: f64 = 1.0;

fn line_load(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else {
        return Finding::skipped("the plant folder cannot be read");
    };
    let mut lines: BTreeMap<String, f64> = BTreeMap::new();
    for device in plant.devices.iter().filter(|device| device.enabled) {
        let spec = device.device.spec();
        if spec.endpoint.scheme == "serial" {
            *lines.entry(spec.endpoint.to_string()).or_default() += load(device);
        }
    }
    let Some((line, load)) = lines.iter().max_by(|a, b| a.1.total_cmp(b.1)) else {
        return Finding::skipped("there are no serial lines");
    };
    let what = format!("{line} is asked for {} of what it carries", percent(*load));
    if *load < LOAD_WARN {
        return Finding::ok(what);
    }
    let cause = "at this baud rate the requests of one period take longer than the period";
    let fix = "read less often (`period`), put addresses next to each other, or raise the baud rate on both sides";
    if *load < LOAD_BAD { Finding::warn(what, cause, fix) } else { Finding::bad(what, cause, fix) }
}

/// The share of its line's time that a device needs.
fn load(device: &PlantDevice) -> f64 {
    let spec = device.device.spec();
    let baud = spec.endpoint.options.iter().find(|(name, _)| name == "baud");
    let baud = baud.and_then(|(_, value)| value.parse().ok()).unwrap_or(19_200_f64);
    let mut periods: BTreeMap<Duration, Vec<u32>> = BTreeMap::new();
    for (n, point) in (0_u32..).zip(&spec.points) {
        if point.access.can_read() {
            periods.entry(point.period).or_default().push(n);
        }
    }
    let of = |(period, points): (&Duration, &Vec<u32>)| -> f64 {
        let requests = device.device.plan(points);
        let takes = requests.iter().map(|request| {
            let values = u32::try_from(request.points.len()).unwrap_or(u32::MAX);
            let characters =
                FRAME_CHARACTERS.saturating_add(values.saturating_mul(VALUE_CHARACTERS));
            f64::from(characters) * CHARACTER_BITS / baud + TURN_AROUND
        });
        takes.sum::<f64>() / period.as_secs_f64().max(0.001)
    };
    periods.iter().map(of).sum()
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// The devices whose share is above a limit, the worst first.
fn worst(
    running: &Running,
    least: f64,
    of: impl Fn(&DeviceStatus) -> (u64, u64),
) -> Vec<(&DeviceStatus, f64)> {
    let shares = running.devices.iter().filter_map(|device| {
        let (part, all) = of(device);
        let share = share(part, all);
        (all >= REQUESTS_MIN && share >= least).then_some((device, share))
    });
    let mut shares: Vec<_> = shares.collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

fn named(worst: &[(&DeviceStatus, f64)]) -> String {
    let parts: Vec<String> = worst
        .iter()
        .map(|(device, share)| format!("{} ({})", device.device, percent(*share)))
        .collect();
    list(&parts)
}

fn keep_up(facts: &Facts) -> Finding {
    with(facts, |running| {
        let of = |device: &DeviceStatus| {
            let counters = &device.counters;
            (counters.skipped_cycles, counters.skipped_cycles + counters.requests)
        };
        let late = worst(running, SKIPPED_WARN, of);
        let Some((first, _)) = late.first() else {
            return Finding::ok("no cycle had to be skipped");
        };
        Finding::warn(
            format!("cycles are skipped: {}", named(&late)),
            format!(
                "an answer of {} takes {:.0} ms (99 of 100 within {:.0} ms), longer than the period allows",
                first.device, first.counters.round_trip_ms_p50, first.counters.round_trip_ms_p99
            ),
            "read less often (`period` of the device or the tag), or ask for fewer addresses",
        )
    })
}

fn reconnects(facts: &Facts) -> Finding {
    with(facts, |running| {
        let up = facts.now.checked_since(running.status.started).unwrap_or_default();
        let hours = (up.as_secs_f64() / 3_600.0).max(1.0 / 60.0);
        #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
        let per_hour = |device: &DeviceStatus| device.counters.reconnects as f64 / hours;
        let stormy: Vec<String> = running
            .devices
            .iter()
            .filter(|device| {
                device.counters.reconnects >= RECONNECTS_MIN
                    && per_hour(device) >= RECONNECTS_PER_HOUR
            })
            .map(|device| format!("{} ({:.0} an hour)", device.device, per_hour(device)))
            .collect();
        if stormy.is_empty() {
            return Finding::ok("no connection is opened again and again");
        }
        Finding::warn(
            format!("connections break: {}", list(&stormy)),
            "a gateway with too few connections, a second program on the device, a worn cable, or a duplicate address in the network",
            "look at the trace of the device (Devices, the device, Diagnostics) at the moment it breaks",
        )
        .code("LS-DRV-003")
    })
}

fn errors(facts: &Facts) -> Finding {
    with(facts, |running| {
        let of = |device: &DeviceStatus| (device.counters.errors, device.counters.requests);
        let mut failing = worst(running, FAILED_WARN, of);
        // One that does not answer at all, or refuses addresses, has a check of its own.
        failing.retain(|(device, _)| device.state == DeviceState::Online);
        let Some((first, share)) = failing.first() else {
            return Finding::ok("requests are answered");
        };
        let what = format!("requests fail: {}", named(&failing));
        let cause =
            first.last_error.as_ref().map_or("the device says no", |error| error.text.as_str());
        let fix = "open the device on the page; its last error names the cause";
        let finding = if *share >= FAILED_BAD {
            Finding::bad(what, cause, fix)
        } else {
            Finding::warn(what, cause, fix)
        };
        match &first.last_error {
            Some(error) => finding.code(error.code),
            None => finding,
        }
    })
}

fn tags_bad(facts: &Facts) -> Finding {
    let Some(running) = &facts.running else { return Finding::skipped("no node runs") };
    let tags = running.tags;
    if tags.tags == 0 {
        return Finding::skipped("there are no tags");
    }
    let share = share(tags.bad as u64, tags.tags as u64);
    let what = format!("{} of {} are bad ({})", tags.bad, count(tags.tags, "tag"), percent(share));
    if share < TAGS_WARN {
        return Finding::ok(what);
    }
    let cause = "their devices do not answer, are switched off, or refuse their addresses";
    let fix = "Home, then the area with the most bad tags; or Tags with the filter `bad`";
    if share >= TAGS_BAD { Finding::bad(what, cause, fix) } else { Finding::warn(what, cause, fix) }
}

fn tags_stale(facts: &Facts) -> Finding {
    let Some(running) = &facts.running else { return Finding::skipped("no node runs") };
    match running.tags.stale {
        0 => Finding::ok("none is stale"),
        stale => Finding::warn(
            format!("{} not heard of for too long", count(stale, "tag")),
            "the device answers others, and for these nothing came within `stale_after`",
            "read them more often, or raise `stale_after` of the device",
        ),
    }
}
