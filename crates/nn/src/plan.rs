//! A graph on one thread of the CPU for a number of rows: all memory is there before the first step and is used again in
//! each, so that a step neither asks for memory nor waits for fresh pages.

use crate::{
    graph::Graph,
    ops::{Backward, Context, Forward, Sum},
};
use std::{mem, ops::Range, sync::Arc};

/// Buffers for a graph and some rows.
#[derive(Debug)]
pub struct Plan {
    graph: Arc<Graph>,
    rows: usize,
    // By index of a value: the numbers, and the loss's gradient by them.
    values: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    // By step: what the op keeps, and the sums over its rows that it shares with other shards.
    saved: Vec<Vec<f32>>,
    shared: Vec<Vec<f64>>,
    // The same of the forward pass, when the backward pass has overwritten it.
    observed: Vec<Vec<f64>>,
    // By parameter.
    parameter_gradients: Vec<Vec<f32>>,
    // Whether a gradient holds nothing yet.
    fresh: Vec<bool>,
    fresh_parameters: Vec<bool>,
}

impl Plan {
    /// Buffers for so many rows; for learning also those of gradients.
    pub fn new(graph: Arc<Graph>, rows: usize, learns: bool) -> Self {
        let values: Vec<Vec<f32>> = (0..=graph.steps().len())
            .map(|index| vec![0.0; rows * graph.width(index)])
            .collect();
        let needed = |index: usize| learns && index > 0 && graph.steps()[index - 1].needs_gradient;
        let gradients = (0..values.len())
            .map(|index| vec![0.0; if needed(index) { values[index].len() } else { 0 }])
            .collect();
        let saved = graph
            .steps()
            .iter()
            .map(|step| vec![0.0; step.op.saved(rows)])
            .collect();
        let shared: Vec<Vec<f64>> = graph
            .steps()
            .iter()
            .map(|step| vec![0.0; step.op.shared()])
            .collect();
        let parameter_gradients = graph
            .parameters()
            .iter()
            .map(|parameter| {
                let needed = learns && parameter.role.is_learned();
                vec![0.0; if needed { parameter.size() } else { 0 }]
            })
            .collect();
        Self {
            rows,
            fresh: vec![true; values.len()],
            fresh_parameters: vec![true; graph.parameters().len()],
            values,
            gradients,
            saved,
            observed: shared.clone(),
            shared,
            parameter_gradients,
            graph,
        }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The input, to be filled before [`forward`](Self::forward): [rows, ..].
    pub fn input(&mut self) -> &mut [f32] {
        &mut self.values[0]
    }

    /// The result.
    pub fn output(&self) -> &[f32] {
        &self.values[self.graph.output().index]
    }

    /// The result, and where its gradient is to be written before [`backward`](Self::backward).
    pub fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        let index = self.graph.output().index;
        (&self.values[index], &mut self.gradients[index])
    }

    /// The gradients of all parameters, empty for those that aren't trained.
    pub fn parameter_gradients(&self) -> &[Vec<f32>] {
        &self.parameter_gradients
    }

    /// What a step shares with other shards: this one's sums, and where the total is to be written.
    pub fn shared(&mut self, step: usize) -> &mut Vec<f64> {
        &mut self.shared[step]
    }

    /// This shard's part of what a step shares, before its forward pass.
    pub fn share_forward(&mut self, step: usize) {
        let op = &self.graph.steps()[step];
        let inputs: Vec<&[f32]> = op
            .inputs
            .iter()
            .map(|input| &self.values[input.index][..])
            .collect();
        self.shared[step].fill(0.0);
        op.op.share_forward(self.rows, &inputs, &mut self.shared[step]);
    }

    /// Runs some steps forward.
    pub fn forward(&mut self, steps: Range<usize>, parameters: &[Vec<f32>], context: Context<'_>) {
        for index in steps {
            let step = &self.graph.steps()[index];
            let (before, after) = self.values.split_at_mut(index + 1);
            let inputs: Vec<&[f32]> = step.inputs.iter().map(|input| &before[input.index][..]).collect();
            let parameters: Vec<&[f32]> = step
                .parameters
                .iter()
                .map(|index| &parameters[*index][..])
                .collect();
            step.op.forward(Forward {
                rows: self.rows,
                inputs: &inputs,
                parameters: &parameters,
                out: &mut after[0],
                saved: &mut self.saved[index],
                shared: &self.shared[index],
                context,
            });
        }
    }

