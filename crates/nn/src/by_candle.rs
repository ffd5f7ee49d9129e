//! A graph through candle's ops and its gradients: on devices other than the CPU, and as what the plans are tested
//! against.

use crate::{
    graph::{Graph, Role},
    ops::{CandleContext, Pass},
};
use candle_core::{Result, Tensor, Var};

/// The graph's result for `input` [rows, numbers] and `indices` [rows, width] u32, [rows, numbers], and, after a training
/// pass, new values of the parameters that are observed.
pub fn forward(
    graph: &Graph,
    parameters: &[Var],
    input: &Tensor,
    indices: &Tensor,
    pass: Pass,
) -> Result<(Tensor, Vec<(usize, Tensor)>)> {
    let rows = input.dim(0)?;
    let context = CandleContext { indices, pass };
    // Without a gradient no op has to be remembered.
    let parameters: Vec<Tensor> = parameters
        .iter()
        .zip(graph.parameters())
        .map(|(parameter, declared)| match (pass, declared.role) {
            (Pass::Train { .. }, Role::Weight | Role::Offset) => parameter.as_tensor().clone(),
            _ => parameter.as_detached_tensor(),
        })
        .collect();
    let mut values = vec![input.clone()];
    let mut observed = Vec::new();
    for step in graph.steps() {
        let inputs = step
            .inputs
            .iter()
            .map(|input| match input.width() {
                // See `network::tensors`.
                0 => Ok(values[input.index].clone()),
                _ => values[input.index].reshape([&[rows], &input.shape[..]].concat()),
            })
            .collect::<Result<Vec<_>>>()?;
        let own: Vec<Tensor> = step
            .parameters
            .iter()
            .map(|index| parameters[*index].clone())
            .collect();
        let out = step.op.by_candle(&inputs, &own, &context)?;
        values.push(out.reshape((rows, step.width))?);
        if let (Pass::Train { .. }, Some(new)) = (pass, step.op.observe_by_candle(&inputs, &own)?) {
            observed.extend(step.parameters.iter().copied().zip(new));
        }
    }
    observed.retain(|(index, _)| graph.parameters()[*index].role == Role::Observed);
    Ok((values.swap_remove(graph.output().index), observed))
}
