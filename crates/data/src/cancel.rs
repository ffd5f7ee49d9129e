//! A flag that stops work from outside.

use crate::error::DataError;
use aloft_spec::Problem;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A flag that all its clones share. Once it is set, work that carries it ends at its next step or batch with
/// [`aloft_spec::Code::Stopped`].
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that isn't set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it; for good.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is set.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for crates that don't know this type.
    pub fn flag(&self) -> &Arc<AtomicBool> {
        &self.0
    }

    /// An error with the code `Stopped` once it is set.
    pub fn check(&self) -> Result<(), Problem> {
        self.step().map_err(Problem::from)
    }

    pub(crate) fn step(&self) -> Result<(), DataError> {
        if self.is_cancelled() {
            Err(DataError::Stopped)
        } else {
            Ok(())
        }
    }
}
