//! Several networks in one: members that share the maps between a first scaling of their own and a last map of their own
//! (Gorishniy et al., "TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling", 2025, its TabM-mini;
//! after Wen et al., "BatchEnsemble", 2020).

use super::{
    Activation, Backward, CandleContext, Forward, Op,
    matmul::{Matrix, MatrixMut, multiply},
    vector::{self, vectorized},
};
use crate::fused::{self, Fused, Gradients, sums};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// Each row once for each member, scaled as the member sees it: x [rows, width] and scales [members, width] to
/// [rows, members, width].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Members {
    /// Members.
    pub members: usize,
    /// Numbers of a row.
    pub width: usize,
}

impl Op for Members {
    fn name(&self) -> &'static str {
        "members"
    }

    fn work(&self) -> usize {
        self.members * self.width
    }

    fn forward(&self, call: Forward<'_>) {
        let rows = call.inputs[0].chunks_exact(self.width);
        for (out, x) in call.out.chunks_exact_mut(self.members * self.width).zip(rows) {
            for (out, scales) in out
                .chunks_exact_mut(self.width)
                .zip(call.parameters[0].chunks_exact(self.width))
            {
                vectorized!(for ((out, scale), x) in out.iter_mut().zip(scales).zip(x) {
                    *out = x * scale;
                });
            }
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let of_row = self.members * self.width;
        if let Some(sum) = &mut call.for_parameters[0] {
            let to = sum.to_add();
            let rows = call.inputs[0].chunks_exact(self.width);
            for (gradient, x) in call.gradient.chunks_exact(of_row).zip(rows) {
                for (to, gradient) in to
                    .chunks_exact_mut(self.width)
                    .zip(gradient.chunks_exact(self.width))
                {
                    vectorized!(for ((to, gradient), x) in to.iter_mut().zip(gradient).zip(x) {
                        *to += gradient * x;
                    });
                }
            }
        }
        if let Some(sum) = &mut call.for_inputs[0] {
            let rows = sum.to_add().chunks_exact_mut(self.width);
            for (gradient, to) in call.gradient.chunks_exact(of_row).zip(rows) {
                for (gradient, scales) in gradient
                    .chunks_exact(self.width)
                    .zip(call.parameters[0].chunks_exact(self.width))
                {
                    vectorized!(
                        for ((to, gradient), scale) in to.iter_mut().zip(gradient).zip(scales) {
                            *to += gradient * scale;
                        }
                    );
                }
            }
        }
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        inputs[0]
            .reshape(((), 1, self.width))?
            .broadcast_mul(&parameters[0].reshape((1, self.members, self.width))?)
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        let (rows, members, width) = (inputs[0].dim(0)?, self.members, self.width);
        let x = inputs[0].reshape((rows, 1, width))?;
        let scales = parameters[0].reshape((1, members, width))?;
        let result = x.broadcast_mul(&scales)?.reshape((rows, members * width))?;
        Ok(Fused::new(result, move |gradient, _| {
            let gradient = gradient.reshape((rows, members, width))?;
            let by_x = gradient.broadcast_mul(&scales)?.sum(1)?;
            let by_scales = gradient.broadcast_mul(&x)?.reshape((rows, members * width))?;
            Ok(Gradients::new(Some(by_x), [sums::columns(&by_scales)?]))
        }))
    }
}

/// A linear map for each member: x [rows, members, inputs], W [members, outputs, inputs] and b [members, outputs] to
/// [rows, members, outputs].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MemberLinear {
    /// Members.
    pub members: usize,
    /// Numbers that come in for each.
    pub inputs: usize,
    /// Numbers that come out of each.
    pub outputs: usize,
}

impl MemberLinear {
    /// A member's part of [rows, members, width].
    fn part<'a>(&self, numbers: &'a [f32], rows: usize, member: usize, width: usize) -> Matrix<'a> {
        Matrix::strided(&numbers[member * width..], rows, width, self.members * width, 1)
    }

    fn part_mut<'a>(
        &self,
        numbers: &'a mut [f32],
        rows: usize,
        member: usize,
        width: usize,
    ) -> MatrixMut<'a> {
        MatrixMut::strided(
            &mut numbers[member * width..],
            rows,
            width,
            self.members * width,
            1,
        )
    }

    fn weight<'a>(&self, weights: &'a [f32], member: usize) -> Matrix<'a> {
        let size = self.outputs * self.inputs;
        Matrix::new(&weights[member * size..][..size], self.outputs, self.inputs)
    }
}

