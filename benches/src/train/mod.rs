//! Training speed against PyTorch: the workloads, and the processes that train them side by side.
//!
//! Every side is a child process that waits for a line on standard input, trains for as long as it says and answers with
//! what it did, so that the sides take turns on one machine and each has a peak of memory of its own.

pub mod digits;
pub mod ours;
pub mod side;
pub mod torch;
pub mod workload;

use serde::{Deserialize, Serialize};

/// A line to a side: train for so long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Seconds.
    pub seconds: f64,
}

/// A side's first line: what it can, and the losses of its first steps, which are the same on every side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// Losses of the first [`FIRST_STEPS`] steps.
    pub losses: Vec<f64>,
}

/// A side's answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Rows learned from.
    pub samples: u64,
    /// Seconds that it took.
    pub seconds: f64,
    /// Peak resident memory of the process so far, in bytes.
    pub peak_bytes: u64,
}

/// Steps whose losses are compared; they also warm up.
pub const FIRST_STEPS: usize = 20;
/// Learning rate of all sides.
pub const LEARNING_RATE: f64 = 1e-3;
/// Weight decay of all sides, on matrices only.
pub const WEIGHT_DECAY: f64 = 1e-2;
/// Seed of weights and data.
pub const SEED: u64 = 1;
