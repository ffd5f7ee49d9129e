//! The model in its folder: `model.safetensors` holds the weights, `model.json` all the rest that a prediction needs.

use crate::{
    architecture::Architecture,
    boosting,
    checkpoint::{Tensor, read_numbers, write_tensors},
    error::{Result, TrainError},
    inputs::Inputs,
    model::{Learned, Model},
    task::Task,
};
use aloft_nn::network::{Network, Weights};
use aloft_runs::{file, replace_file};
use aloft_spec::run;
use candle_core::Device;
use safetensors::SafeTensors;
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
    /// What was fitted on the training part.
    pub inputs: Inputs,
    /// The epoch whose weights these are, from 1.
    pub best_epoch: u32,
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
        let folder = run_dir.join(file::MODEL);
        fs::create_dir_all(&folder).map_err(TrainError::io("creating", &folder))?;
        let path = folder.join(TENSORS);
        // One entry at the most: several are written in any order, and the same run gives the same bytes.
        let mut metadata = HashMap::new();
        let tensors = match learned {
            Learned::Network(weights) => {
                metadata.insert("format".to_owned(), "aloft".to_owned());
                let tensor =
                    |weights: &Weights| Tensor::of(weights.name.clone(), &weights.shape, &weights.numbers);
                weights.iter().map(tensor).collect()
            }
            Learned::Trees(forest) => boosting::tensors(forest, &mut metadata, &path)?,
        };
        write_tensors(&path, &tensors, metadata)?;
        let path = folder.join(DESCRIPTION);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| TrainError::unreadable(&path, error.to_string()))?;
        Ok(replace_file(&path, text.as_bytes())?)
    }

    /// Reads a run's model, on the CPU.
    ///
    /// # Errors
    /// `NotFound` where the run has none yet, `Unreadable` when it isn't whole or of another version.
    pub fn read(run_dir: &Path) -> Result<(Self, Model)> {
        let folder = run_dir.join(file::MODEL);
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
        let bytes = fs::read(&path).map_err(TrainError::io("reading", &path))?;
        if let Some(table) = saved.architecture.trees() {
            let forest =
                boosting::read(&bytes, table).map_err(|error| TrainError::unreadable(&path, error))?;
            return Ok((saved, Model::Trees(forest)));
        }
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|error| TrainError::unreadable(&path, error.to_string()))?;
        let mut weights = Vec::new();
        let graph = saved.architecture.graph();
        for parameter in graph.parameters() {
            let (name, shape) = (parameter.name.clone(), parameter.shape.clone());
            let numbers = read_numbers(&tensors, &name, &shape)
                .map_err(|error| TrainError::unreadable(&path, error.to_string()))?;
            weights.push(Weights { name, shape, numbers });
        }
        let network = Network::from_weights(graph, weights, &Device::Cpu)?;
        Ok((saved, Model::Network(network)))
    }
}
