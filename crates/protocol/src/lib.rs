//! What the window and the session say to each other: the window reads one shared [`Snapshot`] a frame and sends
//! [`Operation`]s. Both are plain serde data, so that the session can live in another process or on another machine.
//!
//! This crate knows the words of `aloft-spec` and nothing else. The views are tested against snapshots made by hand.

pub mod operation;
pub mod snapshot;

pub use operation::Operation;
use serde::{Deserialize, Serialize};
pub use snapshot::Snapshot;

/// A block of the open notebook (a cell or the prose between two cells). Stable while the notebook is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockId(pub u64);

/// A piece of work that runs: an evaluation, a training, an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId(pub u64);

/// A message to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NoticeId(pub u64);
