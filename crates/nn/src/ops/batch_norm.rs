//! Batch normalization (Ioffe and Szegedy, 2015): each channel by its mean and variance over the whole batch, also where
//! several threads have parts of it; predictions use running means of both.

use super::{Backward, CandleContext, EPSILON, Forward, Op, Pass, vector::vectorized};
use crate::fused::{self, Fused};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// Share of a new batch in the running means; PyTorch's default.
const MOMENTUM: f32 = 0.1;

/// `(x - mean) / deviation * scale + shift` for x [rows, positions, channels]; the parameters are scale, shift and, not
/// trained, running mean and running variance, each [channels].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct BatchNorm {
    /// Places of a row: pixels of an image, steps of a sequence, 1 for a table.
    pub positions: usize,
    /// Numbers of a place.
    pub channels: usize,
}

/// Sums of the numbers and of their squares.
#[inline(always)]
fn moments(x: &[f32], width: usize, sums: &mut [f64]) {
    let (first, second) = sums.split_at_mut(width);
    for x in x.chunks_exact(width) {
        for ((x, first), second) in x.iter().zip(first.iter_mut()).zip(second.iter_mut()) {
            let x = f64::from(*x);
            *first += x;
            *second += x * x;
        }
    }
}

/// `out = (x - mean) * factor + shift` by channel.
#[inline(always)]
fn map(x: &[f32], mean: &[f32], factor: &[f32], shift: &[f32], out: &mut [f32]) {
    let width = mean.len();
    for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        for ((out, x), ((mean, factor), shift)) in
            out.iter_mut().zip(x).zip(mean.iter().zip(factor).zip(shift))
        {
            *out = (x - mean) * factor + shift;
        }
    }
}

/// Sums of the gradient and of its products with the normalized numbers.
#[inline(always)]
fn gradient_sums(x: &[f32], gradient: &[f32], mean: &[f32], inverse: &[f32], sums: &mut [f32]) {
    let width = mean.len();
    let (first, second) = sums.split_at_mut(width);
    for (x, gradient) in x.chunks_exact(width).zip(gradient.chunks_exact(width)) {
        for (((x, gradient), (mean, inverse)), (first, second)) in x
            .iter()
            .zip(gradient)
            .zip(mean.iter().zip(inverse))
            .zip(first.iter_mut().zip(second.iter_mut()))
        {
            *first += gradient;
            *second += gradient * (x - mean) * inverse;
        }
    }
}

/// Overwrites the gradient by the result with that by the input: `factor * (gradient - level - (x - mean) * slope)`.
#[inline(always)]
fn gradient_map(x: &[f32], gradient: &mut [f32], mean: &[f32], factor: &[f32], level: &[f32], slope: &[f32]) {
    let width = mean.len();
    for (x, gradient) in x.chunks_exact(width).zip(gradient.chunks_exact_mut(width)) {
        for (((x, gradient), (mean, factor)), (level, slope)) in x
            .iter()
            .zip(gradient)
            .zip(mean.iter().zip(factor))
            .zip(level.iter().zip(slope))
        {
            *gradient = factor * (*gradient - level - (x - mean) * slope);
        }
    }
}

impl BatchNorm {
    /// Mean and variance from what shards share: sums, sums of squares and, last, how many numbers they are of.
    fn statistics(&self, shared: &[f64]) -> (Vec<f32>, Vec<f32>) {
        let count = shared[2 * self.channels];
        (0..self.channels)
            .map(|channel| {
                let first = shared[channel] / count;
                let second = shared[self.channels + channel] / count;
                (first as f32, (second - first * first).max(0.0) as f32)
            })
            .unzip()
    }
}

