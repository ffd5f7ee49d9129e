//! Linear maps and activations.

use super::{
    launch::{Grid, Launch, arguments},
    sums, tracked,
};
use crate::ops::Activation;
use candle_core::{Result, Tensor};

/// `activation(x W^T + b)` for x [rows, ..] of vectors as long as W [outputs, inputs] has inputs; [rows, ..] again. Forward one
/// launch after the product, backward one or two and two products.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    let (rows, (outputs, inputs)) = (x.dim(0)?, weight.dims2()?);
    let needed = x.track_op();
    let flat = x.detach().reshape(((), inputs))?;
    let vectors = flat.dim(0)?;
    let detached = weight.detach();
    let product = flat.matmul(&detached.t()?)?;
    let launch = Launch::new(
        "bias_activation",
        Grid::numbers(vectors * outputs),
        arguments![&product, bias, vectors * outputs, outputs, activation as usize],
    )?;
    let product = activation.keeps_slopes().then_some(product);
    let (offset, shape) = (bias.detach(), (rows, vectors * outputs / rows));
    tracked(launch, [x, weight, bias], shape, move |result, gradient| {
        let gradient = gradient.reshape((vectors, outputs))?;
        let (by_product, sums) = match activation {
            Activation::Identity => (gradient.clone(), gradient),
            _ => backward(
                activation,
                &gradient,
                product.as_ref().unwrap_or(result),
                Some(&offset),
            )?,
        };
        let by_x = match needed {
            true => Some(by_product.matmul(&detached)?),
            false => None,
        };
        Ok([
            by_x,
            Some(by_product.t()?.matmul(&flat)?),
            Some(sums::columns(&sums)?),
        ])
    })
}

/// An activation by itself, one launch each way; [rows, width] both.
pub fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    let (rows, width) = x.dims2()?;
    let numbers = x.detach();
    let launch = Launch::new(
        "bias_activation",
        Grid::numbers(rows * width),
        arguments![&numbers, None, rows * width, width, activation as usize],
    )?;
    tracked(launch, [x], (rows, width), move |result, gradient| {
        let at = match activation.keeps_slopes() {
            true => &numbers,
            false => result,
        };
        Ok([Some(backward(activation, gradient, at, None)?.0)])
    })
}

/// The gradient by the activation's input, [rows, width], and the sums of its columns over chunks of the rows.
fn backward(
    activation: Activation,
    gradient: &Tensor,
    at: &Tensor,
    bias: Option<&Tensor>,
) -> Result<(Tensor, Tensor)> {
    let (rows, width) = gradient.dims2()?;
    let (grid, chunk) = Grid::columns(rows, width);
    let launch = Launch::new(
        "bias_activation_backward",
        grid,
        arguments![gradient, at, bias, rows, width, chunk, activation as usize],
    )?;
    let chunks = grid.blocks[1];
    let both = launch.run((rows + chunks, width))?;
    Ok((both.narrow(0, 0, rows)?, both.narrow(0, rows, chunks)?))
}
