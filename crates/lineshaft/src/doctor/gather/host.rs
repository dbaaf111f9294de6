//! The machine, as its kernel describes it below one root: `proc(5)`, `sysfs(5)`, what time services leave in `/run`.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::facts::{HostFacts, Keeper};

pub(super) fn look(root: &Path) -> HostFacts {
    let memory = read(root, "proc/meminfo").unwrap_or_default();
    let member = |name| kib(&memory, name);
    let load = read(root, "proc/loadavg");
    HostFacts {
        files: files(root),
        memory_total: member("MemTotal"),
        memory_available: member("MemAvailable"),
        memory_limit: memory_limit(root),
        swap: member("SwapTotal").zip(member("SwapFree")),
        // The second figure: five minutes.
        load: load.and_then(|text| text.split_whitespace().nth(1)?.parse().ok()),
        processors: processors(root),
        entropy: read(root, "proc/sys/kernel/random/entropy_avail")
            .and_then(|text| text.trim().parse().ok()),
        is_root: rustix::process::geteuid().is_root(),
        is_container: is_container(root),
        is_replaced: fs::read_link(root.join("proc/self/exe"))
            .is_ok_and(|path| path.to_string_lossy().ends_with(" (deleted)")),
        zone_broken: leads_nowhere(&root.join("etc/localtime")),
    }
}

fn read(root: &Path, path: &str) -> Option<String> {
    fs::read_to_string(root.join(path)).ok()
}

fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let number: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    number.checked_mul(1_024)
}

/// `Max open files            1024                 524288               files`
fn files(root: &Path) -> Option<(u64, u64)> {
    let limits = read(root, "proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = match line.split_whitespace().next()? {
        "unlimited" => u64::MAX,
        number => number.parse().ok()?,
    };
    let open = fs::read_dir(root.join("proc/self/fd")).map_or(0, Iterator::count);
    Some((soft, u64::try_from(open).unwrap_or(u64::MAX)))
}

