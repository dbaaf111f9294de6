//! A node under siege: slow heads, slow bodies and idle connections by the thousand, from many addresses, while the
//! plant is polled and somebody logs in.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use lineshaft_identity::{NewPerson, Secret};
use lineshaft_runtime::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::Outcome;
use super::machine::{memory_mib, percentile};
use super::poll::{self, Load};
use crate::node::{Node, Visitor};

const SLOW_HEADS: u32 = 1_000;
const SLOW_BODIES: u32 = 1_000;
const IDLE: u32 = 10_000;
/// The attackers' addresses: 127.0.1.1 to 127.0.1.250.
const SOURCES: u32 = 250;
/// How often a slow client sends its next byte.
const DRIP: Duration = Duration::from_secs(1);
/// After a connection was refused or ended.
const AGAIN: Duration = Duration::from_secs(5);
const LOGINS: u32 = 10;
const PERIOD_MS: u64 = 100;
const ACCOUNT: &str = "operator-3am";
const PASSWORD: &str = "nine lanterns by the quay";

/// The attackers; they end with this value.
struct Attackers(Child);

impl Drop for Attackers {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// What was seen in one part of the measurement.
struct Seen {
    /// 99th percentile of how far a poll was from its time, ms.
    jitter_ms: f64,
    /// The slowest login, s.
    login_s: f64,
    memory_mib: f64,
}

pub(super) fn run(dir: &Path, seconds: u64) -> Outcome {
    more_descriptors();
    let load = Load { links: 10, tags: 200, period_ms: PERIOD_MS, seconds };
    poll::with_node(dir, &load, Visitor::IsNot, async |node| {
        let person = NewPerson {
            account: ACCOUNT.into(),
            full_name: "Somebody at 3 am".into(),
            password: Secret::new(PASSWORD),
        };
        let secret = node.gate().identity.setup_secret().ok_or("the node has an administrator")?;
        let made = node.gate().identity.set_up(&secret, person, None, "bench").await;
        made.map_err(|error| error.to_string())?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let calm = part(&node, seconds).await?;
        let attackers = attack(node.address())?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let siege = part(&node, seconds).await?;
        drop(attackers);
        print(&calm, &siege);
        Ok(node)
    })
}

fn print(calm: &Seen, siege: &Seen) {
    say!(
        "siege: {SLOW_HEADS} slow heads, {SLOW_BODIES} slow bodies, {IDLE} idle connections from {SOURCES} addresses\n  \
                              calm      siege\n  \
         polling jitter p99  {:>7.2} ms {:>7.2} ms  ({:+.0} %)\n  \
         slowest login       {:>7.2} s  {:>7.2} s\n  \
         memory              {:>7.0} MiB{:>7.0} MiB (× {:.2})",
        calm.jitter_ms,
        siege.jitter_ms,
        (siege.jitter_ms / calm.jitter_ms - 1.0) * 100.0,
        calm.login_s,
        siege.login_s,
        calm.memory_mib,
        siege.memory_mib,
        siege.memory_mib / calm.memory_mib,
    );
}

/// Logs in again and again while polling goes on, then asks history when each poll came.
async fn part(node: &Node, seconds: u64) -> Result<Seen, String> {
    let clock = Clock::real();
    let start = clock.now();
    let (mut login_s, mut cookie) = (0.0_f64, String::new());
    for _ in 0..LOGINS {
        tokio::time::sleep(Duration::from_secs(seconds) / LOGINS).await;
        let from = clock.steady();
        cookie = login(node.address()).await?;
        login_s = login_s.max((clock.steady() - from).as_secs_f64());
    }
    let (memory_mib, _most) = memory_mib();
    let end = clock.now();
    let mut jitters = Vec::new();
    for link in 0..10 {
        let path = format!(
            "/api/v1/history?mode=raw&limit=100000&tag=bench/site/d{link}/t0&start={}&end={}",
            start.millis(),
            end.millis()
        );
        let answer =
            ask(node.address(), &format!("GET {path} HTTP/1.1\r\ncookie: {cookie}\r\n"), "")
                .await?;
        let body: Value = serde_json::from_str(&answer.1).map_err(|error| error.to_string())?;
        // The value is the device's clock at the moment it was read.
        let read: Vec<u64> = body["series"][0]["value"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        let gaps = read.windows(2).filter_map(|pair| pair[1].checked_sub(pair[0]));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        jitters.extend(gaps.map(|gap| (gap as f64 - PERIOD_MS as f64).abs()));
    }
    if jitters.is_empty() {
        return Err("nothing was polled".into());
    }
    jitters.sort_by(f64::total_cmp);
    Ok(Seen { jitter_ms: percentile(&jitters, 0.99), login_s, memory_mib })
}

async fn login(address: SocketAddr) -> Result<String, String> {
    let body = json!({ "account": ACCOUNT, "password": PASSWORD }).to_string();
    let head = "POST /api/v1/session HTTP/1.1\r\ncontent-type: application/json\r\n";
    let (head, body) = ask(address, head, &body).await?;
    let cookie = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("set-cookie")
            .then(|| value.split(';').next().unwrap_or_default().trim().to_owned())
    });
    cookie.ok_or_else(|| format!("the login was not answered with a session: {head} {body}"))
}

