//! All tests: the workspace's, the page's, and the journeys through the page in a browser.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use crate::metadata::Metadata;
use crate::steps::{Steps, program, run as run_program, start};
use crate::{Failed, peers, read, root, ui};

/// How long the demo plant may take until it answers, in a debug build on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Installs what the tests need, then runs them.
pub fn run(steps: &mut Steps) {
    steps.step("peers", peers::install);
    steps.step("cargo test", || {
        let arguments = ["test", "--workspace", "--locked", "--no-fail-fast"];
        run_program(program(&root(), "cargo", &arguments))
    });
    steps.step("npm test", ui::test);
    // The tests have built the program. Building it by itself would build half the workspace once more, because
    // without the tests some dependencies have fewer features.
    steps.step("browser", journeys);
}

/// Builds the program, then [`journeys`].
///
/// # Errors
/// [`Failed`] when it does not build, the plant does not start or a journey fails.
pub fn browser() -> Result<(), Failed> {
    let arguments = ["build", "--package", "lineshaft", "--locked"];
    run_program(program(&root(), "cargo", &arguments))?;
    journeys()
}

/// The journeys of `ui/e2e`, against the program that was built last, with its demo plant.
fn journeys() -> Result<(), Failed> {
    let journeys = files()?;
    let folder = tempfile::tempdir()
        .map_err(|source| Failed::File { path: std::env::temp_dir(), source })?;
    let log = folder.path().join("lineshaft.log");
    let demo = Node::demo(folder.path(), &log)?;
    println!("the demo plant answers at {}", demo.url);
    let fresh = Node::fresh(folder.path(), &log)?;
    let mut arguments = vec!["--test", "--test-concurrency=1"];
    arguments.extend(journeys.iter().map(String::as_str));
    let mut node = program(&root().join("ui"), "node", &arguments);
    node.env("LINESHAFT_URL", &demo.url)
        .env("LINESHAFT_SETUP", &fresh.url)
        .env("LINESHAFT_BIN", program_built()?)
        .env("LINESHAFT_PEERS", root().join(".peers"));
    let result = run_program(node);
    drop((demo, fresh));
    if result.is_err() {
        println!("--- what the demo plant logged\n{}", read(&log).unwrap_or_default());
    }
    result
}

/// The program that was built last.
fn program_built() -> Result<PathBuf, Failed> {
    Ok(Metadata::load()?.target_directory.join("debug/lineshaft"))
}

/// The files of the journeys.
fn files() -> Result<Vec<String>, Failed> {
    let folder = root().join("ui/e2e");
    let entries =
        fs::read_dir(&folder).map_err(|source| Failed::File { path: folder.clone(), source })?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut journeys: Vec<String> = names
        .filter(|name| name.ends_with(".test.mjs"))
        .map(|name| format!("e2e/{name}"))
        .collect();
    journeys.sort();
    if journeys.is_empty() {
        return Err(Failed::Wrong(format!("{} has no journeys", folder.display())));
    }
    Ok(journeys)
}

/// A running node. Ends when dropped.
#[derive(Debug)]
struct Node {
    child: Child,
    url: String,
}

impl Node {
    /// The demo plant, which lets whoever comes from this machine in.
    fn demo(folder: &Path, log: &Path) -> Result<Node, Failed> {
        let data = folder.join("data").to_string_lossy().into_owned();
        Node::start(&["demo", "--data", &data, "--listen", "127.0.0.1:0"], "listening ", log)
    }

    /// A node that knows nobody yet; its address is the link that makes the first account.
    fn fresh(folder: &Path, log: &Path) -> Result<Node, Failed> {
        let plant = folder.join("plant");
        fs::create_dir_all(&plant)
            .and_then(|()| fs::write(plant.join("lineshaft.toml"), FRESH))
            .map_err(|source| Failed::File { path: plant.clone(), source })?;
        let (plant, data) = (plant.to_string_lossy(), folder.join("fresh"));
        let data = data.to_string_lossy();
        Node::start(&["run", "--plant", &plant, "--data", &data], "setup ", log)
    }

    fn start(arguments: &[&str], says: &'static str, log: &Path) -> Result<Node, Failed> {
        let mut command = program(&root(), &program_built()?.to_string_lossy(), arguments);
        let errors = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|source| Failed::File { path: log.into(), source })?;
        command.stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(|source| start(&command, source))?;
        let stdout = child.stdout.take();
        let mut node = Node { child, url: String::new() };
        match stdout.and_then(|stdout| first_url(stdout, says)) {
            Some(url) => {
                node.url = url;
                Ok(node)
            }
            None => {
                drop(node);
                let said = read(log).unwrap_or_default();
                Err(Failed::Wrong(format!(
                    "`lineshaft {}` did not start:\n{said}",
                    arguments.join(" ")
                )))
            }
        }
    }
}

/// The plant of a node that knows nobody yet.
const FRESH: &str =
    "[node]\nname = \"fresh\"\npath = \"acme/fresh\"\n[http]\nlisten = \"127.0.0.1:0\"\n";

impl Drop for Node {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address behind the first line that begins with `says`; `None` when the program ends or takes too long.
///
/// A thread reads, and goes on reading behind that line, so that the program never waits for us.
fn first_url(stdout: impl Read + Send + 'static, says: &'static str) -> Option<String> {
    let (found, url) = sync_channel(1);
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(rest) = line.strip_prefix(says) {
                let _ = found.try_send(rest.trim().to_owned());
            }
        }
    });
    url.recv_timeout(START_LIMIT).ok()
}
