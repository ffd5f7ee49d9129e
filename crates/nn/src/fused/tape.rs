//! All ops of a graph one after the other, and the way back through them.

use super::{Backward, Fused};
use crate::{
    graph::{Graph, Role},
    ops::{CandleContext, Pass},
};
use candle_core::{Result, Tensor, Var, backprop::GradStore};

/// A pass through a graph, and what is needed to go back.
pub struct Tape<'a> {
    graph: &'a Graph,
    parameters: &'a [Var],
    /// The graph's result, [rows, numbers].
    pub result: Tensor,
    /// After a training pass, new values of the parameters that are observed.
    pub observed: Vec<(usize, Tensor)>,
    // By step; none after an evaluation.
    ways: Vec<Backward>,
}

impl<'a> Tape<'a> {
    /// Takes `input` [rows, numbers] and `indices` [rows, width] u32 through a graph.
    pub fn record(
        graph: &'a Graph,
        parameters: &'a [Var],
        input: &Tensor,
        indices: &Tensor,
        pass: Pass,
    ) -> Result<Self> {
        let context = CandleContext { indices, pass };
        let (mut values, mut ways, mut observed) = (vec![input.clone()], Vec::new(), Vec::new());
        for step in graph.steps() {
            let inputs: Vec<Tensor> = step
                .inputs
                .iter()
                .map(|input| values[input.index].clone())
                .collect();
            let own = step
                .parameters
                .iter()
                .map(|index| parameters[*index].as_detached_tensor());
            let own: Vec<Tensor> = own.collect();
            let Fused { result, backward } = step.op.fused(&inputs, &own, &context)?;
            values.push(result);
            if let Pass::Train { .. } = pass {
                ways.push(backward);
                if let Some(new) = step.op.observe_by_candle(&inputs, &own)? {
                    observed.extend(step.parameters.iter().copied().zip(new));
                }
            }
        }
        observed.retain(|(index, _)| graph.parameters()[*index].role == Role::Observed);
        let result = values.swap_remove(graph.output().index);
        Ok(Self {
            graph,
            parameters,
            result,
            observed,
            ways,
        })
    }

    /// From the gradient by the result to those by the parameters.
    pub fn backward(self, gradient: Tensor) -> Result<GradStore> {
        let mut values: Vec<Option<Tensor>> = vec![None; self.graph.steps().len() + 1];
        values[self.graph.output().index] = Some(gradient);
        let mut store = GradStore::default();
        let steps = self.graph.steps().iter().zip(self.ways).enumerate().rev();
        for (index, (step, backward)) in steps {
            let Some(gradient) = values[index + 1].take().filter(|_| step.needs_gradient) else {
                continue;
            };
            let needed = step.inputs.iter().any(|input| self.graph.needs_gradient(input));
            let gradients = backward(&gradient, needed)?;
            for (input, by_input) in step.inputs.iter().zip(gradients.inputs) {
                if let (true, Some(by_input)) = (self.graph.needs_gradient(input), by_input) {
                    let by_input = by_input.reshape((gradient.dim(0)?, ()))?;
                    values[input.index] = Some(match values[input.index].take() {
                        Some(before) => (before + by_input)?,
                        None => by_input,
                    });
                }
            }
            for (index, by_parameter) in step.parameters.iter().zip(gradients.parameters) {
                let (parameter, declared) = (&self.parameters[*index], &self.graph.parameters()[*index]);
                if let (true, Some(by_parameter)) = (declared.role.is_learned(), by_parameter) {
                    let by_parameter = by_parameter.reshape(parameter.shape())?;
                    let sum = match store.remove(parameter) {
                        Some(before) => (before + by_parameter)?,
                        None => by_parameter,
                    };
                    store.insert(parameter, sum);
                }
            }
        }
        Ok(store)
    }
}
