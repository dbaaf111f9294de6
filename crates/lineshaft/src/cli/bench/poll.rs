//! The whole way: device → driver → pipeline → shaft → historian, and beside it writes and a live client.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use lineshaft_model::{Answer, Command, CommandId, TagPath, Value};
use lineshaft_runtime::Clock;
use tokio_tungstenite::tungstenite::Message;

use super::Outcome;
use super::devices::stamp;
use super::machine::{memory_mib, percentile, processor_time};
use crate::node::{DataFolder, Node, Options, Visitor, Watch};

/// What is polled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) links: u16,
    pub(super) tags: u16,
    pub(super) period_ms: u64,
    pub(super) seconds: u64,
}

/// How long the node runs before anything is measured: connections are made, the first cycle is over.
const WARM_UP: Duration = Duration::from_secs(5);
/// How many values are written while everything is polled.
const WRITES: u32 = 100;
/// How many tags the live client looks at.
const LIVE_TAGS: u32 = 10_000;

/// The simulated devices in a process of their own; they end with this value.
struct Devices(Child);

impl Drop for Devices {
    fn drop(&mut self) {
        drop(self.0.stdin.take()); // the process ends when its standard input closes
        let _ = self.0.wait();
    }
}

pub(super) fn run(dir: &Path, load: &Load) -> Outcome {
    with_node(dir, load, Visitor::IsWelcome, async |node| measure(&node, load).await.map(|()| node))
}

/// Runs the same plant until Ctrl-C, for a browser to look at.
pub(super) fn hold(dir: &Path, load: &Load) -> Outcome {
    with_node(dir, load, Visitor::IsWelcome, async |node| {
        say!("listening {}", node.url());
        tokio::signal::ctrl_c().await.map_err(|error| error.to_string())?;
        Ok(node)
    })
}

/// Starts devices and a node that polls them, lets `work` have it, and stops everything.
pub(super) fn with_node(
    dir: &Path,
    load: &Load,
    visitor: Visitor,
    work: impl AsyncFnOnce(Node) -> Result<Node, String>,
) -> Outcome {
    let (devices, addresses) = start_devices(load.links)?;
    write_plant(&dir.join("plant"), load, &addresses).map_err(|error| error.to_string())?;
    let outcome = serve(dir, visitor, work);
    drop(devices);
    outcome
}

/// Starts a node on the `plant` and `data` below `dir`, lets `work` have it, and stops it.
pub(super) fn serve(
    dir: &Path,
    visitor: Visitor,
    work: impl AsyncFnOnce(Node) -> Result<Node, String>,
) -> Outcome {
    let plant = dir.join("plant");
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    executor.block_on(async {
        let stragglers = work(start_node(dir, &plant, visitor).await?).await?.stop().await;
        if stragglers.is_empty() { Ok(()) } else { Err(format!("did not stop: {stragglers:?}")) }
    })
}

async fn start_node(dir: &Path, plant: &Path, visitor: Visitor) -> Result<Node, String> {
    let plant = crate::plant::load(plant, lineshaft_drivers::DRIVERS)
        .map_err(|mistakes| mistakes.to_string())?;
    let options = Options {
        listen: None,
        watch: Watch::Ignore,
        metrics: crate::cli::run::recorder(),
        visitor,
        clock: Clock::real(),
        logs: crate::logs::LogBook::unwritten(Clock::real()),
    };
    let data = DataFolder::take(&dir.join("data")).map_err(|error| error.to_string())?;
    Node::start(plant, data, options).await.map_err(|error| error.to_string())
}

