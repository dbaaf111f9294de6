//! Numbers as bytes: variable-length integers, zigzag, runs.

use crate::RecordError;

/// Seven bits per byte, lowest first; the high bit says that more follow.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    // Nearly all are short, and one push is cheaper than a loop that may push ten.
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Small negative numbers as small numbers: 0, -1, 1, -2, …
pub(crate) const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

pub(crate) const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Calls `run` with each value and how often it comes in a row.
pub(crate) fn runs<T: PartialEq + Copy>(
    values: impl Iterator<Item = T>,
    mut run: impl FnMut(T, u64),
) {
    let mut current: Option<(T, u64)> = None;
    for value in values {
        match &mut current {
            Some((same, count)) if *same == value => *count += 1,
            _ => {
                if let Some((value, count)) = current.replace((value, 1)) {
                    run(value, count);
                }
            }
        }
    }
    if let Some((value, count)) = current {
        run(value, count);
    }
}

/// Reads what was put, and never more than there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// The part being read, for the error.
    pub(crate) what: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8], what: &'static str) -> Cursor<'a> {
        Cursor { rest: bytes, what }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn malformed(&self) -> RecordError {
        RecordError::malformed(self.what)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, RecordError> {
        let (byte, rest) = self.rest.split_first().ok_or(self.malformed())?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], RecordError> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(self.malformed())?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or(self.malformed())?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, RecordError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, RecordError> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.malformed())
    }

    pub(crate) fn signed(&mut self) -> Result<i64, RecordError> {
        self.varint().map(unzigzag)
    }

    /// A length that says how much of the rest follows.
    pub(crate) fn len(&mut self) -> Result<usize, RecordError> {
        usize::try_from(self.varint()?).map_err(|_large| self.malformed())
    }

    /// The length of a run within the rows that are still without a value; never 0.
    pub(crate) fn run(&mut self, left: usize) -> Result<usize, RecordError> {
        match self.len()? {
            run if run >= 1 && run <= left => Ok(run),
            _ => Err(self.malformed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_read(numbers in prop::collection::vec(any::<i64>(), 0..50)) {
            let mut bytes = Vec::new();
            for number in &numbers {
                put_varint(&mut bytes, zigzag(*number));
            }
            let mut cursor = Cursor::new(&bytes, "test");
            for number in numbers {
                prop_assert_eq!(cursor.signed(), Ok(number));
            }
            prop_assert!(cursor.is_empty());
        }
    }

    #[test]
    fn a_number_that_does_not_end_or_is_too_large_is_refused() {
        for bytes in [
            &[0xff; 11][..],
            &[0x80],
            &[],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert!(Cursor::new(bytes, "test").varint().is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn runs_say_how_often() {
        let mut seen = Vec::new();
        runs([1, 1, 2, 1].into_iter(), |value, count| seen.push((value, count)));
        assert_eq!(seen, [(1, 2), (2, 1), (1, 1)]);
    }
}
