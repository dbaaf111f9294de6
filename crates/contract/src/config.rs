//! Mistakes in a configuration, all of them, each with its place and the remedy.

use std::fmt;

/// Where in a plugin's part of the configuration a mistake is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A key of the device or sink table, as a path: `settings.unit`.
    Key(String),
    /// A cell of the tag table: which point, counted from 0, and which column.
    Cell {
        /// Index of the point in [`crate::DeviceSpec::points`].
        point: u32,
        /// The column's name.
        column: &'static str,
    },
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// A code with a page: `LS-CFG-004`.
    pub code: &'static str,
    /// What is wrong, lowercase, without a full stop.
    pub what: String,
    /// What was probably meant or what to do; empty when there is nothing to add.
    pub remedy: String,
}

/// All mistakes of one plugin's configuration. Never empty when it is an `Err`.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
pub struct ConfigErrors(pub Vec<Mistake>);

impl ConfigErrors {
    /// Adds a mistake.
    pub fn add(
        &mut self,
        place: Place,
        code: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push(Mistake { place, code, what: what.into(), remedy: remedy.into() });
    }

    /// `value` when there is no mistake.
    ///
    /// # Errors
    /// Itself, when there is one.
    pub fn none_or<T>(self, value: T) -> Result<T, ConfigErrors> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, mistake) in self.0.iter().enumerate() {
            let between = if n == 0 { "" } else { "; " };
            write!(f, "{between}{}", mistake.what)?;
        }
        Ok(())
    }
}
