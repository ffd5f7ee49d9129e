//! Spaces that can't be searched.

use aloft_spec::{Code, Problem};

/// Why a space can't be searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No dimension.
    #[error("the space of the sweep is empty")]
    Empty,
    /// Not exactly one range, or one without a value in it.
    #[error("the range of `{0}` has no values")]
    NoRange(String),
    /// A grid over real numbers without a number of steps, or over too many whole ones.
    #[error("a grid needs to know how many values of `{0}` there are")]
    NoSteps(String),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Empty => "name a key: `\"optimizer.learning_rate\" = { log_uniform = [1e-4, 1e-2] }`",
            Error::NoRange(_) => "give it a `choice`, or a range whose first bound is less than its second",
            Error::NoSteps(_) => "add `steps = 5`, or use `choice`",
        };
        Self::new(Code::BadValue, error.to_string()).with_hint(hint)
    }
}
