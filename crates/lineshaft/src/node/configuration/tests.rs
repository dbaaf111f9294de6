//! The road of a change, against a real plant folder, a real store and a real trail; only what runs is stood in for.

mod four_eyes;
mod refused;
mod roads;

use std::path::PathBuf;
use std::sync::Arc;

use lineshaft_audit::Trail;
use lineshaft_contract::{
    By, Change, ChangeMode, Changed, Configuration as _, ConfigurationError, FileEdit, Guards,
    NewFile,
};
use lineshaft_model::{Tags, Timestamp};
use lineshaft_pipeline::Built;
use lineshaft_revision::{Revision, Sha256};
use lineshaft_runtime::Clock;
use lineshaft_runtime::disk::RealDisk;
use parking_lot::Mutex;
use tempfile::TempDir;

use super::{Configuration, Running, begin};
use crate::node::{DataFolder, wiring};
use crate::plant::{self, Plant};

const NODE: &str = "# The node\n[node]\nname = \"n\"\npath = \"acme/x\"\n";
const DEVICE: &str = "# Line 1\n[press]\ndriver = \"modbus\" # over TCP\nendpoint = \"tcp://127.0.0.1:1\"\n\
    path = \"press\"\nperiod = \"1s\"\ntags = \"../tags/press.csv\"\n";
const TABLE: &str = "tag,address,type\nspeed,hr:1,u16\n";

/// What runs, written down.
#[derive(Debug, Default)]
struct Told {
    /// Revisions with the periods of the press, as they were put in force.
    ran: Vec<(u64, String)>,
    refused: Option<String>,
}

#[derive(Clone, Default)]
struct Stand(Arc<Mutex<Told>>);

impl Running for Stand {
    fn build(&self, plant: &Plant) -> Result<Built, String> {
        wiring::pipeline(plant, &Tags::new()).map_err(|mistakes| format!("{mistakes:?}"))
    }

    fn run(&self, plant: &Plant, _built: Built, revision: &Revision) {
        let names: Vec<&str> = plant.devices.iter().map(|device| device.name.as_str()).collect();
        let mut told = self.0.lock();
        told.ran.push((revision.id, names.join(" ")));
        told.refused = None;
    }

    fn waits_for_start(&self, plant: &Plant) -> bool {
        plant.node.name != "n"
    }

    fn refused(&self, why: String) {
        self.0.lock().refused = Some(why);
    }

    fn agrees(&self) -> bool {
        self.0.lock().refused.take().is_some()
    }
}

/// A plant folder with a node that could run it.
struct Bench {
    parent: TempDir,
    stand: Stand,
    trail: Trail,
    executor: tokio::runtime::Runtime,
    configuration: Option<Configuration>,
}

impl Bench {
    fn new() -> Bench {
        Bench::with("")
    }

    /// The plant with more in its `lineshaft.toml`.
    fn with(more: &str) -> Bench {
        let parent = tempfile::tempdir().unwrap();
        let trail = Trail::open(
            Arc::new(RealDisk),
            Clock::simulated(Timestamp::from_secs(1)),
            &parent.path().join("audit"),
            lineshaft_audit::Options { reserve_bytes: 0, ..lineshaft_audit::Options::of_node("n") },
        );
        let executor = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (stand, trail) = (Stand::default(), trail.unwrap());
        let mut bench = Bench { parent, stand, trail, executor, configuration: None };
        bench.put("lineshaft.toml", &format!("{NODE}{more}"));
        bench.put("devices/line.toml", DEVICE);
        bench.put("tags/press.csv", TABLE);
        bench.start();
        bench
    }

    fn path(&self, path: &str) -> PathBuf {
        self.parent.path().join("plant").join(path)
    }

    /// Edits a file as somebody with an editor would.
    fn put(&self, path: &str, text: &str) {
        let at = self.path(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    /// Starts the node, or starts it again; answers which devices run.
    fn start(&mut self) -> String {
        self.configuration = None;
        let data = DataFolder::take(&self.parent.path().join("data")).unwrap();
        let plant = plant::load(&self.path(""), lineshaft_drivers::DRIVERS).unwrap();
        let (begun, plant) = begin(plant, &data).unwrap();
        let clock = Clock::simulated(Timestamp::from_secs(1_700_000_000));
        let running = Box::new(self.stand.clone());
        let going = begun.go_on(&plant, clock, Some(self.trail.clone()), running);
        let (configuration, _) = self.executor.block_on(going).unwrap();
        self.configuration = Some(configuration);
        plant.devices.iter().map(|device| device.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn configuration(&self) -> &Configuration {
        self.configuration.as_ref().unwrap()
    }

    /// What the watch does when the folder is quiet again.
    fn look(&self) {
        self.configuration().look();
    }

    fn newest(&self) -> lineshaft_contract::Revision {
        let newest = self.ask(self.configuration().revisions(None, 1)).unwrap();
        newest.revisions.into_iter().next().unwrap()
    }

    fn ask<T>(&self, asked: lineshaft_contract::Answered<'_, T>) -> Result<T, ConfigurationError> {
        self.executor.block_on(asked)
    }

    fn change(&self, change: Change, who: &str) -> Result<Changed, ConfigurationError> {
        self.ask(self.configuration().change(change, by(who)))
    }

    /// The acts of the trail: who, what, to what, with what result.
    fn acts(&self) -> Vec<String> {
        let query = lineshaft_audit::Query { limit: 100, ..lineshaft_audit::Query::default() };
        let page = self.trail.read(&query).unwrap();
        let acts = page.entries.iter().map(|entry| &entry.act);
        let line = |act: &lineshaft_audit::Act| {
            format!("{} {} {} {:?}", act.who.name, act.action.word(), act.object, act.result)
        };
        let mut lines: Vec<String> =
            acts.filter(|act| act.action.word().starts_with("plant.")).map(line).collect();
        if query.newest_first {
            lines.reverse();
        }
        lines
    }
}

fn by(who: &str) -> By {
    By { who: who.into(), account: None, road: "http".into(), guards: Guards::MayChange }
}

fn sha(text: &str) -> String {
    Sha256::of(text.as_bytes()).to_string()
}

/// A change of one key.
fn set(path: &str, key: &[&str], value: serde_json::Value) -> Change {
    let key = key.iter().map(|part| (*part).to_owned()).collect();
    let edit = FileEdit { path: path.into(), set: vec![(key, value)], ..FileEdit::default() };
    Change { edits: vec![edit], why: "because".into(), ..Change::default() }
}

/// A change of one file.
fn file(path: &str, text: Option<&str>, base: Option<&str>) -> Change {
    let file = NewFile {
        path: path.into(),
        content: text.map(|text| text.as_bytes().to_vec()),
        base: base.map(sha),
    };
    Change { files: vec![file], why: "because".into(), ..Change::default() }
}

#[track_caller]
fn applied(changed: Result<Changed, ConfigurationError>) -> lineshaft_contract::Applied {
    match changed {
        Ok(Changed::Applied(applied)) => applied,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn proposed(changed: Result<Changed, ConfigurationError>) -> u64 {
    match changed {
        Ok(Changed::Proposed { proposal, .. }) => proposal,
        other => panic!("{other:?}"),
    }
}
