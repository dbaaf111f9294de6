//! How large a unit is: a ratio of whole numbers, a power of pi, and the dimensions.

use std::f64::consts::PI;

use super::Conversion;
use super::parse::{Part, parse};
use super::table::{Size, Zero};

/// A ratio of whole numbers in lowest terms; the denominator is positive.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ratio {
    over: i128,
    under: i128,
}

impl Ratio {
    const ONE: Ratio = Ratio { over: 1, under: 1 };
    const ZERO: Ratio = Ratio { over: 0, under: 1 };

    fn new(over: i128, under: i128) -> Option<Ratio> {
        let (mut a, mut b) = (over.unsigned_abs(), under.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = i128::try_from(a).ok().filter(|divisor| *divisor != 0)?;
        let sign = under.signum();
        Some(Ratio { over: over / divisor * sign, under: under / divisor * sign })
    }

    fn ten_to(exponent: i32) -> Option<Ratio> {
        let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
        if exponent < 0 { Ratio::new(1, power) } else { Ratio::new(power, 1) }
    }

    /// Reads `453.59237`.
    fn decimal(text: &str) -> Option<Ratio> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits: i128 = format!("{whole}{decimals}").parse().ok()?;
        Ratio::new(digits, 1)?.times(Ratio::ten_to(-i32::try_from(decimals.len()).ok()?)?)
    }

    fn times(self, other: Ratio) -> Option<Ratio> {
        // Crosswise first, so that large numbers that cancel do not overflow.
        let a = Ratio::new(self.over, other.under)?;
        let b = Ratio::new(other.over, self.under)?;
        Ratio::new(a.over.checked_mul(b.over)?, a.under.checked_mul(b.under)?)
    }

    fn inverse(self) -> Option<Ratio> {
        (self.over != 0).then(|| Ratio::new(self.under, self.over))?
    }

    fn minus(self, other: Ratio) -> Option<Ratio> {
        let over =
            self.over.checked_mul(other.under)?.checked_sub(other.over.checked_mul(self.under)?)?;
        Ratio::new(over, self.under.checked_mul(other.under)?)
    }

    /// Rounded once while both numbers have at most 53 bits, which those of every unit people write have.
    #[expect(clippy::cast_precision_loss, reason = "this is the one rounding")]
    fn to_f64(self) -> f64 {
        self.over as f64 / self.under as f64
    }
}

/// How many base quantities there are, see [`super::table::Base`].
pub(super) const BASES: usize = 12;

/// A unit in terms of the base units.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// `None` when a term leaves 127 bits (`Ym9`): then `rough` counts.
    exact: Option<Ratio>,
    rough: f64,
    pi: i32,
    dimensions: [i32; BASES],
    /// What zero of this unit is in base units; not zero for temperatures only.
    zero: Ratio,
}

impl Scale {
    const ONE: Scale = Scale {
        exact: Some(Ratio::ONE),
        rough: 1.0,
        pi: 0,
        dimensions: [0; BASES],
        zero: Ratio::ZERO,
    };

    pub(super) fn of(parts: &[Part]) -> Scale {
        let mut scale = Scale::ONE;
        for part in parts {
            match part {
                Part::Number(number, exponent) => {
                    scale.multiply(&Scale::number(*number), *exponent)
                }
                Part::Atom(prefix, atom, exponent) => {
                    if let Some(prefix) = prefix {
                        scale.multiply(&Scale::ten_to(prefix.exponent), *exponent);
                    }
                    scale.multiply(&Scale::of_size(&atom.size), *exponent);
                }
            }
        }
        if let [Part::Atom(None, atom, 1)] = parts
            && let Zero::At(over, under) = atom.zero
        {
            scale.zero = Ratio::new(over, under).unwrap_or(Ratio::ZERO);
        }
        scale
    }

    fn number(number: u32) -> Scale {
        Scale { exact: Ratio::new(number.into(), 1), rough: number.into(), ..Scale::ONE }
    }

    fn ten_to(exponent: i32) -> Scale {
        Scale { exact: Ratio::ten_to(exponent), rough: 10_f64.powi(exponent), ..Scale::ONE }
    }

    fn of_size(size: &Size) -> Scale {
        let mut scale = Scale::ONE;
        match size {
            Size::Base(base) => scale.dimensions[*base as usize] = 1,
            Size::Pi => {
                scale.pi = 1;
            }
            Size::Of(number, code) => {
                scale = Scale::of(&parse(code).unwrap_or_default());
                scale.zero = Ratio::ZERO;
                let number = Ratio::decimal(number).unwrap_or(Ratio::ONE);
                scale.rough *= number.to_f64();
                scale.exact = scale.exact.and_then(|exact| exact.times(number));
            }
        }
        scale
    }

    fn multiply(&mut self, other: &Scale, exponent: i32) {
        for _ in 0..exponent.unsigned_abs() {
            let exact =
                if exponent < 0 { other.exact.and_then(Ratio::inverse) } else { other.exact };
            self.exact = self.exact.zip(exact).and_then(|(a, b)| a.times(b));
        }
        self.rough *= other.rough.powi(exponent);
        self.pi += other.pi * exponent;
        for (mine, its) in self.dimensions.iter_mut().zip(other.dimensions) {
            *mine += its * exponent;
        }
    }

    /// `None` when the dimensions differ.
    pub(super) fn conversion_to(&self, target: &Scale) -> Option<Conversion> {
        if self.dimensions != target.dimensions {
            return None;
        }
        let inverse = target.exact.and_then(Ratio::inverse);
        let exact = self.exact.zip(inverse).and_then(|(mine, its)| mine.times(its));
        let factor = exact.map_or(self.rough / target.rough, Ratio::to_f64);
        let offset = self.zero.minus(target.zero).zip(inverse).and_then(|(a, b)| a.times(b));
        Some(Conversion {
            factor: factor * PI.powi(self.pi - target.pi),
            offset: offset.map_or(0.0, Ratio::to_f64),
        })
    }
}
