//! The doctor finds what is wrong: plants, folders and machines are made ill in many ways, each once, and the check that
//! is there for it has to say so. A healthy plant has nothing `bad`.

mod running;
mod seeds;

use std::any::Any;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lineshaft::doctor::{Surroundings, examine_folders};
use lineshaft_contract::{CheckOutcome, CheckResult};
use lineshaft_runtime::Clock;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::field::{Counters, Field, counter_table};
use crate::harness::{NODE, Plant, SOON, eventually, run};
use crate::identity::add_user;

use running::RUNNING;
use seeds::SEEDS;

/// Illnesses that have to be found, of those that are seeded.
const FOUND_MIN: usize = 27;

/// One illness.
struct Seed {
    /// What somebody did wrong.
    name: &'static str,
    /// The check that has to say so.
    check: &'static str,
    seed: fn(&mut Patient),
}

/// A plant with its data and its machine, gone when this is dropped.
struct Patient {
    dir: TempDir,
    clock: Clock,
    /// What has to live as long: a lock, a port.
    held: Vec<Box<dyn Any>>,
}

impl Patient {
    fn plant(&self) -> PathBuf {
        self.dir.path().join("plant")
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// Writes a file of the plant, the data or the machine: `plant/…`, `data/…`, `root/…`.
    fn put(&self, file: &str, text: &str) {
        let path = self.dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.dir.path().join(file)).unwrap()
    }

    /// Adds lines to a file of the plant, the data or the machine.
    fn add(&self, file: &str, text: &str) {
        self.put(file, &format!("{}{text}", self.read(file)));
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let text = self.read(file);
        assert!(text.contains(old), "{file} has no {old}");
        self.put(file, &text.replace(old, new));
    }

    fn mode(&self, file: &str, mode: u32) {
        let path = self.dir.path().join(file);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Examines the folders.
    fn examine(&self, executor: &Runtime) -> Vec<CheckResult> {
        let around = Surroundings { root: self.root(), clock: self.clock.clone() };
        executor.block_on(examine_folders(&self.plant(), &self.data(), &around)).checks
    }
}

/// A machine in good health, as its kernel describes it.
const MACHINE: [(&str, &str); 9] = [
    (
        "proc/self/limits",
        "Max open files            65536                65536                files\n",
    ),
    ("proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"),
    ("proc/self/cgroup", "0::/\n"),
    (
        "proc/meminfo",
        "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\nSwapTotal: 1000000 kB\nSwapFree: 1000000 kB\n",
    ),
    ("proc/loadavg", "0.10 0.10 0.10 1/100 4711\n"),
    ("proc/cpuinfo", "processor : 0\nprocessor : 1\n"),
    ("proc/sys/kernel/random/entropy_avail", "256\n"),
    ("etc/resolv.conf", "nameserver 192.0.2.1\n"),
    ("run/systemd/timesync/synchronized", ""),
];

/// A plant that has run, with two administrators and a device that answered.
struct Healthy {
    plant: Plant,
    /// The device, and what runs it.
    _field: (Field, crate::field::Device),
}

impl Healthy {
    fn new() -> Healthy {
        let field = Field::new();
        let device = field.device(Counters::new(2, 4));
        let sections = "[shaft]\nquota = \"64MiB\"\n[historian]\nseal_after = \"1s\"\n";
        let plant = Plant::of(&format!("{NODE}{sections}"));
        let table = counter_table(4);
        plant.device("press", device.address, 1, "period = \"50ms\"\ntimeout = \"20s\"", &table);
        add_user(&plant, "anna", &["--admin"]);
        add_user(&plant, "ben", &["--admin"]);
        let node = plant.run();
        eventually(SOON, "history has a file", || {
            let files = fs::read_dir(plant.data().join("historian")).ok()?;
            let is_segment =
                |file: fs::DirEntry| file.path().extension().is_some_and(|e| e == "seg");
            files.flatten().any(is_segment).then_some(())
        });
        // Slow enough afterwards for a week on a small shaft.
        node.stop();
        plant.device("press", device.address, 1, "period = \"10s\"\ntimeout = \"1s\"", &table);
        Healthy { plant, _field: (field, device) }
    }