fn processors(root: &Path) -> usize {
    let listed = read(root, "proc/cpuinfo")
        .map_or(0, |text| text.lines().filter(|line| line.starts_with("processor")).count());
    if listed > 0 {
        return listed;
    }
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// cgroups, version 2 and then 1: the smallest limit on the way up from our own group.
fn memory_limit(root: &Path) -> Option<u64> {
    let groups = read(root, "proc/self/cgroup").unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let top = root.join("sys/fs/cgroup");
    let start = top.join(own.trim_start_matches('/'));
    let on_the_way = start.ancestors().take_while(|dir| dir.starts_with(&top));
    let limits = on_the_way.filter_map(|dir| number(&dir.join("memory.max")));
    let old = number(&top.join("memory/memory.limit_in_bytes"));
    // What no machine has means that there is no limit.
    limits.chain(old).filter(|limit| *limit < 1 << 50).min()
}

fn number(path: &PathBuf) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn is_container(root: &Path) -> bool {
    let marks = [".dockerenv", "run/.containerenv", "run/systemd/container"];
    marks.iter().any(|mark| root.join(mark).exists())
}

fn leads_nowhere(link: &Path) -> bool {
    fs::symlink_metadata(link).is_ok() && !link.exists()
}

/// What time services leave in `/run`, and what it means.
pub(super) fn keeper(root: &Path) -> Keeper {
    const PROGRAMS: [(&str, &str); 6] = [
        ("run/chrony/chronyd.pid", "chronyd"),
        ("run/chronyd.pid", "chronyd"),
        ("run/ntpd.pid", "ntpd"),
        ("run/ntpd.sock", "openntpd"),
        ("run/ntpd-rs/observe", "ntpd-rs"),
        ("run/ptp4l", "ptp4l"),
    ];
    if root.join("run/systemd/timesync/synchronized").exists() {
        return Keeper::InStep("systemd-timesyncd");
    }
    if let Some((_, name)) = PROGRAMS.iter().find(|(mark, _)| root.join(mark).exists()) {
        return Keeper::Runs(name);
    }
    if root.join("run/systemd/timesync").is_dir() {
        return Keeper::OutOfStep("systemd-timesyncd");
    }
    if is_container(root) { Keeper::Host } else { Keeper::Nobody }
}

/// The kind of file system a folder is on, or will be when it is made; `None` when the kernel does not say.
pub(crate) fn file_system(root: &Path, dir: &Path) -> Option<String> {
    let mounts = read(root, "proc/self/mountinfo")?;
    let absolute = std::path::absolute(dir).ok()?;
    let there = absolute.ancestors().find(|path| path.exists())?;
    let dir = there.canonicalize().unwrap_or_else(|_| there.to_owned());
    let mounted = mounts.lines().filter_map(|line| {
        // … mount id, parent, device, root, mount point, …, "-", type, source, …
        let point = line.split(' ').nth(4)?.replace("\\040", " ");
        let kind = line.split_once(" - ")?.1.split(' ').next()?;
        dir.starts_with(&point).then(|| (point.len(), kind.to_owned()))
    });
    // Of two at one point the later lies above the earlier.
    mounted.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

/// How many name servers the resolver has.
pub(super) fn name_servers(root: &Path) -> Option<usize> {
    let text = read(root, "etc/resolv.conf")?;
    Some(text.lines().filter(|line| line.trim_start().starts_with("nameserver")).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine below a folder of its own.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn a_machine_is_described_by_the_files_of_its_kernel() {
        let limits = "Limit   Soft  Hard  Units\nMax open files            1024                 524288               files\n";
        let root = machine(&[
            ("proc/self/limits", limits),
            ("proc/self/fd/0", ""),
            ("proc/self/fd/1", ""),
            (
                "proc/meminfo",
                "MemTotal:  1000 kB\nMemAvailable:   50 kB\nSwapTotal: 4 kB\nSwapFree: 1 kB\n",
            ),
            ("proc/loadavg", "0.10 2.50 3.00 1/100 4711\n"),
            ("proc/cpuinfo", "processor : 0\nprocessor : 1\n"),
            ("proc/self/cgroup", "0::/system.slice/lineshaft.service\n"),
            ("sys/fs/cgroup/system.slice/lineshaft.service/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "1048576\n"),
        ]);
        let host = look(root.path());
        assert_eq!(host.files, Some((1_024, 2)));
        assert_eq!((host.memory_total, host.memory_available), (Some(1_024_000), Some(51_200)));
        assert_eq!((host.memory_limit, host.load, host.processors), (Some(1 << 20), Some(2.5), 2));
        assert_eq!(host.swap, Some((4_096, 1_024)));
        let nothing = look(Path::new("/no/such/root"));
        assert_eq!((nothing.files, nothing.memory_total, nothing.memory_limit), (None, None, None));
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], expect: Keeper) {
        assert_eq!(keeper(machine(files).path()), expect);
    }

    #[test]
    fn whoever_keeps_the_clock_in_step_is_known_by_what_he_leaves() {
        check(&[("run/systemd/timesync/synchronized", "")], Keeper::InStep("systemd-timesyncd"));
        check(&[("run/systemd/timesync/state", "")], Keeper::OutOfStep("systemd-timesyncd"));
        check(&[("run/chrony/chronyd.pid", "1")], Keeper::Runs("chronyd"));
        check(&[(".dockerenv", "")], Keeper::Host);
        check(&[], Keeper::Nobody);
    }

    #[test]
    fn a_folder_is_on_the_file_system_nearest_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let point = dir.path().canonicalize().unwrap();
        let mounts = format!(
            "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n2 1 0:5 / {} rw - tmpfs tmpfs rw\n",
            point.display()
        );
        let root = machine(&[("proc/self/mountinfo", &mounts)]);
        assert_eq!(file_system(root.path(), dir.path()).as_deref(), Some("tmpfs"));
        let below = dir.path().join("not/there/yet");
        assert_eq!(file_system(root.path(), &below).as_deref(), Some("tmpfs"));
        assert_eq!(file_system(root.path(), Path::new("/")).as_deref(), Some("ext4"));
    }
}
