//! How training moves a model: the loss, the optimizer and its learning rate over time.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What training makes small: cross-entropy for classes, squares for a number, the pinball loss for quantiles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LossSpec {
    /// Share of the target that goes to all classes alike, at least 0 and less than 1 (Szegedy et al., 2016). Classes only.
    pub label_smoothing: f64,
    /// What a row of each class counts. Classes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
}

/// What a row of each class counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "class weights are \"balanced\", or a table of classes and numbers: { a = 1.0, b = 2.5 }"
)]
pub enum ClassWeights {
    /// `"balanced"`: each class as much as any other, `rows / (classes * rows of the class)`.
    Rule(ClassWeightRule),
    /// By the class's name; 1 for a class that isn't named.
    Given(BTreeMap<String, f64>),
}

/// A rule for the weights of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeightRule {
    /// Each class as much as any other.
    Balanced,
}

/// The optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OptimizerSpec {
    /// The kind.
    pub kind: OptimizerKind,
    /// Step size at its highest; when left out by the kind ([`TrainSpec::highest_rate`](super::TrainSpec::highest_rate)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Weight decay, on matrices only.
    pub weight_decay: f64,
    /// Share of the last step in the next one (sgd).
    pub momentum: f64,
    /// Whether the gradient counts as of after the momentum (sgd).
    pub nesterov: bool,
    /// The longest gradient, all parameters taken as one vector; longer ones are shortened (Pascanu et al., 2013).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Batches whose gradients make one step: as a batch of so many times the rows, in the memory of one.
    pub accumulate: usize,
}

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Adamw,
            learning_rate: None,
            weight_decay: 1e-2,
            momentum: 0.9,
            nesterov: true,
            clip: Some(1.0),
            accumulate: 1,
        }
    }
}

/// Kinds of optimizers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
    #[default]
    Adamw,
    /// Kingma and Ba, 2015.
    Adam,
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
    Lion,
    /// Tieleman and Hinton, 2012.
    Rmsprop,
}

impl OptimizerKind {
    /// The highest step size where none is given.
    pub fn learning_rate(self) -> f64 {
        match self {
            Self::Adamw | Self::Adam => 2e-3,
            Self::Sgd => 2e-2,
            Self::Lion => 2e-4,
            Self::Rmsprop => 1e-3,
        }
    }
}

/// How the learning rate changes from step to step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleSpec {
    /// The kind.
    pub kind: ScheduleKind,
    /// Share of all steps over which the rate rises from almost nothing, at least 0 and less than 1; by the kind when left
    /// out ([`ScheduleKind::warmup`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<f64>,
    /// What the rate is multiplied by when the validation loss has stopped falling, above 0 and below 1 (plateau).
    pub factor: f64,
    /// Epochs without a better validation loss before that (plateau).
    pub wait: u32,
}

impl Default for ScheduleSpec {
    fn default() -> Self {
        Self {
            kind: ScheduleKind::Cosine,
            warmup: None,
            factor: 0.5,
            wait: 3,
        }
    }
}

impl ScheduleSpec {
    /// Share of all steps over which the rate rises.
    pub fn warmup_share(&self) -> f64 {
        self.warmup.unwrap_or(self.kind.warmup())
    }
}

/// Kinds of schedules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// Falls to zero along a cosine over all epochs (Loshchilov and Hutter, "SGDR", 2017).
    #[default]
    Cosine,
    /// Stays as it is.
    Constant,
    /// Rises along a cosine from a 25th, and falls along another one to almost nothing (Smith and Topin, 2018).
    OneCycle,
    /// Falls whenever the validation loss has stopped falling.
    Plateau,
}

impl ScheduleKind {
    /// Share of all steps over which the rate rises where none is given.
    pub fn warmup(self) -> f64 {
        match self {
            Self::Cosine => 0.05,
            Self::OneCycle => 0.3,
            Self::Constant | Self::Plateau => 0.0,
        }
    }
}