    /// A copy that can be made ill.
    fn patient(&self) -> Patient {
        let dir = TempDir::new().unwrap();
        copy(&self.plant.folder(), &dir.path().join("plant"));
        copy(&self.plant.data(), &dir.path().join("data"));
        let patient = Patient { dir, clock: Clock::real(), held: Vec::new() };
        for (file, text) in MACHINE {
            patient.put(&format!("root/{file}"), text);
        }
        patient
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else if from.is_file() {
            fs::copy(&from, &to).unwrap();
        }
    }
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}

fn executor() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn of(checks: &[CheckResult], outcome: CheckOutcome) -> Vec<&CheckResult> {
    checks.iter().filter(|check| check.outcome == outcome).collect()
}

/// Whether the check that is there for it says that something is wrong, with its cause and what to do.
fn fires(checks: &[CheckResult], name: &str) -> bool {
    let check = checks.iter().find(|check| check.check == name);
    let check = check.unwrap_or_else(|| panic!("there is no check {name}"));
    let is_wrong = matches!(check.outcome, CheckOutcome::Bad | CheckOutcome::Warn);
    assert!(!is_wrong || (check.cause.is_some() && check.fix.is_some()), "{check:?}");
    is_wrong
}

#[test]
fn seeded_illnesses_are_found_by_the_check_that_is_there_for_them() {
    let (healthy, executor) = (Healthy::new(), executor());
    let checks = healthy.patient().examine(&executor);
    assert!(of(&checks, CheckOutcome::Bad).is_empty(), "{:#?}", of(&checks, CheckOutcome::Bad));

    let mut missed = Vec::new();
    for seed in SEEDS {
        assert!(!fires(&checks, seed.check), "{} fires when all is well", seed.check);
        let mut patient = healthy.patient();
        (seed.seed)(&mut patient);
        let found = patient.examine(&executor);
        if !fires(&found, seed.check) {
            missed.push(format!("{} ({})", seed.name, seed.check));
        }
    }
    for seed in RUNNING {
        if !running::finds(&healthy, &executor, seed) {
            missed.push(format!("{} ({})", seed.name, seed.check));
        }
    }
    let all = SEEDS.len() + RUNNING.len();
    let found = all - missed.len();
    println!(
        "doctor: {found} of {all} seeded misconfigurations found by the right check; missed: {missed:?}"
    );
    assert!(all >= 30 && found >= FOUND_MIN && found * 10 >= all * 9, "missed: {missed:#?}");
}

#[test]
fn a_healthy_node_that_runs_has_nothing_bad_and_the_command_line_says_so() {
    let (field, counters) = (Field::new(), Counters::new(1, 1));
    let device = field.device(counters);
    let plant = Plant::of(NODE);
    plant.device(
        "press",
        device.address,
        1,
        "period = \"100ms\"\ntimeout = \"20s\"",
        &counter_table(1),
    );
    add_user(&plant, "anna", &["--admin"]);
    let node = plant.run();
    let (dir, data) = (plant.folder(), plant.data());
    let arguments = ["doctor", "--plant", dir.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let examined = || run(arguments.iter().chain(&["--json"]));
    // What a busy machine makes of load and disk says nothing about the plant.
    let of_the_machine =
        |check: &str| matches!(check, "processors" | "disk-sync" | "memory" | "disk-free");
    let bad = |ended: &crate::harness::Ended| -> Vec<String> {
        let found: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        let bad = found["checks"].as_array().unwrap().iter().filter(|one| one["outcome"] == "bad");
        let bad = bad.map(|one| one["check"].as_str().unwrap().to_owned());
        bad.filter(|check| !of_the_machine(check)).collect()
    };
    eventually(SOON, "the device answers", || bad(&examined()).is_empty().then_some(()));
    let told = run(arguments);
    assert!(told.out.contains(" ok"), "{told:?}");
    node.stop();

    // Of a stopped one the folders are looked at.
    assert_eq!(bad(&examined()), Vec::<String>::new());
    std::fs::write(plant.folder().join("lineshaft.toml"), "[nod]\n").unwrap();
    let ended = run(arguments);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.out.contains("The plant folder can be read"), "{ended:?}");
}
