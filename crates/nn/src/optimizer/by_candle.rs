//! The rules in candle's ops, for other devices and for the tests.

use super::rule::{ADAM, EPSILON, Kind, LION, RMSPROP, Rule};
use crate::graph::{Declared, Role};
use candle_core::{DType, Device, Result, Tensor, Var, backprop::GradStore};

/// `old * share + new * (1 - share)`.
fn mean(old: &Tensor, new: &Tensor, share: f64) -> Result<Tensor> {
    (old * share)? + (new * (1.0 - share))?
}

/// One step of all parameters. A parameter without a gradient has one of zeros.
pub fn step(
    rule: Rule,
    step: u64,
    declared: &[Declared],
    parameters: &[Var],
    states: &mut [Vec<Tensor>],
    gradients: &GradStore,
    rate: f64,
) -> Result<()> {
    let steps = i32::try_from(step).unwrap_or(i32::MAX);
    let trained: Vec<usize> = (0..declared.len())
        .filter(|index| declared[*index].role.is_learned())
        .collect();
    let gradient = |index: usize| match gradients.get(&parameters[index]) {
        Some(gradient) => Ok(gradient.detach()),
        None => parameters[index].as_detached_tensor().zeros_like(),
    };
    let mut factor = 1.0;
    if let Some(highest) = rule.clip {
        let mut squares = 0.0;
        for &index in &trained {
            let sum = gradient(index)?.sqr()?.sum_all()?;
            // On the host: not every device has numbers in double precision.
            squares += sum
                .to_device(&Device::Cpu)?
                .to_dtype(DType::F64)?
                .to_scalar::<f64>()?;
        }
        if squares.sqrt() > highest {
            factor = highest / squares.sqrt();
        }
    }
    for index in trained {
        let value = parameters[index].as_detached_tensor();
        let rate = rate * f64::from(declared[index].rate);
        let gradient = (gradient(index)? * factor)?;
        let decay = if declared[index].role == Role::Weight {
            rule.weight_decay
        } else {
            0.0
        };
        let state = &mut states[index];
        let decoupled = matches!(rule.kind, Kind::Adamw | Kind::Lion);
        let gradient = if decoupled {
            gradient
        } else {
            (gradient + (&value * decay)?)?
        };
        let kept = if decoupled {
            (&value * (1.0 - rate * decay))?
        } else {
            value
        };
        let change = match rule.kind {
            Kind::Adamw | Kind::Adam => {
                state[0] = mean(&state[0], &gradient, ADAM.0)?;
                state[1] = mean(&state[1], &gradient.sqr()?, ADAM.1)?;
                let first = (&state[0] / (1.0 - ADAM.0.powi(steps)))?;
                let second = (&state[1] / (1.0 - ADAM.1.powi(steps)))?;
                first.div(&(second.sqrt()? + EPSILON)?)?
            }
            Kind::Sgd { momentum: 0.0, .. } => gradient,
            Kind::Sgd { momentum, nesterov } => {
                state[0] = match step {
                    1 => gradient.clone(),
                    _ => ((&state[0] * momentum)? + &gradient)?,
                };
                match nesterov {
                    true => (gradient + (&state[0] * momentum)?)?,
                    false => state[0].clone(),
                }
            }
            Kind::Lion => {
                let direction = mean(&state[0], &gradient, LION.0)?.sign()?;
                state[0] = mean(&state[0], &gradient, LION.1)?;
                direction
            }
            Kind::Rmsprop => {
                state[0] = mean(&state[0], &gradient.sqr()?, RMSPROP)?;
                gradient.div(&(state[0].sqrt()? + EPSILON)?)?
            }
        };
        parameters[index].set(&(kept - (change * rate)?)?)?;
    }
    Ok(())
}
