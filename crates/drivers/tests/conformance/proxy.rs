//! A man in the middle who spoils answers on their way from a peer to the driver.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What becomes of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// These bytes go on, in one piece.
    Send(Vec<u8>),
    /// The connection is closed.
    Close,
}

/// Turns one answer into steps; what follows the last step is silence.
pub(crate) type Spoil = fn(&[u8]) -> Vec<Step>;

/// Lets everything through.
pub(crate) fn honest(answer: &[u8]) -> Vec<Step> {
    vec![Step::Send(answer.into())]
}

/// A listener that passes requests on to a peer and spoils the answers.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    spoil: Arc<Mutex<Spoil>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn before(peer_port: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let spoil: Arc<Mutex<Spoil>> = Arc::new(Mutex::new(honest));
        let mut tasks = JoinSet::new();
        let (of_task, peer) = (spoil.clone(), format!("127.0.0.1:{peer_port}"));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(connection(near, peer.clone(), of_task.clone()));
            }
        });
        Proxy { address, spoil, _tasks: tasks }
    }

    /// From the next answer on.
    pub(crate) fn spoil(&self, spoil: Spoil) {
        *self.spoil.lock() = spoil;
    }
}

async fn connection(mut near: TcpStream, peer: String, spoil: Arc<Mutex<Spoil>>) {
    let mut far = TcpStream::connect(peer).await.unwrap();
    near.set_nodelay(true).unwrap();
    let (mut question, mut answer) = ([0; 600], [0; 600]);
    loop {
        tokio::select! {
            count = near.read(&mut question) => match count {
                Ok(count) if count > 0 => far.write_all(&question[..count]).await.unwrap(),
                _ => return,
            },
            // Peers here write an answer in one piece, so what is read at once is one.
            count = far.read(&mut answer) => match count {
                Ok(count) if count > 0 => {
                    let steps = (*spoil.lock())(&answer[..count]);
                    for step in steps {
                        match step {
                            Step::Send(bytes) if near.write_all(&bytes).await.is_ok() => {}
                            Step::Send(_) | Step::Close => return,
                        }
                        tokio::task::yield_now().await;
                    }
                }
                _ => return,
            },
        }
    }
}
