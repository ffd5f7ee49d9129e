//! Whether a run belongs on this machine: a measured forecast against the project's thresholds.

use serde::{Deserialize, Serialize};

/// A value with its uncertainty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Nine runs of ten take at least this.
    pub low: f64,
    /// The best guess.
    pub mid: f64,
    /// Nine runs of ten take at most this.
    pub high: f64,
}

/// What warm-up steps of the real model on the real device showed. Written by the worker, read by the forecast.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Seconds of each measured step, in order, warm-up of caches left out.
    pub step_seconds: Vec<f64>,
    /// Rows in each measured step.
    pub batch_rows: usize,
    /// Seconds to load, fit the preprocessing and encode, per row of the measured table.
    pub prepare_seconds_per_row: f64,
    /// Seconds to evaluate one row without a gradient.
    pub evaluate_seconds_per_row: f64,
    /// Seconds to write a checkpoint to the run's disk.
    #[serde(default)]
    pub checkpoint_seconds: f64,
    /// Bytes of the model's parameters.
    pub parameter_bytes: u64,
    /// Bytes of one encoded row in memory.
    pub row_bytes: u64,
    /// Peak resident memory of the worker while measuring.
    pub peak_memory_bytes: u64,
    /// Rows of the table that was measured on.
    pub measured_rows: u64,
    /// `cpu, 2 threads` or `cuda, NVIDIA H200`.
    pub device: String,
}

/// What a run will take.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Wall-clock seconds of the whole run, all epochs.
    pub seconds: Range,
    /// Peak memory.
    pub memory_bytes: u64,
    /// Disk for data, checkpoints and model.
    pub disk_bytes: u64,
    /// Rows that it trains on.
    pub rows: u64,
    /// Steps in all epochs.
    pub steps: u64,
    /// Steps that were measured for it.
    pub steps_measured: u64,
    /// Seconds a step, a robust mean of those measured.
    pub seconds_per_step: f64,
    /// Where it was measured.
    pub device: String,
}

/// Where a run belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Within all thresholds: here.
    Here,
    /// Over a threshold, and the data may leave: elsewhere.
    Cloud,
    /// Over a threshold, and the policy keeps the data here.
    Blocked,
}

/// The verdict on a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Where it belongs.
    #[serde(rename = "verdict")]
    pub placement: Placement,
    /// Each reason with its number and its limit, in the order privacy, storage, memory, time, parallel work, stability.
    pub reasons: Vec<Reason>,
    /// What it is based on.
    pub forecast: Forecast,
}

impl Verdict {
    /// The reasons that are over their limit.
    pub fn exceeded(&self) -> impl Iterator<Item = &Reason> {
        self.reasons
            .iter()
            .filter(|reason| reason.state == ReasonState::Over)
    }
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What it is about.
    pub kind: ReasonKind,
    /// How it stands.
    pub state: ReasonState,
    /// A short number for the right margin: `31 of 80 GB`, `6.4 h`, `internal`.
    pub value: String,
    /// A sentence: `forecast 6.4 h (5.9–6.9 h), limit 1 h`.
    pub text: String,
    /// The number as a share of its limit (1 is the limit), for a bar; `None` where there is none.
    pub share: Option<f64>,
    /// The key of `aloft.toml` that sets the limit: `thresholds.minutes`; empty where nothing sets it.
    pub setting: String,
}

/// Whether the last runs of a cell agree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// How many of the latest runs, counted back from the newest, lie within [`Stability::TOLERANCE`] of each other.
    pub agreeing: u32,
    /// How many were looked at, [`Stability::RUNS`] at the most.
    pub of: u32,
    /// The validation metric that was compared.
    pub metric: Option<String>,
    /// Its spread over the runs looked at: (largest − smallest) / |median|.
    pub spread: Option<f64>,
}

impl Stability {
    /// So many runs have to agree.
    pub const RUNS: u32 = 5;
    /// They agree within this relative spread.
    pub const TOLERANCE: f64 = 0.01;

    /// Whether enough runs agree for the model to be called stable.
    pub fn is_stable(&self) -> bool {
        self.agreeing >= Self::RUNS
    }
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasonKind {
    /// The data's class against the policy.
    Privacy,
    /// Data and checkpoints against free disk.
    Storage,
    /// Peak memory against what there is.
    Memory,
    /// The forecast against the threshold.
    Time,
    /// Runs that wait for this machine.
    Queue,
    /// Whether the last runs agree.
    Stability,
}

/// How a reason stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasonState {
    /// Within its limit.
    Ok,
    /// Near its limit: over 80 % of it.
    Near,
    /// Over its limit.
    Over,
    /// Nothing to say yet.
    Unknown,
}
