//! A weighted sum of learned vectors: the input of a model of texts as bags of words (Joulin et al., "Bag of Tricks for
//! Efficient Text Classification", 2017).

use super::{
    Backward, CandleContext, Forward, Op, Sum,
    lookup::{known, known_by_candle},
    vector,
};
use crate::fused::{Fused, Gradients, embed::tokens, linear::offset};
use candle_core::{Result, Tensor};

/// From weights [rows, positions] and the batch's tokens [rows, positions] to `Σ weight · vectors[token] + offset`,
/// [rows, width]; the parameters are vectors [tokens, width] and an offset [width]. A weight of 0 is no token.
#[derive(Debug, Clone, Copy)]
pub struct Bag {
    /// Tokens of a row at most.
    pub positions: usize,
    /// Tokens that there are; one beyond counts as 0.
    pub tokens: usize,
    /// Numbers of a vector.
    pub width: usize,
}

impl Op for Bag {
    fn name(&self) -> &'static str {
        "bag"
    }

    fn work(&self) -> usize {
        self.positions * self.width
    }

    fn forward(&self, call: Forward<'_>) {
        let (vectors, offset) = (call.parameters[0], call.parameters[1]);
        let weights = call.inputs[0].chunks_exact(self.positions);
        let tokens = call.context.indices.chunks_exact(self.positions);
        for ((out, weights), tokens) in call.out.chunks_exact_mut(self.width).zip(weights).zip(tokens) {
            out.copy_from_slice(offset);
            for (&weight, &token) in weights.iter().zip(tokens) {
                if weight != 0.0 {
                    let vector = &vectors[known(token, self.tokens) * self.width..][..self.width];
                    for (out, number) in out.iter_mut().zip(vector) {
                        *out += weight * number;
                    }
                }
            }
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let vectors = call.parameters[0];
        let [for_vectors, for_offset] = call.for_parameters else {
            unreachable!("a bag has two parameters")
        };
        let (mut for_vectors, mut for_offset) = (
            for_vectors.as_mut().map(Sum::to_add),
            for_offset.as_mut().map(Sum::to_add),
        );
        let mut for_weights = call.for_inputs[0].as_mut().map(Sum::to_add);
        let weights = call.inputs[0].chunks_exact(self.positions);
        let tokens = call.context.indices.chunks_exact(self.positions);
        let rows = call.gradient.chunks_exact(self.width).zip(weights).zip(tokens);
        for (row, ((gradient, weights), tokens)) in rows.enumerate() {
            if let Some(sum) = &mut for_offset {
                vector::add(sum, gradient);
            }
            for (position, (&weight, &token)) in weights.iter().zip(tokens).enumerate() {
                let at = known(token, self.tokens) * self.width;
                if let Some(sum) = &mut for_vectors
                    && weight != 0.0
                {
                    for (sum, number) in sum[at..at + self.width].iter_mut().zip(gradient) {
                        *sum += weight * number;
                    }
                }
                if let Some(sum) = &mut for_weights {
                    let vector = &vectors[at..at + self.width];
                    let product: f32 = vector.iter().zip(gradient).map(|(a, b)| a * b).sum();
                    sum[row * self.positions + position] += product;
                }
            }
        }
    }

    fn by_candle(
        &self,
        inputs: &[Tensor],
        parameters: &[Tensor],
        context: &CandleContext<'_>,
    ) -> Result<Tensor> {
        let indices = known_by_candle(context.indices, self.tokens)?;
        let vectors = parameters[0]
            .index_select(&indices, 0)?
            .reshape(((), self.positions, self.width))?;
        let weights = inputs[0].reshape(((), self.positions, 1))?;
        vectors
            .broadcast_mul(&weights)?
            .sum(1)?
            .broadcast_add(&parameters[1])
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], context: &CandleContext<'_>) -> Result<Fused> {
        let (rows, positions, width) = (inputs[0].dim(0)?, self.positions, self.width);
        let made = tokens(&parameters[0], context.indices)?;
        let vectors = made.result.reshape((rows, positions, width))?;
        let weights = inputs[0].reshape((rows, positions, 1))?;
        let sum = offset(&vectors.broadcast_mul(&weights)?.sum(1)?, &parameters[1])?;
        Ok(Fused::new(sum.result, move |gradient, needed| {
            let by_sum = gradient.reshape((rows, 1, width))?;
            let by_weights = match needed {
                true => Some(vectors.broadcast_mul(&by_sum)?.sum(2)?),
                false => None,
            };
            let by_vectors = by_sum
                .broadcast_mul(&weights)?
                .reshape((rows * positions, width))?;
            let by_table = (made.backward)(&by_vectors, false)?.parameters;
            Ok(Gradients {
                inputs: vec![by_weights],
                parameters: [by_table, (sum.backward)(gradient, false)?.parameters].concat(),
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
                .input(&[positions])
                .indices(positions, tokens as u32 + 1)
                .parameter(&[tokens, width])
                .parameter(&[width])
                .agrees(Bag { positions, tokens, width }, &[width]);
        }
    }
}
