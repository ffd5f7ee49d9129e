//! The ops of `aloft-nn` as nodes, one file a group of ops.

mod dense;
mod image;
mod members;
mod norm;
mod periodic;
mod recurrent;
mod sequence;
mod table;

use crate::{Model, OnnxError, Tensor};
use aloft_nn::{graph::Graph, network::Weights, ops::Op};
use std::any::Any;

/// The whole numbers that a network looks up, [rows, width] of int64: categories or tokens.
#[derive(Debug, Clone, Copy)]
pub struct Indices<'a> {
    /// The value's name.
    pub name: &'a str,
    /// Whether each of them is one that the network knows; where it isn't, what it doesn't know counts as 0.
    pub known: bool,
}

/// Operands of an op.
struct Call<'a> {
    op: &'static str,
    inputs: Vec<Tensor>,
    parameters: Vec<&'a Weights>,
    indices: Option<Indices<'a>>,
    /// The shape of a row of the result.
    width: usize,
}

impl Call<'_> {
    /// The only input.
    fn x(&self) -> &Tensor {
        &self.inputs[0]
    }

    fn indices(&self) -> Result<Indices<'_>, OnnxError> {
        self.indices.ok_or(OnnxError::NoIndices { op: self.op })
    }

    /// A parameter as a constant, in its own shape.
    fn parameter(&self, model: &mut Model, index: usize) -> String {
        let Weights { name, shape, numbers } = self.parameters[index];
        model.floats(name, shape, numbers)
    }
}

/// An op that can be written as nodes, as it is when nothing is learned.
trait Export {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError>;
}

/// The op as one that can be written.
fn exported(op: &dyn Op) -> Option<&dyn Export> {
    fn of<T: Export + 'static>(op: &dyn Any) -> Option<&dyn Export> {
        op.downcast_ref::<T>().map(|op| op as &dyn Export)
    }
    let all = aloft_nn::exportable_ops!(of);
    all.iter().find_map(|of| of(op))
}

/// Appends a network with its weights (in the graph's order), which is given `numbers` in rows of its input's shape, and
/// `indices` where it looks some up. Returns the network's result.
///
/// # Errors
/// `Unsupported` naming an op that has no form in ONNX, `NoIndices` where one is given nothing to look up.
pub fn network(
    model: &mut Model,
    graph: &Graph,
    weights: &[Weights],
    numbers: &Tensor,
    indices: Option<Indices<'_>>,
) -> Result<Tensor, OnnxError> {
    let mut values = vec![numbers.clone()];
    for step in graph.steps() {
        let op: &dyn Op = &*step.op;
        let export = exported(op).ok_or(OnnxError::Unsupported { op: op.name() })?;
        let call = Call {
            op: op.name(),
            inputs: step
                .inputs
                .iter()
                .map(|input| model.reshape(&values[input.index], &input.shape))
                .collect(),
            parameters: step.parameters.iter().map(|index| &weights[*index]).collect(),
            indices,
            width: step.width,
        };
        values.push(export.export(model, &call)?);
    }
    let output = graph.output();
    Ok(model.reshape(&values[output.index], &output.shape))
}
