//! A convolutional network for small images.

use crate::{
    graph::Graph,
    layers::{convolution, dropout, image, linear, pool},
    ops::{Activation, Convolution, PoolKind},
};
use serde::{Deserialize, Serialize};

/// Convolutions of 3 x 3 pixels, each halved in size after it, and linear layers behind them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cnn {
    /// Height, width and channels of an image.
    pub image: [usize; 3],
    /// Channels after each convolution.
    pub channels: Vec<usize>,
    /// Width of each hidden layer behind them.
    pub hidden: Vec<usize>,
    /// Share of hidden units dropped while training.
    pub dropout: f64,
    /// Numbers that come out.
    pub outputs: usize,
}

impl Cnn {
    /// The model as a graph over images [height, width, channels].
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(&self.image);
        let mut x = graph.input();
        for (index, channels) in self.channels.iter().enumerate() {
            let op = Convolution::same(image(&x), *channels, 3, Activation::Relu);
            x = convolution(&mut graph, &format!("convolutions.{index}"), &x, op);
            x = pool(&mut graph, &x, PoolKind::Max, 2);
        }
        x = x.reshape(&[x.width()]);
        for (index, width) in self.hidden.iter().enumerate() {
            x = linear(
                &mut graph,
                &format!("layers.{index}"),
                &x,
                *width,
                Activation::Relu,
            );
            x = dropout(&mut graph, &x, self.dropout);
        }
        let name = format!("layers.{}", self.hidden.len());
        linear(&mut graph, &name, &x, self.outputs, Activation::Identity);
        graph
    }
}
