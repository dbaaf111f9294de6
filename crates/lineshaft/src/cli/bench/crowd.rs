//! Many pages at once: each watches tags of its own devices, and every value says how old it is when it arrives.
//!
//! The clients are a process of their own on the same machine, so the processors are shared as they would be with
//! browsers beside the node; the node's share is shown by itself.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use lineshaft_runtime::{Clock, TaskKind, TaskTree};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::Outcome;
use super::devices::stamp;
use super::machine::{memory_mib, percentile, processor_time};
use super::poll::{self, Load};
use crate::node::Visitor;

/// Clients that watch, and how much each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crowd {
    pub(super) clients: u16,
    pub(super) tags: u16,
    pub(super) seconds: u64,
}

/// Links of the plant; each client watches the tags of one of them.
const LINKS: u16 = 10;
/// How long the crowd may take to come in before anything is measured.
const SETTLE: Duration = Duration::from_secs(5);
/// A client that hears nothing for so long has lost the node.
const SILENCE_MAX: Duration = Duration::from_secs(10);

pub(super) fn run(dir: &Path, crowd: Crowd) -> Outcome {
    let load = Load { links: LINKS, tags: crowd.tags, period_ms: 1_000, seconds: crowd.seconds };
    poll::with_node(dir, &load, Visitor::IsWelcome, async |node| {
        let address = node.address();
        let used = processor_time();
        let clock = Clock::real();
        let from = clock.steady();
        let lines = tokio::task::spawn_blocking(move || clients(address, crowd));
        let lines = lines.await.map_err(|error| error.to_string())??;
        let wall = (clock.steady() - from).as_secs_f64();
        let cores = (processor_time() - used).as_secs_f64() / wall;
        let (_, most) = memory_mib();
        say!(
            "crowd: {} clients, {} tags each at 1 Hz, for {} s\n  {lines}\n  node: {cores:.2} cores, {most:.0} MiB",
            crowd.clients,
            crowd.tags,
            crowd.seconds
        );
        Ok(node)
    })
}

/// Starts the clients and answers with what they saw.
fn clients(address: SocketAddr, crowd: Crowd) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Process::new(program)
        .args(["bench", "watch", "--address", &address.to_string()])
        .args(["--clients", &crowd.clients.to_string(), "--tags", &crowd.tags.to_string()])
        .args(["--seconds", &crowd.seconds.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the clients: {error}"))?;
    let output = child.stdout.take().ok_or("the clients have no output")?;
    let lines: Vec<String> = BufReader::new(output).lines().map_while(Result::ok).collect();
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(lines.join("\n  ")) } else { Err("a client lost the node".into()) }
}

/// The clients themselves; prints what they saw.
pub(super) fn watch(address: SocketAddr, crowd: Crowd) -> Outcome {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let mut ages = executor.block_on(async {
        let tree = TaskTree::new();
        let (each, mut all) = tokio::sync::mpsc::channel(usize::from(crowd.clients).max(1));
        for n in 0..crowd.clients {
            // One after the other: a node takes only so many at once from one address that have not said who they are.
            let client = Client::connect(address).await?;
            let each = each.clone();
            tree.spawn(TaskKind::Api, "client", async move {
                let _ = each.send(client.watch(crowd, n).await).await;
            });
        }
        drop(each);
        let mut ages = Vec::new();
        while let Some(seen) = all.recv().await {
            ages.extend(seen?);
        }
        Ok::<_, String>(ages)
    })?;
    if ages.is_empty() {
        return Err("no values arrived".into());
    }
    ages.sort_by(f64::total_cmp);
    say!(
        "{} values; read in the device → decoded by a client: p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms",
        ages.len(),
        percentile(&ages, 0.5),
        percentile(&ages, 0.99),
        percentile(&ages, 1.0)
    );
    Ok(())
}

/// How a message with values begins.
const VALUES: &str = "{\"type\":\"values\"";

/// The part of a message that is looked at.
#[derive(Deserialize)]
struct Told {
    value: Vec<Option<u32>>,
}

/// One client.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(address: SocketAddr) -> Result<Client, String> {
        let url = format!("ws://{address}/api/v1/live");
        let connected = tokio_tungstenite::connect_async(url).await;
        connected.map(|(socket, _)| Client(socket)).map_err(|error| error.to_string())
    }

    /// Watches the tags of one link: how old each value was when it had been decoded, ms.
    async fn watch(mut self, crowd: Crowd, n: u16) -> Result<Vec<f64>, String> {
        let tags: Vec<String> =
            (0..crowd.tags).map(|tag| format!("bench/site/d{}/t{tag}", n % LINKS)).collect();
        for some in tags.chunks(1_000) {
            let message = serde_json::json!({ "subscribe": some }).to_string();
            self.0.send(Message::text(message)).await.map_err(|error| error.to_string())?;
        }
        let clock = Clock::real();
        let settled = clock.steady() + SETTLE;
        let until = settled + Duration::from_secs(crowd.seconds);
        let mut ages = Vec::new();
        while clock.steady() < until {
            let next = tokio::time::timeout(SILENCE_MAX, self.0.next()).await;
            let Ok(Some(Ok(message))) = next else {
                return Err("the live connection ended".into());
            };
            let Message::Text(text) = message else { continue };
            if !text.starts_with(VALUES) || clock.steady() < settled {
                continue;
            }
            let told: Told = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            let now = stamp(&clock);
            let then = told.value.into_iter().flatten();
            ages.extend(then.map(|then| f64::from(now.wrapping_sub(then))));
        }
        Ok(ages)
    }
}
