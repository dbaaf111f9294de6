//! What only a running node can tell.

use std::sync::Arc;

use lineshaft::logs::LogBook;
use lineshaft::node::{DataFolder, Metrics, Node, Options, Visitor, Watch};
use lineshaft_drivers::DRIVERS;
use lineshaft_runtime::Clock;
use tokio::runtime::Runtime;

use super::{Healthy, Patient, fires};
use crate::harness::{SOON, eventually};

/// An illness of a running node: what is done before it starts, and while it runs.
pub(super) struct Seed {
    pub(super) name: &'static str,
    pub(super) check: &'static str,
    before: fn(&Patient),
    meanwhile: fn(&Patient),
}

const fn nothing(_: &Patient) {}

pub(super) const RUNNING: &[Seed] = &[
    Seed {
        name: "a device is switched off at its socket",
        check: "devices-answer",
        before: silence,
        meanwhile: nothing,
    },
    Seed {
        name: "most tags have no value",
        check: "tags-bad",
        before: silence,
        meanwhile: nothing,
    },
    Seed {
        name: "the table has an address the device has not",
        check: "devices-whole",
        before: |it| it.add("plant/tags/press.csv", "wrong,ir:4000,u32,read\n"),
        meanwhile: nothing,
    },
    Seed {
        name: "the plant was edited and not taken",
        check: "plant-in-force",
        before: nothing,
        meanwhile: |it| it.add("plant/tags/press.csv", "late,ir:6,u32,read\n"),
    },
    Seed {
        name: "the quota was changed and waits",
        check: "plant-restart",
        before: nothing,
        meanwhile: |it| it.replace("plant/lineshaft.toml", "64MiB", "65MiB"),
    },
    Seed {
        name: "everybody may open the control socket",
        check: "control-socket",
        before: nothing,
        meanwhile: |it| it.mode("data/control.sock", 0o666),
    },
    Seed {
        name: "the node was never set up",
        check: "administrator",
        before: |it| {
            std::fs::remove_dir_all(it.data()).unwrap();
        },
        meanwhile: nothing,
    },
];

/// Takes the device's port away from its table.
fn silence(it: &Patient) {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = taken.local_addr().unwrap();
    drop(taken);
    let text = it.read("plant/devices/press.toml");
    let endpoint = text.lines().find(|line| line.starts_with("endpoint")).unwrap();
    it.replace("plant/devices/press.toml", endpoint, &format!("endpoint = \"tcp://{nobody}\""));
}

/// Whether the doctor of a node with this illness says so, before long.
pub(super) fn finds(healthy: &Healthy, executor: &Runtime, seed: &Seed) -> bool {
    let patient = healthy.patient();
    patient.replace("plant/devices/press.toml", "10s", "100ms");
    (seed.before)(&patient);
    let plant = lineshaft::plant::load(&patient.plant(), DRIVERS).unwrap();
    let data = DataFolder::take(&patient.data()).unwrap();
    let options = Options {
        listen: None,
        watch: Watch::Ignore,
        visitor: Visitor::IsNot,
        metrics: Metrics(Arc::new(String::new)),
        clock: Clock::real(),
        logs: LogBook::unwritten(Clock::real()),
    };
    let node = executor.block_on(Node::start(plant, data, options)).unwrap();
    (seed.meanwhile)(&patient);
    let doctor = node.doctor();
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eventually(SOON, seed.name, || {
            fires(&executor.block_on(doctor.examine()).checks, seed.check).then_some(())
        });
    }));
    executor.block_on(node.stop());
    found.is_ok()
}
