//! A run: one folder, one program that executes it, here or elsewhere.
//!
//! ```text
//! runs/<utc>-<cell>-<hash6>/
//!   run.toml        RunRecord: what was asked, what came of it
//!   events.jsonl    append-only, one Event a line
//!   data.parquet    the rows, by content hash (a hard link into .aloft/snapshots/ where possible)
//!   worker.json     WorkerRecord while a process executes it
//!   worker.lock     held by the worker as long as it lives; worker.log: what it printed
//!   stop            created by whoever wants it stopped; the worker looks for it between steps
//!   checkpoints/    last.safetensors + last.json, replaced after each epoch
//!   model/          model.safetensors + model.json (architecture, fitted preprocessing, metrics)
//!   manifest.json   BLAKE3 and size of each file of the outcome, written last: a copy is complete when it agrees
//!   job.json        JobRecord, where the run was sent to a target; receipts.jsonl: what left this machine;
//!                   job.lock: held by the process that mirrors it; .fetch/: an outcome on its way home, not yet verified
//!   report.json     Report: metrics with intervals, base lines, errors, what the model looks at
//! ```

mod folded;

pub use folded::{RunRow, SweepRow, fold_trials};

use crate::{
    problem::Problem,
    project::{Policy, Thresholds},
    source::DataClass,
    sweep::SweepTrial,
    table::Extent,
    train::TrainSpec,
    verdict::Forecast,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format that this version writes.
pub const FORMAT: u32 = 1;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// The folder is complete and nothing has executed it yet.
    Created,
    /// A worker executes it.
    Running,
    /// It came to its end and the model is there.
    Done,
    /// It ended with a problem.
    Failed,
    /// Someone stopped it. The best model so far is there if an epoch was finished.
    Stopped,
    /// It says that it is running and its worker is gone: killed, or the machine went down. It can be resumed.
    Lost,
}

impl RunStatus {
    /// Whether nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Created | Self::Running)
    }
}

/// `run.toml`: the resolved specification and the outcome. Whoever creates the run writes it first; then only the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Format of the folder, [`FORMAT`].
    pub format: u32,
    /// Name of the folder.
    pub id: String,
    /// Name of the train cell, or of the sweep that the run is a trial of.
    pub cell: String,
    /// The notebook, relative to the project's folder.
    pub notebook: String,
    /// When it was created, RFC 3339, UTC.
    pub created_at: String,
    /// Version of Aloft that created it.
    pub aloft: String,
    /// Where it stands.
    pub status: RunStatus,
    /// `cpu, 2 threads`; known once it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Hash (BLAKE3, hex) of the cell's resolved text and of those it depends on.
    pub code_hash: String,
    /// The rows.
    pub data: RunData,
    /// What to train, resolved.
    pub train: TrainSpec,
    /// Which trial of a sweep it is, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<SweepTrial>,
    /// The limits in force when it was created.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// The policy in force when it was created.
    #[serde(default)]
    pub policy: Policy,
    /// The text of each source and query that the rows came from, by cell name.
    #[serde(default)]
    pub lineage: BTreeMap<String, String>,
    /// What was expected of it, from its own first steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Final metrics by split (`validation`, `test`) and name.
    #[serde(default)]
    pub metrics: Metrics,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Metrics by split and name: `metrics["test"]["accuracy"]`.
pub type Metrics = BTreeMap<String, BTreeMap<String, f64>>;

/// The rows of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunData {
    /// BLAKE3 of `data.parquet`, hex.
    pub hash: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Its columns, the target among them.
    pub columns: Vec<String>,
    /// Which rows of the sources it was made of.
    pub extent: Extent,
    /// The highest class of its sources.
    pub class: DataClass,
}

/// What a run took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Wall-clock seconds that workers spent on it.
    pub seconds: f64,
    /// Training rows a second, over the epochs.
    pub samples_per_second: f64,
    /// Peak resident memory of the worker.
    pub memory_bytes: u64,
    /// Size of the run folder without the data.
    pub disk_bytes: u64,
    /// Epochs finished.
    pub epochs: u32,
    /// Forecast's seconds for the epochs that were run; compare with `seconds`.
    pub forecast_seconds: f64,
}

/// `worker.json`: which process executes a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRecord {
    /// Its process id.
    pub pid: u32,
    /// When it started, in the kernel's clock ticks since boot: a pid is used again, the pair isn't.
    pub started_ticks: u64,
    /// `/proc/sys/kernel/random/boot_id`, so that a restart of the machine is noticed.
    pub boot: String,
}

/// A row of `aloft runs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run's id.
    pub id: String,
    /// The train cell.
    pub cell: String,
    /// The notebook.
    pub notebook: String,
    /// When it was created.
    pub created_at: String,
    /// Where it stands; `Lost` is found out here.
    pub status: RunStatus,
    /// Which rows.
    pub extent: Extent,
    /// Seconds it took, once it has ended.
    pub seconds: Option<f64>,
    /// Its metrics.
    pub metrics: Metrics,
    /// Which trial of a sweep it is, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<SweepTrial>,
    /// Where it ran: `None` here, else the target's name.
    pub target: Option<String>,
    /// Why it failed, or why its folder can't be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
