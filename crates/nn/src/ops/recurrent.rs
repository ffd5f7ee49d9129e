//! Recurrent layers over a whole sequence, with the backward pass through time. What is repeated is a [`Cell`], one a file.
//!
//! Inside, numbers lie position by position, [positions, rows, ..]: all rows of a position are one matrix, and the states
//! before a position are those of the position before it, so that nothing is copied for the weights' gradients. With the
//! rows' own order, the numbers of a position would be a large power of two apart and share a few lines of the cache.

mod gradients;

use super::{
    Backward, CandleContext, Forward, Op, matmul::Matrix, right::Right, vector::vectorized, windows::Windows,
};
use crate::fused::{self, Fused};
use candle_core::{Result, Tensor};
use gradients::Gradients;
use serde::Serialize;
use std::{fmt::Debug, marker::PhantomData};

/// Vectors whose gradients are added to those of the weights at a time: enough to be worth a pass over the weights, and so
/// few that they are still in a core's second cache.
const VECTORS: usize = 64;

/// [rows, positions, inputs] to the state after each position, [rows, positions, hidden]. The parameters are PyTorch's:
/// input weights [gates * hidden, inputs], state weights [gates * hidden, hidden], and a bias for each [gates * hidden].
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(bound = "")]
pub struct Recurrent<C> {
    /// Length of the sequence.
    pub positions: usize,
    /// Numbers of an input vector.
    pub inputs: usize,
    /// Numbers of the state.
    pub hidden: usize,
    #[serde(skip)]
    cell: PhantomData<C>,
}

/// What a recurrent layer repeats: how gates make a new state. Slices hold all rows of a position; the backward pass is
/// given what the forward pass has left.
pub trait Cell: Debug + Send + Sync + 'static {
    /// Its name in messages.
    const NAME: &'static str;
    /// Gates: products with input and state that make a new state.
    const GATES: usize;
    /// Vectors as long as the state that a position keeps besides gates and state.
    const KEPT: usize;
    /// Whether products with the state stay apart, as what is kept, or are added to those with the input.
    const APART: bool;
    /// What a GPU runs.
    const KERNELS: fused::recurrent::Kernels;

    /// Turns products into gates and writes the state and what is kept.
    fn forward(step: ForwardStep<'_>);

    /// Writes the gradients by the products, and overwrites `for_state` with what reaches the state before without a product.
    fn backward(step: BackwardStep<'_>);

    /// One position in candle's ops: products with input and state, biases added, [rows, gates * hidden]; the state before,
    /// and what else goes from position to position.
    fn by_candle(
        input: &Tensor,
        product: &Tensor,
        before: &Tensor,
        carried: Option<Tensor>,
    ) -> Result<(Tensor, Option<Tensor>)>;
}

/// A position of the forward pass.
#[derive(Debug)]
pub struct ForwardStep<'a> {
    /// Numbers of the state.
    pub hidden: usize,
    /// Products with the input, and where they aren't apart also with the state, [rows, gates * hidden].
    pub gates: &'a mut [f32],
    /// Products with the state where they are apart, [rows, gates * hidden].
    pub products: &'a [f32],
    /// What the position keeps, [rows, kept * hidden].
    pub kept: &'a mut [f32],
    /// What the position before has kept.
    pub kept_before: &'a [f32],
    /// The state before, [rows, hidden].
    pub before: &'a [f32],
    /// The new state, to be written.
    pub state: &'a mut [f32],
    /// Biases of the products with the input and with the state, [gates * hidden].
    pub bias: [&'a [f32]; 2],
}

/// A position of the backward pass.
#[derive(Debug)]
pub struct BackwardStep<'a> {
    /// Numbers of the state.
    pub hidden: usize,
    /// Gates, [rows, gates * hidden].
    pub gates: &'a [f32],
    /// What the position has kept, [rows, kept * hidden].
    pub kept: &'a [f32],
    /// What the position before has kept.
    pub kept_before: &'a [f32],
    /// The state before, [rows, hidden].
    pub before: &'a [f32],
    /// The gradient by the state, [rows, hidden].
    pub for_state: &'a mut [f32],
    /// A gradient that goes from position to position besides that by the state, [rows, hidden]; zeros at the last one.
    pub carried: &'a mut [f32],
    /// The gradient by the products with the input, [rows, gates * hidden], to be written.
    pub by_input: &'a mut [f32],
    /// That by the products with the state, where they are apart.
    pub by_state: &'a mut [f32],
}

