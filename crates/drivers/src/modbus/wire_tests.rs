use proptest::prelude::*;

use super::*;

const FRAMINGS: [Framing; 2] = [Framing::Tcp, Framing::Rtu];

fn bytes_of(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// One request and its answer as the specification prints them.
struct Vector {
    asks: Vec<String>,
    request: Vec<u8>,
    answer: Vec<u8>,
    says: Vec<String>,
}

fn vectors() -> Vec<Vector> {
    let words = |line: &str| line[1..].split_whitespace().map(String::from).collect();
    let text = include_str!("vectors/specification.txt");
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut vectors = Vec::new();
    while let Some(asks) = lines.next() {
        let mut next = |mark: char| {
            let line = lines.next().unwrap();
            assert!(line.starts_with(mark), "{line}");
            line
        };
        let (request, answer) = (bytes_of(&next('>')[1..]), bytes_of(&next('<')[1..]));
        vectors.push(Vector { asks: words(asks), request, answer, says: words(next('=')) });
    }
    vectors
}

fn with_request(asks: &[String], then: impl FnOnce(&Request<'_>)) {
    let numbers: Vec<u16> = asks.iter().filter_map(|word| word.parse().ok()).collect();
    let bits: Vec<bool> = numbers.iter().skip(1).map(|n| *n == 1).collect();
    let table = match asks[1].as_str() {
        "co" => Table::Coil,
        "di" => Table::Discrete,
        "ir" => Table::Input,
        _ => Table::Holding,
    };
    then(&match asks[0].as_str() {
        "read" => Request::Read { table, start: numbers[0], count: numbers[1] },
        "coil" => Request::WriteCoil { at: numbers[0], on: bits[0] },
        "register" => Request::WriteRegister { at: numbers[0], word: numbers[1] },
        "coils" => Request::WriteCoils { start: numbers[0], on: &bits },
        "registers" => Request::WriteRegisters { start: numbers[0], words: &numbers[1..] },
        "mask" => Request::Mask { at: numbers[0], and: numbers[1], or: numbers[2] },
        other => panic!("{other}"),
    });
}

/// A PDU in a frame of transaction 0x1501, unit 0x11.
fn framed(framing: Framing, pdu: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame(framing, 0x1501, 0x11, &mut out, |out| out.extend_from_slice(pdu));
    out
}

#[test]
fn requests_and_answers_are_the_bytes_the_specification_prints() {
    for vector in vectors() {
        with_request(&vector.asks, |request| {
            for framing in FRAMINGS {
                let mut sent = Vec::new();
                encode(framing, 0x1501, 0x11, request, &mut sent);
                assert_eq!(sent, framed(framing, &vector.request), "{:?}", vector.asks);
                let bytes = framed(framing, &vector.answer);
                let (answer, length) =
                    answer(framing, 0x1501, 0x11, request, &bytes).unwrap().unwrap();
                assert_eq!(length, bytes.len());
                assert_eq!(says(&answer, &bytes, request), vector.says.join(" "));
            }
        });
    }
}

fn says(answer: &Answer, bytes: &[u8], request: &Request<'_>) -> String {
    let list = |word: &str, numbers: &mut dyn Iterator<Item = u16>| {
        numbers.fold(word.to_owned(), |text, n| format!("{text} {n}"))
    };
    match (answer, request) {
        (Answer::Exception(why), _) => format!("exception {}", why.0),
        (Answer::Written, _) => "written".into(),
        (Answer::Cells(cells), Request::Read { table, count, .. }) if table.is_bits() => {
            let cells = &bytes[cells.clone()];
            let bit = |n: u16| u16::from(cells[usize::from(n / 8)] >> (n % 8) & 1);
            list("bits", &mut (0..*count).map(bit))
        }
        (Answer::Cells(cells), _) => {
            let pairs = bytes[cells.clone()].chunks(2);
            list("words", &mut pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]])))
        }
    }
}

