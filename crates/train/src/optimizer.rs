//! AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019) with state that can be saved: on the CPU
//! each parameter, its gradient and both moments are read and written once a step.

use crate::model::Parameter;
use candle_core::{CpuStorage, Device, InplaceOp2, Layout, Result, Tensor, backprop::GradStore, bail};
use std::cell::RefCell;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// AdamW over the parameters of a model.
#[derive(Debug)]
pub struct AdamW {
    weight_decay: f64,
    step: u64,
    states: Vec<State>,
}

/// Running means of a parameter's gradient and of its square, in the parameter's order of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Of the gradient.
    pub first: Vec<f32>,
    /// Of its square.
    pub second: Vec<f32>,
}

/// Moments where they are computed with.
#[derive(Debug)]
enum State {
    /// On the CPU, updated together with the parameter.
    Host(Moments),
    /// On another device, updated by candle's ops.
    Device { first: Tensor, second: Tensor },
}

impl State {
    fn new(parameter: &Parameter, moments: Moments) -> Result<Self> {
        match parameter.var.device() {
            Device::Cpu => Ok(Self::Host(moments)),
            device => Self::on_device(parameter, moments, device),
        }
    }

    fn on_device(parameter: &Parameter, moments: Moments, device: &Device) -> Result<Self> {
        let shape = parameter.var.shape();
        Ok(Self::Device {
            first: Tensor::from_vec(moments.first, shape, device)?,
            second: Tensor::from_vec(moments.second, shape, device)?,
        })
    }
}

impl AdamW {
    /// A fresh optimizer.
    pub fn new(parameters: &[Parameter], weight_decay: f64) -> Result<Self> {
        let moments = parameters
            .iter()
            .map(|parameter| {
                let count = parameter.var.elem_count();
                Moments {
                    first: vec![0.0; count],
                    second: vec![0.0; count],
                }
            })
            .collect();
        Self::resume(parameters, weight_decay, 0, moments)
    }

    /// One that goes on after `step` steps with the moments of then, one for each parameter.
    pub fn resume(
        parameters: &[Parameter],
        weight_decay: f64,
        step: u64,
        moments: Vec<Moments>,
    ) -> Result<Self> {
        let states = parameters
            .iter()
            .zip(moments)
            .map(|(parameter, moments)| State::new(parameter, moments))
            .collect::<Result<_>>()?;
        Ok(Self {
            weight_decay,
            step,
            states,
        })
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// A copy of the moments, in the order of the parameters.
    pub fn moments(&self) -> Result<Vec<Moments>> {
        self.states
            .iter()
            .map(|state| match state {
                State::Host(moments) => Ok(moments.clone()),
                State::Device { first, second } => Ok(Moments {
                    first: first.flatten_all()?.to_vec1()?,
                    second: second.flatten_all()?.to_vec1()?,
                }),
            })
            .collect()
    }

    /// Moves each parameter once, in place. A parameter without a gradient stays as it is.
    pub fn step(
        &mut self,
        parameters: &[Parameter],
        gradients: &GradStore,
        learning_rate: f64,
    ) -> Result<()> {
        self.step += 1;
        let steps = i32::try_from(self.step).unwrap_or(i32::MAX);
        let correction1 = 1.0 - BETA1.powi(steps);
        let correction2 = 1.0 - BETA2.powi(steps);
        for (parameter, state) in parameters.iter().zip(&mut self.states) {
            let Some(gradient) = gradients.get(&parameter.var) else {
                continue;
            };
            let decay = if parameter.decays { self.weight_decay } else { 0.0 };
            let update = Update {
                keep: 1.0 - learning_rate * decay,
                rate: learning_rate / correction1,
                scale: 1.0 / correction2.sqrt(),
            };
            match state {
                State::Host(moments) => {
                    let update = InPlace {
                        update,
                        moments: RefCell::new(moments),
                    };
                    parameter.var.inplace_op2(&gradient.contiguous()?, &update)?;
                }
                State::Device { first, second } => {
                    *first = ((&*first * BETA1)? + (gradient * (1.0 - BETA1))?)?;
                    *second = ((&*second * BETA2)? + (gradient.sqr()? * (1.0 - BETA2))?)?;
                    let width = ((second.sqrt()? * update.scale)? + EPSILON)?;
                    let moved = ((parameter.var.as_detached_tensor() * update.keep)?
                        - ((&*first * update.rate)? / width)?)?;
                    parameter.var.set(&moved)?;
                }
            }
        }
        Ok(())
    }
}

/// The numbers of one step that are the same for all of a parameter.
#[derive(Debug, Clone, Copy)]
struct Update {
    keep: f64,
    rate: f64,
    scale: f64,
}

/// One step of one parameter on the CPU.
struct InPlace<'a> {
    update: Update,
    // candle hands an op to itself by shared reference.
    moments: RefCell<&'a mut Moments>,
}

