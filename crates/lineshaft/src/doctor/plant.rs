//! The plant folder.

use super::Check;
use super::facts::Facts;
use super::finding::{Finding, count, list};
use crate::plant::Severity;

pub(super) const CHECKS: &[Check] = &[
    Check { name: "plant-readable", title: "The plant folder can be read", examine: readable },
    Check {
        name: "plant-warnings",
        title: "Nothing in it is probably not meant",
        examine: warnings,
    },
    Check { name: "plant-unread", title: "Every file in it is read", examine: unread },
    Check { name: "plant-in-force", title: "What is on disk is what runs", examine: in_force },
    Check { name: "plant-restart", title: "Nothing waits for the next start", examine: restart },
    Check { name: "plant-tables", title: "Tag tables lie in the plant folder", examine: tables },
    Check { name: "plant-work", title: "There is something to read", examine: work },
    Check {
        name: "plant-rights",
        title: "The right people can change the folder",
        examine: rights,
    },
];

fn readable(facts: &Facts) -> Finding {
    match &facts.plant.read {
        Ok(plant) => {
            let devices = count(plant.devices.len(), "device");
            Finding::ok(format!(
                "{}, {} in {devices}",
                facts.plant.dir.display(),
                count(plant.tag_count(), "tag")
            ))
        }
        Err(mistakes) => {
            let code = mistakes.all().iter().min_by_key(|m| m.severity).map(|m| m.code);
            let cause = match &facts.running {
                Some(_) => "the node goes on with the plant it had; changes on disk are not taken",
                None => "a node does not start with a plant folder that has mistakes",
            };
            let fix = "`lineshaft check` names every mistake with its place and what was meant";
            let finding = Finding::bad(mistakes.headline(), cause, fix);
            match code {
                Some(code) => finding.code(code),
                None => finding,
            }
        }
    }
}

fn warnings(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else { return not_readable() };
    let mut warnings = plant.warnings.all().iter().filter(|m| m.severity == Severity::Warning);
    match warnings.next() {
        None => Finding::ok("no warnings"),
        Some(first) => Finding::warn(
            format!(
                "{}: {}; {} in all",
                first.at,
                first.what,
                count(plant.warnings.warning_count(), "warning")
            ),
            "the plant runs, and probably somebody meant something else",
            "`lineshaft check` shows each with its place",
        )
        .code(first.code),
    }
}

fn unread(facts: &Facts) -> Finding {
    let unread = &facts.plant.unread;
    if unread.is_empty() {
        return Finding::ok("nothing lies there that nobody reads");
    }
    Finding::warn(
        format!("not read: {}", list(unread)),
        "devices, pipelines and assets are in files that end in `.toml`, tag tables in `.csv`",
        "rename the file, or move it out of the plant folder",
    )
}

fn not_readable() -> Finding {
    Finding::skipped("the plant folder cannot be read")
}

fn in_force(facts: &Facts) -> Finding {
    let Some(revision) = facts.plant.revision else {
        return Finding::skipped("no plant has run on this data folder yet");
    };
    if let Some(running) = &facts.running
        && let Some(why) = &running.status.revision.error
    {
        let first = why.lines().find(|line| !line.trim().is_empty()).unwrap_or(why);
        return Finding::bad(
            format!("the last change was refused: {}", first.trim()),
            format!("revision {revision} runs on; the files on disk do not"),
            "correct the files; they are read again as soon as they are saved",
        );
    }
    if facts.plant.changed.is_empty() {
        return Finding::ok(format!("the files are those of revision {revision}"));
    }
    let files = list(&facts.plant.changed);
    match &facts.running {
        Some(_) => Finding::warn(
            format!("not as they run: {files}"),
            format!(
                "revision {revision} runs; the change was not taken, waits for a second person, or is a moment old"
            ),
            "look at Revisions; `kill -HUP` makes the node read the folder again",
        ),
        None => Finding::ok(format!(
            "changed since revision {revision}, taken at the next start: {files}"
        )),
    }
}

fn restart(facts: &Facts) -> Finding {
    match &facts.running {
        None => Finding::skipped("no node runs"),
        Some(running) if running.waits_for_start => Finding::warn(
            "a changed part of lineshaft.toml waits for the next start",
            "[http], [shaft], [historian] and the node's name are read at the start only",
            "start the node again when it suits the plant: nothing acknowledged is lost",
        ),
        Some(_) => Finding::ok("all of the plant is in force"),
    }
}

fn tables(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else { return not_readable() };
    let outside: Vec<&String> =
        plant.contents.keys().filter(|path| lineshaft_revision::is_outside(path)).collect();
    if outside.is_empty() {
        return Finding::ok("all files are in the folder");
    }
    Finding::warn(
        format!("outside of the plant folder: {}", list(&outside)),
        "what lies outside is not copied with the folder, and the page can only read it",
        "move the table into `tags/` and change `tags` of its device",
    )
}

fn work(facts: &Facts) -> Finding {
    let Ok(plant) = &facts.plant.read else { return not_readable() };
    let polled = plant.devices.iter().filter(|device| device.enabled);
    let (devices, tags) =
        polled.fold((0, 0), |(devices, tags), one| (devices + 1, tags + one.metas.len()));
    if devices == 0 {
        return Finding::warn(
            format!("{} and none of them is read", count(plant.devices.len(), "device")),
            "a node without a device that is read stores nothing",
            "add a device (Devices, Add) or set `enabled = true`",
        );
    }
    let bare: Vec<&str> = plant
        .devices
        .iter()
        .filter(|device| device.enabled && device.metas.is_empty())
        .map(|device| device.name.as_str())
        .collect();
    if bare.is_empty() {
        return Finding::ok(format!("{} of {}", count(tags, "tag"), count(devices, "device")));
    }
    Finding::warn(
        format!("without a tag: {}", list(&bare)),
        "nothing is asked of a device whose tag table is empty",
        "import its tags (Devices, the device, Tags) or remove it",
    )
}

/// Others may write: whoever can write the folder changes machines.
const OTHERS_WRITE: u32 = 0o002;

fn rights(facts: &Facts) -> Finding {
    let Some(mode) = facts.plant.mode else { return Finding::skipped("there is no plant folder") };
    if mode & OTHERS_WRITE != 0 {
        return Finding::bad(
            format!(
                "every account of this machine can change the plant folder (mode {:o})",
                mode & 0o777
            ),
            "whoever can write it changes what is read from and written to machines",
            format!("chmod o-w {}", facts.plant.dir.display()),
        );
    }
    if !facts.plant.writable {
        return Finding::warn(
            "this account cannot write into the plant folder",
            "changes made on the page are kept in the same files",
            "make the account that the node runs as its owner, if the page should change the plant",
        );
    }
    Finding::ok(format!("mode {:o}", mode & 0o777))
}
