//! What can go wrong in this crate, each with what to do next.

/// An error of building or reading trees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreesError {
    /// An option outside of its range.
    #[error("{option} is {value}, and {range}")]
    Option {
        /// Its name in [`crate::options::Options`].
        option: &'static str,
        /// Its value.
        value: String,
        /// What it can be.
        range: &'static str,
    },
    /// Targets that an objective can't learn from.
    #[error("{message}")]
    Target {
        /// What is wrong with them.
        message: String,
    },
    /// Stored arrays that are no forest.
    #[error("the arrays are no forest: {message}")]
    Format {
        /// What is wrong.
        message: String,
    },
}

impl TreesError {
    /// A [`TreesError::Format`].
    pub fn format(message: impl Into<String>) -> Self {
        Self::Format {
            message: message.into(),
        }
    }
}
