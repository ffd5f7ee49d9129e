//! What a model says about rows, in double precision.

use crate::{
    batch::Batch,
    boosting,
    error::Result,
    inputs::{Examples, Unit},
    model::Model,
    task::Task,
};
use aloft_nn::network::Network;
use rayon::prelude::*;

/// Rows that go through a model together when nothing is learned. Blocks are always of this size ([`Network::predict`]), so
/// that a row gives the same bits in training's evaluation and in a later prediction.
pub const BLOCK: usize = 256;

/// Blocks that are gathered from the rows at a time, at the most; threads share them.
const BLOCKS: usize = 256;
/// Bytes of the rows that are gathered at a time, roughly: of wide rows fewer blocks make that.
const GATHERED: usize = 4 << 20;
/// Rows whose scores a thread makes predictions of at a time.
const PART: usize = 1024;

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
    /// The probability of each label by itself, [rows, labels].
    Labels {
        /// Labels.
        width: usize,
        /// The numbers.
        values: Vec<f64>,
    },
    /// Numbers in the target's unit, [rows, outputs].
    Numbers(Vec<f64>),
    /// Quantiles in the target's unit, [rows, quantiles], each row's rising.
    Quantiles {
        /// Quantiles of a row.
        width: usize,
        /// The numbers.
        values: Vec<f64>,
    },
}

impl Outputs {
    /// The predictions of these rows.
    pub fn gather(&self, rows: &[u32]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(rows.iter().map(|row| values[*row as usize]).collect()),
            Self::Probabilities { classes, values } => Self::Probabilities {
                classes: *classes,
                values: gather(values, *classes, rows),
            },
            Self::Labels { width, values } => Self::Labels {
                width: *width,
                values: gather(values, *width, rows),
            },
            Self::Quantiles { width, values } => Self::Quantiles {
                width: *width,
                values: gather(values, *width, rows),
            },
        }
    }

    /// Each row's likeliest class, the first of equally likely ones; nothing for numbers.
    pub fn predicted(&self) -> Vec<u32> {
        match self {
            Self::Probabilities { classes, values } => values.chunks_exact(*classes).map(likeliest).collect(),
            Self::Labels { .. } | Self::Numbers(_) | Self::Quantiles { .. } => Vec::new(),
        }
    }
}

fn gather(values: &[f64], width: usize, rows: &[u32]) -> Vec<f64> {
    rows.iter()
        .flat_map(|row| &values[*row as usize * width..][..width])
        .copied()
        .collect()
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
pub fn evaluate(model: &Model, task: &Task, rows: &dyn Examples, indices: &[u32]) -> Result<Outputs> {
    match model {
        Model::Network(network) => evaluate_network(network, task, rows, indices),
        Model::Trees(forest) => {
            let scores = boosting::scores(forest, boosting::plain(rows)?, indices);
            Ok(outputs(task, 1, &scores, rows, indices))
        }
    }
}

/// The same of a network.
pub fn evaluate_network(
    network: &Network,
    task: &Task,
    rows: &dyn Examples,
    indices: &[u32],
) -> Result<Outputs> {
    let members = network.graph().output().width() / task.outputs();
    let mut values = Vec::with_capacity(indices.len() * task.outputs());
    let mut batch = Batch::default();
    let blocks = (GATHERED / (BLOCK * rows.row_bytes()).max(1)).clamp(1, BLOCKS);
    for some in indices.chunks(BLOCK * blocks) {
        rows.gather(some, &mut batch)?;
        let out = network.predict(batch.rows(), BLOCK)?;
        let scores: Vec<f64> = out.into_iter().map(f64::from).collect();
        append_values(task, members, &scores, rows, some, &mut values);
    }
    Ok(of_task(task, values))
}

/// What a model's scores of the rows of these indices mean, [rows, members, outputs]: numbers in the unit of the task or of
/// the row, or logits of classes. What several members of a model say is averaged: numbers as they are, classes as
/// probabilities.
pub fn outputs(task: &Task, members: usize, scores: &[f64], rows: &dyn Examples, indices: &[u32]) -> Outputs {
    let mut values = Vec::with_capacity(scores.len() / members);
    append_values(task, members, scores, rows, indices, &mut values);
    of_task(task, values)
}

fn append_values(
    task: &Task,
    members: usize,
    scores: &[f64],
    rows: &dyn Examples,
    indices: &[u32],
    values: &mut Vec<f64>,
) {
    let width = task.outputs();
    let before = values.len();
    values.resize(before + indices.len() * width, 0.0);
    let parts = values[before..].par_chunks_mut(PART * width);
    let parts = parts.zip(indices.par_chunks(PART));
    parts
        .zip(scores.par_chunks(PART * members * width))
        .for_each(|((values, indices), scores)| {
            let mut said = Vec::with_capacity(members * width);
            let rows_scores = indices.iter().zip(scores.chunks_exact(members * width));
            for (values, (index, row)) in values.chunks_exact_mut(width).zip(rows_scores) {
                said.clear();
                match task {
                    Task::Binary { .. } | Task::Multiclass { .. } => row
                        .chunks_exact(width)
                        .for_each(|logits| softmax(logits, &mut said)),
                    Task::Multilabel { .. } => {
                        said.extend(row.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())));
                    }
                    _ => said.extend_from_slice(row),
                }
                let Unit { start, size } = task.unit(rows, *index);
                for (column, value) in values.iter_mut().enumerate() {
                    let sum = said.iter().skip(column).step_by(width).sum::<f64>();
                    *value = sum / members as f64 * size + start;
                }
            }
        });
}

fn of_task(task: &Task, mut values: Vec<f64>) -> Outputs {
    let width = task.outputs();
    match task {
        Task::Binary { .. } | Task::Multiclass { .. } => Outputs::Probabilities {
            classes: width,
            values,
        },
        Task::Multilabel { .. } => Outputs::Labels { width, values },
        Task::Quantiles { .. } => {
            // A model may let quantiles cross; put in order they are nearer to the truth (Chernozhukov et al., 2010).
            values
                .chunks_exact_mut(width)
                .for_each(|row| row.sort_by(f64::total_cmp));
            Outputs::Quantiles { width, values }
        }
        Task::Regression { .. } | Task::Forecast { .. } | Task::Anomaly { .. } => Outputs::Numbers(values),
    }
}

/// Appends the probabilities of classes with these logits.
pub fn softmax(logits: &[f64], out: &mut Vec<f64>) {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let start = out.len();
    // The power of zero is known, and of two classes half of the work.
    let power = |logit: &f64| match *logit == highest {
        true => 1.0,
        false => (logit - highest).exp(),
    };
    out.extend(logits.iter().map(power));
    let sum: f64 = out[start..].iter().sum();
    out[start..].iter_mut().for_each(|value| *value /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{architecture::Architecture, batch::Encoded, inputs::Shape, task::LabelType};
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
            let shape = Shape::Flat {
                numbers: width,
                continuous: vec![0, 3],
                categories: vec![],
            };
            let architecture = Architecture::new(&spec, &shape, outputs).unwrap();
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
                Outputs::Numbers(values)
                | Outputs::Labels { values, .. }
                | Outputs::Probabilities { values, .. }
                | Outputs::Quantiles { values, .. } => values,
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
