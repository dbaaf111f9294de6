//! Bytes and frames of Modbus: no IO, no clock, no allocation. Fuzzed.
//!
//! - Source: *MODBUS Application Protocol Specification V1.1b3*, cited as `[MB §n]`; *MODBUS Messaging on
//!   TCP/IP Implementation Guide V1.0b*, `[TCP §n]`; *MODBUS over Serial Line V1.02*, `[SER §n]`.
//! - An answer is read against the request it answers: transaction, unit, function, byte count and echo
//!   all have to agree, and the first byte that does not is an error, without waiting for the rest.
//! - Not here: ASCII framing; function codes other than 1–6, 15, 16 and 22.

use std::fmt;
use std::ops::Range;

/// Registers in one read [MB §6.3].
pub(super) const READ_REGISTERS_MAX: u16 = 125;
/// Coils or discrete inputs in one read [MB §6.1].
pub(super) const READ_BITS_MAX: u16 = 2_000;
/// Registers in one write [MB §6.12].
pub(super) const WRITE_REGISTERS_MAX: u16 = 123;
/// Coils in one write [MB §6.11].
pub(super) const WRITE_BITS_MAX: u16 = 1_968;

/// Function code and its data [MB §4.1].
const PDU_BYTES_MAX: usize = 253;
/// Transaction, protocol, length, unit [TCP §3.1.3].
const MBAP_BYTES: usize = 7;
/// The longest frame of either framing.
pub(super) const FRAME_BYTES_MAX: usize = MBAP_BYTES + PDU_BYTES_MAX;

const _: () = assert!(6 + 2 * WRITE_REGISTERS_MAX as usize <= PDU_BYTES_MAX);
const _: () = assert!(2 + 2 * READ_REGISTERS_MAX as usize <= PDU_BYTES_MAX);
const _: () = assert!(6 + WRITE_BITS_MAX as usize / 8 <= PDU_BYTES_MAX);
const _: () = assert!(2 + READ_BITS_MAX as usize / 8 <= PDU_BYTES_MAX);

/// One of the four address spaces of a Modbus device [MB §4.3].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Bits that can be written: `co:`, classic 00001.
    Coil,
    /// Bits of the device's inputs: `di:`, classic 10001.
    Discrete,
    /// 16-bit registers of the device's inputs: `ir:`, classic 30001.
    Input,
    /// 16-bit registers that can be written: `hr:`, classic 40001.
    Holding,
}

impl Table {
    /// Whether its cells are single bits.
    #[must_use]
    pub const fn is_bits(self) -> bool {
        matches!(self, Table::Coil | Table::Discrete)
    }

    /// Whether the protocol can write it.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        matches!(self, Table::Coil | Table::Holding)
    }

    const fn read_function(self) -> u8 {
        match self {
            Table::Coil => 1,
            Table::Discrete => 2,
            Table::Holding => 3,
            Table::Input => 4,
        }
    }
}

/// Why a device refuses a request [MB §7].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exception(pub u8);

impl Exception {
    /// The device does not have this function.
    pub const ILLEGAL_FUNCTION: Exception = Exception(1);
    /// The device does not have this address.
    pub const ILLEGAL_ADDRESS: Exception = Exception(2);
    /// The count or the value is not allowed.
    pub const ILLEGAL_VALUE: Exception = Exception(3);
    /// The device has failed.
    pub const DEVICE_FAILURE: Exception = Exception(4);
    /// Accepted; it will take a while.
    pub const ACKNOWLEDGE: Exception = Exception(5);
    /// Come back later.
    pub const BUSY: Exception = Exception(6);
    /// The device's memory has failed its parity check.
    pub const MEMORY_PARITY: Exception = Exception(8);
    /// The gateway has no way to the unit.
    pub const GATEWAY_PATH: Exception = Exception(10);
    /// The unit behind the gateway did not answer.
    pub const GATEWAY_TARGET: Exception = Exception(11);
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match *self {
            Exception::ILLEGAL_FUNCTION => "illegal function",
            Exception::ILLEGAL_ADDRESS => "illegal data address",
            Exception::ILLEGAL_VALUE => "illegal data value",
            Exception::DEVICE_FAILURE => "device failure",
            Exception::ACKNOWLEDGE => "acknowledge, still working",
            Exception::BUSY => "device busy",
            Exception::MEMORY_PARITY => "memory parity error",
            Exception::GATEWAY_PATH => "gateway path unavailable",
            Exception::GATEWAY_TARGET => "gateway target did not respond",
            Exception(_) => "unknown exception",
        };
        write!(f, "{word} (exception {})", self.0)
    }
}

