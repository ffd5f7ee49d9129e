//! A temporal convolutional network for sequences of numbers (Bai, Kolter and Koltun, 2018).

use crate::{
    graph::Graph,
    layers::{linear, reduce, temporal_block},
    ops::{Activation, ReduceKind},
};
use serde::{Deserialize, Serialize};

/// Blocks of causal convolutions whose dilation doubles from one to the next, and a linear map of the last position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Temporal {
    /// Length of a sequence.
    pub positions: usize,
    /// Numbers at each position.
    pub inputs: usize,
    /// Channels of each block.
    pub channels: Vec<usize>,
    /// Positions that a convolution looks at.
    pub kernel: usize,
    /// Share of a block's numbers dropped while training.
    pub dropout: f64,
    /// Numbers that come out.
    pub outputs: usize,
}

impl Temporal {
    /// The model as a graph over sequences [positions, inputs].
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(&[self.positions, self.inputs]);
        let mut x = graph.input();
        for (index, channels) in self.channels.iter().enumerate() {
            let name = format!("blocks.{index}");
            x = temporal_block(
                &mut graph,
                &name,
                &x,
                *channels,
                self.kernel,
                1 << index,
                self.dropout,
            );
        }
        let x = reduce(&mut graph, &x, ReduceKind::Last);
        linear(&mut graph, "output", &x, self.outputs, Activation::Identity);
        graph
    }
}
