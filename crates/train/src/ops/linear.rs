//! `activation(x W^T + b)` in one op: the bias is the start of the product's sums, the activation is applied while the
//! result is warm, and no gradient is computed for an input that needs none.

use super::{
    contiguous,
    matmul::{Matrix, multiply},
    with_slice,
};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use candle_nn::Module;

/// What follows the linear map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// max(0, x).
    Relu,
}

/// `activation(x W^T + b)` for `x` [rows, inputs], `weight` [outputs, inputs] and `bias` [outputs], all f32.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.apply_op3(weight, bias, Linear { activation });
    }
    let out = candle_nn::Linear::new(weight.clone(), Some(bias.clone())).forward(x)?;
    match activation {
        Activation::Identity => Ok(out),
        Activation::Relu => out.relu(),
    }
}

struct Linear {
    activation: Activation,
}

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, inputs) = x_layout.shape().dims2()?;
        let (outputs, weight_inputs) = weight_layout.shape().dims2()?;
        if weight_inputs != inputs || bias_layout.shape().dims1()? != outputs {
            bail!("linear: {x_layout:?}, {weight_layout:?} and {bias_layout:?} don't fit together");
        }
        let bias = contiguous::<f32>(bias, bias_layout)?;
        let mut out = Vec::with_capacity(rows * outputs);
        for _ in 0..rows {
            out.extend_from_slice(bias);
        }
        let x = Matrix::new(contiguous(x, x_layout)?, rows, inputs);
        let weight = Matrix::new(contiguous(weight, weight_layout)?, outputs, inputs);
        multiply(&mut out, x, weight.transposed(), true);
        if self.activation == Activation::Relu {
            for value in &mut out {
                // Not `max`, which would turn NaN into 0 and hide a diverging run.
                *value = if *value < 0.0 { 0.0 } else { *value };
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, outputs))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (rows, inputs) = x.dims2()?;
        let outputs = weight.dim(0)?;
        let device = x.device();
        let gradient = gradient.contiguous()?;
        let before = with_slice::<f32, _>(&gradient, |gradient| match self.activation {
            Activation::Identity => Ok(gradient.to_vec()),
            Activation::Relu => with_slice::<f32, _>(result, |result| {
                Ok(gradient
                    .iter()
                    .zip(result)
                    .map(|(gradient, value)| if *value > 0.0 { *gradient } else { 0.0 })
                    .collect())
            }),
        })?;
        let mut for_bias = vec![0.0; outputs];
        for row in before.chunks_exact(outputs) {
            for (sum, value) in for_bias.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let before_matrix = Matrix::new(&before, rows, outputs);
        let for_weight = with_slice(x, |x| {
            let mut out = vec![0.0; outputs * inputs];
            multiply(
                &mut out,
                before_matrix.transposed(),
                Matrix::new(x, rows, inputs),
                false,
            );
            Ok(out)
        })?;
        let for_x = match x.track_op() {
            false => None,
            true => Some(with_slice(weight, |weight| {
                let mut out = vec![0.0; rows * inputs];
                multiply(
                    &mut out,
                    before_matrix,
                    Matrix::new(weight, outputs, inputs),
                    false,
                );
                Tensor::from_vec(out, (rows, inputs), device)
            })?),
        };
        Ok((
            for_x,
            Some(Tensor::from_vec(for_weight, (outputs, inputs), device)?),
            Some(Tensor::from_vec(for_bias, outputs, device)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{assert_close, normal_var};
    use candle_core::Device;

    #[test]
    fn agrees_with_candle_forward_and_gradient() -> Result<()> {
        for (case, (rows, inputs, outputs)) in
            [(1, 1, 1), (7, 3, 5), (64, 30, 128), (33, 17, 1), (256, 300, 120)]
                .into_iter()
                .enumerate()
        {
            for activation in [Activation::Identity, Activation::Relu] {
                let x = normal_var(&[rows, inputs], case as u64)?;
                let weight = normal_var(&[outputs, inputs], case as u64 + 10)?;
                let bias = normal_var(&[outputs], case as u64 + 20)?;
                let probe = normal_var(&[rows, outputs], case as u64 + 30)?;
                let plain = x.matmul(&weight.t()?)?.broadcast_add(&bias)?;
                let plain = if activation == Activation::Relu {
                    plain.relu()?
                } else {
                    plain
                };
                let fused = linear(&x, &weight, &bias, activation)?;
                assert_close(&fused, &plain, 1e-4);
                let fused = (fused * probe.as_detached_tensor())?.sum_all()?.backward()?;
                let plain = (plain * probe.as_detached_tensor())?.sum_all()?.backward()?;
                for var in [&x, &weight, &bias] {
                    let gradient = fused.get(var).expect("a gradient");
                    assert_close(gradient, plain.get(var).expect("a gradient"), 1e-3);
                    let size = gradient.abs()?.sum_all()?.to_scalar::<f32>()?;
                    assert!(size > 0.0 || (rows, inputs, outputs) == (1, 1, 1));
                }
            }
        }
        Ok(())
    }

    #[test]
    fn an_input_without_a_gradient_gets_none_and_nan_shows() -> Result<()> {
        let x = Tensor::new(&[[f32::NAN, 1.0]], &Device::Cpu)?;
        let (weight, bias) = (normal_var(&[3, 2], 1)?, normal_var(&[3], 2)?);
        let out = linear(&x, &weight, &bias, Activation::Relu)?;
        assert!(out.to_vec2::<f32>()?[0].iter().all(|value| value.is_nan()));
        assert!(out.sum_all()?.backward()?.get(&x).is_none());
        Ok(())
    }
}
