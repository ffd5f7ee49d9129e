//! Checkpoints: all that the next epoch depends on, replaced after each one.
//!
//! `last.safetensors` holds weights, moments and the best weights so far, and in its metadata the progress that belongs to
//! them, so that both are of the same epoch whenever the process dies. `last.json` is that progress for people.

use crate::{
    architecture::Architecture,
    boosting,
    error::{Result, TrainError},
    model::{Learned, Trainer},
};
use aloft_nn::{
    graph::Role,
    network::Weights,
    optimizer::{Kind, Moments},
};
use aloft_runs::{file, replace_file};
use aloft_spec::report::EpochRecord;
use aloft_trees::forest::Forest;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fs, path::Path};

/// Version of the format.
const VERSION: u32 = 1;
const TENSORS: &str = "last.safetensors";
const PROGRESS: &str = "last.json";
/// Folds of a cross-validation that are done.
pub const FOLDS: &str = "folds.json";
/// Key of the progress in the metadata.
const KEY: &str = "progress";

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Version of the format.
    pub version: u32,
    /// Epochs done.
    pub epoch: u32,
    /// Steps done.
    pub step: u64,
    /// The best epoch so far, from 1.
    pub best_epoch: u32,
    /// Its validation loss; `None` before the first epoch.
    pub best_loss: Option<f64>,
    /// Epochs since then.
    pub waited: u32,
    /// Wall-clock seconds that workers spent on the run.
    pub seconds: f64,
    /// Seconds of these that training steps took.
    pub train_seconds: f64,
    /// What each epoch came to.
    pub history: Vec<EpochRecord>,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// How far the run is.
    pub progress: Progress,
    /// What the next epoch depends on.
    pub state: State,
}

/// What is learned so far, and what the next step depends on.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Of a network.
    Network {
        /// The model's weights after the last epoch.
        weights: Vec<Weights>,
        /// The kind of optimizer.
        kind: Kind,
        /// Its state, in the order of the weights.
        moments: Vec<Moments>,
        /// The weights after the best epoch.
        best: Vec<Weights>,
    },
    /// All trees so far; those of the best epoch are the first of them.
    Trees(Forest),
}

impl State {
    /// What was learned up to the best epoch.
    pub fn best(&self, best_epoch: u32) -> Learned {
        match self {
            Self::Network { best, .. } => Learned::Network(best.clone()),
            Self::Trees(forest) => Learned::Trees(boosting::until(forest, best_epoch)),
        }
    }

    fn tensors(&self) -> Vec<Tensor> {
        let Self::Network {
            weights,
            kind,
            moments,
            best,
        } = self
        else {
            return Vec::new();
        };
        let mut tensors = Vec::new();
        for ((weights, moments), best) in weights.iter().zip(moments).zip(best) {
            let state = kind.state().iter().copied().zip(moments);
            for (part, numbers) in [("weights", &weights.numbers), ("best", &best.numbers)]
                .into_iter()
                .chain(state)
            {
                tensors.push(Tensor::of(
                    format!("{part}/{}", weights.name),
                    &weights.shape,
                    numbers,
                ));
            }
        }
        tensors
    }
}

impl Checkpoint {
    /// The state of a training now; the best weights are those of now where there were none before.
    pub fn of(trainer: &Trainer<'_>, progress: Progress, best: Option<&Learned>) -> Result<Self> {
        Ok(Self {
            progress,
            state: trainer.state(best)?,
        })
    }

    /// Replaces the checkpoint of a run.
    pub fn write(&self, run_dir: &Path) -> Result<()> {
        let folder = run_dir.join(file::CHECKPOINTS);
        fs::create_dir_all(&folder).map_err(TrainError::io("creating", &folder))?;
        let progress = Progress {
            version: VERSION,
            ..self.progress.clone()
        };
        let path = folder.join(PROGRESS);
        let text = serde_json::to_string(&progress)
            .map_err(|error| TrainError::unreadable(&path, error.to_string()))?;
        let mut metadata = HashMap::from([(KEY.to_owned(), text.clone())]);
        let tensors = match &self.state {
            State::Network { .. } => self.state.tensors(),
            State::Trees(forest) => boosting::tensors(forest, &mut metadata, &path)?,
        };
        write_tensors(&folder.join(TENSORS), &tensors, metadata)?;
        Ok(replace_file(&path, text.as_bytes())?)
    }

    /// How far a run is; `None` where it has no checkpoint.
    ///
    /// # Errors
    /// `Unreadable` when it isn't whole.
    pub fn progress(run_dir: &Path) -> Result<Option<Progress>> {
        let path = run_dir.join(file::CHECKPOINTS).join(TENSORS);
        match read_file(&path)? {
            Some(bytes) => read_progress(&bytes)
                .map(Some)
                .map_err(|error| unreadable(&path, error)),
            None => Ok(None),
        }
    }

