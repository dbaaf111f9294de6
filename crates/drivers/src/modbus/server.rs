//! The other side of the line: a Modbus TCP server over anything that has registers.
//!
//! For the demo plant, for benchmarks, and for tests of whatever polls; it can be slow, silent or rude on
//! purpose. Source: as the driver. Not here: RTU framing, access control (a listener beyond loopback would
//! need it).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::wire::{self, Asked, Exception, FRAME_BYTES_MAX, Head, Table};

/// Connections served at the same time unless said otherwise.
const CONNECTIONS_MAX: usize = 64;
/// Requests a client may send ahead; more wait in the socket.
const AHEAD_BYTES: usize = 16 * FRAME_BYTES_MAX;
/// Answers are sent at the latest when this many bytes are together.
const ANSWERS_BYTES: usize = 16 * FRAME_BYTES_MAX;

/// How long to wait after a failed accept.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What a unit does with the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// Answers at once.
    #[default]
    Prompt,
    /// Answers after this long; later requests of the same connection wait behind it.
    Slow(Duration),
    /// Does not answer.
    Silent,
    /// Closes the connection.
    HangUp,
    /// Refuses.
    Refuse(Exception),
}

/// Something with coils and registers; called from several connections at the same time.
///
/// `out` and `values` are as long as the request, at most 2000 bits or 125 registers, and `start` may
/// reach past what there is: answer [`Exception::ILLEGAL_ADDRESS`] then.
pub trait Registers: Send + Sync + 'static {
    /// Reads coils or discrete inputs.
    ///
    /// # Errors
    /// What the client is told.
    fn bits(&self, unit: u8, table: Table, start: u16, out: &mut [bool]) -> Result<(), Exception>;

    /// Reads input or holding registers.
    ///
    /// # Errors
    /// What the client is told.
    fn registers(
        &self,
        unit: u8,
        table: Table,
        start: u16,
        out: &mut [u16],
    ) -> Result<(), Exception>;

    /// Writes coils.
    ///
    /// # Errors
    /// What the client is told.
    fn set_bits(&self, unit: u8, start: u16, values: &[bool]) -> Result<(), Exception>;

    /// Writes holding registers. A mask write comes here as a read and a write of one register.
    ///
    /// # Errors
    /// What the client is told.
    fn set_registers(&self, unit: u8, start: u16, values: &[u16]) -> Result<(), Exception>;

    /// How the unit treats the request that has just come.
    fn manner(&self, unit: u8) -> Manner {
        let _ = unit;
        Manner::Prompt
    }
}

/// A bound listener; [`Server::serve`] answers.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    registers: Arc<dyn Registers>,
    connections_max: usize,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

impl Server {
    /// Binds; port 0 takes a free one, see [`Server::address`].
    ///
    /// # Errors
    /// As the operating system says.
    pub async fn bind(address: SocketAddr, registers: Arc<dyn Registers>) -> io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Server { listener, address, registers, connections_max: CONNECTIONS_MAX })
    }

    /// Serves at most `count` connections at the same time (64 unless said); further ones are closed at once.
    #[must_use]
    pub fn connections_max(self, count: usize) -> Server {
        Server { connections_max: count, ..self }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until dropped; the connections end with it.
    pub async fn serve(self) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if connections.len() < self.connections_max => {
                        connections.spawn(connection(stream, self.registers.clone()));
                    }
                    Ok(_) => {} // over the cap: closed by dropping it
                    // Out of descriptors, most likely: asking again at once would only burn the processor.
                    Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
                },
                Some(ended) = connections.join_next(), if !connections.is_empty() => {
                    if let Err(panic) = ended {
                        tracing::error!(address = %self.address, error = %panic, "modbus server: a connection failed");
                    }
                }
            }
        }
    }
}

