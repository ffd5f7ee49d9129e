//! Scaled dot product attention with several heads (Vaswani et al., 2017).

use super::{
    Backward, CandleContext, Forward, Op,
    matmul::{Matrix, MatrixMut},
    right::Right,
    transposed::multiply_transposed,
    vector::{dot, exp, highest, sum, vectorized},
    windows::Windows,
};
use crate::fused::{self, Fused};
use candle_core::{D, Result, Tensor};
use serde::Serialize;

/// `softmax(q k^T / √size) v` of each head. The input is [rows, positions, 3 * heads * size]: queries of all heads, then
/// keys, then values; the result is [rows, positions, heads * size].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Attention {
    /// Length of the sequence.
    pub positions: usize,
    /// Heads.
    pub heads: usize,
    /// Numbers of a head's vector.
    pub size: usize,
    /// Whether a position sees only itself and those before it.
    pub causal: bool,
    /// Whether positions whose token is 0 (the filling up of short texts) aren't seen; the batch's indices are then
    /// [rows, positions]. A sequence of nothing else sees its first position.
    pub masked: bool,
}

/// Where queries, keys and values of a head begin and how far it is to the next position.
struct Places {
    stride: usize,
    query: usize,
    key: usize,
    value: usize,
}

/// Turns scores into shares of the positions that are seen: `exp(score * scale)` over their sum, 0 for the others.
#[inline(always)]
fn softmax(scores: &mut [f32], scale: f32, seen: Option<&[bool]>) {
    if let Some(seen) = seen {
        for (score, seen) in scores.iter_mut().zip(seen) {
            *score = if *seen { *score } else { f32::NEG_INFINITY };
        }
    }
    let highest = highest(scores);
    for score in scores.iter_mut() {
        // exp never gives 0, and what isn't seen must not count.
        let share = exp((*score - highest) * scale);
        *score = if *score == f32::NEG_INFINITY { 0.0 } else { share };
    }
    let factor = 1.0 / sum(scores);
    for score in scores.iter_mut() {
        *score *= factor;
    }
}

/// From the gradient by the shares to that by the scores: `shares * (gradient - Σ gradient * shares) * scale`.
#[inline(always)]
fn softmax_back(gradient: &mut [f32], shares: &[f32], scale: f32) {
    let along = dot(gradient, shares);
    for (gradient, share) in gradient.iter_mut().zip(shares) {
        *gradient = share * (*gradient - along) * scale;
    }
}

impl Attention {
    fn width(&self) -> usize {
        self.heads * self.size
    }

    fn scale(&self) -> f32 {
        1.0 / (self.size as f32).sqrt()
    }

    fn places(&self, head: usize) -> Places {
        let width = self.width();
        Places {
            stride: 3 * width,
            query: head * self.size,
            key: width + head * self.size,
            value: 2 * width + head * self.size,
        }
    }

    /// One head's vectors that begin at `start`.
    fn part<'a>(&self, numbers: &'a [f32], start: usize, stride: usize) -> Matrix<'a> {
        Matrix::strided(&numbers[start..], self.positions, self.size, stride, 1)
    }

    /// The same to write to.
    fn part_mut<'a>(&self, numbers: &'a mut [f32], start: usize, stride: usize) -> MatrixMut<'a> {
        MatrixMut::strided(&mut numbers[start..], self.positions, self.size, stride, 1)
    }

    /// The same as the left side of a product.
    fn rows<'a>(&self, numbers: &'a [f32], start: usize, stride: usize) -> Windows<'a> {
        Windows::new(
            &numbers[start..],
            [1, self.positions],
            [0, stride],
            &[0],
            self.size,
        )
    }

    /// Which positions of a row are seen; `None` where all are.
    fn seen(&self, indices: &[u32], row: usize) -> Option<Vec<bool>> {
        self.masked.then(|| {
            let tokens = &indices[row * self.positions..][..self.positions];
            let mut seen: Vec<bool> = tokens.iter().map(|token| *token != 0).collect();
            seen[0] |= !seen.contains(&true) || self.causal;
            seen
        })
    }
}

