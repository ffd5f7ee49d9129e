//! Linear maps and activations.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
    sums,
};
use crate::ops::Activation;
use candle_core::{Result, Tensor};

/// `activation(x W^T + b)` for x [rows, ..] of vectors as long as W [outputs, inputs] has inputs. Forward one launch after the
/// product, backward one or two and two products.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Fused> {
    let (rows, (outputs, inputs)) = (x.dim(0)?, weight.dims2()?);
    let x = x.reshape(((), inputs))?;
    let vectors = x.dim(0)?;
    let product = x.matmul(&weight.t()?)?;
    let launch = Launch::new(
        "bias_activation",
        Grid::numbers(vectors * outputs),
        arguments![&product, bias, vectors * outputs, outputs, activation as usize],
    )?;
    let result = launch.run((rows, vectors * outputs / rows))?;
    let at = match activation.keeps_slopes() {
        true => product,
        false => result.clone(),
    };
    let (weight, bias) = (weight.clone(), bias.clone());
    Ok(Fused::new(result, move |gradient, needed| {
        let gradient = gradient.reshape((vectors, outputs))?;
        let (by_product, sums) = match activation {
            Activation::Identity => (gradient.clone(), gradient),
            _ => backward(activation, &gradient, &at, Some(&bias))?,
        };
        let by_x = match needed {
            true => Some(by_product.matmul(&weight)?),
            false => None,
        };
        let by_weight = by_product.t()?.matmul(&x)?;
        Ok(Gradients::new(by_x, [by_weight, sums::columns(&sums)?]))
    }))
}

/// `x + b` for x [rows, width], one launch and at most two back.
pub fn offset(x: &Tensor, bias: &Tensor) -> Result<Fused> {
    let (rows, width) = x.dims2()?;
    let launch = Launch::new(
        "bias_activation",
        Grid::numbers(rows * width),
        arguments![x, bias, rows * width, width, Activation::Identity as usize],
    )?;
    Ok(Fused::new(launch.run((rows, width))?, |gradient, _| {
        Ok(Gradients::new(Some(gradient.clone()), [sums::columns(gradient)?]))
    }))
}

/// An activation by itself, one launch each way, of x [rows, width].
pub fn activate(x: &Tensor, activation: Activation) -> Result<Fused> {
    let (rows, width) = x.dims2()?;
    let launch = Launch::new(
        "bias_activation",
        Grid::numbers(rows * width),
        arguments![x, None, rows * width, width, activation as usize],
    )?;
    let result = launch.run((rows, width))?;
    let at = match activation.keeps_slopes() {
        true => x.clone(),
        false => result.clone(),
    };
    Ok(Fused::new(result, move |gradient, _| {
        let (by_x, _) = backward(activation, gradient, &at, None)?;
        Ok(Gradients::new(Some(by_x), []))
    }))
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
