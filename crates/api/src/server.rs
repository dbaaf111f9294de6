//! The listener: accepts within its limits, lets each connection finish, hangs up on those that dawdle.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use lineshaft_model::CommandId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::page::Page;
use crate::patience::Patient;
use crate::problem::{ApiError, Code};
use crate::{Api, limits, metrics, routes};

/// After the system had no descriptor left for a connection: others need time to close theirs.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why nobody is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The listener has no address.
    #[error("cannot read the address of the HTTP listener")]
    Address {
        /// Why.
        source: io::Error,
    },
    /// The listener can be reached from other machines.
    #[error(
        "{address} can be reached from other machines; until Lineshaft knows people and passwords, `[http] listen` must be a loopback address (127.0.0.1 or [::1])"
    )]
    Wide {
        /// The address.
        address: SocketAddr,
    },
}

/// Says whether the HTTP interface may listen on `address`.
///
/// # Errors
/// [`ServeError::Wide`] for any address that is not loopback: there are no people and no passwords yet.
pub fn check_listen(address: SocketAddr) -> Result<(), ServeError> {
    if address.ip().is_loopback() { Ok(()) } else { Err(ServeError::Wide { address }) }
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) api: Api,
    pub(crate) address: SocketAddr,
    pub(crate) page: Page,
    /// Turns for history questions.
    pub(crate) queries: Arc<Semaphore>,
    /// Places for live connections.
    pub(crate) live: Arc<Semaphore>,
    /// Resolves when live connections shall close.
    pub(crate) stop: CancellationToken,
    commands: AtomicU64,
}

impl Shared {
    fn new(api: Api, address: SocketAddr, stop: CancellationToken) -> Shared {
        // Milliseconds in the upper bits: names differ between two runs, and a million writes in one
        // millisecond between two starts are needed to meet.
        let millis = u64::try_from(api.clock.now().millis()).unwrap_or(0);
        Shared {
            address,
            page: Page::embedded(),
            queries: Arc::new(Semaphore::new(api.limits.queries_max)),
            live: Arc::new(Semaphore::new(api.limits.live_max)),
            stop,
            commands: AtomicU64::new(millis << 20),
            api,
        }
    }

    /// A name for a command that this node has not given before.
    pub(crate) fn next_command(&self) -> CommandId {
        CommandId(self.commands.fetch_add(1, Ordering::Relaxed))
    }
}

/// Serves until `stop`, then lets the requests under way finish within [`crate::Limits::goodbye`].
///
/// # Errors
/// [`ServeError`] when the listener may not be used; once it serves, nothing ends it but `stop`.
pub async fn serve(
    api: Api,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(|source| ServeError::Address { source })?;
    check_listen(address)?;
    let shared = Arc::new(Shared::new(api, address, stop.clone()));
    let router = routes::router(shared.clone());
    let max = shared.api.limits.connections_max;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() >= max => refuse(stream, max),
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), shared.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
        metrics::connections().set(count(connections.len()));
    }
    drop(listener);
    goodbye(&shared, connections).await;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 connections")]
fn count(connections: usize) -> f64 {
    connections as f64
}

/// Waits for connections and live connections to end, not longer than the limit.
async fn goodbye(shared: &Shared, mut connections: JoinSet<()>) {
    let all = u32::try_from(shared.api.limits.live_max).unwrap_or(u32::MAX);
    let ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
        let _all_places = shared.live.acquire_many(all).await;
    };
    if tokio::time::timeout(shared.api.limits.goodbye, ended).await.is_err() {
        tracing::warn!(left = connections.len(), "connections cut off at shutdown");
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection failed");
    }
}

/// Tells one connection too many that it is one too many. Writes what fits into the socket's buffer, which
/// is empty, and hangs up: waiting for the client would be another connection.
fn refuse(stream: TcpStream, max: usize) {
    metrics::connections_refused().increment(1);
    let error = ApiError::new(Code::Connections, format!("{max} connections are open"))
        .remedy("close some, or try again");
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(&error.raw());
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
}

async fn connection(stream: TcpStream, router: Router, shared: Arc<Shared>) {
    // A live value must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let limits = &shared.api.limits;
    let stream = Patient::new(stream, limits.write_timeout);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .max_headers(limits::HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut served = pin!(served);
    let ended = tokio::select! {
        biased;
        () = shared.stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.as_mut().await
        }
        ended = served.as_mut() => ended,
    };
    if let Err(error) = ended {
        // The client broke off, was too slow or spoke no HTTP: its own affair.
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_that_others_can_reach_is_refused_with_the_reason() {
        assert!(check_listen(([127, 0, 0, 1], 80).into()).is_ok());
        assert!(check_listen("[::1]:80".parse().unwrap()).is_ok());
        let error = check_listen(([0, 0, 0, 0], 80).into()).unwrap_err();
        assert!(error.to_string().starts_with("0.0.0.0:80 can be reached from other machines"));
    }
}
