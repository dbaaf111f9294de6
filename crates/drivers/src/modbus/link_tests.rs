use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::sleep;

use super::*;
use crate::modbus::wire::Table;

const LIMIT: Duration = Duration::from_secs(1);
const READ: Request<'static> = Request::Read { table: Table::Holding, start: 0, count: 2 };

/// A link and the far end of its stream.
fn linked(endpoint: &str) -> (Link, DuplexStream) {
    let endpoint: Endpoint = endpoint.parse().unwrap();
    let framing = if endpoint.scheme == "tcp" { Framing::Tcp } else { Framing::Rtu };
    let (near, far) = duplex(1_024);
    let link = Link {
        stream: Some(Box::new(near)),
        framing,
        silence: silence_of(&endpoint),
        endpoint,
        transaction: 0,
        quiet_until: None,
        request: Vec::new(),
        answer: [0; FRAME_BYTES_MAX],
        filled: 0,
        refusal: None,
        tracer: None,
    };
    (link, far)
}

fn tcp() -> (Link, DuplexStream) {
    linked("tcp://plc:502")
}

async fn ask(link: &mut Link) -> Result<Vec<u8>, DriverError> {
    match link.ask(7, &READ, Duration::ZERO, Patience::of(LIMIT)).await? {
        Reply::Cells(cells) => Ok(cells.to_vec()),
        Reply::Exception(why) => panic!("{why}"),
    }
}

/// Takes one request and answers with `cells` to whatever transaction it has.
async fn answer(far: &mut DuplexStream, cells: [u8; 4]) {
    let mut request = [0; 12];
    far.read_exact(&mut request).await.unwrap();
    let [t0, t1, ..] = request;
    let [a, b, c, d] = cells;
    far.write_all(&[t0, t1, 0, 0, 0, 7, 7, 3, 4, a, b, c, d]).await.unwrap();
}

