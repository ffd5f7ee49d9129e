//! `activation(x W^T + b)`: bias and activation go over the product in one pass, and so do their gradients.

use super::{
    Activation, Backward, CandleContext, Forward, Op,
    matmul::{Matrix, MatrixMut, multiply},
    packed::Packed,
    transposed::add_weight_gradient,
    windows::Windows,
};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// Numbers of a vector from which on the product with the packed weight is the faster one: the longer the sums, the less
/// does it matter that they are written out one tile at a time.
const PACKED_FROM: usize = 256;
/// Vectors that packing the weight is worth.
const ROWS_FROM: usize = 32;

/// `activation(x W^T + b)` for x [rows, positions, inputs], W [outputs, inputs] and b [outputs].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Linear {
    /// Vectors of a row that the same map is applied to: 1 for a table, the length of a sequence.
    pub positions: usize,
    /// Numbers of a vector.
    pub inputs: usize,
    /// Numbers of a result.
    pub outputs: usize,
    /// What follows.
    pub activation: Activation,
}

impl Op for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn saved(&self, rows: usize) -> usize {
        match self.activation.keeps_slopes() {
            true => rows * self.positions * self.outputs,
            false => 0,
        }
    }

    fn work(&self) -> usize {
        self.positions * self.inputs * self.outputs
    }

    fn forward(&self, call: Forward<'_>) {
        let vectors = call.rows * self.positions;
        let x = Matrix::new(call.inputs[0], vectors, self.inputs);
        let weight = Matrix::new(call.parameters[0], self.outputs, self.inputs);
        if self.inputs >= PACKED_FROM && vectors >= ROWS_FROM {
            let x = Windows::matrix(call.inputs[0], self.inputs);
            Packed::new(weight.transposed()).multiply(call.out, x, false);
        } else {
            let out = MatrixMut::new(call.out, vectors, self.outputs);
            multiply(out, x, weight.transposed(), false);
        }
        self.activation.apply(call.out, call.parameters[1], call.saved);
    }

    fn backward(&self, call: Backward<'_>) {
        let vectors = call.rows * self.positions;
        let at = match self.activation.keeps_slopes() {
            true => &*call.saved,
            false => call.out,
        };
        let [for_weight, for_bias] = call.for_parameters else {
            unreachable!("a linear map has a weight and a bias")
        };
        let mut unwanted = Vec::new();
        let sums = match for_bias {
            Some(sum) => sum.to_add(),
            None => {
                unwanted.resize(self.outputs, 0.0);
                &mut unwanted
            }
        };
        self.activation.slope(call.gradient, at, sums);
        if let Some(sum) = for_weight {
            add_weight_gradient(sum, call.gradient, call.inputs[0], [self.outputs, self.inputs]);
        }
        if let Some(sum) = &mut call.for_inputs[0] {
            let gradient = Matrix::new(call.gradient, vectors, self.outputs);
            let weight = Matrix::new(call.parameters[0], self.outputs, self.inputs);
            let out = MatrixMut::new(sum.numbers, vectors, self.inputs);
            multiply(out, gradient, weight, !sum.fresh);
        }
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.inputs))?;
        let out = x.matmul(&parameters[0].t()?)?.broadcast_add(&parameters[1])?;
        self.activation.by_candle(&out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::Case;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn agrees_with_candle(
            rows in 1..40usize, positions in 1..4usize, inputs in 1..40usize, outputs in 1..40usize,
            kind in 0..5usize, seed: u64,
        ) {
            let activation = [
                Activation::Identity, Activation::Relu, Activation::Gelu, Activation::Silu, Activation::Tanh,
            ][kind];
            Case::new(rows, seed)
                .input(&[positions, inputs])
                .parameter(&[outputs, inputs])
                .parameter(&[outputs])
                .agrees(Linear { positions, inputs, outputs, activation }, &[positions, outputs]);
        }

        #[test]
        fn agrees_with_candle_with_a_packed_weight(
            rows in 1..40usize, positions in 1..4usize, inputs in PACKED_FROM..300usize, outputs in 1..80usize,
            seed: u64,
        ) {
            Case::new(rows, seed)
                .input(&[positions, inputs])
                .parameter(&[outputs, inputs])
                .parameter(&[outputs])
                .agrees(Linear { positions, inputs, outputs, activation: Activation::Relu }, &[positions, outputs]);
        }
    }
}
