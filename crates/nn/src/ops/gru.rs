//! Gated recurrent unit (Cho et al., 2014) over a whole sequence, with its backward pass through time.

use super::{
    Backward, CandleContext, Forward, Op,
    matmul::{Matrix, MatrixMut, multiply},
    recurrent::Sizes,
    vector::{sigmoid, tanh, vectorized},
};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// [rows, positions, inputs] to the state after each position, [rows, positions, hidden]. Gates are PyTorch's: reset,
/// update, new (whose product with the state is scaled by the reset gate); so are the parameters ([`Sizes`]).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Gru {
    /// Length of the sequence.
    pub positions: usize,
    /// Numbers of an input vector.
    pub inputs: usize,
    /// Numbers of the state.
    pub hidden: usize,
}

/// `gates` go in as products with the input, `products` as those with the state. Out come the gates' values, and in the
/// last third of `products` that of the new gate with its bias, which the backward pass needs.
#[inline(always)]
fn forward_step(
    gates: &mut [f32],
    products: &mut [f32],
    input_bias: &[f32],
    state_bias: &[f32],
    before: &[f32],
    state: &mut [f32],
) {
    let hidden = state.len();
    let (resets, rest) = gates.split_at_mut(hidden);
    let (updates, news) = rest.split_at_mut(hidden);
    let news = &mut news[..hidden];
    let (reset_products, rest) = products.split_at_mut(hidden);
    let (update_products, new_products) = rest.split_at_mut(hidden);
    let new_products = &mut new_products[..hidden];
    let before = &before[..hidden];
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

/// Overwrites the gates with the gradients by the products with the input, and the products with those by the products
/// with the state; `carried` gets what reaches the state before directly.
#[inline(always)]
fn backward_step(
    gates: &mut [f32],
    products: &mut [f32],
    before: &[f32],
    for_state: &[f32],
    carried: &mut [f32],
) {
    let hidden = for_state.len();
    let (resets, rest) = gates.split_at_mut(hidden);
    let (updates, news) = rest.split_at_mut(hidden);
    let news = &mut news[..hidden];
    let (by_reset, rest) = products.split_at_mut(hidden);
    let (by_update, new_products) = rest.split_at_mut(hidden);
    let new_products = &mut new_products[..hidden];
    let (before, carried) = (&before[..hidden], &mut carried[..hidden]);
    for i in 0..hidden {
        let (reset, update, new, product) = (resets[i], updates[i], news[i], new_products[i]);
        let gradient = for_state[i];
        let for_new = gradient * (1.0 - update) * (1.0 - new * new);
        let for_update = gradient * (before[i] - new) * update * (1.0 - update);
        let for_reset = for_new * product * reset * (1.0 - reset);
        (resets[i], updates[i], news[i]) = (for_reset, for_update, for_new);
        (by_reset[i], by_update[i], new_products[i]) = (for_reset, for_update, for_new * reset);
        carried[i] = gradient * update;
    }
}

impl Gru {
    fn sizes(&self) -> Sizes {
        Sizes {
            positions: self.positions,
            inputs: self.inputs,
            hidden: self.hidden,
            gates: 3,
        }
    }
}

impl Op for Gru {
    fn name(&self) -> &'static str {
        "gru"
    }

    /// Gates, and products with the state, of all positions.
    fn saved(&self, rows: usize) -> usize {
        rows * self.positions * 6 * self.hidden
    }

    fn work(&self) -> usize {
        self.sizes().work()
    }

    fn forward(&self, call: Forward<'_>) {
        let (sizes, rows, hidden) = (self.sizes(), call.rows, self.hidden);
        let width = sizes.width();
        let (gates, products) = call.saved.split_at_mut(rows * self.positions * width);
        sizes.project(rows, call.inputs[0], call.parameters[0], gates);
        let weight = sizes.transposed(call.parameters[1]);
        let weight = Matrix::new(&weight, hidden, width);
        let (input_bias, state_bias) = (call.parameters[2], call.parameters[3]);
        let zeros = vec![0.0; hidden];
        for position in 0..self.positions {
            if position > 0 {
                let state = sizes.at(call.out, rows, position - 1, hidden);
                multiply(
                    sizes.at_mut(products, rows, position, width),
                    state,
                    weight,
                    false,
                );
            }
            for row in 0..rows {
                let place = row * self.positions + position;
                let products = &mut products[place * width..][..width];
                let (earlier, later) = call.out.split_at_mut(place * hidden);
                let before = match position {
                    0 => {
                        products.fill(0.0);
                        &zeros
                    }
                    _ => &earlier[(place - 1) * hidden..],
                };
                let gates = &mut gates[place * width..][..width];
                let state = &mut later[..hidden];
                vectorized!(forward_step(
                    gates, products, input_bias, state_bias, before, state
                ));
            }
        }
    }

    fn backward(&self, mut call: Backward<'_>) {
        let (sizes, rows, hidden) = (self.sizes(), call.rows, self.hidden);
        let width = sizes.width();
        let saved = std::mem::take(&mut call.saved);
        let (gates, products) = saved.split_at_mut(rows * self.positions * width);
        let weight = Matrix::new(call.parameters[1], width, hidden);
        let zeros = vec![0.0; hidden];
        let mut carried = vec![0.0; rows * hidden];
        for position in (0..self.positions).rev() {
            for row in 0..rows {
                let place = row * self.positions + position;
                let before = match position {
                    0 => &zeros,
                    _ => &call.out[(place - 1) * hidden..][..hidden],
                };
                let gates = &mut gates[place * width..][..width];
                let products = &mut products[place * width..][..width];
                let for_state = &call.gradient[place * hidden..][..hidden];
                let carried = &mut carried[row * hidden..][..hidden];
                vectorized!(backward_step(gates, products, before, for_state, carried));
            }
            if position > 0 {
                let by_products = sizes.at(products, rows, position, width);
                multiply(
                    MatrixMut::new(&mut carried, rows, hidden),
                    by_products,
                    weight,
                    true,
                );
                for (row, carried) in carried.chunks_exact(hidden).enumerate() {
                    let place = row * self.positions + position - 1;
                    super::vector::add(&mut call.gradient[place * hidden..][..hidden], carried);
                }
            }
        }
        sizes.gradients(&mut call, gates, products);
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.positions, self.inputs))?;
        let (rows, hidden) = (x.dim(0)?, self.hidden);
        let mut state = Tensor::zeros((rows, hidden), x.dtype(), x.device())?;
        let mut states = Vec::new();
        let sigmoid = |x: Tensor| ((x * 0.5)?.tanh()? + 1.0)? * 0.5;
        for position in 0..self.positions {
            let x = x
                .narrow(1, position, 1)?
                .squeeze(1)?
                .matmul(&parameters[0].t()?)?
                .broadcast_add(&parameters[2])?;
            let h = state.matmul(&parameters[1].t()?)?.broadcast_add(&parameters[3])?;
            let part = |of: &Tensor, index: usize| of.narrow(1, index * hidden, hidden);
            let reset = sigmoid((part(&x, 0)? + part(&h, 0)?)?)?;
            let update = sigmoid((part(&x, 1)? + part(&h, 1)?)?)?;
            let new = (part(&x, 2)? + (reset * part(&h, 2)?)?)?.tanh()?;
            state = (&new + (update * (state - &new)?)?)?;
            states.push(state.clone());
        }
        Tensor::stack(&states, 1)
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
            rows in 1..6usize, positions in 1..6usize, inputs in 1..6usize, hidden in 1..20usize, seed: u64,
        ) {
            Case::new(rows, seed)
                .input(&[positions, inputs])
                .parameter(&[3 * hidden, inputs])
                .parameter(&[3 * hidden, hidden])
                .parameter(&[3 * hidden])
                .parameter(&[3 * hidden])
                .agrees(Gru { positions, inputs, hidden }, &[positions, hidden]);
        }
    }
}
