//! The data folder, its disk, the shaft.

use std::time::Duration;

use super::Check;
use super::facts::{Facts, Lock, Look, Running};
use super::finding::{Finding, bytes, count, lasting, list, percent};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "data-folder", title: "The data folder can be used", examine: folder },
    Check { name: "data-alone", title: "No other process works on it", examine: alone },
    Check { name: "data-rights", title: "Others cannot read it", examine: rights },
    Check { name: "data-owner", title: "Its files belong to one account", examine: owner },
    Check {
        name: "data-file-system",
        title: "It is on a disk that keeps things",
        examine: file_system,
    },
    Check { name: "data-formats", title: "This program knows its formats", examine: formats },
    Check { name: "disk-free", title: "There is room on the disk", examine: disk_free },
    Check { name: "disk-names", title: "Files can still be made", examine: disk_names },
    Check { name: "disk-quota", title: "The shaft's quota fits on the disk", examine: disk_quota },
    Check { name: "disk-sync", title: "The disk is quick enough", examine: disk_sync },
    Check { name: "shaft-writes", title: "The shaft writes", examine: shaft_writes },
    Check { name: "shaft-sound", title: "The shaft is sound", examine: shaft_sound },
    Check { name: "shaft-gaps", title: "Nothing was lost", examine: shaft_gaps },
    Check { name: "shaft-readers", title: "Readers keep up", examine: shaft_readers },
    Check {
        name: "shaft-outage",
        title: "The shaft carries a week of outage",
        examine: shaft_outage,
    },
    Check { name: "desk-sound", title: "Annotations and trends are sound", examine: desk_sound },
];

const GIB: u64 = 1 << 30;

fn folder(facts: &Facts) -> Finding {
    let data = &facts.data;
    if !data.is_there {
        return Finding::ok(format!("{} is made at the first start", data.dir.display()));
    }
    match &data.unwritable {
        None => Finding::ok(data.dir.display().to_string()),
        Some(why) => Finding::bad(
            format!("{} cannot be written to: {why}", data.dir.display()),
            "the node keeps everything there: samples, history, accounts, the audit trail",
            "make the account that the node runs as its owner; look whether the disk is mounted read-only",
        )
        .code("LS-NOD-001"),
    }
}

fn alone(facts: &Facts) -> Finding {
    let data = &facts.data;
    match (&facts.running, &data.lock) {
        (Some(_), _) => Finding::ok("this node has it"),
        (None, Lock::Held) => Finding::bad(
            "another process has the data folder and does not answer",
            "a node that hangs or is just starting, or another program that was given this folder",
            "`fuser` or `lsof` on the file `lock` in the data folder names it; end it, or give one of them another --data",
        )
        .code("LS-NOD-002"),
        (None, Lock::Free) if data.socket_left => Finding::warn(
            "a control socket is left, and nobody listens on it",
            "the last node did not stop in order: it was killed, or the machine lost power",
            "nothing acknowledged is lost; the next start cuts off what was torn. `lineshaft verify` reads every checksum",
        ),
        (None, Lock::Free) => Finding::ok("no node runs on it"),
    }
}

fn rights(facts: &Facts) -> Finding {
    let data = &facts.data;
    if !data.is_there {
        return not_there();
    }
    let mode = data.mode & 0o777;
    if mode & 0o007 != 0 {
        return Finding::bad(
            format!("every account of this machine can look into the data folder (mode {mode:o})"),
            "it has the audit trail, all of history and the hashes of passwords",
            format!("chmod 700 {}", data.dir.display()),
        );
    }
    if mode & 0o070 != 0 {
        return Finding::warn(
            format!("the folder's group can look into it (mode {mode:o})"),
            "it has the audit trail, all of history and the hashes of passwords",
            format!("chmod 700 {}, if nobody of the group needs it", data.dir.display()),
        );
    }
    Finding::ok(format!("mode {mode:o}"))
}

fn not_there() -> Finding {
    Finding::skipped("there is no data folder yet")
}

fn owner(facts: &Facts) -> Finding {
    if !facts.data.is_there {
        return not_there();
    }
    let foreign: Vec<String> =
        facts.data.foreign.iter().map(|path| path.display().to_string()).collect();
    if foreign.is_empty() {
        return Finding::ok("all belong to the owner of the folder");
    }
    Finding::bad(
        format!("files of another account: {}", list(&foreign)),
        "most often a command was run as root; the node cannot open what root made",
        format!(
            "chown -R the whole of {} to the account that the node runs as",
            facts.data.dir.display()
        ),
    )
    .code("LS-NOD-010")
}

