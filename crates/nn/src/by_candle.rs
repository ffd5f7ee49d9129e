//! A graph through candle's ops and its gradients: on devices other than the CPU, and as what the plans are tested
//! against. Where there are kernels of our own, ops are launches of those.

use crate::{
    fused,
    graph::{Graph, Role, Step},
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
        let own: Vec<Tensor> = step
            .parameters
            .iter()
            .map(|index| parameters[*index].clone())
            .collect();
        let flat: Vec<Tensor> = step
            .inputs
            .iter()
            .map(|input| values[input.index].clone())
            .collect();
        let fused = match fused::on(input) {
            true => step.op.fused(&flat, &own, &context)?,
            false => None,
        };
        let out = match fused {
            Some(out) => out,
            None => step
                .op
                .by_candle(&shaped(step, &flat, rows)?, &own, &context)?
                .reshape((rows, step.width))?,
        };
        values.push(out);
        if let Pass::Train { .. } = pass
            && let Some(new) = step.op.observe_by_candle(&flat, &own)?
        {
            observed.extend(step.parameters.iter().copied().zip(new));
        }
    }
    observed.retain(|(index, _)| graph.parameters()[*index].role == Role::Observed);
    Ok((values.swap_remove(graph.output().index), observed))
}

/// A step's inputs in the shapes that the graph gives. Each reshape is a step of the way back too, which fused ops do without.
fn shaped(step: &Step, flat: &[Tensor], rows: usize) -> Result<Vec<Tensor>> {
    let pairs = step.inputs.iter().zip(flat);
    pairs
        .map(|(input, flat)| match input.width() {
            // See `network::tensors`.
            0 => Ok(flat.clone()),
            _ => flat.reshape([&[rows], &input.shape[..]].concat()),
        })
        .collect()
}
