//! Why a step cannot be made, told to the person who wrote it.

/// Why a step cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// A number outside its range, or two that exclude each other.
    #[error("{what}")]
    Setting {
        /// The key within the step.
        key: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A unit that is unknown, missing, or measures something else.
    #[error("{what}")]
    Unit {
        /// The key within the step.
        key: &'static str,
        /// What is wrong.
        what: String,
        /// What was probably meant; may be empty.
        remedy: String,
    },
}

impl StepError {
    pub(super) fn setting(key: &'static str, what: impl Into<String>) -> StepError {
        StepError::Setting { key, what: what.into() }
    }
}