/// How a PDU travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Framing {
    /// With the MBAP header and its transaction number [TCP §3.1.3].
    Tcp,
    /// With unit and CRC, over a serial line or a stream that stands in for one [SER §2.5.1].
    Rtu,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request<'a> {
    /// FC 1 to 4: cells of one table.
    Read { table: Table, start: u16, count: u16 },
    /// FC 5.
    WriteCoil { at: u16, on: bool },
    /// FC 6.
    WriteRegister { at: u16, word: u16 },
    /// FC 15.
    WriteCoils { start: u16, on: &'a [bool] },
    /// FC 16.
    WriteRegisters { start: u16, words: &'a [u16] },
    /// FC 22: the register becomes `(old & and) | (or & !and)`.
    Mask { at: u16, and: u16, or: u16 },
}

impl Request<'_> {
    const fn function(&self) -> u8 {
        match self {
            Request::Read { table, .. } => table.read_function(),
            Request::WriteCoil { .. } => 5,
            Request::WriteRegister { .. } => 6,
            Request::WriteCoils { .. } => 15,
            Request::WriteRegisters { .. } => 16,
            Request::Mask { .. } => 22,
        }
    }
}

/// Writes one frame at the end of `out`.
///
/// Counts past the protocol's limits are the caller's mistake; they are caught here in tests and cut
/// short by no one else, so the planner and the writer keep them.
pub(super) fn encode(
    framing: Framing,
    transaction: u16,
    unit: u8,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) {
    frame(framing, transaction, unit, out, |out| encode_request(request, out));
}

/// Puts head and tail of a frame around the PDU that `pdu` writes.
fn frame(
    framing: Framing,
    transaction: u16,
    unit: u8,
    out: &mut Vec<u8>,
    pdu: impl FnOnce(&mut Vec<u8>),
) {
    let head = out.len();
    match framing {
        Framing::Tcp => {
            put(out, [transaction, 0, 0]);
            out.push(unit);
            pdu(out);
            let length = u16::try_from(out.len() - head - 6).unwrap_or(u16::MAX);
            debug_assert!(out.len() - head <= FRAME_BYTES_MAX);
            out[head + 4..head + 6].copy_from_slice(&length.to_be_bytes());
        }
        Framing::Rtu => {
            out.push(unit);
            pdu(out);
            let check = crc(&out[head..]);
            out.extend_from_slice(&check.to_le_bytes());
        }
    }
}

