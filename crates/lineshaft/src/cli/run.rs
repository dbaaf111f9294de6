//! `lineshaft run` and `lineshaft demo`: a node until it is told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::Chain;
use lineshaft_runtime::{Clock, TaskTree};
use tokio::signal::unix::{SignalKind, signal};

use crate::logs::LogBook;
use crate::node::{DataFolder, Metrics, Node, Options, Visitor, Watch};
use crate::{demo, plant};

/// Threads of the executor. Devices and pages wait most of the time; disk work has threads of its own.
const WORKERS: usize = 2;

/// Signals so close together are one.
const SAME_WISH: Duration = Duration::from_secs(1);

/// Runs the plant in `dir`.
#[must_use]
pub fn run(dir: &Path, data: &Path, logs: LogBook) -> ExitCode {
    let options = Options {
        listen: None,
        watch: Watch::Follow,
        metrics: recorder(),
        visitor: Visitor::IsNot,
        clock: Clock::real(),
        logs,
    };
    let data = match take(data) {
        Ok(data) => data,
        Err(code) => return code,
    };
    on_executor(async move {
        match start(dir, data, options).await {
            Ok(node) => until_told(node, &TaskTree::new()).await,
            Err(code) => code,
        }
    })
}

/// Runs the demo plant with its data in `data`.
#[must_use]
pub fn demo(data: &Path, listen: &str, logs: LogBook) -> ExitCode {
    let Ok(address) = listen.parse::<SocketAddr>() else {
        eprintln!(
            "error LS-CFG-002: `{listen}` is not an address; write for example 127.0.0.1:8080"
        );
        return ExitCode::from(2);
    };
    if !lineshaft_api::is_loopback(address.ip()) {
        eprintln!(
            "error LS-NOD-008: the demo lets in whoever comes, so it listens on this machine only; use 127.0.0.1:{}",
            address.port()
        );
        return ExitCode::FAILURE;
    }
    let options = Options {
        listen: Some(address),
        watch: Watch::Follow,
        metrics: recorder(),
        visitor: Visitor::IsWelcome,
        clock: Clock::real(),
        logs,
    };
    // Taken before anything is written: a second demo must not change the first one's plant.
    let (dir, data) = match take(data) {
        Ok(taken) => (data.join("plant"), taken),
        Err(code) => return code,
    };
    on_executor(async move {
        let (tree, clock) = (TaskTree::new(), Clock::real());
        if let Err(error) = demo::prepare(&dir, listen, &tree, &clock).await {
            eprintln!(
                "error LS-NOD-004: cannot start the demo plant in {}: {error}",
                dir.display()
            );
            return ExitCode::FAILURE;
        }
        match start(&dir, data, options).await {
            Ok(node) => until_told(node, &tree).await,
            Err(code) => code,
        }
    })
}

fn take(data: &Path) -> Result<DataFolder, ExitCode> {
    let taken = DataFolder::take(data).map_err(|error| {
        eprintln!("error {}", Chain(&error));
        ExitCode::FAILURE
    })?;
    if taken.is_open_to_others() {
        tracing::warn!(
            folder = %data.display(),
            "other accounts of this machine can read the data folder; `chmod 700` closes it"
        );
    }
    Ok(taken)
}

async fn start(dir: &Path, data: DataFolder, options: Options) -> Result<Node, ExitCode> {
    let plant = plant::load(dir, lineshaft_drivers::DRIVERS).map_err(|mistakes| {
        eprint!("{}", mistakes.report("nothing was started"));
        ExitCode::FAILURE
    })?;
    if !plant.warnings.all().is_empty() {
        eprint!("{}", plant.warnings.report("the plant runs nevertheless"));
    }
    let visitor = options.visitor;
    let node = Node::start(plant, data, options).await.map_err(|error| {
        eprintln!("error {}", Chain(&error));
        ExitCode::FAILURE
    })?;
    println!("listening {}", node.url());
    if visitor == Visitor::IsWelcome {
        println!(
            "whoever opens this page on this machine is let in as `visitor`, and may do everything"
        );
    } else if let Some(link) = node.setup_link() {
        println!("setup {link}");
    }
    let _ = std::io::stdout().flush();
    Ok(node)
}

/// Waits for Ctrl-C or SIGTERM, then stops with the flow. A second signal ends the process at once.
async fn until_told(node: Node, beside: &TaskTree) -> ExitCode {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        eprintln!("error LS-NOD-005: cannot listen for signals");
        return ExitCode::FAILURE;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    let stopping = async {
        let mut stragglers = node.stop().await;
        stragglers.extend(beside.shutdown(Duration::from_secs(1)).await);
        stragglers
    };
    let again = async {
        // `timeout` and terminals send the same signal twice at once: that is one wish.
        let same = async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
        };
        let _ = tokio::time::timeout(SAME_WISH, same).await;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let stragglers = tokio::select! {
        stragglers = stopping => stragglers,
        // At once means at once: tasks that still run are not told, and nothing is lost that was acknowledged.
        () = again => std::process::exit(1),
    };
    for straggler in &stragglers {
        tracing::warn!(task = straggler.name, kind = ?straggler.kind, "did not stop in time");
    }
    ExitCode::SUCCESS
}

/// Runs a future on the executor of this process.
pub(crate) fn on_executor(future: impl Future<Output = ExitCode>) -> ExitCode {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("lineshaft")
        .enable_all()
        .build();
    match executor {
        Ok(executor) => {
            let code = executor.block_on(future);
            executor.shutdown_timeout(Duration::from_secs(1));
            code
        }
        Err(error) => {
            eprintln!("error LS-NOD-005: cannot start the executor: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Takes over all metrics of the process; the page's `/metrics` shows them.
pub(crate) fn recorder() -> Metrics {
    match metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder() {
        Ok(handle) => Metrics(Arc::new(move || {
            handle.run_upkeep();
            handle.render()
        })),
        Err(error) => {
            tracing::warn!(%error, "metrics are not collected");
            Metrics(Arc::new(String::new))
        }
    }
}
