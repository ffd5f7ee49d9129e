//! What a model says about rows, in double precision.

use crate::{
    batch::{Batch, Encoded},
    boosting,
    error::Result,
    model::Model,
    task::Task,
};
use aloft_nn::network::Network;

/// Rows that go through a model together when nothing is learned. Blocks are always of this size ([`Network::predict`]), so
/// that a row gives the same bits in training's evaluation and in a later prediction.
pub const BLOCK: usize = 1024;

/// Blocks that are gathered from the rows at a time; threads share them.
const BLOCKS: usize = 64;

/// Predictions for some rows, in their order.
#[derive(Debug, Clone, PartialEq)]
pub enum Outputs {
    /// Probabilities, [rows, classes], each row's sum is 1.
    Probabilities {
        /// Classes.
        classes: usize,
        /// The numbers.
        values: Vec<f64>,
    },
    /// Numbers in the target's unit.
    Numbers(Vec<f64>),
}

impl Outputs {
    /// Each row's likeliest class, the first of equally likely ones; nothing for numbers.
    pub fn predicted(&self) -> Vec<u32> {
        match self {
            Self::Probabilities { classes, values } => values.chunks_exact(*classes).map(likeliest).collect(),
            Self::Numbers(_) => Vec::new(),
        }
    }
}

fn likeliest(row: &[f64]) -> u32 {
    let mut best = 0;
    for (class, probability) in row.iter().enumerate() {
        if *probability > row[best] {
            best = class;
        }
    }
    best as u32
}

/// Evaluates the rows of these indices, without a gradient and without dropout.
pub fn evaluate(model: &Model, task: &Task, rows: &Encoded, indices: &[u32]) -> Result<Outputs> {
    let scores = match model {
        Model::Network(network) => network_scores(network, rows, indices)?,
        Model::Trees(forest) => boosting::scores(forest, rows, indices),
    };
    Ok(outputs(task, &scores))
}

/// What a network says about rows, [rows, outputs].
pub fn network_scores(network: &Network, rows: &Encoded, indices: &[u32]) -> Result<Vec<f64>> {
    let mut scores = Vec::new();
    let mut batch = Batch::default();
    for some in indices.chunks(BLOCK * BLOCKS) {
        rows.gather(some, &mut batch);
        scores.extend(network.predict(batch.rows(), BLOCK)?.into_iter().map(f64::from));
    }
    Ok(scores)
}

/// What a model's scores of rows mean: numbers in units of the task's deviation, or logits of classes.
pub fn outputs(task: &Task, scores: &[f64]) -> Outputs {
    match task {
        Task::Regression { mean, deviation } => {
            Outputs::Numbers(scores.iter().map(|number| number * deviation + mean).collect())
        }
        Task::Binary { .. } | Task::Multiclass { .. } => {
            let classes = task.outputs();
            let mut values = Vec::with_capacity(scores.len());
            scores
                .chunks_exact(classes)
                .for_each(|logits| softmax(logits, &mut values));
            Outputs::Probabilities { classes, values }
        }
    }
}

fn softmax(logits: &[f64], out: &mut Vec<f64>) {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let start = out.len();
    out.extend(logits.iter().map(|logit| (logit - highest).exp()));
    let sum: f64 = out[start..].iter().sum();
    out[start..].iter_mut().for_each(|value| *value /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{architecture::Architecture, task::LabelType};
    use aloft_nn::rng::{Purpose, Random};
    use aloft_spec::train::ModelSpec;
    use candle_core::Device;

    /// The reason for blocks of one size.
    #[test]
    fn a_row_gives_the_same_bits_whatever_is_beside_it() {
        let mut random = Random::new(1, Purpose::Weights, 0);
        let (rows, width) = (1500, 700);
        let encoded = Encoded {
            rows,
            numeric_width: width,
            numeric: (0..rows * width).map(|_| random.normal()).collect(),
            ..Encoded::default()
        };
        for outputs in [1, 2] {
            let spec = ModelSpec {
                hidden: vec![33, 7],
                ..ModelSpec::default()
            };
            let architecture = Architecture::new(&spec, width, &[], outputs).unwrap();
            let network = Network::new(architecture.graph(), 3, &Device::Cpu).unwrap();
            let model = Model::Network(network);
            let task = match outputs {
                1 => Task::Regression {
                    mean: 5.0,
                    deviation: 2.0,
                },
                _ => Task::Binary {
                    classes: vec!["a".into(), "b".into()],
                    labels: LabelType::Text,
                },
            };
            let numbers = |indices: &[u32]| match evaluate(&model, &task, &encoded, indices).unwrap() {
                Outputs::Numbers(values) | Outputs::Probabilities { values, .. } => values,
            };
            let all = numbers(&(0..rows as u32).collect::<Vec<_>>());
            let backwards = numbers(&(0..rows as u32).rev().collect::<Vec<_>>());
            for row in [0usize, 1, 511, 1023, 1024, 1499] {
                let alone = numbers(&[row as u32]);
                assert_eq!(alone, all[row * outputs..][..outputs]);
                assert_eq!(alone, backwards[(rows - 1 - row) * outputs..][..outputs]);
            }
        }
    }
}
