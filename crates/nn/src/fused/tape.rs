//! All ops of a graph one after the other, and the way back through them.

use super::{Backward, Fused, Gradients};
use crate::{
    graph::{Graph, Role, Step},
    ops::{CandleContext, Pass},
};
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, Var,
    backend::{BackendDevice, BackendStorage},
    backprop::GradStore,
};

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
            let Fused { result, backward } = match step.op.fused(&inputs, &own, &context)? {
                Some(fused) => fused,
                None => by_candle(graph, step, &inputs, parameters, &context)?,
            };
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

/// An op without kernels, by candle's ops and its autograd.
fn by_candle(
    graph: &Graph,
    step: &Step,
    inputs: &[Tensor],
    parameters: &[Var],
    context: &CandleContext<'_>,
) -> Result<Fused> {
    let learns = matches!(context.pass, Pass::Train { .. });
    // Gradients are by variables, which are copies.
    let vars = step.inputs.iter().zip(inputs).map(|(input, tensor)| {
        let tracked = learns && graph.needs_gradient(input);
        tracked.then(|| Var::from_tensor(tensor)).transpose()
    });
    let vars = vars.collect::<Result<Vec<_>>>()?;
    let rows = context.indices.dim(0)?;
    let shaped = step
        .inputs
        .iter()
        .zip(inputs)
        .zip(&vars)
        .map(|((input, tensor), var)| {
            let tensor = var.as_ref().map_or(tensor, Var::as_tensor);
            match input.width() {
                // See `network::tensors`.
                0 => Ok(tensor.clone()),
                _ => tensor.reshape([&[rows], &input.shape[..]].concat()),
            }
        });
    let shaped = shaped.collect::<Result<Vec<_>>>()?;
    let own = step.parameters.iter().map(|index| {
        let parameter = &parameters[*index];
        match learns && graph.parameters()[*index].role.is_learned() {
            true => parameter.as_tensor().clone(),
            false => parameter.as_detached_tensor(),
        }
    });
    let own: Vec<Tensor> = own.collect();
    let tracked = step
        .op
        .by_candle(&shaped, &own, context)?
        .reshape((rows, step.width))?;
    Ok(Fused::new(tracked.detach(), move |gradient, _| {
        let store = tracked.apply_op1(Seed(gradient.clone()))?.backward()?;
        let of = |tensor: &Tensor| store.get(tensor).cloned();
        Ok(Gradients {
            inputs: vars
                .iter()
                .map(|var| var.as_ref().and_then(|var| of(var)))
                .collect(),
            parameters: own.iter().map(of).collect(),
        })
    }))
}

/// A number whose gradient by a tensor is the given one: candle's way back begins with a number.
struct Seed(Tensor);

impl CustomOp1 for Seed {
    fn name(&self) -> &'static str {
        "seed"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), Shape::from(())))
    }

    fn cuda_fwd(&self, of: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        let number = of.device().zeros_impl(&Shape::from(()), DType::F32)?;
        Ok((number, Shape::from(())))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(self.0.clone()))
    }
}
