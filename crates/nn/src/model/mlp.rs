//! A multi-layer perceptron for tables; without hidden layers it is linear or logistic regression.

use crate::{
    graph::Graph,
    layers::{dropout, embed, linear},
    ops::{Activation, Embed, Slot},
};
use serde::{Deserialize, Serialize};

/// Linear layers with an activation between them, over numbers and categories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mlp {
    /// Columns of numbers.
    pub numeric: usize,
    /// Columns of categories.
    pub slots: Vec<Slot>,
    /// Width of each hidden layer.
    pub hidden: Vec<usize>,
    /// What follows each hidden layer.
    pub activation: Activation,
    /// Share of hidden units dropped while training.
    pub dropout: f64,
    /// Numbers that come out.
    pub outputs: usize,
}

impl Mlp {
    /// The model as a graph. Its parameters are the embeddings, then each layer's weight [outputs, inputs] and bias, as
    /// PyTorch's `nn.Linear` has them.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(&[self.numeric]);
        let input = graph.input();
        let slots = Embed {
            numbers: self.numeric,
            slots: self.slots.clone(),
        };
        let mut x = embed(&mut graph, "embeddings", &input, slots);
        for (index, width) in self.hidden.iter().enumerate() {
            x = linear(
                &mut graph,
                &format!("layers.{index}"),
                &x,
                *width,
                self.activation,
            );
            x = dropout(&mut graph, &x, self.dropout);
        }
        let name = format!("layers.{}", self.hidden.len());
        linear(&mut graph, &name, &x, self.outputs, Activation::Identity);
        graph
    }
}
