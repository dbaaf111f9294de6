//! One open stream to one or several units: asks, waits for the answer, and trusts nothing after an error.
//!
//! A request takes the stream out and puts it back only with a whole and matching answer. So a timeout, a
//! malformed answer, or a caller that drops the future half-way all close it, and a late answer has no
//! stream left to arrive on.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use lineshaft_contract::{Direction, DriverError, Frame, Tracer};
use lineshaft_runtime::{Endpoint, Link as Stream, Net};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::wire::{self, Answer, Exception, FRAME_BYTES_MAX, Framing, Request};
use super::words;

/// Fastest line whose silence between frames follows its speed [SER §2.5.1.1].
const BAUD_PROPORTIONAL_MAX: u32 = 19_200;
/// Silence between frames on faster lines.
const SILENCE_FAST: Duration = Duration::from_micros(1_750);

/// Time that everybody gets for a broadcast, which nobody confirms [SER §2.4.1].
const TURNAROUND: Duration = Duration::from_millis(200);

/// What a device said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply<'a> {
    /// The cells of a read: packed bits, or registers with the high byte first. Empty after a write.
    Cells(&'a [u8]),
    /// It refuses.
    Exception(Exception),
}

/// How long one call of the runner may take, whatever number of requests it needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    until: Instant,
    limit: Duration,
}

impl Patience {
    /// From now on.
    pub(super) fn of(limit: Duration) -> Patience {
        Patience { until: Instant::now() + limit, limit }
    }
}

/// One open stream.
#[derive(Debug)]
pub(super) struct Link {
    stream: Option<Box<dyn Stream>>,
    framing: Framing,
    endpoint: Endpoint,
    transaction: u16,
    /// Silence that the line itself needs between frames.
    silence: Duration,
    /// No request before this instant.
    quiet_until: Option<Instant>,
    request: Vec<u8>,
    answer: [u8; FRAME_BYTES_MAX],
    /// How much of `answer` the last request brought.
    filled: usize,
    /// What the device said to the last request, when it refused.
    refusal: Option<Exception>,
    /// Where frames go.
    tracer: Option<Arc<dyn Tracer>>,
}

impl Link {
    /// Opens the endpoint.
    pub(super) async fn open(
        endpoint: &Endpoint,
        net: &Net,
        settle: Duration,
    ) -> Result<Link, DriverError> {
        let stream = net
            .open(endpoint)
            .await
            .map_err(|source| DriverError::Connect { endpoint: endpoint.to_string(), source })?;
        let framing = if endpoint.scheme == "tcp" { Framing::Tcp } else { Framing::Rtu };
        let mut link = Link {
            stream: Some(stream),
            framing,
            endpoint: endpoint.clone(),
            transaction: 0,
            silence: silence_of(endpoint),
            quiet_until: None,
            request: Vec::with_capacity(FRAME_BYTES_MAX),
            answer: [0; FRAME_BYTES_MAX],
            filled: 0,
            refusal: None,
            tracer: None,
        };
        if settle > Duration::ZERO {
            link.settle(settle).await?;
        }
        Ok(link)
    }

    /// Whether unit 0 is everybody, and nobody answers.
    pub(super) fn is_broadcast(&self, unit: u8) -> bool {
        unit == 0 && self.framing == Framing::Rtu
    }

    /// Where frames go from now on.
    pub(super) fn trace(&mut self, to: Option<Arc<dyn Tracer>>) {
        self.tracer = to;
    }

    /// What the device said to the last request, when it refused.
    pub(super) const fn refusal(&self) -> Option<Exception> {
        self.refusal
    }

    /// Whether requests can still be sent.
    pub(super) const fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Where it leads to.
    pub(super) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn tell(&self, direction: Direction, bytes: &[u8], took: Option<Duration>, text: String) {
        if let Some(tracer) = &self.tracer {
            tracer.frame(Frame { direction, bytes: bytes.into(), text, took });
        }
    }

    fn now_if_traced(&self) -> Option<Instant> {
        self.tracer.as_ref().map(|_| Instant::now())
    }

