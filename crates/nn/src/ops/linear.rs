//! `activation(x W^T + b)`: bias and activation go over the product in one pass, and so do their gradients.

use super::{
    Activation, Backward, CandleContext, Factors, Forward, Op,
    matmul::{Matrix, MatrixMut, multiply},
    right::Right,
    sparse::Sparse,
    transposed::WeightGradient,
    windows::Windows,
};
use crate::fused::{self, Fused};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// Vectors that go through product, bias and activation at a time, and back: in the cache from the first to the last.
const VECTORS: usize = 96;
/// Outputs or inputs below which most of a packed tile would be zeros.
const PACKED_WIDTH: usize = 16;

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

/// The right side of products with vectors, packed where that is worth it. How many vectors there are must not matter: the one
/// way rounds differently from the other, and a row's result would depend on those beside it.
enum Weight<'a> {
    Packed(Right),
    Plain(Matrix<'a>),
}

impl<'a> Weight<'a> {
    fn new(matrix: Matrix<'a>, factors: Factors) -> Self {
        let (inner, columns) = matrix.shape();
        match inner > 0 && columns >= PACKED_WIDTH {
            true => Self::Packed(Right::new(matrix, factors)),
            false => Self::Plain(matrix),
        }
    }

    /// How many of all vectors to multiply at a time. A plain product rounds by its number of rows, so it is one of all.
    fn vectors(&self, all: usize) -> usize {
        match self {
            Self::Packed(_) => VECTORS,
            Self::Plain(_) => all.max(1),
        }
    }

    /// `out = left * self`, or `out += left * self` when `accumulate`; what is `next` is fetched meanwhile.
    fn multiply(&self, out: &mut [f32], left: &[f32], accumulate: bool, next: [&[f32]; 3]) {
        match self {
            Self::Packed(weight) => {
                if let Right::Single(weight) = weight
                    && let Some(left) = Sparse::of_rows(left, weight.inner())
                {
                    return left.multiply(out, weight, accumulate);
                }
                let left = Windows::matrix(left, weight.inner());
                weight.multiply_ahead(out, left, accumulate, next);
            }
            Self::Plain(weight) => {
                let (inner, columns) = weight.shape();
                let rows = left.len() / inner.max(1);
                multiply(
                    MatrixMut::new(out, rows, columns),
                    Matrix::new(left, rows, inner),
                    *weight,
                    accumulate,
                );
            }
        }
    }
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
        let weight = Matrix::new(call.parameters[0], self.outputs, self.inputs).transposed();
        // What is left out takes no time, whatever it would be rounded to.
        let factors = match Sparse::is_worth_it(call.inputs[0], self.inputs) {
            true => Factors::F32,
            false => call.context.factors,
        };
        let weight = Weight::new(weight, factors);
        let count = weight.vectors(call.rows * self.positions);
        let mut slopes = call.saved.chunks_mut(count * self.outputs);
        let mut parts = call.out.chunks_mut(count * self.outputs).peekable();
        let mut first = 0;
        while let Some(out) = parts.next() {
            let end = first + out.len() / self.outputs;
            let x = &call.inputs[0][first * self.inputs..end * self.inputs];
            let next = parts.peek().map_or(&[][..], |next| next);
            weight.multiply(out, x, false, [next, &[], &[]]);
            let slopes = slopes.next().unwrap_or_default();
            self.activation.apply(out, call.parameters[1], slopes);
            first = end;
        }
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
        let mut for_weight = for_weight
            .as_mut()
            .map(|sum| WeightGradient::new(sum, [self.outputs, self.inputs], call.context.factors));
        let mut for_input = call.for_inputs[0].as_mut().map(|sum| {
            let weight = Matrix::new(call.parameters[0], self.outputs, self.inputs);
            (Weight::new(weight, call.context.factors), sum)
        });
        for first in (0..vectors).step_by(VECTORS) {
            let end = vectors.min(first + VECTORS);
            let (now, next) =
                call.gradient[first * self.outputs..].split_at_mut((end - first) * self.outputs);
            let (now_at, next_at) = at[first * self.outputs..].split_at(now.len());
            self.activation.slope(now, now_at, sums);
            let part = first * self.inputs..end * self.inputs;
            let x = &call.inputs[0][part.clone()];
            if let Some((weight, sum)) = &mut for_input {
                let [next, next_at] = [&*next, next_at].map(|next| &next[..next.len().min(now.len())]);
                weight.multiply(&mut sum.numbers[part], now, !sum.fresh, [x, next, next_at]);
            }
            if let Some(sum) = &mut for_weight {
                sum.add(now, x);
            }
        }
        if let Some((_, sum)) = for_input {
            sum.fresh = false;
        }
        if let Some(sum) = for_weight {
            sum.finish();
        }
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.inputs))?;
        let out = x.matmul(&parameters[0].t()?)?.broadcast_add(&parameters[1])?;
        self.activation.by_candle(&out)
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::linear::linear(&inputs[0], &parameters[0], &parameters[1], self.activation)
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
        fn comes_near_in_bf16(
            rows in 1..120usize, positions in 1..4usize, inputs in 32..90usize, outputs in 32..90usize, seed: u64,
        ) {
            Case::new(rows, seed)
                .input(&[positions, inputs])
                .parameter_for(inputs, &[outputs, inputs])
                .parameter(&[outputs])
                .comes_near_in_bf16(
                    Linear { positions, inputs, outputs, activation: Activation::Gelu },
                    &[positions, outputs],
                );
        }

        #[test]
        fn agrees_with_candle_with_a_packed_weight(
            rows in 1..80usize, positions in 1..4usize, inputs in 200..300usize, outputs in 1..80usize,
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