fn put<const N: usize>(out: &mut Vec<u8>, words: [u16; N]) {
    for word in words {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

fn encode_request(request: &Request<'_>, out: &mut Vec<u8>) {
    out.push(request.function());
    match *request {
        Request::Read { start, count, .. } => put(out, [start, count]),
        Request::WriteCoil { at, on } => put(out, [at, if on { 0xff00 } else { 0 }]),
        Request::WriteRegister { at, word } => put(out, [at, word]),
        Request::WriteCoils { start, on } => {
            put(out, [start, length(on)]);
            out.push(u8::try_from(on.len().div_ceil(8)).unwrap_or(u8::MAX));
            pack_bits(on, out);
        }
        Request::WriteRegisters { start, words } => {
            put(out, [start, length(words)]);
            out.push(u8::try_from(2 * words.len()).unwrap_or(u8::MAX));
            words.iter().for_each(|word| put(out, [*word]));
        }
        Request::Mask { at, and, or } => put(out, [at, and, or]),
    }
}

fn length<T>(cells: &[T]) -> u16 {
    u16::try_from(cells.len()).unwrap_or(u16::MAX)
}

fn pack_bits(bits: &[bool], out: &mut Vec<u8>) {
    let pack = |eight: &[bool]| eight.iter().rev().fold(0, |byte, on| byte << 1 | u8::from(*on));
    out.extend(bits.chunks(8).map(pack));
}

/// What a frame that answers a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Where in the frame the cells are: packed bits, or registers with the high byte first.
    Cells(Range<usize>),
    /// The write was done.
    Written,
    /// The device refuses.
    Exception(Exception),
}

/// Why bytes are no answer to the request. Whatever follows on the stream cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("protocol number {0} instead of 0")]
    Protocol(u16),
    #[error("a length of {0} bytes, which this answer cannot have")]
    Length(usize),
    #[error("transaction {got} instead of {expected}")]
    Transaction { expected: u16, got: u16 },
    #[error("unit {got} instead of {expected}")]
    Unit { expected: u8, got: u8 },
    #[error("function {got} instead of {expected}")]
    Function { expected: u8, got: u8 },
    #[error("{got} bytes of cells instead of {expected}")]
    ByteCount { expected: u16, got: u16 },
    #[error("a write confirmed with other values than were sent")]
    Echo,
    #[error("a wrong checksum")]
    Checksum,
}

/// Reads one answer from the front of `bytes`: the answer and the length of its frame, or `None` when
/// more bytes are needed.
///
/// # Errors
/// At the first byte that cannot belong to an answer to `request`.
pub(super) fn answer(
    framing: Framing,
    transaction: u16,
    unit: u8,
    request: &Request<'_>,
    bytes: &[u8],
) -> Result<Option<(Answer, usize)>, WireError> {
    match framing {
        Framing::Tcp => {
            let Some((frame, got)) = mbap(bytes)? else { return Ok(None) };
            if got.transaction != transaction {
                return Err(WireError::Transaction { expected: transaction, got: got.transaction });
            }
            check_unit(unit, got.unit)?;
            // The PDU is checked as it comes in, so that a lie about its length cannot keep us waiting.
            let pdu = &bytes[MBAP_BYTES..bytes.len().min(frame)];
            let whole = bytes.len() >= frame;
            match answer_pdu(request, pdu, MBAP_BYTES)? {
                Some((answer, length)) if length == frame - MBAP_BYTES => {
                    Ok(whole.then_some((answer, frame)))
                }
                // The header promised more or fewer bytes than the answer has.
                Some(_) => Err(WireError::Length(frame - 6)),
                None if whole => Err(WireError::Length(frame - 6)),
                None => Ok(None),
            }
        }
        Framing::Rtu => {
            let Some(&got) = bytes.first() else { return Ok(None) };
            check_unit(unit, got)?;
            let Some((answer, length)) = answer_pdu(request, &bytes[1..], 1)? else {
                return Ok(None);
            };
            let (end, frame) = (1 + length, 1 + length + 2);
            let Some(&[low, high]) = bytes.get(end..frame) else { return Ok(None) };
            if crc(&bytes[..end]) != u16::from_le_bytes([low, high]) {
                return Err(WireError::Checksum);
            }
            Ok(Some((answer, frame)))
        }
    }
}

fn check_unit(expected: u8, got: u8) -> Result<(), WireError> {
    if got == expected { Ok(()) } else { Err(WireError::Unit { expected, got }) }
}

/// The head of a Modbus TCP frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) transaction: u16,
    pub(super) unit: u8,
}

/// Reads the MBAP header: length of the whole frame and who it is for.
fn mbap(bytes: &[u8]) -> Result<Option<(usize, Head)>, WireError> {
    // Byte by byte as far as they are there: garbage is recognised before seven bytes of it came.
    if let Some(&[high, low]) = bytes.get(2..4) {
        match u16::from_be_bytes([high, low]) {
            0 => {}
            other => return Err(WireError::Protocol(other)),
        }
    }
    let &[t0, t1, _, _, l0, l1, unit, ..] = bytes else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    // The unit and at least a function code.
    if !(2..=1 + PDU_BYTES_MAX).contains(&length) {
        return Err(WireError::Length(length));
    }
    let head = Head { transaction: u16::from_be_bytes([t0, t1]), unit };
    Ok(Some((6 + length, head)))
}

