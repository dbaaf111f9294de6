//! The store of history.

use std::time::Duration;

use super::Check;
use super::facts::{Facts, Running};
use super::finding::{Finding, bytes, lasting};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "history-seals", title: "Samples are sealed into files", examine: seals },
    Check { name: "history-sound", title: "History is sound", examine: sound },
    Check { name: "history-room", title: "The disk has room for what is kept", examine: room },
    Check {
        name: "history-retention",
        title: "It is said how long history is kept",
        examine: retention,
    },
    Check { name: "history-files", title: "History is in few files", examine: files },
    Check { name: "history-memory", title: "Memory holds what is not sealed", examine: memory },
];

fn with<'a>(facts: &'a Facts, examine: impl FnOnce(&'a Running) -> Finding) -> Finding {
    facts.running.as_ref().map_or_else(|| Finding::skipped("no node runs"), examine)
}

fn seals(facts: &Facts) -> Finding {
    with(facts, |running| match &running.status.historian.error {
        None => Finding::ok(format!("{} samples sealed", running.status.historian.samples_sealed)),
        Some(why) => Finding::bad(
            format!("samples cannot be sealed: {why}"),
            "they stay in memory and on the shaft, so nothing is lost until the quota is reached",
            "look at the disk; it is tried again by itself",
        )
        .code("LS-HIS-001"),
    })
}

fn sound(facts: &Facts) -> Finding {
    super::storage::sound(
        &facts.data.sound.historian,
        "the disk does not give back what was written to it, or somebody has changed a file",
        "`lineshaft verify` names the file; bring it back from a backup",
    )
}

const MONTH: Duration = Duration::from_secs(30 * 86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

fn room(facts: &Facts) -> Finding {
    with(facts, |running| {
        let storage = &running.storage;
        let Some(per_day) = storage.historian.bytes_per_day else {
            return Finding::skipped(
                "how fast history grows is not known yet: ask again in some minutes, after the first seal",
            );
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is positive"
        )]
        let grows = bytes(per_day as u64);
        let Some(full) = storage.disk.full_in else {
            return Finding::ok(format!("{grows} a day; the disk does not become full"));
        };
        let what = format!("{grows} a day; the disk is full in {}", lasting(full));
        let cause = "history grows for as long as nothing limits it";
        let fix = "set `[historian] retention` to what you need, or make room";
        match full {
            _ if full < WEEK => Finding::bad(what, cause, fix),
            _ if full < MONTH => Finding::warn(what, cause, fix),
            _ => Finding::ok(what),
        }
    })
}

/// A disk smaller than this is the disk of a gateway.
const SMALL: u64 = 64 << 30;

fn retention(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else {
        return Finding::skipped("the plant folder cannot be read");
    };
    match plant.historian.retention {
        Some(kept) => Finding::ok(format!("kept for {}", lasting(kept))),
        None if facts.data.total_bytes > 0 && facts.data.total_bytes < SMALL => Finding::warn(
            format!("kept for ever, on a disk of {}", bytes(facts.data.total_bytes)),
            "a small disk is full one day, and then nothing is stored any more",
            "set `[historian] retention`, for example \"365d\"",
        ),
        None => Finding::ok("kept for ever"),
    }
}

/// Segment files of one day from which on a trend becomes slow.
const FILES_PER_DAY: u32 = 400;

fn files(facts: &Facts) -> Finding {
    with(facts, |running| {
        let historian = &running.storage.historian;
        let most = historian.days.iter().max_by_key(|day| day.segments);
        match most {
            Some(day) if day.segments > FILES_PER_DAY => Finding::warn(
                format!("{} files for {}", day.segments, day.day),
                "each seal writes a file for each day it has samples of; many small ones make trends slow",
                "raise `[historian] seal_after` and `hot_memory`; look whether a device gives samples of wrong times",
            ),
            _ => Finding::ok(format!("{} files", historian.segments)),
        }
    })
}

fn memory(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else {
        return Finding::skipped("the plant folder cannot be read");
    };
    let hot = plant.historian.hot_memory_bytes;
    let host = &facts.host;
    let Some(there) = host.memory_limit.into_iter().chain(host.memory_total).min() else {
        return Finding::unknown(
            "how much memory there is cannot be found out",
            "/proc/meminfo cannot be read",
            "make sure that `[historian] hot_memory` is a small part of it",
        );
    };
    let what = format!("`hot_memory` is {} of {}", bytes(hot), bytes(there));
    if hot > there / 2 {
        return Finding::bad(
            what,
            "the operating system ends the program when memory runs out",
            "set `[historian] hot_memory` to a quarter of the memory or less",
        );
    }
    if hot > there / 4 {
        return Finding::warn(
            what,
            "devices, people and the operating system need memory too",
            "set `[historian] hot_memory` to a quarter of the memory or less",
        );
    }
    Finding::ok(what)
}
