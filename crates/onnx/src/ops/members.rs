//! Networks that share their hidden layers: each member's view of a row, and its last map.

use super::{Call, Export};
use crate::{Attribute, Model, OnnxError, Tensor};
use aloft_nn::ops::{MemberLinear, Members};

impl Export for Members {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let x = model.reshape(call.x(), &[1, self.width]);
        let scales = call.parameter(model, 0);
        Ok(Tensor {
            name: model.apply("Mul", &[&x.name, &scales], &[]),
            shape: vec![self.members, self.width],
        })
    }
}

impl Export for MemberLinear {
    /// A product of matrices for each member, which comes before the rows for that.
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let x = model.reshape(call.x(), &[self.members, self.inputs]);
        let (weight, bias) = (call.parameter(model, 0), call.parameter(model, 1));
        Ok(Tensor {
            name: maps(model, &x.name, &weight, &bias),
            shape: vec![self.members, self.outputs],
        })
    }
}

/// x [rows, maps, inputs], weights [maps, outputs, inputs] and biases [maps, outputs] to [rows, maps, outputs].
pub(super) fn maps(model: &mut Model, x: &str, weight: &str, bias: &str) -> String {
    let swapped = [("perm", Attribute::Ints(&[1, 0, 2]))];
    let x = model.apply("Transpose", &[x], &swapped);
    let weight = model.apply("Transpose", &[weight], &[("perm", Attribute::Ints(&[0, 2, 1]))]);
    let products = model.apply("MatMul", &[&x, &weight], &[]);
    let products = model.apply("Transpose", &[&products], &swapped);
    model.apply("Add", &[&products, bias], &[])
}