/// Reads the PDU of an answer that begins `offset` bytes into the frame: the answer and the PDU's length.
fn answer_pdu(
    request: &Request<'_>,
    pdu: &[u8],
    offset: usize,
) -> Result<Option<(Answer, usize)>, WireError> {
    let Some(&got) = pdu.first() else { return Ok(None) };
    let expected = request.function();
    if got == expected | 0x80 {
        let code = pdu.get(1);
        return Ok(code.map(|code| (Answer::Exception(Exception(*code)), 2)));
    }
    if got != expected {
        return Err(WireError::Function { expected, got });
    }
    if let Request::Read { table, count, .. } = *request {
        let Some(&got) = pdu.get(1) else { return Ok(None) };
        let expected = if table.is_bits() { count.div_ceil(8) } else { count.saturating_mul(2) };
        if u16::from(got) != expected {
            return Err(WireError::ByteCount { expected, got: got.into() });
        }
        let length = 2 + usize::from(got);
        let cells = Answer::Cells(offset + 2..offset + length);
        return Ok((pdu.len() >= length).then_some((cells, length)));
    }
    let (echo, length) = echo_of(request);
    let seen = pdu.len().min(length);
    if pdu[..seen] != echo[..seen] {
        return Err(WireError::Echo);
    }
    Ok((seen == length).then_some((Answer::Written, length)))
}

/// What a device answers to a write: the head of the request.
fn echo_of(request: &Request<'_>) -> ([u8; 7], usize) {
    let words = match *request {
        Request::WriteCoil { at, on } => [at, if on { 0xff00 } else { 0 }, 0],
        Request::WriteRegister { at, word } => [at, word, 0],
        Request::WriteCoils { start, on } => [start, length(on), 0],
        Request::WriteRegisters { start, words } => [start, length(words), 0],
        Request::Mask { at, and, or } => [at, and, or],
        Request::Read { start, count, .. } => [start, count, 0],
    };
    let [[a, b], [c, d], [e, f]] = words.map(u16::to_be_bytes);
    let bytes = if matches!(request, Request::Mask { .. }) { 7 } else { 5 };
    ([request.function(), a, b, c, d, e, f], bytes)
}

/// What a client asks of a server; the values of a write are in the frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Read {
        table: Table,
        start: u16,
        count: u16,
    },
    WriteBits {
        start: u16,
        count: u16,
        packed: Range<usize>,
    },
    WriteWords {
        start: u16,
        words: Range<usize>,
    },
    Mask {
        at: u16,
        and: u16,
        or: u16,
    },
    /// Not a request this server answers; it says so.
    Refused(Exception),
}

/// Reads one Modbus TCP request from the front of `bytes`: head, function code, what is asked, length of
/// the frame; `None` when more bytes are needed.
///
/// # Errors
/// When the header is not one of Modbus TCP: the stream cannot be followed any more.
pub(super) fn asked(bytes: &[u8]) -> Result<Option<(Head, u8, Asked, usize)>, WireError> {
    let Some((frame, head)) = mbap(bytes)? else { return Ok(None) };
    let Some(pdu) = bytes.get(MBAP_BYTES..frame) else { return Ok(None) };
    let function = pdu.first().copied().unwrap_or(0);
    Ok(Some((head, function, asked_pdu(pdu), frame)))
}