#[tokio::test]
async fn an_answer_one_byte_at_a_time_is_an_answer() {
    let (mut link, mut far) = tcp();
    let slowly = async {
        let mut request = [0; 12];
        far.read_exact(&mut request).await.unwrap();
        for byte in [request[0], request[1], 0, 0, 0, 7, 7, 3, 4, 1, 2, 3, 4] {
            far.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (got, ()) = tokio::join!(ask(&mut link), slowly);
    assert_eq!(got.unwrap(), [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_never_the_next_one() {
    let (mut link, mut far) = tcp();
    let late = async {
        sleep(2 * LIMIT).await;
        let mut request = [0; 12];
        far.read_exact(&mut request).await.unwrap();
        far.write_all(&[0, 2, 0, 0, 0, 7, 7, 3, 4, 6, 6, 6, 6]).await.is_err()
    };
    let twice = async {
        let first = ask(&mut link).await.unwrap_err();
        (first, ask(&mut link).await.unwrap_err())
    };
    let ((first, second), closed) = tokio::join!(twice, late);
    assert_eq!(first.to_string(), "tcp://plc:502, unit 7 did not answer in 1s");
    assert!(matches!(second, DriverError::Lost { .. }), "{second:?}");
    assert!(closed, "the late answer finds no stream to arrive on");
}

#[tokio::test]
async fn a_request_dropped_half_way_closes_the_stream() {
    let (mut link, mut far) = tcp();
    {
        let mut asking = std::pin::pin!(ask(&mut link));
        assert!(futures_ready(asking.as_mut()).await.is_none());
    }
    assert!(matches!(ask(&mut link).await, Err(DriverError::Lost { .. })));
    let mut request = Vec::new();
    far.read_to_end(&mut request).await.unwrap();
    assert_eq!(request.len(), 12, "the request went out, then the end of the stream");
}

/// Polls once.
async fn futures_ready<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn what_comes_unasked_closes_a_tcp_stream() {
    let (mut link, mut far) = tcp();
    far.write_all(&[0, 1, 0, 0, 0, 7, 7, 3, 4, 6, 6, 6, 6]).await.unwrap();
    let error = ask(&mut link).await.unwrap_err();
    assert!(error.to_string().contains("nobody asked for"), "{error}");
    assert!(matches!(ask(&mut link).await, Err(DriverError::Lost { .. })));
}

#[tokio::test]
async fn bytes_after_an_answer_close_the_stream() {
    let (mut link, mut far) = tcp();
    let twice = async {
        let mut request = [0; 12];
        far.read_exact(&mut request).await.unwrap();
        let one = [0, 1, 0, 0, 0, 7, 7, 3, 4, 1, 2, 3, 4];
        far.write_all(&[one, one].concat()).await.unwrap();
    };
    let (got, ()) = tokio::join!(ask(&mut link), twice);
    assert!(got.unwrap_err().to_string().contains("bytes after the answer"));
}

#[tokio::test]
async fn noise_before_a_request_is_thrown_away_on_a_serial_line() {
    let (mut link, mut far) = linked("serial:///dev/ttyS0?baud=115200");
    far.write_all(&[0, 0xff]).await.unwrap();
    let talk = async {
        let mut request = [0; 8];
        far.read_exact(&mut request).await.unwrap();
        let mut frame = vec![7, 3, 4, 1, 2, 3, 4];
        frame.extend(wire::crc(&frame).to_le_bytes());
        far.write_all(&frame).await.unwrap();
    };
    let (got, ()) = tokio::join!(ask(&mut link), talk);
    assert_eq!(got.unwrap(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn an_end_of_the_stream_is_found_before_anything_is_sent() {
    let (mut link, far) = tcp();
    drop(far);
    let error = ask(&mut link).await.unwrap_err();
    assert!(matches!(error, DriverError::Lost { .. }), "{error:?}");
}

/// Proves: CR 7.1 RE1.
#[tokio::test(start_paused = true)]
async fn a_pause_is_kept_between_an_answer_and_the_next_request() {
    let (mut link, mut far) = tcp();
    let started = Instant::now();
    for cells in [[1, 2, 3, 4], [5, 6, 7, 8]] {
        let pause = Duration::from_millis(20);
        let asking = link.ask(7, &READ, pause, Patience::of(LIMIT));
        let (got, ()) = tokio::join!(asking, answer(&mut far, cells));
        assert_eq!(got.unwrap(), Reply::Cells(&cells));
    }
    assert_eq!(started.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn several_requests_of_one_call_share_its_patience() {
    let (mut link, mut far) = tcp();
    let patience = Patience::of(LIMIT);
    let slowly = async {
        sleep(LIMIT * 3 / 4).await;
        answer(&mut far, [1, 2, 3, 4]).await;
        far
    };
    let (got, _far) = tokio::join!(link.ask(7, &READ, Duration::ZERO, patience), slowly);
    assert!(got.is_ok());
    let started = Instant::now();
    let error = link.ask(7, &READ, Duration::ZERO, patience).await.unwrap_err();
    assert!(matches!(error, DriverError::Timeout { limit: LIMIT, .. }), "{error:?}");
    assert_eq!(started.elapsed(), LIMIT / 4);
}

#[tokio::test]
async fn nobody_answers_a_broadcast() {
    let (mut link, mut far) = linked("rtu+tcp://gateway:4001");
    let write = Request::WriteCoil { at: 0, on: true };
    let got = link.ask(0, &write, Duration::ZERO, Patience::of(LIMIT)).await.unwrap();
    assert_eq!(got, Reply::Cells(&[]));
    let mut request = [0; 8];
    far.read_exact(&mut request).await.unwrap();
    assert!(!tcp().0.is_broadcast(0), "on TCP unit 0 is a unit like any other");
}

#[test]
fn a_serial_line_keeps_three_and_a_half_characters_of_silence() {
    for (endpoint, micros) in [
        ("tcp://plc:502", 0),
        ("rtu+tcp://gateway:4001", 0),
        ("serial:///dev/ttyS0?baud=9600", 4_010),
        ("serial:///dev/ttyS0", 2_005),
        ("serial:///dev/ttyS0?baud=115200", 1_750),
    ] {
        let silence = silence_of(&endpoint.parse().unwrap());
        assert_eq!(silence, Duration::from_micros(micros), "{endpoint}");
    }
}
