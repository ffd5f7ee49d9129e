//! The block of a transformer, normalized before each part ("pre-norm", Xiong et al., 2020).

use super::{add, dropout, layer_norm, linear};
use crate::{
    graph::{Graph, Value},
    ops::{Activation, Attention},
};

/// Sizes of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransformerBlock {
    /// Heads of the attention; they share the width.
    pub heads: usize,
    /// Units of the hidden layer.
    pub hidden: usize,
    /// Whether a position sees only itself and those before it.
    pub causal: bool,
    /// Whether positions without a token aren't seen.
    pub masked: bool,
    /// Share that is dropped before each sum.
    pub dropout: f64,
}

/// `x + attention(norm(x))`, then `x + layers(norm(x))`, on [positions, width].
pub fn transformer_block(graph: &mut Graph, name: &str, x: &Value, block: TransformerBlock) -> Value {
    let [positions, width] = x.shape[..] else {
        unreachable!("a sequence has two dimensions, not {:?}", x.shape)
    };
    let attention = Attention {
        positions,
        heads: block.heads,
        size: width / block.heads,
        causal: block.causal,
        masked: block.masked,
    };
    let y = layer_norm(graph, &format!("{name}.attention.norm"), x);
    let y = linear(
        graph,
        &format!("{name}.attention.input"),
        &y,
        3 * width,
        Activation::Identity,
    );
    let y = graph.apply(attention, &[&y], &[], &[positions, width]);
    let y = linear(
        graph,
        &format!("{name}.attention.output"),
        &y,
        width,
        Activation::Identity,
    );
    let y = dropout(graph, &y, block.dropout);
    let x = add(graph, &y, x);
    let y = layer_norm(graph, &format!("{name}.layers.norm"), &x);
    let y = linear(
        graph,
        &format!("{name}.layers.0"),
        &y,
        block.hidden,
        Activation::Gelu,
    );
    let y = linear(
        graph,
        &format!("{name}.layers.1"),
        &y,
        width,
        Activation::Identity,
    );
    let y = dropout(graph, &y, block.dropout);
    add(graph, &y, &x)
}
