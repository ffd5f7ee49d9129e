//! Recurrent networks, GRU and LSTM, for sequences of numbers.

use crate::{
    graph::Graph,
    layers::{Cell, linear, recurrent, reduce},
    ops::{Activation, ReduceKind},
};
use serde::{Deserialize, Serialize};

/// Recurrent layers, and a linear map of the last state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recurrent {
    /// What is repeated.
    pub cell: Cell,
    /// Length of a sequence.
    pub positions: usize,
    /// Numbers at each position.
    pub inputs: usize,
    /// Numbers of each layer's state.
    pub hidden: Vec<usize>,
    /// Numbers that come out.
    pub outputs: usize,
}

impl Recurrent {
    /// The model as a graph over sequences [positions, inputs].
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(&[self.positions, self.inputs]);
        let mut x = graph.input();
        for (index, hidden) in self.hidden.iter().enumerate() {
            x = recurrent(&mut graph, &format!("recurrent.{index}"), &x, self.cell, *hidden);
        }
        let x = reduce(&mut graph, &x, ReduceKind::Last);
        linear(&mut graph, "output", &x, self.outputs, Activation::Identity);
        graph
    }
}
