//! What the tests of the running binary share: the process, a client that asks it, a plant folder.
//!
//! Nothing here sleeps for a while and hopes: [`eventually`] looks until it sees, and fails at its deadline.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use lineshaft_runtime::Clock;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Long enough for a machine that is busy with something else, short enough to wait for a test that fails.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until there is something to see.
#[track_caller]
pub(crate) fn eventually<T>(
    deadline: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let clock = Clock::real();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(clock.steady() < deadline, "not within {deadline:?}: {what}");
        std::thread::park_timeout(PAUSE);
    }
}

/// The binary, started; killed when this is dropped.
pub(crate) struct Process {
    child: Mutex<Child>,
    out: Said,
    err: Said,
}

/// What a process has written to one of its outputs so far.
struct Said {
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

/// A process that has ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn listen(from: impl Read + Send + 'static) -> Said {
        let text = Arc::new(Mutex::new(String::new()));
        let into = text.clone();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                let _ = writeln!(into.lock(), "{line}");
            }
        });
        Said { text, reader }
    }

    fn text(&self) -> String {
        self.text.lock().clone()
    }

    fn all(self) -> String {
        self.reader.join().unwrap();
        Arc::into_inner(self.text).unwrap().into_inner()
    }
}

impl Process {
    pub(crate) fn start<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lineshaft"))
            .args(arguments)
            .env_remove("LINESHAFT_LOG")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Process { child: Mutex::new(child), out: Said::listen(out), err: Said::listen(err) }
    }

    /// Waits until the page answers.
    #[track_caller]
    pub(crate) fn listening(self) -> Node {
        let address = eventually(SOON, "it listens", || {
            if let Some(status) = self.child.lock().try_wait().unwrap() {
                panic!("it ended with {status}: {}", self.err.text());
            }
            let out = self.out.text();
            let address = out.lines().find_map(|line| line.strip_prefix("listening http://"))?;
            Some(address.parse().unwrap())
        });
        Node { client: Mutex::new(Client::new(address)), address, process: self }
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub(crate) fn ended(mut self, deadline: Duration) -> Ended {
        let status = eventually(deadline, "it ends", || self.child.get_mut().try_wait().unwrap());
        let nothing = || Said { text: Arc::default(), reader: std::thread::spawn(|| ()) };
        let out = std::mem::replace(&mut self.out, nothing()).all();
        let err = std::mem::replace(&mut self.err, nothing()).all();
        Ended { status, out, err }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.lock().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.lock().id()
    }

    /// What it has printed so far.
    pub(crate) fn out(&self) -> String {
        self.out.text()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.err.text()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        let _it_may_have_ended = child.kill();
        let _ = child.wait();
    }
}

/// Runs a command that ends by itself.
#[track_caller]
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ended {
    Process::start(arguments).ended(SOON)
}

/// A running node whose page answers.
pub(crate) struct Node {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    client: Mutex<Client>,
}

impl Node {
    pub(crate) fn get(&self, path: &str) -> io::Result<Reply> {
        self.client.lock().get(path)
    }

