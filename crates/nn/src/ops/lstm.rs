//! Long short-term memory (Hochreiter and Schmidhuber, 1997). Gates are PyTorch's: input, forget, cell, output.

use super::{
    recurrent::{BackwardStep, Cell, ForwardStep, sigmoid_by_candle},
    vector::{sigmoid_and_tanh, sigmoids, tanh, update, vectorized},
};
use crate::fused::recurrent::Kernels;
use candle_core::{Result, Tensor};

/// The cell of a recurrent layer with a memory besides its state, which is what a position keeps.
#[derive(Debug, Clone, Copy)]
pub struct Lstm;

/// Each of the four parts of a row of gates.
#[inline(always)]
fn quarters(numbers: &[f32], hidden: usize) -> [&[f32]; 4] {
    std::array::from_fn(|part| &numbers[part * hidden..][..hidden])
}

/// The same to write to.
#[inline(always)]
fn quarters_mut(numbers: &mut [f32], hidden: usize) -> [&mut [f32]; 4] {
    let (first, rest) = numbers.split_at_mut(hidden);
    let (second, rest) = rest.split_at_mut(hidden);
    let (third, fourth) = rest.split_at_mut(hidden);
    [first, second, third, &mut fourth[..hidden]]
}

/// All rows of a position.
#[inline(always)]
fn forward_rows(step: &mut ForwardStep<'_>) {
    let hidden = step.hidden;
    let [a, b] = step.bias.map(|bias| quarters(bias, hidden));
    for (row, gates) in step.gates.chunks_exact_mut(4 * hidden).enumerate() {
        let [inputs, forgets, news, outputs] = quarters_mut(gates, hidden);
        let before = &step.kept_before[row * hidden..][..hidden];
        let cell = &mut step.kept[row * hidden..][..hidden];
        let state = &mut step.state[row * hidden..][..hidden];
        let bias = [a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3], before];
        update(
            [inputs, forgets, news, outputs, cell, state],
            bias,
            |[input, forget, new, output, ..], [a, b, c, d, e, f, g, h, before]| {
                let (input, forget) = sigmoids(input + (a + b), forget + (c + d));
                let (output, new) = sigmoid_and_tanh(output + (g + h), new + (e + f));
                let cell = forget * before + input * new;
                [input, forget, new, output, cell, output * tanh(cell)]
            },
        );
    }
}

#[inline(always)]
fn backward_rows(step: &mut BackwardStep<'_>) {
    let hidden = step.hidden;
    let rows = step.gates.chunks_exact(4 * hidden);
    for (row, (gates, gradient)) in rows.zip(step.by_input.chunks_exact_mut(4 * hidden)).enumerate() {
        let [inputs, forgets, news, outputs] = quarters(gates, hidden);
        let [by_input, by_forget, by_new, by_output] = quarters_mut(gradient, hidden);
        let part = row * hidden..(row + 1) * hidden;
        let (before, cell) = (&step.kept_before[part.clone()], &step.kept[part.clone()]);
        let for_state = &mut step.for_state[part.clone()];
        let for_cell = &mut step.carried[part];
        update(
            [by_input, by_forget, by_new, by_output, for_cell, for_state],
            [inputs, forgets, news, outputs, before, cell],
            |[.., for_cell, for_state], [input, forget, new, output, before, cell]| {
                let level = tanh(cell);
                let by_cell = for_cell + for_state * output * (1.0 - level * level);
                [
                    by_cell * new * input * (1.0 - input),
                    by_cell * before * forget * (1.0 - forget),
                    by_cell * input * (1.0 - new * new),
                    for_state * level * output * (1.0 - output),
                    by_cell * forget,
                    0.0,
                ]
            },
        );
    }
}

impl Cell for Lstm {
    const NAME: &'static str = "lstm";
    const GATES: usize = 4;
    const KEPT: usize = 1;
    const APART: bool = false;
    const KERNELS: Kernels = Kernels {
        forward: "lstm",
        backward: "lstm_backward",
        kept: 5,
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
        cell: Option<Tensor>,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let hidden = before.dim(1)?;
        let gates = (input + product)?;
        let gate = |index: usize| gates.narrow(1, index * hidden, hidden);
        let new = (sigmoid_by_candle(&gate(0)?)? * gate(2)?.tanh()?)?;
        let cell = match cell {
            Some(cell) => ((sigmoid_by_candle(&gate(1)?)? * cell)? + new)?,
            None => new,
        };
        let state = (sigmoid_by_candle(&gate(3)?)? * cell.tanh()?)?;
        Ok((state, Some(cell)))
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
                .parameter(&[4 * hidden, inputs])
                .parameter(&[4 * hidden, hidden])
                .parameter(&[4 * hidden])
                .parameter(&[4 * hidden])
                .agrees(Recurrent::<Lstm>::new(positions, inputs, hidden), &[positions, hidden]);
        }

        #[test]
        fn comes_near_in_bf16(
            rows in 1..40usize, positions in 1..6usize, inputs in 32..40usize, hidden in 32..50usize, seed: u64,
        ) {
            Case::new(rows, seed)
                .input(&[positions, inputs])
                .parameter_for(inputs, &[4 * hidden, inputs])
                .parameter_for(hidden, &[4 * hidden, hidden])
                .parameter(&[4 * hidden])
                .parameter(&[4 * hidden])
                .comes_near_in_bf16(Recurrent::<Lstm>::new(positions, inputs, hidden), &[positions, hidden]);
        }
    }
}