    /// Tells how a request ended that has no whole answer.
    fn tell_end(&self, sent: Option<Instant>, what: &dyn fmt::Display) {
        if let Some(sent) = sent {
            let bytes = &self.answer[..self.filled];
            self.tell(Direction::Received, bytes, Some(sent.elapsed()), what.to_string());
        }
    }

    /// Who is asked, for messages.
    pub(super) fn party(&self, unit: u8) -> String {
        format!("{}, unit {unit}", self.endpoint)
    }

    /// Sends one request and waits for its answer as long as `patience` lasts; `pause` is kept after it.
    pub(super) async fn ask(
        &mut self,
        unit: u8,
        request: &Request<'_>,
        pause: Duration,
        patience: Patience,
    ) -> Result<Reply<'_>, DriverError> {
        let Some(mut stream) = self.stream.take() else {
            return Err(self.lost(io::Error::from(io::ErrorKind::NotConnected)));
        };
        self.transaction = self.transaction.wrapping_add(1);
        (self.filled, self.refusal) = (0, None);
        self.request.clear();
        wire::encode(self.framing, self.transaction, unit, request, &mut self.request);
        let sent = self.now_if_traced();
        let exchange = self.exchange(&mut stream, unit, request);
        let (exception, cells) = match timeout_at(patience.until, exchange).await {
            Ok(answered) => answered?,
            Err(_elapsed) => {
                let limit = patience.limit;
                let what = if self.filled == 0 { "no answer" } else { "no whole answer" };
                self.tell_end(sent, &format_args!("{what} in {limit:?}, unit {unit}"));
                return Err(DriverError::Timeout { party: self.party(unit), limit });
            }
        };
        self.refusal = exception;
        self.stream = Some(stream);
        let turnaround = if self.is_broadcast(unit) { TURNAROUND } else { Duration::ZERO };
        self.keep_quiet(pause.max(turnaround));
        Ok(match exception {
            Some(why) => Reply::Exception(why),
            None => Reply::Cells(&self.answer[cells]),
        })
    }

    /// Sends the request in `self.request` and reads until its answer is whole: a refusal, or where in
    /// `self.answer` the cells are.
    async fn exchange(
        &mut self,
        stream: &mut Box<dyn Stream>,
        unit: u8,
        request: &Request<'_>,
    ) -> Result<(Option<Exception>, Range<usize>), DriverError> {
        if let Some(until) = self.quiet_until.take() {
            sleep_until(until).await;
        }
        self.check_quiet(stream).await?;
        // Not flushed: no stream here buffers, and the flush of a serial port blocks its thread until the
        // last byte is on the line.
        stream.write_all(&self.request).await.map_err(|error| self.lost(error))?;
        let sent = self.now_if_traced();
        if sent.is_some() {
            let text = words::request(request, unit);
            self.tell(Direction::Sent, &self.request, None, text);
        }
        if self.is_broadcast(unit) {
            return Ok((None, 0..0));
        }
        loop {
            let read = stream.read(&mut self.answer[self.filled..]).await;
            let read = match read {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                read => read,
            };
            match read {
                Ok(count) => self.filled += count,
                Err(error) => {
                    self.tell_end(sent, &format_args!("the connection ended: {error}"));
                    return Err(self.lost(error));
                }
            }
            let bytes = &self.answer[..self.filled];
            let answer = wire::answer(self.framing, self.transaction, unit, request, bytes);
            let answer = match answer {
                Ok(None) => continue,
                Ok(Some((answer, length))) if length == self.filled => answer,
                Ok(Some(_)) => return Err(self.spoilt(sent, &"bytes after the answer")),
                Err(error) => return Err(self.spoilt(sent, &error)),
            };
            if let Some(sent) = sent {
                let text = words::answer(request, unit, &answer, bytes);
                self.tell(Direction::Received, bytes, Some(sent.elapsed()), text);
            }
            return Ok(match answer {
                Answer::Exception(why) => (Some(why), 0..0),
                Answer::Cells(cells) => (None, cells),
                Answer::Written => (None, 0..0),
            });
        }
    }

    /// What came is no answer to what was asked.
    fn spoilt(&self, sent: Option<Instant>, what: &dyn fmt::Display) -> DriverError {
        self.tell_end(sent, &format_args!("malformed: {what}"));
        self.malformed(what)
    }

    fn keep_quiet(&mut self, pause: Duration) {
        let quiet = pause.max(self.silence);
        self.quiet_until = (quiet > Duration::ZERO).then(|| Instant::now() + quiet);
    }

    /// Takes what is there already, which can be no answer to a request not yet sent.
    ///
    /// On a serial line that is noise of the line turning round, or an answer that came too late: thrown
    /// away. On TCP it is an answer nobody asked for, or the end of the stream: an error, before a write
    /// goes into the void.
    async fn check_quiet(&mut self, stream: &mut Box<dyn Stream>) -> Result<(), DriverError> {
        let serial = self.endpoint.scheme == "serial";
        // As many rounds as a line can have filled buffers of the system with; a babbling one is an error.
        for _ in 0..64 {
            let waiting = read_waiting(stream, &mut self.answer).await;
            if let (Some(Ok(count)), true) = (&waiting, self.tracer.is_some()) {
                let text = if *count > 0 {
                    "nobody asked for this; an answer too late?"
                } else {
                    "the connection ended"
                };
                self.tell(Direction::Received, &self.answer[..*count], None, text.into());
            }
            match waiting {
                None => return Ok(()),
                Some(Ok(count)) if count > 0 && serial => {}
                Some(Ok(count)) if count > 0 => {
                    return Err(self.malformed(&"an answer that nobody asked for"));
                }
                Some(Ok(_)) => return Err(self.lost(io::ErrorKind::UnexpectedEof.into())),
                Some(Err(error)) => return Err(self.lost(error)),
            }
        }
        Err(self.malformed(&"bytes without end that nobody asked for"))
    }

    /// Throws away what arrives in `settle`.
    async fn settle(&mut self, settle: Duration) -> Result<(), DriverError> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let listen = async {
            loop {
                match stream.read(&mut self.answer).await {
                    Ok(0) => return io::Error::from(io::ErrorKind::UnexpectedEof),
                    Ok(_) => {}
                    Err(error) => return error,
                }
            }
        };
        match timeout(settle, listen).await {
            Ok(error) => Err(self.lost(error)),
            Err(_elapsed) => {
                self.stream = Some(stream);
                Ok(())
            }
        }
    }

    fn lost(&self, source: io::Error) -> DriverError {
        DriverError::Lost { endpoint: self.endpoint.to_string(), source }
    }

    fn malformed(&self, what: &dyn fmt::Display) -> DriverError {
        DriverError::Malformed { endpoint: self.endpoint.to_string(), what: what.to_string() }
    }
}

/// Bytes that are there without waiting; `None` when there are none.
async fn read_waiting(stream: &mut Box<dyn Stream>, into: &mut [u8]) -> Option<io::Result<usize>> {
    poll_fn(|context| {
        let mut into = ReadBuf::new(into);
        Poll::Ready(match Pin::new(&mut *stream).poll_read(context, &mut into) {
            Poll::Pending => None,
            Poll::Ready(done) => Some(done.map(|()| into.filled().len())),
        })
    })
    .await
}

/// Silence of 3.5 characters of 11 bits on a serial line; none on TCP, where the gateway keeps it.
fn silence_of(endpoint: &Endpoint) -> Duration {
    if endpoint.scheme != "serial" {
        return Duration::ZERO;
    }
    let baud = endpoint.options.iter().find(|(name, _)| name == "baud");
    let baud = baud.and_then(|(_, baud)| baud.parse().ok()).unwrap_or(BAUD_PROPORTIONAL_MAX);
    if baud > BAUD_PROPORTIONAL_MAX || baud == 0 {
        return SILENCE_FAST;
    }
    Duration::from_micros(u64::from(38_500_000 / baud))
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