    /// The answer to a question that has one.
    #[track_caller]
    pub(crate) fn json(&self, path: &str) -> Value {
        let reply = self.get(path).unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    pub(crate) fn status(&self) -> Value {
        self.json("/api/v1/status")
    }

    #[track_caller]
    pub(crate) fn write(&self, tag: &str, value: impl Into<Value>) -> Reply {
        let body = json!({ "tag": tag, "value": value.into() });
        Client::new(self.address).post("/api/v1/write", &body).unwrap()
    }

    /// The last value of one tag.
    #[track_caller]
    pub(crate) fn value(&self, tag: &str) -> Value {
        self.json(&format!("/api/v1/values?tag={tag}"))[0].take()
    }

    pub(crate) fn device(&self, name: &str) -> Value {
        let devices = self.json("/api/v1/devices");
        let found = devices.as_array().unwrap().iter().find(|device| device["device"] == name);
        found.unwrap_or_else(|| panic!("no device {name} in {devices}")).clone()
    }

    /// All good whole numbers of these tags in history, oldest first, read page by page.
    ///
    /// What is not good is given as `None`.
    #[track_caller]
    pub(crate) fn history(&self, tags: &[String], start_ms: i64) -> Vec<Vec<Option<u64>>> {
        let mut query =
            format!("/api/v1/history?mode=raw&limit=100000&start={start_ms}&end={FOREVER}");
        for tag in tags {
            let _ = write!(query, "&tag={tag}");
        }
        let mut all = vec![Vec::new(); tags.len()];
        let mut times = vec![i64::MIN; tags.len()];
        let mut after = String::new();
        loop {
            let reply = self.get(&format!("{query}{after}")).unwrap();
            assert_eq!(reply.status, 200, "{}", reply.text());
            let page: Page = serde_json::from_slice(&reply.body).unwrap();
            for (n, series) in page.series.iter().enumerate() {
                assert_eq!(series.tag, tags[n]);
                for ts in &series.timestamp_ms {
                    assert!(*ts >= times[n], "{} goes back in time at {ts}", tags[n]);
                    times[n] = *ts;
                }
                let rows = series.quality.iter().zip(&series.value).zip(&series.reason);
                // While it did not run nothing was recorded; each start says so in one sample.
                let told = rows.filter(|(_, reason)| reason.as_deref() != Some("lost"));
                all[n]
                    .extend(told.map(|((quality, value), _)| value.filter(|_| *quality == "good")));
            }
            match page.next {
                Some(next) => after = format!("&after={next}"),
                None => return all,
            }
        }
    }

    /// Stops it as an operator would, and says what it said.
    #[track_caller]
    pub(crate) fn stop(self) -> Ended {
        self.process.signal("TERM");
        let ended = self.process.ended(Duration::from_secs(10));
        assert!(ended.status.success(), "{ended:?}");
        ended
    }
}

/// Later than every sample, and still a number of milliseconds that fits: the year 2200.
const FOREVER: i64 = 7_258_118_400_000;

#[derive(serde::Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    series: Vec<Series<'a>>,
    next: Option<String>,
}

#[derive(serde::Deserialize)]
struct Series<'a> {
    tag: String,
    timestamp_ms: Vec<i64>,
    value: Vec<Option<u64>>,
    #[serde(borrow)]
    quality: Vec<&'a str>,
    reason: Vec<Option<String>>,
}

/// One connection of HTTP/1.1, opened anew when the node has closed it.
pub(crate) struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
    /// A header line that says who asks.
    who: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The session that was begun, as `name=secret`.
    pub(crate) cookie: Option<String>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Client {
        Client { address, stream: None, who: String::new() }
    }

    /// Asks with a token.
    pub(crate) fn with_token(address: SocketAddr, token: &str) -> Client {
        let who = format!("authorization: Bearer {token}\r\n");
        Client { address, stream: None, who }
    }

    /// Asks as the browser of somebody who has logged in.
    pub(crate) fn with_cookie(address: SocketAddr, cookie: &str) -> Client {
        Client { address, stream: None, who: format!("cookie: {cookie}\r\n") }
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Reply> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{}\r\n", self.address, self.who);
        if self.stream.is_some() {
            if let Ok(reply) = self.ask(&head) {
                return Ok(reply);
            }
            // A connection that was quiet for long is closed by the node; asking again changes nothing.
            self.stream = None;
        }
        self.ask(&head)
    }

    /// Never asks twice: what failed may have been done.
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> io::Result<Reply> {
        self.send_json("POST", path, body)
    }

    /// Never asks twice either.
    pub(crate) fn send_json(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> io::Result<Reply> {
        let body = body.to_string();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.who,
            body.len()
        );
        self.ask(&request)
    }

    fn ask(&mut self, request: &str) -> io::Result<Reply> {
        let answer = self.send(request);
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    fn send(&mut self, request: &str) -> io::Result<Reply> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_read_timeout(Some(SOON))?;
                stream.set_nodelay(true)?;
                none.insert(BufReader::new(stream))
            }
        };
        stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length, mut cookie) = (0, None, None);
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.trim_end().is_empty() {
                break;
            }
            match line.trim_end().split_once(' ') {
                Some(("HTTP/1.1", rest)) => status = rest[..3].parse().unwrap(),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length:") => {
                    length = Some(value.parse::<usize>().unwrap());
                }
                Some((name, value)) if name.eq_ignore_ascii_case("set-cookie:") => {
                    cookie = value.split(';').next().map(str::to_owned);
                }
                _ => {}
            }
        }
        let Some(length) = length else {
            return Ok(Reply { status, body: chunks(stream)?, cookie });
        };
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(Reply { status, body, cookie })
    }
}