    /// Forgets all gradients but the result's, which has been written.
    pub fn begin_backward(&mut self) {
        self.fresh.fill(true);
        self.fresh[self.graph.output().index] = false;
        self.fresh_parameters.fill(true);
    }

    /// This shard's part of what a step shares, before its backward pass.
    pub fn share_backward(&mut self, step: usize, parameters: &[Vec<f32>], context: Context<'_>) {
        let mut sums = vec![0.0; self.graph.steps()[step].op.shared()];
        let graph = Arc::clone(&self.graph);
        self.with_backward(step, parameters, context, |mut call| {
            graph.steps()[step].op.share_backward(&mut call, &mut sums);
        });
        self.observed[step] = std::mem::replace(&mut self.shared[step], sums);
    }

    /// What all shards shared in the last forward pass.
    pub fn observed(&self, step: usize) -> &[f64] {
        &self.observed[step]
    }

    /// Runs some steps backward, the last one first.
    pub fn backward(&mut self, steps: Range<usize>, parameters: &[Vec<f32>], context: Context<'_>) {
        let graph = Arc::clone(&self.graph);
        for index in steps.rev() {
            let step = &graph.steps()[index];
            // A result that nothing has used has no gradient.
            if step.needs_gradient && !self.fresh[index + 1] {
                self.with_backward(index, parameters, context, |call| step.op.backward(call));
                for input in &step.inputs {
                    self.fresh[input.index] = false;
                }
                for parameter in &step.parameters {
                    self.fresh_parameters[*parameter] = false;
                }
            }
        }
    }

    /// Gradients that no step has written are zero.
    pub fn end_backward(&mut self) {
        for (gradient, fresh) in self.parameter_gradients.iter_mut().zip(&self.fresh_parameters) {
            if *fresh {
                gradient.fill(0.0);
            }
        }
    }

    fn with_backward(
        &mut self,
        index: usize,
        parameters: &[Vec<f32>],
        context: Context<'_>,
        run: impl FnOnce(Backward<'_>),
    ) {
        let graph = Arc::clone(&self.graph);
        let step = &graph.steps()[index];
        // Taken out, so that several can be borrowed mutably; put back below.
        let mut for_inputs: Vec<Vec<f32>> = step
            .inputs
            .iter()
            .map(|input| mem::take(&mut self.gradients[input.index]))
            .collect();
        let mut for_parameters: Vec<Vec<f32>> = step
            .parameters
            .iter()
            .map(|index| mem::take(&mut self.parameter_gradients[*index]))
            .collect();
        {
            let inputs: Vec<&[f32]> = step
                .inputs
                .iter()
                .map(|input| &self.values[input.index][..])
                .collect();
            let operands: Vec<&[f32]> = step
                .parameters
                .iter()
                .map(|index| &parameters[*index][..])
                .collect();
            let mut for_inputs: Vec<Option<Sum<'_>>> = for_inputs
                .iter_mut()
                .zip(&step.inputs)
                .map(|(numbers, input)| {
                    let fresh = self.fresh[input.index];
                    graph.needs_gradient(input).then_some(Sum { numbers, fresh })
                })
                .collect();
            let mut for_parameters: Vec<Option<Sum<'_>>> = for_parameters
                .iter_mut()
                .zip(&step.parameters)
                .map(|(numbers, index)| {
                    let fresh = self.fresh_parameters[*index];
                    graph.parameters()[*index]
                        .role
                        .is_learned()
                        .then_some(Sum { numbers, fresh })
                })
                .collect();
            run(Backward {
                rows: self.rows,
                inputs: &inputs,
                parameters: &operands,
                out: &self.values[index + 1],
                saved: &mut self.saved[index],
                shared: &self.shared[index],
                gradient: &mut self.gradients[index + 1],
                for_inputs: &mut for_inputs,
                for_parameters: &mut for_parameters,
                context,
            });
        }
        for (input, numbers) in step.inputs.iter().zip(for_inputs) {
            self.gradients[input.index] = numbers;
        }
        for (index, numbers) in step.parameters.iter().zip(for_parameters) {
            self.parameter_gradients[*index] = numbers;
        }
    }
}
