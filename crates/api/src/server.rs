//! The listeners: they accept within their limits, let each connection finish, hang up on those that dawdle.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lineshaft_model::CommandId;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auditing::Auditing;
use crate::connection::{Taken, serve_peer, serve_tcp};
use crate::control::Users;
use crate::exposure::{ExposureError, check_listen};
use crate::page::Page;
use crate::peer::{Peer, Place, Sources, Way};
use crate::problem::{ApiError, Code};
use crate::{Api, limits, metrics, routes};

/// After the system had no descriptor left for a connection: others need time to close theirs.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections may be on their way out while others have taken their places.
const LEAVING_MAX: usize = 128;

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
    /// The listener may not be reached from other machines.
    #[error(transparent)]
    Exposed(#[from] ExposureError),
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) api: Api,
    /// Where the listener is; none for the control socket.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) page: Page,
    /// Turns for history questions.
    pub(crate) queries: Arc<Semaphore>,
    /// Turns for exports of history.
    pub(crate) exports: Arc<Semaphore>,
    /// Places for live connections.
    pub(crate) live: Arc<Semaphore>,
    /// Turns for writes to devices.
    pub(crate) writes: Arc<Semaphore>,
    /// Turns with the plant folder.
    pub(crate) plant: Arc<Semaphore>,
    /// What the routes of the audit trail share.
    pub(crate) auditing: Auditing,
    /// Changes under way that must end also when whoever asked has hung up.
    pub(crate) changes: TaskTracker,
    /// Turns for TLS handshakes.
    pub(crate) handshakes: Semaphore,
    /// Resolves when live connections shall close.
    pub(crate) stop: CancellationToken,
    commands: AtomicU64,
}

impl Shared {
    fn new(api: Api, address: Option<SocketAddr>, stop: CancellationToken) -> Shared {
        // Milliseconds in the upper bits: names differ between two runs, and a million writes in one
        // millisecond between two starts are needed to meet.
        let millis = u64::try_from(api.clock.now().millis()).unwrap_or(0);
        // The two listeners count apart: the control socket's names are odd.
        let first = (millis << 20) | u64::from(address.is_none());
        Shared {
            address,
            page: Page::embedded(),
            queries: Arc::new(Semaphore::new(api.limits.queries_max)),
            exports: Arc::new(Semaphore::new(limits::HISTORY_EXPORTS_MAX)),
            live: Arc::new(Semaphore::new(api.limits.live_max)),
            writes: Arc::new(Semaphore::new(limits::WRITES_MAX)),
            plant: Arc::new(Semaphore::new(limits::PLANT_TURNS_MAX)),
            auditing: Auditing::new(),
            changes: TaskTracker::new(),
            handshakes: Semaphore::new(api.limits.handshakes_max),
            stop,
            commands: AtomicU64::new(first),
            api,
        }
    }

    /// A name for a command that this node has not given before.
    pub(crate) fn next_command(&self) -> CommandId {
        CommandId(self.commands.fetch_add(2, Ordering::Relaxed))
    }
}

/// Serves until `stop`, then lets the requests under way finish within [`crate::Limits::goodbye`].
///
/// With [`Api::tls`] it speaks TLS and nothing else; a client that speaks plain HTTP is told so.
///
/// # Errors
/// [`ServeError`] when the listener may not be used; once it serves, nothing ends it but `stop`.
pub async fn serve(
    api: Api,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(|source| ServeError::Address { source })?;
    check_listen(address, &api.exposure)?;
    let shared = Arc::new(Shared::new(api, Some(address), stop.clone()));
    let router = routes::router(shared.clone());
    let sources = Arc::new(Sources::default());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => match admit(&shared, &sources, connections.len(), from) {
                    Ok(place) => {
                        let taken = Taken { from, place };
                        connections.spawn(serve_tcp(stream, taken, router.clone(), shared.clone()));
                    }
                    Err(error) => refuse(stream, error, &shared),
                },
                Err(error) => pause(&error).await,
            },
        }
        metrics::connections().set(count(connections.len()));
    }
    drop(listener);
    goodbye(&shared, connections).await;
    Ok(())
}

/// Serves the control socket until `stop`: whoever runs as the same account as the node, or as root, is `local:USER`.
///
/// The caller has made the socket so that nobody else can open it (0600); who connects is checked all the same.
pub async fn serve_control(api: Api, listener: UnixListener, stop: CancellationToken) {
    let shared = Arc::new(Shared::new(api, None, stop.clone()));
    let router = routes::router(shared.clone());
    let users = Users::of_this_process();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() >= limits::CONTROL_CONNECTIONS_MAX => {
                    drop(stream);
                    metrics::connections_refused().increment(1);
                }
                Ok((stream, _)) => match users.behind(&stream) {
                    Ok(user) => {
                        let peer = Peer::new(None, Way::Control { user }, None);
                        connections.spawn(serve_peer(stream, peer, router.clone(), shared.clone()));
                    }
                    Err(error) => tracing::warn!(%error, "a stranger at the control socket"),
                },
                Err(error) => pause(&error).await,
            },
        }
    }
    drop(listener);
    goodbye(&shared, connections).await;
}

async fn pause(error: &io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// A place for one more connection.
fn admit(
    shared: &Shared,
    sources: &Arc<Sources>,
    connections: usize,
    from: SocketAddr,
) -> Result<Place, ApiError> {
    let limits = &shared.api.limits;
    // Who is sent away takes a moment to be gone.
    let is_full = connections >= limits.connections_max;
    let is_crowded = sources.count() >= limits.strangers_total_max;
    let room = if is_full || is_crowded {
        sources.make_room() && connections < limits.connections_max + LEAVING_MAX
    } else {
        true
    };
    if !room {
        let detail = format!("{} connections are open", limits.connections_max);
        return Err(ApiError::new(Code::Connections, detail).remedy("close some, or try again"));
    }
    sources.enter(from.ip(), limits.strangers_max).ok_or_else(|| {
        let max = limits.strangers_max;
        let detail = format!("{max} connections of yours are open on which nobody logged in");
        ApiError::new(Code::Connections, detail).remedy("close some, or log in")
    })
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
        shared.changes.close();
        shared.changes.wait().await;
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
/// is empty, and hangs up: waiting for the client would be another connection. A client that expects TLS would not
/// understand it and is only hung up on.
fn refuse(stream: TcpStream, error: ApiError, shared: &Shared) {
    metrics::connections_refused().increment(1);
    if shared.api.tls.is_some() {
        return;
    }
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(&error.raw());
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
}
