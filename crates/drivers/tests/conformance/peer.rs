//! Starts programs that nobody here wrote, and ends them with the test.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use parking_lot::RwLock;

const INSTALL: &str = "`cargo xtask peers` installs the peers that the conformance tests talk to";

/// Whoever starts a program reads this; whoever opens a serial port writes it.
///
/// A port is locked for its file (`flock`), and a program that is just being started has all files of this process for
/// a moment. A port that was closed in that moment is still locked, and cannot be opened again at once.
pub(crate) static STARTING: RwLock<()> = RwLock::new(());

/// A running peer.
#[derive(Debug)]
pub(crate) struct Peer {
    child: Child,
    /// What it said after `listening`: a port, or the path of a serial line.
    pub(crate) place: String,
    _log: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Peer {
    /// pymodbus, `mode` `tcp`, `rtu+tcp` or `serial`, at a port (0: a free one) or a path.
    pub(crate) fn pymodbus(mode: &str, place: &str) -> Peer {
        let python = match std::env::var_os("LINESHAFT_PEERS_PYTHON") {
            Some(python) => PathBuf::from(python),
            None => workspace().join(".peers/venv/bin/python"),
        };
        let mut command = Command::new(python);
        command.arg(script("pymodbus/server.py")).args([mode, place]);
        Peer::start(command)
    }

    /// modbus-serial at a port (0: a free one).
    pub(crate) fn modbus_serial(place: &str) -> Peer {
        let mut command = Command::new("node");
        command.arg(script("modbus-serial/server.js")).arg(place);
        if std::env::var_os("NODE_PATH").is_none() {
            command.env("NODE_PATH", workspace().join(".peers/node_modules"));
        }
        Peer::start(command)
    }

    /// Starts `command` and waits until it says where it listens.
    #[track_caller]
    fn start(mut command: Command) -> Peer {
        let log = tempfile::tempdir().unwrap();
        let errors = log.path().join("stderr");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(File::create(&errors).unwrap());
        let mut child = match start(&mut command) {
            Ok(child) => child,
            Err(error) => panic!("cannot start {command:?}: {error}; {INSTALL}"),
        };
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(place) = line.trim().strip_prefix("listening ") else {
            let mut said = String::new();
            File::open(&errors).unwrap().read_to_string(&mut said).unwrap();
            panic!("{command:?} did not start: {said}\n{INSTALL}");
        };
        Peer { child, place: place.to_owned(), _log: log }
    }

    /// Ends it without a goodbye, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(command: &mut Command) -> std::io::Result<Child> {
    let _no_port_is_open = STARTING.read();
    command.spawn()
}

fn script(path: &str) -> PathBuf {
    workspace().join("conformance/peers").join(path)
}

/// Two ends of a serial line, by socat.
#[derive(Debug)]
pub(crate) struct SerialLine {
    child: Child,
    folder: tempfile::TempDir,
}

impl SerialLine {
    #[track_caller]
    pub(crate) fn new() -> SerialLine {
        let folder = tempfile::tempdir().unwrap();
        let end =
            |name: &str| format!("pty,raw,echo=0,link={}", folder.path().join(name).display());
        let mut command = Command::new("socat");
        command.args(["-d", "-d", &end("near"), &end("far")]).stderr(Stdio::piped());
        let mut child = match start(&mut command) {
            Ok(child) => child,
            Err(error) => panic!("cannot start socat: {error}; {INSTALL}"),
        };
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = lines.any(|line| line.unwrap().contains("starting data transfer loop"));
        assert!(ready, "socat ended early");
        SerialLine { child, folder }
    }

    pub(crate) fn end(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

impl Drop for SerialLine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
