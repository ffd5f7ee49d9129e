//! A multi-layer perceptron for tables; without hidden layers it is linear or logistic regression.

use crate::{
    graph::Graph,
    layers::{add, dropout, embed, linear, member_linear, members, periodic},
    ops::{Activation, Embed, Periodic, Slot},
};
use serde::{Deserialize, Serialize};

/// Linear layers with an activation between them, over numbers and categories; or several such networks that share all but
/// how they see the rows and their last layer (TabM-mini, see [`crate::ops::Members`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mlp {
    /// Columns of numbers.
    pub numeric: usize,
    /// Those of them that have learned waves, rising.
    pub periodic: Vec<usize>,
    /// Columns of categories.
    pub slots: Vec<Slot>,
    /// Networks; what comes out is [members, outputs], to be averaged.
    pub members: usize,
    /// Width of each hidden layer.
    pub hidden: Vec<usize>,
    /// Whether a hidden layer adds to its input where both have the same width.
    pub residual: bool,
    /// What follows each hidden layer.
    pub activation: Activation,
    /// Share of hidden units dropped while training.
    pub dropout: f64,
    /// Numbers that come out of each member.
    pub outputs: usize,
}

/// Waves of a number, and the numbers that they become (the defaults of RealMLP).
const WAVES: (usize, usize) = (16, 3);

impl Mlp {
    /// The model as a graph. Its parameters are the waves', the embeddings, the members' scales, then each layer's weight
    /// [outputs, inputs] and bias, as PyTorch's `nn.Linear` has them; with a first dimension for the members in the last.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(&[self.numeric]);
        let input = graph.input();
        let waves = Periodic {
            numbers: self.numeric,
            columns: self.periodic.clone(),
            waves: WAVES.0,
            outputs: WAVES.1,
        };
        let x = periodic(&mut graph, "periodic", &input, waves);
        let slots = Embed {
            numbers: x.width(),
            slots: self.slots.clone(),
        };
        let mut x = embed(&mut graph, "embeddings", &x, slots);
        if self.members > 1 {
            x = members(&mut graph, "members", &x, self.members);
        }
        for (index, width) in self.hidden.iter().enumerate() {
            let name = format!("layers.{index}");
            let made = linear(&mut graph, &name, &x, *width, self.activation);
            let made = dropout(&mut graph, &made, self.dropout);
            x = match self.residual && made.shape == x.shape {
                true => add(&mut graph, &x, &made),
                false => made,
            };
        }
        let name = format!("layers.{}", self.hidden.len());
        match self.members {
            0 | 1 => linear(&mut graph, &name, &x, self.outputs, Activation::Identity),
            _ => member_linear(&mut graph, &name, &x, self.outputs),
        };
        graph
    }
}