impl Op for BatchNorm {
    fn name(&self) -> &'static str {
        "batch norm"
    }

    /// Mean and inverse deviation, and this shard's sums of gradients.
    fn saved(&self, _rows: usize) -> usize {
        4 * self.channels
    }

    fn work(&self) -> usize {
        8 * self.positions * self.channels
    }

    fn shared(&self) -> usize {
        2 * self.channels + 1
    }

    fn share_forward(&self, rows: usize, inputs: &[&[f32]], out: &mut [f64]) {
        vectorized!(moments(inputs[0], self.channels, &mut out[..2 * self.channels]));
        out[2 * self.channels] = (rows * self.positions) as f64;
    }

    fn forward(&self, call: Forward<'_>) {
        let [scale, shift, running_mean, running_variance] = call.parameters else {
            unreachable!("batch norm has four parameters")
        };
        let (mean, variance) = match call.context.pass {
            Pass::Train { .. } => self.statistics(call.shared),
            Pass::Evaluate => (running_mean.to_vec(), running_variance.to_vec()),
        };
        let (kept_mean, rest) = call.saved.split_at_mut(self.channels);
        let inverse = &mut rest[..self.channels];
        kept_mean.copy_from_slice(&mean);
        for (inverse, variance) in inverse.iter_mut().zip(&variance) {
            *inverse = 1.0 / (variance + EPSILON).sqrt();
        }
        let factor: Vec<f32> = inverse
            .iter()
            .zip(*scale)
            .map(|(inverse, scale)| inverse * scale)
            .collect();
        vectorized!(map(call.inputs[0], &mean, &factor, shift, call.out));
    }

    fn share_backward(&self, call: &mut Backward<'_>, out: &mut [f64]) {
        let (known, sums) = call.saved.split_at_mut(2 * self.channels);
        let (mean, inverse) = known.split_at(self.channels);
        sums.fill(0.0);
        vectorized!(gradient_sums(call.inputs[0], call.gradient, mean, inverse, sums));
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = f64::from(*sum);
        }
        out[2 * self.channels] = (call.rows * self.positions) as f64;
    }

    fn backward(&self, call: Backward<'_>) {
        let (mean, rest) = call.saved.split_at(self.channels);
        let (inverse, own) = rest.split_at(self.channels);
        let (for_shift, for_scale) = own.split_at(self.channels);
        for (sum, numbers) in call.for_parameters.iter_mut().zip([for_scale, for_shift]) {
            if let Some(sum) = sum {
                sum.add(numbers);
            }
        }
        let Some(sum) = &mut call.for_inputs[0] else {
            return;
        };
        let count = call.shared[2 * self.channels];
        let by_channel = |of: &dyn Fn(usize) -> f32| (0..self.channels).map(of).collect::<Vec<f32>>();
        let factor = by_channel(&|channel| call.parameters[0][channel] * inverse[channel]);
        let level = by_channel(&|channel| (call.shared[channel] / count) as f32);
        let slope =
            by_channel(&|channel| (call.shared[self.channels + channel] / count) as f32 * inverse[channel]);
        vectorized!(gradient_map(
            call.inputs[0],
            call.gradient,
            mean,
            &factor,
            &level,
            &slope
        ));
        sum.add(call.gradient);
    }

    fn observe(&self, shared: &[f64], parameters: &mut [&mut [f32]]) {
        let (mean, variance) = self.statistics(shared);
        let count = shared[2 * self.channels];
        let unbiased = (count / (count - 1.0).max(1.0)) as f32;
        for (running, mean) in parameters[2].iter_mut().zip(mean) {
            *running += MOMENTUM * (mean - *running);
        }
        for (running, variance) in parameters[3].iter_mut().zip(variance) {
            *running += MOMENTUM * (variance * unbiased - *running);
        }
    }

    fn by_candle(
        &self,
        inputs: &[Tensor],
        parameters: &[Tensor],
        context: &CandleContext<'_>,
    ) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.channels))?;
        let (mean, variance) = match context.pass {
            Pass::Train { .. } => {
                let mean = x.mean_keepdim(0)?;
                let variance = x.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?;
                (mean, variance)
            }
            Pass::Evaluate => (parameters[2].clone(), parameters[3].clone()),
        };
        x.broadcast_sub(&mean)?
            .broadcast_div(&(variance + f64::from(EPSILON))?.sqrt()?)?
            .broadcast_mul(&parameters[0])?
            .broadcast_add(&parameters[1])
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], context: &CandleContext<'_>) -> Result<Fused> {
        let known = match context.pass {
            Pass::Train { .. } => None,
            Pass::Evaluate => Some((&parameters[2], &parameters[3])),
        };
        fused::batch_norm::batch_norm(&inputs[0], &parameters[0], &parameters[1], known)
    }

    fn observe_by_candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> Result<Option<Vec<Tensor>>> {
        let x = inputs[0].detach().reshape(((), self.channels))?;
        let count = x.dim(0)? as f64;
        let mean = x.mean(0)?;
        let variance = (x.broadcast_sub(&mean)?.sqr()?.sum(0)? / (count - 1.0).max(1.0))?;
        let moved = |running: &Tensor, new: &Tensor| {
            (running.detach() * f64::from(1.0 - MOMENTUM))? + (new * f64::from(MOMENTUM))?
        };
        Ok(Some(vec![
            parameters[0].clone(),
            parameters[1].clone(),
            moved(&parameters[2], &mean)?,
            moved(&parameters[3], &variance)?,
        ]))
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
        fn agrees_with_candle(rows in 5..9usize, positions in 1..7usize, channels in 1..20usize, seed: u64) {
            Case::new(rows, seed)
                .input(&[positions, channels])
                .parameter(&[channels])
                .parameter(&[channels])
                .observed(&[channels])
                .observed(&[channels])
                .agrees(BatchNorm { positions, channels }, &[positions, channels]);
        }

        #[test]
        fn agrees_with_candle_on_few_rows(rows in 2..5usize, positions in 1..7usize, channels in 1..20usize, seed: u64) {
            Case::new(rows, seed)
                .input_apart(&[positions, channels], channels)
                .parameter(&[channels])
                .parameter(&[channels])
                .observed(&[channels])
                .observed(&[channels])
                .agrees(BatchNorm { positions, channels }, &[positions, channels]);
        }
    }
}
