//! From the vectors of a sequence, or of all pixels, to one.

use super::{Backward, CandleContext, Forward, Op, vector};
use crate::fused::{Fused, Gradients};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// Which vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReduceKind {
    /// The mean of all.
    Mean,
    /// The last one.
    Last,
}

/// [rows, positions, width] to [rows, width].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Reduce {
    /// Which vector.
    pub kind: ReduceKind,
    /// Vectors of a row.
    pub positions: usize,
    /// Numbers of a vector.
    pub width: usize,
}

impl Op for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn work(&self) -> usize {
        self.positions * self.width
    }

    fn forward(&self, call: Forward<'_>) {
        let rows = call.inputs[0].chunks_exact(self.positions * self.width);
        for (out, row) in call.out.chunks_exact_mut(self.width).zip(rows) {
            match self.kind {
                ReduceKind::Last => out.copy_from_slice(&row[row.len() - self.width..]),
                ReduceKind::Mean => {
                    out.fill(0.0);
                    vector::add_rows(out, row);
                    out.iter_mut().for_each(|value| *value /= self.positions as f32);
                }
            }
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let Some(sum) = &mut call.for_inputs[0] else {
            return;
        };
        if self.kind == ReduceKind::Mean {
            call.gradient
                .iter_mut()
                .for_each(|value| *value /= self.positions as f32);
        }
        let rows = sum.to_add().chunks_exact_mut(self.positions * self.width);
        for (gradient, row) in call.gradient.chunks_exact(self.width).zip(rows) {
            let from = match self.kind {
                ReduceKind::Last => row.len() - self.width,
                ReduceKind::Mean => 0,
            };
            for vector in row[from..].chunks_exact_mut(self.width) {
                vector::add(vector, gradient);
            }
        }
    }

    fn by_candle(&self, inputs: &[Tensor], _: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.positions, self.width))?;
        match self.kind {
            ReduceKind::Last => x.narrow(1, self.positions - 1, 1)?.squeeze(1),
            ReduceKind::Mean => x.mean(1),
        }
    }

    fn fused(&self, inputs: &[Tensor], _: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        let (kind, rows, positions, width) = (self.kind, inputs[0].dim(0)?, self.positions, self.width);
        let x = inputs[0].reshape((rows, positions, width))?;
        let result = match kind {
            ReduceKind::Last => x.narrow(1, positions - 1, 1)?.reshape((rows, width))?,
            ReduceKind::Mean => x.mean(1)?,
        };
        Ok(Fused::new(result, move |gradient, _| {
            let gradient = gradient.reshape((rows, 1, width))?;
            let by_x = match kind {
                ReduceKind::Last => gradient.pad_with_zeros(1, positions - 1, 0)?,
                ReduceKind::Mean => (gradient / positions as f64)?.broadcast_as((rows, positions, width))?,
            };
            Ok(Gradients::new(Some(by_x), []))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::Case;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn agrees_with_candle(rows in 1..9usize, positions in 1..9usize, width in 1..40usize, seed: u64) {
            for kind in [ReduceKind::Mean, ReduceKind::Last] {
                Case::new(rows, seed)
                    .input(&[positions, width])
                    .agrees(Reduce { kind, positions, width }, &[width]);
            }
        }
    }
}
