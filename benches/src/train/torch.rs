//! PyTorch's side: an environment of its own, and the same weights and rows in a file.

use super::{SEED, workload::Workload};
use crate::peers;
use aloft_nn::network::Network;
use aloft_train::compute_device;
use anyhow::Result;
use safetensors::{Dtype, tensor::TensorView};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The program that PyTorch's process runs.
const PROGRAM: &str = include_str!("twin.py");
/// What it needs.
const PACKAGES: [&str; 3] = ["torch", "numpy", "safetensors"];

/// The Python of an environment with PyTorch, under the user's cache; made on first use.
///
/// # Errors
/// When there is no Python, or the packages can't be had.
pub fn python() -> Result<PathBuf> {
    peers::python("torch", &PACKAGES)
}

/// Writes the program, and the first weights and all rows of a workload, into a folder.
///
/// # Errors
/// When the folder can't be written.
pub fn hand_over(workload: Workload, folder: &Path) -> Result<()> {
    fs::write(folder.join("twin.py"), PROGRAM)?;
    let network = Network::new(workload.graph(), SEED, &compute_device(false)?)?;
    let data = workload.data()?;
    let rows = data.classes.len();
    let mut tensors = Vec::new();
    for weights in network.weights()? {
        tensors.push((
            format!("weights/{}", weights.name),
            Dtype::F32,
            weights.shape,
            bytes(&weights.numbers),
        ));
    }
    tensors.push((
        "numbers".into(),
        Dtype::F32,
        vec![rows, data.numbers.len() / rows],
        bytes(&data.numbers),
    ));
    for (name, values) in [("tokens", &data.tokens), ("classes", &data.classes)] {
        let bytes = values
            .iter()
            .flat_map(|value| i64::from(*value).to_le_bytes())
            .collect();
        tensors.push((name.into(), Dtype::I64, vec![rows, values.len() / rows], bytes));
    }
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(fs::write(
        folder.join("workload.safetensors"),
        safetensors::serialize(views, None)?,
    )?)
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// How PyTorch trains.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// With `torch.compile`.
    pub compiled: bool,
    /// On the first CUDA device.
    pub cuda: bool,
    /// Forward and loss under `torch.autocast` with bf16.
    pub bf16: bool,
}

/// The process for a workload that was handed over to `folder`.
pub fn command(python: &Path, folder: &Path, workload: Workload, threads: usize, how: How) -> Command {
    let mut command = Command::new(python);
    command
        .arg(folder.join("twin.py"))
        .arg(folder.join("workload.safetensors"))
        .args([workload.name(), workload.batch().to_string(), threads.to_string()])
        .arg(if how.compiled { "compile" } else { "eager" })
        .arg(if how.cuda { "cuda" } else { "cpu" })
        .arg(if how.bf16 { "bf16" } else { "f32" })
        .env("OMP_NUM_THREADS", threads.to_string());
    command
}
