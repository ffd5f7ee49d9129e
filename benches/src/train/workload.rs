//! What is trained: models, and rows that can be learned from.

use super::digits::digits;
use aloft_nn::{
    graph::Graph,
    model::{Cell, Cnn, Inputs, Mlp, Recurrent, Transformer},
    ops::Activation,
    rng::{Purpose, Random},
};
use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A model with its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// A perceptron for a table: 30-128-64-2, batch 256
    Tabular,
    /// A perceptron for images of digits: 784-512-256-10, batch 128; mostly zeros, as drawings are
    Mnist,
    /// The same over numbers that are never zero
    Wide,
    /// Two convolutions and two linear layers over 28 x 28 pixels, batch 64
    Cnn,
    /// Two transformer blocks of width 128 over 64 tokens, batch 32
    Transformer,
    /// A GRU of 128 over 64 steps of 16 numbers, batch 64
    Gru,
    /// An LSTM of 128 over 64 steps of 16 numbers, batch 64
    Lstm,
}

/// Batches that are gone through again and again.
pub const BATCHES: usize = 16;
/// Tokens of the transformer.
const TOKENS: usize = 1000;
/// Steps of a sequence.
const STEPS: usize = 64;

/// Rows of all batches.
#[derive(Debug)]
pub struct Data {
    /// Numbers, [rows, ..]; none for tokens.
    pub numbers: Vec<f32>,
    /// Tokens, [rows, positions]; none for numbers.
    pub tokens: Vec<u32>,
    /// Classes, [rows].
    pub classes: Vec<u32>,
}

impl Workload {
    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Rows of a step.
    pub fn batch(self) -> usize {
        match self {
            Self::Tabular => 256,
            Self::Mnist | Self::Wide => 128,
            Self::Cnn | Self::Gru | Self::Lstm => 64,
            Self::Transformer => 32,
        }
    }

    /// Classes.
    pub fn classes(self) -> usize {
        match self {
            Self::Tabular => 2,
            _ => 10,
        }
    }

    /// The model.
    pub fn graph(self) -> Graph {
        let outputs = self.classes();
        let mlp = |numeric, hidden: [usize; 2]| {
            Mlp {
                numeric,
                periodic: Vec::new(),
                slots: Vec::new(),
                members: 1,
                residual: false,
                hidden: hidden.to_vec(),
                activation: Activation::Relu,
                dropout: 0.0,
                outputs,
            }
            .graph()
        };
        let recurrent = |cell| {
            Recurrent {
                cell,
                positions: STEPS,
                inputs: 16,
                hidden: vec![128],
                outputs,
            }
            .graph()
        };
        match self {
            Self::Tabular => mlp(30, [128, 64]),
            Self::Mnist | Self::Wide => mlp(784, [512, 256]),
            Self::Cnn => Cnn {
                image: [28, 28, 1],
                channels: vec![32, 64],
                hidden: vec![128],
                dropout: 0.0,
                outputs,
            }
            .graph(),
            Self::Transformer => Transformer {
                positions: STEPS,
                inputs: Inputs::Tokens(TOKENS),
                width: 128,
                blocks: 2,
                heads: 4,
                hidden: 512,
                causal: false,
                dropout: 0.0,
                outputs,
            }
            .graph(),
            Self::Gru => recurrent(Cell::Gru),
            Self::Lstm => recurrent(Cell::Lstm),
        }
    }

    /// Multiply-adds of matrix products for a row in a step, products with zeros included: three times those of the forward
    /// pass, without the gradient of what was put in.
    pub fn multiply_adds(self) -> usize {
        let first = match self {
            Self::Tabular => 30 * 128,
            Self::Mnist | Self::Wide => 784 * 512,
            Self::Cnn => 28 * 28 * 9 * 32,
            Self::Transformer => 0,
            Self::Gru => STEPS * 3 * 128 * 16,
            Self::Lstm => STEPS * 4 * 128 * 16,
        };
        3 * self.forward() - first
    }

    fn forward(self) -> usize {
        match self {
            Self::Tabular => 30 * 128 + 128 * 64 + 64 * 2,
            Self::Mnist | Self::Wide => 784 * 512 + 512 * 256 + 256 * 10,
            Self::Cnn => 28 * 28 * 9 * 32 + 14 * 14 * 9 * 32 * 64 + 7 * 7 * 64 * 128 + 128 * 10,
            // A block: queries, keys, values and output; the hidden layer; scores and their sums.
            Self::Transformer => 2 * STEPS * (4 * 128 * 128 + 2 * 128 * 512 + 2 * STEPS * 128) + 128 * 10,
            Self::Gru => STEPS * 3 * 128 * (16 + 128) + 128 * 10,
            Self::Lstm => STEPS * 4 * 128 * (16 + 128) + 128 * 10,
        }
    }

    /// Rows: digits for [`Self::Mnist`], else of random classes: numbers that are a pattern of the class under noise, or tokens of which every fourth is one
    /// of the class's own.
    ///
    /// # Errors
    /// When the file of digits can't be read.
    pub fn data(self) -> Result<Data> {
        if self == Self::Mnist {
            let (numbers, classes) = digits(BATCHES * self.batch())?;
            return Ok(Data {
                numbers,
                tokens: Vec::new(),
                classes,
            });
        }
        let mut random = Random::new(super::SEED, Purpose::Order, self as u64);
        let (rows, classes) = (BATCHES * self.batch(), self.classes());
        let labels: Vec<u32> = (0..rows).map(|_| random.below(classes as u32)).collect();
        let width = self.graph().width(0);
        let patterns: Vec<f32> = (0..classes * width).map(|_| random.normal() * 0.2).collect();
        let mut data = Data {
            numbers: Vec::with_capacity(rows * width),
            tokens: Vec::new(),
            classes: labels,
        };
        for &class in &data.classes {
            let pattern = &patterns[class as usize * width..][..width];
            data.numbers
                .extend(pattern.iter().map(|mean| mean + random.normal()));
            if self == Self::Transformer {
                data.tokens.extend((0..STEPS).map(|_| match random.below(4) {
                    0 => 1 + class * 20 + random.below(20),
                    _ => 1 + random.below(TOKENS as u32 - 1),
                }));
            }
        }
        Ok(data)
    }
}
