//! Units by their UCUM code, and exact conversion between them.
//!
//! - Source: *The Unified Code for Units of Measure*, version 2.1, cited as `[UCUM §n]`.
//! - Not here: the rest of its 300 atoms (clinical and historical units), the case-insensitive codes, logarithmic
//!   units other than the bel and pH, currencies.
//!
//! Two differences on purpose: the mole has a dimension of its own, so that `mol/L` is never taken for a count; and
//! `ft`, `pt`, `at`, `pH` are refused, which UCUM reads as three tiny tonnes and a picohenry.

mod magnitude;
mod meant;
mod parse;
mod table;

use std::fmt;
use std::sync::Arc;

use magnitude::Scale;

/// A unit of measure by its UCUM code (`Cel`, `bar`, `1/min`, `kW.h`).
///
/// Two codes of one unit (`l/min`, `L/min`) are different values of this type that convert with factor 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit(Arc<str>);

/// Why a unit cannot be read or converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// Not a UCUM code.
    #[error("`{code}` is not a UCUM unit code")]
    Unknown {
        /// What was written.
        code: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// The two units measure different things.
    #[error("`{from}` cannot be converted to `{to}`: they measure different things")]
    Dimension {
        /// The unit it is in.
        from: String,
        /// The unit it should be in.
        to: String,
    },
}

/// `y = x * factor + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conversion {
    /// What to multiply by.
    pub factor: f64,
    /// What to add then.
    pub offset: f64,
}

impl Conversion {
    /// Changes nothing.
    pub const IDENTITY: Conversion = Conversion { factor: 1.0, offset: 0.0 };

    /// The number in the other unit.
    ///
    /// A factor of 0.1 is not a tenth in binary, and 4049 × 0.1 is 404.90000000000003. Where the factor is the nearest there
    /// is to one part of a whole number, the number is divided by that: 404.9, which is what was meant, what people
    /// read, and what the historian stores in two bytes.
    #[must_use]
    pub fn apply(&self, number: f64) -> f64 {
        let parts = (1.0 / self.factor).round();
        #[expect(clippy::float_cmp, reason = "equal to the bit or not at all")]
        let divides = parts.abs() >= 2.0 && 1.0 / parts == self.factor;
        let scaled = if divides { number / parts } else { number * self.factor };
        scaled + self.offset
    }
}

impl Unit {
    /// The longest code in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Checks and takes a code: prefixes, atoms, exponents, `.` and `/`, brackets, annotations.
    ///
    /// An annotation (`{bottle}/h`) is a comment, as in UCUM: it says what is counted and does not take part
    /// in a conversion.
    ///
    /// # Errors
    /// [`UnitError::Unknown`], with what was probably meant.
    pub fn new(code: &str) -> Result<Unit, UnitError> {
        match parse::parse(code) {
            Some(_) => Ok(Unit(code.into())),
            None => Err(UnitError::Unknown { code: code.into(), meant: meant::meant(code) }),
        }
    }

    /// The UCUM code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }

    /// How a number in this unit becomes one in `target`.
    ///
    /// Factor and offset are computed with whole numbers and rounded once each, so a converted number is wrong by the
    /// last digit of a double at most. `Cel` and `[degF]` alone are temperatures; in a product (`Cel/min`) they are
    /// differences.
    ///
    /// # Errors
    /// [`UnitError::Dimension`] when they measure different things.
    pub fn conversion_to(&self, target: &Unit) -> Result<Conversion, UnitError> {
        if self == target {
            return Ok(Conversion::IDENTITY);
        }
        self.scale()?.conversion_to(&target.scale()?).ok_or_else(|| UnitError::Dimension {
            from: self.0.as_ref().into(),
            to: target.0.as_ref().into(),
        })
    }

    fn scale(&self) -> Result<Scale, UnitError> {
        let parts = parse::parse(&self.0);
        parts
            .map(|parts| Scale::of(&parts))
            .ok_or_else(|| UnitError::Unknown { code: self.0.as_ref().into(), meant: None })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
