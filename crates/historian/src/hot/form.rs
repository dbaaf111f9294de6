//! How a column in memory writes samples: one byte or two for an instant, one or two for most values.
//!
//! A sample is escapes, an instant and a value. An instant is the difference between its step and the usual step of
//! the column, zigzag, plus one; an escape is a zero and an [`Escape`] byte, and changes how what follows is read.
//! A value is written in the current [`Form`], whole numbers and decimals as the difference to the one before.
//! Nothing of this is ever on a disk.

use crate::bytes::{In, Malformed};
use crate::limits::DECIMALS_MAX;
use crate::numbers::Width;

/// Most places of a decimal that was a single: more would match noise.
const SINGLE_PLACES_MAX: u32 = 4;

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Bool,
    Int,
    Uint,
    /// Whole numbers to be divided by ten so many times: what most instruments send.
    Decimal(u8, Width),
    Single,
    Double,
    Text,
    Bytes,
}

impl Form {
    pub(crate) const fn places_max(width: Width) -> u32 {
        match width {
            Width::Double => DECIMALS_MAX,
            Width::Single => SINGLE_PLACES_MAX,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Form::Decimal(scale, Width::Double) => scale,
            Form::Decimal(scale, Width::Single) => 16 + scale,
            Form::Bool => 32,
            Form::Int => 33,
            Form::Uint => 34,
            Form::Single => 35,
            Form::Double => 36,
            Form::Text => 37,
            Form::Bytes => 38,
        }
    }

    const fn of_code(code: u8) -> Option<Form> {
        Some(match code {
            0..=9 => Form::Decimal(code, Width::Double),
            16..=20 => Form::Decimal(code - 16, Width::Single),
            32 => Form::Bool,
            33 => Form::Int,
            34 => Form::Uint,
            35 => Form::Single,
            36 => Form::Double,
            37 => Form::Text,
            38 => Form::Bytes,
            _ => return None,
        })
    }

    /// The last number as the next form counts it: more places of a decimal keep it, all else starts anew.
    pub(crate) fn carry(self, number: i64, next: Form) -> i64 {
        match (self, next) {
            (Form::Decimal(from, _), Form::Decimal(to, _)) if to >= from => {
                number.wrapping_mul(10_i64.wrapping_pow(u32::from(to - from)))
            }
            (_, Form::Text | Form::Bytes) => -1, // no text before this one
            _ => 0,
        }
    }
}

/// In what instants are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tick {
    Milli,
    Micro,
    Nano,
}

impl Tick {
    /// A step of nanoseconds in ticks, if it is a whole number of them.
    pub(crate) const fn whole(self, step: i64) -> Option<i64> {
        // Spelled out, because dividing by a constant is a multiplication.
        match self {
            Tick::Milli if step % 1_000_000 == 0 => Some(step / 1_000_000),
            Tick::Micro if step % 1_000 == 0 => Some(step / 1_000),
            Tick::Nano => Some(step),
            _ => None,
        }
    }

    pub(crate) const fn finer(self) -> Tick {
        match self {
            Tick::Milli => Tick::Micro,
            Tick::Micro | Tick::Nano => Tick::Nano,
        }
    }

    pub(crate) const fn nanos(self) -> i64 {
        match self {
            Tick::Milli => 1_000_000,
            Tick::Micro => 1_000,
            Tick::Nano => 1,
        }
    }
}

/// The usual step of a column, in ticks: it follows slowly what jitters and jumps to what is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usual(u32);

impl Usual {
    pub(crate) const START: Usual = Usual(0);

    pub(crate) const fn ticks(self) -> i64 {
        self.0 as i64
    }

    pub(crate) fn follow(self, step: i64) -> Usual {
        let off = step.wrapping_sub(self.ticks());
        let next = if off.unsigned_abs() < 64 { self.ticks() + off / 8 } else { step };
        Usual(u32::try_from(next).unwrap_or(0))
    }

    pub(crate) const fn finer(self) -> Usual {
        Usual(self.0.saturating_mul(1_000))
    }
}

/// What follows a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// From here values are written so.
    Form(Form),
    /// From here quality, clock and absence are what follows as a varint.
    Mark,
    /// The instant follows as eight bytes, and its value as usual.
    Instant,
    /// From here instants are counted a thousand times finer.
    Finer,
    /// The next value is a real as eight bytes, in whatever form the others are.
    Odd,
}

impl Escape {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Escape::Form(form) => form.code(),
            Escape::Mark => 64,
            Escape::Instant => 65,
            Escape::Finer => 66,
            Escape::Odd => 67,
        }
    }

    pub(crate) fn read(input: &mut In<'_>) -> Result<Escape, Malformed> {
        Ok(match input.u8()? {
            64 => Escape::Mark,
            65 => Escape::Instant,
            66 => Escape::Finer,
            67 => Escape::Odd,
            code => Escape::Form(Form::of_code(code).ok_or(Malformed("unknown escape"))?),
        })
    }
}
