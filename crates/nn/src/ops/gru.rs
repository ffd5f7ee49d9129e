//! Gated recurrent unit (Cho et al., 2014). Gates are PyTorch's: reset, update, new (whose product with the state is scaled
//! by the reset gate).

use super::{
    recurrent::{BackwardStep, Cell, ForwardStep, sigmoid_by_candle},
    vector::{sigmoid, tanh, vectorized},
};
use candle_core::{Result, Tensor};

/// The cell of a recurrent layer without a memory besides its state. A position keeps the products with the state.
#[derive(Debug, Clone, Copy)]
pub struct Gru;

/// The three parts of a row of gates.
#[inline(always)]
fn thirds(numbers: &mut [f32], hidden: usize) -> [&mut [f32]; 3] {
    let (first, rest) = numbers.split_at_mut(hidden);
    let (second, third) = rest.split_at_mut(hidden);
    [first, second, &mut third[..hidden]]
}

/// All rows of a position. `gates` go in as products with the input, `products` as those with the state. Out come the
/// gates' values, and in the last third of `products` that of the new gate with its bias, which the way back needs.
#[inline(always)]
fn forward_rows(
    gates: &mut [f32],
    products: &mut [f32],
    [input_bias, state_bias]: [&[f32]; 2],
    before: &[f32],
    states: &mut [f32],
    hidden: usize,
) {
    let width = 3 * hidden;
    let (input_bias, state_bias) = (&input_bias[..width], &state_bias[..width]);
    for (row, gates) in gates.chunks_exact_mut(width).enumerate() {
        let [resets, updates, news] = thirds(gates, hidden);
        let [reset_products, update_products, new_products] =
            thirds(&mut products[row * width..][..width], hidden);
        let before = &before[row * hidden..][..hidden];
        let state = &mut states[row * hidden..][..hidden];
        for i in 0..hidden {
            let reset = sigmoid(resets[i] + reset_products[i] + input_bias[i] + state_bias[i]);
            let update =
                sigmoid(updates[i] + update_products[i] + input_bias[hidden + i] + state_bias[hidden + i]);
            let product = new_products[i] + state_bias[2 * hidden + i];
            let new = tanh(news[i] + input_bias[2 * hidden + i] + reset * product);
            (resets[i], updates[i], news[i]) = (reset, update, new);
            new_products[i] = product;
            state[i] = new + update * (before[i] - new);
        }
    }
}

/// Overwrites the gates with the gradients by the products with the input, the products with those by the products with the
/// state, and `for_states` with what reaches the state before directly.
#[inline(always)]
fn backward_rows(
    gates: &mut [f32],
    products: &mut [f32],
    before: &[f32],
    for_states: &mut [f32],
    hidden: usize,
) {
    let width = 3 * hidden;
    for (row, gates) in gates.chunks_exact_mut(width).enumerate() {
        let [resets, updates, news] = thirds(gates, hidden);
        let [by_reset, by_update, new_products] = thirds(&mut products[row * width..][..width], hidden);
        let before = &before[row * hidden..][..hidden];
        let for_state = &mut for_states[row * hidden..][..hidden];
        for i in 0..hidden {
            let (reset, update, new, product) = (resets[i], updates[i], news[i], new_products[i]);
            let gradient = for_state[i];
            let for_new = gradient * (1.0 - update) * (1.0 - new * new);
            let for_update = gradient * (before[i] - new) * update * (1.0 - update);
            let for_reset = for_new * product * reset * (1.0 - reset);
            (resets[i], updates[i], news[i]) = (for_reset, for_update, for_new);
            (by_reset[i], by_update[i], new_products[i]) = (for_reset, for_update, for_new * reset);
            for_state[i] = gradient * update;
        }
    }
}

impl Cell for Gru {
    const NAME: &'static str = "gru";
    const GATES: usize = 3;
    const KEPT: usize = 3;
    const APART: bool = true;

    fn forward(step: ForwardStep<'_>) {
        let ForwardStep {
            hidden,
            gates,
            kept,
            before,
            state,
            bias,
            ..
        } = step;
        vectorized!(forward_rows(gates, kept, bias, before, state, hidden));
    }

    fn backward(step: BackwardStep<'_>) {
        let BackwardStep {
            hidden,
            gates,
            kept,
            before,
            for_state,
            ..
        } = step;
        vectorized!(backward_rows(gates, kept, before, for_state, hidden));
    }

    fn by_candle(
        input: &Tensor,
        product: &Tensor,
        before: &Tensor,
        _: Option<Tensor>,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let hidden = before.dim(1)?;
        let part = |of: &Tensor, index: usize| of.narrow(1, index * hidden, hidden);
        let reset = sigmoid_by_candle(&(part(input, 0)? + part(product, 0)?)?)?;
        let update = sigmoid_by_candle(&(part(input, 1)? + part(product, 1)?)?)?;
        let new = (part(input, 2)? + (reset * part(product, 2)?)?)?.tanh()?;
        let state = (&new + (update * (before - &new)?)?)?;
        Ok((state, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{recurrent::Recurrent, tests::Case};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn agrees_with_candle(
            rows in 1..6usize, positions in 1..6usize, inputs in 1..6usize, hidden in 1..20usize, seed: u64,
        ) {
            Case::new(rows, seed)
                .input(&[positions, inputs])
                .parameter(&[3 * hidden, inputs])
                .parameter(&[3 * hidden, hidden])
                .parameter(&[3 * hidden])
                .parameter(&[3 * hidden])
                .agrees(Recurrent::<Gru>::new(positions, inputs, hidden), &[positions, hidden]);
        }
    }
}
