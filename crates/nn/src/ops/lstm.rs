//! Long short-term memory (Hochreiter and Schmidhuber, 1997) over a whole sequence, with its backward pass through time.

use super::{
    Backward, CandleContext, Forward, Op,
    matmul::{Matrix, multiply},
    recurrent::Sizes,
    vector::{sigmoid, tanh, vectorized},
};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// [rows, positions, inputs] to the state after each position, [rows, positions, hidden]. Gates are PyTorch's: input,
/// forget, cell, output; so are the parameters ([`Sizes`]).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Lstm {
    /// Length of the sequence.
    pub positions: usize,
    /// Numbers of an input vector.
    pub inputs: usize,
    /// Numbers of the state.
    pub hidden: usize,
}

/// The three slices of one row and position: gates, cell, and the cell before it.
#[inline(always)]
fn forward_step(gates: &mut [f32], bias: &[f32], before: &[f32], cell: &mut [f32], state: &mut [f32]) {
    let hidden = cell.len();
    let (inputs, rest) = gates.split_at_mut(hidden);
    let (forgets, rest) = rest.split_at_mut(hidden);
    let (news, outputs) = rest.split_at_mut(hidden);
    let (input_bias, rest) = bias.split_at(hidden);
    let (forget_bias, rest) = rest.split_at(hidden);
    let (new_bias, output_bias) = rest.split_at(hidden);
    let outputs = &mut outputs[..hidden];
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

/// Overwrites the gates with the gradients by what they were functions of, and `for_cell` with that by the cell before.
#[inline(always)]
fn backward_step(gates: &mut [f32], before: &[f32], cell: &[f32], for_state: &[f32], for_cell: &mut [f32]) {
    let hidden = cell.len();
    let (inputs, rest) = gates.split_at_mut(hidden);
    let (forgets, rest) = rest.split_at_mut(hidden);
    let (news, outputs) = rest.split_at_mut(hidden);
    let (before, for_state, for_cell) = (&before[..hidden], &for_state[..hidden], &mut for_cell[..hidden]);
    let outputs = &mut outputs[..hidden];
    for i in 0..hidden {
        let (input, forget, new, output) = (inputs[i], forgets[i], news[i], outputs[i]);
        let level = tanh(cell[i]);
        let by_cell = for_cell[i] + for_state[i] * output * (1.0 - level * level);
        inputs[i] = by_cell * new * input * (1.0 - input);
        forgets[i] = by_cell * before[i] * forget * (1.0 - forget);
        news[i] = by_cell * input * (1.0 - new * new);
        outputs[i] = for_state[i] * level * output * (1.0 - output);
        for_cell[i] = by_cell * forget;
    }
}

impl Lstm {
    fn sizes(&self) -> Sizes {
        Sizes {
            positions: self.positions,
            inputs: self.inputs,
            hidden: self.hidden,
            gates: 4,
        }
    }
}

impl Op for Lstm {
    fn name(&self) -> &'static str {
        "lstm"
    }

    /// Gates and cells of all positions.
    fn saved(&self, rows: usize) -> usize {
        rows * self.positions * 5 * self.hidden
    }

    fn work(&self) -> usize {
        self.sizes().work()
    }

    fn forward(&self, call: Forward<'_>) {
        let (sizes, rows, hidden) = (self.sizes(), call.rows, self.hidden);
        let width = sizes.width();
        let (gates, cells) = call.saved.split_at_mut(rows * self.positions * width);
        sizes.project(rows, call.inputs[0], call.parameters[0], gates);
        let weight = sizes.transposed(call.parameters[1]);
        let weight = Matrix::new(&weight, hidden, width);
        let bias: Vec<f32> = call.parameters[2]
            .iter()
            .zip(call.parameters[3])
            .map(|(a, b)| a + b)
            .collect();
        let zeros = vec![0.0; hidden];
        for position in 0..self.positions {
            if position > 0 {
                let state = sizes.at(call.out, rows, position - 1, hidden);
                multiply(sizes.at_mut(gates, rows, position, width), state, weight, true);
            }
            for row in 0..rows {
                let place = row * self.positions + position;
                let (earlier, later) = cells.split_at_mut(place * hidden);
                let before = match position {
                    0 => &zeros,
                    _ => &earlier[(place - 1) * hidden..],
                };
                let gates = &mut gates[place * width..][..width];
                let state = &mut call.out[place * hidden..][..hidden];
                vectorized!(forward_step(gates, &bias, before, &mut later[..hidden], state));
            }
        }
    }

    fn backward(&self, mut call: Backward<'_>) {
        let (sizes, rows, hidden) = (self.sizes(), call.rows, self.hidden);
        let width = sizes.width();
        let saved = std::mem::take(&mut call.saved);
        let (gates, cells) = saved.split_at_mut(rows * self.positions * width);
        let weight = Matrix::new(call.parameters[1], width, hidden);
        let zeros = vec![0.0; hidden];
        let mut for_cells = vec![0.0; rows * hidden];
        for position in (0..self.positions).rev() {
            for row in 0..rows {
                let place = row * self.positions + position;
                let before = match position {
                    0 => &zeros,
                    _ => &cells[(place - 1) * hidden..][..hidden],
                };
                let gates = &mut gates[place * width..][..width];
                let cell = &cells[place * hidden..][..hidden];
                let for_state = &call.gradient[place * hidden..][..hidden];
                let for_cell = &mut for_cells[row * hidden..][..hidden];
                vectorized!(backward_step(gates, before, cell, for_state, for_cell));
            }
            if position > 0 {
                let by_gates = sizes.at(gates, rows, position, width);
                multiply(
                    sizes.at_mut(call.gradient, rows, position - 1, hidden),
                    by_gates,
                    weight,
                    true,
                );
            }
        }
        sizes.gradients(&mut call, gates, gates);
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.positions, self.inputs))?;
        let (rows, hidden) = (x.dim(0)?, self.hidden);
        let mut state = Tensor::zeros((rows, hidden), x.dtype(), x.device())?;
        let mut cell = state.clone();
        let mut states = Vec::new();
        let sigmoid = |x: Tensor| ((x * 0.5)?.tanh()? + 1.0)? * 0.5;
        for position in 0..self.positions {
            let gates = x
                .narrow(1, position, 1)?
                .squeeze(1)?
                .matmul(&parameters[0].t()?)?
                .add(&state.matmul(&parameters[1].t()?)?)?
                .broadcast_add(&parameters[2])?
                .broadcast_add(&parameters[3])?;
            let gate = |index: usize| gates.narrow(1, index * hidden, hidden);
            let (input, forget, output) = (sigmoid(gate(0)?)?, sigmoid(gate(1)?)?, sigmoid(gate(3)?)?);
            cell = ((forget * cell)? + (input * gate(2)?.tanh()?)?)?;
            state = (output * cell.tanh()?)?;
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
                .parameter(&[4 * hidden, inputs])
                .parameter(&[4 * hidden, hidden])
                .parameter(&[4 * hidden])
                .parameter(&[4 * hidden])
                .agrees(Lstm { positions, inputs, hidden }, &[positions, hidden]);
        }
    }
}