/// One request on a connection of its own; head and body of the answer. Refused connections are tried again.
async fn ask(address: SocketAddr, head: &str, body: &str) -> Result<(String, String), String> {
    let request = format!(
        "{head}host: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut last = String::from("nobody answered");
    for _try in 0..100 {
        let mut answer = Vec::new();
        let asking = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(request.as_bytes()).await?;
            stream.read_to_end(&mut answer).await
        };
        match asking.await {
            Ok(_) if !answer.is_empty() => {
                let text = String::from_utf8_lossy(&answer).into_owned();
                let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
                if head.starts_with("HTTP/1.1 200") {
                    return Ok((head.to_owned(), body.to_owned()));
                }
                last = text;
            }
            Ok(_) => last = "the connection was closed".into(),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(last)
}

fn attack(address: SocketAddr) -> Result<Attackers, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let child = Process::new(program)
        .args(["bench", "attack", "--address", &address.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the attackers: {error}"))?;
    Ok(Attackers(child))
}

/// The attackers, until standard input closes.
pub(super) fn besiege(address: SocketAddr) -> Outcome {
    more_descriptors();
    // They would be on other machines: here they get the processor that the node leaves.
    let _ = rustix::process::setpriority_process(None, 19);
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    executor.map_err(|error| error.to_string())?.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for n in 0..SLOW_HEADS + SLOW_BODIES + IDLE {
            let manner = match n {
                _ if n < SLOW_HEADS => Manner::SlowHead,
                _ if n < SLOW_HEADS + SLOW_BODIES => Manner::SlowBody,
                _ => Manner::Idle,
            };
            let host = u8::try_from(1 + n % SOURCES).unwrap_or(1);
            all.spawn(one(address, Ipv4Addr::new(127, 0, 1, host).into(), manner));
        }
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let _ = ended.await;
        all.abort_all();
    });
    Ok(())
}

#[derive(Clone, Copy)]
enum Manner {
    SlowHead,
    SlowBody,
    Idle,
}

/// One attacker: what is closed is opened again.
async fn one(address: SocketAddr, source: IpAddr, manner: Manner) {
    loop {
        let _ = hold(address, source, manner).await;
        tokio::time::sleep(AGAIN).await;
    }
}

async fn hold(address: SocketAddr, source: IpAddr, manner: Manner) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((source, 0).into())?;
    let mut stream = socket.connect(address).await?;
    let begin = match manner {
        Manner::SlowHead => format!("GET / HTTP/1.1\r\nhost: {address}\r\n"),
        Manner::SlowBody => format!(
            "POST /api/v1/session HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
        ),
        Manner::Idle => {
            // Until the node hangs up.
            let _hung_up = stream.read(&mut [0]).await?;
            return Ok(());
        }
    };
    stream.write_all(begin.as_bytes()).await?;
    let (mut reader, mut writer) = stream.into_split();
    let dripping = async {
        loop {
            tokio::time::sleep(DRIP).await;
            let drop: &[u8] = if matches!(manner, Manner::SlowHead) { b"x-a: b\r\n" } else { b" " };
            if writer.write_all(drop).await.is_err() {
                return;
            }
        }
    };
    let mut answer = [0; 512];
    tokio::select! {
        () = dripping => {}
        _ = async { while reader.read(&mut answer).await.is_ok_and(|read| read > 0) {} } => {}
    }
    Ok(())
}

/// Thousands of connections need thousands of descriptors.
fn more_descriptors() {
    let mut limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current = limit.maximum;
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, limit);
}
