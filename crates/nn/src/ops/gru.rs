//! Gated recurrent unit (Cho et al., 2014). Gates are PyTorch's: reset, update, new (whose product with the state is scaled
//! by the reset gate).

use super::{
    recurrent::{BackwardStep, Cell, ForwardStep, sigmoid_by_candle},
    vector::{sigmoids, tanh, update, vectorized},
};
use crate::fused::recurrent::Kernels;
use candle_core::{Result, Tensor};

/// The cell of a recurrent layer without a memory besides its state. A position keeps the products with the state.
#[derive(Debug, Clone, Copy)]
pub struct Gru;

/// Each of the three parts of a row of gates.
#[inline(always)]
fn thirds(numbers: &[f32], hidden: usize) -> [&[f32]; 3] {
    std::array::from_fn(|part| &numbers[part * hidden..][..hidden])
}

/// The same to write to.
#[inline(always)]
fn thirds_mut(numbers: &mut [f32], hidden: usize) -> [&mut [f32]; 3] {
    let (first, rest) = numbers.split_at_mut(hidden);
    let (second, third) = rest.split_at_mut(hidden);
    [first, second, &mut third[..hidden]]
}

/// All rows of a position. What is kept is the new gate's product with the state and its bias, which the way back needs.
#[inline(always)]
fn forward_rows(step: &mut ForwardStep<'_>) {
    let (hidden, width) = (step.hidden, 3 * step.hidden);
    let [a, b] = step.bias.map(|bias| thirds(bias, hidden));
    for (row, gates) in step.gates.chunks_exact_mut(width).enumerate() {
        let [resets, updates, news] = thirds_mut(gates, hidden);
        let [reset_products, update_products, new_products] =
            thirds(&step.products[row * width..][..width], hidden);
        let part = row * hidden..(row + 1) * hidden;
        let (before, kept) = (&step.before[part.clone()], &mut step.kept[part.clone()]);
        let state = &mut step.state[part];
        update(
            [resets, updates, news, kept, state],
            [
                reset_products,
                update_products,
                new_products,
                a[0],
                b[0],
                a[1],
                b[1],
                a[2],
                b[2],
                before,
            ],
            |[reset, update, new, ..], [by_reset, by_update, by_new, a, b, c, d, e, f, before]| {
                let (reset, update) = sigmoids(reset + by_reset + (a + b), update + by_update + (c + d));
                let product = by_new + f;
                let new = tanh(new + e + reset * product);
                [reset, update, new, product, new + update * (before - new)]
            },
        );
    }
}

#[inline(always)]
fn backward_rows(step: &mut BackwardStep<'_>) {
    let (hidden, width) = (step.hidden, 3 * step.hidden);
    let rows = step.gates.chunks_exact(width);
    for (row, (gates, by_input)) in rows.zip(step.by_input.chunks_exact_mut(width)).enumerate() {
        let [resets, updates, news] = thirds(gates, hidden);
        let by_input = thirds_mut(by_input, hidden);
        let by_state = thirds_mut(&mut step.by_state[row * width..][..width], hidden);
        let part = row * hidden..(row + 1) * hidden;
        let (before, products) = (&step.before[part.clone()], &step.kept[part.clone()]);
        let for_state = &mut step.for_state[part];
        let [for_reset, for_update, for_new] = by_input;
        let [reset_product, update_product, new_product] = by_state;
        update(
            [
                for_reset,
                for_update,
                for_new,
                reset_product,
                update_product,
                new_product,
                for_state,
            ],
            [resets, updates, news, products, before],
            |[.., gradient], [reset, update, new, product, before]| {
                let for_new = gradient * (1.0 - update) * (1.0 - new * new);
                let for_update = gradient * (before - new) * update * (1.0 - update);
                let for_reset = for_new * product * reset * (1.0 - reset);
                [
                    for_reset,
                    for_update,
                    for_new,
                    for_reset,
                    for_update,
                    for_new * reset,
                    gradient * update,
                ]
            },
        );
    }
}

impl Cell for Gru {
    const NAME: &'static str = "gru";
    const GATES: usize = 3;
    const KEPT: usize = 1;
    const APART: bool = true;
    const KERNELS: Kernels = Kernels {
        forward: "gru",
        backward: "gru_backward",
        kept: 4,
    };

    fn forward(mut step: ForwardStep<'_>) {
        vectorized!(forward_rows(&mut step));
    }

    fn backward(mut step: BackwardStep<'_>) {
        vectorized!(backward_rows(&mut step));
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

        #[test]
        fn comes_near_in_bf16(
            rows in 1..40usize, positions in 1..6usize, inputs in 32..40usize, hidden in 32..50usize, seed: u64,
        ) {
            Case::new(rows, seed)
                .input(&[positions, inputs])
                .parameter_for(inputs, &[3 * hidden, inputs])
                .parameter_for(hidden, &[3 * hidden, hidden])
                .parameter(&[3 * hidden])
                .parameter(&[3 * hidden])
                .comes_near_in_bf16(Recurrent::<Gru>::new(positions, inputs, hidden), &[positions, hidden]);
        }
    }
}
