//! One connection: TLS where the listener speaks it, then HTTP/1.1 with its deadlines.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use lineshaft_tls::Certificates;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::patience::Patient;
use crate::peer::{Busy, Peer, Place, Way};
use crate::problem::{ApiError, Code};
use crate::server::Shared;
use crate::{limits, metrics};

/// The first byte of every TLS connection: the content type of a handshake record (RFC 8446, section 5.1). No HTTP
/// method starts with it.
const TLS_HANDSHAKE: u8 = 0x16;

/// How long the rest of a plain request is read, so that the answer to it is not lost with a reset.
const LINGER: Duration = Duration::from_secs(1);

/// An accepted connection.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) from: SocketAddr,
    pub(crate) place: Place,
}

pub(crate) async fn serve_tcp(
    stream: TcpStream,
    taken: Taken,
    router: Router,
    shared: Arc<Shared>,
) {
    // A live value must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let Taken { from, place } = taken;
    let Some(certificates) = shared.api.tls.clone() else {
        let peer = Peer::new(Some(from), Way::Plain, Some(place));
        return serve_peer(stream, peer, router, shared).await;
    };
    // As long again for the first byte and the turn: who had to wait must not find his time used up.
    let limit = shared.api.limits.handshake_timeout * 2;
    let shaking = tokio::time::timeout(limit, shake_hands(stream, &certificates, &shared));
    let shaken = tokio::select! {
        () = place.leave() => return,
        shaken = shaking => shaken,
    };
    match shaken {
        Ok(Ok(Some(stream))) => {
            let certificate = Certificates::client_fingerprint(stream.get_ref().1);
            let peer = Peer::new(Some(from), Way::Tls { certificate }, Some(place));
            serve_peer(stream, peer, router, shared).await;
        }
        Ok(Ok(None)) => {}
        Ok(Err(error)) => {
            metrics::handshakes_failed().increment(1);
            tracing::debug!(%error, %from, "a TLS handshake failed");
        }
        Err(_elapsed) => metrics::handshakes_failed().increment(1),
    }
}

/// The connection with TLS; `None` after a client that speaks plain HTTP was told so.
async fn shake_hands(
    stream: TcpStream,
    certificates: &Certificates,
    shared: &Shared,
) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0];
    // Before the turn: a client that says nothing must not hold one.
    if stream.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first != [TLS_HANDSHAKE] {
        say_https(stream).await?;
        return Ok(None);
    }
    let _turn = shared.handshakes.acquire().await.map_err(io::Error::other)?;
    let limit = shared.api.limits.handshake_timeout;
    match tokio::time::timeout(limit, certificates.acceptor().accept(stream)).await {
        Ok(shaken) => shaken.map(Some),
        Err(_elapsed) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn say_https(mut stream: TcpStream) -> io::Result<()> {
    let error = ApiError::new(Code::NotTls, "this port speaks TLS and the request came without")
        .remedy("write https:// instead of http://");
    stream.write_all(&error.raw()).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(limits::HEAD_BYTES_MAX as u64);
    let mut nowhere = tokio::io::sink();
    let _ = tokio::time::timeout(LINGER, tokio::io::copy(&mut rest, &mut nowhere)).await;
    Ok(())
}

/// The router, for the requests of one connection: each gets to know by which one it came.
struct Door {
    peer: Peer,
    router: TowerToHyperService<Router>,
}

impl Service<hyper::Request<Incoming>> for Door {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        let peer = self.peer.clone();
        if request.body().is_end_stream() {
            peer.is_busy(Busy::Yes);
        }
        request.extensions_mut().insert(peer.clone());
        let answering = self.router.call(request);
        Box::pin(async move {
            let answer = answering.await;
            peer.is_busy(Busy::No);
            answer
        })
    }
}

pub(crate) async fn serve_peer<S>(stream: S, peer: Peer, router: Router, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = &shared.api.limits;
    let stream = Patient::new(stream, limits.write_timeout);
    let leave = peer.leave().clone();
    let door = Door { peer, router: TowerToHyperService::new(router) };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .max_headers(limits::HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), door)
        .with_upgrades();
    let mut served = pin!(served);
    let ended = tokio::select! {
        biased;
        () = shared.stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.as_mut().await
        }
        () = leave.cancelled() => return metrics::connections_refused().increment(1),
        ended = served.as_mut() => ended,
    };
    if let Err(error) = ended {
        // The client broke off, was too slow or spoke no HTTP: its own affair.
        tracing::debug!(%error, "a connection ended early");
    }
}