    /// Reads the checkpoint of a run; `None` where it has none.
    ///
    /// # Errors
    /// `Unreadable` when it isn't whole, or not of a model of this architecture and this optimizer.
    pub fn read(run_dir: &Path, architecture: &Architecture, kind: Kind) -> Result<Option<Self>> {
        let path = run_dir.join(file::CHECKPOINTS).join(TENSORS);
        let Some(bytes) = read_file(&path)? else {
            return Ok(None);
        };
        let progress = read_progress(&bytes).map_err(|error| unreadable(&path, error))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| unreadable(&path, error))?;
        if let Some(table) = architecture.trees() {
            let forest = boosting::read(&bytes, table).map_err(|error| unreadable(&path, error))?;
            let state = State::Trees(forest);
            return Ok(Some(Self { progress, state }));
        }
        let (mut all_weights, mut all_moments, mut best) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in architecture.graph().parameters() {
            let (name, shape) = (&parameter.name, &parameter.shape);
            let numbers = |part: &str| {
                read_numbers(&tensors, &format!("{part}/{name}"), shape)
                    .map_err(|error| unreadable(&path, error))
            };
            let weights = |numbers: Vec<f32>| Weights {
                name: name.clone(),
                shape: shape.clone(),
                numbers,
            };
            all_weights.push(weights(numbers("weights")?));
            best.push(weights(numbers("best")?));
            all_moments.push(match parameter.role {
                Role::Observed | Role::Fitted => Moments::new(),
                Role::Weight | Role::Offset => kind
                    .state()
                    .iter()
                    .map(|part| numbers(part))
                    .collect::<Result<_>>()?,
            });
        }
        let state = State::Network {
            weights: all_weights,
            kind,
            moments: all_moments,
            best,
        };
        Ok(Some(Self { progress, state }))
    }
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(Some).map_err(TrainError::io("reading", path)),
    }
}

fn read_progress(bytes: &[u8]) -> std::result::Result<Progress, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get(KEY));
    let progress: Progress =
        serde_json::from_str(text.ok_or("it has no progress")?).map_err(|error| error.to_string())?;
    match progress.version {
        VERSION => Ok(progress),
        other => Err(format!("it is of version {other}")),
    }
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> TrainError {
    TrainError::unreadable(
        path,
        format!("the checkpoint can't be read: {error}; remove it to train from the beginning"),
    )
}

/// A tensor as it is stored.
#[derive(Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its type.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, little-endian.
    pub bytes: Vec<u8>,
}

impl Tensor {
    /// One of f32 numbers.
    pub fn of(name: String, shape: &[usize], numbers: &[f32]) -> Self {
        Self {
            name,
            dtype: Dtype::F32,
            shape: shape.to_vec(),
            bytes: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        }
    }
}

/// Writes named tensors as safetensors; the file is replaced as a whole.
pub fn write_tensors(path: &Path, tensors: &[Tensor], metadata: HashMap<String, String>) -> Result<()> {
    let unwritable = |error: safetensors::SafeTensorError| TrainError::unreadable(path, error.to_string());
    let views: Vec<(&str, TensorView<'_>)> = tensors
        .iter()
        .map(|tensor| {
            let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)?;
            Ok((tensor.name.as_str(), view))
        })
        .collect::<std::result::Result<_, _>>()
        .map_err(unwritable)?;
    let file = safetensors::serialize(views, Some(metadata)).map_err(unwritable)?;
    Ok(replace_file(path, &file)?)
}

/// The numbers of one f32 tensor, or what is wrong with it.
pub fn read_numbers(
    tensors: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
) -> std::result::Result<Vec<f32>, String> {
    let view = tensors.tensor(name).map_err(|_| format!("`{name}` is missing"))?;
    if view.dtype() != Dtype::F32 || view.shape() != shape {
        return Err(format!(
            "`{name}` is {:?} {:?} and should be F32 {shape:?}",
            view.dtype(),
            view.shape()
        ));
    }
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    Ok(view.data().chunks_exact(4).map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::Shape;
    use aloft_nn::network::Network;
    use aloft_spec::{Code, Problem, train::ModelSpec};
    use candle_core::Device;

    fn architecture(numbers: usize, outputs: usize) -> Architecture {
        let shape = Shape::Flat {
            numbers,
            continuous: vec![0],
            categories: vec![7],
        };
        Architecture::new(&ModelSpec::default(), &shape, outputs).unwrap()
    }

    fn checkpoint(architecture: &Architecture) -> Checkpoint {
        let drawn = |seed| {
            Network::new(architecture.graph(), seed, &Device::Cpu)
                .unwrap()
                .weights()
                .unwrap()
        };
        let weights = drawn(1);
        let moments = weights
            .iter()
            .map(|weights| {
                vec![
                    weights.numbers.iter().map(|number| number * 2.0).collect(),
                    weights.numbers.iter().map(|number| number * number).collect(),
                ]
            })
            .collect();
        let best = drawn(2);
        let progress = Progress {
            version: VERSION,
            epoch: 3,
            best_loss: Some(0.1 + 0.2),
            ..Progress::default()
        };
        let state = State::Network {
            weights,
            kind: Kind::Adamw,
            moments,
            best,
        };
        Checkpoint { progress, state }
    }

    #[test]
    fn what_is_written_is_read_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let architecture = architecture(4, 3);
        assert_eq!(
            Checkpoint::read(folder.path(), &architecture, Kind::Adamw).unwrap(),
            None
        );
        let checkpoint = checkpoint(&architecture);
        checkpoint.write(folder.path()).unwrap();
        assert_eq!(
            Checkpoint::read(folder.path(), &architecture, Kind::Adamw).unwrap(),
            Some(checkpoint)
        );
        let other = self::architecture(5, 3);
        let problem: Problem = Checkpoint::read(folder.path(), &other, Kind::Adamw)
            .unwrap_err()
            .into();
        assert_eq!(problem.code, Code::Unreadable);
    }

    #[test]
    fn a_torn_checkpoint_is_refused_and_never_panics() {
        let folder = tempfile::tempdir().unwrap();
        let architecture = architecture(2, 2);
        checkpoint(&architecture).write(folder.path()).unwrap();
        let path = folder.path().join("checkpoints/last.safetensors");
        let whole = fs::read(&path).unwrap();
        for length in [0, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            let problem: Problem = Checkpoint::read(folder.path(), &architecture, Kind::Adamw)
                .unwrap_err()
                .into();
            assert_eq!(problem.code, Code::Unreadable);
        }
    }
}