impl Op for MemberLinear {
    fn name(&self) -> &'static str {
        "member linear"
    }

    fn work(&self) -> usize {
        self.members * self.inputs * self.outputs
    }

    fn forward(&self, call: Forward<'_>) {
        if call.rows == 0 {
            return;
        }
        for member in 0..self.members {
            let x = self.part(call.inputs[0], call.rows, member, self.inputs);
            let out = self.part_mut(call.out, call.rows, member, self.outputs);
            multiply(
                out,
                x,
                self.weight(call.parameters[0], member).transposed(),
                false,
            );
        }
        Activation::Identity.apply(call.out, call.parameters[1], &mut []);
    }

    fn backward(&self, call: Backward<'_>) {
        if call.rows == 0 {
            return;
        }
        let [for_weight, for_bias] = call.for_parameters else {
            unreachable!("a linear map has a weight and a bias")
        };
        if let Some(sum) = for_bias {
            vector::add_rows(sum.to_add(), call.gradient);
        }
        let size = self.outputs * self.inputs;
        for member in 0..self.members {
            let gradient = self.part(call.gradient, call.rows, member, self.outputs);
            if let Some(sum) = for_weight {
                let x = self.part(call.inputs[0], call.rows, member, self.inputs);
                let out = &mut sum.numbers[member * size..][..size];
                let out = MatrixMut::new(out, self.outputs, self.inputs);
                multiply(out, gradient.transposed(), x, !sum.fresh);
            }
            if let Some(sum) = &mut call.for_inputs[0] {
                let out = self.part_mut(sum.numbers, call.rows, member, self.inputs);
                multiply(out, gradient, self.weight(call.parameters[0], member), !sum.fresh);
            }
        }
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0]
            .reshape(((), self.members, self.inputs))?
            .transpose(0, 1)?
            .contiguous()?;
        x.matmul(&parameters[0].transpose(1, 2)?.contiguous()?)?
            .transpose(0, 1)?
            .contiguous()?
            .broadcast_add(&parameters[1])
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        let (rows, members, width) = (inputs[0].dim(0)?, self.members, self.members * self.outputs);
        let by_member = move |numbers: &Tensor, width: usize| {
            let numbers = numbers.reshape((rows, members, width))?;
            numbers.transpose(0, 1)?.contiguous()
        };
        let by_row = move |numbers: Tensor| numbers.transpose(0, 1)?.reshape((rows, ()));
        let (x, weight) = (by_member(&inputs[0], self.inputs)?, parameters[0].clone());
        let product = by_row(x.matmul(&weight.transpose(1, 2)?)?)?;
        let Fused { result, .. } = fused::linear::offset(&product, &parameters[1])?;
        let outputs = self.outputs;
        Ok(Fused::new(result, move |gradient, needed| {
            let by_product = by_member(gradient, outputs)?;
            let by_x = match needed {
                true => Some(by_row(by_product.matmul(&weight)?)?),
                false => None,
            };
            let by_weight = by_product.transpose(1, 2)?.matmul(&x)?;
            let by_bias = sums::columns(&gradient.reshape((rows, width))?)?;
            Ok(Gradients::new(by_x, [by_weight, by_bias]))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::Case;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn members_agree_with_candle(rows in 1..9usize, members in 1..6usize, width in 1..40usize, seed: u64) {
            Case::new(rows, seed)
                .input(&[width])
                .parameter(&[members, width])
                .agrees(Members { members, width }, &[members, width]);
        }

        #[test]
        fn their_maps_agree_with_candle(
            rows in 1..20usize, members in 1..6usize, inputs in 1..30usize, outputs in 1..8usize, seed: u64,
        ) {
            Case::new(rows, seed)
                .input(&[members, inputs])
                .parameter(&[members, outputs, inputs])
                .parameter(&[members, outputs])
                .agrees(MemberLinear { members, inputs, outputs }, &[members, outputs]);
        }
    }
}
