//! A small transformer for sequences of numbers or of tokens (Vaswani et al., 2017).

use crate::{
    graph::Graph,
    layers::{TransformerBlock, layer_norm, linear, positions, reduce, tokens, transformer_block},
    ops::{Activation, ReduceKind},
};
use serde::{Deserialize, Serialize};

/// Blocks of attention and layers over a sequence, and a linear map of the mean of all positions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transformer {
    /// Length of a sequence.
    pub positions: usize,
    /// What is at each position.
    pub inputs: Inputs,
    /// Numbers of a position's vector.
    pub width: usize,
    /// Blocks.
    pub blocks: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Units of each block's hidden layer.
    pub hidden: usize,
    /// Whether a position sees only itself and those before it.
    pub causal: bool,
    /// Share dropped in each block while training.
    pub dropout: f64,
    /// Numbers that come out.
    pub outputs: usize,
}

/// What a transformer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inputs {
    /// So many numbers at each position.
    Numbers(usize),
    /// A token below so many at each position; 0 fills short texts up and isn't seen.
    Tokens(usize),
}

impl Transformer {
    /// The model as a graph, over sequences [positions, numbers] or over the batch's indices [positions].
    pub fn graph(&self) -> Graph {
        let (mut graph, mut x);
        match self.inputs {
            Inputs::Numbers(inputs) => {
                graph = Graph::new(&[self.positions, inputs]);
                let input = graph.input();
                x = linear(&mut graph, "input", &input, self.width, Activation::Identity);
                x = positions(&mut graph, "input", &x);
            }
            Inputs::Tokens(count) => {
                graph = Graph::new(&[0]);
                x = tokens(&mut graph, "input", self.positions, count, self.width);
            }
        }
        let block = TransformerBlock {
            heads: self.heads,
            hidden: self.hidden,
            causal: self.causal,
            masked: matches!(self.inputs, Inputs::Tokens(_)),
            dropout: self.dropout,
        };
        for index in 0..self.blocks {
            x = transformer_block(&mut graph, &format!("blocks.{index}"), &x, block);
        }
        let x = layer_norm(&mut graph, "norm", &x);
        let x = reduce(&mut graph, &x, ReduceKind::Mean);
        linear(&mut graph, "output", &x, self.outputs, Activation::Identity);
        graph
    }
}
