//! Optimizers, whose state can be saved: on the CPU each parameter, its gradient and the state are read and written once a
//! step, in pieces that threads share.

mod by_candle;
mod fused;
mod rule;

pub use rule::{Kind, Rule};

use crate::graph::{Declared, Role};
use candle_core::{Result, Tensor, Var, backprop::GradStore};
use rayon::prelude::*;
use rule::Update;

/// Numbers that are updated together; a thread takes several of these.
const PIECE: usize = 16_384;

/// Numbers below which a second thread costs more than it brings.
const PARALLEL_FROM: usize = 100_000;

/// An optimizer over the parameters of a model.
#[derive(Debug)]
pub struct Optimizer {
    rule: Rule,
    step: u64,
    state: State,
}

/// What is kept of a parameter's gradients, in the order of [`Kind::state`] and then of the parameter's numbers; nothing
/// for one that isn't trained.
pub type Moments = Vec<Vec<f32>>;

#[derive(Debug)]
enum State {
    /// By parameter.
    Host(Vec<Moments>),
    /// The same on another device.
    Device(Vec<Vec<Tensor>>),
}

/// Numbers of one parameter, its gradient and its state.
struct Piece<'a> {
    values: &'a mut [f32],
    gradients: Vec<&'a [f32]>,
    state: Vec<&'a mut [f32]>,
    decays: bool,
    // Of the learning rate.
    rate: f32,
}

impl Optimizer {
    /// A fresh optimizer of parameters on the CPU.
    pub fn new(rule: Rule, parameters: &[Declared]) -> Self {
        Self::resume(rule, 0, Self::fresh(rule, parameters))
    }

    /// Its kind, which says what its state is.
    pub fn kind(&self) -> Kind {
        self.rule.kind
    }

    /// The state before the first step.
    pub fn fresh(rule: Rule, parameters: &[Declared]) -> Vec<Moments> {
        parameters
            .iter()
            .map(|parameter| match parameter.role.is_learned() {
                false => Vec::new(),
                true => vec![vec![0.0; parameter.size()]; rule.kind.state().len()],
            })
            .collect()
    }

    /// One that goes on after `step` steps with the state of then.
    pub fn resume(rule: Rule, step: u64, moments: Vec<Moments>) -> Self {
        Self {
            rule,
            step,
            state: State::Host(moments),
        }
    }

    /// Moves the state to the device where the parameters are.
    pub fn to_device(self, parameters: &[Var]) -> Result<Self> {
        let State::Host(moments) = self.state else {
            return Ok(self);
        };
        let tensors = moments
            .into_iter()
            .zip(parameters)
            .map(|(moments, parameter)| {
                let tensor = |numbers| Tensor::from_vec(numbers, parameter.shape(), parameter.device());
                moments.into_iter().map(tensor).collect()
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            state: State::Device(tensors),
            ..self
        })
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// A copy of the state, in the order of the parameters.
    pub fn moments(&self) -> Result<Vec<Moments>> {
        match &self.state {
            State::Host(moments) => Ok(moments.clone()),
            State::Device(tensors) => tensors
                .iter()
                .map(|tensors| {
                    tensors
                        .iter()
                        .map(|tensor| tensor.flatten_all()?.to_vec1())
                        .collect()
                })
                .collect(),
        }
    }

    /// Moves each parameter once, in place, along the sum of the shards' gradients.
    pub fn step(
        &mut self,
        declared: &[Declared],
        parameters: &mut [Vec<f32>],
        gradients: &[&[Vec<f32>]],
        learning_rate: f64,
        threads: usize,
    ) {
        let State::Host(moments) = &mut self.state else {
            unreachable!("the state is where the parameters are")
        };
        self.step += 1;
        let mut pieces = Vec::new();
        for (index, ((values, moments), declared)) in
            parameters.iter_mut().zip(moments).zip(declared).enumerate()
        {
            if !declared.role.is_learned() {
                continue;
            }
            let mut states: Vec<_> = moments.iter_mut().map(|state| state.chunks_mut(PIECE)).collect();
            for (piece, values) in values.chunks_mut(PIECE).enumerate() {
                let from = piece * PIECE;
                pieces.push(Piece {
                    gradients: gradients
                        .iter()
                        .map(|shard| &shard[index][from..from + values.len()])
                        .collect(),
                    values,
                    state: states.iter_mut().filter_map(Iterator::next).collect(),
                    decays: declared.role == Role::Weight,
                    rate: declared.rate,
                });
            }
        }
        let numbers: usize = pieces.iter().map(|piece| piece.values.len()).sum();
        let threads = if numbers < PARALLEL_FROM {
            1
        } else {
            threads.max(1)
        };
        let share = pieces.len().div_ceil(threads).max(1);
        let mut update = Update::new(self.rule, self.step, learning_rate);
        if let Some(highest) = self.rule.clip {
            // Added up in the order of the pieces, so that threads don't change the sum.
            let squares: Vec<f64> = match threads {
                1 => pieces.iter().map(Piece::squares).collect(),
                _ => pieces
                    .par_iter()
                    .with_min_len(share)
                    .map(Piece::squares)
                    .collect(),
            };
            let norm = squares.iter().sum::<f64>().sqrt();
            update.clip(norm, highest);
        }
        match threads {
            1 => pieces.iter_mut().for_each(|piece| piece.update(&update)),
            _ => pieces
                .par_chunks_mut(share)
                .for_each(|pieces| pieces.iter_mut().for_each(|piece| piece.update(&update))),
        }
    }

    /// The same in candle's ops, or by kernels where there are any.
    pub fn step_on_device(
        &mut self,
        declared: &[Declared],
        parameters: &[Var],
        gradients: &GradStore,
        learning_rate: f64,
    ) -> Result<()> {
        let State::Device(tensors) = &mut self.state else {
            candle_core::bail!("the optimizer's state isn't where the parameters are");
        };
        self.step += 1;
        if parameters
            .first()
            .is_some_and(|parameter| crate::fused::on(parameter))
        {
            let update = Update::new(self.rule, self.step, learning_rate);
            return fused::step(&update, self.rule.clip, declared, parameters, tensors, gradients);
        }
        by_candle::step(
            self.rule,
            self.step,
            declared,
            parameters,
            tensors,
            gradients,
            learning_rate,
        )
    }
}

impl Piece<'_> {
    /// The gradient, of which each shard has a part.
    fn gradient<'a>(&'a self, space: &'a mut Vec<f32>) -> &'a [f32] {
        let (first, second, others) = match &self.gradients[..] {
            [] => return &[],
            [only] => return only,
            [first, second, others @ ..] => (first, second, others),
        };
        space.resize(first.len(), 0.0);
        crate::ops::vector::vectorized!(for ((sum, first), second) in
            space.iter_mut().zip(*first).zip(*second)
        {
            *sum = first + second;
        });
        for other in others {
            crate::ops::vector::add(space, other);
        }
        space
    }

    fn squares(&self) -> f64 {
        let mut space = Vec::new();
        let gradient = self.gradient(&mut space);
        f64::from(crate::ops::vector::vectorized!(crate::ops::vector::squares(
            gradient, 0.0
        )))
    }

    fn update(&mut self, update: &Update) {
        let mut space = Vec::new();
        let state = std::mem::take(&mut self.state);
        let values = std::mem::take(&mut self.values);
        update
            .at_rate(self.rate)
            .apply(values, self.gradient(&mut space), state, self.decays);
    }
}

#[cfg(test)]
mod tests;