#[test]
fn frames_are_the_bytes_other_implementations_send() {
    // [TCP §4.4.1] gives the header; [SER §6.2.2] the checksum of 02 07: 41 12, low byte first.
    let read = Request::Read { table: Table::Holding, start: 4, count: 1 };
    let mut sent = Vec::new();
    encode(Framing::Tcp, 0x1501, 0xff, &read, &mut sent);
    assert_eq!(sent, bytes_of("15 01 00 00 00 06 FF 03 00 04 00 01"));
    assert_eq!(crc(&[0x02, 0x07]).to_le_bytes(), [0x41, 0x12]);
    let mut sent = Vec::new();
    let read = Request::Read { table: Table::Holding, start: 0, count: 10 };
    encode(Framing::Rtu, 0, 1, &read, &mut sent);
    assert_eq!(sent, bytes_of("01 03 00 00 00 0A C5 CD"));
}

const READ: Request<'static> = Request::Read { table: Table::Holding, start: 107, count: 3 };
const GOOD: &str = "15 01 00 00 00 09 11 03 06 02 2B 00 00 00 64";

#[track_caller]
fn check_tcp(hex: &str, expect: Result<Option<usize>, WireError>) {
    let got = answer(Framing::Tcp, 0x1501, 0x11, &READ, &bytes_of(hex));
    assert_eq!(got.map(|found| found.map(|(_, length)| length)), expect, "{hex}");
}

#[test]
fn an_answer_of_another_question_is_an_error_at_its_first_wrong_byte() {
    check_tcp(GOOD, Ok(Some(15)));
    check_tcp("15 01 00 00 00 09 11 03 06 02 2B 00 00 00", Ok(None));
    check_tcp("15 01 00 01", Err(WireError::Protocol(1)));
    check_tcp("15 01 00 00 FF FF 11", Err(WireError::Length(65_535)));
    check_tcp("15 01 00 00 00 01 11", Err(WireError::Length(1)));
    let other = WireError::Transaction { expected: 0x1501, got: 0x1500 };
    check_tcp("15 00 00 00 00 09 11", Err(other));
    check_tcp("15 01 00 00 00 09 12", Err(WireError::Unit { expected: 0x11, got: 0x12 }));
    check_tcp("15 01 00 00 00 09 11 04", Err(WireError::Function { expected: 3, got: 4 }));
    check_tcp("15 01 00 00 00 09 11 03 04", Err(WireError::ByteCount { expected: 6, got: 4 }));
    // The header promises more, or fewer, than the function has.
    check_tcp("15 01 00 00 00 0A 11 03 06 02 2B 00 00 00 64", Err(WireError::Length(10)));
    check_tcp("15 01 00 00 00 08 11 03 06 02 2B 00 00 00", Err(WireError::Length(8)));
    check_tcp("15 01 00 00 00 02 11 03", Err(WireError::Length(2)));
    check_tcp("15 01 00 00 00 03 11 83 02", Ok(Some(9)));
    check_tcp("15 01 00 00 00 04 11 83 02 00", Err(WireError::Length(4)));
}

#[test]
fn a_write_is_confirmed_by_its_own_values_only() {
    let write = Request::WriteRegister { at: 1, word: 3 };
    let check = |hex: &str, expect: Result<bool, WireError>| {
        let got = answer(Framing::Rtu, 0, 0x11, &write, &bytes_of(hex));
        assert_eq!(got.map(|found| found.is_some()), expect, "{hex}");
    };
    check("11 06 00 01 00 03 9A 9B", Ok(true));
    check("11 06 00 01 00 03 9A 9C", Err(WireError::Checksum));
    check("11 06 00 01 00 04", Err(WireError::Echo));
    check("11 06 00 02", Err(WireError::Echo));
    check("11 06 00 01 00", Ok(false));
}

