//! The rules as kernels: one launch for each parameter, and with a clip two and one for all of them.

use super::rule::{ADAM, EPSILON, Kind, LION, RMSPROP, Update};
use crate::{
    fused::launch::{Grid, Launch, arguments},
    graph::{Declared, Role},
};
use candle_core::{Result, Tensor, Var, backprop::GradStore};

/// One step of all parameters, in place. A parameter without a gradient has one of zeros.
pub fn step(
    update: &Update,
    clip: Option<f64>,
    declared: &[Declared],
    parameters: &[Var],
    states: &[Vec<Tensor>],
    gradients: &GradStore,
) -> Result<()> {
    let learned = (0..declared.len()).filter(|index| declared[*index].role.is_learned());
    let learned = learned
        .map(|index| {
            let gradient = match gradients.get(&parameters[index]) {
                Some(gradient) => gradient.clone(),
                None => parameters[index].as_detached_tensor().zeros_like()?,
            };
            Ok((index, gradient))
        })
        .collect::<Result<Vec<_>>>()?;
    let factor = match clip {
        Some(highest) => Some(factor(&learned, highest)?),
        None => None,
    };
    for (index, gradient) in learned {
        let decays = declared[index].role == Role::Weight;
        let update = update.at_rate(declared[index].rate);
        move_one(
            &update,
            decays,
            &parameters[index],
            &states[index],
            &gradient,
            factor.as_ref(),
        )?;
    }
    Ok(())
}

/// What a clip leaves of the gradients, [1]: it stays on the device.
fn factor(gradients: &[(usize, Tensor)], highest: f64) -> Result<Tensor> {
    let grids: Vec<Grid> = gradients
        .iter()
        .map(|(_, gradient)| Grid::shares(gradient.elem_count()))
        .collect();
    let count: usize = grids.iter().map(|grid| grid.blocks[0]).sum();
    let Some((_, first)) = gradients.first() else {
        candle_core::bail!("a model without parameters has no gradient to clip");
    };
    let squares = Tensor::zeros(count, first.dtype(), first.device())?;
    let mut start = 0;
    for ((_, gradient), grid) in gradients.iter().zip(grids) {
        Launch::new(
            "sums_of_squares",
            grid,
            arguments![gradient, gradient.elem_count()],
        )?
        .write(&[&squares.narrow(0, start, grid.blocks[0])?])?;
        start += grid.blocks[0];
    }
    Launch::new(
        "clip_factor",
        Grid::one(),
        arguments![&squares, count, highest as f32],
    )?
    .run(1)
}

fn move_one(
    update: &Update,
    decays: bool,
    values: &Tensor,
    state: &[Tensor],
    gradient: &Tensor,
    factor: Option<&Tensor>,
) -> Result<()> {
    let decay = if decays { update.decay } else { 0.0 };
    let (rate, epsilon) = (update.rate, EPSILON as f32);
    let keep = 1.0 - rate * decay;
    let count = values.elem_count();
    let (kernel, arguments) = match update.kind {
        Kind::Adamw | Kind::Adam => {
            let (decay, keep) = match update.kind {
                Kind::Adamw => (0.0, keep),
                _ => (decay, 1.0),
            };
            let (step, scale) = (rate * update.corrections.0, update.corrections.1);
            let (first, second) = (ADAM.0 as f32, ADAM.1 as f32);
            (
                "adam",
                arguments![
                    gradient, factor, count, decay, keep, first, second, step, scale, epsilon
                ],
            )
        }
        Kind::Sgd { momentum: 0.0, .. } => ("descent", arguments![gradient, factor, count, decay, rate]),
        Kind::Sgd { momentum, nesterov } => {
            let momentum = momentum as f32;
            let keep = if update.first_step { 0.0 } else { momentum };
            let (of_gradient, of_velocity) = match nesterov {
                true => (rate, rate * momentum),
                false => (0.0, rate),
            };
            (
                "momentum",
                arguments![gradient, factor, count, decay, keep, of_gradient, of_velocity],
            )
        }
        Kind::Lion => {
            let (now, kept) = (LION.0 as f32, LION.1 as f32);
            ("lion", arguments![gradient, factor, count, keep, now, kept, rate])
        }
        Kind::Rmsprop => (
            "rmsprop",
            arguments![gradient, factor, count, decay, RMSPROP as f32, rate, epsilon],
        ),
    };
    let written: Vec<&Tensor> = std::iter::once(values).chain(state).collect();
    Launch::new(kernel, Grid::numbers(count), arguments)?.write(&written)
}
