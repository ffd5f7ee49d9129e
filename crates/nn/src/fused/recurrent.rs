//! Recurrent layers: at each position one product and one launch, forward and backward.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
    linear::linear,
    sums,
};
use crate::ops::Activation;
use candle_core::{Result, Tensor, bail};

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

/// A layer over x [rows, positions * inputs]; the parameters are those of [`Recurrent`](crate::ops::Recurrent).
pub fn recurrent(kernels: Kernels, positions: usize, x: &Tensor, parameters: &[Tensor]) -> Result<Fused> {
    let [input_weight, weight, input_bias, bias] = parameters else {
        bail!("a recurrent layer has four parameters, not {}", parameters.len());
    };
    // All positions' products with the input are one.
    let products = linear(x, input_weight, input_bias, Activation::Identity)?;
    let (width, hidden) = weight.dims2()?;
    let (rows, count) = (x.dim(0)?, x.dim(0)? * hidden);
    // Position by position, so that each one's numbers are a matrix.
    let states = Tensor::zeros((positions * rows, hidden), x.dtype(), x.device())?;
    let kept = Tensor::zeros((positions * rows, kernels.kept * hidden), x.dtype(), x.device())?;
    for position in 0..positions {
        let by_state = match position {
            0 => None,
            _ => Some(
                states
                    .narrow(0, (position - 1) * rows, rows)?
                    .matmul(&weight.t()?)?,
            ),
        };
        let inputs = &products.result;
        let arguments = arguments![inputs, by_state.as_ref(), bias, rows, hidden, positions, position];
        Launch::new(kernels.forward, Grid::numbers(count), arguments)?.write(&[&states, &kept])?;
    }
    let launch = Launch::new(
        "exchange",
        Grid::numbers(positions * count),
        arguments![&states, positions * count, positions, rows, hidden],
    )?;
    let result = launch.run((rows, positions * hidden))?;
    let (weight, through_inputs) = (weight.clone(), products.backward);
    Ok(Fused::new(result, move |gradient, needed| {
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
            0 => None,
            _ => {
                let later = by_products.narrow(0, rows, after)?;
                Some(later.t()?.matmul(&states.narrow(0, 0, after)?)?)
            }
        };
        let by_bias = Some(sums::columns(&by_products)?);
        let Gradients { inputs, parameters } = through_inputs(&by_inputs, needed)?;
        let mut of_inputs = parameters.into_iter();
        let mut of_inputs = || of_inputs.next().flatten();
        Ok(Gradients {
            inputs,
            parameters: vec![of_inputs(), by_weight, of_inputs(), by_bias],
        })
    }))
}