/// What is saved of all positions, each [positions, rows, ..].
struct Saved<'a> {
    inputs: &'a mut [f32],
    gates: &'a mut [f32],
    states: &'a mut [f32],
    kept: &'a mut [f32],
}

impl<C: Cell> Recurrent<C> {
    /// A layer of these sizes.
    pub fn new(positions: usize, inputs: usize, hidden: usize) -> Self {
        Self {
            positions,
            inputs,
            hidden,
            cell: PhantomData,
        }
    }

    /// Numbers of all gates at one position.
    fn width(&self) -> usize {
        C::GATES * self.hidden
    }

    fn split<'a>(&self, rows: usize, saved: &'a mut [f32]) -> Saved<'a> {
        let vectors = rows * self.positions;
        let (inputs, rest) = saved.split_at_mut(vectors * self.inputs);
        let (gates, rest) = rest.split_at_mut(vectors * self.width());
        let (states, kept) = rest.split_at_mut(vectors * self.hidden);
        Saved {
            inputs,
            gates,
            states,
            kept,
        }
    }
}

/// [outer, inner, width] to [inner, outer, width].
fn exchange(from: &[f32], to: &mut [f32], outer: usize, inner: usize, width: usize) {
    for (at, vector) in from.chunks_exact(width).enumerate() {
        let (row, column) = (at / inner, at % inner);
        to[(column * outer + row) * width..][..width].copy_from_slice(vector);
    }
}