#[test]
fn a_server_says_what_is_wrong_with_a_request() {
    let illegal_value = Asked::Refused(Exception::ILLEGAL_VALUE);
    for (pdu, expect) in [
        ("03 00 00 00 7D", Asked::Read { table: Table::Holding, start: 0, count: 125 }),
        ("03 00 00 00 7E", illegal_value.clone()),
        ("03 00 00 00 00", illegal_value.clone()),
        ("01 00 00 07 D1", illegal_value.clone()),
        ("03 00 00", illegal_value.clone()),
        ("05 00 00 FF 01", illegal_value.clone()),
        ("0F 00 00 00 64 01 FF", illegal_value.clone()), // 100 coils in one byte
        ("10 00 00 80 01 02 00 00", illegal_value.clone()), // 32769 registers in two bytes
        ("10 00 00 00 01 02 00", illegal_value),
        ("2B 0E 01 00", Asked::Refused(Exception::ILLEGAL_FUNCTION)),
        ("07", Asked::Refused(Exception::ILLEGAL_FUNCTION)),
    ] {
        let bytes = framed(Framing::Tcp, &bytes_of(pdu));
        let (head, _, got, length) = asked(&bytes).unwrap().unwrap();
        assert_eq!(head, Head { transaction: 0x1501, unit: 0x11 });
        assert_eq!((got, length), (expect, bytes.len()), "{pdu}");
    }
}

fn any_request() -> impl Strategy<Value = Request<'static>> {
    static BITS: [bool; 1_968] = [true; 1_968];
    static WORDS: [u16; 123] = [0xa55a; 123];
    let table =
        prop::sample::select(vec![Table::Coil, Table::Discrete, Table::Input, Table::Holding]);
    prop_oneof![
        (table, any::<u16>(), 1u16..=2_000).prop_map(|(table, start, count)| {
            let count = if table.is_bits() { count } else { count.clamp(1, 125) };
            Request::Read { table, start, count }
        }),
        (any::<u16>(), any::<bool>()).prop_map(|(at, on)| Request::WriteCoil { at, on }),
        (any::<u16>(), any::<u16>()).prop_map(|(at, word)| Request::WriteRegister { at, word }),
        (any::<u16>(), 1usize..=1_968)
            .prop_map(|(start, n)| Request::WriteCoils { start, on: &BITS[..n] }),
        (any::<u16>(), 1usize..=123)
            .prop_map(|(start, n)| Request::WriteRegisters { start, words: &WORDS[..n] }),
        (any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(at, and, or)| Request::Mask {
            at,
            and,
            or
        }),
    ]
}

/// A right answer to `request`.
fn right_answer(framing: Framing, transaction: u16, unit: u8, request: &Request<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    frame(framing, transaction, unit, &mut out, |out| match request {
        Request::Read { table, count, .. } => {
            let bytes = if table.is_bits() { count.div_ceil(8) } else { 2 * count };
            out.extend_from_slice(&[request.function(), u8::try_from(bytes).unwrap()]);
            out.extend((0..bytes).map(|n| u8::try_from(n % 251).unwrap()));
        }
        write => {
            let (echo, length) = echo_of(write);
            out.extend_from_slice(&echo[..length]);
        }
    });
    out
}