/// In memory: gone at the next start of the machine.
const PASSING: [&str; 2] = ["tmpfs", "ramfs"];

/// A layer of a container: gone with the container.
const LAYERS: [&str; 2] = ["overlay", "aufs"];

/// Over the network: what `fsync` promises there depends on the server.
const REMOTE: [&str; 8] = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "fuse.sshfs"];

fn file_system(facts: &Facts) -> Finding {
    let Some(kind) = &facts.data.file_system else {
        return Finding::unknown(
            "what the data folder is on cannot be found out",
            "/proc/self/mountinfo cannot be read",
            "make sure that it is on a disk of this machine",
        );
    };
    let kind = kind.as_str();
    let fix =
        "put the data folder on a disk of this machine, with --data; in a container, into a volume";
    if PASSING.contains(&kind) {
        let cause = "it is in memory: everything is gone when the machine starts again";
        return Finding::bad(format!("the data folder is on {kind}"), cause, fix);
    }
    if LAYERS.contains(&kind) {
        let cause = "it is a layer of a container: everything is gone with the container";
        return Finding::warn(format!("the data folder is on {kind}"), cause, fix);
    }
    if REMOTE.contains(&kind) {
        let cause =
            "over a network a disk may acknowledge what it has not written, and locks may not hold";
        return Finding::warn(format!("the data folder is on {kind}"), cause, fix);
    }
    Finding::ok(kind)
}

fn formats(facts: &Facts) -> Finding {
    if !facts.data.is_there {
        return not_there();
    }
    if facts.running.is_none() && facts.data.lock == Lock::Held {
        return Finding::skipped("another process has it");
    }
    let sound = &facts.data.sound;
    let looks = [&sound.shaft, &sound.historian, &sound.audit, &sound.revisions, &sound.desk];
    for look in looks {
        if let Look::Wrong { code, what, newer: true } = look {
            return Finding::bad(
                what.clone(),
                "a later version of the program has written here; this one does not guess",
                "run the version that wrote it, or a later one",
            )
            .code(code);
        }
    }
    if looks.iter().any(|look| matches!(look, Look::TooMuch(_))) {
        return Finding::unknown(
            "what was read is of a version this program knows; not everything was read",
            "an examination takes seconds, and all of it would take minutes",
            "`lineshaft verify` reads everything",
        );
    }
    Finding::ok("every file is of a version this program knows")
}

/// What is left free from which on somebody should look.
const FREE_WARN_SHARE: f64 = 0.1;
const FREE_WARN_BYTES: u64 = 10 * GIB;

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

fn disk_free(facts: &Facts) -> Finding {
    let data = &facts.data;
    if data.total_bytes == 0 {
        return Finding::unknown(
            "how much room there is cannot be found out",
            "the file system does not say",
            "look with `df`",
        );
    }
    let free = data.free_bytes;
    let left = share(free, data.total_bytes);
    let what = format!("{} free of {} ({})", bytes(free), bytes(data.total_bytes), percent(left));
    let reserved = facts.plant.read.as_ref().map_or(512 << 20, |plant| plant.shaft.free_min_bytes);
    if free <= reserved {
        return Finding::bad(
            format!("{what}; the shaft leaves {} free", bytes(reserved)),
            "below that nothing is stored any more, and nothing can be changed that needs an entry in the trail",
            "make room, or a larger disk; `[historian] retention` limits what history takes",
        )
        .code("LS-SHF-005");
    }
    if left < FREE_WARN_SHARE && free < FREE_WARN_BYTES {
        return Finding::warn(
            what,
            "with less, disks become slow and history has no room to grow",
            "make room, or set `[historian] retention`",
        );
    }
    Finding::ok(what)
}

fn disk_names(facts: &Facts) -> Finding {
    let Some((free, all)) = facts.data.names.filter(|(_, all)| *all > 0) else {
        return Finding::skipped("the file system has no limit of its own");
    };
    let what = format!("{} of {all} inodes free", free);
    if free < 1_000 || share(free, all) < 0.01 {
        return Finding::bad(
            what,
            "no file can be made when they are used up, however many bytes are free",
            "remove folders with very many small files from this disk",
        );
    }
    Finding::ok(what)
}

