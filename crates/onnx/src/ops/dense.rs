//! Linear maps, activations, sums.

use super::{Call, Export};
use crate::{Attribute, Model, OnnxError, Tensor};
use aloft_nn::ops::{Activate, Activation, Add, Dropout, Linear, Offset};

/// A function of each number of a value.
pub(super) fn activation(model: &mut Model, activation: Activation, x: String) -> String {
    match activation {
        Activation::Identity => x,
        Activation::Relu => model.apply("Relu", &[&x], &[]),
        Activation::Tanh => model.apply("Tanh", &[&x], &[]),
        Activation::Silu => {
            let share = model.apply("Sigmoid", &[&x], &[]);
            model.apply("Mul", &[&x, &share], &[])
        }
        // The operator `Gelu` is only in later sets.
        Activation::Gelu => {
            let root = model.floats("root", &[], &[std::f32::consts::FRAC_1_SQRT_2]);
            let [one, half] =
                [("one", 1.0), ("half", 0.5)].map(|(name, value)| model.floats(name, &[], &[value]));
            let scaled = model.apply("Mul", &[&x, &root], &[]);
            let error = model.apply("Erf", &[&scaled], &[]);
            let sum = model.apply("Add", &[&error, &one], &[]);
            let share = model.apply("Mul", &[&sum, &half], &[]);
            model.apply("Mul", &[&x, &share], &[])
        }
    }
}

impl Export for Linear {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let x = call.x();
        let (weight, bias) = (call.parameter(model, 0), call.parameter(model, 1));
        let product = if x.shape.len() == 1 {
            model.apply(
                "Gemm",
                &[&x.name, &weight, &bias],
                &[("transB", Attribute::Int(1))],
            )
        } else {
            let transposed = model.apply("Transpose", &[&weight], &[("perm", Attribute::Ints(&[1, 0]))]);
            let product = model.apply("MatMul", &[&x.name, &transposed], &[]);
            model.apply("Add", &[&product, &bias], &[])
        };
        let mut shape = x.shape.clone();
        if let Some(last) = shape.last_mut() {
            *last = self.outputs;
        }
        Ok(Tensor {
            name: activation(model, self.activation, product),
            shape,
        })
    }
}

impl Export for Activate {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        Ok(Tensor {
            name: activation(model, self.activation, call.x().name.clone()),
            shape: call.x().shape.clone(),
        })
    }
}

impl Export for Add {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let flat = [call.width];
        let parts: Vec<Tensor> = call
            .inputs
            .iter()
            .map(|input| model.reshape(input, &flat))
            .collect();
        Ok(Tensor {
            name: model.apply("Add", &[&parts[0].name, &parts[1].name], &[]),
            shape: flat.to_vec(),
        })
    }
}

impl Export for Offset {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let flat = model.reshape(call.x(), &[self.width]);
        let numbers = &call.parameters[0];
        let offset = model.floats(&numbers.name, &[self.width], &numbers.numbers);
        Ok(Tensor {
            name: model.apply("Add", &[&flat.name, &offset], &[]),
            shape: flat.shape,
        })
    }
}

impl Export for Dropout {
    /// Nothing is dropped in a prediction.
    fn export(&self, _: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        Ok(call.x().clone())
    }
}
