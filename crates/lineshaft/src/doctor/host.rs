//! The machine and the program.

use lineshaft_contract::LogLevel;

use super::Check;
use super::facts::Facts;
use super::finding::{Finding, bytes, count, percent};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "open-files", title: "Enough files may be open", examine: open_files },
    Check { name: "memory", title: "There is memory left", examine: memory },
    Check { name: "memory-limit", title: "The container has enough memory", examine: memory_limit },
    Check { name: "swap", title: "Memory is not on the disk", examine: swap },
    Check { name: "processors", title: "The processors keep up", examine: processors },
    Check { name: "entropy", title: "There is randomness", examine: entropy },
    Check {
        name: "account",
        title: "The program has no more rights than it needs",
        examine: account,
    },
    Check {
        name: "program-replaced",
        title: "The program that runs is the one on disk",
        examine: replaced,
    },
    Check { name: "log-levels", title: "The log says as much as usual", examine: log_levels },
    Check { name: "log-errors", title: "The log has no errors", examine: log_errors },
];

/// Connections of people, devices, files of history.
const FILES_MIN: u64 = 2_048;
const FILES_USED_BAD: f64 = 0.9;

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

fn open_files(facts: &Facts) -> Finding {
    let Some((allowed, open)) = facts.host.files else {
        return Finding::unknown(
            "how many files may be open cannot be found out",
            "/proc/self/limits cannot be read",
            "look with `ulimit -n`",
        );
    };
    let what = format!("{open} of {allowed} open");
    let fix = "raise it: `LimitNOFILE=65536` in the unit of systemd, `ulimit -n 65536` in a shell";
    if facts.running.is_some() && share(open, allowed) > FILES_USED_BAD {
        return Finding::bad(
            what,
            "the next connection is refused, and the next file of history cannot be opened",
            fix,
        );
    }
    if allowed < FILES_MIN {
        return Finding::warn(
            what,
            "each connection, each device and each open file of history takes one",
            fix,
        );
    }
    Finding::ok(what)
}

const MEMORY_WARN: f64 = 0.1;
const MEMORY_BAD: f64 = 0.03;

fn memory(facts: &Facts) -> Finding {
    let (Some(total), Some(left)) = (facts.host.memory_total, facts.host.memory_available) else {
        return Finding::unknown(
            "how much memory is left cannot be found out",
            "/proc/meminfo cannot be read",
            "look with `free`",
        );
    };
    let part = share(left, total);
    let what = format!("{} of {} left ({})", bytes(left), bytes(total), percent(part));
    let cause = "when there is none, the operating system ends a program, most often the largest";
    let fix =
        "see what takes it (`top`); `[historian] hot_memory` is the largest part of Lineshaft";
    match part {
        _ if part < MEMORY_BAD => Finding::bad(what, cause, fix),
        _ if part < MEMORY_WARN => Finding::warn(what, cause, fix),
        _ => Finding::ok(what),
    }
}

const LIMIT_MIN: u64 = 256 << 20;

fn memory_limit(facts: &Facts) -> Finding {
    match facts.host.memory_limit {
        None => Finding::skipped("nothing limits it but the machine"),
        Some(limit) if limit < LIMIT_MIN => Finding::warn(
            format!("the control group allows {}", bytes(limit)),
            "a node needs some 256 MiB; when it takes more than it may, it is ended",
            "raise the limit (`MemoryMax=`, `--memory`), or lower `[historian] hot_memory`",
        ),
        Some(limit) => Finding::ok(bytes(limit)),
    }
}

fn swap(facts: &Facts) -> Finding {
    let Some((total, free)) = facts.host.swap.filter(|(total, _)| *total > 0) else {
        return Finding::ok("there is no swap");
    };
    let used = total.saturating_sub(free);
    let what = format!("{} of {} used", bytes(used), bytes(total));
    if share(used, total) > 0.5 && used > 64 << 20 {
        return Finding::warn(
            what,
            "what is on the disk instead of in memory is a thousand times slower: polls come late",
            "give the machine more memory, or let other programs take less",
        );
    }
    Finding::ok(what)
}

const LOAD_WARN: f64 = 1.5;
const LOAD_BAD: f64 = 4.0;

#[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
fn processors(facts: &Facts) -> Finding {
    let all = facts.host.processors.max(1);
    let Some(load) = facts.host.load else {
        return Finding::unknown(
            "how busy the processors are cannot be found out",
            "/proc/loadavg cannot be read",
            "look with `top`",
        );
    };
    let each = load / all as f64;
    let what = format!("load {load:.1} on {}", count(all, "processor"));
    let cause =
        "over the last minutes more had to be done than the processors can do: polls come late";
    let fix = "see what takes them (`top`); read less often, or take a larger machine";
    match each {
        _ if each > LOAD_BAD => Finding::bad(what, cause, fix),
        _ if each > LOAD_WARN => Finding::warn(what, cause, fix),
        _ => Finding::ok(what),
    }
}

const ENTROPY_MIN: u64 = 100;

fn entropy(facts: &Facts) -> Finding {
    match facts.host.entropy {
        Some(bits) if bits < ENTROPY_MIN => Finding::warn(
            format!("{bits} bits"),
            "keys, sessions and tokens wait for randomness, most often on a machine that has just started",
            "wait some minutes; install rng-tools where the machine has a source of its own",
        ),
        Some(bits) => Finding::ok(format!("{bits} bits")),
        None => Finding::skipped("the operating system does not say"),
    }
}

fn account(facts: &Facts) -> Finding {
    if !facts.host.is_root {
        return Finding::ok("not root");
    }
    if facts.host.is_container {
        return Finding::ok("root of a container");
    }
    Finding::warn(
        "root",
        "nothing that Lineshaft does needs root; a mistake in it would have the whole machine",
        "make an account for it, in the group `dialout` for serial lines; give it the data folder",
    )
}

fn replaced(facts: &Facts) -> Finding {
    if !facts.host.is_replaced {
        return Finding::ok(env!("CARGO_PKG_VERSION"));
    }
    Finding::warn(
        "the program on disk was replaced since this one was started",
        "an update that nobody started runs nothing: neither its repairs nor its changes",
        "start the node again when it suits the plant: nothing acknowledged is lost",
    )
}

fn log_levels(facts: &Facts) -> Finding {
    let Some(running) = &facts.running else { return Finding::skipped("no node runs") };
    let levels = &running.levels;
    if levels.default_until.is_none() && levels.default >= LogLevel::Debug {
        return Finding::warn(
            format!("`LINESHAFT_LOG` is {}", levels.usual),
            "somebody who looked for something has left it on; it fills the disk of the journal",
            "start without it; levels set on the page end by themselves",
        );
    }
    match levels.levels.len() + usize::from(levels.default_until.is_some()) {
        0 => Finding::ok(levels.usual.clone()),
        more => Finding::ok(format!("{} for a while", count(more, "level"))),
    }
}

fn log_errors(facts: &Facts) -> Finding {
    let Some(running) = &facts.running else { return Finding::skipped("no node runs") };
    match running.troubles {
        (0, 0) => Finding::ok("none in the last hour"),
        (0, warnings) => Finding::ok(format!("{} in the last hour", count(warnings, "warning"))),
        (errors, _) => Finding::warn(
            format!("{} in the last hour", count(errors, "error")),
            "each says what failed",
            "System, Logs, level error",
        ),
    }
}