fn start_devices(count: u16) -> Result<(Devices, Vec<String>), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Process::new(program)
        .args(["bench", "devices", "--count", &count.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the simulated devices: {error}"))?;
    let output = child.stdout.take().ok_or("the simulated devices have no output")?;
    let devices = Devices(child);
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    let addresses: Vec<String> = lines.take_while(|line| line != "ready").collect();
    if addresses.len() == usize::from(count) {
        Ok((devices, addresses))
    } else {
        Err("the simulated devices did not start".into())
    }
}

fn write_plant(dir: &Path, load: &Load, addresses: &[String]) -> std::io::Result<()> {
    fs::create_dir_all(dir.join("devices"))?;
    fs::create_dir_all(dir.join("tags"))?;
    fs::write(
        dir.join("lineshaft.toml"),
        "[node]\nname = \"bench\"\npath = \"bench/site\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
    )?;
    let mut csv = String::from("tag,address,type,access\n");
    for n in 0..load.tags {
        let _ = writeln!(csv, "t{n},ir:{},u32,read", u32::from(n) * 2);
    }
    for n in 0..WRITES {
        let _ = writeln!(csv, "w{n},hr:{},u16,write", n * 2);
    }
    fs::write(dir.join("tags/all.csv"), csv)?;
    let mut toml = String::new();
    for (n, address) in addresses.iter().enumerate() {
        let _ = writeln!(
            toml,
            "[d{n}]\ndriver = \"modbus\"\nendpoint = \"tcp://{address}\"\npath = \"d{n}\"\n\
             period = \"{}ms\"\ntags = \"../tags/all.csv\"\n",
            load.period_ms
        );
    }
    fs::write(dir.join("devices/all.toml"), toml)
}

async fn measure(node: &Node, load: &Load) -> Outcome {
    let clock = Clock::real();
    tokio::time::sleep(WARM_UP).await;

    let (from, used, samples) =
        (clock.steady(), processor_time(), node.view().status().samples_total);
    tokio::time::sleep(Duration::from_secs(load.seconds)).await;
    let wall = (clock.steady() - from).as_secs_f64();
    let cores = (processor_time() - used).as_secs_f64() / wall;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = (node.view().status().samples_total - samples) as f64 / wall;
    let (now, most) = memory_mib();
    let skipped: u64 = node.devices().list().iter().map(|d| d.counters.skipped_cycles).sum();
    say!(
        "poll: {} links × {} tags, every {} ms, for {wall:.0} s\n  samples/s      {rate:>10.0}\n  \
         cores used     {cores:>10.2}\n  memory         {now:>10.0} MiB (most {most:.0})\n  \
         skipped cycles {skipped:>10}",
        load.links,
        load.tags,
        load.period_ms
    );
    writes(node, &clock).await?;
    live(node, &clock, load).await
}

/// Writes one tag after the other while everything is polled.
async fn writes(node: &Node, clock: &Clock) -> Outcome {
    let mut took = Vec::new();
    for n in 0..WRITES {
        let target = TagPath::new(&format!("bench/site/d0/w{n}")).map_err(|e| e.to_string())?;
        let command = Command {
            id: CommandId(u64::from(n)),
            target,
            value: Value::Uint(u64::from(n)),
            who: "bench".into(),
            why: "measured".into(),
            deadline: clock.now().saturating_add(Duration::from_secs(5)),
        };
        let from = clock.steady();
        match node.commands().submit(command).await {
            Answer::Done(_) => took.push((clock.steady() - from).as_secs_f64() * 1000.0),
            other => return Err(format!("write {n} was not done: {other:?}")),
        }
    }
    took.sort_by(f64::total_cmp);
    say!(
        "write: {WRITES} tags, one after the other, while all is polled\n  p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        percentile(&took, 0.5),
        percentile(&took, 0.99),
        percentile(&took, 1.0)
    );
    Ok(())
}

/// Looks at tags as a page does, and at how old each value is when it arrives.
async fn live(node: &Node, clock: &Clock, load: &Load) -> Outcome {
    let wanted = LIVE_TAGS.min(u32::from(load.links) * u32::from(load.tags));
    let each = wanted / u32::from(load.links).max(1);
    let mut tags = Vec::new();
    for link in 0..load.links {
        tags.extend((0..each).map(|n| format!("bench/site/d{link}/t{n}")));
    }
    let url = format!("ws://{}/api/v1/live", node.address());
    let (mut socket, _) =
        tokio_tungstenite::connect_async(url).await.map_err(|error| error.to_string())?;
    for some in tags.chunks(1_000) {
        let message = serde_json::json!({ "subscribe": some }).to_string();
        socket.send(Message::text(message)).await.map_err(|error| error.to_string())?;
    }
    let mut ages = Vec::new();
    let until = clock.steady() + Duration::from_secs(load.seconds.min(15));
    let settled = clock.steady() + Duration::from_millis(2 * load.period_ms + 1_000);
    while clock.steady() < until {
        let next = tokio::time::timeout(Duration::from_secs(5), socket.next()).await;
        let Ok(Some(Ok(message))) = next else { return Err("the live connection ended".into()) };
        let Message::Text(text) = message else { continue };
        let values: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if values["type"] != "values" || clock.steady() < settled {
            continue; // the first values are as old as the last poll before the subscription
        }
        let now = stamp(clock);
        for value in values["value"].as_array().into_iter().flatten() {
            let Some(then) = value.as_u64().and_then(|then| u32::try_from(then).ok()) else {
                continue;
            };
            ages.push(f64::from(now.wrapping_sub(then)));
        }
    }
    ages.sort_by(f64::total_cmp);
    say!(
        "live: {} tags on one connection, {} values\n  read in the device → decoded by the client: p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms",
        tags.len(),
        ages.len(),
        percentile(&ages, 0.5),
        percentile(&ages, 0.99),
        percentile(&ages, 1.0)
    );
    if ages.is_empty() { Err("no live values arrived".into()) } else { Ok(()) }
}
