//! Layer normalization (Ba et al., 2016) and root mean square normalization (Zhang and Sennrich, 2019) of each vector.

use super::{
    Backward, CandleContext, Forward, Op,
    vector::{dot, squares, sum, vectorized},
};
use crate::fused::{self, Fused};
use candle_core::{D, Result, Tensor};
use serde::Serialize;

/// Added to a variance, so that a constant vector stays finite; PyTorch's default.
pub const EPSILON: f32 = 1e-5;

/// `(x - mean) / deviation * scale + shift` over vectors of `width` numbers; scale and shift are [width].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LayerNorm {
    /// Vectors of a row.
    pub positions: usize,
    /// Numbers of a vector.
    pub width: usize,
}

/// `x / root mean square * scale` over vectors of `width` numbers; scale is [width].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RmsNorm {
    /// Vectors of a row.
    pub positions: usize,
    /// Numbers of a vector.
    pub width: usize,
}

/// Writes `(x - mean) * inverse * scale + shift` and keeps (mean, inverse) of each vector.
#[inline(always)]
fn normalize(x: &[f32], scale: &[f32], shift: Option<&[f32]>, out: &mut [f32], saved: &mut [f32]) {
    let width = scale.len();
    let vectors = x.chunks_exact(width).zip(out.chunks_exact_mut(width));
    for ((x, out), saved) in vectors.zip(saved.chunks_exact_mut(2)) {
        let mean = match shift {
            Some(_) => sum(x) / width as f32,
            None => 0.0,
        };
        let inverse = 1.0 / (squares(x, mean) / width as f32 + EPSILON).sqrt();
        (saved[0], saved[1]) = (mean, inverse);
        match shift {
            Some(shift) => {
                for (((out, x), scale), shift) in out.iter_mut().zip(x).zip(scale).zip(shift) {
                    *out = (x - mean) * inverse * scale + shift;
                }
            }
            None => {
                for ((out, x), scale) in out.iter_mut().zip(x).zip(scale) {
                    *out = x * inverse * scale;
                }
            }
        }
    }
}

/// Gradients of [`normalize`]. With g = gradient * scale and n = (x - mean) * inverse, that of x is
/// `inverse * (g - mean(g) - n * mean(g * n))`, without `mean(g)` where no mean was taken off.
#[inline(always)]
fn normalize_back(
    call: &mut Backward<'_>,
    width: usize,
    centered: bool,
    for_scale: &mut [f32],
    for_shift: &mut [f32],
) {
    let scale = call.parameters[0];
    let mut normalized = vec![0.0; width];
    let mut into = call.for_inputs[0].as_mut();
    let fresh = into.as_ref().is_some_and(|sum| sum.fresh);
    let vectors = call.inputs[0]
        .chunks_exact(width)
        .zip(call.gradient.chunks_exact_mut(width));
    for (index, ((x, gradient), saved)) in vectors.zip(call.saved.chunks_exact(2)).enumerate() {
        let (mean, inverse) = (saved[0], saved[1]);
        for ((normalized, x), ((gradient, for_scale), for_shift)) in normalized.iter_mut().zip(x).zip(
            gradient
                .iter()
                .zip(for_scale.iter_mut())
                .zip(for_shift.iter_mut()),
        ) {
            *normalized = (x - mean) * inverse;
            *for_scale += gradient * *normalized;
            *for_shift += gradient;
        }
        let Some(into) = &mut into else {
            continue;
        };
        for (gradient, scale) in gradient.iter_mut().zip(scale) {
            *gradient *= scale;
        }
        let along = dot(gradient, &normalized) / width as f32;
        let level = match centered {
            true => sum(gradient) / width as f32,
            false => 0.0,
        };
        let into = &mut into.numbers[index * width..(index + 1) * width];
        let values = gradient.iter().zip(&normalized);
        if fresh {
            for (into, (gradient, normalized)) in into.iter_mut().zip(values) {
                *into = inverse * (gradient - level - normalized * along);
            }
        } else {
            for (into, (gradient, normalized)) in into.iter_mut().zip(values) {
                *into += inverse * (gradient - level - normalized * along);
            }
        }
    }
}

/// Runs [`normalize_back`] and hands its sums to the parameters' gradients.
fn backward(mut call: Backward<'_>, width: usize, centered: bool) {
    let (mut for_scale, mut for_shift) = (vec![0.0; width], vec![0.0; width]);
    vectorized!(normalize_back(
        &mut call,
        width,
        centered,
        &mut for_scale,
        &mut for_shift
    ));
    for (sum, numbers) in call.for_parameters.iter_mut().zip([for_scale, for_shift]) {
        if let Some(sum) = sum {
            sum.add(&numbers);
        }
    }
}

impl Op for LayerNorm {
    fn name(&self) -> &'static str {
        "layer norm"
    }

    fn saved(&self, rows: usize) -> usize {
        2 * rows * self.positions
    }

    fn work(&self) -> usize {
        8 * self.positions * self.width
    }

    fn forward(&self, call: Forward<'_>) {
        let (scale, shift) = (call.parameters[0], call.parameters[1]);
        vectorized!(normalize(
            call.inputs[0],
            scale,
            Some(shift),
            call.out,
            call.saved
        ));
    }

    fn backward(&self, call: Backward<'_>) {
        backward(call, self.width, true);
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.width))?;
        let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
        centered
            .broadcast_div(&(variance + f64::from(EPSILON))?.sqrt()?)?
            .broadcast_mul(&parameters[0])?
            .broadcast_add(&parameters[1])
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::norm::norm(&inputs[0], &parameters[0], Some(&parameters[1]))
    }
}

impl Op for RmsNorm {
    fn name(&self) -> &'static str {
        "rms norm"
    }

    fn saved(&self, rows: usize) -> usize {
        2 * rows * self.positions
    }

    fn work(&self) -> usize {
        6 * self.positions * self.width
    }

    fn forward(&self, call: Forward<'_>) {
        vectorized!(normalize(
            call.inputs[0],
            call.parameters[0],
            None,
            call.out,
            call.saved
        ));
    }

    fn backward(&self, call: Backward<'_>) {
        backward(call, self.width, false);
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.width))?;
        let square = x.sqr()?.mean_keepdim(D::Minus1)?;
        x.broadcast_div(&(square + f64::from(EPSILON))?.sqrt()?)?
            .broadcast_mul(&parameters[0])
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::norm::norm(&inputs[0], &parameters[0], None)
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
        fn agrees_with_candle(rows in 1..9usize, positions in 1..5usize, width in 5..70usize, seed: u64) {
            let case = || Case::new(rows, seed).input(&[positions, width]).parameter(&[width]);
            case().parameter(&[width]).agrees(LayerNorm { positions, width }, &[positions, width]);
            case().agrees(RmsNorm { positions, width }, &[positions, width]);
        }

        #[test]
        fn agrees_with_candle_on_short_vectors(rows in 1..9usize, positions in 1..5usize, width in 2..5usize, seed: u64) {
            let case = || Case::new(rows, seed).input_apart(&[positions, width], 1).parameter(&[width]);
            case().parameter(&[width]).agrees(LayerNorm { positions, width }, &[positions, width]);
            case().agrees(RmsNorm { positions, width }, &[positions, width]);
        }
    }
}
