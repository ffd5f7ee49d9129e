//! `a + b`, as a residual connection has it.

use super::{Backward, CandleContext, Forward, Op, vector::vectorized};
use crate::fused::{Fused, Gradients};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// The sum of two inputs of the same shape.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Add {
    /// Numbers of a row.
    pub width: usize,
}

impl Op for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn work(&self) -> usize {
        self.width
    }

    fn forward(&self, call: Forward<'_>) {
        let [left, right] = call.inputs else {
            unreachable!("a sum has two inputs")
        };
        vectorized!(
            for ((out, left), right) in call.out.iter_mut().zip(*left).zip(*right) {
                *out = left + right;
            }
        );
    }

    fn backward(&self, call: Backward<'_>) {
        for sum in call.for_inputs.iter_mut().flatten() {
            sum.add(call.gradient);
        }
    }

    fn by_candle(&self, inputs: &[Tensor], _: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        &inputs[0] + &inputs[1]
    }

    fn fused(&self, inputs: &[Tensor], _: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        let sum = (&inputs[0] + &inputs[1])?;
        Ok(Fused::new(sum, |gradient, _| {
            Ok(Gradients {
                inputs: vec![Some(gradient.clone()); 2],
                parameters: Vec::new(),
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::Case;

    #[test]
    fn agrees_with_candle() {
        for (rows, width) in [(1, 1), (5, 37)] {
            Case::new(rows, 1)
                .input(&[width])
                .input(&[width])
                .agrees(Add { width }, &[width]);
        }
    }
}