impl<C: Cell> Op for Recurrent<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn saved(&self, rows: usize) -> usize {
        rows * self.positions * (self.inputs + self.width() + (1 + C::KEPT) * self.hidden)
    }

    fn work(&self) -> usize {
        self.positions * self.width() * (self.inputs + self.hidden)
    }

    fn forward(&self, call: Forward<'_>) {
        let (rows, hidden, width) = (call.rows, self.hidden, self.width());
        let (vectors, numbers) = (rows * self.inputs, rows * hidden);
        let saved = self.split(rows, call.saved);
        exchange(call.inputs[0], saved.inputs, rows, self.positions, self.inputs);
        let right = |weight: usize, columns: usize| {
            let weight = Matrix::new(call.parameters[weight], width, columns);
            Right::new(weight.transposed(), call.context.factors)
        };
        let (input_weight, state_weight) = (right(0, self.inputs), right(1, hidden));
        let mut products = vec![0.0; if C::APART { rows * width } else { 0 }];
        let zeros = vec![0.0; numbers * C::KEPT.max(1)];
        for position in 0..self.positions {
            let (gates, next_gates) = saved.gates[position * rows * width..].split_at_mut(rows * width);
            let (before, state) = saved.states.split_at_mut(position * numbers);
            let (kept_before, kept) = saved.kept.split_at_mut(position * numbers * C::KEPT);
            let (before, kept_before) = match position {
                0 => (&zeros[..numbers], &zeros[..numbers * C::KEPT]),
                _ => (
                    &before[(position - 1) * numbers..],
                    &kept_before[(position - 1) * numbers * C::KEPT..],
                ),
            };
            // Position by position, so that gates are in the cache until they are done with.
            let inputs = &saved.inputs[position * vectors..][..vectors];
            input_weight.multiply(gates, Windows::matrix(inputs, self.inputs), false);
            if position > 0 {
                let before = Windows::matrix(before, hidden);
                let next = &next_gates[..next_gates.len().min(rows * width)];
                match C::APART {
                    true => state_weight.multiply_ahead(&mut products, before, false, [next, &[], &[]]),
                    false => state_weight.multiply_ahead(gates, before, true, [next, &[], &[]]),
                }
            }
            let state = &mut state[..numbers];
            C::forward(ForwardStep {
                hidden,
                gates,
                products: &products,
                kept: &mut kept[..numbers * C::KEPT],
                kept_before,
                before,
                state,
                bias: [call.parameters[2], call.parameters[3]],
            });
            for (row, state) in state.chunks_exact(hidden).enumerate() {
                call.out[(row * self.positions + position) * hidden..][..hidden].copy_from_slice(state);
            }
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let (rows, hidden, width) = (call.rows, self.hidden, self.width());
        let numbers = rows * hidden;
        let saved = self.split(rows, call.saved);
        let factors = call.context.factors;
        let weight = Right::new(Matrix::new(call.parameters[1], width, hidden), factors);
        let mut gradients = Gradients::new(
            self,
            call.parameters[0],
            call.for_inputs,
            call.for_parameters,
            factors,
        );
        let zeros = vec![0.0; numbers * C::KEPT.max(1)];
        let (mut for_state, mut carried) = (vec![0.0; numbers], vec![0.0; numbers]);
        let group = (VECTORS / rows.max(1)).max(1);
        let mut by_input = vec![0.0; group * rows * width];
        let mut by_state = vec![0.0; if C::APART { by_input.len() } else { 0 }];
        let mut end = self.positions;
        while end > 0 {
            let first = end.saturating_sub(group);
            for position in (first..end).rev() {
                vectorized!(
                    for (row, for_state) in for_state.chunks_exact_mut(hidden).enumerate() {
                        let gradient = &call.gradient[(row * self.positions + position) * hidden..][..hidden];
                        for (for_state, gradient) in for_state.iter_mut().zip(gradient) {
                            *for_state += gradient;
                        }
                    }
                );
                let (before, kept_before) = match position {
                    0 => (&zeros[..numbers], &zeros[..numbers * C::KEPT]),
                    _ => (
                        &saved.states[(position - 1) * numbers..][..numbers],
                        &saved.kept[(position - 1) * numbers * C::KEPT..][..numbers * C::KEPT],
                    ),
                };
                let part = (position - first) * rows * width..(position - first + 1) * rows * width;
                C::backward(BackwardStep {
                    hidden,
                    gates: &saved.gates[position * rows * width..][..rows * width],
                    kept: &saved.kept[position * numbers * C::KEPT..][..numbers * C::KEPT],
                    kept_before,
                    before,
                    for_state: &mut for_state,
                    carried: &mut carried,
                    by_input: &mut by_input[part.clone()],
                    by_state: if C::APART {
                        &mut by_state[part.clone()]
                    } else {
                        &mut []
                    },
                });
                if position > 0 {
                    let by_state = if C::APART {
                        &by_state[part]
                    } else {
                        &by_input[part]
                    };
                    let next = position - 1;
                    let kept = next.saturating_sub(1) * numbers * C::KEPT;
                    let next = [
                        &saved.gates[next * rows * width..][..rows * width],
                        &saved.kept[kept..][..numbers * C::KEPT],
                        &saved.states[next.saturating_sub(1) * numbers..][..numbers],
                    ];
                    weight.multiply_ahead(&mut for_state, Windows::matrix(by_state, width), true, next);
                }
            }
            let vectors = (end - first) * rows * width;
            let by_state = C::APART.then(|| &by_state[..vectors]);
            gradients.add(first, &by_input[..vectors], by_state, &saved);
            end = first;
        }
        gradients.finish();
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.positions, self.inputs))?;
        let mut state = Tensor::zeros((x.dim(0)?, self.hidden), x.dtype(), x.device())?;
        let mut carried = None;
        let mut states = Vec::new();
        for position in 0..self.positions {
            let input = x
                .narrow(1, position, 1)?
                .squeeze(1)?
                .matmul(&parameters[0].t()?)?
                .broadcast_add(&parameters[2])?;
            let product = state.matmul(&parameters[1].t()?)?.broadcast_add(&parameters[3])?;
            (state, carried) = C::by_candle(&input, &product, &state, carried)?;
            states.push(state.clone());
        }
        Tensor::stack(&states, 1)
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::recurrent::recurrent(C::KERNELS, self.positions, &inputs[0], parameters)
    }
}

/// 1 / (1 + e^-x) in candle's ops, through tanh, which stays finite.
pub fn sigmoid_by_candle(x: &Tensor) -> Result<Tensor> {
    ((x * 0.5)?.tanh()? + 1.0)? * 0.5
}
