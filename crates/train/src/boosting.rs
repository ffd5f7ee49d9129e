//! Trees in training, and trees on the disk. A step is a group of rounds over all training rows, and an epoch is one step.

use crate::{
    architecture::Table,
    batch::Encoded,
    checkpoint::Tensor,
    error::{Result, TrainError},
    evaluate::outputs,
    inputs::{Examples, Inputs},
    prepare::Prepared,
    task::{Task, Values},
    trainer::{Evaluation, judged},
};
use aloft_spec::train::{TrainSpec, TreesSpec};
use aloft_trees::{
    booster::{Booster, Learning},
    forest::{Array, Forest},
    objective::Objective,
    options::Options,
};
use safetensors::{Dtype, SafeTensors};
use std::{collections::HashMap, path::Path};

/// Rounds of an epoch.
const ROUNDS: usize = TreesSpec::ROUNDS_PER_EPOCH as usize;
/// Key of the objective in the metadata of a stored forest.
const OBJECTIVE: &str = "objective";

/// Trees in training.
#[derive(Debug)]
pub struct Boosting<'a> {
    prepared: &'a Prepared,
    rows: &'a Encoded,
    booster: Booster<'a>,
}

impl<'a> Boosting<'a> {
    /// Without a tree, or after those of an earlier worker.
    pub fn new(prepared: &'a Prepared, spec: &TrainSpec, earlier: Option<Forest>) -> Result<Self> {
        let targets: Vec<f32> = match &prepared.targets {
            Values::Classes(classes) => classes.iter().map(|class| *class as f32).collect(),
            Values::Numbers(_) | Values::Inputs => {
                let (values, width) = (prepared.in_units(), prepared.task.target_width());
                let of_target = |target| values.iter().skip(target).step_by(width).copied();
                (0..width).flat_map(of_target).collect()
            }
        };
        let weights: Vec<f32> = match &prepared.targets {
            Values::Classes(classes) if !prepared.class_weights.is_empty() => {
                let of_row = |class: &u32| prepared.class_weights[*class as usize];
                classes.iter().map(of_row).collect()
            }
            _ => Vec::new(),
        };
        let rows = plain(prepared.rows.as_ref())?;
        let learning = Learning {
            rows: rows.columns(),
            train: &prepared.split.train,
            watched: &prepared.watched,
            targets: &targets,
            weights: &weights,
        };
        let options = Options {
            monotone: directions(prepared, &spec.model.trees)?,
            ..options(&spec.model.trees, prepared.split.train.len(), spec.seed)
        };
        let booster = match earlier {
            None => Booster::new(learning, objective(&prepared.task), options)?,
            Some(forest) => Booster::resume(learning, options, forest)?,
        };
        Ok(Self {
            prepared,
            rows,
            booster,
        })
    }

    /// The trees so far.
    pub fn forest(&self) -> &Forest {
        self.booster.forest()
    }

    /// The rows that it learns from.
    pub fn rows(&self) -> Vec<u32> {
        self.prepared.split.train.clone()
    }

    /// Groups of rounds so far.
    pub fn steps(&self) -> u64 {
        (self.forest().rounds() / ROUNDS) as u64
    }

    /// A group of rounds; the mean of the losses before each.
    pub fn step(&mut self) -> f64 {
        (0..ROUNDS).map(|_| self.booster.round()).sum::<f64>() / ROUNDS as f64
    }

    /// Loss and metrics of some rows. What the watched rows score is known from the steps.
    pub fn evaluate(&self, rows: &[u32]) -> Result<Evaluation> {
        let prepared = self.prepared;
        let scores = match rows == prepared.watched {
            true => logits(self.forest(), self.booster.watched_scores().to_vec()),
            false => scores(self.forest(), self.rows, rows),
        };
        let outputs = outputs(&prepared.task, 1, &scores, self.rows, rows);
        judged(prepared, outputs, rows)
    }
}

/// Rows as trees read them.
///
/// # Errors
/// `BadValue` where they are no rows of a table.
pub fn plain(rows: &dyn Examples) -> Result<&Encoded> {
    rows.encoded()
        .ok_or_else(|| TrainError::bad_value("trees read rows of a plain table", "choose another model.kind"))
}

/// A score of some rows for each output of the task.
pub fn scores(forest: &Forest, rows: &Encoded, indices: &[u32]) -> Vec<f64> {
    logits(forest, forest.scores(&rows.columns(), indices))
}

/// A score for each output of the task: where a forest has the log-odds of the second of two classes, those of the first
/// are 0.
fn logits(forest: &Forest, scores: Vec<f64>) -> Vec<f64> {
    match forest.objective {
        Objective::Logistic => scores.into_iter().flat_map(|score| [0.0, score]).collect(),
        _ => scores,
    }
}

