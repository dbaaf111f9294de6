//! What is wrong with an expression, and where in its text.

/// A place in the text of an expression, both counted from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExprError {
    /// It is not SQL, or SQL that is not offered here.
    #[error("{what}")]
    Syntax {
        /// Where, if that is known.
        at: Option<Position>,
        /// What is wrong.
        what: String,
    },
    /// Types do not fit.
    #[error("{what}")]
    Type {
        /// Where, if that is known.
        at: Option<Position>,
        /// What does not fit.
        what: String,
    },
    /// It is too long, too deep, or names too many tags.
    #[error("the expression has more than {max} {of}")]
    TooLarge {
        /// Of what.
        of: &'static str,
        /// The limit.
        max: usize,
    },
}

impl ExprError {
    /// Where it is, if that is known.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match self {
            ExprError::Syntax { at, .. } | ExprError::Type { at, .. } => *at,
            ExprError::TooLarge { .. } => None,
        }
    }
}
