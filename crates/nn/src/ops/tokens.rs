//! The input of a text model: a learned vector for each token and each position.

use super::{
    Backward, CandleContext, Forward, Op, Sum,
    lookup::{known, known_by_candle},
    vector::vectorized,
};
use crate::fused::{Fused, Gradients, embed::tokens, linear::offset};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// From the batch's tokens [rows, positions] to `vectors[token] + places[position]`, [rows, positions, width]; the
/// parameters are vectors [tokens, width] and places [positions, width].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Tokens {
    /// Length of the sequence.
    pub positions: usize,
    /// Tokens that there are; one beyond counts as 0.
    pub tokens: usize,
    /// Numbers of a vector.
    pub width: usize,
}

impl Op for Tokens {
    fn name(&self) -> &'static str {
        "tokens"
    }

    fn work(&self) -> usize {
        self.positions * self.width
    }

    fn forward(&self, call: Forward<'_>) {
        let (vectors, places) = (call.parameters[0], call.parameters[1]);
        let all = call
            .context
            .indices
            .iter()
            .zip(call.out.chunks_exact_mut(self.width));
        for (at, (index, out)) in all.enumerate() {
            let vector = &vectors[known(*index, self.tokens) * self.width..][..self.width];
            let place = &places[at % self.positions * self.width..][..self.width];
            vectorized!(
                for ((out, vector), place) in out.iter_mut().zip(vector).zip(place) {
                    *out = vector + place;
                }
            );
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let [for_vectors, for_places] = call.for_parameters else {
            unreachable!("tokens have two parameters")
        };
        let (mut for_vectors, mut for_places) = (
            for_vectors.as_mut().map(Sum::to_add),
            for_places.as_mut().map(Sum::to_add),
        );
        let all = call
            .context
            .indices
            .iter()
            .zip(call.gradient.chunks_exact(self.width));
        for (at, (index, gradient)) in all.enumerate() {
            if let Some(sum) = &mut for_vectors {
                super::vector::add(
                    &mut sum[known(*index, self.tokens) * self.width..][..self.width],
                    gradient,
                );
            }
            if let Some(sum) = &mut for_places {
                super::vector::add(
                    &mut sum[at % self.positions * self.width..][..self.width],
                    gradient,
                );
            }
        }
    }

    fn by_candle(&self, _: &[Tensor], parameters: &[Tensor], context: &CandleContext<'_>) -> Result<Tensor> {
        let indices = known_by_candle(context.indices, self.tokens)?;
        parameters[0]
            .index_select(&indices, 0)?
            .reshape(((), self.positions, self.width))?
            .broadcast_add(&parameters[1])
    }

    fn fused(&self, _: &[Tensor], parameters: &[Tensor], context: &CandleContext<'_>) -> Result<Fused> {
        let (rows, vectors) = (context.indices.dim(0)?, context.indices.elem_count());
        let made = tokens(&parameters[0], context.indices)?;
        let placed = offset(&made.result.reshape((rows, ()))?, &parameters[1])?;
        let width = self.width;
        Ok(Fused::new(placed.result, move |gradient, _| {
            let by_vector = (made.backward)(&gradient.reshape((vectors, width))?, false)?;
            let by_place = (placed.backward)(gradient, false)?;
            Ok(Gradients {
                inputs: Vec::new(),
                parameters: [by_vector.parameters, by_place.parameters].concat(),
            })
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
        fn agrees_with_candle(
            rows in 1..5usize, positions in 1..7usize, tokens in 1..9usize, width in 1..40usize, seed: u64,
        ) {
            Case::new(rows, seed)
                .indices(positions, tokens as u32 + 1)
                .parameter(&[tokens, width])
                .parameter(&[positions, width])
                .agrees(Tokens { positions, tokens, width }, &[positions, width]);
        }
    }
}
