//! `train` cells: what is learned from which table, and how.

mod trees;

pub use trees::TreesSpec;

use serde::{Deserialize, Serialize};

/// The body of a `toml train` cell. Every key has a default but `data` and `target`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainSpec {
    /// The source or query that holds the rows.
    pub data: String,
    /// The column to predict. Rows without a value there are left out, and counted.
    pub target: String,
    /// Columns to learn from; all but the target when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Columns to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// What to learn; inferred from the target.
    #[serde(default)]
    pub task: TaskSpec,
    /// How rows are divided.
    #[serde(default)]
    pub split: SplitSpec,
    /// Passes over the training rows at the most.
    #[serde(default = "defaults::epochs")]
    pub epochs: u32,
    /// Rows a step; by the size of the training part when left out: a thirty-second of its rows as a power of two, from 16
    /// to 256, so that a small table still has enough steps in an epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Seed of initial weights, order of rows and dropout.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// Stop after so many epochs without a better validation loss; 0 never stops early.
    #[serde(default = "defaults::patience")]
    pub patience: u32,
    /// Where to compute.
    #[serde(default)]
    pub device: DeviceSpec,
    /// The model.
    #[serde(default)]
    pub model: ModelSpec,
    /// The optimizer.
    #[serde(default)]
    pub optimizer: OptimizerSpec,
}

mod defaults {
    pub fn epochs() -> u32 {
        20
    }
    pub fn seed() -> u64 {
        7
    }
    pub fn patience() -> u32 {
        5
    }
}

impl TrainSpec {
    /// The defaults for a table and its target.
    pub fn new(data: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            target: target.into(),
            features: Vec::new(),
            ignore: Vec::new(),
            task: TaskSpec::default(),
            split: SplitSpec::default(),
            epochs: defaults::epochs(),
            batch_size: None,
            seed: defaults::seed(),
            patience: defaults::patience(),
            device: DeviceSpec::default(),
            model: ModelSpec::default(),
            optimizer: OptimizerSpec::default(),
        }
    }
}

impl TrainSpec {
    /// Epochs at the most. Of trees they are rounds in groups ([`TreesSpec::epochs`]).
    pub fn epochs_at_most(&self) -> u32 {
        match self.model.kind {
            ModelKind::Trees => self.model.trees.epochs(),
            ModelKind::Mlp | ModelKind::Linear => self.epochs,
        }
    }
}

/// What to learn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskSpec {
    /// By the target: booleans and two values are binary; text, and whole numbers with at most 20 values, multiclass;
    /// other numbers regression.
    #[default]
    Auto,
    /// Two classes.
    Binary,
    /// Three classes or more.
    Multiclass,
    /// A number.
    Regression,
}

/// How rows are divided into training, validation and test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SplitSpec {
    /// By what.
    pub by: SplitBy,
    /// The column for `time`: the latest rows are the test, those before them the validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Share of validation rows, 0 to 1.
    pub validation: f64,
    /// Share of test rows, 0 to 1.
    pub test: f64,
    /// Seed of the division.
    pub seed: u64,
}

impl Default for SplitSpec {
    fn default() -> Self {
        Self {
            by: SplitBy::Random,
            column: None,
            validation: 0.1,
            test: 0.2,
            seed: 7,
        }
    }
}

/// By what rows are divided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    /// At random; for classes each class in the same shares.
    #[default]
    Random,
    /// By the order of a column.
    Time,
}

/// Where to compute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceSpec {
    /// CUDA where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first CUDA device; an error without one.
    Cuda,
}

/// A kind of model and its keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelSpec {
    /// The kind.
    pub kind: ModelKind,
    /// Width of each hidden layer (mlp).
    pub hidden: Vec<usize>,
    /// Share of hidden units dropped while training, 0 to less than 1 (mlp).
    pub dropout: f64,
    /// How categories enter the model (mlp).
    pub categories: CategoryEncoding,
    /// How trees grow (trees).
    #[serde(skip_serializing_if = "TreesSpec::is_default")]
    pub trees: TreesSpec,
}

impl Default for ModelSpec {
    fn default() -> Self {
        Self {
            kind: ModelKind::Mlp,
            hidden: vec![128, 64],
            dropout: 0.0,
            categories: CategoryEncoding::Embedding,
            trees: TreesSpec::default(),
        }
    }
}

/// Kinds of models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Layers of linear maps and ReLU.
    #[default]
    Mlp,
    /// One linear map: linear or logistic regression. Its categories are always one-hot.
    Linear,
    /// Gradient-boosted decision trees, on the CPU whatever the device. They take columns as they are: no scaling, and
    /// missing values and categories have branches of their own.
    Trees,
}

/// How categories enter a model. Both have a bucket for values never seen in training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryEncoding {
    /// A learned vector a category.
    #[default]
    Embedding,
    /// A zero-or-one column a category.
    OneHot,
}

/// The optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OptimizerSpec {
    /// The kind; AdamW (Loshchilov and Hutter, 2019).
    pub kind: OptimizerKind,
    /// Step size at its highest: reached over the first steps, then falling to zero along a cosine over all epochs.
    pub learning_rate: f64,
    /// Decoupled weight decay, on matrices only.
    pub weight_decay: f64,
}

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Adamw,
            learning_rate: 2e-3,
            weight_decay: 1e-2,
        }
    }
}

/// Kinds of optimizers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Adam with decoupled weight decay.
    #[default]
    Adamw,
}