fn disk_quota(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else {
        return Finding::skipped("the plant folder cannot be read");
    };
    let (quota, data) = (plant.shaft.quota_bytes, &facts.data);
    if data.total_bytes == 0 {
        return Finding::skipped("how large the disk is cannot be found out");
    }
    let room =
        data.free_bytes.saturating_add(data.shaft_bytes).saturating_sub(plant.shaft.free_min_bytes);
    let what = format!("quota {}, room {}", bytes(quota), bytes(room));
    if quota <= room {
        return Finding::ok(what);
    }
    Finding::warn(
        what,
        "the disk is full before the shaft has reached its quota: samples go earlier than the plant file says",
        "set `[shaft] quota` to what the disk has, or give it a larger one",
    )
    .code("LS-SHF-005")
}

const SYNC_WARN: Duration = Duration::from_millis(100);
const SYNC_BAD: Duration = Duration::from_secs(1);

fn disk_sync(facts: &Facts) -> Finding {
    let Some(sync) = facts.data.sync else {
        return Finding::skipped("nothing was written to measure it");
    };
    let what = format!("a small write is on the disk after {:.1} ms", sync.as_secs_f64() * 1_000.0);
    let cause = "every group of samples, every write and every login waits for one such step";
    let fix = "look at the disk: another program, a worn flash card, a network disk; `[shaft] commit_interval` makes fewer steps";
    match sync {
        _ if sync >= SYNC_BAD => Finding::bad(what, cause, fix),
        _ if sync >= SYNC_WARN => Finding::warn(what, cause, fix),
        _ => Finding::ok(what),
    }
}

fn with<'a>(facts: &'a Facts, examine: impl FnOnce(&'a Running) -> Finding) -> Finding {
    facts.running.as_ref().map_or_else(|| Finding::skipped("no node runs"), examine)
}

fn shaft_writes(facts: &Facts) -> Finding {
    with(facts, |running| {
        let shaft = &running.status.shaft;
        if let Some(why) = &shaft.poisoned {
            return Finding::bad(
                format!("the shaft does not write any more: {why}"),
                "a write or a sync failed, so what is on the disk is not known; it is read on, and nothing more is stored",
                "look at the disk (dmesg, smartctl), then start the node again",
            )
            .code("LS-SHF-004");
        }
        if let Some(why) = &shaft.full {
            return Finding::bad(
                format!("the shaft has no room: {why}"),
                "samples wait in memory, then devices are not read any more",
                "make room on the disk",
            )
            .code("LS-SHF-005");
        }
        Finding::ok(format!("{} of {}", bytes(shaft.bytes), bytes(shaft.quota_bytes)))
    })
}

/// What reading the files of one part says.
pub(super) fn sound(look: &Look, cause: &str, fix: &str) -> Finding {
    match look {
        Look::Nothing => Finding::skipped("nothing is stored yet"),
        Look::Running => Finding::ok("the node reads and writes it without complaint"),
        Look::TooMuch(size) => Finding::unknown(
            format!("{} were not read", bytes(*size)),
            "an examination takes seconds, and this would take minutes",
            "`lineshaft verify` reads every checksum",
        ),
        Look::Right(what) => Finding::ok(what.clone()),
        Look::Wrong { newer: true, .. } => Finding::skipped("it is of a later version"),
        Look::Wrong { code, what, .. } => Finding::bad(what.clone(), cause, fix).code(code),
    }
}

fn shaft_sound(facts: &Facts) -> Finding {
    if let Some(running) = &facts.running {
        let damaged = running.status.shaft.damaged_records;
        if damaged > 0 {
            return Finding::bad(
                format!(
                    "{} found damaged since the start",
                    count(usize::try_from(damaged).unwrap_or(usize::MAX), "record")
                ),
                "the disk does not give back what was written to it",
                "replace the disk; `lineshaft verify` names the places",
            )
            .code("LS-SHF-011");
        }
    }
    let cause =
        "the disk does not give back what was written to it, or somebody has changed a file";
    sound(
        &facts.data.sound.shaft,
        cause,
        "`lineshaft verify` names the places; look at the disk, bring the file back from a backup",
    )
}

