//! The model in its folder: `model.safetensors` holds the weights, `model.json` all the rest that a prediction needs.

use crate::{
    architecture::Architecture,
    boosting,
    checkpoint::write_tensors,
    error::{Result, TrainError},
    inputs::Inputs,
    model::{Learned, Model},
    precision::{Precision, read_weights, write_weights},
    task::Task,
};
use aloft_nn::network::Network;
use aloft_runs::{file, replace_file};
use aloft_spec::{report::Refit, run};
use candle_core::Device;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fs, path::Path};

/// Version of `model.json`.
const VERSION: u32 = 2;
const TENSORS: &str = "model.safetensors";
const DESCRIPTION: &str = "model.json";

/// `model.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedModel {
    /// Version of this format.
    pub version: u32,
    /// Version of Aloft that wrote it.
    pub aloft: String,
    /// The column that it predicts.
    pub target: String,
    /// What it predicts.
    #[serde(flatten)]
    pub task: Task,
    /// The model's shape.
    pub architecture: Architecture,
    /// How its weights are stored.
    #[serde(default, skip_serializing_if = "Precision::is_full")]
    pub precision: Precision,
    /// What was fitted on the rows that it learned from.
    pub inputs: Inputs,
    /// The epoch whose weights these are, from 1.
    pub best_epoch: u32,
    /// Where the model learned anew: its preprocessing too is fitted on training and validation part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refit: Option<Refit>,
    /// Metrics by split and name.
    pub metrics: run::Metrics,
}

impl SavedModel {
    /// The current version of the format and of Aloft.
    pub fn versions() -> (u32, String) {
        (VERSION, env!("CARGO_PKG_VERSION").to_owned())
    }

    /// Writes a run's model with what was learned.
    pub fn write(&self, run_dir: &Path, learned: &Learned) -> Result<()> {
        self.write_as(&run_dir.join(file::MODEL), learned, self)
    }

    /// Writes the model into a folder, with a description that has more than its own.
    pub fn write_as(&self, folder: &Path, learned: &Learned, description: &impl Serialize) -> Result<()> {
        fs::create_dir_all(folder).map_err(TrainError::io("creating", folder))?;
        let path = folder.join(TENSORS);
        match learned {
            Learned::Network(weights) => {
                let graph = self.architecture.graph();
                write_weights(&path, graph.parameters(), weights, self.precision)?;
            }
            Learned::Trees(forest) => {
                let mut metadata = HashMap::new();
                let tensors = boosting::tensors(forest, &mut metadata, &path)?;
                write_tensors(&path, &tensors, metadata)?;
            }
        }
        let path = folder.join(DESCRIPTION);
        let text = serde_json::to_string_pretty(description)
            .map_err(|error| TrainError::unreadable(&path, error.to_string()))?;
        Ok(replace_file(&path, text.as_bytes())?)
    }

    /// Reads a run's model, or that of a folder that an export has written, on the CPU.
    ///
    /// # Errors
    /// `NotFound` where the run has none yet, `Unreadable` when it isn't whole or of another version.
    pub fn read(run_dir: &Path) -> Result<(Self, Model)> {
        let folder = match run_dir.join(DESCRIPTION).is_file() {
            true => run_dir.to_owned(),
            false => run_dir.join(file::MODEL),
        };
        let path = folder.join(DESCRIPTION);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => TrainError::NoModel {
                run_dir: run_dir.to_owned(),
            },
            _ => TrainError::io("reading", &path)(error),
        })?;
        let saved: Self =
            serde_json::from_str(&text).map_err(|error| TrainError::unreadable(&path, error.to_string()))?;
        if saved.version != VERSION {
            let message = format!(
                "this model was written by Aloft {} in a format that this version doesn't know",
                saved.aloft
            );
            return Err(TrainError::unreadable(&path, message));
        }
        let path = folder.join(TENSORS);
        if let Some(table) = saved.architecture.trees() {
            let bytes = fs::read(&path).map_err(TrainError::io("reading", &path))?;
            let forest =
                boosting::read(&bytes, table).map_err(|error| TrainError::unreadable(&path, error))?;
            return Ok((saved, Model::Trees(forest)));
        }
        let graph = saved.architecture.graph();
        let weights = read_weights(&path, graph.parameters(), saved.precision)?;
        let network = Network::from_weights(graph, weights, &Device::Cpu)?;
        Ok((saved, Model::Network(network)))
    }
}
