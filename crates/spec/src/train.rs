//! `train` cells: what is learned from which table, and how.

mod optimizer;
mod preprocess;
mod refit;
mod split;
mod trees;
mod unit;

pub use optimizer::{
    ClassWeightRule, ClassWeights, LossSpec, OptimizerKind, OptimizerSpec, ScheduleKind, ScheduleSpec,
};
pub use preprocess::{Imputation, PreprocessSpec, Scaling};
pub use split::{SplitBy, SplitSpec};
pub use trees::{Growth, TreesSpec};
pub use unit::TrainingUnit;

use crate::inputs::{ForecastSpec, ImageSpec, TextSpec};
use serde::{Deserialize, Serialize};

/// The body of a `toml train` cell. Every key has a default but `data` and `target`; an autoencoder has no target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainSpec {
    /// The source or query that holds the rows.
    pub data: String,
    /// The column to predict. Rows without a value there are left out, and counted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Columns of yes or no, true and false or 1 and 0, that are predicted together in place of a target: any number of them
    /// may be true of a row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Columns to learn from; all but the target when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Columns to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// What to learn; inferred from the target.
    #[serde(default)]
    pub task: TaskSpec,
    /// Quantiles to predict of a number, each above 0 and below 1, instead of its mean: 0.1 is the value that one row in ten
    /// stays below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<f64>,
    /// How rows are divided.
    #[serde(default)]
    pub split: SplitSpec,
    /// Passes over the training rows at the most; by the size of the training part when left out, more for a small table
    /// ([`epochs_for`](Self::epochs_for)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u32>,
    /// Rows a step; by the size of the training part when left out: a thirty-second of its rows as a power of two, from 16
    /// to 256, so that a small table still has enough steps in an epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Numbers that the run finds out by itself before it trains, and writes where they would be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub find: Vec<Findable>,
    /// Seed of initial weights, order of rows and dropout.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// Stop after so many epochs without a better validation loss; 0 never stops early. When left out a third of the
    /// epochs, and 5 at the least. The model is that of the best epoch either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u32>,
    /// Whether the model learns anew from training and validation rows together, for as many epochs as folds of them choose.
    /// When left out small tables do ([`is_refit`](Self::is_refit)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refit: Option<bool>,
    /// Where to compute.
    #[serde(default)]
    pub device: DeviceSpec,
    /// Whether matrix products of training round their factors to bf16, where the processor is made for it; sums, weights and
    /// everything else stay f32, and so does the model. Wide layers and long sequences gain by it, small tables don't.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mixed_precision: bool,
    /// Megabytes of memory that the rows may take; a table that takes more stays in its file, and the model is the same.
    /// When left out half of what the machine has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// How the table becomes windows of a series; with it the task is to forecast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<ForecastSpec>,
    /// Which column holds pictures, and how they are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageSpec>,
    /// Which column holds texts, and how they are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextSpec>,
    /// What columns become before the model sees them.
    #[serde(default)]
    pub preprocess: PreprocessSpec,
    /// The model.
    #[serde(default)]
    pub model: ModelSpec,
    /// What training makes small.
    #[serde(default)]
    pub loss: LossSpec,
    /// The optimizer.
    #[serde(default)]
    pub optimizer: OptimizerSpec,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: ScheduleSpec,
}

mod defaults {
    pub fn seed() -> u64 {
        7
    }
}