/// The trees up to the end of an epoch.
pub fn until(forest: &Forest, epoch: u32) -> Forest {
    let mut forest = forest.clone();
    forest.truncate(epoch as usize * ROUNDS);
    forest
}

fn objective(task: &Task) -> Objective {
    match task {
        Task::Binary { .. } => Objective::Logistic,
        Task::Multiclass { classes, .. } => Objective::Softmax {
            classes: classes.len(),
        },
        Task::Multilabel { labels, .. } => Objective::Labels { labels: labels.len() },
        // Forecasts and autoencoders are refused before a tree grows.
        Task::Regression { .. } | Task::Forecast { .. } | Task::Anomaly { .. } => Objective::Squares,
        Task::Quantiles { quantiles, .. } => Objective::Quantiles {
            levels: quantiles.clone(),
        },
    }
}

/// For each column of numbers, whether predictions may only rise or fall with it.
///
/// # Errors
/// `BadValue` where a column isn't one of numbers, or several classes are predicted, which have no order.
fn directions(prepared: &Prepared, spec: &TreesSpec) -> Result<Vec<i8>> {
    if spec.monotone.is_empty() {
        return Ok(Vec::new());
    }
    if let Task::Multiclass { classes, .. } = &prepared.task {
        return Err(TrainError::bad_value(
            format!(
                "model.trees.monotone says what rises, and {} classes have no order",
                classes.len()
            ),
            "remove it, or predict one class against the others",
        ));
    }
    match &prepared.inputs {
        Inputs::Table(preprocessing) => preprocessing.directions(&spec.monotone),
        _ => Ok(Vec::new()),
    }
}

fn options(spec: &TreesSpec, train_rows: usize, seed: u64) -> Options {
    let growth = spec.growth(train_rows);
    Options {
        learning_rate: growth.learning_rate,
        leaves: spec.leaves,
        depth: spec.depth,
        min_rows: spec.min_rows_for(train_rows),
        l1: spec.l1,
        l2: spec.l2,
        row_share: growth.row_share,
        column_share: growth.column_share,
        bins: spec.bins,
        seed,
        ..Options::default()
    }
}

/// Whether trees can be grown as asked for, before any row is read.
pub fn check(spec: &TreesSpec) -> Result<()> {
    if spec.rounds == 0 {
        let hint = "1 at the least, for instance 500: the validation part says how many are kept";
        return Err(TrainError::bad_value("model.trees.rounds is 0", hint));
    }
    Ok(options(spec, usize::MAX, 0).check()?)
}

/// The tensors of a forest as `aloft-trees` describes them. Its objective goes into the metadata.
pub fn tensors(forest: &Forest, metadata: &mut HashMap<String, String>, path: &Path) -> Result<Vec<Tensor>> {
    let objective = serde_json::to_string(&forest.objective)
        .map_err(|error| TrainError::unreadable(path, error.to_string()))?;
    metadata.insert(OBJECTIVE.to_owned(), objective);
    let stored = forest.arrays().into_iter().map(|(name, array)| {
        let (dtype, length, bytes) = match array {
            Array::F32(values) => (Dtype::F32, values.len(), little_endian(&values, f32::to_le_bytes)),
            Array::F64(values) => (Dtype::F64, values.len(), little_endian(&values, f64::to_le_bytes)),
            Array::I32(values) => (Dtype::I32, values.len(), little_endian(&values, i32::to_le_bytes)),
            Array::I64(values) => (Dtype::I64, values.len(), little_endian(&values, i64::to_le_bytes)),
        };
        Tensor {
            name: name.to_owned(),
            dtype,
            shape: vec![length],
            bytes,
        }
    });
    Ok(stored.collect())
}

fn little_endian<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| bytes(*value)).collect()
}

/// The forest of a file for rows of this shape, or what is wrong with it.
pub fn read(bytes: &[u8], table: &Table) -> std::result::Result<Forest, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let text = metadata
        .metadata()
        .as_ref()
        .and_then(|entries| entries.get(OBJECTIVE));
    let objective: Objective =
        serde_json::from_str(text.ok_or("it has no objective")?).map_err(|error| error.to_string())?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let array = |name: &str| {
        let tensor = tensors.tensor(name).ok()?;
        let data = tensor.data();
        Some(match tensor.dtype() {
            Dtype::F32 => Array::F32(numbers(data, f32::from_le_bytes)),
            Dtype::F64 => Array::F64(numbers(data, f64::from_le_bytes)),
            Dtype::I32 => Array::I32(numbers(data, i32::from_le_bytes)),
            Dtype::I64 => Array::I64(numbers(data, i64::from_le_bytes)),
            _ => return None,
        })
    };
    let widths = (table.numeric, table.slots.len());
    Forest::from_arrays(objective, widths, array).map_err(|error| error.to_string())
}

fn numbers<T, const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    data.as_chunks::<N>()
        .0
        .iter()
        .map(|bytes| number(*bytes))
        .collect()
}
