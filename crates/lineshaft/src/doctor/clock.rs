//! The time.

use std::time::Duration;

use lineshaft_model::Timestamp;

use super::Check;
use super::facts::{Facts, Keeper};
use super::finding::{Finding, lasting};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "clock-synchronised", title: "The clock is kept in step", examine: synchronised },
    Check { name: "clock-steps", title: "Nobody sets the clock", examine: steps },
    Check {
        name: "clock-behind",
        title: "The clock is not behind what is stored",
        examine: behind,
    },
    Check { name: "clock-plausible", title: "The clock shows a possible time", examine: plausible },
    Check { name: "clock-zone", title: "The time zone is known", examine: zone },
];

const FIX: &str = "install chrony or systemd-timesyncd and give it a time server of your network";

fn synchronised(facts: &Facts) -> Finding {
    match facts.keeper {
        Keeper::InStep(who) => Finding::ok(format!("{who} keeps it in step")),
        Keeper::Runs(who) => {
            Finding::ok(format!("{who} runs; `chronyc tracking` or `ntpq -p` has its state"))
        }
        Keeper::Host => Finding::unknown(
            "this is a container: its clock is that of the machine below it",
            "from inside it cannot be seen who keeps that one in step",
            "look on the machine: `timedatectl`",
        ),
        Keeper::OutOfStep(who) => Finding::warn(
            format!("{who} runs and has found no time server yet"),
            "without one the clock drifts by seconds a day, and times of different nodes do not fit together",
            "look at `timedatectl timesync-status`; is the time server reachable?",
        ),
        Keeper::Nobody => Finding::warn(
            "nothing that keeps the clock in step was found",
            "a clock by itself drifts by seconds a day, and times of different nodes do not fit together",
            FIX,
        ),
    }
}

fn steps(facts: &Facts) -> Finding {
    let Some(running) = &facts.running else { return Finding::skipped("no node runs") };
    match running.status.clock_steps {
        0 => Finding::ok("not since the start"),
        steps => Finding::warn(
            format!("set {steps} times since the start"),
            "samples keep the time they were given, so history has a gap or an overlap there",
            "let a time service steer the clock slowly instead of setting it",
        )
        .code("LS-NOD-006"),
    }
}

/// As much as file systems and clocks may differ.
const TOLERANCE: Duration = Duration::from_secs(10);

fn behind(facts: &Facts) -> Finding {
    let Some((path, newest)) = &facts.data.newest else {
        return Finding::skipped("nothing is stored yet");
    };
    let ahead = newest.checked_since(facts.now).unwrap_or_default();
    if ahead <= TOLERANCE {
        return Finding::ok("later than everything that is stored");
    }
    Finding::bad(
        format!("{} was written {} after now", path.display(), lasting(ahead)),
        "the clock was set back, or was wrong when the data was written: new samples are older than those before them",
        "set the clock right before the node runs on; a battery of the real-time clock may be empty",
    )
    .code("LS-NOD-006")
}

/// The program is not older than this: 2026-01-01.
const BORN: Timestamp = Timestamp::from_secs(1_767_225_600);

/// No plant of today runs then: 2100-01-01.
const FAR: Timestamp = Timestamp::from_secs(4_102_444_800);

fn plausible(facts: &Facts) -> Finding {
    let now = facts.now;
    if now >= BORN && now < FAR {
        return Finding::ok(now.to_string());
    }
    Finding::bad(
        format!("the clock shows {now}"),
        "a machine without a battery for its clock starts in the past; certificates do not hold then, and history is wrong",
        FIX,
    )
}

fn zone(facts: &Facts) -> Finding {
    if facts.host.zone_broken {
        return Finding::warn(
            "/etc/localtime leads nowhere",
            "stored times are UTC and stay right; other programs of this machine show wrong ones",
            "timedatectl set-timezone, or install tzdata",
        );
    }
    Finding::ok("everything is stored in UTC; the page shows each person's own")
}