impl TrainSpec {
    /// The defaults for a table and its target.
    pub fn new(data: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            target: target.into(),
            labels: Vec::new(),
            features: Vec::new(),
            ignore: Vec::new(),
            task: TaskSpec::default(),
            quantiles: Vec::new(),
            split: SplitSpec::default(),
            epochs: None,
            batch_size: None,
            find: Vec::new(),
            seed: defaults::seed(),
            patience: None,
            refit: None,
            device: DeviceSpec::default(),
            mixed_precision: false,
            memory_mb: None,
            forecast: None,
            image: None,
            text: None,
            preprocess: PreprocessSpec::default(),
            model: ModelSpec::default(),
            loss: LossSpec::default(),
            optimizer: OptimizerSpec::default(),
            schedule: ScheduleSpec::default(),
        }
    }

    /// The columns to predict: the labels, or the target; none of an autoencoder.
    pub fn targets(&self) -> &[String] {
        match (self.labels.is_empty(), self.target.is_empty()) {
            (false, _) => &self.labels,
            (true, false) => std::slice::from_ref(&self.target),
            (true, true) => &[],
        }
    }

    /// Passes at the most over a training part of so many rows: those that are asked for, else as many as show about two
    /// million rows, from 16 to 60: a small table is learned by heart in more. Of trees they are rounds in groups
    /// ([`TreesSpec::epochs`]).
    pub fn epochs_for(&self, train_rows: u64) -> u32 {
        if self.model.kind == ModelKind::Trees {
            return self.model.trees.epochs();
        }
        let by_rows = (2_000_000 / train_rows.max(1)).clamp(16, 60) as u32;
        self.epochs.unwrap_or(by_rows)
    }

    /// Rows of a validation part that say what an epoch came to, at the least: the standard error of a log loss over them is
    /// about 0.005, and that of a difference between two epochs, which is over the same rows, a part of it.
    pub const WATCHED_ROWS: u64 = 8192;

    /// Rows of a validation part that are evaluated after each epoch: all of a small one, and of one that is larger than
    /// [`WATCHED_ROWS`](Self::WATCHED_ROWS) so many, or a 32nd of the training rows where that is more. To evaluate a row takes a
    /// third of what learning from it takes, so that these take a hundredth of it. They are as many for any model: scores of
    /// different ones can be compared.
    pub fn watched_rows(train_rows: u64, validation_rows: u64) -> u64 {
        validation_rows.min(Self::WATCHED_ROWS.max(train_rows / 32))
    }

    /// Whether a number is to be found and isn't found yet: it stands in its place once it is. Trees have nothing to find.
    pub fn is_to_find(&self, what: Findable) -> bool {
        self.model.kind != ModelKind::Trees && self.find.contains(&what) && self.number(what).is_none()
    }

    /// Whether any is.
    pub fn is_anything_to_find(&self) -> bool {
        self.find.iter().any(|what| self.is_to_find(*what))
    }

    /// What was to be found and is.
    pub fn found(&self) -> impl Iterator<Item = (Findable, f64)> {
        self.find
            .iter()
            .filter_map(|what| Some((*what, self.number(*what)?)))
    }

    fn number(&self, what: Findable) -> Option<f64> {
        match what {
            Findable::BatchSize => self.batch_size.map(|rows| rows as f64),
            Findable::LearningRate => self.optimizer.learning_rate,
        }
    }

    /// The learning rate at its highest in a training of so many steps, where none is asked for that of the optimizer.
    /// Adam's steps are as long as the rate, so that on few of them the weights of a linear model, which has one best place
    /// and may begin far from it, don't get there: its rate lets them go [`REACH`](Self::REACH) in all.
    pub fn highest_rate(&self, steps: u64) -> f64 {
        let kind = self.optimizer.kind;
        let by_kind = match (self.model.kind, kind) {
            (ModelKind::Linear, OptimizerKind::Adamw | OptimizerKind::Adam) => {
                (Self::REACH / steps.max(1) as f64).clamp(1e-2, 1e-1)
            }
            _ => kind.learning_rate(),
        };
        self.optimizer.learning_rate.unwrap_or(by_kind)
    }

    /// The same, where there is an optimizer.
    pub fn optimizer_rate(&self, steps: u64) -> Option<f64> {
        (self.model.kind != ModelKind::Trees).then(|| self.highest_rate(steps))
    }

    /// How far the weights of a linear model may go; measured on penguins, late arrivals and the weather.
    const REACH: f64 = 60.0;

    /// Epochs without a better validation loss after which training stops, out of so many; 0 never stops early.
    pub fn patience_for(&self, epochs: u32) -> u32 {
        let by_epochs = match self.model.kind {
            // Fifty rounds: trees don't learn again what they have missed for so long.
            ModelKind::Trees => 5,
            _ => (epochs / 3).max(5),
        };
        self.patience.unwrap_or(by_epochs)
    }
}

/// A number that a run can find out by short trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Findable {
    /// Rows a step: the most that cost no speed. It is found by the clock, so two runs may find different ones.
    BatchSize,
    /// The optimizer's: the usual one, moved to where the loss falls well while the rate rises.
    LearningRate,
}