/// A body whose length was not known at its beginning (RFC 9112 §7.1).
fn chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
        let start = body.len();
        body.resize(start + length, 0);
        stream.read_exact(&mut body[start..])?;
        stream.read_line(&mut line)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

/// Rising values written to one tag, with what was answered.
pub(crate) struct Writes {
    tag: &'static str,
    last: u32,
    pub(crate) done: Vec<u32>,
    refused: Vec<u32>,
}

impl Writes {
    pub(crate) const fn to(tag: &'static str) -> Writes {
        Writes { tag, last: 0, done: Vec::new(), refused: Vec::new() }
    }

    /// Writes the next value and waits for the answer.
    pub(crate) fn send(&mut self, client: &mut Client) -> io::Result<()> {
        self.last += 1;
        let reply =
            client.post("/api/v1/write", &json!({ "tag": self.tag, "value": self.last }))?;
        match reply.status {
            200 => {
                assert_eq!(reply.json()["value"], self.last, "{}", reply.text());
                self.done.push(self.last);
            }
            409 => self.refused.push(self.last),
            status => panic!("{status}: {}", reply.text()),
        }
        Ok(())
    }

    /// What was answered is what reached the device.
    #[track_caller]
    pub(crate) fn check(&self, written: &[u32]) {
        assert!(written.is_sorted_by(|a, b| a < b), "each write comes once, in order");
        assert!(written.last() <= Some(&self.last), "nothing comes that nobody asked for");
        for done in &self.done {
            assert!(written.binary_search(done).is_ok(), "{done} was answered as done");
        }
        for refused in &self.refused {
            assert!(written.binary_search(refused).is_err(), "{refused} was answered as refused");
        }
    }
}

/// A plant folder and a data folder, gone when this is dropped.
pub(crate) struct Plant {
    dir: TempDir,
}

/// What `lineshaft.toml` of a test begins with.
pub(crate) const NODE: &str =
    "[node]\nname = \"test\"\npath = \"acme/test\"\n[http]\nlisten = \"127.0.0.1:0\"\n";

/// Most tests are about the plant, not about who asks: whoever comes may do everything.
pub(crate) const OPEN: &str = "[security]\nanonymous = \"admin\"\n";

impl Plant {
    /// A plant without devices that lets everybody do everything; `sections` go into `lineshaft.toml` below the node's own.
    pub(crate) fn new(sections: &str) -> Plant {
        Plant::of(&format!("{NODE}{OPEN}{sections}"))
    }

    /// A plant without devices with this `lineshaft.toml`.
    pub(crate) fn of(file: &str) -> Plant {
        let plant = Plant { dir: TempDir::new().unwrap() };
        for folder in ["devices", "tags", "pipelines"] {
            std::fs::create_dir_all(plant.folder().join(folder)).unwrap();
        }
        plant.put("lineshaft.toml", file);
        plant
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("plant")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Writes a file as an editor does: beside it, then into its place.
    pub(crate) fn put(&self, file: &str, text: &str) {
        let beside = self.dir.path().join("unsaved");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.folder().join(file)).unwrap();
    }

    /// Writes a device with its tag table; its tags are below `acme/test/<name>`. `unit` and `keys` go into its table.
    pub(crate) fn device(&self, name: &str, at: SocketAddr, unit: u8, keys: &str, table: &str) {
        let text = format!(
            "[{name}]\ndriver = \"modbus\"\nendpoint = \"tcp://{at}\"\ntags = \"../tags/{name}.csv\"\n\
             {keys}\n[{name}.settings]\nunit = {unit}\n"
        );
        self.put(&format!("tags/{name}.csv"), table);
        self.put(&format!("devices/{name}.toml"), &text);
    }

    pub(crate) fn arguments(&self) -> [OsString; 5] {
        arguments(&self.folder(), &self.data())
    }

    #[track_caller]
    pub(crate) fn run(&self) -> Node {
        Process::start(self.arguments()).listening()
    }

    /// `lineshaft verify`.
    #[track_caller]
    pub(crate) fn verify(&self) -> Ended {
        run([OsStr::new("verify"), OsStr::new("--data"), self.data().as_os_str()])
    }
}

/// `lineshaft run` with these folders.
pub(crate) fn arguments(plant: &Path, data: &Path) -> [OsString; 5] {
    ["run".into(), "--plant".into(), plant.into(), "--data".into(), data.into()]
}