fn asked_pdu(pdu: &[u8]) -> Asked {
    let read = |table: Table, a: u16, b: u16| {
        let max = if table.is_bits() { READ_BITS_MAX } else { READ_REGISTERS_MAX };
        if b == 0 || b > max {
            return Asked::Refused(Exception::ILLEGAL_VALUE);
        }
        Asked::Read { table, start: a, count: b }
    };
    let word = |at: usize| match pdu.get(at..at + 2) {
        Some(&[high, low]) => u16::from_be_bytes([high, low]),
        _ => 0,
    };
    let (function, a, b) = (pdu.first().copied().unwrap_or(0), word(1), word(3));
    let bytes = pdu.get(5).copied().map_or(0, usize::from);
    let cells = MBAP_BYTES + 6..MBAP_BYTES + pdu.len();
    match (function, pdu.len()) {
        (1, 5) => read(Table::Coil, a, b),
        (2, 5) => read(Table::Discrete, a, b),
        (3, 5) => read(Table::Holding, a, b),
        (4, 5) => read(Table::Input, a, b),
        // On is FF00 and off is 0000 [MB §6.5]: the low bit of the first byte tells them apart.
        (5, 5) if b == 0 || b == 0xff00 => {
            Asked::WriteBits { start: a, count: 1, packed: MBAP_BYTES + 3..MBAP_BYTES + 4 }
        }
        (6, 5) => Asked::WriteWords { start: a, words: MBAP_BYTES + 3..MBAP_BYTES + 5 },
        (15, len)
            if (1..=WRITE_BITS_MAX).contains(&b)
                && bytes == usize::from(b.div_ceil(8))
                && len == 6 + bytes =>
        {
            Asked::WriteBits { start: a, count: b, packed: cells }
        }
        (16, len)
            if (1..=WRITE_REGISTERS_MAX).contains(&b)
                && bytes == 2 * usize::from(b)
                && len == 6 + bytes =>
        {
            Asked::WriteWords { start: a, words: cells }
        }
        (22, 7) => Asked::Mask { at: a, and: b, or: word(5) },
        (1..=6 | 15 | 16 | 22, _) => Asked::Refused(Exception::ILLEGAL_VALUE),
        _ => Asked::Refused(Exception::ILLEGAL_FUNCTION),
    }
}

/// Writes a Modbus TCP answer with bits at the end of `out`.
pub(super) fn encode_bits(head: Head, function: u8, bits: &[bool], out: &mut Vec<u8>) {
    frame(Framing::Tcp, head.transaction, head.unit, out, |out| {
        out.push(function);
        out.push(u8::try_from(bits.len().div_ceil(8)).unwrap_or(u8::MAX));
        pack_bits(bits, out);
    });
}

/// Writes a Modbus TCP answer with registers at the end of `out`.
pub(super) fn encode_words(head: Head, function: u8, words: &[u16], out: &mut Vec<u8>) {
    frame(Framing::Tcp, head.transaction, head.unit, out, |out| {
        out.push(function);
        out.push(u8::try_from(2 * words.len()).unwrap_or(u8::MAX));
        words.iter().for_each(|word| put(out, [*word]));
    });
}

/// Writes a Modbus TCP answer that confirms the write in `request`, a whole frame, by repeating its head.
pub(super) fn encode_echo(head: Head, request: &[u8], out: &mut Vec<u8>) {
    let pdu = &request[MBAP_BYTES..];
    let bytes = if pdu.first() == Some(&22) { 7 } else { 5 };
    let echo = &pdu[..bytes.min(pdu.len())];
    frame(Framing::Tcp, head.transaction, head.unit, out, |out| out.extend_from_slice(echo));
}

/// Writes a Modbus TCP exception at the end of `out`.
pub(super) fn encode_exception(head: Head, function: u8, why: Exception, out: &mut Vec<u8>) {
    frame(Framing::Tcp, head.transaction, head.unit, out, |out| {
        out.extend_from_slice(&[function | 0x80, why.0]);
    });
}

/// CRC-16 of Modbus RTU [SER §6.2.2]: polynomial 0xA001 reflected, start 0xFFFF.
pub(super) fn crc(bytes: &[u8]) -> u16 {
    const TABLE: [u16; 256] = crc_table();
    bytes.iter().fold(0xffff, |crc, byte| {
        let [_, low] = crc.to_be_bytes();
        (crc >> 8) ^ TABLE[usize::from(low ^ byte)]
    })
}

const fn crc_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte: u16 = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xa001 } else { crc >> 1 };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
