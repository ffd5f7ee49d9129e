//! A run's model for other programs: as ONNX ([`onnx`]), for PyTorch ([`pytorch`]), or smaller ([`quantize`]).
//!
//! Whatever is written gives the same numbers as `predict`, preprocessing included, but for rounding; what a smaller model
//! loses is measured.

mod onnx;
mod pytorch;
mod quantize;

use crate::{
    error::Result, inputs::Inputs, model::Model, preprocess::Preprocessing, saved::SavedModel, task::Task,
};
use aloft_nn::network::Network;
use aloft_runs::replace_file;
use aloft_spec::Problem;
use serde::Serialize;
use std::path::{Path, PathBuf};

pub use quantize::{Quantized, quantize};

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The file or folder.
    pub path: PathBuf,
    /// Its bytes, those of all files of a folder.
    pub bytes: u64,
}

/// Writes a run's model as one ONNX graph from the table's columns to predictions, to `output`, which is replaced.
///
/// Inputs are the columns that the model reads, by their names, each [rows, 1]: numbers as float64 (NaN is missing), texts
/// as strings, yes-or-no columns as bool, or as float32 with NaN where values were missing in training, and dates as
/// int64 milliseconds since 1970 (times of day since midnight) with the smallest int64 for a missing one. Outputs are
/// `prediction` [rows, 1] and, for classes, `probabilities` [rows, classes]; for quantiles, `quantiles` [rows, quantiles] in
/// place of `prediction`; for labels `prediction` [rows, labels] of bool and `probabilities` [rows, labels].
///
/// # Errors
/// `NotFound` where the run has no model, `Unsupported` naming what has no form in ONNX.
pub fn export_onnx(run_dir: &Path, output: &Path) -> std::result::Result<Exported, Problem> {
    let (saved, network) = network(run_dir)?;
    let bytes = onnx::encode(&saved, &network)?;
    replace_file(output, &bytes)?;
    Ok(Exported {
        path: output.to_owned(),
        bytes: bytes.len() as u64,
    })
}

/// Writes a run's model into a folder from which PyTorch rebuilds it: `model.safetensors`, `model.json`, and `load.py`,
/// which needs torch and numpy alone.
///
/// # Errors
/// `NotFound` where the run has no model, `Unsupported` naming what the program can't rebuild.
pub fn export_pytorch(run_dir: &Path, folder: &Path) -> std::result::Result<Exported, Problem> {
    let (saved, network) = network(run_dir)?;
    pytorch::write(&saved, &network, folder)?;
    exported(folder)
}

/// A run's model, which is to be a network.
fn network(run_dir: &Path) -> Result<(SavedModel, Network)> {
    match SavedModel::read(run_dir)? {
        (saved, Model::Network(network)) => Ok((saved, network)),
        (_, Model::Trees(_)) => unsupported(
            "the model is of the kind `trees`, and only networks can be exported".into(),
            "`aloft predict` scores rows with it; for other programs train model.kind = \"mlp\" or \"linear\" on the same rows",
        ),
    }
}

/// The preprocessing of a model of plain tables, which is all that other programs are given.
fn table(saved: &SavedModel) -> Result<&Preprocessing> {
    let read = match (&saved.inputs, &saved.task) {
        (_, task @ (Task::Forecast { .. } | Task::Anomaly { .. })) => {
            format!("has the task `{}`", task.name())
        }
        (Inputs::Table(preprocessing), _) => return Ok(preprocessing),
        (Inputs::Images(_), _) => "reads pictures".into(),
        (Inputs::Text(_), _) => "reads texts".into(),
        (Inputs::Windows(_), _) => "reads windows of series".into(),
        (Inputs::Numbers(_), _) => "gives rows back".into(),
    };
    unsupported(
        format!("the model {read}, and only models of plain tables with a target or labels can be exported"),
        "`aloft predict` scores rows with it, and `aloft export --quantize f16` or `int8` makes a smaller model for that",
    )
}

/// A folder that was written.
fn exported(folder: &Path) -> std::result::Result<Exported, Problem> {
    Ok(Exported {
        path: folder.to_owned(),
        bytes: crate::machine::folder_bytes(folder, &[]),
    })
}

/// What can't be exported, as a problem that says so, and what to do instead.
fn unsupported<T>(message: String, instead: &str) -> Result<T> {
    Err(Problem::new(aloft_spec::Code::Unsupported, message)
        .with_hint(instead)
        .into())
}