impl Op for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    /// The shares, [rows, heads, positions, positions].
    fn saved(&self, rows: usize) -> usize {
        rows * self.heads * self.positions * self.positions
    }

    fn work(&self) -> usize {
        2 * self.positions * self.positions * (self.width() + 8 * self.heads)
    }

    fn forward(&self, call: Forward<'_>) {
        let (width, square) = (self.width(), self.positions * self.positions);
        let factors = call.context.factors;
        let rows = call.inputs[0]
            .chunks_exact(3 * self.positions * width)
            .zip(call.out.chunks_exact_mut(self.positions * width))
            .zip(call.saved.chunks_exact_mut(self.heads * square));
        for (row, ((x, out), saved)) in rows.enumerate() {
            let seen = self.seen(call.context.indices, row);
            for (head, shares) in saved.chunks_exact_mut(square).enumerate() {
                let at = self.places(head);
                let keys = Right::new(self.part(x, at.key, at.stride).transposed(), factors);
                keys.multiply(shares, self.rows(x, at.query, at.stride), false);
                vectorized!(
                    for (position, scores) in shares.chunks_exact_mut(self.positions).enumerate() {
                        let visible = if self.causal { position + 1 } else { self.positions };
                        let (scores, later) = scores.split_at_mut(visible);
                        softmax(scores, self.scale(), seen.as_deref());
                        later.fill(0.0);
                    }
                );
                let shares = Windows::matrix(shares, self.positions);
                let result = self.part_mut(out, head * self.size, width);
                let values = Right::new(self.part(x, at.value, at.stride), factors);
                values.multiply_into(result, shares, false);
            }
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let Some(sum) = &mut call.for_inputs[0] else {
            return;
        };
        let (width, square) = (self.width(), self.positions * self.positions);
        let factors = call.context.factors;
        let mut for_shares = vec![0.0; square];
        let rows = call.inputs[0]
            .chunks_exact(3 * self.positions * width)
            .zip(sum.numbers.chunks_exact_mut(3 * self.positions * width))
            .zip(call.gradient.chunks_exact(self.positions * width))
            .zip(call.saved.chunks_exact(self.heads * square));
        let more = !sum.fresh;
        for (((x, into), gradient), saved) in rows {
            for (head, shares) in saved.chunks_exact(square).enumerate() {
                let at = self.places(head);
                let part = |start| self.part(x, start, at.stride);
                let from = head * self.size;
                multiply_transposed(
                    self.part_mut(into, at.value, at.stride),
                    Windows::matrix(shares, self.positions),
                    self.part(gradient, from, width),
                    more,
                    factors,
                );
                let values = Right::new(part(at.value).transposed(), factors);
                values.multiply(&mut for_shares, self.rows(gradient, from, width), false);
                let scale = self.scale();
                vectorized!(for (gradient, shares) in for_shares
                    .chunks_exact_mut(self.positions)
                    .zip(shares.chunks_exact(self.positions))
                {
                    softmax_back(gradient, shares, scale);
                });
                let for_scores = Windows::matrix(&for_shares, self.positions);
                let for_keys = self.part_mut(into, at.key, at.stride);
                multiply_transposed(for_keys, for_scores, part(at.query), more, factors);
                let for_queries = self.part_mut(into, at.query, at.stride);
                Right::new(part(at.key), factors).multiply_into(for_queries, for_scores, more);
            }
        }
    }

    fn by_candle(&self, inputs: &[Tensor], _: &[Tensor], context: &CandleContext<'_>) -> Result<Tensor> {
        let (heads, size, positions) = (self.heads, self.size, self.positions);
        let x = inputs[0].reshape(((), positions, 3, heads, size))?;
        let rows = x.dim(0)?;
        let part = |index| x.narrow(2, index, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous();
        let (queries, keys, values) = (part(0)?, part(1)?, part(2)?);
        let mut scores = (queries.matmul(&keys.t()?)? * (1.0 / (size as f64).sqrt()))?;
        if self.causal || self.masked {
            let indices = match self.masked {
                true => context.indices.flatten_all()?.to_vec1::<u32>()?,
                false => Vec::new(),
            };
            let mut hidden = Vec::with_capacity(rows * positions * positions);
            for row in 0..rows {
                let seen = self.seen(&indices, row);
                for query in 0..positions {
                    hidden.extend((0..positions).map(|key| {
                        let unseen = seen.as_ref().is_some_and(|seen| !seen[key]);
                        if unseen || self.causal && key > query {
                            -1e30f32
                        } else {
                            0.0
                        }
                    }));
                }
            }
            let hidden = Tensor::from_vec(hidden, (rows, 1, positions, positions), x.device())?;
            scores = scores.broadcast_add(&hidden.to_dtype(scores.dtype())?)?;
        }
        // Not `softmax_last_dim`, which has no gradient.
        let shares = candle_nn::ops::softmax(&scores, D::Minus1)?;
        shares.matmul(&values)?.transpose(1, 2)?.contiguous()
    }

    fn fused(&self, inputs: &[Tensor], _: &[Tensor], context: &CandleContext<'_>) -> Result<Fused> {
        let tokens = self.masked.then_some(context.indices);
        fused::attention::attention(self, &inputs[0], tokens)
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
            rows in 1..4usize, positions in 1..9usize, heads in 1..4usize, size in 1..9usize,
            causal: bool, masked: bool, seed: u64,
        ) {
            let attention = Attention { positions, heads, size, causal, masked };
            Case::new(rows, seed)
                .input(&[positions, 3 * heads * size])
                .indices(positions, 3)
                .agrees(attention, &[positions, heads * size]);
        }

        #[test]
        fn comes_near_in_bf16(
            rows in 1..3usize, positions in 32..70usize, heads in 1..3usize, size in 32..40usize,
            causal: bool, masked: bool, seed: u64,
        ) {
            let attention = Attention { positions, heads, size, causal, masked };
            Case::new(rows, seed)
                .input(&[positions, 3 * heads * size])
                .indices(positions, 3)
                .comes_near_in_bf16(attention, &[positions, heads * size]);
        }
    }
}
