//! The block of a temporal convolutional network (Bai, Kolter and Koltun, 2018).

use super::{activate, add, convolution, dropout, linear};
use crate::{
    graph::{Graph, Value},
    ops::{Activation, Convolution},
};

/// Two causal convolutions with dropout, and around them the input, through a linear map where its width differs:
/// [positions, inputs] to [positions, channels].
pub fn temporal_block(
    graph: &mut Graph,
    name: &str,
    x: &Value,
    channels: usize,
    kernel: usize,
    dilation: usize,
    share: f64,
) -> Value {
    let [positions, inputs] = x.shape[..] else {
        unreachable!("a sequence has two dimensions, not {:?}", x.shape)
    };
    let mut y = x.clone();
    for (index, inputs) in [inputs, channels].into_iter().enumerate() {
        let op = Convolution::causal(positions, inputs, channels, kernel, dilation, Activation::Relu);
        let name = format!("{name}.convolutions.{index}");
        y = convolution(graph, &name, &y, op).reshape(&[positions, channels]);
        y = dropout(graph, &y, share);
    }
    let around = match inputs == channels {
        true => x.clone(),
        false => linear(
            graph,
            &format!("{name}.around"),
            x,
            channels,
            Activation::Identity,
        ),
    };
    let sum = add(graph, &y, &around);
    activate(graph, &sum, Activation::Relu)
}
