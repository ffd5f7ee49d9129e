//! A model of texts as bags of tokens: logistic regression over them, or layers over the sum of their vectors.

use crate::{
    graph::{Graph, Start},
    layers::{activate, bag, dropout, linear},
    ops::Activation,
};
use serde::{Deserialize, Serialize};

/// Standard deviation of a fresh vector's numbers.
const SCALE: f32 = 0.1;

/// A weighted sum of a vector for each token, and layers behind it; without hidden layers one linear map of all tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BagOfTokens {
    /// Tokens of a text at most.
    pub positions: usize,
    /// Tokens that there are.
    pub tokens: usize,
    /// Width of each hidden layer; the first is that of a token's vector.
    pub hidden: Vec<usize>,
    /// Share of hidden units dropped while training.
    pub dropout: f64,
    /// Numbers that come out.
    pub outputs: usize,
}

impl BagOfTokens {
    /// The model as a graph over weights [positions] and the batch's tokens [positions].
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(&[self.positions]);
        let input = graph.input();
        let mut widths = self.hidden.iter().chain([&self.outputs]);
        let first = widths.next().copied().unwrap_or(self.outputs);
        // Without hidden layers nothing has to be told apart at first, and a token that is never learned says nothing.
        let start = match self.hidden.is_empty() {
            true => Start::Constant(0.0),
            false => Start::Normal(SCALE),
        };
        let mut x = bag(&mut graph, "tokens", &input, self.tokens, first, start);
        for (index, width) in widths.enumerate() {
            // The vectors' sum is the first hidden layer.
            x = activate(&mut graph, &x, Activation::Relu);
            x = dropout(&mut graph, &x, self.dropout);
            let name = format!("layers.{index}");
            x = linear(&mut graph, &name, &x, *width, Activation::Identity);
        }
        graph
    }
}