impl InplaceOp2 for InPlace<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        parameter_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<()> {
        let (CpuStorage::F32(values), CpuStorage::F32(gradients)) = (parameter, gradient) else {
            bail!("adamw needs f32");
        };
        let (Some((start, end)), Some((gradient_start, gradient_end))) = (
            parameter_layout.contiguous_offsets(),
            gradient_layout.contiguous_offsets(),
        ) else {
            bail!("adamw needs contiguous tensors");
        };
        let (values, gradients) = (&mut values[start..end], &gradients[gradient_start..gradient_end]);
        let (beta1, beta2, epsilon) = (BETA1 as f32, BETA2 as f32, EPSILON as f32);
        let Update { keep, rate, scale } = self.update;
        let (keep, rate, scale) = (keep as f32, rate as f32, scale as f32);
        let mut moments = self.moments.borrow_mut();
        let Moments { first, second } = &mut **moments;
        for (((value, gradient), first), second) in values.iter_mut().zip(gradients).zip(first).zip(second) {
            *first = beta1 * *first + (1.0 - beta1) * gradient;
            *second = beta2 * *second + (1.0 - beta2) * gradient * gradient;
            *value = *value * keep - rate * *first / (second.sqrt() * scale + epsilon);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{assert_close, normal_var};

    fn parameters() -> Result<Vec<Parameter>> {
        Ok(vec![
            Parameter::new("weight", normal_var(&[7, 5], 1)?, true),
            Parameter::new("bias", normal_var(&[5], 2)?, false),
        ])
    }

    /// The mean square of what the parameters make of a fixed input, so that each has a gradient.
    fn gradients(parameters: &[Parameter]) -> Result<GradStore> {
        let input = normal_var(&[11, 7], 3)?.as_detached_tensor();
        let out = input
            .matmul(&parameters[0].var)?
            .broadcast_add(&parameters[1].var)?;
        out.sqr()?.mean_all()?.backward()
    }

    #[test]
    fn agrees_with_a_float64_reference() -> Result<()> {
        let parameters = parameters()?;
        let mut optimizer = AdamW::new(&parameters, 0.1)?;
        let mut expected: Vec<f64> = parameters[0]
            .var
            .flatten_all()?
            .to_vec1::<f32>()?
            .iter()
            .map(|x| f64::from(*x))
            .collect();
        let (mut first, mut second) = (vec![0.0f64; 35], vec![0.0f64; 35]);
        for step in 1..=20 {
            let gradients = gradients(&parameters)?;
            let gradient = gradients
                .get(&parameters[0].var)
                .expect("a gradient")
                .flatten_all()?
                .to_vec1::<f32>()?;
            for (i, gradient) in gradient.into_iter().enumerate() {
                let gradient = f64::from(gradient);
                first[i] = 0.9 * first[i] + 0.1 * gradient;
                second[i] = 0.999 * second[i] + 0.001 * gradient * gradient;
                let (m, v) = (
                    first[i] / (1.0 - 0.9f64.powi(step)),
                    second[i] / (1.0 - 0.999f64.powi(step)),
                );
                expected[i] -= 0.01 * (m / (v.sqrt() + 1e-8) + 0.1 * expected[i]);
            }
            optimizer.step(&parameters, &gradients, 0.01)?;
        }
        for (value, expected) in parameters[0]
            .var
            .flatten_all()?
            .to_vec1::<f32>()?
            .iter()
            .zip(expected)
        {
            assert!(
                (f64::from(*value) - expected).abs() < 1e-4,
                "{value} and {expected}"
            );
        }
        Ok(())
    }

    #[test]
    fn ops_of_other_devices_agree_with_the_fused_step() -> Result<()> {
        let (fused, plain) = (parameters()?, parameters()?);
        let mut fused_optimizer = AdamW::new(&fused, 0.1)?;
        let mut plain_optimizer = AdamW::new(&plain, 0.1)?;
        let moments = plain_optimizer.moments()?;
        plain_optimizer.states = plain
            .iter()
            .zip(moments)
            .map(|(parameter, moments)| State::on_device(parameter, moments, &Device::Cpu))
            .collect::<Result<_>>()?;
        for _ in 0..10 {
            fused_optimizer.step(&fused, &gradients(&fused)?, 0.01)?;
            plain_optimizer.step(&plain, &gradients(&plain)?, 0.01)?;
        }
        for (fused, plain) in fused.iter().zip(&plain) {
            assert_close(&fused.var, &plain.var, 1e-5);
        }
        Ok(())
    }
}
