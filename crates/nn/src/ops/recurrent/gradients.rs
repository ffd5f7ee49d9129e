//! Gradients of a recurrent layer's input and parameters, added up position by position on the way back.

use super::{Cell, Recurrent, Saved};
use crate::ops::{
    Factors, Sum,
    matmul::Matrix,
    right::Right,
    transposed::WeightGradient,
    vector::{self, add_rows},
    windows::Windows,
};

/// What is known of the gradients so far.
pub struct Gradients<'a, 'b> {
    positions: usize,
    inputs: usize,
    hidden: usize,
    // Numbers of a vector of gates.
    width: usize,
    for_input_weight: Option<WeightGradient<'a, 'b>>,
    for_state_weight: Option<WeightGradient<'a, 'b>>,
    // Of input and state.
    for_biases: [&'a mut Option<Sum<'b>>; 2],
    // Sums of the gradients by products with input and state, where those are apart.
    bias_sums: [Vec<f32>; 2],
    // The input's, and the weights that it takes.
    for_input: Option<(&'a mut Sum<'b>, Right)>,
}

impl<'a, 'b> Gradients<'a, 'b> {
    /// Nothing yet. `input_weight` is the parameter, the others are where gradients go.
    pub fn new<C: Cell>(
        layer: &Recurrent<C>,
        input_weight: &[f32],
        for_inputs: &'a mut [Option<Sum<'b>>],
        for_parameters: &'a mut [Option<Sum<'b>>],
        factors: Factors,
    ) -> Self {
        let [for_input_weight, for_state_weight, for_input_bias, for_state_bias] = for_parameters else {
            unreachable!("a recurrent layer has four parameters")
        };
        let (inputs, hidden, width) = (layer.inputs, layer.hidden, layer.width());
        let weight = |sum: &'a mut Option<Sum<'b>>, columns| {
            sum.as_mut()
                .map(|sum| WeightGradient::new(sum, [width, columns], factors))
        };
        Self {
            positions: layer.positions,
            inputs,
            hidden,
            width,
            for_input_weight: weight(for_input_weight, inputs),
            for_state_weight: weight(for_state_weight, hidden),
            for_biases: [for_input_bias, for_state_bias],
            bias_sums: [vec![0.0; width], vec![0.0; if C::APART { width } else { 0 }]],
            for_input: for_inputs[0]
                .as_mut()
                .map(|sum| (sum, Right::new(Matrix::new(input_weight, width, inputs), factors))),
        }
    }

    /// Adds what comes from some positions, `first` and those behind it: the gradients by their products with the input, and
    /// by those with the state where they are others, [positions, rows, gates * hidden].
    pub fn add(&mut self, first: usize, by_input: &[f32], by_state: Option<&[f32]>, saved: &Saved<'_>) {
        let rows = saved.states.len() / (self.positions * self.hidden);
        let vectors = by_input.len() / self.width;
        if let Some(sum) = &mut self.for_input_weight {
            let inputs = &saved.inputs[first * rows * self.inputs..][..vectors * self.inputs];
            sum.add(by_input, inputs);
        }
        if let Some(sum) = &mut self.for_state_weight {
            // The first position has no state before it.
            let without = if first == 0 { rows } else { 0 };
            let from = (first * rows + without).saturating_sub(rows);
            let before = &saved.states[from * self.hidden..][..(vectors - without) * self.hidden];
            sum.add(&by_state.unwrap_or(by_input)[without * self.width..], before);
        }
        add_rows(&mut self.bias_sums[0], by_input);
        if let Some(by_state) = by_state {
            add_rows(&mut self.bias_sums[1], by_state);
        }
        if let Some((sum, weight)) = &mut self.for_input {
            let mut by_position = vec![0.0; vectors * self.inputs];
            weight.multiply(&mut by_position, Windows::matrix(by_input, self.width), false);
            for (at, vector) in by_position.chunks_exact(self.inputs).enumerate() {
                let (position, row) = (first + at / rows, at % rows);
                let to = &mut sum.numbers[(row * self.positions + position) * self.inputs..][..self.inputs];
                match sum.fresh {
                    true => to.copy_from_slice(vector),
                    false => vector::add(to, vector),
                }
            }
        }
    }

    /// Hands over what was added up.
    pub fn finish(self) {
        for weight in [self.for_input_weight, self.for_state_weight]
            .into_iter()
            .flatten()
        {
            weight.finish();
        }
        let [by_input, by_state] = &self.bias_sums;
        let by_state = if by_state.is_empty() { by_input } else { by_state };
        for (bias, sums) in self.for_biases.into_iter().zip([by_input, by_state]) {
            if let Some(bias) = bias {
                bias.add(sums);
            }
        }
        if let Some((sum, _)) = self.for_input {
            sum.fresh = false;
        }
    }
}