impl Findable {
    /// Where the number stands in a train cell.
    pub fn key(self) -> &'static str {
        match self {
            Self::BatchSize => "batch_size",
            Self::LearningRate => "optimizer.learning_rate",
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
    /// The next values of a series; needs `[forecast]`.
    Forecast,
    /// How unlike the others a row is; needs an autoencoder.
    Anomaly,
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
    /// Width of each hidden layer (mlp, cnn; autoencoder: down to the code, and up again).
    pub hidden: Vec<usize>,
    /// Networks that share all hidden layers and differ in how they see the rows and in their last layer; what they say is
    /// averaged (mlp, not of texts).
    pub members: usize,
    /// How numbers of a table enter the model (mlp); by the training rows when left out ([`TrainSpec::numbers_for`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<NumberEncoding>,
    /// Whether each hidden layer adds to its input where both have the same width (mlp).
    pub residual: bool,
    /// Share of hidden units dropped while training, 0 to less than 1 (all but linear, gru and lstm).
    pub dropout: f64,
    /// How categories enter the model (mlp).
    pub categories: CategoryEncoding,
    /// Numbers of each recurrent layer's state (gru, lstm); `[64]` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Vec<usize>>,
    /// Channels of each convolution; when left out `[32, 64]` (cnn), or 32 in as many blocks as it takes to see the whole
    /// window (temporal).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<usize>>,
    /// Numbers of a position's vector (transformer); a multiple of `heads`.
    pub width: usize,
    /// Blocks (transformer).
    pub blocks: usize,
    /// Heads of each attention (transformer).
    pub heads: usize,
    /// Numbers that a row is pressed into (autoencoder); a quarter of those it has when left out, from 2 to 32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<usize>,
    /// Share of the validation rows that are no anomalies (autoencoder), 0 to 1.
    pub quantile: f64,
    /// How trees grow (trees).
    #[serde(skip_serializing_if = "TreesSpec::is_default")]
    pub trees: TreesSpec,
}

impl Default for ModelSpec {
    fn default() -> Self {
        Self {
            kind: ModelKind::Mlp,
            hidden: vec![64, 64],
            members: 8,
            numbers: None,
            residual: false,
            dropout: 0.1,
            categories: CategoryEncoding::Embedding,
            state: None,
            channels: None,
            width: 64,
            blocks: 2,
            heads: 4,
            code: None,
            quantile: 0.99,
            trees: TreesSpec::default(),
        }
    }
}

/// Kinds of models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Layers of linear maps with an activation between them; by default a small ensemble of such networks.
    #[default]
    Mlp,
    /// One linear map: linear or logistic regression. Its categories are always one-hot.
    Linear,
    /// Gated recurrent units over a window.
    Gru,
    /// Long short-term memory over a window.
    Lstm,
    /// Causal convolutions over a window.
    Temporal,
    /// Attention over a window, or over the words of a text.
    Transformer,
    /// Convolutions over pictures.
    Cnn,
    /// Layers that give a row back through a few numbers: what they can't give back is unlike the others.
    Autoencoder,
    /// Gradient-boosted decision trees, on the CPU whatever the device. They take columns as they are: no scaling, and
    /// missing values and categories have branches of their own.
    Trees,
}

impl ModelKind {
    /// The word in a notebook.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mlp => "mlp",
            Self::Linear => "linear",
            Self::Gru => "gru",
            Self::Lstm => "lstm",
            Self::Temporal => "temporal",
            Self::Transformer => "transformer",
            Self::Cnn => "cnn",
            Self::Autoencoder => "autoencoder",
            Self::Trees => "trees",
        }
    }

    /// Whether it reads a sequence, so that a plain table is nothing to it.
    pub fn reads_sequences(self) -> bool {
        matches!(self, Self::Gru | Self::Lstm | Self::Temporal | Self::Transformer)
    }
}

/// How numbers enter a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberEncoding {
    /// As they are, scaled.
    Plain,
    /// Each beside a few learned waves of it (Gorishniy et al., "On Embeddings for Numerical Features", 2022, as in RealMLP).
    Periodic,
}

/// How categories enter a model. Each has a bucket for values never seen in training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryEncoding {
    /// A learned vector a category.
    #[default]
    Embedding,
    /// A zero-or-one column a category.
    OneHot,
    /// What the target comes to in the training rows of the category, out of fold for these rows themselves (Micci-Barreca,
    /// 2001): one number, or one for each class.
    Target,
}