proptest! {
    /// Any bytes, cut anywhere: an answer, more bytes wanted, or an error; never a panic, never more
    /// than a frame wanted, never a range outside the bytes.
    #[test]
    fn no_bytes_make_the_client_panic_or_wait_for_more_than_a_frame(
        request in any_request(),
        transaction: u16,
        unit: u8,
        tcp: bool,
        head in 0usize..12,
        tail in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let framing = if tcp { Framing::Tcp } else { Framing::Rtu };
        // A right beginning, so that the deeper branches are reached too.
        let mut bytes = right_answer(framing, transaction, unit, &request);
        bytes.truncate(head);
        bytes.extend_from_slice(&tail);
        match answer(framing, transaction, unit, &request, &bytes) {
            Ok(None) => prop_assert!(bytes.len() < FRAME_BYTES_MAX),
            Ok(Some((Answer::Cells(cells), length))) => {
                prop_assert!(cells.end <= length && length <= bytes.len());
            }
            Ok(Some((_, length))) => prop_assert!(length <= bytes.len()),
            Err(_) => {}
        }
    }

    #[test]
    fn no_bytes_make_the_server_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), function: u8, length in 0u8..=255) {
        let mut with_head = vec![0, 1, 0, 0, 0, length, 1, function];
        with_head.extend_from_slice(&bytes);
        for bytes in [&bytes, &with_head] {
            if let Ok(Some((_, _, wanted, length))) = asked(bytes) {
                prop_assert!(length <= bytes.len() && length <= FRAME_BYTES_MAX);
                match wanted {
                    Asked::WriteBits { count, packed, .. } => {
                        prop_assert!(packed.end <= length);
                        prop_assert!(usize::from(count) <= 8 * packed.len());
                    }
                    Asked::WriteWords { words, .. } => {
                        prop_assert!(words.end <= length && words.len() % 2 == 0);
                    }
                    Asked::Read { count, .. } => prop_assert!((1..=2_000).contains(&count)),
                    Asked::Mask { .. } | Asked::Refused(_) => {}
                }
            }
        }
    }

    /// However a right answer is cut, it is found exactly when its last byte is there.
    #[test]
    fn a_right_answer_is_found_at_its_last_byte(request in any_request(), transaction: u16, unit: u8, tcp: bool) {
        let framing = if tcp { Framing::Tcp } else { Framing::Rtu };
        let bytes = right_answer(framing, transaction, unit, &request);
        for cut in 0..bytes.len() {
            prop_assert_eq!(answer(framing, transaction, unit, &request, &bytes[..cut]), Ok(None));
        }
        let found = answer(framing, transaction, unit, &request, &bytes).unwrap();
        prop_assert_eq!(found.unwrap().1, bytes.len());
    }

    /// One wrong bit anywhere in an RTU frame, and in the head of a TCP frame, is noticed.
    #[test]
    fn a_flipped_bit_is_never_an_answer(request in any_request(), unit: u8, at: prop::sample::Index, bit in 0u8..8) {
        let mut bytes = right_answer(Framing::Rtu, 0, unit, &request);
        let at_byte = at.index(bytes.len());
        bytes[at_byte] ^= 1 << bit;
        prop_assert!(!matches!(answer(Framing::Rtu, 0, unit, &request, &bytes), Ok(Some(_))));

        let mut bytes = right_answer(Framing::Tcp, 7, unit, &request);
        let at_byte = at.index(7);
        bytes[at_byte] ^= 1 << bit;
        prop_assert!(!matches!(answer(Framing::Tcp, 7, unit, &request, &bytes), Ok(Some(_))));
    }

    /// What the client sends is what the server understands.
    #[test]
    fn the_server_reads_what_the_client_writes(request in any_request(), transaction: u16, unit: u8) {
        let mut bytes = Vec::new();
        encode(Framing::Tcp, transaction, unit, &request, &mut bytes);
        prop_assert!(bytes.len() <= FRAME_BYTES_MAX);
        let (head, function, got, length) = asked(&bytes).unwrap().unwrap();
        prop_assert_eq!((head, function, length), (Head { transaction, unit }, request.function(), bytes.len()));
        match (request, got) {
            (Request::Read { table, start, count }, Asked::Read { table: t, start: s, count: c }) => {
                prop_assert_eq!((table, start, count), (t, s, c));
            }
            (Request::WriteCoil { at, on }, Asked::WriteBits { start, count, packed }) => {
                prop_assert_eq!((at, 1, on), (start, count, bytes[packed][0] & 1 == 1));
            }
            (Request::WriteCoils { start, on }, Asked::WriteBits { start: s, count, .. }) => {
                prop_assert_eq!((start, on.len()), (s, usize::from(count)));
            }
            (Request::WriteRegister { at, word }, Asked::WriteWords { start, words }) => {
                prop_assert_eq!((at, &word.to_be_bytes()[..]), (start, &bytes[words]));
            }
            (Request::WriteRegisters { start, words }, Asked::WriteWords { start: s, words: range }) => {
                prop_assert_eq!((start, 2 * words.len()), (s, range.len()));
            }
            (Request::Mask { at, and, or }, Asked::Mask { at: a, and: n, or: o }) => {
                prop_assert_eq!((at, and, or), (a, n, o));
            }
            (request, got) => prop_assert!(false, "{request:?} became {got:?}"),
        }
    }
}
