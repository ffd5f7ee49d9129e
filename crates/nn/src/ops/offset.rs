//! `x + b` with a learned number for each number of a row, as the places of a sequence have it.

use super::{Activation, Backward, CandleContext, Forward, Op, vector};
use crate::fused::{self, Fused};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// Adds the parameter [width] to each row.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Offset {
    /// Numbers of a row.
    pub width: usize,
}

impl Op for Offset {
    fn name(&self) -> &'static str {
        "offset"
    }

    fn work(&self) -> usize {
        self.width
    }

    fn forward(&self, call: Forward<'_>) {
        call.out.copy_from_slice(call.inputs[0]);
        Activation::Identity.apply(call.out, call.parameters[0], &mut []);
    }

    fn backward(&self, call: Backward<'_>) {
        if let Some(sum) = &mut call.for_parameters[0] {
            vector::add_rows(sum.to_add(), call.gradient);
        }
        if let Some(sum) = &mut call.for_inputs[0] {
            sum.add(call.gradient);
        }
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        inputs[0]
            .reshape(((), self.width))?
            .broadcast_add(&parameters[0].flatten_all()?)
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::linear::offset(&inputs[0], &parameters[0])
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
                .parameter(&[width])
                .agrees(Offset { width }, &[width]);
        }
    }
}
