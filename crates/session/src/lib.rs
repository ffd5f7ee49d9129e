//! The state of the application: an operation is reduced to a new state and effects; effects run on named workers and
//! come back as operations.

use aloft_protocol::{Operation, Snapshot};
use std::sync::Arc;

/// A running session. Dropping it ends its threads; runs go on by themselves.
pub struct Session {}

impl Session {
    /// Starts the session's thread. `wake` is called from any thread when there is a new snapshot: it must only post.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let _ = wake;
        Self {}
    }

    /// The latest snapshot; never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::default()
    }

    /// Sends an operation; never waits.
    pub fn send(&self, operation: Operation) {
        let _ = operation;
    }
}
