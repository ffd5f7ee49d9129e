//! Long short-term memory (Hochreiter and Schmidhuber, 1997). Gates are PyTorch's: input, forget, cell, output.

use super::{
    recurrent::{BackwardStep, Cell, ForwardStep, sigmoid_by_candle},
    vector::{sigmoid, tanh, vectorized},
};
use candle_core::{Result, Tensor};

/// The cell of a recurrent layer with a memory besides its state, which is what a position keeps.
#[derive(Debug, Clone, Copy)]
pub struct Lstm;

/// The four parts of a row of gates.
#[inline(always)]
fn quarters(numbers: &mut [f32], hidden: usize) -> [&mut [f32]; 4] {
    let (first, rest) = numbers.split_at_mut(hidden);
    let (second, rest) = rest.split_at_mut(hidden);
    let (third, fourth) = rest.split_at_mut(hidden);
    [first, second, third, &mut fourth[..hidden]]
}

/// All rows of a position; `bias` is the sum of both.
#[inline(always)]
fn forward_rows(
    gates: &mut [f32],
    bias: &[f32],
    before: &[f32],
    cells: &mut [f32],
    states: &mut [f32],
    hidden: usize,
) {
    let (input_bias, rest) = bias.split_at(hidden);
    let (forget_bias, rest) = rest.split_at(hidden);
    let (new_bias, output_bias) = rest.split_at(hidden);
    let output_bias = &output_bias[..hidden];
    for (row, gates) in gates.chunks_exact_mut(4 * hidden).enumerate() {
        let [inputs, forgets, news, outputs] = quarters(gates, hidden);
        let before = &before[row * hidden..][..hidden];
        let cell = &mut cells[row * hidden..][..hidden];
        let state = &mut states[row * hidden..][..hidden];
        for i in 0..hidden {
            inputs[i] = sigmoid(inputs[i] + input_bias[i]);
            forgets[i] = sigmoid(forgets[i] + forget_bias[i]);
            news[i] = tanh(news[i] + new_bias[i]);
            outputs[i] = sigmoid(outputs[i] + output_bias[i]);
        }
        for i in 0..hidden {
            cell[i] = forgets[i] * before[i] + inputs[i] * news[i];
            state[i] = outputs[i] * tanh(cell[i]);
        }
    }
}

#[inline(always)]
fn backward_rows(
    gates: &mut [f32],
    before: &[f32],
    cells: &[f32],
    for_states: &mut [f32],
    for_cells: &mut [f32],
    hidden: usize,
) {
    for (row, gates) in gates.chunks_exact_mut(4 * hidden).enumerate() {
        let [inputs, forgets, news, outputs] = quarters(gates, hidden);
        let (before, cell) = (
            &before[row * hidden..][..hidden],
            &cells[row * hidden..][..hidden],
        );
        let for_state = &mut for_states[row * hidden..][..hidden];
        let for_cell = &mut for_cells[row * hidden..][..hidden];
        for i in 0..hidden {
            let (input, forget, new, output) = (inputs[i], forgets[i], news[i], outputs[i]);
            let level = tanh(cell[i]);
            let by_cell = for_cell[i] + for_state[i] * output * (1.0 - level * level);
            inputs[i] = by_cell * new * input * (1.0 - input);
            forgets[i] = by_cell * before[i] * forget * (1.0 - forget);
            news[i] = by_cell * input * (1.0 - new * new);
            outputs[i] = for_state[i] * level * output * (1.0 - output);
            for_cell[i] = by_cell * forget;
            for_state[i] = 0.0;
        }
    }
}

impl Cell for Lstm {
    const NAME: &'static str = "lstm";
    const GATES: usize = 4;
    const KEPT: usize = 1;
    const APART: bool = false;

    fn forward(step: ForwardStep<'_>) {
        let ForwardStep {
            hidden,
            gates,
            kept,
            kept_before,
            state,
            bias,
            ..
        } = step;
        let bias: Vec<f32> = bias[0].iter().zip(bias[1]).map(|(a, b)| a + b).collect();
        vectorized!(forward_rows(gates, &bias, kept_before, kept, state, hidden));
    }

    fn backward(step: BackwardStep<'_>) {
        let BackwardStep {
            hidden,
            gates,
            kept,
            kept_before,
            for_state,
            carried,
            ..
        } = step;
        vectorized!(backward_rows(
            gates,
            kept_before,
            kept,
            for_state,
            carried,
            hidden
        ));
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
    }
}