fn desk_sound(facts: &Facts) -> Finding {
    sound(
        &facts.data.sound.desk,
        "the disk does not give back what was written to it, or somebody has changed the file; the node does not start with it",
        "keep `desk.db` and its `-wal`, and bring them back from a backup",
    )
}

fn shaft_gaps(facts: &Facts) -> Finding {
    with(facts, |running| {
        let (status, shaft) = (&running.status, &running.status.shaft);
        if status.samples_lost > 0 {
            return Finding::bad(
                format!("{} samples could not be stored since the start", status.samples_lost),
                "the shaft refused them: no room, or a failed write; each is a gap in history that says so",
                "see the checks of the disk and the shaft",
            );
        }
        if shaft.lost_records > 0 {
            return Finding::warn(
                format!("{} records went before a reader had them", shaft.lost_records),
                "the quota was smaller than what the reader was behind",
                "raise `[shaft] quota`, or find out why the reader is behind",
            );
        }
        Finding::ok("every sample was stored")
    })
}

/// The historian reads along and leaves on the shaft what is in no file of its own yet.
const SEALS: &str = "historian";

/// From which lag on a reader is late, and which share of the quota is dangerous.
const LAG_WARN_BYTES: u64 = 64 << 20;
const LAG_BAD_SHARE: f64 = 0.5;

fn shaft_readers(facts: &Facts) -> Finding {
    with(facts, |running| {
        let shaft = &running.status.shaft;
        let mut late: Vec<_> = shaft
            .readers
            .iter()
            .filter(|reader| {
                let share = share(reader.lag_bytes, shaft.quota_bytes);
                share >= LAG_BAD_SHARE
                    || (reader.name != SEALS && reader.lag_bytes >= LAG_WARN_BYTES)
            })
            .collect();
        late.sort_by_key(|reader| std::cmp::Reverse(reader.lag_bytes));
        let Some(worst) = late.first() else {
            return Finding::ok(format!("{} near the end", count(shaft.readers.len(), "reader")));
        };
        let names: Vec<String> =
            late.iter().map(|one| format!("{} ({})", one.name, bytes(one.lag_bytes))).collect();
        let what = format!("behind: {}", list(&names));
        let cause = "what it does not take stays on the shaft until the quota is reached, and goes then, oldest first";
        let fix = "System, Storage shows how fast it goes and when it will have caught up";
        if share(worst.lag_bytes, shaft.quota_bytes) >= LAG_BAD_SHARE {
            Finding::bad(what, cause, fix)
        } else {
            Finding::warn(what, cause, fix)
        }
    })
}

const WEEK: Duration = Duration::from_secs(7 * 86_400);
const DAY: Duration = Duration::from_secs(86_400);

/// Bytes of one sample on the shaft: what a plant's mix takes, and room.
const SAMPLE_BYTES: f64 = 6.0;

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn shaft_outage(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else {
        return Finding::skipped("the plant folder cannot be read");
    };
    let quota = plant.shaft.quota_bytes;
    let measured = facts.running.as_ref().and_then(|running| running.storage.shaft.bytes_per_day);
    let periods = plant.devices.iter().filter(|device| device.enabled).flat_map(|device| {
        let points = device.device.spec().points.iter();
        points.filter(|point| point.access.can_read()).map(|point| point.period)
    });
    let per_second: f64 = periods.map(|period| 1.0 / period.as_secs_f64().max(0.001)).sum();
    // What is written seldom counts as it is; what is only configured, as it would be at the most.
    let planned = per_second * SAMPLE_BYTES * DAY.as_secs_f64();
    let per_day = measured.unwrap_or(planned);
    if per_day < 1.0 {
        return Finding::skipped("nothing is appended");
    }
    let holds = Duration::try_from_secs_f64(quota as f64 / per_day * DAY.as_secs_f64());
    let holds = holds.unwrap_or(Duration::MAX);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is at least 1")]
    let shown = bytes(per_day as u64);
    let about = if measured.is_some() { "at" } else { "at no more than" };
    let what = format!("{} {about} {shown} a day hold {}", bytes(quota), lasting(holds));
    let cause = "that is how long a reader, for example the link to the site above, can be away before samples go";
    let fix = "raise `[shaft] quota`, or read less often";
    match holds {
        _ if holds < DAY => Finding::bad(what, cause, fix),
        _ if holds < WEEK => Finding::warn(what, cause, fix),
        _ => Finding::ok(what),
    }
}
