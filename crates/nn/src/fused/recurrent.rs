//! Recurrent layers: at each position one product and one launch, forward and backward.

use super::{
    launch::{Grid, Launch, arguments},
    linear::linear,
    sums, tracked,
};
use crate::ops::Activation;
use candle_core::{Result, Tensor};

/// The kernels of a cell.
#[derive(Debug, Clone, Copy)]
pub struct Kernels {
    /// A position forward.
    pub forward: &'static str,
    /// And backward.
    pub backward: &'static str,
    /// Vectors as long as the state that a position keeps.
    pub kept: usize,
}

/// A layer over x [rows, positions * inputs]; the parameters are those of [`Recurrent`](crate::ops::Recurrent). Gives [rows,
/// positions * hidden].
pub fn recurrent(kernels: Kernels, positions: usize, x: &Tensor, parameters: &[Tensor; 4]) -> Result<Tensor> {
    let [input_weight, state_weight, input_bias, state_bias] = parameters;
    // All positions' products with the input are one.
    let products = linear(x, input_weight, input_bias, Activation::Identity)?;
    let (width, hidden) = state_weight.dims2()?;
    let (rows, count) = (x.dim(0)?, x.dim(0)? * hidden);
    let (inputs, weight) = (products.detach(), state_weight.detach());
    let zeros =
        |vectors: usize, width: usize| Tensor::zeros((vectors, width), inputs.dtype(), inputs.device());
    // Position by position, so that each one's numbers are a matrix.
    let states = zeros(positions * rows, hidden)?;
    let kept = zeros(positions * rows, kernels.kept * hidden)?;
    for position in 0..positions {
        let by_state = match position {
            0 => None,
            _ => Some(
                states
                    .narrow(0, (position - 1) * rows, rows)?
                    .matmul(&weight.t()?)?,
            ),
        };
        let arguments = arguments![
            &inputs,
            by_state.as_ref(),
            state_bias,
            rows,
            hidden,
            positions,
            position
        ];
        Launch::new(kernels.forward, Grid::numbers(count), arguments)?.write(&[&states, &kept])?;
    }
    let launch = Launch::new(
        "exchange",
        Grid::numbers(positions * count),
        arguments![&states, positions * count, positions, rows, hidden],
    )?;
    let shape = (rows, positions * hidden);
    tracked(
        launch,
        [&products, state_weight, state_bias],
        shape,
        move |_, gradient| {
            let zeros = |vectors: usize, width: usize| {
                Tensor::zeros((vectors, width), gradient.dtype(), gradient.device())
            };
            let by_inputs = zeros(rows, positions * width)?;
            let by_products = zeros(positions * rows, width)?;
            let carried = zeros(rows, hidden)?;
            for position in (0..positions).rev() {
                let by_state = match position + 1 {
                    next if next == positions => None,
                    next => Some(by_products.narrow(0, next * rows, rows)?.matmul(&weight)?),
                };
                let arguments = arguments![
                    gradient,
                    by_state.as_ref(),
                    &kept,
                    &states,
                    rows,
                    hidden,
                    positions,
                    position
                ];
                Launch::new(kernels.backward, Grid::numbers(count), arguments)?.write(&[
                    &by_inputs,
                    &by_products,
                    &carried,
                ])?;
            }
            let after = (positions - 1) * rows;
            let by_weight = match after {
                // The state before the first position is zero.
                0 => weight.zeros_like()?,
                _ => by_products
                    .narrow(0, rows, after)?
                    .t()?
                    .matmul(&states.narrow(0, 0, after)?)?,
            };
            Ok([
                Some(by_inputs),
                Some(by_weight),
                Some(sums::columns(&by_products)?),
            ])
        },
    )
}