/// Serves one connection to its end; a stream that is no Modbus TCP, or breaks, ends it.
async fn connection(mut stream: TcpStream, registers: Arc<dyn Registers>) {
    let _ = stream.set_nodelay(true); // an answer that waits for more is only late
    let mut waiting = vec![0; AHEAD_BYTES];
    let mut filled = 0;
    let mut answers = Vec::with_capacity(ANSWERS_BYTES);
    let mut cells = Cells::default();
    loop {
        let mut used = 0;
        while let Ok(Some((head, function, asked, length))) = wire::asked(&waiting[used..filled]) {
            let frame = &waiting[used..used + length];
            used += length;
            match registers.manner(head.unit) {
                Manner::Prompt => {}
                Manner::Slow(delay) => {
                    if stream.write_all(&answers).await.is_err() {
                        return;
                    }
                    answers.clear();
                    tokio::time::sleep(delay).await;
                }
                Manner::Silent => continue,
                Manner::HangUp => return,
                Manner::Refuse(why) => {
                    wire::encode_exception(head, function, why, &mut answers);
                    continue;
                }
            }
            let asks = Asks { registers: &*registers, head, function, frame };
            if let Err(why) = asks.answer(asked, &mut cells, &mut answers) {
                wire::encode_exception(head, function, why, &mut answers);
            }
            if answers.len() >= ANSWERS_BYTES {
                if stream.write_all(&answers).await.is_err() {
                    return;
                }
                answers.clear();
            }
        }
        if wire::asked(&waiting[used..filled]).is_err() {
            return;
        }
        if !answers.is_empty() {
            if stream.write_all(&answers).await.is_err() {
                return;
            }
            answers.clear();
        }
        waiting.copy_within(used..filled, 0);
        filled -= used;
        match stream.read(&mut waiting[filled..]).await {
            Ok(count) if count > 0 => filled += count,
            Ok(_) | Err(_) => return,
        }
    }
}

/// Room for the cells of one request, kept from request to request.
#[derive(Debug, Default)]
struct Cells {
    bits: Vec<bool>,
    words: Vec<u16>,
}

struct Asks<'a> {
    registers: &'a dyn Registers,
    head: Head,
    function: u8,
    frame: &'a [u8],
}

impl Asks<'_> {
    fn answer(
        &self,
        asked: Asked,
        cells: &mut Cells,
        answers: &mut Vec<u8>,
    ) -> Result<(), Exception> {
        let (head, function, unit) = (self.head, self.function, self.head.unit);
        match asked {
            Asked::Refused(why) => return Err(why),
            Asked::Read { table, start, count } => {
                check_end(start, count)?;
                if table.is_bits() {
                    cells.bits.clear();
                    cells.bits.resize(count.into(), false);
                    self.registers.bits(unit, table, start, &mut cells.bits)?;
                    wire::encode_bits(head, function, &cells.bits, answers);
                } else {
                    cells.words.clear();
                    cells.words.resize(count.into(), 0);
                    self.registers.registers(unit, table, start, &mut cells.words)?;
                    wire::encode_words(head, function, &cells.words, answers);
                }
                return Ok(());
            }
            Asked::WriteBits { start, count, packed } => {
                check_end(start, count)?;
                let packed = &self.frame[packed];
                let bit = |n: usize| packed[n / 8] >> (n % 8) & 1 == 1;
                cells.bits.clear();
                cells.bits.extend((0..usize::from(count)).map(bit));
                self.registers.set_bits(unit, start, &cells.bits)?;
            }
            Asked::WriteWords { start, words } => {
                cells.words.clear();
                cells.words.extend(self.words(words));
                check_end(start, u16::try_from(cells.words.len()).unwrap_or(u16::MAX))?;
                self.registers.set_registers(unit, start, &cells.words)?;
            }
            Asked::Mask { at, and, or } => {
                let mut word = [0];
                self.registers.registers(unit, Table::Holding, at, &mut word)?;
                let word = word[0] & and | or & !and;
                self.registers.set_registers(unit, at, &[word])?;
            }
        }
        wire::encode_echo(head, self.frame, answers);
        Ok(())
    }

    fn words(&self, range: Range<usize>) -> impl Iterator<Item = u16> + '_ {
        self.frame[range].chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }
}

fn check_end(start: u16, count: u16) -> Result<(), Exception> {
    if u32::from(start) + u32::from(count) > 65_536 {
        return Err(Exception::ILLEGAL_ADDRESS);
    }
    Ok(())
}
