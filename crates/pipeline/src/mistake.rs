//! What can be wrong with a pipeline's configuration.

use std::fmt;

use lineshaft_model::TagPath;

use crate::expr::Position;

/// A rule is neither steps for tags nor one derived tag.
pub(crate) const RULE: &str = "LS-CFG-201";
/// A pattern cannot be read, or names no tag.
pub(crate) const PATTERN: &str = "LS-CFG-202";
/// A number of a step is outside its range.
pub(crate) const STEP: &str = "LS-CFG-203";
/// A unit is unknown, missing, or measures something else.
pub(crate) const UNIT: &str = "LS-CFG-204";
/// An expression cannot be read.
pub(crate) const EXPRESSION: &str = "LS-CFG-205";
/// An expression names a tag that does not exist.
pub(crate) const INPUT: &str = "LS-CFG-206";
/// The types in an expression do not fit.
pub(crate) const TYPES: &str = "LS-CFG-207";
/// Derived tags depend on each other in a circle.
pub(crate) const CIRCLE: &str = "LS-CFG-208";
/// A derived tag's path cannot be used.
pub(crate) const DERIVED: &str = "LS-CFG-209";
/// A step of numbers on a tag that has none.
pub(crate) const NUMERIC: &str = "LS-CFG-210";

/// Where a mistake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// In a rule of a pipeline file.
    Rule {
        /// The rule's name: the table's key.
        name: String,
        /// The key in the table, as a path: `ops[1].deadband.absolute`; empty for the whole rule.
        key: String,
        /// Where in the text of `expr`.
        position: Option<Position>,
    },
    /// In the tag table.
    Tag {
        /// The tag.
        tag: TagPath,
        /// The column.
        column: &'static str,
    },
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineMistake {
    /// Where.
    pub place: Where,
    /// A code with a page: `LS-CFG-203`.
    pub code: &'static str,
    /// What is wrong, lowercase, without a full stop.
    pub what: String,
    /// What was probably meant or what to do; empty when there is nothing to add.
    pub remedy: String,
}

impl fmt::Display for PipelineMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.code)?;
        match &self.place {
            Where::Rule { name, key, .. } if key.is_empty() => write!(f, "[{name}]")?,
            Where::Rule { name, key, position } => {
                write!(f, "[{name}] {key}")?;
                if let Some(Position { line, column }) = position {
                    write!(f, " {line}:{column}")?;
                }
            }
            Where::Tag { tag, column } => write!(f, "{tag} {column}")?,
        }
        write!(f, ": {}", self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}
